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
    # Not for type checkers, which would take any name then.
    def __getattr__(name: str) -> object:
        # Lazily: what reads webhooks does not need what sends.
        if name == "SendGridProvider":
            from mailcore_sendgrid.provider import SendGridProvider

            return SendGridProvider
        if name == "sendgrid_options":
            from mailcore_sendgrid.options import sendgrid_options

            return sendgrid_options
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["SendGridProvider", "sendgrid_options"]
