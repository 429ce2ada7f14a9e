"""
What counts as text, wherever a message takes some: one rule for all fields.

A ``str``, one of its subclasses (enumerations, markup), and whatever behaves like one: a
``UserString``, the lazily translated texts of web frameworks, their wrappers of what is made when
it is used. It becomes a plain ``str`` when the message is made, in the language that is set then.
Keys of mappings are texts by the same rule, at any depth.
"""

from __future__ import annotations

from typing import Any


__all__ = ["is_text", "plain_text"]


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
