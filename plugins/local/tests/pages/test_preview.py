"""The HTML of a mail as the frame shows it."""

from __future__ import annotations

import base64

import pytest

from mailcore.inbound import parse_inbound
from mailcore_local.pages.preview import preview_document, preview_headers


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
OWN = (
    '<base target="_blank"><meta name="referrer" content="no-referrer">'
    "<style>:root{color-scheme:light!important}</style>"
)


def shown(write, html: str, **settings: bool) -> str:
    """The document of a mail with this HTML and one picture."""
    mail = parse_inbound(write(html=html, inline={"logo@shop": PNG}))
    return preview_document(mail, **{"remote": False, "dark": False, **settings})


@pytest.mark.parametrize(
    ("html", "place"),
    [
        ("<p>x</p>", OWN + "<p>x"),
        ("<!doctype html><p>x", "<!doctype html>" + OWN + "<p>x"),
        ("<!-- a --><!DOCTYPE html>\n<html><p>x", "<html>" + OWN + "<p>x"),
        (
            "<!doctype html><html lang=en><head><title>x",
            "<html lang=en><head>" + OWN + "<title>x",
        ),
    ],
)
def test_where_our_element_stands(write, html, place):
    """Behind the doctype, so that the browser keeps its mode, and first in the head."""
    assert place in shown(write, html)


@pytest.mark.parametrize(
    "reference",
    [
        '<img src="cid:logo@shop">',
        "<img src='cid:logo%40shop'>",
        "<img src=cid:logo@shop>",
        '<img src="CID:logo&#64;shop">',
        '<td style="background:url(cid:logo@shop)">',
        '<td background = "cid:logo@shop">',
    ],
)
def test_inline_pictures(write, reference):
    """However they are referred to, they stand in the HTML itself."""
    document = shown(write, reference)

    assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in document
    assert "cid:" not in document.lower()


def test_a_picture_that_is_missing_stays_missing(write):
    """And so does what is no picture."""
    assert "cid:gone" in shown(write, '<img src="cid:gone">')


def test_pictures_are_bounded(write):
    """A picture that stands there a thousand times does not make a page of gigabytes."""
    mail = parse_inbound(write(html='<img src="cid:x">' * 1000, inline={"x": b"x" * 1_000_000}))

    assert len(preview_document(mail, remote=False, dark=False)) < 22 * 1024 * 1024


@pytest.mark.parametrize(
    "html",
    [
        '<link rel="preconnect" href="https://evil.example">',
        '<LINK\nrel="preconnect" href="https://evil.example">',
        '<link/rel="dns-prefetch" href="https://evil.example">',
    ],
)
def test_nothing_connects_before_it_is_asked_for(write, html):
    """Elements that no policy covers are taken out, until remote content is allowed."""
    assert "<link" not in shown(write, html).lower()
    assert "<link" in shown(write, html, remote=True).lower()


def test_dark_mode(write):
    """A mail with dark styles is told what is wanted, and one without is inverted."""
    own = "<style>@media (prefers-color-scheme: dark) { p { color: #fff } }</style><p>x"

    assert "@media (min-width:0px) {" in shown(write, own, dark=True)
    assert "@media (max-width:0px) {" in shown(write, own)
    assert "invert(" not in shown(write, own, dark=True)
    assert "invert(" in shown(write, "<p>x", dark=True)
    assert "invert(" not in shown(write, "<p>x")


def test_the_policy():
    """No scripts and no origin, ever; nothing from elsewhere, until it is allowed."""
    blocked = preview_headers(remote=False)["Content-Security-Policy"]
    allowed = preview_headers(remote=True)["Content-Security-Policy"]

    for policy in (blocked, allowed):
        assert "default-src 'none'" in policy
        assert "allow-scripts" not in policy
        assert "allow-same-origin" not in policy
        assert "allow-forms" not in policy
        assert "allow-top-navigation" not in policy
        assert "script-src" not in policy
        assert "form-action 'none'" in policy
        assert "frame-ancestors 'self'" in policy
    assert "http" not in blocked
    assert "img-src data: http: https:" in allowed
