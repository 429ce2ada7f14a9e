"""Whatever is posted becomes events or one typed error."""

from __future__ import annotations

import copy
import json

from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import MalformedWebhook
from mailcore.events import EventType
from mailcore.webhook import WebhookRequest
from mailcore_ses.events import parse_events, parse_message, parse_ses_event
from mailcore_ses.sns.envelope import MAX_BODY_BYTES


FIXTURES = Path(__file__).parent / "fixtures" / "events"
SAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted(FIXTURES.glob("*.input.json"))]
ONE_OF_EACH = list({(p.get("eventType") or p["notificationType"]): p for p in SAMPLES}.values())
WRONG = [None, True, 0, -1.5, "", "text", [], [None], [[1]], ["x"], {}, {"a": []}, "\ud800"]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


def notification(message, **fields):
    """The request that brings a message, or anything in its place."""
    body = {"Type": "Notification", "MessageId": "m", "Message": message, "Timestamp": "", **fields}
    return WebhookRequest("POST", {}, json.dumps(body).encode())


def places(value, path=()):
    """The path of every node of a JSON value."""
    yield path
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))


def put(document, path, value):
    """A copy of a JSON document with another value at a path."""
    changed = copy.deepcopy(document)
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return changed


def drop(document, path):
    """A copy of a JSON document without the value at a path."""
    changed = copy.deepcopy(document)
    target = changed
    for key in path[:-1]:
        target = target[key]
    del target[path[-1]]
    return changed


def is_sound(events):
    """Every event can be written as JSON, told from others, and printed."""
    return all(
        json.dumps(event.to_dict())
        and event.dedupe_key
        and repr(event)
        and event.esp_event == event.esp_event
        for event in events
    )


@pytest.mark.parametrize(
    "payload", ONE_OF_EACH, ids=lambda p: p.get("eventType") or p["notificationType"]
)
def test_wrong_types_at_every_node(payload):
    """Any node of an event may be missing or of any type: there are events all the same."""
    for path in filter(None, places(payload)):
        for wrong in WRONG:
            assert is_sound(parse_ses_event("ses", put(payload, path, wrong)))
        assert is_sound(parse_ses_event("ses", drop(payload, path)))


def test_missing_parts_are_told():
    """129: what is missing makes a defect, not an exception; 130: nor does a Timestamp of null."""
    request = notification('{"eventType": "Bounce"}', Timestamp=None)

    (event,) = parse_events("ses", request)

    assert EventType.BOUNCED is event.event_type
    assert (None, None) == (event.recipient, event.received_at)
    assert {
        "`bounce` is missing",
        "`mail` is missing",
        "`bounce.bouncedRecipients` is missing",
        "`mail.messageId` is not a string",
    } <= set(event.defects)


BODIES = [
    pytest.param(b"", 400, id="nothing"),
    pytest.param(b"\x00\xff", 400, id="bytes"),
    pytest.param(b"hello", 400, id="text"),
    pytest.param(b"[]", 400, id="132: a list"),
    pytest.param(b"5", 400, id="a number"),
    pytest.param(b"null", 400, id="null"),
    pytest.param(b'"text"', 400, id="a text"),
    pytest.param(b"{}", 400, id="empty"),
    pytest.param(b'{"Type": 5}', 400, id="a type of number"),
    pytest.param(b'{"Type": "Notification"}', 400, id="no message"),
    pytest.param(b'{"Type": "Notification", "Message": NaN}', 400, id="NaN"),
    pytest.param(b'{"a": ' + b"9" * 5000 + b"}", 400, id="a huge number"),
    pytest.param(b'{"a": 1, "a": 2}', 400, id="a name twice"),
    pytest.param(b'{"a":' * 200 + b"1" + b"}" * 200, 400, id="deep objects"),
    pytest.param(b"[" * 500_000, 400, id="deep lists"),
    pytest.param(b'{"a":' * 200_000, 400, id="deep and unfinished"),
    pytest.param(b'\xef\xbb\xbf{"Type": "Notification"}', 400, id="byte order mark"),
    pytest.param('{"Type": "Notification"}'.encode("utf-16"), 400, id="UTF-16"),
    pytest.param(b"\x9c" * (5 * 1024 * 1024), 413, id="5 MB of garbage"),
    pytest.param(b"{" + b" " * MAX_BODY_BYTES, 413, id="5 MB of white space"),
]


