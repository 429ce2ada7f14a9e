"""Finished mails as messages: ``Message.from_mime``."""

from __future__ import annotations

import unicodedata

from email import message_from_bytes, policy
from email.headerregistry import Address as StdlibAddress
from email.headerregistry import Group
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    Address,
    Attachment,
    InvalidAddress,
    InvalidMessage,
    InvalidMessageType,
    Message,
    Unsubscribe,
    write_message,
)
from mailcore.errors import MessageError
from mailcore.message import attachments_as_shown
from mailcore.message.content_type import parameters_of


PNG = b"\x89PNG\r\n\x1a\n"
HEADER = b"From: Ada <ada@example.com>\r\nTo: bob@example.net\r\nSubject: Hi\r\n"
READ = {"from_email": "Ada <ada@example.com>", "to": ["bob@example.net"], "subject": "Hi"}


def raw(*fields, body="Hello", header=HEADER):
    """A mail of one part with further header fields."""
    return header + "".join(f"{field}\r\n" for field in fields).encode() + b"\r\n" + body.encode()


def multipart(subtype, *parts, parameters="", fields=()):
    """A mail, or one of its parts, of several parts."""
    boundary = f"{subtype}{len(parts)}{sum(map(len, parts))}"
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"{parameters}'
    lines = ["\r\n".join([head, *fields, ""])]
    lines += [f"--{boundary}\r\n{part}" for part in parts]
    return "\r\n".join([*lines, f"--{boundary}--", ""])


def part(content_type, body="", *fields):
    """A part."""
    return "\r\n".join([f"Content-Type: {content_type}", *fields, "", body])


def read(content, **options):
    """What becomes of a mail that has this content."""
    return Message.from_mime(HEADER + content.encode(), **options)


ENCODING, QUOTED = "Content-Transfer-Encoding", "quoted-printable"
PLAIN = part("text/plain; charset=utf-8", "Grüße")
HTML = part("text/html", '<img src="cid:a@b">')
IMAGE = part("image/png", "iVBORw==", "Content-Transfer-Encoding: base64", "Content-ID: <a@b>")
PDF = part("application/pdf", "%PDF", 'Content-Disposition: attachment; filename="a.pdf"')
ICS = part("text/calendar; method=REQUEST; charset=utf-8", "BEGIN:VCALENDAR")
SHOWN = Attachment(None, b"\x89PNG", "image/png", content_id="a@b")
FILE = Attachment("a.pdf", b"%PDF")


def test_a_mail_of_the_standard_library():
    """Header, bodies, images and files of an EmailMessage, Bcc and unsubscribing too."""
    mail = EmailMessage()
    mail["From"] = StdlibAddress("Müller, J.", "j", "example.com")
    mail["To"] = "Ada <ada@example.net>, bob@example.net"
    mail["Cc"] = "carol@example.net"
    mail["Bcc"] = "dave@example.net"
    mail["Reply-To"] = "help@example.com"
    mail["Subject"] = "Grüße"
    mail["Date"] = "Mon, 30 Nov 2026 10:00:00 +0000"
    mail["Message-ID"] = "<1@example.com>"
    mail["In-Reply-To"] = "<0@example.net>"
    mail["References"] = "<9@example.net> <0@example.net>"
    mail["List-Unsubscribe"] = "<https://example.com/leave>, <mailto:leave@example.com>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Sender"] = StdlibAddress("Böß, B.", "boss", "example.com")
    mail["X-Order"] = "Größe 5"
    mail.set_content("Hällo\n")
    mail.add_alternative('<img src="cid:a@b">', subtype="html")
    mail.get_payload()[1].add_related(PNG, "image", "png", cid="<a@b>", filename="ä.png")
    mail.add_attachment(b"%PDF", "application", "pdf", filename="a.pdf")
    expected = Message(
        from_email=("Müller, J.", "j@example.com"),
        to=["Ada <ada@example.net>", "bob@example.net"],
        cc=["carol@example.net"],
        bcc=["dave@example.net"],
        reply_to=["help@example.com"],
        subject="Grüße",
        headers={
            "In-Reply-To": "<0@example.net>",
            "References": "<9@example.net> <0@example.net>",
            "Sender": '"Böß, B." <boss@example.com>',
            "X-Order": "Größe 5",
        },
        unsubscribe=Unsubscribe(url="https://example.com/leave", mailto="leave@example.com"),
        text="Hällo\n",
        html='<img src="cid:a@b">\n',
        attachments=[Attachment("ä.png", PNG, "image/png", content_id="a@b"), FILE],
    )

    assert expected == Message.from_mime(mail)
    assert expected == Message.from_mime(bytes(mail))
    assert expected == Message.from_mime(bytearray(mail.as_bytes(policy=policy.SMTP)))
    assert b"dave" not in write_message(Message.from_mime(mail))


