"""What docstrings say of arguments and attributes is a sentence that stands by itself."""

from __future__ import annotations

import ast
import re

from collections.abc import Iterator
from pathlib import Path


ROOT = Path(__file__).resolve().parent.parent
SECTION = re.compile(r"^(?:Args|Attributes):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
FRAGMENTS = ("Of ", "Its ", "See ", "Such as ", "As for ", "The same for ")


def entries() -> Iterator[tuple[str, str]]:
    """Place and text of each entry of the core and of the plugins."""
    for path in sorted(
        [*ROOT.glob("mailcore/**/*.py"), *ROOT.glob("plugins/*/mailcore_*/**/*.py")]
    ):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                continue
            if (section := SECTION.search(ast.get_docstring(node) or "")) is None:
                continue
            for entry in re.split(r"^    (?=\S)", section[1], flags=re.MULTILINE):
                name, _, text = entry.partition(": ")
                if text:
                    yield f"{path.relative_to(ROOT)}: {node.name}: {name}", " ".join(text.split())


def test_entries_stand_by_themselves() -> None:
    """None begins in the middle of a sentence, as *Of the tenant* does, or is a word or two."""
    found = list(entries())

    assert len(found) > 1000
    assert [
        f"{place}: {text}"
        for place, text in found
        if text.startswith(FRAGMENTS) or len(text.split()) < 3
    ] == []
