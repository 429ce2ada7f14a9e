"""A mail for each recipient: in one call with everybody's values, or in a call for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from mailcore.flow import HttpRequest
from mailcore.http import JSON_HEADERS, json_bytes
from mailcore.message import MergeSyntax, Message, fills_in, value_names
from mailcore.sending import (
    Entry,
    JsonCall,
    LazyRequests,
    entries_of,
    own_message,
    requests_for_each,
)
from mailcore_mandrill.options import MESSAGE, MandrillOptions, template_of
from mailcore_mandrill.payload.email import (
    call_of,
    merge_vars,
    recipient,
    url_of,
)


MAX_BYTES = 10_000_000
"""
https://mandrill.zendesk.com/hc/en-us/articles/360039276813 (read 2026-11-30): less than 10 MB of
JSON, and any number of recipients.
"""

_NAMES = (b'"to": [', b'"merge_vars": [', b'"recipient_metadata": [')


class _Own(NamedTuple):
    """The JSON of what is one recipient's: their address, their values, their metadata."""

    to: bytes
    values: bytes
    metadata: bytes


def batch_requests(
    message: Message, options: MandrillOptions, syntax: MergeSyntax
) -> Sequence[HttpRequest]:
    """
    One call with all recipients, or as many as 10 MB of JSON take, each written when it is sent.

    Whatever could be wrong with one is found here: nothing may fail after the first call.

    Raises:
        MessageError: Some recipient's values cannot be written.
    """
    entries = entries_of(message)
    template = template_of(message)
    call = call_of(message, options, syntax, template)
    # `message` is the last name: what is added stands within it.
    shared = json_bytes(call)[:-2]
    takes_values = (template is not None or fills_in(message, syntax)) and "merge_vars" not in call[
        MESSAGE
    ]
    takes_metadata = "recipient_metadata" not in call[MESSAGE]
    own = [_own(entry, takes_values, takes_metadata) for entry in entries]
    room = JsonCall(max_items=len(own), max_bytes=MAX_BYTES - len(shared))
    # Commas and brackets beside.
    places = list(room.packed(sum(map(len, each)) + 6 for each in own))
    url = url_of(template, options)

    def write(position: int) -> HttpRequest:
        place = places[position]
        chosen = own[place.start : place.stop]
        pieces = [shared]
        for name, objects in zip(_NAMES, zip(*chosen, strict=True), strict=True):
            given = b", ".join(filter(None, objects))
            if given:
                pieces.append(b"%b%b]" % (name, given))
        return HttpRequest(
            method="POST",
            url=url,
            headers=JSON_HEADERS,
            body=b", ".join(pieces) + b"}}",
            timeout_seconds=options.timeout_seconds,
            recipients=tuple(entries[at].address.addr_spec for at in place),
        )

    return LazyRequests(range(len(places)), write)


def _own(entry: Entry, takes_values: bool, takes_metadata: bool) -> _Own:  # noqa: FBT001
    to = recipient(entry.address, "to")
    values = metadata = b""
    if entry.data and takes_values:
        values = json_bytes({"rcpt": to["email"], "vars": merge_vars(entry.data)})
    if entry.metadata and takes_metadata:
        metadata = json_bytes({"rcpt": to["email"], "values": dict(entry.metadata)})
    return _Own(json_bytes(to), values, metadata)


def individual_requests(
    message: Message, build: Callable[[Message], HttpRequest]
) -> Sequence[HttpRequest]:
    """
    One call for each recipient, written when it is sent, with their values as those of all.

    Args:
        message: A batch that was checked.
        build: Makes the call of one recipient's message.

    Raises:
        MessageError: Some recipient's message cannot be written.
    """
    # Of a text that is filled in, a tag without a value is empty.
    missing = {} if template_of(message) is not None else dict.fromkeys(value_names(message), "")

    def own(message: Message, entry: Entry) -> Message:
        values = {**missing, **(message.merge_global_data or {}), **entry.data}
        return own_message(message, entry, merge_global_data=values or None)

    return requests_for_each(message, build, own=own, attachments=None)
