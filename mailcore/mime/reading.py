r"""
A finished mail, by the standard library or as bytes, as a message: for code that has one.

=================================  =================================================================
Of the mail                        In the message
=================================  =================================================================
From, Reply-To, Subject            ``from_email`` with ``other_authors``, ``reply_to``, ``subject``
To, Cc, Bcc                        ``to``, ``cc``, ``bcc``, unless the recipients are given apart:
                                   those of them that stand in To and Cc are ``to`` and ``cc``, all
                                   others ``bcc``; a To that names others as well stays as
                                   ``headers["To"]``, for readers to see, and Bcc does not count
Return-Path                        ``envelope_sender``, unless that is given
List-Unsubscribe,                  ``unsubscribe``, if that says exactly the same; else they stay
List-Unsubscribe-Post              headers
Message-ID, Date, MIME-Version     nothing: they are written anew when the mail is sent; the first
                                   two are ``headers`` if `keep_headers` names them
Content-Type and the parts         ``text``, ``html``, ``alternatives``, ``attachments``: see
                                   :mod:`mailcore.mime.structure`
Resent-*                           ``headers``, if the recipients are given apart; else refused,
                                   because they say otherwise than To whom the mail is for
DKIM-Signature, ARC-*              refused: they sign what is written anew
Received                           refused: the mail has travelled, and was meant for somebody else
anything else                      ``headers``, decoded, in their order: In-Reply-To, References,
                                   Sender, X-…
=================================  =================================================================

Nothing else is dropped. What the model has no place for is refused, all of it at once: names of
groups of addresses, header fields that occur twice, what cannot be decoded, and structure that
depends on a CR without LF, about which readers differ: some begin a header field behind it, some
do not (RFC 5322, sections 2.3 and 4). In texts it is a line end, as LF and CRLF are.
Names of addresses are decoded, comments in address fields are not kept. How lines were folded and
parts encoded, boundaries, preambles, and the ids of bodies are the writer's. Lines of files that an
object of the standard library has not encoded end as that writes them, in ``\n``.
"""

from __future__ import annotations

import dataclasses
import re

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mailcore.address.address import Address, AddressInput, collect_addresses
from mailcore.errors import (
    InvalidMessage,
    InvalidMessageType,
    MessageError,
    Problem,
)
from mailcore.foundation.redaction import shown_name
from mailcore.foundation.text_values import is_text, plain_text
from mailcore.inbound.addresses import AddressField, read_field
from mailcore.inbound.comments import QUOTED, without_comments
from mailcore.inbound.decoding import IDENTITY
from mailcore.inbound.message import InboundMessage, parse_inbound, whole_of
from mailcore.inbound.words import header_text, unfolded
from mailcore.message.forwarding import octets_of
from mailcore.message.headers import ADDRESS_HEADERS
from mailcore.message.mime_objects import is_mime_object
from mailcore.message.unsubscribe import POST, Unsubscribe
from mailcore.mime.line_ends import is_ambiguous
from mailcore.mime.structure import contents_of


if TYPE_CHECKING:
    from email.message import Message as StdlibMessage

__all__ = ["read_fields"]

_REWRITTEN = ("message-id", "date")
_ADDRESSES = {
    "from": "from_email",
    "to": "to",
    "cc": "cc",
    "bcc": "bcc",
    "reply-to": "reply_to",
    "return-path": "envelope_sender",
}
_ELSEWHERE = frozenset([*_ADDRESSES, "subject", "mime-version"])
_SIGNATURES = re.compile(r"(?:dkim|domainkey)-signature|arc-.*")
_UNSUBSCRIBE = ("list-unsubscribe", POST.lower())
_TARGET = re.compile(r"<([^<>]*)>")
_NO_GROUP = re.compile(rf"{QUOTED}|\[[^\]]*\]|<[^>]*>", re.DOTALL)
_LINE_ENDS_DIFFER = re.compile(r"\r(?!\n)|(?<!\r)\n")
_FORWARD = "to pass a mail on as it is, use Attachment.from_message(...)"


def read_fields(
    mime: bytes | bytearray | memoryview | StdlibMessage[Any, Any],
    *,
    envelope_sender: AddressInput | None = None,
    envelope_recipients: Iterable[AddressInput] | None = None,
    keep_headers: Iterable[str] = (),
) -> tuple[dict[str, Any], list[Problem]]:
    """
    Read a mail: see :meth:`mailcore.Message.from_mime`, which has the arguments.

    Returns:
        The fields of the message, and what of the mail none of them can hold.

    Raises:
        InvalidMessage: It is no mail at all, or cannot be written.
    """
    problems: list[Problem] = []
    kept = _kept(keep_headers, problems)
    mail = _parsed(mime, problems)
    reader = _Header(mail, problems)
    fields: dict[str, Any] = reader.addresses()
    fields["unsubscribe"] = made = reader.unsubscribe()
    fields["headers"] = [
        pair
        for pair in reader.others(kept, is_resent=envelope_recipients is not None)
        if made is None or pair[0].lower() not in _UNSUBSCRIBE
    ]
    fields["subject"] = reader.subject()
    if envelope_sender is not None:
        fields["envelope_sender"] = envelope_sender
    if envelope_recipients is not None:
        _deliver_to(envelope_recipients, fields, problems)
    contents = contents_of(whole_of(mail))
    problems += contents.problems
    for part in contents.alternatives:
        body = {"text/plain": "text", "text/html": "html"}.get(part.content_type)
        if body is not None and body not in fields:
            fields[body] = part.content
        else:
            fields.setdefault("alternatives", []).append(part)
    fields["attachments"] = contents.attachments
    return {name: value for name, value in fields.items() if value not in ([], None)}, problems


