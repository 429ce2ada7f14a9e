"""SMTP for mailcore: ``mailcore.Mailer("smtp", host="mail.example.com")``."""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-smtp needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_smtp.options import smtp_options
    from mailcore_smtp.presets import PRESETS, Preset
    from mailcore_smtp.provider import SmtpProvider
else:
    from mailcore.foundation import lazily

    __getattr__, __dir__ = lazily(
        __name__,
        {
            "PRESETS": "presets",
            "Preset": "presets",
            "SmtpProvider": "provider",
            "smtp_options": "options",
        },
    )


__all__ = ["PRESETS", "Preset", "SmtpProvider", "smtp_options"]
