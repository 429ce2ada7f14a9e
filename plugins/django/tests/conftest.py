"""What tests with Django share: settings that change, databases, a server of PostgreSQL."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest


# Nothing large is loaded here: pytest-xdist's own process, which runs no test, waits for it.
if TYPE_CHECKING:
    from django.core.mail import EmailMessage


sys.path.insert(0, str(Path(__file__).parent / "project"))


def pytest_pycollect_makemodule() -> None:
    """Make the project before a module of tests is loaded, which may need its models."""
    import shop_project  # it stands in the folder above

    shop_project.configure()


@pytest.fixture
def overrides() -> Iterator[ExitStack]:
    """What changes settings in a test, undone in turn: what was changed last comes first."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def mailcore_settings(overrides: ExitStack) -> Callable[..., None]:
    """Changes ``MAILCORE``: ``mailcore_settings(PROVIDER="memory")``; undone after the test."""
    from django.test.utils import override_settings

    def change(**keys: object) -> None:
        overrides.enter_context(override_settings(MAILCORE=keys))

    return change


@pytest.fixture
def django_settings(overrides: ExitStack) -> Callable[..., None]:
    """Changes any setting: ``django_settings(ADMINS=[…])``; undone after the test."""
    from django.test.utils import override_settings

    def change(**values: object) -> None:
        overrides.enter_context(override_settings(**values))
        if "INSTALLED_APPS" in values:
            # The apps have become ready once more.
            for app in ("log", "suppression", "outbox"):
                if f"mailcore_django.{app}" in values["INSTALLED_APPS"]:
                    importlib.import_module(f"mailcore_django.{app}.listening").disconnect()

    return change


@pytest.fixture(scope="session")
def databases() -> Iterator[None]:
    """The tables of all apps, in memory."""
    from django.test.utils import setup_databases, teardown_databases

    names = setup_databases(verbosity=0, interactive=False)
    yield
    teardown_databases(names, verbosity=0)


@pytest.fixture
def database(databases: None) -> Iterator[None]:
    """The database, in which nothing stays of a test."""
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def outbox() -> Iterator[list[EmailMessage]]:
    """Django's ``mail.outbox``, as its test runner makes it."""
    from django.core import mail

    had = hasattr(mail, "outbox")
    mail.outbox = []
    yield mail.outbox
    if not had:
        del mail.outbox


@pytest.fixture
def transactional_database(databases: None) -> Iterator[None]:
    """The database, for code that commits: its tables are emptied after the test."""
    from django.apps import apps
    from django.db import connection

    yield
    with connection.constraint_checks_disabled():
        for model in apps.get_models():
            if model._meta.managed and model._meta.app_label.startswith("mailcore"):
                model._default_manager.all().delete()


@pytest.fixture
def connected_log() -> Iterator[None]:
    """The log hears of what is sent and reported."""
    from mailcore_django.log import listening

    listening.connect()
    yield
    listening.disconnect()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[dict[str, object]]:
    """Settings of a database on a PostgreSQL server that runs for these tests alone."""
    found = [shutil.which("initdb"), *Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    initdb = next((Path(each) for each in found if each), None)
    if initdb is None:
        pytest.fail("PostgreSQL is not installed: `apt-get install postgresql`")
    # It refuses to run as root, and a socket has a path of at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="mailcore-pg-", dir="/tmp"))  # as above
    other_user = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    if other_user:
        shutil.chown(folder, "nobody", "nogroup")

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [initdb.with_name(program), "-D", folder / "data", *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            timeout=60,
            extra_groups=[] if other_user else None,
            **other_user,
        )

    run("initdb", "-U", "postgres", "-A", "trust", "--no-sync")
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", f"-k {folder} -h '' -F", "start")
    try:
        yield {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": str(folder),
        }
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)
