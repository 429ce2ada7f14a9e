"""What the local SparkPost tells: events, relayed mail; and its suppression list."""

from __future__ import annotations

import base64

import pytest

from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope


ADA = "ada@example.net"


def events(webhook) -> list[dict]:
    """All events so far, without their wrapping."""
    return [
        next(iter(each["msys"].values())) for received in webhook.received for each in received.json
    ]


@pytest.mark.parametrize(
    ("address", "types", "bounce_class"),
    [
        (ADA, ["injection", "delivery"], None),
        ("Bounce@Example.net", ["injection", "bounce"], "10"),
        ("softbounce@example.net", ["injection", "bounce"], "22"),
        ("bounce@example.net.sink.sparkpostmail.com", ["injection", "bounce"], "10"),
        ("complaint@example.net", ["injection", "delivery", "spam_complaint"], None),
        ("deferred@example.net", ["injection", "delay", "delivery"], None),
        ("suppressed@example.net", ["injection", "bounce"], "25"),
        ("ooto@example.net", ["injection", "delivery", "out_of_band"], "60"),
        ("click@example.net", ["injection", "delivery", "open", "click"], None),
        ("unsubscribe@example.net", ["injection", "delivery", "list_unsubscribe"], None),
    ],
)
def test_events(local, webhook, send, address, types, bounce_class):
    """They come in one batch with the credentials, and say whom and what they are about."""
    answer = send(
        {"address": address, "metadata": {"n": 1}, "tags": ["t"]}, top={"campaign_id": "c"}
    )
    local.hub.wait_for_posts(1, 30)

    (received,) = webhook.received
    told = events(webhook)
    assert types == [each["type"] for each in told]
    assert "Basic " + base64.b64encode(b"u:p").decode() == received.headers["Authorization"]
    assert received.headers["X-MessageSystems-Batch-ID"]
    assert len(told) == len({each["event_id"] for each in told})
    for each in told:
        assert (answer["results"]["id"], address.lower(), address, "c", {"n": 1}, ["t"]) == (
            each["transmission_id"],
            each["rcpt_to"],
            each["raw_rcpt_to"],
            each["campaign_id"],
            each["rcpt_meta"],
            each["rcpt_tags"],
        )
    assert bounce_class == told[-1].get("bounce_class")


def test_the_timeline_has_the_answers(local, send):
    """A batch is the outcome of each of its events."""
    send(ADA)
    local.hub.wait_for_posts(1, 30)
    local.hub.drain(30)

    timeline = local.latest().timeline
    assert ["delivered", "delivered"] == [entry.webhooks[0].state for entry in timeline]


def test_a_fault_of_the_webhook(local, webhook, send):
    """`tamper` brings a password that is none."""
    local.hub.faults("sparkpost").script_notifications("tamper")
    send(ADA)
    local.hub.wait_for_posts(1, 30)

    expected = "Basic " + base64.b64encode(b"u:p").decode()
    assert expected != webhook.received[0].headers["Authorization"]


def test_who_bounced_by_hand_is_suppressed(local, send, call, webhook):
    """For the type of mail that bounced; test addresses are not."""
    send(ADA)
    send("bounce@example.net")
    local.hub.make_event(local.latest(f"to:{ADA}").id, ADA, EventKind.BOUNCED)
    local.hub.make_event(local.latest(f"to:{ADA}").id, ADA, EventKind.UNSUBSCRIBED)
    send(ADA)
    send(ADA, top={"options": {"transactional": True}})
    local.hub.drain(30)

    status, found = call("GET", f"/suppression-list/{ADA}")
    assert (200, ["non_transactional"]) == (status, [each["type"] for each in found["results"]])
    batches = [[event["msys"] for event in each.json] for each in webhook.received[-2:]]
    last = [[next(iter(event.values()))["type"] for event in batch] for batch in batches]
    assert [["injection", "bounce"], ["injection", "delivery"]] == last
    assert 404 == call("GET", "/suppression-list/bounce@example.net")[0]


