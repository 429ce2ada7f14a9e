"""
The mails that were accepted, by whichever face: kept in SQLite, searched, waited for.
"""

from __future__ import annotations

from mailcore_local.mailbox.mail import (
    CapturedMail,
    CapturedRecipient,
    CapturedRequest,
    MailEvent,
    MailSummary,
    TimelineEntry,
    WebhookOutcome,
)
from mailcore_local.mailbox.query import MailQuery
from mailcore_local.mailbox.states import RECIPIENT_STATES, RecipientState, state_after
from mailcore_local.mailbox.store import Change, MailStore, NotKept


__all__ = [
    "RECIPIENT_STATES",
    "CapturedMail",
    "CapturedRecipient",
    "CapturedRequest",
    "Change",
    "MailEvent",
    "MailQuery",
    "MailStore",
    "MailSummary",
    "NotKept",
    "RecipientState",
    "TimelineEntry",
    "WebhookOutcome",
    "state_after",
]
