"""Message → SES parameters, from the raw values a caller has."""

from __future__ import annotations

import binascii
import functools
import os

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import peers
from benchmarks.measure import Row, best_of, peak_bytes
from mailcore import Message, get_provider
from mailcore_ses.options import SesOptions
from mailcore_ses.payload import plan_of, requests_for


SHORT: dict[str, Any] = {
    "from_email": "Shop <shop@example.com>",
    "to": ["Ada Lovelace <ada@example.net>"],
    "subject": "Your order 1042 has been shipped",
    "text": "Hello Ada,\n\nyour order is on its way.\nhttps://shop.example.com/o/1042\n" * 3,
    "html": "<p>Hello Ada,</p><p>your <a href='https://shop.example.com/o/1042'>order</a></p>\n"
    * 3,
}
NON_ASCII: dict[str, Any] = {
    "from_email": "Bücherei <shop@example.com>",
    "to": ["Zoë Müller <zoe@example.net>"],
    "subject": "Ihre Bestellung für März ist unterwegs, mit Grüßen aus Zürich",
    "text": "Grüß Gott, Zoë,\n\nIhre Bücher sind unterwegs.\n" * 5,
    "html": "<p>Grüß Gott, Zoë,</p><p>Ihre <b>Bücher</b> sind unterwegs.</p>\n" * 5,
}
MEGABYTE = 1024 * 1024


def ours(sample: dict[str, Any], attachments: Any = ()) -> Callable[[], object]:
    """A function that builds the parameters of SendEmail with mailcore."""
    options = SesOptions()
    fields = {**sample, "attachments": attachments} if attachments else sample

    def build() -> object:
        message = Message(**fields)
        (call,) = requests_for(message, plan_of(message, options))
        return call.params

    return build


def short_messages(backend: Any) -> Iterator[Row]:
    """Messages without attachments."""
    for what, sample in (("short text and HTML", SHORT), ("non-ASCII text and HTML", NON_ASCII)):
        contenders = {
            "mailcore": ours(sample),
            "django-anymail": peers.anymail_payload(backend, sample),
            "EmailMessage": peers.email_message(sample),
        }
        wanted = {"django-anymail": (">=", 20.0), "EmailMessage": (">=", 20.0)}
        yield Row(f"build: {what}", best_of(contenders, number=200), wanted)


def mails() -> Iterator[Row]:
    """The whole mail, as it goes to a mail server by SMTP, against Django's own backend."""
    provider = get_provider("smtp")
    for what, sample in (("short", SHORT), ("non-ASCII", NON_ASCII)):

        def django(sample: dict[str, Any] = sample) -> object:
            return peers.django_message(sample).message().as_bytes(linesep="\r\n")

        def mailcore(sample: dict[str, Any] = sample) -> object:
            return provider.build(Message(**sample))

        contenders = {"mailcore": mailcore, "Django": django}
        yield Row(f"smtp: build, {what}", best_of(contenders, number=200), {"Django": (">=", 6.0)})


def wrapped_base64(content: bytes) -> bytes:
    """The floor: base64 in lines of 76, joined with a header and a tail."""
    encode = binascii.b2a_base64
    view = memoryview(content)
    lines = [encode(view[at : at + 57]) for at in range(0, len(view), 57)]
    return b"".join([b"header\r\n\r\n", b"".join(lines).replace(b"\n", b"\r\n"), b"--tail--"])


def flat_base64(content: bytes) -> bytes:
    """A floor that no mail may go below: base64 on one line, joined."""
    return b"".join([b"header\r\n\r\n", binascii.b2a_base64(content), b"--tail--"])


def attachments(backend: Any) -> Iterator[Row]:
    """Messages with one large attachment."""
    for megabytes in (1, 10):
        content = os.urandom(megabytes * MEGABYTE)
        files = [("photo.jpg", content, "image/jpeg")]
        contenders: dict[str, Callable[[], object]] = {
            "mailcore": ours(SHORT, files),
            "base64 in lines + join": functools.partial(wrapped_base64, content),
            "base64 flat + join": functools.partial(flat_base64, content),
            "django-anymail": peers.anymail_payload(backend, SHORT, files),
            "EmailMessage": peers.email_message(SHORT, files),
        }
        number = 5 if megabytes == 1 else 1
        wanted = {"base64 in lines + join": ("<=", 1.15)}
        yield Row(
            f"build: {megabytes} MB attachment",
            best_of(contenders, number=number, rounds=5),
            wanted,
        )


def memory() -> tuple[float, float]:
    """Peak memory of building a 10 MB attachment, in bytes, and over the encoded size."""
    content = os.urandom(10 * MEGABYTE)
    build = ours(SHORT, [("photo.jpg", content, "image/jpeg")])
    encoded = len(build()["Content"]["Raw"]["Data"])  # type: ignore[index]  # it is a dict
    peak = peak_bytes(build)
    return peak, peak / encoded
