"""Received mail: fixtures in pairs, what routes post and which event and mail that is."""

from __future__ import annotations

import json

from pathlib import Path

import pytest
import requests

from mailcore.events import EventType, InboundEvent, event_from_dict
from mailcore.inbound import parse_inbound
from mailcore.webhook import WebhookRequest
from mailcore.webhook.forms import Form, Upload
from mailcore_mailgun.events import parse_events
from mailcore_mailgun.header_list import HeaderList
from mailcore_mailgun.inbound import read_posted_mail
from mailcore_mailgun.verdicts import Verdicts, read_verdicts


FIXTURES = Path(__file__).parent / "fixtures" / "inbound"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {})
SIGNED = [["timestamp", "1548557429"], ["token", "t"], ["signature", "s"]]
MAIL = [
    ["sender", "bob@example.org"],
    ["recipient", "alice@in.example.com"],
    ["from", "Bob <bob@example.org>"],
    ["subject", "Hi"],
    *SIGNED,
]
HEADERS = ["message-headers", '[["From", "bob@example.org"], ["Subject", "Hi"]]']


def load(name):
    """The fields and files of a fixture."""
    return json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8"))


def post(fields, files=()):
    """The request by which Mailgun posts a form."""
    prepared = requests.Request(
        "POST",
        "https://example.com/",
        data=[tuple(field) for field in fields],
        files=[
            (file["name"], (file["filename"], file["text"].encode(), file["content_type"]))
            for file in files
        ]
        or None,
    ).prepare()
    body = prepared.body
    return WebhookRequest(
        "POST", dict(prepared.headers), body if isinstance(body, bytes) else body.encode()
    )


def event_of(fields, files=()):
    """The one event of a post."""
    (event,) = parse_events("mailgun", post(fields, files))
    assert isinstance(event, InboundEvent)
    return event


def described(event):
    """What the mail of an event says."""
    if event.content is None:
        return None
    mail = parse_inbound(event.content)

    def files(parts):
        return [
            [part.filename, part.content_type, part.content.decode(), part.content_id]
            for part in parts
        ]

    return {
        "subject": mail.subject,
        "from": mail.from_email.addr_spec,
        "to": [address.addr_spec for address in mail.to],
        "message_id": mail.message_id,
        "text": mail.text,
        "html": mail.html,
        "files": files(mail.attachments),
        "inline": files(mail.inlines),
        "defects": list(mail.defects),
    }


@pytest.mark.parametrize("name", NAMES)
def test_posts_of_routes(name):
    """Each form becomes the event and the mail that are expected."""
    posted = load(name)
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text("utf-8"))

    event = event_of(posted["fields"], posted["files"])
    said = {k: v for k, v in event.to_dict().items() if v not in UNSAID}
    said.pop("content_base64", None)
    said.pop("version")

    assert expected == {"event": said, "mail": described(event)}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_mail_posted_again_has_the_same_key(name):
    """Signed anew and with another boundary, it is the same mail; another recipient's is not."""
    posted = load(name)
    again = [
        [n, "9" if n in {"timestamp", "token", "signature"} else v] for n, v in posted["fields"]
    ]
    other = [[n, "x@example.net" if n == "recipient" else v] for n, v in posted["fields"]]

    key = event_of(posted["fields"], posted["files"]).dedupe_key

    assert key == event_of(again, posted["files"]).dedupe_key
    assert key != event_of(other, posted["files"]).dedupe_key


def test_files_make_another_mail():
    """Their content counts for the key."""
    posted = load("forward_parsed_with_files")
    changed = [{**file, "text": "other"} for file in posted["files"]]

    keys = {event_of(posted["fields"], each).dedupe_key for each in (posted["files"], changed, [])}

    assert 3 == len(keys)


def test_raw_mime_keeps_every_byte():
    """8-bit mail in whatever charset is what was received."""
    raw = b"Subject: \xfc\r\nX-Odd:\xff\x00 \r\n\r\nGr\xfc\xdfe & 100% + more\r\n.\r\n"

    event = event_of([*MAIL, ["body-mime", raw]])

    assert raw == event.content


def test_a_mail_that_calls_itself_an_event_is_a_mail():
    """Mailgun posts header fields as fields of the form: none of them makes it an event."""
    fields = [["event", "delivered"], ["Event", "clicked"], *MAIL, ["body-plain", "x"], HEADERS]

    event = event_of(fields)

    assert ("Hi", ("alice@in.example.com",)) == (event.subject, event.envelope_recipients)


def test_an_event_with_variables_like_a_mail_is_an_event():
    """Legacy events have a message's variables as fields, and no body."""
    fields = [["event", "opened"], *MAIL, ["message-id", "a@example.com"]]

    (event,) = parse_events("mailgun", post(fields))

    assert (EventType.OPENED, "alice@in.example.com") == (event.event_type, event.recipient)
    assert "bob@example.org" == event.metadata["sender"]


