"""Events as JSON and back: nothing changes on the way, and nothing that is wrong passes."""

from __future__ import annotations

import json

from dataclasses import fields
from datetime import datetime, timedelta, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    BounceClass,
    Event,
    EventType,
    InboundEvent,
    RejectReason,
    SerializationError,
    TrackingEvent,
    event_from_dict,
)
from mailcore.inbound import parse_inbound
from mailcore.webhook.event_documents import LEFT_OUT, MAX_DEPTH


NOON = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
BOUNCE = {"provider": "toy", "event_type": "bounced"}
RECEIVED = {"provider": "toy", "event_type": "inbound"}


def travelled(event):
    """The event that comes out of a queue."""
    return event_from_dict(json.loads(json.dumps(event.to_dict(), allow_nan=False)))


text = st.text(st.characters(codec=None), max_size=20)
maybe_text = st.none() | text
texts = st.lists(text, max_size=3).map(tuple)
zones = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
times = st.none() | st.datetimes(timezones=st.none() | zones)
flags = st.none() | st.booleans()
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)
# A field that is new is tried by its annotation.
by_annotation = {
    "str": text,
    "str | None": maybe_text,
    "tuple[str, ...]": texts,
    "bool": st.booleans(),
    "bool | None": flags,
    "float | None": st.none() | numbers,
    "datetime | None": times,
}


def annotated(kind):
    """Values for the fields of a kind of event."""
    return {
        each.name: by_annotation[each.type] for each in fields(kind) if each.type in by_annotation
    }


shared = {
    "provider": text,
    "event_id": maybe_text,
    "timestamp": times,
    "message_id": maybe_text,
    "received_at": times,
    "dedupe_key": text,
    "defects": texts,
}
tracking = {
    **annotated(TrackingEvent),
    **shared,
    "event_type": st.sampled_from(EventType),
    "recipient": maybe_text,
    "recipient_certain": st.booleans(),
    "metadata": st.dictionaries(text, json_values, max_size=3),
    "tags": texts,
    "reject_reason": st.none() | st.sampled_from(RejectReason),
    "bounce_class": st.none() | st.sampled_from(BounceClass),
    **dict.fromkeys(["smtp_status", "mta_response", "description"], maybe_text),
    **dict.fromkeys(["user_agent", "click_url", "ip_address"], maybe_text),
}
inbound = {
    **annotated(InboundEvent),
    **shared,
    "envelope_recipients": texts,
    "bcc": texts,
    "content": st.none() | st.binary(max_size=50),
    "location": st.dictionaries(text, text, max_size=3),
    "spam": flags,
    "virus": flags,
    "spam_score": st.none() | numbers,
    **dict.fromkeys(["envelope_sender", "subject", "stripped_text"], maybe_text),
    **dict.fromkeys(["stripped_html", "spf", "dkim", "dmarc"], maybe_text),
}


def some_of(strategies, *required):
    """Values for these fields, and for some of the others."""
    optional = {name: each for name, each in strategies.items() if name not in required}
    return st.fixed_dictionaries({name: strategies[name] for name in required}, optional=optional)


@given(some_of(tracking, "provider", "event_type"))
def test_tracking_events_travel(values):
    """Whatever stands in them, an equal event comes out, with equal fields of equal types."""
    if values["event_type"] is EventType.INBOUND:
        values["event_type"] = EventType.UNKNOWN
    event = TrackingEvent(**values)
    found = travelled(event)

    assert event == found
    assert event.may_write_again == found.may_write_again
    assert hash(event.metadata) == hash(found.metadata)
    assert event == TrackingEvent.from_dict(event.to_dict())
    assert event.to_dict() == found.to_dict()


@given(some_of(inbound, "provider"))
def test_received_mail_travels(values):
    """With its bytes or its place, its verdicts and its defects."""
    event = InboundEvent(**values)
    found = travelled(event)

    assert event == found
    assert event.to_dict() == found.to_dict()
    assert event == InboundEvent.from_dict(event.to_dict())


