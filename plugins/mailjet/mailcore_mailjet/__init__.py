"""Mailjet for mailcore: ``mailcore.Mailer("mailjet", api_key="...", secret_key="...")``."""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-mailjet needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_mailjet.options import mailjet_options
    from mailcore_mailjet.provider import MailjetProvider
else:
    from mailcore.foundation import lazily

    __getattr__, __dir__ = lazily(
        __name__, {"MailjetProvider": "provider", "mailjet_options": "options"}
    )


__all__ = ["MailjetProvider", "mailjet_options"]
