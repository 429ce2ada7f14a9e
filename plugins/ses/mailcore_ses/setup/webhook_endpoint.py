"""
The URL of a webhook that SNS posts to, with a user and a password in it (HTTP Basic).

The password is a secret: it stays out of what is printed, in whose place a shell variable stands.

https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html ("Use HTTPS-based
connections") and SendMessageToHttp.subscribe.html (read 2026-11-30).
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit


PASSWORD_VARIABLE = "MAILCORE_WEBHOOK_PASSWORD"  # noqa: S105  # a name, no password
"""The environment variable that has the password, as it stands in a URL."""

_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*(?=@)")
_USER_ONLY = re.compile(r"(?<=://)([^/@:]+):?(?=@)")
# RFC 3986, section 3.2.1: what may stand in userinfo. Neither a shell nor JSON reads any of these.
_USERINFO = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")


def endpoint_problems(url: str) -> Iterator[str]:
    """What makes a URL none that SNS should post to; texts without the password."""
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
        is_url = is_url and " " not in url
    except ValueError:
        is_url = False
    if not is_url:
        yield "https_endpoint must be a URL that begins with https:// (or http://, to try)"
        return
    # With one of these in a password, it ends there: what is before it would be the host.
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        yield (
            "https_endpoint has an @ behind a /, ? or #: in a password write these as %2F, %3F and "
            "%23, and an @ in the path as %40"
        )
        return
    if "@" not in parts.netloc:
        return
    if parts.scheme != "https":
        yield (
            "https_endpoint has a password and begins with http://: it would travel unencrypted; "
            "begin it with https://, or leave `user:password@` out"
        )
    if not parts.username or not parts.password:
        yield "https_endpoint has no password or no user: write https://user:password@…, or neither"
    elif not (_USERINFO.fullmatch(parts.username) and _USERINFO.fullmatch(parts.password)):
        yield (
            "the user and the password of https_endpoint may have letters, digits and -._~; write "
            "other characters as %XX"
        )


def without_password(url: str) -> str:
    """A URL as SNS lists it, with asterisks for the password."""
    return with_password_replaced(url, "****")


def with_password_replaced(url: str, replacement: str) -> str:
    """A URL with something else for the password; the same if it has none."""
    return _PASSWORD.sub(lambda found: f"{found[1]}:{replacement}", url, count=1)


def with_password(url: str, password: str) -> str:
    """A URL that names a user only, with the password for it; others stay as they are."""
    return _USER_ONLY.sub(lambda found: f"{found[1]}:{password}", url, count=1)


def lacks_password(url: str) -> bool:
    """Whether a URL names a user without a password."""
    return _USER_ONLY.search(url) is not None


def user_of(url: str) -> str | None:
    """The user that SNS names to the webhook; None if the URL has no password."""
    found = _PASSWORD.search(url)
    return unquote(found[1]) if found else None
