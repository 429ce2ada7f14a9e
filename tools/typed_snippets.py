"""
Check the types of what users copy: snippets, examples, the template; and what the types promise.

    python tools/typed_snippets.py [PAGE...]

The Python blocks of a page, in order, are one module, as `make snippets` runs them: invisible ones
count, and a cleared namespace begins another. The doctests and blocks in the docstrings of a module
are one too, with the names of the module. mypy, as strict as with the tree, and pyright read
these modules, `examples/`, `plugins/_template` and `tests/typing/`. What they find is printed with
the page and its line, and makes the exit code 1.

A page that shows a module says so below it: what stands above the line `<!-- module: shop_mail -->`
is `shop_mail`, which the rest of the page can import.
"""

from __future__ import annotations

import ast
import doctest
import re
import shutil
import sys

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import ClearNamespaceParser, PythonCodeBlockParser
from type_checkers import mypy, pyright, surprises


ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".mypy_cache" / "snippets"
PAGES = (
    "README.md",
    "plugins/*/README.md",
    "docs/*.md",
    "docs/*/*.md",
    "docs/*/*/*.md",
    "plugins/*/docs/*.md",
)
SOURCES = ("mailcore/**/*.py", "plugins/[a-z]*/mailcore_*/**/*.py")
FILES = ("examples/*.py", "plugins/_template/*/*.py", "tests/typing/*.py")
# A name may be something else in the next snippet.
MYPY = ("--allow-redefinition", "--cache-dir", str(CACHE))
PYRIGHT: Mapping[str, Any] = {
    "pythonVersion": "3.10",
    "typeCheckingMode": "standard",
    "extraPaths": [str(ROOT / "examples"), str(ROOT / "plugins" / "_template")],
    "exclude": [],
    # What a page defines again is another example, which readers copy by itself.
    "reportRedeclaration": False,
}

_MODULE = re.compile(r"^<!-- module: (?P<names>[\w., ]+) -->$")
_FUTURE = re.compile(r"^from __future__ import .*$", re.MULTILINE)


def modules_of(page: Path) -> Iterator[tuple[list[str], str]]:
    """
    Yield names and source of each module that a page has, every line where it stands in the page.

    Without a name it is not to be imported. Lines of the page that are no Python are empty. Imports
    from `__future__`, which have to be the first, move to the first line: pages begin with a
    heading.
    """
    document = Sybil([PythonCodeBlockParser(), ClearNamespaceParser()]).parse(page)
    parts = [(each.line, each.parsed) for each in document.examples()]
    for number, line in enumerate(document.text.splitlines(), start=1):
        if match := _MODULE.match(line):
            parts.append((number, match["names"].split(", ")))
    lines: list[str] = []
    for number, part in sorted(parts, key=lambda part: part[0]):
        if isinstance(part, list):
            yield part, _source(lines)
            lines = []
        elif not part:  # the namespace is cleared
            yield [], _source(lines)
            lines = []
        else:
            lines += [""] * (number + part.line_offset - len(lines))
            lines += str(part).splitlines()
    yield [], _source(lines)


def docstrings_of(module: Path) -> Iterator[tuple[list[str], str]]:
    """
    Yield source of what the docstrings of a module have to run; nothing if there is none.

    Every line stands where it stands in the module, whose names are imported in the first one.
    """
    document = Sybil(
        [DocTestParser(), PythonCodeBlockParser()], document_types={".py": PythonDocStringDocument}
    ).parse(module)
    lines: list[str] = []
    for example in sorted(document.examples(), key=lambda example: example.line):
        part = example.parsed
        is_doctest = isinstance(part, doctest.Example)
        first = example.line if is_doctest else example.line + part.line_offset
        lines += [""] * (first - 1 - len(lines)) if is_doctest else [""] * (first - len(lines))
        lines += str(part.source if is_doctest else part).splitlines()
    if lines:
        yield [], _source([_names_of(module), *lines[1:]])


def _names_of(module: Path) -> str:
    """The imports of a module, and those of what it defines, on one line."""
    parts = module.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[parts[0] == "plugins" and 2 :]).removesuffix(".__init__")
    body = ast.parse(module.read_text(encoding="utf-8")).body
    imports = [ast.unparse(each) for each in body if isinstance(each, (ast.Import, ast.ImportFrom))]
    defined = [each.name for each in body if isinstance(each, (ast.FunctionDef, ast.ClassDef))]
    imports += [f"from {name} import {each}" for each in defined]
    return "; ".join(imports)


def _source(lines: Sequence[str]) -> str:
    source = "\n".join(lines)
    if found := _FUTURE.findall(source):
        source = "; ".join(dict.fromkeys(found)) + _FUTURE.sub("", source)
    return f"{source}\n"


def write_modules(pages: Iterable[Path], directory: Path) -> dict[Path, Path]:
    """Write the modules of pages into a directory; return the page of each module."""
    page_of = {}
    for page in pages:
        name = re.sub(r"\W", "_", str(page.relative_to(ROOT).with_suffix("")))
        parts = docstrings_of(page) if page.suffix == ".py" else modules_of(page)
        for number, (names, source) in enumerate(parts):
            for path in _files(names or [f"{name}_{number}"], directory / name):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(source, encoding="utf-8")
                page_of[path] = page
    return page_of


def _files(names: Sequence[str], directory: Path) -> Iterator[Path]:
    for name in names:
        is_package = any(other.startswith(f"{name}.") for other in names)
        path = directory.joinpath(*name.split("."))
        yield path / "__init__.py" if is_package else path.with_suffix(".py")


def main(arguments: Sequence[str]) -> int:
    """Print what is found; return the exit code."""
    pages = [Path(page).resolve() for page in arguments]
    files: list[Path] = []
    if not pages:
        pages = [page for each in (*PAGES, *SOURCES) for page in sorted(ROOT.glob(each))]
        files = [path for pattern in FILES for path in sorted(ROOT.glob(pattern))]
    shutil.rmtree(CACHE / "modules", ignore_errors=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    page_of = write_modules(pages, CACHE / "modules")
    paths = [*page_of, *files]
    found = [
        *mypy(paths, ROOT, MYPY),
        *pyright(paths, CACHE / "pyrightconfig.json", PYRIGHT, sys.executable),
    ]
    findings = [
        replace(each, path=page_of.get(each.path, each.path)) for each in surprises(found, paths)
    ]
    for finding in sorted(set(findings)):
        print(finding)
    print(f"{len(pages)} pages and {len(files)} files: {len(set(findings))} findings")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
