"""A mail for each recipient: calls with up to 500 of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mailcore.address import parse_address_list
from mailcore.http import JSON_HEADERS, json_bytes
from mailcore.message import Headers, Message, merged
from mailcore.sending import Entry, LazyRequests, copied, entries_of
from mailcore_postmark.batching import BatchRequest, call_of
from mailcore_postmark.options import PostmarkOptions, parameters_of
from mailcore_postmark.payload.email import (
    Payload,
    address_list,
    address_text,
    email_payload,
    metadata_texts,
    uses_template,
)
from mailcore_postmark.payload.headers import REPLY_TO, api_headers


_NOTHING: Mapping[str, Any] = {}


def batch_requests(
    message: Message, options: PostmarkOptions, *, url: str, headers: Mapping[str, str]
) -> Sequence[BatchRequest]:
    """
    The calls of a batch, each written when it is looked at.

    Whatever could be wrong with a mail is found here: nothing may fail after the first call.

    Args:
        message: A batch that was checked.
        options: The options of the provider.
        url: The URL of the call.
        headers: The headers of the call, beside those that say that it is JSON.

    Raises:
        MessageError: Some recipient's mail cannot be written.
    """
    entries = entries_of(message)
    own, shared = _objects(message, options, entries)
    call = call_of(url)
    places = list(call.packed(len(each) + len(shared) for each in own))
    others = copied(message)
    headers = {**JSON_HEADERS, **headers}

    def write(position: int) -> BatchRequest:
        place = places[position]
        to = [entries[at].address.addr_spec for at in place]
        return BatchRequest(
            method="POST",
            url=url,
            headers=headers,
            body=call.joined(own[at] + shared for at in place),
            timeout_seconds=options.timeout_seconds,
            # Who gets a copy of every mail is a recipient of one call.
            recipients=(*to, *(others if position == 0 else ())),
            messages=len(place),
            copied=others,
        )

    return LazyRequests(range(len(places)), write)


def _objects(
    message: Message, options: PostmarkOptions, entries: Iterable[Entry]
) -> tuple[list[bytes], bytes]:
    """The JSON of each mail, in two parts: what is its own, and the rest, which all share."""
    extra = parameters_of(message)
    shared = email_payload(message, options)
    own = _Own(message, shared)
    for name in own.names:
        shared.pop(name, None)
    everybodys = merged(shared, {k: v for k, v in extra.items() if k not in own.names})
    always = {k: v for k, v in extra.items() if k in own.names}
    fields = (own.of(entry) for entry in entries)
    if always:
        fields = (merged(its_own, always) for its_own in fields)
    heads = [json_bytes(its_own)[:-1] for its_own in fields]
    return heads, b", " + json_bytes(everybodys)[1:] if everybodys else b"}"


class _Own:
    """The fields that differ between the mails of a batch."""

    def __init__(self, message: Message, shared: Payload) -> None:
        self._message = message
        self._model: Mapping[str, Any] = shared.get("TemplateModel", _NOTHING)
        self._metadata: Mapping[str, str] = shared.get("Metadata", _NOTHING)
        self._headers: list[dict[str, str]] = shared.get("Headers", [])
        self._reply_to: str | None = shared.get("ReplyTo")
        self.names = {"To"}
        if message.merge_data and uses_template(message):
            self.names.add("TemplateModel")
        if message.merge_metadata:
            self.names.add("Metadata")
        if message.merge_headers:
            self.names |= {"Headers", "ReplyTo"}

    def of(self, entry: Entry) -> Payload:
        """The fields of one mail that differ from those of the others."""
        fields: Payload = {"To": address_text(entry.address)}
        if "TemplateModel" in self.names:
            fields["TemplateModel"] = {**self._model, **entry.data}
        if "Metadata" in self.names:
            own = metadata_texts(entry.metadata)
            if self._metadata or own:
                fields["Metadata"] = {**self._metadata, **own}
        if "Headers" in self.names:
            fields.update(self._headers_of(entry.headers))
        return fields

    def _headers_of(self, own: Headers) -> Iterator[tuple[str, Any]]:
        headers = api_headers(self._message, own) if own else self._headers
        if headers:
            yield "Headers", headers
        reply_to = self._reply_to
        if own and REPLY_TO in own:
            place = "merge_headers['Reply-To']"
            reply_to = address_list(parse_address_list(own[REPLY_TO], field=place))
        if reply_to:
            yield "ReplyTo", reply_to
