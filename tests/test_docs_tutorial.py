"""The provider that docs/tutorial/write-a-provider.md builds, built as the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from pathlib import Path

import pytest

from mailcore import Registry
from mailcore.cli import main


PAGE = Path(__file__).resolve().parent.parent / "docs" / "tutorial" / "write-a-provider.md"
PROVIDER = "A message becomes a payload|An answer becomes|A webhook becomes|The provider"


def code(headings):
    """The Python blocks below some headings, joined as the reader joins them."""
    sections = PAGE.read_text("utf-8").split("\n## ")
    chosen = [section for section in sections if re.match(headings, section)]
    blocks = re.findall(r"^```python\n(.*?)^```", "\n".join(chosen), re.MULTILINE | re.DOTALL)
    return "\n\n".join(blocks)


@pytest.fixture(name="project")
def _project(tmp_path, monkeypatch):
    """The project, after all that the page says to write and to remove."""
    monkeypatch.chdir(tmp_path)
    assert main(["new-provider", "mailtrap"], registry=Registry(autoload=False)) == 0
    directory = tmp_path / "mailcore-mailtrap"
    monkeypatch.chdir(directory)
    removals = re.findall(r"^\$ (rm .*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(removals) == 3
    subprocess.run(["sh", "-ec", "\n".join(removals)], check=True)
    Path("mailcore_mailtrap/provider.py").write_text(code(PROVIDER), "utf-8")
    Path("tests/test_mailtrap_conformance.py").write_text(code("Prove it"), "utf-8")
    return directory


def run_tests(project):
    """Run the project's tests in a process of their own."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        capture_output=True,
        check=False,
        cwd=project,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=100,
    )


@pytest.mark.slow
def test_provider_of_the_tutorial_conforms(project):
    """The provider passes the whole suite, and without `cc` fails as the page says."""
    finished = run_tests(project)
    assert finished.returncode == 0, finished.stdout
    assert re.search(r"\b\d{2} passed in ", finished.stdout)

    module = project / "mailcore_mailtrap" / "provider.py"
    source = module.read_text("utf-8")
    line = '        "cc": [mailbox(address) for address in deliveries.cc],\n'
    module.write_text(source.replace(line, ""), "utf-8")
    broken = run_tests(project)

    assert source.count(line) == 1
    assert broken.returncode == 1
    assert "cc is silently dropped" in broken.stdout
