"""`mailcore local`, as a process where that matters."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import boto3
import pytest

from mailcore import EventType, Mailer, WebhookRequest, receive
from mailcore_local.__main__ import main


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The command as users start it: process, URL and what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mailcore", "local", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10)]
        yield process, lines[2].strip().rstrip("/"), lines
    finally:
        process.kill()
        process.communicate()


def bare_environment(home: Path, **variables: str) -> dict[str, str]:
    """Nothing that AWS's SDKs could find credentials in."""
    return {"PATH": os.defpath, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", **variables}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(tmp_path: Path, endpoint, number: signal.Signals):
    """It says where it listens, subscribes the webhook, writes mail, and ends with exit code 0."""
    script = tmp_path / "faults.txt"
    script.write_text("# first the worst\nthrottle\n\nok # fine\n")
    arguments = ["--region", "eu-west-1", "--signature-version", "2", "--webhook", endpoint.url]
    arguments += ["--fault-script", str(script), "--directory", str(tmp_path / "mail")]

    with running(*arguments) as (process, url, lines):
        session = boto3.Session("k", "s", region_name="eu-west-1")
        client = session.client("sesv2", endpoint_url=url)
        sent = client.send_email(
            FromEmailAddress="a@example.com",
            Destination={"ToAddresses": ["b@example.net"]},
            Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
        )
        with urlopen(f"{url}/_local/messages") as response:
            messages = json.load(response)["messages"]
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)

    assert 0 == process.returncode, errors
    assert (
        f"mailcore: webhook {endpoint.url.partition('?')[0]} confirmed its subscription\n" == errors
    )
    assert 1 == sent["ResponseMetadata"]["RetryAttempts"]
    assert [sent["MessageId"]] == [message["message_id"] for message in messages]
    assert [f"0001-{sent['MessageId']}.eml"] == [f.name for f in (tmp_path / "mail").iterdir()]
    assert any("arn:aws:sns:eu-west-1:123456789012:ses-events" in line for line in lines)
    assert any(f'endpoint_url="{url}"' in line for line in lines)


@pytest.mark.slow
def test_environment_that_it_prints_works(tmp_path: Path):
    """The variables of its last line point boto3 at it without touching the code."""
    with running() as (_, _, lines):
        variables = dict(pair.split("=", 1) for pair in lines[8].split()[1:])
        code = "import boto3; print(boto3.client('sesv2').get_account()['SendingEnabled'])"
        environment = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", **variables}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert ("True\n", "") == (done.stdout, done.stderr)


@pytest.mark.slow
def test_mailcore_url_that_it_prints_works(tmp_path: Path, endpoint, http_request):
    """As it is, without any credentials: it sends, events are published, and are believed."""
    with running("--webhook", endpoint.url) as (_, url, lines):
        (_, given) = shlex.split(lines[4])
        message = ["--from", "shop@example.com", "--to", "bounce@simulator.amazonses.com"]
        message += ["--subject", "Hello", "--text", "Hello"]
        sent = subprocess.run(
            [sys.executable, "-m", "mailcore", "send", *message],
            env=bare_environment(tmp_path, MAILCORE_URL=given.removeprefix("MAILCORE_URL=")),
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == sent.returncode, sent.stderr
        (kept,) = http_request(f"{url}/_local/messages").json["messages"]
        assert "Hello" == kept["subject"]
        (post, *_) = endpoint.wait_for_notifications(1)
        with Mailer.from_url(given.removeprefix("MAILCORE_URL=")) as mailer:
            request = WebhookRequest("POST", post.headers, post.body.encode())
            (event,) = receive(mailer.provider, request)
    assert (EventType.SENT, kept["message_id"]) == (event.event_type, event.message_id)


@pytest.mark.slow
def test_a_webhook_that_cannot_be_confirmed_is_told_of_at_once(endpoint):
    """On standard error, before the command asks again."""
    endpoint.statuses = [405]
    with running("--webhook", endpoint.url) as (process, _, _):
        assert process.stderr is not None
        said = process.stderr.readline()

    address = endpoint.url.partition("?")[0]
    assert said.startswith(
        f"mailcore: warning: webhook {address} answered 405 Method Not Allowed: it takes no POST"
    )


@pytest.mark.slow
def test_own_credentials_are_not_printed():
    """Whoever has the server check signatures knows the key; it stays out of the URL."""
    arguments = ("--access-key-id", "AKID", "--secret-access-key", "s3cr3t")
    with running(*arguments) as (_, _, lines):
        assert "MAILCORE_URL='ses://?" in lines[4]
        assert "s3cr3t" not in "".join(lines)


REFUSED = [
    (["--colour", "red"], "--colour"),
    (["--signature-version", "3"], "--signature-version"),
    (["--port", "99999"], "port is a number from 0 to 65535"),
    (["--host", "no.such.host.invalid"], "error: "),
    (["--fault", "throttle"], "FAULT=RATE"),
    (["--fault", "throttle=often"], "'often' is not a rate"),
    (["--fault", "explode=0.1"], "unknown fault 'explode'"),
    (["--fault-script", "/no/such/file"], "No such file or directory: /no/such/file"),
    (["--fault-script", "{bad}"], "not valid JSON"),
    (["--fault-script", "{binary}"], "error: "),
    (["--directory", "{bad}"], "File exists"),
    (["--webhook", "ftp://x/"], "Endpoint must be"),
    (["--verify", "not a domain"], "Domain contains illegal character"),
    (["--access-key-id", "x"], "go together"),
    (["--port", "{taken}"], "in use"),
]


@pytest.fixture
def filled_in(tmp_path: Path) -> Iterator[Callable[[list[str]], list[str]]]:
    """Arguments with {bad}, {binary} and {taken} put in."""
    (tmp_path / "bad").write_text("{")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        values = {
            "{bad}": str(tmp_path / "bad"),
            "{binary}": str(tmp_path / "binary"),
            "{taken}": str(taken.getsockname()[1]),
        }
        yield lambda arguments: ["--port", "0", *(values.get(a, a) for a in arguments)]


@pytest.mark.parametrize(
    ("arguments", "text"), REFUSED, ids=[" ".join(arguments) for arguments, _ in REFUSED]
)
def test_what_it_refuses(filled_in, capsys, arguments: list[str], text: str):
    """One clear error on standard error and 2 as the exit code."""
    code = main(filled_in(arguments))

    out, err = capsys.readouterr()
    assert 2 == code
    assert "" == out
    assert text in err


@pytest.mark.slow
def test_refusal_as_a_process(filled_in):
    """The exit code is that of the process, and there is no traceback."""
    command = [sys.executable, "-m", "mailcore_local", *filled_in(["--port", "{taken}"])]

    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert 2 == done.returncode
    place = f"127.0.0.1 port {command[-1]}"
    assert f"mailcore: error: Address already in use: {place}\n" == done.stderr
