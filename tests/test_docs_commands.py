"""What readers copy into a terminal: command lines and URLs have options that are there."""

from __future__ import annotations

import re
import shlex

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from mailcore.cli.failures import UsageError
from mailcore.cli.parser import Parser, build_parser
from mailcore.registry import Registry


ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
    ROOT / "README.md",
]
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
_CONTINUED = re.compile(r"\\\n\s*>?\s*")
_COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:python -m )?mailcore (.*)")
# What a shell sees to, and not the command.
_OF_THE_SHELL = re.compile(r" [|>] | && |;")


def command_lines() -> Iterator[tuple[str, str]]:
    """Each page, and the arguments of a command on it."""
    for page in PAGES:
        for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in _CONTINUED.sub(" ", block).splitlines():
                found = _COMMAND.match(line.lstrip("$> "))
                if found and "…" not in found[1]:
                    yield page.name, _OF_THE_SHELL.split(found[1])[0]


def fault_of(parser: Parser, arguments: str) -> str:
    """What the parser says of arguments; empty if it takes them."""
    try:
        parser.parse_all(shlex.split(arguments, comments=True))
    except UsageError as error:
        return str(error)
    except SystemExit as error:  # --help and --version
        return str(error.code or "")
    return ""


@pytest.mark.slow
def test_command_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Each `mailcore …` of the documentation has commands and options that there are."""
    parser = build_parser(Registry())
    found = list(command_lines())
    faults = [(page, line, fault_of(parser, line)) for page, line in found]
    capsys.readouterr()

    assert len(found) > 100
    assert [] == [each for each in faults if each[2]]


@pytest.mark.slow
def test_urls() -> None:
    """Each URL of a provider has options that the provider takes."""
    registry = Registry()
    known = {name: registry.option_names(name) for name in registry.names()}
    url = re.compile(rf"\b({'|'.join(known)})://[^\s?'\"`<>]*\?([^\s'\"`<>)]*)")
    found = [
        (page.name, name, option)
        for page in PAGES
        for name, query in url.findall(page.read_text(encoding="utf-8"))
        for option, _ in parse_qsl(query, keep_blank_values=True)
    ]

    assert len(found) > 20
    assert [] == [
        (page, name, option)
        for page, name, option in found
        if option not in known[name] and "…" not in option
    ]
