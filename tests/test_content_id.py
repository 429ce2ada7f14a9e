"""Content-IDs, and what of the attachments the HTML names."""

from __future__ import annotations

import time

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import InvalidMessage
from mailcore.message import Attachment, Message, attachments_as_shown


@pytest.mark.parametrize(
    "given",
    [
        *("logo@shop", "<logo@shop>", "cid:logo@shop", "CID:logo@shop", "<cid:logo@shop>"),
        *("cid:<logo@shop>", "cid:logo%40shop", "cid:%6Cogo@shop"),
    ],
)
def test_spellings(given):
    """RFC 2392: brackets belong to the header, and cid: with its escapes to the URL."""
    assert "logo@shop" == Attachment("a.png", b"", content_id=given).content_id


def test_a_percent_sign_of_the_id_itself():
    """Only a URL has escapes."""
    assert "a%40b" == Attachment("a.png", b"", content_id="a%40b").content_id


@pytest.mark.parametrize("given", ["cid:", "cid:%0d%0a", "cid:a%20b", "cid:%C3%A4", "<cid:>"])
def test_urls_of_no_id(given):
    """What is not an id after decoding is none."""
    with pytest.raises(InvalidMessage, match="RFC 2392"):
        Attachment("a.png", b"", content_id=given)


@pytest.mark.parametrize("second", ["logo", "<logo>", "cid:logo"])
def test_an_id_is_given_once(second):
    """Nobody could say which part a URL means."""
    parts = [
        Attachment("a.png", b"1", content_id="logo"),
        Attachment("b.png", b"2", content_id=second),
    ]

    with pytest.raises(
        InvalidMessage, match=r"`attachments\[1\]` has the content_id of `attachments\[0\]`"
    ):
        Message(attachments=parts)


def test_plain_attachments_have_no_id_to_repeat():
    """The same file may be attached twice."""
    part = Attachment("a.pdf", b"", content_id="a", disposition="attachment")

    assert (part, part) == Message(attachments=[part, part]).attachments


def shown(html: str | None, content_id: str, **fields) -> bool:
    """Whether the part stays a picture of the HTML."""
    image = Attachment("a.png", b"1", content_id=content_id)
    (part,) = attachments_as_shown(Message(html=html, attachments=[image], **fields))
    assert (part.content_id is None) == (part.disposition == "attachment")
    return part == image


@pytest.mark.parametrize(
    ("html", "content_id", "expected"),
    [
        ('<img src="cid:logo@shop">', "logo@shop", True),
        ("<img src='cid:logo@shop'>", "logo@shop", True),
        ("<img src=cid:logo@shop>", "logo@shop", True),
        ("<img src=cid:logo@shop width=1>", "logo@shop", True),
        ('<IMG SRC="CID:logo@shop">', "logo@shop", True),
        ('<img src="cid:logo%40shop">', "logo@shop", True),
        ('<img src="cid:%6cogo@shop">', "logo@shop", True),
        ('<img src="cid:a%2540b">', "a%40b", True),
        ('<img src="cid:a%40b">', "a%40b", True),
        ('<img src="cid:a&amp;b">', "a&b", True),
        ('<img src="cid:logo&#64;shop">', "logo@shop", True),
        ('<img src="cid:Logo@Shop">', "logo@shop", True),
        ('<p style="background: url(cid:logo)">', "logo", True),
        ("<p style=\"background: url('cid:logo')\">", "logo", True),
        ('<p style="background: url(&quot;cid:logo&quot;)">', "logo", True),
        ("<style>p { background: url( cid:logo ) }</style>", "logo", True),
        ('<img srcset="cid:logo 1x, cid:big 2x">', "big", True),
        ('<img srcset="cid:logo, cid:big 2x">', "logo", True),
        ('<v:fill src="cid:logo(1)@shop">', "logo(1)@shop", True),
        ('<svg><use href="cid:logo#part"/></svg>', "logo", True),
        ('<img src="cid:%recipient.logo%">', "logo", True),
        ('<img src="cid:{{logo}}">', "logo", True),
        ('<img src="cid:logo2">', "logo", False),
        ('<img src="cid:logo.png">', "logo", False),
        ('<img src="cid:my-logo">', "logo", False),
        ('<img src="logo">', "logo", False),
        ("<p>logo</p>", "logo", False),
        ("", "logo", False),
        (None, "logo", False),
    ],
)
def test_html_that_names_a_part(html, content_id, expected):
    """However a URL is written in HTML and CSS, and only there."""
    assert expected == shown(html, content_id)


def test_html_in_an_alternative():
    """Whatever form of the HTML names it."""
    assert shown("<p>", "logo", alternatives=[('<img src="cid:logo">', "text/html")])
    assert not shown("<p>", "logo", alternatives=[('<img src="cid:logo">', "text/plain")])


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20))
def test_any_id_is_found(content_id):
    """As the standard library writes the URL, any id is found by it."""
    from html import escape
    from urllib.parse import quote

    content_id = content_id.strip("<>").replace("<", "").replace(">", "") or "a"
    part = Attachment("a.png", b"", content_id=f"cid:{quote(content_id)}")

    assert content_id == part.content_id
    assert shown(f'<img src="cid:{escape(quote(content_id))}">', f"cid:{quote(content_id)}")


def test_hostile_html_takes_linear_time():
    """A megabyte of nothing but beginnings."""
    start = time.process_time()
    shown("cid:" * 250_000, "logo")
    shown('"cid:a' * 150_000, "logo")

    assert time.process_time() - start < 2
