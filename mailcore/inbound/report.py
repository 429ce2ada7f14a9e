"""
Reports that come as mail: what became of a message (RFC 3464), who complained about it (RFC 5965).

Both are parts that hold groups of header fields; blank lines separate the groups. The texts are
those of strangers: anybody can send such a mail, so check them against what was really sent.
"""

from __future__ import annotations

import re

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from mailcore.bounces.judging import Verdict, judge
from mailcore.events import BounceClass, RejectReason
from mailcore.foundation.redaction import redact
from mailcore.inbound.comments import without_comments
from mailcore.inbound.part import InboundPart
from mailcore.inbound.report_fields import (
    ReportFields,
    bare_address,
    feedback_fields,
    fields_by_recipient,
)


if TYPE_CHECKING:
    from mailcore.inbound.message import InboundMessage

__all__ = ["DeliveryReport", "FeedbackReport", "RecipientReport"]

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_HEADERS_TYPES = ("text/rfc822-headers", "message/global-headers")
# Not the first three numbers of an IP address.
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)", re.ASCII)
_REPLY_CODE = re.compile(r"(?<![\d.])([245][0-5]\d)(?=[ -]|\Z)", re.ASCII)
_ACTION = re.compile(r"[a-z]+")
_MAX_REPORTS = 10
_ReadMail: TypeAlias = "Callable[[bytes], InboundMessage]"
# Where the code of a diagnostic stands.
_MAX_BEFORE_CODE = 500

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
        remote_mta: The name of the server that said it.
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
    def reply_code(self) -> int | None:
        """The SMTP reply code in what the other server said, such as 550 (RFC 5321, 4.2)."""
        match = _REPLY_CODE.search((self.diagnostic or "")[:_MAX_BEFORE_CODE])
        return None if match is None else int(match[1])

    @property
    def bounce_class(self) -> BounceClass:
        """
        Whether the address is to blame, by status and diagnostic (:mod:`mailcore.bounces.judging`).

        SOFT while it is tried; UNDETERMINED also for what was delivered.
        """
        verdict = self._verdict()
        if verdict is not None:
            return verdict.bounce_class
        return BounceClass.SOFT if self.action == "delayed" else BounceClass.UNDETERMINED

    @property
    def reject_reason(self) -> RejectReason | None:
        """Why it was not delivered; None unless that is final."""
        verdict = self._verdict()
        return None if verdict is None else verdict.reject_reason

    @property
    def may_write_again(self) -> bool | None:
        """
        Whether you may go on writing to this address; None if nobody knows.

        False if there is no such mailbox; True if the trouble is another one, or if the message is
        delivered or still being tried.
        """
        verdict = self._verdict()
        if verdict is not None:
            return verdict.bounce_class.may_write_again
        return True if self.action != "unknown" else None

    def _verdict(self) -> Verdict | None:
        """The judgement of a delivery that failed; None if it did not, or is still being tried."""
        if self.action not in ("failed", "unknown"):
            return None
        tells_nothing = not (self.status or self.diagnostic) or (self.status or "").startswith("2")
        if self.action == "unknown" and tells_nothing:
            return None
        return judge(self.status, self.diagnostic, code=self.reply_code)

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
        original_recipients: The envelope recipients of that message, where they are not withheld.
        original_message_id: The Message-ID of that message, in angle brackets.
        arrival_date: When the message complained about was received.
        source_ip: The IP address that the message complained about came from.
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


def read_delivery(parts: tuple[InboundPart, ...], read_mail: _ReadMail) -> DeliveryReport | None:
    """The report among the parts of a mail; None if there is none."""
    reports = [part for part in parts if part.content_type in _STATUS_TYPES][:_MAX_REPORTS]
    if not reports:
        return None
    read = [fields_by_recipient(part) for part in reports]
    message, recipients = next((one for one in read if one[1]), read[0])
    return DeliveryReport(
        recipients=tuple(_recipient(fields) for fields in recipients),
        reporting_mta=message.name("reporting-mta"),
        original_envelope_id=message.text("original-envelope-id"),
        original_message_id=_original_message_id(parts, read_mail),
        arrival_date=message.date("arrival-date"),
    )


def read_feedback(parts: tuple[InboundPart, ...], read_mail: _ReadMail) -> FeedbackReport | None:
    """The complaint among the parts of a mail; None if there is none."""
    part = next((part for part in parts if part.content_type == "message/feedback-report"), None)
    if part is None:
        return None
    fields, repeated = feedback_fields(part)
    recipients = map(bare_address, repeated.get("original-rcpt-to", ()))
    return FeedbackReport(
        feedback_type=without_comments(fields.text("feedback-type") or "")
        .partition(";")[0]
        .strip()
        .lower(),
        user_agent=fields.text("user-agent"),
        original_mail_from=bare_address(fields.text("original-mail-from") or ""),
        original_recipients=tuple(filter(None, recipients)),
        original_message_id=_original_message_id(parts, read_mail),
        arrival_date=fields.date("arrival-date") or fields.date("received-date"),
        source_ip=fields.text("source-ip"),
        reported_domains=tuple(repeated.get("reported-domain", ())),
    )


def _recipient(fields: ReportFields) -> RecipientReport:
    diagnostic = fields.typed("diagnostic-code")
    said = (diagnostic or "")[:_MAX_BEFORE_CODE]
    status = _STATUS.search(fields.text("status") or "") or _STATUS.search(said)
    return RecipientReport(
        final_recipient=fields.address("final-recipient"),
        original_recipient=fields.address("original-recipient"),
        action=_action(fields.text("action") or ""),
        status=status[1] if status else None,
        diagnostic=diagnostic,
        remote_mta=fields.name("remote-mta"),
        will_retry_until=fields.date("will-retry-until"),
    )


def _action(value: str) -> Action:
    word = _ACTION.search(without_comments(value).lower())
    found = word.group() if word else ""
    if found == "failure":
        return "failed"
    return next((known for known in _ACTIONS if known == found), "unknown")


def _original_message_id(parts: tuple[InboundPart, ...], read_mail: _ReadMail) -> str | None:
    for part in parts:
        if part.is_message:
            return part.message().message_id
        if part.content_type in _HEADERS_TYPES:
            return read_mail(part.content).message_id
    return None
