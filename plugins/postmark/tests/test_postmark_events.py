"""The event map, row by row: fixtures in pairs, what Postmark posts and what mailcore reports."""

from __future__ import annotations

import json

from datetime import datetime, timezone
from pathlib import Path

import pytest

from mailcore.bounces import enhanced_status
from mailcore.errors import MalformedWebhook
from mailcore.events import EventType, event_from_dict
from mailcore.webhook import WebhookRequest
from mailcore_postmark.event_map import BOUNCE_TYPES
from mailcore_postmark.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "events"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {}, True)
RECORD_TYPES = {"Delivery", "Bounce", "SpamComplaint", "Open", "Click", "SubscriptionChange"}


def sample(name, **changes):
    """A fixture's payload, with some fields changed."""
    return {**json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8")), **changes}


def parsed(payload, **headers):
    """The one event of a payload."""
    body = json.dumps(payload).encode()
    (event,) = parse_events("postmark", WebhookRequest("POST", headers, body))
    return event


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


def test_every_record_type_has_a_fixture():
    """No documented type of record is left out of the map's fixtures."""
    assert RECORD_TYPES | {"Teleported"} == {sample(name)["RecordType"] for name in NAMES}


# https://postmarkapp.com/developer/api/bounce-api#bounce-types (read 2026-11-21), codes as in
# postmark.js 4.0.2.
BOUNCES = [
    ("HardBounce", 1, ("bounced", "bounced", "hard")),
    ("Transient", 2, ("deferred", None, None)),
    ("Unsubscribe", 16, ("unsubscribed", "unsubscribed", None)),
    ("Subscribe", 32, ("subscribed", None, None)),
    ("AutoResponder", 64, ("autoresponded", None, None)),
    ("AddressChange", 128, ("autoresponded", None, None)),
    ("DnsError", 256, ("deferred", None, None)),
    ("SpamNotification", 512, ("bounced", "spam", "soft")),
    ("OpenRelayTest", 1024, ("unknown", None, None)),
    ("Unknown", 2048, ("bounced", "other", "undetermined")),
    ("SoftBounce", 4096, ("bounced", "other", "soft")),
    ("VirusNotification", 8192, ("bounced", "blocked", "soft")),
    ("ChallengeVerification", 16384, ("autoresponded", None, None)),
    ("BadEmailAddress", 100000, ("rejected", "invalid", "hard")),
    ("SpamComplaint", 100001, ("complained", "spam", None)),
    ("ManuallyDeactivated", 100002, ("rejected", "unsubscribed", None)),
    ("Unconfirmed", 100003, ("rejected", "other", None)),
    ("Blocked", 100006, ("bounced", "blocked", "soft")),
    ("SMTPApiError", 100007, ("failed", None, None)),
    ("InboundError", 100008, ("unknown", None, None)),
    ("DMARCPolicy", 100009, ("bounced", "blocked", "soft")),
    ("TemplateRenderingFailed", 100010, ("failed", None, None)),
]


@pytest.mark.parametrize(("name", "code", "expected"), BOUNCES, ids=[row[0] for row in BOUNCES])
def test_bounce_types(name, code, expected):
    """Each documented type of bounce has its meaning, by its name or by its code alone."""
    assert expected == verdict(parsed(sample("bounce", Type=name, TypeCode=code)))
    assert expected == verdict(parsed(sample("bounce", Type="Renamed", TypeCode=code)))


def test_bounce_types_are_complete():
    """The map has the documented types and no other."""
    assert {name: code for name, code, _ in BOUNCES} == {
        name: code for name, (code, _) in BOUNCE_TYPES.items()
    }


@pytest.mark.parametrize("code", [None, 3, 1.0, True, "1", [1]])
def test_bounces_of_no_known_type(code):
    """Neither name nor code is known: it bounced, and nobody knows whether for ever."""
    payload = sample("bounce", Type="MailboxMoved", TypeCode=code)

    assert ("bounced", "other", "undetermined") == verdict(parsed(payload))


@pytest.mark.parametrize("name", ["SpamNotification", "HardBounce", None, 5])
def test_complaints_are_complaints(name):
    """A complaint is one, whatever type it names."""
    assert ("complained", "spam", None) == verdict(parsed(sample("spam_complaint", Type=name)))


SUPPRESSIONS = [
    (True, "HardBounce", "Recipient", ("bounced", "bounced", "hard")),
    (True, "SpamComplaint", "Recipient", ("complained", "spam", None)),
    (True, "ManualSuppression", "Recipient", ("unsubscribed", "unsubscribed", None)),
    (True, "ManualSuppression", None, ("unsubscribed", "unsubscribed", None)),
    (True, "ManualSuppression", "Customer", ("unsubscribed", "blocked", None)),
    (True, "ManualSuppression", "Admin", ("unsubscribed", "blocked", None)),
    (True, "NewReason", "Recipient", ("unsubscribed", "other", None)),
    (True, None, None, ("unsubscribed", "other", None)),
    (False, None, "Customer", ("subscribed", None, None)),
    (False, "HardBounce", "Admin", ("subscribed", None, None)),
    (None, "SpamComplaint", None, ("complained", "spam", None)),
    ("true", None, "Recipient", ("unknown", None, None)),
]


@pytest.mark.parametrize(("suppressed", "reason", "origin", "expected"), SUPPRESSIONS)
def test_subscription_changes(suppressed, reason, origin, expected):
    """Who is taken off a list and why, and who is back, whoever did it."""
    payload = sample(
        "subscription_hard_bounce",
        SuppressSending=suppressed,
        SuppressionReason=reason,
        Origin=origin,
    )

    event = parsed(payload)

    assert expected == verdict(event)
    assert isinstance(suppressed, bool) == (
        "`SuppressSending` is not a boolean" not in event.defects
    )


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("smtp;550 5.1.1 The email account that you tried to reach does not exist.", "5.1.1"),
        ("smtp;550-5.1.1 The email account that you tried to reach does not exist.", "5.1.1"),
        ("smtp; 550 #5.1.0 Address rejected.", "5.1.0"),
        ("250 2.0.0 OK  1762360434 x12-20020a05 - gsmtp", "2.0.0"),
        ("5.7.1.", "5.7.1"),
        ("action: failed\r\nStatus: 5.4.316 Message expired", "5.4.316"),
        ("host mx.example (4.2.2.1) said: 421 4.7.0 Try again", "4.7.0"),
        ("451 Greylisted by 10.4.7.1", None),
        ("Exim 4.94.2 said 550 no such user", None),
        ("550 4.1.1 which contradicts itself", None),
        ("550 5.1.1.9 No status", None),
        ("Test bounce details", None),
        ("", None),
        ("9" * 100_000, None),
        ("5.1." * 100_000, None),
    ],
)
def test_status_of_a_response(response, expected):
    """The enhanced status code is found where a server puts it; addresses and versions are none."""
    assert expected == enhanced_status(response)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-05T16:33:54.9070259Z", datetime(2026, 11, 5, 16, 33, 54, 907025, timezone.utc)),
        ("2020-02-01T10:53:34.416071Z", datetime(2020, 2, 1, 10, 53, 34, 416071, timezone.utc)),
        ("2024-12-08T06:03:20Z", datetime(2024, 12, 8, 6, 3, 20, 0, timezone.utc)),
        (
            "2014-08-01T13:28:10.2735393-04:00",
            datetime(2014, 8, 1, 17, 28, 10, 273539, timezone.utc),
        ),
        ("2026-13-05T16:33:54.9070259Z", None),
        ("2026-11-05T16:33:54.90702xxZ", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_timestamps(text, expected):
    """Seven digits of a second, offsets and whole seconds are read; other times are a defect."""
    event = parsed(sample("delivery", DeliveredAt=text))

    assert expected == event.timestamp
    assert (expected is None) == ("`DeliveredAt` cannot be read" in event.defects)


@pytest.mark.parametrize("name", NAMES)
def test_repetitions_have_one_key(name):
    """What Postmark posts once more has the same key, in whatever order its fields are."""
    payload = sample(name)
    again = dict(reversed(payload.items()))

    assert parsed(payload).dedupe_key == parsed(again, **{"X-PM-Retries-Remaining": "5"}).dedupe_key


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("open", "ReceivedAt", "2026-11-05T16:33:54.9070260Z"),
        ("open", "Recipient", "katherine@nasa.com"),
        ("open", "MessageID", "00000000-0000-0000-0000-000000000000"),
        ("click", "OriginalLink", "https://example.com/other"),
        ("delivery", "Recipient", "katherine@nasa.com"),
        ("bounce", "ID", 692560174),
        ("bounce", "Email", "katherine@nasa.com"),
        ("subscription_reactivated", "MessageStream", "broadcast"),
        ("subscription_reactivated", "ChangedAt", "2026-11-05T16:33:55.9070259Z"),
        ("subscription_reactivated", "SuppressSending", True),
        ("subscription_reactivated", "SuppressionReason", "HardBounce"),
        ("subscription_unsubscribed", "Origin", "Customer"),
        ("subscription_unsubscribed", "SuppressionReason", "SpamComplaint"),
        ("open", "UserAgent", "another program"),
        ("open", "FirstOpen", "other"),
        ("open", "Geo", {"IP": "192.0.2.77"}),
        ("click", "UserAgent", "another program"),
        ("click", "ClickLocation", "Text of another place"),
        ("click", "Geo", {"IP": "192.0.2.77"}),
        ("unknown_type", "TeleportedAt", "2026-11-06T16:33:54.9070259Z"),
        ("bounce", "RecordType", "Delivery"),
    ],
)
def test_two_events_have_two_keys(name, field, value):
    """Two events that differ in one thing only are two, even in the seventh digit of a second."""
    assert parsed(sample(name)).dedupe_key != parsed(sample(name, **{field: value})).dedupe_key


