"""Mail addresses with a query, as mailto URLs have it: ``leave@example.com?subject=leave``."""

from __future__ import annotations

import re

from collections.abc import Iterator
from urllib.parse import quote, unquote, unquote_to_bytes

from mailcore.address.address import Address
from mailcore.errors import InvalidMessage, Problem


__all__ = ["mailto_url", "read_mailto"]

_SCHEME = "mailto:"
# The address ends at the domain, which has no question mark; a local part may have one.
_WITH_QUERY = re.compile(
    r'(?P<address>(?:"(?:[^"\\]|\\.)*"|[^"@])+@[^?@]*)\?(?P<query>.*)', re.DOTALL
)
_FIELD = re.compile(r"[A-Za-z0-9-]+")
# RFC 6068, section 2: a local part may hold what means something in a URL.
_SAFE_IN_ADDRESS = "@!$'*+"
# Without the plus, which some programs read as a space.
_SAFE_IN_QUERY = "!$'*,;:@/?()"


def read_mailto(text: str, field: str) -> str:
    """
    The address and the query of a mailto URL, with its scheme or without.

    Args:
        text: ``leave@example.com``, ``mailto:leave@example.com?subject=leave`` or the same without
            the scheme. Only with it, what stands before the @ is percent-encoded.
        field: What to call it in an error.

    Returns:
        The addr-spec, its domain encoded, and if there is one, a question mark and the query in
        the form of RFC 6068.

    Raises:
        InvalidAddress: It is not exactly one address.
        InvalidMessage: The query is not in the form of RFC 6068.
    """
    bare = text.strip(" \t")
    if bare.startswith("<") and bare.endswith(">"):
        bare = bare[1:-1]
    if bare[: len(_SCHEME)].lower() == _SCHEME:
        address, _, query = bare[len(_SCHEME) :].partition("?")
        return Address.parse(unquote(address), field=field).ascii_addr_spec + _query(query, field)
    match = _WITH_QUERY.fullmatch(bare)
    if match is None:
        return Address.parse(text, field=field).ascii_addr_spec
    return Address.parse(match["address"], field=field).ascii_addr_spec + _query(
        match["query"], field
    )


def mailto_url(mailto: str) -> str:
    """The URL of what :func:`read_mailto` returned."""
    match = _WITH_QUERY.fullmatch(mailto)
    if match is None:
        return _SCHEME + quote(mailto, safe=_SAFE_IN_ADDRESS)
    return f"{_SCHEME}{quote(match['address'], safe=_SAFE_IN_ADDRESS)}?{match['query']}"


def _query(query: str, field: str) -> str:
    if not query:
        return ""
    # HTML has the ampersand escaped, and is where people copy it from.
    return "?" + "&".join(_fields(query.replace("&amp;", "&"), field))


def _fields(query: str, field: str) -> Iterator[str]:
    for piece in query.split("&"):
        name, equals, value = piece.partition("=")
        octets = unquote_to_bytes(value)
        if not equals or not _FIELD.fullmatch(name):
            reason = f"the query of `{field}` is no list of name=value"
            raise InvalidMessage([Problem(field, reason, "for example ?subject=unsubscribe")])
        is_one_line = not re.search(rb"[\x00-\x1f\x7f]", octets)
        if not is_one_line and (name.lower() != "body" or b"\0" in octets):
            reason = f"the query of `{field}` has a control character in a value"
            raise InvalidMessage(
                [Problem(field, reason, "write one line; a body may have several")]
            )
        yield f"{name}={quote(octets, safe=_SAFE_IN_QUERY)}"
