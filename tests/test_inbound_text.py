"""What header fields of received mail say: words, parameters, addresses, file names."""

from __future__ import annotations

import os
import time

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from mailcore.address import Address
from mailcore.address.encoded_words import encode_words
from mailcore.inbound import InboundAddress, parse_inbound, read_addresses
from mailcore.inbound.filename import safe_filename
from mailcore.inbound.headers import message_ids
from mailcore.inbound.parameters import read_parameters
from mailcore.inbound.words import decode_words, header_text
from mailcore.mime.parameters import content_disposition_field


ONE_LINE = st.text(
    st.characters(exclude_categories={"Cc", "Cs"}, exclude_characters="\u2028\u2029"), max_size=200
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b" Hi\r\n", "Hi"),
        (b"one\r\n two\n\tthree", "one two three"),
        (b"=?utf-8?q?a=C3=A4?= =?iso-8859-1?q?=F6?=", "aäö"),
        (b"=?utf-8?q?=C3?=\r\n =?UTF-8?q?=A4?=", "ä"),
        (b"Re: =?utf-8?b?w6Q=?= =?utf-8?q?_b?= c =?utf-8?q?d?=", "Re: ä b c d"),
        (b"=?utf-8?q?=FF?=", "\ufffd"),
        (b"=?utf-8*en?q?language?=", "language"),
        (b"=?utf-8?q?two words?=", "two words"),
        (b"=?utf-8?q?Really??=", "Really?"),
        (b"=?utf-8?b?w6Q?=", "ä"),
        (b"=?utf-8?b?a?= is no word", "=?utf-8?b?a?= is no word"),
        (b"=?nonsense?q?=E4b?=", "\ufffdb"),
        (b"=?utf-7?q?+2AA-?=", "\ufffd"),
        (b"=?utf-8?x?a?= =?utf-8", "=?utf-8?x?a?= =?utf-8"),
        ("ä".encode(), "ä"),
        (b"\xe4", "ä"),
        (b"=?us-ascii?q?a=0D=0Ab=00?=", "a b "),
        (b"\x1b$BF|K\\8l\x1b(B!", "日本語!"),
        (b"=?iso-8859-1?q?It=92s?=", "It’s"),
        (b"=?shift_jis?b?h0A=?=", "①"),
        (b"=?utf-8;format=flowed?q?=C3=A4?=", "ä"),
        ("Картинка".encode()[:-1], "Картинк\ufffd"),
    ],
)
def test_words(value: bytes, text: str):
    """RFC 2047 as it is written and as it should be (85)."""
    assert text == header_text(value)[0]


@given(ONE_LINE)
def test_words_that_we_write_are_read(text: str):
    """The decoder is the inverse of the encoder."""
    assert (text, "") == decode_words(" ".join(encode_words(text)))


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        (b"text/plain; name*=us-ascii''TPS%20Report", "name", "TPS Report"),
        (b"attachment; filename*=iso-8859-1''na%EFve.txt", "filename", "naïve.txt"),
        (b"a; filename*0*=utf-8'de'%C3; filename*1*=%A4; filename*2=.txt", "filename", "ä.txt"),
        (b"a; filename*1=b; filename*0=a", "filename", "ab"),
        (b"a; filename*0=a; filename*2=c", "filename", "a"),
        (b"a; filename=x; filename*=utf-8''y", "filename", "y"),
        (b"a; filename=x; FILENAME=y", "filename", "x"),
        (b'a; filename="a;b\\"c"; d=e', "filename", 'a;b"c'),
        (b'a; filename="Outlook-Icon\n\n Desc.png"', "filename", "Outlook-Icon Desc.png"),
        (b'a; filename="=?utf-8?q?caf=C3=A9?="', "filename", "café"),
        ('a; filename="café"'.encode(), "filename", "café"),
        (b'a; filename="C:\\Users\\me\\a.txt"', "filename", "C:\\Users\\me\\a.txt"),
        (b"a; filename = a b.pdf ; c=d", "filename", "a b.pdf"),
        (b'a; filename="open', "filename", "open"),
        (b"a; filename*=nonsense''%C3%A4", "filename", "ä"),
        (b"a; filename*=%41", "filename", "A"),
        (b"text/plain (comment); charset=x", "charset", "x"),
        (b'text/plain; charset=us-ascii (Plain "text"; x)', "charset", "us-ascii"),
        (b"text/plain; (c; charset=y) charset (c) = (d) x", "charset", "x"),
        (b"text/plain charset=x", "charset", "x"),
        (b"text/plain, charset=x", "charset", "x"),
        (b"attachment filename=a.txt", "filename", "a.txt"),
        (b"a; filename=a (1).pdf; b=c", "filename", "a (1).pdf"),
        (b'a; filename="a (1).pdf" (c)', "filename", "a (1).pdf"),
        (b"a (; filename=b); filename=a", "filename", "a"),
    ],
)
def test_parameters(raw: bytes, name: str, value: str):
    """RFC 2231, RFC 2047 and what programs write instead (86, 92)."""
    assert value == read_parameters(raw).parameters[name]


