"""Which text is the body, where the forms of a mail are called alternatives."""

from __future__ import annotations

import pickle

from collections import Counter

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Alternative, Mailer, Message, UnsupportedFeature, write_message
from mailcore.message import Defaults


HTML, PLAIN, ICS, AMP = "text/html", "text/plain", "text/calendar", "text/x-amp-html"
CASES = {
    # fields given, expected text, html and alternatives
    "HTML alone": ({"alternatives": [("<p>", HTML)]}, (None, "<p>", [])),
    "HTML beside a text": (
        {"text": "t", "alternatives": [("<p>", HTML)]},
        ("t", "<p>", []),
    ),
    "text beside an HTML": (
        {"html": "<p>", "alternatives": [("t", PLAIN)]},
        ("t", "<p>", []),
    ),
    "both, in any order": (
        {"alternatives": [("<p>", HTML), ("t", PLAIN)]},
        ("t", "<p>", []),
    ),
    "both among others": (
        {"alternatives": [("BEGIN", ICS), ("<p>", HTML), ("t", PLAIN), ("<⚡>", AMP)]},
        ("t", "<p>", [("BEGIN", ICS), ("<⚡>", AMP)]),
    ),
    "a second HTML": (
        {"html": "<a>", "alternatives": [("<b>", HTML)]},
        (None, "<a>", [("<b>", HTML)]),
    ),
    "two HTML": (
        {"alternatives": [("<a>", HTML), ("<b>", HTML)]},
        (None, "<a>", [("<b>", HTML)]),
    ),
    "a second text": (
        {"text": "a", "alternatives": [("b", PLAIN)]},
        ("a", None, [("b", PLAIN)]),
    ),
    "an empty text is none": (
        {"text": "", "html": "", "alternatives": [("t", PLAIN), ("<p>", HTML)]},
        ("t", "<p>", []),
    ),
    "a refused default is none": (
        {"html": None, "alternatives": [("<p>", HTML)]},
        (None, "<p>", []),
    ),
    "an empty alternative is none": (
        {"alternatives": [("", HTML), ("<p>", HTML)]},
        (None, "<p>", [("", HTML)]),
    ),
    "capitals and a charset": (
        {"alternatives": [("<p>", "Text/HTML; charset=iso-8859-1")]},
        (None, "<p>", []),
    ),
    "a parameter that the body lacks": (
        {"alternatives": [("t", "text/plain; format=flowed")]},
        (None, None, [("t", "text/plain; format=flowed")]),
    ),
    "other types": ({"alternatives": [("BEGIN", ICS)]}, (None, None, [("BEGIN", ICS)])),
}


@pytest.mark.parametrize("case", CASES)
def test_alternatives_that_are_the_body(case):
    """Cases 26 to 29: what has no body yet gets it from the alternatives, and keeps the rest."""
    fields, (text, html, rest) = CASES[case]
    message = Message(**fields)

    assert (text or None, html or None) == (message.text or None, message.html or None)
    assert rest == [(part.content, part.content_type) for part in message.alternatives]
    for copy in (Message.from_dict(message.to_dict()), pickle.loads(pickle.dumps(message))):
        assert message == copy


def test_the_mail_is_the_same():
    """However the forms are given, the parts stand in the order that clients expect."""
    fields = {"from_email": "a@example.com", "to": ["b@example.net"]}
    forms = [("BEGIN", ICS), ("<p>", HTML), ("<⚡>", AMP), ("t", PLAIN)]
    named = Message(text="t", html="<p>", alternatives=[forms[0], forms[2]], **fields)
    listed = Message(alternatives=forms, **fields)

    assert named == listed
    same = {"boundary": "b", "message_id": "m"}
    assert write_message(named, **same)[200:] == write_message(listed, **same)[200:]


def test_the_message_wins_over_defaults():
    """HTML of its own replaces the default's, wherever either stands."""
    defaults = Defaults({"alternatives": [("<default>", HTML)]})
    message = defaults.apply(Message(alternatives=[("<own>", HTML)]), "console")

    assert ("<own>", ()) == (message.html, message.alternatives)


def test_a_provider_without_alternatives_takes_them(chunked, registry):
    """It has text and HTML, so the two are sent; a second HTML is refused as before."""
    mailer = Mailer(chunked(), registry=registry)
    message = Message(from_email="a@example.com", to=["b@example.net"], text="t")

    mailer.preview(message.replace(alternatives=[Alternative("<p>", HTML)]))
    with pytest.raises(UnsupportedFeature, match="alternatives"):
        mailer.preview(message.replace(alternatives=[("<a>", HTML), ("<b>", HTML)]))


forms = st.lists(st.tuples(st.text(max_size=3), st.sampled_from([HTML, PLAIN, ICS, AMP])))


@given(forms, st.none() | st.just("t"), st.none() | st.just("<p>"))
def test_no_form_is_lost(forms, text, html):
    """Whatever stands where, it is the same set of forms before and after."""
    message = Message(alternatives=forms, text=text, html=html)

    before = [*forms, (text, PLAIN), (html, HTML)]
    after = [(part.content, part.content_type) for part in message.alternatives]
    after += [(message.text, PLAIN), (message.html, HTML)]
    assert Counter(form for form in before if form[0]) == Counter(form for form in after if form[0])
