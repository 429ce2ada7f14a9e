"""Postmark for mailcore: ``mailcore.Mailer("postmark", server_token="...")``."""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-postmark needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_postmark.options import postmark_options
    from mailcore_postmark.provider import PostmarkProvider
else:
    from mailcore.foundation import lazily

    __getattr__, __dir__ = lazily(
        __name__, {"PostmarkProvider": "provider", "postmark_options": "options"}
    )


__all__ = ["PostmarkProvider", "postmark_options"]
