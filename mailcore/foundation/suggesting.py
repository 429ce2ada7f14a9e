"""Which name was meant by one that is not known: near misses, and what others call the same."""

from __future__ import annotations

import re

from collections.abc import Iterable, Mapping

from mailcore.foundation.redaction import shown_size


_LEAST_SIMILARITY = 0.6
# What somebody may have meant as a field or an option; a secret in its place has other characters.
_FIELD_NAME = re.compile(r"[a-z_]{1,32}")


def similar(
    name: object,
    known: Iterable[str],
    also: Mapping[str, str] | None = None,
    *,
    least: float = _LEAST_SIMILARITY,
) -> str:
    """
    The known name that was probably meant; empty if there is none.

    Args:
        name: The name that was given, and is not known.
        known: The names that exist.
        also: Other names for some of them, in lower case.
        least: How much of both has to agree, from 0 to 1.
    """
    if not isinstance(name, str):
        return ""
    # Only errors need it, and it costs a millisecond that no import should pay
    # (benchmarks/imports.py).
    import difflib

    spelled = name.strip().lower().replace("-", "_")
    if also and spelled in also:
        return also[spelled]
    names = {each.lower().replace("-", "_"): each for each in known}
    found = difflib.get_close_matches(spelled, names, n=1, cutoff=least)
    return names[found[0]] if found else ""


def shown_field(name: object) -> str:
    """An unknown key of a document, or option of a URL: by its size, unless it looks like one."""
    if isinstance(name, str) and _FIELD_NAME.fullmatch(name):
        return f"'{name}'"
    return f"<{shown_size(name)}>"


def unknown(name: object, known: Iterable[str], also: Mapping[str, str] | None = None) -> str:
    """
    An unknown name as an error tells it: what it is, and which one was meant or which there are.

    Example:
        >>> unknown("retrys", ["retries", "region"])
        "'retrys', did you mean 'retries'?"
        >>> unknown("s3cr3t/0451", ["retries", "region"])
        '<11 characters>, known are: retries, region'
    """
    names = list(known)
    meant = similar(name, names, also)
    if meant:
        return f"{shown_field(name)}, did you mean '{meant}'?"
    return f"{shown_field(name)}, known are: {', '.join(names) or 'none'}"
