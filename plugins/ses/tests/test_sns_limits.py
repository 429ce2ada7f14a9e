"""The limits of what is believed of SNS: on both sides of each."""

from __future__ import annotations

import pytest

from cryptography import x509

from mailcore.errors import ConfigurationError, MalformedWebhook, WebhookError, WebhookRejected
from mailcore.flow import HttpResponse
from mailcore.webhook import WebhookRequest
from mailcore_ses.sns.believed import SnsTrust
from mailcore_ses.sns.certificates import (
    MAX_CERTIFICATE_BYTES,
    MAX_KEYS,
    MAX_VAIN_FETCHES,
    REFETCH_INTERVAL_SECONDS,
    VAIN_SECONDS,
    SigningKeys,
    check_base_url,
)
from mailcore_ses.sns.envelope import (
    MAX_BODY_BYTES,
    check_envelope,
    is_raw_delivery,
    read_envelope,
)
from mailcore_ses.sns.signature import SigningKey
from mailcore_ses.sns.topic_trust import TrustedTopics


ARN = "arn:aws:sns:eu-west-1:123456789012:ses-events"


class Clock:
    def __init__(self):
        self.seconds = 1_000.0

    def __call__(self):
        return self.seconds


def fetched(keys, pem, url="https://sns.example/a.pem"):
    """The key of a certificate that is answered with."""
    flow = keys.fetch(url)
    next(flow)
    try:
        flow.send(HttpResponse(status_code=200, body=pem))
    except StopIteration as done:
        return done.value
    raise AssertionError("another request")


def test_validity_includes_both_ends(sns_key):
    """RFC 5280, section 4.1.2.5: from notBefore through notAfter, inclusive."""
    certificate = x509.load_pem_x509_certificate(sns_key.pem)
    first = certificate.not_valid_before_utc.timestamp()
    last = certificate.not_valid_after_utc.timestamp()
    moments = (first - 1, first, last, last + 1)

    assert [False, True, True, False] == list(map(SigningKey(sns_key.pem).is_valid_at, moments))


def test_how_large_a_certificate_may_be(sns_key):
    """64 KiB, and not one octet more."""
    largest = sns_key.pem.ljust(MAX_CERTIFICATE_BYTES, b"\n")

    assert fetched(SigningKeys(Clock()), largest).is_valid_at(1.8e9)
    with pytest.raises(WebhookRejected, match="too large"):
        fetched(SigningKeys(Clock()), largest + b"\n")


@pytest.mark.parametrize(
    ("seconds", "refused"),
    [(-0.5, False), (0, True), (0.5, True), (VAIN_SECONDS - 0.1, True), (VAIN_SECONDS, False)],
)
def test_how_long_nothing_is_fetched(sns_key, seconds, refused):
    """A minute from the first of the vain fetches on; a clock that was set back ends it."""
    clock = Clock()
    keys = SigningKeys(clock)
    for _ in range(MAX_VAIN_FETCHES):
        keys.fetched_in_vain()
        clock.seconds += 0.01
    clock.seconds = 1_000.0 + seconds

    if refused:
        with pytest.raises(WebhookError) as caught:
            fetched(keys, sns_key.pem)
        assert 503 == caught.value.status_code
    else:
        assert fetched(keys, sns_key.pem)


def test_fetches_beyond_the_limit_count_too(sns_key):
    """Threads that fetched at once may be more than the limit; the last of them count."""
    clock = Clock()
    keys = SigningKeys(clock)
    for _ in range(MAX_VAIN_FETCHES + 1):
        keys.fetched_in_vain()
        clock.seconds += 1

    with pytest.raises(WebhookError, match="too many signing certificates"):
        fetched(keys, sns_key.pem)
    clock.seconds = 1_001.0 + VAIN_SECONDS

    assert fetched(keys, sns_key.pem)


def test_when_a_certificate_is_fetched_again():
    """A minute after the last time, for each URL."""
    clock = Clock()
    keys = SigningKeys(clock)
    first = keys.may_refetch("a")
    clock.seconds += REFETCH_INTERVAL_SECONDS - 0.1
    soon, other = keys.may_refetch("a"), keys.may_refetch("b")
    clock.seconds += 0.1

    assert (True, False, True, True) == (first, soon, other, keys.may_refetch("a"))


