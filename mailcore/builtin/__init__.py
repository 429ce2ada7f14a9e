"""Providers that come with mailcore, for development and tests: they send nothing to anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.builtin.console import ConsoleProvider
    from mailcore.builtin.file import FileProvider
    from mailcore.builtin.memory import MemoryProvider
    from mailcore.builtin.null import NullProvider
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "ConsoleProvider": "builtin.console",
            "FileProvider": "builtin.file",
            "MemoryProvider": "builtin.memory",
            "NullProvider": "builtin.null",
        },
    )

__all__ = ["ConsoleProvider", "FileProvider", "MemoryProvider", "NullProvider"]
