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

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.webhook.asgi import AsgiWebhook
    from mailcore.webhook.basic_auth import BasicAuth
    from mailcore.webhook.dedupe import MemorySeenStore, SeenStore, SqliteSeenStore
    from mailcore.webhook.digests import digest_of
    from mailcore.webhook.fetching import afetch_inbound, fetch_inbound
    from mailcore.webhook.fields import Fields
    from mailcore.webhook.forms import Form, Upload, is_form, read_form
    from mailcore.webhook.handlers import Handler, blocking
    from mailcore.webhook.header_secrets import HeaderSecrets
    from mailcore.webhook.json_reading import ReadOnlyJson, read_object, read_objects
    from mailcore.webhook.receiving import ahand_over, areceive, hand_over, receive
    from mailcore.webhook.redis_seen import RedisSeenStore
    from mailcore.webhook.request import Verdict, WebhookRequest
    from mailcore.webhook.responding import arespond, respond, unreadable_body
    from mailcore.webhook.response import WebhookResponse
    from mailcore.webhook.routing import EventRouter
    from mailcore.webhook.secret_trust import SecretTrust
    from mailcore.webhook.shared_secrets import SharedSecrets, basic_auth_of
    from mailcore.webhook.signatures import check_age, hmac_matches
    from mailcore.webhook.signed_trust import SignedTrust
    from mailcore.webhook.spelling import addr_spec_in, bracketed_id
    from mailcore.webhook.suppression_feed import SuppressionFeed
    from mailcore.webhook.timestamps import parse_epoch, parse_timestamp
    from mailcore.webhook.wsgi import WsgiWebhook
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "AsgiWebhook": "webhook.asgi",
            "BasicAuth": "webhook.basic_auth",
            "MemorySeenStore": "webhook.dedupe",
            "SeenStore": "webhook.dedupe",
            "SqliteSeenStore": "webhook.dedupe",
            "digest_of": "webhook.digests",
            "afetch_inbound": "webhook.fetching",
            "fetch_inbound": "webhook.fetching",
            "Fields": "webhook.fields",
            "Form": "webhook.forms",
            "Upload": "webhook.forms",
            "is_form": "webhook.forms",
            "read_form": "webhook.forms",
            "Handler": "webhook.handlers",
            "blocking": "webhook.handlers",
            "HeaderSecrets": "webhook.header_secrets",
            "RedisSeenStore": "webhook.redis_seen",
            "ReadOnlyJson": "webhook.json_reading",
            "read_object": "webhook.json_reading",
            "read_objects": "webhook.json_reading",
            "ahand_over": "webhook.receiving",
            "areceive": "webhook.receiving",
            "hand_over": "webhook.receiving",
            "receive": "webhook.receiving",
            "Verdict": "webhook.request",
            "WebhookRequest": "webhook.request",
            "arespond": "webhook.responding",
            "respond": "webhook.responding",
            "unreadable_body": "webhook.responding",
            "WebhookResponse": "webhook.response",
            "EventRouter": "webhook.routing",
            "SecretTrust": "webhook.secret_trust",
            "SharedSecrets": "webhook.shared_secrets",
            "SignedTrust": "webhook.signed_trust",
            "basic_auth_of": "webhook.shared_secrets",
            "check_age": "webhook.signatures",
            "hmac_matches": "webhook.signatures",
            "addr_spec_in": "webhook.spelling",
            "bracketed_id": "webhook.spelling",
            "SuppressionFeed": "webhook.suppression_feed",
            "parse_epoch": "webhook.timestamps",
            "parse_timestamp": "webhook.timestamps",
            "WsgiWebhook": "webhook.wsgi",
        },
    )

__all__ = [
    "AsgiWebhook",
    "BasicAuth",
    "EventRouter",
    "Fields",
    "Form",
    "Handler",
    "HeaderSecrets",
    "MemorySeenStore",
    "ReadOnlyJson",
    "RedisSeenStore",
    "SecretTrust",
    "SeenStore",
    "SharedSecrets",
    "SignedTrust",
    "SqliteSeenStore",
    "SuppressionFeed",
    "Upload",
    "Verdict",
    "WebhookRequest",
    "WebhookResponse",
    "WsgiWebhook",
    "addr_spec_in",
    "afetch_inbound",
    "ahand_over",
    "areceive",
    "arespond",
    "basic_auth_of",
    "blocking",
    "bracketed_id",
    "check_age",
    "digest_of",
    "fetch_inbound",
    "hand_over",
    "hmac_matches",
    "is_form",
    "parse_epoch",
    "parse_timestamp",
    "read_form",
    "read_object",
    "read_objects",
    "receive",
    "respond",
    "unreadable_body",
]
