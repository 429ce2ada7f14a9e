"""
What is received: pairs of the events that Mandrill posts and those that they become, as files.

``fixtures/events/NAME.webhook.json`` is the array in ``mandrill_events``, in the form of
https://mandrill.zendesk.com/hc/en-us/articles/205583307 and 360039233253 (read 2026-11-30), and
``NAME.events.json`` what ``to_dict()`` of each event writes.
"""

from __future__ import annotations

import copy
import json

from pathlib import Path
from typing import Any

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    EventType,
    InboundEvent,
    MalformedWebhook,
    TrackingEvent,
    event_from_dict,
    fetch_inbound,
    receive,
)
from mailcore_mandrill import MandrillProvider
from mailcore_mandrill.event_map import OUTCOMES
from mailcore_mandrill.events import _event


FIXTURES = Path(__file__).parent / "fixtures"
EVENTS = sorted((FIXTURES / "events").glob("*.webhook.json"))
MAILS = sorted((FIXTURES / "inbound").glob("*.webhook.json"))
PROVIDER = MandrillProvider(webhook_signing_keys=["1nvented-webhook-key"])


def read(path: Path) -> Any:
    """The JSON in a file."""
    return json.loads(path.read_text(encoding="utf-8"))


def fixture(name: str, folder: str = "events") -> Any:
    """The first event of a file."""
    return read(FIXTURES / folder / f"{name}.webhook.json")[0]


def named(path: Path) -> str:
    """What a test of a file is called."""
    return path.name.partition(".")[0]


@pytest.mark.parametrize("path", EVENTS, ids=named)
def test_events_become_what_stands_beside_them(path, sign):
    """With what Mandrill said, as it was, in `esp_event`."""
    posted = read(path)
    expected = read(path.with_name(path.name.replace(".webhook.", ".events.")))

    events = receive(PROVIDER, sign(posted))

    assert posted == [event.esp_event for event in events]
    written = [event.to_dict() for event in events]
    assert expected == [
        {name: value for name, value in each.items() if name != "esp_event"} for each in written
    ]
    assert events == tuple(event_from_dict(document) for document in written)


def test_every_name_of_an_event_has_a_fixture():
    """As has each kind of change of a list."""
    posted = [item for path in EVENTS for item in read(path)]

    assert OUTCOMES.keys() <= {item.get("event") for item in posted}
    assert {"blacklist", "denylist", "whitelist", "safelist"} <= {
        item.get("type") for item in posted
    }


WRONG = (None, "", "text", 7, True, [], {}, [7], {"a": [7]}, -1, 10**30, 1.5)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values within one."""
    found = [path] if path else []
    pairs = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        pairs = list(enumerate(value))
    return found + [each for key, inner in pairs for each in paths_in(inner, (*path, key))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value in one place; without it, if that is `...`."""
    result = copy.deepcopy(document)
    target = result
    for step in path[:-1]:
        target = target[step]
    if value is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return result


