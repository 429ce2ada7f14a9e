"""
The live tests against stand-ins on this machine: what they do with an account.

The services themselves are not asked: `make live` does that, with a file of credentials.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from moto.server import ThreadedMotoServer

from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
SECRET = "a-secret-of-the-file"


def make_live(accounts: Path | None, **environment: str) -> tuple[int, str]:
    """Run what `make live` runs; its exit code, and all that it wrote."""
    inherited = {name: value for name, value in os.environ.items() if name != "MAILCORE_LIVE"}
    if accounts is not None:
        environment["MAILCORE_LIVE"] = str(accounts)
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "live", "-p", "no:cacheprovider", "-o", "addopts=-ra"],
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return finished.returncode, finished.stdout + finished.stderr


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    """Where to write the file, which nobody else may read."""
    path = tmp_path / "live.toml"
    path.touch(mode=0o600)
    return path


def section(name: str, options: Mapping[str, object], events: Mapping[str, object]) -> str:
    """A section as one writes it; JSON's texts, numbers and lists are TOML's too."""
    lines = [f"[{name}]", 'from_email = "shop@example.com"', f"[{name}.options]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    lines += [f"[{name}.events]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in events.items()]
    return "\n".join(lines) + "\n"


class StandIn:
    """A service on the loopback interface: what it was sent, and how often it was asked."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.asked = 0

    def post(self, path: str, headers: Any, body: bytes) -> object:
        """The JSON to answer a POST with."""
        raise NotImplementedError

    def get(self, path: str, headers: Any) -> object:
        """The JSON to answer a GET with."""
        raise NotImplementedError


