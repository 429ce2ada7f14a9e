"""
What knows nothing of mail: values that do not change, texts, locks and forks.

Every room may use this one; it uses none but the errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore._lazy import lazily
    from mailcore.foundation.computing import cached_property
    from mailcore.foundation.environment import Variables
    from mailcore.foundation.forking import ForkSafeLock
    from mailcore.foundation.frozen import FrozenDict, freeze, thaw
    from mailcore.foundation.redaction import redact, shown_name, shown_size, shown_text
    from mailcore.foundation.suggesting import similar
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "ForkSafeLock": "foundation.forking",
            "FrozenDict": "foundation.frozen",
            "freeze": "foundation.frozen",
            "thaw": "foundation.frozen",
            "Variables": "foundation.environment",
            "redact": "foundation.redaction",
            "shown_name": "foundation.redaction",
            "shown_size": "foundation.redaction",
            "shown_text": "foundation.redaction",
            "cached_property": "foundation.computing",
            "lazily": "_lazy",
            "similar": "foundation.suggesting",
        },
    )

__all__ = [
    "ForkSafeLock",
    "FrozenDict",
    "Variables",
    "cached_property",
    "freeze",
    "lazily",
    "redact",
    "shown_name",
    "shown_size",
    "shown_text",
    "similar",
    "thaw",
]
