"""What the checks find in a mail, and what they leave in peace."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.inbound import parse_inbound
from mailcore_local.pages.checks import CLIPPED_BYTES, check_mail, unsubscribe_targets
from mailcore_local.pages.html_facts import read_html, web_links


LEAVE = {
    "List-Unsubscribe": "<https://shop.example/leave>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
LONG = " ".join(["word"] * 60)


def titles(raw: bytes) -> list[str]:
    """What was found, as `level: title`."""
    return [f"{each.level}: {each.title}" for each in check_mail(parse_inbound(raw))]


def test_a_good_mail_has_no_findings(write):
    """Text and HTML that say the same, links with hosts, pictures that are there, one click."""
    html = (
        '<html><body><a name="top"></a><p>Hello <a href="https://shop.example/x">here</a></p>'
        '<img src="cid:logo" alt="Shop"><a href="#top">up</a>'
    ).replace('<a href="#">up</a>', "")
    raw = write(text="Hello here", html=html, inline={"logo": b"png"}, headers=LEAVE)

    assert [] == titles(raw)


@pytest.mark.parametrize(
    ("parts", "title"),
    [
        ({"text": None, "html": "<p>Hello</p>"}, "warning: There is no text part"),
        (
            {"text": "Hello", "html": f"<p>{LONG}</p>"},
            "warning: The text part says less than the HTML",
        ),
        ({"text": " "}, "problem: There is nothing to read"),
        ({"subject": ""}, "problem: The subject is empty"),
        (
            {"html": "<p>" + "x" * CLIPPED_BYTES},
            "problem: The HTML has 102 KB: Gmail clips it",
        ),
        ({"html": "<form><input></form>"}, "warning: Mail programs take some elements out"),
        (
            {"html": '<link rel="stylesheet" href="https://x.example/a.css">'},
            "warning: Styles are loaded from elsewhere",
        ),
        ({"text": "Dear {{ name }}"}, "problem: A placeholder was not replaced"),
        ({"subject": "Order *|ORDER|*"}, "problem: A placeholder was not replaced"),
        (
            {"html": '<a href="https://x.example/?u=%recipient.id%">x</a>'},
            "problem: A placeholder was not replaced",
        ),
        (
            {"html": '<a href="#gone">x</a>'},
            "problem: A link leads to a place that the mail does not have",
        ),
        ({"html": '<a href="">x</a>'}, "problem: A link leads nowhere"),
        ({"html": '<a href="/orders/1">x</a>'}, "problem: A link has no host"),
        (
            {"html": '<a href="http://localhost:3000/">x</a>'},
            "warning: A link leads to this machine",
        ),
        ({"html": '<a href="https://10.0.0.7/">x</a>'}, "warning: A link leads to this machine"),
        (
            {"html": '<a href="javascript:alert(1)">x</a>'},
            "warning: A link has an address that mail programs do not open",
        ),
        ({"html": '<a href="http://shop.example/">x</a>'}, "hint: A link is not encrypted"),
        (
            {"html": '<a href="https://evil.example/">https://bank.example/login</a>'},
            "warning: A link shows another host than it leads to",
        ),
        ({"html": '<img src="cid:gone" alt="">'}, "problem: A picture is missing"),
        (
            {"html": '<img src="/logo.png" alt="">'},
            "problem: A picture cannot be loaded by recipients",
        ),
        (
            {"html": "<p style=\"background: url('http://localhost/x.png')\">x"},
            "problem: A picture cannot be loaded by recipients",
        ),
        (
            {"html": '<img src="data:image/png;base64,AA" alt="">'},
            "warning: A picture stands in the HTML itself",
        ),
        (
            {"html": '<img src="https://shop.example/x.png">'},
            "hint: A picture has no text in its place",
        ),
        (
            {"html": "<p>Hello</p>", "inline": {"logo": b"png"}},
            "hint: A file is inline, and the HTML does not show it",
        ),
        (
            {"sender": '"ceo@bank.example" <x@evil.example>'},
            "warning: A name looks like another address",
        ),
        (
            {"sender": '"paypal.com Support" <x@evil.example>'},
            "warning: A name looks like another address",
        ),
        (
            {"subject": "Invoice \u202egpj.exe"},
            "warning: A name or the subject has characters that cannot be seen",
        ),
        (
            {"sender": "P\u0430ypal <x@shop.example>"},
            "warning: A word mixes alphabets that look alike",
        ),
        ({"headers": {}}, "hint: There is no List-Unsubscribe field"),
        (
            {"headers": {}, "text": "Click to unsubscribe"},
            "warning: There is no List-Unsubscribe field",
        ),
        (
            {"headers": {"List-Unsubscribe": "https://shop.example"}},
            "problem: List-Unsubscribe has no address that can be read",
        ),
        (
            {"headers": {"List-Unsubscribe": "<https://shop.example/x>"}},
            "warning: Unsubscribing takes more than one click",
        ),
        (
            {"headers": {**LEAVE, "List-Unsubscribe": "<mailto:x@shop.example>"}},
            "problem: One click needs an https address",
        ),
        (
            {"headers": {**LEAVE, "List-Unsubscribe": "<http://127.0.0.1/leave>"}},
            "warning: The address for one click is not https",
        ),
    ],
)
def test_what_one_forgets(write, parts, title):
    """Each is found where it is."""
    assert title in titles(write(**{"headers": LEAVE, **parts}))


@pytest.mark.parametrize(
    "parts",
    [
        {"sender": '"Ada (shop.example)" <ada@mail.shop.example>'},
        {"sender": '"ada@shop.example" <ada@shop.example>'},
        {"subject": "Familie \U0001f468\u200d\U0001f469\u200d\U0001f467"},
        {"sender": "Анна <anna@shop.example>"},
        {"html": '<p>Hello <a href="https://click.shop.example/1">www.shop.example</a>'},
        {"html": '<p>Hello <a href="mailto:ada@shop.example">ada@shop.example</a>'},
        {"html": '<p>Hello <a href="https://shop.example/1">version 1.2.3</a>'},
        {"html": '<p>Hello <a name="a%20b">x</a><a href="#a%20b">x</a>'},
        {"text": "Hello { name }", "html": "<p>Hello { name }"},
    ],
)
def test_what_is_left_in_peace(write, parts):
    """Names of one's own, joined emoji, other alphabets, hosts of the same domain."""
    assert [] == titles(write(**{"headers": LEAVE, "text": "Hello x", **parts}))


