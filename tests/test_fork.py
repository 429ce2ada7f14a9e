"""Processes that fork: connections are each one's own, and no lock is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

from typing import Any

import pytest


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here"),
]

SENDING = """
import json, os, sys, threading
import requests
from mailcore import Features, HttpRequest, Mailer, Message, MessageRejected, Provider
from mailcore import RecipientStatus, Registry, SendStatus
from mailcore.http import RequestsTransport

url, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

class Http(Provider):
    name, label, features = "http", "HTTP", Features()

    def build(self, message):
        body = message.subject.encode()
        recipients = message.recipients
        return [HttpRequest(method="POST", url=url, body=body, recipients=recipients)]

    def parse(self, request, response):
        # An answer to another's mail is worse than none.
        assert response.body == request.body, (response.body, request.body)
        if response.status_code == 400:
            raise MessageRejected("no")
        return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.SENT))

session = requests.Session()
session.trust_env = False
transport = {"own": None, "given": RequestsTransport(session)}[kind]
mailer = Mailer(Http(), transport=transport, registry=Registry(autoload=False))

def send(who, number):
    expected = number % 2 == 0
    subject = f"{who} {number} {'yes' if expected else 'no'}"
    message = Message(from_email="a@x.org", to=["b@x.org"], subject=subject, text="t")
    try:
        accepted = bool(mailer.send(message).accepted)
    except MessageRejected:
        accepted = False
    return accepted is expected

def many(who):
    wrong = []
    def some(numbers):
        for number in numbers:
            try:
                if not send(who, number):
                    wrong.append(number)
            except Exception as error:
                wrong.append(repr(error))
    threads = [threading.Thread(target=some, args=[range(n, count, 3)]) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        print(who, wrong, flush=True)
    return bool(wrong)

many("before")
children = []
for who in ("one", "two"):
    child = os.fork()
    if child == 0:
        os._exit(many(who))
    children.append(child)
failed = many("parent")
statuses = [os.waitpid(child, 0)[1] for child in children]
print(json.dumps([failed, statuses, many("after")]))
"""


@pytest.mark.parametrize("kind", ["own", "given"])
def test_parent_and_children_send_at_once(site: Any, kind: str) -> None:
    """Each mail is reported as its own answer says, in every process."""
    peers: dict[str, set[Any]] = {}
    lock = threading.Lock()

    def page(page: Any) -> None:
        body = page.body
        with lock:
            peers.setdefault(body.split()[0].decode(), set()).add(page.client_address)
        page.answer(200 if body.endswith(b"yes") else 400, body)

    site.pages["/"] = page

    finished = subprocess.run(
        [sys.executable, "-c", SENDING, f"{site.url}/", kind, "60"],
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=60,
        env={"no_proxy": "*"},
    )

    assert [False, [0, 0], False] == json.loads(finished.stdout)
    assert not peers["one"] & peers["two"]
    assert not peers["parent"] & (peers["one"] | peers["two"])
    # The parent's own connections outlive its children.
    assert peers["before"] & peers["parent"]


LOCKED = """
import os, threading
from mailcore import Mailer, Message, Registry
from mailcore.webhook import MemorySeenStore
from mailcore.foundation.forking import ForkSafeLock
from mailcore.registry import default_registry
from mailcore.http import HttpTransport

mailer, store = Mailer("memory"), MemorySeenStore()
transport = HttpTransport()
message = Message(from_email="a@x.org", to=["b@x.org"], subject="s", text="t")
held, over = threading.Event(), threading.Event()

def hold():
    with default_registry()._lock, store._lock, transport._lock:
        held.set()
        over.wait(10)

thread = threading.Thread(target=hold)
thread.start()
held.wait(10)
child = os.fork()
if child == 0:
    mailer.send(message)
    store.mark("key")
    transport.close()
    print(len(mailer.provider.outbox), len(store), flush=True)
    os._exit(0)
status = os.waitpid(child, 0)[1]
over.set()
thread.join()
print(status, len(mailer.provider.outbox), mailer.send(message).accepted)
"""


def test_a_lock_that_a_thread_of_the_parent_held(tmp_path: Any) -> None:
    """That thread is not in the child, and would never release it."""
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOCKED],
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=30,
    )

    assert "1 1\n0 0 ('b@x.org',)\n" == finished.stdout
