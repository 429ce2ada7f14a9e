"""
Asking a provider, and keeping what it said for a while.

A part that fails does not take the others with it: what went wrong stands in its place. A provider
that does not answer at all is not asked for the other parts, since each of them would wait as long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.core.cache import BaseCache, caches
from django.utils import timezone

from mailcore import ConfigurationError, MailcoreError
from mailcore.errors import NetworkError, ProviderUnavailable
from mailcore_django.conf import DashboardSettings, get_settings
from mailcore_django.configured import get_provider
from mailcore_django.dashboard.accounts import (
    CountsByDay,
    HasIdentities,
    HasQuota,
    HasStatistics,
    HasStatus,
    HasSuppressed,
    IdentitySummary,
)
from mailcore_django.dashboard.snapshot import Day, IdentityLine, Snapshot, Suppressed, Usage


__all__ = ["IDENTITIES", "QUOTA", "STATISTICS", "SUPPRESSED", "ask", "snapshot_of"]

QUOTA, STATISTICS, IDENTITIES, SUPPRESSED = "quota", "statistics", "identities", "suppressed"
"""The parts of the page."""

_DAYS = 14
_LISTED = 20
_PROBLEM_SECONDS = 30
_SOONEST_SECONDS = 5
_DOMAIN = "DOMAIN"
_KEY = "mailcore_dashboard:1:{}"


def snapshot_of(alias: str, *, fresh: bool = False) -> Snapshot:
    """
    What the provider of a mailer says, or said a short time ago.

    Args:
        alias: The mailer whose provider is asked.
        fresh: Ask even if it was asked lately; not if that was a few seconds ago.
    """
    settings = get_settings().dashboard
    cache: BaseCache = caches[settings.cache]
    key = _KEY.format(alias.encode().hex())
    kept = cache.get(key)
    now = timezone.now()
    if isinstance(kept, Snapshot):
        age = now - kept.asked_at
        if not fresh or timedelta() <= age < timedelta(seconds=_SOONEST_SECONDS):
            return kept
    found = ask(alias, settings)
    seconds = settings.cache_seconds
    # The cause may be gone in a moment.
    cache.set(key, found, min(seconds, _PROBLEM_SECONDS) if found.problems else seconds)
    return found


def ask(alias: str, settings: DashboardSettings) -> Snapshot:
    """
    Ask the provider of a mailer now.

    Args:
        alias: The mailer whose provider is asked.
        settings: How much is asked for.
    """
    asked_at = timezone.now()
    try:
        provider = get_provider(alias)
        account = getattr(provider, "account", None)
    except ConfigurationError as error:
        return Snapshot(provider="", asked_at=asked_at, problems={QUOTA: _told(error)})
    found: dict[str, Any] = {}
    problems: dict[str, str] = {}
    parts: Mapping[str, Callable[[object, DashboardSettings], dict[str, object]]] = {
        QUOTA: _quota,
        STATISTICS: _statistics,
        IDENTITIES: _identities,
        SUPPRESSED: _suppressed,
    }
    for part, read in parts.items():
        try:
            found |= read(account, settings)
        except MailcoreError as error:
            problems[part] = _told(error)
            if isinstance(error, (NetworkError, ProviderUnavailable)):
                break
    return Snapshot(provider=provider.name, asked_at=asked_at, problems=problems, **found)


def _told(error: MailcoreError) -> str:
    return f"{type(error).__name__}: {error}"


def _quota(account: object, _: DashboardSettings) -> dict[str, object]:
    if isinstance(account, HasStatus):
        status = account.status()
        quota = getattr(status, "quota", None)
        others = tuple(_figures(status, but="quota"))
    elif isinstance(account, HasQuota):
        quota = account.quota()
        others = ()
    else:
        return {}
    sent = getattr(quota, "sent_last_24_hours", None)
    if isinstance(sent, (int, float)):
        usage = Usage(
            sent=sent,
            limit=getattr(quota, "max_24_hour_send", None),
            per_second=getattr(quota, "max_send_rate", None),
        )
        return {"usage": usage, "figures": others}
    return {"figures": (*_figures(quota), *others)}


def _figures(value: object, *, name: str = "", but: str = "") -> Iterator[tuple[str, object]]:
    """The names and values of a dataclass, or of several; those within it with both names."""
    if isinstance(value, (tuple, list)):
        if any(is_dataclass(each) for each in value):
            for number, each in enumerate(value, 1):
                yield from _figures(each, name=f"{name} {number}".strip())
        elif value:
            yield name, ", ".join(map(str, value))
    elif is_dataclass(value):
        for each in fields(value):
            if each.name != but and each.repr:
                own = each.name.replace("_", " ")
                yield from _figures(getattr(value, each.name), name=f"{name} {own}".strip())
    elif value is not None and value != "":
        yield name, value


def _statistics(account: object, _: DashboardSettings) -> dict[str, object]:
    if not isinstance(account, HasStatistics):
        return {}
    statistics = account.statistics()
    if not isinstance(statistics, CountsByDay):
        return {}
    known = {
        each.day: Day(
            day=each.day,
            attempts=each.counts.delivery_attempts,
            bounces=each.counts.bounces,
            complaints=each.counts.complaints,
            rejects=each.counts.rejects,
        )
        for each in statistics.by_day(timezone.get_current_timezone())
    }
    today = timezone.localdate()
    days = (today - timedelta(days=before) for before in reversed(range(_DAYS)))
    return {"days": tuple(known.get(day, Day(day=day)) for day in days)}


def _identities(account: object, settings: DashboardSettings) -> dict[str, object]:
    if not isinstance(account, HasIdentities):
        return {}
    # An address is signed as its domain is.
    everything = sorted(account.identities(), key=lambda each: (each.kind != _DOMAIN, each.name))
    asked = [each for each in everything if each.kind == _DOMAIN][: settings.identities]
    lines = [_identity(account, each, each in asked) for each in everything]
    return {"identities": tuple(lines)}


def _identity(account: HasIdentities, summary: IdentitySummary, is_asked: bool) -> IdentityLine:  # noqa: FBT001  # private
    dkim = None
    if is_asked and (whole := account.identity(summary.name)) is not None:
        dkim = whole.dkim
    return IdentityLine(
        name=summary.name,
        kind=summary.kind,
        sending=summary.sending_enabled,
        verification=summary.verification_status,
        dkim=dkim.status if dkim is not None else "",
        signing=dkim.signing_enabled if dkim is not None else None,
    )


def _suppressed(account: object, settings: DashboardSettings) -> dict[str, object]:
    if not isinstance(account, HasSuppressed) or not settings.suppressed:
        return {}
    entries = list(islice(account.suppressed(), settings.suppressed + 1))
    looked_at = entries[: settings.suppressed]
    newest = sorted(looked_at, key=lambda each: _time(each.updated_at), reverse=True)
    return {
        "suppressed": tuple(
            Suppressed(address=each.email_address, reason=each.reason, since=each.updated_at)
            for each in newest[:_LISTED]
        ),
        "reasons": dict(Counter(each.reason for each in looked_at).most_common()),
        "more_suppressed": len(entries) > len(looked_at),
    }


def _time(time: datetime | None) -> float:
    return time.timestamp() if time is not None else 0.0
