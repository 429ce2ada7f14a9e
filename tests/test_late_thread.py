"""A thread that outlives the main one, in an interpreter of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest


pytestmark = pytest.mark.slow


SCRIPT = """
import sys, threading
from mailcore import Features, HttpRequest, Mailer, Message, Provider, RecipientStatus, Registry
from mailcore import SendStatus

class Http(Provider):
    name, label, features = "http", "HTTP", Features()

    def build(self, message):
        request = HttpRequest(method="POST", url=sys.argv[1], body=b"{}")
        return [request.__class__(**{**vars(request), "recipients": message.recipients})]

    def parse(self, request, response):
        return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.SENT))

mailer = Mailer(Http(), registry=Registry(autoload=False))
message = Message(from_email="a@x.org", to=["b@x.org"], subject="s", text="t")
before = set(sys.modules)

def send():
    threading.main_thread().join()
    print(mailer.send(message).accepted)
    print(sorted(set(sys.modules) - before))

threading.Thread(target=send).start()
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_late_thread_sends(site, host):
    """The mail leaves when the script has ended, and nothing is left to import for it."""
    site.pages["/"] = lambda page: page.answer(200, b"{}")
    url = site.url.replace("127.0.0.1", host)

    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT, f"{url}/"],
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=60,
        env={"no_proxy": "*"},
    )

    assert ("('b@x.org',)\n[]\n", "") == (finished.stdout, finished.stderr)
    assert ["POST"] == [seen["method"] for seen in site.seen]