def test_the_suppression_list(call):
    """Entries are put, found by their fields in pages, summed up and deleted by type."""
    entries = [
        {"recipient": f"a{n}@example.net", "type": "transactional", "description": f"no {n}"}
        for n in range(5)
    ]
    more = {"recipient": "A0@example.net", "type": "non_transactional"}
    assert 200 == call("PUT", "/suppression-list", {"recipients": [*entries, more]})[0]
    assert 200 == call("PUT", "/suppression-list/b@other.example", {"type": "transactional"})[0]

    first = call("GET", "/suppression-list?cursor=initial&per_page=4")[1]
    assert (4, 7) == (len(first["results"]), first["total_count"])
    following = first["links"][0]["href"].removeprefix("/api/v1")
    second = call("GET", following)[1]
    assert (3, []) == (len(second["results"]), second["links"])
    only = call("GET", "/suppression-list?domain=other.example&sources=Manually%20Added")[1]
    assert ["b@other.example"] == [each["recipient"] for each in only["results"]]
    late = "/suppression-list?from=2099-01-01T00:00:00Z&types=transactional"
    assert [] == call("GET", late)[1]["results"]
    assert 2 == call("GET", "/suppression-list/a0@example.net")[1]["total_count"]
    assert 7 == call("GET", "/suppression-list/summary")[1]["results"]["manually_added"]
    path = "/suppression-list/a0@example.net"
    assert 204 == call("DELETE", path, {"type": "transactional"})[0]
    assert 1 == call("GET", path)[1]["total_count"]
    assert 204 == call("DELETE", path)[0]
    assert (404, {"errors": [{"message": "Recipient could not be found"}]}) == call("DELETE", path)


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("PUT", "/suppression-list", {}),
        (
            "PUT",
            "/suppression-list",
            {"recipients": [{"recipient": "no", "type": "transactional"}]},
        ),
        ("PUT", "/suppression-list", {"recipients": [{"recipient": "a@b", "type": "x"}]}),
        ("PUT", "/suppression-list/a@b", None),
        ("PUT", "/suppression-list/no", {"type": "transactional"}),
        ("DELETE", "/suppression-list/a@b", {"type": 7}),
        ("GET", "/suppression-list?per_page=0", None),
        ("GET", "/suppression-list?per_page=10001", None),
        ("GET", "/suppression-list?cursor=x", None),
        ("GET", "/suppression-list?from=yesterday", None),
        ("GET", "/suppression-list?types=x", None),
    ],
)
def test_what_the_suppression_list_refuses(call, method, path, document):
    """400 with a sentence."""
    status, answer = call(method, path, document)

    assert 400 == status
    assert answer["errors"][0]["message"]


def test_the_account(send, call):
    """What was sent is in the usage, if that is asked for."""
    send(ADA)
    plain, used = call("GET", "/account")[1], call("GET", "/account?include=usage")[1]

    assert "usage" not in plain["results"]
    assert 1 == used["results"]["usage"]["day"]["used"]


@pytest.mark.parametrize("body", [b"Hello \xc3\xa4", b"Hello \xe4"])
def test_relayed_mail(local, webhook, body):
    """An object for each recipient; what is no UTF-8 comes in base64."""
    raw = b"From: Ada <ada@example.net>\r\nTo: in@example.com\r\nSubject: Re\r\n\r\n" + body
    local.hub.receive(raw, Envelope(sender=ADA, recipients=("in@a", "in@b")))
    local.hub.wait_for_posts(1, 30)

    first, second = events(webhook)
    assert ("in@a", "in@b", ADA) == (first["rcpt_to"], second["rcpt_to"], first["msg_from"])
    content = first["content"]
    text = content["email_rfc822"]
    octets = base64.b64decode(text) if content["email_rfc822_is_base64"] else text.encode()
    assert (raw, "Re", ["in@example.com"]) == (octets, content["subject"], content["to"])
    assert {"From": "Ada <ada@example.net>"} == content["headers"][0]


def test_how_an_address_is_tried(local, webhook):
    """By a batch without an event."""
    local.hub.set_webhooks("sparkpost", [webhook.url])
    local.hub.drain(30)

    assert [[{"msys": {}}]] == [each.json for each in webhook.received]
