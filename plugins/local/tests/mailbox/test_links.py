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
        ("<a href=/x>a<script>b</script><style>c</style></a>", [("/x", "a")]),
        ("<![x[ ]]><a href=/x>after</a>", [("/x", "after")]),
        ("<a href=/x>after <!-- that never ends", [("/x", "after")]),
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


def test_the_beginning_of_html_is_read():
    """What stands behind 120,000 characters is not looked at, whatever it is."""
    html = f"<a href=/x>early</a>{'<p>hello</p>' * 10_000}<a href=/y>late</a>"

    assert ["/x"] == [each.url for each in links_in(mail("text/html", html))]


def test_links_within_links():
    """By tables they can be: the words of one have an end, and its first ones are those."""
    html = "".join(f"<a href=/{number}>{number} <table><td>" for number in range(1_100))

    found = links_in(mail("text/html", html))

    assert 1_000 == len(found)
    assert max(len(each.text) for each in found) <= 1_000
    assert all(each.text.split()[0] == each.url[1:] for each in found)


HOSTILE = ["<!--", "<a ", "<a href='", "<![CDATA[", "</", "<?", "&#", "<a href=x>", "<a href=x x='"]
HOSTILE += ["<a href=x><table>", "<a href=x><b>", "http://)", "<p><b i={}>x", "<b i={}></p>"]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_html_has_an_end(unit):
    """Only beginnings: to read them again and again would take hours, or all memory."""
    units = "".join(unit.format(number) for number in range(200_000 // len(unit)))

    for content_type in ("text/html", "text/plain"):
        links_in(mail(content_type, units))
