"""
The method of a calendar, in its content and in the type of its part (RFC 5545, RFC 6047).

They have to agree (RFC 6047, section 2.4): some mail clients believe the one, some the other, and
some show no invitation at all if they differ.
"""

from __future__ import annotations

import re

from mailcore.errors import Problem
from mailcore.foundation.redaction import shown_name
from mailcore.message.content_type import parameters_of


__all__ = ["CALENDAR", "with_method"]

CALENDAR = "text/calendar"

# RFC 5545, section 3.7.2, and 3.1 for lines that are folded.
_FOLD = re.compile(r"(?:\r\n|\r|\n)[ \t]")
_METHOD = re.compile(
    r"(?:^|[\r\n])METHOD(?:;[^:\r\n]*)?:[ \t]*([A-Za-z0-9-]+)[ \t]*(?=[\r\n]|$)", re.IGNORECASE
)


def with_method(content_type: str, content: str, problems: list[Problem]) -> str:
    """
    The type of a calendar with the method of its content, if that has one.

    Args:
        content_type: ``text/calendar``, with parameters or without.
        content: The text of the calendar (RFC 5545).
        problems: A type that names another method is added here.
    """
    found = _METHOD.search(content) or _METHOD.search(_FOLD.sub("", content))
    if found is None:
        return content_type
    method = found[1].upper()
    given = parameters_of(content_type).get("method")
    if given is None:
        return f"{content_type}; method={method}"
    if given.upper() != method:
        shown, own = shown_name(given), shown_name(method)
        reason = f"content_type names the method {shown}, and the calendar {own}"
        hint = "leave the method out of the content_type"
        problems.append(Problem("content_type", reason, hint))
    return content_type
