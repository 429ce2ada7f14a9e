"""What of an event cannot be read is told in words, and what stands in its place."""

from __future__ import annotations

import json

from pathlib import Path
from typing import Any

import pytest

from mailcore_ses.events import parse_ses_event


FIXTURES = Path(__file__).parent / "fixtures" / "events"
MISSING: Any = object()
IN_S3 = {"bucketName": "inbound-mail", "regionName": "eu-west-1"}
UNTIMELY = "neither `receipt.timestamp` nor `mail.timestamp` can be read"


def changed(name: str, place: str, value: Any) -> dict[str, Any]:
    """The event of a fixture with another value at a place."""
    payload: dict[str, Any] = json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8"))
    target: Any = payload
    *path, last = (int(step) if step.isdecimal() else step for step in place.split("."))
    for step in path:
        target = target[step]
    if value is MISSING:
        del target[last]
    else:
        target[last] = value
    return payload


BOUNCE, PERSON = "bounce_permanent_general", "bounce.bouncedRecipients.0"
FEEDBACK, PEOPLE = "complaintFeedbackType", "complaint.complainedRecipients"
DELAYED = "deliveryDelay.delayedRecipients"
COMPLAINT, DELAY = "complaint_one_of_three", "delivery_delay"
TAGS, RECEIVED = "message_tags_instead_of_headers", "received_base64"
NO_HEADER = "`mail.headers` has an entry without name and value"
NO_TEXTS = "`mail.tags` has a value that is not an array of strings"
UNADDRESSED = " has an entry without an address"
DEFECTS = [
    # the fixture, the place, what stands there, what is told
    (BOUNCE, "bounce.bounceType", 5, "`bounceType` is not a string"),
    (BOUNCE, "bounce.bounceSubType", ["a"], "`bounceSubType` is not a string"),
    (BOUNCE, f"{PERSON}.status", 5, "`status` is not a string"),
    (BOUNCE, f"{PERSON}.diagnosticCode", {}, "`diagnosticCode` is not a string"),
    (BOUNCE, "bounce.timestamp", "soon", "`bounce.timestamp` cannot be read"),
    (BOUNCE, "bounce.timestamp", MISSING, "`bounce.timestamp` cannot be read"),
    (BOUNCE, "bounce.bouncedRecipients", 5, "`bounce.bouncedRecipients` is not an array"),
    (BOUNCE, "bounce.bouncedRecipients", None, "`bounce.bouncedRecipients` is missing"),
    (BOUNCE, "mail.messageId", 5, "`mail.messageId` is not a string"),
    (BOUNCE, "mail.messageId", MISSING, "`mail.messageId` is not a string"),
    (BOUNCE, "mail.headers", {}, "`mail.headers` is not an array"),
    (BOUNCE, "mail.headers.0", "From: x", NO_HEADER),
    (BOUNCE, "mail.headers.0", {"name": "x"}, NO_HEADER),
    (BOUNCE, "mail.headers.0", {"name": 5, "value": "x"}, NO_HEADER),
    ("send", "mail.timestamp", 5, "`mail.timestamp` cannot be read"),
    ("send", "mail.destination", "a@b.c", "`mail.destination` is not an array"),
    ("send", "mail.destination", MISSING, "`mail.destination` is missing"),
    ("send", "mail.destination.0", 5, f"`mail.destination`{UNADDRESSED}"),
    ("send", "send", [], "`send` is not an object"),
    ("send", "send", MISSING, "`send` is missing"),
    ("reject", "reject.reason", 5, "`reason` is not a string"),
    ("rendering_failure", "failure.errorMessage", 5, "`errorMessage` is not a string"),
    ("delivery", "delivery.smtpResponse", 5, "`smtpResponse` is not a string"),
    ("delivery", "delivery.recipients", MISSING, "`delivery.recipients` is missing"),
    ("delivery", "delivery.recipients.0", " ", f"`delivery.recipients`{UNADDRESSED}"),
    (COMPLAINT, f"complaint.{FEEDBACK}", 5, f"`{FEEDBACK}` is not a string"),
    (COMPLAINT, "complaint.complaintSubType", 5, "`complaintSubType` is not a string"),
    (COMPLAINT, "complaint.userAgent", 5, "`userAgent` is not a string"),
    (COMPLAINT, PEOPLE, MISSING, f"`{PEOPLE}` is missing"),
    (DELAY, "deliveryDelay.delayType", 5, "`delayType` is not a string"),
    (DELAY, DELAYED, {}, f"`{DELAYED}` is not an array"),
    (DELAY, f"{DELAYED}.0", {"a": 1}, f"`{DELAYED}`{UNADDRESSED}"),
    (DELAY, f"{DELAYED}.0.status", 5, "`status` is not a string"),
    ("open", "open.userAgent", 5, "`userAgent` is not a string"),
    ("open", "open.ipAddress", 5, "`ipAddress` is not a string"),
    ("click", "click.link", 5, "`link` is not a string"),
    ("subscription_back", "subscription.contactList", 5, "`contactList` is not a string"),
    (TAGS, "mail.tags", [], "`mail.tags` is not an object"),
    (TAGS, "mail.tags.ses:a", 5, None),
    (TAGS, "mail.tags.a", "b", NO_TEXTS),
    (TAGS, "mail.tags.a", ["b", 5], NO_TEXTS),
    (TAGS, "mail.tags.a", [], None),
    (RECEIVED, "receipt.recipients", 5, "`receipt.recipients` is not an array"),
    (RECEIVED, "receipt.timestamp", 5, None),
    (RECEIVED, "mail.timestamp", 5, None),
    (RECEIVED, "mail.commonHeaders", MISSING, None),
    (RECEIVED, "mail.commonHeaders", 5, "`commonHeaders` is not an object"),
    (RECEIVED, "receipt.action", MISSING, "`action` is missing"),
    (RECEIVED, "content", 5, "`content` is not a string"),
    (RECEIVED, "content", "%", "`content` is not base64, as `action.encoding` says"),
    (RECEIVED, "content", None, None),
]


