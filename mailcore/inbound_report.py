"""
Reports that come as mail: what became of a message (RFC 3464), who complained about it (RFC 5965).

Both are parts that hold groups of header fields; blank lines separate the groups. The texts are
those of strangers: anybody can send such a mail, so check them against what was really sent.
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mailcore.events import BounceClass
from mailcore.inbound_date import parse_date
from mailcore.inbound_headers import InboundHeaders
from mailcore.inbound_part import InboundPart
from mailcore.redaction import redact


__all__ = ["DeliveryReport", "FeedbackReport", "RecipientReport", "read_delivery", "read_feedback"]

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_HEADERS_TYPES = ("text/rfc822-headers", "message/global-headers")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t]+[^\s][^\n]*){0,1000})", re.MULTILINE)
_GROUP_END = re.compile(rb"\n[ \t]*\n")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")

# Reports are small; what is longer is something else.
_MAX_REPORT_BYTES = 1024 * 1024
_MAX_RECIPIENTS = 10_000

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded", "unknown"]
_ACTIONS: tuple[Action, ...] = ("failed", "delayed", "delivered", "relayed", "expanded")


@dataclass(frozen=True, kw_only=True)
class RecipientReport:
    """
    What became of the message for one recipient (RFC 3464, section 2.3).

    Attributes:
        final_recipient: The address in the end, after forwarding.
        original_recipient: The address that the sender gave, if the report says so.
        action: ``failed``, ``delayed``, ``delivered``, ``relayed``, ``expanded`` or ``unknown``.
        status: Enhanced status code (RFC 3463), such as ``5.1.1``.
        diagnostic: What the other server said.
        remote_mta: Name of that server.
        will_retry_until: When the reporting server gives up, if it is still trying.
    """

    final_recipient: str | None = None
    original_recipient: str | None = None
    action: Action = "unknown"
    status: str | None = None
    diagnostic: str | None = None
    remote_mta: str | None = None
    will_retry_until: datetime | None = None

    @property
    def recipient(self) -> str | None:
        """The address that was written to, as far as the report tells."""
        return self.original_recipient or self.final_recipient

    @property
    def bounce_class(self) -> BounceClass:
        """Whether trying again may help, by the first digit of the status."""
        first = (self.status or "")[:1]
        if first == "5":
            return BounceClass.HARD
        return BounceClass.SOFT if first == "4" else BounceClass.UNDETERMINED

    def __repr__(self) -> str:
        recipient = redact(self.recipient) if self.recipient else None
        return f"RecipientReport({recipient!r}, action={self.action!r}, status={self.status!r})"


@dataclass(frozen=True, kw_only=True)
class DeliveryReport:
    """
    A delivery status notification (RFC 3464).

    Attributes:
        recipients: One for each recipient it tells about.
        reporting_mta: Name of the server that reports.
        original_envelope_id: The ENVID of the message's SMTP transaction (RFC 3461).
        original_message_id: Message-ID of the returned message, in angle brackets.
        arrival_date: When the message came to that server.
    """

    recipients: tuple[RecipientReport, ...] = field(repr=False)
    reporting_mta: str | None = None
    original_envelope_id: str | None = None
    original_message_id: str | None = None
    arrival_date: datetime | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the message did not reach some recipient, for good: a bounce."""
        return any(recipient.action == "failed" for recipient in self.recipients)


@dataclass(frozen=True, kw_only=True)
class FeedbackReport:
    """
    A complaint in the Abuse Reporting Format (RFC 5965, section 3).

    Attributes:
        feedback_type: ``abuse``, ``fraud``, ``virus``, ``not-spam``, ``auth-failure``, …
        user_agent: Program that made the report.
        original_mail_from: Envelope sender of the message complained about.
        original_recipients: Its envelope recipients, where they are not withheld.
        original_message_id: Its Message-ID, in angle brackets.
        arrival_date: When it was received.
        source_ip: Where it came from.
        reported_domains: Whom the reporter thinks responsible.
    """

    feedback_type: str
    user_agent: str | None = None
    original_mail_from: str | None = field(default=None, repr=False)
    original_recipients: tuple[str, ...] = field(default=(), repr=False)
    original_message_id: str | None = None
    arrival_date: datetime | None = None
    source_ip: str | None = None
    reported_domains: tuple[str, ...] = ()

    @property
    def is_complaint(self) -> bool:
        """Whether it complains; ``not-spam`` is the opposite (RFC 6430)."""
        return self.feedback_type != "not-spam"


