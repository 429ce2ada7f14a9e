"""The event map, row by row: fixtures in pairs, what Brevo posts and what mailcore reports."""

from __future__ import annotations

import json

from datetime import datetime, timezone
from pathlib import Path

import pytest

from mailcore.errors import MalformedWebhook, WebhookRejected
from mailcore.events import EventType, event_from_dict
from mailcore.http import basic_authorization
from mailcore.webhook import WebhookRequest, receive, respond
from mailcore_brevo import BrevoProvider
from mailcore_brevo.event_map import EVENTS
from mailcore_brevo.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "events"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {}, True)


def sample(name, **changes):
    """A fixture's payload, with some fields changed."""
    return {**json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8")), **changes}


def without(name, *fields):
    """A fixture's payload, without some fields."""
    return {key: value for key, value in sample(name).items() if key not in fields}


def events(document):
    """The events of a body."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_events("brevo", WebhookRequest("POST", {}, body))


def parsed(document):
    """The one event of a body."""
    (event,) = events(document)
    return event


@pytest.mark.parametrize("name", NAMES)
def test_event_map(name):
    """Each record becomes the event of the map, without defects."""
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    event = parsed(sample(name))

    assert expected == {
        name: value for name, value in event.to_dict().items() if value not in UNSAID
    }
    assert sample(name) == event.esp_event


@pytest.mark.parametrize("name", NAMES)
def test_events_travel(name):
    """Through a queue in JSON, each of them comes back as it was."""
    event = parsed(sample(name))

    assert event == event_from_dict(json.loads(json.dumps(event.to_dict())))


def test_every_event_has_a_fixture():
    """No event of the map is left out of the fixtures."""
    assert set(EVENTS) | {"teleported"} == {sample(name)["event"] for name in NAMES}


def test_a_batch_is_one_event_for_each():
    """In their order; an event alone is the same as an array of one."""
    documents = [sample(name) for name in NAMES]

    assert tuple(map(parsed, documents)) == events(documents)
    assert events(documents[:1]) == events(documents[0])
    assert () == events([])


def test_a_stranger_in_a_batch_takes_no_event_with_it():
    """What is answered with 400, Brevo posts no second time."""
    first, stranger, last = events([sample("delivered"), {"news": 1}, sample("opened")])

    assert (EventType.DELIVERED, EventType.OPENED) == (first.event_type, last.event_type)
    assert EventType.UNKNOWN is stranger.event_type
    assert "`event` is missing" in stranger.defects


def test_events_are_told_apart():
    """What happened twice has two keys, what is reported twice has one."""
    keys = [parsed(sample(name)).dedupe_key for name in NAMES]
    again = sample("click", id=7, date="2026-11-30 07:41:01")

    assert len({*keys}) >= len(NAMES) - 6  # those that differ in the reason alone
    assert parsed(sample("click")).dedupe_key == parsed(again).dedupe_key
    assert parsed(sample("click")).dedupe_key != parsed(sample("click", link="x")).dedupe_key
    assert parsed(sample("click")).dedupe_key != parsed(sample("click", ts_event=1)).dedupe_key
    assert (
        parsed(sample("opened_anonymised")).dedupe_key
        != parsed(sample("opened_anonymised", contact_id=78)).dedupe_key
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ts_epoch": 1796042461123}, 123_000),
        ({"ts_epoch": 1796042461}, 0),
        ({"ts_epoch": 1796042461.5}, 500_000),
        ({"ts_epoch": None}, 0),
    ],
)
def test_times(changes, expected):
    """Milliseconds, or seconds, or the field beside it; never the account's zone."""
    event = parsed(sample("delivered", **changes))

    assert datetime(2026, 11, 30, 12, 41, 1, expected, timezone.utc) == event.timestamp
    assert () == event.defects


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (sample("delivered", ts_epoch="soon"), ("`ts_epoch` cannot be read",)),
        (sample("delivered", ts_epoch=10**40), ("`ts_epoch` cannot be read",)),
        (without("delivered", "ts_event"), ("`ts_event` cannot be read",)),
        (without("click", "link"), ("`link` is missing",)),
        (without("delivered", "email"), ("`email` is missing",)),
        (without("delivered", "event"), ("`event` is missing",)),
        (sample("delivered", event=5), ("`event` is not a string",)),
        (sample("delivered", tags="a"), ("`tags` is not an array",)),
        (sample("delivered", tags=["a", 5]), ("`tags` has an entry that is not a string",)),
        (sample("delivered", **{"message-id": 5}), ("`message-id` is not a string",)),
        (sample("click", user_agent=[]), ("`user_agent` is not a string",)),
        (sample("hard_bounce", reason={}), ("`reason` is not a string",)),
        (sample("delivered", **{"X-Mailin-custom": "a"}), ("`X-Mailin-custom` is no JSON object",)),
        (sample("delivered", **{"X-Mailin-custom": 5}), ("`X-Mailin-custom` is not a string",)),
    ],
)
def test_what_cannot_be_read_is_told(document, expected):
    """In words, and the event is there all the same."""
    event = parsed(document)

    assert expected == event.defects
    assert isinstance(event.event_type, EventType)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tags": ["a", "b"], "tag": "c"}, ("a", "b")),
        ({"tags": None, "tag": '["a","b"]'}, ()),
        ({"tag": '["a",5,"b"]'}, ("a", "b")),
        ({"tag": "[broken"}, ("[broken",)),
        ({"tag": "one"}, ("one",)),
        ({"tag": "one", "template_id": 5}, ()),
        ({"tag": '["a"]', "template_id": 5}, ("a",)),
        ({"tag": "[" * 9999}, ("[" * 9999,)),
    ],
)
def test_tags(changes, expected):
    """The array, or else the text beside it, unless that may be a template's name."""
    assert expected == parsed({**without("delivered", "tags", "tag"), **changes}).tags


