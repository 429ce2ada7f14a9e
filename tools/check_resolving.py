"""
Check which distributions the built wheels ask for.

    python tools/check_resolving.py dist

Each wheel is resolved by pip with no index: from the wheels, from stand-ins for the dependencies
that they declare, and from one for PyPI's `mailcore`, another project's. What is chosen must be our
wheels and these dependencies; the stranger must be out of it, though it could be had. The extras
that ask for another of ours are resolved too.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lowest import lowest
from projects import projects


STRANGER = "mailcore"


def stand_in(directory: Path, name: str, version: str) -> None:
    """Write a wheel that has nothing but a name."""
    file_name = name.replace("-", "_")
    info = f"{file_name}-{version}.dist-info"
    with zipfile.ZipFile(directory / f"{file_name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def chosen(name: str, dist: Path, links: Path) -> dict[str, str]:
    """Return what pip would install for a distribution: the URLs by name."""
    with tempfile.TemporaryDirectory() as target:
        command = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
        command += ["install", "--quiet", "--dry-run", "--report", "-", "--no-index"]
        # With a target, nothing that is installed here counts as there.
        command += ["--target", target, "--find-links", str(dist), "--find-links", str(links), name]
        finished = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
    if finished.returncode != 0:
        sys.exit(f"FAILED: {name} cannot be resolved:\n{finished.stderr}")
    report = json.loads(finished.stdout)
    return {each["metadata"]["name"]: each["download_info"]["url"] for each in report["install"]}


def wishes(core: dict[str, Any], plugins: list[dict[str, Any]]) -> Iterator[tuple[str, set[str]]]:
    """Yield what to ask for, and which of ours it has to bring."""
    ours = {each["name"] for each in (core, *plugins)}
    for project in (core, *plugins):
        needed = {core["name"], project["name"]}
        yield project["name"], needed
        for extra, requirements in project.get("optional-dependencies", {}).items():
            names = {re.split("[<>=!~ ;[]", each)[0] for each in requirements}
            if names & ours:
                yield f"{project['name']}[{extra}]", needed | names & ours


def main(directory: str) -> int:
    """Print one line for each distribution; return the exit code."""
    dist = Path(directory).resolve()
    core, *plugins = [each["project"] for each in projects()]
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        links = Path(scratch)
        stand_in(links, STRANGER, "0.1.0")
        for name, version in lowest().items():
            stand_in(links, name, version)
        for asked, wanted in wishes(core, plugins):
            found = chosen(asked, dist, links)
            ours = {each for each in found if each.startswith("mailcore")}
            from_dist = {each for each in ours if found[each].startswith(dist.as_uri())}
            right = ours == from_dist == wanted
            print(
                f"{asked}: {'resolved to' if right else 'FAILED with'} {', '.join(sorted(found))}"
            )
            failed = failed or not right
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
