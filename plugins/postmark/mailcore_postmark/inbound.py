"""
Mail that Postmark received.

https://postmarkapp.com/developer/webhooks/inbound-webhook and
https://postmarkapp.com/developer/user-guide/inbound/parse-an-email (read 2026-11-21).
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mailcore.address import address_key
from mailcore.events import InboundEvent
from mailcore.inbound import read_score
from mailcore.webhook import Fields, ReadOnlyJson, digest_of


if TYPE_CHECKING:
    from mailcore.inbound import ReceivedFile


MAX_WEBHOOK_BODY_BYTES = 128 * 1024 * 1024
"""
35 MB of files in base64, and with `RawEmail` once more, with bodies and header fields in JSON.

https://postmarkapp.com/support/article/1056-what-are-the-attachment-and-email-size-limits (read
2026-11-21) has the 35 MB, and nothing about the size of the whole.
"""

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
_TO_ESCAPE = re.compile(r'(["\\])')


def parse_inbound(provider: str, payload: dict[str, Any]) -> InboundEvent:
    """
    Read a received mail, which Postmark hands over taken apart, and as it came if asked to.

    `content` is `RawEmail` if that is there; otherwise a mail is composed of the parts. Postmark
    says nothing of when it received the mail: `timestamp` is None, and the mail has its `Date`.

    Args:
        provider: The name that the provider has in the event.
        payload: The JSON that Postmark posted.
    """
    fields = Fields(payload)
    headers = _headers(fields)
    trace = _by_postmark(headers)
    tests = frozenset(re.split(r"[,\s]+", trace.get("x-spam-tests", "")))
    message_id = fields.text("MessageID")
    recipient = fields.required("OriginalRecipient")
    content = _content(fields, headers)
    reply = fields.text("StrippedTextReply")
    return InboundEvent(
        provider=provider,
        event_id=message_id,
        message_id=message_id,
        # A mail to two addresses is handed over for each of them.
        dedupe_key=(
            f"{provider}:received:{message_id or digest_of(payload)}:{address_key(recipient or '')}"
        ),
        envelope_sender=_envelope_sender(headers, trace),
        envelope_recipients=() if recipient is None else (recipient,),
        bcc=tuple(
            email
            for each in fields.each("BccFull")
            if (email := (each.text("Email") or "").strip("<> "))
        ),
        subject=fields.text("Subject"),
        stripped_text=None if reply is None else reply.replace("\r\n", "\n"),
        content=content,
        spam=_SPAM.get(_first_word(trace.get("x-spam-status", ""))),
        spam_score=read_score(trace.get("x-spam-score")),
        spf=_first_word(trace.get("received-spf", "")) or _verdict(tests, _SPF_TESTS),
        dkim=_verdict(tests, _DKIM_TESTS),
        defects=fields.distinct_defects,
        esp_event=ReadOnlyJson(payload),
    )


def _headers(fields: Fields) -> list[tuple[str, str]]:
    found = []
    for each in fields.each("Headers"):
        name, value = each.document.get("Name"), each.document.get("Value")
        if isinstance(name, str) and isinstance(value, str):
            found.append((name, value))
        else:
            fields.tell("Headers", "has one without a name or value")
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


def _content(fields: Fields, headers: list[tuple[str, str]]) -> bytes:
    raw = fields.text("RawEmail")
    if raw is not None:
        return raw.encode("utf-8", "replace")
    # It loads much that those who only send and track need not have.
    from mailcore.inbound import compose_inbound

    text, html = fields.text("TextBody"), fields.text("HtmlBody")
    files = list(_files(fields, html or ""))
    return compose_inbound(_all_headers(fields, headers), text=text, html=html, files=files)


def _all_headers(fields: Fields, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """
    The header fields, with those that Postmark takes out of `Headers` into fields of their own.

    Both are there in older examples of the documentation; then the one that it took apart counts.
    """
    own = [
        ("From", _sender(fields)),
        *((name, _mailboxes(fields, name)) for name in ("To", "Cc", "Bcc")),
        ("Reply-To", fields.text("ReplyTo")),
        ("Subject", fields.text("Subject")),
        ("Date", fields.text("Date")),
    ]
    given = [(name, value) for name, value in own if value]
    replaced = {name.lower() for name, _ in given}
    return [*(pair for pair in headers if pair[0].lower() not in replaced), *given]


def _sender(fields: Fields) -> str | None:
    full = fields.within("FromFull")
    return (_mailbox(fields, full, "FromFull") if full else "") or fields.text("From")


def _mailboxes(fields: Fields, name: str) -> str | None:
    mailboxes = [_mailbox(fields, each, f"{name}Full") for each in fields.each(f"{name}Full")]
    return ", ".join(filter(None, mailboxes)) or fields.text(name)


def _mailbox(fields: Fields, full: Fields, where: str) -> str:
    email, name = full.document.get("Email"), full.document.get("Name")
    if not isinstance(email, str) or not isinstance(name, (str, type(None))):
        fields.tell(where, "has one whose email or name is not a string")
    address = email.strip("<> ") if isinstance(email, str) else ""
    if not address or not isinstance(name, str) or not name.strip():
        return address
    quoted = _TO_ESCAPE.sub(r"\\\1", name.strip())
    return f'"{quoted}" <{address}>'


def _files(fields: Fields, html: str) -> Iterator[ReceivedFile]:
    from mailcore.inbound import ReceivedFile, shown_content_ids

    shown = shown_content_ids(html)
    for each in fields.each("Attachments"):
        # What the "Check" button of Postmark's site posts has Data: so in django-anymail.
        given = each.document
        content = given.get("Content") or given.get("Data", given.get("Content"))
        if not isinstance(content, str):
            fields.tell("Attachments", "has one without content")
        content_id = (each.text("ContentID") or "").strip("<> ")
        yield ReceivedFile(
            content_base64=content if isinstance(content, str) else "",
            filename=each.text("Name"),
            content_type=each.text("ContentType") or "application/octet-stream",
            content_id=content_id or None,
            inline=content_id in shown,
        )
