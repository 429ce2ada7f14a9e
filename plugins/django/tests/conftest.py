"""
A small project for the tests of this process: Django's settings can be made only once in it.

pytest reads this file before it collects; other tests that use Django take what is there.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

from collections.abc import Iterator
from pathlib import Path

import django
import pytest

from django.conf import settings
from django.core import mail
from django.test.utils import override_settings, setup_databases, teardown_databases


sys.path.insert(0, str(Path(__file__).parent / "project"))

SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
PROJECT = {
    "SECRET_KEY": "invented",
    "ALLOWED_HOSTS": ["*"],
    "DEBUG": False,
    "USE_TZ": True,
    "TIME_ZONE": "Europe/Berlin",
    "ROOT_URLCONF": "shop_urls",
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "DEFAULT_FROM_EMAIL": "Shop <shop@example.com>",
    "SERVER_EMAIL": "server@example.com",
    # Another one is given by a test that runs others of these tests on a server.
    "DATABASES": {"default": json.loads(os.environ.get("MAILCORE_TEST_DATABASE", "0")) or SQLITE},
    "INSTALLED_APPS": [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "mailcore_django",
        "mailcore_django.seen",
        "mailcore_django.log",
    ],
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
}

if not settings.configured:
    settings.configure(**PROJECT)
    django.setup()
    # It writes to the database, which most tests have not; `connected_log` is for those that do.
    importlib.import_module("mailcore_django.log.listening").disconnect()


@pytest.fixture
def mailcore_settings() -> Iterator[override_settings]:
    """Changes ``MAILCORE``: ``mailcore_settings(PROVIDER="memory")``; undone after the test."""
    changed = []

    def change(**keys: object) -> None:
        override = override_settings(MAILCORE=keys)
        override.enable()
        changed.append(override)

    yield change
    for override in reversed(changed):
        override.disable()


@pytest.fixture
def django_settings() -> Iterator[object]:
    """Changes any setting: ``django_settings(ADMINS=[…])``; undone after the test."""
    changed = []

    def change(**values: object) -> None:
        override = override_settings(**values)
        override.enable()
        changed.append(override)
        if "INSTALLED_APPS" in values:
            # The apps have become ready once more.
            importlib.import_module("mailcore_django.log.listening").disconnect()

    yield change
    for override in reversed(changed):
        override.disable()


@pytest.fixture(scope="session")
def databases() -> Iterator[None]:
    """The tables of all apps, in memory."""
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
def outbox() -> Iterator[list[mail.EmailMessage]]:
    """Django's ``mail.outbox``, as its test runner makes it."""
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
            if model._meta.app_label.startswith("mailcore"):
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
