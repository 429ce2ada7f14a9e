"""SparkPost for mailcore: ``mailcore.Mailer("sparkpost", api_key="...")``."""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-sparkpost needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_sparkpost.options import sparkpost_options
    from mailcore_sparkpost.provider import SparkPostProvider
else:
    # Not for type checkers, which would take any name then.
    def __getattr__(name: str) -> object:
        if name == "SparkPostProvider":
            from mailcore_sparkpost.provider import SparkPostProvider

            return SparkPostProvider
        if name == "sparkpost_options":
            from mailcore_sparkpost.options import sparkpost_options

            return sparkpost_options
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["SparkPostProvider", "sparkpost_options"]
