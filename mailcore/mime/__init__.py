"""
From a message to the bytes of a mail (RFC 5322, RFC 2045 to 2049).

:func:`write_message` writes; :mod:`mailcore.mime.dkim` signs what is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.mime.writing import write_message
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "write_message": "mime.writing",
        },
    )

__all__ = [
    "write_message",
]
