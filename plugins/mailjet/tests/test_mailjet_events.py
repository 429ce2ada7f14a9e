"""The event map, row by row: fixtures in pairs, what Mailjet posts and what mailcore reports."""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from mailcore.events import BounceClass, EventType, RejectReason, event_from_dict
from mailcore.webhook import WebhookRequest
from mailcore_mailjet.event_map import ERRORS
from mailcore_mailjet.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "events"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {}, True)
EVENTS = {"sent", "open", "click", "bounce", "blocked", "spam", "unsub"}


def sample(name):
    """A fixture's payload."""
    return json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8"))


def parsed(payload):
    """The events of a payload."""
    return parse_events("mailjet", WebhookRequest("POST", {}, json.dumps(payload).encode()))


def one(name, **changes):
    """The event of a fixture, with some fields changed; those that are `...` are left out."""
    payload = {**sample(name), **changes}
    (event,) = parsed({key: value for key, value in payload.items() if value is not ...})
    return event


@pytest.mark.parametrize("name", NAMES)
def test_event_map(name):
    """Each post becomes the events of the map, without defects."""
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    events = parsed(sample(name))

    assert expected == [
        {key: value for key, value in event.to_dict().items() if value not in UNSAID}
        for event in events
    ]
    assert {()} == {event.defects for event in events}


@pytest.mark.parametrize("name", NAMES)
def test_events_travel(name):
    """Through a queue in JSON, each of them comes back as it was."""
    for event in parsed(sample(name)):
        assert event == event_from_dict(json.loads(json.dumps(event.to_dict())))


def test_every_event_has_a_fixture():
    """No documented event is left out, and nothing else is there but one unknown."""
    payloads = [each for name in NAMES for each in [sample(name)] if isinstance(each, dict)]

    assert EVENTS | {"teleport"} == {payload["event"] for payload in payloads}


def test_a_stranger_in_a_group_takes_no_event_with_it():
    """Mailjet would post all of them for a day, and then suspend the URL."""
    first, stranger = parsed([sample("sent"), {"news": 1}])

    assert (EventType.DELIVERED, EventType.UNKNOWN) == (first.event_type, stranger.event_type)
    assert "`event` is missing" in stranger.defects


def test_groups_are_read_as_single_events_are():
    """In their order, with or without an array."""
    payloads = [sample(name) for name in ("sent", "open", "click", "bounce_hard")]

    assert tuple(event for each in payloads for event in parsed(each)) == parsed(payloads)
    assert parsed([payloads[0]]) == parsed(payloads[0])


@pytest.mark.parametrize("name", ["mailbox inactive", "quota exceeded", "renamed"])
def test_what_the_server_said_tells_more_than_the_flag(name):
    """A hard flag on a full mailbox is a soft bounce, if the error says no more."""
    event = one("bounce_hard", error=name, comment="552 5.2.2 Mailbox is full")

    assert (EventType.BOUNCED, BounceClass.SOFT) == (event.event_type, event.bounce_class)


@pytest.mark.parametrize(
    ("hard", "expected"),
    [
        (True, BounceClass.HARD),
        (None, BounceClass.HARD),
        (..., BounceClass.HARD),
        (False, BounceClass.SOFT),
    ],
)
def test_an_unknown_user_is_one(hard, expected):
    """Whatever the server said, unless Mailjet itself calls the bounce soft."""
    event = one("bounce_hard", hard_bounce=hard, comment="552 5.2.2 Mailbox is full")

    assert expected == event.bounce_class


def test_a_hard_greylisting_is_a_bounce():
    """Mailjet tries again only if it is soft."""
    event = one("bounce_greylisted", hard_bounce=True, comment=...)

    assert (EventType.BOUNCED, BounceClass.HARD) == (event.event_type, event.bounce_class)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("event", ["bounce", "blocked"])
def test_the_table_of_errors_decides_in_either_field(event, error):
    """In `error`, or in `error_related_to` where that is empty."""
    base = {**sample("blocked_preblocked"), "event": event}
    (usual,) = parsed({**base, "error": error, "error_related_to": "x"})
    (other,) = parsed({**base, "error": "", "error_related_to": error})

    for name in ("event_type", "reject_reason", "bounce_class"):
        assert getattr(usual, name) == getattr(other, name)


def test_what_blocks_is_never_a_bounce():
    """Mailjet did not try."""
    for error in (*ERRORS, "renamed", ""):
        event = one("blocked_preblocked", error=error, error_related_to="")

        assert event.event_type in (EventType.REJECTED, EventType.FAILED)
        assert event.reject_reason is None or event.reject_reason in RejectReason


@pytest.mark.parametrize(
    ("payload", "metadata", "defects"),
    [
        ('{"a": {"b": [1]}}', {"a": {"b": (1,)}}, ()),
        ("{}", {}, ()),
        ("", {}, ()),
        (None, {}, ()),
        (..., {}, ()),
        ("order 7", {}, ("`Payload` is not a JSON object",)),
        ("[1]", {}, ("`Payload` is not a JSON object",)),
        ('{"a":' * 500 + "1" + "}" * 500, {}, ("`Payload` is not a JSON object",)),
        ({"a": 1}, {}, ("`Payload` is not a string",)),
    ],
)
def test_metadata(payload, metadata, defects):
    """The JSON that a message was sent with; of other payloads a defect tells."""
    event = one("sent", Payload=payload)

    assert (metadata, defects) == (event.metadata, event.defects)


@pytest.mark.parametrize(
    ("changes", "message_id", "defects"),
    [
        ({"MessageID": "42"}, "42", ()),
        ({"MessageID": ...}, "1152921504606846976", ()),
        ({"MessageID": None, "mj_message_id": None}, None, ()),
        ({"MessageID": 1.5, "mj_message_id": ...}, None, ("`MessageID` is not a number",)),
        ({"MessageID": [7], "mj_message_id": "8"}, "8", ("`MessageID` is not a number",)),
    ],
)
def test_message_ids(changes, message_id, defects):
    """A number or its text, also under the name that it had."""
    event = one("sent", **changes)

    assert (message_id, defects) == (event.message_id, event.defects)


def test_repetitions_have_the_same_key():
    """And what differs in anything that is told has another one."""
    click = one("click")

    assert click.dedupe_key == one("click", geo="DE", mj_campaign_id=1).dedupe_key
    different = [
        one("click", **changes).dedupe_key
        for changes in (
            {"url": "https://example.com/other"},
            {"ip": "192.0.2.8"},
            {"agent": "other"},
            {"time": 1796040001},
            {"email": "bob@example.net"},
            {"MessageID": 7},
            {"time": ...},
            {"MessageID": ...},
            {"event": "open"},
        )
    ]
    assert 10 == len({click.dedupe_key, *different})
    assert "mailjet:sent:1152921504606846976:ada@example.net:1796040000:" == one("sent").dedupe_key


def test_an_event_with_little_else():
    """It has no id, and everything that it says tells it from others."""
    events = [
        parsed({"event": "sent", "email": "ada@example.net", "time": 5, "smtp_reply": reply})
        for reply in ("250 a", "250 b")
    ]

    assert {EventType.DELIVERED} == {event.event_type for (event,) in events}
    assert 2 == len({event.dedupe_key for (event,) in events})


def test_an_event_without_its_name():
    """It is Mailjet's all the same, by the fields that only its events have."""
    event = one("sent", event=...)

    assert (EventType.UNKNOWN, ("`event` is missing",)) == (event.event_type, event.defects)
