"""The documentation is held against the code."""

from __future__ import annotations

import subprocess
import sys

from importlib.metadata import version
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parent.parent


def run_mailcore(*arguments: str) -> str:
    """Return what the command prints."""
    finished = subprocess.run(
        [sys.executable, "-m", "mailcore", *arguments],
        capture_output=True,
        check=True,
        encoding="utf-8",
        cwd=ROOT / "docs",
    )
    return finished.stdout


def test_feature_matrix_is_the_one_that_the_command_prints() -> None:
    """docs/features.md is what `mailcore features --format md` prints; see `make features`."""
    expected = run_mailcore("features", "--format", "md")

    assert expected == (ROOT / "docs" / "features.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("changelog", ["CHANGELOG.md", "plugins/ses/CHANGELOG.md"])
def test_changelog_names_the_version_that_is_built(changelog: str) -> None:
    """Each changelog has a section for the version of its distribution."""
    name = "mailcore-ses" if "ses" in changelog else "mailcore-esp"
    text = (ROOT / changelog).read_text(encoding="utf-8")

    assert f"## [{version(name)}]" in text
