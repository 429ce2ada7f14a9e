"""Received mail: header fields, bodies and files. Numbers are cases of the list of behaviours."""

from __future__ import annotations

import pickle

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from mailcore import Attachment, Message
from mailcore.inbound import InboundAddress, InboundMessage, parse_inbound


FIXTURES = Path(__file__).parent / "fixtures" / "inbound"
HEADER = b"From: ada@example.com\r\nTo: bob@example.net\r\nDate: Mon, 1 Jun 2026 12:00:00 +0000\r\n"


def load(name: str) -> InboundMessage:
    """A mail of the fixtures."""
    return parse_inbound((FIXTURES / f"{name}.eml").read_bytes())


def with_header(*lines: bytes, body: bytes = b"Hello\r\n") -> InboundMessage:
    """A mail with further header lines."""
    return parse_inbound(HEADER + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body)


def with_parts(*parts: bytes, kind: bytes = b"mixed") -> InboundMessage:
    """A multipart of parts that have no line ends around them."""
    body = b"".join(b"--sep\r\n" + part + b"\r\n" for part in parts) + b"--sep--\r\n"
    return with_header(b'Content-Type: multipart/%s; boundary="sep"' % kind, body=body)


def names(parts: tuple[object, ...]) -> list[object]:
    """File names of parts."""
    return [part.filename for part in parts]  # type: ignore[attr-defined]


def test_header_fields_of_a_plain_mail():
    """Everything a handler needs is there, decoded; Punycode domains are not (17, 85, 95)."""
    mail = load("plain")

    assert InboundAddress("ada@example.com", "Adéla Lovelace") == mail.from_email
    assert ["Byron, Lord", ""] == [address.display_name for address in mail.to]
    assert ["byron@example.net", "annabella@example.net"] == [a.addr_spec for a in mail.to]
    assert ["carl@xn--caf-dma.example"] == [address.addr_spec for address in mail.cc]
    assert ["answers@example.com"] == [address.addr_spec for address in mail.reply_to]
    assert "Grüße from the engine" == mail.subject
    assert datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=2))) == mail.date
    assert "<1@example.com>" == mail.message_id
    assert ("<0@example.net>",) == mail.in_reply_to
    assert ("<a@example.net>", "<0@example.net>") == mail.references
    assert "Größe: not a header\n--not-a-boundary\n" == mail.text
    assert mail.html is None
    assert 2 == len(mail.headers.get_all("received")) == mail.received_count
    assert 15 == len(mail.headers.pairs)
    assert "1.0" == mail.headers["mime-version"]
    assert () == mail.defects


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize("name", ["plain", "files", "bounce", "forwarded", "complaint"])
def test_line_ends_do_not_matter(name: str, line_end: bytes):
    """A mail through SNS and the same through S3 are the same, folds included (84)."""
    raw = (FIXTURES / f"{name}.eml").read_bytes()
    mail, other = parse_inbound(raw), parse_inbound(raw.replace(b"\r\n", line_end))

    assert (mail.subject, mail.text, mail.html) == (other.subject, other.text, other.html)
    assert mail.headers.pairs == other.headers.pairs
    assert names(mail.attachments) == names(other.attachments)
    assert [part.text() for part in mail.attachments] == [p.text() for p in other.attachments]
    assert mail.delivery_report == other.delivery_report
    assert mail.feedback_report == other.feedback_report
    assert mail.defects == other.defects


def test_bodies_and_files_are_told_apart():
    """Each part is a body, a file or inline (43, 86, 88, 90, 142, 143, 146)."""
    mail = load("files")

    assert "Schöne Grüße, Ada" == mail.text
    assert "<p>Schöne Grüße</p>" == mail.html
    assert ["naïve.pdf", "long name.html", "café.jpg"] == names(mail.attachments)
    assert ["logo.png", "dot.gif"] == names(mail.inlines)
    assert ["logo@shop"] == list(mail.content_id_map)
    assert b"\x89PNG\r\n\x1a\n" == mail.content_id_map["logo@shop"].content
    assert b"%PDF-1.4\n" == mail.attachments[0].content
    assert () == mail.defects


