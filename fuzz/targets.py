"""What is fuzzed: functions that take bytes and raise what should never be raised."""

from __future__ import annotations

import json

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mailcore import (
    HttpRequest,
    HttpResponse,
    Message,
    MessageError,
    WebhookError,
    WebhookRequest,
    get_provider,
    run,
    write_message,
)
from mailcore.inbound import InboundMessage, InboundPart, parse_inbound
from mailcore_ses.aws import AwsResponse


ROOT = Path(__file__).resolve().parent.parent
EVENTS = ROOT / "plugins" / "ses" / "tests" / "fixtures" / "events"
ENVELOPES = ROOT / "plugins" / "ses" / "tests" / "fixtures" / "sns"
MAILS = ROOT / "tests" / "fixtures" / "inbound"
TOPIC = "arn:aws:sns:us-east-1:000000000000:t"


class CapturedSns:
    """A transport to the SNS whose messages the fixtures are."""

    def exchange(self, request: object) -> Any:
        """Give its certificate, and confirm everything."""
        if isinstance(request, HttpRequest):
            return HttpResponse(status_code=200, body=(ENVELOPES / "certificate.pem").read_bytes())
        return AwsResponse(status_code=200, body={"SubscriptionArn": f"{TOPIC}:1"})

    def close(self) -> None:
        """Do nothing."""


SES = get_provider(
    "ses",
    region_name="us-east-1",
    topic_arns=[TOPIC],
    certificate_base_urls=["http://127.0.0.1:4666/_aws/sns"],
)


def events(data: bytes) -> None:
    """A webhook's body, believed: as it is, and as the message in an envelope of SNS."""
    message = data.decode("utf-8", "replace")
    envelope = {"Type": "Notification", "MessageId": "m", "TopicArn": TOPIC, "Message": message}
    for body in (data, json.dumps(envelope).encode()):
        try:
            found = SES.parse_webhook(WebhookRequest("POST", {}, body))
        except WebhookError:
            continue
        for event in found:
            json.dumps(event.to_dict())
            repr(event)


def verification(data: bytes) -> None:
    """A webhook's body, not believed: what gets through says what was signed."""
    fields = _fields(data)
    headers = {"x-amz-sns-message-type": "Notification"}
    for name, header in _HEADERS.items():
        if name in fields:
            headers[f"x-amz-sns-{header}"] = str(fields[name])
    try:
        run(SES.verify_webhook(WebhookRequest("POST", headers, data)), CapturedSns())
    except WebhookError:
        return
    if _signed(fields) not in map(_signed, map(_fields, _bodies())):
        raise AssertionError("a message that nobody signed was believed")


def inbound(data: bytes) -> None:
    """A received mail: every property of it and of its parts can be asked for."""
    mail = parse_inbound(data)
    for name in _properties(InboundMessage):
        getattr(mail, name)
    for part in _parts(mail):
        for name in _properties(InboundPart):
            value = getattr(part, name)
            if callable(value) and (name != "message" or part.is_message):
                value()


def finished(data: bytes) -> None:
    """A finished mail: it is refused, or what it says is the same once it is written and read."""
    try:
        message = Message.from_mime(data)
        if message.from_email is None:
            return
        again = Message.from_mime(write_message(message))
    except MessageError:
        return
    for name in ("from_email", "to", "cc", "reply_to", "text", "html"):
        if (getattr(message, name) or None) != (getattr(again, name) or None):
            raise AssertionError(f"{name} is another one")


_HEADERS = {"Type": "message-type", "MessageId": "message-id", "TopicArn": "topic-arn"}
# What SNS signs depends on the type: the others are nobody's word, and nothing is made of them.
_SIGNED = ("Message", "MessageId", "Timestamp", *_HEADERS)
_SIGNED_OF_NOTIFICATION = (*_SIGNED, "Subject")
_SIGNED_OF_CONFIRMATION = (*_SIGNED, "SubscribeURL", "Token")


def _signed(fields: Mapping[str, Any]) -> dict[str, Any]:
    notification = fields.get("Type") == "Notification"
    names = _SIGNED_OF_NOTIFICATION if notification else _SIGNED_OF_CONFIRMATION
    return {name: fields[name] for name in names if name in fields}


def _fields(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _properties(cls: type) -> list[str]:
    return [name for name in dir(cls) if not name.startswith("_")]


def _parts(mail: InboundMessage) -> Iterator[InboundPart]:
    yield from mail.attachments
    yield from mail.inlines


def _bodies() -> list[bytes]:
    captured = (json.loads(path.read_bytes()) for path in sorted(ENVELOPES.glob("*.json")))
    return [each["body"].encode() for each in captured]


def seeds(target: str) -> list[bytes]:
    """What to begin with: the fixtures of the tests."""
    if target == "verification":
        return _bodies()
    paths = EVENTS.glob("*.input.json") if target == "events" else MAILS.glob("*.eml")
    return [path.read_bytes() for path in sorted(paths)]


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "events": events,
    "verification": verification,
    "inbound": inbound,
    "finished": finished,
}
