"""Messages as the bytes of a mail."""

from __future__ import annotations

import json
import tracemalloc

from datetime import datetime, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailcore.address import Address
from mailcore.errors import InvalidMessage, UnsupportedFeature
from mailcore.message import Alternative, Attachment, Message
from mailcore.mime import write_message


FIXTURES = Path(__file__).parent / "fixtures" / "mime"
MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)
PNG = b"\x89PNG\r\n\x1a\n"
CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def made(**fields) -> Message:
    """A message with a sender and a recipient, unless the test has others."""
    return Message(**{"from_email": "from@example.com", "to": ["to@example.net"], **fields})


def written(message: Message, **options) -> bytes:
    """The bytes of a message, checked for what every mail must be."""
    data = write_message(message, **options)
    assert data.isascii()
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    return data


def parsed(message: Message, **options) -> EmailMessage:
    """What the stdlib reads from a message, without any defect."""
    mail = message_from_bytes(written(message, **options), policy=policy.default)
    assert not [part.defects for part in mail.walk() if part.defects]
    return mail


def tree(part: EmailMessage) -> object:
    """The types of a mail's parts, nested as they are."""
    if not part.is_multipart():
        return part.get_content_type()
    return {part.get_content_type(): [tree(child) for child in part.iter_parts()]}


@pytest.mark.parametrize("case", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_golden(case):
    """Given boundary, date and message id, the bytes are those of the fixture."""
    message = Message.from_dict(json.loads((FIXTURES / f"{case}.json").read_bytes()))

    data = written(message, boundary="b0undary", date=MOMENT, message_id="id@example.com")

    assert (FIXTURES / f"{case}.eml").read_bytes() == data


PLAIN, HTML, CSV, PDF = "text/plain", "text/html", "text/csv", "application/pdf"
AMP, ICS, IMAGE = "text/x-amp-html", "text/calendar", "image/png"
PDF_FILE = Attachment("a.pdf", b"%PDF")
SHOWN = Attachment("logo.png", PNG, content_id="logo@inline")
OTHER = Attachment("photo.png", PNG, content_id="photo@inline")
NAMING = '<img src="cid:logo@inline"><img src="cid:photo@inline">'


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, PLAIN),
        ({"text": "a"}, PLAIN),
        ({"html": "a"}, HTML),
        ({"html": "a", "text": "a"}, {"multipart/alternative": [PLAIN, HTML]}),
        (
            {
                "html": "a",
                "text": "a",
                "alternatives": [(CALENDAR, ICS), ("a", "text/x"), ("a", AMP), ("a", PLAIN)],
            },
            {"multipart/alternative": [PLAIN, PLAIN, AMP, HTML, "text/x", ICS]},
        ),
        ({"alternatives": [("a", ICS)]}, ICS),
        ({"attachments": [PDF_FILE]}, {"multipart/mixed": [PDF]}),
        ({"text": "a", "attachments": [PDF_FILE]}, {"multipart/mixed": [PLAIN, PDF]}),
        ({"html": NAMING, "attachments": [SHOWN]}, {"multipart/related": [HTML, IMAGE]}),
        (
            {"text": "a", "html": NAMING, "attachments": [PDF_FILE, SHOWN, PDF_FILE, OTHER]},
            {
                "multipart/mixed": [
                    {"multipart/alternative": [PLAIN, {"multipart/related": [HTML, IMAGE, IMAGE]}]},
                    PDF,
                    PDF,
                ]
            },
        ),
        # An empty form is none.
        ({"text": "", "html": "a"}, HTML),
        ({"text": "a", "html": ""}, PLAIN),
        ({"text": "", "html": ""}, PLAIN),
        ({"text": "a", "alternatives": [("", AMP), ("", ICS)]}, PLAIN),
        ({"text": "", "attachments": [PDF_FILE]}, {"multipart/mixed": [PDF]}),
        # No HTML refers to these: they are shown among the files.
        ({"html": "a", "attachments": [SHOWN]}, {"multipart/mixed": [HTML, IMAGE]}),
        ({"html": "", "text": "a", "attachments": [SHOWN]}, {"multipart/mixed": [PLAIN, IMAGE]}),
        ({"text": "a", "attachments": [SHOWN]}, {"multipart/mixed": [PLAIN, IMAGE]}),
        (
            {"html": "a", "attachments": [Attachment("a.png", PNG, disposition="inline")]},
            {"multipart/mixed": [HTML, IMAGE]},
        ),
    ],
)
def test_structure(fields, expected):
    """Parts are nested as mail clients expect, and no multipart has a level too many."""
    assert expected == tree(parsed(made(**fields)))


