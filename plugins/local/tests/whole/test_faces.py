"""A face in the whole: mails, fates, events, webhooks and faults, seen from outside."""

from __future__ import annotations

import json
import socket

from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from mailcore_local.app import LocalMail
from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope
from mailcore_local.mailbox import MailStore


def send(url: str, *to: str, **more: object) -> list[str]:
    """Send by Acme; the ids."""
    document = {"from": "shop@example.com", "to": to, "subject": "Hello", "text": "Hi", **more}
    request = Request(
        f"{url}/send?api_key=sk_live_1",
        json.dumps(document).encode(),
        {"Content-Type": "application/json", "X-Acme-Token": "sk_live_2"},
    )
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)["ids"]


@pytest.fixture
def local(acme, webhook):
    """A mailbox with Acme and its webhook."""
    with LocalMail(faces=[acme], webhooks={"acme": webhook.url}) as running:
        yield running


def test_a_mail_is_kept(local):
    """As the caller gave it, as a receiver gets it, and without the keys."""
    key = "sk_live_3"
    (message_id,) = send(local.face_url("acme"), "ada@example.com", key=key, tags=["welcome"])
    mail = local.wait_for("to:ada tag:welcome", timeout_seconds=30)

    assert ("acme", "Hello", "Hi\n") == (mail.face, mail.subject, mail.text)
    assert message_id == mail.recipients[0].message_id
    assert {"stream": "outbound"} == mail.facts
    assert "/send?api_key=%28hidden%29" == mail.request.path
    kept = repr(mail.request.headers) + mail.request.body.decode() + mail.request.path
    assert "sk_live" not in kept
    found = local.mails.by_message_id(message_id, face="acme")
    assert found
    assert mail.id == found.id


@pytest.mark.parametrize(
    ("address", "types", "state"),
    [
        ("ada@example.com", ["delivered"], "delivered"),
        ("bounce@example.com", ["bounced"], "bounced"),
        ("Bounce+order17@example.org", ["bounced"], "bounced"),
        ("softbounce@example.com", ["soft-bounced"], "soft_bounced"),
        ("complaint@example.com", ["delivered", "complained"], "complained"),
        ("deferred@example.com", ["deferred", "delivered"], "delivered"),
        ("suppressed@example.com", ["rejected"], "rejected"),
        ("reject@example.com", ["rejected"], "rejected"),
        ("ooto@example.com", ["delivered", "auto-replied"], "delivered"),
        ("open@example.com", ["delivered", "opened"], "opened"),
        ("click@example.com", ["delivered", "opened", "clicked"], "clicked"),
        ("unsubscribe@example.com", ["delivered", "unsubscribed"], "unsubscribed"),
        ("slow+0@example.com", ["delivered"], "delivered"),
        ("grumpy@acme.example", ["delivered", "complained"], "complained"),
    ],
)
def test_what_becomes_of_an_address(local, webhook, is_signed, address, types, state):
    """The common test addresses and the provider's own are told of by signed webhooks."""
    send(local.face_url("acme"), address)
    local.hub.wait_for_posts(len(types), 30)

    assert types == webhook.types
    assert all(is_signed(each) for each in webhook.received)
    mail = local.wait_for(f"state:{state}", timeout_seconds=30)
    kinds = [entry.event.kind for entry in mail.timeline]
    assert types == [kind.value for kind in kinds if kind is not EventKind.SENT]
    outcomes = [outcome for entry in mail.timeline for outcome in entry.webhooks]
    assert ["thank you"] * len(types) == [outcome.answer for outcome in outcomes]


def test_events_by_hand(local, webhook):
    """A button makes an event of one recipient."""
    send(local.face_url("acme"), "ada@example.com", "bob@example.com")
    mail = local.wait_for()
    local.hub.make_event(mail.id, "BOB@example.com", EventKind.CLICKED, url="https://example.com/")
    local.hub.wait_for_posts(3, 30)

    assert ["delivered", "delivered", "clicked"] == webhook.types
    mail = local.mails.get(mail.id)
    assert ("delivered", "clicked") == mail.states
    event = mail.timeline[-1].event
    assert ("https://example.com/", True) == (event.url, event.by_hand)
    with pytest.raises(LookupError):
        local.hub.make_event(mail.id, "eve@example.com", EventKind.OPENED)


def test_faults(local, webhook, is_signed):
    """By script: refused in the provider's words, and webhooks twice, turned around, spoilt."""
    local.hub.faults("acme").script("throttle", "duplicate")
    url = local.face_url("acme")
    with pytest.raises(HTTPError) as caught:
        send(url, "ada@example.com")
    with caught.value:
        assert (429, {"acme": "throttle"}) == (caught.value.code, json.load(caught.value))
    send(url, "ada@example.com")
    local.hub.wait_for_posts(2, 30)
    local.hub.faults("acme").script("out_of_order", "tamper")
    send(url, "complaint@example.com")
    send(url, "ada@example.com")
    local.hub.wait_for_posts(5, 30)

    expected = ["delivered", "delivered", "complained", "delivered", "delivered"]
    assert expected == webhook.types
    assert [True, True, True, True, False] == [is_signed(each) for each in webhook.received]
    assert 3 == len(local.mails)


def test_inbound_mail(acme, webhook):
    """It is handed to the webhook octet by octet."""
    with LocalMail(faces=[acme], inbound_webhooks={"acme": webhook.url}) as local:
        raw = bytes(range(256))
        envelope = Envelope(sender="ada@example.com", recipients=("in@example.com",))

        assert 1 == local.hub.receive(raw, envelope)
        local.hub.wait_for_posts(1, 30)
        assert raw == webhook.received[0].body


def test_a_face_takes_note_and_knows_the_url(acme, webhook):
    """It is told what happened, before it is posted, and where a post goes to."""
    with LocalMail(faces=[acme], webhooks={"acme": f"{webhook.url}?a=/b"}) as local:
        send(local.face_url("acme"), "bounce@example.com", "ada@example.com")
        local.hub.wait_for_posts(2, 30)

        assert ["bounce@example.com"] == acme.bounced
        urls = {each.headers["X-Acme-Url"] for each in webhook.received}
        assert {f"{webhook.url}?a=/b"} == urls


@pytest.mark.parametrize("what", ["the port is taken", "the directory is a file"])
def test_a_mailbox_that_cannot_start_leaves_nothing_open(what, tmp_path):
    """Its store is closed, whatever was in the way."""
    (tmp_path / "file").write_text("x")
    store = MailStore()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = {
            "the port is taken": {"port": taken.getsockname()[1]},
            "the directory is a file": {"directory": tmp_path / "file"},
        }[what]
        local = LocalMail(faces=[], store=store, **options)
        with pytest.raises(OSError, match=r"in use|exists"):
            local.start()

    assert store.closed
