"""Calls of AWS in the log `mailcore.wire`: over real HTTP, redacted."""

from __future__ import annotations

import logging

import pytest

from mailcore import Attachment, Mailer, MessageRejected
from mailcore import Message as Mail
from mailcore.http import wire
from mailcore_local.ses import LocalSes
from mailcore_ses.aws import AwsCall, AwsResponse
from mailcore_ses.aws.wire import call_text, response_text


TOKEN = "sk_live_51Hq/T0kEn9x=="
HIDDEN = (TOKEN[:12], "T0kEn9x", "victim.name", "One-time code", "local-secret")


@pytest.fixture
def credentials(monkeypatch):
    """Such as AWS would know."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local-secret")


@pytest.fixture
def records(caplog, credentials):
    """What the log of the wire says, once it is on."""
    wire.logger.setLevel(logging.DEBUG)
    yield caplog
    wire.logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "One-time code", "attachments": [Attachment("a", b"One-time code", "text/plain")]},
        {"text": "One-time code {{a}}", "merge_data": {"victim.name@x.example": {"a": TOKEN}}},
        {"html": "One-time code", "merge_metadata": {"victim.name@x.example": {"a": TOKEN}}},
        {
            "text": "One-time code {{a}}",
            "merge_global_data": {"a": "One-time code"},
            "headers": {"X-Auth-Token": "One-time code"},
            "unsubscribe": f"https://shop.example/{TOKEN}",
            "tags": [TOKEN],
        },
    ],
    ids=["raw", "bulk", "individual", "template"],
)
@pytest.mark.parametrize("content", ["raw", "simple"])
def test_calls_and_answers_are_told_without_secrets(records, fields, content):
    """The operation and its structure; files and what the mail says by their size."""
    mail = Mail(
        from_email="Shop <victim.name@shop.example>",
        to=["victim.name@x.example"],
        subject="One-time code",
        metadata={"order": TOKEN},
        **fields,
    )
    with (
        LocalSes() as local,
        Mailer("ses", **local.provider_options, content=content) as mailer,
    ):
        result = mailer.send(mail)

    asked, answered = records.messages
    assert " sesv2 Send" in asked
    assert "v***@x.example" in asked
    assert " s 200 | x-amzn-requestid: " in answered
    assert result.message_ids[0] in answered
    for record in records.messages:
        assert not [hidden for hidden in HIDDEN if hidden in record], record


def test_refusals_are_told(records):
    """The code and SES's words."""
    with LocalSes() as local, Mailer("ses", **local.provider_options) as mailer:
        local.faults.script("error:MessageRejected")
        with pytest.raises(MessageRejected):
            mailer.send(Mail(from_email="a@x.example", to=["b@x.example"], text="Hello"))

    assert '"Code": "MessageRejected"' in records.messages[1]


def test_off_by_default(caplog, credentials):
    """With all debug output of a program on, too."""
    caplog.set_level(logging.DEBUG)
    with LocalSes() as local, Mailer("ses", **local.provider_options) as mailer:
        mailer.send(Mail(from_email="a@x.example", to=["b@x.example"], text="Hello"))

    assert "mailcore.wire" not in {record.name for record in caplog.records}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            AwsCall(service="sns", operation="ConfirmSubscription", params={"Token": "2336412f37"}),
            'sns ConfirmSubscription | {"Token": <hidden>}',
        ),
        (
            AwsCall(
                service="sns",
                operation="Subscribe",
                params={"Endpoint": "https://user:pass@x.example/webhook"},
                region_name="eu-west-1",
            ),
            'sns Subscribe in eu-west-1 | {"Endpoint": "https://x.example/…"}',
        ),
        (
            AwsCall(
                service="sesv2",
                operation="PutEmailIdentityDkimSigningAttributes",
                params={"SigningAttributes": {"DomainSigningPrivateKey": "MIIE"}},
            ),
            (
                "sesv2 PutEmailIdentityDkimSigningAttributes | "
                '{"SigningAttributes": {"DomainSigningPrivateKey": <hidden>}}'
            ),
        ),
    ],
)
def test_other_calls(call, expected):
    """What sets up and confirms brings secrets as well."""
    assert expected == call_text(call)


def test_content_of_answers_is_told_by_its_size():
    """An object of S3 is a mail."""
    response = AwsResponse(status_code=200, body={"Body": b"One-time code", "ContentLength": 13})

    assert response_text(response).endswith('{"Body": <10 characters>, "ContentLength": 13}')
