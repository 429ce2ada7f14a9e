"""Postmark for mailcore: ``mailcore.Mailer("postmark", server_token="...")``."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from mailcore_postmark.extra import postmark_options
    from mailcore_postmark.provider import PostmarkProvider

__all__ = ["PostmarkProvider", "postmark_options"]


def __getattr__(name: str) -> object:
    if name == "PostmarkProvider":
        from mailcore_postmark.provider import PostmarkProvider

        return PostmarkProvider
    if name == "postmark_options":
        from mailcore_postmark.extra import postmark_options

        return postmark_options
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
