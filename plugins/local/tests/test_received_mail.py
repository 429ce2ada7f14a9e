"""Received mail in the form of every service: whatever came in, a post is made of it."""

from __future__ import annotations

import functools

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore_local.faces import Envelope, Face
from mailcore_local.known_faces import KNOWN_FACES, make_faces


NAMES = sorted(set(KNOWN_FACES) - {"ses", "smtp"})
PIECES = st.sampled_from(
    [
        b"From: a@example.com\r\n",
        b"From: =?utf-8?q?=C3=84?= <a@example.com>\r\n",
        b"To: undisclosed-recipients:;\r\n",
        b"To: b@example.com, \xff <c@example.com>\r\n",
        b"Subject: =?x?b?%%%?=\r\n",
        b"Date: yesterday\r\n",
        b"Message-ID: <\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: text/html; charset=nowhere\r\n",
        b'Content-Type: image/png; name="\xff"\r\n',
        b"Content-Disposition: attachment; filename*=utf-8''%ff\r\n",
        b"Content-ID: <a b>\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Received: a\r\nReceived: b\r\n",
        b"\r\n",
        b"--b\r\n",
        b"--b--\r\n",
        b"\x00\xff\xfe",
        b"text",
    ]
)
MAILS = st.binary(max_size=60) | st.lists(PIECES, max_size=12).map(b"".join)


@functools.cache
def face_of(name: str) -> Face:
    """Making one may take as long as making a key."""
    (face,) = make_faces([name])
    return face


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@given(raw=MAILS, sender=st.sampled_from(["", "a@example.com", "ü@x"]))
def test_any_mail(name: str, raw: bytes, sender: str):
    """None is too strange, with the null sender too."""
    envelope = Envelope(sender=sender, recipients=("in@example.com", "ünder@example.com"))
    posts = face_of(name).inbound_posts(raw, envelope)

    assert posts
    assert all(post.body and "Content-Type" in post.headers for post in posts)
