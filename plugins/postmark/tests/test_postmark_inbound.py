"""Received mail: fixtures in pairs, and what senders may do to them."""

from __future__ import annotations

import json

from base64 import b64encode
from pathlib import Path

import pytest

from mailcore.events import event_from_dict
from mailcore.inbound import parse_inbound
from mailcore.webhook import WebhookRequest, fetch_inbound
from mailcore_postmark import PostmarkProvider
from mailcore_postmark.events import parse_events


FIXTURES = Path(__file__).parent / "fixtures" / "inbound"
NAMES = sorted(path.name.removesuffix(".input.json") for path in FIXTURES.glob("*.input.json"))
UNSAID = (None, "", [], {})
# What describes a part says nothing about the mail.
DESCRIBING = {"From", "To", "Cc", "Subject", "Content-Type", "Content-Transfer-Encoding"}


def sample(name, **changes):
    """A fixture's payload, with some fields changed."""
    return {**json.loads((FIXTURES / f"{name}.input.json").read_text("utf-8")), **changes}


def received(payload):
    """The one event of a payload."""
    (event,) = parse_events("postmark", WebhookRequest("POST", {}, json.dumps(payload).encode()))
    return event


def mail_of(payload):
    """The mail in a payload."""
    return parse_inbound(received(payload).content)


def headers(*pairs):
    """Header fields as Postmark writes them."""
    return [{"Name": name, "Value": value} for name, value in pairs]


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
        "from": pairs([mail.from_email]),
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


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"StrippedTextReply": "Yes.\r\n"}, ("Yes.\n", (), None)),
        ({"StrippedTextReply": ""}, (None, (), None)),
        ({"BccFull": [{"Email": "<a@x.example>"}, {"Email": ""}]}, (None, ("a@x.example",), None)),
        ({"Headers": headers(("X-Spam-Score", "5.1"))}, (None, (), 5.1)),
        ({"Headers": headers(("X-Spam-Score", "many"))}, (None, (), None)),
        (
            {"Headers": headers(("Received", ""), ("Received", ""), ("X-Spam-Score", "-9"))},
            (None, (), None),
        ),
    ],
)
def test_what_postmark_found_out(changes, expected):
    """The answer without quotes, blind copies, and a score that Postmark wrote itself."""
    event = received({"FromFull": {"Email": "ada@example.net"}, **changes})

    assert expected == (event.stripped_text, event.bcc, event.spam_score)
    assert event.stripped_html is None


@pytest.mark.parametrize("name", NAMES)
def test_received_mail_travels(name):
    """Through a queue in JSON, with its bytes."""
    event = received(sample(name))

    assert event == event_from_dict(json.loads(json.dumps(event.to_dict())))


def test_record_type_inbound():
    """Mail that names its type is mail, whatever else it has."""
    assert "Hi" == mail_of({"RecordType": "Inbound", "Subject": "Hi"}).subject


@pytest.mark.parametrize("field", ["FromFull", "OriginalRecipient", "ToFull", "RawEmail"])
def test_what_received_mail_is_told_by(field):
    """Any field that only received mail has tells it."""
    assert "inbound" == str(received({field: sample("raw_email")[field]}).event_type)


def test_raw_mail_is_kept_as_it_came():
    """`RawEmail` is the content, to the byte, and nothing is added from the other fields."""
    payload = sample("raw_email")

    assert payload["RawEmail"].encode() == received(payload).content


def test_fetching_needs_nothing():
    """`fetch_inbound()` gives the mail without asking anybody."""
    provider = PostmarkProvider(server_token="token")

    mail = fetch_inbound(provider, received(sample("documented")))

    assert "This is a test text body." == mail.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (headers(("Return-Path", "<a@example.org>")), "a@example.org"),
        (headers(("return-path", " a@example.org ")), "a@example.org"),
        (headers(("Return-Path", "<>"), ("Received-SPF", "None envelope-from=b@x.org")), None),
        (headers(("X-A", "1"), ("Return-Path", "<forged@example.org>")), None),
        (headers(("Received-SPF", 'Pass (x) envelope-from="<b@x.org>"; receiver=c')), "b@x.org"),
        (headers(("Received", "by a"), ("Received-SPF", "Pass envelope-from=forged@x.org")), None),
        ([], None),
    ],
)
def test_envelope_sender(changes, expected):
    """The envelope sender is what Postmark wrote at the top; who writes it below forges."""
    assert expected == received(sample("nearly_empty", Headers=changes)).envelope_sender


TOP = (("Return-Path", "<a@example.org>"), ("Received", "by inbound.postmarkapp.com"))
VERDICTS = [
    ((("X-Spam-Status", "Yes"),), (True, None, None)),
    ((("X-Spam-Status", "No, score=-0.1"),), (False, None, None)),
    ((("x-spam-status", "maybe"),), (None, None, None)),
    ((("Received-SPF", "Softfail (x)"),), (None, "softfail", None)),
    ((("Received-SPF", "Fail"), ("X-Spam-Tests", "SPF_PASS")), (None, "fail", None)),
    ((("X-Spam-Tests", "SPF_NEUTRAL, DKIM_SIGNED"),), (None, "neutral", None)),
    ((("X-Spam-Tests", "NOT_SPF_PASS,DKIM_VALID_AU"),), (None, None, None)),
    ((("X-Spam-Tests", "DKIM_INVALID,DKIM_SIGNED"),), (None, None, "fail")),
    ((("X-Spam-Tests", "T_DKIM_INVALID"),), (None, None, "fail")),
    ((("X-Spam-Tests", "DKIM_INVALID,DKIM_VALID"),), (None, None, "pass")),
    ((("X-Spam-Status", "Yes"), ("X-Spam-Status", "No")), (True, None, None)),
    ((("Received", "by b"), ("X-Spam-Status", "No"), ("Received-SPF", "Pass")), (None, None, None)),
    ((), (None, None, None)),
]


