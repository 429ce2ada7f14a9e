"""
The HTML of a mail as a tree, read as browsers do, in bounded time and memory.
"""

from __future__ import annotations

import re

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser


MAX_CHARACTERS = 120_000
"""What is read of an HTML, which is more than Gmail shows: deep nesting takes quadratic time."""

# https://html.spec.whatwg.org/multipage/parsing.html#formatting (read 2026-11-30), without `a` and
# `nobr`, of which one ends the other.
_FORMATTING = re.compile(
    r"<(/?)(?:b|big|code|em|font|i|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE
)
_MAX_REOPENED = 200_000


def read_tree(html: str) -> LexborHTMLParser:
    """
    Read an HTML, however broken it is, up to `MAX_CHARACTERS`.

    A paragraph opens all formatting elements again that were not closed before it, so that a
    thousand of each would make a million elements. Where there could be so many, formatting
    elements are read as `span`.

    Args:
        html: The HTML as the sender wrote it.
    """
    # Not before a mail is looked at: `mailcore local` starts in less than a second.
    from selectolax.lexbor import LexborHTMLParser

    read = html[:MAX_CHARACTERS]
    if len(_FORMATTING.findall(read)) * read.count("<") > _MAX_REOPENED:
        read = _FORMATTING.sub(r"<\1span", read)
    return LexborHTMLParser(read.encode("utf-8", "replace"))
