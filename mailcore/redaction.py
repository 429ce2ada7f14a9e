"""Taking addresses out of texts that end in logs, errors and reprs."""

from __future__ import annotations

import re


__all__ = ["redact"]

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
