"""What stands for a whole notification, in the `dedupe_key` of what has no id of its own."""

from __future__ import annotations

import json

from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def digest_of(document: Mapping[str, Any]) -> str:
    """
    A digest of a JSON object, the same in whatever order its fields stand.

    Args:
        document: The document as it was read from JSON.

    Returns:
        16 hexadecimal digits, which are 64 bits.
    """
    canonical = json.dumps(document, sort_keys=True, default=str)
    return sha256(canonical.encode("ascii")).hexdigest()[:16]
