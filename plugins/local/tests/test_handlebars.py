"""Handlebars as the providers document it."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore_local.handlebars import Handlebars, TemplateError


DATA = {
    "name": "Ada & Co",
    "city": {"name": "Ulm", "zip": 89073.0},
    "items": [{"sku": "a"}, {"sku": "b"}],
    "none": [],
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Hi {{name}}", "Hi Ada &amp; Co"),
        ("Hi {{{name}}} {{&name}}", "Hi Ada & Co Ada & Co"),
        ("{{city.name}} {{city.zip}} {{missing}}{{city.missing.more}}", "Ulm 89073 "),
        ("{{#if none}}1{{else if city}}2{{else}}3{{/if}}", "2"),
        ("{{#unless none}}empty{{/unless}}", "empty"),
        ("{{#each items}}{{@index}}{{sku}}{{#if @last}}.{{/if}}{{/each}}", "0a1b."),
        ("{{#each none}}x{{else}}nothing{{/each}}", "nothing"),
        ("{{#each city}}{{@key}}={{this}};{{/each}}", "name=Ulm;zip=89073;"),
        (
            "{{#with city}}{{name}} {{../name}} {{@root.name}}{{/with}}",
            "Ulm Ada &amp; Co Ada &amp; Co",
        ),
        ("{{#items}}{{sku}}{{/items}}{{^none}}none{{/none}}", "abnone"),
        ("{{! a comment }}{{!-- {{name}} --}}x \\{{name}}", "x {{name}}"),
        ("a  {{~city.name~}}  b", "aUlmb"),
        ("{{lookup city 'name'}}", "Ulm"),
    ],
)
def test_what_the_documentation_promises(source: str, expected: str):
    """Values, paths, blocks, sections, comments, whitespace control."""
    assert expected == Handlebars().render(source, DATA)


def test_a_face_chooses_the_escaping_and_its_helpers():
    """A text is not HTML, and each provider has helpers of its own."""
    plain = Handlebars(
        {"upper": lambda *given, options: str(given[0]).upper()},
        escape=False,
    )

    assert "ADA & CO" == plain.render("{{upper name}}", DATA)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{{#if name}}", "Unclosed"),
        ("{{name", "at line 1"),
        ("{{> partial}}", "Partials"),
        ("{{formatDate name}}", "'formatDate' is not a helper"),
        ("{{#equal name 1}}{{/equal}}", "'equal' is not a helper"),
        ("{{#if (eq name 1)}}{{/if}}", "Unknown helper"),
        ("{{#if name}}" * 3000, "nested"),
        ("{{#each a}}{{#each @root.a}}{{#each @root.a}}{{/each}}{{/each}}{{/each}}", "too often"),
        ("{{bad name}}", "arguments"),
    ],
)
def test_what_is_refused(source: str, complaint: str):
    """Unknown helpers too, which the library takes for empty values."""
    handlebars = Handlebars({"bad": lambda *given, options: int(given[0])})

    with pytest.raises(TemplateError, match=complaint):
        handlebars.render(source, {**DATA, "a": [0] * 200})


@given(
    st.lists(
        st.sampled_from(
            ["{{", "}}", "{{{", "}}}", "#", "/", "^", "if", "each", "else", " ", "a", "../", "~",
             "(", ")", "@", ".", "'", '"', "|", "as", "=", "!", "--", "\\", "[", "]", "0", "&", ">"]
        )
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
    ),
)  # fmt: skip
def test_any_template_is_rendered_or_refused(pieces: list[str], value: object):
    """Nothing but a text or a TemplateError comes out."""
    try:
        rendered = Handlebars().render("".join(pieces), {"a": value})
    except TemplateError:
        return
    assert isinstance(rendered, str)
