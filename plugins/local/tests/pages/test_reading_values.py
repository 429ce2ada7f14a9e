"""Values as the pages write them: requests, headers, sizes, moments, what a click did."""

from __future__ import annotations

import json

from datetime import datetime, timedelta, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.inbound import parse_inbound
from mailcore_local.mailbox import RECIPIENT_STATES
from mailcore_local.pages.header_notes import explain_headers
from mailcore_local.pages.one_click import post_one_click
from mailcore_local.pages.rendering import (
    STATE_TONES,
    counted,
    shown_moment,
    shown_size,
    summed_states,
)
from mailcore_local.pages.request_view import MAX_SHOWN_CHARACTERS, show_body


def test_a_body_of_json():
    """Indented, with letters as they are; long strings and base64 are cut."""
    body = json.dumps({"a": "ü", "b": "x y " * 2_000, "c": ["QUJD" * 1_000]}).encode()
    shown = show_body(body, "application/json; charset=utf-8")

    assert '  "a": "ü",' in shown.text
    assert "6000 characters more" in shown.text
    assert "QUJD" * 20 not in shown.text
    assert "JSON" == shown.form
    assert not shown.is_complete
    assert len(body) == shown.size_bytes


@pytest.mark.parametrize(
    ("body", "content_type", "text", "form"),
    [
        (b"a=1&b=x+y&c=", "application/x-www-form-urlencoded", "a = 1\nb = x y\nc = ", "form"),
        (b"{broken", "application/json", "{broken", "text"),
        (b'{"a":1}', "", '{\n  "a": 1\n}', "JSON"),
        (b"[" * 100_000, "application/json", "[" * 100_000, "text"),
        (b"", "", "", "text"),
        (b"From: a\r\n\r\nx", "message/rfc822", "From: a\r\n\r\nx", "text"),
        (b"\xff\xfe\x00\x80" * 100, "image/x", None, "binary"),
    ],
)
def test_bodies(body, content_type, text, form):
    """By their type, or by what they look like."""
    shown = show_body(body, content_type)

    assert form == shown.form
    assert text is None or text == shown.text


def test_a_huge_body_is_cut():
    """What is shown is bounded, and says so."""
    shown = show_body(b"ab cd " * 2_000_000, "text/plain")

    assert MAX_SHOWN_CHARACTERS == len(shown.text)
    assert not shown.is_complete


@given(st.binary(max_size=200), st.sampled_from(["application/json", "x", "text/html"]))
def test_any_body_is_shown(body, content_type):
    """Whatever the octets are."""
    assert len(body) == show_body(body, content_type).size_bytes


def test_headers_are_explained():
    """Known ones by an RFC, those of a provider as such; the words as written where they differ."""
    mail = parse_inbound(
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Mailgun-Tag: a\r\nX-Mine: b\r\nOdd: c\r\n"
        b"Received: one\r\nReceived: two\r\n\r\nx"
    )
    subject, tag, mine, odd, one, two = explain_headers(mail)

    assert ("Grüße", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=") == (subject.value, subject.written)
    assert "https://www.rfc-editor.org/rfc/rfc5322#section-3.6.5" == subject.source
    assert "An instruction to Mailgun, or a note of it." == tag.note
    assert "no standard" in mine.note
    assert "" == odd.note
    assert ["one", "two"] == [one.value, two.value]
    assert "" == one.written


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 B"), (1023, "1023 B"), (2048, "2 KB"), (5_500_000, "5.2 MB")]
)
def test_sizes(size, shown):
    """In steps of 1,024."""
    assert shown == shown_size(size)


def test_moments():
    """The hour of today; the day of another one; the year of another one."""
    now = datetime(2026, 11, 30, 15, 0, tzinfo=timezone.utc).astimezone()

    assert now.strftime("%H:%M:%S") == shown_moment(now, now)
    assert (now - timedelta(days=3)).strftime("%d %b %H:%M") == shown_moment(
        now - timedelta(days=3), now
    )


def test_numbers_with_nouns():
    """One and more."""
    assert ["1 mail", "2,000 mails", "0 mails"] == [counted(n, "mail") for n in (1, 2000, 0)]


def test_states_are_summed():
    """What went wrong first, then by number; every state has a colour."""
    states = ["delivered", "delivered", "bounced", "deferred", "opened"]

    assert [("bounced", 1), ("deferred", 1), ("delivered", 2), ("opened", 1)] == summed_states(
        states
    )
    assert set(RECIPIENT_STATES) == set(STATE_TONES)


@pytest.mark.parametrize(
    ("status", "is_fine", "note"),
    [
        (200, True, "Done, with one click."),
        (302, False, "A redirect: mail programs do not follow it. Answer the POST itself."),
        (403, False, "It wants to know who asks: a mail program has no cookies"),
        (405, False, "It takes no POST."),
        (500, False, "It failed"),
    ],
)
def test_one_click(webhook, status, is_fine, note):
    """One POST as of RFC 8058, and what a mail program makes of the answer."""
    webhook.statuses.append(status)

    outcome = post_one_click(f"{webhook.url}?token=x")

    (received,) = webhook.received
    assert b"List-Unsubscribe=One-Click" == received.body
    assert "/hook?token=x" == received.path
    assert "application/x-www-form-urlencoded" == received.headers["Content-Type"]
    assert "Cookie" not in received.headers
    assert (is_fine, status, "thank you") == (outcome.is_fine, outcome.status, outcome.text)
    assert outcome.note.startswith(note)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "https://[broken/", "http://a b/"])
def test_one_click_without_an_answer(url):
    """What went wrong is said."""
    outcome = post_one_click(url)

    assert (0, False) == (outcome.status, outcome.is_fine)
    assert outcome.text
    assert outcome.note.startswith("No answer")
