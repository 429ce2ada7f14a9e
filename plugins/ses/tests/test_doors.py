"""SES events through every door: the same events, with the same dedupe_key."""

from __future__ import annotations

import base64
import io
import json

from datetime import datetime, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import MalformedWebhook, WebhookRejected, WebhookRequest, get_provider
from mailcore.errors import WebhookError
from mailcore.webhook import BasicAuth
from mailcore_ses.events import parse_events
from mailcore_ses.intake.aws_lambda import webhook_request
from mailcore_ses.intake.doors import (
    events_from_eventbridge,
    events_from_lambda,
    events_from_lines,
    events_from_sqs_message,
)


TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:ses-events"
MAIL = {
    "timestamp": "2026-11-20T09:15:01.902Z",
    "messageId": "m-1",
    "source": "shop@example.com",
    "destination": ["ada@example.com", "bob@example.com"],
    "headers": [{"name": "X-Tag", "value": "invoice"}],
}
EVENTS = {
    "bounce": {
        "eventType": "Bounce",
        "mail": MAIL,
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "NoEmail",
            "timestamp": "2026-11-20T09:15:04.318Z",
            "feedbackId": "0107-1",
            "bouncedRecipients": [
                {"emailAddress": "ada@example.com", "status": "5.1.1"},
                {"emailAddress": "bob@example.com", "status": "5.1.1"},
            ],
        },
    },
    "click": {
        "eventType": "Click",
        "mail": {**MAIL, "destination": ["ada@example.com"]},
        "click": {
            "timestamp": "2026-11-20T11:00:00.250Z",
            "link": "https://shop.example/\u2028",
            "ipAddress": "203.0.113.7",
            "userAgent": "x",
            "linkTags": None,
        },
    },
    "received": {
        "notificationType": "Received",
        "mail": {**MAIL, "destination": ["help@example.com"]},
        "receipt": {
            "timestamp": "2026-11-20T11:00:00.250Z",
            "recipients": ["help@example.com"],
            "action": {"type": "S3", "bucketName": "in", "objectKey": "k"},
        },
    },
    "unknown": {"eventType": "Novelty", "mail": MAIL, "novelty": {"a": [1, 2.5, None, "ü"]}},
}


def envelope(event, **changes):
    """An SNS message, unsigned."""
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC_ARN,
        "Message": json.dumps(event) + "\n",
        "Timestamp": "2026-11-20T09:15:06.001Z",
        "SignatureVersion": "2",
        "Signature": "c2ln",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.pem",
        **changes,
    }


def in_lambda(fields):
    """The names that Lambda gives to the fields of SNS."""
    renamed = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    sns = {renamed.get(name, name): value for name, value in fields.items()}
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"{TOPIC_ARN}:1",
                "Sns": {"Subject": None, "MessageAttributes": {}, **sns},
            }
        ]
    }


def in_sqs(body):
    """A message as boto3 returns it."""
    attributes = {"SentTimestamp": "1795166106001", "ApproximateReceiveCount": "1"}
    return {"MessageId": "sqs-1", "ReceiptHandle": "r", "Body": body, "Attributes": attributes}


def in_sqs_in_lambda(*bodies):
    """A batch of a queue as Lambda hands it over."""
    return {
        "Records": [
            {
                "messageId": f"sqs-{number}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"SentTimestamp": "1795166106001"},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:events",
            }
            for number, body in enumerate(bodies)
        ]
    }


def in_eventbridge(event, **changes):
    """An event of EventBridge."""
    return {
        "version": "0",
        "id": "eb-1",
        "detail-type": "Email Bounced",
        "source": "aws.ses",
        "account": "123456789012",
        "time": "2026-11-20T09:15:04Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": event,
        **changes,
    }


def posted(event, *, raw=False, **changes):
    """What SNS posts."""
    if raw:
        headers = {"x-amz-sns-rawdelivery": "true", "x-amz-sns-message-id": "raw-1"}
        return WebhookRequest("POST", headers, json.dumps(event).encode())
    return WebhookRequest("POST", {}, json.dumps(envelope(event, **changes)).encode())


def in_base64(event):
    """The data of a stream's record."""
    return base64.b64encode(json.dumps(event).encode()).decode()