@contextmanager
def serving(stand_in: StandIn) -> Iterator[str]:
    """The URL of a stand-in."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(stand_in.post(self.path, self.headers, body))

        def do_GET(self) -> None:
            self._answer(stand_in.get(self.path, self.headers))

        def _answer(self, document: object) -> None:
            data = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class LikePostmark(StandIn):
    """Takes one message, and knows of its bounce when it is asked for the second time."""

    def post(self, path: str, headers: Any, body: bytes) -> object:
        assert (path, headers["X-Postmark-Server-Token"]) == ("/email", SECRET)
        message = json.loads(body)
        message_id = str(uuid.uuid4())
        self.sent.append({"id": message_id, "to": message["To"], "tag": message["Tag"]})
        return {
            "ErrorCode": 0,
            "Message": "OK",
            "To": message["To"],
            "SubmittedAt": "2026-11-30T10:00:00.0000000Z",
            "MessageID": message_id,
        }

    def get(self, path: str, headers: Any) -> object:
        assert headers["X-Postmark-Server-Token"] == SECRET
        self.asked += 1
        (message,) = self.sent
        assert parse_qs(urlsplit(path).query)["messageID"] == [message["id"]]
        if self.asked == 1:
            return {"TotalCount": 0, "Bounces": []}
        bounce = {
            "ID": 4323372036854775807,
            "Type": "SoftBounce",
            "TypeCode": 4096,
            "Name": "Soft bounce",
            "Tag": message["tag"],
            "MessageID": message["id"],
            "ServerID": 23,
            "MessageStream": "outbound",
            "Description": "Unable to temporarily deliver message.",
            "Details": "Test bounce details",
            "Email": message["to"],
            "From": "shop@example.com",
            "BouncedAt": "2026-11-30T10:00:01Z",
            "DumpAvailable": True,
            "Inactive": False,
            "CanActivate": True,
            "Subject": "mailcore live test",
        }
        return {"TotalCount": 1, "Bounces": [bounce]}


class WithoutBounces(LikePostmark):
    """Never knows of a bounce."""

    def get(self, path: str, headers: Any) -> object:
        return {"TotalCount": 0, "Bounces": []}


class LikeMailgun(StandIn):
    """Takes one message in test mode, and has events of it and of another in its logs."""

    def post(self, path: str, headers: Any, body: bytes) -> object:
        assert headers["Authorization"] == f"Basic {_base64(f'api:{SECRET}')}"
        if path == "/v3/mg.example.com/messages":
            assert b"o:testmode" in body
            self.sent.append({"id": "20261130100000.1@mg.example.com"})
            return {"id": f"<{self.sent[-1]['id']}>", "message": "Queued. Thank you."}
        assert path == "/v1/analytics/logs"
        assert json.loads(body)["filter"]["AND"][0]["values"][0]["value"] == "mg.example.com"
        self.asked += 1
        known = [] if self.asked == 1 else [self.sent[0]["id"]]
        return {"items": [self._accepted(each) for each in ["another@mg.example.com", *known]]}

    @staticmethod
    def _accepted(message_id: str) -> object:
        return {
            "id": str(uuid.uuid4()),
            "event": "accepted",
            "@timestamp": "2026-11-30T10:00:01.123Z",
            "recipient": "shop@example.com",
            "flags": {"is-test-mode": True},
            "message": {"headers": {"message-id": message_id}},
            "tags": ["mailcore-live"],
            "user-variables": '{"run": "live", "number": "7"}',
        }


class LikeBrevo(StandIn):
    """Takes one message, and knows of it when it is asked for the second time."""

    def post(self, path: str, headers: Any, body: bytes) -> object:
        assert (path, headers["api-key"]) == ("/v3/smtp/email", SECRET)
        assert json.loads(body)["tags"]
        self.sent.append({"id": "<20261130.1@smtp-relay.mailin.fr>"})
        return {"messageId": self.sent[-1]["id"]}

    def get(self, path: str, headers: Any) -> object:
        assert headers["api-key"] == SECRET
        self.asked += 1
        assert parse_qs(urlsplit(path).query)["messageId"] == [self.sent[0]["id"]]
        if self.asked == 1:
            return {}
        event = {
            "email": "shop@example.com",
            "date": "2026-11-30T10:00:01.000+00:00",
            "messageId": self.sent[0]["id"],
            "event": "requests",
            "tag": '["mailcore-live"]',
        }
        return {"events": [event]}


class LikeSparkPost(StandIn):
    """Takes one transmission, and has an event of it when it is asked for the second time."""

    def post(self, path: str, headers: Any, body: bytes) -> object:
        assert urlsplit(path).path == "/api/v1/transmissions"
        assert headers["Authorization"] == SECRET
        assert json.loads(body)["metadata"]
        self.sent.append({"id": "49512625411728467"})
        numbers = {"total_rejected_recipients": 0, "total_accepted_recipients": 1}
        return {"results": {**numbers, "id": self.sent[-1]["id"]}}

    def get(self, path: str, headers: Any) -> object:
        assert headers["Authorization"] == SECRET
        self.asked += 1
        assert urlsplit(path).path == "/api/v1/events/message"
        assert parse_qs(urlsplit(path).query)["recipients"] == ["shop@example.com"]
        # The address had other messages before.
        ids = ["1", *(each["id"] for each in self.sent)][: self.asked]
        events = [
            {
                "type": "delivery",
                "event_id": f"9255724915{number}",
                "transmission_id": transmission_id,
                "rcpt_to": "shop@example.com",
                "rcpt_meta": {"run": "live", "number": 7},
                "rcpt_tags": ["mailcore-live"],
                "timestamp": "2026-11-30T10:00:01.000Z",
            }
            for number, transmission_id in enumerate(ids)
        ]
        return {"results": events, "total_count": len(events), "links": {}}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class IntoQueue(StandIn):
    """What SNS does for a queue: the message as it is posted becomes one of the queue."""

    def __init__(self, local: LocalSes, sqs: Any, queue_url: str) -> None:
        super().__init__()
        self._sns = boto3.client(
            "sns", region_name=local.region_name, endpoint_url=local.url, **CREDENTIALS
        )
        self._sqs = sqs
        self._queue_url = queue_url

    def post(self, path: str, headers: Any, body: bytes) -> object:
        posted = json.loads(body)
        if posted["Type"] == "SubscriptionConfirmation":
            self._sns.confirm_subscription(TopicArn=posted["TopicArn"], Token=posted["Token"])
        else:
            self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=body.decode())
        return {}


CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
SOON: Mapping[str, object] = {"timeout_seconds": 30, "poll_seconds": 0.01}


def test_without_a_file_nothing_is_sent_and_a_sentence_says_so() -> None:
    """`make live` alone is no failure, and tells what it would need."""
    exit_code, output = make_live(None)

    assert exit_code == 0
    assert "nothing was sent: MAILCORE_LIVE names no file" in output
    assert " skipped in " in output
    assert "passed" not in output


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("server_token = ", "is no TOML"),
        ("", "it has no section"),
        ("[postmark]\nto = 3", "[postmark] to is no text; [postmark] needs from_email"),
        (f'[ses]\nfrom_email = "a@b.example"\ntoken = "{SECRET}"', "[ses] has no 'token'"),
        (
            '[ses]\nfrom_email = "a@b.example"\nevents = {webhook_port = true}',
            "[ses.events] webhook_port is no number",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_sentence(
    accounts: Path, text: str, sentence: str
) -> None:
    """Everything that is wrong with it at once, and none of its values."""
    accounts.write_text(text)

    exit_code, output = make_live(accounts)

    assert exit_code == pytest.ExitCode.USAGE_ERROR
    assert sentence in output
    assert SECRET not in output
    assert "Traceback" not in output


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_file_that_others_may_read_is_refused(accounts: Path) -> None:
    """It holds secrets."""
    accounts.chmod(0o644)

    exit_code, output = make_live(accounts)

    assert exit_code == pytest.ExitCode.USAGE_ERROR
    assert "chmod 600" in output


def test_postmark_is_asked_for_the_bounce(accounts: Path) -> None:
    """One message to the address for soft bounces, and its bounce by the Bounce API."""
    postmark = LikePostmark()
    with serving(postmark) as url:
        accounts.write_text(section("postmark", {"server_token": SECRET, "base_url": url}, SOON))
        exit_code, output = make_live(accounts)

    assert (exit_code, SECRET in output) == (0, False), output
    assert "2 passed" in output
    assert [each["to"] for each in postmark.sent] == ["softbounce@bounce-testing.postmarkapp.com"]
    assert postmark.asked == 2


def test_brevo_is_asked_for_its_report(accounts: Path) -> None:
    """One message, and an event of it from the report, under the webhook's name."""
    brevo = LikeBrevo()
    with serving(brevo) as url:
        accounts.write_text(section("brevo", {"api_key": SECRET, "base_url": url}, SOON))
        exit_code, output = make_live(accounts)

    assert (exit_code, SECRET in output) == (0, False), output
    assert "2 passed" in output
    assert brevo.asked == 2


