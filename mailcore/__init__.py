"""
Every email service provider behind one typed API.

The names below are the public ones, with those of :mod:`mailcore.testing` for tests; every other
module may change between minor versions, but for the ones that this documentation names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._version import VERSION as __version__  # noqa: N811  # the name that tools read


if TYPE_CHECKING:
    from mailcore.address import Address, parse_addresses, redact
    from mailcore.attachment import Alternative, Attachment, inline_image
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
    from mailcore.fetching import afetch_inbound, fetch_inbound
    from mailcore.flow import Flow, HttpRequest, HttpResponse, Request, Transport, arun, run
    from mailcore.headers import Headers
    from mailcore.hookspecs import hookimpl
    from mailcore.mailer import AsyncMailer, Mailer, connect
    from mailcore.message import Message
    from mailcore.mime import write_message
    from mailcore.preview import Preview
    from mailcore.provider import Provider
    from mailcore.registry import Registry, get_provider
    from mailcore.result import RecipientStatus, ResultStatus, SendResult, SendStatus
    from mailcore.unsubscribe import Unsubscribe
    from mailcore.webhook import Verdict, WebhookRequest, WebhookResponse, areceive, receive

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

# Every name waits until it is used, so that whoever imports mailcore pays for what it needs.
_MODULE_OF = {
    "Address": "address",
    "afetch_inbound": "fetching",
    "Alternative": "attachment",
    "areceive": "webhook",
    "arun": "flow",
    "AsyncMailer": "mailer",
    "Attachment": "attachment",
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
    "fetch_inbound": "fetching",
    "FetchError": "errors",
    "Flow": "flow",
    "get_provider": "registry",
    "HandlersFailed": "errors",
    "Headers": "headers",
    "hookimpl": "hookspecs",
    "HttpRequest": "flow",
    "HttpResponse": "flow",
    "InboundEvent": "events",
    "inline_image": "attachment",
    "InvalidAddress": "errors",
    "InvalidAddressType": "errors",
    "InvalidMessage": "errors",
    "InvalidMessageType": "errors",
    "MailcoreError": "errors",
    "Mailer": "mailer",
    "MalformedWebhook": "errors",
    "Message": "message",
    "MessageError": "errors",
    "MessageRejected": "errors",
    "NetworkError": "errors",
    "parse_addresses": "address",
    "PluginLoadError": "errors",
    "Preview": "preview",
    "Problem": "errors",
    "Provider": "provider",
    "ProviderNotFound": "errors",
    "ProviderUnavailable": "errors",
    "QuotaExceeded": "errors",
    "RateLimited": "errors",
    "receive": "webhook",
    "RecipientsRefused": "errors",
    "RecipientStatus": "result",
    "redact": "address",
    "Registry": "registry",
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
    "Unsubscribe": "unsubscribe",
    "UnsupportedFeature": "errors",
    "Verdict": "webhook",
    "WebhookError": "errors",
    "WebhookRejected": "errors",
    "WebhookRequest": "webhook",
    "WebhookResponse": "webhook",
    "write_message": "mime",
}


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"mailcore.{module}"), name)
    return value


def __dir__() -> list[str]:
    # For tab completion, and for help(), which prints what is named here; these two are no API.
    return sorted({*globals(), *__all__} - {"__dir__", "__getattr__"})