DOORS = {
    "sns": lambda event: parse_events("ses", posted(event)),
    "sns-raw": lambda event: parse_events("ses", posted(event, raw=True)),
    "sns-sqs": lambda event: events_from_sqs_message(in_sqs(json.dumps(envelope(event)))),
    "sns-sqs-raw": lambda event: events_from_sqs_message(in_sqs(json.dumps(event))),
    "eventbridge-sqs": lambda e: events_from_sqs_message(in_sqs(json.dumps(in_eventbridge(e)))),
    "sns-lambda": lambda event: events_from_lambda(in_lambda(envelope(event))),
    "sqs-lambda": lambda e: events_from_lambda(in_sqs_in_lambda(json.dumps(envelope(e)))),
    "sqs-lambda-raw": lambda e: events_from_lambda(in_sqs_in_lambda(json.dumps(e))),
    "eventbridge": lambda event: events_from_eventbridge(in_eventbridge(event)),
    "eventbridge-lambda": lambda event: events_from_lambda(in_eventbridge(event)),
    "eventbridge-sns": lambda event: parse_events("ses", posted(in_eventbridge(event))),
    "eventbridge-sns-raw": lambda e: parse_events("ses", posted(in_eventbridge(e), raw=True)),
    "eventbridge-sns-sqs": lambda event: events_from_sqs_message(
        in_sqs(json.dumps(envelope(in_eventbridge(event))))
    ),
    "eventbridge-sns-sqs-raw": lambda event: events_from_sqs_message(
        in_sqs(json.dumps(in_eventbridge(event)))
    ),
    "eventbridge-sns-lambda": lambda event: events_from_lambda(
        in_lambda(envelope(in_eventbridge(event)))
    ),
    "eventbridge-sns-sqs-lambda": lambda event: events_from_lambda(
        in_sqs_in_lambda(json.dumps(envelope(in_eventbridge(event))))
    ),
    "sqs-pipe": lambda e: events_from_lambda(in_sqs_in_lambda(json.dumps(envelope(e)))["Records"]),
    "sns-pipe": lambda event: events_from_lambda(in_lambda(envelope(event))["Records"]),
    "bodies-pipe": lambda event: events_from_lambda([json.dumps(event)]),
    "template-pipe": lambda event: events_from_lambda([event]),
    "eventbridge-pipe": lambda event: events_from_lambda([in_eventbridge(event)]),
    "kinesis-lambda": lambda event: events_from_lambda(
        {"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": in_base64(event)}}]}
    ),
    "kinesis-pipe": lambda event: events_from_lambda(
        [{"eventSource": "aws:kinesis", "data": in_base64(event)}]
    ),
    "firehose-lambda": lambda event: events_from_lambda(
        {"deliveryStreamArn": "arn", "records": [{"recordId": "1", "data": in_base64(event)}]}
    ),
    "text-lambda": lambda event: events_from_lambda(json.dumps(event)),
    "alone-lambda": events_from_lambda,
    "firehose": lambda event: tuple(events_from_lines(json.dumps(event))),
    "firehose-unescaped": lambda e: tuple(events_from_lines(json.dumps(e, ensure_ascii=False))),
}


# What `receive()` keeps a notification of.
OVER_HTTP = ("sns", "sns-raw", "eventbridge-sns", "eventbridge-sns-raw")


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_leads_to_the_same_events(door, name):
    """Only what is known of the notification itself differs."""
    expected = DOORS["sns"](EVENTS[name])
    found = DOORS[door](EVENTS[name])

    assert len(expected) >= 1
    assert [{**event.to_dict(), "event_id": None, "received_at": None} for event in expected] == [
        {**event.to_dict(), "event_id": None, "received_at": None} for event in found
    ]
    assert all(event.dedupe_key for event in found)
    assert EVENTS[name] == found[0].esp_event


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("door", [door for door in DOORS if door not in OVER_HTTP])
def test_events_keep_what_brought_them(door, name):
    """What was read, as SNS would have posted it: the same events come of it again."""
    found = DOORS[door](EVENTS[name])
    (kept,) = {event.notification for event in found}

    assert [event.dedupe_key for event in found] == [
        event.dedupe_key for event in parse_events("ses", kept)
    ]


