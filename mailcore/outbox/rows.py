"""What an outbox keeps: a row for each message, its attempts, and what providers reported of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeAlias

from mailcore.events import EventType
from mailcore.message.message import Message
from mailcore.outbox.documents import (
    DOCUMENT_VERSION,
    read_list,
    read_message,
    read_statuses,
    require_known,
    written_list,
    written_statuses,
)
from mailcore.outbox.states import OutboxState
from mailcore.result import RecipientStatuses, ResultStatus


Column: TypeAlias = "str | int | datetime | None"
"""A value that any database has a type for."""


@dataclass(frozen=True, kw_only=True)
class OutboxRow:
    """
    A message in an outbox. All times are in UTC, with time zone, and exact to the microsecond.

    Args:
        id: What the row is called: 32 hexadecimal digits, in the order in which rows were made.
        key: The caller's own name for it, which no other row has; None if it has none.
        fingerprint: A digest of the message, if there is a key; empty otherwise.
        state: Where it stands.
        priority: Which rows are sent first: those with the larger number.
        created_at: When the row was made.
        not_before: When it was to be sent at the earliest; None if at once.
        due_at: When it may be claimed next.
        changed_at: When its state changed last.
        attempts: How many times a send of it was begun.
        earlier_attempts: How many of these were before a person had it sent again.
        tries_until: Until when it is sent again, if the first attempt failed; None before that.
        claimed_by: The id of the worker that has it, or had it when it was begun last.
        claimed_until: When the claim ends by itself; None if there is none.
        began_at: When the send that is under way began, or the last one did; None if the claim has
            no send so far.
        unsure_since: When the first send began of which nobody knows what became of it; None if
            there is none, or if a person had the row sent again since.
        document: The message as JSON; None if it was pruned or erased.
        document_version: The version of the document, for releases that come later.
        recipients: Every address of the message, each mailbox once.
        remaining: The addresses that the next send is for; None for all of them.
        statuses: What became of each recipient so far, over all attempts.
        subject: The first 200 characters of the subject.
        tags: The tags of the message.
        provider: The name of the provider that it was given to last.
        message_ids: The provider's ids, each once.
        error_category: Why it was not sent, as a word for programs: the category of the last error.
        error_code: The provider's own code of the last error.
        error_text: The last error in words, without addresses.
    """

    id: str
    key: str | None = None
    fingerprint: str = ""
    state: OutboxState = OutboxState.PENDING
    priority: int = 0
    created_at: datetime
    not_before: datetime | None = None
    due_at: datetime
    changed_at: datetime
    attempts: int = 0
    earlier_attempts: int = 0
    tries_until: datetime | None = None
    claimed_by: str = ""
    claimed_until: datetime | None = None
    began_at: datetime | None = None
    unsure_since: datetime | None = None
    document: str | None = field(default=None, repr=False)
    document_version: int = DOCUMENT_VERSION
    recipients: tuple[str, ...] = field(default=(), repr=False)
    remaining: tuple[str, ...] | None = field(default=None, repr=False)
    statuses: RecipientStatuses = field(default_factory=RecipientStatuses)
    subject: str = field(default="", repr=False)
    tags: tuple[str, ...] = ()
    provider: str = ""
    message_ids: tuple[str, ...] = ()
    error_category: str = ""
    error_code: str = ""
    error_text: str = ""

    def message(self) -> Message:
        """
        The message, to all of its recipients.

        Raises:
            SerializationError: If the document is of a newer release, was pruned, or is none.
            InvalidMessage: If a field of it is wrong.
        """
        return read_message(self.document, self.document_version)

    def to_columns(self) -> dict[str, Column]:
        """
        All fields as values that any database has: texts, whole numbers, times, None.

        Lists and statuses become JSON, in ASCII. Nothing else is meant by the texts, so a store
        need not look into them.
        """
        columns: dict[str, Column] = dict(vars(self))
        columns["state"] = self.state.value
        columns["recipients"] = written_list(self.recipients)
        columns["remaining"] = None if self.remaining is None else written_list(self.remaining)
        columns["statuses"] = written_statuses(self.statuses)
        columns["tags"] = written_list(self.tags)
        columns["message_ids"] = written_list(self.message_ids)
        return columns

    @classmethod
    def from_columns(cls, columns: Mapping[str, Column]) -> OutboxRow:
        """
        Read what :meth:`to_columns` wrote; columns of other names are left alone.

        Raises:
            NewerDocument: If a newer release wrote the row.
            KeyError: If a column is missing.
            ValueError: If a value is none that was written.
        """
        found: dict[str, Any] = {name: columns[name] for name in ROW_COLUMNS}
        require_known(found["document_version"])
        remaining = found["remaining"]
        found["state"] = OutboxState(found["state"])
        found["recipients"] = read_list(found["recipients"])
        found["remaining"] = None if remaining is None else read_list(remaining)
        found["statuses"] = read_statuses(found["statuses"])
        found["tags"] = read_list(found["tags"])
        found["message_ids"] = read_list(found["message_ids"])
        return cls(**found)


ROW_COLUMNS: tuple[str, ...] = tuple(each.name for each in fields(OutboxRow))
"""The columns of a row, in the order of its fields."""


def erased_name(place: int) -> str:
    """
    What stands in a row for the address of a recipient that was erased; it has no `@`.

    Args:
        place: Which of the recipients it was, from 0.
    """
    return f"erased-{place}"


def is_erased(recipient: str) -> bool:
    """Whether the address of a recipient was erased, so that nobody can send to it any more."""
    return "@" not in recipient


@dataclass(frozen=True, kw_only=True)
class OutboxAttempt:
    """
    One time that a message was given to a mailer.

    Args:
        row_id: The row that was sent.
        number: Which attempt of the row it was, from 1.
        worker_id: The worker that made it.
        provider: The name of the provider of the worker's mailer, or of the one of a pool that
            took it.
        began_at: When it began, in UTC.
        ended_at: When its outcome was known, in UTC; None if the worker did not live to tell.
        status: All recipients of the attempt in one word.
        message_ids: The ids that the provider gave it, each once.
        error_category: Why it was not taken for everybody, as a word for programs; may be empty.
        error_code: The provider's own code of the error; may be empty.
        error_text: The error in words, without addresses; may be empty.
    """

    row_id: str
    number: int
    worker_id: str
    provider: str
    began_at: datetime
    ended_at: datetime | None
    status: ResultStatus
    message_ids: tuple[str, ...] = ()
    error_category: str = ""
    error_code: str = ""
    error_text: str = ""

    def to_columns(self) -> dict[str, Column]:
        """All fields as values that any database has, as those of a row."""
        columns: dict[str, Column] = dict(vars(self))
        columns["status"] = self.status.value
        columns["message_ids"] = written_list(self.message_ids)
        return columns

    @classmethod
    def from_columns(cls, columns: Mapping[str, Column]) -> OutboxAttempt:
        """
        Read what :meth:`to_columns` wrote; columns of other names are left alone.

        Raises:
            KeyError: If a column is missing.
            ValueError: If a value is none that was written.
        """
        found: dict[str, Any] = {name: columns[name] for name in ATTEMPT_COLUMNS}
        found["status"] = ResultStatus(found["status"])
        found["message_ids"] = read_list(found["message_ids"])
        return cls(**found)


ATTEMPT_COLUMNS: tuple[str, ...] = tuple(each.name for each in fields(OutboxAttempt))
"""The columns of an attempt, in the order of its fields."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """
    One thing that a provider reported of a message of the outbox.

    Args:
        row_id: The row that it is about.
        dedupe_key: Equal for the same event reported twice: 32 hexadecimal digits.
        event_type: What happened to the mail.
        recipient: The key of the address that it is about (lower case, domain in ASCII); empty if
            the provider does not say, names several, or if it was erased.
        happened_at: When it happened, by the provider's clock, in UTC.
        provider: The name of the provider that reported it.
        message_id: The provider's id of the message; may be empty.
        bounce_class: ``hard``, ``soft`` or ``undetermined``, of a bounce; empty otherwise.
        reject_reason: Why it was not delivered, as a word; may be empty.
        detail: What the receiving server or the provider said, without addresses; may be empty.
    """

    row_id: str
    dedupe_key: str
    event_type: EventType
    recipient: str = field(default="", repr=False)
    happened_at: datetime
    provider: str
    message_id: str = ""
    bounce_class: str = ""
    reject_reason: str = ""
    detail: str = ""

    def to_columns(self) -> dict[str, Column]:
        """All fields as values that any database has, as those of a row."""
        columns: dict[str, Column] = dict(vars(self))
        columns["event_type"] = self.event_type.value
        return columns

    @classmethod
    def from_columns(cls, columns: Mapping[str, Column]) -> Receipt:
        """
        Read what :meth:`to_columns` wrote; columns of other names are left alone.

        Raises:
            KeyError: If a column is missing.
            ValueError: If a value is none that was written.
        """
        found: dict[str, Any] = {name: columns[name] for name in RECEIPT_COLUMNS}
        found["event_type"] = EventType(found["event_type"])
        return cls(**found)


RECEIPT_COLUMNS: tuple[str, ...] = tuple(each.name for each in fields(Receipt))
"""The columns of a receipt, in the order of its fields."""
