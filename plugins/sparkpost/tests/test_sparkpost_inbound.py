"""Received mail: fixtures in pairs, the mail as it came, and what is done without it."""

from __future__ import annotations

import base64
import json

from pathlib import Path

import pytest

from mailcore.errors import MalformedWebhook
from mailcore.events import InboundEvent, event_from_dict
from mailcore.inbound import parse_inbound
from mailcore.testing.mutations import mutations
from mailcore.webhook import WebhookRequest, fetch_inbound
from mailcore_sparkpost import SparkPostProvider
from mailcore_sparkpost.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "inbound"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {}, True)


def sample(name: str, **changes: object):
    """The item of a fixture, with fields of its content changed."""
    (item,) = json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8"))
    item["msys"]["relay_message"]["content"].update(changes)
    return item


def parsed(*items: object):
    """The events of items."""
    return parse_events("sparkpost", WebhookRequest("POST", {}, json.dumps(items).encode()))


@pytest.mark.parametrize("name", NAMES)
def test_received_mail(name):
    """The event, and what is read in the mail that it brings."""
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    (event,) = parsed(sample(name))

    document = event.to_dict()
    told = {key: value for key, value in document.items() if value not in UNSAID}
    told.pop("content_base64")
    mail = fetch_inbound(SparkPostProvider(), event)
    assert expected == {
        "event": told,
        "mail": {
            "from_email": mail.from_email.addr_spec,
            "to": [each.addr_spec for each in mail.to],
            "cc": [each.addr_spec for each in mail.cc],
            "subject": mail.subject,
            "text": mail.text,
        },
    }
    assert event == event_from_dict(json.loads(json.dumps(document)))


def test_octets_arrive_as_they_were():
    """A mail that is not UTF-8 comes in base64, and is not decoded as text."""
    raw = b"From: a@example.net\r\n\r\n\xff\xfe\x00caf\xe9\r\n"
    encoded = base64.b64encode(raw).decode()
    (event,) = parsed(sample("in_base64", email_rfc822=encoded))

    assert raw == event.content


@pytest.mark.parametrize(
    ("changes", "defect"),
    [
        ({"email_rfc822": None}, "`msys.relay_message.content.email_rfc822` is missing"),
        ({"email_rfc822": 5}, "`msys.relay_message.content.email_rfc822` is not a string"),
        (
            {"email_rfc822": "a", "email_rfc822_is_base64": True},
            "`msys.relay_message.content.email_rfc822` is not base64",
        ),
        (
            {"email_rfc822_is_base64": "yes"},
            "`msys.relay_message.content.email_rfc822_is_base64` is not a boolean",
        ),
    ],
    ids=str,
)
def test_a_mail_that_cannot_be_read(changes, defect):
    """The bodies beside it come in its place, and a defect says so."""
    (event,) = parsed(sample("as_text", **changes))

    assert (defect,) == event.defects
    assert "ada@example.net" == parse_inbound(event.content).from_email.addr_spec


def test_one_mail_to_two_addresses():
    """Each is handed over on its own, and has its own key; the same one again has the same."""
    first, second = sample("as_text"), sample("as_text")
    second["msys"]["relay_message"]["rcpt_to"] = "info@inbound.example.com"

    one, other, again = parsed(first, second, first)

    assert one.dedupe_key == again.dedupe_key != other.dedupe_key
    assert ("info@inbound.example.com",) == other.envelope_recipients


def test_line_ends_do_not_matter_for_headers():
    """A header with a line end in it, as JSON can hold one, becomes no further header."""
    headers = [
        {"Subject": "a\r\nBcc: eve@example.org"},
        {"X-A\r\nBcc": "eve@example.org"},
        {"X": 5},
    ]
    (event,) = parsed(sample("without_the_mail", headers=headers))

    assert "Bcc" not in parse_inbound(event.content).headers
    assert "`msys.relay_message.content.headers[].X` is not a string" in event.defects


@pytest.mark.parametrize("name", NAMES)
def test_damaged_mail_is_survived(name):
    """With each field missing or of another type there is a mail, or a typed error."""
    for _, damaged in mutations(json.dumps([sample(name)]).encode(), "application/json"):
        try:
            events = parse_events("sparkpost", WebhookRequest("POST", {}, damaged))
        except MalformedWebhook:
            continue
        for event in events:
            if isinstance(event, InboundEvent):
                parse_inbound(event.content)