@pytest.mark.parametrize("changes", [{"detail-type": "AWS Event via CloudTrail"}, {}])
def test_events_with_a_message_are_no_calls(changes):
    """Whatever an envelope or the event is called besides."""
    event = {**EVENTS["click"], "eventSource": "ses.amazonaws.com"}

    assert 1 == len(events_from_eventbridge(in_eventbridge(event, **changes)))
    assert 1 == len(events_from_lambda({**EVENTS["click"], "detail-type": "x"}))


def test_a_function_keeps_what_sns_posts():
    """With the names that SNS has, and without the Subject that Lambda makes up."""
    signed = envelope(EVENTS["click"], UnsubscribeURL="https://sns.example/")
    (event,) = events_from_lambda(in_lambda(signed))

    assert {**signed, "MessageAttributes": {}} == json.loads(event.notification.body)


def test_what_json_does_not_have_is_kept_as_text():
    """A program that hands events on may have read the time in them."""
    moment = datetime(2026, 11, 20, tzinfo=timezone.utc)
    (event,) = events_from_eventbridge(in_eventbridge(EVENTS["click"], time=moment))

    assert str(moment) == json.loads(event.notification.body)["time"]


def test_texts_are_kept_as_they_were():
    """Byte for byte, for what came as text."""
    text = f" {json.dumps(envelope(EVENTS['click']), indent=1)}\n"
    (event,) = events_from_sqs_message(in_sqs(text))

    assert text.encode() == event.notification.body
    text_type = {"content-type": "text/plain; charset=UTF-8"}
    assert ("POST", text_type) == (event.notification.method, event.notification.headers)
    (event,) = events_from_sqs_message(in_sqs(json.dumps(EVENTS["click"])))
    assert {**text_type, "x-amz-sns-rawdelivery": "true"} == event.notification.headers


@pytest.mark.parametrize(
    ("door", "event_id", "received_at"),
    [
        ("sns-sqs", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "2026-11-20T09:15:06.001000+00:00"),
        ("sns-sqs-raw", "sqs-1", "2026-11-20T09:15:06.001000+00:00"),
        ("sqs-lambda-raw", "sqs-0", "2026-11-20T09:15:06.001000+00:00"),
        ("sns-lambda", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "2026-11-20T09:15:06.001000+00:00"),
        ("eventbridge", "eb-1", "2026-11-20T09:15:04+00:00"),
        ("sns-raw", "raw-1", None),
        ("firehose", None, None),
    ],
)
def test_what_is_known_of_the_notification(door, event_id, received_at):
    """Its id and when it was made, as far as the door tells."""
    event = DOORS[door](EVENTS["click"])[0].to_dict()

    assert (event_id, received_at) == (event["event_id"], event["received_at"])


@pytest.mark.parametrize("value", [None, 5, ["a"], {"a": "b"}])
def test_ids_and_times_that_are_none(value):
    """Whatever brings an event may say so in another type; what stands for both is None then."""
    found = [
        *parse_events("ses", posted(EVENTS["click"], MessageId=value, Timestamp=value)),
        *events_from_eventbridge(in_eventbridge(EVENTS["click"], id=value, time=value)),
        *events_from_sqs_message({"MessageId": value, "Body": LINES[1], "Attributes": value}),
        *events_from_sqs_message(
            {"Body": LINES[1], "Attributes": {"SentTimestamp": value, "other": "1"}}
        ),
    ]

    assert [(None, None)] * 4 == [(event.event_id, event.received_at) for event in found]


@pytest.mark.parametrize("sent", ["", "-1", "1.5", "x", "1" * 16, "9" * 400, "9" * 5000])
def test_times_of_a_queue_that_are_none(sent):
    """What is no number of milliseconds, or beyond all years, is no time."""
    (event,) = events_from_sqs_message({"body": LINES[1], "attributes": {"SentTimestamp": sent}})

    assert event.received_at is None


def test_receipt_rules_that_invoke_a_function():
    """The Lambda action of SES brings mail and receipt without their type."""
    received = EVENTS["received"]
    record = {
        "eventSource": "aws:ses",
        "eventVersion": "1.0",
        "ses": {"mail": received["mail"], "receipt": received["receipt"]},
    }

    (event,) = events_from_lambda({"Records": [record]})
    assert DOORS["sns"](received)[0].dedupe_key == event.dedupe_key


