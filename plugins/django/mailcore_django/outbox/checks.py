"""What `manage.py check` says of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.db import connections
from django.utils import timezone

from mailcore import ConfigurationError
from mailcore_django.aliases import are_replaced_by_tests, our_mailers
from mailcore_django.conf import SETTING, read_settings
from mailcore_django.outbox.keeping import outbox_databases
from mailcore_django.outbox.store import DatabaseOutboxStore


__all__ = ["check_outbox", "check_workers", "register"]


_PATIENCE = timedelta(minutes=1)


def register() -> None:
    """Have the checks run; the one that asks databases by `check --database ALIAS` only."""
    checks.register(check_outbox)
    checks.register(check_workers, checks.Tags.database)


def check_workers(*, databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Say whether mail waits that a worker would have sent: nobody seems to work then."""
    if read_settings(getattr(settings, SETTING, {}))[1]:
        return []
    found: list[checks.CheckMessage] = []
    for using in outbox_databases():
        if using not in (databases or ()):
            continue
        now = timezone.now()
        try:
            counts = DatabaseOutboxStore(using=using).counts(now=now)
        except ConfigurationError:
            # No tables so far: `migrate`, which runs this check, is about to make them.
            continue
        late = counts.oldest_due_at is not None and now - counts.oldest_due_at > _PATIENCE
        if late or counts.expired:
            found.append(
                checks.Warning(
                    f"The outbox in the database {using!r} has {counts.due} messages that are due, "
                    f"and {counts.expired} whose workers did not come back.",
                    hint="Is `manage.py mailcore work` running?",
                    id="mailcore_outbox.W003",
                )
            )
    return found


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
    if not keeping and not are_replaced_by_tests():
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
