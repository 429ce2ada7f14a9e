"""What is looked at before a request is sent, by whichever library."""

from __future__ import annotations

import re

from mailcore._version import VERSION
from mailcore.flow import HttpRequest


USER_AGENT = f"mailcore/{VERSION}"
"""The header field User-Agent of requests: mailcore and its version."""

_HEADERS = {
    "user-agent": ("User-Agent", USER_AGENT),
    "accept": ("Accept", "*/*"),
    "accept-encoding": ("Accept-Encoding", "gzip, deflate"),
}

_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_FORBIDDEN = re.compile(r"[\r\n\0]")


def checked_url(url: str) -> str:
    """
    A URL of HTTP, with its scheme in lower case.

    Raises:
        ValueError: If it is of another scheme, or has no host.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in ("http", "https") or not rest:
        raise ValueError("not a URL of HTTP")
    return f"{scheme.lower()}{separator}{rest}"


def checked_headers(request: HttpRequest) -> dict[str, str]:
    """
    The headers of a request, with those that every request has.

    Raises:
        ValueError: If a name or a value is no text, or cannot be one (RFC 9110, sections 5.1 and
            5.5).
    """
    headers = dict(request.headers)
    for name, value in headers.items():
        if type(name) is not str or type(value) is not str:
            raise ValueError("a header that is no text")
        if not _NAME.fullmatch(name) or _FORBIDDEN.search(value):
            raise ValueError("a header that is none")
    given = {name.lower() for name in headers}
    for name, (spelled, value) in _HEADERS.items():
        if name not in given:
            headers[spelled] = value
    return headers