def test_messages_that_carry_no_events(caplog):
    """What SES and SNS say about the topic itself, and EventBridge about the account."""
    setup = "Successfully validated SNS topic for Amazon SES event publishing."
    confirmation = {"Type": "SubscriptionConfirmation", "TopicArn": TOPIC_ARN, "Token": "s3cret"}
    status = in_eventbridge({"status": "x"}, **{"detail-type": "Sending Status Enabled"})

    assert () == events_from_sqs_message(in_sqs(setup))
    assert () == events_from_sqs_message(in_sqs(json.dumps({**envelope({}), "Message": setup})))
    assert () == events_from_sqs_message(in_sqs(json.dumps(confirmation)))
    call = in_eventbridge(
        {"eventSource": "ses.amazonaws.com", "eventType": "AwsApiCall"},
        **{"detail-type": "AWS API Call via CloudTrail"},
    )
    assert () == events_from_eventbridge(status)
    assert () == events_from_eventbridge(call)
    assert () == events_from_eventbridge({**call, "detail-type": "AWS API Call"})
    assert () == events_from_eventbridge({**call, "detail": {"eventType": "AwsApiCall"}})
    assert () == events_from_sqs_message(in_sqs(json.dumps(envelope(call))))
    assert () == parse_events("ses", posted(call))
    assert () == parse_events("ses", posted(status))
    assert () == events_from_lambda({"Records": []})
    assert "about a subscription" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "call",
    [
        lambda: events_from_sqs_message({}),
        lambda: events_from_sqs_message({"Body": None}),
        lambda: events_from_sqs_message(in_sqs("")),
        lambda: events_from_sqs_message(in_sqs("junk")),
        lambda: events_from_sqs_message(in_sqs("[]")),
        lambda: events_from_sqs_message(in_sqs('{"eventType": "Send"')),
        lambda: events_from_sqs_message(in_sqs('{"a": ' * 5000)),
        lambda: events_from_sqs_message(in_sqs(json.dumps(envelope({}, Message=5)))),
        lambda: events_from_lambda(in_lambda(envelope({}, Message="junk"))),
        lambda: events_from_lambda(in_lambda(envelope(in_eventbridge({}, source="evil.ses")))),
        lambda: events_from_lambda(in_lambda(envelope({}, Message=5))),
        lambda: events_from_lambda({"Records": {}}),
        lambda: events_from_lambda({"records": []}),
        lambda: events_from_lambda({"Records": [None]}),
        lambda: events_from_lambda({"Records": [{"data": in_base64(EVENTS["click"])}]}),
        lambda: events_from_lambda({"Records": [{"eventSource": "aws:s3"}]}),
        lambda: events_from_lambda({"Records": [{"EventSource": "aws:sns", "Sns": "x"}]}),
        lambda: events_from_sqs_message(None),
        lambda: events_from_sqs_message("text"),
        lambda: events_from_sqs_message(in_sqs('{"Event": "s3:TestEvent"}')),
        lambda: events_from_lambda(None),
        lambda: events_from_lambda(5),
        lambda: events_from_lambda("text"),
        lambda: events_from_lambda({}),
        lambda: events_from_lambda({"key1": "value1"}),
        lambda: events_from_lambda({"requestContext": {"http": {}}, "rawPath": "/"}),
        lambda: events_from_lambda(in_eventbridge({}, source="aws.events")),
        lambda: events_from_lambda([None]),
        lambda: events_from_lambda([5]),
        lambda: events_from_lambda([{"eventSource": "aws:dynamodb"}]),
        lambda: events_from_lambda({"Records": [{"eventSource": "aws:kinesis", "kinesis": 5}]}),
        lambda: events_from_lambda([{"eventSource": "aws:kinesis", "data": "%"}]),
        lambda: events_from_lambda({"deliveryStreamArn": "arn", "records": 5}),
        lambda: events_from_eventbridge([]),
        lambda: events_from_eventbridge({}),
        lambda: events_from_eventbridge(in_eventbridge({}, source="evil.ses")),
        lambda: events_from_eventbridge(in_eventbridge([])),
    ],
)
def test_what_nobody_sends(call):
    """It is a typed error that names the provider."""
    with pytest.raises(MalformedWebhook) as caught:
        call()

    assert "ses" == caught.value.provider
    assert len(str(caught.value)) > len("None")


