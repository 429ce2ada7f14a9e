"""
What is kept of messages and of what is posted about them; a stand-in adds fields of its provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True, repr=False)
class AcceptedMessage:
    """
    One message that a stand-in accepted.

    Attributes:
        message_id: The id that the caller got.
        accepted_at: When the message was accepted, in UTC.
        from_email: The sender as the From header has it, display name included.
        to: Bare addresses of the To recipients.
        cc: The addresses in Cc.
        bcc: The addresses in Bcc.
        raw: The MIME message: byte for byte as it came, or as rendered here. Empty when its
            template could not be rendered.
        headers: The original headers, in order, unfolded.
        subject: The decoded subject.
        tags: What the caller and the provider marked it with, by name.
        rendering_error: Why its template could not be rendered, or `None`.
        parameters: The checked request, as the caller wrote it.
    """

    message_id: str
    accepted_at: datetime
    from_email: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    raw: bytes
    headers: tuple[tuple[str, str], ...]
    subject: str
    tags: Mapping[str, tuple[str, ...]]
    rendering_error: str | None
    parameters: Mapping[str, object]

    @property
    def destination(self) -> tuple[str, ...]:
        """
        Every recipient of the envelope, To first, then Cc, then Bcc.
        """
        return self.to + self.cc + self.bcc

    def __repr__(self) -> str:
        recipients = len(self.destination)
        return f"<{type(self).__name__} {self.message_id} to {recipients} recipients>"


DeliveryState = Literal["pending", "delivered", "failed", "dropped"]
"""How far a delivery has come."""


@dataclass(frozen=True, kw_only=True, repr=False)
class DeliveryRecord:
    """
    One request on its way to one webhook.

    Attributes:
        endpoint: The URL it is posted to.
        event_type: The event's type in the provider's words, or `None` when it carries none.
        about: The `message_id` of the accepted message that it is about, or `None`.
        body: What was posted, as text; empty before the first attempt. Octets that are no UTF-8
            stand in it as `surrogateescape` has them.
        attempts: What came of each attempt: `"200"`, `"503"`, or the name of a network error.
        redirected_to: The `Location` of the last answer, or `None`.
        answer: The beginning of the body of the last answer, as text.
        state: `pending`, `delivered`, `failed` (refused, or no attempt is left), `dropped` (by a
            fault).
    """

    endpoint: str
    event_type: str | None
    about: str | None
    body: str = ""
    attempts: tuple[str, ...] = ()
    redirected_to: str | None = None
    answer: str = ""
    state: DeliveryState = "pending"

    @property
    def is_event(self) -> bool:
        """
        Whether it counts when deliveries are waited for; a provider's own requests do not.
        """
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.event_type} {self.state}>"
