"""What `make versions` finds before a release does: `tools/check_versions.py`."""

from __future__ import annotations

import runpy
import shutil
import sys

from dataclasses import dataclass
from pathlib import Path

import pytest


ROOT = Path(__file__).parent.parent
LICENCE = "MIT License\n\nCopyright (c) 2026 The mailcore authors\n\nPermission is hereby granted\n"
CHANGES = "# Changelog\n\nOf `{}`.\n\n## [Unreleased]\n\n## [{}] - 2026-11-30\n\n### Added\n"
CORE = """[project]
name = "mailcore-esp"
dynamic = ["version"]
license = "MIT"
urls = {{ Source = "https://forge.invalid/mailcore" }}
[tool.hatch.version]
path = "mailcore/_version.py"
pattern = 'VERSION = "(?P<version>[^"]+)"'
"""
PLUGIN = """[project]
name = "{name}"
version = "{version}"
license = "MIT"
urls = {{ Source = "https://forge.invalid/mailcore" }}
dependencies = ["mailcore-esp{pin}", "requests>=2"]
"""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a run ended."""

    returncode: int
    stdout: str


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """Run the tool of a tree."""

    def run(tree, *arguments):
        tool = tree / "tools" / "check_versions.py"
        with monkeypatch.context() as context:
            context.syspath_prepend(tool.parent)
            context.delitem(sys.modules, "projects", raising=False)
            context.setattr(sys, "argv", [str(tool), *arguments])
            with pytest.raises(SystemExit) as ended:
                runpy.run_path(str(tool), run_name="__main__")
            sys.modules.pop("projects", None)
        return Finished(returncode=ended.value.code, stdout=capsys.readouterr().out)

    return run


@pytest.fixture
def tree(tmp_path):
    """A core and a plugin as they are on the day of their release."""
    return make_tree(tmp_path)


def make_tree(root, *, core="0.1.0", plugin="0.1.3", pin=">=0.1,<0.2"):
    """Write a core, a plugin and the template."""
    package = root / "plugins" / "acme"
    template = root / "plugins" / "_template"
    for directory in (root / "tools", root / "mailcore", package / "mailcore_acme", template):
        directory.mkdir(parents=True)
    for name in ("tools/projects.py", "tools/check_versions.py"):
        shutil.copy(ROOT / name, root / name)
    (root / "mailcore" / "_version.py").write_text(f'VERSION = "{core}"\n')
    (root / "pyproject.toml").write_text(CORE.format())
    (package / "pyproject.toml").write_text(
        PLUGIN.format(name="mailcore-acme", version=plugin, pin=pin)
    )
    (template / "pyproject.toml").write_text(
        PLUGIN.format(name="mailcore-new-esp", version="0.1.0", pin=pin)
    )
    for directory, name, version in (
        (root, "mailcore-esp", core),
        (package, "mailcore-acme", plugin),
    ):
        (directory / "LICENSE").write_text(LICENCE)
        (directory / "README.md").write_text("# Mail\n")
        (directory / "CHANGELOG.md").write_text(CHANGES.format(name, version))
    return root


def test_the_distributions_of_this_repository_are_right(run_tool):
    """What must hold at any time holds today."""
    finished = run_tool(ROOT)

    assert 0 == finished.returncode, finished.stdout


def test_what_is_ready_may_be_released(run_tool, tree):
    """Nothing is wrong, and nothing is lacking."""
    finished = run_tool(tree, "--release")

    assert (0, 3) == (finished.returncode, finished.stdout.count(": right")), finished.stdout


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("mailcore/_version.py", "0.1.0", "0.2.0", "newest of CHANGELOG.md is 0.1.0"),
        ("mailcore/_version.py", "0.1.0", "0.2.0", "should be mailcore-esp>=0.2,<0.3"),
        ("mailcore/_version.py", "0.1.0", "0.1", "is not of the form 0.1.0"),
        ("plugins/acme/pyproject.toml", ">=0.1,<0.2", ">=0.1", "should be mailcore-esp>=0.1,<0.2"),
        ("plugins/acme/pyproject.toml", ">=0.1,<0.2", "", "should be mailcore-esp>=0.1,<0.2"),
        ("plugins/acme/pyproject.toml", ">=0.1,<0.2", ">=0.1.1,<0.2", "should be mailcore-esp"),
        ("plugins/_template/pyproject.toml", "<0.2", "<0.3", "should be mailcore-esp>=0.1,<0.2"),
        ("plugins/acme/pyproject.toml", '"MIT"', '"BSD-3-Clause"', "the licence is BSD-3-Clause"),
        ("plugins/acme/LICENSE", "2026 The mailcore authors", "<year> <name>", "has a placeholder"),
        ("plugins/acme/LICENSE", "2026", "2025", "is not that of mailcore-esp"),
        ("plugins/acme/pyproject.toml", "forge.invalid", "example.com", "urls: Source is"),
        (
            "plugins/acme/pyproject.toml",
            "dependencies",
            'authors = [{ name = "Your Name" }]\ndependencies',
            "is an example",
        ),
        ("plugins/acme/README.md", "# Mail", "# TODO", "README.md has a TODO"),
        ("plugins/acme/README.md", "# Mail", "# New ESP", "has the 'New ESP' of the template"),
        ("CHANGELOG.md", "## [Unreleased]\n\n", "", "does not begin with the section [Unreleased]"),
        ("CHANGELOG.md", "## [0.1.0]", "## Version 0.1.0", "which is no version"),
        (
            "CHANGELOG.md",
            "### Added",
            "## [0.2.0] - 2026-12-01",
            "does not have its versions once each, the newest first",
        ),
        ("CHANGELOG.md", "`mailcore-esp`", "`mailcore`", "does not say that it is that of"),
    ],
)
def test_what_is_wrong_at_any_time(run_tool, tree, name, old, new, told):
    """Each mistake fails the check, with a sentence that names the file or the field."""
    path = tree / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))

    finished = run_tool(tree)

    assert (1, True) == (finished.returncode, told in finished.stdout), finished.stdout


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("CHANGELOG.md", " - 2026-11-30", "", "gives no date: ## [0.1.0] - YYYY-MM-DD"),
        ("CHANGELOG.md", "[Unreleased]\n", "[Unreleased]\n\n- More.\n", "belong to the version"),
        ("pyproject.toml", "urls", "unknown", "has no [project.urls]"),
        ("README.md", "# Mail", "It is not\non PyPI yet.", "not on PyPI yet"),
    ],
)
def test_what_is_wrong_on_the_day_of_a_release(run_tool, tree, name, old, new, told):
    """It is listed before, and fails the check of this distribution's release only."""
    path = tree / name
    path.write_text(path.read_text().replace(old, new, 1))

    before, other, day = (
        run_tool(tree),
        run_tool(tree, "--release", "mailcore-acme"),
        run_tool(tree, "--release", "mailcore-esp"),
    )

    assert (0, 0, 1) == (before.returncode, other.returncode, day.returncode), day.stdout
    assert [True, False, True] == [told in each.stdout for each in (before, other, day)]


@pytest.mark.parametrize(
    ("version", "pin", "is_right"),
    [
        ("0.1.4", ">=0.1,<0.2", True),
        ("0.1.4", ">=0.1.4,<0.2", True),
        ("0.1.4", ">=0.0,<0.2", False),
        ("1.2.0", ">=1.2,<2", True),
        ("1.2.0", ">=1.0,<2", True),
        ("1.2.0", ">=1.3,<2", False),
        ("1.2.0", ">=0.9,<2", False),
        ("1.2.0", ">=1.2", False),
    ],
)
def test_what_a_plugin_requires_of_the_core(run_tool, tmp_path, version, pin, is_right):
    """The minor version in the tree and the patches after it; from 1.0 on, up to the next major."""
    tree = make_tree(tmp_path, core=version, pin=pin)

    finished = run_tool(tree)

    assert is_right == (finished.returncode == 0), finished.stdout


def test_a_name_that_is_none_of_ours_is_no_release(run_tool, tree):
    """A slip in the name checks nothing, and says how the tool is called."""
    finished = run_tool(tree, "--release", "mailcore-acmee")

    assert (2, True) == (finished.returncode, "--release NAME" in finished.stdout)