def test_a_mail_of_the_old_classes():
    """MIMEMultipart and MIMEText, as most programs have them."""
    mail = MIMEMultipart("alternative")
    mail["From"], mail["To"], mail["Subject"] = "ada@example.com", "bob@example.net", "Grüße"
    mail.attach(MIMEText("Größe", "plain"))
    mail.attach(MIMEText("<p>Größe", "html", "iso-8859-1"))

    message = Message.from_mime(mail)

    assert ("Grüße", "Größe", "<p>Größe") == (message.subject, message.text, message.html)


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (PLAIN, {"text": "Grüße"}),
        (part("text/html", "<p>"), {"html": "<p>"}),
        ("\r\nno type\r\n", {"text": "no type\n"}),
        (part("text/plain"), {"text": ""}),
        (ICS, {"alternatives": [("BEGIN:VCALENDAR", "text/calendar; method=REQUEST")]}),
        (PDF, {"attachments": [FILE]}),
        (multipart("alternative", PLAIN, HTML), {"text": "Grüße", "html": '<img src="cid:a@b">'}),
        (
            multipart("alternative", PLAIN, multipart("related", HTML, IMAGE), ICS),
            {
                "text": "Grüße",
                "html": '<img src="cid:a@b">',
                "alternatives": [("BEGIN:VCALENDAR", "text/calendar; method=REQUEST")],
                "attachments": [SHOWN],
            },
        ),
        (
            multipart("related", multipart("alternative", PLAIN, HTML), IMAGE),
            {"text": "Grüße", "html": '<img src="cid:a@b">', "attachments": [SHOWN]},
        ),
        (
            multipart(
                "related",
                IMAGE,
                part("text/html", '<img src="cid:a@b">', "Content-ID: <root@x>"),
                parameters='; start="<root@x>"',
            ),
            {"html": '<img src="cid:a@b">', "attachments": [SHOWN]},
        ),
        (
            multipart("mixed", multipart("alternative", PLAIN, HTML), IMAGE, PDF),
            {"text": "Grüße", "html": '<img src="cid:a@b">', "attachments": [SHOWN, FILE]},
        ),
        (
            multipart("mixed", PDF, multipart("mixed", PLAIN, PDF)),
            {"text": "Grüße", "attachments": [FILE, FILE]},
        ),
        (
            multipart("mixed", part("text/plain"), PDF, PLAIN, part("text/plain", "\r\n")),
            {"text": "Grüße", "attachments": [FILE]},
        ),
        (multipart("mixed", part("text/plain"), PDF), {"text": "", "attachments": [FILE]}),
        (
            multipart("mixed", multipart("mixed", part("text/plain"), PDF), PLAIN),
            {"text": "Grüße", "attachments": [FILE]},
        ),
        (
            multipart("mixed", multipart("mixed", PDF, PDF), PLAIN),
            {"text": "Grüße", "attachments": [FILE, FILE]},
        ),
        (
            multipart(
                "mixed",
                part('text/plain; name="a.txt"', "a"),
                part("text/plain", "b", "Content-Disposition: attachment"),
                part("text/csv", "c", "Content-Disposition: inline"),
                PLAIN,
            ),
            {
                "text": "Grüße",
                "attachments": [
                    Attachment("a.txt", b"a", "text/plain"),
                    Attachment(None, b"b", "text/plain"),
                    Attachment(None, b"c", "text/csv", disposition="inline"),
                ],
            },
        ),
        (
            multipart(
                "alternative",
                PLAIN,
                part("application/json", '"ä"'),
                part("application/x-own; charset=iso-8859-1", "=E4", f"{ENCODING}: {QUOTED}"),
            ),
            {
                "text": "Grüße",
                "alternatives": [('"ä"', "application/json"), ("ä", "application/x-own")],
            },
        ),
        (
            multipart("alternative", PLAIN, multipart("mixed", part("text/html", "<p>"), PDF)),
            {"text": "Grüße", "html": "<p>", "attachments": [FILE]},
        ),
        (
            multipart("mixed", PLAIN, part("text/plain", "-- \r\nthe list")),
            {
                "text": "Grüße",
                "attachments": [
                    Attachment(None, b"-- \r\nthe list", "text/plain", disposition="inline")
                ],
            },
        ),
        (
            multipart("mixed", PLAIN, HTML),
            {
                "text": "Grüße",
                "attachments": [
                    Attachment(None, b'<img src="cid:a@b">', "text/html", disposition="inline")
                ],
            },
        ),
        (
            multipart("mixed", part("text/csv", "1", 'Content-Disposition: inline; filename="a"')),
            {"attachments": [Attachment("a", b"1", "text/csv", disposition="inline")]},
        ),
        (
            multipart("mixed", PLAIN, part("message/rfc822", "Subject: x\r\n\r\ny")),
            {"text": "Grüße", "attachments": [Attachment.from_message(b"Subject: x\r\n\r\ny")]},
        ),
        (
            multipart("alternative", PLAIN, part('text/calendar; name="i.ics"', "BEGIN:V")),
            {"text": "Grüße", "alternatives": [("BEGIN:V", "text/calendar; name=i.ics")]},
        ),
        (
            multipart("mixed", PLAIN, IMAGE),
            {"text": "Grüße", "attachments": [Attachment(None, b"\x89PNG", "image/png")]},
        ),
        (
            part("text/plain; format=flowed", "a \r\nb"),
            {"alternatives": [("a \nb", "text/plain; format=flowed")]},
        ),
    ],
)
def test_structures(content, fields):
    """What mail clients and libraries write: each part has one place, and none is lost."""
    assert Message(**READ, **fields) == read(content)


