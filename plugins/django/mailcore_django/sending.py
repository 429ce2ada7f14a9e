"""
Sending by alias, from functions and from coroutines, on every version of Django.

From Django 6.1 on, ``mail.send(using="newsletter")`` does what :func:`send` does here; before, the
aliases stand in ``MAILCORE["MAILERS"]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from mailcore import ConfigurationError
from mailcore_django.backend import EmailBackend
from mailcore_django.conf import django_mailers, get_settings
from mailcore_django.configured import DEFAULT_ALIAS, options_of
from mailcore_django.errors import MailerMisconfigured


__all__ = ["asend", "mailers", "send"]

_KEEPS_MAIL = ("mailcore_django.test.", "django.core.mail.backends.locmem.")
_LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


class MailersHandler:
    """
    Backends by alias: ``mailers["newsletter"].send_messages([...])``.

    The aliases are those of Django's ``MAILERS`` where that is set, and of
    ``MAILCORE["MAILERS"]``. In a test run of Django's, each is a backend that keeps mail in
    ``mail.outbox``, as Django does it with its own.
    """

    def __getitem__(self, alias: str) -> BaseEmailBackend:
        from_django = django_mailers()
        if from_django is not None and alias in from_django:
            return cast("BaseEmailBackend", cast("Any", mail).mailers[alias])
        own = get_settings().mailers
        if alias not in own and alias == DEFAULT_ALIAS and from_django is None:
            return _default()
        try:
            options = options_of(alias)
        except ConfigurationError as error:
            raise MailerMisconfigured(str(error)) from error
        # Django's test runner leaves this there, and looks for it itself.
        if hasattr(mail, "outbox") and not own[alias].backend.startswith(_KEEPS_MAIL):
            return _made(_LOCMEM, alias)
        return _made(own[alias].backend, alias, **options)

    def __contains__(self, alias: object) -> bool:
        return alias in list(self)

    def __iter__(self) -> Iterator[str]:
        from_django = django_mailers()
        own = get_settings().mailers
        names = dict.fromkeys([*(from_django or ()), *own])
        if from_django is None:
            names = {DEFAULT_ALIAS: None, **names}
        return iter(names)

    @property
    def default(self) -> BaseEmailBackend:
        """The backend of the alias ``default``."""
        return self[DEFAULT_ALIAS]


def _default() -> BaseEmailBackend:
    """Django's own, by its ways: from 6.1 on, reading ``EMAIL_BACKEND`` warns."""
    if hasattr(mail, "mailers"):
        return cast("BaseEmailBackend", cast("Any", mail).mailers[DEFAULT_ALIAS])
    return _made(settings.EMAIL_BACKEND, None)


def _made(path: str, alias: str | None, **options: object) -> BaseEmailBackend:
    try:
        kind = import_string(path)
    except ImportError as error:
        raise MailerMisconfigured(f"BACKEND {path!r} cannot be imported", alias=alias) from error
    if issubclass(kind, EmailBackend):
        made: BaseEmailBackend = kind(alias=alias, **options)
        return made
    return cast("BaseEmailBackend", kind(**options))


mailers = MailersHandler()
"""Backends by alias, on every version of Django."""


def send(message: EmailMessage, *, using: str = DEFAULT_ALIAS) -> int:
    """
    Send a message through the mailer of an alias.

    Returns:
        1, or 0 if it has no recipients or was called off.

    Raises:
        MailcoreError: It was not sent, or nobody knows.
    """
    if not message.recipients():
        return 0
    return mailers[using].send_messages([message]) or 0


async def asend(message: EmailMessage, *, using: str = DEFAULT_ALIAS) -> int:
    """
    Send a message in an event loop: see :func:`send`.

    The provider is spoken to without threads, where it can be; other backends than mailcore's send
    in a thread.
    """
    if not message.recipients():
        return 0
    backend = mailers[using]
    if isinstance(backend, EmailBackend):
        return await backend.asend_messages([message])
    return await sync_to_async(backend.send_messages)([message]) or 0
