"""docs/how-to/troubleshooting.md is held against the code: what it quotes is what people see."""

from __future__ import annotations

import re

from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "how-to" / "troubleshooting.md"

# What is not ours to say: servers, frameworks and boto3 do.
OF_OTHERS = {"CSRF", "no AWS credentials", "PendingConfirmation", "via amazonses.com"}


def sources() -> str:
    """The code of the core and of the plugins, each text on one line."""
    paths = [*ROOT.glob("mailcore/**/*.py"), *ROOT.glob("plugins/[a-z]*/mailcore_*/**/*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return re.sub(r'"\s*\n\s*f?"', "", code)


def cells(column: int) -> list[str]:
    """The cells of all tables in a column, without the heads."""
    rows = [line.strip("|").split(" | ") for line in PAGE.read_text("utf-8").splitlines()]
    rows = [row for row in rows if len(row) == 3 and not row[0].strip().startswith(("---", "Seen"))]
    return [row[column].strip() for row in rows]


QUOTED = sorted(
    {quoted for cell in cells(0) for quoted in re.findall(r"(?<!\*)\*([^*]+)\*", cell)} - OF_OTHERS
)
CATEGORIES = sorted({name for cell in cells(0) for name in re.findall(r"`([a-z]+_[a-z_]+)`", cell)})


@pytest.fixture(scope="module")
def code() -> str:
    """All of it, read once."""
    return sources()


def test_the_page_quotes_something() -> None:
    """The tables are found at all."""
    assert len(QUOTED) > 10
    assert len(CATEGORIES) > 10


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_is_quoted_is_said(quoted: str, code: str) -> None:
    """Each sentence in the first column stands in the code, in the pieces around what varies."""
    pieces = [piece.strip(" ,") for piece in quoted.split("…") if piece.strip(" ,")]

    assert pieces
    assert [piece for piece in pieces if piece not in code] == []


@pytest.mark.parametrize("category", CATEGORIES)
def test_categories_exist(category: str, code: str) -> None:
    """Each name in the first column is a category of an error, a field or an option."""
    assert f'"{category}"' in code or re.search(rf"\b{category}\b\s*[:=]", code)
