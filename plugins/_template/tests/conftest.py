"""What several test modules share; they do not import each other."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mailcore import WebhookRequest
from mailcore_new_esp import NewEspProvider


Sign = Callable[..., WebhookRequest]


@pytest.fixture(name="provider")
def _provider() -> NewEspProvider:
    """The provider, with two secrets for webhooks."""
    return NewEspProvider(
        api_key="key-1nvented",
        webhook_secrets=["0ld-secret", "n3w-secret"],
    )


@pytest.fixture(name="sign")
def _sign() -> Sign:
    """Make a request as the service would: ``sign(items, secret=..., made_at=...)``."""

    def sign(
        items: Sequence[Any],
        *,
        secret: str = "n3w-secret",
        made_at: float | None = None,
    ) -> WebhookRequest:
        moment = str(int(time.time() if made_at is None else made_at))
        body = json.dumps({"events": items}).encode()
        signed = moment.encode() + b"." + body
        signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        headers = {"X-Webhook-Signature": signature, "X-Webhook-Timestamp": moment}
        return WebhookRequest("POST", headers, body)

    return sign
