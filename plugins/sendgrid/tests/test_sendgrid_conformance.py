"""The SendGrid provider passes the conformance suite."""

from __future__ import annotations

import email
import email.policy
import json

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from mailcore import EventType, HttpRequest, HttpResponse, Message, WebhookRequest
from mailcore.http import FormFile, form_request
from mailcore.mime import write_message
from mailcore.testing import Notice
from mailcore.testing.canaries import RECIPIENT, Canary, token
from mailcore.testing.suite import ProviderSuite
from mailcore_sendgrid import SendGridProvider
from mailcore_sendgrid.answers import ID_HEADER


API_KEY = "SG.aW52ZW50ZWQ.c2VjcmV0c2VjcmV0"

REFUSALS: list[tuple[int, list[tuple[str, str | None]]]] = [
    (400, [("The from object must be provided.", "from")]),
    (400, [("Does not contain a valid address.", "personalizations.0.to.0.email")]),
    (400, [("The subject is required.", "subject"), ("The template_id is none.", "template_id")]),
    (400, [("Bad Request", None)]),
    (401, [("The provided authorization grant is invalid", None)]),
    (401, [("Maximum credits exceeded", None)]),
    (403, [("The from address does not match a verified Sender Identity.", "from")]),
    (403, [("access forbidden", None)]),
    (404, [("not found", None)]),
    (405, [("method not allowed", None)]),
    (406, [("not acceptable", None)]),
    (413, [("payload too large", None)]),
    (429, [("too many requests", None)]),
    (500, [("internal server error", None)]),
    (503, [("service unavailable", None)]),
]

EVENTS: dict[EventType, dict[str, Any]] = {
    EventType.DELIVERED: {"event": "delivered", "response": "250 OK"},
    EventType.BOUNCED: {
        "event": "bounce",
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 no such user",
    },
    EventType.COMPLAINED: {"event": "spamreport"},
    EventType.OPENED: {"event": "open", "ip": "192.0.2.1"},
    EventType.CLICKED: {"event": "click", "url": "https://example.com/"},
    EventType.DEFERRED: {"event": "deferred", "attempt": "5", "response": "451 later"},
    EventType.QUEUED: {"event": "processed"},
    EventType.UNSUBSCRIBED: {"event": "group_unsubscribe", "asm_group_id": 10},
}


class TestSendGrid(ProviderSuite):
    """``sendgrid``."""

    secrets = (API_KEY,)
    event_types = tuple(EVENTS)
    makes_message_ids = True

    @pytest.fixture(autouse=True)
    def _signing(self, signer: Any) -> None:
        self.signer = signer

    def make_provider(self) -> SendGridProvider:
        return SendGridProvider(
            api_key=API_KEY,
            webhook_verification_keys=[self.signer.public],
            ip_pool="transactional",
            unsubscribe_group=7,
            unsubscribe_groups_shown=[7, 8],
            bypass_spam_management=False,
            subscription_tracking=False,
        )

    def make_receiver(self) -> SendGridProvider:
        return SendGridProvider(webhook_verification_keys=[self.signer.public])

    def provider_at(self, base_url: str, timeout_seconds: float) -> SendGridProvider:
        return SendGridProvider(api_key=API_KEY, base_url=base_url, timeout_seconds=timeout_seconds)

    def is_filled_in(self, request: HttpRequest) -> bool:
        return b'"substitutions"' in request.body

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status_code=202, headers={ID_HEADER: "LRzXl_NHStOGhQ4kofSm_A"})

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        for status_code, faults in REFUSALS:
            errors = [{"message": words, "field": field} for words, field in faults]
            yield answer(status_code, {"errors": errors})
        echoed = [{"message": f"{request.recipients[0]} is wrong", "field": "personalizations"}]
        yield answer(400, {"errors": echoed})
        odd_ones: list[object] = [
            {"errors": "Bad Request"},
            {"errors": None},
            {"error": {"message": "No."}},
        ]
        for odd in odd_ones:
            yield answer(400, odd)

    def broken_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        yield from super().broken_responses(request)
        yield HttpResponse(status_code=202, headers={ID_HEADER: " "})
        yield HttpResponse(status_code=200, headers={ID_HEADER: "LRzXl_NHStOGhQ4kofSm_A"})
        body = json.dumps({"errors": [{"message": "Bad Request"}]}).encode()
        yield HttpResponse(status_code=202, headers={ID_HEADER: "LRzXl"}, body=body)

    def refused_in_part(self) -> Iterable[Message]:
        to = ["ada@example.net", "bob@example.net"]
        plain = Message(from_email="shop@example.com", to=to, subject="Hello", text="Hello")
        yield plain.replace(headers={"X-SMTPAPI": "{}", "X-A": "b"})
        yield plain.replace(headers={"X-SG-EID": "1"})
        yield plain.replace(merge_headers={to[0]: {"X-SMTPAPI": "{}"}})
        yield plain.replace(merge_headers={to[0]: {"To": "friends@example.org"}})
        yield plain.replace(tags=["plain", "größer"])
        yield plain.replace(metadata={"event": "sale", "order": "7"})
        yield plain.replace(metadata={"mailcore_id": "7"})
        yield plain.replace(metadata={"order": None})
        yield plain.replace(merge_metadata={to[1]: {"reason": "sale"}})
        stored = plain.replace(subject=None, text=None, template_id="d-1")
        yield stored.replace(alternatives=[("a", "text/calendar"), ("b", "text/x-amp-html")])

    def canary(self, name: str, count: int = 1) -> Canary:
        if name == "templates":
            # A dynamic one.
            text = f"d-{token(name)}"
            fields = {"template_id": text, "subject": None, "text": None, "html": None}
            return Canary(fields=fields, tokens=(text,))
        if name == "attachments":
            return super().canary(name, count)
        if name == "merge_global_data":
            canary = super().canary(name, count)
            key = canary.tokens[0]
            return Canary(
                fields={**canary.fields, "text": f"Dear {{{{{key}}}}}"}, tokens=canary.tokens
            )
        return super().canary(name, count)

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        items = [event_of(notice, position) for position, notice in enumerate(notices)]
        return [posted(self.signer, items)]

    def unknown_webhook(self) -> WebhookRequest:
        return posted(
            self.signer, [{"event": "teleported", "email": RECIPIENT, "timestamp": 1763712000}]
        )

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        return [posted_raw(self.signer, mail), posted_parts(self.signer, mail)]


