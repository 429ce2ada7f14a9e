"""
From a message to the bytes of a mail (RFC 5322, RFC 2045 to 2049).

:func:`write_message` writes; :mod:`mailcore.mime.dkim` signs what is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.mime.dkim import DkimSigner
    from mailcore.mime.encoding import as_seven_bit
    from mailcore.mime.headers import header_value
    from mailcore.mime.writing import write_message
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "DkimSigner": "mime.dkim",
            "as_seven_bit": "mime.encoding",
            "header_value": "mime.headers",
            "write_message": "mime.writing",
        },
    )

__all__ = ["DkimSigner", "as_seven_bit", "header_value", "write_message"]
