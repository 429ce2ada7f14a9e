"""
A mailbox that speaks the APIs of email services, for development and tests: it sends nothing.

`LocalMail` is all of it; `mailcore_local.ses` is Amazon SES with SNS alone. Each stand-in is
written from the provider's documentation, and shares no code with the plugin that speaks to the
real one, so that each tests the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-local needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_local.app import LocalMail
else:
    from mailcore.foundation import lazily

    __getattr__, __dir__ = lazily(__name__, {"LocalMail": "app"})


__all__ = ["LocalMail"]
