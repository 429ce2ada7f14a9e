"""
Mail that Mailgun stored, fetched.

An address that could be anybody's is not sent the API key: see
:mod:`mailcore_mailgun.stored_urls`.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/store-retreive and
view-stored-messages (read 2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.errors import FetchError
from mailcore.events import InboundEvent
from mailcore.flow import Flow, HttpResponse
from mailcore.http import PieceFetcher, text_in
from mailcore.inbound import (
    InboundMessage,
    ReceivedFile,
    compose_inbound,
    parse_inbound,
    read_repeating_json,
    received_files,
)
from mailcore.registry import option_missing
from mailcore_mailgun.header_list import read_header_list
from mailcore_mailgun.inbound import CONTENT_ID_MAP
from mailcore_mailgun.options import MailgunOptions
from mailcore_mailgun.stored_urls import is_file_of, is_message_url


PROVIDER = "mailgun"
_MAX_FILES = 500
# What JSON adds to a mail: line ends and characters outside ASCII take up to three times the room.
_JSON_FACTOR = 3
_JSON_BYTES = 64 * 1024


def fetch(event: InboundEvent, options: MailgunOptions) -> Flow[InboundMessage]:
    """
    Get the mail of an event: from the event, or from where Mailgun stored it.

    Args:
        event: The event that told of the mail.
        options: The options of the provider, with a key that may read messages.

    Returns:
        The mail as received, or, where Mailgun has only its parts, put together from them.

    Raises:
        FetchError: If the event leads to no mail, or it cannot be read, or is too large.
        ConfigurationError: If there is no key.
    """
    if event.content is not None:
        return parse_inbound(event.content)
    url = _url_of(event)
    if options.api_key is None:
        raise option_missing(PROVIDER, "api_key", "fetching stored mail")
    pieces = PieceFetcher(
        provider=PROVIDER,
        headers={"Authorization": options.authorization},
        timeout_seconds=options.timeout_seconds,
        max_bytes=options.max_inbound_bytes,
    )
    response = yield from pieces.get(
        url,
        accept="message/rfc2822",
        max_bytes=options.max_inbound_bytes * _JSON_FACTOR + _JSON_BYTES,
    )
    stored = _read(response)
    raw = stored.get("body-mime")
    if isinstance(raw, str):
        content = raw.encode("utf-8", "replace")
        pieces.count(len(content))
        return parse_inbound(content)
    defects: list[str] = []
    content = yield from _put_together(stored, url, pieces, defects)
    return parse_inbound(content, defects=dict.fromkeys(defects))


def delete(event: InboundEvent) -> Flow[None]:
    """
    Refuse to delete a stored mail, because Mailgun has no way to do it.

    It deletes stored mails by itself, after three days or what the domain's retention says
    (https://github.com/mailgun/documentation/pull/198, https://github.com/mailgun/mailgun-go/pull/165;
    read 2026-11-21). Of a mail that the webhook brought along there is nothing to delete.

    Raises:
        FetchError: If Mailgun keeps the mail.
    """
    if event.location:
        raise FetchError(
            "Mailgun cannot delete a stored mail: it does so by itself when the domain's message "
            "retention is over",
            provider=PROVIDER,
        )
    return
    yield  # it is a flow


def _url_of(event: InboundEvent) -> str:
    url = event.location.get("url")
    if not url:
        raise FetchError(
            "the event has neither content nor the address of a stored message",
            provider=PROVIDER,
            category="no_content",
        )
    if not is_message_url(url):
        # Not the address itself: it may be anything.
        raise FetchError(
            "the address of the stored message is not one of Mailgun's",
            provider=PROVIDER,
            category="no_content",
        )
    return url


def _put_together(
    stored: Mapping[str, Any], url: str, pieces: PieceFetcher, defects: list[str]
) -> Flow[bytes]:
    """The mail, from the parts that Mailgun gives instead, and from its files one by one."""
    headers = read_header_list(stored.get("message-headers"), defects)
    text, html = stored.get("body-plain"), stored.get("body-html")
    if not headers.pairs and not isinstance(text, str) and not isinstance(html, str):
        raise FetchError("Mailgun's answer has no mail", provider=PROVIDER)
    pieces.count(sum(len(each) for each in (text, html) if isinstance(each, str)))
    files: list[tuple[str, ReceivedFile]] = []
    for file_url, described in _attachments(stored, url, defects):
        response = yield from pieces.get(file_url, accept="*/*")
        pieces.count(len(response.body))
        name = described.get("name")
        files.append(
            (
                file_url,
                ReceivedFile(
                    content=response.body,
                    filename=name if isinstance(name, str) else None,
                    content_type=text_in(described, "content-type"),
                ),
            )
        )
    return compose_inbound(
        headers.pairs,
        text=text if isinstance(text, str) else None,
        html=html if isinstance(html, str) else None,
        files=received_files(files, stored.get(CONTENT_ID_MAP), defects, field=CONTENT_ID_MAP),
    )


def _attachments(
    stored: Mapping[str, Any], url: str, defects: list[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    listed = stored.get("attachments")
    if isinstance(listed, str):
        # Webhooks have it as JSON within a text.
        try:
            listed = json.loads(listed)
        except (ValueError, RecursionError):
            listed = {}
    if listed is None:
        return
    if not isinstance(listed, list):
        defects.append("`attachments` is not an array: the files of the mail are missing")
        return
    if len(listed) > _MAX_FILES:
        raise FetchError(f"the mail has more than {_MAX_FILES} files", provider=PROVIDER)
    for described in listed:
        given = described.get("url") if isinstance(described, dict) else None
        if not isinstance(given, str) or not is_file_of(given, url):
            raise FetchError(
                "the address of an attachment is not within the stored message", provider=PROVIDER
            )
        yield given, described


def _read(response: HttpResponse) -> Mapping[str, Any]:
    try:
        stored = read_repeating_json(response.body)
    except (ValueError, RecursionError):
        stored = None
    if not isinstance(stored, dict):
        raise FetchError("Mailgun's answer is no JSON object", provider=PROVIDER, raw=response)
    return stored
