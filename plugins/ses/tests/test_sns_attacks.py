"""Known attacks on SNS endpoints: each is refused, with the answer that is expected."""

from __future__ import annotations

import gc
import json
import tracemalloc

from datetime import datetime, timezone

import pytest

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore.errors import MalformedWebhook, WebhookError, WebhookRejected
from mailcore.flow import HttpResponse, run
from mailcore.webhook import WebhookRequest
from mailcore_ses.sns.believed import SnsTrust
from mailcore_ses.sns.certificates import MAX_VAIN_FETCHES, VAIN_SECONDS
from mailcore_ses.sns.trust import SnsVerifier


TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:ses-events"
FILE = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
GOOD_URL = "https://sns.eu-west-1.amazonaws.com" + FILE
WRONG = [None, True, 0, -1.5, "", [], ["Notification"], {}, {"a": 1}]
NOTIFICATION_FIELDS = (
    "Type",
    "MessageId",
    "TopicArn",
    "Message",
    "Timestamp",
    "SignatureVersion",
    "Signature",
    "SigningCertURL",
)
CONFIRMATION_FIELDS = (*NOTIFICATION_FIELDS, "Token", "SubscribeURL")


def verifier(*topic_arns, **trust):
    """A verifier that trusts our topic, or these."""
    return SnsVerifier(SnsTrust(topic_arns=topic_arns or (TOPIC_ARN,), **trust))


def refused(request, transport=None, *, by=None):
    """The error of a request that is refused, with what the attacker sees checked."""
    with pytest.raises(WebhookError) as caught:
        run((by or verifier()).verify(request), transport)
    response = caught.value.response
    assert response.status_code in {400, 403, 413}
    assert (b"", {}) == (response.body, response.headers)
    assert "ses" == caught.value.provider
    return caught.value


CERTIFICATE_URLS = [
    pytest.param("http://sns.eu-west-1.amazonaws.com" + FILE, id="http"),
    pytest.param("HTTPS://sns.eu-west-1.amazonaws.com" + FILE, id="scheme in capitals"),
    pytest.param("file:///etc" + FILE, id="file"),
    pytest.param("https://sns.us-east-1.amazonaws.com" + FILE, id="another region"),
    pytest.param("https://sns.eu-west-1.amazonaws.com.cn" + FILE, id="another partition"),
    pytest.param("https://sns.amazonaws.com" + FILE, id="no region"),
    pytest.param("https://sns.s3.amazonaws.com" + FILE, id="S3 bucket named sns"),
    pytest.param("https://sns.s3-eu-west-1.amazonaws.com" + FILE, id="S3 bucket, old region host"),
    pytest.param("https://sns.s3.eu-west-1.amazonaws.com" + FILE, id="S3 bucket, region host"),
    pytest.param("https://s3.eu-west-1.amazonaws.com/sns" + FILE, id="S3 path"),
    pytest.param("https://xsns.eu-west-1.amazonaws.com" + FILE, id="prefix"),
    pytest.param("https://sns.eu-west-1.amazonaws.com.evil.example" + FILE, id="suffix"),
    pytest.param("https://sns.eu-west-1.amazonaws.comevil.example" + FILE, id="suffix, no dot"),
    pytest.param("https://sns.eu-west-1-amazonaws.com" + FILE, id="hyphen for a dot"),
    pytest.param("https://snsXeu-west-1.amazonaws.com" + FILE, id="any character for a dot"),
    pytest.param("https://sns.eu-west-1.amazonaws.com." + FILE, id="final dot"),
    pytest.param("https://SNS.eu-west-1.amazonaws.com" + FILE, id="capitals"),
    pytest.param("https://sns.eu-west-1.аmazonaws.com" + FILE, id="Cyrillic letter"),
    pytest.param("https://u:p@sns.eu-west-1.amazonaws.com" + FILE, id="userinfo"),
    pytest.param("https://sns.eu-west-1.amazonaws.com@evil.example" + FILE, id="host as user"),
    pytest.param("https://sns.eu-west-1.amazonaws.com:443" + FILE, id="port"),
    pytest.param("https://sns.eu-west-1.amazonaws.com:443@evil.example" + FILE, id="port as user"),
    pytest.param("https://evil.example#@sns.eu-west-1.amazonaws.com" + FILE, id="fragment"),
    pytest.param("https://evil.example\\@sns.eu-west-1.amazonaws.com" + FILE, id="backslash"),
    pytest.param("https:/sns.eu-west-1.amazonaws.com" + FILE, id="one slash"),
    pytest.param("//sns.eu-west-1.amazonaws.com" + FILE, id="no scheme"),
    pytest.param("https://evil.example/?" + GOOD_URL, id="in a query"),
    pytest.param("https://evil.example/" + GOOD_URL, id="in a path"),
    pytest.param("https://sns.eu-west-1.amazonaws.com/x" + FILE, id="deeper path"),
    pytest.param("https://sns.eu-west-1.amazonaws.com/.." + FILE, id="dots"),
    pytest.param("https://sns.eu-west-1.amazonaws.com/" + FILE, id="two slashes"),
    pytest.param("https://sns.eu-west-1.amazonaws.com/?Action=x" + FILE, id="API call"),
    pytest.param(GOOD_URL + "?x=1", id="query"),
    pytest.param(GOOD_URL + "#x", id="fragment behind"),
    pytest.param(GOOD_URL + "/", id="slash behind"),
    pytest.param(GOOD_URL + ".exe", id="text behind"),
    pytest.param(GOOD_URL.replace(".pem", ""), id="no .pem"),
    pytest.param(GOOD_URL.replace("0123456789", "", 1), id="too few digits"),
    pytest.param(GOOD_URL.replace("abcdef", "ABCDEF"), id="digits in capitals"),
    pytest.param(GOOD_URL.replace("0123", "%30%31"), id="percent encoding"),
    pytest.param(GOOD_URL.replace("0123", "../x"), id="dots in the name"),
    pytest.param(GOOD_URL.replace("0", "٠"), id="Arabic digits"),
    pytest.param(" " + GOOD_URL, id="space before"),
    pytest.param(GOOD_URL + " ", id="space behind"),
    pytest.param(GOOD_URL.replace("sns.", "sns.\t"), id="tab"),
    pytest.param(GOOD_URL + "\x00", id="null"),
    pytest.param(GOOD_URL + "\r", id="carriage return behind"),
    pytest.param("http://127.0.0.1:8005" + FILE, id="this machine"),
    pytest.param("http://169.254.169.254" + FILE, id="metadata service"),
]


