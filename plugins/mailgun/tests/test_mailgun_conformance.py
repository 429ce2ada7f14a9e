"""The Mailgun provider passes the conformance suite."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import hashlib
import hmac
import json
import re
import time

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from mailcore import EventType, HttpRequest, HttpResponse, Message, WebhookRequest
from mailcore.flow import Transport
from mailcore.http import FormFile, form_request
from mailcore.mime import write_message
from mailcore.testing import Notice
from mailcore.testing.canaries import RECIPIENT, Canary, token
from mailcore.testing.inbound_checks import received_mail
from mailcore.testing.suite import ProviderSuite
from mailcore_mailgun import MailgunProvider


STORED_AT = "https://storage-us-east4.api.mailgun.net/v3/domains/example.com/messages/BAABAAW4bQ"
API_KEY = "key-c2VjcmV0c2VjcmV0"
SIGNING_KEY = "signing-key-aW52ZW50ZWQ"

REFUSALS = [
    (400, {"message": "'to' parameter is not a valid address. please check documentation"}),
    (400, {"message": "'from' parameter is missing"}),
    (400, {"message": "Domain example.com is not allowed to send: recipient limit exceeded"}),
    (401, "Forbidden"),
    (402, {"message": "Request failed"}),
    (403, {"message": "Domain example.com is not allowed to send: Account disabled"}),
    (404, {"message": "Domain not found: example.com"}),
    (413, "Request Entity Too Large"),
    (429, {"message": "Too many requests"}),
    (500, {"message": "Internal Server Error"}),
    (503, "Service Unavailable"),
    (504, "Gateway Time-out"),
]


class TestMailgun(ProviderSuite):
    """``mailgun``."""

    secrets = (API_KEY, SIGNING_KEY)
    webhook_body_is_signed = False
    event_types = (
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.COMPLAINED,
        EventType.OPENED,
        EventType.CLICKED,
    )

    def make_provider(self) -> MailgunProvider:
        return MailgunProvider(
            api_key=API_KEY,
            webhook_signing_keys=[SIGNING_KEY],
            test_mode=True,
            tracking_clicks="htmlonly",
            suppress_headers=["X-Mailgun-Variables"],
        )

    def make_receiver(self) -> MailgunProvider:
        return MailgunProvider(webhook_signing_keys=[SIGNING_KEY])

    def provider_at(self, base_url: str, timeout_seconds: float) -> MailgunProvider:
        return MailgunProvider(api_key=API_KEY, base_url=base_url, timeout_seconds=timeout_seconds)

    def is_filled_in(self, request: HttpRequest) -> bool:
        return b"recipient-variables" in request.body

    def make_suppressions(self):
        """Each domain has its own."""
        provider = MailgunProvider(api_key=API_KEY, sender_domain="example.com")
        return provider.suppressions()

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        return answer(200, {"id": "<20261121.1@example.com>", "message": "Queued. Thank you."})

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        for status_code, body in REFUSALS:
            yield answer(status_code, body)
        echoed = f"'to' parameter is not a valid address: {request.recipients[0]}"
        yield answer(400, {"message": echoed})

    def broken_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        yield from super().broken_responses(request)
        for body in (
            {"message": "Queued. Thank you."},
            {"id": None, "message": "Queued. Thank you."},
            {"id": "<>", "message": "Queued. Thank you."},
            {"id": 7, "message": "Queued. Thank you."},
            {"id": "<a@example.com>"},
            {"id": "<a@example.com>", "message": ["Queued"]},
            {"id": "<a@example.com>", "message": "Not so fast"},
        ):
            yield answer(200, body)

    def canary(self, name: str, count: int = 1) -> Canary:
        if name == "envelope_sender":
            # Its domain is what counts.
            domain = f"{token(name)}.example.com"
            return Canary(fields={name: f"bounces@{domain}"}, tokens=(domain,))
        if name == "merge_global_data":
            key, value = token(f"{name} key"), token(f"{name} value")
            html = f"<p>%recipient.{key}%</p>"
            return Canary(fields={name: {key: value}, "html": html}, tokens=(f"<p>{value}</p>",))
        if name == "template_sender":
            fields = super().canary(name, count).fields
            extra = {"mailgun": {"sender_domain": "mg.example.com"}}
            return Canary(fields={**fields, "esp_extra": extra}, tokens=("mg.example.com",))
        return super().canary(name, count)

    def refused_in_part(self) -> Iterable[Message]:
        to = ["ada@example.net", "bob@example.net"]
        plain = Message(from_email="shop@example.com", to=to, text="Hello")
        yield plain.replace(headers={"X-Mailgun-Tag": "a", "X-A": "b"})
        yield plain.replace(merge_headers={to[0]: {"X-Mailgun-Drop-Message": "yes"}})
        stored = plain.replace(text=None, template_id="t", merge_data={to[0]: {"name": "Ada"}})
        yield stored.replace(headers={"To": "friends@example.org"})
        yield stored.replace(merge_headers={to[0]: {"To": "friends@example.org"}})
        yield stored.replace(alternatives=[("a", "text/calendar"), ("b", "text/x-amp-html")])
        yield stored.replace(metadata={"name": "INTERNAL", "order": "7"})
        yield stored.replace(merge_metadata={to[1]: {"name": "INTERNAL"}})

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        return [posted(event_data(notice, position)) for position, notice in enumerate(notices)]

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        (recipient,) = mail.to
        assert mail.from_email is not None
        routed = {
            "recipient": recipient.addr_spec,
            "sender": mail.from_email.addr_spec,
            "from": mail.from_email.format(),
            "subject": mail.subject or "",
        }
        data = write_message(mail)
        raw = {**routed, "body-mime": data.decode("ascii")}
        stored = {**routed, "message-headers": header_list(data), "message-url": STORED_AT}
        return [posted_form(raw), posted_parts(routed, mail, data), posted_form(stored)]

    def webhook_transport(self) -> Transport:
        return Storage()

    def forged_webhooks(
        self, request: WebhookRequest, recipient: str
    ) -> Iterable[tuple[str, WebhookRequest]]:
        # The signature covers timestamp and token; by itself it protects nothing else.
        other = f"x{recipient[1:]}".encode()
        body = request.body.replace(recipient.encode(), other)
        body = body.replace(recipient.replace("@", "%40").encode(), other.replace(b"@", b"%40"))
        for name, pattern, replacement in FORGERIES:
            forged, count = re.subn(pattern, replacement, body, count=1)
            assert count == 1, name
            yield name, dataclasses.replace(request, body=forged)

    def unknown_webhook(self) -> WebhookRequest:
        return posted(
            {
                "event": "teleported",
                "id": "teleport-1",
                "timestamp": 1763712000.5,
                "recipient": f"{token('to')}@example.net",
                "message": {"headers": {"message-id": "20261121.1@example.com"}},
            }
        )


def answer(status_code: int, body: object) -> HttpResponse:
    """An answer: JSON, or a text as it is."""
    if isinstance(body, str):
        headers = {"content-type": "text/plain"}
        return HttpResponse(status_code=status_code, headers=headers, body=body.encode())
    headers = {"content-type": "application/json"}
    return HttpResponse(status_code=status_code, headers=headers, body=json.dumps(body).encode())


# What stands before a value: in JSON, in a form, in a form with files.
BEFORE = r'("{0}": ?"|\b{0}=|name="{0}"\r\n\r\n)'
NAME = r'\b{0}(?=": ?"|=|"\r\n\r\n)'
FORGERIES = [
    (
        f"{name} {value!r}",
        f"{BEFORE.format(name)}[0-9a-f]+".encode(),
        rb"\g<1>" + value.encode(),
    )
    for name, value in (
        ("token", "0" * 50),
        ("timestamp", str(int(time.time()) - 1)),
        ("signature", "0" * 64),
        ("signature", hmac.new(b"another", b"x", hashlib.sha256).hexdigest()),
        ("signature", ""),
    )
]
FORGERIES += [
    (f"no {name}", NAME.format(name).encode(), b"nothing")
    for name in ("token", "timestamp", "signature")
]


EVENTS: dict[EventType, dict[str, Any]] = {
    EventType.DELIVERED: {"event": "delivered", "delivery-status": {"code": 250}},
    EventType.BOUNCED: {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "delivery-status": {"code": 550, "message": "5.1.1 no such user"},
    },
    EventType.COMPLAINED: {"event": "complained"},
    EventType.OPENED: {"event": "opened", "ip": "192.0.2.1"},
    EventType.CLICKED: {"event": "clicked", "url": "https://example.com/"},
}


def event_data(notice: Notice, position: int) -> dict[str, Any]:
    """The event of a webhook."""
    return {
        "id": f"event-{position}",
        "timestamp": 1763712000.5,
        "recipient": notice.recipient,
        "tags": list(notice.tags),
        "user-variables": dict(notice.metadata),
        "message": {"headers": {"message-id": notice.message_id.strip("<>")}},
        **EVENTS[notice.event_type],
    }


def signed(about: bytes) -> dict[str, str]:
    """A signature by the webhook signing key."""
    timestamp, name = str(int(time.time())), hashlib.sha256(about).hexdigest()[:50]
    signature = hmac.new(SIGNING_KEY.encode(), f"{timestamp}{name}".encode(), hashlib.sha256)
    return {"timestamp": timestamp, "token": name, "signature": signature.hexdigest()}


def posted(event: dict[str, Any]) -> WebhookRequest:
    """The event as Mailgun posts it."""
    body = {"signature": signed(json.dumps(event).encode()), "event-data": event}
    headers = {"content-type": "application/json"}
    return WebhookRequest("POST", headers, json.dumps(body).encode())


def posted_form(fields: Mapping[str, str]) -> WebhookRequest:
    """The fields as Mailgun posts them."""
    body = urlencode({**fields, **signed(repr(fields).encode())}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return WebhookRequest("POST", headers, body)


def posted_parts(routed: Mapping[str, str], mail: Message, data: bytes) -> WebhookRequest:
    """A mail as Mailgun posts it when it has taken it apart."""
    names = {part: f"attachment-{number}" for number, part in enumerate(mail.attachments, 1)}
    fields = {
        **routed,
        **signed(data),
        "body-plain": mail.text or "",
        "body-html": mail.html or "",
        "message-headers": header_list(data),
        "attachment-count": str(len(names)),
        "content-id-map": json.dumps(
            {f"<{part.content_id}>": name for part, name in names.items() if part.content_id}
        ),
    }
    files = [
        FormFile(
            name=name,
            filename=part.filename or "",
            content=part.content,
            content_type=part.content_type,
        )
        for part, name in names.items()
    ]
    request = form_request("https://example.com/", fields.items(), files, headers={})
    content_type = request.headers["Content-Type"]
    return WebhookRequest("POST", {"content-type": content_type}, request.body)


def header_list(data: bytes) -> str:
    """The header of a mail as Mailgun lists it: decoded pairs."""
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    return json.dumps([[name, str(value)] for name, value in parsed.items()])


class Storage:
    """Where Mailgun keeps the mail."""

    def exchange(self, request: HttpRequest) -> HttpResponse:
        wanted = ("GET", STORED_AT, "message/rfc2822")
        if wanted != (request.method, request.url, request.headers.get("Accept")):
            return answer(404, {"message": "Message not found"})
        mail = write_message(
            received_mail(),
            boundary="stored",
            message_id="<stored@example.com>",
            date=datetime(2026, 11, 21, tzinfo=timezone.utc),
        )
        return answer(200, {"body-mime": mail.decode("ascii")})

    def close(self) -> None:
        """Nothing is open."""


def test_recipient_of_the_canaries_is_known():
    """Canaries of batches name a recipient that the plain message has."""
    assert f"{token('to')}@example.net" == RECIPIENT
