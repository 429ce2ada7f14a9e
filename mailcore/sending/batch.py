"""The recipients of a batch, each with what is only for them."""

from __future__ import annotations

import dataclasses
import logging

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mailcore.address.address import Address
from mailcore.address.domain import address_key
from mailcore.flow import Request
from mailcore.foundation.frozen import FrozenDict
from mailcore.foundation.redaction import redact
from mailcore.message.headers import EMPTY, Headers
from mailcore.message.message import Message, MessageFields
from mailcore.message.unsubscribe import POST
from mailcore.sending.packing import LazyRequests


if TYPE_CHECKING:
    from typing_extensions import Unpack

RequestT = TypeVar("RequestT", bound=Request)

logger = logging.getLogger("mailcore.batch")

_NOTHING: Mapping[str, Any] = FrozenDict()


class Entry(NamedTuple):
    """One recipient of a batch."""

    address: Address
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]
    headers: Headers


def entries_of(message: Message) -> list[Entry]:
    """
    The recipients of a batch in their order, each address once.

    Keys of merge_data, merge_metadata and merge_headers match without regard to case or punycode;
    those that are no recipients' are named in a warning. A ``List-Unsubscribe`` of one's own gets
    its ``List-Unsubscribe-Post`` (RFC 8058), if it has an https URL and the message does not say
    ``one_click=False``.
    """
    data = _by_key(message.merge_data)
    metadata = _by_key(message.merge_metadata)
    headers = _by_key(message.merge_headers)
    found: dict[str, Entry] = {}
    for address in message.deliveries.to:
        key = address.key
        found[key] = Entry(
            address,
            data.get(key, _NOTHING),
            metadata.get(key, _NOTHING) if metadata else _NOTHING,
            _with_one_click(headers.get(key, EMPTY), message) if headers else EMPTY,
        )
    for name, given in (
        ("merge_data", data),
        ("merge_metadata", metadata),
        ("merge_headers", headers),
    ):
        unused = given.keys() - found.keys() if given else ()
        if unused:
            some = ", ".join(redact(key) for key in sorted(unused)[:3])
            logger.warning("%s: not among the recipients: %s (%d)", name, some, len(unused))
    return list(found.values())


def _with_one_click(own: Headers, message: Message) -> Headers:
    """The headers of one recipient, with what makes the URL in them one for a single click."""
    if "List-Unsubscribe" not in own or POST in own or POST in message.headers:
        return own
    unsubscribe = message.unsubscribe
    is_page = unsubscribe is not None and unsubscribe.url is not None and not unsubscribe.one_click
    if is_page or "<https://" not in own["List-Unsubscribe"].lower():
        return own
    return own.merged({POST: "List-Unsubscribe=One-Click"})


def _by_key(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {address_key(address): value for address, value in given.items()} if given else {}


def copied(message: Message) -> tuple[str, ...]:
    """Addresses of cc and bcc that are not in ``to`` as well, each once."""
    if not message.cc and not message.bcc:
        return ()
    _, cc, bcc = message.deliveries
    return tuple([address.addr_spec for address in (*cc, *bcc)])


def with_copies_once(message: Message) -> Message:
    """
    The batch with each mailbox once in ``cc`` and ``bcc``, and there only if it is not in ``to``.

    Who is in ``to`` gets a mail of their own, and no copies of those of others. For
    :func:`own_message`, which knows of one recipient only.
    """
    if not message.cc and not message.bcc:
        return message
    _, cc, bcc = message.deliveries
    if (cc, bcc) == (message.cc, message.bcc):
        return message
    return message.replace(cc=cc, bcc=bcc)


def own_message(message: Message, entry: Entry, **changes: Unpack[MessageFields]) -> Message:
    """
    The message as one recipient of the batch gets it: with their headers and metadata.

    Args:
        message: The batch, as :func:`with_copies_once` returned it.
        entry: The recipient. What `data` is filled into, the provider knows.
        changes: Further fields of the recipient's message, which replace the batch's.
    """
    headers, unsubscribe = message.headers, message.unsubscribe
    if unsubscribe is not None and "List-Unsubscribe" in entry.headers:
        # What is said to all belongs to the URL of all.
        unsubscribe = None
    fields: MessageFields = {
        "to": [entry.address],
        "headers": headers.merged(entry.headers) if entry.headers else headers,
        "metadata": (
            {**message.metadata, **entry.metadata} if entry.metadata else message.metadata
        ),
        "unsubscribe": unsubscribe,
        "merge_data": None,
        "merge_metadata": None,
        "merge_headers": None,
        **changes,
    }
    return message.replace(**fields)


class IndividualRequests(LazyRequests[RequestT]):
    """
    One request for each recipient of a batch, written when it is looked at.

    Whatever could be wrong with one of them is to be found before the first is sent: try to write
    all of `entries`, without what takes long.

    Args:
        message: The batch, which becomes one request for each address in `to`.
        write: Makes the request of one recipient; who it is for is filled in here.
    """

    def __init__(self, message: Message, write: Callable[[Entry], RequestT]) -> None:
        self._write_entry = write
        self.entries: Sequence[Entry] = entries_of(message)
        """The recipients, in the order of their requests."""
        self._copied = copied(message)
        super().__init__(range(len(self.entries)), self._request)

    def _request(self, position: int) -> RequestT:
        entry = self.entries[position]
        return dataclasses.replace(
            self._write_entry(entry),
            recipients=(entry.address.addr_spec, *(self._copied if position == 0 else ())),
            copied=self._copied,
        )


def requests_for_each(
    message: Message,
    build: Callable[[Message], RequestT],
    *,
    own: Callable[[Message, Entry], Message] = own_message,
    attempt: Callable[[Message], object] | None = None,
    **light: Unpack[MessageFields],
) -> IndividualRequests[RequestT]:
    """
    One request for each recipient of a batch, each of which could be written.

    Whatever is wrong with one of them is found here: nothing may fail after the first call.

    Args:
        message: A batch that was checked.
        build: Makes the request of one recipient's message.
        own: Makes that message, of one that everybody shares and the recipient.
        attempt: Makes it to try it out; `build` if None.
        light: What the message has instead while it is tried out: nothing that takes long.

    Raises:
        MessageError: Some recipient's message cannot be written.
    """
    batch = with_copies_once(message)
    requests = IndividualRequests(batch, lambda entry: build(own(batch, entry)))
    tried = batch.replace(**light)
    for entry in requests.entries:
        (attempt or build)(own(tried, entry))
    return requests
