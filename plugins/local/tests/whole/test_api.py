"""`/api/v1`, asked as tests in any language would."""

from __future__ import annotations

import base64
import http.client
import json
import threading

from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPMessage
from urllib.parse import quote, urlsplit

import pytest

from mailcore_local.app import LocalMail


@dataclass
class Answer:
    """An answer."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self):
        """The body as JSON."""
        return json.loads(self.body)


@pytest.fixture
def local(acme, webhook):
    """A mailbox with Acme and its webhook."""
    with LocalMail(faces=[acme], webhooks={"acme": webhook.url}) as running:
        yield running


@pytest.fixture
def ask(local) -> Callable[..., Answer]:
    """Ask the API."""

    def asking(method: str, path: str, document=None, *, body=None, headers=None) -> Answer:
        parts = urlsplit(local.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        content = json.dumps(document) if document is not None else body
        connection.request(method, f"/api/v1{path}", content, headers or {})
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    return asking


@pytest.fixture
def send(local):
    """Send by Acme."""

    def sending(*to: str, **more: object) -> None:
        parts = urlsplit(local.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        document = {"from": "shop@example.com", "to": to, "subject": "Hello", "text": "Hi", **more}
        connection.request("POST", "/acme/send", json.dumps(document))
        assert 200 == connection.getresponse().status
        connection.close()

    return sending


def test_a_message(ask, send):
    """All that is known of it, and its octets as a file that no browser shows."""
    text = "See https://example.com/a, or (https://example.com/b)."
    send("ada@example.com", "bounce@example.com", text=text, tags=["t"], metadata={"order": "17"})
    mail = ask("GET", "/messages/wait?to=ada@example.com&timeout_seconds=30").json

    assert ["delivered", "bounced"] == mail["states"]
    assert ["t"] == mail["tags"]
    assert {"order": "17"} == mail["metadata"]
    assert "acme" == mail["provider"]
    assert {"name": "Subject", "value": "Hello"} in mail["headers"]
    kinds = [(entry["kind"], entry["recipient"]) for entry in mail["timeline"]]
    assert ("bounced", "bounce@example.com") in kinds
    assert mail["id"] == ask("GET", f"/messages/{mail['id']}").json["id"]
    links = ask("GET", f"/messages/{mail['id']}/links").json["links"]
    assert ["https://example.com/a", "https://example.com/b"] == [each["url"] for each in links]
    raw = ask("GET", f"/messages/{mail['id']}/raw")
    assert raw.body.startswith(b"From: shop@example.com\r\n")
    assert raw.headers["Content-Disposition"].startswith("attachment")
    assert "nosniff" == raw.headers["X-Content-Type-Options"]


def test_lists(ask, send):
    """The last one first, page by page, and what is looked for."""
    for number in range(5):
        send(f"user{number}@example.com", subject=f"Number {number}")
    page = ask("GET", "/messages?limit=2").json
    rest = ask("GET", f"/messages?limit=9&before={page['before']}").json

    assert ["Number 4", "Number 3"] == [mail["subject"] for mail in page["messages"]]
    assert ["Number 2", "Number 1", "Number 0"] == [mail["subject"] for mail in rest["messages"]]
    assert (None, 5) == (rest["before"], rest["total"])
    for path in (
        "/messages?query=subject:3",
        "/messages?subject=3",
        f"/messages?query={quote('to:user3 from:shop state:delivered')}",
    ):
        assert ["Number 3"] == [mail["subject"] for mail in ask("GET", path).json["messages"]]
    assert "Number 4" == ask("GET", "/messages/latest").json["subject"]


def test_waiting_for_what_comes(ask, send):
    """A request that waits is answered when the mail comes, and others are answered meanwhile."""
    answers: list[Answer] = []
    path = "/messages/wait?to=ada@example.com&timeout_seconds=60"
    thread = threading.Thread(target=lambda: answers.append(ask("GET", path)))
    thread.start()
    send("bob@example.com")
    send("ada@example.com")
    thread.join(30)

    assert [["ada@example.com"]] == [answer.json["to"] for answer in answers]
    nothing = ask("GET", "/messages/wait?to=eve@example.com&timeout_seconds=0")
    assert (404, "not_found") == (nothing.status, nothing.json["error"])


def test_deleting(ask, send, local):
    """One, then all."""
    send("ada@example.com")
    send("bob@example.com")
    (bob, ada) = ask("GET", "/messages").json["messages"]

    assert 204 == ask("DELETE", f"/messages/{bob['id']}").status
    assert 404 == ask("DELETE", f"/messages/{bob['id']}").status
    assert [ada["id"]] == [mail["id"] for mail in ask("GET", "/messages").json["messages"]]
    version = ask("GET", "/changes").json["version"]
    assert 204 == ask("DELETE", "/messages").status
    assert [] == ask("GET", "/messages").json["messages"]
    changes = ask("GET", f"/changes?since={version}").json["changes"]
    assert ["cleared"] == [change["kind"] for change in changes]


def test_events(ask, send, webhook, local):
    """Made by hand, told to the webhook; a click without a link follows the first one."""
    send("ada@example.com", text="https://example.com/reset")
    mail = ask("GET", "/messages/latest").json
    made = ask("POST", f"/messages/{mail['id']}/events", {"kind": "clicked"})
    local.hub.wait_for_posts(2, 30)

    assert 202 == made.status
    assert ("ada@example.com", "https://example.com/reset") == (
        made.json["recipient"],
        made.json["url"],
    )
    assert ["delivered", "clicked"] == [each.json["type"] for each in webhook.received]
    posts = ask("GET", "/posts").json["posts"]
    assert [["200"], ["200"]] == [post["attempts"] for post in posts]
    assert ["thank you"] * 2 == [post["answer"] for post in posts]


def test_faults(ask, send):
    """They are told, shown and forgotten."""
    path = "/providers/acme/faults"
    told = ask("POST", path, {"script": ["throttle"], "rules": [{"fault": "reset", "rate": 0.5}]})

    assert {"requests": ["throttle"], "notifications": [], "rules": ["reset=0.5"]} == told.json
    assert told.json == ask("GET", path).json
    assert 204 == ask("DELETE", path).status
    assert [] == ask("GET", path).json["requests"]


def test_inbound_mail(ask, webhook):
    """Posted to a webhook that was set before, octet by octet."""
    raw = b"Subject: \xff\r\n\r\nHello\r\n"
    path = "/inbound?provider=acme&from=ada@example.com&to=in@example.com"
    assert 0 == ask("POST", path, body=raw).json["posted"]
    ask("PUT", "/providers/acme/webhooks", {"inbound_webhooks": [webhook.url]})

    assert 1 == ask("POST", path, body=raw).json["posted"]
    posts = []
    while not posts:
        posts = [post for post in ask("GET", "/posts").json["posts"] if post["attempts"]]
    assert raw == webhook.received[0].body


def test_providers(ask, local, webhook):
    """With what is to be copied."""
    expected = {
        "name": "acme",
        "label": "Acme Mail",
        "url": f"{local.url}/acme",
        "mailcore_url": f"acme://?base_url={local.url}/acme",
        "webhooks": [webhook.url],
        "inbound_webhooks": [],
        "lines": [],
    }

    assert {"providers": [expected]} == ask("GET", "/providers").json
    assert expected == ask("GET", "/providers/acme").json


@pytest.mark.parametrize(
    ("method", "path", "document", "status"),
    [
        ("GET", "/messages/0123456789abcdef", None, 404),
        ("GET", "/messages/..%2f..%2fetc%2fpasswd/raw", None, 404),
        ("GET", "/messages?limit=0", None, 400),
        ("GET", "/messages?limit=501", None, 400),
        ("GET", "/messages?limit=x", None, 400),
        ("GET", "/messages?before=x", None, 404),
        ("GET", "/messages?query=state:lost", None, 400),
        ("GET", "/messages/latest", None, 404),
        ("GET", "/messages/wait?timeout_seconds=nan", None, 400),
        ("GET", "/messages/wait?timeout_seconds=1e9", None, 400),
        ("GET", "/changes?since=-1", None, 400),
        ("GET", "/nothing", None, 404),
        ("POST", "/messages", {}, 405),
        ("GET", "/providers/hotmail", None, 404),
        ("GET", "/providers/hotmail/faults", None, 404),
        ("POST", "/providers/acme/faults", {"script": ["explode"]}, 400),
        ("POST", "/providers/acme/faults", [], 400),
        ("POST", "/providers/acme/faults", {"rules": [{"fault": "reset", "rate": 7}]}, 400),
        ("PUT", "/providers/acme/webhooks", {"webhooks": ["file:///etc/passwd"]}, 400),
        ("PUT", "/providers/acme/webhooks", {"hooks": []}, 400),
        ("PUT", "/providers/hotmail/webhooks", {"webhooks": []}, 404),
        ("POST", "/inbound?provider=acme", {}, 400),
        ("POST", "/inbound?provider=hotmail&to=a@example.com", {}, 404),
    ],
)
def test_mistakes(ask, method, path, document, status):
    """Each is told what was wrong, as JSON."""
    answer = ask(method, path, document)

    assert status == answer.status
    assert {"error", "message"} == set(answer.json)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b'{"kind": 1}'])
def test_bodies_that_are_none(ask, send, body):
    """They are refused, and the server goes on."""
    send("ada@example.com")
    mail = ask("GET", "/messages/latest").json

    assert 400 == ask("POST", f"/messages/{mail['id']}/events", body=body).status
    assert 200 == ask("GET", "/messages").status


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_web_sites(ask, send, headers):
    """None of them reads or writes here, whatever it names this machine."""
    assert 403 == ask("GET", "/messages", headers=headers).status
    assert 403 == ask("DELETE", "/messages", headers=headers).status


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer open sesame", 401),
        ("Basic !!!", 401),
        (f"Basic {base64.b64encode(b'ada:wrong').decode()}", 401),
        (f"Basic {base64.b64encode('ada:öpen sesame'.encode()).decode()}", 200),
    ],
)
def test_a_password(acme, authorization, status):
    """With one, the mailbox is read by whoever knows it; a provider takes mails as ever."""
    with LocalMail(faces=[acme], host="0.0.0.0", password="öpen sesame") as local:
        parts = urlsplit(local.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        headers = {} if authorization is None else {"Authorization": authorization}
        connection.request("GET", "/api/v1/messages", headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert status == answer.status
        document = {"from": "a@example.com", "to": ["b@example.com"], "subject": "s", "text": "t"}
        connection.request("POST", "/acme/send", json.dumps(document))
        sent = connection.getresponse()
        sent.read()
        connection.close()

        assert 200 == sent.status


def test_no_password_on_all_interfaces(acme):
    """It is refused before anything listens."""
    with pytest.raises(ValueError, match="password"):
        LocalMail(faces=[acme], host="0.0.0.0")
