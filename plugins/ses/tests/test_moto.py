"""The plugin against moto: an SES written by somebody else."""

from __future__ import annotations

import email
import email.policy

import pytest
import requests

from moto.server import ThreadedMotoServer

from mailcore import Mailer, Message, MessageRejected


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def moto():
    """The URL of a moto server on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["http", "boto3"])
def mailer(request, moto, monkeypatch):
    """A mailer to it, by either way, with one verified sender."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    requests.post(f"{moto}/moto-api/reset", timeout=10)
    options = {"endpoint_url": moto, "region_name": "eu-west-1", "send_with": request.param}
    with Mailer("ses", **options) as made:
        made.provider.client.create_email_identity(EmailIdentity="shop@example.com")
        yield made


def message(**fields: object) -> Message:
    """A message from the verified sender."""
    base = {"from_email": "Shop <shop@example.com>", "to": ["Ada <ada@example.net>"]}
    return Message(**{**base, "subject": "Grüße", "text": "Hello", **fields})


def test_raw_message_arrives(moto, mailer):
    """A moto server takes the raw message, and what it stored is what was meant."""
    result = mailer.send(message(bcc=["hidden@example.org"]))

    (stored,) = requests.get(f"{moto}/moto-api/data.json", timeout=10).json()["ses"]["RawMessage"]
    parsed = email.message_from_string(stored["raw_data"], policy=email.policy.default)
    assert stored["id"] == result.message_id
    # For raw content moto adds the recipients in the header to those in the Destination.
    assert {"ada@example.net", "hidden@example.org"} <= set(stored["destinations"])
    assert "Grüße" == parsed["Subject"]
    assert parsed["Bcc"] is None


def test_sender_that_is_not_verified(mailer):
    """The MessageRejected of moto becomes ours, with the category that says what to do."""
    with pytest.raises(MessageRejected) as caught:
        mailer.send(message(from_email="stranger@example.org"))

    assert "MessageRejected" == caught.value.code
    assert not caught.value.retryable
