"""The Mandrill provider passes the conformance suite."""

from __future__ import annotations

import base64
import hmac
import json

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from mailcore import Attachment, EventType, HttpRequest, HttpResponse, Message, WebhookRequest
from mailcore.mime import write_message
from mailcore.testing import Canary, Notice, ProviderSuite, token
from mailcore.testing.merge_checks import MergeChecks
from mailcore_mandrill import MandrillProvider
from mailcore_mandrill.errors import ERRORS, REFUSED_SENDERS
from mailcore_mandrill.event_map import OUTCOMES


API_KEY = "md-1nvented-api-key"
SIGNING_KEY = "1nvented-webhook-key"
URL = "https://hooks.example.com/mandrill/?shop=1"
NAMES = {outcome.event_type: name for name, outcome in OUTCOMES.items()}
STATUS_CODES = (400, 401, 402, 403, 404, 413, 422, 429, 500, 502, 503)
REASONS = ("hard-bounce", "soft-bounce", "spam", "unsub", "custom", "invalid", *REFUSED_SENDERS)


class TestMandrill(ProviderSuite):
    """``mandrill``."""

    secrets = (API_KEY, SIGNING_KEY)
    event_types = tuple(NAMES)
    recipient_kind = "type"

    def make_provider(self) -> MandrillProvider:
        return MandrillProvider(
            api_key=API_KEY,
            subaccount="shop",
            ip_pool="main",
            important=True,
            tracking_domain="track.example.com",
            google_analytics_domains=["example.com"],
            webhook_signing_keys=[SIGNING_KEY],
        )

    def make_receiver(self) -> MandrillProvider:
        return MandrillProvider(webhook_signing_keys=[SIGNING_KEY])

    def is_filled_in(self, request: HttpRequest) -> bool:
        return b"merge_vars" in request.body

    def canary(self, name: str, count: int = 1) -> Canary:
        made = super().canary(name, count)
        if name == "envelope_sender":
            # Its domain is what Mandrill takes.
            address = f"bounces@{token('envelope')}.example.com".lower()
            return Canary(fields={"envelope_sender": address}, tokens=(address.partition("@")[2],))
        return made

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        return answered(200, results(request, status="queued"))

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        for name in ERRORS:
            for status_code in (200, 404, 500):
                yield answered(status_code, error(name))
        for status_code in STATUS_CODES:
            yield answered(status_code, error("Unheard_Of"))
        for reason in REASONS:
            yield answered(200, results(request, status="rejected", reject_reason=reason))
        yield answered(200, results(request, status="invalid"))

    def refused_in_part(self) -> Iterable[Message]:
        to = ["ada@example.net", "bob@example.net"]
        plain = Message(from_email="shop@example.com", to=to, text="Hello")
        yield plain.replace(headers={"X-MC-Tags": "a", "X-Ours": "b"})
        yield plain.replace(merge_headers={to[0]: {"X-MC-Tags": "a", "To": to[1]}})
        yield plain.replace(
            attachments=[
                Attachment("a.png", b"a", "image/png", disposition="inline"),
                Attachment("b.pdf", b"b", "application/pdf", content_id="b@inline"),
            ]
        )
        yield plain.replace(metadata={"a": "b" * 300})
        yield plain.replace(merge_metadata={to[0]: {"a": "b" * 300}, to[1]: {"c": "d"}})

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        return [posted([event(notice) for notice in notices])]

    def unknown_webhook(self) -> WebhookRequest:
        about = {"_id": "m-1", "email": f"{token('to')}@example.net"}
        return posted([{"event": "teleport", "_id": "m-1", "ts": 1448000000, "msg": about}])

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        """With the raw mail, and without it: then of its parts."""
        parts = received(mail)
        raw = {**parts, "raw_msg": write_message(mail).decode("ascii")}
        return [
            posted([{"event": "inbound", "ts": 1448000000, "msg": message}])
            for message in (raw, parts)
        ]


class TestMandrillWithHandlebars(MergeChecks):
    """``mandrill``, whose texts have ``{{name}}``."""

    def make_provider(self) -> MandrillProvider:
        return MandrillProvider(api_key=API_KEY, merge_language="handlebars")

    def is_filled_in(self, request: HttpRequest) -> bool:
        return b"merge_vars" in request.body


def answered(status_code: int, document: object) -> HttpResponse:
    """An answer as Mandrill gives it."""
    return HttpResponse(
        status_code=status_code,
        headers={"content-type": "application/json; charset=utf-8"},
        body=json.dumps(document).encode(),
    )


def error(name: str) -> dict[str, Any]:
    """An error of that name."""
    return {"status": "error", "code": -1, "name": name, "message": "No."}


def results(request: HttpRequest, **fields: str) -> list[dict[str, Any]]:
    """An item for each recipient."""
    items: Mapping[str, Any] = {"reject_reason": None, "queued_reason": None, **fields}
    return [
        {"email": recipient["email"].lower(), "_id": f"m-{position}", **items}
        for position, recipient in enumerate(json.loads(request.body)["message"]["to"])
    ]


def posted(items: Sequence[Mapping[str, Any]]) -> WebhookRequest:
    """The events as Mandrill posts them, signed."""
    text = json.dumps(items)
    body = urlencode({"mandrill_events": text}).encode()
    signed = hmac.digest(SIGNING_KEY.encode(), f"{URL}mandrill_events{text}".encode(), "sha1")
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "x-mandrill-signature": base64.b64encode(signed).decode(),
    }
    return WebhookRequest("POST", headers, body, url=URL)


def event(notice: Notice) -> dict[str, Any]:
    """An event as Mandrill has it."""
    name = NAMES[notice.event_type]
    more: dict[str, Any] = {}
    if notice.event_type in (EventType.OPENED, EventType.CLICKED):
        more = {"ip": "192.0.2.7", "user_agent": "Mozilla/5.0", "location": None}
    if notice.event_type is EventType.CLICKED:
        more["url"] = "https://example.com/"
    return {
        "event": name,
        "_id": notice.message_id,
        "ts": 1448000000,
        "msg": {
            "_id": notice.message_id,
            "ts": 1447999999,
            "email": notice.recipient,
            "sender": "shop@example.com",
            "subject": "Hello",
            "state": "sent",
            "tags": list(notice.tags),
            "metadata": dict(notice.metadata),
            "template": None,
        },
        **more,
    }


def received(mail: Message) -> dict[str, Any]:
    """A received mail, taken apart."""
    headers: dict[str, Any] = dict(mail.headers.items_as_given())
    return {
        "email": mail.to[0].addr_spec,
        "headers": {
            "From": mail.from_email.format() if mail.from_email else "",
            "To": ", ".join(each.format() for each in mail.to),
            **({"Cc": ", ".join(each.format() for each in mail.cc)} if mail.cc else {}),
            "Subject": mail.subject,
            **headers,
        },
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "attachments": {part.filename: file(part) for part in mail.attachments if not part.inline},
        "images": {part.content_id: file(part) for part in mail.attachments if part.inline},
    }


def file(part: Attachment) -> dict[str, Any]:
    """A file of it."""
    return {
        "name": part.filename,
        "type": part.content_type,
        "content": base64.b64encode(part.content).decode(),
        "base64": True,
    }
