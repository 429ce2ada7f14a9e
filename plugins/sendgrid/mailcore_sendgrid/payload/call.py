"""The call, and what is remembered of it until it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from mailcore.flow import HttpRequest
from mailcore.http import json_bytes
from mailcore_sendgrid.options import SendGridOptions


@dataclass(frozen=True, kw_only=True)
class MailRequest(HttpRequest):
    """
    One call of ``mail/send``.

    Args:
        message_ids: The id of each personalization, in order. One that has several recipients has
            one for all of them.
        to_count: How many of `recipients` are in ``to``; those in cc and bcc follow.
        cc_count: How many of them are in ``cc``.
        is_sandbox: Whether SendGrid is asked to check the message only.
    """

    message_ids: tuple[str, ...] = field(compare=False, repr=False)
    to_count: int
    cc_count: int
    is_sandbox: bool = False

    def id_of(self, position: int) -> str:
        """
        The id that events about a recipient bring back.

        Who gets a copy of each mail of a batch is told that of the first.

        Args:
            position: Where the address stands in `recipients`.
        """
        return self.message_ids[position if position < len(self.message_ids) else 0]


def new_message_id() -> str:
    """An id that no other message has: 128 bits at random."""
    return token_hex(16)


def request_of(
    body: Mapping[str, Any] | bytes,
    options: SendGridOptions,
    *,
    recipients: tuple[str, ...],
    message_ids: tuple[str, ...],
    to_count: int,
    cc_count: int,
    is_sandbox: bool,
    copied: tuple[str, ...] = (),
) -> MailRequest:
    """
    The call with a body.

    Args:
        body: The document, or its JSON.
        options: The options of the provider, which has a key.
        recipients: The addresses of the call, as in :class:`~mailcore.flow.Request`.
        message_ids: The id of each personalization, in order.
        to_count: How many of the recipients are in ``to``.
        cc_count: How many of them are in ``cc``.
        is_sandbox: Whether SendGrid is asked to check the message only.
        copied: The addresses that get a copy of each mail, as in :class:`~mailcore.flow.Request`.

    Raises:
        SerializationError: If JSON cannot hold a value.
    """
    return MailRequest(
        method="POST",
        url=options.send_url,
        headers=options.json_headers,
        body=body if isinstance(body, bytes) else json_bytes(body),
        timeout_seconds=options.timeout_seconds,
        recipients=recipients,
        copied=copied,
        message_ids=message_ids,
        to_count=to_count,
        cc_count=cc_count,
        is_sandbox=is_sandbox,
    )


def is_sandbox(body: Mapping[str, Any]) -> bool:
    """Whether a body asks SendGrid to check the message and not to send it."""
    settings = body.get("mail_settings")
    if settings is None:
        return False
    sandbox = settings.get("sandbox_mode") if isinstance(settings, Mapping) else None
    return isinstance(sandbox, Mapping) and sandbox.get("enable") is True
