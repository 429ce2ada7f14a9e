"""What the local Brevo tells: events and received mail; and its blocked contacts."""

from __future__ import annotations

import base64

import pytest

from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope


ADA = "ada@example.net"
CREDENTIALS = "Basic " + base64.b64encode(b"u:p").decode()


@pytest.mark.parametrize(
    ("address", "names"),
    [
        (ADA, ["request", "delivered"]),
        ("bounce@example.net", ["request", "hard_bounce"]),
        ("softbounce@example.net", ["request", "soft_bounce"]),
        ("complaint@example.net", ["request", "delivered", "spam"]),
        ("deferred@example.net", ["request", "deferred", "delivered"]),
        ("suppressed@example.net", ["request", "blocked"]),
        ("ooto@example.net", ["request", "delivered"]),
        ("click@example.net", ["request", "delivered", "unique_opened", "opened", "click"]),
        ("unsubscribe@example.net", ["request", "delivered", "unsubscribed"]),
    ],
)
def test_events(local, webhook, send, address, names):
    """Each is posted by itself with the credentials, and says whom and what it is about."""
    headers = {"X-Mailin-custom": "mine"}
    _, answer = send(address, tags=["t"], headers=headers)
    local.hub.wait_for_posts(len(names), 30)

    told = [each.json for each in webhook.received]
    assert names == [each["event"] for each in told]
    assert {CREDENTIALS} == {each.headers["Authorization"] for each in webhook.received}
    for each in told:
        assert (address, answer["messageId"], ["t"], '["t"]', "mine", "Hi") == (
            each["email"],
            each["message-id"],
            each["tags"],
            each["tag"],
            each["X-Mailin-custom"],
            each["subject"],
        )
        assert each["ts_epoch"] // 1000 == each["ts_event"]
    if names[-1] == "hard_bounce":
        assert "550 5.1.1" in told[-1]["reason"]


def test_a_fault_of_the_webhook(local, webhook, send):
    """`tamper` brings a password that is none."""
    local.hub.faults("brevo").script_notifications("tamper")
    send(ADA)
    local.hub.wait_for_posts(2, 30)

    assert CREDENTIALS not in {each.headers["Authorization"] for each in webhook.received}


def test_who_complained_by_hand_is_blocked(local, send, call, webhook):
    """Until somebody takes them off; the answer to a mail does not say so, the events do."""
    send(ADA)
    local.hub.make_event(local.latest().id, ADA, EventKind.COMPLAINED)
    assert 201 == send(ADA)[0]
    local.hub.drain(30)

    assert ["request", "blocked"] == [each.json["event"] for each in webhook.received[-2:]]
    status, page = call("GET", "/smtp/blockedContacts")
    (contact,) = page["contacts"]
    assert (200, 1, ADA, "contactFlaggedAsSpam", "shop@example.com") == (
        status,
        page["count"],
        contact["email"],
        contact["reason"]["code"],
        contact["senderEmail"],
    )
    assert 204 == call("DELETE", "/smtp/blockedContacts/Ada@example.net")[0]
    assert (404, "document_not_found") == (
        (gone := call("DELETE", "/smtp/blockedContacts/ada@example.net"))[0],
        gone[1]["code"],
    )


def test_pages_of_blocked_contacts(local, call):
    """In the order that was asked for, between two days, of some senders."""
    blocked = local.hub.face("brevo").blocked
    for number in range(5):
        blocked.block(f"a{number}@example.net", f"s{number % 2}@example.com", "hardBounce")

    page = call("GET", "/smtp/blockedContacts?limit=2&offset=1&sort=asc")[1]
    assert (5, ["a1@example.net", "a2@example.net"]) == (
        page["count"],
        [each["email"] for each in page["contacts"]],
    )
    assert 2 == call("GET", "/smtp/blockedContacts?senders=s1@example.com")[1]["count"]
    old = "startDate=2000-01-01&endDate=2000-01-02"
    assert 0 == call("GET", f"/smtp/blockedContacts?{old}")[1]["count"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=x",
        "limit=101",
        "offset=-1",
        "startDate=2000-01-01",
        "startDate=x&endDate=y",
        "startDate=2001-01-01&endDate=2000-01-01",
        "sort=up",
    ],
)
def test_what_a_page_refuses(call, query):
    """400 with a code."""
    status, answer = call("GET", f"/smtp/blockedContacts?{query}")

    assert 400 == status
    assert answer["code"]


def test_the_account(send, call):
    """Credits grow less with each recipient."""
    before = call("GET", "/account")[1]["plan"][0]["credits"]
    send(ADA, "bounce@example.net")

    assert before - 2 == call("GET", "/account")[1]["plan"][0]["credits"]


def test_received_mail(local, webhook, ask, call):
    """The mail taken apart; a file is fetched by its token, with the charset of its text."""
    raw = b"\r\n".join(
        [
            b"From: =?utf-8?q?=C3=84da?= <ada@example.net>",
            b"To: in@example.com",
            b"Subject: Re",
            b"Message-ID: <1@x>",
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
            b"Content-Type: text/csv; charset=iso-8859-1",
            b'Content-Disposition: attachment; filename="a.csv"',
            b"",
            b"\xe4",
            b"--b--",
            b"",
        ]
    )
    local.hub.receive(raw, Envelope(sender=ADA, recipients=("in@example.com",)))
    local.hub.wait_for_posts(1, 30)

    (item,) = webhook.received[0].json["items"]
    assert ({"Name": "Äda", "Address": ADA}, "Re", "<1@x>", ["in@example.com"]) == (
        item["From"],
        item["Subject"],
        item["MessageId"],
        item["Recipients"],
    )
    assert (["a", "b"], "Hello") == (item["Headers"]["Received"], item["RawTextBody"].strip())
    (file,) = item["Attachments"]
    answer = ask("GET", f"/inbound/attachments/{file['DownloadToken']}")
    assert (b"\xe4", "text/csv; charset=iso-8859-1") == (
        answer.content,
        answer.headers["Content-Type"],
    )
    assert (404, "document_not_found") == (
        (gone := call("GET", "/inbound/attachments/x"))[0],
        gone[1]["code"],
    )