def test_requests_are_the_work_of_another():
    """Whoever took the wrong function is told which is the right one."""
    hint = "an HTTP request is the work of http_handler"
    texts = []
    for event in ({"requestContext": {}}, {"a": 1}):
        with pytest.raises(MalformedWebhook) as caught:
            events_from_lambda(event)
        texts.append(str(caught.value))

    assert [f"{texts[1]}: {hint}", "this is neither"] == [texts[0], texts[1][:15]]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
keys = st.sampled_from(
    ["Type", "TopicArn", "Message", "detail-type", "source", "detail", "eventType", "mail"]
)


@given(st.dictionaries(keys, json_values | st.sampled_from(["Notification", "aws.ses"])))
def test_wrong_types_at_every_place(fields):
    """Events or a typed error, whatever is where."""
    for call in (
        lambda: events_from_sqs_message(in_sqs(json.dumps(fields))),
        lambda: events_from_lambda({"Records": [{"EventSource": "aws:sns", "Sns": fields}]}),
        lambda: events_from_lambda(fields),
        lambda: list(events_from_lines(json.dumps(fields))),
    ):
        try:
            events = call()
        except WebhookError:
            continue
        assert all(event.provider == "ses" for event in events)


# --- signatures


@pytest.fixture
def ses(answers, sns_key):
    """A provider that trusts our topic, with a transport that knows its certificate."""
    provider = get_provider("ses", topic_arns=[TOPIC_ARN], region_name="eu-west-1")
    transport = answers(*[sns_key.pem] * 5)
    provider.create_transport = lambda: transport
    return provider


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["Amazon SES Email Event Notification", None])
def test_signatures_survive_lambda_and_sqs(fields, sns_key, ses, version, subject):
    """Lambda renames fields and writes null for an absent subject: verifiable all the same."""
    message = json.dumps(EVENTS["bounce"])
    signed = sns_key.sign(fields(Message=message, SignatureVersion=version, Subject=subject))

    assert 2 == len(events_from_lambda(in_lambda(signed), verify=ses))
    assert 2 == len(events_from_sqs_message(in_sqs(json.dumps(signed)), verify=ses))
    assert 4 == len(events_from_lambda(in_sqs_in_lambda(*[json.dumps(signed)] * 2), verify=ses))


@pytest.mark.parametrize(
    "forge",
    [
        lambda signed: in_lambda({**signed, "Message": json.dumps(EVENTS["click"])}),
        lambda signed: in_lambda({**signed, "TopicArn": TOPIC_ARN + "2"}),
        lambda signed: in_lambda({**signed, "Subject": "other"}),
        lambda signed: in_sqs_in_lambda(json.dumps({**signed, "Timestamp": "2026"})),
        lambda signed: in_sqs_in_lambda(json.dumps(EVENTS["bounce"])),
        lambda signed: in_sqs_in_lambda(json.dumps(in_eventbridge(EVENTS["bounce"]))),
        lambda signed: in_sqs_in_lambda("Successfully validated SNS topic"),
        lambda signed: in_eventbridge(EVENTS["bounce"]),
        lambda signed: EVENTS["bounce"],
        lambda signed: {"Records": [{"eventSource": "aws:ses", "ses": {}}]},
    ],
)
def test_what_is_not_signed_is_refused(forge, fields, sns_key, ses):
    """With `verify`, nothing else is believed."""
    signed = sns_key.sign(fields(Message=json.dumps(EVENTS["bounce"])))

    with pytest.raises(WebhookRejected) as caught:
        events_from_lambda(forge(signed), verify=ses)

    assert "ses" == caught.value.provider


# --- lines


LINES = [json.dumps(event) for event in EVENTS.values()]


@pytest.mark.parametrize(
    "written",
    [
        "\n".join(LINES),
        "\n".join(LINES).encode() + b"\n",
        "".join(LINES),
        " ".join(LINES) + "\r\n\r\n",
        io.BytesIO("\n".join(LINES).encode()),
        io.StringIO("\n".join(LINES)),
        LINES,
    ],
    ids=["text", "bytes", "no line breaks", "spaces", "binary file", "text file", "lines"],
)
def test_files_of_firehose(written):
    """With line breaks and without, text and bytes, as a whole and line by line."""
    expected = [event for each in EVENTS.values() for event in DOORS["sns"](each)]

    assert [event.dedupe_key for event in expected] == [
        event.dedupe_key for event in events_from_lines(written)
    ]


