"""
Header fields with parameters: Content-Type and Content-Disposition (RFC 2045, RFC 2183, RFC 2231).

A file name that is plain ASCII is written twice, as ``filename="…"`` and, for old clients, as
``name="…"`` of the content type. Any other is written as RFC 2231 wants it, ``filename*=utf-8''…``,
cut into numbered sections if it is long. Beside it there is no second ``filename``, because readers
disagree over which of two wins; the form for old clients is RFC 2047 words in ``name``, as
Thunderbird writes it.
"""

from __future__ import annotations

import re

from mailcore.address.encoded_words import encode_words, looks_encoded
from mailcore.errors import InvalidMessage, Problem
from mailcore.message.content_type import parameters_of
from mailcore.mime.headers import fold


__all__ = ["TOKEN", "content_disposition_field", "content_type_field"]

_MAX_SECTION_LINE = 76
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+")
"""A value that needs no quotes (RFC 2045, section 5.1)."""

# What every reader takes from a quoted string unchanged: quoted-pairs, runs of spaces and what
# looks like an encoded-word are read differently, and RFC 2231 serves them all.
_PLAIN = re.compile(r"[!#-\[\]-~]+(?: [!#-\[\]-~]+)*")
_MAX_PLAIN = 255

# RFC 2231, attribute-char, without those that mean something to shells, URLs or careless readers.
_UNESCAPED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")


def content_type_field(
    content_type: str, *, filename: str | None = None, parameters: dict[str, str] | None = None
) -> str:
    """
    The Content-Type field, with its CRLF.

    Args:
        content_type: ``type/subtype``, with parameters or without.
        filename: The file name, which replaces the parameter ``name``.
        parameters: Further ones; they replace those of the same name.

    Raises:
        InvalidMessage: It cannot be written: see the errors of header fields.
    """
    held = parameters_of(content_type)
    held.update(parameters or {})
    if filename is not None:
        held = {key: value for key, value in held.items() if key.partition("*")[0] != "name"}
    units = [content_type.partition(";")[0].strip()]
    for key, value in held.items():
        units += [f"{key}={value}"] if TOKEN.fullmatch(value) else _parameter(key, value)
    if filename is None:
        return _with_parameters("Content-Type", units)
    if _is_plain(filename):
        return _with_parameters("Content-Type", [*units, f'name="{filename}"'])
    words = encode_words(filename, first_line_used=len(' name=""'))
    chunks = [f" {unit};" for unit in units] + [f" {word}" for word in words]
    chunks[len(units)] = f' name="{words[0]}'
    chunks[-1] += '"'
    return fold("Content-Type", chunks)


def content_disposition_field(disposition: str, filename: str | None) -> str:
    """
    The Content-Disposition field, with its CRLF.

    Raises:
        InvalidMessage: The file name has a lone surrogate.
    """
    units = [disposition]
    if filename is not None:
        units += _parameter("filename", filename)
    return _with_parameters("Content-Disposition", units)


def _with_parameters(name: str, units: list[str]) -> str:
    return fold(name, [f" {unit};" for unit in units[:-1]] + [f" {units[-1]}"])


def _is_plain(value: str) -> bool:
    return len(value) <= _MAX_PLAIN and bool(_PLAIN.fullmatch(value)) and not looks_encoded(value)


def _parameter(name: str, value: str) -> list[str]:
    """One parameter, or the sections of one (RFC 2231, sections 3 and 4)."""
    if _is_plain(value):
        return [f'{name}="{value}"']
    pieces = [_percent_encoded(name, character) for character in value]
    whole = f"{name}*=utf-8''{''.join(pieces)}"
    # One column for the space before it, one for the semicolon behind it.
    if len(whole) <= _MAX_SECTION_LINE - 2:
        return [whole]
    sections: list[str] = []
    section = f"{name}*0*=utf-8''"
    for piece in pieces:
        # Some readers decode each section on its own, so none ends within a character.
        if len(section) + len(piece) > _MAX_SECTION_LINE - 2:
            sections.append(section)
            section = f"{name}*{len(sections)}*="
        section += piece
    return [*sections, section]


def _percent_encoded(name: str, character: str) -> str:
    try:
        octets = character.encode("utf-8")
    except UnicodeEncodeError:
        reason = f"parameter {name!r} holds the lone surrogate U+{ord(character):04X}"
        raise InvalidMessage([Problem("content_type", reason)]) from None
    return "".join(chr(o) if o in _UNESCAPED else f"%{o:02X}" for o in octets)