def test_no_sender():
    """RFC 5322 wants one."""
    assert "problem: There is no sender" in titles(b"Subject: x\r\n\r\nx")


def test_findings_come_in_order(write):
    """The worst first."""
    levels = [each.level for each in check_mail(parse_inbound(write(text=None, html="<img>")))]

    assert ["problem", "warning", "hint"] == list(dict.fromkeys(levels))


def test_places_are_bounded(write):
    """Ten of a thousand, and how many there are besides."""
    raw = write(html="".join(f'<a href="#x{n}">x</a>' for n in range(1000)), headers=LEAVE)

    (finding,) = [f for f in check_mail(parse_inbound(raw)) if "does not have" in f.title]
    assert 11 == len(finding.found)
    assert "and 990 more" == finding.found[-1]


def test_only_the_beginning_of_a_huge_html_is_read(write):
    """And it says so."""
    found = titles(write(html="<p>" + "x" * 600_000, headers=LEAVE))

    assert "hint: Only the beginning of the HTML was looked at" in found


def test_targets_of_unsubscribing():
    """Folded, with white space, and with both forms."""
    mail = parse_inbound(
        b"List-Unsubscribe: <mailto:a@b.example>,\r\n <https://b.example/\r\n leave?x=1>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe = One-Click\r\n\r\nx"
    )
    targets = unsubscribe_targets(mail)

    assert ("https://b.example/leave?x=1",) == targets.urls
    assert ("mailto:a@b.example",) == targets.mailtos
    assert "https://b.example/leave?x=1" == targets.one_click_url


@given(st.text(alphabet=st.sampled_from(list("<>/\"'=!-# abimgsrchef:&;{}()\n")), max_size=200))
def test_any_html_is_read(html):
    """However broken it is."""
    assert read_html(html).is_complete


@given(st.binary(max_size=300))
def test_any_octets_are_checked(raw):
    """A mail that is none is checked like all others."""
    assert isinstance(check_mail(parse_inbound(raw)), tuple)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["<!--", "<a ", "<![CDATA[", "</", "<a href='", "&#", "url(", "{{", "<div>", "<b></p>", "a@"],
)
def test_hostile_html_takes_time_in_proportion(unit, write):
    """A megabyte of beginnings is looked at; what is quadratic is bounded."""
    raw = write(html=unit * (1_000_000 // len(unit)), headers=LEAVE)

    assert check_mail(parse_inbound(raw))


def test_web_links_in_text():
    """Without the punctuation of the sentence."""
    text = "See https://a.example/x?y=1. Or (http://b.example/), <https://c.example/>!"

    assert ["https://a.example/x?y=1", "http://b.example/", "https://c.example/"] == web_links(text)
