"""Charsets: the octets of a part are in the one that its type names."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import InvalidMessage
from mailcore.message import Attachment
from mailcore.message.content_type import parameters_of


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        ("Müller", "text/csv; charset=windows-1252", (b"M\xfcller", "windows-1252")),
        ("Müller", "text/csv; charset=ISO-8859-1", (b"M\xfcller", "ISO-8859-1")),
        ("Müller", 'application/x; Charset="cp850"', (b"M\x81ller", "cp850")),
        ("日本", "text/plain; charset=iso-2022-jp", (b"\x1b$BF|K\\\x1b(B", "iso-2022-jp")),
        ("a", "text/plain; charset=utf-16le", (b"a\0", "utf-16le")),
        ("Müller", "text/csv", ("Müller".encode(), "utf-8")),
        ("a", "application/x", (b"a", "utf-8")),
        ("Subject: x", "message/rfc822", (b"Subject: x", None)),
        (b"M\xfcller", "text/csv; charset=windows-1252", (b"M\xfcller", "windows-1252")),
        (b"\x87@", "text/plain; charset=shift_jis", (b"\x87@", "shift_jis")),
        (b"\x81\x40", "text/plain; charset=gb2312", (b"\x81\x40", "gb2312")),
        ("Müller".encode(), "text/csv", ("Müller".encode(), "utf-8")),
        ("Müller".encode(), "TEXT/csv; header=present", ("Müller".encode(), "utf-8")),
        (b"M\xfcller", "text/csv", (b"M\xfcller", None)),
        (b"plain", "text/csv", (b"plain", None)),
        ("Müller".encode(), "application/json", ("Müller".encode(), None)),
        (b"\xff", "text/plain; charset=x-of-nobody", (b"\xff", "x-of-nobody")),
    ],
    ids=str,
)
def test_charset(content, content_type, expected):
    """RFC 2046, section 4.1.2: text is encoded for its type; of octets only what is certain."""
    part = Attachment("f", content, content_type)

    assert expected == (part.content, parameters_of(part.content_type).get("charset"))


@pytest.mark.parametrize(
    ("content", "content_type", "reason"),
    [
        ("Łódź", "text/csv; charset=iso-8859-1", "U\\+0141, which the charset 'iso-8859-1'"),
        ("ä", "text/csv; charset=us-ascii", "U\\+00E4"),
        ("a", "text/csv; charset=x-of-nobody", "cannot be encoded in the charset <11 characters>"),
        ("a", "text/csv; charset=rot13", "cannot be encoded"),
        ("a", "text/csv; charset=utf-8-sig", "cannot be encoded"),
        ("a", "text/csv; charset=unicode_escape", "cannot be encoded"),
        ("a", "text/csv; charset=idna", "cannot be encoded"),
        ("a", 'text/csv; charset=""', "cannot be encoded"),
        ("\ud800", "text/csv", "lone surrogate U\\+D800"),
        ("\ud800", "text/csv; charset=utf-8", "lone surrogate U\\+D800"),
        (b"M\xfcller", "text/csv; charset=utf-8", "not in the charset 'utf-8'"),
        (b"M\xfcller", "text/csv; charset=us-ascii", "not in the charset 'us-ascii'"),
        (b"\xff", "application/json; charset=utf-8", "not in the charset"),
        ("ä", "text/csv; charset*=utf-8''utf-8", "form of RFC 2231"),
        ("ä", "text/csv; charset=utf-8; charset=latin-1", "is not type/subtype"),
    ],
    ids=str,
)
def test_what_the_type_cannot_say(content, content_type, reason):
    """A type that lies about its octets is refused, and nothing of the content is told."""
    with pytest.raises(InvalidMessage, match=reason) as caught:
        Attachment("f", content, content_type)

    assert "ller" not in str(caught.value)


@given(
    st.text(st.characters(exclude_categories={"Cs"}), max_size=30),
    st.sampled_from(
        ["utf-8", "windows-1252", "iso-8859-15", "koi8-r", "shift_jis", "gb18030", "utf-16"]
    ),
)
def test_text_is_read_back_by_its_charset(text, charset):
    """Whatever is accepted, a reader of the type decodes to the text that was given."""
    try:
        part = Attachment("a.txt", text, f"text/plain; charset={charset}")
    except InvalidMessage:
        assert text != text.encode(charset, "ignore").decode(charset)
        return
    assert text == part.content.decode(parameters_of(part.content_type)["charset"])
    assert part == Attachment.from_dict(part.to_dict())


@given(st.binary(max_size=40))
def test_octets_keep_themselves(octets):
    """No octet changes, and a charset that is named decodes them all."""
    part = Attachment("a.txt", octets)

    assert octets == part.content
    octets.decode(parameters_of(part.content_type).get("charset", "latin-1"))
