"""The mailers that the settings name, Django's and mailcore's, and which of them are mailcore's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from mailcore_django.backend import EmailBackend
from mailcore_django.conf import SETTING, django_mailers, read_settings
from mailcore_django.configured import DEFAULT_ALIAS
from mailcore_django.moving.reading import email_backend


__all__ = ["are_replaced_by_tests", "every_mailer", "our_mailers"]

_LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
_SMTP = "django.core.mail.backends.smtp.EmailBackend"


def every_mailer() -> Iterator[tuple[str, str, str, Mapping[str, object]]]:
    """The alias, the place in the settings, the backend and the options of each mailer."""
    from_django = django_mailers()
    if from_django is None:
        yield DEFAULT_ALIAS, "EMAIL_BACKEND", email_backend(), {}
    for alias, entry in (from_django or {}).items():
        options = cast("Mapping[str, object]", entry.get("OPTIONS", {}))
        yield alias, f"MAILERS[{alias!r}]", str(entry.get("BACKEND", _SMTP)), options
    own, _ = read_settings(getattr(settings, SETTING, {}))
    for alias, each in own.mailers.items():
        if not (alias == DEFAULT_ALIAS and from_django is None) or each.options:
            yield alias, f"{SETTING}['MAILERS'][{alias!r}]", each.backend, each.options


def our_mailers() -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """The alias, the place and the options of each mailer that is mailcore's."""
    for alias, place, backend, options in every_mailer():
        try:
            kind: object = import_string(backend)
        except ImportError:
            continue
        if isinstance(kind, type) and issubclass(kind, EmailBackend):
            yield alias, place, options


def are_replaced_by_tests() -> bool:
    """Whether ``mail.outbox`` stands in the place of a backend, as Django's test runner has it."""
    return any(backend == _LOCMEM for _, _, backend, _ in every_mailer())
