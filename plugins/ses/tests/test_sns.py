"""Messages that SNS signed, their certificates, and subscriptions."""

from __future__ import annotations

import asyncio
import json
import logging

from pathlib import Path

import pytest

from mailcore.errors import (
    AuthenticationFailed,
    ConfigurationError,
    NetworkError,
    SendTimeout,
    UnexpectedResponse,
    WebhookError,
    WebhookRejected,
)
from mailcore.flow import HttpRequest, HttpResponse, arun, run
from mailcore.webhook import Verdict, WebhookRequest, parse_timestamp
from mailcore_ses.aws import AwsCall, AwsResponse
from mailcore_ses.events import parse_events
from mailcore_ses.sns.believed import SnsTrust
from mailcore_ses.sns.trust import SnsVerifier


TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:ses-events"
CERTIFICATE_URL = (
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-"
    "0123456789abcdef0123456789abcdef.pem"
)
MADE_AT = parse_timestamp("2026-11-20T09:15:06.001Z").timestamp()

CAPTURED = Path(__file__).parent / "fixtures" / "sns"
CAPTURED_ARN = "arn:aws:sns:us-east-1:000000000000:t"
CAPTURED_TRUST = SnsTrust(
    topic_arns={CAPTURED_ARN}, certificate_base_urls=("http://127.0.0.1:4666/_aws/sns",)
)


def captured(name, **changes):
    """A captured request, with fields of its body changed."""
    delivery = json.loads((CAPTURED / f"{name}.json").read_text("utf-8"))
    body = json.dumps({**json.loads(delivery["body"]), **changes}) if changes else delivery["body"]
    return WebhookRequest("POST", delivery["headers"], body.encode())


class Clock:
    def __init__(self, seconds=MADE_AT):
        self.seconds = seconds

    def __call__(self):
        return self.seconds


def verifier(*, now=None, **trust):
    """A verifier that trusts our topic."""
    return SnsVerifier(SnsTrust(topic_arns=[TOPIC_ARN], **trust), now=now or Clock())


# --- messages of an independent implementation


@pytest.mark.parametrize(
    ("name", "verified_by", "event_types"),
    [
        ("notification_send_v1", "sns-signature-1", ["sent"]),
        ("notification_setup_text_v1", "sns-signature-1", []),
        ("notification_v2", "sns-signature-2", ["unknown"]),
    ],
)
def test_captured_notifications(name, verified_by, event_types, answers):
    """Messages that another implementation signed are verified and read."""
    transport = answers((CAPTURED / "certificate.pem").read_bytes())
    request = captured(name)

    verdict = run(SnsVerifier(CAPTURED_TRUST).verify(request), transport)
    events = parse_events("ses", request)

    assert Verdict(verified_by) == verdict
    assert event_types == [event.event_type for event in events]


def test_captured_subscription_confirmation(answers, confirmed):
    """So is its subscription confirmation."""
    transport = answers((CAPTURED / "certificate.pem").read_bytes(), confirmed)

    verdict = run(
        SnsVerifier(CAPTURED_TRUST).verify(captured("subscription_confirmation_v1")), transport
    )

    assert ("sns-signature-1", True) == (verdict.verified_by, verdict.handled)
    assert "us-east-1" == transport.requests[1].region_name


@pytest.mark.parametrize(
    "name", ["notification_send_v1", "notification_v2", "subscription_confirmation_v1"]
)
def test_captured_messages_that_were_changed(name, answers):
    """One character more in a signed field, and the signature is wrong."""
    transport = answers((CAPTURED / "certificate.pem").read_bytes())

    with pytest.raises(WebhookRejected):
        run(SnsVerifier(CAPTURED_TRUST).verify(captured(name, Message="x")), transport)


def test_captured_messages_need_their_base_url(answers):
    """Without the option, a certificate on this machine is not fetched."""
    transport = answers()
    trust = SnsTrust(topic_arns=[CAPTURED_ARN])

    with pytest.raises(WebhookRejected, match="certificate from elsewhere"):
        run(SnsVerifier(trust).verify(captured("notification_v2")), transport)

    assert [] == transport.requests


# --- our own messages


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["Amazon SES Email Event Notification", None, "Grüße"])
def test_notifications(version, subject, fields, post, sns_key, answers):
    """67: both versions of signatures are verified, with a subject and without."""
    message = sns_key.sign(fields(SignatureVersion=version, Subject=subject))
    transport = answers(sns_key.pem)

    verdict = run(verifier().verify(post(message)), transport)

    assert Verdict(f"sns-signature-{version}") == verdict
    assert [
        HttpRequest(
            method="GET", url=CERTIFICATE_URL, timeout_seconds=5.0, max_response_bytes=65536
        )
    ] == transport.requests


