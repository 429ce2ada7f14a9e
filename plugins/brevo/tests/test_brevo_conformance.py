"""The Brevo provider passes the conformance suite."""

from __future__ import annotations

import json

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote

from mailcore import EventType, HttpRequest, HttpResponse, Message, WebhookRequest
from mailcore.flow import Transport
from mailcore.http import basic_authorization
from mailcore.mime import write_message
from mailcore.testing import Notice
from mailcore.testing.canaries import Canary
from mailcore.testing.suite import ProviderSuite
from mailcore_brevo import BrevoProvider
from mailcore_brevo.errors import BY_CODE, DUPLICATE
from mailcore_brevo.payload.call import BrevoRequest


KEY = "xkeysib-0123456789abcdef-invented"
USER, PASSWORD = "hook", "invented-webhook-password"

STATUSES = {
    "unauthorized": 401,
    "not_enough_credits": 402,
    "permission_denied": 403,
    "document_not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "unprocessable_entity": 422,
}


class TestBrevo(ProviderSuite):
    """``brevo``."""

    secrets = (KEY,)
    webhook_body_is_signed = False
    event_types = (
        EventType.QUEUED,
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.COMPLAINED,
        EventType.OPENED,
        EventType.CLICKED,
        EventType.UNSUBSCRIBED,
    )

    def make_provider(self) -> BrevoProvider:
        return BrevoProvider(
            api_key=KEY,
            sandbox=True,
            sender_ip="192.0.2.7",
            batch_id="5c6cfa04-eed9-42c2-8b5c-6d470d978e9d",
            pixel_tracking_consent=True,
            webhook_secrets=[f"{USER}:{PASSWORD}"],
        )

    def make_receiver(self) -> BrevoProvider:
        # Files of received mail need the key, which is no option of receiving events.
        return BrevoProvider(webhook_secrets=[f"{USER}:{PASSWORD}"])

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        versions = request.versions if isinstance(request, BrevoRequest) else 0
        ids = [f"<20261130.{n}@smtp-relay.mailin.fr>" for n in range(max(versions, 1))]
        scheduled = "scheduledAt" in json.loads(request.body)
        document = {"messageIds": ids} if versions else {"messageId": ids[0]}
        return answered(202 if scheduled else 201, document)

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        for code in BY_CODE.keys() - {DUPLICATE}:
            yield answered(STATUSES.get(code, 400), {"code": code, "message": "No."})
        yield answered(429, {"code": "bad_request", "message": "Too many"})
        yield answered(400, {"code": "Invalid headers", "message": "a sentence as code"})
        yield HttpResponse(status_code=500, body=b"")

    def repeated_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        yield answered(400, {"code": DUPLICATE, "message": "idempotencyKey was used"})

    def canary(self, name: str, count: int = 1) -> Canary:
        made = super().canary(name, count)
        if name in ("templates", "template_sender"):
            # Brevo's templates have numbers.
            fields = {**made.fields, "template_id": "7012345678"}
            return Canary(fields=fields, tokens=("7012345678",))
        if name == "idempotency_key":
            key = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
            return Canary(fields={"idempotency_key": key}, tokens=(key,))
        return made

    def refused_in_part(self) -> Iterable[Message]:
        to = ["ada@example.net", "bob@example.net"]
        plain = Message(from_email="shop@example.com", to=to, subject="Hi", text="Hello")
        yield plain.replace(
            headers={"X-Mailin-Tag": "a", "Date": "Mon, 30 Nov 2026 08:00:00 +0000", "X-A": "ä"}
        )
        yield plain.replace(merge_headers={to[0]: {"X-Sib-Sandbox": "drop", "To": to[1]}})
        yield plain.replace(merge_headers={to[0]: {"X-A": "ä", "Reply-To": "a@b.cd, e@f.gh"}})

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        return [posted(record(notice)) for notice in notices]

    def unknown_webhook(self) -> WebhookRequest:
        return posted({"event": "teleported", "email": "ada@example.net", "ts_event": 1796028061})

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        return [posted({"items": [received(mail)]})]

    def webhook_transport(self) -> Transport:
        return InboundFiles()

    def is_filled_in(self, request: HttpRequest) -> bool:
        document = json.loads(request.body)
        versions = document.get("messageVersions", [])
        return any("params" in each for each in (document, *versions))


