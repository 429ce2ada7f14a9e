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
        ("{{#each items}}{{#if sku}}{{../city.name}}{{/if}}{{/each}}", "UlmUlm"),
        ("{{#each items}}{{^none}}-{{/none}}{{/each}}", "--"),
        ("{{#each items}}\n{{sku}}\n{{/each}}\n", "a\nb\n"),
        ("{{none}}{{city}}", "[object Object]"),
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
        ("{{#if name}}", "unclosed block"),
        ("{{name", "unclosed tag"),
        ("{{> partial}}", "partial could not be found"),
        ("{{formatDate name}}", "Missing helper"),
        ("{{#equal name 1}}{{/equal}}", "Missing helper"),
        ("{{#if (eq name 1)}}{{/if}}", "Missing helper"),
        ("{{#if name}}" * 3000, "nested"),
        ("{{#each a}}{{#each @root.a}}{{#each @root.a}}{{/each}}{{/each}}{{/each}}", "too often"),
        ("{{bad name}}", "invalid literal"),
    ],
)
def test_what_is_refused(source: str, complaint: str):
    """Syntax, helpers that are not there, and what takes too much work."""
    handlebars = Handlebars({"bad": lambda *given, options: int(given[0])})

    with pytest.raises(TemplateError, match=complaint):
        handlebars.render(source, {**DATA, "a": [0] * 200})


def test_a_face_chooses_the_standard_helpers():
    """What the provider's language has not is refused."""
    handlebars = Handlebars(standard=("each",))

    assert "ab" == handlebars.render("{{#each items}}{{sku}}{{/each}}{{!-- {{#if}} --}}", DATA)
    for source in ("{{#if name}}{{/if}}", "{{~# with city}}{{/with}}", "{{lookup city 'name'}}"):
        with pytest.raises(TemplateError):
            handlebars.render(source, DATA)


def test_a_text_may_become_too_long():
    """A template of many places and a long value is refused before it is rendered."""
    with pytest.raises(TemplateError, match="too long"):
        Handlebars().render("{{a}}" * 1000, {"a": "x" * 1_000_000})


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
