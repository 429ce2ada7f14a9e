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
    from mailcore.foundation import lazily

    __getattr__, __dir__ = lazily(
        __name__, {"NewEspProvider": "provider", "new_esp_options": "options"}
    )


__all__ = ["NewEspProvider", "new_esp_options"]
