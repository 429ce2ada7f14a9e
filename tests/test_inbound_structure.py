"""Fields and parts of mail whose header is not as RFC 5322 and RFC 2045 have it today."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.inbound import InboundAddress, InboundMessage, parse_inbound
from mailcore.inbound.boundary import boundary_readings


def with_part(content_type: bytes, delimiter: bytes, close: bytes | None = None) -> InboundMessage:
    """A multipart of one part, whose delimiter is that."""
    close = b"--" + delimiter if close is None else close
    return parse_inbound(
        b"From: a@example.com\nMIME-Version: 1.0\nContent-Type: "
        + content_type
        + b"\n\nPreamble.\n--"
        + delimiter
        + b"\nContent-Type: text/plain\n\nHello\n"
        + close
        + b"--\n"
    )


@pytest.mark.parametrize(
    ("parameter", "boundary"),
    [
        # Folded.
        (b'boundary="simple\n boundary"', b"simple boundary"),
        (b'boundary="simple\r\n\tboundary"', b"simple\tboundary"),
        (b'boundary="simple\n  boundary"', b"simple boundary"),
        (b'boundary="simple\n boundary"', b"simpleboundary"),
        (b'boundary=\n "b1"', b"b1"),
        (b"boundary\n =\n b1", b"b1"),
        # With comments.
        (b"boundary=b1 (comment)", b"b1"),
        (b"boundary=(comment)b1", b"b1"),
        (b'(c) boundary (d) = (e) "b1" (f (g)); x=y', b"b1"),
        (b"(; boundary=b2); boundary=b1", b"b1"),
        (b"boundary=b(1)", b"b(1)"),
        (b'boundary="b(1)"', b"b(1)"),
        # Quoted oddly.
        (b'boundary="b1', b"b1"),
        (b'boundary="b1; charset=x', b"b1"),
        (b'boundary=b1"', b"b1"),
        (b"boundary='b1'", b"b1"),
        (b"boundary='b1'", b"'b1'"),
        (b"boundary=<b1>", b"b1"),
        (b'boundary="b\\1"', b"b1"),
        (b'boundary="b\\1"', b"b\\1"),
        (b'boundary="b1 "', b"b1"),
        (b'boundary=" b1"', b" b1"),
        (b'boundary=" b1"', b"b1"),
        (b"boundary=a b", b"a b"),
        (b"boundary=\xe2\x80\x9cb1\xe2\x80\x9d", b"b1"),
        (b'boundary="\xe9b"', b"\xe9b"),
        (b'boundary="=?b1?="', b"=?b1?="),
        # Followed by rubbish.
        (b'boundary="b1" Message-Id: <2@example.net>', b"b1"),
        (b"boundary=b1 Message-Id: <2@example.net>", b"b1"),
        (b'boundary="b1"\n X-Foo: bar', b"b1"),
        (b'boundary="b1"charset=utf-8', b"b1"),
        (b'boundary="b1", charset=utf-8', b"b1"),
        (b"boundary=b1, charset=utf-8", b"b1"),
        (b"boundary=b1 charset=utf-8", b"b1"),
        (b"boundary=b1;;", b"b1"),
        (b'boundary="b1"; "', b"b1"),
        # Behind rubbish, and otherwise.
        (b'charset="x" boundary=b1', b"b1"),
        (b"charset=x, boundary=b1", b"b1"),
        (b'type="x;boundary=b2"; boundary=b1', b"b1"),
        (b"boundary: b1", b"b1"),
        (b"BOUNDARY = b1", b"b1"),
        (b"boundary=b1; boundary=b2", b"b2"),
        (b"boundary*0=b; boundary*1=1", b"b1"),
        (b"boundary*=us-ascii''b%31", b"b1"),
    ],
)
def test_boundaries(parameter: bytes, boundary: bytes):
    """Of several readings, the one counts that occurs."""
    mail = with_part(b"multipart/mixed; " + parameter, boundary)

    assert ("Hello", ()) == (mail.text, mail.attachments)


@pytest.mark.parametrize(
    "value",
    [
        *(b"(c) multipart/mixed; boundary=b", b"multipart (c) / mixed; boundary=b"),
        *(b"Multipart/Mixed (c) ; boundary=b", b"multipart/mixed boundary=b"),
        *(
            b"multipart/mixed, boundary=b",
            b'"multipart/mixed"; boundary=b',
            b"multipart; boundary=b",
        ),
        b"\n multipart/mixed\n ;\n boundary=b",
    ],
)
def test_types_of_multiparts(value: bytes):
    """Comments, white space and forgotten semicolons around the type."""
    assert "Hello" == with_part(value, b"b").text


@pytest.mark.parametrize("clutter", [b" x", b"; x=y", b" (c)", b":", b'"', b",", b"\xff"])
def test_text_behind_a_delimiter(clutter: bytes):
    """RFC 2046, 5.1.1: it is sufficient that the boundary appears at the beginning of the line."""
    mail = with_part(b"multipart/mixed; boundary=b", b"b" + clutter, b"--b")

    assert "Hello" == mail.text
    assert any("behind a boundary" in defect for defect in mail.defects)


@pytest.mark.parametrize("line", [b"--bc", b"--b-c", b"--b=c", b"--b.c", b" --b", b"-- b"])
def test_text_that_is_no_delimiter(line: bytes):
    """Another boundary may begin like the one that is looked for."""
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + line + b"\n\nHello\n--b--\n"

    assert parse_inbound(raw).text is None


OBSOLETE = (
    b"From : Ada <ada@example.net>\nSubject\t: hi\nDATE \t :1 Jul 103 10:52 GMT\n"
    b"Message-ID : <1@example.net>\nContent-Type : multipart/mixed; boundary=b\n\n"
    b"--b\nContent-Type : text/html\n\n<p>\nNote : this\n-- \nNote : that\n"
    b"--b\nContent-Disposition : attachment; filename=a.txt\n\nX : y\n\nX : z\n--b--\n"
)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_space_before_colons(line_end: bytes):
    """RFC 5322, 4.5: fields of mail and parts have it, and contents keep theirs."""
    mail = parse_inbound(OBSOLETE.replace(b"\n", line_end))

    assert InboundAddress("ada@example.net", "Ada") == mail.from_email
    assert ("hi", "<1@example.net>") == (mail.subject, mail.message_id)
    assert "2003-07-01T10:52:00+00:00" == (mail.date and mail.date.isoformat())
    assert "<p>\nNote : this\n-- \nNote : that" == mail.html
    (file,) = mail.attachments
    assert ("a.txt", "X : y\n\nX : z") == (file.filename, file.text())
    assert any("before the colon" in defect for defect in mail.defects)
    assert ["From", "Subject", "DATE", "Message-ID", "Content-Type"] == list(mail.headers)


def test_body_that_looks_like_obsolete_fields():
    """A colon behind a space is no field where no header is."""
    mail = parse_inbound(b"From: a@example.com\nbroken\nNote : this\n\nNote : that\n")

    assert "broken\nNote : this\n\nNote : that\n" == mail.text


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"Subject: a\n \n b\n\n", "a  b"),
        (b"Subject: a\0b\n\n", "a b"),
        (b"Subject:\n\n", ""),
        (b"Subject:a\n\n", "a"),
        (b"Subject : \n a\n\n", "a"),
        (b"Subject: caf\xe9\n\n", "café"),
        (b"Subject: caf\xc3\xa9 \xff\n\n", "café \ufffd"),
        (b"Subject: \xef\xbb\xbfa\n\n", "\ufeffa"),
        (b"From ada@example.com Mon Jun 1\nSubject: a\n\n", "a"),
    ],
)
def test_obsolete_unstructured_fields(raw: bytes, subject: str):
    """RFC 5322, 4.1 and 4.2: folds that are blank, controls, and nothing at all."""
    assert subject == parse_inbound(raw).subject


@pytest.mark.parametrize(
    ("raw", "subject", "to", "text"),
    [
        (b"Subject: a\rb\r\nTo: a@x.example\r\n\r\nHi\rho\r\n", "a b", 1, "Hi\nho\n"),
        (b"Subject: a\rb c\nTo: a@x.example\n\nHi", "a b c", 1, "Hi"),
        (b"Subject: a\r\r\nTo: a@x.example\r\r\n\r\r\nHi\r\n", "a", 1, "Hi\n"),
        (b"Subject: a\rTo: a@x.example\r\rHi\rho : x\rho\n", "a", 1, "Hi\nho : x\nho\n"),
        (b"Subject: a\r b\rTo: a@x.example\r\rHi", "a b", 1, "Hi"),
    ],
)
def test_carriage_returns(raw: bytes, subject: str, to: int, text: str):
    """RFC 5322, 4.1: alone, doubled, and where all lines end in them."""
    mail = parse_inbound(raw)

    assert (subject, to, text) == (mail.subject, len(mail.to), mail.text)


TEXT = st.text("b1 \t\"'();,=:<>\\*/\xe9", max_size=40)


@given(TEXT)
def test_every_content_type_is_read(text: str):
    """Nothing raises, and no reading is empty or ends in a space."""
    raw = b"multipart/mixed; boundary=" + text.encode("latin-1")

    assert all(found.strip() and found == found.rstrip() for found in boundary_readings(raw))
    assert with_part(raw, b"b1").text in (None, "Hello")


@given(st.text("b1'()+_,-./:=? ", min_size=1, max_size=30).map(str.rstrip).filter(bool))
def test_boundaries_of_the_standard(boundary: str):
    """Whatever RFC 2046 allows, quoted, is read as it stands."""
    octets = boundary.encode()

    assert octets == boundary_readings(b'multipart/mixed; boundary="' + octets + b'"')[0]
    assert "Hello" == with_part(b'multipart/mixed; boundary="' + octets + b'"', octets).text


@pytest.mark.slow
def test_many_boundaries_take_linear_time():
    """A thousand multiparts that never occur, and ten thousand lines like delimiters."""
    part = b"--b\nContent-Type: multipart/mixed; boundary=b%d x=y\n\n--c x\n--c y\n"
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n"
    raw += b"".join(part % number for number in range(900)) + b"--d z\n" * 10_000

    assert len(parse_inbound(raw).attachments) >= 900
