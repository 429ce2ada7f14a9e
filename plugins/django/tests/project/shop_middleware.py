"""Middleware that the settings of a test name by its path."""

from __future__ import annotations

from django.core.mail.backends.base import BaseEmailBackend

from mailcore import (
    MessageRejected,
    ProviderUnavailable,
    RecipientsRefused,
    RecipientStatus,
    SendResult,
    SendStatus,
)
from mailcore.middleware import Policy, Retry, Throttle, production
from mailcore.result import RecipientStatuses


retry = Retry(attempts=2)
"""One policy."""

both = [Throttle(per_second=50), retry]
"""Several."""

no_policy = 5
"""Something else."""


def stack() -> list[Policy]:
    """Make policies, for each mailer anew."""
    return production(retry=retry)


def shouting(message, send):
    """Send the subject in capitals."""
    return send(message.replace(subject=message.subject.upper()))


def failing(message, send):
    """Fail if the subject says so."""
    if message.subject == "down":
        raise ProviderUnavailable("it is down", provider="memory", status_code=503, raw="sorry")
    if message.subject == "refused":
        status = RecipientStatus(SendStatus.REJECTED, code="no")
        result = SendResult(
            provider="memory",
            recipients=RecipientStatuses(dict.fromkeys(message.recipients, status)),
        )
        raise RecipientsRefused(
            "nobody", result=result, errors=[MessageRejected("no", provider="memory")]
        )
    if message.subject == "bug":
        raise ZeroDivisionError
    return (yield from send(message))


class Mute(BaseEmailBackend):
    """A backend that sends nothing, and says nothing of it."""

    def send_messages(self, email_messages: object) -> None:
        """Return None."""