BODIES = [
    b"",
    b"\x00\xff",
    b"hello",
    b"event=delivered",
    b"<html></html>",
    b"5",
    b"null",
    b'"text"',
    b"{}",
    b"[{}]",
    b"[5]",
    b"[[]]",
    b'{"items": {}}',
    b'{"items": 5}',
    b'{"items": [5]}',
    b'{"subject": "anybody\'s"}',
    b'{"event": "delivered"',
    b'{"event": 1e400}',
    b'{"event": NaN}',
    b"[" * 100_000,
    b'{"event":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    b'{"items": [' + b"[" * 500 + b"]" * 500 + b"]}",
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
def test_what_is_not_brevos_is_refused(body):
    """One typed error, which becomes a 400."""
    with pytest.raises(MalformedWebhook) as caught:
        events(body)

    assert 400 == caught.value.response.status_code


BASIC = {"authorization": basic_authorization("hook", "invented")}
BEARER = {"Authorization": "Bearer invented-token"}
OWN = {"X-Hook": "invented"}


@pytest.mark.parametrize("headers", [BASIC, BEARER, OWN])
def test_whom_a_webhook_trusts(headers):
    """User and password, the token of ``auth``, a header of ``headers``."""
    provider = BrevoProvider(
        webhook_secrets=["hook:invented"],
        webhook_header_secrets=["Authorization: Bearer invented-token", "X-Hook: invented"],
    )
    body = json.dumps(sample("delivered")).encode()

    assert 1 == len(receive(provider, WebhookRequest("POST", headers, body)))
    for changed in ({}, {name: value[:-1] for name, value in headers.items()}):
        with pytest.raises(WebhookRejected) as caught:
            receive(provider, WebhookRequest("POST", changed, body))
        assert 401 == caught.value.response.status_code


def test_without_secrets_nobody_is_believed():
    """A provider that was given none says how to give some."""
    with pytest.raises(WebhookRejected, match="webhook_secrets") as caught:
        receive(BrevoProvider(), WebhookRequest("POST", BASIC, b"{}"))

    assert 401 == caught.value.response.status_code
    assert "and Brevo the URL" in str(caught.value)
    assert "brevo" == caught.value.provider


def test_a_handler_that_fails_is_answered_with_429():
    """After 500 Brevo would not post the event again."""

    def fail(event):
        raise RuntimeError("database is down")

    provider = BrevoProvider(webhook_secrets=["user:password"])
    headers = {"Authorization": basic_authorization("user", "password")}
    request = WebhookRequest("POST", headers, json.dumps(sample("delivered")))

    assert 429 == respond(provider, request, fail).status_code


def test_secrets_are_looked_at_before_the_body():
    """Bad JSON with wrong credentials is a matter of the credentials."""
    provider = BrevoProvider(webhook_secrets=["hook:invented"])
    with pytest.raises(WebhookRejected):
        receive(provider, WebhookRequest("POST", {}, b"["))