@pytest.mark.parametrize(
    ("content", "reason", "way_out"),
    [
        (
            multipart("signed", PLAIN, part("application/pgp-signature", "x")),
            "the mail: multipart/signed cannot be carried: the mail is written anew",
            "Attachment.from_message",
        ),
        (
            multipart("encrypted", part("application/pgp-encrypted"), PDF),
            "multipart/encrypted cannot be carried",
            "Attachment.from_message",
        ),
        (
            multipart("mixed", multipart("signed", PLAIN, PDF), PDF),
            "part 1: multipart/signed",
            "DKIM",
        ),
        (part("application/pkcs7-mime; smime-type=enveloped-data", "x"), "stands alone", "from_m"),
        (multipart("report", PLAIN, PDF), "multipart 'report' cannot be carried", "from_message"),
        (
            multipart("mixed", PLAIN, multipart("alternative", PLAIN, HTML)),
            "part 2: there is a multipart/alternative beside the body",
            "send two",
        ),
        (multipart("alternative", PLAIN, IMAGE), "part 2: image/png is a form of the body", "att"),
        (
            part("text/plain; charset=utf-8", "a", "Content-Language: de"),
            "'Content-Language'",
            "de",
        ),
        (
            multipart("mixed", PLAIN, fields=["Content-Description: x"]),
            "header 'Content-Description' of a multipart",
            "take it out",
        ),
        (part('text/plain; name="a.txt"', "a"), "", ""),
        (
            multipart("alternative", part('text/plain; name="a.txt"', "a"), HTML),
            "part 1: a body has no file name",
            "declare the part an attachment",
        ),
        (part("text/plain; charset=x-unheard", "a"), "its charset 'x-unheard' is unknown", ""),
        (part("text/plain", "ä"), "8-bit text without a charset", ""),
        (part("text/plain; charset=us-ascii", "ä"), "8-bit text", ""),
        (
            part("text/plain", "!", "Content-Transfer-Encoding: base64"),
            "it is not base64, as it says",
            "",
        ),
        (
            multipart("alternative", PLAIN, part("text/calendar; method=REPLY", "METHOD:REQUEST")),
            "part 2: content_type names the method 'REPLY', and the calendar 'REQUEST'",
            "leave the method out",
        ),
        (part("nonsense", "a"), "Content-Type of the part is no type/subtype", ""),
        (
            part("multipart/mixed; boundary=x", "--x\r\n\r\na"),
            "the mail: ",
            "",
        ),
    ],
)
def test_what_no_message_can_hold(content, reason, way_out):
    """It is refused, not dropped, and the text says which part and what to do."""
    if not reason:
        # A text with a name that is the whole mail is a file.
        assert ("a.txt",) == tuple(one.filename for one in read(content).attachments)
        return
    with pytest.raises(InvalidMessage) as caught:
        read(content)

    assert reason in str(caught.value)
    assert way_out in str(caught.value)
    assert {"mime"} == {problem.field for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("fields", "problem", "reason"),
    [
        (["From: b@example.com"], "headers['From']", "occurs 2 times"),
        (["To: c@example.com"], "headers['To']", "occurs 2 times"),
        (["Subject: x"], "headers['Subject']", "occurs 2 times"),
        (["X-A: 1", "x-a: 2"], "headers['X-A']", "occurs 2 times"),
        (["Cc: Team: a@example.com;"], "cc", "a group of addresses"),
        (["Cc: nobody"], "cc", "it has no @"),
        (["Cc: =?utf-8?q?a=E2=80=AEb?= <b@example.com>"], "cc", "U+202E"),
        ([f"Cc: {'a' * 80}@example.com"], "cc", "more than 64 octets"),
        (["Bcc: a@b@c"], "bcc", ""),
        (["Reply-To: Doe, Ada <a@example.com>"], "reply_to", "a comma stands in a display name"),
        (
            ["Received: from a by b; Mon, 30 Nov 2026 10:00:00 +0000"],
            "headers['Received']",
            "from_",
        ),
        (["DKIM-Signature: v=1"], "headers['DKIM-Signature']", "signs a mail that is written anew"),
        (["ARC-Seal: i=1"], "headers['ARC-Seal']", "signs a mail that is written anew"),
        (["Resent-To: c@example.com"], "headers['Resent-To']", "envelope_recipients=[...]"),
        (["In-Reply-To: nothing here"], "headers['In-Reply-To']", "something else than ids"),
        (["X-A: =?x-unheard?q?a?="], "headers['X-A']", "its charset 'x-unheard' is unknown"),
        (["Sender: a@example.com, b@example.com"], "headers['Sender']", "must have one address"),
        (["Return-Path: <>"], "envelope_sender", "must have one"),
        (["Sender: nobody"], "headers['Sender']", "it has no @"),
    ],
)
def test_headers_that_no_message_can_hold(fields, problem, reason):
    """A field is named, with what is wrong with it."""
    with pytest.raises(InvalidMessage) as caught:
        Message.from_mime(raw(*fields))

    assert problem in {found.field for found in caught.value.problems}
    assert reason in str(caught.value)


