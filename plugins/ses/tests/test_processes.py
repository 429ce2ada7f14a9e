"""Processes that fork, and threads that outlive the main thread: real ones, over loopback."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


pytestmark = pytest.mark.slow


forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")

MAILER = """
import os, signal, sys, threading
from mailcore import Mailer, Message
from mailcore.errors import MessageRejected

url, kind = sys.argv[1:]
options = {"region_name": "eu-west-1", "endpoint_url": url}
if kind == "client":
    import boto3
    mailer = Mailer("ses", client=boto3.client("sesv2", **options))
elif kind == "session":
    import boto3
    mailer = Mailer("ses", session=boto3.session.Session(), **options)
else:
    mailer = Mailer("ses", **options)

def send(name):
    message = Message(
        from_email="shop@example.com", to=["ada@example.net"], subject=name, text="t"
    )
    try:
        got = mailer.send(message).message_id
    except MessageRejected:
        got = "refused"
    wanted = "refused" if "refuse" in name else name
    if got != wanted:
        print(f"{name}: {got}", flush=True)
        os._exit(1)

def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def forked(work):
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # ends a child that hangs
        try:
            work()
        finally:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    return child
"""

FORKS_AFTER_A_SEND = """
send("first")

def many(who):
    for number in range(60):
        send(f"{who}-{number}{'-refuse' if number % 3 == 0 else ''}")

children = [forked(lambda who=who: many(who)) for who in ("a", "b")]
many("parent")
assert [0, 0] == [ended(child) for child in children]
"""

FORKS_DURING_FIRST_SENDS = """
import time
begun = threading.Event()

def work():
    begun.set()
    for number in range(30):
        send(f"thread-{number}")

thread = threading.Thread(target=work)
thread.start()
begun.wait()
children = []
while thread.is_alive() and len(children) < 12:
    children.append(forked(lambda name=f"child-{len(children)}": send(name)))
    thread.join(0.02)
codes = [ended(child) for child in children]
assert [0] * len(codes) == codes, codes
thread.join()
"""

IMPORTS_NOTHING_IN_A_SEND = """
before = set(sys.modules)
send("first")
send("refuse")
print(*sorted(set(sys.modules) - before), end="")
"""

ENDS_WITH_A_THREAD = """
threading.Thread(target=send, args=("late",)).start()
"""

ENDS_WITH_A_THREAD_THAT_WAITS = """
def wait_and_send():
    threading.main_thread().join()
    send("late")

threading.Thread(target=wait_and_send).start()
"""


class Ses(ThreadingHTTPServer):
    """Accepts each mail by its subject, and refuses those that ask for it."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.subjects: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server: Ses

    def do_POST(self) -> None:  # as http.server names it
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        mail = base64.b64decode(body["Content"]["Raw"]["Data"]).decode()
        subject = mail.partition("Subject: ")[2].partition("\r\n")[0]
        self.server.subjects.append(subject)
        if "refuse" in subject:
            self.answer(400, {"__type": "MessageRejected", "message": "no"})
        else:
            self.answer(200, {"MessageId": subject})

    def answer(self, status_code: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status_code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def ses() -> Iterator[Ses]:
    """Such a server."""
    with Ses() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.002,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(script: str, ses: Ses, kind: str = "") -> None:
    """Run a script with a mailer in a process of its own."""
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and "proxy" not in name.lower()
    }
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    nowhere = {"AWS_CONFIG_FILE": "no-such-file", "AWS_SHARED_CREDENTIALS_FILE": "no-such-file"}
    url = f"http://127.0.0.1:{ses.server_port}"
    finished = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", MAILER + script, url, kind],
        env={**surroundings, **keys, **nowhere},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ("", 0) == (finished.stdout + finished.stderr, finished.returncode)


@forking
@pytest.mark.parametrize("kind", ["own", "session", "client"])
def test_fork_after_a_send(ses, kind):
    """Parent and children read the answers to their own mails only, however the client was made."""
    run(FORKS_AFTER_A_SEND, ses, kind)

    assert 1 + 3 * 60 == len(set(ses.subjects)) == len(ses.subjects)


@pytest.mark.parametrize("kind", ["own", "session", "client"])
def test_a_first_send_imports_nothing(ses, kind):
    """A thread that imports while the process forks would leave the child with a held lock."""
    run(IMPORTS_NOTHING_IN_A_SEND, ses, kind)


@pytest.mark.slow
@forking
@pytest.mark.parametrize("kind", ["own", "session", "client"])
def test_fork_during_the_first_sends(ses, kind):
    """A child that was forked while a thread made a client, or used it, can send."""
    run(FORKS_DURING_FIRST_SENDS, ses, kind)

    assert {f"thread-{number}" for number in range(30)} <= set(ses.subjects)
    assert len(set(ses.subjects)) == len(ses.subjects)


@pytest.mark.parametrize("script", [ENDS_WITH_A_THREAD, ENDS_WITH_A_THREAD_THAT_WAITS])
@pytest.mark.parametrize("kind", ["own", "client"])
def test_thread_that_outlives_the_main_thread(ses, script, kind):
    """A mail that is sent while the interpreter shuts down is sent."""
    run(script, ses, kind)

    assert ["late"] == ses.subjects
