"""Messages and statuses as the text that an outbox keeps, and how they are read again."""

from __future__ import annotations

import json

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from mailcore.errors import Problem, SerializationError
from mailcore.message.message import Message
from mailcore.middleware.idempotency_records import read_status, written_status
from mailcore.result import RecipientStatus, RecipientStatuses


DOCUMENT_VERSION = 1
"""The version of the documents that are written. Those of a newer one are left to newer workers."""

# One for all: json.dumps() with arguments makes one at each call. Sorted, so that equal messages
# have equal documents.
_encode = json.JSONEncoder(sort_keys=True, allow_nan=False, separators=(",", ":")).encode


class NewerDocument(SerializationError):
    """A row was kept by a newer release of mailcore: a worker of that release reads it."""


def written_message(message: Message) -> str:
    """
    A message as an outbox keeps it: JSON in ASCII.

    Raises:
        SerializationError: If JSON cannot hold a value, naming its field.
    """
    document = message.to_dict()
    try:
        return _encode(document)
    except (TypeError, ValueError, RecursionError):
        raise SerializationError(list(_problems(document))) from None


def _problems(document: Mapping[str, object]) -> Iterable[Problem]:
    for name, value in document.items():
        try:
            _encode(value)
        except (TypeError, ValueError, RecursionError):
            reason = f"`{name}` has a value that JSON cannot hold, so it cannot be kept"
            yield Problem(name, reason, "give texts, numbers, lists and mappings")


def read_message(document: str | None, version: int) -> Message:
    """
    Read what :func:`written_message` wrote.

    Args:
        document: The text that was kept; None if it was pruned or erased.
        version: The version that was kept beside it.

    Raises:
        NewerDocument: If it is of a newer version.
        SerializationError: If it is not there any more, or is no document of a message.
        InvalidMessage: If a field of it is wrong, or unknown to this release.
    """
    require_known(version)
    if document is None:
        reason = "the message is not there any more: it was pruned, or erased"
        raise SerializationError([Problem("document", reason)])
    try:
        found = json.loads(document)
    except (ValueError, RecursionError):
        raise SerializationError("the document of the message is no JSON") from None
    if not isinstance(found, dict):
        raise SerializationError("the document of the message is no mapping")
    return Message.from_dict(found)


def require_known(version: int) -> None:
    """
    Refuse what a newer release wrote.

    Raises:
        NewerDocument: If it did.
    """
    if version > DOCUMENT_VERSION:
        reason = (
            f"the message was kept by a newer release of mailcore (version {version} of the "
            f"document; this one reads up to {DOCUMENT_VERSION})"
        )
        hint = "run a worker of that release"
        raise NewerDocument([Problem("document_version", reason, hint)])


def digest_of_document(document: str) -> str:
    """What tells the document of one message from that of another: BLAKE2b of 16 octets, in hex."""
    return blake2b(document.encode("ascii"), digest_size=16).hexdigest()


def written_list(values: Iterable[str]) -> str:
    """A list of texts as JSON in ASCII."""
    return _encode(list(values))


def read_list(text: str) -> tuple[str, ...]:
    """
    Read what :func:`written_list` wrote.

    Raises:
        ValueError: If the text is not such a list.
    """
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("no list")
    return tuple(str(each) for each in found)


def written_statuses(statuses: Mapping[str, RecipientStatus]) -> str:
    """Statuses by address as JSON in ASCII; empty if there are none."""
    if not statuses:
        return ""
    return _encode({address: written_status(status) for address, status in statuses.items()})


def read_statuses(text: str) -> RecipientStatuses:
    """
    Read what :func:`written_statuses` wrote.

    Raises:
        ValueError: If the text is not such a document.
    """
    if not text:
        return RecipientStatuses()
    return RecipientStatuses({key: read_status(row) for key, row in json.loads(text).items()})
