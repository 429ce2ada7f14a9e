"""
Mail on Celery: messages are sent, and events handled, by workers of your own, through your broker.

:class:`MailcoreCelery` makes the tasks of an app; ``send_later()`` puts a message into the queue.
"""

from __future__ import annotations

from mailcore_celery.app import MailcoreCelery, handle_later, send_later
from mailcore_celery.errors import BrokerUnavailable, SendTaskFailed
from mailcore_celery.outcome import MailOutcome


__all__ = [
    "BrokerUnavailable",
    "MailOutcome",
    "MailcoreCelery",
    "SendTaskFailed",
    "handle_later",
    "send_later",
]
