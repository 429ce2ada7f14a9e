"""
Mail that Postmark received.

https://postmarkapp.com/developer/webhooks/inbound-webhook and
https://postmarkapp.com/developer/user-guide/inbound/parse-an-email (read 2026-11-21).
"""

from __future__ import annotations

import json
import re

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mailcore.address import address_key
from mailcore.events import InboundEvent
from mailcore.inbound import read_score
from mailcore.webhook import ReadOnlyJson


if TYPE_CHECKING:
    from mailcore.inbound import ReceivedFile


MAX_WEBHOOK_BODY_BYTES = 128 * 1024 * 1024
"""
35 MB of files in base64, and with `RawEmail` once more, with bodies and header fields in JSON.

https://postmarkapp.com/support/article/1056-what-are-the-attachment-and-email-size-limits (read
2026-11-21) has the 35 MB, and nothing about the size of the whole.
"""

_JSON_FIELDS = frozenset({"from", "to", "cc", "bcc", "subject", "date", "reply-to"})
_SPAM = {"yes": True, "no": False}
# Names of SpamAssassin's rules: 25_spf.cf and 25_dkim.cf of its version 3.4.6 (as of 2026-11-21).
_SPF_TESTS = {
    "SPF_PASS": "pass",
    "SPF_FAIL": "fail",
    "SPF_SOFTFAIL": "softfail",
    "SPF_NEUTRAL": "neutral",
    "SPF_NONE": "none",
}
_DKIM_TESTS = {"DKIM_VALID": "pass", "DKIM_INVALID": "fail", "T_DKIM_INVALID": "fail"}
_WORD = re.compile(r"[A-Za-z]{1,20}")
_ENVELOPE_FROM = re.compile(r'envelope-from=[<"]*([^\s;<>"]{1,320})')
_SHOWN = re.compile(r"cid:([^\s\"'<>)]+)", re.IGNORECASE)
_TO_ESCAPE = re.compile(r'(["\\])')


def parse_inbound(provider: str, payload: dict[str, Any]) -> InboundEvent:
    """
    Read a received mail, which Postmark hands over taken apart, and as it came if asked to.

    `content` is `RawEmail` if that is there; otherwise a mail is composed of the parts. Postmark
    says nothing of when it received the mail: `timestamp` is None, and the mail has its `Date`.

    Args:
        provider: The provider's name.
        payload: What it posted.
    """
    defects: list[str] = []
    headers = _headers(payload, defects)
    trace = _by_postmark(headers)
    tests = frozenset(re.split(r"[,\s]+", trace.get("x-spam-tests", "")))
    message_id = _text(payload, "MessageID", defects)
    recipient = _text(payload, "OriginalRecipient", defects)
    if recipient is None:
        defects.append("`OriginalRecipient` is missing")
    content = _content(payload, headers, defects)
    reply = _text(payload, "StrippedTextReply", defects)
    return InboundEvent(
        provider=provider,
        event_id=message_id,
        message_id=message_id,
        # A mail to two addresses is handed over for each of them.
        dedupe_key=(
            f"{provider}:received:{message_id or digest(payload)}:{address_key(recipient or '')}"
        ),
        envelope_sender=_envelope_sender(headers, trace),
        envelope_recipients=() if recipient is None else (recipient,),
        bcc=tuple(
            email
            for each in _objects(payload, "BccFull", defects)
            if (email := (_text(each, "Email", defects) or "").strip("<> "))
        ),
        subject=_text(payload, "Subject", defects),
        stripped_text=None if reply is None else reply.replace("\r\n", "\n"),
        content=content,
        spam=_SPAM.get(_first_word(trace.get("x-spam-status", ""))),
        spam_score=read_score(trace.get("x-spam-score")),
        spf=_first_word(trace.get("received-spf", "")) or _verdict(tests, _SPF_TESTS),
        dkim=_verdict(tests, _DKIM_TESTS),
        defects=tuple(dict.fromkeys(defects)),
        esp_event=ReadOnlyJson(payload),
    )


def _text(parent: Mapping[str, Any], name: str, defects: list[str]) -> str | None:
    value = parent.get(name)
    if isinstance(value, str):
        return value or None
    if value is not None:
        defects.append(f"`{name}` is not a string")
    return None


def _objects(
    payload: Mapping[str, Any], name: str, defects: list[str]
) -> Iterator[Mapping[str, Any]]:
    items = payload.get(name)
    if not isinstance(items, list):
        if items is not None:
            defects.append(f"`{name}` is not an array")
        return
    for item in items:
        if isinstance(item, dict):
            yield item
        else:
            defects.append(f"`{name}` has what is no object")


def _headers(payload: Mapping[str, Any], defects: list[str]) -> list[tuple[str, str]]:
    found = []
    for item in _objects(payload, "Headers", defects):
        name, value = item.get("Name"), item.get("Value")
        if isinstance(name, str) and isinstance(value, str):
            found.append((name, value))
        else:
            defects.append("`Headers` has one without a name or value")
    return found


