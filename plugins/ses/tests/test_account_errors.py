"""Calls that look after the account: what goes wrong, and what is done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from mailcore.account import SuppressionFilter
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    NetworkError,
    ProviderUnavailable,
    RateLimited,
    SendError,
    SendTimeout,
    UnexpectedResponse,
)
from mailcore.flow import Exchange, Flow, Sleep, run
from mailcore_ses.account import identities, statistics, suppression
from mailcore_ses.account.status import get_status
from mailcore_ses.aws import AwsCall, AwsResponse


ACCOUNT = {
    "SendQuota": {"Max24HourSend": 200, "MaxSendRate": 1, "SentLast24Hours": 0},
    "SendingEnabled": True,
    "EnforcementStatus": "PROBATION",
    "ProductionAccessEnabled": False,
}


def suppressed_page() -> Flow[Any]:
    """The first page of the suppression list."""
    return suppression.SesSuppressions().page("", SuppressionFilter(), 10)


def refusal(code: str, status_code: int = 400, **headers: str) -> AwsResponse:
    """An error of AWS that names somebody."""
    return AwsResponse(
        status_code=status_code,
        error_code=code,
        error_message="It is ada@example.net who asks.",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def drive(flow: Flow[Any], answers: list[Any]) -> tuple[Any, list[float], list[AwsCall]]:
    """Run a flow without waiting: what it returns, its pauses, its calls."""
    pauses, calls = [], []
    try:
        effect = next(flow)
        while True:
            if isinstance(effect, Sleep):
                pauses.append(effect.seconds)
                effect = flow.send(None)
                continue
            assert isinstance(effect, Exchange)
            calls.append(effect.request)
            answer = answers.pop(0)
            effect = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration as stop:
        return stop.value, pauses, calls
    except SendError as error:
        return error, pauses, calls


@pytest.mark.parametrize(
    ("answer", "kind", "category", "retryable"),
    [
        (refusal("AccessDeniedException", 403), AuthenticationFailed, "access_denied", False),
        (refusal("InvalidClientTokenId", 403), AuthenticationFailed, "credentials", False),
        (refusal("ExpiredToken", 403), AuthenticationFailed, "credentials_expired", False),
        (refusal("BadRequestException"), MessageRejected, "bad_request", False),
        (refusal("AlreadyExistsException"), MessageRejected, "message_rejected", False),
        (refusal("ConcurrentModificationException", 500), ProviderUnavailable, None, True),
        (refusal("InternalFailure", 500), ProviderUnavailable, "provider_unavailable", True),
        (NetworkError("refused"), NetworkError, "network", True),
        (NetworkError("TLS", retryable=False), NetworkError, "network", False),
        # Nobody knows whether it arrived: here that does not matter.
        (
            SendTimeout("late", retryable=False, maybe_accepted=True),
            SendTimeout,
            "timeout",
            True,
        ),
        (
            NetworkError("lost", retryable=False, maybe_accepted=True),
            NetworkError,
            "network",
            True,
        ),
        (
            UnexpectedResponse("garbage", maybe_accepted=True),
            UnexpectedResponse,
            "unexpected_response",
            False,
        ),
    ],
    ids=lambda value: getattr(value, "error_code", "") or type(value).__name__,
)
def test_errors(answer: Any, kind: type[SendError], category: str | None, retryable: bool):
    """AWS's errors become ours; none of them leaves open whether mail was sent."""
    error, pauses, _ = drive(get_status(), [answer])

    assert kind is type(error)
    assert category in (None, error.category)
    assert (retryable, False, "ses") == (error.retryable, error.maybe_accepted, error.provider)
    assert [] == pauses
    assert "ada@example.net" not in str(error)


def test_throttled_calls_are_made_again():
    """AWS takes one call per second: a throttled one is repeated after a growing pause."""
    throttled = refusal("TooManyRequestsException", 429)
    answers = [throttled, throttled, AwsResponse(status_code=200, body=ACCOUNT)]

    status, pauses, calls = drive(get_status(), answers)

    assert "PROBATION" == status.enforcement_status
    assert [1.0, 2.0] == pauses
    assert ["GetAccount"] * 3 == [call.operation for call in calls]


def test_throttled_for_too_long():
    """After some repetitions the error is the caller's, who may try later."""
    throttled = refusal("ThrottlingException", 400, retry_after="5")

    error, pauses, calls = drive(get_status(), [throttled] * 4)

    assert RateLimited is type(error)
    assert error.retryable
    assert [5.0, 5.0, 5.0] == pauses
    assert 4 == len(calls)


def test_daily_quota_is_not_waited_for():
    """The same code with other words means a quota that no pause restores."""
    answer = AwsResponse(
        status_code=400, error_code="Throttling", error_message="Daily message quota exceeded."
    )

    error, pauses, _ = drive(get_status(), [answer])

    assert ("daily_quota", []) == (error.category, pauses)


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        (lambda: identities.get_identity("x.example"), None),
        (lambda: identities.delete_identity("x.example"), False),
        (lambda: suppression.SesSuppressions().get("a@x.example"), None),
        (lambda: suppression.SesSuppressions().delete("a@x.example", ()), False),
    ],
    ids=["identity", "delete identity", "suppressed", "delete suppressed"],
)
def test_what_is_not_there(flow: Callable[[], Flow[Any]], expected: Any):
    """That something is not there is an answer, not an error."""
    value, _, _ = drive(flow(), [refusal("NotFoundException", 404)])

    assert expected is value


