"""What a template would put into the subject is one line of text, or refused."""

from __future__ import annotations

import pytest

from mailcore import Mailer, Message, UnsupportedFeature


TO = ["b@example.com", "c@example.com"]
BREAKS = ["\0", "\t", "\n", "\r", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\u2028", "\u2029"]


def preview(**fields):
    """What SES would be asked, of a message with a template in it."""
    given = {"from_email": "a@example.com", "to": TO, "text": "t"}
    return Mailer("ses", region_name="eu-west-1").preview(Message(**{**given, **fields}))


@pytest.mark.parametrize("control", BREAKS, ids=ascii)
@pytest.mark.parametrize("field", ["merge_data", "merge_global_data"])
def test_a_value_in_the_subject_is_one_line(control, field):
    """The place is told without the recipient, the character by its number."""
    values = {"name": f"Ada{control}Bcc: eve@example.com"}
    given = {"b@example.com": values} if field == "merge_data" else values

    with pytest.raises(UnsupportedFeature) as caught:
        preview(subject="Hello {{name}}", **{field: given})

    text = (
        f"`{field}` has the character U+{ord(control):04X} in the value 'name', which `subject` "
        "refers to"
    )
    assert [text] == [problem.reason for problem in caught.value.problems]
    assert "b@example.com" not in str(caught.value)


@pytest.mark.parametrize(
    "subject",
    [
        "{{x}}",
        "{{{x}}}",
        "{{ x }}",
        "{{x.first}}",
        "{{~x~}}",
        "{{y}} and {{x}}",
    ],
)
@pytest.mark.parametrize(
    "value", ["a\nb", ["a\nb"], {"first": "a\nb"}, {"a\nb": 1}, [{"y": ["\n"]}]]
)
def test_however_the_subject_writes_it(subject, value):
    """Handlebars has many ways, and values have depth."""
    with pytest.raises(UnsupportedFeature, match=r"merge_data(\['x'\]|.* in the value 'x')"):
        preview(subject=subject, merge_data={"b@example.com": {"x": value}})


@pytest.mark.parametrize(
    "subject",
    [
        "{{#if x}}{{x}}{{/if}}",
        "{{#each x}}{{this}}{{/each}}",
        "{{#with x}}{{first}}{{/with}}",
        "{{#each x as |item|}}{{item}}{{/each}}",
        "{{lookup x 'first'}}",
        "{{@root.x}}",
        "{{[x]}}",
    ],
)
def test_blocks_and_helpers_are_for_stored_templates(subject):
    """SES fills in plain names only, of a template that a request brings."""
    with pytest.raises(UnsupportedFeature, match="blocks and helpers in stored templates only"):
        preview(subject=subject, merge_data={"b@example.com": {"x": ["a"]}})


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Hello", "text": "{{x}}"},
        {"subject": "Hello {{z}}", "text": "{{x}}"},
        {"subject": "x", "html": "{{{x}}}"},
        {"subject": "{{y.x}}", "text": "{{x}}"},
        {"subject": "Hello {{! x }}{{z}}", "text": "{{x}}"},
        {"subject": None, "text": None, "template_id": "stored"},
    ],
)
def test_bodies_have_lines(fields):
    """What the subject does not name goes into bodies; of stored templates only SES knows."""
    values = {"x": "two\nlines\u2028and\ttabs", "y": {"x": "Ada"}, "z": "Ada"}

    assert preview(**fields, merge_data=dict.fromkeys(TO, values)).requests


def test_names_outside_ascii_are_fine():
    """Letters, emoji and direction marks of names are no controls."""
    value = "Zoë \N{WOMAN}\u200d\N{PERSONAL COMPUTER} \u202b\u05d0"

    assert preview(subject="{{x}}", merge_data={"b@example.com": {"x": value}}).requests
