"""
Policies of a mailer: what happens around a send, in an order that is visible in one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.middleware.policy import Place, Policy, Sender
    from mailcore.middleware.retry import Retry
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Retry": "middleware.retry",
            "Place": "middleware.policy",
            "Policy": "middleware.policy",
            "Sender": "middleware.policy",
        },
    )

__all__ = [
    "Place",
    "Policy",
    "Retry",
    "Sender",
]