@pytest.mark.parametrize(("kind", "values"), [(TrackingEvent, tracking), (InboundEvent, inbound)])
def test_every_field_is_tried(kind, values):
    """A field that is added to the events is added to the properties above."""
    assert {each.name for each in fields(kind)} - LEFT_OUT - {"event_type"} == (
        values.keys() - {"event_type"}
    )


def test_lists_become_tuples_when_an_event_is_made():
    """So that it is equal to the one that comes out of a queue."""
    tracked = TrackingEvent(provider="toy", event_type=EventType.SENT, tags=["a"], defects=["b"])
    received = InboundEvent(provider="toy", envelope_recipients=["a@b.c"], bcc=["d@e.f"])

    assert (("a",), ("b",)) == (tracked.tags, tracked.defects)
    assert (("a@b.c",), ("d@e.f",)) == (received.envelope_recipients, received.bcc)


def test_delivery_reports_travel_in_the_content():
    """What the mail says is read of its bytes, before and after."""
    raw = (
        b"From: MAILER-DAEMON@example.net\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; ada@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
    )
    found = travelled(InboundEvent(provider="toy", content=raw))

    assert raw == found.content
    assert "5.1.1" == parse_inbound(found.content).delivery_report.recipients[0].status


def test_what_is_missing_has_its_default():
    """An older release did not write it; a document without a version is of the first."""
    assert TrackingEvent(provider="toy", event_type=EventType.BOUNCED) == event_from_dict(BOUNCE)
    assert InboundEvent(provider="toy") == event_from_dict(RECEIVED)


def test_may_write_again_is_judged_anew():
    """It follows from the rest: a worker uses its own release's rules."""
    event = event_from_dict({**BOUNCE, "bounce_class": "hard", "may_write_again": True})

    assert event.may_write_again is False


WRONG = [
    (BOUNCE, "version", 2, "is not 1"),
    (BOUNCE, "version", True, "is not 1"),
    (BOUNCE, "version", None, "is not 1"),
    (BOUNCE, "event_type", "bounce", "'bounce': this release of mailcore knows queued"),
    (BOUNCE, "event_type", ["bounced"], "is list: this"),
    (BOUNCE, "event_type", None, "is null: this"),
    (BOUNCE, "reject_reason", "because", "knows invalid, bounced"),
    (BOUNCE, "bounce_class", "HARD", "knows hard, soft"),
    (BOUNCE, "provider", None, "must be text, not null"),
    (BOUNCE, "recipient", 5, "must be text, not int"),
    (BOUNCE, "recipient_certain", "yes", "must be true or false, not 3 characters"),
    (BOUNCE, "recipient_certain", None, "must be true or false, not null"),
    (BOUNCE, "timestamp", "yesterday", "is no time"),
    (BOUNCE, "timestamp", 1_763_700_000, "must be text, not int"),
    (BOUNCE, "tags", "a", "must be a list of texts"),
    (BOUNCE, "tags", ["a", 5], "must be a list of texts"),
    (BOUNCE, "metadata", [], "must be an object, not list"),
    (BOUNCE, "metadata", {"a": float("nan")}, "a number that JSON cannot hold"),
    (BOUNCE, "metadata", {5: "a"}, "a key that is no text"),
    (BOUNCE, "subject", "Hi", "there is no key 'subject'"),
    (BOUNCE, "esp_event", {}, "there is no key"),
    (BOUNCE, "may_write_again", "no", "must be true or false"),
    (RECEIVED, "recipient", "ada@example.net", "there is no key 'recipient'"),
    (RECEIVED, "content", "Subject: Hi", "content stands under `content_base64`"),
    (RECEIVED, "content_base64", "é", "is not base64"),
    (RECEIVED, "content_base64", None, "must be text, not null"),
    (RECEIVED, "location", {"key": 5}, "values are texts"),
    (RECEIVED, "spam", 1, "must be true or false, not int"),
    (RECEIVED, "spam_score", True, "must be a finite number, not bool"),
    (RECEIVED, "spam_score", float("inf"), "must be a finite number"),
]


