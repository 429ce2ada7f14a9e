"""
Postmark's options, declared once: for every message by the provider, or for one in ``esp_extra``.

``esp_extra={"postmark": {...}}`` has the names of Postmark's API, such as ``MessageStream``, and is
merged in last, into each message of a batch: mappings merge, everything else replaces. One name is
mailcore's own: ``server_token`` sends this message through another server of the account. ``To``,
``Cc`` and ``Bcc`` are refused: who gets a message has a status, and that takes the message's own
fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mailcore.message import Message, extra_of
from mailcore.registry import (
    ProviderOptions,
    base_url_option,
    key_option,
    message_options,
    option,
)


NAMESPACE = "postmark"
TOKEN_HEADER = "X-Postmark-Server-Token"  # noqa: S105  # the name of the header
SERVER_TOKEN = "server_token"  # noqa: S105  # the name of the parameter

TrackLinks: TypeAlias = Literal["None", "HtmlAndText", "HtmlOnly", "TextOnly"]
"""https://postmarkapp.com/developer/user-guide/tracking-links (as of 2026-11-21)."""


@dataclass(frozen=True, kw_only=True)
class PostmarkMessageOptions(ProviderOptions):
    """
    Options that a message may bring, too: see :func:`~mailcore_postmark.postmark_options`.

    Args:
        server_token: API token of the server. ``POSTMARK_API_TEST`` has messages checked and not
            sent. Who only receives needs none. It is a secret, and travels with a message that
            brings it.
        message_stream: ID of the stream that messages go through; Postmark's default one,
            ``outbound``, if None.
        track_links: Where links are tracked: ``HtmlAndText``, ``HtmlOnly``, ``TextOnly`` or
            ``None`` (the text). As an option of the provider it is for messages that do not say
            whether to; those that say so are tracked in these places too, else in both, and if it
            is None, the server's setting decides. As one of a message it wins over the message's
            ``track_clicks``.
        inline_css: Whether a template's styles are written into its elements; Postmark does so
            if None.
    """

    provider = NAMESPACE

    server_token: str | None = key_option(
        "the server's API token: ASCII without spaces (POSTMARK_API_TEST checks messages "
        "without sending them)",
        parameter=SERVER_TOKEN,
    )
    message_stream: str | None = option(
        None,
        parameter="MessageStream",
        must_be="the ID of a stream: leave it out, or name one",
    )
    track_links: TrackLinks | None = option(None, parameter="TrackLinks")
    inline_css: bool | None = option(None, parameter="InlineCss")


@dataclass(frozen=True, kw_only=True)
class PostmarkOptions(PostmarkMessageOptions):
    """
    Options of :class:`~mailcore_postmark.PostmarkProvider`.

    Args:
        base_url: The URL of the API, without a path: another one is a proxy or a server for tests.
        webhook_secrets: ``user:password`` texts, one of which each webhook request must bring (HTTP
            Basic): Postmark signs nothing. Without any of these and the next, every webhook request
            is refused.
        webhook_header_secrets: ``Name: value`` texts, the header of one of which a webhook request
            may bring instead: ``HttpHeaders`` of Postmark's Webhooks API.
        timeout_seconds: How many seconds connecting may take, and how many each wait for data may.
    """

    base_url: str = base_url_option("https://api.postmarkapp.com")
    webhook_secrets: Sequence[str] = option((), secret=True)
    webhook_header_secrets: Sequence[str] = option((), secret=True)
    timeout_seconds: float = option(30.0)


@message_options(PostmarkMessageOptions)
def postmark_options(options: PostmarkMessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of Postmark for one message.

    ``Message(..., esp_extra=postmark_options(message_stream="broadcast"))``: each wins over the
    provider's option of the same name; those that are not given leave it.

    Returns:
        A mapping for ``esp_extra``, with the names of Postmark's API.

    Raises:
        ConfigurationError: If one of them cannot be right.
    """
    return options.for_message()


def parameters_of(message: Message) -> Mapping[str, Any]:
    """What the message has for Postmark and is a parameter of its API."""
    return extra_of(message, NAMESPACE, without=SERVER_TOKEN)


def token_of(message: Message) -> str | None:
    """
    The token of the server that this message goes through, if it brings one.

    Raises:
        ConfigurationError: If it cannot be one.
    """
    token = extra_of(message, NAMESPACE).get(SERVER_TOKEN)
    return None if token is None else PostmarkMessageOptions(server_token=token).server_token
