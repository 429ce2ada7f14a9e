"""When values are filled into the texts of a message, and when a text is left as it is."""

from __future__ import annotations

import re

from typing import ClassVar

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Mailer, Message, UnsupportedFeature
from mailcore.builtin.memory import MemoryProvider
from mailcore.message import MergeSyntax, fills_in, value_names
from mailcore.message.merging import broken_lines, unanswered


ADA, BOB = "ada@example.net", "bob@example.net"
BRACES = MergeSyntax(
    example="{{name}}",
    pattern=re.compile(r"\{\{(?:(?P<name>[^{}]*)\}\}|)"),
    padding=" ",
    note="plain names only",
    of_the_service=frozenset({"leave"}),
    has_paths=True,
)
BASE = {"from_email": "shop@example.com", "to": [ADA, BOB], "subject": "Hi", "text": "{{a}}"}

OF_ADA = {"merge_data": {ADA: {"a": 1}}}
OF_ALL = {"merge_global_data": {"a": 1}}
CASES = [
    # what the message has, whether it is filled in, the fields with references to nothing
    ("no values", {}, False, []),
    ("an empty merge_data", {"merge_data": {}}, False, []),
    ("nobody's values", {"merge_data": {ADA: {}}}, False, []),
    ("empty values of all", {"merge_global_data": {}}, False, []),
    ("a value of one", OF_ADA, True, []),
    ("a value of all", OF_ALL, True, []),
    ("a value of all that no text has", {"merge_global_data": {"b": 1}}, False, []),
    ("the same in a batch", {"merge_global_data": {"b": 1}, "merge_data": {}}, False, []),
    ("a value of one that no text has", {"merge_data": {ADA: {"b": 1}}}, False, ["text"]),
    ("values, and no reference", {**OF_ADA, "text": "x"}, False, []),
    ("in the subject", {**OF_ALL, "text": "x", "subject": "{{ a }}"}, True, []),
    ("in the HTML", {**OF_ALL, "text": None, "html": "{{a}}"}, True, []),
    ("one of two", {**OF_ALL, "html": "{{a}} {{b}} {{b}}"}, True, ["html"]),
    ("one of the service's", {**OF_ALL, "html": "{{a}} {{leave}}"}, True, []),
    ("only the service's", {"merge_data": {ADA: {"b": 1}}, "text": "{{leave}}"}, False, []),
    ("none at all", {**OF_ALL, "html": "{{}}"}, True, ["html"]),
    ("braces that do not end", {**OF_ALL, "html": "{{a}} {{a"}, True, ["html"]),
    ("nothing but those", {**OF_ALL, "text": "{{a"}, False, []),
    ("a name that is empty", {"merge_global_data": {"": 1}, "text": "{{}}"}, False, []),
    ("a block", {**OF_ALL, "html": "{{#if a}}{{/if}}"}, True, ["html", "html"]),
    ("a path", {"text": "{{a.b}}", "merge_global_data": {"a": {"b": 1}}}, True, []),
    ("an item", {"text": "{{a.0.b}}", "merge_global_data": {"a": [{"b": 1}]}}, True, []),
    ("no such item", {"text": "{{a.1}}", "merge_global_data": {"a": [1]}}, True, ["text"]),
    ("a path to nowhere", {"text": "{{a.b}}", **OF_ALL}, True, ["text"]),
    (
        "a path that one lacks",
        {"text": "{{a.b}}", "merge_data": {ADA.upper(): {"a": {"b": 1}}}},
        True,
        ["text"],
    ),
    ("a template", {"template_id": "t", "text": None}, True, []),
    ("a template with values", {"template_id": "t", **OF_ALL}, True, []),
]