def test_a_subject_of_null_is_none(fields, post, sns_key, answers):
    """SNS leaves a missing subject out of what it signs, even where it writes null."""
    message = sns_key.sign(fields(Subject=None))

    verdict = run(verifier().verify(post({**message, "Subject": None})), answers(sns_key.pem))

    assert "sns-signature-2" == verdict.verified_by


def test_async(fields, post, sns_key, answers):
    """The same flow serves an event loop."""
    request = post(sns_key.sign(fields()))

    verdict = asyncio.run(arun(verifier().verify(request), answers(sns_key.pem)))

    assert "sns-signature-2" == verdict.verified_by


def test_unsigned_fields_may_change(fields, post, sns_key, answers):
    """Fields that are not signed, or unknown, make no difference."""
    message = {**sns_key.sign(fields()), "UnsubscribeURL": 5, "MessageAttributes": {"a": {}}}

    assert run(verifier().verify(post(message)), answers(sns_key.pem)).verified_by


# --- certificates


def test_keys_are_cached(fields, post, sns_key, answers):
    """The second message costs no request."""
    transport = answers(sns_key.pem)
    checked = verifier()

    for text in ("1", "2", "3"):
        run(checked.verify(post(sns_key.sign(fields(Message=text)))), transport)

    assert 1 == len(transport.requests)


FAILURES = [
    pytest.param(HttpResponse(status_code=301), WebhookRejected, 403, id="redirect"),
    pytest.param(HttpResponse(status_code=403), WebhookRejected, 403, id="forbidden"),
    pytest.param(HttpResponse(status_code=404), WebhookRejected, 403, id="not there"),
    pytest.param(HttpResponse(status_code=204), WebhookRejected, 403, id="no content"),
    pytest.param(HttpResponse(status_code=500), WebhookError, 503, id="server error"),
    pytest.param(HttpResponse(status_code=429), WebhookError, 503, id="throttled"),
    pytest.param(NetworkError("cannot connect"), WebhookError, 503, id="no connection"),
    pytest.param(SendTimeout("no answer in time"), WebhookError, 503, id="timeout"),
    pytest.param(UnexpectedResponse("larger than"), WebhookRejected, 403, id="cut off"),
    pytest.param(b"", WebhookRejected, 403, id="empty"),
    pytest.param(b"<html>", WebhookRejected, 403, id="a page"),
    pytest.param(b"-----BEGIN CERTIFICATE-----\n" * 9, WebhookRejected, 403, id="half"),
    pytest.param(b"x" * 70_000, WebhookRejected, 403, id="large"),
]


@pytest.mark.parametrize(("answer", "error_class", "status_code"), FAILURES)
def test_certificates_that_cannot_be_had(
    answer, error_class, status_code, fields, post, sns_key, answers
):
    """What is wrong for now is answered 503, so that SNS tries again; failures are not cached."""
    transport = answers(answer, sns_key.pem)
    checked = verifier()
    request = post(sns_key.sign(fields()))

    with pytest.raises(WebhookError) as caught:
        run(checked.verify(request), transport)

    assert (error_class, status_code) == (type(caught.value), caught.value.response.status_code)
    if isinstance(answer, HttpResponse):
        assert str(answer.status_code) in str(caught.value)
    assert "sns-signature-2" == run(checked.verify(request), transport).verified_by


def test_weak_keys_are_refused(fields, post, weak_sns_key, answers):
    """A certificate with a short RSA key proves nothing."""
    with pytest.raises(WebhookRejected, match="2048"):
        run(verifier().verify(post(weak_sns_key.sign(fields()))), answers(weak_sns_key.pem))


def test_a_renewed_certificate_is_fetched(fields, post, sns_key, other_sns_key, answers):
    """A mismatch with a cached key fetches it once more."""
    transport = answers(sns_key.pem, other_sns_key.pem)
    checked = verifier()
    run(checked.verify(post(sns_key.sign(fields()))), transport)

    verdict = run(checked.verify(post(other_sns_key.sign(fields()))), transport)

    assert "sns-signature-2" == verdict.verified_by
    assert 2 == len(transport.requests)


def test_forgeries_do_not_fetch_again_and_again(fields, post, sns_key, answers):
    """Forged messages make one request in a minute, not one each."""
    clock = Clock()
    transport = answers(*[sns_key.pem] * 3)
    checked = verifier(now=clock)
    genuine = sns_key.sign(fields())
    run(checked.verify(post(genuine)), transport)

    for _ in range(5):
        with pytest.raises(WebhookRejected):
            run(checked.verify(post({**genuine, "Message": "forged"})), transport)
    assert 2 == len(transport.requests)
    clock.seconds += 61
    with pytest.raises(WebhookRejected):
        run(checked.verify(post({**genuine, "Message": "forged"})), transport)

    assert 3 == len(transport.requests)
    assert run(checked.verify(post(genuine)), transport).verified_by


