"""
Check what type checkers see of the installed distributions, far from the tree.

    python tools/check_installed_types.py ENVIRONMENT/bin/python

The environment holds the wheels and their dependencies; mypy and pyright are those beside this
Python, and work in a directory of their own. Every name in the `__all__` of a package must have a
type, although most are loaded only when they are used; a name that is misspelt must be an error.
What `tests/typing/` promises holds there, too, where nothing is but what the wheels require.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile

from collections.abc import Iterator, Sequence
from pathlib import Path

from type_checkers import mypy, pyright, surprises


PROMISES = sorted(Path(__file__).resolve().parent.parent.glob("tests/typing/*.py"))

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
UNTYPED = re.compile(r'"Any"$|is "Unknown"$')
MISSPELT = "  # E: attr-defined, reportAttributeAccessIssue"


def main(arguments: Sequence[str]) -> int:
    """Print what is wrong; return the exit code."""
    (python,) = arguments
    found = subprocess.run([python, "-c", FIND_NAMES], capture_output=True, check=True, text=True)
    packages: dict[str, list[str]] = json.loads(found.stdout)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name).resolve()
        names = directory / "names.py"
        names.write_text("".join(map("{}\n".format, source_of(packages))), encoding="utf-8")
        promises = [Path(shutil.copy(each, directory)) for each in PROMISES]
        paths = [names, *promises]
        options = ("--strict", "--config-file=", "--python-executable", python)
        configuration = {"typeCheckingMode": "standard"}
        findings = [
            *mypy(paths, directory, options),
            *pyright(paths, directory / "pyrightconfig.json", configuration, python),
        ]
        problems = sorted(set(surprises(findings, paths)))
        problems += [each for each in findings if each.path == names and UNTYPED.search(each.text)]
        for problem in problems:
            print(f"{problem.path.read_text('utf-8').splitlines()[problem.line - 1].strip()}")
            print(f"  {problem.path.name}:{problem.line}: {problem.text}  [{problem.code}]")
    count = sum(map(len, packages.values()))
    print(
        f"{count} names of {len(packages)} packages and {len(promises)} files of promises,",
        f"seen by mypy and pyright: {len(problems)} problems",
    )
    return int(bool(problems) or not packages or not promises)


def source_of(packages: dict[str, list[str]]) -> Iterator[str]:
    """Yield the lines of a module that imports every name, and for each package one misspelt."""
    number = 0
    for package, names in packages.items():
        for name in names:
            number += 1  # several packages have a Verdict
            yield f"from {package} import {name} as name_{number}"
            yield f"reveal_type(name_{number})  # {package}.{name}"
        # Not with an s: there may be a module of that name.
        yield f"from {package} import {names[0]}_misspelt{MISSPELT}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
