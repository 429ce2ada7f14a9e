"""Fetching received mail, call by call: what is asked, and what each answer means."""

from __future__ import annotations

import asyncio
import base64
import json
import traceback

from io import BytesIO
from pathlib import Path

import boto3
import pytest

from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    ConfigurationError,
    FetchError,
    InboundEvent,
    NetworkError,
    SendTimeout,
    UnexpectedResponse,
    get_provider,
)
from mailcore.events import event_from_dict
from mailcore.flow import arun, run
from mailcore_ses.aws import AwsCall, AwsResponse, client_encryption
from mailcore_ses.aws.transport import AwsTransport, ClientSettings
from mailcore_ses.events import parse_message


PROVIDER = get_provider("ses", region_name="eu-central-1", max_inbound_bytes=1000)
NOTIFICATION = json.loads(
    (Path(__file__).parent / "fixtures" / "events" / "received_s3.input.json").read_text("utf-8")
)
MAIL = (
    "From: Zoë <zoe@example.net>\r\nTo: help@in.shop.example\r\nSubject: Größe?\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGröße 42\r\n"
).encode()
METADATA = {
    "x-amz-key-v2": base64.b64encode(b"wrapped").decode(),
    "x-amz-iv": base64.b64encode(bytes(12)).decode(),
    "x-amz-cek-alg": "AES/GCM/NoPadding",
    "x-amz-wrap-alg": "kms",
    "x-amz-tag-len": "128",
    "x-amz-matdesc": json.dumps({"kms_cmk_id": "arn:aws:kms:us-west-2:123456789012:key/k"}),
}
ENCRYPTED = AwsResponse(status_code=200, body={"Body": b"x" * 32, "Metadata": METADATA})


def in_s3(**receipt: object) -> InboundEvent:
    """The event of a mail in S3."""
    changed = {**NOTIFICATION, "receipt": {**NOTIFICATION["receipt"], **receipt}}
    (event,) = parse_message("ses", json.dumps(changed))
    return event


def by_sns(encoding: str, content: str) -> InboundEvent:
    """The event of a mail that SNS brought along."""
    action = {"type": "SNS", "encoding": encoding, "topicArn": "arn:aws:sns:eu-west-1:1:in"}
    receipt = {**NOTIFICATION["receipt"], "action": action}
    payload = {**NOTIFICATION, "receipt": receipt, "content": content}
    (event,) = parse_message("ses", json.dumps(payload))
    return event


def refused(status_code: int, code: str, message: str = "words") -> AwsResponse:
    """An answer that says no."""
    return AwsResponse(status_code=status_code, error_code=code, error_message=message)


def test_same_mail_through_every_action(answers):
    """A mail parses alike from SNS in UTF-8, from SNS in base64 and from S3 (83)."""
    stored = answers(AwsResponse(status_code=200, body={"Body": MAIL, "Metadata": {}}))
    mails = [
        run(PROVIDER.fetch_inbound(by_sns("UTF-8", MAIL.decode()))),
        run(PROVIDER.fetch_inbound(by_sns("BASE64", base64.b64encode(MAIL).decode()))),
        run(PROVIDER.fetch_inbound(in_s3()), stored),
    ]

    assert [MAIL] * 3 == [mail.raw for mail in mails]
    assert ["Größe?"] * 3 == [mail.subject for mail in mails]
    assert ["Größe 42\n"] * 3 == [mail.text for mail in mails]


@pytest.mark.parametrize(
    ("status", "is_spam"), [("PASS", False), ("FAIL", True), ("GRAY", None), ("NEW", None)]
)
def test_verdicts_stand_on_the_event(status, is_spam):
    """A verdict that is neither PASS nor FAIL is none (82)."""
    event = in_s3(spamVerdict={"status": status})

    assert is_spam is event.spam
    assert "gray" == event.dkim


