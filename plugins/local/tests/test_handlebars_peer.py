"""Our Handlebars against Handlebars.js: the same text from the same template and data."""

from __future__ import annotations

import json
import random
import re

from typing import Any

import pytest

from mailcore_local.handlebars import Handlebars


pytestmark = pytest.mark.slow

DATA = {
    "name": "Ada & <Co>",
    "empty": "",
    "zero": 0,
    "yes": True,
    "price": 9.5,
    "count": 3,
    "nothing": None,
    "city": {"name": "Ulm", "zip": "89073", "tags": ["a", "b"]},
    "items": [{"sku": "x", "n": 1, "parts": ["1", "2"]}, {"sku": "y", "n": 0, "parts": []}],
    "none": [],
    "words": ["one", "two", "three"],
}
# P is a path that is printed, A one that is asked for, L one that is looped over, T a template, and
# I what stands in a loop. Numbers are not printed by P: beside each other, Handlebars.js adds them
# up when it escapes nothing.
WORDS = {
    "P": "name empty nothing missing city.name city.missing.deep this.name"
    " @root.name @root.city.zip words.[1] sku city words",
    "A": "name empty zero yes nothing missing city items none words city.tags",
    "L": "items none words city.tags missing parts @root.words",
    "I": "{{@index}} {{@first}} {{@last}} {{#if_@last}}.{{/if}} {{../name}} {{sku}} {{this.n}}",
}
LEAVES = ["text ", "& ", "<b>", "\\{{name}} ", "{{<P>}}", "{{{<P>}}}"]
# Where comments or whitespace control meet a line that holds nothing but a block, a few spaces
# differ.
SPACES = {
    "lines": ["\n", "\n  "],
    "whitespace control": [" {{~<P>~}} ", "{{<P>~}} ", "{{! a note }}"],
}
BRANCHES = [
    "{{#if <A>}}<T>{{else}}<T>{{/if}}",
    "{{#unless <A>}}<T>{{/unless}}",
    "{{#each <L>}}<I><T>{{else}}<T>{{/each}}",
    "{{#with city}}{{name}}{{../name}}<T>{{/with}}",
    "{{#if <A>}}1{{else if <A>}}2{{else}}3{{/if}}",
    "{{#city}}{{zip}}{{/city}}{{^none}}<T>{{/none}}",
    "{{#words}}{{.}}{{/words}}",
]

SCRIPT = """
const Handlebars = require('handlebars');
const cases = JSON.parse(require('fs').readFileSync(process.argv[2]));
const rendered = cases.map(([source, data, noEscape]) =>
  Handlebars.compile(source, { noEscape })(data));
console.log(JSON.stringify(rendered));
"""


def template(chance: random.Random, leaves: list[str], depth: int = 0) -> str:
    """A template at random."""

    def filled(match: re.Match[str]) -> str:
        if match[1] == "T":
            return template(chance, leaves, depth + 1)
        return chance.choice(WORDS[match[1]].split()).replace("_", " ")

    shapes = leaves if depth > 2 else [*leaves, *BRANCHES]
    chosen = (chance.choice(shapes) for _ in range(chance.randint(1, 4)))
    return "".join(re.sub("<([PALTI])>", filled, shape) for shape in chosen)


@pytest.mark.parametrize("spaces", SPACES)
def test_the_same_text(node_client, tmp_path, spaces):
    """Three hundred templates, with escaping and without."""
    chance = random.Random(20261130)
    leaves = [*LEAVES, *SPACES[spaces]]
    cases: list[Any] = [[template(chance, leaves), DATA, n % 2 == 1] for n in range(300)]
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases))

    theirs = node_client({"handlebars": "4.7.10"})(SCRIPT, str(file))

    ours = [Handlebars(escape=not no_escape).render(s, d) for s, d, no_escape in cases]
    different = [
        (case[0], mine, other)
        for case, mine, other in zip(cases, ours, theirs, strict=True)
        if mine != other
    ]
    assert [] == different[:5]
