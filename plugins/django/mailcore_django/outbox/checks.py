"""What `manage.py check` says of the outbox."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.db import connections

from mailcore_django.aliases import our_mailers
from mailcore_django.conf import SETTING, read_settings


__all__ = ["check_outbox", "register"]


def register() -> None:
    """Have the check run."""
    checks.register(check_outbox)


def check_outbox(**_: Any) -> list[checks.CheckMessage]:
    """Say what is missing for mail to be kept, sent, and found again by events."""
    own, problems = read_settings(getattr(settings, SETTING, {}))
    if problems:
        # The check of the settings says so.
        return []
    found: list[checks.CheckMessage] = []
    keeping = [
        alias
        for alias, _, options in our_mailers()
        if options.get("outbox", own.outbox is not None) is True
    ]
    if not keeping:
        found.append(
            checks.Warning(
                "INSTALLED_APPS has 'mailcore_django.outbox', and no mailer keeps mail in it.",
                hint=f"Set {SETTING}['OUTBOX'] = {{}}, or 'outbox': True among the OPTIONS of a "
                "mailer. What keep() was given is kept all the same.",
                id="mailcore_outbox.W001",
            )
        )
    found += [
        checks.Error(
            f"{SETTING}['OUTBOX']['databases'] has {alias!r}, and DATABASES does not.",
            id="mailcore_outbox.E001",
        )
        for alias in (own.outbox.databases if own.outbox is not None else ())
        if alias not in connections.databases
    ]
    if own.webhooks and not apps.is_installed("mailcore_django.seen"):
        found.append(
            checks.Warning(
                "INSTALLED_APPS has 'mailcore_django.outbox' without 'mailcore_django.seen'.",
                hint="Add 'mailcore_django.seen': without it, an event that the outbox could not "
                "keep comes again to every receiver, and not to the outbox alone.",
                id="mailcore_outbox.W002",
            )
        )
    return found
