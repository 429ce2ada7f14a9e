"""Read the settings of django-anymail and django-ses, and write their equivalent."""

from __future__ import annotations

import pprint

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import django

from django.conf import settings

from mailcore_django.conf import BACKEND, django_mailers
from mailcore_django.moving.tables import (
    ANYMAIL_BACKENDS,
    COMMON,
    DJANGO_SES,
    OF_PROVIDER,
    Row,
)


__all__ = ["Equivalent", "email_backend", "equivalent", "left_over"]

_Entry: TypeAlias = "dict[str, Any]"

_ANYMAIL = "anymail.backends."
_DJANGO_SES = "django_ses.SESBackend"
# What django-ses takes where nothing of its own is set (`django_ses/conf.py` of 4.8.2). Other
# packages read these as well, so that they may stay where they are.
_SHARED_BY_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_DKIM_SELECTOR = "ses"
_ESPS = {module.upper(): name for module, name in ANYMAIL_BACKENDS.items()}


@dataclass(kw_only=True)
class Equivalent:
    """
    Settings that say what those of the other package do.

    Attributes:
        mailers: The mailers by their aliases, each with ``BACKEND`` and ``OPTIONS``.
        webhooks: Options for webhooks, by provider.
        variables: Variables of the environment that secrets go into, with the setting that has
            each today.
        notes: What to know, and what has no equivalent.
    """

    mailers: dict[str, dict[str, Any]] = field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = []
        mailcore: dict[str, Any] = {}
        if self.mailers and django.VERSION >= (6, 1):
            lines += [f"MAILERS = {_printed(self.mailers)}", ""]
        elif self.mailers:
            lines += [f'EMAIL_BACKEND = "{BACKEND}"', ""]
            mailcore = _for_older(self.mailers)
        if self.webhooks:
            mailcore["WEBHOOKS"] = self.webhooks
        if mailcore:
            lines += [f"MAILCORE = {_printed(mailcore)}", ""]
        if self.variables:
            lines.append("# The environment has the secrets:")
            lines += [f"#   {name}: what {place} is" for name, place in self.variables.items()]
        lines += [f"# {note}" for note in self.notes]
        return "\n".join(lines).rstrip() + "\n"


def _printed(value: object) -> str:
    return pprint.pformat(value, sort_dicts=False, width=88)