def _parsed(mime: object, problems: list[Problem]) -> InboundMessage:
    if is_mime_object(mime):
        try:
            raw = octets_of(mime)
        except MessageError as error:
            found = [dataclasses.replace(each, field="mime") for each in error.problems]
            raise InvalidMessage(found) from error
        problems += _changed_by_writing(mime)
    elif isinstance(mime, (bytes, bytearray, memoryview)):
        raw = bytes(mime)
    else:
        reason = f"`mime` must be bytes or an object of `email.message`, not {type(mime).__name__}"
        hint = "give its message()" if callable(getattr(mime, "message", None)) else ""
        if isinstance(mime, str):
            hint = "encode it: text.encode()"
        raise InvalidMessageType([Problem("mime", reason, hint, kind="type")])
    mail = parse_inbound(raw)
    problems += [Problem("mime", f"the mail: {defect}") for defect in mail._structure_defects]
    if is_ambiguous(raw, mail):
        reason = "readers differ about it: a line of its structure ends in CR without LF"
        problems.append(Problem("mime", reason, "end lines in CRLF, and take out any other CR"))
    if not mail.headers:
        problems.append(Problem("mime", "it has no header: is it a mail?"))
    return mail


def _changed_by_writing(mail: StdlibMessage[Any, Any]) -> Iterator[Problem]:
    """Files that were forgotten to be encoded: written as lines, they would be others."""
    try:
        parts = list(mail.walk())
    except (AttributeError, RecursionError):
        # Of a mail within the mail, the rest of the list is not written.
        yield Problem("mime", "a part of the object has something in it that is no part")
        return
    for part in parts:
        payload = vars(part).get("_payload")
        encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
        is_file = part.get_content_maintype() not in ("text", "message", "multipart")
        may_change = is_file and encoding in (*IDENTITY, "quoted-printable")
        if may_change and isinstance(payload, str) and _is_changed(payload):
            reason = f"a part of type {shown_name(part.get_content_subtype())} is not encoded"
            yield Problem("mime", reason, "email.encoders.encode_base64(part)")


def _is_changed(payload: str) -> bool:
    return "\r" in payload and (not payload.isascii() or bool(_LINE_ENDS_DIFFER.search(payload)))


def _kept(names: object, problems: list[Problem]) -> frozenset[str]:
    if is_text(names) or not isinstance(names, Iterable):
        reason = f"`keep_headers` must be a list of names, not {type(names).__name__}"
        problems.append(Problem("keep_headers", reason, 'keep_headers=["Date"]', kind="type"))
        return frozenset()
    kept = set()
    for name in names:
        key = plain_text(name).lower() if is_text(name) else ""
        if key in _REWRITTEN:
            kept.add(key)
        else:
            reason = f"`keep_headers` takes Message-ID and Date, not {shown_name(name)}"
            problems.append(Problem("keep_headers", reason, "all others are kept anyway"))
    return frozenset(kept)


