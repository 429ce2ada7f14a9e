"""What `manage.py check` says of the log."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core import checks


__all__ = ["register"]


def register() -> None:
    """Have the check run."""
    checks.register(check_seen)


def check_seen(**_: Any) -> list[checks.CheckMessage]:
    """Say what the log needs beside it."""
    if apps.is_installed("mailcore_django.seen"):
        return []
    return [
        checks.Error(
            "INSTALLED_APPS has 'mailcore_django.log' without 'mailcore_django.seen'.",
            hint=(
                "Add 'mailcore_django.seen': without it, an event that the log could not keep "
                "comes again to every receiver, and not to the log alone."
            ),
            id="mailcore_log.E001",
        )
    ]