@pytest.mark.parametrize("url", CERTIFICATE_URLS)
def test_certificates_from_elsewhere(url, fields, post, sns_key, answers):
    """A certificate from anywhere but the topic's SNS host is not even fetched."""
    transport = answers(sns_key.pem)

    error = refused(post(sns_key.sign(fields(SigningCertURL=url))), transport)

    assert WebhookRejected is type(error)
    assert 403 == error.response.status_code
    assert [] == transport.requests


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(GOOD_URL + "\n", id="line break behind"),
        pytest.param(GOOD_URL + "\r\nHost: evil.example", id="header"),
        pytest.param("\n" + GOOD_URL, id="line break before"),
        pytest.param("https://evil.example\n" + GOOD_URL, id="second line"),
        pytest.param(GOOD_URL + "a" * 100_000, id="long"),
    ],
)
def test_certificate_urls_with_tricks(url, fields, post, sns_key, answers):
    """Line breaks, and no end, make a message malformed."""
    transport = answers(sns_key.pem)

    error = refused(post(sns_key.sign(fields(SigningCertURL=url))), transport)

    assert (MalformedWebhook, 400) == (type(error), error.response.status_code)
    assert [] == transport.requests


@pytest.mark.parametrize(
    ("arn", "host"),
    [
        ("arn:aws:sns:us-east-1:123456789012:t", "sns.us-east-1.amazonaws.com"),
        ("arn:aws:sns:ap-southeast-7:123456789012:t.fifo", "sns.ap-southeast-7.amazonaws.com"),
        ("arn:aws-cn:sns:cn-north-1:123456789012:t", "sns.cn-north-1.amazonaws.com.cn"),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:t", "sns.us-gov-west-1.amazonaws.com"),
        ("arn:aws-eusc:sns:eusc-de-east-1:123456789012:t", "sns.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_certificate_host_is_that_of_the_topic(arn, host, fields, post, sns_key, answers):
    """The certificate comes from the topic's region, under the suffix of its partition."""
    url = f"https://{host}{FILE}"
    message = sns_key.sign(fields(TopicArn=arn, SigningCertURL=url))
    transport = answers(sns_key.pem)

    verdict = run(verifier(arn).verify(post(message)), transport)

    assert "sns-signature-2" == verdict.verified_by
    assert [url] == [request.url for request in transport.requests]


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("kind", ["Notification", "SubscriptionConfirmation"])
def test_every_signed_field_counts(kind, version, fields, post, sns_key, answers, confirmed):
    """One character changed in any signed field, and the message is refused."""
    message = sns_key.sign(fields(kind, SignatureVersion=version))
    confirmation = kind != "Notification"
    signed = ["Message", "MessageId", "Timestamp"]
    signed += ["Token", "SubscribeURL"] if confirmation else ["Subject"]
    checked = verifier()
    run(checked.verify(post(message)), answers(sns_key.pem, confirmed))

    for name in signed:
        error = refused(
            post({**message, name: message[name] + "x"}), answers(sns_key.pem), by=checked
        )
        assert (WebhookRejected, 403) == (type(error), error.response.status_code), name


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"Subject": None}, "wrong signature", id="subject removed"),
        pytest.param({"SignatureVersion": "1"}, "wrong signature", id="downgraded"),
        pytest.param({"SignatureVersion": "3"}, "SignatureVersion", id="version 3"),
        pytest.param({"SignatureVersion": "02"}, "SignatureVersion", id="version 02"),
        pytest.param({"Signature": "AAAA"}, "wrong signature", id="short signature"),
        pytest.param({"Signature": "A" * 344}, "wrong signature", id="invented signature"),
        pytest.param(
            {"TopicArn": "arn:aws:sns:eu-west-1:666666666666:theirs"},
            "topic_arns",
            id="foreign topic",
        ),
        pytest.param(
            {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:ses-events2"},
            "topic_arns",
            id="longer name",
        ),
        pytest.param(
            {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:SES-EVENTS"},
            "topic_arns",
            id="capitals",
        ),
    ],
)
def test_changed_messages(changes, reason, fields, post, sns_key, answers):
    """What was changed after signing is refused, and the log says why."""
    message = {**sns_key.sign(fields()), **changes}
    message = {name: value for name, value in message.items() if value is not None}

    error = refused(post(message), answers(sns_key.pem))

    assert (WebhookRejected, 403) == (type(error), error.response.status_code)
    assert reason in str(error)


def test_foreign_topics_with_a_good_signature(fields, post, sns_key, answers):
    """Anybody can have a topic that signs what they like."""
    arn = "arn:aws:sns:eu-west-1:666666666666:theirs"
    transport = answers(sns_key.pem)

    error = refused(post(sns_key.sign(fields(TopicArn=arn))), transport)

    assert f'topic_arns=["{arn}"]' in str(error)
    assert [] == transport.requests


OURS = "arn:aws:sns:eu-west-1:123456789012:"
THEIRS = OURS.replace("12:", "13:")
ONE_AND_SOME = {"topic_arns": [OURS + "one"], "topic_arn_patterns": [OURS + "ses-*"]}


@pytest.mark.parametrize(
    ("trust", "arn", "expected"),
    [
        ({"topic_account_ids": ["123456789012"]}, OURS + "anything", True),
        ({"topic_account_ids": ["123456789012"]}, OURS + "anything.fifo", True),
        ({"topic_account_ids": ["123456789012"]}, OURS.replace("eu-west", "us-east") + "x", True),
        ({"topic_account_ids": ["123456789012"]}, THEIRS + "x", False),
        (
            {"topic_account_ids": ["123456789012"]},
            THEIRS + "123456789012",
            False,
        ),
        ({"topic_arn_patterns": [OURS + "ses-*"]}, OURS + "ses-events", True),
        ({"topic_arn_patterns": [OURS + "ses-*"]}, OURS + "ses-", True),
        ({"topic_arn_patterns": [OURS + "ses-*"]}, OURS + "my-ses-events", False),
        ({"topic_arn_patterns": [OURS + "*-ses"]}, OURS + "my-ses-events", False),
        (
            {"topic_arn_patterns": [OURS + "ses-*"]},
            THEIRS + "ses-events",
            False,
        ),
        ({"topic_arn_patterns": [OURS + "ses-*"]}, OURS.replace("west", "east") + "ses-x", False),
        (
            {"topic_arn_patterns": ["arn:aws:sns:*:123456789012:ses-*"]},
            OURS.replace("west", "east") + "ses-x",
            True,
        ),
        (
            {"topic_arns": [OURS + "one"], "topic_arn_patterns": [OURS + "ses-*"]},
            OURS + "one",
            True,
        ),
        (
            {"topic_arns": [OURS + "one"], "topic_arn_patterns": [OURS + "ses-*"]},
            OURS + "two",
            False,
        ),
    ],
)
def test_topics_of_an_account_or_a_pattern(trust, arn, expected, fields, post, sns_key, answers):
    """They are believed only when asked for by name, and never another account's."""
    region = arn.split(":")[3]
    message = fields(TopicArn=arn)
    message["SigningCertURL"] = message["SigningCertURL"].replace("eu-west-1", region)
    request, transport = post(sns_key.sign(message)), answers(sns_key.pem)

    if expected:
        run(SnsVerifier(SnsTrust(**trust)).verify(request), transport)
    else:
        error = refused(request, transport, by=SnsVerifier(SnsTrust(**trust)))
        assert WebhookRejected is type(error)
    assert expected == bool(transport.requests)


@pytest.mark.slow
def test_invented_topics_of_an_account_are_forgotten(fields, post, sns_key, answers):
    """Forged messages of ever new topics leave nothing in memory."""
    checked = SnsVerifier(SnsTrust(topic_account_ids=["123456789012"]))
    transport = answers(*[sns_key.pem] * 2)
    genuine = sns_key.sign(fields())
    run(checked.verify(post(genuine)), transport)

    def forge(start, stop):
        for number in range(start, stop):
            forged = post({**genuine, "TopicArn": f"{OURS}{number:0200}"})
            with pytest.raises(WebhookRejected):
                run(checked.verify(forged), transport)

    forge(0, 50)
    tracemalloc.start()
    try:
        forge(50, 1050)
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert grown < 200_000


@pytest.mark.parametrize("kind", ["Notification", "SubscriptionConfirmation"])
def test_nobody_is_trusted_without_a_topic(kind, fields, post, sns_key, answers):
    """77: without topic_arns everything is refused, and the operator told what to set."""
    error = refused(
        post(sns_key.sign(fields(kind))), answers(sns_key.pem), by=SnsVerifier(SnsTrust())
    )

    assert WebhookRejected is type(error)
    assert f'topic_arns=["{TOPIC_ARN}"]' in str(error)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sns:eu-west-1:123456789012:ses-events\n",
        "arn:aws:sns:eu-west-1:123456789012:ses-events\nType\nNotification",
        "arn:aws:sqs:eu-west-1:123456789012:queue",
        "arn:aws-iso:sns:us-iso-east-1:123456789012:t",
        "arn:aws:sns:evil.example/:123456789012:t",
        "arn:aws:sns:eu-west-1:1:t",
        "ses-events",
        "*",
    ],
)
def test_what_is_no_topic(arn, fields, post, sns_key, answers):
    """A topic that cannot exist makes a message malformed."""
    error = refused(post(sns_key.sign(fields(TopicArn=arn))), answers(sns_key.pem))

    assert (MalformedWebhook, 400) == (type(error), error.response.status_code)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("Notification", NOTIFICATION_FIELDS),
        ("SubscriptionConfirmation", CONFIRMATION_FIELDS),
        ("UnsubscribeConfirmation", CONFIRMATION_FIELDS),
    ],
)
def test_fields_missing_or_of_a_wrong_type(kind, names, fields, post, sns_key, answers):
    """A message without a field, or with another type in it, is malformed."""
    message = sns_key.sign(fields(kind))
    transport = answers(sns_key.pem)
    for name in names:
        without = {key: value for key, value in message.items() if key != name}
        for changed in (without, *({**message, name: wrong} for wrong in WRONG)):
            if changed.get(name) == "" and name == "Message":
                continue
            request = post(changed, x_amz_sns_message_type=kind)
            error = refused(request, transport)
            assert (MalformedWebhook, 400) == (type(error), error.response.status_code), changed
    assert [] == transport.requests


