"""Hostile mail: bombs of parts, depth and header fields; memory; and nothing ever raises."""

from __future__ import annotations

import base64
import time
import tracemalloc

from collections.abc import Callable

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from mailcore.inbound import InboundMessage, InboundPart, parse_inbound


HEADER = b"From: ada@example.com\r\nDate: Mon, 1 Jun 2026 12:00:00 +0000\r\n"
MULTIPART = HEADER + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
MEGABYTE = 1024 * 1024


def everything(mail: InboundMessage) -> list[InboundPart]:
    """All parts of a mail."""
    bodies = (mail.text_part, mail.html_part)
    return [*filter(None, bodies), *mail.attachments, *mail.inlines]


def peak_bytes(function: Callable[[], object]) -> int:
    """Most bytes held at once during a call, beyond those held before it."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def nested(depth: int) -> bytes:
    """Multiparts within each other, opened and closed, with one text."""
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%dx\r\n\r\n--b%dx\r\n" % (level, level)
        for level in range(depth)
    )
    closed = b"".join(b"\r\n--b%dx--\r\n" % level for level in reversed(range(depth)))
    return HEADER + opened + b"\r\ntext" + closed


@pytest.mark.parametrize("close", [b"--b--\r\n", b""], ids=["regular", "irregular"])
def test_too_many_parts(close: bytes):
    """What is behind the last part allowed is one attachment."""
    parts = b"".join(b"--b\r\n\r\n%d\r\n" % number for number in range(100))
    mail = parse_inbound(MULTIPART + parts + close, max_parts=10)

    assert "0" == mail.text
    assert [b"%d" % number for number in range(1, 10)] == [p.content for p in mail.attachments[:9]]
    assert (parts + close).endswith(mail.attachments[-1].content)
    assert b"\r\n99\r\n" in mail.attachments[-1].content
    assert len(mail.attachments) <= 11
    assert any("more than 10 parts" in defect for defect in mail.defects)


def test_as_many_parts_as_allowed():
    """The limit itself is no defect."""
    parts = b"".join(b"--b\r\n\r\n%d\r\n" % number for number in range(10))
    mail = parse_inbound(MULTIPART + parts + b"--b--\r\n", max_parts=10)

    assert 9 == len(mail.attachments)
    assert () == mail.defects


@pytest.mark.parametrize(("depth", "defects"), [(5, 0), (6, 1), (400, 1)])
def test_too_deep(depth: int, defects: int):
    """Multiparts below the limit are not taken apart."""
    mail = parse_inbound(nested(depth), max_depth=5)

    assert defects == len([defect for defect in mail.defects if "deeper than 5" in defect])
    assert (mail.text is None) == bool(defects)
    if defects:
        (opaque,) = mail.attachments
        assert "multipart/mixed" == opaque.content_type
        assert b"\r\ntext" in opaque.content


@pytest.mark.parametrize("field", [b"a:\r\n", b"X-Long: " + b"x" * 5_000 + b"\r\n", b" \r\n"])
def test_too_much_header(field: bytes):
    """Header fields end at the limit, the rest is one attachment."""
    raw = HEADER + b"X: y\r\n" + field * (20_000 // len(field)) + b"Subject: lost\r\n\r\nbody"
    mail = parse_inbound(raw, max_header_bytes=10_000)

    assert "ada@example.com" == mail.from_email.addr_spec  # type: ignore[union-attr]
    assert mail.subject is None
    assert any("exceed 10000 bytes" in defect for defect in mail.defects)
    assert mail.attachments[-1].content.endswith(b"Subject: lost\r\n\r\nbody")
    assert len(raw) - len(mail.attachments[-1].content) <= 10_000


def test_header_fields_of_parts_count_together():
    """A thousand parts with 1 KB of header each are a bomb, too."""
    part = b"--b\r\nX: " + b"x" * 1_000 + b"\r\n\r\ntext\r\n"
    raw = MULTIPART + part * 100 + b"--b--\r\n"
    mail = parse_inbound(raw, max_header_bytes=20_000)

    assert 15 < len(mail.attachments) < 25
    assert raw.endswith(mail.attachments[-1].content)
    assert any("exceed 20000 bytes" in defect for defect in mail.defects)


@pytest.mark.slow
@pytest.mark.parametrize(
    "raw",
    [
        MULTIPART + b"--b\n\n" * 100_000,
        MULTIPART + b"--b\n" * 100_000,
        MULTIPART + b"--b\na:\n" * 60_000,
        MULTIPART + b"--c\n" * 100_000,
        MULTIPART + b"--\n" * 150_000,
        HEADER + b"a:\n" * 150_000,
        HEADER + b" \n" * 250_000,
        HEADER + b"\n" * 400_000,
        HEADER + b"\r" * 400_000,
        HEADER + b"\r\n\r--" * 100_000,
        HEADER + b"\n" + b"a\n" * 250_000,
        HEADER + b"broken\n" + b"a\n" * 250_000,
        HEADER + b"broken\n" + b"-- a\n" * 100_000,
        HEADER + b'Content-Type: multipart/mixed; boundary="' + b";" * 300_000 + b'"\n\n--;\n',
        HEADER + b"Content-Type: multipart/mixed; boundary=" + b"b" * 300_000 + b"\n\n--b\n",
        HEADER + b"Content-Type: multipart/mixed; boundary*" + b"0" * 300_000 + b"=b\n\n--b\n",
        HEADER + b"Content-Type: multipart/mixed; boundary*=%00''b\n\n--b\n",
        nested(2_000),
        b"".join(b"Content-Type: message/rfc822\n\n" for _ in range(15_000)),
        MULTIPART + b"--b\nContent-Type: message/delivery-status\n\n" + b"a: b\n\n" * 80_000,
    ],
    ids=lambda raw: f"{raw[-60:-30]!r}",
)
def test_bombs(raw: bytes):
    """Half a megabyte made to explode: bounded in time and memory, and nothing raises."""
    start = time.process_time()

    def read() -> None:
        mail = parse_inbound(raw)
        assert mail.from_email is None or mail.from_email.domain == "example.com"
        assert len(everything(mail)) <= 1_002

    peak = peak_bytes(read)
    # 2 × the message, and what a thousand parts and eight thousand header fields may take.
    assert peak < 2 * len(raw) + 15 * MEGABYTE
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("lost", "lost_content", "tail"),
    [(0, 0, b"\r\n--b--\r\n"), (0, 0, b""), (20, 13, b"")],
    ids=["regular", "not closed", "cut off"],
)
def test_memory_of_a_large_file(lost: int, lost_content: int, tail: bytes):
    """Reading a mail and its file takes less than one and a half times the mail."""
    file = base64.encodebytes(bytes(range(256)) * 8_192)
    part = b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = MULTIPART + b"--b\r\n\r\ntext\r\n" + part + file[: len(file) - lost] + tail
    sizes: list[int] = []

    def read() -> None:
        mail = parse_inbound(raw)
        assert "text" == mail.text
        sizes.extend(len(part.content) for part in mail.attachments)

    assert peak_bytes(read) < 1.5 * len(raw)
    assert [2 * MEGABYTE - lost_content] == sizes
    assert peak_bytes(lambda: parse_inbound(raw).attachments) < 0.1 * len(raw)


def test_approximate_size():
    """The size is known without decoding."""
    content = b"x" * 100_000
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    mail = parse_inbound(
        HEADER + b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded
    )

    assert 96_000 < mail.attachments[0].approximate_size < 104_000
    assert content == mail.attachments[0].content


FRAGMENTS = st.sampled_from(
    [
        *(
            b"From: ",
            b"To: ",
            b"Subject: ",
            b"Date: ",
            b"Content-Type: ",
            b"multipart/mixed; boundary=",
        ),
        *(
            b"text/plain; charset=",
            b"Content-Disposition: ",
            b"attachment; filename*0*=",
            b"utf-8''%",
        ),
        *(
            b"\r\n",
            b"\n",
            b"\r",
            b"\r\n\r\n",
            b"--b",
            b"--b--",
            b"b",
            b'"',
            b"=?utf-8?q?",
            b"?=",
            b" ",
        ),
        *(
            b"Content-Transfer-Encoding: ",
            b"base64",
            b"quoted-printable",
            b"uuencode",
            b"begin 644 a",
        ),
        *(
            b"message/rfc822",
            b"message/delivery-status",
            b"<",
            b">",
            b"@",
            b",",
            b";",
            b":",
            b"(",
            b"*",
        ),
        *(b"\xff", b"\x00", b"utf-7", b"+2AA-", b"idna", b"hex", b"Message-ID: ", b"References: "),
    ]
)


@given(st.lists(FRAGMENTS | st.binary(max_size=8), max_size=60).map(b"".join))
@example(b"Content-Type: text/plain; charset=\x00")
@example(b"Content-Transfer-Encoding: uuencode\n\nbegin 644 a\n\xff\xff\n")
def test_nothing_raises(raw: bytes):
    """Whatever the bytes are: every property of the mail and its parts can be asked for."""
    mail = parse_inbound(raw)
    values: list[object] = [
        getattr(mail, name)
        for name in dir(InboundMessage)
        if not name.startswith("_") and isinstance(name, str)
    ]
    for part in everything(mail):
        values += [
            getattr(part, name)
            for name in dir(InboundPart)
            if not name.startswith("_") and name not in ("message", "text", "safe_filename")
        ]
        values += [
            part.text(),
            part.safe_filename(),
            repr(part),
            part.is_message and part.message(),
        ]

    assert all("\r" not in str(value) for value in (mail.subject, mail.text, mail.from_email))
    assert values