def read_delivery(parts: tuple[InboundPart, ...]) -> DeliveryReport | None:
    """The report among the parts of a mail; None if there is none."""
    part = next((part for part in parts if part.content_type in _STATUS_TYPES), None)
    if part is None:
        return None
    groups = _groups(part.content[:_MAX_REPORT_BYTES])
    message = next(groups, InboundHeaders(()))
    # Some servers leave out the blank line behind the fields of the message.
    first = [message] if "final-recipient" in message or "action" in message else []
    recipients = [_recipient(group) for group in (*first, *groups)]
    return DeliveryReport(
        recipients=tuple(recipients),
        reporting_mta=_typed(message, "reporting-mta"),
        original_envelope_id=message.get("original-envelope-id"),
        original_message_id=_original_message_id(parts),
        arrival_date=_date(message, "arrival-date"),
    )


def read_feedback(parts: tuple[InboundPart, ...]) -> FeedbackReport | None:
    """The complaint among the parts of a mail; None if there is none."""
    part = next((part for part in parts if part.content_type == "message/feedback-report"), None)
    if part is None:
        return None
    group = next(_groups(part.content[:_MAX_REPORT_BYTES]), InboundHeaders(()))
    return FeedbackReport(
        feedback_type=group.get("feedback-type", "").partition(";")[0].strip().lower(),
        user_agent=group.get("user-agent"),
        original_mail_from=_bare(group.get("original-mail-from")),
        original_recipients=tuple(filter(None, map(_bare, group.get_all("original-rcpt-to")))),
        original_message_id=_original_message_id(parts),
        arrival_date=_date(group, "arrival-date") or _date(group, "received-date"),
        source_ip=group.get("source-ip"),
        reported_domains=group.get_all("reported-domain"),
    )


def _groups(data: bytes) -> Iterator[InboundHeaders]:
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for number, group in enumerate(_GROUP_END.split(data.strip())):
        if number > _MAX_RECIPIENTS:
            return
        fields = tuple((match[1].decode("ascii"), match[2]) for match in _FIELD.finditer(group))
        if fields:
            yield InboundHeaders(fields)


def _recipient(group: InboundHeaders) -> RecipientReport:
    action = group.get("action", "").partition("(")[0].strip().lower()
    diagnostic = _typed(group, "diagnostic-code")
    status = _STATUS.search(group.get("status", "")) or _STATUS.search((diagnostic or "")[:500])
    return RecipientReport(
        final_recipient=_bare(_typed(group, "final-recipient")),
        original_recipient=_bare(_typed(group, "original-recipient")),
        action=next((known for known in _ACTIONS if known == action), "unknown"),
        status=status[1] if status else None,
        diagnostic=diagnostic,
        remote_mta=_typed(group, "remote-mta"),
        will_retry_until=_date(group, "will-retry-until"),
    )


def _typed(group: InboundHeaders, name: str) -> str | None:
    """The value of ``type; value`` (RFC 3464, section 2.1.2); of the whole if no type is given."""
    value = group.get(name)
    if value is None:
        return None
    kind, semicolon, rest = value.partition(";")
    return (rest if semicolon and " " not in kind.strip() else value).strip() or None


def _bare(address: str | None) -> str | None:
    if address is None:
        return None
    return address.strip().removeprefix("<").removesuffix(">").strip() or None


def _date(group: InboundHeaders, name: str) -> datetime | None:
    raw = group.get_raw(name)
    return parse_date(raw[0]) if raw else None


def _original_message_id(parts: tuple[InboundPart, ...]) -> str | None:
    for part in parts:
        if part.is_message:
            return part.message().message_id
        if part.content_type in _HEADERS_TYPES:
            from mailcore.inbound import parse_inbound

            return parse_inbound(part.content).message_id
    return None