def test_object_is_asked_for_where_the_topic_is(answers):
    """The region is the topic's, and the size is limited; so it is after a queue of JSON."""
    transport = answers(*[AwsResponse(status_code=200, body={"Body": MAIL})] * 2)
    event = in_s3()
    for each in (event, event_from_dict(json.loads(json.dumps(event.to_dict())))):
        run(PROVIDER.fetch_inbound(each), transport)

    params = {"Bucket": "inbound-mail", "Key": "in/3k9v1example"}
    call = AwsCall(
        service="s3",
        operation="GetObject",
        params=params,
        region_name="eu-west-1",
        max_response_bytes=1000,
    )
    assert [call, call] == transport.requests


@pytest.mark.parametrize(
    "topic", [None, 7, "", "arn:aws:sns:eu-west-1:1:x y", "arn:aws:s3:::x"], ids=repr
)
def test_region_without_a_topic(answers, topic):
    """An action that notifies no topic leaves the region to the provider."""
    action = {**NOTIFICATION["receipt"]["action"], "topicArn": topic}
    transport = answers(AwsResponse(status_code=200, body={"Body": MAIL}))
    run(PROVIDER.fetch_inbound(in_s3(action=action)), transport)

    assert transport.requests[0].region_name is None


@pytest.mark.parametrize("location", [{}, {"bucketName": "b"}, {"objectKey": "k"}], ids=repr)
def test_event_that_leads_nowhere(answers, location):
    """Neither content nor an object: a typed error, and nobody is asked."""
    transport = answers()
    event = InboundEvent(provider="ses", location=location)
    with pytest.raises(FetchError, match="neither content nor an object") as caught:
        run(PROVIDER.fetch_inbound(event), transport)

    assert "no_content" == caught.value.category
    assert run(PROVIDER.delete_inbound(event), transport) is None
    assert [] == transport.requests


@pytest.mark.parametrize(
    ("answer", "category", "is_retryable"),
    [
        (refused(403, "AccessDenied"), "access_denied", False),
        (refused(404, "NoSuchKey"), "not_found", False),
        (refused(404, "NoSuchBucket"), "not_found", False),
        (refused(400, "InvalidBucketName"), "failed", False),
        (refused(400, "RequestTimeout"), "failed", True),
        (refused(500, "InternalError"), "failed", True),
        (refused(503, "SlowDown"), "failed", True),
    ],
    ids=lambda value: getattr(value, "error_code", None),
)
def test_refusals(answers, answer, category, is_retryable):
    """What S3 refuses is an error of ours that keeps its words, and boto3's is its cause (81)."""
    with pytest.raises(FetchError) as caught:
        run(PROVIDER.fetch_inbound(in_s3()), answers(answer))

    error, cause = caught.value, caught.value.__cause__
    assert f"ses: GetObject: {answer.error_code}: words" == str(error)
    assert (category, is_retryable) == (error.category, error.retryable)
    assert (answer.status_code, answer.error_code) == (error.status_code, error.code)
    assert answer is error.raw
    assert isinstance(cause, ClientError)
    assert {"Code": answer.error_code, "Message": "words"} == cause.response["Error"]


def test_refusal_that_names_somebody(answers):
    """Neither the error nor its cause, which a traceback shows, has the address."""
    words = "user ada.lovelace@example.net may not"
    answer = AwsResponse(status_code=403, error_code="AccessDenied", error_message=words)

    with pytest.raises(FetchError) as caught:
        run(PROVIDER.fetch_inbound(in_s3()), answers(answer))

    assert "lovelace" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("error", "category", "is_retryable"),
    [
        (SendTimeout("late", retryable=False, maybe_accepted=True), "timeout", True),
        (NetworkError("lost", retryable=False, maybe_accepted=True), "network", True),
        (UnexpectedResponse("more", category="too_large"), "too_large", False),
    ],
)
def test_no_answer(answers, error, category, is_retryable):
    """Reading may be repeated, whatever became of the request."""
    with pytest.raises(FetchError) as caught:
        run(PROVIDER.fetch_inbound(in_s3()), answers(error))

    assert (category, is_retryable) == (caught.value.category, caught.value.retryable)
    assert error is caught.value.__cause__


def test_addresses_stay_out_of_the_text(answers):
    """S3's words may name an object after an address."""
    answer = refused(404, "NoSuchKey", "No ada.lovelace@example.net here")
    with pytest.raises(FetchError) as caught:
        run(PROVIDER.fetch_inbound(in_s3()), answers(answer))

    assert "ada.lovelace" not in str(caught.value)


