"""Received mail: fixtures in pairs, and what senders may do to them."""

from __future__ import annotations

import json

from base64 import b64encode
from pathlib import Path

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.events import event_from_dict
from mailcore.inbound import parse_inbound
from mailcore.webhook import WebhookRequest, fetch_inbound
from mailcore_mailjet import MailjetProvider
from mailcore_mailjet.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "inbound"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {})
# What describes a part says nothing about the mail.
DESCRIBING = {"From", "To", "Cc", "Subject", "Content-Type", "Content-Transfer-Encoding"}


def sample(name, **changes):
    """A fixture's payload, with some fields changed; those that are `...` are left out."""
    payload = {**json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8")), **changes}
    return {key: value for key, value in payload.items() if value is not ...}


def received(payload):
    """The one event of a payload."""
    (event,) = parse_events("mailjet", WebhookRequest("POST", {}, json.dumps(payload).encode()))
    return event


def mail_of(payload):
    """The mail in a payload."""
    return parse_inbound(received(payload).content)


def said(event):
    """What an event says, but for the content."""
    return {
        name: value
        for name, value in event.to_dict().items()
        if name not in ("content_base64", "version") and value not in UNSAID
    }


def shown(mail):
    """A mail as plain JSON."""

    def pairs(addresses):
        return [[each.display_name, each.addr_spec] for each in addresses]

    return {
        "from": mail.from_email and pairs([mail.from_email]),
        "to": pairs(mail.to),
        "cc": pairs(mail.cc),
        "reply_to": pairs(mail.reply_to),
        "subject": mail.subject,
        "date": mail.date and mail.date.isoformat(),
        "message_id": mail.message_id,
        "text": mail.text,
        "html": mail.html,
        "attachments": [
            [part.filename, part.content_type, part.content.decode("latin-1")]
            for part in mail.attachments
        ],
        "inlines": [[part.filename, part.content_id] for part in mail.inlines],
        "headers": [[name, value] for name, value in mail.headers.pairs if name not in DESCRIBING],
        "defects": list(mail.defects),
    }


@pytest.mark.parametrize("name", NAMES)
def test_received_mail(name):
    """Each fixture becomes one event without defects, and its content the mail as it was."""
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    event = received(sample(name))

    assert expected == {"event": said(event), "mail": shown(parse_inbound(event.content))}
    assert sample(name) == event.esp_event
    assert event == event_from_dict(json.loads(json.dumps(event.to_dict())))


def test_the_mail_is_fetched_from_nobody():
    """It stands in the event."""
    event = received(sample("files"))

    mail = fetch_inbound(MailjetProvider(), event)

    assert ["grüße.txt"] == [part.filename for part in mail.attachments if part.filename]


def test_one_delivery_for_each_recipient():
    """Two recipients of a mail, and two mails, have keys of their own; repetitions have one."""
    payload = sample("text_and_html")
    other = {**payload, "Headers": {**payload["Headers"], "Message-ID": "<8@example.net>"}}
    anonymous = sample("without_headers")

    keys = [
        received(each).dedupe_key
        for each in (
            payload,
            {**payload, "Recipient": "sales@parse.example.com"},
            other,
            anonymous,
            {**anonymous, "Subject": "Ho"},
        )
    ]

    assert 5 == len(set(keys))
    assert keys[0] == received({**payload, "SpamAssassinScore": "0.7"}).dedupe_key


@pytest.mark.parametrize(
    ("score", "expected"),
    [("-1.5", -1.5), (3, 3.0), ("high", None), (None, None), ("", None), (..., None)],
)
def test_spam_scores(score, expected):
    """A number, or its text."""
    assert expected == received(sample("text_and_html", SpamAssassinScore=score)).spam_score


def test_files_that_no_part_names_are_kept():
    """Without a name, and a defect tells."""
    event = received(sample("files", Parts=[]))

    mail = parse_inbound(event.content)
    assert 3 == len([*mail.attachments, *mail.inlines])
    assert "`Attachment1` is in no part" in event.defects


def test_a_file_that_two_parts_name_is_one():
    """The first describes it."""
    parts = sample("files")["Parts"]

    assert 3 == len(
        [*(mail := mail_of(sample("files", Parts=[*parts, *parts]))).attachments, *mail.inlines]
    )


def test_files_that_are_not_there():
    """A part that names one has an empty file, and a defect tells."""
    event = received(sample("files", Attachment1=..., Attachment2=[5]))

    assert {"`Attachment1` is not a string", "`Attachment2` is not a string"} == set(event.defects)
    contents = [part.content for part in parse_inbound(event.content).attachments]
    assert [b"", b""] == contents


@pytest.mark.parametrize(
    "value",
    ["a\r\nBcc: eve@example.org", "a\nX-Injected: b", "a\r\n\r\n<p>", "\x00\x85\u2028", "\ud800"],
)
def test_no_value_becomes_a_header(value):
    """Whoever writes to us cannot add one, in no field."""
    payload = sample("files")
    headers = {**payload["Headers"], "X-Evil": [value], value: "x", "Subject": value}
    parts = [
        {
            "Headers": {"Content-Type": value, "Content-ID": value, "Content-Disposition": value},
            "ContentRef": "Attachment1",
        }
    ]

    mail = mail_of({**payload, "Headers": headers, "Parts": parts, "From": value})

    assert not {"bcc", "x-injected"} & {name.lower() for name, _ in mail.headers.pairs}
    assert not mail.bcc


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


@given(texts, texts, texts, st.binary(max_size=60), texts.filter(bool))
@settings(deadline=None)
def test_received_values_come_back(subject, text, html, content, name):
    """Whatever a mail says, it says the same after it was composed of its parts."""
    described = {"Content-Type": "application/x-thing", "Content-Disposition": "attachment"}
    payload = {
        **sample("nearly_empty"),
        "Headers": {"Subject": subject},
        "Text-part": text,
        "Html-part": html,
        "Parts": [{"Headers": described, "ContentRef": "Attachment1"}],
        "Attachment1": b64encode(content).decode(),
        name: {"any": "thing"},
    }

    mail = mail_of(payload)

    assert " ".join(subject.split()) == " ".join((mail.subject or "").split())
    assert (text, html) == (mail.text or "", mail.html or "")
    assert [content] == [part.content for part in mail.attachments]