def test_a_header_field_named_body_mime_replaces_nothing():
    """The mail that Mailgun took apart is the mail."""
    forged = "X-Mailgun-Spf: Pass\r\nReceived: x\r\nSubject: Forged\r\n\r\nForged"

    event = event_of([["body-mime", forged], *MAIL, ["body-plain", "Genuine"], HEADERS])

    assert ("Genuine", None) == (described(event)["text"], event.spf)


STORED_URL = "https://storage-us-east4.api.mailgun.net/v3/domains/in.example.com/messages/BAABAAdz"


@pytest.mark.parametrize("url", [STORED_URL, "https://eve.example.org/"])
def test_a_header_field_named_message_url_leads_nowhere(url):
    """What was posted is the mail, wherever its sender says that another one is stored."""
    headers = ["message-headers", json.dumps([["Subject", "Hi"], ["message-url", url]])]

    event = event_of([*MAIL, ["message-url", url], ["body-plain", "Genuine"], headers])

    assert "Genuine" == parse_inbound(event.content).text
    assert {} == event.location
    assert ("`message-url` is the name of a header field, too",) == event.defects


def test_a_stored_mail_with_a_forged_address_is_where_mailgun_says():
    """The sender's address of a stored mail does not come before Mailgun's own."""
    forged = STORED_URL.replace("BAAB", "EVIL")
    headers = ["message-headers", json.dumps([["Subject", "Hi"], ["message-url", forged]])]

    event = event_of(
        [*MAIL, ["message-url", forged], ["message-url", STORED_URL], ["body-plain", "x"], headers]
    )

    assert {"url": STORED_URL} == event.location


def test_a_header_field_named_message_headers_forges_no_verdict():
    """Mailgun's list comes after the fields of the mail's header; with two there is no verdict."""
    forged = json.dumps([["X-Mailgun-Spf", "Pass"], ["X-Mailgun-Sflag", "No"], ["Received", "x"]])

    event = event_of([*MAIL, ["message-headers", forged], ["body-plain", "x"], HEADERS])

    assert (None, None, None) == (event.spam, event.spf, event.dkim)
    assert ("`message-headers` occurs more than once: a header field has its name",) == (
        event.defects
    )
    assert "Hi" == parse_inbound(event.content).subject


def test_fields_that_occur_twice_are_told():
    """Which of two recipients is Mailgun's cannot be known: the first counts, with a defect."""
    event = event_of([*MAIL, ["recipient", "x@example.net"], ["body-plain", "x"], HEADERS])

    assert ("alice@in.example.com",) == event.envelope_recipients
    assert ("`recipient` occurs more than once: a header field has its name",) == event.defects


@pytest.mark.parametrize(
    ("fields", "defects"),
    [
        ([["attachment-count", "2"]], ["`attachment-count` is not the number of files"]),
        ([["content-id-map", "[]"]], ["`content-id-map` is not a JSON object"]),
        ([["content-id-map", "{"]], ["`content-id-map` is not a JSON object"]),
        (
            [["content-id-map", '{"<a>": 5}']],
            ["`content-id-map` names a file that is not there"],
        ),
        (
            [["attachments", '[{"url": "https://example.com/attachments/0"}]']],
            ["`attachments` lists stored files, and nothing says where the mail is"],
        ),
        ([["attachments", "[]"]], []),
    ],
)
def test_what_cannot_be_read_is_told(fields, defects):
    """Nothing raises, and what can be read is there."""
    event = event_of([*MAIL, ["body-plain", "Hello"], HEADERS, *fields])

    assert defects == list(event.defects)
    assert "Hello" == described(event)["text"]


@pytest.mark.parametrize(
    ("headers", "defects"),
    [
        ("[", ["`message-headers` is not JSON", "`message-headers` is missing"]),
        ("{}", ["`message-headers` is not an array", "`message-headers` is missing"]),
        (
            '[["Subject", "Hi"], ["To"], 5, [1, 2], "x"]',
            ["`message-headers` has an entry that is not a pair of texts"],
        ),
    ],
)
def test_message_headers_that_are_none(headers, defects):
    """The mail is made from what else there is."""
    event = event_of([*MAIL, ["body-plain", "Hello"], ["message-headers", headers]])

    assert defects == list(event.defects)
    assert ("Hi", "Hello") == (
        parse_inbound(event.content).subject,
        parse_inbound(event.content).text,
    )


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([("X-Mailgun-Sflag", "Yes"), ("Received", "")], {"spam": True}, id="spam"),
        pytest.param([("x-mailgun-spf", " Pass "), ("Received", "")], {"spf": "pass"}, id="spf"),
        pytest.param(
            [("X-Mailgun-Sscore", " -0.1 "), ("Received", "")], {"spam_score": -0.1}, id="score"
        ),
        pytest.param([("X-Mailgun-Sscore", "nan"), ("Received", "")], {}, id="no score"),
        pytest.param([("X-Mailgun-Sflag", "No")], {}, id="nothing received it"),
        pytest.param(
            [
                ("Received", ""),
                ("X-Mailgun-Dkim-Check-Result", "Pass"),
                ("X-Mailgun-Sscore", "-5"),
            ],
            {},
            id="forged",
        ),
        pytest.param([("X-Mailgun-Sflag", "maybe"), ("Received", "")], {}, id="unknown word"),
    ],
)
def test_verdicts(pairs, expected):
    """Only what stands before the first Received is Mailgun's."""
    assert Verdicts(**expected) == read_verdicts(HeaderList(tuple(pairs)))


