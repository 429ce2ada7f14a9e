"""Mail that providers took apart, written again."""

from __future__ import annotations

import base64
import email
import email.policy
import re
import tracemalloc

from pathlib import Path
from typing import Any

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.inbound import (
    InboundMessage,
    InboundPart,
    ReceivedFile,
    compose_inbound,
    parse_inbound,
)
from mailcore.inbound.entity import Limits
from mailcore.inbound.splitter import split


FIXTURES = sorted((Path(__file__).parent / "fixtures/inbound").iterdir())
ANY_TEXT = st.text(max_size=200)
# What a reader leaves as it is: no controls, no encoded-words, no spaces at the ends.
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=150).map(
    lambda text: text.replace("=?", "").strip(" ")
)
NAMES = st.from_regex(r"[!-9;-~]{1,40}", fullmatch=True).filter(
    lambda name: not name.lower().startswith("content-") and name.lower() != "mime-version"
)
TYPES = st.sampled_from(
    ["image/png", "text/plain", "text/html", "application/pdf", "message/rfc822", "text/calendar"]
)


def composed(*args: Any, **kwargs: Any) -> InboundMessage:
    """Written, and read again by the strict reader: nothing in it can be read in two ways."""
    raw = compose_inbound(*args, **kwargs)
    split(raw, Limits(max_parts=1_000, max_depth=50, max_header_bytes=512 * 1024))
    return parse_inbound(raw)


def given_headers(mail: InboundMessage, count: int) -> tuple[tuple[str, str], ...]:
    """Those that were given; ours stand behind them."""
    return mail.headers.pairs[:count]


def as_given(part: InboundPart) -> tuple[Any, ...]:
    """What a file was given with."""
    return part.filename, part.content_type, part.content_id, part.inline, part.content


@given(st.lists(st.tuples(NAMES, LINES), max_size=6))
def test_headers_come_back(pairs: list[tuple[str, str]]) -> None:
    """Names and values of any header come back in their order, repeated ones too."""
    mail = composed(pairs, text="Hello")

    assert tuple(pairs) == given_headers(mail, len(pairs))
    assert "Hello" == mail.text


@given(st.none() | ANY_TEXT, st.none() | ANY_TEXT)
def test_bodies_come_back(text: str | None, html: str | None) -> None:
    """Text and HTML come back, line ends as LF; with neither, the text is empty."""
    mail = composed([], text=text, html=html)

    def as_read(body: str | None) -> str | None:
        return None if body is None else body.replace("\r\n", "\n").replace("\r", "\n")

    expected = "" if text is None and html is None else as_read(text)
    assert expected == mail.text
    assert as_read(html) == mail.html
    assert () == mail.attachments + mail.inlines


@given(
    st.lists(
        st.builds(
            ReceivedFile,
            content=st.binary(max_size=300),
            filename=LINES.filter(bool),
            content_type=TYPES,
            content_id=st.none() | st.from_regex(r"[a-z0-9.@]{1,100}", fullmatch=True),
            inline=st.booleans(),
        ),
        max_size=4,
    ),
    st.booleans(),
    st.sampled_from([(None, None), ("text", None), (None, "<p>html"), ("text", "<p>html")]),
)
def test_files_come_back(
    files: list[ReceivedFile], is_encoded: bool, bodies: tuple[str | None, str | None]
) -> None:
    """Name, type, Content-ID, place and bytes of each file come back, decoded or passed on."""
    text, html = bodies
    handed = [
        ReceivedFile(
            content_base64=base64.b64encode(file.content or b"").decode() if is_encoded else None,
            content=None if is_encoded else file.content,
            filename=file.filename,
            content_type=file.content_type,
            content_id=file.content_id,
            inline=file.inline,
        )
        for file in files
    ]

    mail = composed([("Subject", "Hi")], text=text, html=html, files=handed)

    expected = [
        (file.filename, file.content_type, file.content_id, file.inline, file.content)
        for file in files
    ]
    found = [as_given(part) for part in (*mail.attachments, *mail.inlines)]
    assert sorted(map(repr, expected)) == sorted(map(repr, found))
    assert ((text, html) if files or text or html else ("", None)) == (mail.text, mail.html)


