"""`mailcore local`, as a process where that matters."""

from __future__ import annotations

import base64
import json
import os
import shlex
import signal
import smtplib
import socket
import subprocess
import sys

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest

from mailcore import EventType, Mailer, WebhookRequest, receive
from mailcore_local.__main__ import main


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The command as users start it: process, URL and what it printed."""
    ports = ("--port", "0", "--smtp-port", "0")
    process = subprocess.Popen(
        [sys.executable, "-m", "mailcore", "local", *ports, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("At most"):
                break
        yield process, lines[2].strip().rstrip("/"), lines
    finally:
        process.kill()
        process.communicate()


def bare_environment(home: Path, **variables: str) -> dict[str, str]:
    """Nothing that AWS's SDKs could find credentials in."""
    return {"PATH": os.defpath, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", **variables}


def line_with(lines: list[str], text: str) -> str:
    """The first of the lines that has a text."""
    return next(line.strip() for line in lines if text in line)


def mailcore_url(lines: list[str], scheme: str) -> str:
    """The URL that is printed for a provider."""
    (_, given) = shlex.split(line_with(lines, f"MAILCORE_URL='{scheme}:"))
    return given.removeprefix("MAILCORE_URL=")


def asked(url: str) -> dict:
    """What the API answers."""
    with urlopen(url, timeout=30) as response:
        return json.load(response)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(tmp_path: Path, endpoint, number: signal.Signals):
    """It says where it listens, subscribes the webhook, writes mail, and ends with exit code 0."""
    script = tmp_path / "faults.txt"
    script.write_text("# first the worst\nthrottle\n\nok # fine\n")
    arguments = ["--region", "eu-west-1", "--signature-version", "2"]
    arguments += ["--webhook", f"ses={endpoint.url}"]
    arguments += ["--fault-script", f"ses={script}", "--directory", str(tmp_path / "mail")]

    with running(*arguments) as (process, url, lines):
        session = boto3.Session("k", "s", region_name="eu-west-1")
        client = session.client("sesv2", endpoint_url=f"{url}/ses")
        sent = client.send_email(
            FromEmailAddress="a@example.com",
            Destination={"ToAddresses": ["b@example.net"]},
            Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
        )
        (mail,) = asked(f"{url}/api/v1/messages")["messages"]
        document = asked(f"{url}/api/v1/messages/{mail['id']}")
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)

    assert 0 == process.returncode, errors
    assert (
        f"mailcore: webhook {endpoint.url.partition('?')[0]} confirmed its subscription\n" == errors
    )
    assert 1 == sent["ResponseMetadata"]["RetryAttempts"]
    assert sent["MessageId"] == document["recipients"][0]["message_id"]
    (written,) = (tmp_path / "mail").iterdir()
    assert written.name.endswith(f"-ses-{mail['id']}.eml")
    assert f"  export MAILCORE_REDIRECT={url}\n" in lines
    assert f"Events of Amazon SES are posted to {endpoint.url}\n" in lines


@pytest.mark.slow
def test_environment_that_it_prints_works(tmp_path: Path):
    """The variables that it prints point boto3 at it without touching the code."""
    with running() as (_, _, lines):
        printed = line_with(lines, "AWS_ENDPOINT_URL_SESV2")
        variables = dict(pair.split("=", 1) for pair in printed.split()[1:])
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
def test_mailcore_url_that_it_prints_works(tmp_path: Path, endpoint):
    """As it is, without any credentials: it sends, events are published, and are believed."""
    with running("--webhook", f"ses={endpoint.url}") as (_, url, lines):
        given = mailcore_url(lines, "ses")
        message = ["--from", "shop@example.com", "--to", "bounce@simulator.amazonses.com"]
        message += ["--subject", "Hello", "--text", "Hello"]
        sent = subprocess.run(
            [sys.executable, "-m", "mailcore", "send", *message],
            env=bare_environment(tmp_path, MAILCORE_URL=given),
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == sent.returncode, sent.stderr
        mail = asked(f"{url}/api/v1/messages/latest")
        assert "Hello" == mail["subject"]
        (post, *_) = endpoint.wait_for_notifications(1)
        with Mailer.from_url(given) as mailer:
            request = WebhookRequest("POST", post.headers, post.body.encode())
            (event,) = receive(mailer.provider, request)
    message_id = mail["recipients"][0]["message_id"]
    assert (EventType.SENT, message_id) == (event.event_type, event.message_id)


@pytest.mark.slow
def test_a_webhook_that_cannot_be_confirmed_is_told_of_at_once(endpoint):
    """On standard error, before the command asks again."""
    endpoint.statuses = [405]
    with running("--webhook", f"ses={endpoint.url}") as (process, _, _):
        assert process.stderr is not None
        said = process.stderr.readline()

    address = endpoint.url.partition("?")[0]
    assert said.startswith(
        f"mailcore: warning: webhook {address} answered 405 Method Not Allowed: it takes no POST"
    )


@pytest.mark.slow
def test_a_webhook_that_starts_later(endpoint):
    """It is asked again until it confirms."""
    endpoint.statuses = [503] * 4
    with running("--webhook", f"ses={endpoint.url}") as (process, _, _):
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(2)]

    assert "answered 503" in said[0]
    assert said[1].endswith("confirmed its subscription\n")


