"""Spam scores, as filters write them into header fields."""

from __future__ import annotations

import re


__all__ = ["read_score"]

_SCORE = re.compile(r"[+-]?\d{1,6}(?:\.\d{1,10})?", re.ASCII)


def read_score(text: str | None) -> float | None:
    """
    The number in a field such as ``X-Spam-Score``; None if there is none.

    Args:
        text: The value of the field; None if there is no such field.
    """
    given = (text or "").strip()
    return float(given) if _SCORE.fullmatch(given) else None
