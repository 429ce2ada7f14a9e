"""
Angle brackets where the syntax of a header wants them: around ids and around the URLs of lists.

People write ``order-42@example.com`` and ``https://example.com/leave``. Readers find no thread and
no button without the brackets, which belong to the syntax (RFC 5322, section 3.6.4; RFC 2369;
RFC 2919): they are added. What cannot be meant is refused.
"""

from __future__ import annotations

import re


__all__ = ["BRACKETED", "with_brackets"]

# In brackets, with white space within them as in obsolete syntax, or with one bracket or none.
_ID = re.compile(
    r"<+[ \t]*(?P<bracketed>[!-;=?-~]+)[ \t]*>+|<?(?P<bare>[!-+\--;=?-~]+)>?"  # no comma
)
_SPACE = " \t,"
_LEFT_AND_RIGHT = re.compile(r"[^@]+@[^@]+")
# What a provider fills in is no id yet.
_PLACEHOLDER = re.compile(r"%.+%|.*\{\{.*")

_ONE_ID = frozenset(["message-id", "resent-message-id"])
_IDS = frozenset(["in-reply-to", "references", *_ONE_ID])
_LIST_URLS = frozenset(
    f"list-{name}" for name in ("archive", "help", "owner", "post", "subscribe", "unsubscribe")
)
BRACKETED = _IDS | _LIST_URLS | {"list-id"}
"""Names of the headers that this is about, in lower case."""

_URL = r"(?:https?://|mailto:)[!-;=?-~]+"
_BARE_URLS = re.compile(rf"{_URL}(?:[ \t]+{_URL})*", re.IGNORECASE)
_BARE_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


def with_brackets(key: str, value: str) -> tuple[str, str]:
    """
    The value of a header as its syntax has it.

    Args:
        key: The name of the header, in lower case: one of ``BRACKETED``.
        value: The id, one line of text.

    Returns:
        The value, and what is wrong with it: empty if nothing is.
    """
    if key in _IDS:
        return _ids(key, value)
    bare = value.strip(" \t")
    if key == "list-id":
        return (f"<{bare}>" if _BARE_LIST_ID.fullmatch(bare) else value), ""
    # A comma may belong to a URL, but not at its end.
    urls = bare.replace(", ", " ").replace(",\t", " ")
    if _BARE_URLS.fullmatch(urls):
        return ", ".join(f"<{url}>" for url in urls.split()), ""
    return value, ""


def _ids(key: str, value: str) -> tuple[str, str]:
    found: list[str] = []
    rest = value.lstrip(_SPACE)
    while rest:
        match = _ID.match(rest)
        if match is None:
            return value, "holds something else than ids"
        bare = match["bare"]
        if bare is not None and _PLACEHOLDER.fullmatch(bare):
            found.append(bare)
        else:
            text = match["bracketed"] or bare
            # What one answers to may have an id without an @, in brackets: it stays as it was.
            if (bare is not None or key in _ONE_ID) and not _LEFT_AND_RIGHT.fullmatch(text):
                return value, "holds something else than ids"
            found.append(f"<{text}>")
        rest = rest[match.end() :].lstrip(_SPACE)
    if not found:
        return value, "is empty"
    if key in _ONE_ID and len(found) > 1:
        return value, f"has {len(found)} ids: there can be one"
    return " ".join(found), ""