def test_deleting(answers):
    """One call, to the same place."""
    transport = answers(AwsResponse(status_code=204))
    run(PROVIDER.delete_inbound(in_s3()), transport)

    assert ["DeleteObject"] == [call.operation for call in transport.requests]
    assert "eu-west-1" == transport.requests[0].region_name


def test_deleting_refused(answers):
    """A mail that cannot be deleted is reported."""
    with pytest.raises(FetchError, match="DeleteObject: AccessDenied"):
        run(PROVIDER.delete_inbound(in_s3()), answers(refused(403, "AccessDenied")))


@pytest.mark.parametrize(
    ("matdesc", "option", "region", "key_id"),
    [
        ("arn:aws:kms:us-west-2:123456789012:key/k", None, "us-west-2", None),
        ("alias/aws/ses", None, "eu-west-1", None),
        (
            "arn:aws:kms:us-west-2:123456789012:key/k",
            "arn:aws:kms:us-east-1:123456789012:key/mine",
            "us-east-1",
            "arn:aws:kms:us-east-1:123456789012:key/mine",
        ),
    ],
)
def test_key_is_asked_for(answers, matdesc, option, region, key_id):
    """KMS is asked where the key is, with what the metadata holds; an own key is insisted on."""
    provider = get_provider("ses", kms_key_arn=option)
    context = {"kms_cmk_id": matdesc}
    body = {"Body": b"x" * 32, "Metadata": {**METADATA, "x-amz-matdesc": json.dumps(context)}}
    transport = answers(
        AwsResponse(status_code=200, body=body), refused(400, "AccessDeniedException")
    )
    with pytest.raises(FetchError, match="Decrypt: AccessDeniedException: words") as caught:
        run(provider.fetch_inbound(in_s3()), transport)

    assert "access_denied" == caught.value.category
    call = transport.requests[1]
    expected = {"CiphertextBlob": b"wrapped", "EncryptionContext": context}
    assert ("kms", "Decrypt", region) == (call.service, call.operation, call.region_name)
    assert {**expected, **({"KeyId": key_id} if key_id else {})} == call.params


def test_mail_that_was_changed(answers):
    """What does not match its authentication tag is not mail."""
    answer = AwsResponse(status_code=200, body={"Plaintext": bytes(32)})
    with pytest.raises(FetchError, match="cannot be decrypted") as caught:
        run(PROVIDER.fetch_inbound(in_s3()), answers(ENCRYPTED, answer))

    assert "decryption" == caught.value.category


@pytest.mark.parametrize(
    "changes",
    [
        {"x-amz-cek-alg": "AES/CBC/PKCS5Padding"},
        {"x-amz-cek-alg": "ROT13"},
        {"x-amz-cek-alg": "forged\nlog line ada.lovelace@example.net" + "x" * 9000},
        {"x-amz-wrap-alg": "AES/GCM"},
        {"x-amz-matdesc": "{"},
        {"x-amz-matdesc": "[1]"},
        {"x-amz-matdesc": '"text"'},
        {"x-amz-iv": "ä"},
        {"x-amz-iv": "AAAA"},
        {"x-amz-key-v2": "?"},
        {"x-amz-key-v2": None},
        {"x-amz-matdesc": None},
        {"x-amz-iv": None},
    ],
    ids=lambda each: repr(each)[:60],
)
def test_metadata_that_lies(answers, changes):
    """Whoever can write to the bucket gets a typed error, at the latest after asking KMS."""
    metadata = {n: v for n, v in {**METADATA, **changes}.items() if v is not None}
    stored = AwsResponse(status_code=200, body={"Body": b"x" * 32, "Metadata": metadata})
    answer = AwsResponse(status_code=200, body={"Plaintext": bytes(32)})
    with pytest.raises(FetchError) as caught:
        run(PROVIDER.fetch_inbound(in_s3()), answers(stored, answer))

    assert "decryption" == caught.value.category
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)
    assert "ada.lovelace" not in str(caught.value)