@pytest.mark.parametrize("disposition", [None, "inline", "attachment"])
@pytest.mark.parametrize("content_id", [None, "logo@shop"])
def test_inline_is_the_same_both_ways(disposition: str | None, content_id: str | None):
    """Received parts follow the rule of attachments that are sent (43, 143)."""
    sent = Attachment("a.png", b"x", "image/png", content_id=content_id, disposition=disposition)
    part = b"Content-Type: image/png; name=a.png\r\n"
    part += b"Content-Disposition: %s\r\n" % disposition.encode() if disposition else b""
    part += b"Content-ID: <%s>\r\n" % content_id.encode() if content_id else b""
    mail = with_parts(part + b"\r\nx")

    assert sent.inline == (len(mail.inlines) == 1) != (len(mail.attachments) == 1)
    assert ([content_id] if sent.inline and content_id else []) == list(mail.content_id_map)


def test_attached_message_is_not_ours():
    """Text and files of a forwarded mail are found in it only (91, 144)."""
    mail = load("forwarded")

    assert mail.text is None
    (part,) = mail.attachments
    assert part.is_message
    inner = part.message()
    assert ("report", "The inner text.") == (inner.subject, inner.text)
    assert ["inner.zip"] == names(inner.attachments)
    assert part.content == inner.raw
    assert part.content in mail.raw
    assert part.text() == inner.raw.decode().replace("\r\n", "\n")


def test_digest_has_messages_without_saying_so():
    """RFC 2046, 5.1.5: parts of a digest are messages by default."""
    mail = load("digest")

    assert ["one", "two"] == [part.message().subject for part in mail.attachments]
    assert mail.text is None


def test_only_messages_are_read_as_messages():
    """Asking a PDF for its message is a mistake of the caller."""
    with pytest.raises(ValueError, match="application/pdf is no message"):
        load("files").attachments[0].message()


def test_broken_mail_is_read_as_far_as_possible():
    """Nothing raises, everything wrong is listed without addresses (85, 94, 139, 141)."""
    mail = load("broken")

    assert InboundAddress("john@example.com", "Doe, John") == mail.from_email
    assert () == mail.to == mail.cc
    assert "caf\ufffd\ufffd" == mail.subject
    assert mail.date is None
    assert mail.message_id is None
    assert "café" == mail.text
    assert ["a b.bin"] == names(mail.attachments)
    assert b"Hello world! Hello worldHel" == mail.attachments[0].content
    found = "\n".join(mail.defects)
    for expected in (
        "a multipart is not closed",
        "Subject occurs 2 times",
        "Subject: an encoded-word: its charset 'x-nothing' is unknown",
        "Date is no date",
        "Message-ID is no id",
        "From: an address is faulty",
        "Cc: an address is faulty: it is empty",
        "text: its charset 'x-nothing' is unknown",
    ):
        assert expected in found
    assert "example" not in found


@pytest.mark.parametrize(
    ("lines", "to"),
    [
        ([], ()),
        ([b"Cc: "], ()),
        ([b"Cc: undisclosed-recipients:;"], ()),
        ([b"Cc: <>"], ()),
        ([b"Cc: a@example.com", b"Cc: b@example.com"], ("a@example.com", "b@example.com")),
    ],
    ids=["none", "87 empty", "139 undisclosed", "139 null", "repeated"],
)
def test_nobody_is_an_empty_tuple(lines: list[bytes], to: tuple[str, ...]):
    """Address fields without addresses, and repeated ones."""
    assert to == tuple(address.addr_spec for address in with_header(*lines).cc)


def test_no_author_is_none():
    """From may be missing or empty (87)."""
    assert parse_inbound(b"From: \r\n\r\n").from_email is None
    assert parse_inbound(b"Subject: x\r\n\r\n").from_email is None


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (b"Mon, 1 Jun 2026 12:00:00 -0000", datetime(2026, 6, 1, 12)),  # noqa: DTZ001 - case 94
        (b"Mon, 1 Jun 2026 12:00:00 +0000", datetime(2026, 6, 1, 12, tzinfo=timezone.utc)),
        (b"1 Jun 26 12:00 GMT", datetime(2026, 6, 1, 12, tzinfo=timezone.utc)),
        (
            b"Mon, 1 Jun 2026 12:00:00 +0200 (CEST)",
            datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=2))),
        ),
        (b"Tue, 99 Oct 9999 99:99:99 +0000", None),
        (b"yesterday", None),
        (b"", None),
        (b"Mon, 1 Jun 2026 12:00:00 +9999999999", None),
        (b"1" * 10_000, None),
    ],
)
def test_date(date: bytes, expected: datetime | None):
    """The zone -0000 is unknown and makes a naive time; what is no date is None (94)."""
    found = parse_inbound(b"From: a@example.com\r\nDate: " + date + b"\r\n\r\n").date

    assert expected == found
    assert (expected is None or expected.tzinfo is None) == (found is None or found.tzinfo is None)


