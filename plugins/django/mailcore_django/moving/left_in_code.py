"""What is left of django-anymail and django-ses in a project's code: found, not searched for."""

from __future__ import annotations

import sys
import weakref

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.dispatch import Signal
from django.urls import URLPattern, URLResolver, get_resolver


__all__ = ["left_in_code"]

# By the package: where its signals are, and what there is instead of them.
_INSTEAD = {
    "anymail": "connect to that of mailcore_django.compat.anymail.signals",
    "django_ses": "connect to mailcore_django.signals",
}
_ADDRESS = "mailcore_django.webhooks.views.webhook takes what is posted there"


def left_in_code() -> Iterator[tuple[str, str]]:
    """Apps, receivers of signals, and addresses: each with what to do about it."""
    for package in _INSTEAD:
        if package in settings.INSTALLED_APPS:
            yield f"INSTALLED_APPS has {package!r}", "take it out once nothing imports it"
        yield from _receivers(package)
    if getattr(settings, "ROOT_URLCONF", ""):
        yield from _addresses(get_resolver().url_patterns, "")


def _receivers(package: str) -> Iterator[tuple[str, str]]:
    """Who waits for signals that nobody sends any more."""
    if f"{package}.signals" not in sys.modules:
        return
    for name, signal in vars(import_module(f"{package}.signals")).items():
        if not isinstance(signal, Signal):
            continue
        for receiver in _live(signal):
            names = (getattr(receiver, each, "") for each in ("__module__", "__qualname__"))
            place = ".".join(names)
            if not place.startswith(f"{package}."):
                yield f"{place} is connected to {package}.signals.{name}", _INSTEAD[package]


def _live(signal: Signal) -> Iterator[Any]:
    """The receivers, whichever sender they wait for."""
    for entry in signal.receivers:
        receiver: Any = entry[1]
        if isinstance(receiver, weakref.ReferenceType):
            receiver = receiver()
        if receiver is not None:
            yield receiver


def _addresses(
    patterns: Iterable[URLPattern | URLResolver], before: str
) -> Iterator[tuple[str, str]]:
    for each in patterns:
        address = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _addresses(each.url_patterns, address)
            continue
        view = getattr(each.callback, "view_class", each.callback)
        package = str(getattr(view, "__module__", "")).partition(".")[0]
        if package in _INSTEAD:
            yield f"the address {address!r} is a view of {package}", _ADDRESS
