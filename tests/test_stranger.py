"""PyPI's `mailcore` is another project of our import name: what is said where it stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from pathlib import Path

import pytest


ROOT = Path(__file__).parent.parent
PACKAGES = {
    "mailcore-local": ROOT / "plugins" / "local",
    "mailcore-mailgun": ROOT / "plugins" / "mailgun",
    "mailcore-postmark": ROOT / "plugins" / "postmark",
    "mailcore-sendgrid": ROOT / "plugins" / "sendgrid",
    "mailcore-ses": ROOT / "plugins" / "ses",
    "mailcore-new-esp": ROOT / "plugins" / "_template",
}
STRANGERS = {
    "a package": {"mailcore/__init__.py": "class IMAP: ...\n"},
    "a module": {"mailcore.py": "class IMAP: ...\n"},
    # Two distributions in one directory: the last one installed has overwritten what both have.
    "its files over ours": {
        "mailcore/__init__.py": "class IMAP: ...\n",
        "mailcore/provider.py": "class Provider: ...\n",
    },
}


def python(*arguments, path):
    """Run an interpreter, in the first of *path*, that has no packages but those of *path*."""
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=path[0],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def write(directory, files):
    """Write files, with their directories; return the directory."""
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


@pytest.mark.slow
@pytest.mark.parametrize("distribution", PACKAGES)
@pytest.mark.parametrize("stranger", [*STRANGERS, "nothing"])
def test_a_plugin_beside_a_stranger_says_so(tmp_path, distribution, stranger):
    """One sentence says what is there, and the two commands that mend it."""
    here = write(tmp_path, STRANGERS.get(stranger, {}))

    module = distribution.replace("-", "_")
    finished = python("-c", f"import {module}", path=[here, PACKAGES[distribution]])

    assert 1 == finished.returncode
    assert finished.stderr.splitlines()[-1] == (
        f"ImportError: {distribution} needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    )


def test_what_ours_lacks_is_not_blamed_on_a_stranger(tmp_path):
    """An import that fails within mailcore stays what it is."""
    here = write(tmp_path, {"mailcore/__init__.py": "import nonsense_that_is_missing\n"})

    finished = python("-c", "import mailcore_postmark", path=[here, PACKAGES["mailcore-postmark"]])

    assert "No module named 'nonsense_that_is_missing'" in finished.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mailcore", "mailcore-other", None])
def test_both_distributions_are_warned_of(tmp_path, name):
    """`mailcore providers` lists what it finds, and warns on standard error."""
    if name is not None:
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n"
        info = f"{name.replace('-', '_')}-0.1.0.dist-info/METADATA"
        write(tmp_path, {info: metadata})

    finished = subprocess.run(
        [sys.executable, "-m", "mailcore", "providers", "--json"],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "MAILCORE_PLUGINS": "none"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )

    assert "console" in {each["name"] for each in json.loads(finished.stdout)["providers"]}
    warned = "pip uninstall mailcore; pip install --force-reinstall mailcore-esp" in finished.stderr
    assert (name == "mailcore") == warned
