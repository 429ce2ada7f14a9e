"""The numbers that policies are given: checked, with an error that names the argument."""

from __future__ import annotations

import math

from mailcore.errors import ConfigurationError


def checked_number(name: str, given: object, *, least: float = 0.0) -> float:
    """
    A number that is no less than another, and finite.

    Args:
        name: The argument, for the error.
        given: What was given for it.
        least: The smallest number that is taken.

    Raises:
        ConfigurationError: If it is something else.
    """
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise ConfigurationError(f"{name} must be a number, not {type(given).__name__}")
    if not math.isfinite(given) or given < least:
        raise ConfigurationError(f"{name} must be at least {least:g}, not {given}")
    return float(given)


def checked_count(name: str, given: object, *, least: int = 1) -> int:
    """
    A whole number that is no less than another.

    Args:
        name: The argument, for the error.
        given: What was given for it.
        least: The smallest number that is taken.

    Raises:
        ConfigurationError: If it is something else.
    """
    if isinstance(given, bool) or not isinstance(given, int):
        raise ConfigurationError(f"{name} must be a whole number, not {type(given).__name__}")
    if given < least:
        raise ConfigurationError(f"{name} must be at least {least}, not {given}")
    return given
