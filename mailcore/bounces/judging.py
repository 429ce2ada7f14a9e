"""
Why a mail was not delivered, and whether the address may be written to again.

Every way by which non-delivery is told ends here: delivery reports (RFC 3464), and the events of
all providers. A specific class of the provider comes first (a plugin knows those); then what the
server said in words, then its enhanced status code, then its reply code, and in the end a class of
the provider that says no more than *permanent* or *temporary*. Words come before codes because
the codes are used carelessly: ``5.7.1`` stands before spam, relaying and unknown users alike, and
``5.0.0`` before everything.

Sources: RFC 3463, RFC 5321 (4.2.3), RFC 7504, RFC 7505 and the IANA registry of enhanced status
codes, https://www.iana.org/assignments/smtp-enhanced-status-codes/ (read 2026-11-30).
"""

from __future__ import annotations

import functools
import re

from typing import TYPE_CHECKING, NamedTuple

from mailcore.bounces.words import Cause
from mailcore.events import BounceClass, RejectReason


if TYPE_CHECKING:
    from mailcore.bounces.index import Index


__all__ = ["Cause", "Verdict", "enhanced_status", "judge", "reply_code", "verdict_of"]

_SEARCHED_CHARACTERS = 2000

# Expressions begin with a digit and look behind it, because they are searched for much faster so
# (benchmarks/receive.py).
# After the reply code of the same class, which the receiving server gives first.
_AFTER_REPLY = re.compile(
    r"([245])(?<![\d.].)\d\d[ -]{1,3}#?(\1\.\d{1,3}\.\d{1,3})(?![\d.]*\d)", re.ASCII
)
# Else where nothing but a status can stand: versions of software look the same.
_ALONE = re.compile(
    r"(?:^|[#(;]|status:?)\s{0,3}([245]\.[0-7]\.\d{1,3})(?!\.?\d)", re.ASCII | re.IGNORECASE
)
_WHOLE = re.compile(r"[245]\.[0-7]\.\d{1,3}", re.ASCII)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d", re.ASCII)
_REPLY_CODE = re.compile(
    r"([245](?:(?<![^\s;<>(#].)|(?<=said:.))[0-5]\d)(?=$|[\s\-;:,)])", re.ASCII
)

_CODES = re.compile(
    r"[245](?<!\w.)(?:\d\d[ -](?: ?#?[245]\.\d{1,3}\.\d{1,3}\b)?|\.\d{1,3}\.\d{1,3}\b)", re.ASCII
)
_TOKEN_END = re.compile(r"[\s<>()\[\]\",;]+")
_HOST_SAID = re.compile(r"\bhost \S{1,255} said\b|\bhost \S{1,255} \S{1,60} said\b")


# For `bytes.translate`: letters and digits stay, and whatever else stands becomes a space.
_LETTERS = bytes(
    octet if octet in b"abcdefghijklmnopqrstuvwxyz0123456789" else 32 for octet in range(256)
)


class Verdict(NamedTuple):
    """
    What a non-delivery comes to.

    Attributes:
        cause: Why the mail was not delivered.
        bounce_class: HARD if there is no such mailbox; SOFT if the address is in order as far as
            the answer goes; UNDETERMINED if it does not tell.
        reject_reason: The same, in the words of events.
    """

    cause: Cause
    bounce_class: BounceClass
    reject_reason: RejectReason


_HARD = (BounceClass.HARD, RejectReason.BOUNCED)
_BLOCKED = (BounceClass.SOFT, RejectReason.BLOCKED)
_OTHER = (BounceClass.SOFT, RejectReason.OTHER)
_TIMED_OUT = (BounceClass.SOFT, RejectReason.TIMED_OUT)
_UNCLEAR = (BounceClass.UNDETERMINED, RejectReason.OTHER)

_VERDICTS = {
    cause: Verdict(cause, *meaning)
    for cause, meaning in {
        Cause.NO_MAILBOX: _HARD,
        Cause.MOVED: _HARD,
        Cause.NO_DOMAIN: _HARD,
        Cause.ACCEPTS_NO_MAIL: _HARD,
        # RFC 3463, 3.3: it exists, and nobody says whether it will be enabled again.
        Cause.DISABLED: _UNCLEAR,
        Cause.FULL: _OTHER,
        Cause.TOO_LARGE: _BLOCKED,
        Cause.RATE: _BLOCKED,
        Cause.BLOCKED: _BLOCKED,
        Cause.SPAM: (BounceClass.SOFT, RejectReason.SPAM),
        Cause.CONTENT: _BLOCKED,
        Cause.POLICY: _BLOCKED,
        Cause.SENDER: _BLOCKED,
        Cause.RELAYING: _BLOCKED,
        Cause.EXPIRED: _TIMED_OUT,
        Cause.NETWORK: _TIMED_OUT,
        Cause.SYSTEM: _OTHER,
        Cause.TEMPORARY: _OTHER,
        Cause.UNCLEAR: _UNCLEAR,
    }.items()
}

