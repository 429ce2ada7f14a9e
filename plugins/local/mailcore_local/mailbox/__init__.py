"""
The mails that were accepted, by whichever face: kept in SQLite, searched, waited for.
"""

from __future__ import annotations

from mailcore_local.mailbox.changes import Change
from mailcore_local.mailbox.links import Link, first_web_link, links_in
from mailcore_local.mailbox.mail import (
    CapturedMail,
    CapturedRecipient,
    CapturedRequest,
    MailEvent,
    MailSummary,
    NotKept,
    TimelineEntry,
    WebhookOutcome,
)
from mailcore_local.mailbox.query import MailQuery
from mailcore_local.mailbox.states import RECIPIENT_STATES, RecipientState, state_after
from mailcore_local.mailbox.store import MailStore


__all__ = [
    "RECIPIENT_STATES",
    "CapturedMail",
    "CapturedRecipient",
    "CapturedRequest",
    "Change",
    "Link",
    "MailEvent",
    "MailQuery",
    "MailStore",
    "MailSummary",
    "NotKept",
    "RecipientState",
    "TimelineEntry",
    "WebhookOutcome",
    "first_web_link",
    "links_in",
    "state_after",
]
