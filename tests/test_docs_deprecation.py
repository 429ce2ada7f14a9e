"""That `docs/reference/deprecation.md` lists what warns, and `supported.md` what is tested."""

from __future__ import annotations

import re

from pathlib import Path


ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "deprecation.md"
SUPPORTED = ROOT / "docs" / "reference" / "supported.md"
# A category that a program may name, in a class of its own, warns of nothing.
WARNS = re.compile(r"^(?!class ).*(?:@deprecated\(|\bDeprecationWarning\b)", re.MULTILINE)


def sources():
    """The modules of the core and of the plugins that have their tests in this repository."""
    yield from (ROOT / "mailcore").rglob("*.py")
    yield from ROOT.glob("plugins/[a-z]*/mailcore_*/**/*.py")


def test_what_warns_is_listed():
    """There is a row for each place that warns of a deprecation; without one, the page says so."""
    warning = [path.name for path in sources() if WARNS.search(path.read_text(encoding="utf-8"))]
    _, _, below = PAGE.read_text(encoding="utf-8").partition("## What is deprecated now")
    rows = re.findall(r"^\| `", below.partition("\n## ")[0], flags=re.MULTILINE)

    assert bool(warning) == bool(rows) == ("Nothing is." not in below)
    assert len(rows) >= len(warning), warning


def test_each_python_of_the_metadata_is_spoken_of():
    """The page says of each declared version whether it is tested."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    rows = [
        line for line in SUPPORTED.read_text(encoding="utf-8").splitlines() if "| CPython" in line
    ]

    assert ["3.10", "3.11", "3.12", "3.13", "3.14"] == declared
    for version in declared:
        assert any(version in row and "tested" in row for row in rows), version