@pytest.mark.parametrize("kind", ["notification", "Notification\n", "Notifications", "Other"])
def test_unknown_types(kind, fields, post, sns_key):
    """A type that SNS does not have is malformed."""
    error = refused(post(sns_key.sign(fields(Type=kind)), x_amz_sns_message_type=kind))

    assert (MalformedWebhook, 400) == (type(error), error.response.status_code)


@pytest.mark.parametrize("subject", [5, ["x"], {"a": 1}, "two\nlines", True])
def test_strange_subjects(subject, fields, post, sns_key):
    """A subject is one line of text."""
    error = refused(post({**sns_key.sign(fields()), "Subject": subject}))

    assert (MalformedWebhook, 400) == (type(error), error.response.status_code)


def test_fields_cannot_be_moved_by_line_breaks(fields, post, sns_key, answers):
    """A signed text read as other fields than were signed is refused."""
    inner = "forged\nMessageId\nforged-id\nSubject\nforged subject"
    signed = sns_key.sign(fields(Message=inner, Subject=None))
    moved = {
        **signed,
        "Message": "forged",
        "MessageId": "forged-id",
        "Subject": "forged subject\nMessageId\n" + signed["MessageId"],
    }

    error = refused(post(moved), answers(sns_key.pem))

    assert MalformedWebhook is type(error)


