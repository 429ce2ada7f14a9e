"""The event map, row by row: fixtures in pairs, what SES sends and what mailcore reports."""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from mailcore.events import event_from_dict
from mailcore.webhook import WebhookRequest
from mailcore_ses.events import parse_events
from mailcore_ses.events.subscriptions import subscription_change


FIXTURES = Path(__file__).parent / "fixtures" / "events"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {}, True)


def post(message: str) -> WebhookRequest:
    """The request by which SNS brings a message."""
    body = {
        "Type": "Notification",
        "MessageId": "msg-1",
        "Message": message,
        "Timestamp": "2026-11-20T09:15:06.001Z",
    }
    return WebhookRequest("POST", {}, json.dumps(body).encode())


def said(event):
    """What differs from an event that says nothing; spam and virus verdicts always count."""
    found = event.to_dict()
    del found["dedupe_key"]
    return {
        name: value
        for name, value in found.items()
        if (name in {"spam", "virus"} and value is not None) or value not in UNSAID
    }


@pytest.mark.parametrize("name", NAMES)
def test_event_map(name):
    """Each SES event becomes the events of the map, one for each recipient, without defects."""
    payload = (FIXTURES / f"{name}.input.json").read_text("utf-8")
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    events = parse_events("ses", post(payload + "\n"))  # 68

    assert expected == [said(event) for event in events]


@pytest.mark.parametrize("name", NAMES)
def test_events_travel(name):
    """Through a queue in JSON, each of them comes back as it was."""
    payload = (FIXTURES / f"{name}.input.json").read_text("utf-8")
    for event in parse_events("ses", post(payload)):
        assert event == event_from_dict(json.loads(json.dumps(event.to_dict())))


def test_every_type_has_a_fixture():
    """No documented type of event is left out of the map's fixtures."""
    from mailcore_ses.events.event_map import KINDS

    payloads = [json.loads((FIXTURES / f"{name}.input.json").read_text()) for name in NAMES]

    assert set(KINDS) | {"Received", "Teleported", "AmazonSnsSubscriptionSucceeded"} == {
        payload.get("eventType") or payload["notificationType"] for payload in payloads
    }


@pytest.mark.parametrize("name", NAMES)
def test_events_of_one_notification_differ_by_key(name):
    """Dedupe keys tell the events of one notification apart, and are the same the next time."""
    payload = (FIXTURES / f"{name}.input.json").read_text("utf-8")

    keys = [event.dedupe_key for event in parse_events("ses", post(payload))]
    again = [event.dedupe_key for event in parse_events("ses", post(payload))]

    assert len(keys) == len(set(keys))
    assert keys == again
    assert all(keys)
    assert not any("msg-1" in key for key in keys)


@pytest.mark.parametrize(
    ("published", "identity"),
    [
        ("bounce_permanent_general", "bounce_identity"),
        ("complaint_one_of_three", "complaint_identity"),
    ],
)
def test_two_channels_one_key(published, identity):
    """An event seen through event publishing and as identity notification has one key."""
    first, second = (
        parse_events("ses", post((FIXTURES / f"{name}.input.json").read_text("utf-8")))
        for name in (published, identity)
    )

    assert [event.dedupe_key for event in first] == [event.dedupe_key for event in second]


def test_delivery_has_one_key_for_each_recipient_and_channel():
    """A delivery is known by message and recipient, in whatever case they come."""
    payload = json.loads((FIXTURES / "delivery_identity.input.json").read_text("utf-8"))
    other = json.loads(json.dumps(payload).replace("gone@firma", "GONE@Firma"))
    other["delivery"]["processingTimeMillis"] = 1

    (first,) = parse_events("ses", post(json.dumps(payload)))
    (second,) = parse_events("ses", post(json.dumps(other)))

    assert first.dedupe_key == second.dedupe_key
    assert "GONE@Firma.example" == second.recipient  # 38: as spelled


def test_opens_are_different_events():
    """A second open of the same message by the same recipient has a key of its own."""
    payload = json.loads((FIXTURES / "open.input.json").read_text("utf-8"))
    (first,) = parse_events("ses", post(json.dumps(payload)))
    payload["open"]["timestamp"] = "2026-11-20T09:15:04.319Z"
    (second,) = parse_events("ses", post(json.dumps(payload)))

    assert first.dedupe_key != second.dedupe_key


def test_received_by_two_rules_is_two_events():
    """Two rules that matched a mail for different recipients are not duplicates."""
    payload = json.loads((FIXTURES / "received_s3.input.json").read_text("utf-8"))
    (first,) = parse_events("ses", post(json.dumps(payload)))
    payload["receipt"]["recipients"] = ["sales@in.shop.example"]
    (second,) = parse_events("ses", post(json.dumps(payload)))

    assert first.dedupe_key != second.dedupe_key


