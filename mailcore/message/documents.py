"""Plain JSON of the parts of a message: what stands in it that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.errors import InvalidMessage, InvalidMessageType, Problem
from mailcore.foundation.suggesting import unknown as unknown_name


__all__ = ["require_keys"]

# How many an error shows.
_MOST_UNKNOWN_KEYS = 5


def require_keys(data: object, kind: str, field: str, known: tuple[str, ...]) -> None:
    """
    Refuse what is no document of its kind.

    Args:
        data: The document that is read.
        kind: What it is of, with an article.
        field: The field of the message that it stands for.
        known: The keys that it may have.

    Raises:
        InvalidMessage: It has another key.
        InvalidMessageType: It is no mapping.
    """
    if not isinstance(data, Mapping):
        reason = f"{kind} must be a mapping, not {type(data).__name__}"
        raise InvalidMessageType([Problem(field, reason, kind="type")])
    unknown = [key for key in data if key not in known]
    if unknown:
        told = [f"{kind} has no key {unknown_name(key, known)}" for key in unknown]
        raise InvalidMessage([Problem(field, text) for text in told[:_MOST_UNKNOWN_KEYS]])