@pytest.mark.parametrize(
    ("content_type", "body", "text", "defect"),
    [
        (b"text/plain", b"caf\xc3\xa9", "café", "read as UTF-8"),
        (b"text/plain", b"caf\xe9", "café", "read as windows-1252"),
        (b"text/plain; charset=us-ascii", b"caf\xe9", "café", "read as windows-1252"),
        (b"text/plain; charset=x-nothing", b"caf\xe9", "caf\ufffd", "'x-nothing' is unknown"),
        (b"text/plain; charset=rot13", b"cafe", "cafe", "'rot13' is unknown"),
        (b"text/plain; charset=idna", b"xn--caf-dma", "xn--caf-dma", "'idna' is unknown"),
        (b"text/plain; charset=utf-8", b"caf\xe9", "caf\ufffd", "not all in its charset utf-8"),
        (b'text/plain; charset="gb2312"', "中€".encode("gb18030"), "中€", ""),
        (b"text/plain; charset=utf-8", "Grüße".encode(), "Grüße", ""),
        (b"text/plain; charset=utf-16", "Grüße\r\n".encode("utf-16"), "Grüße\n", ""),
    ],
)
def test_charset(content_type: bytes, body: bytes, text: str, defect: str):
    """Text is always text (89, 141, 147)."""
    mail = with_header(b"Content-Type: " + content_type, body=body)

    assert text == mail.text
    found = [fault for fault in mail.defects if fault.startswith("text: ")]
    assert bool(defect) == bool(found)
    assert all(defect in fault for fault in found)


def test_charset_can_be_overridden():
    """Callers who know better say so, and strict ones get an exception (89)."""
    part = with_header(b"Content-Type: text/plain", body=b"\xe1\xe9").text_part

    assert part is not None
    assert "áé" == part.text()
    assert "бй" == part.text(charset="cp1251")
    assert "\ufffd\ufffd" == part.text(charset="utf-8")
    with pytest.raises(UnicodeDecodeError):
        part.text(errors="strict")
    with pytest.raises(UnicodeDecodeError):
        part.text(charset="us-ascii", errors="strict")


@pytest.mark.parametrize(
    ("encoding", "body", "content", "defect"),
    [
        (b"base64", b"SGVs\r\nbG8=\r\n", b"Hello", ""),
        (b"BASE64 ", b"SGVsbG8", b"Hello", "cut off"),
        (b"base64", b"SGVsbG8hS", b"Hello!", "cut off"),
        (b"base64", b"S-G*Vs bG8=", b"Hello", ""),
        (b"quoted-printable", b"a=3D=\r\nb=zz", b"a=b=zz", ""),
        (b"x-uuencode", b"begin 644 a\r\n%2&5L;&\\\r\n \r\nend\r\n", b"Hello", ""),
        (b"x-uuencode", b"no\r\n", b"no\r\n", "not uuencoded"),
        (b"7bit", b"Hello", b"Hello", ""),
        (b"x-gzip64", b"Hello", b"Hello", "unknown"),
    ],
)
def test_transfer_encoding(encoding: bytes, body: bytes, content: bytes, defect: str):
    """What can be decoded is, and the rest is kept."""
    mail = with_header(b"Content-Transfer-Encoding: " + encoding, body=body)

    assert mail.text_part is not None
    assert content == mail.text_part.content
    assert bool(defect) == any(defect in found for found in mail.defects if found[:4] == "text")


