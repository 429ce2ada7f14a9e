"""
How each field of a message accepts what it accepts.

Every function takes the value given, the field's name and a list; it returns the value to hold,
and adds to the list what is wrong with the one given. None has been dealt with before.
"""

from __future__ import annotations

import dataclasses
import math
import re

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from mailcore.address.address import Address, collect_addresses, usual_address
from mailcore.address.domain import address_key
from mailcore.address.syntax import read_one
from mailcore.errors import InvalidMessageType, MessageError, Problem
from mailcore.foundation.frozen import FrozenDict
from mailcore.foundation.redaction import redact, shown_name
from mailcore.foundation.text_values import is_text, plain_text
from mailcore.message.alternative import Alternative
from mailcore.message.attachment import Attachment
from mailcore.message.content_id import repeated_ids
from mailcore.message.content_type import mime_type_of
from mailcore.message.headers import MAX_NUMBER_BITS, Headers, collect_headers
from mailcore.message.mime_objects import is_mime_object


Problems = list[Problem]
T = TypeVar("T")

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def within(place: str, error: MessageError) -> list[Problem]:
    """What is wrong with a part of a message, told with its place."""
    return [
        dataclasses.replace(found, field=place, reason=f"`{place}`: {found.reason}")
        for found in error.problems
    ]


def _at(field: str, key: object) -> str:
    """The place of a key, which may be an address or a secret."""
    return f"{field}[{shown_name(key)}]"


def wrong_type(field: str, wanted: str, value: object, hint: str = "") -> Problem:
    """The problem of a value that has the wrong Python type."""
    reason = f"`{field}` must be {wanted}, not {type(value).__name__}"
    return Problem(field, reason, hint, kind="type")


def address(value: Any, field: str, problems: Problems) -> Address | None:
    """One address."""
    try:
        return Address.parse(value, field=field)
    except MessageError as error:
        problems.extend(error.problems)
        return None


def authors(value: Any, field: str, problems: Problems) -> Address | tuple[Address, ...] | None:
    """One address, or a tuple of several: from a list, or from a text with commas."""
    if isinstance(value, Address):
        return value
    usual = usual_address(value)
    if usual is not None:
        return usual
    is_one = isinstance(value, (tuple, bytes, Mapping)) or not isinstance(value, Iterable)
    values = (value,) if is_one or is_text(value) else value
    count = len(problems)
    found = collect_addresses(values, field, problems)
    if not found and len(problems) == count:
        reason = f"`{field}` has no address"
        problems.append(Problem(field, reason, "leave it out", is_address=True))
    return found if len(found) > 1 else next(iter(found), None)


def addresses(value: Any, field: str, problems: Problems) -> tuple[Address, ...]:
    """A list of addresses."""
    return collect_addresses(value, field, problems)


def line(value: object, field: str, problems: Problems) -> str | None:
    """One line of text."""
    if type(value) is str and value.isprintable():
        return value
    if not is_text(value):
        problems.append(wrong_type(field, "str", value))
        return None
    value = plain_text(value)
    control = CONTROL.search(value)
    if control:
        code = f"U+{ord(control.group()):04X}"
        problems.append(Problem(field, f"`{field}` holds the character {code}", "write one line"))
    return value


def identifier(value: object, field: str, problems: Problems) -> str | None:
    """One line of text that is not empty."""
    if is_text(value) and not value:
        problems.append(Problem(field, f"`{field}` is empty", "leave it out, or give None"))
    return line(value, field, problems)


def template(value: object, field: str, problems: Problems) -> str | None:
    """The name of a template, or its number: that becomes text, since an id is not counted with."""
    kind = type(value)
    if not isinstance(value, int) or not issubclass(kind, int) or kind is bool:
        return identifier(value, field, problems)
    if value < 1 or value.bit_length() > MAX_NUMBER_BITS:
        problems.append(Problem(field, f"`{field}` is a number that no template has"))
        return None
    return int.__repr__(value)


def body(value: object, field: str, problems: Problems) -> str | None:
    """A body of any length."""
    if type(value) is str and value.isascii():
        return value
    if not is_text(value):
        problems.append(wrong_type(field, "str", value))
        return None
    value = plain_text(value)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        code = f"U+{ord(value[error.start]):04X}"
        problems.append(Problem(field, f"`{field}` holds the lone surrogate {code}"))
    return value


