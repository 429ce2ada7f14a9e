"""SendGrid for mailcore: ``mailcore.Mailer("sendgrid", api_key="SG.…")``."""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-sendgrid needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_sendgrid.options import sendgrid_options
    from mailcore_sendgrid.provider import SendGridProvider
else:
    from mailcore.foundation import lazily

    __getattr__, __dir__ = lazily(
        __name__, {"SendGridProvider": "provider", "sendgrid_options": "options"}
    )


__all__ = ["SendGridProvider", "sendgrid_options"]