@given(st.data())
def test_no_value_raises_or_injects(data: st.DataObject) -> None:
    """Whatever the values are, each stays what it is: a header, a body, a file."""
    wild = st.text(
        st.characters() | st.sampled_from('\r\n\0\t :;="<>?-\ud800\udfff\u2028'), max_size=80
    )
    pairs = data.draw(st.lists(st.tuples(wild, wild), max_size=4))
    files = data.draw(
        st.lists(
            st.builds(
                ReceivedFile,
                content=st.none() | st.binary(max_size=50),
                content_base64=st.none() | wild,
                filename=st.none() | wild,
                content_type=wild | TYPES.flatmap(lambda kind: wild.map(f"{kind}; x={{}}".format)),
                content_id=st.none() | wild,
                inline=st.booleans(),
            ),
            max_size=3,
        )
    )

    mail = composed(pairs, text=data.draw(wild), html=data.draw(wild), files=files)

    replaced = ("content-type", "content-transfer-encoding", "mime-version")
    kept = [name for name, _ in pairs if name.lower() not in replaced]
    ours = {name.lower() for name, _ in mail.headers.pairs[len(kept) :]}
    assert ours <= set(replaced)
    assert len(files) == len(mail.attachments) + len(mail.inlines)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_real_mail_comes_back(path: Path) -> None:
    """A mail that a provider took apart is the same mail when it was put together again."""
    mail = parse_inbound(path.read_bytes())

    again = parse_inbound(
        compose_inbound(
            mail.headers.pairs,
            text=mail.text,
            html=mail.html,
            files=[
                ReceivedFile(
                    content=part.content,
                    filename=part.filename,
                    content_type=part.content_type,
                    content_id=part.content_id,
                    inline=part.inline,
                )
                for part in (*mail.attachments, *mail.inlines)
            ],
        )
    )

    def described(mail: InboundMessage) -> tuple[Any, ...]:
        headers = [
            (name, value.strip())
            for name, value in mail.headers.pairs
            if name.lower() not in ("content-type", "content-transfer-encoding", "mime-version")
        ]
        files = sorted(repr(as_given(part)) for part in (*mail.attachments, *mail.inlines))
        return headers, mail.text or "", mail.html, files

    assert described(mail) == described(again)


@pytest.mark.parametrize(
    "value",
    [
        "Jürgen <j@example.com>",
        '"Müller, J." <j@example.com>, Äda <a@example.com>',
        "=?utf-8?q?J=C3=BCrgen?= <j@example.com>",
        "j@example.com",
        "grüße@example.com",
        "Jürgen (Büro) <j@bücher.example>",
        "Ü" * 20_000 + " <long@example.com>",
        "undisclosed-recipients:;",
        "kein Mensch, ü",
    ],
    ids=lambda value: value[:30],
)
@pytest.mark.parametrize("name", ["From", "To", "Cc", "Reply-To"])
def test_addresses_come_back(name: str, value: str) -> None:
    """Names outside ASCII are encoded without hiding the addresses that stand beside them."""
    mail = composed([(name, value)], text="")

    expected = parse_inbound(f"{name}: {value}\n\n".encode())
    attribute = {"From": "from_email", "Reply-To": "reply_to"}.get(name, name.lower())
    assert getattr(expected, attribute) == getattr(mail, attribute)
    assert expected.headers[name].replace('"', "") == mail.headers[name].replace('"', "")


def test_other_readers_understand_it() -> None:
    """The standard library reads the same names, subject, bodies and files."""
    raw = compose_inbound(
        [("From", '"Müller, J." <j@example.com>'), ("Subject", "Grüße 🎉")],
        text="Grüße\n",
        html="<p>Grüße</p>\n",
        files=[ReceivedFile(content=b"\xff\0", filename="Übersicht.pdf")],
    )

    mail = email.message_from_bytes(raw, policy=email.policy.default)

    assert "Müller, J." == mail["From"].addresses[0].display_name
    assert "Grüße 🎉" == mail["Subject"]
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    bodies = [part.get_content().replace("\r\n", "\n") for part in (text, html)]
    assert ["Grüße\n", "<p>Grüße</p>\n"] == bodies
    [file] = mail.iter_attachments()
    assert ("Übersicht.pdf", b"\xff\0") == (file.get_filename(), file.get_content())
    assert [] == [defect for part in mail.walk() for defect in part.defects]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("Subject", "a\r\nBcc: evil@example.com"), ("Subject", "a Bcc: evil@example.com")),
        (("Subject", "a\n\n--=_mixed_mailcore"), ("Subject", "a --=_mixed_mailcore")),
        (("X-A\r\nBcc: evil@example.com\r\nX", "b"), ("X-A-Bcc-evil@example.com-X", "b")),
        (("X-A: b", "c"), ("X-A-b", "c")),
        (("Überschrift", "c"), ("-berschrift", "c")),
        (("Content-Type ", "text/html"), ("Content-Type-", "text/html")),
        (("", "c"), ("X-Unnamed", "c")),
        (("N" * 5_000, "c"), ("N" * 126, "c")),
        (("X-Lone", "\ud800!"), ("X-Lone", "\ufffd!")),
        (("X-Token", "t" * 5_000), ("X-Token", "t" * 5_000)),
        (("References", "<ü@example.com> " * 3), ("References", ("<ü@example.com> " * 3).strip())),
        (("X-Number", 12), ("X-Number", "12")),
        (("X-Null", None), ("X-Null", "")),
        (("X-Mapping", {"a": 1}), ("X-Mapping", "")),
        ((5, "x"), ("5", "x")),
    ],
    ids=lambda pair: repr(pair)[:40],
)
def test_headers_are_one_line_with_a_name(header: tuple[Any, Any], expected: Any) -> None:
    """What would end a line or a name cannot; what fits no line is kept all the same."""
    raw = compose_inbound([header], text="Hello")

    mail = parse_inbound(raw)
    assert expected == mail.headers.pairs[0]
    assert "Hello" == mail.text
    assert None is mail.headers.get("bcc")


