"""A mail for each recipient: calls with up to 50 of them, and what they share in ``Globals``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mailcore.address import parse_address_list
from mailcore.http import json_bytes
from mailcore.message import Message, merged
from mailcore.sending import Entry, LazyRequests, copied, entries_of, header_texts
from mailcore_mailjet.calls import Layout, SendRequest, call_with
from mailcore_mailjet.merge_syntax import filling_of, variables
from mailcore_mailjet.options import mailbox
from mailcore_mailjet.payload.fields import REPLY_TO, Payload, event_payload


def batch_requests(
    message: Message,
    fields: Payload,
    extra: Mapping[str, Any],
    *,
    root: Mapping[str, Any],
    url: str,
    headers: Mapping[str, str],
    timeout_seconds: float,
) -> Sequence[SendRequest]:
    """
    The calls of a batch, each written when it is looked at.

    Whatever could be wrong with a mail is found here: nothing may fail after the first call.

    Args:
        message: A batch that was checked.
        fields: The object of the message, with the provider's options.
        extra: What ``esp_extra`` has for each mail.
        root: What it has for the call.
        url: The URL of the call.
        headers: The headers of the call.
        timeout_seconds: How long the exchange may take.

    Raises:
        MessageError: Some recipient's mail cannot be written.
    """
    entries = entries_of(message)
    own = _Own(message, fields)
    shared = {name: value for name, value in fields.items() if name not in own.names}
    shared = merged(shared, {k: v for k, v in extra.items() if k not in own.names})
    always = {k: v for k, v in extra.items() if k in own.names}
    mails = _written(entries, own, always)
    beside = json_bytes({**root, "Globals": shared} if shared else root)[1:-1]
    call = call_with(beside)
    places = list(call.packed(map(len, mails)))
    others, cc = copied(message), len(message.deliveries.cc)

    def write(position: int) -> SendRequest:
        place = places[position]
        to = [entries[at].address.addr_spec for at in place]
        return SendRequest(
            method="POST",
            url=url,
            headers=headers,
            body=call.joined(mails[at] for at in place),
            timeout_seconds=timeout_seconds,
            # Who gets a copy of every mail is a recipient of one call.
            recipients=(*to, *(others if position == 0 else ())),
            copied=others,
            layout=Layout(beside, 1, cc, len(place)),
        )

    return LazyRequests(range(len(places)), write)


def _written(entries: Iterable[Entry], own: _Own, always: Mapping[str, Any]) -> list[bytes]:
    found = (dict(own.of(entry)) for entry in entries)
    if always:
        found = (merged(its_own, always) for its_own in found)
    return [json_bytes(its_own) for its_own in found]


class _Own:
    """The fields that differ between the mails of a batch, or that no mail has from the others."""

    def __init__(self, message: Message, shared: Payload) -> None:
        self._message = message
        self._shared = shared
        self._filling = filling_of(message) if message.merge_data else None
        self.names = {"To"}
        if self._filling is not None:
            self.names.add("Variables")
        if message.merge_metadata:
            self.names.add("EventPayload")
        if message.merge_headers:
            self.names |= {"Headers", "ReplyTo"}

    def of(self, entry: Entry) -> Iterator[tuple[str, Any]]:
        """
        The fields of one mail, complete: how Mailjet joins them with those of the call is not said.
        """
        yield "To", [mailbox(entry.address)]
        if self._filling is not None:
            everybodys = self._message.merge_global_data or {}
            values = variables(self._filling.blank, everybodys, entry.data)
            if values:
                yield "Variables", values
        if "EventPayload" in self.names:
            metadata = {**self._message.metadata, **entry.metadata}
            if metadata:
                yield "EventPayload", event_payload(metadata)
        if "Headers" in self.names:
            yield from self._headers_of(entry)

    def _headers_of(self, entry: Entry) -> Iterator[tuple[str, Any]]:
        own = entry.headers
        headers = self._shared.get("Headers")
        if own:
            headers = header_texts(self._message, own, without=(REPLY_TO,))
        if headers:
            yield "Headers", headers
        reply_to = self._shared.get("ReplyTo")
        if own and REPLY_TO in own:
            # One of them, or the message was refused.
            (address,) = parse_address_list(own[REPLY_TO], field="merge_headers['Reply-To']")
            reply_to = mailbox(address)
        if reply_to:
            yield "ReplyTo", reply_to
