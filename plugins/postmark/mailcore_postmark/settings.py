"""What the provider's options say about every message."""

from __future__ import annotations

import re

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from mailcore.errors import ConfigurationError


BASE_URL = "https://api.postmarkapp.com"
TOKEN_HEADER = "X-Postmark-Server-Token"  # noqa: S105  # the name of the header

TrackLinks: TypeAlias = Literal["None", "HtmlAndText", "HtmlOnly", "TextOnly"]
"""https://postmarkapp.com/developer/user-guide/tracking-links (as of 2026-11-21)."""

_TRACK_LINKS: tuple[str, ...] = get_args(TrackLinks)
_TOKEN = re.compile(r"[!-~]+")
# No spaces, and nothing that begins credentials, a query or a fragment.
_URL_CHARACTERS = re.compile(r"[^\s?#@\\\x00-\x1f\x7f]+")


@dataclass(frozen=True, kw_only=True)
class SendingSettings:
    """
    Options that requests are made from; see :class:`~mailcore_postmark.PostmarkProvider`.

    Raises:
        ConfigurationError: If one of them cannot be right. The text does not repeat the token.
    """

    server_token: str | None = field(default=None, repr=False)
    base_url: str = BASE_URL
    message_stream: str | None = None
    track_links: TrackLinks | None = None
    inline_css: bool | None = None
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.server_token is not None:
            check_token(self.server_token)
        check_track_links(self.track_links)
        check_message_stream(self.message_stream)
        check_inline_css(self.inline_css)
        _check_timeout(self.timeout_seconds)
        object.__setattr__(self, "base_url", _checked_url(self.base_url))


def check_token(token: object) -> None:
    """
    Refuse what cannot be a server token, without repeating it.

    Raises:
        ConfigurationError: If it is empty, or cannot stand in a header.
    """
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ConfigurationError(
            "postmark: server_token must be the server's API token: ASCII without spaces "
            "(POSTMARK_API_TEST checks messages without sending them)"
        )


def check_track_links(mode: object) -> None:
    """
    Refuse what is no mode of link tracking.

    Raises:
        ConfigurationError: If it is neither one nor None.
    """
    if mode is not None and mode not in _TRACK_LINKS:
        modes = ", ".join(map(repr, _TRACK_LINKS))
        raise ConfigurationError(f"postmark: track_links must be one of {modes}")


def check_message_stream(stream: object) -> None:
    """
    Refuse what cannot be the ID of a stream.

    Raises:
        ConfigurationError: If it is neither a text of one line nor None.
    """
    if stream is None:
        return
    if not isinstance(stream, str) or not stream.strip() or not stream.isprintable():
        raise ConfigurationError(
            "postmark: message_stream must be the ID of a stream: leave it out, or name one"
        )


def check_inline_css(value: object) -> None:
    """
    Refuse what does not say whether styles are written into elements.

    Raises:
        ConfigurationError: If it is neither a truth value nor None.
    """
    if not (value is None or isinstance(value, bool)):
        raise ConfigurationError("postmark: inline_css must be True, False or None")


def _check_timeout(seconds: object) -> None:
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, (int, float))
        or not 0 < seconds < float("inf")
    ):
        raise ConfigurationError("postmark: timeout_seconds must be a number above 0")


def _checked_url(url: object) -> str:
    if not isinstance(url, str) or not _is_usable(url):
        raise ConfigurationError(
            "postmark: base_url must be an http or https URL without credentials and query"
        )
    return url.rstrip("/")


def _is_usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port is what finds out that it is none.
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    if not _URL_CHARACTERS.fullmatch(url):
        return False
    return is_address and parts.scheme in ("https", "http")
