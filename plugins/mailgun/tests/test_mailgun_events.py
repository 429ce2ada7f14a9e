"""The event map, row by row: fixtures in pairs, what Mailgun posts and what mailcore reports."""

from __future__ import annotations

import copy
import json

from pathlib import Path
from urllib.parse import urlencode

import pytest

from mailcore.events import BounceClass, EventType, RejectReason
from mailcore.webhook import WebhookRequest
from mailcore_mailgun.event_map import OUTCOMES, REASONS, WITHOUT_MESSAGE
from mailcore_mailgun.events import parse_events, read_event


FIXTURES = Path(__file__).parent / "fixtures" / "events"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {}, True)


def load(name):
    """What is posted in a fixture."""
    return json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8"))


def post(document):
    """The request by which Mailgun posts an object or the fields of a form."""
    if isinstance(document, list):
        body = urlencode([tuple(pair) for pair in document]).encode()
        return WebhookRequest("POST", {"Content-Type": "application/x-www-form-urlencoded"}, body)
    body = json.dumps(document).encode()
    return WebhookRequest("POST", {"Content-Type": "application/json"}, body)


def event_of(document):
    """The one event of what is posted."""
    (event,) = parse_events("mailgun", post(document))
    return event


@pytest.mark.parametrize("name", NAMES)
def test_event_map(name):
    """Each documented event becomes the event of the map, without defects."""
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    event = event_of(load(name))

    assert expected == {k: v for k, v in event.to_dict().items() if v not in UNSAID}
    assert () == event.defects


def test_every_event_and_reason_has_a_fixture():
    """No type of event and no reason of the map is left out of its fixtures."""
    found = [load(name)["event-data"] for name in NAMES if isinstance(load(name), dict)]

    names = {data["event"].lower() for data in found}
    reasons = {d["reason"] for d in found if d.get("severity") == "permanent"}

    assert set(OUTCOMES) | {"failed", "stored", "teleported"} <= names
    assert WITHOUT_MESSAGE - {"email_validation"} <= names
    assert set(REASONS) <= reasons


@pytest.mark.parametrize("name", NAMES)
def test_the_event_is_kept_whole(name):
    """`esp_event` has all that was posted."""
    document = load(name)

    kept = event_of(document).esp_event

    if isinstance(document, dict):
        assert document == kept
    else:
        assert {pair[0] for pair in document} == set(kept)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_event_posted_again_has_the_same_key(name):
    """A signature made anew does not make another event; another name or id does."""
    document = load(name)
    again, other = copy.deepcopy(document), copy.deepcopy(document)
    if isinstance(document, dict):
        again["signature"] = {"timestamp": "1770929999", "token": "0" * 50, "signature": "00"}
        other["event-data"]["event"] = "teleported again"
    else:
        again = [[n, "00" if n in {"token", "signature"} else value] for n, value in again]
        other.append(["my-var-3", "x"])

    assert event_of(document).dedupe_key == event_of(again).dedupe_key
    assert event_of(document).dedupe_key != event_of(other).dedupe_key


def test_an_id_is_unique_within_a_day_only():
    """Two events of one id on two days are two events."""
    document = load("delivered")
    later = copy.deepcopy(document)
    later["event-data"]["timestamp"] += 86_400

    assert event_of(document).dedupe_key != event_of(later).dedupe_key


def test_items_of_the_events_api_are_the_same_events():
    """An item that was polled has the key of the webhook."""
    document = load("clicked")

    polled = read_event("mailgun", document["event-data"])

    assert event_of(document).dedupe_key == polled.dedupe_key
    assert polled.received_at is None
    assert document["event-data"] == polled.esp_event


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"severity": None}, (EventType.BOUNCED, RejectReason.BOUNCED, BounceClass.HARD)),
        ({"severity": "temporary", "reason": 5}, (EventType.DEFERRED, None, None)),
        ({"reason": ["x"]}, (EventType.BOUNCED, RejectReason.OTHER, BounceClass.HARD)),
        (
            {"reason": None, "delivery-status": {"code": 607}},
            (EventType.REJECTED, RejectReason.SPAM, None),
        ),
        (
            {"reason": None, "delivery-status": None},
            (EventType.BOUNCED, RejectReason.OTHER, BounceClass.UNDETERMINED),
        ),
    ],
)
def test_failures_that_are_not_as_documented(changes, expected):
    """What a failure means is told as far as it can be read."""
    document = load("failed_permanent_bounce")
    document["event-data"].update(changes)

    event = event_of(document)

    assert expected == (event.event_type, event.reject_reason, event.bounce_class)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("20260203.1@example.com", "<20260203.1@example.com>"),
        ("<20260203.1@example.com>", "<20260203.1@example.com>"),
        (" ", None),
    ],
)
def test_message_ids_are_those_of_the_send(given, expected):
    """The id is spelled as the answer to the send spells it."""
    document = load("delivered")
    document["event-data"]["message"]["headers"]["message-id"] = given

    assert expected == event_of(document).message_id


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (1770146431, "2026-02-03T19:20:31+00:00"),
        ("1770146431.5", "2026-02-03T19:20:31.500000+00:00"),
        (True, None),
        ("soon", None),
        (10**400, None),
        (-(10**20), None),
    ],
)
def test_timestamps(given, expected):
    """Seconds as a number or as text; anything else is a defect."""
    document = load("delivered")
    document["event-data"]["timestamp"] = given

    event = event_of(document)

    assert expected == (event.timestamp and event.timestamp.isoformat())
    assert (expected is None) == ("`timestamp` cannot be read" in event.defects)


def test_a_rejected_message_to_several_names_nobody():
    """Whom a rejection is about is not guessed."""
    document = load("made_rejected")
    document["event-data"]["message"]["headers"]["to"] = "a@example.com, b@example.com"

    event = event_of(document)

    assert (None, ("`recipient` is missing",)) == (event.recipient, event.defects)


def test_a_content_type_with_parameters_or_none():
    """JSON is JSON whatever the header says, as long as it does not say that it is a form."""
    body = json.dumps(load("delivered")).encode()
    for headers in ({}, {"content-type": "application/json; charset=utf-8"}, {"content-type": ""}):
        (event,) = parse_events("mailgun", WebhookRequest("POST", headers, body))
        assert EventType.DELIVERED is event.event_type
