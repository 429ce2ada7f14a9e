"""Comments in structured header fields (RFC 5322, section 3.2.2), wherever somebody put them."""

from __future__ import annotations

import re


__all__ = ["QUOTED", "comment_spans", "without_comments"]

# The count bounds the memory that matching a hostile text takes.
QUOTED = r'"[^"\\]*(?:\\.[^"\\]*){0,500}"'
_INTERESTING = re.compile(rf"\\.|{QUOTED}|[()]", re.DOTALL)
_PARENTHESIS = re.compile(r"\\.|[()]", re.DOTALL)


def comment_spans(text: str) -> list[tuple[int, int]]:
    """
    Where comments are, those within others left out.

    Quoted strings have none. A parenthesis that is never closed is none either.
    """
    spans: list[tuple[int, int]] = []
    opened: list[int] = []
    position = 0
    while match := (_PARENTHESIS if opened else _INTERESTING).search(text, position):
        position = match.end()
        found = match.group()
        if found == "(":
            opened.append(match.start())
        elif found == ")" and opened:
            start = opened.pop()
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, position))
    return spans


def without_comments(text: str) -> str:
    """The text with a space instead of each comment."""
    if "(" not in text:
        return text
    pieces: list[str] = []
    done = 0
    for start, end in comment_spans(text):
        pieces.append(text[done:start])
        done = end
    return " ".join([*pieces, text[done:]])
