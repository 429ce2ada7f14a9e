"""
The setting ``MAILCORE``: read when it is used, checked whole, forgotten when a test changes it.

::

    MAILCORE = {
        "PROVIDER": "ses",                       # a name, or a URL such as "ses://?region_name=…"
        "OPTIONS": {"region_name": "eu-west-1"},
        "DEFAULTS": {"tags": ["shop"]},
        "DEFAULTS_BY_PROVIDER": {"postmark": {"esp_extra": {…}}},
        "UNSUPPORTED": {"track_opens": "drop"},
        "MIDDLEWARE": ["shop.mail.staging_only"],
        "FAIL_SILENTLY": False,
        "MAILERS": {"newsletter": {"BACKEND": "mailcore_django.EmailBackend", "OPTIONS": {…}}},
        "WEBHOOKS": {"ses": {"topic_arns": […]}},
        "LOG": {"bodies": False, "keep_days": 30},
        "SCOPES": ["newsletter"],                # tags that name a list people can leave
        "DASHBOARD": {"cache_seconds": 300},
    }

Any value among options may be ``{"env": "NAME"}``: it is read from that variable of the
environment. Options that are not given at all may stand there by convention, as everywhere in
mailcore: ``MAILCORE_POSTMARK_SERVER_TOKEN``.
"""

from __future__ import annotations

import os

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, cast

from django.conf import settings
from django.core.signals import setting_changed

from mailcore import ConfigurationError
from mailcore.foundation import ForkSafeLock, similar
from mailcore.stores import checked_list


__all__ = [
    "DashboardSettings",
    "LogSettings",
    "MailcoreSettings",
    "MailerSettings",
    "from_environment",
    "get_settings",
]

SETTING = "MAILCORE"
BACKEND = "mailcore_django.EmailBackend"

Nothing: Mapping[str, object] = {}
_LONGEST_KEPT_DAYS = 36_500
# Each identity and each thousand suppressed addresses is a call, which a page waits for.
_LARGEST = {"cache_seconds": 86_400, "identities": 100, "suppressed": 10_000}


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """
    ``MAILCORE["LOG"]``: what the app ``mailcore_django.log`` keeps of messages.

    Args:
        bodies: Whether whole messages are kept; without them none can be sent again.
        subjects: Whether subjects are kept.
        details: Whether of an open or a click are kept the link, the IP address and the browser.
        keep_days: For how many days anything is kept.
    """

    bodies: bool = False
    subjects: bool = True
    details: bool = False
    keep_days: int = 30


@dataclass(frozen=True, kw_only=True)
class DashboardSettings:
    """
    ``MAILCORE["DASHBOARD"]``: how the app ``mailcore_django.dashboard`` asks providers.

    Args:
        cache_seconds: For how many seconds an answer is shown again before the provider is asked.
        cache: The alias in ``CACHES`` of the cache that answers are kept in.
        identities: How many identities are asked for their DKIM, each of which is a call.
        suppressed: How many suppressed addresses are looked at.
    """

    cache_seconds: int = 300
    cache: str = "default"
    identities: int = 10
    suppressed: int = 1000


@dataclass(frozen=True, kw_only=True)
class MailerSettings:
    """
    One entry of ``MAILERS``, Django's or that of ``MAILCORE``.

    Args:
        backend: The dotted path of the backend's class.
        options: What the backend is made with, apart from its alias.
    """

    backend: str = BACKEND
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class MailcoreSettings:
    """
    The setting ``MAILCORE``, its values checked for their types.

    Args:
        provider: Name or URL of the provider of mailers that name none.
        options: Options of that provider; they may hold secrets.
        defaults: Fields that every message has unless it says otherwise.
        defaults_by_provider: Defaults that hold for single providers only, by their names.
        unsupported: What to do with features that a provider lacks, by feature.
        middleware: Functions, their dotted paths, or names that extensions registered.
        fail_silently: Whether a message that cannot be sent is logged instead of raised.
        mailers: The mailers by alias, for Django before 6.1, which has no setting ``MAILERS``.
        webhooks: The options that webhooks are received with, by provider.
        log: What the optional app keeps.
        scopes: Tags that name a list, which somebody may have left: for the optional app
            ``mailcore_django.suppression``.
        dashboard: How the optional dashboard asks providers.
    """

    provider: str = ""
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    defaults: Mapping[str, object] = field(default_factory=dict, repr=False)
    defaults_by_provider: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict, repr=False
    )
    unsupported: Mapping[str, str] = field(default_factory=dict)
    middleware: tuple[object, ...] = ()
    fail_silently: bool = False
    mailers: Mapping[str, MailerSettings] = field(default_factory=dict)
    webhooks: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)
    log: LogSettings = field(default_factory=LogSettings)
    scopes: frozenset[str] = frozenset()
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)


