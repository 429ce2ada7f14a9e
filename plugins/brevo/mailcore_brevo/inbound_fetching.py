"""
The files of received mail, fetched, and the mail put together with them.

``GET /v3/inbound/attachments/{token}`` has the octets of one file
(https://developers.brevo.com/reference/getinboundemailattachment, as of 2026-11-30). How long Brevo
keeps files is not documented. Calls of an account beside sending are few: 100 in an hour
(https://developers.brevo.com/docs/api-limits, as of 2026-11-30).
"""

from __future__ import annotations

import json

from collections.abc import Iterator
from urllib.parse import quote

from mailcore.errors import FetchError
from mailcore.events import InboundEvent
from mailcore.flow import Flow
from mailcore.http import PieceFetcher
from mailcore.inbound import InboundMessage, ReceivedFile, parse_inbound, shown_content_ids
from mailcore.registry import option_missing
from mailcore.webhook import Fields
from mailcore_brevo.inbound import ATTACHMENTS, MAIL, compose, header_pairs
from mailcore_brevo.options import BrevoOptions


PROVIDER = "brevo"
_MAX_FILES = 500
_BODIES = ("RawTextBody", "RawHtmlBody")


def fetch(event: InboundEvent, options: BrevoOptions) -> Flow[InboundMessage]:
    """
    Get the mail of an event: from the event, its files from Brevo.

    Args:
        event: The event that told of the mail.
        options: The options of the provider, with the key.

    Raises:
        FetchError: If the event leads to no mail, or a file cannot be had, or all together are too
            large.
        ConfigurationError: If there is no key.
    """
    if event.content is not None:
        return parse_inbound(event.content)
    fields = Fields(_read(event))
    files = list(_described(fields))
    if not options.api_key:
        raise option_missing(PROVIDER, "api_key", "fetching the files of received mail")
    pieces = PieceFetcher(
        provider=PROVIDER,
        headers=options.authorization,
        timeout_seconds=options.timeout_seconds,
        max_bytes=options.max_inbound_bytes,
    )
    pieces.count(sum(len(fields.text(name) or "") for name in _BODIES))
    shown = shown_content_ids(fields.text("RawHtmlBody") or "")
    received = []
    for described, token in files:
        url = f"{options.api_url}/inbound/attachments/{quote(token, safe='')}"
        response = yield from pieces.get(url, accept="*/*")
        pieces.count(len(response.body))
        content_id = (described.text("ContentID") or "").strip("<> ")
        received.append(
            ReceivedFile(
                content=response.body,
                filename=described.text("Name"),
                # The answer's has the charset, and the webhook's has not.
                content_type=response.headers.get("content-type")
                or described.text("ContentType")
                or "",
                content_id=content_id or None,
                inline=content_id in shown,
            )
        )
    content = compose(fields, header_pairs(fields), tuple(received))
    return parse_inbound(content, defects=dict.fromkeys(fields.defects))


def _read(event: InboundEvent) -> dict[str, object]:
    try:
        document = json.loads(event.location.get(MAIL, ""))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise FetchError(
            "the event has neither content nor the parts of a mail",
            provider=PROVIDER,
            category="no_content",
        )
    return document


def _described(fields: Fields) -> Iterator[tuple[Fields, str]]:
    """Each file, with the token that it is fetched by."""
    listed = fields.document.get(ATTACHMENTS)
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise _unreadable("`Attachments` is no array of files")
    if len(listed) > _MAX_FILES:
        raise _unreadable(f"the mail has more than {_MAX_FILES} files")
    for each in fields.each(ATTACHMENTS):
        token = each.text("DownloadToken")
        # Dots alone would lead to another place of the API.
        if token is None or not token.isascii() or not token.strip("."):
            raise _unreadable("a file has no `DownloadToken`")
        yield each, token


def _unreadable(what: str) -> FetchError:
    return FetchError(what, provider=PROVIDER, category="no_content")
