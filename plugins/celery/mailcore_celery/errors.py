"""What a queue adds to the exceptions of mailcore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore import ConfigurationError, MailcoreError, SendError, SerializationError
from mailcore_celery.outcome import MailOutcome


__all__ = ["BrokerUnavailable", "SendTaskFailed"]


class BrokerUnavailable(SendError):
    """
    Celery's broker did not take a task: nothing was put into the queue.

    Attributes:
        idempotency_key: The key that the message had, or was given. A message that is handed over
            again with it is sent once, even if the broker had taken the first task after all.
        maybe_accepted: Whether the broker may have taken it: the connection was there, and was lost
            before it answered.
    """

    default_category = "broker_unavailable"
    default_retryable = True

    def __init__(self, message: str, *, idempotency_key: str = "", **attributes: Any) -> None:
        super().__init__(message, **attributes)
        self.idempotency_key = idempotency_key


class SendTaskFailed(MailcoreError):
    """
    How the task of a message ends that was sent to nobody, or of which nobody knows.

    Celery keeps an exception as its arguments in JSON, and ``AsyncResult.get()`` raises it again.
    Its text, which Celery writes into the log, has no addresses.

    Args:
        text: What became of the message, in a sentence.
        document: What :meth:`MailOutcome.to_dict` returned.
    """

    def __init__(self, text: str, document: Mapping[str, object] | None = None) -> None:
        super().__init__(text, dict(document or {}))

    @property
    def outcome(self) -> MailOutcome | None:
        """What became of the message; None if the exception was made without it."""
        document = self.args[1] if len(self.args) > 1 else None
        try:
            return MailOutcome.from_dict(document) if document else None
        except (ConfigurationError, SerializationError):
            return None

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"
