"""A mail for each recipient: calls with up to 500 of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, overload

from mailcore.address import parse_address_list
from mailcore.http import JSON_HEADERS, json_bytes
from mailcore.message import Headers, Message
from mailcore.sending import Entry, copied, entries_of
from mailcore_postmark.batching import MAX_BYTES, MAX_MESSAGES, BatchRequest, joined
from mailcore_postmark.extra import merged, parameters_of
from mailcore_postmark.payload.email import (
    Payload,
    address_list,
    address_text,
    email_payload,
    metadata_texts,
    uses_template,
)
from mailcore_postmark.payload.headers import REPLY_TO, api_headers
from mailcore_postmark.settings import SendingSettings


_NOTHING: Mapping[str, Any] = {}
_FRAME = len(b'{"Messages":[]}')


class _Call(NamedTuple):
    messages: Sequence[bytes]
    recipients: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BatchRequests(Sequence[BatchRequest]):
    """
    The calls of a batch, each written when it is looked at.

    So a batch with attachments needs the memory of one call and not of all.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    timeout_seconds: float
    calls: Sequence[_Call] = field(repr=False)
    shared: bytes = field(repr=False)
    copied: tuple[str, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.calls)

    @overload
    def __getitem__(self, position: int) -> BatchRequest: ...

    @overload
    def __getitem__(self, position: slice) -> BatchRequests: ...

    def __getitem__(self, position: int | slice) -> BatchRequest | BatchRequests:
        if isinstance(position, slice):
            return replace(self, calls=self.calls[position])
        call = self.calls[position]
        return BatchRequest(
            method="POST",
            url=self.url,
            headers=self.headers,
            body=joined(self.url, [own + self.shared for own in call.messages]),
            timeout_seconds=self.timeout_seconds,
            recipients=call.recipients,
            messages=len(call.messages),
            copied=self.copied,
        )


def batch_requests(
    message: Message, settings: SendingSettings, *, url: str, headers: Mapping[str, str]
) -> BatchRequests:
    """
    The calls of a batch.

    Whatever could be wrong with a mail is found here: nothing may fail after the first call.

    Args:
        message: A batch that was checked.
        settings: The provider's.
        url: Of the call.
        headers: Of the call, beside those that say that it is JSON.

    Raises:
        MessageError: Some recipient's mail cannot be written.
    """
    entries = entries_of(message)
    own, shared = _objects(message, settings, entries)
    recipients = [entry.address.addr_spec for entry in entries]
    calls = list(_calls(own, recipients, len(shared)))
    others = copied(message)
    if others and calls:
        # They get a copy of every mail; each recipient belongs to one call.
        calls[0] = _Call(calls[0].messages, (*calls[0].recipients, *others))
    return BatchRequests(
        url=url,
        headers={**JSON_HEADERS, **headers},
        timeout_seconds=settings.timeout_seconds,
        calls=calls,
        shared=shared,
        copied=others,
    )


def _calls(own: Sequence[bytes], recipients: Sequence[str], shared: int) -> Iterator[_Call]:
    start, size = 0, _FRAME
    for position, message in enumerate(own):
        length = len(message) + shared + 1
        if position > start and (position - start == MAX_MESSAGES or size + length > MAX_BYTES):
            yield _Call(own[start:position], tuple(recipients[start:position]))
            start, size = position, _FRAME
        size += length
    if own:
        yield _Call(own[start:], tuple(recipients[start:]))


def _objects(
    message: Message, settings: SendingSettings, entries: Iterable[Entry]
) -> tuple[list[bytes], bytes]:
    """The JSON of each mail, in two parts: what is its own, and the rest, which all share."""
    extra = parameters_of(message)
    shared = email_payload(message, settings)
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
        """Those of one mail."""
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
