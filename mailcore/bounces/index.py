"""
Which cause a text tells, found by one search of it instead of one for each phrase.

All first parts of the phrases become one regular expression, a tree of their letters. It finds the
longest that stands where a word begins, and whatever else stands there begins like it: so each
first part knows beforehand the phrases that begin with it or with a beginning of it. The result is
that of a walk through the table from its top.
"""

from __future__ import annotations

import re

from typing import TYPE_CHECKING, NamedTuple, TypeAlias


if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailcore.bounces.words import Cause, Table


__all__ = ["Index"]

_NEAR_CHARACTERS = 60

_Tree: TypeAlias = "dict[str, _Tree]"


class _Entry(NamedTuple):
    """A phrase, with the place of its cause in the table."""

    rank: int
    cause: Cause
    second: str
    parts: tuple[str, ...]


class Index:
    """
    A table of phrases, made ready to be looked for all at once.

    Building it takes as long as some hundred searches: keep it.

    Args:
        table: Causes in the order of precedence, with phrases in parts, each part after a space.
        fallback: Another such table, which counts where nothing of the first one is found.
    """

    def __init__(self, table: Table, fallback: Table = ()) -> None:
        by_first: dict[str, list[_Entry]] = {}
        for rank, (cause, phrases) in enumerate(table + fallback):
            for parts in phrases:
                second = parts[1] if len(parts) > 1 else ""
                by_first.setdefault(parts[0][1:], []).append(_Entry(rank, cause, second, parts))
        self._fallback_from, self._size = len(table), len(table) + len(fallback)
        self._candidates = {first: _beginning(first, by_first) for first in by_first}
        # What is found takes no room, so that the next word is looked at too.
        self._search = re.compile(f" (?=({_pattern(by_first)}))").findall

    def find(self, words: str) -> tuple[Cause | None, Cause | None]:
        """
        The first cause of the table with a phrase in the words; else that of the fallback.

        Args:
            words: The words of a text in lower case, with one space before, between and after them.

        Returns:
            The cause of the table, or None; then the cause of the fallback, None if the table has
            one.
        """
        best, best_rank = None, self._size
        for first in set(self._search(words)):
            for rank, cause, second, parts in self._candidates[first]:
                if rank >= best_rank:
                    break
                # Mostly the second part is nowhere in the text, which is told faster than where
                # it is (benchmarks/receive.py).
                if not second or (second in words and _follow(words, parts)):
                    best, best_rank = cause, rank
                    break
        return (best, None) if best_rank < self._fallback_from else (None, best)


def _beginning(first: str, by_first: dict[str, list[_Entry]]) -> tuple[_Entry, ...]:
    """The phrases that begin with a text or a beginning of it, by precedence."""
    entries = [
        entry for length in range(1, len(first) + 1) for entry in by_first.get(first[:length], ())
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.rank, len(entry.parts))))


def _pattern(texts: Iterable[str]) -> str:
    """An expression for the longest of some texts, which are letters, digits and spaces."""
    root: _Tree = {}
    for text in texts:
        tree = root
        for character in text:
            tree = tree.setdefault(character, {})
        tree[""] = {}
    return _alternatives(root)


def _alternatives(tree: _Tree) -> str:
    ends = "" in tree
    found = [letter + _alternatives(tree[letter]) for letter in sorted(tree) if letter]
    if len(found) == 1 and not ends:
        return found[0]
    return f"(?:{'|'.join(found)}){'?' if ends else ''}" if found else ""


def _follow(words: str, parts: tuple[str, ...]) -> bool:
    """Whether the parts stand one behind the other, each near the one before."""
    start = words.find(parts[0]) + len(parts[0]) - 1
    for part in parts[1:]:
        found = words.find(part, start, start + len(part) + _NEAR_CHARACTERS)
        if found < 0:
            return False
        start = found + len(part) - 1
    return True
