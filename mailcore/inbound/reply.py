"""
What the author of an answer wrote, without what it quotes: the extra ``reply``.

Through quotequail, which knows the phrases of mail programs in many languages and goes line by
line. The parsers that match patterns over the whole text do not come to an end with some texts of
50 KB.
"""

from __future__ import annotations

import importlib

from mailcore.errors import ConfigurationError


__all__ = ["without_quotes"]

# A quarter of a millisecond each.
_MAX_LINES = 2_000
# Answers between the lines of a quotation.
_MAX_QUOTATIONS = 100


def without_quotes(text: str) -> str:
    """
    Take quotations out of a plain text: with ``>``, and below phrases such as "On … wrote:".

    A guess by nature: mail programs mark quotations as they please. Only the first 2,000 lines are
    searched for the first quotation.

    Raises:
        ConfigurationError: quotequail is not installed.
    """
    try:
        quotequail = importlib.import_module("quotequail")
    except ImportError as error:
        raise ConfigurationError(
            "stripped_text needs the package quotequail: pip install 'mailcore-esp[reply]'"
        ) from error
    lines = text.split("\n")
    rest = "\n".join(lines[:_MAX_LINES])
    own: list[str] = []
    for _ in range(_MAX_QUOTATIONS):
        found = quotequail.unwrap(rest)
        if found is None:
            own += [rest, *lines[_MAX_LINES:]]
            break
        own.append(found.get("text_top", ""))
        rest = found.get("text_bottom", "")
    return "\n".join(filter(None, own)).strip()
