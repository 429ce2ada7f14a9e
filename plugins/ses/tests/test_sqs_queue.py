"""A queue: the calls of SQS, and what is made of its answers."""

from __future__ import annotations

import json

import pytest

from mailcore import UnexpectedResponse
from mailcore_ses.aws import AwsResponse
from mailcore_ses.intake.sqs_queue import MessageFailure, QueueError, QueueMessage, SqsQueue


QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"
MESSAGES = [QueueMessage(message_id=f"m{n}", receipt_handle=f"handle-{n}") for n in range(12)]


class Answers:
    """A transport that answers by a script, and holds every call against the model of SQS."""

    def __init__(self, valid, *answers):
        self.valid = valid
        self.answers = list(answers)
        self.calls = []

    def exchange(self, call):
        assert ("sqs", QUEUE_URL) == (call.service, call.params["QueueUrl"])
        self.calls.append((self.valid(call).operation, call.params))
        answer = self.answers.pop(0)
        if isinstance(answer, AwsResponse):
            return answer
        return AwsResponse(status_code=200, body=answer)


@pytest.fixture
def ask(valid):
    """Make a queue that answers so, and ask it; what it says, and the calls."""

    def ask(use, *answers):
        transport = Answers(valid, *answers)
        return use(SqsQueue(QUEUE_URL, transport)), transport.calls

    return ask


def receive(queue):
    """Receive once."""
    return queue.receive(max_messages=10, wait_seconds=1, visibility_timeout_seconds=30)


@pytest.mark.parametrize(
    ("attributes", "count"),
    [
        ({"ApproximateReceiveCount": "3", "SentTimestamp": "1764493704318"}, 3),
        ({"ApproximateReceiveCount": "x"}, 1),
        ({"ApproximateReceiveCount": "1234567890"}, 1),
        ({"ApproximateReceiveCount": 3}, 1),
        ({}, 1),
        (["ApproximateReceiveCount"], 1),
    ],
)
def test_what_is_received(attributes, count, ask):
    """Messages with their ids, and how often they came, as far as that can be read."""
    fields = {"MessageId": "m", "ReceiptHandle": "h", "Body": "b", "Attributes": attributes}
    (message,), _ = ask(receive, {"Messages": [fields]})

    assert message == QueueMessage(
        message_id="m", receipt_handle="h", receive_count=count, fields=fields
    )


@pytest.mark.parametrize(
    ("use", "operation", "own"),
    [
        (lambda queue: queue.delete(MESSAGES), "DeleteMessageBatch", {}),
        (
            lambda queue: queue.set_visibility(MESSAGES, 90),
            "ChangeMessageVisibilityBatch",
            {"VisibilityTimeout": 90},
        ),
    ],
    ids=["delete", "hide"],
)
def test_several_messages(use, operation, own, ask):
    """Ten in a call; who failed is told by receipt, and whether SQS is to blame."""
    first = [
        {"Id": "9", "Code": "InternalError", "SenderFault": False, "Message": "x"},
        {"Id": "0", "Code": "ReceiptHandleIsInvalid", "SenderFault": True},
    ]
    failed, calls = ask(use, {"Failed": first}, {"Failed": [{"Id": "1"}]})

    assert {
        "handle-9": MessageFailure(code="InternalError", is_final=False),
        "handle-0": MessageFailure(code="ReceiptHandleIsInvalid", is_final=True),
        "handle-11": MessageFailure(code="Unknown", is_final=True),
    } == failed
    assert [operation] * 2 == [name for name, _ in calls]
    assert [{"Id": str(n % 10), "ReceiptHandle": f"handle-{n}", **own} for n in range(12)] == [
        entry for _, params in calls for entry in params["Entries"]
    ]


POLICY = {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:dead", "maxReceiveCount": 5}


@pytest.mark.parametrize(
    ("body", "has_one"),
    [
        ({"Attributes": {"RedrivePolicy": json.dumps(POLICY)}}, True),
        (
            {"Attributes": {"RedrivePolicy": json.dumps({**POLICY, "deadLetterTargetArn": ""})}},
            False,
        ),
        ({"Attributes": {"RedrivePolicy": ""}}, False),
        ({"Attributes": {}}, False),
        ({}, False),
    ],
)
def test_dead_letter_queue(body, has_one, ask):
    """It is named by the queue's redrive policy."""
    found, calls = ask(SqsQueue.has_dead_letter_queue, body)

    assert has_one is found
    assert ["RedrivePolicy"] == calls[0][1]["AttributeNames"]


@pytest.mark.parametrize(
    ("use", "body", "told"),
    [
        (receive, {"Messages": 5}, "SQS's answer has an unreadable Messages"),
        (
            SqsQueue.has_dead_letter_queue,
            {"Attributes": {"RedrivePolicy": "x"}},
            "SQS's answer to GetQueueAttributes has an unreadable RedrivePolicy",
        ),
        (
            lambda queue: queue.delete(MESSAGES[:1]),
            {"Failed": [{"Id": "1"}]},
            "SQS's answer to DeleteMessageBatch has an unreadable Failed",
        ),
    ],
    ids=["receive", "policy", "delete"],
)
def test_answers_that_cannot_be_read(use, body, told, ask):
    """They say which answer, and what of it."""
    with pytest.raises(UnexpectedResponse) as caught:
        ask(use, body)

    assert told == str(caught.value)


@pytest.mark.parametrize(
    ("status_code", "error_code", "code", "is_final"),
    [
        (400, "AWS.SimpleQueueService.NonExistentQueue", None, True),
        (403, "AccessDenied", None, True),
        (401, "", "401", True),
        (404, "", "404", True),
        (403, "ExpiredToken", None, False),
        (400, "KmsThrottled", None, False),
        (429, "", "429", False),
        (500, "InternalError", None, False),
    ],
)
def test_refusals(status_code, error_code, code, is_final, ask):
    """They name the operation and AWS's code, or the status where there is none."""
    with pytest.raises(QueueError) as caught:
        ask(receive, AwsResponse(status_code=status_code, error_code=error_code))

    assert f"SQS refused ReceiveMessage: {code or error_code}" == str(caught.value)
    assert (code or error_code, is_final) == (caught.value.code, caught.value.is_final)
