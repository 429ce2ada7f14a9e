"""
SES events in AWS Lambda: a handler of events becomes a function that Lambda can invoke.

Each of these makes a Lambda function of a handler, which may be a function or a coroutine
function::

    lambda_handler = sqs_handler(on_event)

https://docs.aws.amazon.com/lambda/latest/dg/ (services-sqs-errorhandling.html, with-sns.html,
urls-invocation.html; read 2026-11-21).
"""

from __future__ import annotations

import base64
import binascii
import logging

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from mailcore.errors import MalformedWebhook, WebhookError
from mailcore.foundation import redact
from mailcore.webhook import Handler, WebhookRequest, WebhookResponse, blocking, hand_over, respond
from mailcore_ses.intake.doors import events_from_lambda, events_from_sqs_message


if TYPE_CHECKING:
    from mailcore.provider import AnyProvider
    from mailcore.registry import Registry
    from mailcore.webhook import SeenStore
    from mailcore_ses.provider import SesProvider

logger = logging.getLogger("mailcore_ses.aws_lambda")

LambdaFunction: TypeAlias = Callable[[Mapping[str, Any], object], dict[str, Any]]
"""Takes the event and the context."""


def sqs_handler(
    handler: Handler,
    *,
    seen: SeenStore | None = None,
    verify: SesProvider | None = None,
    registry: Registry | None = None,
) -> LambdaFunction:
    """
    A Lambda function for an SQS queue, which reports the messages that failed.

    The event source mapping must have ``FunctionResponseTypes: [ReportBatchItemFailures]``; without
    it Lambda takes any answer for success, and **the messages that failed are lost**. Messages that
    cannot be read are reported too, so that the queue moves them to its dead-letter queue. Of a
    FIFO queue, the work ends at the first failure, and all that follow are reported, to keep their
    order.

    Args:
        handler: Called with each event, in order.
        seen: Remembers the events that the handler was done with.
        verify: If given, messages are believed only if SNS signed them for a topic of this
            provider; otherwise the queue's policy says who may write.
        registry: Whose hooks observe the events; the default registry if None.
    """
    on_event = blocking(handler)

    def handle(record: Mapping[str, Any]) -> bool:
        try:
            events = events_from_sqs_message(record, verify=verify)
            hand_over(events, on_event, seen=seen, registry=registry)
        except WebhookError as error:
            text = redact(str(error))
            logger.error("message %s cannot be read: %s", record["messageId"], text)  # noqa: TRY400
            return False
        except Exception:
            logger.exception("message %s failed: it will come again", record["messageId"])
            return False
        return True

    def lambda_handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        failures: list[str] = []
        for record in _queue_records(event):
            is_fifo = str(record.get("eventSourceARN", "")).endswith(".fifo")
            if (failures and is_fifo) or not handle(record):
                failures.append(record["messageId"])
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failures]}

    return lambda_handler


def _queue_records(event: object) -> list[Mapping[str, Any]]:
    """The messages of a batch, also as a pipe hands them over: a list without an object around."""
    records = event.get("Records") if isinstance(event, Mapping) else event
    if not isinstance(records, list) or not all(
        isinstance(record, Mapping) and isinstance(record.get("messageId"), str)
        for record in records
    ):
        # Nothing could be reported by its id: an error has Lambda keep all of the batch.
        raise MalformedWebhook("not invoked by an SQS queue: sns_handler reads other events")
    return records


def sns_handler(
    handler: Handler,
    *,
    seen: SeenStore | None = None,
    verify: SesProvider | None = None,
    registry: Registry | None = None,
) -> LambdaFunction:
    """
    A Lambda function for an SNS topic, a rule or pipe of EventBridge, a stream, or a receipt rule.

    These invoke it asynchronously: what it raises has Lambda invoke it again, twice by default;
    then the event goes to the function's on-failure destination, if it has one, else it is lost.

    Args:
        handler: Called with each event, in order.
        seen: Remembers the events that the handler was done with.
        verify: If given, events are believed only if SNS signed them for a topic of this provider;
            otherwise the function's policy says who may invoke it.
        registry: Whose hooks observe the events; the default registry if None.
    """
    on_event = blocking(handler)

    def lambda_handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        events = events_from_lambda(event, verify=verify)
        new = hand_over(events, on_event, seen=seen, registry=registry)
        return {"events": len(new)}

    return lambda_handler


def http_handler(
    provider: AnyProvider,
    handler: Handler,
    *,
    seen: SeenStore | None = None,
    registry: Registry | None = None,
) -> LambdaFunction:
    """
    A Lambda function behind a function URL, an API Gateway (HTTP or REST) or a load balancer.

    Anybody may knock, so the provider verifies; see :func:`mailcore.webhook.respond`.

    Args:
        provider: The provider, with the options that say whom to trust.
        handler: Called with each event, in order. If it fails, the answer is 500, so that the
            sender tries again.
        seen: Remembers the events that the handler was done with.
        registry: Whose hooks observe the events; the default registry if None.
    """

    def lambda_handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        try:
            request = webhook_request(event)
        except MalformedWebhook as error:
            logger.warning("%s webhook: 400: %s", provider.name, error)
            return proxy_response(error.response)
        return proxy_response(respond(provider, request, handler, seen=seen, registry=registry))

    return lambda_handler


def webhook_request(event: Mapping[str, Any]) -> WebhookRequest:
    """
    The HTTP request that Lambda was invoked with.

    Args:
        event: What Lambda was invoked with, in payload format 1.0 (REST API), 2.0 (function URL,
            HTTP API), or of a load balancer, with single or multiple values of headers.

    Raises:
        MalformedWebhook: If it is none of these.
    """
    if not isinstance(event, Mapping):
        raise MalformedWebhook("not invoked by an HTTP request")
    context = _mapping(event.get("requestContext"))
    http = _mapping(context.get("http"))
    method = http.get("method") or event.get("httpMethod")
    if not isinstance(method, str):
        raise MalformedWebhook("not invoked by an HTTP request")
    address = http.get("sourceIp") or _mapping(context.get("identity")).get("sourceIp")
    headers = _headers(event)
    path = event.get("rawPath") or event.get("path") or "/"
    query = event.get("rawQueryString")
    host = headers.get("host") or context.get("domainName") or ""
    scheme = headers.get("x-forwarded-proto", "https")
    return WebhookRequest(
        method,
        headers,
        _body(event),
        f"{scheme}://{host}{path}{'?' if query else ''}{query or ''}",
        address if isinstance(address, str) else "",
    )


def proxy_response(response: WebhookResponse) -> dict[str, Any]:
    """The answer, as Lambda hands it on."""
    return {
        "statusCode": response.status_code,
        "headers": dict(response.headers),
        "body": response.body.decode("utf-8"),
        "isBase64Encoded": False,
    }


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    several = event.get("multiValueHeaders")
    if isinstance(several, Mapping):
        pairs = {name: values[0] for name, values in several.items() if values}
    else:
        pairs = dict(_mapping(event.get("headers")))
    return {
        name.lower(): value
        for name, value in pairs.items()
        if isinstance(name, str) and isinstance(value, str)
    }


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not isinstance(body, str):
        raise MalformedWebhook("the body of the request is not text")
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedWebhook("the body of the request is not base64") from None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
