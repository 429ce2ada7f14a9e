"""
One task of a message at a time, and one last word.

A queue may hand a task out twice, and both copies may be at work. In the store of the keys, beside
what the policy ``Idempotency`` keeps, stands whose turn it is, and in the end what became of the
message: a copy that comes later has the same outcome, even of a message that was refused, whose key
is free again.
"""

from __future__ import annotations

import json
import os

from dataclasses import dataclass
from typing import Any

from mailcore import OutcomeUnknown, SerializationError, redact
from mailcore.outbox import OutboxRow
from mailcore.stores import IdempotencyStore
from mailcore_celery.course import NewerTask
from mailcore_celery.outcome import VERSION, MailOutcome


LIFE_SECONDS = 7 * 86_400.0
"""How long the last word is kept: longer than a task may wait, and be handed out again."""
_PREFIX = "mailcore-celery "
_SOMETHING_ELSE = (
    "the store of keys has something else under the key of this task, so nobody knows whether the "
    "message was sent: look at the provider before it is sent again, with another key"
)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """
    The turn of a task.

    Args:
        store: The store of the keys.
        key: The key under which the turn stands.
        record: What stands there.
    """

    store: IdempotencyStore
    key: str
    record: str

    def end(self, outcome: MailOutcome | None) -> bool:
        """
        Give the turn back, or leave the last word in its place.

        Args:
            outcome: What became of the message; None if it is to be sent again.

        Returns:
            False if another task has taken the turn over, because this one took too long.

        Raises:
            StoreError: If the store cannot be used.
        """
        if outcome is None:
            return self.store.release(self.key, self.record)
        return self.store.replace(self.key, self.record, _written(outcome))


def take(
    store: IdempotencyStore, row: OutboxRow, *, now: float, lease_seconds: float
) -> Turn | MailOutcome | float:
    """
    Take the turn of a message.

    Args:
        store: The store of the keys.
        row: The row of the message, which has a key.
        now: The time, in seconds since 1970.
        lease_seconds: After how many seconds a turn counts as given up.

    Returns:
        The turn; the last word, if there is one; or after how many seconds to ask again.

    Raises:
        StoreError: If the store cannot be used.
        NewerTask: If a newer release has left the last word.
        OutcomeUnknown: If what is there cannot be read: the message may have been sent.
    """
    key = f"{_PREFIX}{row.key or row.id}"
    own = json.dumps({"turn": os.urandom(16).hex(), "began_at": now})
    found = store.claim(key, own, LIFE_SECONDS)
    turn = Turn(store=store, key=key, record=own)
    if found is None:
        return turn
    try:
        document = _read(found)
        if "turn" not in document:
            return _outcome(document, row)
        left = _began_at(document) + lease_seconds - now
    except NewerTask:
        raise
    except SerializationError as error:
        raise OutcomeUnknown(_SOMETHING_ELSE, maybe_accepted=True) from error
    if left > 0:
        return left
    # It may have been given back, or taken over, at this very moment.
    return turn if store.replace(key, found, own) else 0.0


def _read(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SerializationError("no turn of a task, and no last word")
    return document


def _began_at(document: dict[str, Any]) -> float:
    try:
        return float(document["began_at"])
    except (KeyError, TypeError, ValueError):
        raise SerializationError("no turn of a task") from None


def _written(outcome: MailOutcome) -> str:
    """The last word without addresses: statuses stand in the order of the recipients."""
    document = outcome.to_dict()
    statuses = [
        {**vars_of, "detail": redact(str(vars_of["detail"]))}
        for vars_of in _statuses(document).values()
    ]
    return json.dumps({**document, "recipients": statuses})


def _statuses(document: dict[str, Any]) -> dict[str, dict[str, object]]:
    statuses: dict[str, dict[str, object]] = document["recipients"]
    return statuses


def _outcome(document: dict[str, Any], row: OutboxRow) -> MailOutcome:
    version = document.get("version")
    if isinstance(version, int) and version > VERSION:
        raise NewerTask(
            "what became of the message was written by a newer release of mailcore-celery: run a "
            "worker of that release"
        )
    statuses = document.get("recipients")
    if isinstance(statuses, list):
        # Those whom the mailer's defaults add come after them.
        by_address = dict(zip(row.recipients, statuses, strict=False))
        document = {**document, "recipients": by_address}
    return MailOutcome.from_dict(document)
