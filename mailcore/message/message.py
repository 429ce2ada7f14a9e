"""The message: everything that can be said about a mail, before any provider is chosen."""

from __future__ import annotations

import inspect

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from mailcore.address.address import Address, AddressInput, parse_address_list
from mailcore.errors import (
    InvalidMessage,
    InvalidMessageType,
    MessageError,
    Problem,
    raise_problems,
)
from mailcore.foundation.frozen import FrozenDict
from mailcore.foundation.redaction import redact, shown_name
from mailcore.message.alternative import Alternative
from mailcore.message.attachment import Attachment
from mailcore.message.bodies import settle_bodies
from mailcore.message.content_id import attachments_as_shown
from mailcore.message.deliveries import Deliveries, each_once
from mailcore.message.fields import FIELDS, unknown_field
from mailcore.message.headers import ADDRESS_HEADERS, EMPTY, Headers, HeadersInput
from mailcore.message.message_documents import plain, read_document
from mailcore.message.unsubscribe import Unsubscribe


if TYPE_CHECKING:
    # At run time it would cost a quarter of importing mailcore (benchmarks/imports.py).
    from email.message import Message as StdlibMessage

    from typing_extensions import Unpack


class MessageFields(TypedDict, total=False):
    """What the constructor of :class:`Message` accepts; None refuses a mailer's default."""

    from_email: AddressInput | Iterable[AddressInput] | None
    other_authors: Iterable[AddressInput] | None
    to: Iterable[AddressInput] | None
    cc: Iterable[AddressInput] | None
    bcc: Iterable[AddressInput] | None
    reply_to: Iterable[AddressInput] | None
    subject: str | None
    text: str | None
    html: str | None
    alternatives: Iterable[Alternative | tuple[str, str]] | None
    attachments: Iterable[Attachment | StdlibMessage[Any, Any] | tuple[Any, ...]] | None
    headers: HeadersInput | None
    envelope_sender: AddressInput | None
    metadata: Mapping[str, str | int | float | bool | None] | None
    tags: Iterable[str] | None
    track_opens: bool | None
    track_clicks: bool | None
    send_at: datetime | float | None
    template_id: str | int | None
    merge_data: Mapping[str, Mapping[str, object]] | None
    merge_global_data: Mapping[str, object] | None
    merge_metadata: Mapping[str, Mapping[str, str | int | float | bool | None]] | None
    merge_headers: Mapping[str, HeadersInput] | None
    unsubscribe: Unsubscribe | str | Mapping[str, object] | None
    idempotency_key: str | None
    esp_extra: Mapping[str, Mapping[str, object]] | None


# Looked up for each field of each message.
_COERCE = {each.name: each.coerce for each in FIELDS}


