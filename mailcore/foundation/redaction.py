"""
What may be said of a value in texts that end in logs, errors and reprs.

Whoever gets a value wrong may have put a password or an address there, so its content stays out:
:func:`shown_name` is for keys and names, :func:`shown_size` for values, and :func:`shown_text` for
texts whose addresses alone are private.
"""

from __future__ import annotations

import re

from mailcore.foundation.terminal import one_line


__all__ = ["redact", "shown_name", "shown_size", "shown_text", "shown_url"]

# Words with at most two digits behind each: "X-Order-Id", "order_id", "größe2". Keys and tokens of
# services have longer runs of digits, or other characters.
_WORDS = re.compile(r"_?[^\W\d_]+\d{0,2}(?:[-_]{1,2}[^\W\d_]+\d{0,2})*_?")
_LONGEST_NAME = 40
_LONGEST_REDACTED = 10_000

# Chained, because both a@b@example.com and "a@b"@example.com count as one.
_DOMAINS = re.compile(r"""@[^\s<>,;:()"'@]*(?:"?@[^\s<>,;:()"'@]*)*""")
# Read backwards from the last @ of a chain: a quoted string that may hold anything, or a run of
# characters up to something that separates. The count bounds the memory a hostile text takes.
_LOCAL_PART_BACKWARDS = re.compile(
    r'"[^"]*(?:"\\[^"]*){0,500}"[^\s<>,;:()"@]*'
    r'|"[^\s<>,;:()"]*'
    r'|[^\s<>,;:()"]+'
)


def redact(text: str) -> str:
    """
    Replace every email address in a text by its first character and its domain.

    Rather hides too much than too little: whatever stands before an @ counts as an address. Takes
    time linear in the length of the text.

    Example:
        >>> redact("Mailbox of Ada <ada@example.com> is full")
        'Mailbox of Ada <a***@example.com> is full'
    """
    if "@" not in text:
        return text
    pieces: list[str] = []
    done = 0
    for domains in _DOMAINS.finditer(text):
        first_at, end = domains.span()
        at = text.rindex("@", first_at, end)
        local_part = _LOCAL_PART_BACKWARDS.match(text[done:at][::-1])
        if local_part:
            pieces += (text[done : at - local_part.end() + 1], "***")
        else:
            pieces.append(text[done:at])
        pieces.append(text[at:end])
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def shown_name(name: object) -> str:
    """
    A key, or the name of a field, as an error calls it: quoted if it is made of words.

    Anything else may be a secret in the wrong place, and is told by its size.

    Example:
        >>> shown_name("X-Order-Id"), shown_name("sk_live_4eC39HqLyjWD")
        ("'X-Order-Id'", '<20 characters>')
    """
    if isinstance(name, str) and len(name) <= _LONGEST_NAME and _WORDS.fullmatch(name):
        return f"'{name}'"
    return f"<{shown_size(name)}>"


def shown_size(value: object) -> str:
    """What can be said of a value without its content: ``12 characters``, ``3 bytes``, ``dict``."""
    if isinstance(value, str):
        return f"{len(value)} characters" if len(value) != 1 else "1 character"
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} bytes" if len(value) != 1 else "1 byte"
    return type(value).__name__


def shown_text(text: str, longest: int) -> str:
    """
    A text as an error shows it: without addresses, on one line, not too long.

    Redacted before it is cut, because a cut could separate a user name from its domain. A text
    that is far too long is first cut where no address can stand.

    Args:
        text: Any text, which may hold addresses or secrets.
        longest: How many characters of it, at most.
    """
    if len(text) > _LONGEST_REDACTED:
        text = text[:_LONGEST_REDACTED]
        text = text[: max(text.rfind(separator) for separator in " ,;<") + 1] + "…"
    text = redact(text)
    if len(text) > longest:
        text = f"{text[:longest]}…"
    return one_line(text)


def shown_url(url: str) -> str:
    """
    A URL by its scheme and host: before and behind them may be a password, a token, an address.

    Example:
        >>> shown_url("https://key:secret@api.example.com:8080/lists/ada%40example.net?token=x")
        'https://api.example.com:8080/…'
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host:
        return f"<{shown_size(url)}>"
    place = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    return one_line(place if not parts.path.strip("/") and not parts.query else f"{place}/…")