def test_all_problems_at_once():
    """Whoever moves a program wants to see everything that has to change."""
    mail = raw("From: b@example.com", "Received: x", "Cc: nobody", "DKIM-Signature: x")

    with pytest.raises(InvalidAddress) as caught:
        Message.from_mime(mail.replace(b"Hello", b"\xe4"))

    fields = {problem.field for problem in caught.value.problems}
    assert {"headers['From']", "headers['Received']", "cc", "mime"} <= fields
    assert "headers['DKIM-Signature']" in fields
    assert "ada@" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "headers", "unsubscribe"),
    [
        (
            ["List-Unsubscribe: <https://example.com/u>"],
            {},
            Unsubscribe(url="https://example.com/u", one_click=False),
        ),
        (
            ["List-Unsubscribe: <mailto:u@example.com>"],
            {},
            Unsubscribe(mailto="u@example.com"),
        ),
        (
            ["List-Unsubscribe: <mailto:u@example.com>,\r\n <https://example.com/u>"],
            {"List-Unsubscribe": "<mailto:u@example.com>, <https://example.com/u>"},
            None,
        ),
        (
            ["List-Unsubscribe: <https://a.example/u>, <https://b.example/u>"],
            {"List-Unsubscribe": "<https://a.example/u>, <https://b.example/u>"},
            None,
        ),
        (
            ["List-Unsubscribe: <https://a.example/u>", "List-Unsubscribe-Post: x"],
            {"List-Unsubscribe": "<https://a.example/u>", "List-Unsubscribe-Post": "x"},
            None,
        ),
        (["X-Empty:", "X-B: b"], {"X-Empty": "", "X-B": "b"}, None),
        (["Date: x", "Message-ID: <a@b>", "MIME-Version: 1.0"], {}, None),
        (
            ["Importance: high", "Comments: a\r\n b"],
            {"Importance": "high", "Comments": "a b"},
            None,
        ),
    ],
)
def test_headers_that_stay(fields, headers, unsubscribe):
    """What says exactly what the field of a message says becomes it; all others are headers."""
    expected = Message(**READ, text="Hello", headers=headers, unsubscribe=unsubscribe)

    assert expected.replace(unsubscribe=unsubscribe) == Message.from_mime(raw(*fields)).replace(
        unsubscribe=unsubscribe, headers=Message.from_mime(raw(*fields)).headers
    )
    message = Message.from_mime(raw(*fields))
    assert (headers, unsubscribe) == (dict(message.headers), message.unsubscribe)