def test_sparkpost_is_asked_for_its_events(accounts: Path) -> None:
    """One message, and an event of it, not of another one to the same address."""
    sparkpost = LikeSparkPost()
    with serving(sparkpost) as url:
        accounts.write_text(section("sparkpost", {"api_key": SECRET, "base_url": url}, SOON))
        exit_code, output = make_live(accounts)

    assert (exit_code, SECRET in output) == (0, False), output
    assert "2 passed" in output
    assert (len(sparkpost.sent), sparkpost.asked) == (1, 2)


def test_a_mail_server_takes_the_message_and_has_no_events(accounts: Path) -> None:
    """Of a server on this machine; the second test is skipped with a sentence."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = Controller(Sink(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        options = {"host": "127.0.0.1", "port": port, "security": "none"}
        accounts.write_text(section("smtp", options, {}))
        exit_code, output = make_live(accounts)
    finally:
        server.stop()

    assert exit_code == 0, output
    assert "1 passed" in output
    assert "smtp has no events" in output


def test_mailgun_is_asked_for_its_logs(accounts: Path) -> None:
    """One message in test mode, and an event of it, not of another, from the logs."""
    mailgun = LikeMailgun()
    options = {"api_key": SECRET, "sender_domain": "mg.example.com", "base_url": None}
    with serving(mailgun) as url:
        accounts.write_text(section("mailgun", {**options, "base_url": url}, SOON))
        exit_code, output = make_live(accounts)

    assert (exit_code, SECRET in output) == (0, False), output
    assert "2 passed" in output
    assert (len(mailgun.sent), mailgun.asked) == (1, 2)


def test_events_of_ses_come_by_the_queue(accounts: Path) -> None:
    """A message to the simulator, and its delivery by SQS, as SNS puts it there."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    sqs = boto3.client(
        "sqs",
        region_name="us-east-1",
        endpoint_url="http://{}:{}".format(*moto.get_host_and_port()),
        **CREDENTIALS,
    )
    try:
        queue_url = sqs.create_queue(QueueName="ses-live")["QueueUrl"]
        with LocalSes() as local, serving(IntoQueue(local, sqs, queue_url)) as url:
            local.subscribe(url, timeout_seconds=10)
            options = {**local.provider_options, "configuration_set_name": "local"}
            events = {"queue_url": queue_url, "timeout_seconds": 30, "poll_seconds": 1}
            accounts.write_text(section("ses", options, events))
            exit_code, output = make_live(accounts, **KEYS, AWS_DEFAULT_REGION="us-east-1")
            (message,) = local.messages
    finally:
        sqs.close()
        moto.stop()

    assert exit_code == 0, output
    assert "2 passed" in output
    assert message.to == ("success@simulator.amazonses.com",)