def flag(value: object, field: str, problems: Problems) -> bool | None:
    """True or False."""
    # Not isinstance(): a wrapper says that its class is that of what it wraps.
    if value is True or value is False:
        return value
    problems.append(wrong_type(field, "True, False or None", value))
    return None


def tags(value: object, field: str, problems: Problems) -> tuple[str, ...]:
    """A list of words."""
    found = [
        # A word that is in order is taken without naming its place (benchmarks/build.py).
        item
        if type(item) is str and item and item.isprintable()
        else identifier(item, f"{field}[{i}]", problems)
        for i, item in enumerate(_listed(value, field, problems, "tags"))
    ]
    return tuple([item for item in found if item is not None])


def attachments(value: object, field: str, problems: Problems) -> tuple[Attachment, ...]:
    """Attachments; a tuple gives the arguments of one, an object of ``email`` is read."""
    parts = _parts(value, field, problems, Attachment, _attachment)
    if len(parts) > 1:
        for first, second in repeated_ids(parts):
            place = f"{field}[{second}]"
            reason = f"`{place}` has the content_id of `{field}[{first}]`"
            problems.append(Problem(place, reason, "give each part its own, and each part once"))
    return parts


def alternatives(value: object, field: str, problems: Problems) -> tuple[Alternative, ...]:
    """Alternatives; a tuple gives the arguments of one."""
    return _parts(value, field, problems, Alternative, _alternative)


def _attachment(item: object) -> Attachment | None:
    if isinstance(item, Attachment):
        return item
    if is_mime_object(item):
        return Attachment.from_mime(item)
    if not isinstance(item, tuple) or not 2 <= len(item) <= 3:
        return None
    if not is_mime_object(item[1]):
        return Attachment(*item)
    # What Django's EmailMessage.attach() takes: a mail that is attached.
    if len(item) == 3 and item[2] is not None and not _is_rfc822(item[2]):
        reason = "content is an object of the standard library, and its type not message/rfc822"
        raise InvalidMessageType([Problem("content", reason, "give the object alone", kind="type")])
    return Attachment.from_message(item[1], item[0])


def _is_rfc822(content_type: object) -> bool:
    return is_text(content_type) and mime_type_of(plain_text(content_type)) == "message/rfc822"


def _alternative(item: object) -> Alternative | None:
    if isinstance(item, tuple) and len(item) == 2:
        return Alternative(*item)
    return item if isinstance(item, Alternative) else None


def _parts(
    value: object,
    field: str,
    problems: Problems,
    kind: type[T],
    read: Callable[[object], T | None],
) -> tuple[T, ...]:
    parts: list[T] = []
    for i, item in enumerate(_listed(value, field, problems, field)):
        place = f"{field}[{i}]"
        try:
            part = read(item)
        except MessageError as error:
            problems.extend(within(place, error))
            continue
        if part is not None:
            parts.append(part)
            continue
        wanted = f"{kind.__name__} or a tuple of its arguments"
        hint = "Attachment.from_path(path) reads a file" if kind is Attachment else ""
        if kind is Attachment and callable(getattr(item, "message", None)):
            hint = "Attachment.from_message(mail.message()) attaches a mail"
        problems.append(wrong_type(place, wanted, item, hint))
    return tuple(parts)


def _listed(value: object, field: str, problems: Problems, of: str) -> Iterable[object]:
    if type(value) is list:
        return value
    if is_text(value) or isinstance(value, bytes) or not isinstance(value, Iterable):
        hint = f"write {field}=[...]"
        problems.append(wrong_type(field, f"a list or other iterable of {of}", value, hint))
        return ()
    return value


def headers(value: object, field: str, problems: Problems) -> Headers:
    """Header fields; addresses in them are checked like all others."""
    return collect_headers(value, field, problems)


def metadata(value: object, field: str, problems: Problems) -> FrozenDict[str, Any]:
    """A mapping of str to str, int, float or bool: what every provider's events can carry."""
    if not _is_str_mapping(value, field, problems):
        return FrozenDict()
    held: dict[str, Any] = {}
    for given, item in value.items():  # type: ignore[attr-defined]  # it is a mapping
        key = plain_text(given)
        if key and key.isprintable() and _is_common(item):
            held[key] = item
            continue
        place = _at(field, key)
        if CONTROL.search(key) or not key:
            problems.append(Problem(place, f"`{place}`: the key must be one line of text"))
        elif item is not None and not isinstance(item, (int, float)) and not is_text(item):
            hint = "convert it, for example with str()"
            problems.append(wrong_type(place, "str, int, float, bool or None", item, hint))
        else:
            held[key] = _json(item, place, problems)
    return FrozenDict(held)