@pytest.mark.parametrize(
    "changes",
    [
        {"x_amz_sns_message_type": "SubscriptionConfirmation"},
        {"x_amz_sns_message_type": None},
        {"x_amz_sns_message_type": "notification"},
        {"x_amz_sns_message_id": "another"},
        {"x_amz_sns_topic_arn": "arn:aws:sns:eu-west-1:123456789012:other"},
    ],
)
def test_headers_and_body_disagree(changes, fields, post, sns_key, answers):
    """Headers that are not those of the message in the body make it malformed."""
    error = refused(post(sns_key.sign(fields()), **changes), answers(sns_key.pem))

    assert (MalformedWebhook, 400) == (type(error), error.response.status_code)


def test_raw_delivery_has_no_signature(fields, post, answers):
    """134: an unsigned body is refused, and the operator told what to switch off."""
    body = b'{"eventType": "Bounce", "bounce": {}, "mail": {}}'

    error = refused(post(body, x_amz_sns_rawdelivery="true"), answers())

    assert (WebhookRejected, 403) == (type(error), error.response.status_code)
    assert "RawMessageDelivery" in str(error)


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE", "", "P\nOST"])
def test_other_methods(method, fields, post, sns_key):
    """SNS posts."""
    assert MalformedWebhook is type(refused(post(sns_key.sign(fields()), method=method)))