def test_related_names_its_root():
    """RFC 2387, section 3.1: multipart/related has the type of its first part."""
    mail = parsed(made(html=NAMING, attachments=[SHOWN]))

    assert "text/html" == mail.get_param("type")


def test_transfer_encodings():
    """Cases 49, 50: bodies are as short as they can be, files base64, all of it ASCII."""
    mail = parsed(
        made(
            text="Grüße aus dem Norden",
            html="日本語",
            attachments=[
                Attachment("tablé.csv", "Größe,Maß\n1,2\n".encode("latin-1"), "text/csv"),
                Attachment("é.bin", bytes(range(256))),
            ],
        )
    )

    encodings = [
        str(part["Content-Transfer-Encoding"]) for part in mail.walk() if not part.is_multipart()
    ]
    assert ["quoted-printable", "base64", "base64", "base64"] == encodings


@pytest.mark.parametrize("form", ["text", "html"])
def test_transfer_encoding_at_the_root(form):
    """Case 50: a mail of one part is encoded likewise, and read back."""
    mail = parsed(made(**{form: "Grüße aus dem Norden\n"}))

    assert "quoted-printable" == mail["Content-Transfer-Encoding"]
    assert "Grüße aus dem Norden\r\n" == mail.get_content()


def test_line_ends_of_a_text_file():
    """A text file keeps its octets: neither LF nor CR alone become CRLF."""
    content = b"one\ntwo\r\nthree\rfour \n.\nFrom me"
    mail = parsed(made(attachments=[Attachment("a.txt", content)]))

    assert [content] == [part.get_payload(decode=True) for part in mail.iter_attachments()]


@pytest.mark.parametrize(
    ("options", "disposition", "content_id"),
    [
        ({}, "attachment", None),
        ({"content_id": "<a@b>"}, "inline", "<a@b>"),
        ({"content_id": "c@b"}, "attachment", None),
        ({"content_id": "a@b", "disposition": "attachment"}, "attachment", None),
        ({"disposition": "inline"}, "inline", None),
    ],
)
def test_dispositions(options, disposition, content_id):
    """Cases 43, 143: what the HTML names says that it is inline, and nothing else has an id."""
    mail = parsed(
        made(html="<img src='cid:a@b'>", attachments=[Attachment("a.png", PNG, **options)])
    )

    (image,) = [part for part in mail.walk() if part.get_content_type() == IMAGE]
    assert (disposition, content_id) == (image.get_content_disposition(), image["Content-ID"])


def test_inline_image_hides_the_host():
    """Case 45: the Content-ID made up for an image tells nothing about the sender's host."""
    image = Attachment.inline_image("a.png", PNG)
    data = written(made(html=f'<img src="cid:{image.content_id}">', attachments=[image]))

    assert b"@inline>\r\n" in data


@pytest.mark.parametrize("filename", [None, "émoticône.img", "report 2026.pdf", 'a"b\\c;d.txt'])
def test_file_names(filename):
    """Cases 46, 47: a name is read back, and none is none."""
    mail = parsed(made(text="a", attachments=[Attachment(filename, b"x", "application/x")]))

    assert [filename] == [part.get_filename() for part in mail.iter_attachments()]


def test_charset_of_text_given_as_str():
    """Case 41: text content says that it is UTF-8, whatever its type."""
    attachment = Attachment("test.unknown", "string", "application/x-exotic")
    (part,) = parsed(made(attachments=[attachment])).iter_parts()

    assert ("application/x-exotic", "utf-8") == (part.get_content_type(), part.get_param("charset"))


