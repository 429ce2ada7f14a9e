"""
Scopes: which mail an entry of the suppression list blocks.

Mail that people ask for, such as a password reset, must reach who has left a newsletter. So there
are three kinds of scope:

==================  ==============================================================================
``ALL_MAIL``        everything: dead addresses, complaints
``ALL_LISTS``       whatever is sent to a list: a message that names a list, or that says how one
                    leaves it (``unsubscribe``, or a List-Unsubscribe header)
any other           one list: messages that name it
==================  ==============================================================================

A message names its lists by its tags, of which you say which ones are lists: ``scopes=["news"]``.
An event brings the tags of its message back, so that an unsubscription counts for the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from mailcore.errors import ConfigurationError
from mailcore.foundation.redaction import shown_size


ALL_MAIL = "*"
"""Everything that is sent."""
ALL_LISTS = "*lists"
"""Everything that is sent to a list."""
LONGEST_SCOPE = 100


class Labelled(Protocol):
    """A message, or an event about one: what both have to tell its lists by."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Words that messages are counted by."""
        ...

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Values that events bring back."""
        ...


Scopes: TypeAlias = "Iterable[str] | Callable[[Labelled], Iterable[str]]"
"""
Which lists a message is for, and an event about it: the tags that name a list, or a function.

The function gets a message before it is sent, and an event that reports an unsubscription.
"""


def checked_scope(scope: object) -> str:
    """
    A scope that may be kept.

    Raises:
        ConfigurationError: If it is no printable text of up to 100 characters, or begins with ``*``
            and is none of ours.
    """
    if (
        not isinstance(scope, str)
        or not 0 < len(scope) <= LONGEST_SCOPE
        or not scope.isprintable()
        or scope != scope.strip()
    ):
        raise ConfigurationError(
            f"a scope is a printable text of 1 to {LONGEST_SCOPE} characters, "
            f"not {shown_size(scope)}"
        )
    if scope.startswith("*") and scope not in (ALL_MAIL, ALL_LISTS):
        raise ConfigurationError(
            f"a scope that begins with * is '{ALL_MAIL}' (all mail) or '{ALL_LISTS}' (all lists)"
        )
    return scope


def reader_of(scopes: Scopes) -> Callable[[Labelled], tuple[str, ...]]:
    """
    A function that says which lists a message or an event is about.

    Args:
        scopes: The tags that name a list, or a function of your own.

    Raises:
        ConfigurationError: If they are neither, or a tag cannot be a scope.
    """
    if callable(scopes):
        own = scopes
        return lambda given: tuple(map(checked_list, own(given)))
    if isinstance(scopes, str) or not isinstance(scopes, Iterable):
        kind = type(scopes).__name__
        raise ConfigurationError(f"scopes must be a list of tags, or a function, not {kind}")
    names = frozenset(map(checked_list, scopes))
    return lambda given: tuple(tag for tag in given.tags if tag in names)


def checked_list(scope: object) -> str:
    """
    The name of one list, as ``scopes`` has it.

    Raises:
        ConfigurationError: If it cannot be a scope, or stands for all mail or all lists.
    """
    if scope in (ALL_MAIL, ALL_LISTS):
        raise ConfigurationError(f"'{scope}' is the name of no list: leave it out of scopes")
    return checked_scope(scope)