def test_the_cache_is_bounded(fields, post, sns_key, answers):
    """Keys of ever new certificates push out the oldest."""
    urls = [CERTIFICATE_URL.replace("0123", f"{number:04x}") for number in range(17)]
    requests = [post(sns_key.sign(fields(SigningCertURL=url))) for url in urls]
    transport = answers(*[sns_key.pem] * 18)
    checked = verifier()

    for request in (*requests, requests[16], requests[0]):
        run(checked.verify(request), transport)

    assert [*urls, urls[0]] == [request.url for request in transport.requests]


# --- freshness


@pytest.mark.parametrize(
    ("age_seconds", "is_fresh"),
    [(0, True), (7199, True), (7201, False), (-299, True), (-301, False)],
)
def test_max_age(age_seconds, is_fresh, fields, post, sns_key, answers):
    """With max_age_seconds, messages made long ago, or in the future, are refused."""
    checked = verifier(now=Clock(MADE_AT + age_seconds), max_age_seconds=7200)
    request = post(sns_key.sign(fields()))

    if is_fresh:
        assert run(checked.verify(request), answers(sns_key.pem)).verified_by
    else:
        with pytest.raises(WebhookRejected, match="seconds ago"):
            run(checked.verify(request), answers(sns_key.pem))


# --- subscriptions


def confirmation(fields, post, sns_key, arn=TOPIC_ARN, kind="SubscriptionConfirmation"):
    """The request by which SNS asks to confirm, or tells of a cancellation."""
    host = f"sns.{arn.split(':')[3]}.amazonaws.com"
    url = CERTIFICATE_URL.replace("sns.eu-west-1.amazonaws.com", host)
    return post(sns_key.sign(fields(kind, TopicArn=arn, SigningCertURL=url)))


def test_subscriptions_are_confirmed_in_the_topics_region(
    fields, post, sns_key, answers, confirmed
):
    """76: the call goes to the topic's region, and only the owner may unsubscribe."""
    arn = "arn:aws:sns:us-west-2:123456789012:ses-events"
    transport = answers(sns_key.pem, confirmed)
    request = confirmation(fields, post, sns_key, arn)

    verdict = run(SnsVerifier(SnsTrust(topic_arns=[arn])).verify(request), transport)

    assert ("sns-signature-2", True) == (verdict.verified_by, verdict.handled)
    assert arn in verdict.detail
    token = json.loads(request.body)["Token"]
    assert (
        AwsCall(
            service="sns",
            operation="ConfirmSubscription",
            params={"TopicArn": arn, "Token": token, "AuthenticateOnUnsubscribe": "true"},
            region_name="us-west-2",
        )
        == transport.requests[1]
    )
    assert token not in repr(transport.requests)


def test_auto_confirm_off(fields, post, sns_key, answers, caplog):
    """80: nothing is called; the operator finds topic and token in the log."""
    transport = answers(sns_key.pem)
    request = confirmation(fields, post, sns_key)
    token = json.loads(request.body)["Token"]

    with caplog.at_level(logging.WARNING):
        verdict = run(verifier(auto_confirm=False).verify(request), transport)

    assert verdict.handled
    assert 1 == len(transport.requests)
    for text in (verdict.detail, caplog.text):
        assert f"--region eu-west-1 --topic-arn {TOPIC_ARN} --token {token}" in text


def test_unsubscribe_confirmations_are_not_confirmed(fields, post, sns_key, answers, caplog):
    """78: a subscription that was cancelled stays cancelled."""
    transport = answers(sns_key.pem)
    request = confirmation(fields, post, sns_key, kind="UnsubscribeConfirmation")

    with caplog.at_level(logging.WARNING):
        verdict = run(verifier().verify(request), transport)

    assert ("sns-signature-2", True) == (verdict.verified_by, verdict.handled)
    assert 1 == len(transport.requests)
    assert TOPIC_ARN in caplog.text
    assert json.loads(request.body)["Token"] not in caplog.text