@dataclass(frozen=True, init=False, repr=False)
class Message:
    """
    One mail, or one batch of mails from a template.

    Immutable, equal by value; validated when it is made, with all problems at once. Each field
    has three states: *not given* (a mailer's default applies), *None* (the default is refused;
    such fields are in ``declined``) and *a value*.

    Args:
        from_email: Author, as ``"Name <user@example.com>"``, a pair (name, address) or an Address.
            None, with a ``template_id``, leaves it to the template, where the provider keeps a
            sender with it (the feature ``template_sender``); a mailer's default is refused by it.
            A list, or a text with commas, gives several: the first is ``from_email``, the rest are
            the ``other_authors``.
        other_authors: Further addresses of the From header (the feature ``multiple_from``). The
            mail then has a Sender header (RFC 5322, section 3.6.2): the one among the `headers`,
            or else ``from_email``. Whoever replaces ``from_email`` replaces these as well.
        to, cc, bcc: Recipients. An item may hold several, separated by commas. A mailbox that is
            named more than once, whatever the case of its letters, gets one mail: see
            :mod:`mailcore.message.deliveries`.
        reply_to: The addresses that answers go to.
        subject: The subject, one line of text.
        text, html: The body, as plain text and as HTML; either or both.
        alternatives: Further forms of the body, last one preferred. The HTML and the text may stand
            here as well: see :mod:`mailcore.message.bodies`.
        attachments: Files, and images that the HTML shows; also as tuples (file name, content,
            content type), or as objects of the standard library's ``email``.
        headers: Further header fields, by name; :mod:`mailcore.message.headers` says which may be
            given.
        envelope_sender: The address that bounces go to (RFC 5321 ``MAIL FROM``).
        metadata: Values, by name, that events about this message bring back.
        tags: Words that the provider's statistics count messages by.
        track_opens, track_clicks: Whether the provider reports that the mail was opened, and that
            a link in it was followed; None leaves it to the provider's settings.
        send_at: The moment when the provider is to send it: a datetime with time zone, or Unix
            seconds, which become a datetime in UTC.
        template_id: A template stored at the provider, by its name or, as text or as a whole
            number, by the number that it has there; held as text.
        merge_data: Values for each recipient, by address and then by name. Even an empty mapping
            makes the message a batch: each recipient gets an own mail and sees no other.
        merge_global_data: Values for all recipients, by name. When values are filled in, and what
            stays as it is: see :mod:`mailcore.message.merging`.
        merge_metadata, merge_headers: Metadata and headers for each recipient, by address and then
            by name.
        unsubscribe: How the recipient unsubscribes: a URL, or an
            :class:`~mailcore.message.unsubscribe.Unsubscribe` (RFC 2369, RFC 8058).
        idempotency_key: A text that stands for this message: a second send with the same key sends
            nothing, where the provider supports it.
        esp_extra: Parameters of one provider's own, by its name and then by theirs, for what has
            no field here.

    Raises:
        InvalidMessage: With every problem: as InvalidMessageType if a type is wrong or a field is
            unknown, as InvalidAddress if an address is wrong.
    """

    from_email: Address | None = None
    other_authors: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    headers: Headers = EMPTY
    envelope_sender: Address | None = None
    metadata: Mapping[str, Any] = field(default_factory=FrozenDict)
    tags: tuple[str, ...] = ()
    track_opens: bool | None = None
    track_clicks: bool | None = None
    send_at: datetime | None = None
    template_id: str | None = None
    merge_data: Mapping[str, Mapping[str, Any]] | None = None
    merge_global_data: Mapping[str, Any] | None = None
    merge_metadata: Mapping[str, Mapping[str, Any]] | None = None
    merge_headers: Mapping[str, Headers] | None = None
    unsubscribe: Unsubscribe | None = None
    idempotency_key: str | None = None
    esp_extra: Mapping[str, Mapping[str, Any]] = field(default_factory=FrozenDict)
    declined: frozenset[str] = frozenset()

    def __init__(self, **fields: Unpack[MessageFields]) -> None:
        problems: list[Problem] = []
        held: dict[str, Any] = {}
        declined: list[str] = []
        for name, value in fields.items():
            coerce = _COERCE.get(name)
            if coerce is None:
                raise InvalidMessageType([unknown_field(name, kind="type")])
            if value is None:
                declined.append(name)
            else:
                held[name] = coerce(value, name, problems)
        if type(held.get("from_email")) is tuple:
            _settle_authors(held, problems)
        if held.get("alternatives"):
            settle_bodies(held)
        if "headers" in held:
            _settle_headers(held, declined, problems)
        if problems:
            raise_problems(problems, InvalidMessage)
        if declined and (refused := frozenset(declined).difference(held)):
            held["declined"] = refused
        vars(self).update(held)

    @property
    def authors(self) -> tuple[Address, ...]:
        """Every address of the From header; none, if the sender is left to a template."""
        if self.from_email is None:
            return self.other_authors
        return (self.from_email, *self.other_authors)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every address of to, cc and bcc, each mailbox once, as it was spelled first."""
        return tuple([address.addr_spec for address in self.deliveries.everybody])

    @property
    def deliveries(self) -> Deliveries:
        """To, cc and bcc with each mailbox once: what a provider is given, and not the headers."""
        return each_once(self.to, self.cc, self.bcc)

    @property
    def is_batch(self) -> bool:
        """Whether each recipient gets an own mail."""
        return (
            self.merge_data is not None
            or self.merge_metadata is not None
            or self.merge_headers is not None
        )

    @property
    def inline_images(self) -> tuple[Attachment, ...]:
        """Attachments that are shown within the message."""
        return tuple(part for part in self.attachments if part.inline)

    def replace(self, **changes: Unpack[MessageFields]) -> Message:
        """
        A copy with some fields changed; ``from_email`` stands for all authors.

        Raises:
            InvalidMessage: As the constructor does.
        """
        given = self.given()
        if "from_email" in changes and self.other_authors:
            del given["other_authors"]
        fields: MessageFields = {**given, **changes}
        return Message(**fields)

    def given(self) -> MessageFields:
        """The fields that were given, None where a default is refused."""
        fields: dict[str, Any] = {}
        fields.update((name, None) for name in self.declined)
        fields.update((name, value) for name, value in vars(self).items() if name != "declined")
        return fields  # type: ignore[return-value]  # its keys are the fields

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON of the fields that were given; :meth:`from_dict` reads it back unchanged."""
        return {name: plain(value) for name, value in self.given().items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Message:
        """
        Read :meth:`to_dict`'s output, or JSON written by hand.

        Addresses may be text, attachments may give ``content`` instead of ``content_base64``.

        Raises:
            InvalidMessage: With every problem, unknown fields among them.
        """
        problems: list[Problem] = []
        fields = read_document(data, problems)
        try:
            message = cls(**fields)
        except MessageError as error:
            problems.extend(error.problems)
        if problems:
            raise_problems(problems, InvalidMessage)
        return message

    @classmethod
    def from_mime(
        cls,
        mime: bytes | bytearray | memoryview | StdlibMessage[Any, Any],
        *,
        envelope_sender: AddressInput | None = None,
        envelope_recipients: Iterable[AddressInput] | None = None,
        keep_headers: Iterable[str] = (),
    ) -> Message:
        """
        Take over a finished mail: an object of the standard library's ``email``, or its bytes.

        :mod:`mailcore.mime.reading` says what becomes of each header field and each part. What
        else a message has, tags and metadata, goes in with :meth:`replace`.

        Args:
            mime: The octets of the mail (RFC 5322).
            envelope_sender: Where bounces go, if not to the Return-Path of the mail.
            envelope_recipients: Whom it is for, if they are not the addresses in To, Cc and Bcc:
                the ``to_addrs`` of :meth:`smtplib.SMTP.send_message`.
            keep_headers: ``Message-ID`` and ``Date``, if they are to stay as they are; not every
                provider lets them. They are made anew otherwise.

        Raises:
            InvalidMessage: With everything that no message can hold, as the constructor does.
        """
        from mailcore.mime.reading import read_fields

        fields, problems = read_fields(
            mime,
            envelope_sender=envelope_sender,
            envelope_recipients=envelope_recipients,
            keep_headers=keep_headers,
        )
        try:
            message = cls(**fields)
        except MessageError as error:
            problems += error.problems
        if problems:
            raise_problems(dict.fromkeys(problems), InvalidMessage)
        shown = tuple(attachments_as_shown(message))
        return message if shown == message.attachments else message.replace(attachments=shown)

    def __repr__(self) -> str:
        to = [redact(address) for address in self.recipients[:3]]
        more = f" and {len(self.recipients) - 3} more" if len(self.recipients) > 3 else ""
        others = [name for name in vars(self) if name not in ("to", "cc", "bcc", "declined")]
        return f"Message(recipients={to}{more}, given={others})"


# Defaults live on the class; dataclasses of Python 3.10 refuse any dict there, immutable or not.
for _name in ("metadata", "esp_extra"):
    setattr(Message, _name, FrozenDict())


class _OnePerLine(inspect.Signature):
    """A signature that is printed one argument to a line, as Python 3.13 does with long ones."""

    def __str__(self) -> str:
        arguments = "".join(f"    {argument},\n" for argument in self.parameters.values())
        return f"(\n    *,\n{arguments})"


# The TypedDict says it to type checkers; this says it to help() and other readers at run time.
Message.__signature__ = _OnePerLine(  # type: ignore[attr-defined]  # read by inspect
    [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=annotation.__forward_arg__,
        )
        for name, annotation in MessageFields.__annotations__.items()
    ]
)


