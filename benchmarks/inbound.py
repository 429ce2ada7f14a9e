"""Received bytes → what handlers of inbound mail look at."""

from __future__ import annotations

import base64
import os

from collections.abc import Callable, Iterator

from benchmarks import peers
from benchmarks.measure import Row, best_of, peak_bytes
from mailcore.inbound import parse_inbound


KILOBYTE = 1024
MEMORY_WANTED = 1.5

_TEXT = "Grüß Gott, Zoë,\r\n\r\nIhre Bücher sind unterwegs: https://shop.example.com/o/1042\r\n"
_HEADER = """\
Return-Path: <0100017@bounces.example.com>\r
Received: from a.example.com (a.example.com [192.0.2.1])\r
 by inbound-smtp.eu-west-1.amazonaws.com with SMTP id abc123\r
 for orders@example.net; Mon, 1 Jun 2026 10:00:01 +0000 (UTC)\r
Received: by a.example.com with SMTP id d9443c01a7336; Mon, 1 Jun 2026 03:00:00 -0700 (PDT)\r
Received-SPF: pass (spfCheck: domain of example.com designates 192.0.2.1 as permitted sender)\r
Authentication-Results: amazonses.com; spf=pass; dkim=pass header.i=@example.com; dmarc=pass\r
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; t=1780300000;\r
 h=from:to:subject:date:message-id; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r
 b=dGhlIHNpZ25hdHVyZSBvZiBhIG1lc3NhZ2UgdGhhdCBuZXZlciBleGlzdGVkIGlzIG5vdCBhIHNpZ25hdHVyZQ==\r
From: =?utf-8?q?Zo=C3=AB_M=C3=BCller?= <zoe@example.com>\r
To: Shop <orders@example.net>\r
Subject: =?utf-8?q?Ihre_Bestellung_f=C3=BCr_M=C3=A4rz?=\r
Date: Mon, 1 Jun 2026 12:00:00 +0200\r
Message-ID: <0100017.1042@example.com>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="000000000000d3e0c805f1b2a3c4"\r
\r
"""


def sample(attachment_bytes: int) -> bytes:
    """A mail as Gmail and SES would hand it on: text, HTML and one JPEG of that size."""
    text = base64.encodebytes(_TEXT.encode() * 4).replace(b"\n", b"\r\n")
    html = (f"<p>{_TEXT}</p>\r\n" * 4).encode().replace("ü".encode(), b"=C3=BC")
    html = html.replace(b"=\r\n", b"").replace("ß".encode(), b"=C3=9F")
    file = base64.encodebytes(os.urandom(attachment_bytes)).replace(b"\n", b"\r\n")
    outer, inner = b"--000000000000d3e0c805f1b2a3c4", b"--000000000000d3e0c605f1b2a3c2"
    return b"".join(
        [
            _HEADER.encode(),
            outer + b'\r\nContent-Type: multipart/alternative; boundary="' + inner[2:],
            b'"\r\n\r\n' + inner + b'\r\nContent-Type: text/plain; charset="UTF-8"\r\n',
            b"Content-Transfer-Encoding: base64\r\n\r\n" + text,
            b"\r\n" + inner + b'\r\nContent-Type: text/html; charset="UTF-8"\r\n',
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + html,
            b"\r\n" + inner + b"--\r\n" + outer,
            b'\r\nContent-Type: image/jpeg; name="photo.jpg"\r\n',
            b'Content-Disposition: attachment; filename="photo.jpg"\r\n',
            b"Content-Transfer-Encoding: base64\r\nContent-ID: <f_l5>\r\n\r\n" + file,
            outer + b"--\r\n",
        ]
    )


def ours(raw: bytes) -> Callable[[], object]:
    """A function that reads the mail and one file with mailcore."""

    def read() -> object:
        mail = parse_inbound(raw)
        (file,) = mail.attachments
        return mail.from_email, mail.to, mail.subject, mail.text, mail.html, len(file.content)

    return read


def anymail(raw: bytes) -> Callable[[], object]:
    """The same with django-anymail."""
    from anymail.inbound import AnymailInboundMessage

    def read() -> object:
        mail = AnymailInboundMessage.parse_raw_mime_bytes(raw)
        (file,) = mail.attachments
        size = len(file.get_content_bytes())
        return mail.from_email, mail.to, mail.subject, mail.text, mail.html, size

    return read


def parsing() -> Iterator[Row]:
    """Mails of three sizes."""
    peers.set_up()
    for what, attachment_bytes, number in (
        ("5 KB", 2 * KILOBYTE, 50),
        ("100 KB", 72 * KILOBYTE, 20),
        ("10 MB", 7_500 * KILOBYTE, 1),
    ):
        raw = sample(attachment_bytes)
        contenders = {"mailcore": ours(raw), "django-anymail": anymail(raw)}
        rounds = 5 if number > 1 else 3
        wanted = {"django-anymail": (">=", 5.0)}
        times = best_of(contenders, number=number, rounds=rounds)
        yield Row(f"inbound: {what}", times, wanted)


def irregular() -> Iterator[Row]:
    """A mail of 10 MB that the standard library has to take apart: it is cut off."""
    raw = sample(7_500 * KILOBYTE)[:-40]
    contenders = {"mailcore": ours(raw), "django-anymail": anymail(raw)}
    yield Row("inbound: 10 MB, cut off", best_of(contenders, number=1, rounds=3), {})


def memory() -> dict[str, float]:
    """Peak memory of reading 10 MB and its file, over the size of the mail, by contender."""
    peers.set_up()
    raw = sample(7_500 * KILOBYTE)
    cut_off = raw[:-40]
    return {
        "mailcore": peak_bytes(ours(raw)) / len(raw),
        "mailcore, cut off": peak_bytes(ours(cut_off)) / len(cut_off),
        "django-anymail": peak_bytes(anymail(raw)) / len(raw),
    }
