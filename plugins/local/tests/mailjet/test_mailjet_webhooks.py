"""What the local Mailjet tells: events and received mail."""

from __future__ import annotations

import base64

import pytest

from mailcore_local.engine import EventKind
from mailcore_local.faces import Envelope


ADA = "ada@example.net"
CREDENTIALS = "Basic " + base64.b64encode(b"u:p").decode()


@pytest.mark.parametrize(
    ("address", "names", "error"),
    [
        (ADA, ["sent"], None),
        ("Bounce@Example.net", ["bounce"], "user unknown"),
        ("softbounce@example.net", ["bounce"], "quota exceeded"),
        ("complaint@example.net", ["sent", "spam"], None),
        ("deferred@example.net", ["bounce", "sent"], None),
        ("suppressed@example.net", ["blocked"], "preblocked"),
        ("ooto@example.net", ["sent"], None),
        ("click@example.net", ["sent", "open", "click"], None),
        ("unsubscribe@example.net", ["sent", "unsub"], None),
    ],
)
def test_events(local, webhook, send, address, names, error):
    """Each is posted by itself with the credentials, and says whom and what it is about."""
    _, answer = send(
        {
            "To": [{"Email": address}],
            "CustomID": "mine",
            "CustomCampaign": "c",
            "EventPayload": '{"a": 1}',
        }
    )
    local.hub.wait_for_posts(len(names), 30)

    entry = answer["Messages"][0]["To"][0]
    told = [each.json for each in webhook.received]
    assert names == [each["event"] for each in told]
    assert {CREDENTIALS} == {each.headers["Authorization"] for each in webhook.received}
    for each in told:
        assert (address, entry["MessageID"], entry["MessageUUID"], "mine", "c", '{"a": 1}') == (
            each["email"],
            each["MessageID"],
            each["Message_GUID"],
            each["CustomID"],
            each["customcampaign"],
            each["Payload"],
        )
    assert error == told[-1].get("error")
    if error == "user unknown":
        assert (True, True) == (told[-1]["hard_bounce"], "550 5.1.1" in told[-1]["comment"])


@pytest.mark.parametrize("local", [True], indirect=True)
def test_events_in_an_array(local, webhook, send):
    """A webhook of version 2 gets all that happened at once."""
    send({"To": [{"Email": "complaint@example.net"}]})
    local.hub.wait_for_posts(1, 30)

    assert [["sent", "spam"]] == [[e["event"] for e in each.json] for each in webhook.received]


def test_a_fault_of_the_webhook(local, webhook, send):
    """`tamper` brings a password that is none."""
    local.hub.faults("mailjet").script_notifications("tamper")
    send({})
    local.hub.wait_for_posts(1, 30)

    assert CREDENTIALS != webhook.received[0].headers["Authorization"]


def test_credentials_in_the_address(local, webhook, send):
    """They go before those of the settings, as Mailjet has no others."""
    local.hub.set_webhooks("mailjet", [webhook.url.replace("//", "//me:my%20own@")])
    send({})
    local.hub.wait_for_posts(1, 30)

    expected = "Basic " + base64.b64encode(b"me:my own").decode()
    assert expected == webhook.received[0].headers["Authorization"]


def test_who_bounced_by_hand_is_blocked(local, webhook, send):
    """Which the answer does not say, and the event does."""
    send({})
    local.hub.make_event(local.latest().id, ADA, EventKind.BOUNCED)
    status, _ = send({"To": [{"Email": ADA.upper()}]})
    local.hub.drain(30)

    last = webhook.received[-1].json
    assert (200, "blocked", "preblocked") == (status, last["event"], last["error"])


def test_received_mail(local, webhook):
    """A post for each recipient: headers as Mailjet has them, files in base64."""
    raw = b"\r\n".join(
        [
            b"From: =?utf-8?q?=C3=84da?= <ada@example.net>",
            b"To: in@example.com",
            b"Subject: Re",
            b"Date: Mon, 30 Nov 2026 12:00:00 +0100",
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
            b'Content-Disposition: attachment; filename="a.pdf"',
            b"Content-Transfer-Encoding: base64",
            b"",
            b"AAEC",
            b"--b--",
            b"",
        ]
    )
    assert 2 == local.hub.receive(raw, Envelope(sender=ADA, recipients=("in@a", "in@b")))
    local.hub.wait_for_posts(2, 30)

    first, second = (each.json for each in webhook.received)
    assert ("in@a", "in@b", ADA) == (first["Recipient"], second["Recipient"], first["Sender"])
    assert ("20261130T110000", "Re", "Hello") == (
        first["Date"],
        first["Subject"],
        first["Text-part"].strip(),
    )
    assert (["a", "b"], "Re") == (first["Headers"]["Received"], first["Headers"]["Subject"])
    assert ["Text-part", "Attachment1"] == [part["ContentRef"] for part in first["Parts"]]
    assert "AAEC" == first["Attachment1"]
    assert 'attachment; filename="a.pdf"' == first["Parts"][1]["Headers"]["Content-Disposition"]
