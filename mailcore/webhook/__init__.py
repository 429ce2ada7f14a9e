"""
Receiving: a web framework's request in, verified and normalised events out.

:func:`receive` authenticates first and parses after; whatever is wrong raises a
:class:`~mailcore.errors.WebhookError` whose ``response`` is ready to return. :func:`respond` does
the same and returns the answer for everything.

:class:`EventRouter` makes one handler of several, by the types of events.

Complete apps to mount in a framework, or to serve alone, are
:class:`mailcore.webhook.asgi.AsgiWebhook` and :class:`mailcore.webhook.wsgi.WsgiWebhook`;
:class:`mailcore.webhook.basic_auth.BasicAuth` checks credentials for providers.
"""

from __future__ import annotations

from mailcore.webhook.handlers import Handler
from mailcore.webhook.receiving import ahand_over, areceive, hand_over, receive
from mailcore.webhook.request import (
    Verdict,
    WebhookRequest,
    WebhookResponse,
)
from mailcore.webhook.responding import arespond, respond
from mailcore.webhook.routing import EventRouter


__all__ = [
    "EventRouter",
    "Handler",
    "Verdict",
    "WebhookRequest",
    "WebhookResponse",
    "ahand_over",
    "areceive",
    "arespond",
    "hand_over",
    "receive",
    "respond",
]
