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
    # Not for type checkers, which would take any name then.
    def __getattr__(name: str) -> object:
        # Lazily: what reads webhooks does not need what sends.
        if name == "MailgunProvider":
            from mailcore_mailgun.provider import MailgunProvider

            return MailgunProvider
        if name == "mailgun_options":
            from mailcore_mailgun.options import mailgun_options

            return mailgun_options
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["MailgunProvider", "mailgun_options"]
