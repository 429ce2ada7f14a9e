"""Signed webhooks on real servers: gunicorn with several processes, and uvicorn."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from collections import Counter
from pathlib import Path

import pytest

from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent / "project"
DEADLINE_SECONDS = 30
KEY = "key-invented"
AT_ONCE = 8
SERVERS = {
    "gunicorn": ["gunicorn", "served_wsgi", "--workers", "3", "--bind", "{bind}"],
    "gunicorn threads": [
        *("gunicorn", "served_wsgi", "--workers", "2", "--threads", "4"),
        *("--worker-class", "gthread", "--bind", "{bind}"),
    ],
    "uvicorn": ["uvicorn", "served_asgi:application", "--port", "{port}"],
}


@contextlib.contextmanager
def serving(command, settings):
    """The project on a server of its own; gives the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    filled = [each.format(bind=f"127.0.0.1:{port}", port=port) for each in command]
    environment = {
        **os.environ,
        "SERVED": json.dumps(settings),
        "DJANGO_SETTINGS_MODULE": "served_settings",
        "PYTHONPATH": str(PROJECT),
        "PYTHONWARNINGS": "error::DeprecationWarning:django",
    }
    migrate = [sys.executable, "-m", "django", "migrate", "-v", "0"]
    subprocess.run(migrate, env=environment, check=True, timeout=60)
    server = subprocess.Popen(
        [sys.executable, "-m", *filled],
        env=environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(server.stdout))
    reader.start()
    try:
        wait_for(port, server)
        yield port, lines
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(DEADLINE_SECONDS)
        reader.join(DEADLINE_SECONDS)
        server.stdout.close()


def wait_for(port, server):
    """Until the server takes connections; it says so on no other channel."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None
        with (
            contextlib.suppress(ConnectionRefusedError),
            socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS),
        ):
            return
        select_nothing()
    raise AssertionError("it does not listen")


def select_nothing():
    """Let the other process run."""
    threading.Event().wait(0.02)


def request(port, method, path, body=b"", **headers):
    """Status and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def mailgun(recipient="ada@example.net", token="t" * 50):
    """A signed event."""
    timestamp = str(int(time.time()))
    signed = hmac.new(KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return json.dumps(
        {
            "signature": {"timestamp": timestamp, "token": token, "signature": signed},
            "event-data": {
                "event": "delivered",
                "id": token[:22],
                "timestamp": 1_796_000_000.5,
                "recipient": recipient,
                "message": {"headers": {"message-id": "1@example.com"}},
            },
        }
    ).encode()


def written(port):
    """What the receivers have written down."""
    return Counter(request(port, "GET", "/names/")[1].decode().split("\n")) - Counter([""])


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Settings of a database that processes share."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "served.db"),
        "OPTIONS": {"timeout": DEADLINE_SECONDS},
    }


@pytest.fixture(params=SERVERS)
def server(request, database):
    """The project on each server, with each database."""
    settings = {"database": database, "webhooks": {"mailgun": {"webhook_signing_keys": [KEY]}}}
    with serving(SERVERS[request.param], settings) as (port, lines):
        yield port, lines
    connect_and_empty(database)


def connect_and_empty(database):
    """The PostgreSQL server is shared by the tests."""
    if database["ENGINE"].endswith("postgresql"):
        import psycopg

        with psycopg.connect(host=database["HOST"], user="postgres", dbname="postgres") as opened:
            opened.execute("DROP SCHEMA public CASCADE")
            opened.execute("CREATE SCHEMA public")