@pytest.mark.parametrize(("document", "key", "value", "reason"), WRONG)
def test_what_is_wrong_is_named(document, key, value, reason):
    """By its key, with what would be right, without the value."""
    with pytest.raises(SerializationError, match=reason) as caught:
        event_from_dict({**document, key: value})

    assert any(key in problem.field or key in problem.reason for problem in caught.value.problems)
    assert "ada@" not in str(caught.value)


def test_everything_that_is_wrong_is_told_at_once():
    """A worker logs one error for a document."""
    with pytest.raises(SerializationError) as caught:
        event_from_dict({"version": 7, "tags": 5, "nonsense": 1, "sk_live_4eC39HqLyjWD": 1})

    assert ["version", "tags", "'nonsense'", "<20 characters>", "event_type", "provider"] == [
        problem.field for problem in caught.value.problems
    ]
    assert "sk_live" not in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "{}", 5])
def test_no_document_at_all(document):
    """A typed error as well."""
    with pytest.raises(SerializationError, match="read from a mapping"):
        event_from_dict(document)


@given(st.dictionaries(st.sampled_from([*tracking, *inbound, "version", "x"]), json_values))
def test_any_json_is_an_event_or_a_serialization_error(document):
    """Queues bring what somebody else put there; no other exception comes of it."""
    for start in ({}, BOUNCE, RECEIVED):
        try:
            found = event_from_dict({**start, **document})
        except SerializationError:
            continue
        assert found == travelled(found)


def test_deep_documents_are_refused():
    """Before Python's stack ends."""
    deep = json.loads('{"a":' * 200 + "1" + "}" * 200)
    with pytest.raises(SerializationError, match="nested too deeply"):
        event_from_dict({**BOUNCE, "metadata": deep})
    with pytest.raises(SerializationError, match="nested too deeply"):
        TrackingEvent(provider="x", event_type=EventType.SENT, metadata=deep).to_dict()

    level = 1
    for _ in range(MAX_DEPTH):
        level = {"a": level}
    assert travelled(event_from_dict({**BOUNCE, "metadata": level}))


@pytest.mark.parametrize("value", [b"x", object(), {5: 1}, float("inf"), NOON])
def test_what_json_cannot_hold_is_refused(value):
    """It would come back as something else, or not at all; the field is named."""
    event = TrackingEvent(provider="x", event_type=EventType.SENT, metadata={"a": value})

    with pytest.raises(SerializationError, match="`metadata` has a"):
        event.to_dict()


@pytest.mark.parametrize(("kind", "document"), [(TrackingEvent, RECEIVED), (InboundEvent, BOUNCE)])
def test_the_other_kind_is_refused(kind, document):
    """Where a class is asked, it is that class or an error."""
    with pytest.raises(SerializationError, match=f"is no {kind.__name__}") as caught:
        kind.from_dict(document)

    assert ["event_type"] == [problem.field for problem in caught.value.problems]


def test_documents_name_their_version():
    """Beside every field that travels."""
    for event in (
        TrackingEvent(provider="toy", event_type=EventType.SENT),
        InboundEvent(provider="toy", content=b"\xff"),
    ):
        document = event.to_dict()
        names = {each.name for each in fields(event)} - LEFT_OUT
        if isinstance(event, InboundEvent):
            names = names - {"content"} | {"content_base64"}
        else:
            names |= {"may_write_again"}

        assert {"version", *names} == set(document)
        assert 1 == document["version"]


def test_the_names_are_public():
    """Of the package, for workers."""
    assert Event == TrackingEvent | InboundEvent


@pytest.mark.parametrize("key", ["event_type", "reject_reason", "bounce_class"])
def test_deep_values_are_refused_where_a_word_is_expected(key):
    """The error of the enumeration, which would write all of it, is not asked for."""
    deep: object = {}
    for _ in range(5_000):
        deep = {"a": deep}
    document = {"provider": "toy", "event_type": "bounced", key: deep}
    with pytest.raises(SerializationError, match=f"`{key}` is dict"):
        event_from_dict(document)