_BY_STATUS = {
    "1.0": Cause.NO_MAILBOX,  # Other address status.
    "1.1": Cause.NO_MAILBOX,  # Bad destination mailbox address.
    "1.2": Cause.NO_DOMAIN,  # Bad destination system address.
    "1.3": Cause.NO_MAILBOX,  # Bad destination mailbox address syntax.
    "1.6": Cause.MOVED,  # Destination mailbox has moved, no forwarding address.
    "1.7": Cause.SENDER,  # Bad sender's mailbox address syntax.
    "1.8": Cause.SENDER,  # Bad sender's system address.
    "1.9": Cause.SYSTEM,  # Message relayed to non-compliant mailer.
    "1.10": Cause.ACCEPTS_NO_MAIL,  # Recipient address has null MX.
    "2.1": Cause.DISABLED,  # Mailbox disabled, not accepting messages.
    "2.2": Cause.FULL,  # Mailbox full.
    "2.3": Cause.TOO_LARGE,  # Message length exceeds administrative limit.
    "2.4": Cause.SYSTEM,  # Mailing list expansion problem.
    "3.1": Cause.SYSTEM,  # Mail system full.
    "3.2": Cause.SYSTEM,  # System not accepting network messages.
    "3.3": Cause.SYSTEM,  # System not capable of selected features.
    "3.4": Cause.TOO_LARGE,  # Message too big for system.
    "3.5": Cause.SYSTEM,  # System incorrectly configured.
    "4.0": Cause.NETWORK,  # Other network or routing status.
    "4.1": Cause.NETWORK,  # No answer from host.
    "4.2": Cause.NETWORK,  # Bad connection.
    "4.3": Cause.NETWORK,  # Directory server failure.
    "4.4": Cause.NO_DOMAIN,  # Unable to route.
    "4.5": Cause.NETWORK,  # Mail system congestion.
    "4.6": Cause.SYSTEM,  # Routing loop detected.
    "4.7": Cause.EXPIRED,  # Delivery time expired.
    # Exchange's own, https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/
    # non-delivery-reports-in-exchange-online/non-delivery-reports-in-exchange-online
    # (read 2026-11-30).
    "4.300": Cause.EXPIRED,
    "4.310": Cause.NO_DOMAIN,
    "4.312": Cause.NETWORK,
    "4.316": Cause.EXPIRED,
    "5.3": Cause.RATE,  # Too many recipients.
    "7.13": Cause.DISABLED,  # User account disabled.
    "7.17": Cause.NO_MAILBOX,  # Mailbox owner has changed.
    "7.18": Cause.NO_DOMAIN,  # Domain owner has changed.
    "7.28": Cause.RATE,  # Mail flood detected.
}
"""Causes by subject and detail of a permanent status (RFC 3463, sections 3.1 to 3.8)."""

# What these say is the RFC's, but software gives them where it has nothing to say.
_VAGUE = frozenset({"0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0"})
_BY_SUBJECT = {"4": Cause.NETWORK, "6": Cause.CONTENT, "7": Cause.POLICY}
_SYNTAX_OF_COMMANDS = frozenset({"5.1", "5.2", "5.4", "5.5"})
# Statuses that name an address that is gone, against words that only describe a refusal.
_SURE = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10"})
_LOOSE = (Cause.POLICY, Cause.SYSTEM, Cause.DISABLED, Cause.NETWORK, Cause.EXPIRED)

_BY_REPLY = {
    "521": Cause.ACCEPTS_NO_MAIL,  # Host does not accept mail (RFC 7504).
    "551": Cause.NO_MAILBOX,  # User not local.
    "552": Cause.FULL,  # Exceeded storage allocation.
    "556": Cause.ACCEPTS_NO_MAIL,  # Domain does not accept mail (RFC 7504).
}


