"""Errors that are Django's as well as mailcore's: for code, and for forms, that catch Django's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django

from django.core.exceptions import ImproperlyConfigured

from mailcore import ConfigurationError, InvalidAddress, InvalidMessage, MessageError


if TYPE_CHECKING or django.VERSION >= (6, 1):
    from django.core.mail import InvalidMailer
else:

    class InvalidMailer(ImproperlyConfigured):
        """What Django calls an entry of ``MAILERS`` that is wrong, from 6.1 on."""

        def __init__(self, msg: str, *, alias: str | None = None) -> None:
            super().__init__(msg if alias is None else f"MAILERS[{alias!r}]: {msg}")


__all__ = ["InvalidMailer", "MailerMisconfigured", "as_bad_header"]


class MailerMisconfigured(ConfigurationError, InvalidMailer):
    """
    The settings of a mailer are wrong: no message will ever go out like this.

    It is Django's ``InvalidMailer`` and so its ``ImproperlyConfigured``, and mailcore's
    :class:`~mailcore.ConfigurationError`; ``fail_silently`` never hides it.
    """


def as_bad_header(error: MessageError) -> MessageError:
    """
    The same error in a class that ``except BadHeaderError`` catches as well.

    From 6.0 on, that name is ``ValueError``, which a MessageError is anyway.
    """
    if django.VERSION >= (6, 0):
        return error
    kind = _BadAddress if isinstance(error, InvalidAddress) else _BadHeader
    return kind(error.problems)


if TYPE_CHECKING or django.VERSION >= (6, 0):
    _BadHeader = InvalidMessage
    _BadAddress = InvalidAddress
else:
    from django.core.mail import BadHeaderError

    class _BadHeader(InvalidMessage, BadHeaderError):
        """A line end where only one line may stand."""

    class _BadAddress(InvalidAddress, BadHeaderError):
        """A line end among addresses."""
