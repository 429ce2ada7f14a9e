"""The projects of this repository, as their pyproject.toml describe them."""

from __future__ import annotations

import sys

from pathlib import Path
from typing import Any


if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent


def directories() -> list[Path]:
    """Return where the core is, then where the plugins are, by name."""
    # Not plugins/_template: it is what `mailcore new-provider` writes.
    return [ROOT, *(path.parent for path in sorted(ROOT.glob("plugins/[a-z]*/pyproject.toml")))]


def projects() -> list[dict[str, Any]]:
    """Return the whole pyproject.toml of the core, then those of the plugins, by name."""
    return [read_toml(directory / "pyproject.toml") for directory in directories()]


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a file says."""
    return dict(tomllib.loads(path.read_text(encoding="utf-8")))
