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
    _HOMES = {"PRESETS": "presets", "Preset": "presets", "smtp_options": "options"}

    # Not for type checkers, which would take any name then.
    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        module = import_module(f"mailcore_smtp.{_HOMES.get(name, 'provider')}")
        return getattr(module, name)


__all__ = ["PRESETS", "Preset", "SmtpProvider", "smtp_options"]