@pytest.mark.parametrize(
    ("body", "status_code"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"garbage", 400, id="text"),
        pytest.param(b"\xff" * 5_000_000, 413, id="5 MB of garbage"),
        pytest.param(b"[" * 1_000_000, 400, id="deep lists"),
        pytest.param(b'{"Type":' * 1000, 400, id="deep objects"),
        pytest.param(b'{"Type": 1e999999, "x": ' + b"1" * 10_000 + b"}", 400, id="huge numbers"),
        pytest.param(b"[]", 400, id="132: a list"),
        pytest.param(b'"Notification"', 400, id="a text"),
    ],
)
def test_garbage(body, status_code, post):
    """A body that is no JSON object is one clear typed error."""
    error = refused(post(body))

    assert (MalformedWebhook, status_code) == (type(error), error.response.status_code)
    assert len(str(error)) < 200


def test_a_field_twice(fields, post, sns_key, answers):
    """Of two fields of one name the last counts, for the signature too: nothing else is read."""
    body = json.dumps(sns_key.sign(fields()))
    twice = body[:-1] + ', "Message": "{}"}'

    error = refused(post(twice.encode()), answers(sns_key.pem))

    assert (WebhookRejected, 403) == (type(error), error.response.status_code)


def test_half_a_character(fields, post, sns_key, answers):
    """A lone surrogate, which no signature can cover, is malformed."""
    message = sns_key.sign(fields())

    for name in ("Message", "Subject"):
        error = refused(post({**message, name: "\ud800"}), answers(sns_key.pem))
        assert (MalformedWebhook, 400) == (type(error), error.response.status_code)


@pytest.mark.parametrize("signature", ["!", "AAA", "AA=A", "é", "AAAA\n", "AAAA AAAA"])
def test_signatures_that_are_not_base64(signature, fields, post, sns_key, answers):
    """A signature that is not base64 is malformed."""
    error = refused(post({**sns_key.sign(fields()), "Signature": signature}), answers(sns_key.pem))

    assert (MalformedWebhook, 400) == (type(error), error.response.status_code)


