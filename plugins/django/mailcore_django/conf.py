"""
The setting ``MAILCORE``: read when it is used, checked whole, forgotten when a test changes it.

::

    MAILCORE = {
        "PROVIDER": "ses",                       # a name, or a URL such as "ses://?region_name=…"
        "OPTIONS": {"region_name": "eu-west-1"},
        "DEFAULTS": {"tags": ["shop"]},
        "DEFAULTS_BY_PROVIDER": {"postmark": {"esp_extra": {…}}},
        "UNSUPPORTED": {"track_opens": "drop"},
        "POLICIES": "production",                # or a dotted path, or a list of them
        "MIDDLEWARE": ["shop.mail.staging_only"],
        "FAIL_SILENTLY": False,
        "MAILERS": {"newsletter": {"BACKEND": "mailcore_django.EmailBackend", "OPTIONS": {…}}},
        "WEBHOOKS": {"ses": {"topic_arns": […]}},
        "LOG": {"bodies": False, "keep_days": 30},
        "OUTBOX": {"attempts": 12},              # mail is kept, and sent by a worker
        "SCOPES": ["newsletter"],                # tags that name a list people can leave
        "DASHBOARD": {"cache_seconds": 300},
    }

Any value among options may be ``{"env": "NAME"}``: it is read from that variable of the
environment. Options that are not given at all may stand there by convention, as everywhere in
mailcore: ``MAILCORE_POSTMARK_SERVER_TOKEN``.
"""

from __future__ import annotations

import os

from collections.abc import Callable, Iterator, Mapping

import django

from django.conf import settings
from django.core.signals import setting_changed

from mailcore import ConfigurationError
from mailcore.foundation import ForkSafeLock
from mailcore_django.conf_reading import read_settings
from mailcore_django.conf_values import (
    BACKEND,
    SETTING,
    DashboardSettings,
    LogSettings,
    MailcoreSettings,
    MailerSettings,
    OutboxSettings,
)


__all__ = [
    "BACKEND",
    "SETTING",
    "DashboardSettings",
    "LogSettings",
    "MailcoreSettings",
    "MailerSettings",
    "OutboxSettings",
    "django_mailers",
    "forget_with_settings",
    "from_environment",
    "get_settings",
    "read_settings",
]

Nothing: Mapping[str, object] = {}

_lock = ForkSafeLock()
_read: list[MailcoreSettings] = []
# What else is forgotten when a setting changes; see forget_with_settings().
_forgetting: list[Callable[[], None]] = []
_OURS = {
    SETTING, "MAILERS", "EMAIL_BACKEND", "DEFAULT_FROM_EMAIL", "SERVER_EMAIL", "TIME_ZONE", "USE_TZ"
}  # fmt: skip


def get_settings() -> MailcoreSettings:
    """
    The setting ``MAILCORE``; all defaults if the project has none.

    Raises:
        ConfigurationError: With everything that is wrong with it.
    """
    with _lock:
        if not _read:
            found, problems = read_settings(getattr(settings, SETTING, Nothing))
            if problems:
                raise ConfigurationError("; ".join(problems))
            _read.append(found)
        return _read[0]


def django_mailers() -> Mapping[str, Mapping[str, object]] | None:
    """Django's own setting ``MAILERS``, from 6.1 on; None where it is not used."""
    # Before, it may stand there for an upgrade to come, or be another package's.
    found = getattr(settings, "MAILERS", None) if django.VERSION >= (6, 1) else None
    return found if isinstance(found, Mapping) else None


def from_environment(place: str, options: Mapping[str, object]) -> dict[str, object]:
    """
    Options with each ``{"env": "NAME"}`` replaced by what the environment has.

    Args:
        place: The setting that they stand in, for errors.
        options: The options by name; mappings within are looked through as well.

    Raises:
        ConfigurationError: With every variable that is not set.
    """
    missing: list[str] = []
    read = dict(_resolved(place, options, missing))
    if missing:
        raise ConfigurationError("; ".join(missing))
    return read


def _resolved(
    place: str, options: Mapping[str, object], missing: list[str]
) -> Iterator[tuple[str, object]]:
    for name, value in options.items():
        within = f"{place}[{name!r}]"
        if not isinstance(value, Mapping):
            yield name, value
            continue
        variable = value.get("env")
        if len(value) > 1 or not isinstance(variable, str):
            yield name, dict(_resolved(within, value, missing))
            continue
        found = os.environ.get(variable)
        if not found:
            missing.append(f"{within}: the environment variable {variable} is not set")
        yield name, found


def forget_with_settings(forget: Callable[[], None]) -> None:
    """Have something that was made of the settings forgotten when one of them changes."""
    _forgetting.append(forget)


def _changed(*, setting: str, **_: object) -> None:
    if setting in _OURS:
        with _lock:
            _read.clear()
        for forget in _forgetting:
            forget()


setting_changed.connect(_changed, dispatch_uid="mailcore_django.conf")
