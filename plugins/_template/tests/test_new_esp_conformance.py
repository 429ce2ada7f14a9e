"""The New ESP provider passes the conformance suite."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mailcore import HttpRequest, HttpResponse, Message, WebhookRequest
from mailcore.mime import write_message
from mailcore.testing import Notice, ProviderSuite, token
from mailcore_new_esp import NewEspProvider
from mailcore_new_esp.errors import ERRORS
from mailcore_new_esp.event_map import OUTCOMES


SECRET = "wh-1nvented"
NAMES = {outcome.event_type: name for name, outcome in OUTCOMES.items()}
STATUS_CODES = (400, 401, 403, 404, 413, 422, 429, 500, 502, 503)


class TestNewEsp(ProviderSuite):
    """``new-esp``."""

    secrets = ("key-1nvented", SECRET)
    event_types = tuple(NAMES)

    def make_provider(self) -> NewEspProvider:
        return NewEspProvider(
            api_key="key-1nvented",
            webhook_secrets=[SECRET],
        )

    def make_receiver(self) -> NewEspProvider:
        return NewEspProvider(webhook_secrets=[SECRET])

    def is_filled_in(self, request: HttpRequest) -> bool:
        return b'"variables"' in request.body

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        items = [
            {"email": address, "status": "queued", "message_id": f"m-{position}"}
            for position, address in enumerate(request.recipients)
        ]
        return answer(202, {"recipients": items})

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        for code in ERRORS:
            yield answer(422, {"error": {"code": code, "message": "No."}})
        for status_code in STATUS_CODES:
            yield answer(status_code, {"error": {"code": "new", "message": "No."}})
        for status in ("suppressed", "invalid", "deferred"):
            items = [{"email": address, "status": status} for address in request.recipients]
            yield answer(202, {"recipients": items})

    def refused_in_part(self) -> Iterable[Message]:
        yield Message(
            from_email="shop@example.com",
            to=["ada@example.net"],
            text="Hello",
            headers={"x-new-esp-Pool": "fast"},
        )

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        items = [
            {
                "id": f"e-{position}",
                "type": NAMES[notice.event_type],
                "email": notice.recipient,
                "message_id": notice.message_id,
                "occurred_at": "2026-11-20T09:15:04.318Z",
                "tags": list(notice.tags),
                "metadata": dict(notice.metadata),
            }
            for position, notice in enumerate(notices)
        ]
        return [posted(items)]

    def unknown_webhook(self) -> WebhookRequest:
        return posted([{"type": "teleported", "email": f"{token('to')}@example.net"}])

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        item = {
            "id": "e-1",
            "type": "received",
            "rcpt_to": list(mail.recipients),
            "subject": mail.subject,
            "raw": base64.b64encode(write_message(mail)).decode("ascii"),
        }
        return [posted([item])]


def answer(status_code: int, body: object) -> HttpResponse:
    """An answer of the service."""
    headers = {"content-type": "application/json"}
    return HttpResponse(
        status_code=status_code,
        headers=headers,
        body=json.dumps(body).encode(),
    )


def posted(items: Sequence[Mapping[str, Any]]) -> WebhookRequest:
    """The events as the service posts them, signed."""
    made_at = str(int(time.time()))
    body = json.dumps({"events": items}).encode()
    signed = made_at.encode() + b"." + body
    signature = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    headers = {"X-Webhook-Signature": signature, "X-Webhook-Timestamp": made_at}
    return WebhookRequest("POST", headers, body)
