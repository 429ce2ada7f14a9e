"""
Mail that SendGrid received: a form with the mail's parts, or with the mail as it came.

https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/inbound-email and
setting-up-the-inbound-parse-webhook (read 2026-11-30). What the second page says of encodings: each
text comes in the charset that ``charsets`` names.
"""

from __future__ import annotations

import json
import re

from collections.abc import Mapping
from typing import Any

from mailcore.address import address_key
from mailcore.events import InboundEvent
from mailcore.inbound import (
    ReceivedFile,
    compose_inbound,
    decode_charset,
    header_pairs,
    read_score,
    received_files,
)
from mailcore.webhook import Form, ReadOnlyJson, WebhookRequest, read_form


CONTENT_IDS = "content-ids"
"""The field from Content-IDs to names of files."""

_RAW = "email"
_HEADER_FIELDS = (("from", "From"), ("to", "To"), ("cc", "Cc"), ("subject", "Subject"))
# {@example.com : pass}
_DKIM = re.compile(r":\s*([A-Za-z]{1,20})")
_WORD = re.compile(r"[A-Za-z]{1,20}")


def parse_inbound_form(provider: str, request: WebhookRequest) -> InboundEvent:
    """
    Read a received mail.

    `content` is ``email`` if that is there (the setting *POST the raw, full MIME message*);
    otherwise a mail is composed of the parts. SendGrid says nothing of when it received the mail:
    `timestamp` is None, and the mail has its `Date`.

    Args:
        provider: The name that the provider has in the event.
        request: The request that SendGrid posted, which was believed.

    Raises:
        MalformedWebhook: If the form cannot be read.
    """
    form = read_form(request)
    defects: list[str] = []
    envelope = _object(form, "envelope", defects)
    texts = _Texts(form, defects)
    raw = form.octets(_RAW)
    if raw is None:
        headers = _header_pairs(texts)
        content = _compose(texts, headers)
    else:
        content = raw
        headers = list(header_pairs(raw))
    recipients = _recipients(envelope, defects)
    sender = envelope.get("from")
    return InboundEvent(
        provider=provider,
        message_id=next((value for name, value in headers if name.lower() == "message-id"), None),
        # A mail to two addresses is posted for each of them; nothing in it is an id.
        dedupe_key=(
            f"{provider}:received:{form.digest()[:16]}:{','.join(map(address_key, recipients))}"
        ),
        envelope_sender=(sender.strip("<> ") or None) if isinstance(sender, str) else None,
        envelope_recipients=recipients,
        subject=texts.get("subject"),
        content=content,
        spam_score=read_score(form.text("spam_score")),
        spf=_spf(form.text("SPF")),
        dkim=_dkim(form.text("dkim")),
        defects=tuple(dict.fromkeys(defects)),
        esp_event=ReadOnlyJson(_plain(form)),
    )


class _Texts:
    """The texts of the form, each in the charset that it came in."""

    def __init__(self, form: Form, defects: list[str]) -> None:
        self.form = form
        self.defects = defects
        self._charsets = _object(form, "charsets", defects)

    def get(self, name: str) -> str | None:
        """A text; None if it is not there or empty."""
        value = self.form.octets(name)
        if not value:
            return None
        charset = self._charsets.get(name)
        text, defect = decode_charset(value, charset if isinstance(charset, str) else "utf-8")
        if defect:
            self.defects.append(f"`{name}`: {defect}")
        return text


def _object(form: Form, name: str, defects: list[str]) -> Mapping[str, Any]:
    """The JSON object in a field; empty if it is missing."""
    text = form.text(name)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    defects.append(f"`{name}` is not a JSON object")
    return {}


def _recipients(envelope: Mapping[str, Any], defects: list[str]) -> tuple[str, ...]:
    given = envelope.get("to")
    listed = given if isinstance(given, list) else [given]
    found: dict[str, str] = {}
    for each in listed:
        if isinstance(each, str) and (address := each.strip("<> ")):
            found.setdefault(address_key(address), address)
    if not found:
        defects.append("`envelope` names no recipient")
    return tuple(found.values())


def _header_pairs(texts: _Texts) -> list[tuple[str, str]]:
    """The header of the mail, from the text that it is posted as; else from its usual fields."""
    given = texts.form.octets("headers")
    if given:
        return list(header_pairs(given))
    texts.defects.append("`headers` is missing")
    return [(name, value) for field, name in _HEADER_FIELDS if (value := texts.get(field))]


def _compose(texts: _Texts, headers: list[tuple[str, str]]) -> bytes:
    """The mail again, from its parts."""
    form, defects = texts.form, texts.defects
    described = _object(form, "attachment-info", defects)
    files = [
        (
            upload.name,
            ReceivedFile(
                content=upload.content,
                filename=_filename(described.get(upload.name)) or upload.filename or None,
                content_type=upload.content_type or "application/octet-stream",
            ),
        )
        for upload in form.files
    ]
    announced = form.text("attachments") or ""
    if announced.isascii() and announced.isdecimal() and announced != str(len(files)):
        # https://github.com/anymail/django-anymail/issues/272 (read 2026-11-30): files that were
        # nowhere in the form, which the raw mail has.
        defects.append("`attachments` is not the number of files")
    return compose_inbound(
        headers,
        text=texts.get("text"),
        html=texts.get("html"),
        files=received_files(files, form.text(CONTENT_IDS), defects, field=CONTENT_IDS),
    )


def _filename(described: object) -> str | None:
    """`filename`, or `name`: https://github.com/sendgrid/docs/issues/2017 (read 2026-11-30)."""
    if not isinstance(described, dict):
        return None
    given = described.get("filename") or described.get("name")
    return given if isinstance(given, str) else None


def _spf(text: str | None) -> str | None:
    found = _WORD.match((text or "").strip())
    return None if found is None else found[0].lower()


def _dkim(text: str | None) -> str | None:
    """The verdict on all signatures; None if they differ, since anybody can add one that passes."""
    found = {word.lower() for word in _DKIM.findall(text or "")}
    return found.pop() if len(found) == 1 else None


def _plain(form: Form) -> dict[str, object]:
    """The form without what `content` has: the mail, or its bodies."""
    return {name: each for name, each in form.to_dict().items() if name != _RAW}
