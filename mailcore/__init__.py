"""
Every email service provider behind one typed API.

The names below are what programs need. The documentation has a page of all public names, "What is
stable"; everything else may change between minor versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily
from mailcore._version import VERSION as __version__  # noqa: N811  # the name that tools read


if TYPE_CHECKING:
    from mailcore.address.address import Address, parse_addresses
    from mailcore.errors import (
        AuthenticationFailed,
        CancelSend,
        ConfigurationError,
        FailoverError,
        FetchError,
        HandlersFailed,
        InvalidAddress,
        InvalidAddressType,
        InvalidMessage,
        InvalidMessageType,
        MailcoreError,
        MalformedWebhook,
        MessageError,
        MessageRejected,
        NetworkError,
        PluginLoadError,
        Problem,
        ProviderNotFound,
        ProviderUnavailable,
        QuotaExceeded,
        RateLimited,
        RecipientsRefused,
        SendError,
        SendInterrupted,
        SendTimeout,
        SerializationError,
        UnexpectedResponse,
        UnsupportedFeature,
        WebhookError,
        WebhookRejected,
    )
    from mailcore.events import (
        BounceClass,
        Event,
        EventType,
        InboundEvent,
        RejectReason,
        TrackingEvent,
        event_from_dict,
    )
    from mailcore.features import Feature, Features, Support
    from mailcore.flow import Flow, HttpRequest, HttpResponse, Request, Transport, arun, run
    from mailcore.foundation.redaction import redact
    from mailcore.mailer import AsyncMailer, Mailer, connect
    from mailcore.message.alternative import Alternative
    from mailcore.message.attachment import Attachment, inline_image
    from mailcore.message.headers import Headers
    from mailcore.message.message import Message
    from mailcore.message.unsubscribe import Unsubscribe
    from mailcore.mime.writing import write_message
    from mailcore.provider import Provider
    from mailcore.registry.hookspecs import hookimpl
    from mailcore.registry.registry import Registry, get_provider
    from mailcore.result import RecipientStatus, ResultStatus, SendResult, SendStatus
    from mailcore.sending.preview import Preview
    from mailcore.webhook.fetching import afetch_inbound, fetch_inbound
    from mailcore.webhook.receiving import areceive, receive
    from mailcore.webhook.request import Verdict, WebhookRequest
    from mailcore.webhook.response import WebhookResponse
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Address": "address.address",
            "afetch_inbound": "webhook.fetching",
            "Alternative": "message.alternative",
            "areceive": "webhook.receiving",
            "arun": "flow",
            "AsyncMailer": "mailer",
            "Attachment": "message.attachment",
            "AuthenticationFailed": "errors",
            "BounceClass": "events",
            "CancelSend": "errors",
            "ConfigurationError": "errors",
            "connect": "mailer",
            "Event": "events",
            "event_from_dict": "events",
            "EventType": "events",
            "FailoverError": "errors",
            "Feature": "features",
            "Features": "features",
            "fetch_inbound": "webhook.fetching",
            "FetchError": "errors",
            "Flow": "flow",
            "get_provider": "registry.registry",
            "HandlersFailed": "errors",
            "Headers": "message.headers",
            "hookimpl": "registry.hookspecs",
            "HttpRequest": "flow",
            "HttpResponse": "flow",
            "InboundEvent": "events",
            "inline_image": "message.attachment",
            "InvalidAddress": "errors",
            "InvalidAddressType": "errors",
            "InvalidMessage": "errors",
            "InvalidMessageType": "errors",
            "MailcoreError": "errors",
            "Mailer": "mailer",
            "MalformedWebhook": "errors",
            "Message": "message.message",
            "MessageError": "errors",
            "MessageRejected": "errors",
            "NetworkError": "errors",
            "parse_addresses": "address.address",
            "PluginLoadError": "errors",
            "Preview": "sending.preview",
            "Problem": "errors",
            "Provider": "provider",
            "ProviderNotFound": "errors",
            "ProviderUnavailable": "errors",
            "QuotaExceeded": "errors",
            "RateLimited": "errors",
            "receive": "webhook.receiving",
            "RecipientsRefused": "errors",
            "RecipientStatus": "result",
            "redact": "foundation.redaction",
            "Registry": "registry.registry",
            "RejectReason": "events",
            "Request": "flow",
            "ResultStatus": "result",
            "run": "flow",
            "SendError": "errors",
            "SendResult": "result",
            "SendStatus": "result",
            "SendInterrupted": "errors",
            "SendTimeout": "errors",
            "SerializationError": "errors",
            "Support": "features",
            "TrackingEvent": "events",
            "Transport": "flow",
            "UnexpectedResponse": "errors",
            "Unsubscribe": "message.unsubscribe",
            "UnsupportedFeature": "errors",
            "Verdict": "webhook.request",
            "WebhookError": "errors",
            "WebhookRejected": "errors",
            "WebhookRequest": "webhook.request",
            "WebhookResponse": "webhook.response",
            "write_message": "mime.writing",
        },
    )

__all__ = [
    "Address",
    "Alternative",
    "AsyncMailer",
    "Attachment",
    "AuthenticationFailed",
    "BounceClass",
    "CancelSend",
    "ConfigurationError",
    "Event",
    "EventType",
    "FailoverError",
    "Feature",
    "Features",
    "FetchError",
    "Flow",
    "HandlersFailed",
    "Headers",
    "HttpRequest",
    "HttpResponse",
    "InboundEvent",
    "InvalidAddress",
    "InvalidAddressType",
    "InvalidMessage",
    "InvalidMessageType",
    "MailcoreError",
    "Mailer",
    "MalformedWebhook",
    "Message",
    "MessageError",
    "MessageRejected",
    "NetworkError",
    "PluginLoadError",
    "Preview",
    "Problem",
    "Provider",
    "ProviderNotFound",
    "ProviderUnavailable",
    "QuotaExceeded",
    "RateLimited",
    "RecipientStatus",
    "RecipientsRefused",
    "Registry",
    "RejectReason",
    "Request",
    "ResultStatus",
    "SendError",
    "SendInterrupted",
    "SendResult",
    "SendStatus",
    "SendTimeout",
    "SerializationError",
    "Support",
    "TrackingEvent",
    "Transport",
    "UnexpectedResponse",
    "Unsubscribe",
    "UnsupportedFeature",
    "Verdict",
    "WebhookError",
    "WebhookRejected",
    "WebhookRequest",
    "WebhookResponse",
    "__version__",
    "afetch_inbound",
    "areceive",
    "arun",
    "connect",
    "event_from_dict",
    "fetch_inbound",
    "get_provider",
    "hookimpl",
    "inline_image",
    "parse_addresses",
    "receive",
    "redact",
    "run",
    "write_message",
]
