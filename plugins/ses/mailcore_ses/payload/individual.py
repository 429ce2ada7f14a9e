"""A complete message to each recipient of a batch, with their own To line, metadata and headers."""

from __future__ import annotations

import dataclasses

from collections.abc import Callable, Sequence
from typing import TypeAlias, overload

from mailcore.batch import Entry, copied, entries_of
from mailcore.headers import Headers
from mailcore.message import Message
from mailcore_ses.aws import AwsCall, LateParameters
from mailcore_ses.payload.fragments import Parameters
from mailcore_ses.payload.settings import SendingSettings


Write: TypeAlias = Callable[[Message, SendingSettings, Entry], Parameters]


class IndividualCalls(Sequence[AwsCall]):
    """
    One call for each recipient, written when it is looked at.

    So a batch with attachments needs the memory of one message and not of all. Whatever could be
    wrong with one of them is found when this is made: nothing may fail after the first call.

    Args:
        message: A batch.
        settings: The provider's.
        service, operation: What is called.
        write: Makes the parameters of one recipient's message.

    Raises:
        MessageError: Some recipient's message cannot be written.
    """

    def __init__(
        self,
        message: Message,
        settings: SendingSettings,
        *,
        service: str,
        operation: str,
        write: Write,
    ) -> None:
        self._message = message
        self._settings = settings
        self._service = service
        self._operation = operation
        self._write = write
        self._entries: Sequence[Entry] = entries_of(message)
        self._copied = copied(message)
        header_only = message.replace(text=None, html=None, alternatives=None, attachments=None)
        unsigned = dataclasses.replace(settings, sign=None)
        for entry in self._entries:
            write(own_message(header_only, entry), unsigned, entry)

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, position: int) -> AwsCall: ...

    @overload
    def __getitem__(self, position: slice) -> list[AwsCall]: ...

    def __getitem__(self, position: int | slice) -> AwsCall | list[AwsCall]:
        if isinstance(position, slice):
            return [self._call(at) for at in range(*position.indices(len(self)))]
        return self._call(range(len(self))[position])

    def _call(self, position: int) -> AwsCall:
        entry = self._entries[position]
        return AwsCall(
            service=self._service,
            operation=self._operation,
            params=LateParameters(
                lambda: self._write(own_message(self._message, entry), self._settings, entry)
            ),
            recipients=(entry.address.addr_spec, *(self._copied if position == 0 else ())),
            copied=self._copied,
        )


def own_message(message: Message, entry: Entry) -> Message:
    """The message as one recipient of the batch gets it."""
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
    )