def _by_postmark(headers: list[tuple[str, str]]) -> Mapping[str, str]:
    """
    The first of each header field that Postmark wrote at the top, by its name in lower case.

    What the sender wrote is below: whoever sends spam can write ``X-Spam-Status: No``. Return-Path
    and one Received are Postmark's, as far as django-anymail's tests show (of 2023); before that,
    its fields were above the first Received.
    """
    top: dict[str, str] = {}
    left = 2 if headers and headers[0][0].lower() == "return-path" else 1
    for name, value in headers:
        key = name.lower()
        left -= key == "received"
        if not left:
            break
        top.setdefault(key, value)
    return top


def _envelope_sender(headers: list[tuple[str, str]], trace: Mapping[str, str]) -> str | None:
    # Anywhere else, somebody else wrote it.
    if headers and headers[0][0].lower() == "return-path":
        return headers[0][1].strip().removeprefix("<").removesuffix(">").strip() or None
    match = _ENVELOPE_FROM.search(trace.get("received-spf", ""))
    return None if match is None else match[1]


def _first_word(text: str) -> str:
    match = _WORD.match(text.strip())
    return "" if match is None else match[0].lower()


def _verdict(tests: frozenset[str], meanings: Mapping[str, str]) -> str | None:
    return next((meaning for test, meaning in meanings.items() if test in tests), None)


def _content(
    payload: Mapping[str, Any], headers: list[tuple[str, str]], defects: list[str]
) -> bytes:
    raw = _text(payload, "RawEmail", defects)
    if raw is not None:
        return raw.encode("utf-8", "replace")
    # It loads much that those who only send and track need not have.
    from mailcore.inbound import compose_inbound

    text, html = _text(payload, "TextBody", defects), _text(payload, "HtmlBody", defects)
    return compose_inbound(
        _all_headers(payload, headers, defects),
        text=text,
        html=html,
        files=list(_files(payload, html or "", defects)),
    )


def _all_headers(
    payload: Mapping[str, Any], headers: list[tuple[str, str]], defects: list[str]
) -> list[tuple[str, str]]:
    """
    The header fields, with those that Postmark takes out of `Headers` into fields of their own.

    Both are there in older examples of the documentation; then the one that it took apart counts.
    """
    own = [
        ("From", _sender(payload, defects)),
        ("To", _mailboxes(payload, "To", defects)),
        ("Cc", _mailboxes(payload, "Cc", defects)),
        ("Bcc", _mailboxes(payload, "Bcc", defects)),
        ("Reply-To", _text(payload, "ReplyTo", defects)),
        ("Subject", _text(payload, "Subject", defects)),
        ("Date", _text(payload, "Date", defects)),
    ]
    given = [(name, value) for name, value in own if value]
    replaced = {name.lower() for name, _ in given}
    return [*(pair for pair in headers if pair[0].lower() not in replaced), *given]


def _sender(payload: Mapping[str, Any], defects: list[str]) -> str | None:
    full = payload.get("FromFull")
    if isinstance(full, dict):
        mailbox = _mailbox(full, "FromFull", defects)
        if mailbox:
            return mailbox
    elif full is not None:
        defects.append("`FromFull` is not an object")
    return _text(payload, "From", defects)


def _mailboxes(payload: Mapping[str, Any], name: str, defects: list[str]) -> str | None:
    full = f"{name}Full"
    mailboxes = [_mailbox(each, full, defects) for each in _objects(payload, full, defects)]
    return ", ".join(filter(None, mailboxes)) or _text(payload, name, defects)


def _mailbox(full: Mapping[str, Any], where: str, defects: list[str]) -> str:
    email, name = full.get("Email"), full.get("Name")
    if not isinstance(email, str) or not isinstance(name, (str, type(None))):
        defects.append(f"`{where}` has one whose email or name is not a string")
    address = email.strip("<> ") if isinstance(email, str) else ""
    if not address or not isinstance(name, str) or not name.strip():
        return address
    quoted = _TO_ESCAPE.sub(r"\\\1", name.strip())
    return f'"{quoted}" <{address}>'


def _files(payload: Mapping[str, Any], html: str, defects: list[str]) -> Iterator[ReceivedFile]:
    from mailcore.inbound import ReceivedFile

    # RFC 2392: percent-encoded in the URL. One pass: there may be many files.
    shown = {unquote(reference) for reference in _SHOWN.findall(html)}
    for item in _objects(payload, "Attachments", defects):
        # What the "Check" button of Postmark's site posts has Data: so in django-anymail.
        content = item.get("Content") or item.get("Data", item.get("Content"))
        if not isinstance(content, str):
            defects.append("`Attachments` has one without content")
        content_id = (_text(item, "ContentID", defects) or "").strip("<> ")
        yield ReceivedFile(
            content_base64=content if isinstance(content, str) else "",
            filename=_text(item, "Name", defects),
            content_type=_text(item, "ContentType", defects) or "application/octet-stream",
            content_id=content_id or None,
            # Mail programs give a Content-ID to files that they do not show, too.
            inline=content_id in shown,
        )


def digest(payload: Mapping[str, Any]) -> str:
    """Of all that Postmark posted: for what has nothing shorter that tells it from others."""
    canonical = json.dumps(payload, sort_keys=True)
    return sha256(canonical.encode("ascii")).hexdigest()[:16]
