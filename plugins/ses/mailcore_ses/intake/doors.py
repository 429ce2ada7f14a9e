"""
Every way by which SES events arrive, besides HTTP: each unwrapped into the same events.

The same event has the same `dedupe_key`, whichever way it came. Over HTTP anybody can knock, so
:func:`mailcore.receive` verifies; the ways below rest on AWS's access control, and verify SNS's
signatures when they are asked to:

===================================  =========================================================
:func:`events_from_sqs_message`      who may ``sqs:SendMessage``: the queue's policy
:func:`events_from_lambda`           who may ``lambda:InvokeFunction``: the function's policy
:func:`events_from_eventbridge`      EventBridge, which keeps sources beginning with ``aws.`` for
                                     AWS, and who may write to its target
:func:`events_from_lines`            who may write to the bucket: its policy
===================================  =========================================================
"""

from __future__ import annotations

import base64
import json
import logging

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from mailcore.errors import MalformedWebhook, WebhookRejected
from mailcore.events import Event, brought_by
from mailcore.flow import run
from mailcore.webhook import WebhookRequest, read_object
from mailcore_ses.events.eventbridge import event_in, is_eventbridge
from mailcore_ses.events.reading import Envelope, parse_message, parse_ses_event
from mailcore_ses.sns.believed import RAW_DELIVERY
from mailcore_ses.sns.envelope import NOTIFICATION


if TYPE_CHECKING:
    from mailcore_ses.provider import SesProvider

logger = logging.getLogger("mailcore_ses.doors")

# AWS documents what is inside Sns with other names than SNS signs.
# https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html (read 2026-11-21).
_LAMBDA_NAMES = {
    "SigningCertUrl": "SigningCertURL",
    "UnsubscribeUrl": "UnsubscribeURL",
    "SubscribeUrl": "SubscribeURL",
}
_OF_SES = frozenset({"eventType", "notificationType", "mail"})


def events_from_sqs_message(
    message: Mapping[str, Any], *, provider: str = "ses", verify: SesProvider | None = None
) -> tuple[Event, ...]:
    """
    Read a message of an SQS queue: an SNS envelope, the event alone, or one of EventBridge.

    Args:
        message: The message as boto3's ``receive_message`` returns it (``Body``), or as Lambda
            hands it over (``body``).
        provider: What the events call their provider.
        verify: If given, only SNS envelopes are believed that are signed, and of a topic that this
            provider trusts.

    Returns:
        One event for each recipient.

    Raises:
        MalformedWebhook: If it is nothing that SES publishes.
        WebhookRejected: If it is to be verified and is not proven.
    """
    if not isinstance(message, Mapping):
        raise MalformedWebhook("an SQS message is not an object", provider=provider)
    body = message.get("Body", message.get("body"))
    if not isinstance(body, str):
        raise MalformedWebhook("an SQS message has no body", provider=provider)
    message_id = message.get("MessageId", message.get("messageId"))
    envelope = Envelope(
        message_id if isinstance(message_id, str) else None,
        _sent_at(message.get("Attributes", message.get("attributes"))),
    )
    return _from_text(body, _Reading(provider, verify), envelope)


def events_from_lambda(
    event: Mapping[str, Any] | Sequence[Any] | str,
    *,
    provider: str = "ses",
    verify: SesProvider | None = None,
) -> tuple[Event, ...]:
    """
    Read what a Lambda function is invoked with.

    By SNS, SQS, EventBridge, Kinesis, Firehose (to transform records) or a receipt rule; by a pipe
    of EventBridge, whose records are a list; or by a program that hands on the event alone.

    One record that cannot be read fails all of them: batches of SQS are the work of
    :func:`mailcore_ses.intake.aws_lambda.sqs_handler`.

    Args:
        event: The first argument of the function.
        provider: What the events call their provider.
        verify: If given, only SNS envelopes are believed that are signed, and of a topic that this
            provider trusts.

    Raises:
        MalformedWebhook: If it is nothing that SES publishes.
        WebhookRejected: If it is to be verified and is not proven.
    """
    reading = _Reading(provider, verify)
    if isinstance(event, str):
        return _from_text(event, reading, Envelope())
    if isinstance(event, Mapping):
        records = event.get("Records")
        if records is None and "deliveryStreamArn" in event:
            records = event.get("records")
        if records is None:
            return _kept(_from_fields(event, reading, Envelope()), event)
        if not isinstance(records, list):
            raise MalformedWebhook("`Records` is not an array", provider=provider)
        read = _from_record
    else:
        records, read = event, _from_piped
        if not isinstance(records, (list, tuple)):
            reason = "the event of the function is neither an object nor a list nor text"
            raise MalformedWebhook(reason, provider=provider)
    return tuple(found for record in records for found in read(record, reading))


