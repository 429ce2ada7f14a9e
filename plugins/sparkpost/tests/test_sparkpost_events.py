"""The event map, row by row: fixtures in pairs, what SparkPost posts and what mailcore reports."""

from __future__ import annotations

import contextlib
import json

from functools import cache
from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import MailcoreError, MalformedWebhook
from mailcore.events import event_from_dict
from mailcore.testing.mutations import mutations
from mailcore.webhook import WebhookRequest
from mailcore_sparkpost.event_map import CLASSES, OUTCOMES
from mailcore_sparkpost.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "events"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {}, True)


@cache
def text_of(name: str) -> str:
    """What stands in a fixture."""
    return (FIXTURES / f"{name}.input.json").read_text("utf-8")


def sample(name: str, **changes: object):
    """The one item of a fixture, with some fields of its event changed."""
    (item,) = json.loads(text_of(name))
    ((kind, event),) = item["msys"].items()
    return {"msys": {kind: {**event, **changes}}}


def parsed(*items: object, **options: bool):
    """The events of items."""
    request = WebhookRequest("POST", {}, json.dumps(items).encode())
    return parse_events("sparkpost", request, **options)


def verdict(event):
    """What an event says about the message, as plain texts."""
    reason, bounce_class = event.reject_reason, event.bounce_class
    return (
        event.event_type.value,
        reason.value if reason else None,
        bounce_class.value if bounce_class else None,
    )


@pytest.mark.parametrize("name", NAMES)
def test_event_map(name):
    """Each item becomes the event of the map, and travels through a queue in JSON."""
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    (event,) = parsed(sample(name))

    document = event.to_dict()
    assert expected == {name: value for name, value in document.items() if value not in UNSAID}
    assert sample(name) == event.esp_event
    assert event == event_from_dict(json.loads(json.dumps(document)))


def test_every_type_has_a_fixture():
    """No documented type of event is left out of the map's fixtures."""
    types = {next(iter(sample(name)["msys"].values()))["type"] for name in NAMES}

    assert set(OUTCOMES) <= types
    assert {"sms_status", "teleported", "relay_delivery", "ab_test_completed", "success"} <= types


# content/docs/deliverability/bounce-classification-codes.md in
# https://github.com/SparkPost/support-docs (read 2026-11-30).
BOUNCES = {
    1: ("bounced", "other", "undetermined"),
    10: ("bounced", "bounced", "hard"),
    20: ("bounced", "other", "soft"),
    21: ("bounced", "timed_out", "soft"),
    22: ("bounced", "other", "soft"),
    23: ("bounced", "blocked", "soft"),
    24: ("bounced", "timed_out", "soft"),
    25: ("rejected", "blocked", None),
    30: ("bounced", "bounced", "hard"),
    40: ("bounced", "other", "soft"),
    50: ("bounced", "blocked", "soft"),
    51: ("bounced", "spam", "soft"),
    52: ("bounced", "spam", "soft"),
    53: ("bounced", "blocked", "soft"),
    54: ("bounced", "blocked", "soft"),
    60: ("autoresponded", None, None),
    70: ("bounced", "other", "soft"),
    80: ("subscribed", None, None),
    90: ("unsubscribed", "unsubscribed", None),
    100: ("autoresponded", None, None),
}


@pytest.mark.parametrize(("number", "expected"), BOUNCES.items())
@pytest.mark.parametrize("name", ["bounce", "out_of_band"])
def test_classes_of_bounces(name, number, expected):
    """Each class has its meaning, spelled as a text or as a number."""
    for spelled in (number, str(number)):
        item = sample(name, bounce_class=spelled, raw_reason="no", reason="no")
        (event,) = parsed(item)

        assert expected == verdict(event)
        assert not event.defects


def test_classes_are_complete():
    """The map has the documented classes and no other."""
    assert set(BOUNCES) == set(CLASSES)


@pytest.mark.parametrize(
    ("number", "words", "expected"),
    [
        ("1", "550 5.1.1 no such user here", ("bounced", "bounced", "hard")),
        ("40", "552 5.2.2 mailbox full", ("bounced", "other", "soft")),
        ("20", "550 5.7.1 message refused by policy", ("bounced", "blocked", "soft")),
        ("70", "550 5.1.1 no such user here", ("bounced", "bounced", "hard")),
        ("999", "550 5.1.1 no such user here", ("bounced", "bounced", "hard")),
        ("odd", "no", ("bounced", "other", "undetermined")),
        (None, "no", ("bounced", "other", "undetermined")),
    ],
)
def test_what_the_server_said_tells_more(number, words, expected):
    """Of classes that say no more than soft, or nothing."""
    (event,) = parsed(sample("bounce", bounce_class=number, raw_reason=words))

    assert expected == verdict(event)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Bounce Rule", ("rejected", "bounced", "hard")),
        ("Spam Complaint", ("rejected", "spam", None)),
        ("List Unsubscribe", ("rejected", "unsubscribed", None)),
        ("Link Unsubscribe", ("rejected", "unsubscribed", None)),
        ("", ("rejected", "blocked", None)),
    ],
)
@pytest.mark.parametrize("policy", ["customer", "system"])
@pytest.mark.parametrize("name", ["generation_rejection", "policy_rejection", "bounce_suppressed"])
def test_suppressed_addresses(name, policy, reason, expected):
    """SparkPost says why, and no server has said it."""
    words = f"554 5.7.1 recipient address was suppressed due to {policy} policy: {reason}"
    (event,) = parsed(sample(name, raw_reason=words, reason=words))

    assert expected == verdict(event)
    assert (None, None, words) == (event.mta_response, event.smtp_status, event.description)