@pytest.mark.parametrize(("fields", "expected"), VERDICTS)
def test_verdicts(fields, expected):
    """Verdicts are Postmark's, from the top of the header; what the sender wrote counts nothing."""
    event = received(sample("nearly_empty", Headers=headers(*TOP, *fields)))

    assert expected == (event.spam, event.spf, event.dkim)


def test_one_mail_for_two_addresses():
    """Handed over for each of two addresses, a mail gives two events; once more, the same."""
    first = received(sample("documented"))
    again = received(sample("documented"))
    other = received(sample("documented", OriginalRecipient="other@example.com"))

    assert first.dedupe_key == again.dedupe_key
    assert first.dedupe_key != other.dedupe_key
    assert ("other@example.com",) == other.envelope_recipients


def test_mails_without_an_id():
    """Without a MessageID, all of a mail tells it from another."""
    one, two = (
        received(sample("nearly_empty", MessageID=None, Subject=subject)) for subject in "ab"
    )

    assert one.dedupe_key != two.dedupe_key


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        (None, ("", "alanturing@computers.com")),
        ({"Email": "", "Name": "x"}, ("", "alanturing@computers.com")),
        ({"Email": "<a@x.org>", "Name": ""}, ("", "a@x.org")),
        ({"Email": "a@x.org", "Name": 'O\'Hara, "Al" \\ B.'}, ('O\'Hara, "Al" \\ B.', "a@x.org")),
        ({"Email": "a@x.org", "Name": 'Günther, "Ü"'}, ('Günther, "Ü"', "a@x.org")),
        ({"Email": "a@x.org", "Name": "B <evil@x.org>"}, ("B <evil@x.org>", "a@x.org")),
        ({"Email": "a@x.org", "Name": "A\r\nBcc: e@x.org"}, ("A Bcc: e@x.org", "a@x.org")),
    ],
)
def test_senders(full, expected):
    """Names with commas, quotes, letters of any script stay one name of one address."""
    sender = mail_of(sample("nearly_empty", FromFull=full)).from_email

    assert expected == (sender.display_name, sender.addr_spec)


def test_values_become_no_header_fields():
    """Line breaks in values make no fields of their own."""
    payload = sample(
        "documented",
        Subject="a\r\nX-Evil: 1\r\n\r\nbody",
        Headers=headers(("X-A\r\nX-Evil", "b\nX-Evil: 2"), ("X-Evil:", "3")),
    )

    assert [] == [name for name in mail_of(payload).headers if name.lower() == "x-evil"]


HTML = '<img src="cid:a@b"><img src=CID:c%20d%40e>'
FILE = b64encode(bytes(range(256))).decode()


@pytest.mark.parametrize(
    ("item", "attachments", "inlines"),
    [
        ({"Content": FILE, "ContentType": "image/png", "ContentID": "a@b"}, [], ["a@b"]),
        ({"Content": FILE, "ContentType": "image/png", "ContentID": "<a@b>"}, [], ["a@b"]),
        ({"Content": FILE, "ContentType": "image/png", "ContentID": "c d@e"}, [], ["cd@e"]),
        ({"Content": FILE, "ContentType": "image/png", "ContentID": "unused"}, ["unused"], []),
        ({"Content": FILE, "ContentType": "image/png", "ContentID": ""}, [None], []),
        ({"Data": FILE}, [None], []),
        ({"Content": None, "Data": FILE}, [None], []),
        ({"Content": "", "Data": FILE}, [None], []),
        ({"Content": FILE.rstrip("=") + "\n", "ContentType": "no type"}, [None], []),
    ],
)
def test_files(item, attachments, inlines):
    """Files that the HTML shows are inline, the others attached; each with its bytes and name."""
    payload = sample("nearly_empty", HtmlBody=HTML, Attachments=[{"Name": "ä.png", **item}])

    mail = mail_of(payload)

    assert attachments == [part.content_id for part in mail.attachments]
    assert inlines == [part.content_id for part in mail.inlines]
    assert [("ä.png", bytes(range(256)))] == [
        (part.filename, part.content) for part in (*mail.attachments, *mail.inlines)
    ]


@pytest.mark.parametrize(
    ("changes", "defect"),
    [
        ({"OriginalRecipient": None}, "`OriginalRecipient` is missing"),
        ({"OriginalRecipient": 5}, "`OriginalRecipient` is not a string"),
        ({"Subject": ["a"]}, "`Subject` is not a string"),
        ({"RawEmail": {}}, "`RawEmail` is not a string"),
        ({"TextBody": 5}, "`TextBody` is not a string"),
        ({"FromFull": "a@x.org"}, "`FromFull` is not an object"),
        ({"ToFull": {}}, "`ToFull` is not an array"),
        ({"CcFull": ["a@x.org"]}, "`CcFull` has what is no object"),
        ({"BccFull": [{"Name": "A"}]}, "`BccFull` has one whose email or name is not a string"),
        ({"Headers": [{"Name": "A"}]}, "`Headers` has one without a name or value"),
        ({"Attachments": [{"Name": "A"}]}, "`Attachments` has one without content"),
        ({"Attachments": "A"}, "`Attachments` is not an array"),
    ],
)
def test_defects(changes, defect):
    """What cannot be read is told, and the rest of the mail is there."""
    event = received(sample("documented", **changes))

    assert defect in event.defects
    assert parse_inbound(event.content).html == sample("documented")["HtmlBody"]
