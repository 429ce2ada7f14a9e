"""The page about the local SES is held against the command."""

from __future__ import annotations

from pathlib import Path

from mailcore_local.cli import _introduce
from mailcore_local.ses import LocalSes


PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "local-ses.md"


def test_the_page_shows_what_the_command_prints(capsys) -> None:
    """Line by line, for the port that it takes by default."""
    with LocalSes(public_url="http://127.0.0.1:8005") as ses:
        _introduce(ses)

    assert capsys.readouterr().out in PAGE.read_text(encoding="utf-8")
