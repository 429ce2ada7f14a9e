"""The page about permissions is held against the data that it is written from."""

from __future__ import annotations

from pathlib import Path

from mailcore_ses import iam


PAGE = Path(__file__).resolve().parent.parent / "docs" / "providers" / "ses" / "iam.md"


def test_page_is_the_one_that_the_module_writes() -> None:
    """docs/providers/ses/iam.md is what `python -m mailcore_ses.iam` writes."""
    assert iam.page() == PAGE.read_text(encoding="utf-8")
