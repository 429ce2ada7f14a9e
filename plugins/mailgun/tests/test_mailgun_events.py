"""The event map, row by row: fixtures in pairs, what Mailgun posts and what mailcore reports."""

from __future__ import annotations

import copy
import json

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from mailcore.events import BounceClass, EventType, RejectReason, event_from_dict
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


@pytest.mark.parametrize("name", NAMES)
def test_events_travel(name):
    """Through a queue in JSON, each of them comes back as it was."""
    event = event_of(load(name))

    assert event == event_from_dict(json.loads(json.dumps(event.to_dict())))


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
        ({"reason": ["x"]}, (EventType.BOUNCED, RejectReason.BOUNCED, BounceClass.HARD)),
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


def logged(data, at):
    """An event-data as an item of the Logs API."""
    item = {name: value for name, value in data.items() if name != "timestamp"}
    item["@timestamp"] = at
    item["domain"] = {"name": "sample.mailgun.com"}
    item["user-variables"] = json.dumps(data.get("user-variables") or {})
    storage = item.get("storage")
    if isinstance(storage, dict) and isinstance(storage.get("url"), str):
        item["storage"] = {**storage, "url": [storage["url"]]}
    return item


WITH_ID = [
    name
    for name in NAMES
    if isinstance(load(name), dict) and isinstance(load(name)["event-data"].get("id"), str)
]


@pytest.mark.parametrize("name", WITH_ID)
def test_items_of_the_logs_api_are_the_same_events(name):
    """By webhook and by the Logs API, all but the fraction of the time is the same."""
    document = load(name)
    data = document["event-data"]
    posted = event_of(document)
    at = posted.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    found = read_event("mailgun", logged(data, at))

    changed = {"received_at", "timestamp", "esp_event"}
    ours, theirs = posted.to_dict(), found.to_dict()
    assert {k: v for k, v in ours.items() if k not in changed} == {
        k: v for k, v in theirs.items() if k not in changed
    }
    assert abs(posted.timestamp - found.timestamp) < timedelta(milliseconds=1)


def test_a_time_that_is_rounded_makes_no_other_event():
    """One API writes microseconds, another milliseconds, which may be those of the next second."""
    data = {**load("delivered")["event-data"], "timestamp": 1720456218.9996}

    (one, other) = (
        read_event("mailgun", data),
        read_event("mailgun", logged(data, "2024-07-08T16:30:19.000Z")),
    )

    assert one.dedupe_key == other.dedupe_key


def test_an_item_of_the_description_of_the_logs_api():
    """What a message is about may be missing there; the failure is read all the same."""
    item = {
        "id": "JDhSWf9mT5OFxCkZfpDU5d",
        "event": "failed",
        "@timestamp": "2024-07-08T16:30:18.530Z",
        "delivery-status": {"message": "Turret client: server connection failed", "code": 680},
        "domain": {"name": "example.com"},
        "recipient": "example@gmail.com",
    }

    event = read_event("mailgun", item)

    assert EventType.BOUNCED is event.event_type
    assert "2024-07-08T16:30:18.530000+00:00" == event.timestamp.isoformat()
    assert "example@gmail.com" == event.recipient


@pytest.mark.parametrize("variables", ["no JSON", "[1]", 5, [1]])
def test_variables_that_cannot_be_read_are_told(variables):
    """They are a defect, and the event is there."""
    event = read_event("mailgun", {**load("delivered")["event-data"], "user-variables": variables})

    assert ({}, 1) == (event.metadata, len(event.defects))


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("bounced", {"code": "550", "error": "no such user", "notification": "gone"}),
        ("dropped", {"code": "605", "reason": "hardfail", "description": "Not delivering"}),
        ("complained", {"attachment-1": "x", "attachment-count": "1"}),
        ("opened", {"ip": "192.0.2.1", "country": "DE", "client-name": "x", "device-type": "y"}),
        ("clicked", {"url": "https://example.com/", "user-agent": "x"}),
        ("unsubscribed", {"campaign-id": "c", "mailing-list": "l@example.com"}),
    ],
)
def test_fields_of_legacy_events_are_no_metadata(kind, own):
    """Mailgun's own fields are not among the variables of the message, which stand beside them."""
    fields = {
        "event": kind,
        "recipient": "ada@example.net",
        "domain": "example.com",
        "Message-Id": "<1@example.com>",
        "timestamp": "1521233195",
        "token": "0",
        "signature": "0",
        **own,
        "order": "42",
    }

    assert {"order": "42"} == event_of([list(pair) for pair in fields.items()]).metadata


def test_a_variable_may_have_the_name_of_a_field_of_other_events():
    """Only a failure has a reason of Mailgun's."""
    fields = {"event": "opened", "recipient": "ada@example.net", "reason": "birthday"}

    assert {"reason": "birthday"} == event_of([list(pair) for pair in fields.items()]).metadata