def test_how_many_keys_are_kept(sns_key):
    """Sixteen: the one that was fetched longest ago goes first."""
    keys = SigningKeys(Clock())
    for number in range(MAX_KEYS):
        fetched(keys, sns_key.pem, f"https://sns.example/{number}.pem")
    assert keys.cached("https://sns.example/0.pem")

    fetched(keys, sns_key.pem, "https://sns.example/0.pem")
    fetched(keys, sns_key.pem, "https://sns.example/new.pem")

    kept = [keys.cached(f"https://sns.example/{name}.pem") for name in (0, 1, 2, "new")]
    assert [True, False, True, True] == [key is not None for key in kept]


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8005/", "http://127.0.0.1:8005"),
        ("http://127.0.0.1:8005/BOX/", "http://127.0.0.1:8005/BOX"),
    ],
)
def test_base_urls_lose_their_slash(url, base):
    """And nothing else."""
    assert base == check_base_url(url)


def test_how_large_a_body_may_be():
    """2 MiB, and not one octet more; the size is told."""
    largest = b"{}".ljust(MAX_BODY_BYTES)

    assert {} == read_envelope(WebhookRequest("POST", {}, largest))
    with pytest.raises(MalformedWebhook, match=f"body of {MAX_BODY_BYTES + 1} bytes") as caught:
        read_envelope(WebhookRequest("POST", {}, largest + b" "))
    assert 413 == caught.value.status_code


def test_how_long_the_required_fields_may_be(fields, sns_key):
    """8192 characters together, and not one more."""
    sent = sns_key.sign(fields())
    required = ("MessageId", "TopicArn", "Timestamp", "SignatureVersion", "SigningCertURL")
    sent["Signature"] = "a" * (8192 - sum(len(sent[name]) for name in required))

    assert sent["Signature"] == check_envelope(sent).signature
    with pytest.raises(MalformedWebhook, match="too long"):
        check_envelope({**sent, "Signature": sent["Signature"] + "a"})


@pytest.mark.parametrize("name", ["TopicArn", "Timestamp", "Token"])
@pytest.mark.parametrize("value", [None, 5])
def test_the_field_that_is_missing_is_named(fields, sns_key, name, value):
    """The first of them."""
    sent = sns_key.sign(fields("SubscriptionConfirmation"))
    del sent[name]
    if value is not None:
        sent[name] = value

    with pytest.raises(MalformedWebhook, match=f"field `{name}` must be a string"):
        check_envelope(sent)


@pytest.mark.parametrize(
    ("headers", "raw"),
    [
        ({"x-amz-sns-rawdelivery": "true"}, True),
        ({"X-Amz-Sns-Rawdelivery": "true"}, True),
        ({"x-amz-sns-rawdelivery": "false"}, False),
        ({}, False),
    ],
)
def test_how_a_raw_delivery_is_told(headers, raw):
    """By a header field of SNS."""
    assert raw is is_raw_delivery(WebhookRequest("POST", headers))


@pytest.mark.parametrize(
    ("trust", "anything"),
    [
        ({}, False),
        ({"arns": [ARN]}, True),
        ({"account_ids": ["123456789012"]}, True),
        ({"arn_patterns": ["arn:aws:sns:*:123456789012:ses-*"]}, True),
    ],
)
def test_whether_anything_is_trusted(trust, anything):
    """Each kind of trust counts alone."""
    assert anything is bool(TrustedTopics(**trust))


@pytest.mark.parametrize(
    ("arn", "end"),
    [
        ("arn:aws:sns:eu-west-1:123456789012:ses-*", "topic_arn_patterns takes patterns"),
        ("ses-events", "such as arn:aws:sns:eu-west-1:123456789012:ses-events"),
    ],
)
def test_a_pattern_among_the_topics(arn, end):
    """Is told where it belongs; what is no pattern is not."""
    with pytest.raises(ConfigurationError) as caught:
        TrustedTopics([arn])

    assert str(caught.value).endswith(end)


@pytest.mark.parametrize(
    ("field", "option"),
    [
        ("arns", "topic_arns"),
        ("account_ids", "topic_account_ids"),
        ("arn_patterns", "topic_arn_patterns"),
    ],
)
@pytest.mark.parametrize(
    ("value", "words"),
    [("a", "a list, not one text"), (5, "a list of text"), ([5], "a list of text")],
)
def test_a_list_that_is_none(field, option, value, words):
    """The option is named as it is given to the provider."""
    with pytest.raises(ConfigurationError) as caught:
        TrustedTopics(**{field: value})

    assert f"ses: {option} is {words}" == str(caught.value)


@pytest.mark.parametrize(("seconds", "is_taken"), [(3599.9, False), (3600, True), (3600.1, True)])
def test_how_short_the_greatest_age_may_be(seconds, is_taken):
    """SNS goes on trying for an hour: what it says then must be believed yet."""
    if is_taken:
        assert seconds == SnsTrust(max_age_seconds=seconds).max_age_seconds
    else:
        with pytest.raises(ConfigurationError, match="max_age_seconds must be at least 3600"):
            SnsTrust(max_age_seconds=seconds)