@given(st.dictionaries(st.sampled_from([*METADATA, "x-amz-c", "x-amz-3", "x-amz-w"]), st.text()))
def test_any_metadata(changes):
    """Metadata of any kind gives a mail or the typed error."""
    replies = [
        AwsResponse(status_code=200, body={"Body": b"x" * 32, "Metadata": {**METADATA, **changes}}),
        AwsResponse(status_code=200, body={"Plaintext": bytes(32)}),
    ]

    class Transport:
        def exchange(self, request: object) -> AwsResponse:
            return replies.pop(0)

        def close(self) -> None: ...

    with pytest.raises(FetchError):
        run(PROVIDER.fetch_inbound(in_s3()), Transport())


def test_key_that_kms_does_not_give(answers):
    """An answer without a key is told from one with a wrong key."""
    with pytest.raises(FetchError, match="has no key"):
        run(PROVIDER.fetch_inbound(in_s3()), answers(ENCRYPTED, AwsResponse(status_code=200)))


def test_extra_is_not_installed(answers, monkeypatch):
    """An encrypted mail needs the extra: the error says which. Others do not."""
    monkeypatch.setattr(client_encryption, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'mailcore-ses\[kms\]'"):
        run(PROVIDER.fetch_inbound(in_s3()), answers(ENCRYPTED))

    plain = AwsResponse(status_code=200, body={"Body": MAIL, "Metadata": {"colour": "red"}})
    assert MAIL == run(PROVIDER.fetch_inbound(in_s3()), answers(plain)).raw


def test_in_an_event_loop(answers):
    """The same flow, driven by asyncio."""
    transport = answers(AwsResponse(status_code=200, body={"Body": MAIL}))

    assert MAIL == asyncio.run(arun(PROVIDER.fetch_inbound(in_s3()), transport)).raw


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("IncorrectKeyException", "decryption"),
        ("InvalidCiphertextException", "decryption"),
        ("DisabledException", "failed"),
    ],
)
def test_refusals_of_kms(answers, code, category):
    """Another key than the one insisted on, or none of KMS's, cannot decrypt."""
    with pytest.raises(FetchError) as caught:
        run(PROVIDER.fetch_inbound(in_s3()), answers(ENCRYPTED, refused(400, code)))

    assert (category, code) == (caught.value.category, caught.value.code)


def test_region_of_a_client_that_was_given(invented_credentials):
    """Without a region of its own, S3 is asked in the region of the client that sends."""
    client = boto3.client("sesv2", region_name="eu-west-3", endpoint_url="http://127.0.0.1:9")
    transport = get_provider("ses", client=client).create_transport()

    assert "eu-west-3" == transport.client("s3").meta.region_name
    assert "https://s3.eu-west-3.amazonaws.com" == transport.client("s3").meta.endpoint_url


@pytest.mark.parametrize(
    ("limit", "length", "outcome"),
    [
        (len(MAIL), len(MAIL), MAIL),
        (len(MAIL) - 1, len(MAIL), UnexpectedResponse),
        (len(MAIL) * 3, len(MAIL) * 2, NetworkError),
    ],
    ids=["whole", "too large", "cut off"],
)
def test_body_is_closed(invented_credentials, limit, length, outcome):
    """Whatever comes of reading an object, its connection is let go."""
    raw = BytesIO(MAIL)
    client = boto3.client("s3", region_name="eu-west-1")
    call = AwsCall(
        service="s3",
        operation="GetObject",
        params={"Bucket": "b", "Key": "k"},
        max_response_bytes=limit,
    )
    with Stubber(client) as stubber:
        stubber.add_response("get_object", {"Body": StreamingBody(raw, length)})
        transport = AwsTransport(ClientSettings(client=client))
        if isinstance(outcome, bytes):
            assert outcome == transport.exchange(call).body["Body"]
        else:
            with pytest.raises(outcome):
                transport.exchange(call)

    assert raw.closed


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_that_is_none(limit):
    """A limit must let something through."""
    with pytest.raises(ConfigurationError, match="max_inbound_bytes"):
        get_provider("ses", max_inbound_bytes=limit)
