"""
The snippets of the documentation run as tests.

Python blocks of the README files and of the pages under docs/ are executed from top to bottom,
with one namespace for a page; doctests and Python blocks in the docstrings of the packages
likewise. Each page starts in an empty directory and with invented AWS credentials that lead
nowhere, so that a snippet may write files and cannot reach an account.
"""

from __future__ import annotations

import os
import tempfile

from typing import Any

import pytest
import sybil.integration.pytest as sybil_in_pytest

from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import ClearNamespaceParser, PythonCodeBlockParser


ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAINVENTED00000000",
    "AWS_SECRET_ACCESS_KEY": "invented",
    "AWS_CONFIG_FILE": "no-such-file",
    "AWS_SHARED_CREDENTIALS_FILE": "no-such-file",
    "AWS_EC2_METADATA_DISABLED": "true",
    # The discard port of this machine: a snippet without a local SES is refused at once.
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}

LEAVE = "__leave_page"


def enter_page(namespace: dict[str, Any]) -> None:
    """Move to an empty directory and set the environment of a snippet."""
    directory = tempfile.TemporaryDirectory()
    before = dict(os.environ)
    changes = pytest.MonkeyPatch()
    changes.chdir(directory.name)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION"):
        changes.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        changes.setenv(name, value)

    def restore() -> None:
        os.environ.clear()
        os.environ.update(before)

    namespace[LEAVE] = (changes.undo, restore, directory.cleanup)


def leave_page(namespace: dict[str, Any]) -> None:
    """Undo what `enter_page` did, and what the snippets did to the environment."""
    for undo in namespace[LEAVE]:
        undo()


pages = Sybil(
    parsers=[PythonCodeBlockParser(), ClearNamespaceParser()],
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    setup=enter_page,
    teardown=leave_page,
)

docstrings = Sybil(
    parsers=[DocTestParser(), PythonCodeBlockParser()],
    patterns=["mailcore/*.py", "mailcore/*/*.py", "mailcore_*/*.py", "mailcore_*/*/*.py"],
    document_types={".py": PythonDocStringDocument},
    setup=enter_page,
    teardown=leave_page,
)

pytest_collect_file = sybil_in_pytest.pytest_integration(pages, docstrings)
