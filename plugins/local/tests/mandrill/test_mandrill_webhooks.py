"""What the local Mandrill tells: events, received mail, lists; and who checks the signature."""

from __future__ import annotations

import base64
import hmac
import json

from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

import pytest

from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope
from mailcore_local.mandrill.addresses import AddressList


RAW = b"\r\n".join(
    [
        b"From: =?utf-8?q?=C3=84da?= <ada@example.net>",
        b"To: in@example.com",
        b"Subject: Re",
        b"Received: a",
        b"Received: b",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="b"',
        b"",
        b"--b",
        b"Content-Type: text/plain",
        b"",
        b"Hello",
        b"--b",
        b"Content-Type: application/pdf",
        b'Content-Disposition: attachment; filename="a"',
        b"Content-Transfer-Encoding: base64",
        b"",
        b"AAEC",
        b"--b--",
        b"",
    ]
)


def events(received) -> list[dict]:
    """The events of a form."""
    return json.loads(parse_qs(received.body.decode())["mandrill_events"][0])


def signed(received, key: str, url: str) -> bool:
    """By https://mandrill.zendesk.com/hc/en-us/articles/360039232513 (read 2026-11-30)."""
    fields = parse_qs(received.body.decode(), keep_blank_values=True)
    text = url + "".join(name + fields[name][0] for name in sorted(fields))
    digest = hmac.new(key.encode(), text.encode(), "sha1").digest()
    return received.headers["X-Mandrill-Signature"] == base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("ada@example.net", ["send", "delivered"]),
        ("bounce@example.net", ["send", "hard_bounce"]),
        ("hard_bounce@test.mandrillapp.com", ["send", "hard_bounce"]),
        ("soft_bounce@test.mandrillapp.com", ["send", "soft_bounce"]),
        ("spam@test.mandrillapp.com", ["send", "delivered", "spam"]),
        ("reject@test.mandrillapp.com", ["reject"]),
        ("deferred@example.net", ["send", "deferral", "delivered"]),
        ("click@example.net", ["send", "delivered", "open", "click"]),
        ("unsubscribe@example.net", ["send", "delivered", "unsub"]),
    ],
)
def test_events(local, webhook, send, address, names):
    """Each is a form of its own, signed over the URL as it was given and the field."""
    result = send(address, html='<a href="https://example.com/x">x</a>', tags=["a"])[address]
    local.hub.wait_for_posts(len(names), 30)

    told = [event for each in webhook.received for event in events(each)]
    assert names == [each["event"] for each in told]
    assert {result["_id"]} == {each["_id"] for each in told} == {e["msg"]["_id"] for e in told}
    assert all(signed(each, "hook-key", f"{webhook.url}?a=1") for each in webhook.received)
    message = told[-1]["msg"]
    assert (address, ["a"], [], "shop@example.com") == (
        message["email"],
        message["tags"],
        message["metadata"],
        message["sender"],
    )
    if names[-1] == "hard_bounce":
        assert ("bad_mailbox", "bounced") == (message["bounce_description"], message["state"])
        assert "550 5.1.1" in message["diag"]


def test_a_click_by_hand(local, webhook, send):
    """It has the link; slashes are written as PHP writes them, and the signature fits."""
    send("ada@example.net")
    local.hub.wait_for_posts(2, 30)
    url = "https://example.com/x"
    local.hub.make_event(local.latest().id, "ada@example.net", EventKind.CLICKED, url=url)
    local.hub.wait_for_posts(3, 30)

    told = webhook.received[2]
    (event,) = events(told)
    assert (url, [url]) == (event["url"], [each["url"] for each in event["msg"]["clicks"]])
    assert r"https:\/\/example.com" in parse_qs(told.body.decode())["mandrill_events"][0]
    assert signed(told, "hook-key", f"{webhook.url}?a=1")


def test_a_signature_that_does_not_fit(local, webhook, send):
    """The fault `tamper` changes what was signed."""
    local.hub.faults("mandrill").script_notifications("tamper")
    send("ada@example.net")
    local.hub.wait_for_posts(2, 30)

    assert not any(signed(each, "hook-key", f"{webhook.url}?a=1") for each in webhook.received)


