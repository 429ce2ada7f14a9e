"""Mail made from the parts of requests, and the JSON that they are read from."""

from __future__ import annotations

import json

from datetime import datetime, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.inbound import ReceivedFile, parse_inbound
from mailcore_local.composing import Mailbox, compose
from mailcore_local.documents import NotReadable, read_json


AT = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("mailbox", "text"),
    [
        (Mailbox("a@example.com"), "a@example.com"),
        (Mailbox("a@example.com", "Ada"), "Ada <a@example.com>"),
        (Mailbox("a@example.com", 'Shop "A", Inc.'), '"Shop \\"A\\", Inc." <a@example.com>'),
        (Mailbox("a@example.com", "Ädä\r\nBcc: x"), '"Ädä Bcc: x" <a@example.com>'),
    ],
)
def test_mailbox(mailbox: Mailbox, text: str):
    """A name is quoted where it has to be, and has one line."""
    assert text == str(mailbox)


def test_the_parts_are_read_back():
    """What went in comes out of a parser, names and texts outside ASCII too."""
    raw = compose(
        message_id="1@local",
        sender=Mailbox("shop@example.com", "Büro, Inc."),
        to=[Mailbox("ada@example.net", "Ädä"), "bob@example.net"],
        cc=[Mailbox("c@example.net")],
        reply_to=["r@example.com"],
        subject="Grüße",
        text="Hallo ü",
        html='<p>ü</p><img src="cid:logo">',
        headers=[("X-Order", "7")],
        files=[
            ReceivedFile(content=b"%PDF", filename="é.pdf", content_type="application/pdf"),
            ReceivedFile(content=b"png", content_type="image/png", content_id="logo", inline=True),
        ],
        at=AT,
    )
    mail = parse_inbound(raw)

    assert "Grüße" == mail.subject
    assert ("Hallo ü", '<p>ü</p><img src="cid:logo">') == (
        mail.text.strip(),
        mail.html.strip(),
    )
    assert ["Büro, Inc.", "Ädä", ""] == [a.display_name for a in (mail.from_email, *mail.to)]
    assert ["é.pdf"] == [part.filename for part in mail.attachments]
    assert ["logo"] == [part.content_id for part in mail.inlines]
    assert b"Date: Mon, 30 Nov 2026 12:00:00 +0000\r\n" in raw
    assert b"Message-ID: <1@local>\r\n" in raw
    assert b"X-Order: 7\r\n" in raw


def test_a_header_of_the_request_wins():
    """There is one Message-ID and one Reply-To, whatever the request has in its headers."""
    raw = compose(
        message_id="1@local",
        sender="a@example.com",
        to=["b@example.com"],
        reply_to=["c@example.com"],
        subject="",
        text="x",
        html=None,
        headers=[("reply-to", "d@example.com"), ("Message-Id", "<2@own>")],
        at=AT,
    )

    assert [b"reply-to: d@example.com", b"Message-Id: <2@own>"] == [
        line for line in raw.split(b"\r\n") if line.lower().startswith((b"reply", b"message"))
    ]


@given(st.text(), st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_no_value_becomes_a_header(name: str, subject: str, headers: list[tuple[str, str]]):
    """Whatever the parts are, a mail with one From and one Subject is written."""
    raw = compose(
        message_id="1@local",
        sender=Mailbox("a@example.com", name),
        to=["b@example.com"],
        subject=subject,
        text="x",
        html=None,
        headers=[(f"X-{key}", value) for key, value in headers],
        at=AT,
    )
    head = raw.partition(b"\r\n\r\n")[0]

    assert 1 == sum(line.startswith(b"From:") for line in head.split(b"\r\n"))
    assert 1 == sum(line.startswith(b"Subject:") for line in head.split(b"\r\n"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": NaN}',
        b"-Infinity",
        b"1e999",
        b'"\\ud800"',
        b'{"\\udc00": 1}',
        b"\xff",
        b"[" * 100_000,
        b"[" * 300 + b"]" * 300,
        b"1" * 10_000,
    ],
)
def test_what_is_no_document(body: bytes):
    """Each of these is refused, and none of them with another error."""
    with pytest.raises(NotReadable):
        read_json(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_documents_are_read(value: object):
    """A document is what the standard library wrote, with a byte order mark or without."""
    body = json.dumps(value).encode()

    assert value == read_json(body) == read_json(b"\xef\xbb\xbf" + body)
