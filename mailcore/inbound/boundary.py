"""
The boundary of a multipart, where its Content-Type field is not as RFC 2045 has it.

Some programs fold within it, put comments around it, forget quotes or semicolons, or let the next
field begin on the same line. So there can be several readings; which one is right, the lines of
the message say.
"""

from __future__ import annotations

import re

from collections.abc import Iterator

from mailcore.inbound.comments import without_comments
from mailcore.inbound.parameters import parameter_pairs, read_parameters


__all__ = ["boundary_readings"]

_SPACES = re.compile(r"\s+")
# What ends a boundary that has no quotes, or only one.
_END = re.compile(r"[\s,;(<>\"]")
_SECTION = re.compile(r"boundary\*(?:0\*?)?")
# Wherever it stands, in or behind another parameter.
_ANYWHERE = re.compile(r"\bboundary\s*[=:]\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)
_SMART_QUOTES = "\xe2\x80\x9c\x9d'"
_MAX_READINGS = 20


def boundary_readings(raw: bytes) -> list[bytes]:
    """
    What the boundary may be, the likeliest first.

    Args:
        raw: The raw value of the Content-Type field.
    """
    text = raw.translate(None, b"\r\n").decode("latin-1")
    readings = dict.fromkeys(reading.rstrip() for reading in _readings(text))
    if any(_SECTION.fullmatch(name) for name, _ in parameter_pairs(text)):
        # RFC 2231. Where the same is given plain, that counts, as with other readers.
        joined = read_parameters(raw).parameters.get("boundary", "")
        readings.setdefault(joined.encode("utf-8").decode("latin-1").rstrip())
    return [reading.encode("latin-1") for reading in readings if reading][:_MAX_READINGS]


def _readings(text: str) -> Iterator[str]:
    # A parenthesis without quotes may belong to the boundary.
    forms = dict.fromkeys((without_comments(text), text))
    found = [value for form in forms for name, value in parameter_pairs(form) if name == "boundary"]
    yield from found
    for value in found:
        yield _END.split(value, maxsplit=1)[0]
        yield _SPACES.sub(" ", value)
        yield _SPACES.sub("", value)
        yield value.strip("'")
        yield value.strip("<>")
        yield _END.split(value, maxsplit=1)[0].strip(_SMART_QUOTES)
    for quoted, bare in _ANYWHERE.findall(text)[:_MAX_READINGS]:
        yield quoted or bare
