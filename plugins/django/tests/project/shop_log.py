"""Middleware of the tests of the log: what a provider may answer."""

from __future__ import annotations

from mailcore import (
    MessageRejected,
    RecipientsRefused,
    RecipientStatus,
    SendResult,
    SendStatus,
    SendTimeout,
)
from mailcore.result import RecipientStatuses


def timing_out(message, send):
    """Nobody knows whether it was taken."""
    raise SendTimeout("no answer", provider="memory", maybe_accepted=True)


def rejecting(message, send):
    """It was not."""
    raise MessageRejected("not like this", provider="memory")


def known_ids(message, send):
    """The ids are m-1 for all, and Ben is refused."""
    statuses = {
        address: RecipientStatus(SendStatus.REJECTED, code="406", detail=f"{address} is inactive")
        if address.startswith("ben")
        else RecipientStatus(SendStatus.QUEUED, message_id="m-1")
        for address in message.recipients
    }
    yield from send(message)
    return SendResult(
        provider="memory", recipients=RecipientStatuses(statuses), message_ids=("m-1",)
    )


def refusing(message, send):
    """Nobody gets it, and the reason is known."""
    status = RecipientStatus(SendStatus.REJECTED, code="no")
    recipients = RecipientStatuses(dict.fromkeys(message.recipients, status))
    raise RecipientsRefused(
        "nobody",
        result=SendResult(provider="memory", recipients=recipients),
        errors=[MessageRejected("no", provider="memory")],
    )


class ToSecond:
    """A router that keeps what is mailcore's in a database of its own."""

    def db_for_write(self, model, **hints):
        """Name it."""
        return "second" if model._meta.app_label.startswith("mailcore") else None

    db_for_read = db_for_write
