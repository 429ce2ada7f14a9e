"""
Header fields with parameters, read leniently: Content-Type and Content-Disposition.

RFC 2045 (section 5.1), RFC 2183, RFC 2231, and what programs write instead: RFC 2047 words, raw
8-bit text, missing quotes. Only for what users see; structure is decided elsewhere.
"""

from __future__ import annotations

import re

from typing import NamedTuple

from mailcore.inbound.charset import decode_charset
from mailcore.inbound.comments import comment_spans
from mailcore.inbound.words import clean, decode_words, unfolded


__all__ = ["Parameterized", "parameter_pairs", "read_parameters"]

# An unclosed quote ends with the value.
_PARAMETER = re.compile(
    r";?\s*(?P<name>[^\s=;\"]+)\s*=\s*(?:\"(?P<quoted>[^\"\\]*(?:\\.[^\"\\]*){0,1000})(?:\"[^;]*|\\?$)|(?P<bare>[^;\"]*))"
    r"|;?[^;]*",
    re.DOTALL,
)
# A semicolon that was forgotten: "text/html charset=utf-8".
_UNSEPARATED = re.compile(r"\s*([^\s;=,\"]+)[\s,]+(?=[^\s=;,\"]{1,100}\s*=)")
_UNQUOTED_NAME = re.compile(r"\s*(?:file)?name(?:\*\d*)?\s*=\s*[^\s\"]", re.IGNORECASE)
_SLASH = re.compile(r"\s*/\s*")
_SECTION = re.compile(r"(?P<name>[^*]+)\*(?:(?P<number>[0-9]{1,4})(?P<encoded>\*)?)?", re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")

_MAX_PARAMETERS = 1_000


class Parameterized(NamedTuple):
    """A value and its parameters, names in lower case."""

    value: str
    parameters: dict[str, str]
    defects: tuple[str, ...]


def read_parameters(raw: bytes) -> Parameterized:
    """
    Read the raw value of a field such as ``attachment; filename*=utf-8''na%C3%AFve.txt``.

    Where a parameter is given both plain and as RFC 2231, the latter counts.
    """
    text, defect = unfolded(raw)
    defects = [defect] if defect else []
    text = _without_comments(text) if "(" in text else text
    value, rest = _separated(text)
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, content in _pairs(rest):
        section = _SECTION.fullmatch(name) if "*" in name else None
        if section is None:
            decoded, in_words = decode_words(content) if "=?" in content else (content, "")
            defects += [in_words] if in_words else []
            plain.setdefault(name, clean(decoded))
            continue
        # "name*=" is section 0 and encoded, "name*1=" is section 1 and not.
        number = int(section["number"] or 0)
        is_encoded = section["number"] is None or section["encoded"] is not None
        sections.setdefault(section["name"], {}).setdefault(number, (content, is_encoded))
    for name, parts in sections.items():
        joined, in_sections = _join(parts)
        defects += [in_sections] if in_sections else []
        if joined is not None:
            plain[name] = clean(joined)
    value = value.strip(' \t"').lower()
    if " " in value or "\t" in value:
        value = _SLASH.sub("/", value)
    return Parameterized(value, plain, tuple(defects))


def parameter_pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of an unfolded value as they stand there, with the names in lower case."""
    return _pairs(_separated(text)[1])


def _separated(text: str) -> tuple[str, str]:
    """The value, and its parameters with the semicolon before them."""
    value, semicolon, rest = text.partition(";")
    if "=" in value:
        unseparated = _UNSEPARATED.match(text)
        if unseparated is not None:
            return unseparated[1], ";" + text[unseparated.end() :]
    return value, semicolon + rest


def _without_comments(text: str) -> str:
    """Without comments, but for what is part of a file name without quotes: ``a (1).pdf``."""
    pieces: list[str] = []
    done = 0
    for start, end in comment_spans(text)[:_MAX_PARAMETERS]:
        if _UNQUOTED_NAME.match(text, text.rfind(";", done, start) + 1, start):
            continue
        pieces += (text[done:start], " ")
        done = end
    return "".join([*pieces, text[done:]])


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    position = 0
    while position < len(text) and len(pairs) < _MAX_PARAMETERS:
        match = _PARAMETER.match(text, position)
        if match is None or match.end() == position:
            position += 1
            continue
        position = match.end()
        if match["name"] is None:
            continue
        quoted, bare = match["quoted"], match["bare"]
        content = (bare or "").strip() if quoted is None else _unescaped(quoted)
        pairs.append((match["name"].lower(), content))
    return pairs


def _unescaped(quoted: str) -> str:
    if "\\" not in quoted:
        return quoted
    # Internet Explorer sent whole Windows paths, whose backslashes escape nothing.
    if re.match(r"[A-Za-z]:\\|\\\\", quoted) and '\\"' not in quoted:
        return quoted
    return _ESCAPED.sub(r"\1", quoted)


def _join(sections: dict[int, tuple[str, bool]]) -> tuple[str | None, str]:
    """Join the sections of one parameter (RFC 2231, sections 3 and 4)."""
    charset = ""
    octets: list[bytes] = []
    for number in range(len(sections)):
        if number not in sections:
            # What is behind a gap belongs nowhere.
            break
        content, is_encoded = sections[number]
        if is_encoded and number == 0:
            parts = content.split("'", 2)
            if len(parts) == 3:
                charset, content = parts[0], parts[2]
        data = content.encode("utf-8")
        octets.append(_PERCENT.sub(_octet, data) if is_encoded else data)
    if not octets:
        return None, "a parameter has no first section"
    text, defect = decode_charset(b"".join(octets), charset)
    return text, f"of a parameter: {defect}" if defect and charset else ""


def _octet(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])
