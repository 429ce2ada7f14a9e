"""The tool that has type checkers read the documentation: what they are given, what is printed."""

from __future__ import annotations

import importlib
import sys

from pathlib import Path

import pytest

from mailcore import Registry


TOOL = Path(__file__).resolve().parent.parent / "tools" / "typed_snippets.py"


@pytest.fixture(name="tool", scope="module")
def _tool():
    """The tool as a module."""
    with pytest.MonkeyPatch.context() as changes:
        changes.syspath_prepend(TOOL.parent)
        yield importlib.import_module("typed_snippets")
    for name in ("typed_snippets", "type_checkers"):
        del sys.modules[name]


@pytest.fixture(name="modules_of")
def _modules_of(tool, tmp_path):
    """The modules of a page with this text."""

    def modules_of(text):
        page = tmp_path / "page.md"
        page.write_text(text, "utf-8")
        return list(tool.modules_of(page))

    return modules_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title\n\nText.\n", [([], "\n")]),
        (
            "# Title\n\n```python\na = 1\n```\n\n```python\nb = a\n```\n",
            [([], "\n\n\na = 1\n\n\n\nb = a\n")],
        ),
        (
            "# Title\n\n<!-- invisible-code-block: python\na = 1\n-->\n",
            [([], "\n\n\na = 1\n")],
        ),
        ("# Title\n\n- Item:\n\n  ```python\n  a = 1\n  ```\n", [([], "\n\n\n\n\na = 1\n")]),
        ("# Title\n\n```console\n$ a\n```\n\n```text\na\n```\n", [([], "\n")]),
        (
            "# T\n\n```python\na = 1\n```\n\n<!--- clear-namespace -->\n\n```python\nb = 1\n```",
            [([], "\n\n\na = 1\n"), ([], "\n\n\n\n\n\n\n\n\nb = 1\n")],
        ),
        (
            "# Title\n\n```python\na = 1\n```\n\n<!-- module: one.two, one -->\n",
            [(["one.two", "one"], "\n\n\na = 1\n"), ([], "\n")],
        ),
        (
            "# Title\n\n```python\nfrom __future__ import annotations\n\na = 1\n```\n",
            [([], "from __future__ import annotations\n\n\n\n\na = 1\n")],
        ),
    ],
    ids=["none", "two", "invisible", "list", "other", "cleared", "named", "future"],
)
def test_lines_of_a_page_stand_where_they_stood(modules_of, text, expected):
    """A module has the Python of a page, each line at its number, and nothing else."""
    assert expected == modules_of(text)


def test_docstrings_of_a_module_are_read(tool, tmp_path, monkeypatch):
    """Doctests and blocks, each line at its number, with the names of the module in the first."""
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    module = tmp_path / "plugins" / "shop" / "mailcore_shop" / "mail.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        '"""\nMail.\n\n>>> a = 1\n>>> def f():\n...     return a\n"""\n\nimport json\n\n\n'
        'def one():\n    """One.\n\n    >>> one()\n    1\n    """\n    return 1\n',
        "utf-8",
    )
    silent = module.with_name("silent.py")
    silent.write_text('"""Nothing to run."""\n', "utf-8")

    ((names, source),) = tool.docstrings_of(module)

    assert [] == names
    assert "import json; from mailcore_shop.mail import one" == source.splitlines()[0]
    assert ["a = 1", "def f():", "    return a"] == source.splitlines()[3:6]
    assert "one()" == source.splitlines()[14]
    assert [] == list(tool.docstrings_of(silent))


def test_named_modules_can_be_imported(tool, tmp_path, monkeypatch):
    """`<!-- module: … -->` becomes files that the rest of the page finds."""
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text("# T\n\n```python\na = 1\n```\n\n<!-- module: shop, shop.mail -->\n", "utf-8")

    written = tool.write_modules([page], tmp_path / "out")

    expected = {"shop/__init__.py", "shop/mail.py", "docs_page_1.py"}
    assert expected == {str(path.relative_to(tmp_path / "out" / "docs_page")) for path in written}
    assert {page} == set(written.values())


def test_what_is_expected_has_to_be_found(tool, tmp_path):
    """A line with `# E:` is silent if each checker says what it has to, and nothing more."""
    Finding = sys.modules["type_checkers"].Finding  # noqa: N806  # the class
    path = tmp_path / "promises.py"
    path.write_text("f()\nf(1)  # E: arg-type, reportArgumentType\nf(2)  # E: misc\n", "utf-8")
    found = [
        Finding(path, 1, "call-arg", "too few"),
        Finding(path, 1, "note", "see f"),
        Finding(path, 2, "arg-type", "int"),
        Finding(path, 3, "operator", "no f"),
        Finding(tmp_path / "imported.py", 3, "misc", "of another"),
    ]

    surprises = sorted(
        (each.path.name, each.line, each.code) for each in tool.surprises(found, [path])
    )

    assert [
        ("imported.py", 3, "misc"),
        ("promises.py", 1, "call-arg"),
        ("promises.py", 2, "reportArgumentType"),
        ("promises.py", 3, "misc"),
        ("promises.py", 3, "operator"),
    ] == surprises


def test_pages_are_those_that_run(tool):
    """Every page with Python blocks that the tests run is read by the type checkers, too."""
    root = TOOL.parent.parent
    pages = {path for pattern in tool.PAGES for path in root.glob(pattern)}
    documents = {
        *root.glob("*.md"),
        *root.glob("docs/**/*.md"),
        *root.glob("plugins/*/README.md"),
        *root.glob("plugins/*/docs/*.md"),
    }

    missed = {
        str(path.relative_to(root))
        for path in documents - pages
        if "```python" in path.read_text("utf-8") and "_build" not in path.parts
    }
    assert not missed


def test_each_provider_has_promises():
    """Of each provider the repository has, a file says which types its own names have."""
    promises = (TOOL.parent.parent / "tests" / "typing" / "each_provider.py").read_text("utf-8")
    registry = Registry()
    made = {registry.provider_class(name) for name in registry.names()}

    missed = [
        each.__name__
        for each in made
        if not each.__module__.startswith("mailcore.")
        and f"= Mailer({each.__name__}(" not in promises
    ]
    assert not missed
