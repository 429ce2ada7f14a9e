"""What became of a message that went through a queue, as a value and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from mailcore import SerializationError
from mailcore.outbox import OutboxRow, OutboxState
from mailcore.result import RecipientStatus, RecipientStatuses, SendStatus


__all__ = ["MailOutcome"]

VERSION = 1
_OVER = (OutboxState.SENT, OutboxState.FAILED, OutboxState.UNKNOWN, OutboxState.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class MailOutcome:
    """
    What became of a message, over all attempts to send it.

    Args:
        state: ``SENT`` if a provider took it for somebody, ``FAILED`` if it was taken for nobody,
            ``UNKNOWN`` if it may be on its way and nobody knows, ``CANCELLED`` if a hook called it
            off.
        recipients: What became of each recipient, by address.
        provider: The name of the provider that it was given to last; empty if to none.
        message_ids: The provider's ids, each once.
        attempts: How many times a send was begun.
        error_category: Why it was not sent, as a word for programs; empty if nothing was wrong.
        error_code: The provider's own code of the last error.
        error_text: The last error in words, without addresses.
    """

    state: OutboxState
    recipients: RecipientStatuses = field(default_factory=RecipientStatuses, repr=False)
    provider: str = ""
    message_ids: tuple[str, ...] = ()
    attempts: int = 0
    error_category: str = ""
    error_code: str = ""
    error_text: str = ""

    @classmethod
    def of(cls, row: OutboxRow) -> MailOutcome:
        """The outcome of a message whose course is over."""
        return cls(
            state=row.state,
            recipients=row.statuses,
            provider=row.provider,
            message_ids=row.message_ids,
            attempts=row.attempts,
            error_category=row.error_category,
            error_code=row.error_code,
            error_text=row.error_text,
        )

    def to_dict(self) -> dict[str, object]:
        """Plain JSON: what the task of a message returns, and Celery's result backend keeps."""
        return {
            "version": VERSION,
            "state": self.state.value,
            "provider": self.provider,
            "message_ids": list(self.message_ids),
            "attempts": self.attempts,
            "error_category": self.error_category,
            "error_code": self.error_code,
            "error_text": self.error_text,
            "recipients": {
                address: {
                    "status": status.status.value,
                    "message_id": status.message_id,
                    "code": status.code,
                    "detail": status.detail,
                    "retryable": status.retryable,
                    "maybe_accepted": status.maybe_accepted,
                }
                for address, status in self.recipients.items()
            },
        }

    @classmethod
    def from_dict(cls, document: object) -> MailOutcome:
        """
        Read what :meth:`to_dict` wrote.

        Raises:
            SerializationError: If the document is another one, or of a newer release.
        """
        if not isinstance(document, Mapping) or document.get("version") != VERSION:
            raise SerializationError("no outcome that this release of mailcore-celery can read")
        try:
            state = OutboxState(document["state"])
            if state not in _OVER:
                raise ValueError
            return cls(
                state=state,
                recipients=RecipientStatuses(
                    {
                        str(address): _status(status)
                        for address, status in document["recipients"].items()
                    }
                ),
                provider=str(document["provider"]),
                message_ids=tuple(map(str, document["message_ids"])),
                attempts=int(document["attempts"]),
                error_category=str(document["error_category"]),
                error_code=str(document["error_code"]),
                error_text=str(document["error_text"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SerializationError("the outcome of a message is damaged") from None

    def __str__(self) -> str:
        """What became of it, in a sentence without addresses."""
        attempts = f"after {self.attempts} attempt{'' if self.attempts == 1 else 's'}"
        if self.state is OutboxState.SENT:
            return f"sent through {self.provider}, {attempts}"
        if self.state is OutboxState.CANCELLED:
            return f"called off, {attempts}"
        said = {
            OutboxState.FAILED: "not sent",
            OutboxState.UNKNOWN: "nobody knows whether it was sent",
        }
        why = f": {self.error_text}" if self.error_text else ""
        return f"{said.get(self.state, self.state.value)}, {attempts}{why}"


def _status(found: object) -> RecipientStatus:
    if not isinstance(found, Mapping):
        raise TypeError
    return RecipientStatus(
        SendStatus(found["status"]),
        message_id=cast("str | None", found["message_id"]),
        code=str(found["code"]),
        detail=str(found["detail"]),
        retryable=bool(found["retryable"]),
        maybe_accepted=bool(found["maybe_accepted"]),
    )
