"""Mailgun for mailcore: ``mailcore.Mailer("mailgun", api_key="key-…")``."""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-mailgun needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_mailgun.options import mailgun_options
    from mailcore_mailgun.provider import MailgunProvider
else:
    from mailcore.foundation import lazily

    __getattr__, __dir__ = lazily(
        __name__, {"MailgunProvider": "provider", "mailgun_options": "options"}
    )


__all__ = ["MailgunProvider", "mailgun_options"]