@pytest.mark.slow
def test_own_credentials_are_not_printed():
    """Whoever has the server check signatures knows the key; it stays out of the URL."""
    arguments = ("--access-key-id", "AKID", "--secret-access-key", "s3cr3t")
    with running(*arguments) as (_, _, lines):
        assert mailcore_url(lines, "ses").startswith("ses://?")
        assert "s3cr3t" not in "".join(lines)


@pytest.mark.slow
def test_a_mailbox_on_disk_with_a_password(tmp_path: Path):
    """It is there again after a restart, and for those only who know the password."""
    secret, store = tmp_path / "password", tmp_path / "mail.db"
    secret.write_text("open sesame\n")
    arguments = ("--store", str(store), "--password-file", str(secret), "--provider", "smtp")
    for count in (1, 2):
        with running(*arguments) as (process, url, lines):
            host, port = line_with(lines[-3:], "127.0.0.1:").split(":")
            with smtplib.SMTP(host, int(port), timeout=30) as client:
                client.sendmail("a@example.com", ["b@example.net"], b"Subject: s\r\n\r\nt\r\n")
            with pytest.raises(HTTPError) as caught:
                urlopen(f"{url}/api/v1/messages", timeout=30)
            caught.value.close()
            credentials = base64.b64encode(b"me:open sesame").decode()
            request = Request(
                f"{url}/api/v1/messages", headers={"Authorization": f"Basic {credentials}"}
            )
            with urlopen(request, timeout=30) as response:
                assert count == json.load(response)["total"]
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        assert 401 == caught.value.code
        assert "open sesame" not in "".join(lines)


REFUSED = [
    (["--colour", "red"], "--colour"),
    (["--signature-version", "3"], "--signature-version"),
    (["--port", "99999"], "port is a number from 0 to 65535"),
    (["--smtp-port", "99999"], "port is a number from 0 to 65535"),
    (["--smtp-port", "{taken}"], "in use"),
    (["--provider", "hotmail"], "no provider 'hotmail' is spoken here"),
    (["--host", "0.0.0.0"], "give a password as well"),
    (["--password-file", "/no/such/file"], "No such file or directory: /no/such/file"),
    (["--password-file", "{empty}"], "the file is empty"),
    (["--store", "{bad}"], "no mailbox of mailcore-local"),
    (["--keep", "0"], "positive"),
    (["--webhook-secret", "s3cr3t"], "--webhook-secret takes PROVIDER=KEY"),
    (["--webhook-secret", "hotmail=s3cr3t"], "no provider 'hotmail' is spoken here"),
    (["--webhook", "http://127.0.0.1:8000/hook"], "say whose events it takes"),
    (["--webhook", "hotmail=http://127.0.0.1:8000/"], "no provider 'hotmail' is spoken here"),
    (["--inbound-domain", "example.com"], "DOMAIN=PROVIDER"),
    (["--fault", "postmark:explode=0.1"], "unknown fault 'explode'"),
    (["--host", "no.such.host.invalid"], "error: "),
    (["--fault", "throttle"], "FAULT=RATE"),
    (["--fault", "throttle=often"], "'often' is not a rate"),
    (["--fault", "explode=0.1"], "unknown fault 'explode'"),
    (["--fault-script", "/no/such/file"], "No such file or directory: /no/such/file"),
    (["--fault-script", "{bad}"], "not valid JSON"),
    (["--fault-script", "{binary}"], "error: "),
    (["--directory", "{bad}"], "File exists"),
    (["--webhook", "ses=ftp://x/"], "Endpoint must be"),
    (["--verify", "not a domain"], "Domain contains illegal character"),
    (["--access-key-id", "x"], "go together"),
    (["--port", "{taken}"], "in use"),
]


@pytest.fixture
def filled_in(tmp_path: Path) -> Iterator[Callable[[list[str]], list[str]]]:
    """Arguments with {bad}, {binary}, {empty} and {taken} put in."""
    (tmp_path / "bad").write_text("{")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        values = {
            "{bad}": str(tmp_path / "bad"),
            "{binary}": str(tmp_path / "binary"),
            "{empty}": str(tmp_path / "empty"),
            "{taken}": str(taken.getsockname()[1]),
        }
        ports = ["--port", "0", "--smtp-port", "0"]
        yield lambda arguments: [*ports, *(values.get(a, a) for a in arguments)]


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