@pytest.mark.parametrize(
    ("answer", "status_code"),
    [
        pytest.param(
            AwsResponse(status_code=400, error_code="InvalidParameter"), 403, id="token expired"
        ),
        pytest.param(AwsResponse(status_code=404, error_code="NotFound"), 403, id="no topic"),
        # As services say it that do not speak XML.
        pytest.param(
            AwsResponse(status_code=404, error_code="NotFoundException"), 403, id="not found"
        ),
        pytest.param(
            AwsResponse(status_code=403, error_code="AuthorizationError"), 503, id="not allowed"
        ),
        pytest.param(AwsResponse(status_code=500, error_code="InternalError"), 503, id="fault"),
        pytest.param(AuthenticationFailed("no AWS credentials"), 503, id="no credentials"),
        pytest.param(SendTimeout("no answer in time"), 503, id="timeout"),
    ],
)
def test_subscriptions_that_sns_does_not_confirm(
    answer, status_code, fields, post, sns_key, answers
):
    """A failure names topic and cause; what may pass is answered 503, so that SNS tries again."""
    request = confirmation(fields, post, sns_key)

    with pytest.raises(WebhookError) as caught:
        run(verifier().verify(request), answers(sns_key.pem, answer))

    assert status_code == caught.value.response.status_code
    assert TOPIC_ARN in str(caught.value)
    assert json.loads(request.body)["Token"] not in str(caught.value)


def test_forged_confirmations_are_not_confirmed(fields, post, sns_key, other_sns_key, answers):
    """A confirmation that SNS did not sign leads to no call."""
    transport = answers(sns_key.pem)

    with pytest.raises(WebhookRejected):
        run(verifier().verify(confirmation(fields, post, other_sns_key)), transport)

    assert 1 == len(transport.requests)


# --- options


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"topic_arns": TOPIC_ARN}, "topic_arns"),
        ({"topic_arns": ["ses-events"]}, "topic_arns"),
        ({"topic_arns": ["arn:aws:sns:eu-west-1:123456789012:*"]}, "topic_arns"),
        ({"topic_arns": [TOPIC_ARN + "\n"]}, "topic_arns"),
        ({"topic_arns": [5]}, "topic_arns"),
        ({"topic_arns": 5}, "topic_arns"),
        ({"topic_arns": [[]]}, "topic_arns"),
        ({"topic_account_ids": "123456789012"}, "topic_account_ids"),
        ({"topic_account_ids": ["12345678901"]}, "topic_account_ids"),
        ({"topic_account_ids": ["*"]}, "topic_account_ids"),
        ({"topic_account_ids": ["１２３４５６７８９０１２"]}, "topic_account_ids"),
        ({"topic_arn_patterns": ["*"]}, "topic_arn_patterns"),
        ({"topic_arn_patterns": ["arn:aws:sns:eu-west-1:*:ses-events"]}, "topic_arn_patterns"),
        ({"topic_arn_patterns": ["arn:aws:sns:*:12345678901?:x"]}, "topic_arn_patterns"),
        ({"topic_arn_patterns": ["arn:aws:s3:*:123456789012:x"]}, "topic_arn_patterns"),
        ({"topic_arn_patterns": [None]}, "topic_arn_patterns"),
        ({"certificate_base_urls": "http://127.0.0.1:8005"}, "certificate_base_urls"),
        ({"certificate_base_urls": ["127.0.0.1:8005"]}, "certificate_base_urls"),
        ({"certificate_base_urls": ["ftp://127.0.0.1"]}, "certificate_base_urls"),
        ({"certificate_base_urls": ["http://u:p@127.0.0.1"]}, "certificate_base_urls"),
        ({"certificate_base_urls": ["http://127.0.0.1/?a=1"]}, "certificate_base_urls"),
        ({"certificate_base_urls": ["http://127.0.0.1/a/../b"]}, "certificate_base_urls"),
        ({"certificate_base_urls": ["http://"]}, "certificate_base_urls"),
        ({"certificate_base_urls": [""]}, "certificate_base_urls"),
        ({"certificate_base_urls": [None]}, "certificate_base_urls"),
        ({"max_age_seconds": 0}, "max_age_seconds"),
        ({"max_age_seconds": float("nan")}, "max_age_seconds"),
    ],
)
def test_options_that_are_wrong(options, name):
    """A wrong option is named at once."""
    with pytest.raises(ConfigurationError, match=name):
        SnsTrust(**options)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:8005",
        "http://127.0.0.1:8005/",
        "http://[::1]:8005",
        "https://ses.example/a/b-c",
    ],
)
def test_base_urls(base_url, fields, post, sns_key, answers):
    """Certificates may lie right below a base URL, and only there."""
    file_name = CERTIFICATE_URL.rpartition("/")[2]
    checked = verifier(certificate_base_urls=[base_url])
    good = f"{base_url.rstrip('/')}/{file_name}"
    bad = f"{base_url.rstrip('/')}x/{file_name}"

    assert run(
        checked.verify(post(sns_key.sign(fields(SigningCertURL=good)))), answers(sns_key.pem)
    ).verified_by
    with pytest.raises(WebhookRejected):
        run(checked.verify(post(sns_key.sign(fields(SigningCertURL=bad)))), answers(sns_key.pem))
