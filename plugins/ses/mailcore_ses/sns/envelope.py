"""
The JSON that SNS posts around each message.

https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html and
http-subscription-confirmation-json.html (read 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from mailcore.errors import MalformedWebhook
from mailcore.webhook import WebhookRequest


MAX_BODY_BYTES = 2 * 1024 * 1024
"""SNS carries 256 KiB, and JSON escapes a character by at most six."""

NOTIFICATION = "Notification"
SUBSCRIPTION_CONFIRMATION = "SubscriptionConfirmation"
UNSUBSCRIBE_CONFIRMATION = "UnsubscribeConfirmation"

_REQUIRED = (
    "MessageId",
    "TopicArn",
    "Timestamp",
    "SignatureVersion",
    "Signature",
    "SigningCertURL",
)
_REQUIRED_OF_CONFIRMATION = (*_REQUIRED, "Token", "SubscribeURL")
_REQUIRED_BY_TYPE = {
    NOTIFICATION: (_REQUIRED, itemgetter(*_REQUIRED)),
    SUBSCRIPTION_CONFIRMATION: (
        _REQUIRED_OF_CONFIRMATION,
        itemgetter(*_REQUIRED_OF_CONFIRMATION),
    ),
    UNSUBSCRIBE_CONFIRMATION: (
        _REQUIRED_OF_CONFIRMATION,
        itemgetter(*_REQUIRED_OF_CONFIRMATION),
    ),
}
_NO_TYPE: tuple[tuple[str, ...], Any] = ((), None)
_NOTHING = ("",) * len(_REQUIRED_OF_CONFIRMATION)
_MAX_FIELD_CHARACTERS = 8192
"""Of all that is required together."""


class SnsEnvelope(NamedTuple):
    """
    An SNS message as signed: of the right types, but not verified.

    Only `message` may have several lines: the text that is signed joins the fields by line breaks,
    and a break inside one could pass for the beginning of the next.
    """

    type: str
    message: str
    subject: str | None
    # In the order of _REQUIRED_OF_CONFIRMATION.
    message_id: str
    topic_arn: str
    timestamp: str
    signature_version: str
    signature: str
    signing_cert_url: str
    token: str = ""
    subscribe_url: str = ""

    def __repr__(self) -> str:
        return f"SnsEnvelope({self.type}, {self.message_id}, {self.topic_arn})"


def read_envelope(request: WebhookRequest) -> Mapping[str, Any]:
    """
    Decode the body of an SNS post; nothing in it is checked.

    Raises:
        MalformedWebhook: If it is no JSON object, or too large.
    """
    if len(request.body) > MAX_BODY_BYTES:
        reason = f"body of {len(request.body)} bytes is larger than any SNS message"
        raise MalformedWebhook(reason, status_code=413)
    return request.json_object


def check_envelope(fields: Mapping[str, Any]) -> SnsEnvelope:
    """
    Check that everything is there that a message of its type has.

    Raises:
        MalformedWebhook: If a field is missing or has a value that SNS never sends.
    """
    kind = fields.get("Type")
    names, get_values = _REQUIRED_BY_TYPE.get(kind if isinstance(kind, str) else "", _NO_TYPE)
    if not names:
        raise MalformedWebhook("field `Type` is not one of an SNS message")
    try:
        values = get_values(fields)
        joined = "".join(values)
    except (KeyError, TypeError):
        raise MalformedWebhook(f"field {_missing(fields, names)} must be a string") from None
    if "" in values or len(joined) > _MAX_FIELD_CHARACTERS or "\n" in joined:
        raise MalformedWebhook("a required field is empty, too long or has several lines")
    message = fields.get("Message")
    if type(message) is not str:
        raise MalformedWebhook("field `Message` must be a string")
    subject = fields.get("Subject")
    if subject is not None and (type(subject) is not str or "\n" in subject):
        raise MalformedWebhook("field `Subject` must be a string of one line")
    return SnsEnvelope._make((fields["Type"], message, subject, *values, *_NOTHING[len(values) :]))


def _missing(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next(f"`{name}`" for name in names if type(fields.get(name)) is not str)


def is_raw_delivery(request: WebhookRequest) -> bool:
    """Whether SNS posted the message without its envelope, and so without a signature."""
    return request.headers.get("x-amz-sns-rawdelivery") == "true"
