"""Content-Type and Content-Disposition with their parameters."""

from __future__ import annotations

from email import message_from_string, policy

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from mailcore.errors import InvalidMessage
from mailcore.mime.parameters import content_disposition_field, content_type_field


FILENAME = st.text(
    st.one_of(
        st.sampled_from("\"\\;=?'%* .é"),
        st.characters(exclude_categories={"Cc", "Cs", "Zl", "Zp"}),
    ),
    min_size=1,
    max_size=255,
)


@pytest.mark.parametrize(
    ("filename", "field"),
    [
        (None, "Content-Disposition: attachment\r\n"),
        ("report.pdf", 'Content-Disposition: attachment; filename="report.pdf"\r\n'),
        ("a b;c.pdf", 'Content-Disposition: attachment; filename="a b;c.pdf"\r\n'),
        # 47
        (
            "émoticône.img",
            "Content-Disposition: attachment; filename*=utf-8''%C3%A9motic%C3%B4ne.img\r\n",
        ),
        ('"a".txt', "Content-Disposition: attachment; filename*=utf-8''%22a%22.txt\r\n"),
        ("a  b", "Content-Disposition: attachment; filename*=utf-8''a%20%20b\r\n"),
        (
            "=?utf-8?q?x?=",
            "Content-Disposition: attachment; filename*=utf-8''%3D%3Futf-8%3Fq%3Fx%3F%3D\r\n",
        ),
        (
            "日本語" * 5,
            (
                "Content-Disposition: attachment;\r\n"
                " filename*0*=utf-8''%E6%97%A5%E6%9C%AC%E8%AA%9E%E6%97%A5%E6%9C%AC%E8%AA%9E;\r\n"
                " filename*1*=%E6%97%A5%E6%9C%AC%E8%AA%9E%E6%97%A5%E6%9C%AC%E8%AA%9E;\r\n"
                " filename*2*=%E6%97%A5%E6%9C%AC%E8%AA%9E\r\n"
            ),
        ),
    ],
)
def test_disposition(filename, field):
    """A plain name is quoted, any other written by RFC 2231; no name gives no parameter (46)."""
    assert field == content_disposition_field("attachment", filename)


@pytest.mark.parametrize(
    ("content_type", "options", "field"),
    [
        ("application/pdf", {}, "application/pdf"),
        ("application/pdf", {"filename": "a b.pdf"}, 'application/pdf; name="a b.pdf"'),
        ("image/png; name=old.png", {"filename": "new.png"}, 'image/png; name="new.png"'),
        ("image/png", {"filename": "ø.png"}, 'image/png; name="=?utf-8?b?w7gucG5n?="'),
        ("Text/CSV;Charset='x'", {}, "Text/CSV; charset='x'"),
        (
            'text/plain; charset="utf-8"; format=flowed',
            {},
            "text/plain; charset=utf-8; format=flowed",
        ),
        (
            "text/calendar; method=REQUEST",
            {"parameters": {"charset": "utf-8"}},
            "text/calendar; method=REQUEST; charset=utf-8",
        ),
        ('a/b; x="é"', {}, "a/b; x*=utf-8''%C3%A9"),
        ('a/b; x=""', {}, "a/b; x*=utf-8''"),
    ],
)
def test_content_type(content_type, options, field):
    """Parameters are kept, the file name replaces ``name``, old clients get RFC 2047 words."""
    assert f"Content-Type: {field}\r\n" == content_type_field(content_type, **options)


@given(FILENAME, st.sampled_from([policy.default, policy.compat32]))
@example("a\\", policy.compat32)
@example('\\";x', policy.compat32)
@example("x" * 255, policy.default)
@example("é" * 255, policy.default)
@example("it''s%20.txt", policy.compat32)
def test_stdlib_reads_filename_back(filename, how):
    """Any file name survives in both of the stdlib's parsers, in lines of at most 998 octets."""
    field = content_disposition_field("attachment", filename)

    parsed = message_from_string(f"{field}\r\n", policy=how)
    # The stdlib strips the name itself.
    assert filename.strip() == parsed.get_filename()
    assert field.isascii()
    assert all(len(line) <= 76 or filename in line for line in field.split("\r\n"))


@given(FILENAME)
@example("é" * 255)
@example("日" * 255)
def test_content_type_of_any_filename(filename):
    """The form for old clients never needs a line beyond 78, but for one plain long name."""
    field = content_type_field("application/pdf", filename=filename)

    assert field.isascii()
    assert all(len(line) <= 78 or filename in line for line in field.split("\r\n"))
    assert "application/pdf" == message_from_string(f"{field}\r\n").get_content_type()


def test_lone_surrogate():
    """A parameter that UTF-8 cannot express is a typed error."""
    with pytest.raises(InvalidMessage, match=r"U\+D800"):
        content_type_field('a/b; x="\ud800"')
