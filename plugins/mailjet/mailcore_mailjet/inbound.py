"""
Mail that Mailjet received, which it hands over taken apart.

_parse-api.md in https://github.com/mailjet/api-documentation/tree/master/guides (read 2026-11-30).
There is no raw mail, no id, no verdict on SPF or DKIM, and no time but the mail's own Date.
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.address import address_key
from mailcore.events import InboundEvent
from mailcore.inbound import ReceivedFile, compose_inbound, read_parameters, read_score
from mailcore.webhook import Fields, ReadOnlyJson, digest_of


_FILE = re.compile(r"(?:Inline)?Attachment\d{1,6}", re.ASCII)
_HEADERS = {name.lower(): name for name in ("From", "Subject")}


def parse_inbound(provider: str, payload: dict[str, Any]) -> InboundEvent:
    """
    Read a received mail: `content` is composed of its parts.

    Args:
        provider: The name that the provider has in the event.
        payload: The JSON that Mailjet posted.
    """
    fields = Fields(payload)
    headers = fields.within("Headers").pairs()
    present = {name.lower() for name, _ in headers}
    for key, name in _HEADERS.items():
        value = fields.text(name)
        if value is not None and key not in present:
            headers.append((name, value))
    recipient = fields.required("Recipient")
    identity = _identity(payload, headers)
    content = compose_inbound(
        headers,
        text=_body(fields, "Text-part"),
        html=_body(fields, "Html-part"),
        files=list(_files(fields)),
    )
    return InboundEvent(
        provider=provider,
        # A mail to two addresses is handed over for each of them.
        dedupe_key=f"{provider}:received:{identity}:{address_key(recipient or '')}",
        envelope_sender=fields.text("Sender"),
        envelope_recipients=() if recipient is None else (recipient,),
        subject=fields.text("Subject"),
        content=content,
        spam_score=read_score(fields.number("SpamAssassinScore")),
        defects=fields.distinct_defects,
        esp_event=ReadOnlyJson(payload),
    )


def _identity(payload: Mapping[str, Any], headers: list[tuple[str, str]]) -> str:
    """A digest of the Message-ID and the envelope; of everything if it has none."""
    message_id = next((value for name, value in headers if name.lower() == "message-id"), None)
    if not message_id:
        return digest_of(payload)
    return digest_of({"id": message_id, "sender": payload.get("Sender"), "at": payload.get("Date")})


def _body(fields: Fields, name: str) -> str | None:
    """An empty body is one: it was there."""
    value = fields.text(name)
    return "" if value is None and fields.document.get(name) == "" else value


def _files(fields: Fields) -> Iterator[ReceivedFile]:
    """The files in their order, described by their part; then those that no part names."""
    seen: set[str] = set()
    for part in fields.each("Parts"):
        reference = part.document.get("ContentRef")
        # Bodies have one as well, and multiparts have none.
        if type(reference) is str and _FILE.fullmatch(reference) and reference not in seen:
            seen.add(reference)
            yield _file(fields, reference, dict(part.within("Headers").pairs()))
    for name in fields.document:
        if _FILE.fullmatch(name) and name not in seen:
            fields.tell(name, "is in no part")
            yield _file(fields, name, {})


def _file(fields: Fields, name: str, headers: Mapping[str, str]) -> ReceivedFile:
    content = fields.document.get(name)
    if type(content) is not str:
        fields.tell(name, "is not a string")
        content = ""
    given = {key.lower(): value for key, value in headers.items()}
    content_type = given.get("content-type", "")
    disposition = _parameters(given.get("content-disposition", ""))
    content_id = given.get("content-id", "").strip("<> \t")
    return ReceivedFile(
        content_base64=content,
        filename=disposition.get("filename") or _parameters(content_type).get("name"),
        content_type=content_type or "application/octet-stream",
        content_id=content_id or None,
        inline=name.startswith("Inline"),
    )


def _parameters(value: str) -> Mapping[str, str]:
    return read_parameters(value.encode("utf-8", "replace")).parameters if value else {}
