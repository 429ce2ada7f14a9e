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
    # Not for type checkers, which would take any name then.
    def __getattr__(name: str) -> object:
        if name == "PostmarkProvider":
            from mailcore_postmark.provider import PostmarkProvider

            return PostmarkProvider
        if name == "postmark_options":
            from mailcore_postmark.options import postmark_options

            return postmark_options
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["PostmarkProvider", "postmark_options"]
