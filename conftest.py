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

import faulthandler
import functools
import gc
import math
import os
import sys
import tempfile
import time

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from socketserver import BaseServer, StreamRequestHandler
from typing import Any

import pytest
import sybil.integration.pytest as sybil_in_pytest

from hypothesis import HealthCheck, settings
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import ClearNamespaceParser, PythonCodeBlockParser
from xdist.scheduler import LoadFileScheduling


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
    "TestMandrill::test_damaged_answers_are_survived",  # thousands of them, as in the next
    "TestSparkPost::test_damaged_answers_are_survived",
    "TestSmtp::test_every_recipient_of_a_large_batch_has_a_status",
)
"""Checks of the conformance suite that start servers or processes, or take more than 0.2 s."""

SLOW_PAGES = (
    "docs/how-to/celery.md",
    "docs/how-to/command-line.md",
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
settings.register_profile("fast", settings.get_profile("patient"), max_examples=10)


# argparse looks for translations of each word of each parser, and asks for the size of the terminal
# for each option: half of what `mailcore` takes to start, some thousand times. It finds the same.
os.environ["LANGUAGE"] = "C"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ |= {"COLUMNS": "80", "LINES": "24"}

# Head and body of an answer are two packets: the second waited 40 ms for the first to be
# acknowledged, in each of a thousand answers of servers that tests start.
StreamRequestHandler.disable_nagle_algorithm = True
# Servers of the standard library look whether they are to end twice a second, unless told when.
BaseServer.serve_forever.__defaults__ = (0.002,)


class Watchdog:
    """
    Ends the run when a test hangs for two minutes, and prints where every thread stands.

    pytest's own ``faulthandler_timeout`` starts a thread for each test and waits for its end: a
    thirtieth of `make test`. This one is wound up every ten seconds.
    """

    def __init__(self, output: int) -> None:
        self._output = output
        self._wound_up = -math.inf

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> None:
        """Before a test, in the process that runs it."""
        now = time.monotonic()
        if now - self._wound_up > 10:
            faulthandler.dump_traceback_later(130, file=self._output, exit=True)
            self._wound_up = now

    def pytest_sessionfinish(self) -> None:
        """Call it back when there is nothing to watch."""
        faulthandler.cancel_dump_traceback_later()
        self._wound_up = -math.inf

    pytest_enter_pdb = pytest_exception_interact = pytest_sessionfinish


def pytest_configure(config: pytest.Config) -> None:
    """Have hanging tests noticed, on standard error as it is outside of tests."""
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        config.pluginmanager.register(Watchdog(os.dup(2)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """What our own runs ask for."""
    parser.addoption(
        "--leaks",
        action="store_true",
        help="collect garbage after each file: what it left open is told there",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """
    Find what the tests of a file left open, if that is asked for, when the file is done.

    Otherwise it is told whenever garbage is collected, in a test that has nothing to do with it,
    and in few runs only. Python 3.13 and newer tell of connections to SQLite too.
    """
    yield
    if not item.config.getoption("--leaks") or (nextitem and nextitem.path == item.path):
        return
    left: list[str] = []
    with pytest.MonkeyPatch.context() as changes:
        changes.setattr(sys, "unraisablehook", lambda told: left.append(f"{told.exc_value}"))
        gc.collect()
    if left:
        pytest.fail(f"{item.path.name} left open: {', '.join(left)}", pytrace=False)


class Ids(list[str]):
    """Ids of tests that know their places: xdist asks for that of each."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(ids)
        self._places = {each: place for place, each in enumerate(ids)}

    def index(self, value: str, *_: Any) -> int:
        """Where an id stands."""
        return self._places[value]


class Files(LoadFileScheduling):
    """
    Hands out files to processes as ``--dist loadfile`` does, and does not look at all tests for it.

    xdist looks for each test among all, and counts after each what is done of all: three seconds of
    the process that shares the cores with those that run the tests.
    """

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Note what a process has collected."""
        super().add_node_collection(node, collection)
        if node in self.registered_collections:
            self.registered_collections[node] = Ids(collection)

    def _pending_of(self, workload: Mapping[str, Mapping[str, bool]]) -> int:
        pending = 0
        for tests in reversed(workload.values()):
            # A process takes its files in turn: those before one that is done are done.
            if all(tests.values()):
                break
            pending += list(tests.values()).count(False)
        return pending


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files | None:
    """How tests are shared out: in the order of `pytest_collection_modifyitems`."""
    return Files(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_sessionstart(session: pytest.Session) -> None:
    """
    Have a process of pytest-xdist tell two things of a test that passes, and not six.

    That it begins and ends, and that what it needs was made and put away, is read by nobody unless
    these options ask for it; what fails or is skipped is told as ever. Sending and reading it took
    a tenth of `make test`.
    """
    option = session.config.option
    if option.durations is None and option.verbose <= 0 and not getattr(option, "xmlpath", None):
        for plugin in session.config.pluginmanager.get_plugins():
            if hasattr(plugin, "sendevent"):
                plugin.sendevent = functools.partial(send_less, plugin.sendevent)


def send_less(send: Callable[..., None], name: str, **what: Any) -> None:
    """Send an event to the process that hands out tests, unless nobody reads it."""
    data = what.get("data", {})
    passed = name == "testreport" and data["outcome"] == "passed" and data["when"] != "call"
    if not passed and name not in ("logstart", "logfinish"):
        send(name, **what)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(report: object) -> Iterator[None]:
    """Leave out what nobody reads of a test that passed: its keywords, 20 of each."""
    data = yield
    if data is not None and getattr(report, "passed", False) and "keywords" in data:
        data["keywords"] = {}
    return data


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """
    Mark what is slow by the three tables; parameters that name a check count too.

    Of what is then left, the files that take long come first: otherwise one process of pytest-xdist
    runs the last of them alone. A slow test counts as much as a hundred others.
    """
    for item in items:
        if (
            item.nodeid.startswith(SLOW_PAGES)
            or any(name in item.nodeid for name in SLOW_CHECKS)
            or SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        ):
            item.add_marker(pytest.mark.slow)
    result = yield
    if "PYTEST_XDIST_WORKER" in os.environ:
        cost: Counter[Path] = Counter()
        for item in items:
            cost[item.path] += 100 if item.get_closest_marker("slow") else 1
        items.sort(key=lambda item: (-cost[item.path], item.path))
    return result


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


def share_entry_points() -> None:
    """
    Let what is installed be read once in a process, and not once for each registry.

    A test that installs something puts another directory on `sys.path`, and gets what is there.
    """
    read, path, installed = metadata.entry_points, [*sys.path], metadata.entry_points()

    def entry_points(**wanted: Any) -> metadata.EntryPoints:
        return installed.select(**wanted) if sys.path == path else read(**wanted)

    metadata.entry_points = entry_points


def share_signing_key() -> None:
    """
    Let all local SES of a process sign with one key: making one took 50 ms of each that signs.

    Each server has a certificate of another name all the same, and is asked for it.
    """
    from mailcore_local.ses import signing

    make = functools.cache(signing.Signer._key_and_certificate)
    one = signing.Signer()
    signing.Signer._key_and_certificate = lambda _: make(one)  # type: ignore[method-assign]


def draw_no_constants() -> None:
    """
    Let Hypothesis draw values without the constants that stand in our own modules.

    They are thousands, each strategy looks which of them would do for it, and so a quarter of the
    time of the few examples of `make test` went there; reading all modules for them takes half a
    second of each process. Everything else draws them.
    """
    try:
        from hypothesis.internal.conjecture import providers
    except ImportError:
        return  # an older Hypothesis, which knows of none
    providers.HypothesisProvider._maybe_draw_constant = (  # type: ignore[method-assign]
        lambda *_, **__: None
    )
    providers._get_local_constants = lambda: getattr(providers, "_local_constants", None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """
    Collect tests without the garbage collector, and then take them out of its sight.

    There are more than 20,000, and nothing of them is garbage: looking at them again and again took
    a quarter of the collection, and later a second each time. Now and then is enough for the rest,
    since what a test measures or leaves behind it collects itself.
    """
    gc.disable()
    if session.config.getoption("--hypothesis-profile") == "fast":
        draw_no_constants()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(5_000, 20, 100)
        gc.enable()


def pytest_collection_finish() -> None:
    """Make what many tests need once, if modules were loaded that need it."""
    share_entry_points()
    if "botocore" in sys.modules:
        share_botocore_models()
    if "mailcore_local.ses.signing" in sys.modules:
        share_signing_key()


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

collect_snippets = sybil_in_pytest.pytest_integration(pages, docstrings)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """
    Collect the snippets of pages and of modules.

    A module is read only if it can have some: of 900, fewer than 40 do, and each process of
    pytest-xdist reads them all.
    """
    found = collect_snippets(file_path, parent)
    if found is not None and file_path.suffix == ".py":
        text = file_path.read_text("utf-8")
        return found if ">>>" in text or "```" in text else None
    return found
