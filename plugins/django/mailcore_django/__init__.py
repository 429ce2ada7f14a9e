"""
Django's mail through any provider of mailcore.

``MAILERS = {"default": {"BACKEND": "mailcore_django.EmailBackend", "OPTIONS": {"provider": …}}}``,
or ``EMAIL_BACKEND = "mailcore_django.EmailBackend"`` with the setting ``MAILCORE``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-django needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_django.backend import EmailBackend
    from mailcore_django.configured import get_mailer, get_provider
    from mailcore_django.errors import MailerMisconfigured
    from mailcore_django.message import (
        MailcoreMessage,
        MailcoreMessageMixin,
        attach_inline_image,
        attach_inline_image_file,
    )
    from mailcore_django.sending import asend, mailers, send
else:
    from mailcore.foundation import lazily

    # Lazily: pytest imports this package in every project where it is installed.
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "EmailBackend": "backend",
            "MailerMisconfigured": "errors",
            "MailcoreMessage": "message",
            "MailcoreMessageMixin": "message",
            "asend": "sending",
            "attach_inline_image": "message",
            "attach_inline_image_file": "message",
            "get_mailer": "configured",
            "get_provider": "configured",
            "mailers": "sending",
            "send": "sending",
        },
    )


__all__ = [
    "EmailBackend",
    "MailcoreMessage",
    "MailcoreMessageMixin",
    "MailerMisconfigured",
    "asend",
    "attach_inline_image",
    "attach_inline_image_file",
    "get_mailer",
    "get_provider",
    "mailers",
    "send",
]
