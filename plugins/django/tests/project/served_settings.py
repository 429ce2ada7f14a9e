"""Settings of the project that real servers serve; what differs stands in the environment."""

from __future__ import annotations

import json
import os


_GIVEN = json.loads(os.environ["SERVED"])

SECRET_KEY = "invented"  # it is
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "served_urls"
WSGI_APPLICATION = "served_wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": _GIVEN["database"]}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "mailcore_django",
    "mailcore_django.seen",
    "mailcore_django.log",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
MAILCORE = {"WEBHOOKS": _GIVEN["webhooks"], **_GIVEN.get("mailcore", {})}
