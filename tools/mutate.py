"""
Change the modules that decide, one small fault at a time, and see whether the tests notice.

    python tools/mutate.py            all groups of tools/mutate.toml
    python tools/mutate.py http sns   some of them

A fault that no test notices is printed as a difference, and the exit code is 1, unless
`tools/mutate.toml` explains it. mutmut plants the faults, in copies under `.mutate/`: a second run
tests what has changed since and what was printed, and `make clean` removes them. What only the slow
tests of a group notice is tested by these each time.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
import subprocess
import sys

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from projects import ROOT, read_toml


LIST = ROOT / "tools" / "mutate.toml"
WORK = ROOT / ".mutate"
PACKAGES = ("mailcore", "plugins/*/mailcore_*")
PRELOADED = ("pytest", "hypothesis", "requests", "cryptography.x509", "mailcore.testing")
# Some tests hold a page against what the code does.
TESTS = ("tests", "plugins/[a-z]*/tests", "docs")
# How patient tests are, and which are slow.
CONFTEST = "conftest.py"

# What mutmut's exit codes of a mutant mean; every other one is a test that noticed it.
NOT_NOTICED = {0: "survived", 5: "no test calls it", 33: "no test calls it"}
# Nor is a fault tested if pytest did not find the tests.
NOT_TESTED = {None, 2, 255}

# A literal with a space in it, with those before and behind it.
_SENTENCE = re.compile(r'(?:f?"[^"]*"\s*)*f?"[^"]* [^"]*"(?:\s*f?"[^"]*")*')


def packages() -> Iterator[Path]:
    """Yield the directories of the import packages."""
    for pattern in PACKAGES:
        yield from (path for path in sorted(ROOT.glob(pattern)) if (path / "__init__.py").exists())


def update(source: Path, target: Path) -> None:
    """Copy a tree, but for the files that are the same already: mutmut goes by their times."""
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    wanted = {path for path in wanted if "__pycache__" not in path.parts}
    for old in [path for path in target.rglob("*") if path.is_file()]:
        if old.relative_to(target) not in wanted:
            old.unlink()
    for path in wanted:
        new = target / path
        content = (source / path).read_bytes()
        if not new.exists() or new.read_bytes() != content:
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(content)


def forget(copies: Path, sources: Path) -> None:
    """Remove the copies of files that are gone, and of those that mutmut copies only once."""
    for copy in [path for path in copies.rglob("*") if path.is_file()]:
        source = sources / copy.relative_to(copies)
        if copy.suffix != ".meta" and not (copy.suffix == ".py" and source.exists()):
            copy.unlink()


def prepare(name: str, group: Mapping[str, Any], *, slow: bool = False) -> Path:
    """
    Make the directory in which mutmut works: packages, tests and its configuration.

    Args:
        name: The name of the group.
        group: What the list says of it.
        slow: Whether the slow tests are to notice the faults, and not the fast ones.
    """
    work = WORK / (f"{name}-slow" if slow else name)
    chosen: list[str] = group["slow_tests" if slow else "tests"]
    for package in packages():
        update(package, work / "src" / package.name)
        forget(work / "mutants" / "src" / package.name, work / "src" / package.name)
    tests = [path for pattern in TESTS for path in sorted(ROOT.glob(pattern))]
    for path in tests:
        update(path, work / path.relative_to(ROOT))
    for module in group["modules"]:
        if not (work / "src" / module).exists():
            raise SystemExit(f"{LIST.name}: {name} names the module {module}, which is not there")
    for test in chosen:
        if not (work / test).exists():
            raise SystemExit(f"{LIST.name}: {name} names the tests {test}, which are not there")
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/{module}" for module in group["modules"]],
        "also_copy": [CONFTEST, *(str(path.relative_to(ROOT)) for path in tests)],
        "pytest_add_cli_args_test_selection": chosen,
        "pytest_add_cli_args": ["-m", "slow" if slow else "not slow", "-p", "no:cacheprovider"],
        "do_not_mutate_patterns": list(configuration()["leave_alone"]),
        # Tests start threads and servers: no mutant is forked from where they ran. Nor from where
        # they were collected: pytest would escape their ids a second time, and find none.
        "process_isolation": "forkserver",
        "forkserver_warmup": "import",
        "preload_modules_file": "preload.txt",
        "timeout_constant": 20.0,
    }
    (work / "preload.txt").write_text("\n".join(PRELOADED), encoding="utf-8")
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    pytest = ["[tool.pytest.ini_options]", *_pytest_options()]
    text = "\n".join(["[tool.mutmut]", *lines, "", *pytest, ""])
    project = work / "pyproject.toml"
    if not project.exists() or project.read_text(encoding="utf-8") != text:
        project.write_text(text, encoding="utf-8")
    # mutmut keeps the tests that it copied first.
    for directory in (work, work / "mutants"):
        directory.mkdir(exist_ok=True)
        (directory / CONFTEST).write_bytes((ROOT / CONFTEST).read_bytes())
    for path in tests:
        update(path, work / "mutants" / path.relative_to(ROOT))
    (work / "mutants" / "src").mkdir(parents=True, exist_ok=True)
    return work


def _pytest_options() -> list[str]:
    options = read_toml(ROOT / "pyproject.toml")["tool"]["pytest"]["ini_options"]
    chosen = ("addopts", "markers", "xfail_strict")
    return [f"{name} = {json.dumps(options[name])}" for name in chosen]


def configuration() -> dict[str, Any]:
    """Return what the list says."""
    return read_toml(LIST)


def plant(work: Path, mutants: Collection[str] = ()) -> None:
    """
    Have mutmut test faults, so that the tests import the copies with the faults.

    Args:
        work: The directory in which mutmut works.
        mutants: The names of the faults; if there are none, all that have not been tested.
    """
    path = work / "mutants" / "src"
    environment = {**os.environ, "PYTHONPATH": str(path), "PYTHONHASHSEED": "0"}
    command = [str(Path(sys.executable).parent / "mutmut"), "run", *sorted(mutants)]
    if subprocess.run(command, cwd=work, env=environment, check=False).returncode:
        raise SystemExit(f"mutmut failed in {work.relative_to(ROOT)}")


def outcomes(work: Path, modules: list[str]) -> dict[str, int | None]:
    """Return the exit code of each mutant by its name."""
    found: dict[str, int | None] = {}
    for module in modules:
        path = work / "mutants" / "src" / f"{module}.meta"
        found.update(json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"])
    return found


def test_again(work: Path, modules: list[str], mutants: set[str]) -> None:
    """Have the next run test these: mutmut would keep what it found, whatever tests are new."""
    for module in modules:
        path = work / "mutants" / "src" / f"{module}.meta"
        found = json.loads(path.read_text(encoding="utf-8"))
        found["exit_code_by_key"].update(
            dict.fromkeys(mutants & found["exit_code_by_key"].keys(), None)
        )
        path.write_text(json.dumps(found), encoding="utf-8")


def changes_of(work: Path, mutants: list[str]) -> dict[str, tuple[str, str]]:
    """Return, for each mutant, the lines that it takes away and those that it puts there."""
    functions: dict[str, dict[str, list[str]]] = {}
    found = {}
    for mutant in mutants:
        module, _, name = mutant.rpartition(".")
        if module not in functions:
            place = work / "mutants" / "src" / module.replace(".", "/")
            path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            functions[module] = _functions_of(path.read_text(encoding="utf-8"))
        original = f"{name.rpartition('__mutmut_')[0]}__mutmut_orig"
        before, after = (
            [line.replace(each, function_of(mutant).rpartition(".")[2]) for line in lines]
            for each, lines in ((each, functions[module][each]) for each in (original, name))
        )
        lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]
        parts = [" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+"]
        found[mutant] = (parts[0], parts[1])
    return found


def _functions_of(source: str) -> dict[str, list[str]]:
    """Return the lines of the functions and methods of a module by their names."""
    lines = source.splitlines()
    return {
        node.name: lines[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def _without_sentences(code: str) -> str:
    return re.sub(r"\s", "", _SENTENCE.sub("None", code))


def is_text(before: str, after: str) -> bool:
    """Whether only a text for people has changed, or only the case of a string."""
    if before.casefold() == after.casefold():
        return True
    texts = "".join(re.findall("XX(.*?)XX", after))
    if " " in texts and before == after.replace("XX", ""):
        return True
    return before != after and _without_sentences(before) == _without_sentences(after)


def function_of(mutant: str) -> str:
    """Return the name of the function that was changed: `module.Class.function`."""
    module, _, function = mutant.partition("__mutmut_")[0].rpartition(".")
    return ".".join([module, *function.removeprefix("x_").removeprefix("xǁ").split("ǁ")])


def check(name: str, group: Mapping[str, Any], explained: Mapping[tuple[str, str], str]) -> int:
    """Test one group; returns the number of faults that nobody noticed or explained."""
    work = prepare(name, group)
    plant(work)
    counts: Counter[str] = Counter()
    silent: dict[str, str] = {}
    codes = outcomes(work, group["modules"])
    changes = changes_of(work, [mutant for mutant, code in codes.items() if code in NOT_NOTICED])
    for mutant, exit_code in codes.items():
        if exit_code in NOT_TESTED:
            counts["not tested"] += 1
        elif exit_code not in NOT_NOTICED:
            counts["noticed"] += 1
        elif is_text(*changes[mutant]):
            counts["only a text"] += 1
        elif (function_of(mutant), changes[mutant][1]) in explained:
            counts["explained"] += 1
        else:
            silent[mutant] = NOT_NOTICED[exit_code]
    test_again(work, group["modules"], set(silent))
    for mutant in noticed_slowly(name, group, silent):
        counts["noticed by a slow test"] += 1
        del silent[mutant]
    counts.update(silent.values())
    for mutant in silent:
        before, after = changes[mutant]
        print(f"\n{function_of(mutant)}   ({mutant})\n  - {before}\n  + {after}")
    print(f"\n{name}: {', '.join(f'{count} {word}' for word, count in sorted(counts.items()))}")
    return len(silent) + counts["not tested"]


def noticed_slowly(name: str, group: Mapping[str, Any], mutants: Collection[str]) -> list[str]:
    """Return which of these faults the slow tests of a group notice, if it has any."""
    if not mutants or not group.get("slow_tests"):
        return []
    work = prepare(name, group, slow=True)
    plant(work, mutants)
    codes = outcomes(work, group["modules"])
    missed = {*NOT_NOTICED, *NOT_TESTED}
    return [mutant for mutant in mutants if codes[mutant] not in missed]


def main(arguments: list[str]) -> int:
    """Test the groups; returns the exit code."""
    listed = configuration()
    groups = listed["groups"]
    unknown = [name for name in arguments if name not in groups]
    if unknown:
        print(f"no such group: {', '.join(unknown)}; there are {', '.join(groups)}")
        return 2
    explained = {
        (entry["function"], change): entry["reason"]
        for entry in listed.get("explained", ())
        for change in entry["changes"]
    }
    silent = sum(check(name, groups[name], explained) for name in arguments or groups)
    print(f"\n{silent} faults that no test notices and that are not explained")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