def data(value: object, field: str, problems: Problems) -> FrozenDict[str, Any]:
    """A mapping of str to anything that JSON can hold."""
    if not _is_str_mapping(value, field, problems):
        return FrozenDict()
    held: FrozenDict[str, Any] = _json(value, field, problems)
    return held


def by_recipient(
    coerce: Callable[[object, str, Problems], Any],
) -> Callable[[object, str, Problems], FrozenDict[str, Any]]:
    """A mapping of recipients' addresses to what *coerce* accepts."""

    def coerce_each(value: object, field: str, problems: Problems) -> FrozenDict[str, Any]:
        if not _is_str_mapping(value, field, problems):
            return FrozenDict()
        held: dict[str, Any] = {}
        seen: set[str] = set()
        place = f"{field}[…]"
        for given, item in value.items():  # type: ignore[attr-defined]  # it is a mapping
            key = plain_text(given)
            mailbox = read_one(key)
            parsed = mailbox if mailbox is not None else address(key, field, problems)
            if parsed is not None:
                addr_spec = parsed.addr_spec
                same = address_key(addr_spec)
                if same in seen:
                    problems.append(Problem(field, f"`{field}` has {redact(addr_spec)} twice"))
                seen.add(same)
                if item is None:
                    problems.append(wrong_type(place, "a mapping", item))
                    continue
                held[addr_spec] = coerce(item, place, problems)
        return FrozenDict(held)

    return coerce_each


def esp_extra(value: object, field: str, problems: Problems) -> FrozenDict[str, Any]:
    """Mappings by provider name."""
    held = data(value, field, problems)
    for name, extra in held.items():
        if not isinstance(extra, Mapping):
            hint = 'esp_extra is namespaced: {"<provider>": {...}}'
            problems.append(wrong_type(_at(field, name), "a mapping", extra, hint))
    return held


def _is_str_mapping(value: object, field: str, problems: Problems) -> bool:
    if not isinstance(value, Mapping):
        problems.append(wrong_type(field, "a mapping", value))
        return False
    wrong = [key for key in value if not is_text(key)]
    if wrong:
        problems.append(wrong_type(field, "a mapping with keys of str", wrong[0]))
    return not wrong


def _json(value: object, place: str, problems: Problems, depth: int = 0) -> Any:
    if value is None or value is True or value is False:
        return value
    # Its type as well: a wrapper says that its class is that of what it wraps.
    if isinstance(value, (int, float)) and issubclass(type(value), (int, float)):
        return _number(value, place, problems)
    if is_text(value):
        return body(value, place, problems)
    if depth > 50:
        problems.append(Problem(place, f"`{place}` is nested deeper than 50 levels"))
        return None
    if isinstance(value, Mapping):
        if not _is_str_mapping(value, place, problems):
            return None
        return FrozenDict(
            {
                # Common values cannot be wrong, and telling their place costs more than they do
                # (benchmarks/build.py).
                k if _is_common(k) else body(k, _at(place, plain_text(k)), problems): (
                    v if _is_common(v) else _json(v, _at(place, plain_text(k)), problems, depth + 1)
                )
                for k, v in value.items()
            }
        )
    if isinstance(value, (list, tuple)):
        return tuple(
            _json(item, f"{place}[{i}]", problems, depth + 1) for i, item in enumerate(value)
        )
    hint = "convert it to str, int, float, bool, list or dict first"
    problems.append(wrong_type(place, "a value that JSON can hold", value, hint))
    return None


def _is_common(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return bool(value.isascii())
    return kind is bool or (kind is int and -_COMMON_NUMBERS < value < _COMMON_NUMBERS)


_COMMON_NUMBERS = 1 << 63


def _number(value: float, place: str, problems: Problems) -> float:
    if isinstance(value, int):
        if value.bit_length() > MAX_NUMBER_BITS:
            problems.append(Problem(place, f"`{place}` is a number too long to be written"))
        return int(value)
    if not math.isfinite(value):
        problems.append(Problem(place, f"`{place}` is {value}, which JSON cannot hold"))
    return float(value)
