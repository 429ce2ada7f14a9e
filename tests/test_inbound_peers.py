"""
Generated mail, read by us and by other readers: the standard library and fast-mail-parser.

What was written is known, so what we read has to be that; and where both others agree on something,
neither the writer nor we may see it differently.
"""

from __future__ import annotations

import base64
import quopri
import random

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.address.encoded_words import encode_words
from mailcore.inbound import InboundPart, parse_inbound


TEXTS = {
    "us-ascii": ["Hello, world", "a = b; c\n> quoted\n\nEnd", "-- \nAda"],
    "utf-8": ["Grüße, Zoë 😀", "日本語テスト", "Привет\nмир"],
    "iso-8859-1": ["Grüße", "déjà vu"],
    "iso-8859-2": ["Zażółć gęślą jaźń"],
    "iso-8859-15": ["5 € für œuvres"],
    "windows-1252": ["“5 €” – it’s"],
    "windows-1251": ["Привет, мир"],
    "koi8-r": ["Привет, мир"],
    "shift_jis": ["日本語テスト"],
    "iso-2022-jp": ["日本語テスト"],
    "euc-jp": ["日本語テスト"],
    "gb2312": ["中文测试"],
    "big5": ["中文測試"],
    "euc-kr": ["한국어"],
}
NAMES = ["a.txt", "report 1.pdf", "naïve.zip", "日本.png"]


@dataclass(frozen=True)
class Written:
    """A mail, and what was written into it."""

    raw: bytes
    subject: str
    text: str | None
    html: str | None
    files: list[bytes]


Read = tuple[str | None, str | None, str | None, list[bytes]]


