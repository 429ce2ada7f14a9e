"""
What ``manage.py check`` says of the dashboard.

============================  ===================================================================
``mailcore_dashboard.E001``   ``MAILCORE["DASHBOARD"]["cache"]`` names no cache of ``CACHES``
============================  ===================================================================
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from mailcore_django.conf import SETTING, read_settings


__all__ = ["register"]


def register() -> None:
    """Have the check run."""
    checks.register(check_cache)


def check_cache(**_: Any) -> list[checks.CheckMessage]:
    """Say if the cache is not there."""
    found, _problems = read_settings(getattr(settings, SETTING, {}))
    named = found.dashboard.cache
    if named in settings.CACHES:
        return []
    return [
        checks.Error(
            f"{SETTING}['DASHBOARD']['cache'] is {named!r}, which is not in CACHES.",
            hint=f"CACHES has: {', '.join(settings.CACHES)}.",
            id="mailcore_dashboard.E001",
        )
    ]