def test_events_without_a_time_have_keys():
    """Events whose time cannot be read are told by all that they have."""
    payload = sample("open", ReceivedAt=None)

    assert parsed(payload).dedupe_key == parsed(payload).dedupe_key
    assert parsed(payload).dedupe_key != parsed({**payload, "ReadSeconds": 6}).dedupe_key


def test_one_complaint_of_two_webhooks():
    """Older webhooks report a complaint as a bounce: it has one key with the complaint."""
    older = parsed(sample("bounce_complaint_of_an_older_webhook"))

    assert parsed(sample("spam_complaint")).dedupe_key == older.dedupe_key


@pytest.mark.parametrize(
    ("name", "changes", "headers", "expected"),
    [
        ("bounce", {}, {"X-PM-Webhook-Trace-Id": "trace-1"}, "692560173"),
        ("bounce", {"ID": "692560173"}, {}, "692560173"),
        ("bounce", {"ID": None}, {"X-PM-Webhook-Trace-Id": "trace-1"}, "trace-1"),
        ("delivery", {}, {"X-PM-Webhook-Trace-Id": "trace-1"}, "trace-1"),
        ("delivery", {}, {}, None),
    ],
)
def test_event_ids(name, changes, headers, expected):
    """Bounces have numbers; other events have the id of the notification, if it has one."""
    assert expected == parsed(sample(name, **changes), **headers).event_id