@pytest.mark.parametrize(
    ("parts", "text", "html", "attachments", "inlines"),
    [
        ([b"\r\none", b"\r\ntwo"], "one", None, [None], []),
        ([b"Content-Disposition: inline\r\n\r\none"], "one", None, [], []),
        ([b"Content-Disposition: inline; filename=a.txt\r\n\r\na"], None, None, [], ["a.txt"]),
        ([b"Content-Type: text/plain; name=a.txt\r\n\r\na"], None, None, ["a.txt"], []),
        ([b"Content-Disposition: attachment\r\n\r\na"], None, None, [None], []),
        ([b"Content-Type: text/html\r\n\r\n<p>", b"\r\na"], "a", "<p>", [], []),
        ([b"Content-Type: text/calendar\r\n\r\nBEGIN"], None, None, [None], []),
        ([b"Content-Type: nonsense\r\n\r\na"], "a", None, [], []),
        ([b"Content-Disposition: strange; filename=x\r\n\r\na"], None, None, ["x"], []),
    ],
)
def test_which_part_is_what(
    parts: list[bytes],
    text: str | None,
    html: str | None,
    attachments: list[str | None],
    inlines: list[str | None],
):
    """No part is lost, and none is both body and file (142, 146)."""
    mail = with_parts(*parts)

    assert (text, html) == (mail.text, mail.html)
    assert attachments == names(mail.attachments)
    assert inlines == names(mail.inlines)


@pytest.mark.parametrize(
    ("parameters", "parts", "text", "html", "others"),
    [
        (b"", [b"text/html; name=i.html", b"image/png"], None, "0", ["image/png"]),
        (b"; start=x", [b"text/html; name=i.html", b"image/png"], None, "0", ["image/png"]),
        (b'; start="<1@x>"', [b"image/png", b"text/html; name=i.html"], None, "1", ["image/png"]),
        (b'; start="<1@x> (c)"', [b"text/html", b"text/html"], None, "1", ["text/html"]),
        (b"; start=1@x", [b"text/html", b"text/html; name=b.html"], None, "1", ["text/html"]),
        (b"; start=1@x", [b"text/plain", b"text/html; name=b.html"], "0", "1", []),
        (b"", [b"text/html", b"text/plain; name=a.txt"], None, "0", ["text/plain"]),
        (b"", [b"image/png", b"text/html; name=b.html"], None, None, ["image/png", "text/html"]),
    ],
)
def test_root_of_related_parts(
    parameters: bytes, parts: list[bytes], text: str | None, html: str | None, others: list[str]
):
    """RFC 2387: the first part, or the one that is named, is the body, whatever its own name."""
    body = b"".join(
        b"--sep\r\nContent-Type: %s\r\nContent-ID: (c) <%d@x>\r\n\r\n%d\r\n"
        % (kind, number, number)
        for number, kind in enumerate(parts)
    )
    mail = with_header(
        b"Content-Type: Multipart/Related; boundary=sep" + parameters,
        body=body + b"--sep--\r\n",
    )

    assert (text, html) == (mail.text, mail.html)
    assert others == [part.content_type for part in (*mail.attachments, *mail.inlines)]


def test_a_name_does_not_make_a_form_of_the_body_a_file():
    """Some programs name the forms of the body."""
    mail = with_parts(
        b"Content-Type: text/plain; name=body.txt\r\n\r\na",
        b"Content-Type: text/html; name=body.html\r\n\r\n<p>",
        kind=b"alternative",
    )

    assert ("a", "<p>", ()) == (mail.text, mail.html, mail.attachments)


def test_mail_that_is_one_file():
    """DMARC reports are a mail that is nothing but a file."""
    mail = with_header(
        b"Content-Type: application/gzip; name=report.xml.gz",
        b"Content-Transfer-Encoding: base64",
        body=b"H4sI",
    )

    assert (None, None) == (mail.text, mail.html)
    assert ["report.xml.gz"] == names(mail.attachments)
    assert b"\x1f\x8b\x08" == mail.attachments[0].content
    assert 3 == mail.attachments[0].approximate_size


def test_subject_can_be_sent_again():
    """A line end that is encoded in a subject does not become one (8)."""
    mail = with_header(b"Subject: =?utf-8?q?Hi=0D=0ABcc:_eve@example.org?=")

    assert "Hi Bcc: eve@example.org" == mail.subject
    assert any("Subject" in defect for defect in mail.defects)
    Message(subject=mail.subject)


def test_values_are_frozen_and_travel():
    """Equal by bytes and limits, hashable, picklable, without addresses in the repr."""
    mail = load("files")
    copy = pickle.loads(pickle.dumps(mail))

    assert mail == copy
    assert hash(mail) == hash(copy)
    assert mail.attachments == copy.attachments
    assert mail.attachments[0] == pickle.loads(pickle.dumps(mail.attachments[0]))
    assert mail != parse_inbound(mail.raw, max_parts=3)
    with pytest.raises(AttributeError, match="immutable"):
        mail.subject = "other"  # type: ignore[misc]
    assert "@example.net" not in repr(mail) + repr(mail.attachments)


