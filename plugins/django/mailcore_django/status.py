"""What became of a message, in the words of django-anymail: a view of mailcore's result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore import RecipientStatus, SendResult


__all__ = ["STATUSES", "AnymailRecipientStatus", "AnymailStatus"]

STATUSES = ("sent", "queued", "invalid", "rejected", "failed", "unknown")
"""The statuses that a recipient may have."""


class AnymailRecipientStatus:
    """
    What became of a message for one recipient.

    Args:
        message_id: The provider's id; None if it gave none.
        status: One of :data:`STATUSES`; None before it was sent.

    Raises:
        ValueError: If the status is another word.
    """

    def __init__(self, message_id: str | None, status: str | None) -> None:
        if status is not None and status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}")
        self.message_id = message_id
        self.status = status

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AnymailRecipientStatus):
            return NotImplemented
        return (self.message_id, self.status) == (other.message_id, other.status)

    def __hash__(self) -> int:
        return hash((self.message_id, self.status))

    def __repr__(self) -> str:
        return f"AnymailRecipientStatus({self.message_id!r}, {self.status!r})"


class AnymailStatus:
    """
    What became of a message: ``message.anymail_status``, whose attributes are django-anymail's.

    Args:
        result: mailcore's result; None before the message was sent.
    """

    def __init__(self, result: SendResult | None = None) -> None:
        self.message_id: str | set[str | None] | None = None
        """The provider's id, a set of several, or None."""
        self.status: set[str | None] | None = None
        """Every status that some recipient has; None before the message was sent."""
        self.recipients: dict[str, AnymailRecipientStatus] = {}
        """By address."""
        self.esp_response: Any = None
        """The provider's answer, or a tuple of several."""
        if result is not None:
            self.set_recipient_status(
                {address: _recipient(each) for address, each in result.recipients.items()}
            )
            self.esp_response = _response(result)

    def set_recipient_status(self, recipients: Mapping[str, AnymailRecipientStatus]) -> None:
        """Add recipients, and say of all of them what they say together."""
        self.recipients.update(recipients)
        ids = {each.message_id for each in self.recipients.values()}
        self.message_id = ids.pop() if len(ids) == 1 else ids
        self.status = {each.status for each in self.recipients.values()}

    def __repr__(self) -> str:
        statuses = sorted(str(each) for each in self.status or ())
        told = [f"status={{{', '.join(map(repr, statuses))}}}" if statuses else "status=None"]
        if self.message_id:
            several = isinstance(self.message_id, set)
            told.append(f"{len(self.message_id)} message ids" if several else "1 message id")
        if self.recipients:
            told.append(f"{len(self.recipients)} recipients")
        return f"AnymailStatus<{', '.join(told)}>"


def _recipient(status: RecipientStatus) -> AnymailRecipientStatus:
    return AnymailRecipientStatus(status.message_id, status.status.value)


def _response(result: SendResult) -> Any:
    answers = result.raw
    if isinstance(answers, (list, tuple)):
        return answers[0] if len(answers) == 1 else tuple(answers) or None
    return answers