def test_ids_and_dates_are_kept_if_they_are_named():
    """Not every provider takes them, so they are left out unless somebody wants them."""
    mail = raw("Date: Mon, 30 Nov 2026 10:00:00 +0000", "Message-ID: <a@b>")

    message = Message.from_mime(mail, keep_headers=["message-id", "Date"])

    assert {"Date": "Mon, 30 Nov 2026 10:00:00 +0000", "Message-ID": "<a@b>"} == dict(
        message.headers
    )
    assert b"Message-ID: <a@b>\r\n" in write_message(message)


@pytest.mark.parametrize("names", ["Date", 5, ["X-Own"], [5]])
def test_only_these_two_can_be_kept(names):
    """All other headers stay anyway."""
    with pytest.raises(InvalidMessage, match="keep_headers"):
        Message.from_mime(raw(), keep_headers=names)


ENVELOPE = raw("Cc: carol@example.net", "Bcc: dave@example.net", "Resent-Bcc: x@example.net")


@pytest.mark.parametrize(
    ("recipients", "fields"),
    [
        (
            ["BOB@example.net", "carol@example.net", "eve@example.net"],
            {"to": ["bob@example.net"], "cc": ["carol@example.net"], "bcc": ["eve@example.net"]},
        ),
        (
            ["carol@example.net"],
            {"cc": ["carol@example.net"], "headers": {"To": "bob@example.net"}},
        ),
        (
            ["eve@example.net", "carol@example.net"],
            {
                "cc": ["carol@example.net"],
                "bcc": ["eve@example.net"],
                "headers": {"To": "bob@example.net"},
            },
        ),
    ],
)
def test_recipients_of_the_envelope(recipients, fields):
    """As SMTP has it: they alone get the mail, whatever its header says."""
    message = Message.from_mime(ENVELOPE, envelope_recipients=recipients)

    assert Message(**{**READ, "to": None, **fields}, text="Hello").replace(
        to=fields.get("to", [])
    ) == message.replace(to=message.to)


@pytest.mark.parametrize(
    ("recipients", "reason"),
    [
        ([], "`envelope_recipients` is empty"),
        (["bob@example.net"], "header 'Cc' has addresses that are none of `envelope_recipients`"),
        (["nobody"], "Invalid email address"),
        ("bob@example.net", "must be a list"),
    ],
)
def test_envelopes_that_cannot_be(recipients, reason):
    """Nobody is forgotten, and no Cc names somebody who gets no mail."""
    with pytest.raises(InvalidMessage, match=reason) as caught:
        Message.from_mime(ENVELOPE, envelope_recipients=recipients)
    assert 1 == len(caught.value.problems)


