"""
Mail that programs wrote: who answers it may start a loop.

RFC 3834 (automatic responses), RFC 2919 and 2369 (lists), and the fields that came before them.
"""

from __future__ import annotations

import re

from typing import TYPE_CHECKING

from mailcore.inbound_headers import InboundHeaders


if TYPE_CHECKING:
    from mailcore.inbound import InboundMessage

__all__ = ["accepts_auto_reply", "is_auto_submitted", "is_list"]

_WORD = re.compile(r"[a-z-]+")
_AUTO_RESPONSES = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply-from")
_LIST_FIELDS = ("list-id", "list-post", "mailing-list", "x-mailing-list")
# RFC 3834, section 2, with the names that other automatic senders use.
_ROBOTS = re.compile(
    r"(?:mailer-?daemon|postmaster|no-?reply|do-?not-?reply|listserv|majordomo|bounces?"
    r"|owner-.*|.*-(?:request|bounces?|owner))(?:[+=].*)?",
    re.IGNORECASE,
)
_SUPPRESSED = ("all", "oof", "autoreply")


def is_auto_submitted(headers: InboundHeaders) -> bool:
    """Whether a program sent the mail, answering another or on its own (RFC 3834, section 5)."""
    submitted = _first_word(headers, "auto-submitted")
    if submitted:
        return submitted != "no"
    if any(name in headers for name in _AUTO_RESPONSES):
        return True
    return _first_word(headers, "precedence") == "auto-reply"


def is_list(headers: InboundHeaders) -> bool:
    """Whether it came through a mailing list."""
    if any(name in headers for name in _LIST_FIELDS):
        return True
    return _first_word(headers, "precedence") == "list"


def accepts_auto_reply(mail: InboundMessage) -> bool:
    """Whether a program may answer it (RFC 3834, section 2), as far as the mail tells."""
    headers = mail.headers
    if mail.is_auto_submitted or mail.is_list or mail.is_bounce or mail.is_complaint:
        return False
    if any(name.lower().startswith("list-") for name in headers):
        return False
    if _first_word(headers, "precedence") in ("bulk", "junk", "list"):
        return False
    if b"<>" in headers.get_raw("return-path"):
        return False
    suppressed = headers.get("x-auto-response-suppress", "").lower()
    if any(word.strip() in _SUPPRESSED for word in suppressed.split(",")):
        return False
    author = mail.from_email
    return (
        author is not None and author.address is not None and not _ROBOTS.fullmatch(author.username)
    )


def _first_word(headers: InboundHeaders, name: str) -> str:
    value = headers.get(name, "").strip().lower().replace("_", "-")
    match = _WORD.match(value)
    return match.group() if match else ""
