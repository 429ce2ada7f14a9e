"""
Parameters that a message brings for Postmark itself: ``esp_extra={"postmark": {...}}``.

They have the names of Postmark's API, such as ``MessageStream``, and are merged in last, into each
message of a batch: mappings merge, everything else replaces. One name is mailcore's own:
``server_token`` sends this message through another server of the account. ``To``, ``Cc`` and
``Bcc`` are refused: who gets a message has a status, and that takes the message's own fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.foundation import thaw, with_plain_texts
from mailcore.message import Message
from mailcore_postmark.settings import (
    TrackLinks,
    check_inline_css,
    check_message_stream,
    check_token,
    check_track_links,
)


NAMESPACE = "postmark"
SERVER_TOKEN = "server_token"  # noqa: S105  # the name of the parameter


def extra_of(message: Message) -> Mapping[str, Any]:
    """What the message has for Postmark, and for no other provider."""
    return message.esp_extra.get(NAMESPACE) or {}


def parameters_of(message: Message) -> Mapping[str, Any]:
    """Those of them that are parameters of Postmark's API."""
    extra = extra_of(message)
    if SERVER_TOKEN in extra:
        return {name: value for name, value in extra.items() if name != SERVER_TOKEN}
    return extra


def token_of(message: Message) -> str | None:
    """
    The token of the server that this message goes through, if it brings one.

    Raises:
        ConfigurationError: If it cannot be one.
    """
    token = extra_of(message).get(SERVER_TOKEN)
    if token is not None:
        check_token(token)
    return token


def merged(base: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Deep-merge into a copy: mappings merge, everything else replaces."""
    result = dict(base)
    for key, value in extra.items():
        before = result.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            result[key] = merged(before, value)
        else:
            result[key] = thaw(value)
    return result


@with_plain_texts
def postmark_options(
    *,
    message_stream: str | None = None,
    track_links: TrackLinks | None = None,
    inline_css: bool | None = None,
    server_token: str | None = None,
) -> dict[str, dict[str, Any]]:
    """
    Options of Postmark for one message.

    ``Message(..., esp_extra=postmark_options(message_stream="broadcast"))``: each wins over the
    provider's option of the same name; those that are not given leave it.

    Args:
        message_stream: ID of the stream.
        track_links: Where links are tracked; wins over ``track_clicks`` of the message, too.
        inline_css: Whether a template's styles are written into its elements.
        server_token: API token of another server. It is a secret, and travels with the message.

    Returns:
        A mapping for ``esp_extra``, with the names of Postmark's API.

    Raises:
        ConfigurationError: If one of them cannot be right.
    """
    check_track_links(track_links)
    check_message_stream(message_stream)
    check_inline_css(inline_css)
    if server_token is not None:
        check_token(server_token)
    options = {
        "MessageStream": message_stream,
        "TrackLinks": track_links,
        "InlineCss": inline_css,
        SERVER_TOKEN: server_token,
    }
    return {NAMESPACE: {name: value for name, value in options.items() if value is not None}}
