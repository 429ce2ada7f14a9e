"""
Every email service provider behind one typed API.

The names below are the public ones, with those of :mod:`mailcore.testing` for tests; every other
module may change between minor versions, but for the ones that this documentation names.
"""

from mailcore._version import VERSION as __version__
from mailcore.address import Address, parse_addresses, redact
from mailcore.attachment import Alternative, Attachment
from mailcore.errors import (
    AuthenticationFailed,
    CancelSend,
    ConfigurationError,
    FailoverError,
    InvalidAddress,
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
)
from mailcore.features import Feature, Features, Support
from mailcore.flow import Flow, HttpRequest, HttpResponse, Request, Transport, arun, run
from mailcore.headers import Headers
from mailcore.hookspecs import hookimpl
from mailcore.mailer import AsyncMailer, Mailer, connect
from mailcore.message import Message
from mailcore.provider import Provider
from mailcore.registry import Registry, get_provider
from mailcore.result import RecipientStatus, SendResult, SendStatus
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
    "Flow",
    "Headers",
    "HttpRequest",
    "HttpResponse",
    "InboundEvent",
    "InvalidAddress",
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
    "SendError",
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
    "areceive",
    "arun",
    "connect",
    "get_provider",
    "hookimpl",
    "parse_addresses",
    "receive",
    "redact",
    "run",
]