@pytest.mark.parametrize(
    "raw",
    [
        *(b"text/html", b"Text/HTML (c)", b"(c) text/html", b"text / html; x=y", b"text/(c)html"),
        *(b"text/html charset=x", b"text/html;", b"text/html (a; b) ; c=d", b"\r\n text/html"),
    ],
)
def test_values_with_comments(raw: bytes):
    """RFC 2045, 5.1: comments and white space stand between tokens."""
    assert "text/html" == read_parameters(raw).value


@given(ONE_LINE.filter(str.strip))
@example('a";\\')
def test_parameters_that_we_write_are_read(filename: str):
    """The reader is the inverse of the writer."""
    field = content_disposition_field("attachment", filename).encode()
    read = read_parameters(field.partition(b":")[2])

    assert ("attachment", filename) == (read.value, read.parameters["filename"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada <ada@example.com>", [("ada@example.com", "Ada")]),
        ("MAILER-DAEMON", [("MAILER-DAEMON", "")]),
        ("Mail System <MAILER-DAEMON>", [("MAILER-DAEMON", "Mail System")]),
        ("undisclosed-recipients:;", []),
        ("undisclosed recipients: ;", []),
        ("<>", []),
        (",, ,", []),
        ("Team: a@x.example, Bo <b@x.example>;", [("a@x.example", ""), ("b@x.example", "Bo")]),
        ("A: a@x.example;, B: b@x.example;", [("a@x.example", ""), ("b@x.example", "")]),
        ("a@x.example; b@x.example", [("a@x.example", ""), ("b@x.example", "")]),
        (
            "Doe, John <j@x.example>, b@x.example",
            [("j@x.example", "Doe, John"), ("b@x.example", "")],
        ),
        ("a@x.example <b@y.example>", [("b@y.example", "a@x.example")]),
        ('"Ada <a@x.example>, b@x.example', [("a@x.example", "Ada"), ("b@x.example", "")]),
        ("a@b@x.example", [("a@b@x.example", "")]),
        ("one, two", [("one", ""), ("two", "")]),
        ("=?utf-8?q?Dep?= =?utf-8?q?artamento?= <a@x.example>", [("a@x.example", "Departamento")]),
        ("=?utf-8?q?Doe=2C_J?= <a@x.example>", [("a@x.example", "Doe, J")]),
        ("=?utf-8?q?=3Ceve=40y.example=3E?= <a@x.example>", [("a@x.example", "<eve@y.example>")]),
        ("=?utf-8?q?a=0D=0Ab?= <a@x.example>", [("a@x.example", "a b")]),
        ("x@xn--caf-dma.example", [("x@xn--caf-dma.example", "")]),
    ],
)
def test_addresses(text: str, expected: list[tuple[str, str]]):
    """Nothing that may be an address is lost, and no name becomes one (17, 139, 145)."""
    found = read_addresses(text, "To").addresses

    assert expected == [(address.addr_spec, address.display_name) for address in found]


