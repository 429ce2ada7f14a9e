from __future__ import annotations

import json

from typing import Any

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore_local.ses.templating import RenderingError, Template, TemplateSyntaxError


DATA: dict[str, Any] = {
    "name": "Ada & <b>",
    "first-name": "A",
    "n": 3,
    "half": 0.5,
    "whole": 2.0,
    "yes": True,
    "no": False,
    "none": None,
    "list": ["x", "y"],
    "empty": [],
    "user": {"city": {"zip": "1"}, "tags": [{"t": "a"}, {"t": "b"}]},
}

RENDERED = {
    "nothing": ("plain } { text", "plain } { text"),
    "substitution is not escaped": ("{{name}}", "Ada & <b>"),
    "triple braces": ("{{{ name }}}", "Ada & <b>"),
    "spaces": ("[{{  n  }}]", "[3]"),
    "dash": ("{{first-name}}", "A"),
    "numbers and truth": ("{{half}} {{whole}} {{yes}} {{no}} [{{none}}]", "0.5 2 true false []"),
    "nested path": ("{{user.city.zip}}", "1"),
    "index in a path": ("{{user.tags.1.t}}", "b"),
    "array": ("{{list}}", "x,y"),
    "object": ("{{user}}", "[object Object]"),
    "if": ("{{#if yes}}a{{else}}b{{/if}}", "a"),
    "if not": ("{{#if no}}a{{else}}b{{/if}}", "b"),
    "if an empty array": ("{{#if empty}}a{{else}}b{{/if}}", "b"),
    "if missing": ("{{#if nope}}a{{/if}}", ""),
    "unless": ("{{#unless no}}a{{else}}b{{/unless}}", "a"),
    "each": ("{{#each list}}{{@index}}{{this}}{{#if @last}}.{{/if}}{{/each}}", "0x1y."),
    "each object": ("{{#each user.city}}{{@key}}={{this}}{{/each}}", "zip=1"),
    "each empty": ("{{#each empty}}a{{else}}none{{/each}}", "none"),
    "each of objects": ("{{#each user.tags}}{{t}}{{this.t}}{{../city.zip}}{{/each}}", None),
    "parent": ("{{#each user.tags}}{{t}}{{../n}}{{/each}}", "a3b3"),
    "with": ("{{#with user.city}}{{zip}}{{/with}}", "1"),
    "nested blocks": ("{{#each list}}{{#if @first}}<{{this}}>{{/if}}{{/each}}", "<x>"),
    "partial": ('{{#* inline "p"}}[{{n}}]{{/inline}}{{> p}}{{> p}}', "[3][3]"),
    "partial in each": (
        '{{#* inline "p"}}({{this}}){{/inline}}{{#each list}}{{> p}}{{/each}}',
        "(x)(y)",
    ),
    "comments": ("a{{! no }}b{{!-- {{n}} --}}c", "abc"),
    "whitespace control": ("a  {{~n~}}  b", "a3b"),
}


@pytest.mark.parametrize(("source", "expected"), RENDERED.values(), ids=RENDERED)
def test_what_is_rendered(source: str, expected: str | None):
    """The documented subset; a path that leads nowhere is a rendering failure."""
    if expected is None:
        with pytest.raises(RenderingError):
            Template(source).render(DATA)
    else:
        assert expected == Template(source).render(DATA)


@pytest.mark.parametrize(
    "source",
    [
        "{{nope}}",
        "{{user.nope}}",
        "{{list.2}}",
        "{{#each nope}}{{/each}}",
        "{{#each n}}{{/each}}",
        "{{#with nope}}{{/with}}",
        "{{@index}}",
        "{{../../../n}}",
        "{{> nope}}",
        '{{#* inline "p"}}{{> p}}{{/inline}}{{> p}}',
    ],
)
def test_what_cannot_be_rendered(source: str):
    """Missing or unfit attributes, undefined partials and endless recursion fail the rendering."""
    with pytest.raises(RenderingError):
        Template(source).render(DATA)