def test_lines_that_cannot_be_read():
    """The first one ends it, unless it is asked for; the error says where it is."""
    written = "\n".join([LINES[0], "{broken", LINES[1], "[]", LINES[2]]).encode() + b"\n\xff"
    numbers = []
    events = list(events_from_lines(written, on_malformed=lambda n, error: numbers.append(n)))

    assert (4, [2, 4, 6]) == (len(events), numbers)
    numbers.clear()
    text = written[:-2].decode()
    events = list(events_from_lines(text, on_malformed=lambda *told: numbers.append(told)))
    assert (4, [2, 4]) == (len(events), [number for number, _ in numbers])
    assert {("ses", MalformedWebhook)} == {(each.provider, type(each)) for _, each in numbers}
    with pytest.raises(MalformedWebhook, match="line 2") as caught:
        list(events_from_lines(written))
    assert "ses" == caught.value.provider
    with pytest.raises(MalformedWebhook, match="line 1: body is not JSON"):
        list(events_from_lines(['{"a": NaN}']))


def test_lines_are_read_one_at_a_time():
    """A file of any size fits."""
    pulled = []

    def lines():
        for line in LINES:
            pulled.append(line)
            yield line

    next(events_from_lines(lines()))
    assert 1 == len(pulled)


RECEIPT = {"eventSource": "aws:ses", "ses": {"mail": MAIL, "receipt": {}}}
IN_RECORDS = [
    *in_lambda(envelope(EVENTS["click"]))["Records"],
    *in_sqs_in_lambda(json.dumps(EVENTS["click"]))["Records"],
    RECEIPT,
    {"eventSource": "aws:kinesis", "kinesis": {"data": in_base64(EVENTS["click"])}},
]


@pytest.mark.parametrize(
    "read",
    [
        lambda name: events_from_lines(LINES[1], provider=name),
        lambda name: events_from_sqs_message(in_sqs(LINES[1]), provider=name),
        lambda name: events_from_eventbridge(in_eventbridge(EVENTS["click"]), provider=name),
        lambda name: events_from_lambda({"Records": IN_RECORDS}, provider=name),
        lambda name: events_from_lambda([EVENTS["click"], LINES[1]], provider=name),
        lambda name: events_from_lambda(in_eventbridge(EVENTS["click"]), provider=name),
        lambda name: events_from_lambda(EVENTS["click"], provider=name),
        lambda name: events_from_lambda(LINES[1], provider=name),
    ],
)
def test_other_names_of_the_provider(read):
    """Events say what they were asked to say."""
    events = list(read("ses-eu"))

    assert events
    assert {("ses-eu", "ses-eu")} == {
        (event.provider, event.dedupe_key.partition(":")[0]) for event in events
    }


# --- raw delivery and secrets over HTTP


def authorization(secret):
    """The header that SNS sends for an endpoint with a user and a password."""
    return {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}


RAW = {"x-amz-sns-rawdelivery": "true", "x-amz-sns-topic-arn": TOPIC_ARN}
SIGNED = object()


@pytest.mark.parametrize(
    ("options", "headers", "expected"),
    [
        # Case 69: no Authorization and wrong credentials.
        ({"webhook_secrets": ["a:b"]}, RAW, 401),
        ({"webhook_secrets": ["a:b"]}, {**RAW, **authorization("a:c")}, 401),
        ({"webhook_secrets": ["a:b"], "topic_arns": [TOPIC_ARN]}, SIGNED, 401),
        # Case 134: raw message delivery.
        ({"topic_arns": [TOPIC_ARN]}, RAW, 403),
        ({"topic_arns": [TOPIC_ARN]}, {**RAW, **authorization("a:b")}, 403),
        ({"webhook_secrets": ["a:b"]}, {**RAW, **authorization("a:b")}, "basic-auth"),
        ({"webhook_secrets": ["a:z", "a:b"]}, {**RAW, **authorization("a:b")}, "basic-auth"),
        (
            {"webhook_secrets": ["a:b"], "topic_arns": [TOPIC_ARN]},
            {**RAW, **authorization("a:b")},
            "basic-auth",
        ),
        (
            {"webhook_secrets": ["a:b"], "topic_arns": [TOPIC_ARN + "-other"]},
            {**RAW, **authorization("a:b")},
            403,
        ),
        (
            {"webhook_secrets": ["a:b"], "topic_arns": [TOPIC_ARN]},
            {"x-amz-sns-rawdelivery": "true", **authorization("a:b")},
            403,
        ),
        (
            {"webhook_secrets": ["a:b"], "topic_arns": [TOPIC_ARN]},
            {"x-amz-sns-rawdelivery": "TRUE", **authorization("a:b")},
            403,
        ),
    ],
)
def test_secrets(options, headers, expected, fields, sns_key, post):
    """A secret proves what has no signature; it never replaces a signature that is asked for."""
    from mailcore.flow import run

    provider = get_provider("ses", region_name="eu-west-1", **options)
    if headers is SIGNED:
        request = post(sns_key.sign(fields()))
    else:
        request = WebhookRequest("POST", headers, json.dumps(EVENTS["bounce"]).encode())

    if isinstance(expected, str):
        assert expected == run(provider.verify_webhook(request)).verified_by
        assert 2 == len(provider.parse_webhook(request))
        return
    with pytest.raises(WebhookRejected) as caught:
        run(provider.verify_webhook(request))
    response = caught.value.response
    assert (expected, "ses") == (response.status_code, caught.value.provider)
    assert (expected == 401) == ("www-authenticate" in response.headers)


