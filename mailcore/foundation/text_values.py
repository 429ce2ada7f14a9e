"""
What counts as text, wherever a message takes some: one rule for all fields.

A ``str``, one of its subclasses (enumerations, markup), and whatever behaves like one: a
``UserString``, the lazily translated texts of web frameworks, their wrappers of what is made when
it is used. It becomes a plain ``str`` when the message is made, in the language that is set then.
Keys of mappings are texts by the same rule, at any depth.
"""

from __future__ import annotations

import functools

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar


__all__ = ["is_text", "plain_text", "with_plain_texts"]

P = ParamSpec("P")
R = TypeVar("R")

# A mapping of mappings of texts is the deepest that an option is.
_DEEPEST_OPTION = 2


def is_text(value: object) -> bool:
    """Whether it is a str or behaves as one: UserString, lazily translated texts of frameworks."""
    return isinstance(value, str) or hasattr(value, "casefold")


def plain_text(value: Any) -> str:
    """
    The plain str of what :func:`is_text` accepts.

    Of a subclass of str it is the text that it holds: what its ``__str__`` returns may be something
    else, such as the name of a member of an enumeration, and differs between versions of Python.
    """
    if type(value) is str:
        return value
    # Not isinstance(): a wrapper says that its class is that of what it wraps.
    return str.__str__(value) if issubclass(type(value), str) else str(value)


def with_plain_texts(function: Callable[P, R]) -> Callable[P, R]:
    """
    Let a function that makes ``esp_extra`` take texts of any kind: it gets them as plain str.

    Those in mappings and lists as well, keys among them; all else as it is.

    Example:
        >>> from collections import UserString
        >>> @with_plain_texts
        ... def options(*, stream: object, tags: list[object]) -> dict[str, object]:
        ...     return {"Stream": stream, "Tags": tags}
        >>> options(stream=UserString("news"), tags=[UserString("a")])
        {'Stream': 'news', 'Tags': ['a']}
    """

    @functools.wraps(function)
    def with_plain(*args: P.args, **options: P.kwargs) -> R:
        plain: Any = {name: _plain(value) for name, value in options.items()}
        return function(*args, **plain)

    return with_plain


def _plain(value: object, depth: int = 0) -> object:
    if is_text(value):
        return plain_text(value)
    if depth == _DEEPEST_OPTION:
        return value
    if isinstance(value, Mapping):
        return {_plain(k, depth + 1): _plain(v, depth + 1) for k, v in value.items()}
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(_plain(each, depth + 1) for each in value)
    return value