class _Reading:
    """One reading of the setting: values, and what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def wrong(self, place: str, wanted: str, value: object) -> None:
        self.problems.append(f"{place} must be {wanted}, not {type(value).__name__}")

    def known(self, place: str, names: Iterable[object], known: Iterable[str]) -> None:
        known = list(known)
        for name in names:
            if isinstance(name, str) and name in known:
                continue
            meant = similar(name, known)
            hint = f"did you mean {meant!r}?" if meant else f"known are: {', '.join(known)}"
            self.problems.append(f"{place} has no key {name!r}; {hint}")

    def mapping(self, place: str, value: object) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.wrong(place, "a dict", value)
            return {}
        for key in value:
            if not isinstance(key, str):
                self.wrong(f"each key of {place}", "str", key)
                return {}
        return dict(value)

    def mappings(self, place: str, value: object) -> dict[str, dict[str, Any]]:
        return {
            name: self.mapping(f"{place}[{name!r}]", each)
            for name, each in self.mapping(place, value).items()
        }

    def text(self, place: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            self.wrong(place, "a text that is not empty", value)
            return ""
        return value

    def flag(self, place: str, value: object) -> bool:
        if not isinstance(value, bool):
            self.wrong(place, "True or False", value)
        return value is True

    def policy(self, place: str, value: object) -> dict[str, str]:
        if isinstance(value, str):
            return {"*": value}
        return self.mapping(place, value)

    def sequence(self, place: str, value: object) -> tuple[object, ...]:
        if not isinstance(value, (list, tuple)):
            self.wrong(place, "a list", value)
            return ()
        return tuple(value)

    def scopes(self, place: str, value: object) -> frozenset[str]:
        found: list[str] = []
        for each in self.sequence(place, value):
            try:
                found.append(checked_list(each))
            except ConfigurationError as error:
                self.problems.append(f"{place}: {error}")
        return frozenset(found)

    def log(self, place: str, value: object) -> LogSettings:
        given = self.mapping(place, value)
        defaults = {each.name: each.default for each in fields(LogSettings)}
        self.known(place, given, defaults)
        read = {**defaults, **{name: given[name] for name in given if name in defaults}}
        days = read.pop("keep_days")
        if type(days) is not int or not 1 <= days <= _LONGEST_KEPT_DAYS:
            self.problems.append(
                f"{place}['keep_days'] must be a whole number of at least 1, "
                f"and at most {_LONGEST_KEPT_DAYS}"
            )
            return LogSettings()
        flags = {name: self.flag(f"{place}[{name!r}]", flag) for name, flag in read.items()}
        return LogSettings(keep_days=days, **flags)

    def dashboard(self, place: str, value: object) -> DashboardSettings:
        given = self.mapping(place, value)
        defaults = {each.name: each.default for each in fields(DashboardSettings)}
        self.known(place, given, defaults)
        read: dict[str, Any] = {}
        for name in defaults.keys() & given.keys():
            within = f"{place}[{name!r}]"
            if name == "cache":
                read[name] = self.text(within, given[name])
            elif type(given[name]) is int and 0 <= given[name] <= _LARGEST[name]:
                read[name] = given[name]
            else:
                self.problems.append(f"{within} must be a whole number from 0 to {_LARGEST[name]}")
        return DashboardSettings(**read)

    def mailers(self, place: str, value: object) -> dict[str, MailerSettings]:
        found = {}
        for alias, entry in self.mappings(place, value).items():
            within = f"{place}[{alias!r}]"
            self.known(within, entry, ("BACKEND", "OPTIONS"))
            found[alias] = MailerSettings(
                backend=self.text(f"{within}['BACKEND']", entry.get("BACKEND", BACKEND)),
                options=self.mapping(f"{within}['OPTIONS']", entry.get("OPTIONS", {})),
            )
        return found


# How each key is read, and the attribute that it becomes.
_KEYS: dict[str, tuple[str, Callable[[_Reading, str, object], object]]] = {
    "PROVIDER": ("provider", _Reading.text),
    "OPTIONS": ("options", _Reading.mapping),
    "DEFAULTS": ("defaults", _Reading.mapping),
    "DEFAULTS_BY_PROVIDER": ("defaults_by_provider", _Reading.mappings),
    "UNSUPPORTED": ("unsupported", _Reading.policy),
    "MIDDLEWARE": ("middleware", _Reading.sequence),
    "FAIL_SILENTLY": ("fail_silently", _Reading.flag),
    "MAILERS": ("mailers", _Reading.mailers),
    "WEBHOOKS": ("webhooks", _Reading.mappings),
    "LOG": ("log", _Reading.log),
    "SCOPES": ("scopes", _Reading.scopes),
    "DASHBOARD": ("dashboard", _Reading.dashboard),
}


def read_settings(given: object) -> tuple[MailcoreSettings, list[str]]:
    """
    Read a value of ``MAILCORE``.

    Returns:
        What could be read, and a sentence for everything that is wrong.
    """
    reading = _Reading()
    values = reading.mapping(SETTING, given)
    reading.known(SETTING, values, _KEYS)
    read = {
        attribute: take(reading, f"{SETTING}[{key!r}]", values[key])
        for key, (attribute, take) in _KEYS.items()
        if key in values
    }
    return MailcoreSettings(**cast("dict[str, Any]", read)), reading.problems


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
    found = getattr(settings, "MAILERS", None)
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
