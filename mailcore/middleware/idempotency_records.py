"""
What is kept for an ``idempotency_key``: which message it stands for, and what became of it.

A record is JSON. It holds digests of the message and of each recipient, and of the result no
address: statuses stand in the order of the recipients.
"""

from __future__ import annotations

import json
import os

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from mailcore.address.domain import address_key
from mailcore.foundation.redaction import redact
from mailcore.message.message import Message
from mailcore.message.message_documents import plain
from mailcore.result import RecipientStatus, RecipientStatuses, SendResult, SendStatus


VERSION = 1
PENDING = "pending"
"""It was begun. Who began it has not said what became of it."""
DONE = "done"
"""It was sent; the result is there."""
UNKNOWN = "unknown"
"""Who began it does not know whether it was sent."""

_BY_RECIPIENT = ("merge_data", "merge_metadata", "merge_headers")
_APART = frozenset({"to", "cc", "bcc", "idempotency_key", "declined", *_BY_RECIPIENT})
# One for all: json.dumps() with arguments makes one at each call. Values for templates may be of
# any type.
_sorted_json = json.JSONEncoder(sort_keys=True, default=str).encode
_json = json.JSONEncoder().encode


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """
    What tells one message from another.

    Args:
        content: A digest of everything but the recipients and the key.
        recipients: A digest for each recipient, with whatever the message has for it alone.
    """

    content: str
    recipients: tuple[str, ...]

    def covers(self, other: Fingerprint) -> bool:
        """
        Whether another message is this one, perhaps to fewer people.

        Between two sends, somebody may have been put onto the suppression list.
        """
        return self.content == other.content and set(other.recipients) <= set(self.recipients)


def fingerprint(message: Message) -> Fingerprint:
    """The fingerprint of a message."""
    fields = vars(message)
    content = {
        name: plain(value)
        for name, value in fields.items()
        if name not in _APART and value is not None and not _is_empty(value)
    }
    # That it is a batch at all, whoever is in it.
    batch = [name for name in _BY_RECIPIENT if fields.get(name) is not None]
    content["batch"] = batch
    own = {name: _by_key(plain(fields[name])) for name in batch}
    found: list[str] = []
    for kind, addresses in zip(("to", "cc", "bcc"), message.deliveries, strict=True):
        for address in addresses:
            key = address.key
            data = {name: each.get(key) for name, each in own.items()}
            text = f"{kind}\0{key}\0{address.display_name}"
            found.append(_digest(f"{text}\0{_sorted_json(data)}" if data else text, size=8))
    return Fingerprint(content=_digest(_sorted_json(content), size=16), recipients=tuple(found))


def _is_empty(value: object) -> bool:
    # A text without letters is something else than none.
    return not value and isinstance(value, (tuple, Mapping))


def _by_key(given: Mapping[str, Any]) -> dict[str, Any]:
    return {address_key(address): value for address, value in given.items()}


def _digest(text: str, *, size: int) -> str:
    return blake2b(text.encode(), digest_size=size).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Record:
    """
    What is kept for a key.

    Args:
        state: PENDING, DONE or UNKNOWN.
        token: Tells attempts apart: whose record it is.
        began_at: When it was begun, in seconds since 1970.
        fingerprint: Which message the key stands for.
        result: What came of it, if it is DONE.
    """

    state: str
    token: str
    began_at: float
    fingerprint: Fingerprint
    result: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def begun(cls, found: Fingerprint, now: float) -> Record:
        """A record of a send that begins now."""
        return cls(state=PENDING, token=os.urandom(16).hex(), began_at=now, fingerprint=found)

    def unknown(self) -> Record:
        """The record once it is sure that nobody knows."""
        return replace(self, state=UNKNOWN)

    def done(self, result: SendResult) -> Record:
        """The record with its result: without raw answers, what was tried and what was dropped."""
        statuses = [written_status(status) for status in result.recipients.values()]
        document = {
            "provider": result.provider,
            "message_ids": list(result.message_ids),
            "recipients": statuses,
        }
        return Record(
            state=DONE,
            token=self.token,
            began_at=self.began_at,
            fingerprint=self.fingerprint,
            result=document,
        )

    def result_for(self, message: Message, own: Fingerprint) -> SendResult:
        """
        The result, for a message that the fingerprint of this record covers.

        Args:
            message: The message, perhaps with fewer recipients than the one that was sent.
            own: The fingerprint of that message.
        """
        statuses = map(read_status, self.result["recipients"])
        by_digest = dict(zip(self.fingerprint.recipients, statuses, strict=True))
        return SendResult(
            provider=self.result["provider"],
            recipients=RecipientStatuses(
                {
                    address.addr_spec: by_digest[digest]
                    for address, digest in zip(
                        message.deliveries.everybody, own.recipients, strict=True
                    )
                }
            ),
            message_ids=tuple(self.result["message_ids"]),
        )

    def written(self) -> str:
        """The record as a store keeps it."""
        return _json(
            {
                "version": VERSION,
                "state": self.state,
                "token": self.token,
                "began_at": self.began_at,
                "content": self.fingerprint.content,
                "recipients": "".join(self.fingerprint.recipients),
                "result": self.result,
            }
        )

    @classmethod
    def read(cls, text: str) -> Record:
        """
        Read what :meth:`written` wrote.

        Raises:
            ValueError: If the text is not a record, or one of another version.
        """
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("version") != VERSION:
            raise ValueError("a record of another version of mailcore")
        try:
            return cls(
                state=document["state"],
                token=document["token"],
                began_at=float(document["began_at"]),
                fingerprint=Fingerprint(
                    content=document["content"],
                    recipients=tuple(_pieces(document["recipients"])),
                ),
                result=document["result"],
            )
        except (KeyError, TypeError) as error:
            raise ValueError("no record of mailcore's") from error


def _pieces(text: str) -> Iterable[str]:
    return (text[begin : begin + 16] for begin in range(0, len(text), 16))


def written_status(status: RecipientStatus) -> list[object]:
    """A status as JSON has it, without addresses."""
    return [
        status.status.value,
        status.message_id,
        redact(status.code),
        redact(status.detail),
        status.retryable,
        status.maybe_accepted,
    ]


def read_status(row: list[Any]) -> RecipientStatus:
    """
    Read what :func:`written_status` wrote.

    Raises:
        ValueError: If the row is not a status.
    """
    status, message_id, code, detail, retryable, maybe_accepted = row
    return RecipientStatus(
        SendStatus(status),
        message_id=message_id,
        code=code,
        detail=detail,
        retryable=retryable,
        maybe_accepted=maybe_accepted,
    )