@pytest.mark.parametrize(
    ("fields", "expected", "problems"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_the_rule(fields, expected, problems):
    """What the message asks for decides; what it asks for and lacks is named."""
    message = Message(**{**BASE, **fields})

    assert expected is fills_in(message, BRACES)
    assert problems == [problem.field for problem in unanswered(message, BRACES)]


@pytest.mark.parametrize("fields", [row[1] for row in CASES], ids=[row[0] for row in CASES])
def test_provider_without_a_syntax(fields):
    """It fills in stored templates, and no text of a message's own."""
    message = Message(**{**BASE, **fields})

    assert ("template_id" in fields) is fills_in(message, None)
    assert [] == list(unanswered(message, None))


def test_names_in_any_case():
    """A syntax that ignores case finds the value, and names what nobody has."""
    syntax = MergeSyntax(
        example="*|name|*",
        pattern=re.compile(r"\*\|(?P<name>[^|]*)\|\*"),
        of_the_service=frozenset({"YEAR"}),
        ignores_case=True,
    )
    text = "*|ORDER|* *|order|* *|Year|* *|NAME|*"
    message = Message(**{**BASE, "text": text, "merge_global_data": {"Order": 7}})

    assert fills_in(message, syntax)
    assert ["name"] == [
        name for name in ("name", "order") if name in str(list(unanswered(message, syntax)))
    ]
    assert not fills_in(message.replace(text="*|NAME|*"), syntax)


class Braces(MemoryProvider):
    """A provider whose service fills in."""

    name = "braces"
    merge_syntax: ClassVar[MergeSyntax | None] = BRACES


def test_a_reference_to_nothing_is_refused_before_a_send():
    """The error names the field, the name and the ways out; a long name may be a secret."""
    provider = Braces()
    fields = {**BASE, "subject": "{{nmae}}", "html": "{{" + "s" * 70 + "}}", **OF_ADA}

    with pytest.raises(UnsupportedFeature) as caught:
        Mailer(provider).send(Message(**fields))

    assert [] == list(provider.outbox)
    text = str(caught.value)
    assert "`subject` refers to the value 'nmae', and neither merge_data nor" in text
    assert "`html` refers to the value <70 characters>" in text
    assert "a text that is to stay as it is has to be a value itself" in text
    assert "plain names only" in text


def test_recipients_without_a_value_are_counted():
    """Nobody is named."""
    message = Message(**{**BASE, "text": "{{a.b}}", "merge_data": {ADA: {"a": {"b": 1}}}})

    (problem,) = unanswered(message, BRACES)

    assert "leads nowhere for 1 of the recipients" in problem.reason


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"subject": "{{a}}", "merge_data": {ADA: {"a": "x\r\nBcc: eve@example.com"}}},
            ["merge_data"],
        ),
        ({"subject": "{{a}}", "merge_global_data": {"a": "x\n"}}, ["merge_global_data"]),
        ({"subject": "{{a.b}}", "merge_global_data": {"a": {"b": ["\0"]}}}, ["merge_global_data"]),
        ({"text": "{{a}}", "merge_global_data": {"a": "two\nlines"}}, []),
        ({"subject": "{{a}}", "merge_global_data": {"a": "one", "b": "two\nlines"}}, []),
        ({"subject": "S", "merge_global_data": {"a": "two\nlines"}}, []),
        ({"template_id": "t", "text": None, "merge_global_data": {"a": "two\nlines"}}, []),
    ],
)
def test_a_value_in_a_header_is_one_line(fields, expected):
    """What a line break would begin there is another header field."""
    message = Message(**{**BASE, **fields})

    found = list(broken_lines(message, BRACES))

    assert expected == [problem.field for problem in found]
    assert not any("eve" in str(problem) for problem in found)


def test_a_line_break_in_a_subject_is_refused_before_a_send():
    """Nobody is sent to."""
    provider = Braces()
    fields = {**BASE, "subject": "{{a}}", "merge_data": {ADA: {"a": "x\nBcc: eve@example.com"}}}

    with pytest.raises(
        UnsupportedFeature, match="U\\+000A in the value 'a', which `subject` refers"
    ):
        Mailer(provider).send(Message(**fields))

    assert [] == list(provider.outbox)


NAMES = st.text("abc", min_size=1, max_size=3)


@given(
    references=st.lists(NAMES, max_size=4),
    shared=st.dictionaries(NAMES, st.integers(), max_size=3),
    own=st.dictionaries(st.sampled_from([ADA, BOB]), st.dictionaries(NAMES, st.integers())),
)
def test_nothing_is_filled_in_that_is_not_there(references, shared, own):
    """A message that passes has a value for all it refers to, or is left alone altogether."""
    text = " ".join(BRACES.reference_to(name) for name in references)
    message = Message(**{**BASE, "text": text, "merge_global_data": shared, "merge_data": own})

    names = set(value_names(message))
    assert {*shared, *(name for values in own.values() for name in values)} == names
    assert fills_in(message, BRACES) is bool(names & set(references))
    if not list(unanswered(message, BRACES)) and (fills_in(message, BRACES) or any(own.values())):
        assert set(references) <= names