@pytest.mark.parametrize(
    "source",
    [
        "{{name",
        "{{}}",
        "{{a b}}",
        "{{#if a}}",
        "{{#if a}}{{/each}}",
        "{{/if}}",
        "{{else}}",
        "{{#if a}}{{else}}{{else}}{{/if}}",
        "{{#loop a}}{{/loop}}",
        "{{#if}}{{/if}}",
        '{{#* inline "p"}}',
        "{{#* outline p}}{{/inline}}",
        "{{#if a}}" * 60 + "{{/if}}" * 60,
    ],
)
def test_what_cannot_be_read(source: str):
    """Anything outside the subset is a syntax error when the template is made."""
    with pytest.raises(TemplateSyntaxError):
        Template(source)


@pytest.mark.parametrize("source", ["{{#if a}}x{{/if}}", "{{> p}}", '{{#* inline "p"}}{{/inline}}'])
def test_inline_content_is_plain(source: str):
    """Templates given in a request take substitution only."""
    with pytest.raises(TemplateSyntaxError, match="plain substitution"):
        Template(source, plain=True)


HOSTILE = {
    "triple": "{{{",
    "triple that ends as double": "{{{a}}",
    "comment": "{{!--",
    "comment that ends as a tag": "{{!--}}",
    "comments of both ends": "{{!-- --}}{{!-- --~}}",
    "tag": "{{",
    "tag of braces": "{{{{a}}",
    "closed": "}}",
    "parents": "../",
    "names": "a.",
    "spaces": "{{a}}  ",
    "trimmed spaces": "{{~a~}}    ",
}


@pytest.mark.parametrize("size", [20_000, pytest.param(200_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "frame", ["{}", "{{{{{}}}}}", "{{{{{}", "{}}}}}}}", "{}--}}}}", "{}{{{{n}}}}"]
)
def test_long_templates_are_read_in_passing(piece: str, frame: str, size: int):
    """200 KB of what an expression could try from every character on: this ran for minutes."""
    source = frame.format(piece * (size // len(piece)))
    try:
        rendered = Template(source).render({"a": "", "n": ""})
    except (TemplateSyntaxError, RenderingError):
        return
    assert len(rendered) <= len(source)


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            "".join("{{#each " + "../" * i + "l}}" for i in range(10)) + "x" + "{{/each}}" * 10,
            id="lists",
        ),
        pytest.param(
            '{{#* inline "p0"}}x{{/inline}}'
            + "".join(
                f'{{{{#* inline "p{i + 1}"}}}}{f"{{{{> p{i}}}}}" * 9}{{{{/inline}}}}'
                for i in range(20)
            )
            + "{{> p20}}",
            id="partials",
        ),
        pytest.param("{{s}}" * 5_000, id="values"),
    ],
)
def test_a_short_template_does_not_write_without_end(source: str):
    """What would fill the memory, or take for ever, fails the rendering."""
    with pytest.raises(RenderingError, match="too long"):
        Template(source).render({"l": list(range(50)), "s": "x" * 10_000})


@pytest.mark.parametrize("path", ["deep", "list." + "1" * 5_000])
def test_data_beyond_the_limits_of_python(path: str):
    """Neither deep data nor an endless number is an error of the server."""
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]

    with pytest.raises(RenderingError):
        Template("{{" + path + "}}").render({"deep": deep, "list": [1]})


PIECES = ["{{", "}}", "#if n", "/if", "#each list", "/each", "else", "n", ".", "~", "!", "> p"]


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_no_template_fails_in_another_way(source: str):
    """Any text is rendered or fails with one of the two errors."""
    try:
        Template(source).render(DATA)
    except (TemplateSyntaxError, RenderingError):
        return


@pytest.mark.slow
@settings(max_examples=100)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text()))
def test_every_given_attribute_is_substituted(data: dict[str, str]):
    """Substitution puts each value where its name stood, unchanged."""
    source = "|".join("{{" + name + "}}" for name in data if name not in ("this", "else"))

    values = [value for name, value in data.items() if name not in ("this", "else")]

    assert "|".join(values) == Template(source).render(json.loads(json.dumps(data)))
