"""
What each SES event means, recipient by recipient.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html and
notification-contents.html (read 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from mailcore.bounces import Cause, enhanced_status, outcome, verdict_of
from mailcore.events import BounceClass, EventType, RejectReason
from mailcore.webhook import Fields
from mailcore_ses.events.recipients import read_addresses, read_recipients
from mailcore_ses.events.subscriptions import subscription_change


if TYPE_CHECKING:
    from typing_extensions import Required, Unpack


class Said(TypedDict, total=False):
    """What an event says about a recipient, without who it is."""

    event_type: Required[EventType]
    recipient_certain: bool
    reject_reason: RejectReason | None
    bounce_class: BounceClass | None
    smtp_status: str | None
    mta_response: str | None
    description: str | None
    user_agent: str | None
    click_url: str | None
    ip_address: str | None


class RecipientFields(Said, total=False):
    """What an event says about one recipient; the fields are those of TrackingEvent."""

    recipient: Required[str | None]


class Notice(NamedTuple):
    """
    The parts of an SES event.

    Attributes:
        details: What stands under the key of its type.
        mail: What it says about the message.
        defects: What cannot be read is added here, in words.
    """

    details: Fields
    mail: Mapping[str, Any]
    defects: list[str]

    def destinations(self) -> list[str | None]:
        """Every recipient of the message, or one that is unknown."""
        given = self.mail.get("destination")
        return list(read_addresses(given, "mail.destination", self.defects)) or [None]

    def recipients(self, place: str) -> list[tuple[str, Fields]]:
        """The recipients that the details list, each with what is said about them."""
        values = self.details.document.get(place.rpartition(".")[2])
        return [
            (address, Fields(said, self.defects))
            for address, said in read_recipients(values, place, self.defects)
        ]


# bounceSubType of Permanent bounces that SES makes up by itself: nothing was sent.
_NEVER_SENT = frozenset(
    {
        "Suppressed",
        "OnAccountSuppressionList",
        "OnTenantSuppressionList",
        "EmailValidationSuppressed",
    }
)
_SUPPRESSED_COMPLAINTS = frozenset({"OnAccountSuppressionList", "OnTenantSuppressionList"})
# What these say is more than permanent or transient, and decides whatever the server said.
_DECIDED = {
    subtype: outcome.Outcome(EventType.BOUNCED, verdict.reject_reason, verdict.bounce_class)
    for subtype, verdict in {
        "NoEmail": verdict_of(Cause.NO_MAILBOX),
        "MailboxFull": verdict_of(Cause.FULL),
        "MessageTooLarge": verdict_of(Cause.TOO_LARGE),
        "ContentRejected": verdict_of(Cause.CONTENT),
        "AttachmentRejected": verdict_of(Cause.CONTENT),
        "CustomTimeoutExceeded": verdict_of(Cause.EXPIRED),
    }.items()
}
_BOUNCE = outcome.Outcome(EventType.BOUNCED)
_TOLD = {"Permanent": BounceClass.HARD, "Transient": BounceClass.SOFT}


def _each(recipients: Sequence[str | None], **said: Unpack[Said]) -> list[RecipientFields]:
    """The same about each recipient; about one who is unknown if there is none."""
    return [{**said, "recipient": recipient} for recipient in recipients or (None,)]


def _sent(notice: Notice) -> list[RecipientFields]:
    return _each(notice.destinations(), event_type=EventType.SENT)


def _rejected(notice: Notice) -> list[RecipientFields]:
    reason = notice.details.text("reason")
    return _each(
        notice.destinations(),
        event_type=EventType.REJECTED,
        reject_reason=RejectReason.BLOCKED,
        # SES rejects for a virus: the address is not to blame.
        bounce_class=BounceClass.SOFT,
        description=reason,
    )


def _failed(notice: Notice) -> list[RecipientFields]:
    message = notice.details.text("errorMessage")
    return _each(notice.destinations(), event_type=EventType.FAILED, description=message)


def _delivered(notice: Notice) -> list[RecipientFields]:
    listed = notice.details.document.get("recipients")
    return _each(
        read_addresses(listed, "delivery.recipients", notice.defects),
        event_type=EventType.DELIVERED,
        mta_response=notice.details.text("smtpResponse"),
    )


def _bounced(notice: Notice) -> list[RecipientFields]:
    kind, subtype = notice.details.text("bounceType"), notice.details.text("bounceSubType")
    description = f"{kind}/{subtype}" if kind and subtype else kind or subtype or None
    recipients = notice.recipients("bounce.bouncedRecipients")
    if not recipients:
        return [_bounce_of_nobody(kind, subtype, description)]
    outcomes: list[RecipientFields] = []
    for recipient, details in recipients:
        given = details.text("status")
        response = details.text("diagnosticCode")
        judged = _judged(kind, subtype, given, response)
        outcomes.append(
            {
                "event_type": judged.event_type,
                "recipient": recipient,
                "reject_reason": judged.reject_reason,
                "bounce_class": judged.bounce_class,
                "smtp_status": _status(given, response),
                "mta_response": response,
                "description": description,
            }
        )
    return outcomes


def _status(given: str | None, response: str | None) -> str | None:
    """The status alone: SES hands on the comments that servers write behind it."""
    found = enhanced_status(given) if given else None
    return found or (enhanced_status(response) if response else None)


def _judged(
    kind: str | None, subtype: str | None, status: str | None = None, response: str | None = None
) -> outcome.Outcome:
    if kind == "Permanent" and subtype == "UnsubscribedRecipient":
        return outcome.SUPPRESSED_UNSUBSCRIBE
    if kind == "Permanent" and subtype in _NEVER_SENT:
        return outcome.SUPPRESSED_BOUNCE
    decided = _DECIDED.get(subtype or "")
    if decided is not None:
        return decided
    return _BOUNCE.judged(response, status=status, told=_TOLD.get(kind or ""))


def _bounce_of_nobody(
    kind: str | None, subtype: str | None, description: str | None
) -> RecipientFields:
    """An out-of-office reply names nobody: SES cannot tell whose it is."""
    if (kind, subtype) == ("Transient", "General") or kind == "Undetermined":
        return RecipientFields(
            event_type=EventType.AUTORESPONDED,
            recipient=None,
            bounce_class=BounceClass.UNDETERMINED,
            description=description,
        )
    judged = _judged(kind, subtype)
    return RecipientFields(
        event_type=judged.event_type,
        recipient=None,
        reject_reason=judged.reject_reason,
        bounce_class=judged.bounce_class,
        description=description,
    )


def _complained(notice: Notice) -> list[RecipientFields]:
    feedback = notice.details.text("complaintFeedbackType")
    subtype = notice.details.text("complaintSubType")
    reason: RejectReason | None = RejectReason.SPAM
    event_type, description = EventType.COMPLAINED, feedback
    if subtype in _SUPPRESSED_COMPLAINTS:
        event_type, description = EventType.REJECTED, subtype
    elif feedback == "not-spam":
        # The opposite of a complaint: it must not suppress anybody.
        event_type, reason = EventType.UNKNOWN, None
    recipients = [to for to, _ in notice.recipients("complaint.complainedRecipients")]
    # Mailbox providers often hide who complained; SES then lists everybody who may have.
    return _each(
        recipients,
        event_type=event_type,
        recipient_certain=len(recipients) <= 1 or subtype in _SUPPRESSED_COMPLAINTS,
        reject_reason=reason,
        description=description,
        user_agent=notice.details.text("userAgent"),
    )


def _deferred(notice: Notice) -> list[RecipientFields]:
    delay = notice.details.text("delayType")
    recipients = notice.recipients("deliveryDelay.delayedRecipients")
    if not recipients:
        return _each((), event_type=EventType.DEFERRED, description=delay)
    return [
        RecipientFields(
            event_type=EventType.DEFERRED,
            recipient=recipient,
            smtp_status=_status(details.text("status"), details.text("diagnosticCode")),
            mta_response=details.text("diagnosticCode"),
            description=delay,
        )
        for recipient, details in recipients
    ]


def _opened(notice: Notice) -> list[RecipientFields]:
    return _engaged(notice, EventType.OPENED)


def _clicked(notice: Notice) -> list[RecipientFields]:
    return _engaged(notice, EventType.CLICKED, notice.details.text("link"))


def _engaged(
    notice: Notice, event_type: EventType, url: str | None = None
) -> list[RecipientFields]:
    destinations = notice.destinations()
    return _each(
        destinations,
        event_type=event_type,
        recipient_certain=len(destinations) == 1,
        user_agent=notice.details.text("userAgent"),
        click_url=url,
        ip_address=notice.details.text("ipAddress"),
    )


def _subscription(notice: Notice) -> list[RecipientFields]:
    said = notice.details.document
    event_type = subscription_change(
        said.get("oldTopicPreferences"), said.get("newTopicPreferences")
    )
    left = event_type is EventType.UNSUBSCRIBED
    contact_list = notice.details.text("contactList")
    return _each(
        notice.destinations(),
        event_type=event_type,
        reject_reason=RejectReason.UNSUBSCRIBED if left else None,
        description=contact_list,
    )


def read_unknown(notice: Notice) -> list[RecipientFields]:
    """An event of a type that SES has not documented: one, whoever the recipients are."""
    destinations = notice.destinations()
    return _each(destinations if len(destinations) == 1 else (), event_type=EventType.UNKNOWN)


class Kind(NamedTuple):
    """
    One type of SES event.

    Attributes:
        key: The name of its details.
        read: The function that reads such an event.
        has_own_time: Whether they have a timestamp; otherwise the message's counts.
        identity: What makes two notices of one event equal: the feedback id, the message alone
            (it happens once for a recipient), or the details (it may happen again).
    """

    key: str
    read: Callable[[Notice], list[RecipientFields]]
    has_own_time: bool = True
    identity: str = "details"


KINDS = {
    "Send": Kind("send", _sent, has_own_time=False, identity="message"),
    "Reject": Kind("reject", _rejected, has_own_time=False, identity="message"),
    "Rendering Failure": Kind("failure", _failed, has_own_time=False, identity="message"),
    "Bounce": Kind("bounce", _bounced, identity="feedback"),
    "Complaint": Kind("complaint", _complained, identity="feedback"),
    "Delivery": Kind("delivery", _delivered, identity="message"),
    "DeliveryDelay": Kind("deliveryDelay", _deferred),
    "Open": Kind("open", _opened),
    "Click": Kind("click", _clicked),
    "Subscription": Kind("subscription", _subscription),
}
"""Kinds by `eventType`, and by `notificationType` of identity notifications."""