def events_from_eventbridge(
    event: Mapping[str, Any], *, provider: str = "ses"
) -> tuple[Event, ...]:
    """
    Read an event of EventBridge.

    Returns:
        One event for each recipient; none if it is about the account and not about a message, or a
        call of the API that CloudTrail recorded.

    Raises:
        MalformedWebhook: If it is not from SES.
    """
    if not isinstance(event, Mapping):
        raise MalformedWebhook("an event of EventBridge is not an object", provider=provider)
    return _kept(_from_eventbridge(event, _Reading(provider, None)), event)


def events_from_lines(
    lines: Iterable[bytes | str] | bytes | str,
    *,
    provider: str = "ses",
    on_malformed: Callable[[int, MalformedWebhook], object] | None = None,
) -> Iterator[Event]:
    """
    Read what Firehose wrote: JSON documents one after the other, on lines of their own or not.

    Args:
        lines: An open file, its lines, or all of it; decompressed.
        provider: What the events call their provider.
        on_malformed: Called with the number of a line that cannot be read, and the reason; then the
            next line is read.

    Yields:
        The events, one line at a time.

    Raises:
        MalformedWebhook: At the first line that cannot be read, unless there is `on_malformed`.
    """
    if isinstance(lines, (bytes, str)):
        # Not splitlines(): U+2028 may stand inside a JSON string.
        lines = lines.split(b"\n") if isinstance(lines, bytes) else lines.split("\n")
    reading = _Reading(provider, None)
    for number, line in enumerate(lines, 1):
        try:
            events = tuple(_from_line(line, reading))
        except MalformedWebhook as error:
            if on_malformed is None:
                reason = f"line {number}: {error}"
                raise MalformedWebhook(reason, provider=provider) from error
            on_malformed(number, error)
        else:
            yield from events


class _Reading:
    """What stays the same while one thing is read."""

    def __init__(self, provider: str, verify: SesProvider | None) -> None:
        self.provider = provider
        self.verify = verify

    def require_signature(self, fields: Mapping[str, Any]) -> None:
        if self.verify is not None:
            run(self.verify.verify_envelope(fields), self.verify.create_transport())

    def require_nothing_to_verify(self) -> None:
        if self.verify is not None:
            raise WebhookRejected(
                "only SNS envelopes can be verified: this has no signature",
                provider=self.provider,
            )

    def malformed(self, reason: str) -> MalformedWebhook:
        return MalformedWebhook(reason, provider=self.provider)


def _from_text(text: str, reading: _Reading, envelope: Envelope) -> tuple[Event, ...]:
    try:
        if text.lstrip().startswith("{"):
            fields = read_object(text, "body")
            return _kept(_from_fields(fields, reading, envelope), fields, text)
        # What SES says to a topic that was just connected, delivered raw.
        reading.require_nothing_to_verify()
        return parse_message(reading.provider, text)
    except MalformedWebhook as error:
        error.provider = reading.provider
        raise


def _from_fields(
    fields: Mapping[str, Any], reading: _Reading, envelope: Envelope
) -> tuple[Event, ...]:
    if "TopicArn" in fields and "Type" in fields:
        return _from_sns(fields, reading)
    if is_eventbridge(fields):
        return _from_eventbridge(fields, reading)
    if fields.keys().isdisjoint(_OF_SES):
        hint = ": an HTTP request is the work of http_handler" if "requestContext" in fields else ""
        raise reading.malformed(f"this is neither an event of SES nor what brings one{hint}")
    reading.require_nothing_to_verify()
    return parse_ses_event(reading.provider, fields, envelope=envelope)


def _kept(
    events: tuple[Event, ...], fields: Mapping[str, Any], text: str | None = None
) -> tuple[Event, ...]:
    """
    The events with what brought them, as SNS would have posted it.

    Args:
        events: The events of this notification.
        fields: What was read.
        text: The JSON as it was received; None where it came decoded.
    """
    if not events:
        return events
    headers = {"content-type": "text/plain; charset=UTF-8"}
    if "TopicArn" not in fields:
        headers.update(RAW_DELIVERY)
    body = json.dumps(fields, default=str) if text is None else text
    return brought_by(WebhookRequest("POST", headers, body), events)


