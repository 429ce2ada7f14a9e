from __future__ import annotations

import json
import pickle
import re

from collections import UserString
from urllib.parse import quote, unquote

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import InvalidMessage, InvalidMessageType, Message, Unsubscribe


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(
            {"url": "https://example.com/u?t=1&l=2"},
            {
                "List-Unsubscribe": "<https://example.com/u?t=1&l=2>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            id="one click",
        ),
        pytest.param(
            {"url": "http://example.com/u", "mailto": "u@example.com", "one_click": False},
            {"List-Unsubscribe": "<http://example.com/u>, <mailto:u@example.com>"},
            id="both, not with one click",
        ),
        pytest.param(
            {"mailto": "u@faß.example"},
            {"List-Unsubscribe": "<mailto:u@xn--fa-hia.example>"},
            id="mail only, domain encoded",
        ),
        pytest.param(
            {"mailto": "a?b&c=d%e+f@example.com"},
            {"List-Unsubscribe": "<mailto:a%3Fb%26c%3Dd%25e+f@example.com>"},
            id="RFC 6068: what means something in a URL is escaped",
        ),
        *(
            pytest.param({"mailto": given}, {"List-Unsubscribe": f"<mailto:{written}>"}, id=given)
            for given, written in [
                ("mailto:leave@example.com", "leave@example.com"),
                ("<MAILTO:leave@example.com>", "leave@example.com"),
                ("leave@example.com?subject=leave", "leave@example.com?subject=leave"),
                ("mailto:leave@example.com?Subject=leave", "leave@example.com?Subject=leave"),
                ("leave@example.com?subject=leave me", "leave@example.com?subject=leave%20me"),
                ("leave@example.com?subject=a%26b", "leave@example.com?subject=a%26b"),
                ("leave@example.com?subject=a+b", "leave@example.com?subject=a%2Bb"),
                ("leave@example.com?subject=größe", "leave@example.com?subject=gr%C3%B6%C3%9Fe"),
                ("leave@example.com?subject=%E4", "leave@example.com?subject=%E4"),
                ("a@b.example?subject=x&amp;body=y", "a@b.example?subject=x&body=y"),
                ("a@b.example?subject=x&body=1%0d%0a2", "a@b.example?subject=x&body=1%0D%0A2"),
                ("a@b.example?subject=list@c.example", "a@b.example?subject=list@c.example"),
                ("a@faß.example?subject=x", "a@xn--fa-hia.example?subject=x"),
                ("mailto:a%2Bb%3Fc@b.example?subject=x", "a+b%3Fc@b.example?subject=x"),
                ("a?b@b.example?subject=<x>", "a%3Fb@b.example?subject=%3Cx%3E"),
                ("leave@example.com?", "leave@example.com"),
            ]
        ),
        pytest.param(
            {"mailto": '"a>b"@example.com'},
            {"List-Unsubscribe": "<mailto:%22a%3Eb%22@example.com>"},
            id="no way out of the brackets",
        ),
    ],
)
def test_headers(options, expected):
    """RFC 2369 and RFC 8058: what stands in the message."""
    assert expected == Unsubscribe(**options).headers


def test_longest_url_fits_its_line():
    """A URL that is accepted can be written: it is never folded (998 octets)."""
    longest = "https://example.com/".ljust(998 - len("List-Unsubscribe: <>,"), "a")
    header = Unsubscribe(url=longest, mailto="u@example.com").headers["List-Unsubscribe"]

    assert 998 == len("List-Unsubscribe: " + header.split(" ")[0])
    with pytest.raises(InvalidMessage, match="longer than"):
        Unsubscribe(url=longest + "a")


