"""
Mail that programs wrote: who answers it may start a loop.

RFC 3834 (automatic responses), RFC 2919 and 2369 (lists), RFC 8098 (receipts), and the fields and
names that came before them.
"""

from __future__ import annotations

import re

from typing import TYPE_CHECKING

from mailcore.inbound.addresses import read_field
from mailcore.inbound.comments import without_comments
from mailcore.inbound.headers import InboundHeaders
from mailcore.inbound.parameters import read_parameters
from mailcore.inbound.words import unfolded


if TYPE_CHECKING:
    from mailcore.inbound.message import InboundMessage

__all__ = ["accepts_auto_reply", "is_auto_submitted", "is_list"]

_WORD = re.compile(r"[a-z-]+")
_SEPARATORS = re.compile(r"[,;\s]+")
_AUTO_RESPONSES = re.compile(
    r"x-(?:mail-)?auto-?(?:repl(?:y|ied)|respond|responder|response|generated|answer)(?:-(?!suppress).*)?"
    r"|x-fc-machinegenerated|x-cron-env|x-vacation"
)
_PRECEDENCES = ("precedence", "x-precedence", "preference")
_AUTO_PRECEDENCES = ("auto-reply", "autoreply")
_MASS_PRECEDENCES = ("bulk", "junk", "list")
_LIST_FIELDS = (
    *("list-id", "list-post", "mailing-list", "x-mailing-list"),
    *("x-mailman-version", "x-beenthere", "x-listserver", "x-ml-name"),
)
_LOOP_FIELDS = ("x-loop", "x-failed-recipients")
_SUPPRESSED = ("all", "oof", "autoreply")
_NEGATIONS = ("no", "false", "0")

# Nobody reads what is sent to them. RFC 3834, section 2, with the names that other automatic
# senders use, in some languages.
_APART = "[-_.]{0,2}"
_UNREAD = re.compile(
    rf"""
      noreply | (?<![a-z]) no {_APART} (?:reply|replies|response|respuesta|respond[ae]r?)
    | do {_APART} not {_APART} (?:reply|respond|answer) | (?<![a-z]) dont {_APART} reply
    | ne {_APART} pas {_APART} repondre | nicht {_APART} antworten | keine {_APART} antwort
    | nao {_APART} respond | non {_APART} rispondere | niet {_APART} (?:be)?antwoord
    | svara {_APART} (?:ej|inte) | ikke {_APART} svar | nie {_APART} odpowiadaj
    | (?:\A|[-_.]) auto {_APART} (?:reply|respon[ds]e?r?|confirm|answer|notif)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ROBOTS = re.compile(
    rf"(?:mail(?:er)?{_APART}daemon|postmaster|mail{_APART}delivery{_APART}(?:sub)?system|listserv"
    r"|majordomo|mailman|daemon|microsoftexchange[0-9a-f]+|nobody|devnull|dev-null"
    r"|owner-.*|.*-(?:request|owner))(?:[+=].*)?",
    re.IGNORECASE,
)
_BOUNCES = re.compile(r"(?:.*[-_.])?bounces?(?:[-_.+=].*)?", re.IGNORECASE)
# RFC 5321, 4.5.3.1.1 allows 64 octets.
_LONGEST_NAME = 256

_REPORTS = (
    "message/disposition-notification",
    "message/global-disposition-notification",
    "message/feedback-report",
    "message/delivery-status",
    "message/global-delivery-status",
    "application/tlsrpt+gzip",
    "application/tlsrpt+json",
)


def is_auto_submitted(headers: InboundHeaders) -> bool:
    """Whether a program sent the mail, answering another or on its own (RFC 3834, section 5)."""
    submitted = _first_word(headers, "auto-submitted")
    if submitted:
        return submitted != "no"
    for name in headers:
        if _AUTO_RESPONSES.fullmatch(name.lower()) and _first(headers, name) not in _NEGATIONS:
            return True
    if _first(headers, "delivered-to") == "autoresponder":
        return True
    return any(_first_word(headers, name) in _AUTO_PRECEDENCES for name in _PRECEDENCES)


def is_list(headers: InboundHeaders) -> bool:
    """Whether it came through a mailing list."""
    if any(name in headers for name in _LIST_FIELDS):
        return True
    return _first_word(headers, "precedence") == "list"


def accepts_auto_reply(mail: InboundMessage) -> bool:
    """Whether a program may answer it (RFC 3834, section 2), as far as the mail tells."""
    headers = mail.headers
    if mail.is_auto_submitted or mail.is_list or _is_report(mail):
        return False
    if any(name.lower().startswith("list-") for name in headers):
        return False
    if any(name in headers for name in _LOOP_FIELDS):
        return False
    if any(_first_word(headers, name) in _MASS_PRECEDENCES for name in _PRECEDENCES):
        return False
    suppressed = headers.get("x-auto-response-suppress", "").lower()
    if any(word in _SUPPRESSED for word in _SEPARATORS.split(suppressed)):
        return False
    return _is_from_somebody(mail)


def _is_report(mail: InboundMessage) -> bool:
    """Whether a program reports what became of a mail: arrived, delayed, read, was called spam."""
    raw = mail.headers.get_raw("content-type")
    if raw and read_parameters(raw[0]).value == "multipart/report":
        return True
    for part in (*mail.attachments, *mail.inlines):
        kind = part.content_type
        if kind in _REPORTS:
            return True
        # RFC 5546: an attendee's program answers an invitation.
        if kind == "text/calendar" and part.parameters.get("method", "").upper() == "REPLY":
            return True
    return False


def _is_from_somebody(mail: InboundMessage) -> bool:
    for raw in mail.headers.get_raw("return-path"):
        if without_comments(unfolded(raw)[0]).strip("<> \t") == "":
            return False
        envelope_senders = read_field((raw,), "Return-Path").addresses
        if any(_is_robot(address.username) for address in envelope_senders):
            return False
    author = mail.from_email
    if author is None or author.address is None:
        return False
    return not any(
        _is_robot(address.username) or _BOUNCES.fullmatch(address.username[:_LONGEST_NAME])
        for address in (author, *mail.reply_to)
    )


def _is_robot(username: str) -> bool:
    name = username[:_LONGEST_NAME]
    return _UNREAD.search(name) is not None or _ROBOTS.fullmatch(name) is not None


def _first(headers: InboundHeaders, name: str) -> str:
    return without_comments(headers.get(name, "")).strip().lower().replace("_", "-")


def _first_word(headers: InboundHeaders, name: str) -> str:
    match = _WORD.match(_first(headers, name))
    return match.group() if match else ""
