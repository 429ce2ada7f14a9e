"""A call for each recipient of a batch, with what is theirs filled in here."""

from __future__ import annotations

import dataclasses

from collections.abc import Callable, Sequence
from typing import TypeAlias, overload

from mailcore.batch import Entry, copied, entries_of
from mailcore.flow import HttpRequest
from mailcore.headers import Headers
from mailcore.message import Message
from mailcore_mailgun.recipient_variables import data_names, fill_in


Build: TypeAlias = Callable[[Message], HttpRequest]


class IndividualRequests(Sequence[HttpRequest]):
    """
    One request for each recipient, written when it is looked at.

    So a batch with attachments needs the memory of one message and not of all. Whatever could be
    wrong with one of them is found when this is made: nothing may fail after the first call.

    Args:
        message: A batch.
        build: Makes the request of one recipient's message.

    Raises:
        MessageError: Some recipient's message cannot be written.
    """

    def __init__(self, message: Message, build: Build) -> None:
        self._message = message
        self._build = build
        self._entries: Sequence[Entry] = entries_of(message)
        self._copied = copied(message)
        self._names = data_names(message)
        light = message.replace(attachments=None)
        for entry in self._entries:
            build(self._own(light, entry))

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, position: int) -> HttpRequest: ...

    @overload
    def __getitem__(self, position: slice) -> list[HttpRequest]: ...

    def __getitem__(self, position: int | slice) -> HttpRequest | list[HttpRequest]:
        if isinstance(position, slice):
            return [self._request(at) for at in range(*position.indices(len(self)))]
        return self._request(range(len(self))[position])

    def _request(self, position: int) -> HttpRequest:
        entry = self._entries[position]
        recipients = (entry.address.addr_spec, *(self._copied if position == 0 else ()))
        request = self._build(self._own(self._message, entry))
        return dataclasses.replace(request, recipients=recipients, copied=self._copied)

    def _own(self, message: Message, entry: Entry) -> Message:
        """The message as one recipient of the batch gets it."""
        data = {**(message.merge_global_data or {}), **entry.data}
        message = fill_in(message, {**dict.fromkeys(self._names, ""), **data})
        headers, unsubscribe = message.headers, message.unsubscribe
        if unsubscribe is not None and "List-Unsubscribe" in entry.headers:
            headers, unsubscribe = Headers(unsubscribe.headers).merged(headers), None
        return message.replace(
            to=[entry.address],
            headers=headers.merged(entry.headers) if entry.headers else headers,
            metadata={**message.metadata, **entry.metadata} if entry.metadata else message.metadata,
            unsubscribe=unsubscribe,
            merge_data=None,
            merge_metadata=None,
            merge_headers=None,
            # Filled in above; what a stored template needs, Mailgun fills in.
            merge_global_data=data if message.template_id is not None and data else None,
        )
