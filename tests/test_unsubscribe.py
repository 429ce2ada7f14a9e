from __future__ import annotations

import json
import pickle

import pytest

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
        *({"mailto": "ä@example.com"}, {"mailto": "a@x.org\r\n"}),
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


def test_one_click_needs_a_url():
    """Without a URL nothing can be posted to."""
    assert not Unsubscribe(mailto="u@example.com").one_click
