"""
JSON of requests, whoever wrote it.

What Python's parser takes and JSON or UTF-8 have not (`NaN`, half a surrogate pair, numbers of
thousands of digits, brackets nested until the stack is used up) is no document here: nothing behind
this has to expect it.
"""

from __future__ import annotations

import json

from typing import Any, NoReturn


_MAX_DEPTH = 200


class NotReadable(ValueError):
    """
    A body that is no JSON document; the text of the error says why.
    """


def read_json(body: bytes) -> Any:
    """
    The value of a JSON document in UTF-8.

    Args:
        body: The octets of the request; a byte order mark may stand before the document.

    Raises:
        NotReadable: It is none.
    """
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_refuse)
        _check(value, 0)
    except RecursionError:
        raise NotReadable("it is nested too deep") from None
    except NotReadable:
        raise
    except ValueError as error:
        raise NotReadable(str(error)) from None
    return value


def _refuse(name: str) -> NoReturn:
    raise NotReadable(f"{name} is no JSON")


def _check(value: object, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise NotReadable("it is nested too deep")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_text(name)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise NotReadable("a number is too large")


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotReadable("half of a surrogate pair is no character") from None
