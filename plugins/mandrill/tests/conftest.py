"""What the test modules share: answers of Mandrill, and requests that it signed."""

from __future__ import annotations

import base64
import hmac
import json

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from mailcore import HttpResponse, WebhookRequest


URL = "https://hooks.example.com/mandrill"
KEY = "1nvented-webhook-key"


@pytest.fixture
def answer() -> Callable[..., HttpResponse]:
    """``answer(status_code, document)``: an answer in JSON."""

    def make(status_code: int, document: object, **headers: str) -> HttpResponse:
        return HttpResponse(
            status_code=status_code,
            headers={"content-type": "application/json; charset=utf-8", **headers},
            body=json.dumps(document).encode(),
        )

    return make


@pytest.fixture
def sign() -> Callable[..., WebhookRequest]:
    """
    ``sign(events)``: a request as Mandrill makes it, whatever the events are.

    By https://mandrill.zendesk.com/hc/en-us/articles/360039232513 (read 2026-11-30), written for
    the tests: Mailchimp's own clients have no verifier to compare with.
    """

    def make(
        events: object,
        *,
        key: str = KEY,
        signed_url: str = URL,
        url: str = URL,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WebhookRequest:
        text = events if isinstance(events, str) else json.dumps(events)
        posted: dict[str, str] = {"mandrill_events": text, **(fields or {})}
        signed = signed_url + "".join(name + posted[name] for name in sorted(posted))
        digest = hmac.new(key.encode("ascii"), signed.encode(), "sha1").digest()
        sent: dict[str, Any] = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Mandrill-Signature": base64.b64encode(digest).decode(),
            **(headers or {}),
        }
        return WebhookRequest("POST", sent, urlencode(posted).encode(), url)

    return make
