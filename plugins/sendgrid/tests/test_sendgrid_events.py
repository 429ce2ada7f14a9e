"""What SendGrid posts and what mailcore reports: fixtures in pairs."""

from __future__ import annotations

import copy
import json

from pathlib import Path
from typing import Any

import pytest

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore import TrackingEvent, WebhookRequest
from mailcore.errors import MalformedWebhook
from mailcore.events import EventType
from mailcore_sendgrid.event_map import OUTCOMES
from mailcore_sendgrid.events import _READERS, parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "events"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
WRONG: list[Any] = [None, True, 0, -1.5, 10**30, "", [], [None], {}, {"a": []}, "\ud800"]


def read(name: str) -> Any:
    """The JSON of a file."""
    return json.loads((FIXTURES / name).read_text("utf-8"))


def posted(document: object) -> tuple[TrackingEvent, ...]:
    """The events of a body."""
    request = WebhookRequest("POST", {}, json.dumps(document))
    found = []
    for event in parse_events("sendgrid", request):
        assert isinstance(event, TrackingEvent)
        found.append(event)
    return tuple(found)


@pytest.mark.parametrize("name", NAMES)
def test_events_are_as_beside_it(name: str) -> None:
    """Each array becomes the events beside it, in their order."""
    found = [
        {key: value for key, value in event.to_dict().items() if value not in (None, [], {}, "")}
        for event in posted(read(f"{name}.input.json"))
    ]

    assert read(f"{name}.expected.json") == found


@pytest.mark.parametrize("time", [1513299569, "1513299569", 1513299569000, "1513299569000"])
def test_times_are_numbers_and_texts_in_seconds_and_milliseconds(time: object) -> None:
    """SendGrid's documentation says one, and its examples have the others."""
    (event,) = posted([{"event": "processed", "email": "a@example.com", "timestamp": time}])

    assert event.timestamp is not None
    assert "2017-12-15T00:59:29+00:00" == event.timestamp.isoformat()
    assert () == event.defects


def test_each_documented_event_has_a_fixture() -> None:
    """So that the map cannot lose one unnoticed."""
    kinds = {item["event"] for name in NAMES for item in read(f"{name}.input.json")}

    assert kinds >= {*OUTCOMES, *_READERS}


@pytest.mark.parametrize("name", ["bounce", "click", "deferred", "dropped_invalid", "processed"])
@pytest.mark.parametrize("value", [*WRONG, ...], ids=repr)
def test_any_field_may_be_missing_or_wrong(name: str, value: Any) -> None:
    """There is an event all the same, and what cannot be read is told."""
    (item,) = read(f"{name}.input.json")
    for field in item:
        changed = copy.deepcopy(item)
        if value is ...:
            del changed[field]
        else:
            changed[field] = value
        (event,) = posted([changed])

        assert event.dedupe_key
        if field in ("event", "email") and value != "\ud800":
            assert event.defects
        json.dumps(event.to_dict())


BODIES: list[bytes] = [
    b"",
    b"null",
    b"7",
    b'"text"',
    b"[",
    b"[null]",
    b"[7]",
    b"[[]]",
    b'[{"event": "open"}, "text"]',
    b"[NaN]",
    b'[{"timestamp": 1e999}]',
    b"\xff\xfe",
    b"[" * 100_000,
    b'[{"a":' * 5_000,
    b"[" + b'{"a":' * 200 + b"1" + b"}" * 200 + b"]",
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
def test_what_is_no_array_of_objects_is_malformed(body: bytes) -> None:
    """One typed error, whatever it is."""
    with pytest.raises(MalformedWebhook):
        parse_events("sendgrid", WebhookRequest("POST", {}, body))


def test_an_empty_array_has_no_events() -> None:
    """It is no error."""
    assert () == posted([])


def test_another_argument_has_the_id() -> None:
    """Events of mail that another library sent, with its own argument for it."""
    item = {**read("open.input.json")[0], "anymail_id": "their-id"}
    request = WebhookRequest("POST", {}, json.dumps([item]))
    (event,) = parse_events("sendgrid", request, "anymail_id")

    assert isinstance(event, TrackingEvent)
    assert "their-id" == event.message_id
    assert {"mailcore_id": "3f0a5c1e8b7d4c2f", "order": "7"} == event.metadata


def test_the_same_event_twice_is_known() -> None:
    """And two events about one mail are two."""
    item = read("open.input.json")[0]
    first, again, other = posted([item, item, {**item, "sg_event_id": "b3RoZXI"}])

    assert first.dedupe_key == again.dedupe_key != other.dedupe_key


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["event", "email", "timestamp", "category", "reason", "mailcore_id"])
            | st.text(max_size=5),
            st.sampled_from(["bounce", "dropped", "click", "x"])
            | st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                lambda children: st.lists(children) | st.dictionaries(st.text(), children),
                max_leaves=5,
            ),
        ),
        max_size=3,
    )
)
def test_any_array_of_objects_becomes_events(items: list[dict[str, Any]]) -> None:
    """As many as there are objects, immutable and ready for a queue."""
    events = posted(items)

    assert len(items) == len(events)
    for event in events:
        assert isinstance(event.event_type, EventType)
        hash(event.dedupe_key)
        event.to_dict()
