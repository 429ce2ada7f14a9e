"""What a send would do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mailcore.errors import Problem, UnsupportedFeature
from mailcore.message.message import Message


@dataclass(frozen=True, kw_only=True)
class Preview:
    """
    A message as a mailer would send it: see :meth:`mailcore.Mailer.preview`.

    Args:
        provider: The name of the provider that the requests are for; of a pool, that of the member
            which would be asked.
        message: The message with the defaults, with what extensions make of it, and without what
            the mailer's policy drops.
        requests: What the transport would be given, in order: values of the provider's own class,
            such as :class:`mailcore.HttpRequest`. They hold addresses, and may hold credentials.
        passed_over: Members of a pool that would be asked first and cannot express the message: for
            each, why.
        dropped: What the policy drops, in order; the ``remedy`` of each says what is done.
    """

    provider: str
    message: Message
    requests: Sequence[Any] = field(repr=False)
    dropped: tuple[Problem, ...] = ()
    passed_over: tuple[UnsupportedFeature, ...] = ()
