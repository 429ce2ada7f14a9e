"""
The snippets of the documentation run as tests.

Python blocks of the README files and of the pages under docs/ are executed from top to bottom,
with one namespace for a page; doctests and Python blocks in the docstrings of the packages
likewise. Each page starts in an empty directory and with invented AWS credentials that lead
nowhere, so that a snippet may write files and cannot reach an account.

What is slow and cannot say so itself is marked here: snippets, and checks of the conformance suite
that `mailcore.testing` must not mark, because those who use it have marks of their own.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile

from socketserver import BaseServer, StreamRequestHandler
from typing import Any

import pytest
import sybil.integration.pytest as sybil_in_pytest

from hypothesis import HealthCheck, settings
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

SLOW_CHECKS = (
    "test_transport_faults_are_send_errors",  # 30 servers, some of which are waited for
    "test_damaged_mail_is_survived",  # thousands of mutated mails
    "test_import_is_cheap",  # an interpreter of its own
    "TestMailjet::test_damaged_answers_are_survived",  # 13,000 answers
)
"""Checks of the conformance suite that start servers or processes, or take more than 0.2 s."""

SLOW_PAGES = (
    "docs/how-to/celery.md",
    "docs/how-to/consume-sqs.md",
    "docs/how-to/send-many.md",
    "docs/how-to/suppression-list.md",
    "docs/how-to/ses-account.md",
    "docs/how-to/set-up-ses-events.md",
    "docs/how-to/templates-and-batches.md",
    "docs/how-to/webhooks.md",
    "docs/providers/ses/setup.md",
)
"""Pages of the documentation whose snippets do so; the first tutorials stay."""

SLOW_FIXTURES = {"moto", "moto_url"}
"""Fixtures that start servers which take their time."""

# How long an example takes says how busy the machine is: what must be quick is measured by tests of
# its own, which compare sizes.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
# `make test` looks at fewer examples of what has no number of its own; everything else at all.
settings.register_profile("fast", settings.get_profile("patient"), max_examples=25)


# Head and body of an answer are two packets: the second waited 40 ms for the first to be
# acknowledged, in each of a thousand answers of servers that tests start.
StreamRequestHandler.disable_nagle_algorithm = True
# Servers of the standard library look whether they are to end twice a second, unless told when.
BaseServer.serve_forever.__defaults__ = (0.002,)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow by the three tables; parameters that name a check count too."""
    for item in items:
        if (
            item.nodeid.startswith(SLOW_PAGES)
            or any(name in item.nodeid for name in SLOW_CHECKS)
            or SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        ):
            item.add_marker(pytest.mark.slow)


def share_botocore_models() -> None:
    """
    Let botocore read the models of a service once in a process, and not once for each session.

    Sessions are the business of each test; reading the same files again took 60 ms of each.
    """
    import botocore.loaders

    models: dict[Any, Any] = {}

    class Loader(botocore.loaders.Loader):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._cache = models

    botocore.loaders.Loader = Loader  # type: ignore[misc]  # on purpose, in the tests only


def pytest_collection_finish() -> None:
    """
    Take the tests that were collected out of the garbage collector's sight.

    There are 14,000, and looking at them all took a second each time; now and then is enough for
    the rest, since what a test measures or leaves behind it collects itself.
    """
    if "botocore" in sys.modules:
        share_botocore_models()
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 100)


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
    patterns=["README.md", "docs/*.md", "docs/*/*.md", "docs/*/*/*.md"],
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