def _for_older(mailers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """``MAILCORE`` for Django before 6.1: the default mailer, then the others."""
    others = {alias: entry for alias, entry in mailers.items() if alias != "default"}
    options = dict(mailers.get("default", {}).get("OPTIONS", {}))
    made: dict[str, Any] = {}
    for own in ("provider", "defaults", "unsupported"):
        if own in options:
            made[own.upper()] = options.pop(own)
    if "refused" in options:
        refused = options.pop("refused")
        others["default"] = {"BACKEND": BACKEND, "OPTIONS": {"refused": refused}}
    if options:
        made["OPTIONS"] = options
    return {**made, **({"MAILERS": others} if others else {})}


def email_backend() -> str:
    """``EMAIL_BACKEND``, where that counts; reading it warns of nothing."""
    if django_mailers() is not None:
        return ""
    # Not by the attribute: from Django 6.1 on, that warns.
    wrapped = cast("Any", settings)._wrapped
    return str(getattr(wrapped, "EMAIL_BACKEND", ""))


def equivalent() -> Equivalent:
    """Read the settings of the project: those of django-anymail, and of django-ses."""
    made = Equivalent()
    entries: dict[str, tuple[str, Mapping[str, object]]] = {}
    for alias, entry in (django_mailers() or {}).items():
        options = cast("Mapping[str, object]", entry.get("OPTIONS", {}))
        entries[alias] = (str(entry.get("BACKEND", "")), options)
    if not entries:
        entries["default"] = (email_backend(), {})
    for alias, (backend, options) in entries.items():
        if backend.startswith(_ANYMAIL):
            _from_anymail(made, alias, backend.removeprefix(_ANYMAIL).partition(".")[0], options)
        elif backend == _DJANGO_SES:
            _from_django_ses(made, alias)
    return made


def _anymail_settings() -> Iterator[tuple[str, str, Any]]:
    """The place, the name without prefix, and the value of each of django-anymail's settings."""
    given = getattr(settings, "ANYMAIL", {})
    for name, value in given.items() if isinstance(given, Mapping) else ():
        yield f"ANYMAIL[{name!r}]", name, value
    for name in dir(settings):
        if name.startswith("ANYMAIL_"):
            yield name, name.removeprefix("ANYMAIL_"), getattr(settings, name)


def _row(name: str, provider: str) -> Row | None:
    """The row of a setting of django-anymail, for a provider; None if it is of another one."""
    for prefix, of_provider in _ESPS.items():
        if name.startswith(f"{prefix}_"):
            rest = name.removeprefix(f"{prefix}_")
            if of_provider != provider:
                return None
            return OF_PROVIDER[provider].get(rest) or COMMON.get(rest) or _unknown(name)
    return COMMON.get(name) or _unknown(name)


def _unknown(name: str) -> Row:
    return Row(never=f"nothing here is known as {name}")


def _from_anymail(made: Equivalent, alias: str, module: str, options: Mapping[str, object]) -> None:
    provider = ANYMAIL_BACKENDS.get(module, "")
    if not provider:
        made.notes.append(f"{alias}: there is no provider for anymail.backends.{module}")
        return
    entry = _entry(made, alias, provider)
    for place, name, value in _anymail_settings():
        row = _row(name, provider)
        if row is not None:
            _take(made, entry, place, row, value)
    for option, value in options.items():
        row = OF_PROVIDER[provider].get(option.upper()) or COMMON.get(option.upper())
        place = f"MAILERS[{alias!r}]['OPTIONS'][{option!r}]"
        _take(made, entry, place, row or _unknown(option), value)


def _from_django_ses(made: Equivalent, alias: str) -> None:
    entry = _entry(made, alias, "ses")
    entry["OPTIONS"]["region_name"] = getattr(settings, "AWS_DEFAULT_REGION", "us-east-1")
    for name, row in DJANGO_SES.items():
        if hasattr(settings, name):
            value = getattr(settings, name)
            if callable(value) and not isinstance(value, type):
                made.notes.append(f"{name}: a function; write a receiver of pre_send that does it")
            elif value not in (None, ""):
                _take(made, entry, name, row, value)
    for name in _SHARED_BY_AWS:
        variable = f"MAILCORE_SES_{name.removeprefix('AWS_')}"
        if variable not in made.variables and getattr(settings, name, None):
            made.variables[variable] = name
    if "dkim_domain" in entry["OPTIONS"]:
        entry["OPTIONS"].setdefault("dkim_selector", _DKIM_SELECTOR)


def _entry(made: Equivalent, alias: str, provider: str) -> _Entry:
    entry: _Entry = {"BACKEND": BACKEND, "OPTIONS": {"provider": provider}}
    made.mailers[alias] = entry
    return entry


def _take(made: Equivalent, entry: _Entry, place: str, row: Row, value: Any) -> None:
    if row.never:
        made.notes.append(f"{place}: no equivalent; {row.never}")
        return
    if row.instead:
        made.notes.append(f"{place}: what does the same is {row.instead}")
        return
    if row.note:
        made.notes.append(f"{place}: {row.note}")
    provider = entry["OPTIONS"]["provider"]
    options = made.webhooks.setdefault(provider, {}) if row.webhook else entry["OPTIONS"]
    if row.secret and not isinstance(value, Mapping):
        made.variables[f"MAILCORE_{provider}_{row.option}".upper()] = place
        return
    value = row.made(value) if row.made is not None else value
    option = row.option
    if provider == "ses" and option == "timeout_seconds":
        option = "read_timeout_seconds"
    if row.within:
        options.setdefault(option, {})[row.within] = value
    elif isinstance(value, Mapping) and row.secret:
        options[option] = _without_secrets(made, provider, place, value)
    elif isinstance(value, Mapping):
        options.setdefault(option, {}).update(value)
    elif isinstance(value, list):
        options.setdefault(option, []).extend(value)
    else:
        options[option] = value


def _without_secrets(
    made: Equivalent, provider: str, place: str, value: Mapping[str, Any]
) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, each in value.items():
        if any(word in name for word in ("key", "secret", "token", "password")):
            variable = f"MAILCORE_{provider}_{name}".upper().replace("AWS_", "")
            made.variables[variable] = f"{place}[{name!r}]"
            shown[name] = {"env": variable}
        else:
            shown[name] = each
    return shown


def left_over() -> Iterator[tuple[str, str]]:
    """Settings of the others that are there, each with what to do about it."""
    for place, name, _ in _anymail_settings():
        rows = [_row(name, provider) for provider in OF_PROVIDER]
        found = next((row for row in rows if row is not None), None)
        yield place, _advice(found)
    for name, row in DJANGO_SES.items():
        if hasattr(settings, name):
            yield name, _advice(row)


def _advice(row: Row | None) -> str:
    if row is None:
        return "it is for a service that has no provider here"
    if row.never:
        return f"it has no equivalent; {row.never}"
    if row.instead:
        return f"what does the same is {row.instead}"
    where = "MAILCORE['WEBHOOKS']" if row.webhook else "the options of the mailer"
    return f"it is {row.option!r} in {where}: `manage.py mailcore settings` writes it"