def _settle_authors(held: dict[str, Any], problems: list[Problem]) -> None:
    """Of several addresses, the first is the one that providers ask for."""
    if held.get("other_authors"):
        reason = "`from_email` has several addresses, and `other_authors` is given as well"
        problems.append(Problem("other_authors", reason, "give all of them in from_email"))
    held["from_email"], *others = held["from_email"]
    held["other_authors"] = tuple(others)


def _settle_headers(held: dict[str, Any], declined: list[str], problems: list[Problem]) -> None:
    """Move address headers to where they belong, by the policy of mailcore.message.headers."""
    headers: Headers = held["headers"]
    for name in headers:
        key = name.lower()
        if key not in ADDRESS_HEADERS:
            continue
        place = f"headers[{shown_name(name)}]"
        try:
            parsed = parse_address_list(headers[name], field=place)
        except MessageError as error:
            problems.extend(error.problems)
            continue
        if key == "reply-to":
            held["reply_to"] = parsed
        elif key == "sender" and len(parsed) != 1:
            # RFC 5322, section 3.6.2
            problems.append(Problem(place, f"`{place}` must have one address"))
        elif key == "from":
            if held.get("from_email") is not None and "envelope_sender" not in declined:
                held.setdefault("envelope_sender", held["from_email"])
            held.pop("other_authors", None)
            held["from_email"] = parsed[0]
            if len(parsed) > 1:
                held["other_authors"] = parsed[1:]
    if "List-Unsubscribe" in headers and held.get("unsubscribe") is not None:
        reason = "`unsubscribe` and headers['List-Unsubscribe'] are both given"
        problems.append(Problem("unsubscribe", reason, "give one of them"))
    held["headers"] = headers.without("reply-to", "from")