class Writer:
    """Mails of all shapes that readers agree about, by a seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.line_end = self.dice.choice([b"\r\n", b"\n"])
        self.boundaries = 0

    def write(self) -> Written:
        """A mail."""
        text, (charset, marked_up) = self.text(), self.text()
        html = f"<p>{marked_up}</p>"
        shape = self.dice.choice(["text", "html", "alternative", "mixed", "related", "all"])
        files = [self.dice.randbytes(self.dice.choice([0, 1, 57, 500])) for _ in range(2)]
        plain = self.leaf(b"text/plain", *text)
        markup = self.leaf(b"text/html", charset, html)
        attached = [self.file(content) for content in files]
        if shape == "text":
            return self.mail(plain, text[1], None, [])
        if shape == "html":
            return self.mail(markup, None, html, [])
        if shape == "alternative":
            return self.mail(self.multipart(b"alternative", [plain, markup]), text[1], html, [])
        if shape == "mixed":
            return self.mail(self.multipart(b"mixed", [plain, *attached]), text[1], None, files)
        if shape == "related":
            body = self.multipart(b"related", [markup, attached[0]])
            return self.mail(body, None, html, files[:1])
        body = self.multipart(b"alternative", [plain, self.multipart(b"related", [markup])])
        return self.mail(self.multipart(b"mixed", [body, *attached]), text[1], html, files)

    def mail(self, body: bytes, text: str | None, html: str | None, files: list[bytes]) -> Written:
        """The header before a body."""
        charset, subject = self.text()
        subject = subject.replace("\n", " ").replace("  ", " ")
        field = subject.encode() if charset in ("us-ascii", "utf-8") else None
        if field is None or self.dice.random() < 0.7:
            field = "\n ".join(encode_words(subject, first_line_used=9)).encode()
        lines = [b"From: Ada <ada@example.net>", b"Subject: " + field, b"MIME-Version: 1.0"]
        lines.insert(self.dice.randrange(3), b"Received: from a\n\tby b; Mon, 1 Jun 2026 12:00 GMT")
        raw = b"\n".join(lines) + b"\n" + body
        return Written(raw.replace(b"\n", self.line_end), subject, text, html, files)

    def text(self) -> tuple[str, str]:
        """A charset, and a text in it."""
        charset = self.dice.choice(sorted(TEXTS))
        return charset, self.dice.choice(TEXTS[charset])

    def leaf(self, kind: bytes, charset: str, text: str) -> bytes:
        """A part with text."""
        label = self.dice.choice([b"%s", b'"%s"', b"%s; format=flowed"]) % charset.encode()
        octets = text.encode(charset)
        encodings = [b"base64", b"quoted-printable", b"8bit"]
        encoding = self.dice.choice(encodings)
        if encoding == b"base64":
            octets = base64.encodebytes(octets).rstrip()
        elif encoding == b"quoted-printable":
            octets = quopri.encodestring(octets).rstrip(b"\n")
        fold = self.dice.choice([b" ", b"\n ", b"\n\t"])
        header = b"Content-Type: " + kind + b";" + fold + b"charset=" + label + b"\n"
        return header + b"Content-Transfer-Encoding: " + encoding + b"\n\n" + octets

    def file(self, content: bytes) -> bytes:
        """A part with a file."""
        name = self.dice.choice(NAMES)
        field = f'filename="{name}"' if name.isascii() else f"filename*=utf-8''{_percent(name)}"
        return (
            b"Content-Type: application/octet-stream\nContent-Disposition: attachment;\n "
            + field.encode()
            + b"\nContent-Transfer-Encoding: base64\n\n"
            + base64.encodebytes(content).rstrip()
        )

    def multipart(self, kind: bytes, parts: list[bytes]) -> bytes:
        """Parts with a boundary that no other one begins with."""
        self.boundaries += 1
        boundary = b"=_%d_%s_" % (self.boundaries, self.dice.choice([b"b", b"a.b-c", b"000000"]))
        opened = b"".join(b"\n--" + boundary + b"\n" + part for part in parts)
        preamble = self.dice.choice([b"", b"Preamble\n"])
        header = b'Content-Type: multipart/%s; boundary="%s"\n\n' % (kind, boundary)
        return header + preamble + opened.lstrip(b"\n") + b"\n--" + boundary + b"--\n"


def _percent(name: str) -> str:
    return "".join(f"%{octet:02X}" for octet in name.encode())


def trimmed(text: str | None) -> str | None:
    """Readers differ in the line end at the end and in CRLF."""
    return None if text is None else text.replace("\r\n", "\n").rstrip("\n")


def ours(raw: bytes) -> Read:
    """As we read it."""
    mail = parse_inbound(raw)
    parts: tuple[InboundPart, ...] = (*mail.attachments, *mail.inlines)
    return mail.subject, trimmed(mail.text), trimmed(mail.html), [part.content for part in parts]


def the_librarys(raw: bytes) -> Read:
    """As the standard library reads it."""
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    bodies: dict[str, str | None] = {"plain": None, "html": None}
    files: list[bytes] = []
    for part in mail.walk():
        if part.is_multipart():
            continue
        if part.get_content_disposition() == "attachment":
            payload: Any = part.get_payload(decode=True)
            files.append(payload)
        else:
            bodies[part.get_content_subtype()] = part.get_content()  # type: ignore[attr-defined]
    return str(mail["subject"]), trimmed(bodies["plain"]), trimmed(bodies["html"]), files


def the_peers(raw: bytes) -> Read:
    """As fast-mail-parser reads it, which is the Rust crate mailparse."""
    from fast_mail_parser import parse_email

    mail = parse_email(raw)
    text = mail.text_plain[0] if mail.text_plain else None
    html = mail.text_html[0] if mail.text_html else None
    files = [bytes(file.content) for file in mail.attachments]
    return mail.subject, trimmed(text), trimmed(html), files


@given(st.integers(min_value=0))
def test_generated_mail(seed: int):
    """What was written is read, and the library reads it, too."""
    mail = Writer(seed).write()
    wanted = (mail.subject, mail.text, mail.html, mail.files)

    assert wanted == ours(mail.raw)
    assert wanted[1:] == the_librarys(mail.raw)[1:]


@pytest.mark.slow
def test_generated_mail_with_two_peers():
    """Two thousand mails: wherever two others agree, we do, and they do in nearly all."""
    agreed = 0
    for seed in range(2_000):
        mail = Writer(seed).write()
        mine = ours(mail.raw)
        assert mine == (mail.subject, mail.text, mail.html, mail.files), seed
        for value, its, theirs in zip(
            mine, the_librarys(mail.raw), the_peers(mail.raw), strict=True
        ):
            if its == theirs:
                assert value == its, seed
                agreed += 1

    assert agreed > 7_000