@pytest.mark.parametrize(("name", "place", "value", "defect"), DEFECTS)
def test_what_cannot_be_read_is_told(name, place, value, defect):
    """That alone, once, and in every event of the notification."""
    before = parse_ses_event("ses", changed(name, "mail.messageId", "m"))
    events = parse_ses_event("ses", changed(name, place, value))

    assert {()} == {event.defects for event in before}
    assert {(defect,) if defect else ()} == {event.defects for event in events}


@pytest.mark.parametrize(
    ("name", "place", "value", "field", "expected"),
    [
        (BOUNCE, "mail.messageId", 5, "message_id", None),
        (BOUNCE, "bounce.timestamp", "soon", "timestamp", None),
        (BOUNCE, "bounce.bounceSubType", MISSING, "description", "Permanent"),
        (BOUNCE, "bounce.bounceType", MISSING, "description", "General"),
        (BOUNCE, f"{PERSON}.status", "no status", "smtp_status", "5.1.1"),
        (BOUNCE, f"{PERSON}.diagnosticCode", MISSING, "smtp_status", "5.1.1"),
        (BOUNCE, f"{PERSON}.emailAddress", "Ada <a@b.example>", "recipient", "a@b.example"),
        (BOUNCE, f"{PERSON}.emailAddress", "a b <x y@z> c", "recipient", "x y@z"),
        (DELAY, f"{DELAYED}.0.status", MISSING, "smtp_status", "4.2.2"),
        (DELAY, DELAYED, [], "description", "MailboxFull"),
        (RECEIVED, "mail.messageId", 5, "message_id", None),
        (RECEIVED, "mail.source", "", "envelope_sender", None),
        (RECEIVED, "mail.source", "<>", "envelope_sender", None),
        (RECEIVED, "mail.source", 5, "envelope_sender", None),
        (
            *(RECEIVED, "receipt.recipients", []),
            *("envelope_recipients", ("help@in.shop.example",)),
        ),
        (RECEIVED, "receipt.action", {"encoding": "base64"}, "content_size", 34),
        (RECEIVED, "receipt.action", {"encoding": "UTF-8"}, "content_size", 48),
        (RECEIVED, "receipt.action", {"encoding": 5}, "content_size", 48),
        (RECEIVED, "content", "U3Vi\r\namVj\n", "content", b"Subject"[:6]),
        ("received_utf8", "content", "\ud800\u00fc", "content", b"?\xc3\xbc"),
        (RECEIVED, "receipt.spamVerdict", {"status": "fail"}, "spam", True),
        (RECEIVED, "receipt.spamVerdict", {"status": "PASS"}, "spam", False),
        (RECEIVED, "receipt.spamVerdict", {"status": 5}, "spam", None),
        (RECEIVED, "receipt.virusVerdict", {"status": "FAIL"}, "virus", True),
        (RECEIVED, "receipt.virusVerdict", "FAIL", "virus", None),
        (RECEIVED, "receipt.spfVerdict", {"status": ""}, "spf", None),
        (RECEIVED, "receipt.dkimVerdict", {"status": 5}, "dkim", None),
        (RECEIVED, "receipt.dmarcVerdict", None, "dmarc", None),
        (
            *(RECEIVED, "receipt.action.topicArn"),
            *("arn:aws:sns:eu-west-1:123456789012:t", "location", {}),
        ),
        ("received_s3", "receipt.action.objectKey", 5, "location", IN_S3),
    ],
)
def test_what_stands_in_its_place(name, place, value, field, expected):
    """The next best that the event says, or nothing."""
    (event,) = parse_ses_event("ses", changed(name, place, value))

    found = len(event.content) if field == "content_size" else getattr(event, field)
    assert expected == (dict(found) if field == "location" else found)


