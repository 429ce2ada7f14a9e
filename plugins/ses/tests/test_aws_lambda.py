"""Handlers of events as Lambda functions."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from mailcore import ConfigurationError, MalformedWebhook, Registry, get_provider
from mailcore.webhook import MemorySeenStore
from mailcore_ses.intake.aws_lambda import http_handler, sns_handler, sqs_handler, webhook_request
from mailcore_ses.provider import SesProvider


TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:ses-events"


def delivery(recipient):
    """An SES event as text."""
    return json.dumps(
        {
            "eventType": "Delivery",
            "mail": {"messageId": f"m-{recipient}", "destination": [recipient]},
            "delivery": {"timestamp": "2026-11-20T09:15:04.318Z", "recipients": [recipient]},
        }
    )


def batch(*bodies, arn="arn:aws:sqs:eu-west-1:123456789012:events"):
    """What Lambda invokes a function with for a batch."""
    return {
        "Records": [
            {"messageId": f"id-{i}", "body": body, "eventSource": "aws:sqs", "eventSourceARN": arn}
            for i, body in enumerate(bodies)
        ]
    }


def failed(*numbers):
    """The answer that AWS expects."""
    return {"batchItemFailures": [{"itemIdentifier": f"id-{number}"} for number in numbers]}


def on_event(event):
    """Fail for some."""
    if event.recipient.startswith("bad"):
        raise RuntimeError("database is down")


async def on_event_async(event):
    """Fail for some, later."""
    await asyncio.sleep(0)
    on_event(event)


@pytest.mark.parametrize("make", [sqs_handler, sns_handler])
def test_handlers_that_are_none(make):
    """Told when the module is loaded, and not by a queue of failed messages."""
    with pytest.raises(ConfigurationError, match=r"needs a handler, .* not str"):
        make("app:on_event")


@pytest.mark.parametrize("handler", [on_event, on_event_async])
def test_batches_report_what_failed(handler, caplog):
    """Failures and what cannot be read come again, the rest is done."""
    function = sqs_handler(handler, registry=Registry(autoload=False))
    event = batch(delivery("good@x"), delivery("bad@x"), "junk", delivery("good2@x"))

    assert failed(1, 2) == function(event, None)
    assert "database is down" in caplog.text
    assert "id-2 cannot be read" in caplog.text
    assert failed() == function(batch(delivery("good@x")), None)
    assert failed() == function(batch(), None)


def test_fifo_queues_keep_their_order():
    """After a failure nothing more is handled, and all of it comes again."""
    seen = []

    def note(event):
        seen.append(event.recipient)
        on_event(event)

    function = sqs_handler(note, registry=Registry(autoload=False))
    bodies = [delivery(name) for name in ("good@x", "bad@x", "good2@x")]
    arn = "arn:aws:sqs:eu-west-1:123456789012:events.fifo"

    assert failed(1, 2) == function(batch(*bodies, arn=arn), None)
    assert ["good@x", "bad@x"] == seen


def test_repetitions_are_skipped():
    """With a store, a message that comes again is only confirmed."""
    seen = []
    function = sqs_handler(seen.append, seen=MemorySeenStore(), registry=Registry(autoload=False))

    assert [failed(), failed()] == [function(batch(delivery("a@x")), None) for _ in range(2)]
    assert 1 == len(seen)


def test_unsigned_messages_fail_when_signatures_are_asked_for(fields, sns_key, answers):
    """They are reported, so that they end in the dead-letter queue."""
    ses = get_provider("ses", topic_arns=[TOPIC_ARN], region_name="eu-west-1")
    transport = answers(sns_key.pem)
    ses.create_transport = lambda: transport
    signed = json.dumps(sns_key.sign(fields(Message=delivery("a@x"))))
    function = sqs_handler(lambda event: None, verify=ses, registry=Registry(autoload=False))

    assert failed(0) == function(batch(delivery("a@x"), signed), None)


def test_topics():
    """What a handler raises leaves the function, so that Lambda invokes it again."""
    function = sns_handler(on_event_async, registry=Registry(autoload=False))

    def invocation(message):
        sns = {"Type": "Notification", "TopicArn": TOPIC_ARN, "Message": message}
        return {"Records": [{"EventSource": "aws:sns", "Sns": sns}]}

    assert {"events": 1} == function(invocation(delivery("good@x")), None)
    with pytest.raises(RuntimeError, match="database is down"):
        function(invocation(delivery("bad@x")), None)
    with pytest.raises(MalformedWebhook):
        function(invocation("junk"), None)


FUNCTION_URL = {
    "version": "2.0",
    "rawPath": "/hook",
    "rawQueryString": "a=b",
    "headers": {"Host": "x.lambda-url.eu-west-1.on.aws", "X-Amz-Sns-RawDelivery": "true"},
    "requestContext": {"http": {"method": "POST", "sourceIp": "203.0.113.7"}},
    "body": "{}",
    "isBase64Encoded": False,
}
REST_API = {
    "httpMethod": "POST",
    "path": "/hook",
    "headers": {"Host": "api.example.com"},
    "multiValueHeaders": {"Host": ["api.example.com"], "X-A": ["1", "2"], "X-B": []},
    "requestContext": {"identity": {"sourceIp": "203.0.113.7"}},
    "body": base64.b64encode(b"\xff").decode(),
    "isBase64Encoded": True,
}
LOAD_BALANCER = {
    "httpMethod": "post",
    "path": "/hook",
    "headers": {"host": "alb.example.com", "x-forwarded-proto": "http"},
    "requestContext": {"elb": {}},
    "body": None,
}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            FUNCTION_URL,
            ("https://x.lambda-url.eu-west-1.on.aws/hook?a=b", "203.0.113.7", b"{}"),
        ),
        (REST_API, ("https://api.example.com/hook", "203.0.113.7", b"\xff")),
        (LOAD_BALANCER, ("http://alb.example.com/hook", "", b"")),
    ],
    ids=["function URL", "REST API", "load balancer"],
)
def test_http_requests(event, expected):
    """In each format of payload."""
    request = webhook_request(event)

    assert "POST" == request.method
    assert expected == (request.url, request.remote_address, request.body)


def test_repeated_headers():
    """The first one counts, as everywhere."""
    assert "1" == webhook_request(REST_API).header("x-a")


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": None},
        {"requestContext": {"http": {"method": 5}}},
        {**FUNCTION_URL, "body": 5},
        {**FUNCTION_URL, "body": "!", "isBase64Encoded": True},
    ],
)
def test_what_is_no_http_request(event, caplog):
    """A typed error; behind a URL the answer is 400."""
    with pytest.raises(MalformedWebhook):
        webhook_request(event)

    ses = get_provider("ses", webhook_secrets=["a:b"], region_name="eu-west-1")
    assert 400 == http_handler(ses, print)(event, None)["statusCode"]
    assert "ses webhook: 400" in caplog.text


@pytest.mark.parametrize(
    ("secret", "recipient", "expected"),
    [("a:b", "good@x", 200), ("a:b", "bad@x", 500), ("a:c", "good@x", 401), (None, "good@x", 401)],
)
def test_webhooks_behind_a_url(secret, recipient, expected):
    """Everything has an answer in the form that Lambda hands on."""
    ses = get_provider("ses", webhook_secrets=["a:b"], region_name="eu-west-1")
    function = http_handler(ses, on_event, registry=Registry(autoload=False))
    headers = {**FUNCTION_URL["headers"]}
    if secret is not None:
        headers["authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"

    answer = function({**FUNCTION_URL, "headers": headers, "body": delivery(recipient)}, None)

    assert (expected, "", False) == (
        answer["statusCode"],
        answer["body"],
        answer["isBase64Encoded"],
    )
    assert (expected == 401) == ("www-authenticate" in answer["headers"])


def test_only_post_is_taken():
    """405 with Allow."""
    ses = get_provider("ses", webhook_secrets=["a:b"], region_name="eu-west-1")
    event = {**FUNCTION_URL, "requestContext": {"http": {"method": "GET"}}}
    answer = http_handler(ses, print)(event, None)

    assert (405, {"allow": "POST"}) == (answer["statusCode"], answer["headers"])


def test_addresses_are_tried():
    """A provider whose service asks by HEAD gets 200 behind a function URL, too."""

    class Tried(SesProvider):
        webhook_probe_methods = frozenset(["HEAD"])

    provider = Tried(webhook_secrets=["a:b"], region_name="eu-west-1")
    event = {**FUNCTION_URL, "requestContext": {"http": {"method": "HEAD"}}}
    answer = http_handler(provider, print, registry=Registry(autoload=False))(event, None)

    assert (200, "") == (answer["statusCode"], answer["body"])


@pytest.mark.parametrize(
    "event",
    [
        None,
        "text",
        {},
        {"Records": None},
        {"Records": [None]},
        {"Records": [{"eventSource": "aws:s3"}]},
        {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}},
        FUNCTION_URL,
    ],
)
def test_what_is_no_queue(event):
    """One error for all of it: no message could be reported by its id."""
    with pytest.raises(MalformedWebhook, match="not invoked by an SQS queue"):
        sqs_handler(on_event)(event, None)


def test_a_pipe_hands_over_a_list():
    """The messages that failed are reported as for a queue."""
    bounce = {"eventType": "Bounce", "mail": {"messageId": "m"}, "bounce": {}}
    records = [
        {"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(bounce)},
        {"messageId": "2", "eventSource": "aws:sqs", "body": "junk"},
    ]
    events = []
    answer = sqs_handler(events.append, registry=Registry(autoload=False))(records, None)

    assert {"batchItemFailures": [{"itemIdentifier": "2"}]} == answer
    assert ["m"] == [event.message_id for event in events]


@pytest.mark.parametrize("event", [None, [], "text"])
def test_no_object_is_no_http_request(event):
    """A typed error."""
    with pytest.raises(MalformedWebhook):
        webhook_request(event)