@pytest.mark.parametrize("name", NAMES)
def test_received_mail_travels(name):
    """Through a queue in JSON, with its bytes or its place."""
    posted = load(name)
    event = event_of(posted["fields"], posted["files"])

    assert event == event_from_dict(json.loads(json.dumps(event.to_dict())))


def test_a_header_field_is_no_stripped_text():
    """Mailgun posts header fields as fields of the form: the sender's own count for nothing."""
    headers = [["Received", ""], ["Stripped-Text", "forged"], ["stripped-html", "forged"]]
    event = event_of(
        [
            *load("forward_parsed_text_only")["fields"],
            ["stripped-text", "forged"],
            ["stripped-html", "forged"],
            ["message-headers", json.dumps(headers)],
        ],
        [],
    )

    assert ("Hi", None) == (event.stripped_text, event.stripped_html)
    assert "`stripped-text` is the name of a header field, too" in event.defects


def stored(**changes):
    """The event of a mail that was stored."""
    data = json.loads((FIXTURES.parent / "events" / "made_stored.input.json").read_text("utf-8"))
    data["event-data"].update(changes)
    (event,) = parse_events("mailgun", WebhookRequest("POST", {}, json.dumps(data).encode()))
    return event


@pytest.mark.parametrize(
    ("changes", "recipients", "sender"),
    [
        ({}, ("satshabad@mailgun.com",), None),
        ({"message": {}, "recipient": "a@example.com"}, ("a@example.com",), None),
        (
            {
                "message": {},
                "envelope": {"targets": "A <a@x.example>, b@x.example", "sender": "<c@d>"},
            },
            ("a@x.example", "b@x.example"),
            "c@d",
        ),
        (
            {"message": {"recipients": [5, "a@example.com", "A@EXAMPLE.com"]}},
            ("a@example.com",),
            None,
        ),
    ],
)
def test_recipients_of_stored_mail(changes, recipients, sender):
    """They are where Mailgun writes them, by kind of event."""
    event = stored(**changes)

    assert recipients == event.envelope_recipients
    assert sender == event.envelope_sender


@pytest.mark.parametrize("storage", [None, [], {}, {"url": []}, {"url": 5}, {"url": [5]}])
def test_stored_mail_without_an_address(storage):
    """It is told that the mail cannot be fetched."""
    event = stored(storage=storage)

    assert {} == event.location
    assert ("`storage.url` is missing",) == event.defects


@pytest.mark.parametrize(
    ("content_ids", "expected", "defects"),
    [
        (
            '{"<a@b>": "attachment-1", "<a@b>": "attachment-2"}',
            ["a@b", "a@b"],
            ["`content-id-map` has a Content-ID more than once"],
        ),
        (
            '{"<a@b>": "attachment-1", "<c@d>": "attachment-1"}',
            ["a@b", None],
            ["`content-id-map` has a file more than once"],
        ),
        ('{"<a@b>": "attachment-1", "<c@d>": "attachment-2"}', ["a@b", "c@d"], []),
    ],
)
def test_no_image_is_lost_to_another_of_its_content_id(content_ids, expected, defects):
    """Images with one Content-ID are both there, and a defect says that they share it."""
    files = [
        {"name": f"attachment-{n}", "filename": f"{n}.png", "content": "x", "type": "image/png"}
        for n in (1, 2)
    ]
    fields = [["body-html", "<img src='cid:a@b'>"], ["content-id-map", content_ids]]
    event = read_posted_mail(
        "mailgun",
        Form(
            tuple((n, v.encode()) for n, v in [*MAIL, ["body-plain", "Hello"], HEADERS, *fields]),
            tuple(
                Upload(
                    name=file["name"],
                    filename=file["filename"],
                    content_type=file["type"],
                    content=b"x",
                )
                for file in files
            ),
        ),
    )
    mail = parse_inbound(event.content)

    parts = sorted([*mail.inlines, *mail.attachments], key=lambda part: part.filename)
    assert expected == [part.content_id for part in parts]
    assert defects == list(event.defects)
