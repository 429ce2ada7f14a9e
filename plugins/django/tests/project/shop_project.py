"""
The project of all tests of a process that use Django: its settings can be made only once in it.

Also those of the repository's own tests that look at modules of mailcore-django, or serve Django:
whichever comes first makes this project.
"""

from __future__ import annotations

import importlib
import json
import os

import django

from django.conf import settings


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
        "mailcore_django.suppression",
        "mailcore_django.idempotency",
        "mailcore_django.dashboard",
        "mailcore_django.outbox",
        "django.contrib.staticfiles",
    ],
    "STATIC_URL": "/static/",
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


def configure() -> None:
    """Make the project, unless it is there."""
    if settings.configured:
        return
    settings.configure(**PROJECT)
    django.setup()
    # It writes to the database, which most tests have not; the fixture `connected_log` is for
    # those that do.
    for app in ("log", "suppression", "outbox"):
        importlib.import_module(f"mailcore_django.{app}.listening").disconnect()