SAMPLES = [
    *(("events", name) for name in ("hard_bounce", "click", "reject_with_its_reason", "send")),
    ("events", "denylist_add"),
    ("inbound", "raw"),
    pytest.param("inbound", "parts", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("folder", "name"), SAMPLES)
def test_each_field_missing_or_of_another_type(folder, name):
    """Nothing raises, the event stays an event, and what is needed and not there is told."""
    sample = fixture(name, folder)
    for path in paths_in(sample):
        for value in (..., *WRONG):
            event = _event("mandrill", changed(sample, path, value))

            assert event.dedupe_key
            assert event.to_dict()
            if isinstance(event, InboundEvent):
                assert event.content is not None
                fetched = PROVIDER.fetch_inbound(event)
                with pytest.raises(StopIteration):
                    next(fetched)


TOLD = [
    ("hard_bounce", ("msg", "email"), ..., "`msg.email` is missing"),
    ("hard_bounce", ("msg", "email"), 7, "`msg.email` is not a string"),
    ("hard_bounce", ("msg",), [7], "`msg` is not an object"),
    ("hard_bounce", ("ts",), ..., "`ts` cannot be read"),
    ("hard_bounce", ("ts",), "soon", "`ts` cannot be read"),
    ("hard_bounce", ("msg", "tags"), "a", "`msg.tags` is not an array"),
    ("hard_bounce", ("msg", "tags"), [7], "`msg.tags` has an entry that is not a string"),
    ("hard_bounce", ("msg", "metadata"), "a", "`msg.metadata` is not an object"),
    ("hard_bounce", ("msg", "diag"), 7, "`msg.diag` is not a string"),
    ("click", ("url",), ..., "`url` is missing"),
    ("click", ("user_agent",), 7, "`user_agent` is not a string"),
    ("denylist_add", ("type",), ..., "`event` is missing"),
    ("denylist_add", ("reject",), ..., "`reject.email` is missing"),
]


@pytest.mark.parametrize(("name", "path", "value", "defect"), TOLD)
def test_defects_are_told(name, path, value, defect):
    """In words, with the place."""
    event = _event("mandrill", changed(fixture(name), path, value))

    assert defect in event.defects


def test_message_id_may_stand_within():
    """Both places have it; one is enough, and without it there is a defect."""
    sample = fixture("hard_bounce")
    inside = changed(sample, ("_id",), ...)

    assert sample["_id"] == _event("mandrill", inside).message_id
    without = _event("mandrill", changed(inside, ("msg", "_id"), None))
    assert (None, ("`_id` is missing",)) == (without.message_id, without.defects)


def test_open_events_within_a_second_are_several():
    """From two machines, or of two programs; the same one twice is one."""
    sample = fixture("open")
    samples = [sample, {**sample, "ip": "203.0.113.99"}, {**sample, "user_agent": "x"}, sample]

    keys = [_event("mandrill", each).dedupe_key for each in samples]

    assert (3, keys[0]) == (len(set(keys)), keys[3])


BODIES = [
    ("", "is not JSON"),
    ("[", "is not JSON"),
    ("null", "must be a JSON array"),
    ("7", "must be a JSON array"),
    ('"text"', "must be a JSON array"),
    ("[7]", "must be an object"),
    ("[[]]", "must be an object"),
    ('[{"ts": 1e999}]', "too large"),
    ('[{"a": NaN}]', "is not JSON"),
    ("[" * 50_000 + "]" * 50_000, "nested too deeply"),
    ('[{"a": ' + "[" * 200 + "]" * 200 + "}]", "nested too deeply"),
]


@pytest.mark.parametrize(("text", "reason"), BODIES)
def test_signed_nonsense_is_malformed(text, reason, sign):
    """With 400, and never a traceback."""
    with pytest.raises(MalformedWebhook, match=reason) as caught:
        receive(PROVIDER, sign(text))

    assert 400 == caught.value.response.status_code


def test_a_thousand_events_are_read(sign):
    """As many as Mandrill posts at once."""
    posted = [{**fixture("open"), "_id": f"m-{number}"} for number in range(1_000)]

    events = receive(PROVIDER, sign(posted))

    assert 1_000 == len({event.dedupe_key for event in events})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["email", "reason", "diag", "name", "content", "type", "score"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(
    st.fixed_dictionaries(
        {"event": st.sampled_from([*OUTCOMES, "inbound", "new", "", 7, None])},
        optional=dict.fromkeys(
            ["msg", "ts", "_id", "type", "action", "reject", "url", "ip", "user_agent"], JSON
        ),
    )
)
def test_any_event_is_read(item):
    """Whatever stands where something else should."""
    event = _event("mandrill", item)

    assert event.event_type in EventType
    assert isinstance(event, (TrackingEvent, InboundEvent))


@pytest.mark.parametrize("path", MAILS, ids=named)
def test_received_mail_becomes_what_stands_beside_it(path, sign):
    """The event, and the mail that it brings: raw, or composed of its parts."""
    expected = read(path.with_name(path.name.replace(".webhook.", ".expected.")))

    (event,) = receive(PROVIDER, sign(read(path)))

    assert isinstance(event, InboundEvent)
    written = event.to_dict()
    assert expected["event"] == {
        name: value
        for name, value in written.items()
        if name not in ("esp_event", "content_base64")
    }
    mail = fetch_inbound(PROVIDER, event)
    assert expected["mail"] == {
        "subject": mail.subject,
        "from": mail.from_email.addr_spec if mail.from_email else None,
        "text": mail.text,
        "html": mail.html,
        "received": [value for name, value in mail.headers.pairs if name.lower() == "received"],
        "attachments": [
            [part.filename, part.content_type, part.content.decode("latin-1")]
            for part in mail.attachments
        ],
        "inlines": [
            [part.filename, part.content_id, part.content_type, part.content.decode("latin-1")]
            for part in mail.inlines
        ],
    }


def test_raw_mail_is_what_was_received(sign):
    """Not a byte is changed."""
    item = fixture("raw", "inbound")

    (event,) = receive(PROVIDER, sign([item]))

    assert item["msg"]["raw_msg"].encode() == event.content


def test_verdicts_are_mandrills(sign):
    """What the sender wrote into the mail's header is none."""
    forged = changed(fixture("raw", "inbound"), ("msg", "spf"), ...)
    raw = "Received-SPF: pass\r\nDKIM-Signature: v=1\r\n" + forged["msg"]["raw_msg"]

    event = _event("mandrill", changed(forged, ("msg", "raw_msg"), raw))

    assert isinstance(event, InboundEvent)
    assert (None, "pass") == (event.spf, event.dkim)
