"""Headers as APIs take them: the message's, and those of one recipient, which win."""

from __future__ import annotations

from typing import Any

import pytest

from mailcore import Message
from mailcore.errors import MessageError
from mailcore.sending import header_texts


BASE: dict[str, Any] = {"from_email": "a@example.com", "to": ["b@example.net"], "text": "Hello"}
URL = {"url": "https://example.com/all"}
ALL = {
    "List-Unsubscribe": "<https://example.com/all>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
OWN = {"List-Unsubscribe": "<https://example.com/ada>"}


@pytest.mark.parametrize(
    ("fields", "own", "expected"),
    [
        ({}, None, {}),
        ({"headers": {"X-A": "1"}}, {}, {"X-A": "1"}),
        ({"headers": {"X-A": "1", "X-B": "2"}}, {"x-a": "3"}, {"x-a": "3", "X-B": "2"}),
        ({"headers": {"X-A": "Grüße"}}, None, {"X-A": "=?utf-8?b?R3LDvMOfZQ==?="}),
        ({"headers": {"X-A": "1"}}, {"Reply-To": "c@example.org"}, {"X-A": "1"}),
        ({"unsubscribe": URL}, None, ALL),
        ({"unsubscribe": URL, "headers": {"list-unsubscribe-post": "x"}}, None,
         {"list-unsubscribe-post": "x", "List-Unsubscribe": ALL["List-Unsubscribe"]}),
        ({"unsubscribe": URL}, OWN, OWN),
        ({"unsubscribe": URL}, {**OWN, "List-Unsubscribe-Post": "y"},
         {**OWN, "List-Unsubscribe-Post": "y"}),
    ],
)  # fmt: skip
def test_headers(fields, own, expected):
    """Each name once, whatever its case, as it was spelled last."""
    found = header_texts(Message(**BASE, **fields), own, without=("reply-to",))

    assert expected == found


def test_what_ascii_cannot_hold():
    """An address outside ASCII has no form here."""
    message = Message(**BASE, headers={"Disposition-Notification-To": "grüße@example.net"})

    with pytest.raises(MessageError):
        header_texts(message)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (None, {"x-a": "extra", "X-B": "1"}),
        ({"X-A": "own"}, {"X-A": "own", "X-B": "1"}),
    ],
)
def test_headers_beside_the_message(own, expected):
    """They win over the message's, whatever the case, and the recipient's over them."""
    message = Message(**{**BASE, "headers": {"X-A": "1", "X-B": "1"}})

    assert expected == header_texts(message, own, extra={"x-a": "extra"})


def test_an_own_url_to_unsubscribe_takes_along_what_stands_beside_the_message():
    """One click would take the recipient off by the URL of all."""
    assert OWN == header_texts(Message(**BASE), OWN, extra=ALL)
