"""What the conformance suite and a provider's test class tell each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailcore.events import EventType
from mailcore.foundation.frozen import FrozenDict


@dataclass(frozen=True, kw_only=True)
class Notice:
    """
    Something that the provider is to report through its webhook.

    Args:
        event_type: The type that the event must have.
        recipient: The address of the recipient that the event must be about.
        message_id: The id that the send returned.
        metadata: The metadata that the message had.
        tags: The tags that the message had.
    """

    event_type: EventType
    recipient: str
    message_id: str
    metadata: Mapping[str, Any] = field(default_factory=FrozenDict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TransportFault:
    """
    A way in which the provider's own transport fails.

    Args:
        name: What a failing check calls the fault.
        send: Sends a message through that transport; must raise a ``SendError``.
        maybe_accepted: Whether the message may be on its way all the same; None if both answers
            are true.
        max_seconds: How long it may take, if anybody can say so.
    """

    name: str
    send: Callable[[], object]
    maybe_accepted: bool | None = None
    max_seconds: float | None = None