@pytest.mark.parametrize(
    "options",
    [
        *({}, {"url": ""}, {"url": "http://example.com/"}, {"url": "ftp://x", "one_click": False}),
        *(
            {"url": "https://"},
            {"url": "https:///x"},
            {"url": "https://x\r\ny"},
            {"url": "https://x>"},
        ),
        *({"url": "https://x/ä"}, {"url": "https://[x"}, {"mailto": "x"}, {"mailto": "a@x, b@x"}),
        *({"mailto": "ä@example.com"}, {"mailto": "a@x.org\r\n"}, {"url": "mailto:a@x.org"}),
        *({"mailto": "a@x.org?subject"}, {"mailto": "a@x.org?=x"}, {"mailto": "a@x.org?a b=c"}),
        *({"mailto": "a@x.org?subject=%0d%0aBcc:x"}, {"mailto": "a@x.org?subject=\n"}),
        *({"mailto": "mailto:a@x.org,b@x.org"}, {"mailto": "mailto:?to=a@x.org"}),
        *({"mailto": "a@x.org?body=" + "x" * 990}, {"mailto": "https://x.org"}),
    ],
)
def test_wrong_values(options):
    """What cannot stand in the header is refused."""
    with pytest.raises(InvalidMessage, match="unsubscribe"):
        Unsubscribe(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"url": 5},
        {"url": b"https://x"},
        {"mailto": 5},
        {"url": "https://x.org/", "one_click": "no"},
        {"url": "https://x.org/", "one_click": None},
    ],
)
def test_wrong_types(options):
    """Arguments have their types."""
    with pytest.raises(InvalidMessageType, match="unsubscribe"):
        Unsubscribe(**options)


def test_all_problems_at_once():
    """Both targets are checked."""
    with pytest.raises(InvalidMessage) as caught:
        Unsubscribe(url="x", mailto="x")

    assert ["unsubscribe.url", "unsubscribe.mailto"] == [p.field for p in caught.value.problems]


@pytest.mark.parametrize(
    "value", [Unsubscribe(mailto="u@example.com"), "https://example.com/", {"mailto": "u@x.org"}]
)
def test_message_takes_all_forms(value):
    """A URL, a mapping or the value itself; it travels."""
    held = Message(unsubscribe=value).unsubscribe

    assert held == Unsubscribe(**json.loads(json.dumps(held.to_dict())))
    assert held == pickle.loads(pickle.dumps(held))


URL = "https://example.com/u?a,b"
LEAVE = "leave@example.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (URL, Unsubscribe(url=URL)),
        (f"<{URL}>", Unsubscribe(url=URL)),
        (f"<{URL}>, <mailto:{LEAVE}?subject=x>", Unsubscribe(url=URL, mailto=f"{LEAVE}?subject=x")),
        (f"<mailto:{LEAVE}>,<{URL}>", Unsubscribe(url=URL, mailto=LEAVE)),
        (f"<{URL}>, <https://example.org>", Unsubscribe(url=URL)),
        (f"mailto:{LEAVE}", Unsubscribe(mailto=LEAVE)),
        (f"MailTo:{LEAVE}?subject=a", Unsubscribe(mailto=f"{LEAVE}?subject=a")),
        (LEAVE, Unsubscribe(mailto=LEAVE)),
        (UserString(URL), Unsubscribe(url=URL)),
        ({"url": UserString(URL), "mailto": UserString(LEAVE)}, Unsubscribe(url=URL, mailto=LEAVE)),
    ],
)
def test_message_takes_what_the_header_holds(text, expected):
    """One URL or several, with their brackets or without, and an address."""
    assert expected == Message(unsubscribe=text).unsubscribe


@given(
    st.sampled_from(["a?b&c@example.com", '"a?b@c"@example.com', "x%y@example.com"]),
    st.dictionaries(st.sampled_from(["subject", "body", "X-A"]), st.text(max_size=20), min_size=1),
)
def test_queries_are_read_back(address, fields):
    """As the standard library reads it, the URL is the address and the values that were meant."""
    query = "&".join(f"{name}={quote(value)}" for name, value in fields.items())
    try:
        mailto = Unsubscribe(mailto=f"{address}?{query}").mailto
    except InvalidMessage:
        assert any(re.search(r"[\x00-\x1f\x7f]", value) for value in fields.values())
        return
    header = Unsubscribe(mailto=mailto).headers["List-Unsubscribe"]
    written, _, rest = header[len("<mailto:") : -1].partition("?")
    assert header.isascii()
    assert address == unquote(written)
    pairs = (piece.partition("=") for piece in rest.split("&"))
    assert fields == {name: unquote(value) for name, _, value in pairs}


def test_one_click_needs_a_url():
    """Without a URL nothing can be posted to."""
    assert not Unsubscribe(mailto="u@example.com").one_click


def test_the_repr_has_neither_token_nor_address():
    """Whoever reads a log could unsubscribe somebody, or would know who it is."""
    made = Unsubscribe(
        url="https://x.example/u/s3cret?t=s3cret", mailto="s3cret@x.example?body=s3cret"
    )
    assert "s3cret" not in repr(made)
    assert "https://x.example/…" in repr(made)
    assert "None" not in repr(made)