def judge(
    status: str | None,
    text: str | None,
    *,
    told: BounceClass | None = None,
    code: int | None = None,
) -> Verdict:
    """
    Judge a non-delivery that is final.

    Args:
        status: The enhanced status code, if one is known, such as ``5.1.1``; words behind it do
            no harm.
        text: What the server said, with or without codes. Only the first 2000 characters count.
        told: The provider's class where it says only *permanent* or *temporary*. It decides if
            status and text tell nothing.
        code: The reply code, if it is known and not in the text.
    """
    text = (text or "")[:_SEARCHED_CHARACTERS]
    words = _words(text)
    cause, fallback = _index().find(words)
    if cause is None or cause in _LOOSE:
        status = _most_specific(status, text)
        detail = status[2:] if status else ""
        if cause is None or (detail in _SURE and status and status[0] == "5"):
            cause = _of_codes(status, code, text, words, fallback)
    if cause is Cause.UNCLEAR or cause is Cause.DISABLED:
        return _as_told(cause, told)
    return _VERDICTS[cause]


def verdict_of(cause: Cause) -> Verdict:
    """What a cause means that is known already, such as a specific class of a provider."""
    return _VERDICTS[cause]


def enhanced_status(text: str) -> str | None:
    """
    The enhanced status code (RFC 3463) in what a server said, such as ``5.1.1``.

    Args:
        text: What a server said, with or without a reply code; also a `Status` field with a
            comment.
    """
    text = text[:_SEARCHED_CHARACTERS]
    if _STATUS.search(text) is None:
        # The usual text has no such code; asking first takes half the time (benchmarks/receive.py).
        return None
    if _WHOLE.fullmatch(text) is not None:
        return text
    match = _AFTER_REPLY.search(text)
    if match is not None:
        return match[2]
    match = _ALONE.search(text)
    return None if match is None else match[1]


def reply_code(text: str) -> str | None:
    """The SMTP reply code in what a server said, such as ``550``."""
    match = _REPLY_CODE.search(text[:_SEARCHED_CHARACTERS])
    return None if match is None else match[1]


def _most_specific(given: str | None, text: str) -> str | None:
    """The status told apart; that in the text where the first is vague."""
    status = enhanced_status(given) if given else None
    if status is None or status[2:] in _VAGUE:
        return enhanced_status(text) or status
    return status


def _of_codes(
    status: str | None, code: int | None, text: str, words: str, fallback: Cause | None
) -> Cause:
    cause = _of_status(status, words, fallback) if status is not None else None
    if cause is not None:
        return cause
    reply = str(code) if code is not None and 200 <= code <= 599 else reply_code(text) or ""
    if status is None:
        if reply.startswith("4"):
            return Cause.TEMPORARY
        if fallback is not None:
            return fallback
    return _BY_REPLY.get(reply, Cause.UNCLEAR)


def _of_status(status: str, words: str, fallback: Cause | None) -> Cause | None:
    kind, detail = status[0], status[2:]
    if kind == "4":
        # A 5yz reply behind it is what the server said in the end.
        return Cause.EXPIRED if detail == "4.7" else Cause.TEMPORARY
    if kind != "5" or (fallback is not None and detail in _VAGUE):
        return fallback
    if detail == "4.1" and "access denied" in words:
        # Exchange Online: no such recipient, where it filters by directory.
        return Cause.NO_MAILBOX
    if detail in _SYNTAX_OF_COMMANDS:
        return fallback or Cause.SYSTEM
    return _BY_STATUS.get(detail) or _BY_SUBJECT.get(detail.partition(".")[0])


def _as_told(cause: Cause, told: BounceClass | None) -> Verdict:
    if told is None or told is BounceClass.UNDETERMINED:
        return _VERDICTS[cause]
    reason = RejectReason.BOUNCED if told is BounceClass.HARD else RejectReason.OTHER
    return Verdict(cause, told, reason)


def _words(text: str) -> str:
    """The words of a text between single spaces: no codes, addresses, URLs or names of hosts."""
    text = _CODES.sub(" ", text.lower())
    if " said" in text:
        text = _HOST_SAID.sub(" ", text)
    if not text.isascii():
        text = text.replace("\u2019", "")
    if "@" in text or "://" in text:
        text = " ".join(
            [
                # What follows an address without a space is kept.
                token.rpartition("@")[2].partition(":")[2] if "@" in token else token
                for token in _TOKEN_END.split(text)
                if "://" not in token
            ]
        )
    # Octets are faster than characters (benchmarks/receive.py); what is no ASCII becomes "?".
    letters = text.encode("ascii", "replace").translate(_LETTERS, b"'")
    return f" {' '.join(letters.decode('ascii').split())} "


@functools.cache
def _index() -> Index:
    """Built for the first non-delivery: it takes longer than importing this module."""
    from mailcore.bounces.index import Index
    from mailcore.bounces.words.order import fallback_words, words

    return Index(words(), fallback_words())
