"""
What is kept of one mail: what the provider was asked, what a receiver would get, what became of it.
"""

from __future__ import annotations

import secrets

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from mailcore_local.engine import EventKind
from mailcore_local.mailbox.states import RecipientState


if TYPE_CHECKING:
    from mailcore.inbound import InboundMessage


def new_id() -> str:
    """
    An id that nobody guesses and that no two mails share: 16 hexadecimal digits.
    """
    return secrets.token_hex(8)


def now() -> datetime:
    """
    The present, in UTC, to the millisecond: what is stored is what was said.
    """
    moment = datetime.now(timezone.utc)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True, kw_only=True, repr=False)
class CapturedRequest:
    """
    The request that brought a mail, as the provider got it, without what is secret.

    Attributes:
        method: The HTTP method in capitals; ``SMTP`` of a mail that came by SMTP.
        path: Path and query, below the address of the face; the credentials are taken out.
        headers: The header fields in order; the values of credentials are replaced.
        body: The body as it came; a key in it is replaced.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __repr__(self) -> str:
        return f"<CapturedRequest {self.method}, {len(self.body)} bytes>"


@dataclass(frozen=True, kw_only=True, repr=False)
class CapturedRecipient:
    """
    One mailbox that a mail goes to.

    Attributes:
        address: The bare address, as the provider got it.
        message_id: The id that the provider gave to this recipient's copy; where one id stands for
            all of them, it is the same for all.
        state: How far the copy has come, by the events so far.
    """

    address: str
    message_id: str
    state: RecipientState = "accepted"

    def __repr__(self) -> str:
        return f"<CapturedRecipient {self.state}>"


@dataclass(frozen=True, kw_only=True, repr=False)
class MailEvent:
    """
    One thing that happened to one recipient's copy, in no provider's words.

    Attributes:
        kind: The kind of what happened, in no provider's words.
        recipient: The bare address of the recipient.
        id: The id of the event, 16 hexadecimal digits; a face may make its own id of it.
        at: When it happened, in UTC.
        detail: What the receiving server or the person said, for people: ``smtp; 550 5.1.1 …``.
        status: The enhanced status code of a bounce or delay (RFC 3463), such as ``5.1.1``.
        url: The link that was clicked.
        suppressed: Whether the provider did not even try, since the address is on its list.
        by_hand: Whether a button or the API made it, and not the address.
    """

    kind: EventKind
    recipient: str
    id: str = field(default_factory=new_id)
    at: datetime = field(default_factory=now)
    detail: str = ""
    status: str = ""
    url: str = ""
    suppressed: bool = False
    by_hand: bool = False

    def __repr__(self) -> str:
        return f"<MailEvent {self.kind.value}>"


@dataclass(frozen=True, kw_only=True, repr=False)
class WebhookOutcome:
    """
    What came of one request to a webhook.

    Attributes:
        endpoint: The URL, without credentials and query.
        event_type: The type of the event in the provider's words.
        state: ``pending``, ``delivered``, ``failed`` or ``dropped`` (by a fault).
        attempts: What came of each attempt: ``200``, ``503``, or the name of a network error.
        answer: The beginning of the body of the last answer, as text.
        body: What was posted, as text, up to 64 KB of it.
    """

    endpoint: str
    event_type: str
    state: str
    attempts: tuple[str, ...] = ()
    answer: str = ""
    body: str = ""

    def __repr__(self) -> str:
        return f"<WebhookOutcome {self.event_type} {self.state}>"


@dataclass(frozen=True, kw_only=True, repr=False)
class TimelineEntry:
    """
    An event in the timeline of a mail, with what the webhooks answered to it.

    Attributes:
        event: What happened, and to whom.
        webhooks: The requests that told of it, in order; none where no webhook is configured or
            the provider has no such event.
    """

    event: MailEvent
    webhooks: tuple[WebhookOutcome, ...] = ()

    def __repr__(self) -> str:
        return f"<TimelineEntry {self.event.kind.value}, {len(self.webhooks)} requests>"


@dataclass(frozen=True, kw_only=True, repr=False)
class MailSummary:
    """
    What a list of mails shows.

    Attributes:
        id: The id of the mail in this mailbox.
        face: The name of the provider that it was given to.
        accepted_at: When it was accepted, in UTC.
        from_email: The sender as the From header has it, display name included.
        to: The mailboxes in To, as the headers have them.
        subject: The decoded subject.
        tags: What the caller marked it with.
        states: The state of each recipient, in the order of the recipients.
        size_bytes: The size of the MIME message in bytes.
        failure: Why there is nothing to see, such as a template that could not be rendered; empty
            if all is well.
    """

    id: str
    face: str
    accepted_at: datetime
    from_email: str
    to: tuple[str, ...]
    subject: str
    tags: tuple[str, ...]
    states: tuple[RecipientState, ...]
    size_bytes: int
    failure: str = ""

    def __repr__(self) -> str:
        return f"<MailSummary {self.id} by {self.face}>"


@dataclass(frozen=True, kw_only=True, repr=False)
class CapturedMail:
    """
    One mail that a face accepted. A face makes it, and the hub gives it back as it was kept.

    Attributes:
        face: The name of the face, such as ``postmark``.
        envelope_sender: The bare address in MAIL FROM; empty if the face does not know it.
        from_email: The sender as the From header has it, display name included.
        to: The mailboxes in To, as the headers have them; a face that knows the bare addresses only
            gives those.
        cc: The mailboxes in Cc.
        bcc: The mailboxes in Bcc, which no header of `raw` has.
        subject: The decoded subject.
        raw: The MIME message as a receiver would get it; empty if it could not be rendered.
        recipients: Every mailbox of the envelope, each once, with the id that the provider gave.
        request: The request that brought it.
        tags: What the caller marked it with.
        metadata: The caller's own values by name, as text.
        facts: What the face needs to know when it writes webhooks, as a JSON document: the stream,
            the custom arguments, the template. The mailbox shows it and does not read it.
        failure: Why there is nothing to see, such as a template that could not be rendered; empty
            if all is well.
        id: The id in this mailbox, 16 hexadecimal digits.
        accepted_at: When it was accepted, in UTC.
        timeline: What happened to it, in order. The hub fills it.
    """

    face: str
    envelope_sender: str
    from_email: str
    to: tuple[str, ...]
    subject: str
    raw: bytes
    recipients: tuple[CapturedRecipient, ...]
    request: CapturedRequest
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    failure: str = ""
    id: str = field(default_factory=new_id)
    accepted_at: datetime = field(default_factory=now)
    timeline: tuple[TimelineEntry, ...] = ()

    @cached_property
    def parsed(self) -> InboundMessage:
        """
        The mail taken apart: headers, bodies, attachments, decoded when they are asked for.
        """
        from mailcore.inbound import parse_inbound

        return parse_inbound(self.raw)

    @property
    def text(self) -> str | None:
        """
        The plain text, or `None`.
        """
        return self.parsed.text

    @property
    def html(self) -> str | None:
        """
        The HTML, or `None`.
        """
        return self.parsed.html

    @property
    def size_bytes(self) -> int:
        """
        The size of the MIME message in bytes.
        """
        return len(self.raw)

    @property
    def states(self) -> tuple[RecipientState, ...]:
        """
        The state of each recipient, in order.
        """
        return tuple(each.state for each in self.recipients)

    def recipient(self, address: str) -> CapturedRecipient | None:
        """
        The recipient with this address, in any case, or `None`.
        """
        wanted = address.casefold()
        return next((r for r in self.recipients if r.address.casefold() == wanted), None)

    def summary(self) -> MailSummary:
        """
        What a list shows of it.
        """
        return MailSummary(
            id=self.id,
            face=self.face,
            accepted_at=self.accepted_at,
            from_email=self.from_email,
            to=self.to,
            subject=self.subject,
            tags=self.tags,
            states=self.states,
            size_bytes=self.size_bytes,
            failure=self.failure,
        )

    def __repr__(self) -> str:
        return f"<CapturedMail {self.id} by {self.face} to {len(self.recipients)} recipients>"


class NotKept(Exception):
    """
    The store cannot take this; nothing of it was kept.
    """
