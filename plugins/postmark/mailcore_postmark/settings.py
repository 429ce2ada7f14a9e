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


@dataclass(frozen=True, kw_only=True)
class SendingSettings:
    """
    Options that requests are made from; see :class:`~mailcore_postmark.PostmarkProvider`.

    Raises:
        ConfigurationError: If one of them cannot be right. The text does not repeat the token.
    """

    server_token: str = field(repr=False)
    base_url: str = BASE_URL
    message_stream: str | None = None
    track_links: TrackLinks | None = None
    inline_css: bool | None = None
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        check_token(self.server_token)
        check_track_links(self.track_links)
        if self.message_stream is not None and not self.message_stream:
            raise ConfigurationError("postmark: message_stream is empty: leave it out, or name one")
        if not self.timeout_seconds > 0:
            raise ConfigurationError("postmark: timeout_seconds must be above 0")
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


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or "?" in url or "#" in url or "@" in url:
        raise ConfigurationError(
            "postmark: base_url must be an http or https URL without credentials and query"
        )
    return url.rstrip("/")