def test_secret_and_signature_together(fields, sns_key, post, answers):
    """With both, both are checked; the secret first, before anything is fetched."""
    from mailcore.flow import run

    def verify(provider, request, transport):
        return run(provider.verify_webhook(request), transport).verified_by

    provider = get_provider(
        "ses", topic_arns=[TOPIC_ARN], webhook_secrets=["a:b"], region_name="eu-west-1"
    )
    signed = sns_key.sign(fields())
    forged = {**signed, "Message": "{}"}
    header = authorization("a:b")

    assert "sns-signature-2" == verify(provider, post(signed, **header), answers(sns_key.pem))
    with pytest.raises(WebhookRejected, match="signature"):
        verify(provider, post(forged, **header), answers(sns_key.pem))
    untouched = answers()
    with pytest.raises(WebhookRejected, match="credentials"):
        verify(provider, post(signed, **authorization("a:x")), untouched)
    assert [] == untouched.requests


def test_secret_alone(fields, sns_key, post, answers):
    """Without topics the secret proves events, but never confirms a subscription."""
    from mailcore.flow import run

    provider = get_provider("ses", webhook_secrets=["a:b"], region_name="eu-west-1")
    header = authorization("a:b")
    notification = post(sns_key.sign(fields()), **header)
    confirmation = post(sns_key.sign(fields("SubscriptionConfirmation")), **header)

    assert "basic-auth" == run(provider.verify_webhook(notification), answers()).verified_by
    with pytest.raises(WebhookRejected, match="no topic is trusted"):
        run(provider.verify_webhook(confirmation), answers())


def test_secrets_stay_out_of_sight():
    """Neither the provider nor a wrong secret is shown."""
    provider = get_provider("ses", webhook_secrets=["ada:open sesame"], region_name="eu-west-1")

    assert "sesame" not in repr(provider)
    assert "sesame" not in repr(vars(provider))
    assert "2 secrets" in repr(BasicAuth(["a:b", "c:d"]))


def test_raw_deliveries_that_are_not_utf_8():
    """Case 132: a typed error."""
    provider = get_provider("ses", webhook_secrets=["a:b"], region_name="eu-west-1")
    request = WebhookRequest("POST", {**RAW, **authorization("a:b")}, b"\xff")

    with pytest.raises(MalformedWebhook, match="UTF-8") as caught:
        provider.parse_webhook(request)

    assert "ses" == caught.value.provider


def test_requests_through_function_urls_are_verified(fields, sns_key, answers, ses):
    """A function URL changes neither headers nor body."""
    from mailcore.flow import run

    signed = sns_key.sign(fields(Message=json.dumps(EVENTS["bounce"])))
    event = {
        "requestContext": {"http": {"method": "POST", "sourceIp": "203.0.113.7"}},
        "headers": {"x-amz-sns-message-type": "Notification", "host": "x"},
        "rawPath": "/",
        "body": base64.b64encode(json.dumps(signed).encode()).decode(),
        "isBase64Encoded": True,
    }

    verdict = run(ses.verify_webhook(webhook_request(event)), ses.create_transport())
    assert "sns-signature-2" == verdict.verified_by