class _Header:
    """The header of a mail, as fields of a message; what is wrong is added to `problems`."""

    def __init__(self, mail: InboundMessage, problems: list[Problem]) -> None:
        self.headers = mail.headers
        self.problems = problems

    def addresses(self) -> dict[str, Any]:
        """The fields of a message that hold addresses."""
        fields: dict[str, Any] = {}
        for key, name in _ADDRESSES.items():
            if key not in self.headers:
                continue
            found = self._read(key)
            is_one = name == "envelope_sender"
            if (is_one and len(found) != 1) or (name == "from_email" and not found):
                reason = f"header {key.title()!r} has {len(found)} addresses, and must have one"
                self.problems.append(Problem(name, reason))
            fields[name] = next(iter(found), None) if is_one else found
        return {name: value for name, value in fields.items() if value}

    def _read(self, key: str) -> list[Address]:
        raw = self.headers.get_raw(key)
        self._once(key.title(), raw)
        read: AddressField = read_field(raw, key.title())
        found: list[Address] = []
        place = _ADDRESSES.get(key, f"headers[{shown_name(key.title())}]")
        self.problems += [Problem(place, text, is_address=True) for text in read.defects]
        if read.addresses and any(map(_has_group, raw)):
            reason = f"header {key.title()!r} has a group of addresses, whose name cannot be kept"
            self.problems.append(Problem(place, reason, "name its members alone"))
        for address in read.addresses:
            try:
                found.append(Address(address.addr_spec, address.display_name))
            except MessageError as error:
                # A fault of the field says the same.
                told = error.problems if not read.defects else ()
                self.problems += [dataclasses.replace(each, field=place) for each in told]
        return found

    def text(self, name: str, raw: bytes) -> str:
        """The decoded value of a field."""
        text, defect = header_text(raw)
        if defect:
            place = _place(name)
            self.problems.append(Problem(place, f"header {shown_name(name)}: {defect}"))
        return text

    def others(self, kept: frozenset[str], *, is_resent: bool) -> Iterator[tuple[str, str]]:
        """The fields that are headers of the message."""
        for name in self.headers:
            key = name.lower()
            if key in _ELSEWHERE or key.startswith("content-"):
                continue
            if (key in _REWRITTEN and key not in kept) or (key == "resent-bcc" and is_resent):
                continue
            if self._refuses(name, key, is_resent=is_resent):
                continue
            raw = self.headers.get_raw(name)
            self._once(name, raw)
            if key in ADDRESS_HEADERS:
                # Not as text: a decoded name may hold a comma.
                yield name, ", ".join(address.format() for address in self._read(key))
            else:
                yield name, self.text(name, raw[0])

    def _refuses(self, name: str, key: str, *, is_resent: bool) -> bool:
        shown = shown_name(name)
        if key == "received":
            reason, hint = "the mail has been delivered already: it has 'Received'", _FORWARD
        elif _SIGNATURES.fullmatch(key):
            reason = f"header {shown} signs a mail that is written anew"
            hint = "take it out: the provider signs, or mailcore.mime.dkim"
        elif key.startswith("resent-") and not is_resent:
            reason = f"header {shown} says otherwise than To and Cc whom the mail is for"
            hint = "give envelope_recipients=[...]"
        else:
            return False
        self.problems.append(Problem(_place(name), reason, hint))
        return True

    def _once(self, name: str, raw: tuple[bytes, ...]) -> None:
        if len(raw) > 1:
            reason = f"header {shown_name(name)} occurs {len(raw)} times"
            self.problems.append(Problem(_place(name), reason, "a message has each of them once"))

    def subject(self) -> str | None:
        """The subject, if there is one."""
        raw = self.headers.get_raw("subject")
        self._once("Subject", raw)
        return self.text("Subject", raw[0]) if raw else None

    def unsubscribe(self) -> Unsubscribe | None:
        """What List-Unsubscribe says, if that can be said so: otherwise it is a header."""
        given = {key: self.headers[key] for key in _UNSUBSCRIBE if key in self.headers}
        return _unsubscribe(given) if given else None


def _unsubscribe(given: dict[str, str]) -> Unsubscribe | None:
    targets = _TARGET.findall(given.get("list-unsubscribe", ""))
    urls = [target for target in targets if target[:7].lower() != "mailto:"]
    mailtos = [target for target in targets if target[:7].lower() == "mailto:"]
    try:
        made = Unsubscribe(
            url=next(iter(urls), None),
            mailto=next(iter(mailtos), None),
            one_click=POST.lower() in given,
        )
    except MessageError:
        return None
    said = {name.lower(): value for name, value in made.headers.items()}
    is_same = {key: value.replace(" ", "") for key, value in given.items()} == {
        key: value.replace(" ", "") for key, value in said.items()
    }
    return made if is_same else None


def _has_group(raw: bytes) -> bool:
    return ":" in _NO_GROUP.sub("", without_comments(unfolded(raw)[0]))


def _place(name: str) -> str:
    return f"headers[{shown_name(name)}]"


def _deliver_to(
    recipients: Iterable[AddressInput], fields: dict[str, Any], problems: list[Problem]
) -> None:
    """Sort the recipients of the envelope into to, cc and bcc."""
    wrong: list[Problem] = []
    envelope = collect_addresses(recipients, "envelope_recipients", wrong)
    if not envelope and not wrong:
        wrong.append(Problem("envelope_recipients", "`envelope_recipients` is empty"))
    if wrong:
        problems += wrong
        return
    keys = {address.key for address in envelope}
    shown: list[Address] = fields.pop("to", [])
    copied: list[Address] = fields.pop("cc", [])
    if any(address.key not in keys for address in shown):
        value = ", ".join(address.format() for address in shown)
        fields["headers"] = [("To", value), *fields.get("headers", [])]
    if any(address.key not in keys for address in copied):
        reason = "header 'Cc' has addresses that are none of `envelope_recipients`"
        problems.append(Problem("cc", reason, "take them out: only To can name others"))
    fields["to"] = [address for address in shown if address.key in keys]
    fields["cc"] = [address for address in copied if address.key in keys]
    seen = {address.key for address in (*shown, *copied)}
    fields["bcc"] = [address for address in envelope if address.key not in seen]
