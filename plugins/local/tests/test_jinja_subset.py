"""Templates in pieces: what is taken, what is refused, and that nothing goes on for ever."""

from __future__ import annotations

import contextlib

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore_local import jinja_subset
from mailcore_local.jinja_subset import Language, Piece, TemplateError, split


def pieces(source: str) -> list[Piece]:
    """A source in Jinja2's own words."""
    return list(
        split(source, lambda text: [Piece("value", text)], lambda text: [Piece("statement", text)])
    )


def render(given, data, *, filters=None, first_index=0) -> str:
    """The pieces filled in."""
    return Language(filters, first_index=first_index).render(given, data)


DATA = {
    "name": "Ada & Bob",
    "n": 3,
    "price": 5.0,
    "none": None,
    "items": [{"x": "1"}, {"x": "2"}],
    "who": {"city": "Köln"},
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hi {{ name }}!", "Hi Ada &amp; Bob!"),
        ("{{ who.city }}{{ who['city'] }}{{ items[0].x }}", "KölnKöln1"),
        ("{{ gone }}{{ gone.deeper }}{{ none }}{{ n }}{{ price }}", "35"),
        ("{% if n > 2 and not gone %}a{% else %}b{% endif %}", "a"),
        ("{% for i in items %}{{ i.x }}{{ loop.index }};{% endfor %}", "11;22;"),
        ("{% for i in gone %}{{ i.x }}{% endfor %}.", "."),
        ("{# {{ gone( }} #}x\n", "x\n"),
        ("a\n  {% if n %}\nb\n  {% endif %}\nc", "a\nb\nc"),
        ("{{ name|shout }}", "ADA &amp; BOB!"),
    ],
)
def test_what_is_taken(source: str, text: str):
    """Paths, conditions, loops and the filters of the language."""
    filters = {"shout": lambda value: f"{value}!".upper()}

    assert text == render(pieces(source), DATA, filters=filters)


def test_raw_values_and_the_first_item():
    """A raw value is not escaped; a language may count from 1."""
    found = render([Piece("raw", "name"), Piece("value", "items[1].x")], DATA, first_index=1)

    assert "Ada & Bob1" == found


@pytest.mark.parametrize(
    "source",
    [
        "{{ name.upper() }}",
        "{{ range(9) }}",
        "{{ n * 1000 }}",
        "{{ n + 1 }}",
        "{{ [1, 2] }}",
        "{{ name ~ name }}",
        "{{ name|upper }}",
        "{{ name|_raw() ** 2 }}",
        "{{ _state }}",
        "{% macro x() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% raw %}{% endraw %}",
        "{% for i in items recursive %}{% endfor %}",
        "{% for i in items if i %}{% endfor %}",
        "{% if name > n %}{% endif %}",
        "{% if name %}",
        "{% endif %}",
        "{{ }}",
        "{{ a b }}",
        "{{ name",
        "{% if",
        "{{ (((((" + "(" * 1000 + " }}",
    ],
)
def test_what_is_refused(source: str):
    """Each of them is an error of the template, and not another one."""
    with pytest.raises(TemplateError):
        render(pieces(source), DATA)


@pytest.mark.parametrize("path", ["__class__", "keys", "items.append", "name.__class__.__mro__"])
def test_no_attribute_is_reached(path: str):
    """A path leads to members of objects only."""
    assert "" == render([Piece("value", f"who.{path}")], {"who": {"city": "x"}})


def test_a_template_is_compiled_once(monkeypatch: pytest.MonkeyPatch):
    """However many it is filled in for, each with their own values and escaping."""
    compiled = []
    compiling = jinja_subset._check
    monkeypatch.setattr(jinja_subset, "_check", lambda tree: (compiled.append(1), compiling(tree)))
    language = Language()
    found = [
        language.render(pieces("Hi {{ name }}"), {"name": name}, escape=escape)
        for name, escape in (("a", str.upper), ("b", str), ("c", str.upper))
    ]

    assert (["Hi A", "Hi b", "Hi C"], 1) == (found, len(compiled))


def test_loops_and_texts_end(monkeypatch: pytest.MonkeyPatch):
    """A short template that would go on for hours is stopped, with output or without."""
    monkeypatch.setattr(jinja_subset, "MAX_STEPS", 1000)
    many = {"a": list(range(200))}
    loop = "{% for x in a %}{% for y in a %}{% for z in a %}"

    with pytest.raises(TemplateError, match="loops"):
        render(pieces(loop + "{% endfor %}" * 3), many)

    monkeypatch.setattr(jinja_subset, "MAX_CHARACTERS", 1000)
    with pytest.raises(TemplateError, match="long"):
        render(pieces("{% for x in a %}" + "y" * 50 + "{% endfor %}"), many)


@given(st.text("{}%#|.ab'\"()[]= \n\x01\x02\u00e4if", max_size=40))
def test_any_source(source: str):
    """Whatever the source is, there is a text or an error of the template."""
    with contextlib.suppress(TemplateError):
        assert isinstance(render(pieces(source), DATA), str)
