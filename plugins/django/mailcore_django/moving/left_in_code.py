"""What is left of other packages in a project's code: found, not searched for."""

from __future__ import annotations

import sys
import weakref

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.dispatch import Signal

from mailcore_django.addresses import addresses


__all__ = ["has_django_mailer", "left_in_code"]

# By the package: where its signals are, and what there is instead of them.
_INSTEAD = {
    "anymail": "connect to that of mailcore_django.compat.anymail.signals",
    "django_ses": "connect to mailcore_django.signals",
    "post_office": "connect to mailcore_django.signals.post_send, which workers send",
    # It has none.
    "mailer": "",
}
_ADDRESS = "mailcore_django.webhooks.views.webhook takes what is posted there"


def left_in_code() -> Iterator[tuple[str, str]]:
    """Apps, receivers of signals, and addresses: each with what to do about it."""
    for package in _INSTEAD:
        if package in settings.INSTALLED_APPS and (package != "mailer" or has_django_mailer()):
            yield f"INSTALLED_APPS has {package!r}", "take it out once nothing imports it"
        yield from _receivers(package)
    yield from _addresses()


def has_django_mailer() -> bool:
    """Whether the app that is called ``mailer`` is django-mailer's; others may be called so."""
    if not apps.is_installed("mailer"):
        return False
    return hasattr(apps.get_app_config("mailer").models_module, "DontSendEntry")


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


def _addresses() -> Iterator[tuple[str, str]]:
    for each in addresses():
        view = getattr(each.view, "view_class", each.view)
        package = str(getattr(view, "__module__", "")).partition(".")[0]
        if package in _INSTEAD and package != "mailer":
            yield f"the address {each.route!r} is a view of {package}", _ADDRESS