@pytest.mark.parametrize(
    ("field", "value", "attribute", "expected"),
    [
        ("Tag", "", "tags", ()),
        ("Tag", None, "tags", ()),
        ("Metadata", None, "metadata", {}),
        ("Metadata", {}, "metadata", {}),
        ("Metadata", {"a": ["b"]}, "metadata", {"a": ("b",)}),
        ("Details", "", "mta_response", None),
        ("Description", "", "description", "Hard bounce"),
    ],
)
def test_empty_values(field, value, attribute, expected):
    """What is empty says nothing, and is no defect."""
    event = parsed(sample("bounce", **{field: value}))

    assert expected == getattr(event, attribute)
    assert () == event.defects
    assert hash(event)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"ID": 42, "Type": "HardBounce"},
        {"recordtype": "Bounce"},
        {"From": "somebody@example.com", "Subject": "not received by Postmark"},
    ],
)
def test_bodies_of_no_record(payload):
    """A body that is neither a record nor received mail is one typed error."""
    with pytest.raises(MalformedWebhook) as caught:
        parsed(payload)

    assert 400 == caught.value.response.status_code


@pytest.mark.parametrize("record_type", [None, 5, "", ["Bounce"], {"a": 1}, True, "bounce"])
def test_records_of_no_known_type_are_unknown(record_type):
    """A record whose type says nothing is an event of unknown type, with all that it has."""
    payload = sample("bounce", RecordType=record_type)

    event = parsed(payload)

    assert EventType.UNKNOWN is event.event_type
    assert ("margareth@nasa.com", ("Test",)) == (event.recipient, event.tags)
    assert payload == event.esp_event


@pytest.mark.parametrize("name", [name for name in NAMES if name != "unknown_type"])
def test_records_without_their_type(name):
    """Those of before 2018 have all fields but this one, which the others make up for."""
    payload = sample(name)
    del payload["RecordType"]
    whole, told = parsed(sample(name)), parsed(payload)

    assert "`RecordType` is missing" == told.defects[-1]
    assert verdict(whole) == verdict(told)
    assert (whole.recipient, whole.timestamp) == (told.recipient, told.timestamp)
    assert whole.dedupe_key == told.dedupe_key


def test_records_of_postmark_that_nothing_tells():
    """An unknown event, so that it is neither lost nor posted again."""
    event = parsed({"MessageID": "m1", "ServerID": 23, "Recipient": "ada@example.net"})

    assert ("unknown", "m1", "ada@example.net") == (
        event.event_type.value,
        event.message_id,
        event.recipient,
    )
    assert ("`RecordType` is missing",) == event.defects


def test_what_is_not_postmarks_is_refused():
    """Nothing in it is a field of every record."""
    with pytest.raises(MalformedWebhook, match="neither a field `RecordType`"):
        parsed({"event": "bounce", "email": "ada@example.net"})