def answer(status_code: int, document: object) -> HttpResponse:
    """An answer with a JSON body."""
    headers = {"content-type": "application/json"}
    body = json.dumps(document).encode()
    return HttpResponse(status_code=status_code, headers=headers, body=body)


def event_of(notice: Notice, position: int) -> dict[str, Any]:
    """The event as SendGrid posts it: custom arguments stand among its own fields."""
    return {
        "email": notice.recipient,
        "timestamp": 1763712000 + position,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "sg_event_id": f"event-{position}",
        "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-1",
        "category": list(notice.tags),
        "mailcore_id": notice.message_id,
        **{key: str(value) for key, value in notice.metadata.items()},
        **EVENTS[notice.event_type],
    }


def posted(signer: Any, items: Sequence[Mapping[str, Any]]) -> WebhookRequest:
    """The events as SendGrid posts them, signed."""
    request: WebhookRequest = signer.signed(
        json.dumps(items).encode() + b"\r\n", "application/json"
    )
    return request


def envelope_of(mail: Message) -> str:
    """The envelope of a mail, as SendGrid writes it."""
    assert mail.from_email is not None
    to = [address.addr_spec for address in mail.to]
    return json.dumps({"to": to, "from": mail.from_email.addr_spec})


def posted_raw(signer: Any, mail: Message) -> WebhookRequest:
    """A mail as SendGrid posts it as it came."""
    fields = [
        ("email", write_message(mail).decode("ascii")),
        ("envelope", envelope_of(mail)),
        ("subject", mail.subject or ""),
        ("spam_score", "0.011"),
    ]
    return signed_form(signer, fields)


def posted_parts(signer: Any, mail: Message) -> WebhookRequest:
    """A mail as SendGrid posts it taken apart."""
    data = write_message(mail)
    parsed = email.message_from_bytes(data, policy=email.policy.compat32)
    headers = "".join(f"{name}: {value}\n" for name, value in parsed.items())
    names = {part: f"attachment{number}" for number, part in enumerate(mail.attachments, 1)}
    described = {
        name: {"filename": part.filename, "name": part.filename, "type": part.mime_type}
        for part, name in names.items()
    }
    ids = {part.content_id: name for part, name in names.items() if part.content_id}
    texts = {"to", "subject", "from", "text", "html", "filename"}
    fields = [
        ("headers", headers),
        ("dkim", "{@example.com : pass}"),
        ("to", str(mail.to[0])),
        ("from", str(mail.from_email)),
        ("subject", mail.subject or ""),
        ("text", mail.text or ""),
        ("html", mail.html or ""),
        ("sender_ip", "192.0.2.1"),
        ("envelope", envelope_of(mail)),
        ("attachments", str(len(names))),
        ("attachment-info", json.dumps(described)),
        ("content-ids", json.dumps(ids)),
        ("charsets", json.dumps(dict.fromkeys(sorted(texts), "UTF-8"))),
        ("SPF", "pass"),
    ]
    files = [
        FormFile(
            name=name,
            filename=part.filename or "",
            content=part.content,
            content_type=part.content_type,
        )
        for part, name in names.items()
    ]
    return signed_form(signer, fields, files)


def signed_form(
    signer: Any, fields: Sequence[tuple[str, str]], files: Sequence[FormFile] = ()
) -> WebhookRequest:
    """A form as SendGrid posts it, signed."""
    request = form_request("https://example.com/", fields, files, headers={}, multipart=True)
    signed: WebhookRequest = signer.signed(request.body, request.headers["Content-Type"])
    return signed