def test_content_type_of_latin_1():
    """Case 42: a file in another charset keeps its octets and its charset."""
    attachment = Attachment("a.txt", "Größe".encode("latin-1"), "text/plain; charset=iso-8859-1")
    (part,) = parsed(made(attachments=[attachment])).iter_parts()

    assert "Größe" == part.get_content()


@pytest.mark.parametrize(
    ("content_type", "content", "method"),
    [
        ("text/calendar; method=request", CALENDAR, "request"),
        ("text/calendar; method=CANCEL", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "CANCEL"),
        ("text/calendar", CALENDAR.replace("METHOD:", "Method;X-A=b: "), "REQUEST"),
        ("text/calendar", CALENDAR.replace("METHOD", "MET\r\n HOD"), "REQUEST"),
        ("text/calendar", CALENDAR.replace("\r\n", "\r"), "REQUEST"),
        ("text/calendar", CALENDAR, "REQUEST"),
        ("text/calendar; charset=latin-1", CALENDAR.replace("\r\n", "\n"), "REQUEST"),
        ("text/calendar", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", None),
        ("text/x", CALENDAR, None),
    ],
)
def test_calendar_method(content_type, content, method):
    """An invitation has its method, without which clients do not offer to answer (RFC 6047)."""
    mail = parsed(made(text="a", alternatives=[(content, content_type)]))

    *_, part = mail.iter_parts()
    assert (method, "utf-8") == (part.get_param("method"), part.get_param("charset"))


@pytest.mark.parametrize(
    "make",
    [
        lambda kind: Alternative(CALENDAR, kind),
        lambda kind: Attachment("a.ics", CALENDAR, kind),
        lambda kind: Attachment("a.ics", CALENDAR.encode(), kind),
    ],
)
def test_calendar_with_two_methods(make):
    """RFC 6047, section 2.4: the type must not name another method than the calendar."""
    with pytest.raises(InvalidMessage, match="'CANCEL', and the calendar 'REQUEST'"):
        make("Text/Calendar; METHOD=CANCEL")


def test_forwarded_message():
    """Case 44: a message is attached as it is, with CRLF and without charset."""
    source = EmailMessage()
    source["Subject"] = "Original"
    source.set_content("Body\n")
    attachment = Attachment.from_message(source, "original.eml")
    mail = parsed(made(text="see below", attachments=[attachment]))

    (part,) = mail.iter_attachments()
    assert ("message/rfc822", None) == (part.get_content_type(), part.get_content_charset())
    assert "7bit" == part["Content-Transfer-Encoding"]
    assert "Original" == part.get_content()["Subject"]
    assert source.as_bytes().replace(b"\n", b"\r\n") in written(made(attachments=[attachment]))


def test_line_ends_of_a_forwarded_message():
    """A message given as a plain attachment gets CRLF too: it cannot be encoded."""
    attachment = Attachment("a.eml", b"Subject: x\n\nbody\n", "message/rfc822")

    assert b"\r\n\r\nSubject: x\r\n\r\nbody\r\n\r\n--" in written(made(attachments=[attachment]))


@pytest.mark.parametrize(
    "content",
    ["Subject: Grüße\r\n\r\n".encode(), b"\r\n" + b"a" * 999, b"\r\n\r\nnul \x00\r\n"],
    ids=["8bit", "long line", "nul"],
)
@pytest.mark.parametrize(("filename", "shown"), [(None, "message.eml"), ("fw.eml", "fw.eml")])
def test_forwarded_message_that_is_not_seven_bit(content, filename, shown):
    """A message that cannot go as it is goes whole, as a file (RFC 2046, section 5.2.1)."""
    attachment = Attachment.from_message(content, filename)
    (part,) = parsed(made(text="a", attachments=[attachment])).iter_attachments()

    assert "application/octet-stream" == part.get_content_type()
    assert shown == part.get_filename()
    assert content == part.get_payload(decode=True)


def test_forwarded_message_with_the_same_boundary():
    """Forwarding what was written with one boundary keeps the levels apart."""
    mail = made(text="inner", html="inner")
    for _ in range(4):
        inner = write_message(mail, boundary="b")
        mail = made(text="outer", html="outer", attachments=[Attachment.from_message(inner)])

    levels = [part.get_content_type() for part in parsed(mail, boundary="b").walk()]
    assert ["message/rfc822"] * 4 == [level for level in levels if level.startswith("message/")]


def test_deterministic():
    """Given boundary, date and message id, the same message gives the same bytes."""
    message = made(text="é", html="é", attachments=[SHOWN, PDF_FILE])
    options = {"boundary": "b", "date": MOMENT, "message_id": "a@b.example"}

    assert write_message(message, **options) == write_message(message, **options)


def test_random_by_default():
    """Otherwise each mail has its own boundary and id, at the domain of its sender."""
    message = made(from_email="a@exämple.com", text="a", html="a")
    first, second = parsed(message), parsed(message)

    assert first.get_boundary() != second.get_boundary()
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Message-ID"].endswith("@xn--exmple-cua.com>")


@pytest.mark.parametrize("message_id", ["<a@b.example>", "a@b.example"])
def test_message_id(message_id):
    """A message id is written in its brackets, however it is given."""
    assert b"\r\nMessage-ID: <a@b.example>\r\n" in written(made(), message_id=message_id)


def test_own_date_and_message_id_win():
    """The message's own Date and Message-ID replace those of the call."""
    headers = {"date": "Thu, 01 Jan 1970 00:00:00 +0000", "MESSAGE-ID": "<own@example.com>"}
    mail = parsed(made(headers=headers), date=MOMENT, message_id="other@example.com")

    assert [headers["date"]] == mail.get_all("Date")
    assert [headers["MESSAGE-ID"]] == mail.get_all("Message-ID")


def test_bcc_is_never_written():
    """Cases 48, 104: neither the addresses nor the name of the header."""
    data = written(made(bcc=["secret@example.org"], cc=["cc@example.org"]))

    assert b"secret" not in data
    assert b"bcc" not in data.lower()


@pytest.mark.parametrize(
    ("fields", "options", "to"),
    [
        ({}, {}, "to@example.net"),
        ({"to": None, "bcc": ["b@example.com"]}, {}, "undisclosed-recipients:;"),
        ({"to": None, "cc": ["b@example.com"]}, {}, None),
        ({"headers": {"to": "All <all@faß.example>"}}, {}, "All <all@xn--fa-hia.example>"),
        ({}, {"to_header": [Address("one@example.com", "One")]}, "One <one@example.com>"),
        (
            {"headers": {"To": "all@example.com"}},
            {"to_header": [Address("one@example.com")]},
            "all@example.com",
        ),
    ],
)
def test_to(fields, options, to):
    """The To line has the recipients, or what stands in their place."""
    assert ([to] if to else None) == parsed(made(**fields), **options).get_all("To")


def test_one_encoder_for_every_address():
    """Case 106: every address gets the same domain, in whatever header it stands."""
    headers = {"Sender": "s@faß.example", "Disposition-Notification-To": "n@faß.example"}
    data = written(
        made(
            from_email="f@faß.example",
            to=["t@faß.example"],
            cc=["c@faß.example"],
            reply_to=["r@faß.example"],
            headers=headers,
            unsubscribe={"mailto": "u@faß.example"},
        ),
        extra_headers=[("Errors-To", "e@faß.example")],
    )

    # The Message-ID is at the domain of the sender too.
    assert 9 == data.count(b"@xn--fa-hia.example")


@pytest.mark.parametrize(
    ("fields", "options", "place"),
    [
        ({"from_email": "jörg@example.com"}, {}, "headers['From']"),
        ({"to": ["a@example.com", "jörg@example.com"]}, {}, "headers['To']"),
        ({"headers": {"Sender": "jörg@example.com"}}, {}, "headers['Sender']"),
        ({}, {"to_header": [Address("jörg@example.com")]}, "headers['To']"),
    ],
)
def test_eai(fields, options, place):
    """Case 108: a local part beyond ASCII is refused, with the name of its header."""
    with pytest.raises(UnsupportedFeature) as caught:
        write_message(made(**fields), **options)

    assert [place] == [problem.field for problem in caught.value.problems]


def test_unsubscribe():
    """Case 96: RFC 8058 headers are written, and a long URL stays in one piece."""
    url = "https://example.com/u?token=" + "x=1&" * 40
    data = written(made(unsubscribe=url))

    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in data
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in data


def test_own_unsubscribe_post_wins():
    """A header that the message brings itself is not written twice."""
    headers = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    mail = parsed(made(unsubscribe="https://example.com/u", headers=headers))

    assert 1 == len(mail.get_all("List-Unsubscribe-Post"))


def test_order_of_headers():
    """Headers keep the order and spelling that they were given, extra ones last and repeated."""
    mail = parsed(
        made(subject="s", headers={"X-b": "1", "x-A": "2"}),
        extra_headers=[("X-Tag", "one"), ("X-Tag", "two")],
    )

    names = ["From", "To", "Subject", "Date", "Message-ID", "X-b", "x-A", "X-Tag", "X-Tag"]
    assert names == mail.keys()[:9]
    assert ["one", "two"] == mail.get_all("X-Tag")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (("Bcc", "a@example.com"), "written for you"),
        (("resent-bcc", "a@example.com"), "written for you"),
        (("Subject", "a"), "written for you"),
        (("Content-Type", "text/plain"), "written for you"),
        (("X-A", "a\r\nBcc: b@example.com"), "U+000D"),
        (("X-A\r\nBcc", "b@example.com"), "header name"),
        (("X-A", "a" * 1000), "998"),
        (("Message-ID", "<a@b>"), "given twice"),
    ],
)
def test_refuses_extra_headers(header, reason):
    """Headers from a provider's code are checked once more."""
    message = made(headers={"Message-ID": "<x@y>"})
    with pytest.raises(InvalidMessage) as caught:
        write_message(message, extra_headers=[("X-Fine", "1"), header])

    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("message", "options", "place"),
    [
        (Message(to=["a@example.com"]), {}, "from_email"),
        (made(subject="x" * 1000), {}, "subject"),
        (made(), {"boundary": "a b"}, "boundary"),
        (made(), {"boundary": "x" * 51}, "boundary"),
        (made(), {"message_id": "a b"}, "message_id"),
        (made(), {"message_id": "a>\r\nBcc: b"}, "message_id"),
        (made(), {"date": datetime(2026, 1, 1)}, "date"),  # noqa: DTZ001
    ],
)
def test_refuses(message, options, place):
    """Case 119 and others: one typed error, which names the culprit."""
    with pytest.raises(InvalidMessage) as caught:
        write_message(message, **options)

    assert [place] == [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment("a.bin", bytes(3_000_000)),
        Attachment("a.csv", b"name,W\xc3\xb6rld,1234\r\n" * 150_000),
        Attachment("a.csv", b"name,W\xc3\xb6rld,1234\n" * 150_000),
    ],
    ids=["base64", "quoted-printable", "escaped line ends"],
)
def test_memory(attachment):
    """The peak for a large attachment is at most 2.2 times what is written."""
    message = made(text="a", attachments=[attachment])
    tracemalloc.start()
    try:
        size = len(write_message(message))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak <= 2.2 * size


def test_smtputf8_leaves_local_parts_in_the_header():
    """RFC 6532: addresses in UTF-8 where the server takes them; all else stays ASCII."""
    message = Message(
        from_email="Jörg <jörg@bücher.example>",
        to=["ada@example.net"],
        subject="Grüße",
        headers={"Sender": "ü@example.com"},
        text="Hello",
    )

    head = write_message(message, smtputf8=True).partition(b"\r\n\r\n")[0].decode()

    assert "From: =?utf-8?b?SsO2cmc=?= <jörg@xn--bcher-kva.example>\r\n" in head
    assert "Sender: ü@example.com\r\n" in head
    assert {"ö", "ü"} == {each for each in head if not each.isascii()}
    with pytest.raises(UnsupportedFeature):
        write_message(message)
