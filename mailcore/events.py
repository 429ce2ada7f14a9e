"""
What providers report after a send, and the mail they receive: normalised, one event per recipient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, cast

from mailcore.foundation.frozen import FrozenDict, freeze
from mailcore.foundation.redaction import redact, shown_name


if TYPE_CHECKING:
    # At run time it would cost a quarter of importing mailcore (benchmarks/imports.py).
    from typing_extensions import Required, Self, Unpack

    from mailcore.webhook.request import WebhookRequest

__all__ = [
    "BounceClass",
    "Event",
    "EventType",
    "InboundEvent",
    "RejectReason",
    "TrackingEvent",
    "TrackingEventFields",
    "brought_by",
    "event_from_dict",
]


class _Text(str, Enum):
    # Equal to its text, so hashed like it; and Enum's own, in Python, takes as long as a look-up
    # (benchmarks/webhooks.py).
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return str(self.value)


class EventType(_Text):
    """What happened."""

    QUEUED = "queued"
    SENT = "sent"
    REJECTED = "rejected"
    """The provider accepted the message, then did not send it to this recipient."""
    FAILED = "failed"
    """The provider could not send it, for a reason in the message: a template, say."""
    BOUNCED = "bounced"
    DEFERRED = "deferred"
    """Not delivered yet; the provider goes on trying."""
    DELIVERED = "delivered"
    AUTORESPONDED = "autoresponded"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    INBOUND = "inbound"
    UNKNOWN = "unknown"
    """Something that mailcore has no word for: `esp_event` has all of it."""


class RejectReason(_Text):
    """
    Why a message was not delivered, or will not be any more.

    Who says so is told by the type of the event: in a BOUNCED event it is the receiving side, in a
    REJECTED event the provider, which sent nothing.
    """

    INVALID = "invalid"
    """The address cannot be one: the provider refuses its form, or its domain."""
    BOUNCED = "bounced"
    """Nobody has this address. In a REJECTED event the provider knows that from an earlier bounce,
    or from a check of its own."""
    TIMED_OUT = "timed_out"
    """It was tried for too long, or no server of the receiving side could be reached."""
    BLOCKED = "blocked"
    """A rule is against this mail, and the address may be in order. In a BOUNCED event the rule is
    the receiving side's: reputation, policy, content, size, rate. In a REJECTED event it is the
    provider's. In an UNSUBSCRIBED event it is yours: somebody of your account, or of the provider,
    put the address onto the list."""
    SPAM = "spam"
    """The receiving side takes the mail for spam, or in a COMPLAINED event the person does. In a
    REJECTED event the person did so before."""
    UNSUBSCRIBED = "unsubscribed"
    """The person wants no more of it; in a REJECTED event since before."""
    OTHER = "other"
    """Something else, or nobody says what."""


class BounceClass(_Text):
    """Whether the address is to blame; :mod:`mailcore.bounces.judging` tells how that is found."""

    HARD = "hard"
    """There is no such mailbox: write no more, take the address off the list."""
    SOFT = "soft"
    """As far as is known the address is in order: full, or the message or its sender is refused."""
    UNDETERMINED = "undetermined"
    """Nobody knows: the answer does not say, or the mailbox is switched off."""

    @property
    def may_write_again(self) -> bool | None:
        """Whether one may go on writing to the address; None if nobody knows."""
        return {"hard": False, "soft": True}.get(self.value)


@dataclass(frozen=True, kw_only=True)
class _BaseEvent:
    provider: str
    event_id: str | None = None
    timestamp: datetime | None = None
    message_id: str | None = None
    received_at: datetime | None = None
    dedupe_key: str = ""
    defects: tuple[str, ...] = ()
    esp_event: Any = field(default=None, repr=False, compare=False)
    notification: WebhookRequest | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, object]:
        """
        Plain JSON of the event, `esp_event` and `notification` left out.

        :func:`event_from_dict` makes an equal event of it. Times are in ISO 8601, content is in
        base64 under ``content_base64``, and a tracking event has `may_write_again`.

        Raises:
            SerializationError: If JSON cannot hold a value among the metadata.
        """
        from mailcore.webhook.event_documents import write_event

        return write_event(cast("Event", self))

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Self:
        """
        Read what :meth:`to_dict` wrote; :func:`event_from_dict` does so for events of both kinds.

        Raises:
            SerializationError: If it is no document of an event of this kind; it names each key.
        """
        found = event_from_dict(document)
        if not isinstance(found, cls):
            from mailcore.errors import Problem, SerializationError

            reason = f"`event_type` is {found.event_type}, which is no {cls.__name__}"
            raise SerializationError([Problem("event_type", reason)])
        return found


class TrackingEventFields(TypedDict, total=False):
    """What the constructor of :class:`TrackingEvent` accepts."""

    provider: Required[str]
    event_type: Required[EventType]
    recipient: str | None
    recipient_certain: bool
    timestamp: datetime | None
    received_at: datetime | None
    event_id: str | None
    message_id: str | None
    dedupe_key: str
    metadata: Mapping[str, Any]
    tags: Iterable[str]
    reject_reason: RejectReason | None
    bounce_class: BounceClass | None
    smtp_status: str | None
    mta_response: str | None
    description: str | None
    user_agent: str | None
    click_url: str | None
    ip_address: str | None
    defects: tuple[str, ...]
    esp_event: Any
    notification: WebhookRequest | None


_FIELDS = frozenset(TrackingEventFields.__annotations__)
_LISTS = frozenset({"tags", "defects"})


@dataclass(frozen=True, kw_only=True, init=False)
class TrackingEvent(_BaseEvent):
    """
    One thing that happened to one recipient's message.

    Attributes:
        provider: Name of the provider that reports it.
        event_type: What happened to the mail, such as delivered or bounced.
        recipient: The bare address, as the provider spells it; None if it does not say.
        recipient_certain: False if the provider names several recipients and means one of them.
        timestamp: When it happened, by the provider's clock, with time zone.
        received_at: When the notification of it was made, with time zone.
        event_id: The provider's id of the notification, if it has one.
        message_id: The id that the send returned.
        dedupe_key: Equal for the same event reported twice, through whatever channel.
        metadata: The metadata that the message was given.
        tags: The tags that the message was given.
        reject_reason: Why it was not delivered.
        bounce_class: Whether the address is to blame.
        smtp_status: Enhanced status code (RFC 3463), such as ``5.1.1``.
        mta_response: What the receiving server answered, in its words.
        description: What the provider says about the event, in its words.
        user_agent: The User-Agent header of the program of the person who opened, clicked or
            complained.
        click_url: The link that was followed.
        ip_address: The IP address that the open, click or complaint came from.
        defects: What in the notification could not be read, in words.
        esp_event: All that the provider sent about the event, decoded.
        notification: What brought the event, as it was received; see :func:`brought_by`.
    """

    event_type: EventType
    recipient: str | None = None
    recipient_certain: bool = True
    metadata: Mapping[str, Any] = field(default_factory=FrozenDict)
    tags: tuple[str, ...] = ()
    reject_reason: RejectReason | None = None
    bounce_class: BounceClass | None = None
    smtp_status: str | None = None
    mta_response: str | None = None
    description: str | None = None
    user_agent: str | None = None
    click_url: str | None = None
    ip_address: str | None = None

    def __init__(self, **fields: Unpack[TrackingEventFields]) -> None:
        # Written out: the one that dataclasses makes for a frozen class takes six times as long
        # (benchmarks/webhooks.py).
        unknown = fields.keys() - _FIELDS
        missing = {"provider", "event_type"} - fields.keys()
        if unknown or missing:
            reason = (
                f"has no field {shown_name(min(unknown))}" if unknown else f"needs {min(missing)!r}"
            )
            raise TypeError(f"TrackingEvent {reason}")
        held = vars(self)
        held.update(fields)
        if "metadata" in fields:
            held["metadata"] = freeze(fields["metadata"])
        for name in _LISTS & fields.keys():
            held[name] = tuple(held[name])

    @classmethod
    def assembled(cls, fields: TrackingEventFields) -> Self:
        """
        Make an event of fields that are right and immutable already: for parsers in a hurry.

        Args:
            fields: Nothing in it is checked or copied, and it becomes the event's own.
        """
        event = object.__new__(cls)
        object.__setattr__(event, "__dict__", fields)
        return event

    @property
    def may_write_again(self) -> bool | None:
        """
        Whether you may go on writing to this address; None if nobody knows.

        ============================================  ===========================================
        True                                          a soft bounce, deferred, delivered, opened,
                                                      clicked, subscribed, autoresponded
        False                                         a hard bounce, a complaint, an unsubscription,
                                                      rejected for an earlier one of these, or
                                                      because the address is invalid
        None                                          an undetermined bounce, rejected for another
                                                      reason, queued, sent, failed, unknown, and
                                                      what is not certain to be about this recipient
        ============================================  ===========================================

        A bounce class decides before the type of the event does.
        """
        if self.recipient is not None and not self.recipient_certain:
            return None
        if self.bounce_class is not None:
            return self.bounce_class.may_write_again
        if self.event_type is EventType.REJECTED:
            return False if self.reject_reason in _GONE_BEFORE else None
        return _MAY_WRITE_BY_TYPE.get(self.event_type)

    def __repr__(self) -> str:
        recipient = redact(self.recipient) if self.recipient else None
        return (
            f"TrackingEvent({self.event_type.value}, provider={self.provider!r}, "
            f"recipient={recipient!r}, message_id={self.message_id!r})"
        )


_MAY_WRITE_BY_TYPE = {
    EventType.DEFERRED: True,
    EventType.DELIVERED: True,
    EventType.AUTORESPONDED: True,
    EventType.OPENED: True,
    EventType.CLICKED: True,
    EventType.COMPLAINED: False,
    EventType.UNSUBSCRIBED: False,
    EventType.SUBSCRIBED: True,
}
_GONE_BEFORE = frozenset(
    {RejectReason.BOUNCED, RejectReason.SPAM, RejectReason.UNSUBSCRIBED, RejectReason.INVALID}
)

# Defaults live on the class; dataclasses of Python 3.10 refuse any dict there, immutable or not.
TrackingEvent.metadata = FrozenDict()


@dataclass(frozen=True, kw_only=True)
class InboundEvent(_BaseEvent):
    r"""
    A mail that the provider received for you.

    Attributes:
        envelope_sender: The address in SMTP's ``MAIL FROM``; None for the null sender, or if the
            provider does not tell.
        envelope_recipients: Every ``RCPT TO`` address that this delivery is for.
        content: The message as received, RFC 5322 bytes, if the notification brought it along.
        location: Where the provider keeps the message otherwise, in the provider's terms.
        spam: True if judged spam, False if not, None if there is no verdict.
        spam_score: The number behind that, on the scale of the provider's filter: the higher, the
            more like spam; None if it gives none.
        virus: True if a virus was found, False if not, None if there is no verdict.
        spf: The provider's verdict on the Sender Policy Framework, in lower case, such as
            ``pass``, ``fail``, ``gray``; an open set.
        dkim: The provider's verdict on DomainKeys Identified Mail, with the same values.
        dmarc: The provider's verdict on the policy of the author's domain, with the same values.
        subject: The subject of the mail as the notification gives it.
        stripped_text: What the provider takes for the answer in the plain text, without quotes and
            signature, lines ending in ``\n``; None if it does not say, or found nothing. See also
            :attr:`mailcore.inbound.message.InboundMessage.stripped_text`, which does not need a
            provider.
        stripped_html: The same of the HTML, scripts and all.
        bcc: Bare addresses that the provider names as recipients of blind copies. Usually nobody
            knows them: who the mail was delivered for stands in *envelope_recipients*.
        notification: What brought the event, as it was received; see :func:`brought_by`.
    """

    envelope_sender: str | None = None
    envelope_recipients: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str | None = None
    stripped_text: str | None = field(default=None, repr=False)
    stripped_html: str | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    location: Mapping[str, str] = field(default_factory=FrozenDict)
    spam: bool | None = None
    spam_score: float | None = None
    virus: bool | None = None
    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None

    event_type: EventType = field(default=EventType.INBOUND, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "location", FrozenDict(self.location))
        for name in ("envelope_recipients", "bcc", "defects"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def __repr__(self) -> str:
        recipients = [redact(recipient) for recipient in self.envelope_recipients]
        return (
            f"InboundEvent(provider={self.provider!r}, envelope_recipients={recipients!r}, "
            f"message_id={self.message_id!r})"
        )


Event: TypeAlias = TrackingEvent | InboundEvent
"""What is reported of a message that was sent, or that a message has come."""


def event_from_dict(document: Mapping[str, object]) -> Event:
    """
    Read what an event's `to_dict()` wrote: for workers that take events from a queue.

    The event is equal to the one that was written; `esp_event` and `notification` did not travel.

    Args:
        document: After any detour through JSON. What is missing has its default; keys, versions and
            types of events that are unknown are refused: read newer documents with a newer release.

    Raises:
        SerializationError: With everything that is wrong with it; ``problems`` names each key.

    Example:
        >>> import json
        >>> event = TrackingEvent(provider="toy", event_type=EventType.OPENED, tags=["a"])
        >>> event_from_dict(json.loads(json.dumps(event.to_dict()))) == event
        True
    """
    from mailcore.webhook.event_documents import read_fields

    kind = _kind_of(document)
    return kind(**read_fields(document, kind, _WORDS))


def _kind_of(document: object) -> type[Event]:
    if isinstance(document, Mapping) and document.get("event_type") == EventType.INBOUND:
        return InboundEvent
    return TrackingEvent


_WORDS: tuple[tuple[str, type[Enum]], ...] = (
    ("event_type", EventType),
    ("reject_reason", RejectReason),
    ("bounce_class", BounceClass),
)


def brought_by(notification: WebhookRequest, events: Iterable[Event]) -> tuple[Event, ...]:
    """
    Let events keep what brought them, for archives and for debugging.

    For whoever parses events that did not come through :func:`mailcore.receive`, which does it.

    Args:
        notification: The request that the provider's ``parse_webhook`` reads the same events from,
            without header fields that prove who sent it: they are secrets.
        events: Just parsed. One that keeps a notification already is left alone.

    Returns:
        The same events.
    """
    found = tuple(events)
    for event in found:
        # Nobody has seen it yet, and a copy would take as long as all of the parsing.
        if event.notification is None:
            vars(event)["notification"] = notification
    return found
