"""
Check what type checkers see of the installed distributions, far from the tree.

    python tools/check_installed_types.py ENVIRONMENT/bin/python

The environment holds the wheels and their dependencies; mypy and pyright are those beside this
Python, and work in an empty directory. Every name in the `__all__` of a package, most of which are
loaded only when they are used, must have a type; a name that is misspelt must be an error.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile

from collections.abc import Sequence
from pathlib import Path


# Runs in the environment. Not __main__, which ends the program.
FIND_NAMES = """
import importlib, json, pkgutil
tops = [each.name for each in pkgutil.iter_modules() if each.name.startswith("mailcore")]
packages = [
    each.name
    for top in tops
    for each in pkgutil.walk_packages(importlib.import_module(top).__path__, top + ".")
    if each.ispkg
]
found = {name: getattr(importlib.import_module(name), "__all__", []) for name in [*tops, *packages]}
print(json.dumps({name: sorted(names) for name, names in found.items() if names}))
"""
UNTYPED = {"mypy": re.compile(r'"Any"$'), "pyright": re.compile(r'is "Unknown"$')}


def main(arguments: Sequence[str]) -> int:
    """Print what is wrong; return the exit code."""
    (python,) = arguments
    found = subprocess.run([python, "-c", FIND_NAMES], capture_output=True, check=True, text=True)
    packages: dict[str, list[str]] = json.loads(found.stdout)
    problems = []
    with tempfile.TemporaryDirectory() as directory:
        module = Path(directory, "names.py")
        lines, misspelt = source_of(packages)
        module.write_text("\n".join(lines), encoding="utf-8")
        for checker, output in (
            ("mypy", mypy(module, python)),
            ("pyright", pyright(module, python)),
        ):
            errors = set()
            for number, severity, text in output:
                if severity == "error":
                    errors.add(number)
                elif UNTYPED[checker].search(text):
                    problems.append(f"{checker}: {lines[number - 2]}: {text}")
            told = [f"{checker}: not an error: {lines[each - 1]}" for each in misspelt - errors]
            told += [f"{checker}: an error: {lines[each - 1]}" for each in errors - misspelt]
            problems += told
    for problem in problems:
        print(problem)
    count = sum(map(len, packages.values()))
    print(
        f"{count} names of {len(packages)} packages, seen by mypy and pyright:",
        f"{len(problems)} problems",
    )
    return int(bool(problems) or not packages)


def source_of(packages: dict[str, list[str]]) -> tuple[list[str], set[int]]:
    """Return the lines of a module that imports every name, and those that have to be errors."""
    lines: list[str] = []
    misspelt: set[int] = set()
    for package, names in packages.items():
        for name in names:
            own = f"name_{len(lines)}"  # several packages have a Verdict
            lines += [f"from {package} import {name} as {own}", f"reveal_type({own})"]
        lines.append(f"from {package} import {names[0]}s")
        misspelt.add(len(lines))
    return lines, misspelt


def mypy(module: Path, python: str) -> list[tuple[int, str, str]]:
    """Return line, severity and text of all that mypy says of a module."""
    options = ["--strict", "--config-file=", "--python-executable", python, "--output", "json"]
    printed = run([sys.executable, "-m", "mypy", *options, module.name], module.parent)
    reports = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return [(each["line"], each["severity"], each["message"]) for each in reports]


def pyright(module: Path, python: str) -> list[tuple[int, str, str]]:
    """Return line, severity and text of all that pyright says of a module."""
    options = ["--pythonpath", python, "--outputjson"]
    printed = run([sys.executable, "-m", "pyright", *options, module.name], module.parent)
    return [
        (each["range"]["start"]["line"] + 1, each["severity"], each["message"])
        for each in json.loads(printed)["generalDiagnostics"]
    ]


def run(command: Sequence[str], directory: Path) -> str:
    """Return what a checker prints."""
    finished = subprocess.run(command, cwd=directory, capture_output=True, check=False, text=True)
    if finished.returncode not in (0, 1):
        sys.exit(f"{' '.join(command[:3])} failed:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
