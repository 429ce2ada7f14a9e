"""New ESP for mailcore: ``Mailer("new-esp", api_key=...)``."""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-new-esp needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_new_esp.options import new_esp_options
    from mailcore_new_esp.provider import NewEspProvider
else:
    # Not for type checkers, which would take any name then.
    def __getattr__(name: str) -> object:
        # Lazily: what is installed is listed without loading all of it.
        if name == "NewEspProvider":
            from mailcore_new_esp.provider import NewEspProvider

            return NewEspProvider
        if name == "new_esp_options":
            from mailcore_new_esp.options import new_esp_options

            return new_esp_options
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["NewEspProvider", "new_esp_options"]
