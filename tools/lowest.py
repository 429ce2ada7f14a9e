"""
Print constraints for pip that pin every dependency of the distributions to its lower bound.

    python tools/lowest.py > lowest.txt
    pip install --constraint lowest.txt dist/*.whl

What the bounds admit is what they have to work with; the extras count too.
"""

from __future__ import annotations

import re
import sys

from collections.abc import Iterator
from typing import Any

from projects import projects


_BOUND = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?>=(?P<version>[0-9][0-9A-Za-z.]*)")


def requirements(project: dict[str, Any]) -> Iterator[str]:
    """Yield what a distribution requires, with all of its extras."""
    yield from project["dependencies"]
    for extra in project.get("optional-dependencies", {}).values():
        yield from extra


def lowest() -> dict[str, str]:
    """
    Return the lower bounds by name; the highest, where distributions differ.

    Raises:
        ValueError: If a requirement has none.
    """
    described = [each["project"] for each in projects()]
    ours = {project["name"] for project in described}
    bounds: dict[str, str] = {}
    for requirement in (each for project in described for each in requirements(project)):
        match = _BOUND.match(requirement)
        if match is None:
            raise ValueError(f"{requirement!r} has no lower bound")
        name, version = match["name"].lower(), match["version"]
        if name not in ours:
            bounds[name] = max(version, bounds.get(name, version), key=_numbers)
    return bounds


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def main() -> int:
    """Print them, one a line."""
    for name, version in sorted(lowest().items()):
        print(f"{name}=={version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