def test_an_event_that_does_not_come_is_a_failure(accounts: Path) -> None:
    """The sentence says what was waited for, and where to read on."""
    with serving(WithoutBounces()) as url:
        events = {"timeout_seconds": 0.2, "poll_seconds": 0.01}
        accounts.write_text(section("postmark", {"server_token": SECRET, "base_url": url}, events))
        exit_code, output = make_live(accounts)

    assert exit_code == pytest.ExitCode.TESTS_FAILED
    assert "nothing about the message came from the Bounce API in 0.2 seconds" in output
    assert "1 failed, 1 passed" in output


def test_the_webhook_itself_is_waited_for(accounts: Path) -> None:
    """With a port, the service posts the event, through whatever leads there."""
    postmark = LikePostmark()
    done = threading.Event()

    def tunnel(port: int) -> None:
        """Post the delivery as soon as there is a message and somebody listens."""
        while not done.wait(0.02):
            if not postmark.sent:
                continue
            delivery = {
                "RecordType": "Delivery",
                "MessageID": postmark.sent[0]["id"],
                "Recipient": postmark.sent[0]["to"],
                "DeliveredAt": "2026-11-30T10:00:01Z",
            }
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/",
                data=json.dumps(delivery).encode(),
                headers={"Authorization": f"Basic {_base64('postmark:hook')}"},
            )
            try:
                urllib.request.urlopen(request, timeout=5).close()
            except urllib.error.URLError:
                continue
            return

    with serving(StandIn()) as free:
        port = urlsplit(free).port
    assert port is not None
    posting = threading.Thread(target=tunnel, args=[port])
    posting.start()
    try:
        with serving(postmark) as url:
            options = {
                "server_token": SECRET,
                "base_url": url,
                "webhook_secrets": ["postmark:hook"],
            }
            accounts.write_text(section("postmark", options, {**SOON, "webhook_port": port}))
            exit_code, output = make_live(accounts)
    finally:
        done.set()
        posting.join()

    assert exit_code == 0, output
    assert "2 passed" in output