@pytest.mark.parametrize(("body", "status_code"), BODIES)
def test_hostile_bodies(body, status_code):
    """A body that is no SNS message is one typed error, which tells nothing of its content."""
    with pytest.raises(MalformedWebhook) as caught:
        parse_events("ses", WebhookRequest("POST", {}, body))

    assert (status_code, "ses") == (caught.value.response.status_code, caught.value.provider)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("5", id="132: a number"),
        pytest.param("[]", id="132: a list"),
        pytest.param("null", id="null"),
        pytest.param("", id="empty"),
        pytest.param("Hello from somebody else", id="text"),
        pytest.param(None, id="missing"),
        pytest.param({"eventType": "Send"}, id="an object"),
        pytest.param('{"a":' * 150 + "1" + "}" * 150, id="deep"),
        pytest.param('{"a": NaN}', id="NaN"),
    ],
)
def test_hostile_messages(message):
    """132: a message that is no JSON object is one typed error."""
    with pytest.raises(MalformedWebhook) as caught:
        parse_events("ses", notification(message))

    assert (400, "ses") == (caught.value.response.status_code, caught.value.provider)


@pytest.mark.parametrize(
    "message",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "Successfully validated SNS topic for Amazon SES event publishing.\n",
    ],
)
def test_setup_text(message):
    """79: what SES says to a topic that was just connected has no events."""
    assert () == parse_events("ses", notification(message))


def test_confirmations_have_no_events():
    """Messages about the subscription have no events."""
    body = b'{"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe"}'

    assert () == parse_events("ses", WebhookRequest("POST", {}, body))


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"eventType": None},
        {"eventType": 5},
        {"eventType": ["Bounce"]},
        {"notificationType": {"a": 1}},
        {"a": "Bounce", "mail": {"destination": ["ada@example.net"]}},
    ],
)
def test_events_of_no_type_are_unknown(payload):
    """An object that names no type that SES has is one event of unknown type."""
    (event,) = parse_ses_event("ses", payload)

    assert EventType.UNKNOWN is event.event_type
    assert payload == event.esp_event


def test_unknown_fields_change_nothing():
    """Fields that SES may add are ignored, wherever they stand."""
    payload = json.loads((FIXTURES / "bounce_permanent_general.input.json").read_text("utf-8"))
    (expected,) = parse_ses_event("ses", payload)
    for path in list(places(payload)):
        target = payload
        for key in path:
            target = target[key]
        if isinstance(target, dict):
            target["zNew"] = {"x": [1]}
    payload["mail"]["tags"] = {}

    (event,) = parse_ses_event("ses", payload)

    assert expected == event


@given(json_values)
def test_any_json_message(value):
    """Any JSON text as the message gives events or the typed error."""
    try:
        events = parse_message("ses", json.dumps(value))
    except MalformedWebhook:
        assert not isinstance(value, dict)
    else:
        assert is_sound(events)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_any_body(body):
    """Any bytes give events or the typed error."""
    try:
        events = parse_events("ses", WebhookRequest("POST", {}, body))
    except MalformedWebhook:
        return
    assert () == events


@st.composite
def mutated(draw):
    """A genuine event with some nodes replaced."""
    payload = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from([path for path in places(payload) if path]))
        payload = put(payload, path, draw(json_values | st.sampled_from(WRONG)))
    return payload


@given(mutated())
def test_mutated_events(payload):
    """A genuine event with some nodes replaced gives events."""
    assert is_sound(parse_message("ses", json.dumps(payload)))
