"""New ESP for mailcore: ``Mailer("new-esp", api_key=...)``."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from mailcore_new_esp.provider import NewEspProvider

__all__ = ["NewEspProvider"]


def __getattr__(name: str) -> object:
    # Lazily: what is installed is listed without loading all of it.
    if name == "NewEspProvider":
        from mailcore_new_esp.provider import NewEspProvider

        return NewEspProvider
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