@pytest.mark.parametrize("name", ["Content-Type", "content-transfer-encoding", "MIME-VERSION"])
def test_what_described_the_original_is_replaced(name: str) -> None:
    """Fields about the form of the original mail would misdescribe ours."""
    mail = composed([("Subject", "Hi"), (name, "base64")], text="Hello")

    assert 1 >= len(mail.headers.get_all(name))
    assert "base64" not in mail.headers.values()
    assert "Hello" == mail.text


def test_a_disposition_of_the_whole_mail_hides_no_body() -> None:
    """A mail that was one attachment keeps that header; its text is still a text."""
    mail = composed([("Content-Disposition", "attachment; filename=x")], text="Hello")

    assert "attachment; filename=x" == mail.headers["content-disposition"]
    assert "Hello" == mail.text


@pytest.mark.parametrize(
    ("encoded", "content"),
    [
        ("aGVsbG8=", b"hello"),
        ("aGVsbG8", b"hello"),
        ("aGVs\r\nbG8=\r\n", b"hello"),
        ("-_-_", b"\xfb\xff\xbf"),
        ("aGVsbG8=aGVsbG8=", b"hellohello"),
        ("aGVsbG8h!aGVsb", b"hello!hel"),
        ("aGVsb", b"hel"),
        ("ä" * 10, b""),
        ("", b""),
        ("====", b""),
        (None, b""),
        (7, b""),
        (base64.b64encode(b"x" * 100_000).decode(), b"x" * 100_000),
        (base64.encodebytes(b"y" * 100_000).decode(), b"y" * 100_000),
        (base64.b64encode(b"z" * 90_001).decode() + "\n", b"z" * 90_001),
        (base64.b64encode(b"z" * 90_001).decode().rstrip("="), b"z" * 90_001),
    ],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.parametrize("content_type", ["image/png", "message/rfc822"])
def test_base64_is_read_as_far_as_it_is_some(
    content_type: str, encoded: Any, content: bytes
) -> None:
    """Wrapped, URL-safe, unpadded, cut off or no base64 at all: the file is there."""
    mail = composed(
        [],
        text="Hello",
        files=[ReceivedFile(content_base64=encoded, filename="a", content_type=content_type)],
    )

    [file] = mail.attachments
    assert ("a", content_type, content) == (file.filename, file.content_type, file.content)


@pytest.mark.parametrize(
    ("given_type", "content_type", "parameters"),
    [
        ("text/calendar; method=REQUEST", "text/calendar", {"method": "REQUEST"}),
        ('Image/PNG; name="ü.png"', "image/png", {"name": "ü.png"}),
        ("text/plain; charset=utf-16", "text/plain", {"charset": "utf-16"}),
        ("multipart/mixed; boundary=x", "application/octet-stream", {}),
        ("", "application/octet-stream", {}),
        ("png", "application/octet-stream", {}),
        ("image/png\r\nX-Evil: 1", "application/octet-stream", {}),
        ("image/png; a=" + "b" * 100_000, "image/png", {}),
        (None, "application/octet-stream", {}),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_content_types(given_type: Any, content_type: str, parameters: dict[str, str]) -> None:
    """Types keep their parameters; what is no type of a file becomes the general one."""
    mail = composed(
        [], files=[ReceivedFile(content=b"\xff\xfex\0", content_type=given_type, filename="a")]
    )

    [file] = mail.attachments
    assert (content_type, parameters) == (file.content_type, file.parameters)
    assert b"\xff\xfex\0" == file.content


@pytest.mark.parametrize(
    ("given_name", "filename"),
    [
        ("a.txt", "a.txt"),
        ('a".txt\r\nX-Evil: 1', 'a".txt X-Evil: 1'),
        ("Übersicht €.pdf", "Übersicht €.pdf"),
        ("日" * 1_000 + ".pdf", "日" * 251 + ".pdf"),
        ("x" * 1_000, "x" * 255),
        ("\ud800.txt", "\ufffd.txt"),
        ("", None),
        (None, None),
        (["a"], None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_file_names(given_name: Any, filename: str | None) -> None:
    """A name is what it was on one line; much too long ones keep their extension."""
    mail = composed([], text="Hello", files=[ReceivedFile(content=b"x", filename=given_name)])

    assert [filename] == [file.filename for file in mail.attachments]


@pytest.mark.parametrize("content_type", ["text/plain", "text/html"])
def test_a_file_does_not_become_the_body(content_type: str) -> None:
    """A nameless inline text stays a file, even if the mail has no body of that kind."""
    other = {"html": "<p>"} if content_type == "text/plain" else {"text": "Hello"}
    file = ReceivedFile(content=b"file", content_type=content_type, inline=True)

    mail = composed([], files=[file], **other)

    assert (other.get("text"), other.get("html")) == (mail.text, mail.html)
    assert [b"file"] == [part.content for part in (*mail.attachments, *mail.inlines)]


@pytest.mark.parametrize("kind", ["message/rfc822", "message/delivery-status"])
def test_attached_messages_cannot_end_their_part(kind: str) -> None:
    """Boundaries in an attached message, our own included, end nothing."""
    first = compose_inbound([], text="a", files=[ReceivedFile(content=b"x", content_type=kind)])
    [boundary] = set(re.findall(rb'boundary="(=_mixed_[0-9a-f]+)"', first))
    content = first + b"\r\n--" + boundary + b"--\r\n--=_mixed_mailcore--\r\n" + b"\0\r\n"

    mail = composed([], text="Hello", files=[ReceivedFile(content=content, content_type=kind)])

    assert [content] == [part.content for part in mail.attachments]
    assert "Hello" == mail.text


def test_the_same_input_gives_the_same_bytes() -> None:
    """A webhook that is delivered twice is the same event."""
    files = [ReceivedFile(content=b"x", content_type=kind) for kind in ("a/b", "message/rfc822")]

    first, second = (
        compose_inbound([("Subject", "Ü")], text="a", html="b", files=files) for _ in range(2)
    )

    assert first == second


@pytest.mark.parametrize("length", [1_000_000, pytest.param(5_000_000, marks=pytest.mark.slow)])
def test_long_bodies_come_back(length: int) -> None:
    """A body of megabytes, without a line end, comes back."""
    text = ("Grüße " * (length // 6)).strip()

    mail = composed([], text=text + "\r\n", html=text)

    assert (text + "\n", text) == (mail.text, mail.html)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["plain", "wrapped", "decoded", "message"])
def test_memory_is_bounded_by_the_result(form: str) -> None:
    """Beside its input, writing takes at most 1.4 times the file's size in base64."""
    content = bytes(range(256)) * 16_384
    encoded = base64.b64encode(content).decode()
    file = {
        "plain": ReceivedFile(content_base64=encoded),
        "wrapped": ReceivedFile(content_base64=base64.encodebytes(content).decode()),
        "decoded": ReceivedFile(content=content),
        "message": ReceivedFile(content_base64=encoded, content_type="message/rfc822"),
    }[form]
    compose_inbound([], text="warm up", files=[ReceivedFile(content=b"x")])
    tracemalloc.start()
    try:
        raw = compose_inbound([("Subject", "Hi")], text="Hello", files=[file])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert 1.4 * len(encoded) > peak
    assert content == parse_inbound(raw).attachments[0].content


def test_lines_are_short() -> None:
    """Lines of what is written have at most 76 octets, and end in CRLF."""
    raw = compose_inbound(
        [("Subject", "Grüße " * 50), ("X-Words", "word " * 500)],
        text="long " * 500,
        files=[ReceivedFile(content=b"x" * 1_000, filename="ü" * 100)],
    )

    lines = raw.split(b"\r\n")
    assert 76 >= max(map(len, lines))
    assert raw.count(b"\n") == raw.count(b"\r") == len(lines) - 1


def test_a_repr_shows_nothing_of_the_mail() -> None:
    """Files of strangers stay out of logs."""
    file = ReceivedFile(content=b"secret", filename="ada@example.com.pdf", content_id="secret")

    assert "ReceivedFile(content_type='application/octet-stream', inline=False)" == repr(file)