def test_a_bounce_by_hand_is_remembered(local, send, call):
    """Whoever bounced is on the denylist until somebody takes them off; test addresses are not."""
    result = send("ada@example.net")["ada@example.net"]
    send("bounce@example.net")
    mail = local.mails.by_message_id(result["_id"])
    local.hub.make_event(mail.id, "ada@example.net", EventKind.BOUNCED)

    assert "hard-bounce" == send("ada@example.net")["ada@example.net"]["reject_reason"]
    _, listed = call("rejects/list")
    assert [("ada@example.net", "hard-bounce")] == [(e["email"], e["reason"]) for e in listed]
    assert "bounced" == call("messages/info", id=result["_id"])[1]["state"]
    assert (200, True) == (
        (deleted := call("rejects/delete", email="ADA@example.net"))[0],
        deleted[1]["deleted"],
    )
    assert "sent" == send("ada@example.net")["ada@example.net"]["status"]
    assert "Invalid_Reject" == call("rejects/delete", email="ada@example.net")[1]["name"]


def test_entries_of_the_denylist_expire(call):
    """A hard bounce after a week, what was put there by hand never; one address is found alone."""
    moments = [datetime(2026, 11, 30, tzinfo=timezone.utc)]
    entries = AddressList(lambda: moments[0])
    entries.add("a@example.net", "hard-bounce", "550")
    entries.add("b@example.net", "custom", "")
    assert ["b@example.net"] == [each.email for each in entries.listed("B@example.net")]
    moments[0] += timedelta(days=8)

    assert ["b@example.net"] == [each.email for each in entries.listed(None)]
    assert entries.get("a@example.net") is None
    call("rejects/add", email="a@example.net")
    assert [] == call("rejects/list", email="b@example.net")[1]


def test_the_allowlist_goes_before_the_denylist(send, call):
    """An address on both gets its mail."""
    call("rejects/add", email="ada@example.net")
    assert {"email": "ada@example.net", "added": True} == call(
        "allowlists/add", email="ada@example.net"
    )[1]

    assert "sent" == send("ada@example.net")["ada@example.net"]["status"]
    assert ["ada@example.net"] == [each["email"] for each in call("allowlists/list")[1]]
    assert call("allowlists/delete", email="ada@example.net")[1]["deleted"]
    assert "rejected" == send("ada@example.net")["ada@example.net"]["status"]


def test_what_happened_is_counted(send, call):
    """The statistics of the account; the quota is that of nobody in particular."""
    send("bounce@example.net", "ada@example.net")
    status, user = call("users/info")

    assert 200 == status
    assert (2, 1) == (user["stats"]["today"]["sent"], user["stats"]["today"]["hard_bounces"])
    assert user["hourly_quota"] > 0


def test_received_mail(local, webhook):
    """An event for each recipient, with the whole mail in it."""
    local.hub.receive(RAW, Envelope(sender="ada@example.net", recipients=("in@a", "in@b")))
    local.hub.wait_for_posts(1, 30)

    first, second = events(webhook.received[0])
    assert ["inbound", "inbound"] == [first["event"], second["event"]]
    assert ("in@a", "in@b") == (first["msg"]["email"], second["msg"]["email"])
    assert RAW.decode() == first["msg"]["raw_msg"]
    assert ("Äda", "ada@example.net") == (first["msg"]["from_name"], first["msg"]["from_email"])
    assert ["a", "b"] == first["msg"]["headers"]["Received"]
    assert {"name": "a", "type": "application/pdf", "content": "AAEC", "base64": True} == first[
        "msg"
    ]["attachments"]["a"]
    assert signed(webhook.received[0], "hook-key", webhook.url)


def test_received_mail_from_the_api(local, webhook, call):
    """`inbound/send-raw` does the same."""
    status, answer = call("inbound/send-raw", raw_message=RAW.decode(), to=["in@example.com"])
    local.hub.wait_for_posts(1, 30)

    assert (200, "in@example.com") == (status, answer[0]["email"])
    assert "Re" == events(webhook.received[0])[0]["msg"]["subject"]


def test_how_an_address_is_tried(local, webhook, caplog):
    """By HEAD, and by a form without events that a key of its own signs; a refusal is told."""
    webhook.statuses += [404, 200]
    local.hub.set_webhooks("mandrill", [webhook.url])
    local.hub.drain(30)

    head, post = webhook.received
    assert (b"", []) == (head.body, events(post))
    assert signed(post, "test-webhook", webhook.url)
    assert ["Mandrill tries the address of a webhook with a request by HEAD"] == [
        record.getMessage().partition(",")[0] for record in caplog.records
    ]
    assert "answers 404" in caplog.text
    assert [] == [each for each in local.hub.posts if each.is_event]
