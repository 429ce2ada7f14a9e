"""Properties of whole mails: what is written, the stdlib reads back unchanged."""

from __future__ import annotations

import unicodedata

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses

from hypothesis import given
from hypothesis import strategies as st

from mailcore.address import Address
from mailcore.message import Attachment, Message
from mailcore.mime import write_message


# What a display name refuses: controls, formats, surrogates, line separators.
NOT_IN_NAMES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
NOT_IN_LINES = {"Cc", "Cs", "Zl", "Zp"}

BODY = st.text(
    st.one_of(st.sampled_from("=.\r\n \tF-_"), st.characters(exclude_categories={"Cs"})),
    max_size=300,
)
LINE = st.text(
    st.one_of(st.sampled_from(" =?,<>"), st.characters(exclude_categories=NOT_IN_LINES)),
    max_size=300,
)
NAME = st.text(
    st.one_of(
        st.sampled_from('"\\,;:<>()[]@. =?'), st.characters(exclude_categories=NOT_IN_NAMES)
    ).filter(lambda character: unicodedata.category(character) not in NOT_IN_NAMES),
    max_size=120,
)
ADDRESS = st.builds(
    Address,
    st.sampled_from(["a@example.com", '"a b"@example.com', "x.y+z@sub.faß.example"]),
    NAME.map(str.strip),
)
FILENAME = st.none() | st.text(
    st.characters(exclude_categories=NOT_IN_LINES), min_size=1, max_size=80
)
ATTACHMENT = st.builds(
    Attachment,
    FILENAME,
    st.binary(max_size=200) | BODY.map(str.encode),
    st.sampled_from(["text/csv", "application/pdf", "image/png", "text/plain; charset=iso-8859-1"]),
    content_id=st.sampled_from([None, "a@inline"]),
)
HEADERS = st.dictionaries(st.sampled_from(["X-One", "X-Two", "Comments"]), LINE)
MESSAGE = st.builds(
    Message,
    from_email=ADDRESS,
    other_authors=st.lists(ADDRESS, max_size=2),
    to=st.lists(ADDRESS, max_size=3),
    cc=st.lists(ADDRESS, max_size=3),
    reply_to=st.lists(ADDRESS, max_size=2),
    bcc=st.just(["secret@example.org"]),
    subject=LINE,
    text=BODY,
    html=BODY | st.just("<img src=cid:a@inline>"),
    alternatives=st.lists(st.tuples(BODY, st.sampled_from(["text/calendar", "text/x-amp-html"]))),
    attachments=st.lists(
        ATTACHMENT, max_size=3, unique_by=lambda part: part.content_id or object()
    ),
    headers=HEADERS,
)


def crlf(text: str) -> str:
    """A text with the line ends of a mail."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def decoded(value: str) -> str:
    """A header value as RFC 2047 has it; an ASCII value of ours is never encoded."""
    return str(make_header(decode_header(value)))


def unfolded(mail, name: str) -> str:
    """The raw value of a header, with its line breaks removed and nothing else."""
    return mail.get(name, "").replace("\r\n", "")


@given(MESSAGE)
def test_lines(message):
    """Every mail is ASCII, with CRLF only, and its lines fit."""
    data = write_message(message)

    lines = data.split(b"\r\n")
    assert data.isascii()
    assert all(len(line) <= 998 for line in lines)
    assert all(b"\r" not in line and b"\n" not in line for line in lines)
    assert b"secret" not in data
    head = data.partition(b"\r\n\r\n")[0]
    assert all(line.strip() for line in head.split(b"\r\n"))


@given(MESSAGE)
def test_headers_are_read_back(message):
    """Subject, addresses and headers come back as they were, spaces at their ends aside."""
    mail = message_from_bytes(write_message(message), policy=policy.compat32)

    subject = message.subject.strip(" \t")
    shown = unfolded(mail, "Subject")
    assert subject == (decoded(shown) if "=?" in shown else shown)
    for name, value in message.headers.items():
        raw = unfolded(mail, name)
        assert value.strip(" \t") == (raw if value.isascii() else decoded(raw))
    for name, addresses in (
        ("From", message.authors),
        ("Sender", [message.from_email] if message.other_authors else []),
        ("Cc", message.cc),
        ("Reply-To", message.reply_to),
    ):
        raw = unfolded(mail, name)
        found = [
            (decoded(display) if "=?" in display else display, addr_spec)
            for display, addr_spec in getaddresses([raw])
            if addr_spec
        ]
        assert [(one.display_name, one.ascii_addr_spec) for one in addresses] == found


@given(MESSAGE)
def test_bodies_are_read_back(message):
    """Text and HTML come back with CRLF line ends, without a defect in the whole mail."""
    mail = message_from_bytes(write_message(message), policy=policy.default)

    leaves = [part for part in mail.walk() if not part.is_multipart()]
    assert not [part.defects for part in mail.walk() if part.defects]
    bodies = [part for part in leaves if part.get_content_disposition() is None]
    expected = {
        "text/plain": [message.text],
        "text/html": [message.html],
        **{
            kind: [one.content for one in message.alternatives if one.mime_type == kind]
            for kind in ("text/x-amp-html", "text/calendar")
        },
    }
    for kind, texts in expected.items():
        found = [part.get_content() for part in bodies if part.get_content_type() == kind]
        wanted = [crlf(text) for text in texts if text]
        # A mail without any body has an empty text.
        assert wanted == [text for text in found if text]


@given(MESSAGE)
def test_attachments_are_read_back(message):
    """Every attachment keeps its octets, name and type; pictures of the HTML come first."""
    mail = message_from_bytes(write_message(message), policy=policy.default)

    found = [
        (
            part.get_filename(),
            part.get_content_type(),
            part["Content-ID"],
            part.get_payload(decode=True),
        )
        for part in mail.walk()
        if part.get_content_disposition() is not None
    ]
    is_named = "cid:a@inline" in message.html
    assert [
        (
            # The stdlib strips the name itself.
            one.filename and one.filename.strip(),
            one.mime_type,
            f"<{one.content_id}>" if one.inline and is_named else None,
            one.content,
        )
        for one in sorted(message.attachments, key=lambda one: not (one.inline and is_named))
    ] == found


@given(MESSAGE)
def test_same_input_same_bytes(message):
    """Nothing but boundary, date and message id varies, also after a trip through JSON."""
    headers = [("Date", "Thu, 01 Jan 1970 00:00:00 +0000")]
    first, second = (
        write_message(one, boundary="b", message_id="a@b", extra_headers=headers)
        for one in (message, Message.from_dict(message.to_dict()))
    )

    assert first == second
