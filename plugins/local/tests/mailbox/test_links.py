"""The links of a mail."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore_local.mailbox import (
    CapturedMail,
    CapturedRecipient,
    CapturedRequest,
    first_web_link,
    links_in,
)


def mail(content_type: str, body: str) -> CapturedMail:
    """A mail of one part."""
    raw = f"Content-Type: {content_type}; charset=utf-8\r\n\r\n{body}".encode("utf-8", "replace")
    return CapturedMail(
        face="acme",
        envelope_sender="",
        from_email="",
        to=(),
        subject="",
        raw=raw,
        recipients=(CapturedRecipient(address="a@example.com", message_id="1"),),
        request=CapturedRequest(method="POST", path="/"),
    )


@pytest.mark.parametrize(
    ("html", "links"),
    [
        (
            "<a href='https://a.example/?x=1&amp;y=2'>Go  <b>there</b></a>",
            [("https://a.example/?x=1&y=2", "Go there")],
        ),
        ("<a href=mailto:a@example.com>Write</a>", [("mailto:a@example.com", "Write")]),
        ("<a href=/x><img alt=Logo src=y></a>", [("/x", "Logo")]),
        ("<a href=/x>open <a href=/y>nested</a>", [("/x", "open"), ("/y", "nested")]),
        ("<map><area href=/x alt=Here></map>", [("/x", "Here")]),
        ("<a name=top>none</a><a href=' '>none</a>", []),
        ("<!-- <a href=/x>no</a> -->", []),
        ("<a href=/x>never closed", [("/x", "never closed")]),
    ],
)
def test_html(html, links):
    """Where they go and what they say."""
    assert links == [(each.url, each.text) for each in links_in(mail("text/html", html))]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("See https://a.example/x.", ["https://a.example/x"]),
        ("(see https://a.example/x)", ["https://a.example/x"]),
        ("https://a.example/wiki/A_(b), and", ["https://a.example/wiki/A_(b)"]),
        ("<https://a.example/x> http://b.example", ["https://a.example/x", "http://b.example"]),
        ("ftp://a.example", []),
    ],
)
def test_text(text, urls):
    """Without the punctuation around them."""
    assert urls == [each.url for each in links_in(mail("text/plain", text))]


def test_the_first_link_to_the_web():
    """What a click by hand follows."""
    html = "<a href=mailto:a@example.com>a</a><a href=https://a.example/>b</a>"

    assert "https://a.example/" == first_web_link(mail("text/html", html))
    assert "" == first_web_link(mail("text/plain", "none"))


@given(st.text(alphabet="<>a/ href='\"=&;!-x\n", max_size=200))
def test_any_html(html):
    """Nothing of it raises."""
    links_in(mail("text/html", html))


def test_many_links():
    """They end somewhere."""
    assert 1_000 == len(links_in(mail("text/html", "<a href=/x>y</a>" * 5_000)))