def test_only_bytes_are_a_mail():
    """A str has lost what 8-bit mail held."""
    with pytest.raises(TypeError, match="must be bytes, not str"):
        parse_inbound("From: a@example.com")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="positive"):
        parse_inbound(b"", max_parts=0)


def test_nothing_is_a_mail_too():
    """The empty mail has a defect and nothing else."""
    mail = parse_inbound(b"")

    assert (None, (), None, "") == (mail.from_email, mail.to, mail.subject, mail.text)
    assert "the message has no header" in mail.defects


NESTED = (
    b"Subject: Files\r\nTo: ada@example.net\r\nBcc: eve@example.net\r\n"
    b"Received: by b\r\nReceived: by a\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=m\r\n\r\n"
    b"--m\r\nContent-Type: multipart/alternative; boundary=a\r\nX-Kind: forms\r\n\r\n"
    b"--a\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
    b"--a\r\nContent-Type: TEXT/HTML\r\n\r\n<p>hi\r\n--a--\r\n"
    b"--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: other\r\n\r\nother\r\n"
    b"--m\r\nContent-Type: image/png\r\n\r\nPNG\r\n--m--\r\n"
)


def test_walk_meets_every_part_once():
    """As that of the standard library does, but for what is in an attached message."""
    from email import message_from_bytes

    mail = parse_inbound(NESTED)
    types = [part.content_type for part in mail.walk()]

    theirs = [part.get_content_type() for part in message_from_bytes(NESTED).walk()]
    del theirs[theirs.index("message/rfc822") + 1]
    assert theirs == types
    assert [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "message/rfc822",
        "image/png",
    ] == types
    assert [True, True, False, False, False, False] == [each.is_multipart for each in mail.walk()]
    assert "other" == next(each for each in mail.walk() if each.is_message).message().text


def test_parts_of_a_multipart():
    """They are found from the outside in, and what is around them has no content."""
    mail = parse_inbound(NESTED)
    (root, forms, *_) = mail.walk()

    assert "multipart/mixed" == mail.content_type == root.content_type
    assert [("multipart", "alternative"), ("message", "rfc822"), ("image", "png")] == [
        (part.maintype, part.subtype) for part in root.parts
    ]
    assert [mail.text_part, mail.html_part] == list(forms.parts)
    assert (b"", "forms", None) == (forms.content, forms["x-KIND"], forms["Subject"])
    assert () == mail.text_part.parts


def test_walking_a_mail_without_parts():
    """The mail as a whole is its one part."""
    mail = parse_inbound(b"Subject: Hi\r\n\r\nhi\r\n")

    assert [mail.text_part] == list(mail.walk())
    assert "text/plain" == mail.content_type


def test_multiparts_are_values():
    """Equal by all that is in them; they travel."""
    one, two = (next(parse_inbound(raw).walk()) for raw in (NESTED, NESTED.replace(b"PNG", b"png")))

    assert one == next(parse_inbound(NESTED).walk()) == pickle.loads(pickle.dumps(one))
    assert one != two
    assert hash(one) == hash(pickle.loads(pickle.dumps(one)))


def test_an_attached_mail_is_read_after_travelling():
    """A part that was pickled still has what reads the mail in it, and the limits of that."""
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n\r\nSubject: within\r\n\r\nHello\r\n--b--\r\n"
    )
    (part,) = parse_inbound(raw, max_parts=7).attachments
    copy = pickle.loads(pickle.dumps(part))

    assert ("within", "Hello") == (copy.message().subject, copy.message().text)
    assert parse_inbound(copy.content, max_parts=7) == copy.message()
    assert parse_inbound(copy.content) != copy.message()


def test_header_fields_by_index():
    """In any case, the first of several; None if there is none, as in the standard library."""
    mail = parse_inbound(NESTED)

    assert ("Files", "by b", None) == (mail["SUBJECT"], mail["Received"], mail["X-Nothing"])
    assert ("subject" in mail, "X-Nothing" in mail, 5 in mail) == (True, False, False)
    assert ["eve@example.net"] == [address.addr_spec for address in mail.bcc]
    for value in (mail, mail.text_part):
        with pytest.raises(TypeError, match="not iterable"):
            iter(value)