def test_esp_event_is_all_that_ses_sent():
    """What mailcore has no field for is in esp_event, equal to what was sent."""
    text = (FIXTURES / "bounce_permanent_two_of_three.input.json").read_text("utf-8")

    first, second = parse_events("ses", post(text))

    def tuples(value):
        if isinstance(value, dict):
            return {key: tuples(item) for key, item in value.items()}
        return tuple(map(tuples, value)) if isinstance(value, list) else value

    assert tuples(json.loads(text)) == dict(first.esp_event)
    assert json.loads(text) == json.loads(json.dumps(second.esp_event))
    assert "210987654321" == first.esp_event["mail"]["sendingAccountId"]


def test_repr_has_no_full_address():
    """What ends in a log does not tell who."""
    text = (FIXTURES / "bounce_permanent_general.input.json").read_text("utf-8")

    (event,) = parse_events("ses", post(text))

    assert "old.staff" not in repr(event)


@pytest.mark.parametrize(
    ("kind", "subtype", "status", "response", "expected"),
    [
        ("Permanent", "General", "5.1.1 (bad mailbox)", None, ("5.1.1", "hard", False)),
        ("Permanent", "General", None, "smtp; 552 5.2.2 mailbox full", ("5.2.2", "soft", True)),
        ("Permanent", "General", "5.7.1", "550 5.7.1 blocked as spam", ("5.7.1", "soft", True)),
        ("Permanent", "General", None, None, (None, "hard", False)),
        ("Permanent", "NoEmail", "5.7.1", "550 5.7.1 blocked", ("5.7.1", "hard", False)),
        ("Transient", "General", "5.1.1", "550 user unknown", ("5.1.1", "hard", False)),
        ("Transient", "General", "5.1.1", None, ("5.1.1", "hard", False)),
        ("Permanent", "General", "5.2.2", None, ("5.2.2", "soft", True)),
        ("Transient", "MailboxFull", "5.2.2", None, ("5.2.2", "soft", True)),
        ("Transient", "General", "odd", None, (None, "soft", True)),
        ("Undetermined", "Undetermined", None, None, (None, "undetermined", None)),
    ],
)
def test_bounces_are_judged(kind, subtype, status, response, expected):
    """A specific class of SES decides, then what the server said, then permanent or transient."""
    recipient = {"emailAddress": "ada@example.net", "status": status, "diagnosticCode": response}
    bounce = {"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": [recipient]}
    payload = {"eventType": "Bounce", "mail": {"messageId": "m"}, "bounce": bounce}

    (event,) = parse_events("ses", post(json.dumps(payload)))

    assert expected == (event.smtp_status, event.bounce_class.value, event.may_write_again)
    assert f"{kind}/{subtype}" == event.description


def preferences(default=None, own=None, **more):
    """Topic preferences of a contact."""
    lists = {"topicDefaultSubscriptionStatus": default, "topicSubscriptionStatus": own}
    return {
        name: [{"topicName": topic, "subscriptionStatus": said} for topic, said in choices]
        for name, choices in lists.items()
        if choices is not None
    } | more


IN, OUT = [("a", "OptIn")], [("a", "OptOut")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (preferences(), preferences(own=IN), "subscribed"),
        (preferences(), preferences(own=OUT), "unsubscribed"),
        # A topic that the list has now, of which the contact has said nothing.
        (preferences(), preferences(IN), "unknown"),
        (preferences(), preferences(OUT), "unknown"),
        (preferences(IN), preferences(OUT), "unsubscribed"),
        (preferences(IN), preferences(IN, OUT), "unsubscribed"),
        (preferences(OUT), preferences(OUT, IN), "subscribed"),
        (preferences(IN, OUT), preferences(IN), "subscribed"),
        (preferences(IN), preferences(IN, IN), "unknown"),
        (preferences(own=IN), preferences(own=[("b", "OptOut"), *IN]), "unsubscribed"),
        (preferences(own=OUT), preferences(own=[("b", "OptOut"), *IN]), "unsubscribed"),
        (None, preferences(own=IN), "subscribed"),
        (5, preferences(own=IN), "subscribed"),
        (5, preferences(unsubscribeAll=True), "unsubscribed"),
        (preferences(unsubscribeAll=True), preferences(), "subscribed"),
        (preferences(unsubscribeAll="yes"), preferences(unsubscribeAll="yes"), "unknown"),
        (preferences(own=IN), None, "unknown"),
        (preferences(own=IN), preferences(own=[(["a"], "OptOut")]), "unknown"),
        (preferences(OUT, [("a", 5)]), preferences(OUT), "unknown"),
        (preferences(own=IN), {"topicSubscriptionStatus": ["a", None]}, "unknown"),
    ],
)
def test_subscriptions(old, new, expected):
    """Of all topics: one that was left counts, whatever else was joined."""
    assert expected == subscription_change(old, new)
