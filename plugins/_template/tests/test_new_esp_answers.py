"""What the service answers, and what callers see of it."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import pytest

from mailcore import (
    AuthenticationFailed,
    HttpResponse,
    Mailer,
    Message,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    SendResult,
    SendStatus,
    UnexpectedResponse,
)
from mailcore.testing import Script
from mailcore_new_esp import NewEspProvider


MESSAGE = Message(
    from_email="shop@example.com",
    to=["ada@example.net", "bob@example.net"],
    text="Hello",
)


def sent(provider: NewEspProvider, response: HttpResponse) -> SendResult:
    """Send the message to a service that answers so."""
    return Mailer(provider, transport=Script([response])).send(MESSAGE)


def answer(status_code: int, body: object, **headers: str) -> HttpResponse:
    """An answer in JSON."""
    return HttpResponse(
        status_code=status_code,
        headers={"content-type": "application/json", **headers},
        body=json.dumps(body).encode(),
    )


def test_each_recipient_has_a_status(provider: NewEspProvider) -> None:
    """One recipient may be refused, the other is sent to; each has an id of its own."""
    items = [
        {"email": "ada@example.net", "status": "queued", "message_id": "m-1"},
        {"email": "bob@example.net", "status": "suppressed", "reason": "bounced before"},
    ]

    result = sent(provider, answer(202, {"recipients": items}))

    ada, bob = (result.recipients[address] for address in MESSAGE.recipients)
    assert (SendStatus.QUEUED, "m-1") == (ada.status, ada.message_id)
    assert (SendStatus.REJECTED, "bounced before") == (bob.status, bob.detail)
    assert not bob.retryable


@pytest.mark.parametrize(
    ("status_code", "code", "expected"),
    [
        (401, "invalid_key", (AuthenticationFailed, "authentication", False)),
        (403, "account_suspended", (AuthenticationFailed, "account_suspended", False)),
        (422, "sender_not_verified", (MessageRejected, "sender_not_verified", False)),
        (422, "template_not_found", (MessageRejected, "template_not_found", False)),
        (422, "unheard_of", (MessageRejected, "message_rejected", False)),
        (413, "too_large", (MessageRejected, "too_large", False)),
        (429, "too_many_requests", (RateLimited, "rate_limited", True)),
        (429, "daily_quota", (QuotaExceeded, "daily_quota", False)),
        (503, "maintenance", (ProviderUnavailable, "provider_unavailable", True)),
        (500, "unheard_of", (ProviderUnavailable, "provider_unavailable", False)),
    ],
)
def test_errors_say_what_to_do(
    status_code: int,
    code: str,
    expected: tuple[type[SendError], str, bool],
    provider: NewEspProvider,
) -> None:
    """Each error of the service is the exception that says whether to try again."""
    body = {"error": {"code": code, "message": "Not for ada@example.net"}}

    with pytest.raises(SendError) as caught:
        sent(provider, answer(status_code, body))

    error = caught.value
    assert expected == (type(error), error.category, error.retryable)
    assert code == error.code
    # It failed while the request was carried out: before or after the mail was taken.
    assert (status_code == 500) is error.maybe_accepted
    assert "ada@example.net" not in str(error)


def test_retry_after_is_passed_on(provider: NewEspProvider) -> None:
    """How long the service asks to wait stands on the exception, in seconds."""
    body = {"error": {"code": "too_many_requests", "message": "Slow down"}}

    with pytest.raises(RateLimited) as caught:
        sent(provider, answer(429, body, **{"retry-after": "7"}))

    assert caught.value.retry_after_seconds == 7.0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"recipients": []},
        {"recipients": [{"status": "queued"}]},
        {"recipients": [{"email": "eve@example.org", "status": "queued"}]},
        {"error": {"code": "invalid_message"}},
    ],
)
def test_success_that_is_not_understood_may_be_one(
    body: Mapping[str, Any],
    provider: NewEspProvider,
) -> None:
    """After a success that cannot be read nobody knows: sending again could send twice."""
    with pytest.raises(UnexpectedResponse) as caught:
        sent(provider, answer(200, body))

    assert caught.value.maybe_accepted
    assert not caught.value.retryable