def test_headers_of_a_mail_that_was_sent_again():
    """With recipients of its own, they stay for readers to see, but for Resent-Bcc."""
    mail = raw("X-A: a", "Resent-To: eve@example.net", "Resent-Bcc: dave@example.net")

    message = Message.from_mime(mail, envelope_recipients=["bob@example.net"])

    assert {"X-A": "a", "Resent-To": "eve@example.net"} == dict(message.headers)


def test_the_envelope_sender():
    """What is given counts, then the Return-Path."""
    mail = raw("Return-Path: <bounces@example.com>")

    given = Message.from_mime(mail, envelope_sender="b@example.com")

    assert Address("bounces@example.com") == Message.from_mime(mail).envelope_sender
    assert Address("b@example.com") == given.envelope_sender
    assert "Return-Path" not in given.headers


class Mail:
    """What has a method ``message()``, as Django's mails do."""

    def message(self):
        """Make the mail."""


@pytest.mark.parametrize(
    ("mime", "text"),
    [
        ("Subject: x", r"text\.encode"),
        (5, "not int"),
        (None, "NoneType"),
        (Mail(), r"give its message\(\)"),
    ],
)
def test_what_is_no_mail(mime, text):
    """Bytes or an object of the standard library: all else is an error of the type."""
    with pytest.raises(InvalidMessageType, match=text):
        Message.from_mime(mime)


@pytest.mark.parametrize("data", [b"", b"\r\nHello", b"Hello"])
def test_bytes_that_are_no_mail(data):
    """A body alone is not one."""
    with pytest.raises(InvalidMessage, match="it has no header: is it a mail"):
        Message.from_mime(data)


def test_groups_that_name_nobody():
    """``undisclosed-recipients:;`` is what a mail to Bcc alone has, and is written again."""
    mail = EmailMessage()
    mail["To"] = Group("undisclosed-recipients", ())
    mail["Bcc"] = "bob@example.net"
    mail.set_content("x")

    message = Message.from_mime(mail)

    assert ((), ("bob@example.net",)) == (message.to, message.recipients)


@pytest.mark.parametrize("content", [PNG, b"\xff\r\n", b"a\rb", b"a\r\nb\n"])
@pytest.mark.parametrize("encoding", [None, "8bit", "quoted-printable"])
def test_files_that_were_not_encoded(content, encoding):
    """The standard library would write other octets: it is told what was forgotten."""
    mail = MIMEMultipart()
    image = MIMEBase("image", "png")
    image.set_payload(content)
    if encoding is not None:
        image[ENCODING] = encoding
    mail.attach(image)

    with pytest.raises(InvalidMessage, match="encode_base64"):
        Message.from_mime(mail)


def test_line_ends_of_a_mail_that_was_read():
    """Those of lines are no content: neither of texts nor of files that are lines of ASCII."""
    log = part("application/x-log", "a\r\nb", "Content-Disposition: attachment")
    data = HEADER + multipart("mixed", PLAIN, IMAGE, log).encode()

    message = Message.from_mime(message_from_bytes(data))

    assert Message.from_mime(data.replace(b"\r\n", b"\n")) == message
    assert "a\nb\n" == Message.from_mime(MIMEText("a\rb\r\n")).text
    assert ["image/png", "application/x-log"] == [one.mime_type for one in message.attachments]


def with_parts(*lines: bytes) -> bytes:
    """A multipart of the lines, each with its own end."""
    return HEADER + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(lines)