@given(
    st.dictionaries(
        st.sampled_from([*CONFIRMATION_FIELDS, "Subject", "UnsubscribeURL"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.sampled_from([TOPIC_ARN, GOOD_URL, "Notification", "SubscriptionConfirmation", "1"])
        | st.lists(st.text(), max_size=2),
    ),
    st.sampled_from(["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_fields(sns_key, answers, changes, kind):
    """No mix of fields gets through, and none raises anything else."""
    known = {
        "Type": kind,
        "MessageId": "m",
        "TopicArn": TOPIC_ARN,
        "Message": "{}",
        "Timestamp": "2026-11-20T09:15:06.001Z",
        "SignatureVersion": "2",
        "Signature": "AAAA",
        "SigningCertURL": GOOD_URL,
        "Token": "t",
        "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/",
    }
    body = json.dumps({**known, **changes}).encode()
    request = WebhookRequest("POST", {"x-amz-sns-message-type": kind}, body)

    refused(request, answers(sns_key.pem))


def test_ever_new_certificates_are_not_fetched_for_ever(fields, post, sns_key, answers):
    """Forged names cost so many fetches in a minute; known keys go on, and the minute ends."""
    now = [1795166106.0]
    checked = SnsVerifier(SnsTrust(topic_arns=[TOPIC_ARN]), now=lambda: now[0])
    genuine = post(sns_key.sign(fields()))
    run(checked.verify(genuine), answers(sns_key.pem))
    missing = answers(*[HttpResponse(status_code=404)] * 100)

    def forged(number):
        url = GOOD_URL.replace("0123456789abcdef0123456789abcdef", f"{number:032x}")
        return post(fields(SigningCertURL=url, Signature="c2ln"))

    codes = []
    for number in range(50):
        with pytest.raises(WebhookError) as caught:
            run(checked.verify(forged(number)), missing)
        codes.append(caught.value.status_code)
        now[0] += 0.5

    assert [403] * MAX_VAIN_FETCHES + [503] * (50 - MAX_VAIN_FETCHES) == codes
    assert MAX_VAIN_FETCHES == len(missing.requests)
    assert run(checked.verify(genuine), missing).verified_by == "sns-signature-2"
    now[0] += VAIN_SECONDS
    with pytest.raises(WebhookRejected):
        run(checked.verify(forged(99)), missing)


DAY = 86_400.0
VALID_FROM, VALID_UNTIL = 1767225600.0, 1767225600.0 + 3650 * DAY


@pytest.mark.parametrize(
    ("made_at", "now", "posted", "queued"),
    [
        (VALID_FROM + 9, VALID_FROM + 10, True, True),
        (VALID_FROM - 10, VALID_FROM - 9, False, False),
        (VALID_UNTIL - 10, VALID_UNTIL - 9, True, True),
        (VALID_UNTIL + 1, VALID_UNTIL + 2, False, False),
        # Made before the end, read after it.
        (VALID_UNTIL - 10, VALID_UNTIL + 10, False, True),
        (VALID_UNTIL - 10, VALID_UNTIL + 13 * DAY, False, True),
        (VALID_UNTIL - 10, VALID_UNTIL + 15 * DAY, False, False),
        # Made in the future.
        (VALID_UNTIL - 10, VALID_FROM - 10, False, False),
    ],
)
def test_certificates_outside_their_validity(
    made_at, now, posted, queued, fields, post, sns_key, answers
):
    """They prove nothing; what a queue kept is held against the time when it was made."""
    made = datetime.fromtimestamp(made_at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    signed = sns_key.sign(fields(Timestamp=made))
    for accepted, verify in (
        (posted, lambda by: by.verify(post(signed))),
        (queued, lambda by: by.verify_envelope(signed)),
    ):
        checked = SnsVerifier(SnsTrust(topic_arns=[TOPIC_ARN]), now=lambda: now)
        for _ in ("fetched", "cached"):
            if accepted:
                assert run(verify(checked), answers(sns_key.pem)).verified_by
                continue
            with pytest.raises(WebhookRejected, match="expired, or not valid yet"):
                run(verify(checked), answers(sns_key.pem))
