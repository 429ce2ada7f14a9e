"""SES API v1 against moto: the same messages, results and errors."""

from __future__ import annotations

import email
import email.policy
import json

import pytest
import requests

from moto.server import ThreadedMotoServer

from mailcore import Mailer, Message, MessageRejected
from mailcore.errors import SendError


pytestmark = pytest.mark.slow


ADA, BOB = "ada@example.net", "bob@example.net"


@pytest.fixture(scope="module")
def moto():
    """The URL of a moto server on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def mailer(moto, monkeypatch):
    """A mailer to it, with a verified sender and a template."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    requests.post(f"{moto}/moto-api/reset", timeout=10)
    options = {"endpoint_url": moto, "region_name": "eu-west-1", "api_version": "v1"}
    with Mailer("ses", **options) as made:
        client = made.provider.client
        client.verify_email_identity(EmailAddress="shop@example.com")
        client.create_template(
            Template={"TemplateName": "welcome", "SubjectPart": "Hi", "TextPart": "{{name}}"}
        )
        yield made


def stored(moto: str, kind: str) -> list[dict]:
    """What moto keeps of a kind."""
    return requests.get(f"{moto}/moto-api/data.json", timeout=10).json()["ses"].get(kind, [])


def message(**fields: object) -> Message:
    """A message from the verified sender to two."""
    return Message(**{"from_email": "Shop <shop@example.com>", "to": [ADA, BOB], **fields})


def test_complete_message(moto, mailer):
    """SendRawEmail takes the same bytes."""
    result = mailer.send(message(subject="Grüße", text="Hello", bcc=["hidden@example.org"]))

    (record,) = stored(moto, "RawMessage")
    found = email.message_from_string(record["raw_data"], policy=email.policy.default)
    assert record["id"] == result.message_id
    assert {ADA, BOB, "hidden@example.org"} <= set(record["destinations"])
    assert "Grüße" == found["Subject"]
    assert found["Bcc"] is None


def test_batch_of_complete_messages(moto, mailer):
    """Everybody gets an own mail, under an own id."""
    result = mailer.send(message(subject="Hi", text="x", merge_metadata={ADA: {"order": 7}}))

    records = stored(moto, "RawMessage")
    found = [
        email.message_from_string(record["raw_data"], policy=email.policy.default)
        for record in records
    ]
    assert [ADA, BOB] == [str(each["To"]) for each in found]
    assert ['{"order": 7}', None] == [each["X-Metadata"] for each in found]
    assert [record["id"] for record in records] == list(result.message_ids)


def test_template_message(moto, mailer):
    """SendTemplatedEmail fills in the template once."""
    result = mailer.send(message(template_id="welcome", merge_global_data={"name": "Ada"}))

    (record,) = stored(moto, "TemplateMessage")
    assert record["id"] == result.message_id
    assert "welcome" == record["template"]
    assert {"name": "Ada"} == json.loads(record["template_data"])


def test_bulk(moto, mailer):
    """SendBulkTemplatedEmail has a result for each."""
    result = mailer.send(message(template_id="welcome", merge_data={ADA: {"name": "Ada"}}))

    (record,) = stored(moto, "BulkTemplateMessage")
    assert list(record["ids"]) == list(result.message_ids)
    assert (ADA, BOB) == result.accepted
    data = [each["ReplacementTemplateData"] for each in record["destinations"]]
    assert [{"name": "Ada"}, {}] == [json.loads(text) for text in data]


@pytest.mark.parametrize("batch", [{}, {"merge_data": {}}], ids=["one", "bulk"])
def test_template_missing(mailer, batch):
    """The errors of v1 have the same classes and categories."""
    with pytest.raises(SendError) as caught:
        mailer.send(message(template_id="nowhere", **batch))

    assert MessageRejected is type(caught.value)
    assert "template_not_found" == caught.value.category


def test_sender_not_verified(mailer):
    """The MessageRejected of v1 is the same error."""
    with pytest.raises(MessageRejected) as caught:
        mailer.send(message(from_email="stranger@example.org", subject="x", text="x"))

    assert ("MessageRejected", False) == (caught.value.code, caught.value.retryable)