FROM, TO, END = b"From: ada@example.com\r\n", b"To: bob@example.net\r\n", b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(FROM + TO + b"Subject: Hi\rBcc: eve@example.com\r\n\r\nx", id="field"),
        pytest.param(FROM + TO + b"X: a\rSubject: Hi\n\nx", id="field, with LF"),
        pytest.param(FROM + TO + b"Subject: Hi\r\rSecond body\r\n\r\nx", id="two"),
        pytest.param(FROM + TO + b"Subject: Hi\r\n\rSecond: body\r\n\r\nx", id="empty line"),
        pytest.param(FROM + TO + b"Subject: Hi\ra b\r\n\r\nx", id="no field"),
        pytest.param(with_parts(b"--b\r\n\r\nx\r--b\r\n\r\ny", END), id="delimiter"),
        pytest.param(with_parts(b"--b\r\n\r\nx\r\n--b\rX-Y: z\r\n\r\ny", END), id="behind"),
        pytest.param(with_parts(b"--b\r\n\r\nx\r\n--b--\r--b\r\n\r\ny", END), id="last"),
        pytest.param(
            with_parts(b"--b\r\nX-A: a\rContent-Type: text/html\r\n\r\nx", END), id="part"
        ),
    ],
)
def test_lines_about_which_readers_differ(data):
    """A CR without LF is a line end to some, and a character to others: so it decides nothing."""
    with pytest.raises(InvalidMessage, match=r"carriage return|readers differ"):
        Message.from_mime(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (HEADER + b"\r\na\rb\r\rc: d\r\n", "a\nb\n\nc: d\n"),
        (HEADER.replace(b"\r\n", b"\n") + b"\na\rb\n", "a\nb\n"),
        (HEADER.replace(b"\r\n", b"\r") + b"\ra\rb\r", "a\nb\n"),
        (with_parts(b"--b\r\n\r\na\rb--b\r", END), "a\nb--b\n"),
    ],
)
def test_carriage_returns_that_all_understand(data, text):
    """In texts they are line ends; and where no line ends otherwise, there is nothing to decide."""
    message = Message.from_mime(data)

    assert (text, "Hi", ("bob@example.net",)) == (message.text, message.subject, message.recipients)


def test_objects_that_cannot_be_written():
    """One typed error, whatever the standard library raises."""
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.set_payload(5)

    with pytest.raises(InvalidMessage, match=r"object of `email` cannot be written"):
        Message.from_mime(mail)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes(data):
    """There is a message or one typed error for whatever bytes come."""
    try:
        Message.from_mime(data)
        Message.from_mime(HEADER + data)
    except MessageError:
        pass


NOT_IN_NAMES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
NOT_IN_LINES = {"Cc", "Cs", "Zl", "Zp"}
BODY = st.text(
    st.one_of(st.sampled_from("=.\r\n \tF-_"), st.characters(exclude_categories={"Cs"})),
    max_size=200,
).map(lambda text: text.lstrip("\ufeff"))
LINE = st.text(
    st.one_of(st.sampled_from(" =?,<>"), st.characters(exclude_categories=NOT_IN_LINES)),
    max_size=200,
)
NAME = st.text(
    st.one_of(
        st.sampled_from('"\\,;:<>()[]@. =?'), st.characters(exclude_categories=NOT_IN_NAMES)
    ).filter(lambda character: unicodedata.category(character) not in NOT_IN_NAMES),
    max_size=60,
)
ADDRESS = st.builds(
    Address,
    st.sampled_from(["a@example.com", '"a b"@example.com', "x.y+z@sub.example"]),
    NAME.map(str.strip),
)
ATTACHMENT = st.builds(
    Attachment,
    st.none() | st.text(st.characters(exclude_categories=NOT_IN_LINES), min_size=1, max_size=80),
    st.binary(max_size=100) | BODY.map(str.encode),
    st.sampled_from(["text/csv", "application/pdf", 'image/png; x="a b"', "text/plain"]),
    content_id=st.sampled_from([None, "a@inline"]),
) | st.just(Attachment.from_message(b"Subject: x\r\n\r\ny\r\n", "m.eml"))
MESSAGE = st.builds(
    Message,
    from_email=ADDRESS,
    to=st.lists(ADDRESS, max_size=3),
    cc=st.lists(ADDRESS, max_size=3),
    reply_to=st.lists(ADDRESS, max_size=2),
    subject=LINE,
    text=BODY,
    html=BODY | st.just("<img src=cid:a@inline>"),
    alternatives=st.lists(st.tuples(BODY, st.sampled_from(["text/calendar", "text/x-amp-html"]))),
    attachments=st.lists(
        ATTACHMENT, max_size=3, unique_by=lambda each: each.content_id or object()
    ),
    headers=st.dictionaries(st.sampled_from(["X-One", "X-Two", "Comments"]), LINE),
    unsubscribe=st.sampled_from(
        [None, "https://example.com/u", "mailto:u@example.com", "<https://a.example>, <mailto:a@b>"]
    ),
)