@pytest.mark.parametrize(
    ("kind", "subtype", "expected"),
    [
        ("Transient", "General", ("autoresponded", None, "undetermined")),
        ("Undetermined", "Undetermined", ("autoresponded", None, "undetermined")),
        ("Permanent", "General", ("bounced", "bounced", "hard")),
        ("Permanent", "UnsubscribedRecipient", ("rejected", "unsubscribed", None)),
        ("Permanent", "OnAccountSuppressionList", ("rejected", "bounced", "hard")),
        ("Transient", "MailboxFull", ("bounced", "other", "soft")),
        ("Transient", "ContentRejected", ("bounced", "blocked", "soft")),
        (None, None, ("bounced", "other", "undetermined")),
    ],
)
def test_bounces_of_nobody(kind, subtype, expected):
    """SES cannot tell whose an answer is; what it says of it counts all the same."""
    payload = changed(BOUNCE, "bounce.bouncedRecipients", [])
    payload["bounce"] |= {"bounceType": kind, "bounceSubType": subtype}
    (event,) = parse_ses_event("ses", payload)

    assert expected == (event.event_type, event.reject_reason, event.bounce_class)
    assert (f"{kind}/{subtype}" if kind else None) == event.description
    assert event.recipient is None


def test_received_mail_of_which_nothing_is_said():
    """Each part that is missing is told, in an event all the same."""
    (event,) = parse_ses_event("ses", {"notificationType": "Received"})

    assert (None, (), None) == (event.message_id, event.envelope_recipients, event.content)
    assert (
        "`receipt` is missing",
        "`mail` is missing",
        "`action` is missing",
        "`receipt.recipients` is missing",
        "`mail.destination` is missing",
        UNTIMELY,
    ) == event.defects


def test_times_of_received_mail():
    """Of the receipt, else of the mail; if neither can be read, that is a defect."""
    payload = changed(RECEIVED, "receipt.timestamp", "later")
    (event,) = parse_ses_event("ses", payload)
    payload["mail"]["timestamp"] = 5
    (timeless,) = parse_ses_event("ses", payload)

    assert "2026-11-20T09:15:01.902000+00:00" == event.timestamp.isoformat()
    assert (None, (UNTIMELY,)) == (timeless.timestamp, timeless.defects)
