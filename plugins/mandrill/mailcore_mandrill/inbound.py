"""
Mail that Mandrill received.

https://mandrill.zendesk.com/hc/en-us/articles/360039234813 (read 2026-11-30): as it came, and taken
apart beside that. Nothing tells who the envelope's sender was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mailcore.address import address_key
from mailcore.events import InboundEvent
from mailcore.webhook import Fields, ReadOnlyJson, parse_epoch


if TYPE_CHECKING:
    from mailcore.inbound import ReceivedFile


INBOUND = "inbound"
"""The name of the event."""

MAX_WEBHOOK_BODY_BYTES = 128 * 1024 * 1024
"""
A mail stands in it twice, in JSON within a form. Mandrill does not say how large received mail may
be.
"""


def parse_inbound(provider: str, item: dict[str, Any], fields: Fields) -> InboundEvent:
    """
    Read a received mail: the raw one, or one composed of its parts where that is missing.

    Args:
        provider: The name that the provider has in the event.
        item: The event, as Mandrill posted it.
        fields: The same, read with what is wrong with it told.
    """
    message = fields.within("msg")
    recipient = message.required("email")
    raw = message.text("raw_msg")
    if raw is None:
        fields.tell("msg.raw_msg", "is missing: the mail is composed of its parts")
    headers = message.within("headers").pairs()
    content = _composed(message, headers) if raw is None else raw.encode("utf-8", "replace")
    digest = sha256(content).hexdigest()[:16]
    return InboundEvent(
        provider=provider,
        timestamp=fields.time("ts", parse_epoch),
        message_id=next((value for name, value in headers if name.lower() == "message-id"), None),
        # A mail to two addresses is handed over for each of them.
        dedupe_key=f"{provider}:received:{digest}:{address_key(recipient or '')}",
        envelope_recipients=() if recipient is None else (recipient,),
        subject=message.text("subject"),
        content=content,
        spam_score=_score(message.within("spam_report").document.get("score")),
        spf=message.within("spf").text("result"),
        dkim=_dkim(message.within("dkim")),
        defects=fields.distinct_defects,
        esp_event=ReadOnlyJson(item),
    )


def _score(value: object) -> float | None:
    return float(value) if type(value) is int or type(value) is float else None


def _dkim(verdict: Fields) -> str | None:
    signed, valid = verdict.flag("signed"), verdict.flag("valid")
    if signed is None:
        return None
    return "none" if not signed else "pass" if valid else "fail"


def _composed(message: Fields, headers: list[tuple[str, str]]) -> bytes:
    # It loads much that those who only send and track need not have.
    from mailcore.inbound import compose_inbound

    return compose_inbound(
        headers,
        text=message.text("text"),
        html=message.text("html"),
        files=[*_files(message, "attachments"), *_files(message, "images")],
    )


def _files(message: Fields, name: str) -> Iterator[ReceivedFile]:
    from mailcore.inbound import ReceivedFile

    is_image = name == "images"
    html = message.text("html") or ""
    for key, given in message.within(name).document.items():
        if type(given) is not dict:
            message.tell(name, "has what is no file")
            continue
        file: Mapping[str, Any] = given
        content, named = file.get("content"), file.get("name")
        text = content if type(content) is str else ""
        if type(content) is not str:
            message.tell(name, "has one without content")
        filename = named if type(named) is str and named else key
        # One of the two is its Content-ID: which, its name or its key, tells the HTML.
        content_id = filename if f"cid:{filename}" in html else key
        # Pictures have no flag, and are in base64 always.
        is_base64 = is_image or file.get("base64") is True
        kind = file.get("type")
        yield ReceivedFile(
            content=None if is_base64 else text.encode("utf-8", "replace"),
            content_base64=text if is_base64 else "",
            filename=filename,
            content_type=kind if type(kind) is str else "application/octet-stream",
            content_id=content_id.strip("<> ") or None if is_image else None,
            inline=is_image,
        )