def _from_sns(fields: Mapping[str, Any], reading: _Reading) -> tuple[Event, ...]:
    if fields.get("Type") != NOTIFICATION:
        logger.warning("a message about a subscription came where only events are expected")
        return ()
    reading.require_signature(fields)
    envelope = Envelope.of(fields, "MessageId", "Timestamp")
    return parse_message(reading.provider, fields.get("Message"), envelope=envelope)


def _from_eventbridge(fields: Mapping[str, Any], reading: _Reading) -> tuple[Event, ...]:
    reading.require_nothing_to_verify()
    detail = event_in(fields, provider=reading.provider)
    if detail is None:
        return ()
    envelope = Envelope.of(fields, "id", "time")
    return parse_ses_event(reading.provider, detail, envelope=envelope)


def _from_piped(record: object, reading: _Reading) -> tuple[Event, ...]:
    """A record of a pipe: of its source, or what its input template made of one."""
    if isinstance(record, str):
        return _from_text(record, reading, Envelope())
    if isinstance(record, dict) and record.keys().isdisjoint(("eventSource", "EventSource")):
        return _kept(_from_fields(record, reading, Envelope()), record)
    return _from_record(record, reading)


def _from_record(record: object, reading: _Reading) -> tuple[Event, ...]:
    fields: Mapping[str, Any] = record if isinstance(record, dict) else {}
    source = fields.get("EventSource", fields.get("eventSource"))
    if source == "aws:sqs":
        return events_from_sqs_message(fields, provider=reading.provider, verify=reading.verify)
    if source == "aws:sns" and isinstance(fields.get("Sns"), dict):
        signed = _as_signed(fields["Sns"])
        return _kept(_from_sns(signed, reading), signed)
    if source == "aws:ses" and isinstance(fields.get("ses"), dict):
        # The Lambda action of a receipt rule: the notification without its type.
        # https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html
        # (read 2026-11-21).
        reading.require_nothing_to_verify()
        received = {"notificationType": "Received", **fields["ses"]}
        return _kept(parse_ses_event(reading.provider, received), received)
    if source == "aws:kinesis":
        # Of a function in `kinesis`, of a pipe in the record itself.
        # https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html (read 2026-11-30).
        inner = fields.get("kinesis", fields)
        return _from_data(inner.get("data") if isinstance(inner, dict) else None, reading)
    if source is None and "recordId" in fields:
        # https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html
        # (read 2026-11-30).
        return _from_data(fields.get("data"), reading)
    raise reading.malformed("a record is neither of SNS nor of SQS nor of SES nor of a stream")


def _from_data(data: object, reading: _Reading) -> tuple[Event, ...]:
    """The documents in the base64 of a stream's record."""
    try:
        content = base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except ValueError:
        content = None
    if content is None:
        raise reading.malformed("the data of a record is not base64")
    return tuple(_from_line(content, reading))


def _as_signed(sns: Mapping[str, Any]) -> dict[str, Any]:
    """The names that SNS signs; an absent Subject is null in Lambda."""
    named = {_LAMBDA_NAMES.get(name, name): value for name, value in sns.items()}
    if named.get("Subject") is None:
        named.pop("Subject", None)
    return named


def _from_line(line: bytes | str, reading: _Reading) -> Iterator[Event]:
    try:
        text = line.decode("utf-8") if isinstance(line, bytes) else line
    except UnicodeDecodeError as error:
        raise reading.malformed(f"not UTF-8 (at byte {error.start})") from None
    for document in _documents(text.strip(), reading):
        yield from _from_text(document, reading, Envelope())


def _documents(text: str, reading: _Reading) -> Iterator[str]:
    """The JSON documents in a line: Firehose sets no line breaks unless it is told to."""
    decoder = json.JSONDecoder()
    start = 0
    while start < len(text):
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            raise reading.malformed(f"not JSON (from character {start})") from None
        yield text[start:end]
        start = end
        while start < len(text) and text[start].isspace():
            start += 1


def _sent_at(attributes: object) -> datetime | None:
    sent = attributes.get("SentTimestamp") if isinstance(attributes, Mapping) else None
    if not isinstance(sent, str) or not sent.isdecimal():
        return None
    try:
        return datetime.fromtimestamp(int(sent) / 1000, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None