def test_what_is_not_there_where_it_must_be():
    """A configuration set that does not exist is an error of creating an identity."""
    flow = identities.create_identity("x.example", configuration_set_name="nope")

    error, _, _ = drive(flow, [refusal("NotFoundException", 404)])

    assert MessageRejected is type(error)


@pytest.mark.parametrize(
    ("flow", "body", "missing"),
    [
        (get_status, {}, "SendQuota"),
        (get_status, {**ACCOUNT, "SendQuota": {}}, "Max24HourSend"),
        (get_status, {**ACCOUNT, "SendingEnabled": None}, "SendingEnabled"),
        (identities.identities_page, {"EmailIdentities": [{}]}, "IdentityName"),
        (
            suppressed_page,
            {"SuppressedDestinationSummaries": [{"EmailAddress": "a@x", "Reason": "BOUNCE"}]},
            "LastUpdateTime",
        ),
        (statistics.get_statistics, {"SendDataPoints": [{}]}, "time"),
    ],
)
def test_answers_that_lack_something(
    answers, flow: Callable[[], Flow[Any]], body: dict[str, Any], missing: str
):
    """An answer without what it must have is named as such, not guessed at."""
    with pytest.raises(UnexpectedResponse) as caught:
        run(flow(), answers(AwsResponse(status_code=200, body=body)))

    assert missing in str(caught.value)


def test_values_that_nobody_knows_yet():
    """What AWS may add later is kept as it comes."""
    body = {
        "IdentityType": "MANAGED_DOMAIN",
        "VerificationStatus": "WAITING",
        "DkimAttributes": {"SigningAttributesOrigin": "AWS_SES_XX_1", "Tokens": ["t"]},
    }

    identity, _, _ = drive(
        identities.get_identity("x.example"), [AwsResponse(status_code=200, body=body)]
    )

    assert ("MANAGED_DOMAIN", "WAITING", False) == (
        identity.kind,
        identity.verification_status,
        identity.verified_for_sending,
    )
    assert ["t._domainkey.x.example"] == [record.name for record in identity.dns_records]


def test_keys_of_your_own_have_no_records_of_ours():
    """With BYODKIM the token is a selector, whose record only you can write."""
    body = {
        "IdentityType": "DOMAIN",
        "VerificationStatus": "SUCCESS",
        "DkimAttributes": {"SigningAttributesOrigin": "EXTERNAL", "Tokens": ["selector"]},
        "MailFromAttributes": {
            "MailFromDomain": "bounce.x.example",
            "MailFromDomainStatus": "PENDING",
            "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
        },
    }

    identity, _, _ = drive(
        identities.get_identity("x.example"), [AwsResponse(status_code=200, body=body)]
    )

    assert ((), ("selector",)) == (identity.dns_records, identity.dkim.tokens)
    assert ("bounce.x.example", "PENDING") == (
        identity.mail_from_domain,
        identity.mail_from_status,
    )


NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)
ODD = (5, "x", [5], ["x"], [None], {"a": 1}, True)
READING = {
    "status": (get_status, ACCOUNT),
    "statistics": (
        statistics.get_statistics,
        {"SendDataPoints": [{"Timestamp": NOW, "Bounces": 1}]},
    ),
    "identities": (
        identities.identities_page,
        {"EmailIdentities": [{"IdentityName": "a.example"}]},
    ),
    "identity": (
        lambda: identities.get_identity("a.example"),
        {
            "DkimAttributes": {"Tokens": ["x"]},
            "MailFromAttributes": {"MailFromDomain": "b.example"},
        },
    ),
    "suppressed": (
        suppressed_page,
        {
            "SuppressedDestinationSummaries": [
                {
                    "EmailAddress": "a@example.net",
                    "Reason": "BOUNCE",
                    "LastUpdateTime": NOW,
                }
            ]
        },
    ),
}


def shapes(body: Any) -> Iterator[Any]:
    """The answer with each of its parts replaced by something odd."""
    yield from ODD
    if isinstance(body, dict):
        for name, value in body.items():
            yield from ({**body, name: odd} for odd in shapes(value))
    elif isinstance(body, list):
        yield from ([odd] for odd in shapes(body[0]))


@pytest.mark.parametrize(("flow", "body"), READING.values(), ids=READING)
def test_answers_of_any_shape(flow, body):
    """An answer that nobody documented is read, or is an error of ours that leaves nothing open."""
    assert not isinstance(drive(flow(), [AwsResponse(status_code=200, body=body)])[0], SendError)
    for odd in shapes(body):
        found, _, _ = drive(flow(), [AwsResponse(status_code=200, body=odd)])

        assert UnexpectedResponse is type(found) or not isinstance(found, Exception)
        assert not getattr(found, "maybe_accepted", False)
