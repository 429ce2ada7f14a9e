"""
What docstrings and comments say stands by itself.

Entries of arguments and attributes, first sentences, and comments that say how fast something is.
"""

from __future__ import annotations

import ast
import functools
import re

from collections.abc import Iterator
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parent.parent
SECTION = re.compile(r"^(?:Args|Attributes):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
FRAGMENTS = (
    *("Of ", "Its ", "See ", "Such as ", "As ", "The same for ", "With ", "Instead ", "In ", "By "),
    *("From ", "If the ", "If it ", "Those ", "Only ", "Made ", "For ", "At most so ", "Beside "),
)
SUMMARIES = (
    *("Of ", "Those ", "Them", "All of them", "One of them", "One of the two", "The other ones"),
    *("By ", "With ", "In ", "To ", "From ", "For ", "Also ", "Such ", "It "),
)
"""What only somebody begins with who has said before what it is about."""


SOURCES = sorted([*ROOT.glob("mailcore/**/*.py"), *ROOT.glob("plugins/*/mailcore_*/**/*.py")])
# How long something takes in comparison with another way to do it.
HOW_FAST = re.compile(
    r"\b(?:times as (?:fast|long)|faster|the fastest|half the time)\b"
    r"|\bas long as (?:a look-up|the rest)\b"
    r"|\b(?:fifth|half|quarter|tenth|third|twentieth) of (?:it|the time)\b"
    r"|\b(?:costs?|takes?) (?:a|half a|some|\d+)[ \d]* (?:microsecond|millisecond|ms|quarter|third)"
)
BENCHMARK = re.compile(r"benchmarks/(\w+\.py)")


@functools.cache
def parsed(path: Path) -> ast.Module:
    """A module, read once."""
    return ast.parse(path.read_text("utf-8"))


def entries() -> Iterator[tuple[str, str]]:
    """Place and text of each entry of the core and of the plugins."""
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                continue
            if (section := SECTION.search(ast.get_docstring(node) or "")) is None:
                continue
            for entry in re.split(r"^    (?=\S)", section[1], flags=re.MULTILINE):
                name, _, text = entry.partition(": ")
                # A line that does not go further in than the entry above it is one without a name.
                if entry.strip():
                    yield f"{path.relative_to(ROOT)}: {node.name}: {name}", " ".join(text.split())


@pytest.mark.slow
def test_entries_stand_by_themselves() -> None:
    """None begins in the middle of a sentence, as *Of the tenant* does, or is a word or two."""
    found = list(entries())

    assert len(found) > 1000
    assert [
        f"{place}: {text}"
        for place, text in found
        if text.startswith(FRAGMENTS) or len(text.split()) < 3
    ] == []


def first_sentences() -> Iterator[tuple[str, str]]:
    """Place and docstring of each public class and function, methods too."""
    for path in SOURCES:
        waiting: list[ast.AST] = [parsed(path)]
        while waiting:
            for node in ast.iter_child_nodes(waiting.pop()):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    if node.name.startswith("_"):
                        continue
                    yield f"{path.relative_to(ROOT)}: {node.name}", ast.get_docstring(node) or ""
                if isinstance(node, (ast.ClassDef, ast.If)):
                    waiting.append(node)


@pytest.mark.slow
def test_first_sentences_stand_by_themselves() -> None:
    """None needs the name above it, or the class around it, to say what it is about."""
    found = list(first_sentences())

    assert len(found) > 4000
    assert [f"{place}: {text[:60]}" for place, text in found if text.startswith(SUMMARIES)] == []


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """The comments of a module, lines of one as one text, with the number of the last line."""
    number, lines = 0, list[str]()
    for at, line in enumerate([*path.read_text("utf-8").splitlines(), ""], start=1):
        if line.lstrip().startswith("#"):
            number = at
            lines.append(line.lstrip(" #"))
        elif lines:
            yield number, " ".join(lines)
            lines = []


def test_tricks_for_speed_name_their_benchmark() -> None:
    """A comment that says how fast something is names the file that shows it."""
    tricks = [
        (f"{path.relative_to(ROOT)}, line {line}", text)
        for path in SOURCES
        for line, text in comments(path)
        if HOW_FAST.search(text)
    ]
    named = {name for _, text in tricks for name in BENCHMARK.findall(text)}

    assert [f"{place}: {text}" for place, text in tricks if not BENCHMARK.search(text)] == []
    assert named <= {path.name for path in ROOT.glob("benchmarks/*.py")}
    assert len(tricks) > 20


def test_what_raises_says_what_is_wrong() -> None:
    """*If it is none* leaves the reader to find out what it had to be."""
    idiom = re.compile(r"\b(?:[Ii]f|[Tt]he|or) (?:\w+ ){1,3}(?:is|are) none(?=[.,;:])")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in SOURCES
        for line in path.read_text("utf-8").splitlines()
        if re.match(r"\s+\w*(?:Error|Failed|Type|Address|Message|Webhook|Response): ", line)
        and idiom.search(line)
        and "there" not in line.lower()
    ]

    assert found == []
