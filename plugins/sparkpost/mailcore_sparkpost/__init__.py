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
    from mailcore.foundation import lazily

    __getattr__, __dir__ = lazily(
        __name__, {"SparkPostProvider": "provider", "sparkpost_options": "options"}
    )


__all__ = ["SparkPostProvider", "sparkpost_options"]