def test_delays_are_delays():
    """Whatever the class of a delay, SparkPost goes on trying."""
    for number in BOUNCES:
        (event,) = parsed(sample("delay", bounce_class=str(number)))
        assert ("deferred", None, None) == verdict(event)


def test_initial_opens_count_if_they_are_to():
    """Both pictures are loaded together, mostly: one of them counts, unless both are to."""
    for name in ("initial_open", "amp_initial_open"):
        (first,), (second,) = (
            parsed(sample(name), counts_initial_opens=counts) for counts in (False, True)
        )
        assert ("unknown", "opened") == (str(first.event_type), str(second.event_type))
        assert "192.0.2.77" == first.ip_address == second.ip_address


def test_a_batch_is_read_whole():
    """Each item is an event, in their order; one that cannot be read takes no other with it."""
    items = [sample(name) for name in NAMES]
    items[3:3] = [{"msys": None}, {}, {"msys": [1]}, {"msys": {"message_event": "x"}}]
    events = parsed(*items)

    assert len(NAMES) + 3 == len(events)
    assert [
        ["`msys` is missing"],
        ["`msys` is not an object"],
        ["`msys.message_event` is not an object"],
    ] == [list(event.defects) for event in events[3:6]]
    assert len(events) == len({event.dedupe_key for event in events})


def test_a_probe_has_no_events():
    """SparkPost tries a webhook with an item that says nothing, or none."""
    assert () == parsed({"msys": {}})
    assert () == parsed()


@pytest.mark.parametrize("body", [b"", b"{", b"5", b"[5]", b"[[]]", b"null", b"\xff", b"[{}]"])
def test_what_is_no_batch_is_refused(body):
    """It is not SparkPost's."""
    with pytest.raises(MalformedWebhook):
        parse_events("sparkpost", WebhookRequest("POST", {}, body))


@pytest.mark.slow
def test_deep_and_large_bodies():
    """Neither the reader nor the events overflow."""
    deep = b'[{"msys": {"message_event": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}}]"
    with pytest.raises(MalformedWebhook):
        parse_events("sparkpost", WebhookRequest("POST", {}, deep))

    assert 5_000 == len(parsed(*[sample("delivery")] * 5_000))


MISSING = {
    "event_id": [],
    "timestamp": ["`msys.message_event.timestamp` cannot be read"],
    "transmission_id": ["`msys.message_event.transmission_id` is missing"],
    "type": ["`msys.message_event.type` is missing"],
    "rcpt_meta": [],
    "rcpt_tags": [],
    "campaign_id": [],
}


@pytest.mark.parametrize(("name", "defects"), MISSING.items())
def test_fields_that_are_missing(name, defects):
    """What an event cannot do without is a defect, and the rest is read."""
    item = sample("bounce")
    del item["msys"]["message_event"][name]
    (event,) = parsed(item)

    assert defects == list(event.defects)
    assert "Ada@example.net" == event.recipient


def test_the_recipient_by_either_field():
    """The address as it was sent, else in lower case, else nobody."""
    item = sample("bounce")
    del item["msys"]["message_event"]["raw_rcpt_to"]
    assert "ada@example.net" == parsed(item)[0].recipient
    del item["msys"]["message_event"]["rcpt_to"]
    (event,) = parsed(item)
    assert (None, ("`msys.message_event.rcpt_to` is missing",)) == (event.recipient, event.defects)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_events_are_survived(name):
    """With each field missing or of another type there are events, or a typed error."""
    body = json.dumps([sample(name)]).encode()
    for _, damaged in mutations(body, "application/json"):
        try:
            events = parse_events("sparkpost", WebhookRequest("POST", {}, damaged))
        except MalformedWebhook:
            continue
        for event in events:
            assert event.dedupe_key
            json.dumps(event.to_dict())


def test_two_events_without_an_id_are_told_apart():
    """By a digest of what they say; the same event again has the same key."""
    one, other = (sample("open", event_id=None, user_agent=agent) for agent in "ab")

    (first,), (second,), (again,) = parsed(one), parsed(other), parsed(one)

    assert first.dedupe_key != second.dedupe_key
    assert first.dedupe_key == again.dedupe_key


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(sorted(sample("bounce")["msys"]["message_event"]))


@given(changes=st.dictionaries(FIELDS, JSON), kind=st.sampled_from(sorted(OUTCOMES)))
def test_any_values_are_survived(changes, kind):
    """Whatever the fields of an event hold, no foreign exception comes of it."""
    with contextlib.suppress(MailcoreError):
        parsed(sample("bounce", **{**changes, "type": kind}))