def lines_of(text):
    """A text with the line ends that a message has after it was read."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")


def in_any_order(parts):
    """Files, each as what can be said of it."""
    return sorted(
        (
            each.filename or "",
            each.content,
            each.mime_type,
            sorted(parameters_of(each.content_type).items()),
            each.content_id or "",
            each.disposition,
        )
        for each in parts
    )


@given(MESSAGE)
def test_what_a_mail_can_hold_comes_back(message):
    """Written and read, every field of a message is the same, but for what is not in a mail."""
    back = Message.from_mime(write_message(message))

    for name in ("from_email", "to", "cc", "reply_to", "unsubscribe"):
        assert getattr(message, name) == getattr(back, name)
    assert message.subject.strip(" \t") == back.subject
    assert {name: value.strip(" \t") for name, value in message.headers.items()} == dict(
        back.headers
    )
    assert lines_of(message.text) == (back.text or "")
    assert lines_of(message.html) == (back.html or "")
    written = sorted(
        (each.mime_type, lines_of(each.content)) for each in message.alternatives if each.content
    )
    assert written == sorted((each.mime_type, each.content) for each in back.alternatives)
    assert in_any_order(attachments_as_shown(message)) == in_any_order(back.attachments)


@given(
    subject=LINE,
    text=BODY,
    html=st.none() | BODY,
    names=st.lists(NAME.map(str.strip), max_size=3),
    files=st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40),
            st.binary(max_size=100),
        ),
        max_size=2,
    ),
)
def test_any_mail_of_the_standard_library(subject, text, html, names, files):
    """Whatever EmailMessage reads of itself is what the message has, or it is refused."""
    mail = EmailMessage()
    mail["From"] = "ada@example.com"
    mail["Subject"] = subject
    if names:
        mail["To"] = [StdlibAddress(name, f"u{n}", "example.net") for n, name in enumerate(names)]
    mail.set_content(text, cte="base64")
    if html is not None:
        mail.add_alternative(html, subtype="html", cte="base64")
    for filename, content in files:
        mail.add_attachment(content, "application", "pdf", filename=filename)
    again = message_from_bytes(mail.as_bytes(), policy=policy.default)

    try:
        message = Message.from_mime(mail)
    except InvalidMessage:
        # What its own writer breaks: white space at the ends, words that look encoded.
        assert (
            again["Subject"] != subject or [a.display_name for a in again["To"].addresses] != names
        )
        return

    bodies = [again.get_body(["plain"]), again.get_body(["html"])]
    read_bodies = [None if each is None else lines_of(each.get_content()) for each in bodies]
    assert read_bodies == [message.text, message.html]
    assert [f"u{n}@example.net" for n in range(len(names))] == [
        each.addr_spec for each in message.to
    ]
    assert [content for _, content in files] == [each.content for each in message.attachments]


def no_parts(content_type, *payload):
    """An object whose parts are none."""
    mail = EmailMessage()
    mail["From"] = mail["To"] = "ada@example.com"
    mail["Content-Type"] = content_type
    mail._payload = list(payload)
    return mail


def within_itself():
    """An object that has itself as a part."""
    mail = no_parts("multipart/mixed")
    mail._payload.append(mail)
    return mail


def deep(levels):
    """Mails in mails."""
    head = b"From: a@example.com\r\nTo: a@example.com\r\nContent-Type: message/rfc822\r\n\r\n"
    return message_from_bytes(head * levels + b"\r\nHi")


@pytest.mark.parametrize(
    "made",
    [
        lambda: no_parts("multipart/mixed", "text"),
        lambda: no_parts("message/rfc822", MIMEText("x"), "text"),
        within_itself,
        lambda: deep(400),
    ],
)
def test_objects_that_hold_no_parts_are_refused(made):
    """Whatever they hold, the error is one of a message."""
    with pytest.raises(MessageError):
        Message.from_mime(made())


@pytest.mark.parametrize("made", [within_itself, lambda: deep(400)])
def test_deep_objects_cannot_be_attached(made):
    """The standard library reads them, and fails when it writes them."""
    with pytest.raises(MessageError):
        Attachment.from_message(made())
    with pytest.raises(MessageError):
        Message(from_email="a@example.com", to=["b@example.net"], attachments=[made()])
