from __future__ import annotations

import dataclasses
import json
import pickle

from datetime import datetime, timezone

import pytest

from mailcore import BounceClass, EventType, InboundEvent, RejectReason, TrackingEvent
from mailcore.bounces import Cause
from mailcore.events import TrackingEventFields
from mailcore.features import Feature


NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


def bounced(**changes):
    """An event with all its fields."""
    return TrackingEvent(
        **{
            "provider": "toy",
            "event_type": EventType.BOUNCED,
            "recipient": "ada@example.net",
            "timestamp": NOON,
            "event_id": "1",
            "message_id": "m",
            "metadata": {"a": [1, {"b": 2}]},
            "tags": ["x", "y"],
            "reject_reason": RejectReason.BOUNCED,
            "bounce_class": BounceClass.HARD,
            "smtp_status": "5.1.1",
            "esp_event": {"raw": ["ada@example.net"]},
            **changes,
        }
    )


def test_what_is_written_out_for_type_checkers_has_the_fields_of_the_class():
    """The arguments of the constructor are the fields of the event."""
    names = {each.name for each in dataclasses.fields(TrackingEvent)}

    assert names == set(TrackingEventFields.__annotations__)


def test_events_do_not_change():
    """Case 137: two events of one notification share nothing that could change."""
    metadata = {"a": [1]}
    first, second = bounced(metadata=metadata), bounced(metadata=metadata)
    metadata["a"].append(2)

    assert {"a": (1,)} == first.metadata == second.metadata
    assert ("x", "y") == first.tags
    with pytest.raises(AttributeError):
        first.recipient = "eve@example.net"
    with pytest.raises(TypeError):
        first.metadata["a"] = 2


def test_equality_hash_and_pickle():
    """Equal by value, whatever the provider sent besides; hashable; it travels."""
    assert bounced() == bounced(esp_event=None)
    assert bounced() != bounced(recipient="bob@example.net")
    assert hash(bounced()) == hash(bounced())
    assert bounced() == pickle.loads(pickle.dumps(bounced()))


def test_to_dict_is_json():
    """Enumerations are their words, times ISO 8601; the provider's own event is left out."""
    document = json.loads(json.dumps(bounced().to_dict()))

    assert "bounced" == document["event_type"]
    assert "2026-11-21T12:00:00+00:00" == document["timestamp"]
    assert {"a": [1, {"b": 2}]} == document["metadata"]
    assert ["x", "y"] == document["tags"]
    assert "esp_event" not in document
    assert {"event_type", "recipient", "provider", "bounce_class", "mta_response"} < set(document)


def test_reprs_are_redacted():
    """Neither addresses nor contents stand in the repr."""
    inbound = InboundEvent(
        provider="toy",
        envelope_sender="eve@example.org",
        envelope_recipients=("ada@example.net",),
        content=b"s3cret",
    )

    for shown in (repr(bounced()), repr(inbound)):
        assert "a***@example.net" in shown
        assert "ada@" not in shown
        assert "eve@" not in shown
        assert "s3cret" not in shown
    assert "recipient=None" in repr(bounced(recipient=None))


def test_inbound_event():
    """Its type is fixed; it is JSON, too."""
    event = InboundEvent(provider="toy", content=b"Subject: \xff", location={"bucket": "b"})

    assert EventType.INBOUND is event.event_type
    assert "inbound" == json.loads(json.dumps(event.to_dict()))["event_type"]
    assert event == pickle.loads(pickle.dumps(event))
    with pytest.raises(TypeError):
        InboundEvent(provider="toy", event_type=EventType.SENT)


@pytest.mark.parametrize("kind", [EventType, RejectReason, BounceClass])
def test_words_are_text(kind):
    """They compare, print and serialise as their words."""
    for member in kind:
        assert (
            member == member.value == str(member) == f"{member}" == json.loads(json.dumps(member))
        )


@pytest.mark.parametrize("kind", [EventType, RejectReason, BounceClass, Cause, Feature])
def test_words_are_found_by_their_text(kind):
    """What equals a text has its hash: a table keyed by texts takes the members, and vice versa."""
    by_text = {word.value: word for word in kind}
    by_word = {word: word for word in kind}

    assert list(kind) == [by_text[word] for word in kind]
    assert list(kind) == [by_word[text] for text in by_text]