def test_address_to_write_to():
    """A valid address can be sent to; the others say that they cannot."""
    valid = InboundAddress("ada@example.com", "Lovelace, Ada")

    assert Address("ada@example.com", "Lovelace, Ada") == valid.address
    assert valid.address == Address.parse(str(valid))
    assert Address("a@example.com") == InboundAddress("a@example.com", "a\u202eb").address
    assert InboundAddress("MAILER-DAEMON").address is None
    assert ("MAILER-DAEMON", "") == (
        InboundAddress("MAILER-DAEMON").username,
        InboundAddress("MAILER-DAEMON").domain,
    )
    assert "ada@example.com" == InboundAddress("Ada@Example.com").key
    assert "ada@" not in repr(valid)


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b"<a@b>\r\n\t<c@d>", ("<a@b>", "<c@d>")),
        (b"<a@b><c@d>, text", ("<a@b>", "<c@d>")),
        (b"a@b", ("<a@b>",)),
        (b"<a@\r\n b>", ("<a@b>",)),
        (b"<> text", ()),
        (b"", ()),
    ],
)
def test_message_ids(value: bytes, ids: tuple[str, ...]):
    """Ids as they are needed for an answer."""
    assert ids == message_ids(value)


@pytest.mark.parametrize(
    ("filename", "safe"),
    [
        ("/etc/passwd", "passwd"),
        ("../../x.txt", "x.txt"),
        ("C:\\fakepath\\x.pdf", "x.pdf"),
        ("a\uff0fb", "b"),
        ("..", "attachment"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("", "attachment"),
        (None, "attachment"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("a:b*c?.txt", "a_b_c_.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\nc.txt", "ab c.txt"),
        ("name. . ", "name"),
        ("x" * 300 + ".jpeg", "x" * 195 + ".jpeg"),
        ("ä" * 300, "ä" * 100),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_safe_filename(filename: str | None, safe: str):
    """A name is one name, on every file system (93)."""
    assert safe == safe_filename(filename)


@given(st.text(max_size=300))
def test_safe_filename_is_always_one(filename: str):
    """No text leads out of a directory or into a special file."""
    safe = safe_filename(filename)

    assert safe == os.path.basename(safe)  # noqa: PTH119 - what paths are about
    assert 0 < len(safe.encode()) <= 200
    assert not set(safe) & set('\\/:*?"<>|\x00\n\r')
    assert safe not in (".", "..")
    assert safe == safe_filename(safe)


@pytest.mark.parametrize("piece", [".", ". ", "-.", " ", "\u2028", "..\\", "con."])
def test_long_names_take_linear_time(piece: str):
    """300 KB of what is cut off at the ends, in the middle of a name."""
    start = time.process_time()

    assert len(safe_filename("a" + piece * (300_000 // len(piece)) + "b")) <= 200

    assert time.process_time() - start < 5


def test_file_without_a_name_gets_an_extension():
    """The usual one of its type."""
    mail = parse_inbound(b"Content-Type: application/pdf\r\n\r\nx")

    assert mail.attachments[0].filename is None
    assert "attachment.pdf" == mail.attachments[0].safe_filename()


@pytest.mark.parametrize("size", [30_000, pytest.param(300_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "piece",
    [
        *("=?x?q?", "=?x?q?a?b", "=?x?b?YQ==?= ", "a;", 'a="', ';"', 'a;b="\\', ";a= ", "(", "(\\"),
        *(" ", '"', "<", "<>", "a,", "a@b,", "a@b;", "a:;,", ":;", "a <b@c", "a@", "a:b;c,", "x"),
    ],
)
def test_hostile_fields_take_linear_time(piece: str, size: int):
    """Whatever makes patterns and recursion explode: 60 KB a second at least, however long."""
    value = (piece * (size // len(piece))).encode()
    raw = b"From: " + value + b"\r\nSubject: " + value
    raw += b"\r\nContent-Type: text/plain; " + value + b"\r\n\r\nx"
    start = time.process_time()
    mail = parse_inbound(raw, max_header_bytes=len(raw))
    assert isinstance(mail.defects, tuple)

    assert time.process_time() - start < size / 60_000
