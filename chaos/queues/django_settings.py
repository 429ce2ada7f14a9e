"""The settings of a Django project whose mail goes through its outbox."""

from __future__ import annotations

import os

from chaos.queues.queue import ATTEMPTS, FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS


SECRET_KEY = "of nothing that anybody sees"  # noqa: S105 - it is no secret
USE_TZ = True
INSTALLED_APPS = ["mailcore_django", "mailcore_django.seen", "mailcore_django.outbox"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "HOST": os.environ.get("CHAOS_POSTGRESQL", ""),
        "OPTIONS": {"application_name": os.environ.get("CHAOS_APPLICATION", "chaos")},
    },
}
EMAIL_BACKEND = "mailcore_django.EmailBackend"
MAILCORE = {
    "PROVIDER": os.environ.get("CHAOS_MAILER_URL", "null://"),
    "OUTBOX": {
        "attempts": ATTEMPTS,
        "first_wait_seconds": FIRST_WAIT_SECONDS,
        "longest_wait_seconds": LONGEST_WAIT_SECONDS,
    },
}