def post_at_once(port, path, body):
    """The statuses of the same request, posted by several clients at the same moment."""
    ready = threading.Barrier(AT_ONCE)
    statuses = []

    def post():
        ready.wait(DEADLINE_SECONDS)
        statuses.append(request(port, "POST", path, body)[0])

    threads = [threading.Thread(target=post) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    return statuses


def test_events_on_a_server(server):
    """
    Each receiver is done with an event once, in whichever process it came, by either view.

    Where one fails, the others are done with it, what it wrote is undone, and it alone gets the
    event again.
    """
    port, lines = server
    for number, prefix in enumerate(["/mail", "/amail"], start=1):
        body = mailgun(token=f"{number}" * 50)
        assert [200] * AT_ONCE == post_at_once(port, f"{prefix}/mailgun/", body)
        names = ("plain delivered", "coroutine delivered", "failing delivered")
        assert dict.fromkeys(names, number) == written(port)
    assert "Traceback" not in "".join(lines)

    for number, prefix in enumerate(["/mail", "/amail"], start=3):
        for _ in range(2):
            body = mailgun("fail@example.net", token=f"{number}" * 50)
            assert 500 == request(port, "POST", f"{prefix}/mailgun/", body)[0]
        done = {"plain delivered": number, "coroutine delivered": number, "failing delivered": 2}
        assert done == written(port)


@pytest.mark.parametrize("name", ["gunicorn", "uvicorn"])
def test_hostile_requests_on_a_server(tmp_path, name):
    """A status; the server lives on, and its log has no traceback."""
    settings = {
        "database": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "served.db")},
        "webhooks": {"mailgun": {"webhook_signing_keys": [KEY], "max_body_bytes": 9999}},
    }
    path = "/mail/mailgun/"
    with serving(SERVERS[name], settings) as (port, lines):
        assert 400 == request(port, "POST", path, b"junk")[0]
        assert 413 == request(port, "POST", path, b" " * 10_000)[0]
        assert 405 == request(port, "GET", path)[0]
        assert 404 == request(port, "POST", "/mail/nobody/")[0]
        assert 400 == request(port, "POST", path, b"{}", Host="evil.example")[0]
        chunked = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
        chunked.request(
            "POST",
            path,
            iter([mailgun()[:100], mailgun()[100:]]),
            encode_chunked=True,
            headers={"Transfer-Encoding": "chunked"},
        )
        assert 200 == chunked.getresponse().status
        chunked.close()
        with socket.create_connection(("127.0.0.1", port)) as hanging_up:
            hanging_up.sendall(
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{{".encode()
            )
        assert 200 == request(port, "POST", path, mailgun(token="u" * 50))[0]
    told = "".join(lines)
    assert "Traceback" not in told
    assert "evil.example" not in told


@pytest.mark.parametrize("name", ["gunicorn", "uvicorn"])
def test_the_local_ses(tmp_path, monkeypatch, name):
    """Mail out, signed events back: receivers are told, and the log says what became of it."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "local")
    users = ("complaint", "bounce", "success")
    addresses = [f"{user}@simulator.amazonses.com" for user in users]
    with LocalSes() as ses:
        sending = {**ses.provider_options, "configuration_set_name": "local"}
        settings = {
            "database": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(tmp_path / "served.db"),
                "OPTIONS": {"timeout": DEADLINE_SECONDS},
            },
            "webhooks": {"ses": ses.provider_options},
            "mailcore": {"PROVIDER": "ses", "OPTIONS": sending},
        }
        with serving(SERVERS[name], settings) as (port, lines):
            ses.subscribe(f"http://127.0.0.1:{port}/mail/ses/", timeout_seconds=DEADLINE_SECONDS)
            assert 200 == request(port, "POST", "/send/", " ".join(addresses).encode())[0]
            ses.wait_for_deliveries(7, timeout_seconds=DEADLINE_SECONDS)
            found = written(port)
            states = request(port, "GET", "/states/")[1].decode().split()

    assert {"sent": 9, "delivered": 6, "complained": 3, "bounced": 3} == dict(
        Counter(name.split()[1] for name in found.elements())
    )
    expected = zip(addresses, ("complained", "bounced", "delivered"), strict=True)
    assert [*itertools.chain(*expected)] == states
    assert "Traceback" not in "".join(lines)
