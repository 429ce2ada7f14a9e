"""Reading JSON that may be hostile: whatever is wrong with it is one typed error."""

from __future__ import annotations

import json

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from math import isinf
from typing import TYPE_CHECKING, Any, NoReturn

from mailcore.errors import MalformedWebhook
from mailcore.foundation.frozen import FrozenDict, freeze


if TYPE_CHECKING:
    from typing_extensions import Self

MAX_DEPTH = 100
"""Providers nest less than ten levels; Python's recursion limit is a thousand frames."""
_NESTED = frozenset({dict, list})
_LONG_CHARACTERS = 2000


def _refuse_constant(name: str) -> NoReturn:
    # RFC 8259, section 6: NaN and Infinity are no JSON.
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    # What the standard library reads as infinity, and writes as what is no JSON.
    number = float(text)
    if isinf(number):
        raise ValueError("a number is too large")
    return number


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def read_object(text: str | bytes, what: str) -> dict[str, Any]:
    """
    Read a JSON object; of two equal names the last one counts.

    The extra ``mailcore-esp[fast]`` makes it twice as fast (``benchmarks/receive.py``); integers
    of more than 64 bits are then read as floats.

    Args:
        text: The JSON, as text or in UTF-8; white space around it is fine.
        what: What to call it in an error.

    Raises:
        MalformedWebhook: If it is not JSON, or no object, or nested more than `MAX_DEPTH` deep.
    """
    value = _read_fast(text)
    if type(value) is not dict:
        value = _read(text, what)
        if not isinstance(value, dict):
            raise MalformedWebhook(f"{what} must be a JSON object, not {_JSON_NAMES[type(value)]}")
    _check_depth(text, value, what)
    return value


def read_objects(text: str | bytes, what: str) -> list[dict[str, Any]]:
    """
    Read a JSON array of objects, as services post that report in groups.

    An object alone counts as an array of one: some services leave the brackets out then.

    Args:
        text: The JSON, as text or in UTF-8; white space around it is fine.
        what: What to call it in an error.

    Raises:
        MalformedWebhook: If it is not JSON, or neither an array nor an object, or an array of
            something else, or nested more than `MAX_DEPTH` deep.
    """
    value = _read_fast(text)
    if value is None:
        value = _read(text, what)
    _check_depth(text, value, what)
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        kind = _JSON_NAMES[type(value)]
        raise MalformedWebhook(f"{what} must be a JSON array of objects, not {kind}")
    for position, item in enumerate(value):
        if type(item) is not dict:
            kind = _JSON_NAMES[type(item)]
            raise MalformedWebhook(f"item {position} of {what} must be an object, not {kind}")
    return value


def _check_depth(text: str | bytes, value: Any, what: str) -> None:
    # Few documents have to be walked. A short one has no room for so many brackets. What is long is
    # often a text in another document: there, to look at the types of the values takes an eighth of
    # counting the brackets in the text. And counting takes a third of walking
    # (benchmarks/receive.py).
    length = len(text)
    if length <= 2 * MAX_DEPTH:
        return
    is_long = length > _LONG_CHARACTERS
    if is_long and type(value) is dict and _NESTED.isdisjoint(map(type, value.values())):
        return
    brackets = (
        text.count("{") + text.count("[")
        if isinstance(text, str)
        else text.count(b"{") + text.count(b"[")
    )
    if brackets > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise MalformedWebhook(f"{what} is nested too deeply")


def _read(text: str | bytes, what: str) -> Any:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedWebhook(f"{what} is not UTF-8 (at byte {error.start})") from None
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedWebhook(f"{what} is not JSON (at character {error.pos})") from None
    except ValueError as error:
        # Integers of thousands of digits, too; their message has no content.
        raise MalformedWebhook(f"{what} is not JSON: {error}") from None
    except RecursionError:
        raise MalformedWebhook(f"{what} is nested too deeply") from None


@cache
def fast_loads() -> Callable[[str | bytes], Any] | None:
    """The reader of the extra ``mailcore-esp[fast]``; None if that is not installed."""
    try:
        import orjson
    except ImportError:
        return None
    return orjson.loads


def _read_fast(text: str | bytes) -> dict[str, Any] | list[Any] | None:
    """An object or array if it is one beyond doubt; the standard library decides otherwise."""
    loads = fast_loads()
    if loads is None:
        return None
    try:
        value = loads(text)
    except ValueError:
        # Not JSON, or what only the standard library takes: half a surrogate pair, for example.
        return None
    return value if type(value) is dict or type(value) is list else None


_JSON_NAMES = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}


def _is_deeper(value: Any, levels: int) -> bool:
    level: list[Any] = [value] if type(value) is dict or type(value) is list else []
    for _ in range(levels):
        level = [
            item
            for parent in level
            for item in (parent.values() if type(parent) is dict else parent)
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True


class ReadOnlyJson(FrozenDict[str, Any]):
    """
    A JSON object that cannot change, at any depth.

    What it holds is made immutable when it is first read: that takes twice as long as decoding
    it (``benchmarks/receive.py``), and most handlers never look.
    """

    __slots__ = ("_is_frozen",)

    def _settled(self) -> Self:
        if not hasattr(self, "_is_frozen"):
            for key in self.keys():
                dict.__setitem__(self, key, freeze(dict.__getitem__(self, key)))
            self._is_frozen = True
        return self

    def __getitem__(self, key: str) -> Any:
        return dict.__getitem__(self._settled(), key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, or the default."""
        return dict.get(self._settled(), key, default)

    # dict(value) and {**value} read past __getitem__ unless __iter__ is overridden.
    def __iter__(self) -> Iterator[str]:
        return dict.__iter__(self._settled())

    def items(self) -> Any:
        """Names and values."""
        return dict.items(self._settled())

    def values(self) -> Any:
        """The values of the object."""
        return dict.values(self._settled())

    def copy(self) -> dict[str, Any]:
        """A dict that can change, of values that cannot."""
        return dict(self.items())

    def __or__(self, other: Mapping[str, Any]) -> Any:  # type: ignore[override]  # overloads
        return self.copy() | dict(other)

    def __ror__(self, other: Mapping[str, Any]) -> Any:  # type: ignore[override]  # overloads
        return dict(other) | self.copy()

    def __eq__(self, other: object) -> bool:
        return dict.__eq__(self._settled(), freeze(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # as every dict

    def __repr__(self) -> str:
        return dict.__repr__(self._settled())
