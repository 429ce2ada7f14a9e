"""boto3 behind the transport: one client, nothing sent twice, every failure typed."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading

import boto3
import botocore.session
import pytest

from botocore.config import Config

from mailcore.errors import (
    AuthenticationFailed,
    InvalidMessage,
    MessageRejected,
    NetworkError,
    SendError,
    SendTimeout,
)
from mailcore_local.ses import LocalSes
from mailcore_ses.aws import AwsCall
from mailcore_ses.aws.call import LateParameters
from mailcore_ses.aws.transport import AwsTransport, ClientSettings


PARAMETERS = {
    "Destination": {"ToAddresses": ["ada@example.net"]},
    "Content": {"Raw": {"Data": b"From: shop@example.com\r\nSubject: x\r\n\r\nHello\r\n"}},
}
SEND = AwsCall(service="sesv2", operation="SendEmail", params=PARAMETERS)


@pytest.fixture
def local():
    """A local SES."""
    with LocalSes(region_name="eu-west-1") as ses:
        yield ses


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def transport(url: str, **settings: object) -> AwsTransport:
    """A transport to a local SES."""
    return AwsTransport(ClientSettings(endpoint_urls={"sesv2": url}, **settings))


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_accepted(local):
    """An accepted call is answered with what the operation returns."""
    answer = transport(local.url).exchange(SEND)

    assert answer.ok
    assert local.messages[0].message_id == answer.body["MessageId"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("throttle", "TooManyRequestsException"),
        ("error500", "InternalFailure"),
        ("sending_rate", "ThrottlingException"),
        ("error:AccountSuspendedException", "AccountSuspendedException"),
    ],
)
def test_error_is_an_answer_and_never_retried(local, fault, code):
    """An error answer comes back as it is, after one request."""
    local.faults.script(fault, "ok")

    answer = transport(local.url).exchange(SEND)

    assert code == answer.error_code
    assert [] == local.messages
    assert ["ok"] == local.faults.snapshot()["requests"]


@pytest.mark.parametrize(
    ("fault", "expected_class", "accepted"),
    [
        pytest.param("hang", SendTimeout, 0, marks=pytest.mark.slow),
        pytest.param("hang_after_accept", SendTimeout, 1, marks=pytest.mark.slow),
        ("reset", NetworkError, 0),
        ("reset_after_accept", NetworkError, 1),
    ],
)
def test_lost_answer_is_maybe_accepted_and_never_retried(local, fault, expected_class, accepted):
    """Once the request was written, a lost answer means that nobody knows; it is sent once."""
    local.faults.script(fault, "ok")

    with pytest.raises(SendError) as caught:
        transport(local.url, read_timeout_seconds=0.3).exchange(SEND)

    assert expected_class is type(caught.value)
    assert caught.value.maybe_accepted
    assert not caught.value.retryable
    assert accepted == len(local.messages)
    assert ["ok"] == local.faults.snapshot()["requests"]


def test_refused_connection_is_safe_to_retry():
    """Without a connection nothing was accepted."""
    with pytest.raises(NetworkError) as caught:
        transport(f"http://127.0.0.1:{closed_port()}").exchange(SEND)

    assert caught.value.retryable
    assert not caught.value.maybe_accepted


def test_message_that_cannot_be_written_when_it_is_sent(local):
    """What writing it says of the message is passed on; nothing was sent."""

    def write() -> dict[str, object]:
        raise InvalidMessage("no such thing")

    call = AwsCall(service="sesv2", operation="SendEmail", params=LateParameters(write))

    with pytest.raises(InvalidMessage, match="no such thing"):
        transport(local.url).exchange(call)

    assert [] == local.messages


def test_no_credentials(local, monkeypatch):
    """65: missing credentials are an authentication failure, found before anything is sent."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    with pytest.raises(AuthenticationFailed) as caught:
        transport(local.url).exchange(SEND)

    assert "credentials" == caught.value.category
    assert not caught.value.maybe_accepted


def test_unknown_profile():
    """A profile that does not exist is an authentication failure."""
    with pytest.raises(AuthenticationFailed):
        AwsTransport(ClientSettings(session_parameters={"profile_name": "nobody"})).exchange(SEND)


