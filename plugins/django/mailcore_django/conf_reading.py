"""Reading the setting ``MAILCORE``: a sentence for everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, cast

from mailcore import ConfigurationError
from mailcore.foundation import similar
from mailcore.outbox import OutboxPolicy
from mailcore.stores import checked_list
from mailcore_django.conf_values import (
    BACKEND,
    SETTING,
    DashboardSettings,
    LogSettings,
    MailcoreSettings,
    MailerSettings,
    OutboxSettings,
)


__all__ = ["read_settings"]

_LONGEST_KEPT_DAYS = 36_500
_OF_POLICY = tuple(each.name for each in fields(OutboxPolicy) if each.name != "jitter")
# Each identity and each thousand suppressed addresses is a call, which a page waits for.
_LARGEST = {"cache_seconds": 86_400, "identities": 100, "suppressed": 10_000}


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

    def policies(self, place: str, value: object) -> str | tuple[object, ...] | None:
        if isinstance(value, str):
            return self.text(place, value)
        if value is None or isinstance(value, (list, tuple)):
            return None if value is None else tuple(value)
        self.wrong(place, "a text or a list", value)
        return None

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
        days = self.days(place, read.pop("keep_days"))
        flags = {name: self.flag(f"{place}[{name!r}]", flag) for name, flag in read.items()}
        return LogSettings(keep_days=days, **flags)

    def days(self, place: str, value: object) -> int:
        if type(value) is int and 1 <= value <= _LONGEST_KEPT_DAYS:
            return value
        self.problems.append(
            f"{place}['keep_days'] must be a whole number of at least 1, "
            f"and at most {_LONGEST_KEPT_DAYS}"
        )
        return 1

    def outbox(self, place: str, value: object) -> OutboxSettings | None:
        if value is None:
            return None
        given = self.mapping(place, value)
        self.known(place, given, ("databases", "keep_days", *_OF_POLICY))
        read: dict[str, Any] = {}
        if "databases" in given:
            within = f"{place}['databases']"
            aliases = self.sequence(within, given["databases"])
            read["databases"] = tuple(self.text(within, each) for each in aliases)
        if "keep_days" in given:
            read["keep_days"] = self.days(place, given["keep_days"])
        for name in ("keep_bodies", "accept_duplicates"):
            if name in given:
                self.flag(f"{place}[{name!r}]", given[name])
        try:
            own = {name: given[name] for name in _OF_POLICY if name in given}
            read["policy"] = OutboxPolicy(**own)
        except ConfigurationError as error:
            self.problems.append(f"{place}: {error}")
        return OutboxSettings(**read)

    def dashboard(self, place: str, value: object) -> DashboardSettings:
        given = self.mapping(place, value)
        defaults = {each.name: each.default for each in fields(DashboardSettings)}
        self.known(place, given, defaults)
        read: dict[str, Any] = {}
        for name in [each for each in defaults if each in given]:
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
    "POLICIES": ("policies", _Reading.policies),
    "MIDDLEWARE": ("middleware", _Reading.sequence),
    "FAIL_SILENTLY": ("fail_silently", _Reading.flag),
    "MAILERS": ("mailers", _Reading.mailers),
    "WEBHOOKS": ("webhooks", _Reading.mappings),
    "LOG": ("log", _Reading.log),
    "OUTBOX": ("outbox", _Reading.outbox),
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