def answered(status_code: int, document: object) -> HttpResponse:
    """An answer as Brevo gives it."""
    return HttpResponse(
        status_code=status_code,
        headers={"content-type": "application/json"},
        body=json.dumps(document).encode(),
    )


def posted(document: object) -> WebhookRequest:
    """A webhook request with the credentials."""
    headers = {
        "authorization": basic_authorization(USER, PASSWORD),
        "content-type": "application/json",
    }
    return WebhookRequest("POST", headers, json.dumps(document).encode())


_EVENTS = {
    EventType.QUEUED: {"event": "request"},
    EventType.DELIVERED: {"event": "delivered", "reason": "sent"},
    EventType.BOUNCED: {
        "event": "hard_bounce",
        "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
    },
    EventType.COMPLAINED: {"event": "spam"},
    EventType.OPENED: {"event": "unique_opened", "user_agent": "Mozilla/5.0"},
    EventType.CLICKED: {"event": "click", "link": "https://example.com/"},
    EventType.UNSUBSCRIBED: {"event": "unsubscribed"},
}


# https://developers.brevo.com/docs/transactional-webhooks (as of 2026-11-30).
def record(notice: Notice) -> dict[str, Any]:
    """The webhook for something that happened."""
    document = {
        "id": 26224,
        "email": notice.recipient,
        "message-id": notice.message_id,
        "date": "2026-11-30 13:41:01",
        "ts": 1796042461,
        "ts_event": 1796042461,
        "ts_epoch": 1796042461123,
        "subject": "Hi",
        "sending_ip": "192.0.2.7",
        **_EVENTS[notice.event_type],
    }
    if notice.tags:
        document["tags"] = list(notice.tags)
        document["tag"] = json.dumps(list(notice.tags))
    if notice.metadata:
        document["X-Mailin-custom"] = json.dumps(dict(notice.metadata))
    return document


_FILES: dict[str, tuple[bytes, str]] = {}


# https://developers.brevo.com/docs/inbound-parse-webhooks (as of 2026-11-30).
def received(mail: Message) -> dict[str, Any]:
    """An item of the webhook for a mail that arrived; its files can be had of `InboundFiles`."""
    head = write_message(mail).partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ")
    headers: dict[str, Any] = {
        "Return-Path": f"<{mail.from_email.addr_spec}>",
        "Delivered-To": mail.to[0].addr_spec,
    }
    for line in head.split("\r\n"):
        name, _, value = line.partition(": ")
        headers[name] = value
    files = []
    for number, part in enumerate(mail.attachments):
        token = f"token/{number}=="
        _FILES[token] = (part.content, part.content_type)
        files.append(
            {
                "Name": part.filename,
                "ContentType": part.mime_type,
                "ContentLength": len(part.content),
                "ContentID": part.content_id or "",
                "DownloadToken": token,
            }
        )
    return {
        "Uuid": ["8d79f2e0-20b1-4f7d-bd17-b6f3b3a9c0c4"],
        "MessageId": "<7@example.com>",
        "InReplyTo": None,
        "From": {"Name": mail.from_email.display_name, "Address": mail.from_email.addr_spec},
        "To": [{"Name": each.display_name, "Address": each.addr_spec} for each in mail.to],
        "Recipients": [mail.to[0].addr_spec],
        "Cc": [{"Name": each.display_name, "Address": each.addr_spec} for each in mail.cc],
        "ReplyTo": None,
        "SentAtDate": "Mon, 30 Nov 2026 12:41:01 +0000",
        "Subject": mail.subject,
        "Attachments": files,
        "Headers": headers,
        "SpamScore": 2.8,
        "ExtractedMarkdownMessage": "Hello",
        "ExtractedMarkdownSignature": None,
        "RawHtmlBody": mail.html,
        "RawTextBody": mail.text,
    }


class InboundFiles:
    """A transport that has the files of received mails."""

    def exchange(self, request: HttpRequest) -> HttpResponse:
        """The file of a token."""
        assert request.headers["api-key"] == KEY
        token = unquote(request.url.rpartition("/")[2])
        if token not in _FILES:
            return answered(404, {"code": "document_not_found", "message": "not found"})
        content, content_type = _FILES[token]
        return HttpResponse(status_code=200, headers={"content-type": content_type}, body=content)

    async def aexchange(self, request: HttpRequest) -> HttpResponse:
        """As `exchange`."""
        return self.exchange(request)

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""