def test_no_region(monkeypatch):
    """Without a region the text says what to set."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    with pytest.raises(SendError, match="region_name") as caught:
        AwsTransport(ClientSettings()).exchange(SEND)

    assert "region" == caught.value.category


def test_invalid_parameters_are_named_without_their_values(local):
    """The validation error names the parameter; what stands in it stays out of the text."""
    params = {**PARAMETERS, "Destination": {"ToAddresses": "ada@example.net"}}

    with pytest.raises(MessageRejected) as caught:
        transport(local.url).exchange(
            AwsCall(service="sesv2", operation="SendEmail", params=params)
        )

    assert "Destination.ToAddresses" in str(caught.value)
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_given_client_does_not_retry(local, mode):
    """Whatever retries a client was made with, a send through it is sent once."""
    client = boto3.client(
        "sesv2", endpoint_url=local.url, config=Config(retries={"mode": mode, "max_attempts": 5})
    )
    local.faults.script("error500", "ok")

    answer = AwsTransport(ClientSettings(client=client)).exchange(SEND)

    assert 500 == answer.status_code
    assert ["ok"] == local.faults.snapshot()["requests"]


@pytest.mark.parametrize(
    "config", [{"read_timeout": 7}, Config(read_timeout=7)], ids=["dict", "Config"]
)
def test_given_config_is_merged_and_not_changed(local, config):
    """64: a Config or a dict overrides the defaults, but for retries; it is not mutated."""
    before = dict(config) if isinstance(config, dict) else dict(vars(config))
    client = transport(local.url, client_parameters={"config": config}).client()

    assert 7 == client.meta.config.read_timeout
    assert 5.0 == client.meta.config.connect_timeout
    assert 1 == client.meta.config.retries["total_max_attempts"]
    assert before == (dict(config) if isinstance(config, dict) else dict(vars(config)))


def test_user_agent(local):
    """Requests say that they come from mailcore, with its version."""
    from mailcore import __version__

    client = transport(local.url).client()

    assert client.meta.config.user_agent.startswith(f"mailcore/{__version__} ")


def test_one_client_for_many_threads(local):
    """Threads that start at once share the one client that is made."""
    made = []
    start = threading.Barrier(8)
    shared = transport(local.url)

    def use() -> None:
        start.wait(timeout=10)
        made.append(shared.client())

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 8 == len(made)
    assert 1 == len({id(client) for client in made})


def test_endpoint_of_ses_is_not_used_for_sns(local):
    """138: an endpoint belongs to one service; SNS is called in the region asked for (76)."""
    shared = transport(local.url, region_name="us-east-1")
    sns = shared.client("sns", "us-west-2")

    assert local.url == shared.client().meta.endpoint_url
    assert "https://sns.us-west-2.amazonaws.com" == sns.meta.endpoint_url
    assert "us-west-2" == sns.meta.region_name


def test_given_session_is_used(local):
    """A session of the caller's makes the client."""
    session = boto3.session.Session(
        botocore_session=botocore.session.Session(), region_name="ap-south-1"
    )

    assert "ap-south-1" == transport(local.url, session=session).client().meta.region_name


def test_close_and_use_again(local):
    """After closing, the next call makes a new client."""
    shared = transport(local.url)
    shared.exchange(SEND)
    shared.close()
    shared.close()

    assert shared.exchange(SEND).ok


def test_settings_keep_secrets():
    """Neither settings nor calls show credentials or addresses in their repr."""
    settings = ClientSettings(client_parameters={"aws_secret_access_key": "s3cr3t"})

    assert "s3cr3t" not in repr(settings)
    assert "ada" not in repr(SEND)


@pytest.mark.slow
def test_importing_the_plugin_does_not_import_boto3():
    """The plugin is cheap until the first call."""
    code = (
        "import sys, mailcore, mailcore_ses\n"
        "mailcore.get_provider('ses', region_name='eu-west-1')\n"
        "print([m for m in ('boto3', 'botocore') if m in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert "[]" == finished.stdout.strip()
