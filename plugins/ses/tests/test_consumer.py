"""The SQS consumer: against a queue in memory that is made to fail, and against moto."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import boto3
import pytest

from moto.server import ThreadedMotoServer

from mailcore import ConfigurationError, NetworkError, Registry, get_provider, hookimpl
from mailcore.cli import main
from mailcore.errors import AuthenticationFailed, MessageRejected
from mailcore.webhook import MemorySeenStore
from mailcore_ses.aws import AwsResponse
from mailcore_ses.intake.consumer import ConsumerOptions, ConsumerStats, SqsConsumer, consume
from mailcore_ses.intake.sqs_queue import QueueMessage, SqsQueue, open_queue


QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"
DEADLINE_SECONDS = 30


def delivery(*recipients, message_id="m-1"):
    """An SES event as text."""
    return json.dumps(
        {
            "eventType": "Delivery",
            "mail": {"messageId": message_id, "destination": list(recipients)},
            "delivery": {
                "timestamp": "2026-11-20T09:15:04.318Z",
                "recipients": list(recipients),
            },
        }
    )


@pytest.fixture
def soon(monkeypatch):
    """What is tried again after half a second is tried again after a moment."""
    monkeypatch.setattr("mailcore_ses.intake.keeper.RETRY_SECONDS", 0.02)
    monkeypatch.setattr("mailcore_ses.intake.consumer._FIRST_PAUSE_SECONDS", 0.02)


class Sqs:
    """A transport to a queue in memory; `faults` are raised or returned instead of answers."""

    def __init__(self, *bodies, faults=()):
        self.changed = threading.Condition()
        self.visible = [
            {"MessageId": f"id-{i}", "Body": body, "Attributes": {}}
            for i, body in enumerate(bodies)
        ]
        self.handles = itertools.count()
        self.hidden = {}
        self.deleted = []
        self.calls = []
        self.faults = list(faults)

    def exchange(self, call):
        assert QUEUE_URL == call.params["QueueUrl"]
        with self.changed:
            self.calls.append((call.operation, call.params))
            self.changed.notify_all()
            for number, (operation, fault) in enumerate(self.faults):
                if operation == call.operation:
                    del self.faults[number]
                    if isinstance(fault, BaseException):
                        raise fault
                    return fault
            return AwsResponse(status_code=200, body=getattr(self, call.operation)(call.params))

    def GetQueueAttributes(self, params):  # noqa: N802  # AWS's name
        return {}

    def ReceiveMessage(self, params):  # noqa: N802  # AWS's name
        # Even a queue that is asked not to wait takes a moment.
        self.changed.wait_for(lambda: self.visible, 0.05 if params["WaitTimeSeconds"] else 0.01)
        count = params["MaxNumberOfMessages"]
        taken, self.visible = self.visible[:count], self.visible[count:]
        for fields in taken:
            fields["ReceiptHandle"] = f"handle-{next(self.handles)}"
            self.hidden[fields["ReceiptHandle"]] = fields
        return {"Messages": taken} if taken else {}

    def DeleteMessageBatch(self, params):  # noqa: N802  # AWS's name
        for entry in params["Entries"]:
            self.deleted.append(self.hidden.pop(entry["ReceiptHandle"])["MessageId"])
        return {"Successful": []}

    def ChangeMessageVisibilityBatch(self, params):  # noqa: N802  # AWS's name
        for entry in params["Entries"]:
            if entry["VisibilityTimeout"] == 0:
                self.visible.append(self.hidden.pop(entry["ReceiptHandle"]))
        return {"Successful": []}

    def close(self):
        pass

    def wait_for(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, DEADLINE_SECONDS)


class Running:
    """A consumer in a thread."""

    def __init__(self, sqs, handler, **options):
        others = {name: options.pop(name) for name in ("seen", "verify") if name in options}
        chosen = ConsumerOptions(**{"wait_seconds": 0, **options})
        registry = Registry(autoload=False)
        self.consumer = SqsConsumer(
            SqsQueue(QUEUE_URL, sqs), handler, chosen, registry=registry, **others
        )
        self.outcome = None
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            self.outcome = self.consumer.run()
        except BaseException as error:
            self.outcome = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.consumer.stop()
        self.thread.join(DEADLINE_SECONDS)
        assert not self.thread.is_alive()


def test_events_are_handled_and_messages_deleted():
    """Each recipient is an event; a message is deleted once all of its events are done."""
    sqs = Sqs(*[delivery(f"{i}a@x.org", f"{i}b@x.org") for i in range(25)])
    recipients = []

    with Running(sqs, lambda event: recipients.append(event.recipient)) as running:
        sqs.wait_for(lambda: len(sqs.deleted) == 25)

    assert sorted(f"{i}{c}@x.org" for i in range(25) for c in "ab") == sorted(recipients)
    assert ConsumerStats(received=25, handled=25, events=50, deleted=25) == running.outcome


def test_calls_as_aws_takes_them():
    """Long polling with a visibility timeout, and deletions in batches."""
    sqs = Sqs(*[delivery("a@x.org") for _ in range(10)])
    with Running(sqs, lambda event: None, workers=1, visibility_timeout_seconds=90, wait_seconds=7):
        sqs.wait_for(lambda: len(sqs.deleted) == 10)

    received = [params for operation, params in sqs.calls if operation == "ReceiveMessage"]
    deletions = [params for operation, params in sqs.calls if operation == "DeleteMessageBatch"]
    assert {
        "QueueUrl": QUEUE_URL,
        "MaxNumberOfMessages": 10,
        "WaitTimeSeconds": 7,
        "VisibilityTimeout": 90,
        "MessageSystemAttributeNames": ["ApproximateReceiveCount", "SentTimestamp"],
    } == received[0]
    assert len(deletions) < 10


def test_coroutine_functions():
    """They run at the same time, in one loop."""
    sqs = Sqs(*[delivery("a@x.org") for _ in range(4)])
    loops, together, all_began = set(), [], asyncio.Event()

    async def on_event(event):
        loops.add(id(asyncio.get_running_loop()))
        together.append(event)
        if len(together) == 4:
            all_began.set()
        await all_began.wait()

    with Running(sqs, on_event, workers=4):
        sqs.wait_for(lambda: len(sqs.deleted) == 4)

    assert 1 == len(loops)


def test_failures_are_left_to_the_queue(caplog):
    """They are neither deleted nor given back at once; the others go on."""
    sqs = Sqs(delivery("bad@x.org"), delivery("good@x.org"))

    def on_event(event):
        if event.recipient == "bad@x.org":
            raise RuntimeError("database is down")

    with Running(sqs, on_event) as running:
        sqs.wait_for(lambda: sqs.deleted == ["id-1"] and running.consumer.stats.failed)

    assert ["id-0"] == [fields["MessageId"] for fields in sqs.hidden.values()]
    assert (1, 1) == (running.outcome.failed, running.outcome.handled)
    assert "database is down" in caplog.text


@pytest.mark.parametrize(
    "body", ["", "[]", "5", "junk", '{"a": NaN}', "[" * 5000, '{"Type":1,"TopicArn":2}']
)
def test_what_cannot_be_read_is_left_to_the_queue(body, caplog):
    """For the dead-letter queue; nothing of it is logged, and nobody dies of it."""
    sqs = Sqs(body, delivery("good@x.org"))
    with Running(sqs, lambda event: None) as running:
        # Another worker may be done with the second before the first is looked at.
        sqs.wait_for(
            lambda: (
                "id-1" in sqs.deleted
                and ("id-0" in sqs.deleted or running.consumer.stats.unreadable)
            )
        )

    if body.startswith('{"Type"'):
        # It is about a subscription, as far as can be told: nothing to do.
        assert ["id-0", "id-1"] == sorted(sqs.deleted)
        return
    assert (1, 1) == (running.outcome.unreadable, running.outcome.handled)
    assert ["id-1"] == sqs.deleted


@pytest.mark.slow
def test_visibility_is_extended_while_a_handler_runs():
    """And no longer once it is done."""
    sqs = Sqs(delivery("a@x.org"))
    extended = threading.Event()

    def extensions():
        return [
            (entry["ReceiptHandle"], entry["VisibilityTimeout"])
            for operation, params in sqs.calls
            if operation == "ChangeMessageVisibilityBatch"
            for entry in params["Entries"]
        ]

    with Running(sqs, lambda e: extended.wait(DEADLINE_SECONDS), visibility_timeout_seconds=1):
        sqs.wait_for(lambda: len(extensions()) >= 3)
        assert [] == sqs.deleted
        extended.set()
        sqs.wait_for(lambda: sqs.deleted)

    assert {("handle-0", 1)} == set(extensions())
    assert (
        "DeleteMessageBatch"
        == [operation for operation, _ in sqs.calls if operation != "ReceiveMessage"][-1]
    )


@pytest.mark.slow
def test_extensions_that_fail_are_tried_again(caplog):
    """The next one may work, before the message is anybody else's."""
    fault = AwsResponse(status_code=500, error_code="InternalError")
    operation = "ChangeMessageVisibilityBatch"
    sqs = Sqs(delivery("a@x.org"), faults=[(operation, fault)])
    extended = threading.Event()

    with Running(sqs, lambda e: extended.wait(DEADLINE_SECONDS), visibility_timeout_seconds=1):
        sqs.wait_for(lambda: [name for name, _ in sqs.calls].count(operation) >= 2)
        extended.set()
        sqs.wait_for(lambda: sqs.deleted)

    assert "cannot keep messages hidden, trying again" in caplog.text


def test_stopping():
    """What runs is finished and deleted; what waits is given back; nothing more is received."""
    sqs = Sqs(*[delivery("a@x.org") for _ in range(8)])
    begun, finish = threading.Event(), threading.Event()

    def on_event(event):
        begun.set()
        assert finish.wait(DEADLINE_SECONDS)

    with Running(sqs, on_event, workers=1, batch_size=4) as running:
        assert begun.wait(DEADLINE_SECONDS)
        # One that is handled, and as many as fit besides.
        sqs.wait_for(lambda: len(sqs.hidden) == 5)
        running.consumer.stop()
        assert running.consumer._stopping.wait(DEADLINE_SECONDS)
        finish.set()

    assert ConsumerStats(received=5, handled=1, events=1, deleted=1, released=4) == running.outcome
    assert ({}, 7) == (sqs.hidden, len(sqs.visible))


@pytest.mark.parametrize(
    ("fault", "released", "told"),
    [
        (NetworkError("no route"), 0, "cannot give messages back, they come again later"),
        (
            AwsResponse(status_code=500, error_code="InternalError"),
            0,
            "cannot give messages back, they come again later",
        ),
        (
            AwsResponse(status_code=200, body={"Failed": [{"Id": "1", "Code": "Gone"}]}),
            2,
            "cannot give a message back, it comes again later: Gone",
        ),
    ],
)
def test_what_cannot_be_given_back(fault, released, told, caplog):
    """It is told, and not counted: it comes again when it is no more hidden."""
    sqs = Sqs(*[delivery("a@x.org") for _ in range(4)])
    sqs.faults.append(("ChangeMessageVisibilityBatch", fault))
    begun, finish = threading.Event(), threading.Event()

    def on_event(event):
        begun.set()
        assert finish.wait(DEADLINE_SECONDS)

    with Running(sqs, on_event, workers=1, batch_size=4) as running:
        assert begun.wait(DEADLINE_SECONDS)
        sqs.wait_for(lambda: len(sqs.hidden) == 4)
        running.consumer.stop()
        assert running.consumer._stopping.wait(DEADLINE_SECONDS)
        finish.set()

    assert (1, released) == (running.outcome.handled, running.outcome.released)
    assert told in caplog.text


@pytest.mark.usefixtures("soon")
def test_deletions_that_fail_are_tried_again(caplog):
    """The message is held until then: handled once, not twice."""
    sqs = Sqs(
        delivery("a@x.org"),
        faults=[
            ("DeleteMessageBatch", NetworkError("connection lost")),
            ("DeleteMessageBatch", AwsResponse(status_code=503, error_code="ServiceUnavailable")),
        ],
    )
    seen = []
    with Running(sqs, seen.append) as running:
        sqs.wait_for(lambda: sqs.deleted)

    assert (1, 1) == (len(seen), running.outcome.deleted)
    assert 2 == caplog.text.count("cannot delete messages, trying again")


def test_receipts_that_are_too_old(caplog):
    """SQS forgets a message that it gave to somebody else: told, and not tried for ever."""
    answer = {"Failed": [{"Id": "0", "Code": "ReceiptHandleIsInvalid", "SenderFault": True}]}
    sqs = Sqs(
        delivery("a@x.org"),
        delivery("b@x.org"),
        faults=[("DeleteMessageBatch", AwsResponse(status_code=200, body=answer))],
    )
    with Running(sqs, lambda event: None, workers=1, batch_size=1) as running:
        sqs.wait_for(lambda: running.consumer.stats.handled == 2)

    assert running.outcome.deleted < 2
    assert "ReceiptHandleIsInvalid" in caplog.text


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "fault",
    [
        NetworkError("no route"),
        AwsResponse(status_code=500, error_code="InternalFailure"),
        AwsResponse(status_code=403, error_code="RequestThrottled"),
        AwsResponse(status_code=400, error_code="OverLimit"),
    ],
)
def test_outages_pass(fault, caplog):
    """A queue that does not answer is asked again, from the beginning on."""
    sqs = Sqs(delivery("a@x.org"), faults=[("ReceiveMessage", fault)])
    with Running(sqs, lambda event: None) as running:
        sqs.wait_for(lambda: sqs.deleted)

    assert 1 == running.outcome.handled
    assert "cannot receive, trying again" in caplog.text


@pytest.mark.parametrize(
    "fault",
    [
        AuthenticationFailed("no AWS credentials"),
        AuthenticationFailed("they have expired", retryable=True),
        MessageRejected("no region"),
        AwsResponse(status_code=400, error_code="AWS.SimpleQueueService.NonExistentQueue"),
        AwsResponse(status_code=403, error_code="AccessDenied"),
    ],
)
def test_queues_that_cannot_be_read(fault):
    """At the beginning that is a mistake in the set-up, and told at once."""
    sqs = Sqs(faults=[("ReceiveMessage", fault)])
    with Running(sqs, print) as running:
        running.thread.join(DEADLINE_SECONDS)

    assert isinstance(running.outcome, ConfigurationError)


@pytest.mark.usefixtures("soon")
def test_access_lost_on_the_way(caplog):
    """Once it has worked, the consumer waits until the operator is done."""
    denied = AwsResponse(status_code=403, error_code="AccessDenied")
    sqs = Sqs(delivery("a@x.org"))

    def on_event(event):
        sqs.faults.append(("ReceiveMessage", denied))
        sqs.visible.append({"MessageId": "id-9", "Body": "junk", "Attributes": {}})

    with Running(sqs, on_event) as running:
        # Before the handler was called, there is neither a fault nor a message left either.
        sqs.wait_for(lambda: running.consumer.stats.handled and not sqs.faults and not sqs.visible)

    assert isinstance(running.outcome, ConsumerStats)
    assert "AccessDenied" in caplog.text


def test_handlers_that_end_the_process():
    """SystemExit is no failure of an event: the consumer puts its work away and lets it out."""
    sqs = Sqs(delivery("a@x.org"))

    def on_event(event):
        raise SystemExit(3)

    with Running(sqs, on_event) as running:
        running.thread.join(DEADLINE_SECONDS)

    assert isinstance(running.outcome, SystemExit)
    assert [] == sqs.deleted


@pytest.mark.parametrize("operation", ["ReceiveMessage", "DeleteMessageBatch"])
def test_faults_that_nobody_thought_of(operation):
    """They end the consumer, rather than leave it running without its heart."""
    sqs = Sqs(delivery("a@x.org"), faults=[(operation, ZeroDivisionError())])
    with Running(sqs, lambda event: None) as running:
        running.thread.join(DEADLINE_SECONDS)

    assert isinstance(running.outcome, ZeroDivisionError)


def test_certificates_that_cannot_be_fetched(fields, sns_key, answers):
    """That passes: the message comes again and counts as failed."""
    ses = get_provider("ses", topic_arns=[fields()["TopicArn"]], region_name="eu-west-1")
    transport = answers(NetworkError("no route"))
    ses.create_transport = lambda: transport
    sqs = Sqs(json.dumps(sns_key.sign(fields())))
    with Running(sqs, print, verify=ses) as running:
        sqs.wait_for(lambda: running.consumer.stats.failed)

    assert (1, 0, []) == (running.outcome.failed, running.outcome.unreadable, sqs.deleted)


def test_repeated_messages_are_handled_once():
    """With a store, the second message of the same events is only deleted."""
    sqs = Sqs(delivery("a@x.org", "b@x.org"), delivery("a@x.org", "b@x.org"))
    seen = []
    with Running(sqs, seen.append, workers=1, seen=MemorySeenStore()) as running:
        sqs.wait_for(lambda: len(sqs.deleted) == 2)

    assert (2, 2, 2) == (len(seen), running.outcome.events, running.outcome.handled)


def test_signatures_are_checked_when_asked_for(fields, sns_key, answers):
    """Only what SNS signed for a trusted topic; the rest is left to the queue."""
    signed = sns_key.sign(fields(Message=delivery("good@x.org")))
    forged = {**signed, "Message": delivery("forged@x.org")}
    foreign = sns_key.sign(fields(TopicArn="arn:aws:sns:eu-west-1:999999999999:ses-events"))
    bodies = [json.dumps(forged), json.dumps(foreign), delivery("raw@x.org"), json.dumps(signed)]
    ses = get_provider("ses", topic_arns=[fields()["TopicArn"]], region_name="eu-west-1")
    transport = answers(*[sns_key.pem] * 10)
    ses.create_transport = lambda: transport
    recipients = []

    sqs = Sqs(*bodies)
    with Running(sqs, lambda e: recipients.append(e.recipient), verify=ses, workers=1) as running:
        sqs.wait_for(lambda: sqs.deleted == ["id-3"])

    assert ["good@x.org"] == recipients
    assert 3 == running.outcome.unreadable


def test_missing_dead_letter_queue(caplog):
    """Without one, a message that always fails comes for days: that is worth a warning."""
    with_one = Sqs()
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:dead"})
    with_one.GetQueueAttributes = lambda params: {"Attributes": {"RedrivePolicy": policy}}
    with Running(with_one, print):
        pass
    assert "no dead-letter queue" not in caplog.text

    with Running(Sqs(), print):
        pass
    assert 1 == caplog.text.count("no dead-letter queue")


def test_numbers_are_logged(caplog):
    """Every now and then, and at the end."""
    caplog.set_level(logging.INFO, "mailcore_ses.consumer")
    sqs = Sqs(delivery("a@x.org"))
    with Running(sqs, lambda event: None, stats_interval_seconds=0.01):
        sqs.wait_for(lambda: sqs.deleted and caplog.text.count("in flight") >= 2)

    assert "stopped: received 1, handled 1, events 1, failed 0" in caplog.text
    assert "stopping: stop() was called" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"workers": 0},
        {"workers": 1001},
        {"workers": True},
        {"workers": "4"},
        {"batch_size": 11},
        {"wait_seconds": 21},
        {"wait_seconds": -1},
        {"visibility_timeout_seconds": 0},
        {"visibility_timeout_seconds": 43_201},
        {"stats_interval_seconds": float("nan")},
        {"stats_interval_seconds": 86_401},
    ],
)
def test_options_out_of_range(wrong):
    """AWS's limits, and common sense."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        ConsumerOptions(**wrong)


@pytest.mark.parametrize(
    "extreme",
    [
        {"workers": 1, "batch_size": 1, "wait_seconds": 0, "visibility_timeout_seconds": 1},
        {"workers": 1000, "batch_size": 10, "wait_seconds": 20},
        {"visibility_timeout_seconds": 43_200, "stats_interval_seconds": 86_400},
    ],
)
def test_options_at_their_limits(extreme):
    """They are taken."""
    options = ConsumerOptions(**extreme)

    assert extreme == {name: getattr(options, name) for name in extreme}


@pytest.mark.parametrize(
    ("url", "region", "endpoint"),
    [
        (QUEUE_URL, "eu-west-1", None),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1", None),
        ("https://eu-west-1.queue.amazonaws.com/1/q", "eu-west-1", None),
        (
            "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/q",
            "eu-west-1",
            "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com",
        ),
        ("http://127.0.0.1:5000/1/q", None, "http://127.0.0.1:5000"),
        ("http://127.0.0.1:5000/q", None, "http://127.0.0.1:5000"),
        (
            "http://sqs.us-east-1.localhost.localstack.cloud:4566/1/q",
            "us-east-1",
            "http://sqs.us-east-1.localhost.localstack.cloud:4566",
        ),
    ],
)
def test_what_a_queue_url_tells(url, region, endpoint):
    """Its region, and the endpoint if it is not AWS's own."""
    settings = open_queue(url, wait_seconds=17, max_pool_connections=3)._transport._settings

    assert (region, endpoint) == (settings.region_name, settings.endpoint_urls.get("sqs"))
    # Longer than SQS lets wait.
    assert (27, 3) == (settings.read_timeout_seconds, settings.max_pool_connections)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "events",
        "arn:aws:sqs:eu-west-1:1:q",
        "ftp://x/1",
        "https://x",
        "https:///1/q",
        "http://[",
    ],
)
def test_what_is_no_queue_url(url):
    """A name or an ARN is not enough."""
    with pytest.raises(ConfigurationError, match="queue_url"):
        open_queue(url)


AWS_QUEUES = [
    "https://sqs.eu-west-1.amazonaws.com/1/q",
    "https://SQS.cn-north-1.amazonaws.com.cn/1/q",
    "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/q",
    "https://sqs.eu-west-1.api.aws/1/q",
]


@pytest.mark.parametrize("url", AWS_QUEUES)
def test_queues_of_aws_while_calls_are_redirected(url, monkeypatch):
    """Who develops takes no events from who waits for them: neither opened before nor after."""
    calls = []
    opened = SqsQueue(url, Redirected(calls))
    monkeypatch.setenv("MAILCORE_REDIRECT", "http://127.0.0.1:8025")

    for use in (
        lambda: open_queue(url, region_name="eu-west-1"),
        SqsConsumer(opened, print, registry=Registry(autoload=False)).run,
        lambda: opened.delete([QueueMessage(message_id="m", receipt_handle="h")]),
    ):
        with pytest.raises(ConfigurationError, match="MAILCORE_REDIRECT is set, and the queue"):
            use()

    assert [] == calls


class Redirected:
    """A transport that notes what it is asked."""

    def __init__(self, calls: list[object]) -> None:
        self.exchange = calls.append


def test_other_queues_while_calls_are_redirected(monkeypatch):
    """An imitation is asked as before."""
    monkeypatch.setenv("MAILCORE_REDIRECT", "http://127.0.0.1:8025")

    settings = open_queue("http://127.0.0.1:5000/1/q", region_name="eu-west-1")._transport._settings

    assert "http://127.0.0.1:5000" == settings.endpoint_urls["sqs"]


def test_the_command_while_calls_are_redirected(monkeypatch, capsys):
    """It says why it does not begin."""
    monkeypatch.setenv("MAILCORE_REDIRECT", "http://127.0.0.1:8025")

    assert 0 != main(["ses", "consume", "--queue-url", AWS_QUEUES[0], "--handler", "os:getcwd"])

    assert "MAILCORE_REDIRECT is set, and the queue is one of AWS" in capsys.readouterr().err


class Waits(threading.Event):
    """What nobody waits for: each time is noted, and over at once."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def wait(self, timeout=None):
        if timeout is not None:
            self.seconds.append(timeout)
        return self.is_set()


def test_pauses_between_attempts():
    """Twice as long each time, up to half a minute; short again once it has worked."""
    sqs = Sqs(faults=[("ReceiveMessage", NetworkError("no route"))] * 8)
    receive = sqs.ReceiveMessage

    def receive_once(params):
        sqs.faults.append(("ReceiveMessage", NetworkError("no route")))
        sqs.ReceiveMessage = receive
        return receive(params)

    sqs.ReceiveMessage = receive_once
    running = Running(sqs, print)
    running.consumer._stopping = waits = Waits()
    with running:
        sqs.wait_for(lambda: len(waits.seconds) >= 9)

    assert [0.5, 1, 2, 4, 8, 16, 30, 30, 0.5] == waits.seconds[:9]


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(("waited_seconds", "is_believed"), [(0, False), (0.95, False), (1, True)])
def test_empty_answers(waited_seconds, is_believed, caplog, monkeypatch):
    """Of a queue that waited a tenth of the time, at least; who did not is asked more slowly."""
    now = [100.0]
    monkeypatch.setattr(
        "mailcore_ses.intake.consumer.time", SimpleNamespace(monotonic=lambda: now[0])
    )
    sqs = Sqs()
    waited = iter([waited_seconds])

    def receive(params):
        now[0] += next(waited, 10)
        sqs.changed.wait(0.01)
        return {}

    sqs.ReceiveMessage = receive
    with Running(sqs, print, wait_seconds=10):
        sqs.wait_for(lambda: [name for name, _ in sqs.calls].count("ReceiveMessage") >= 3)

    assert is_believed is ("a queue that did not wait" not in caplog.text)


class Own(list):
    """A handler of a signal that notes what came."""

    def __call__(self, number, frame):
        self.append(number)


@pytest.fixture
def own_signal():
    """What is done on SIGUSR1 before and after."""
    own = Own()
    before = signal.signal(signal.SIGUSR1, own)
    yield own
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def opened(monkeypatch):
    """Have a queue in memory opened; how."""
    found = {}

    def use(sqs):
        def open_it(url, **options):
            found.update(options, url=url)
            return SqsQueue(url, sqs)

        monkeypatch.setattr("mailcore_ses.intake.consumer.open_queue", open_it)
        return found

    return use


def wait_until(condition):
    """Wait for what nobody tells."""
    never, deadline = threading.Event(), time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        never.wait(0.001)


def test_consume_until_a_signal(own_signal, opened, fields, sns_key, answers):
    """All that it is given is used; a second signal does what it did before."""

    def signed(*recipients, **own):
        return json.dumps(sns_key.sign(fields(Message=delivery(*recipients), **own)))

    bodies = [delivery("unsigned@x.org"), signed("a@x.org"), signed("a@x.org")]
    sqs = Sqs(*bodies, signed("b@x.org", MessageId="another"))
    closed = []
    sqs.close = lambda: closed.append(True)
    how = opened(sqs)
    ses = get_provider("ses", topic_arns=[fields()["TopicArn"]], region_name="eu-west-1")
    transport = answers(*[sns_key.pem] * 10)
    ses.create_transport = lambda: transport
    found, observed = [], []

    class Observer:
        @hookimpl
        def mailcore_event_received(self, event):
            observed.append(event.recipient)

    registry = Registry(autoload=False)
    registry.register_extension(Observer())

    def on_event(event):
        found.append(event.recipient)
        if event.recipient == "b@x.org":
            os.kill(os.getpid(), signal.SIGUSR1)
            wait_until(lambda: signal.getsignal(signal.SIGUSR1) is own_signal)
            os.kill(os.getpid(), signal.SIGUSR1)
            wait_until(lambda: own_signal)

    stats = consume(
        QUEUE_URL,
        on_event,
        options=ConsumerOptions(wait_seconds=0, workers=1),
        region_name="eu-north-1",
        seen=MemorySeenStore(),
        verify=ses,
        registry=registry,
        stop_signals=[signal.SIGUSR1],
    )

    assert {"url": QUEUE_URL, "region_name": "eu-north-1", "wait_seconds": 0} == how
    assert ["a@x.org", "b@x.org"] == found == observed
    assert ConsumerStats(received=4, handled=3, events=2, unreadable=1, deleted=3) == stats
    assert [signal.SIGUSR1] == own_signal
    assert [True] == closed


def test_consume_until_the_queue_cannot_be_read(own_signal, opened):
    """Signals are then what they were; without options it waits ten seconds for messages."""
    how = opened(Sqs(faults=[("ReceiveMessage", AuthenticationFailed("no AWS credentials"))]))
    with pytest.raises(ConfigurationError, match="cannot read the queue: no AWS credentials"):
        consume(QUEUE_URL, print, stop_signals=[signal.SIGUSR1])

    assert {"url": QUEUE_URL, "region_name": None, "wait_seconds": 10} == how
    assert signal.getsignal(signal.SIGUSR1) is own_signal


def test_what_interrupts_is_let_out(own_signal, opened, caplog):
    """A signal that is left alone may raise: the work is put away first."""
    caplog.set_level(logging.INFO, "mailcore_ses.consumer")
    sqs = Sqs(delivery("a@x.org"))
    opened(sqs)

    def interrupt(number, frame):
        raise KeyboardInterrupt

    def on_event(event):
        # Then all threads are started.
        wait_until(lambda: "in flight" in caplog.text)
        os.kill(os.getpid(), signal.SIGUSR1)

    signal.signal(signal.SIGUSR1, interrupt)
    options = ConsumerOptions(wait_seconds=0, stats_interval_seconds=0.01)
    with pytest.raises(KeyboardInterrupt):
        consume(QUEUE_URL, on_event, options=options, stop_signals=())

    assert ["id-0"] == sqs.deleted


# --- moto


@pytest.fixture(scope="module")
def moto():
    """The URL of a moto server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto, monkeypatch):
    """Make boto3 clients of it."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    clients = []

    def make(service):
        clients.append(boto3.client(service, endpoint_url=moto, region_name="eu-west-1"))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def make_queues(aws, name, visibility_timeout_seconds=1):
    """A queue with a dead-letter queue; their URLs."""
    sqs = aws("sqs")
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    redrive = {"deadLetterTargetArn": attributes["QueueArn"], "maxReceiveCount": "2"}
    queue = sqs.create_queue(
        QueueName=name,
        Attributes={
            "RedrivePolicy": json.dumps(redrive),
            "VisibilityTimeout": str(visibility_timeout_seconds),
        },
    )["QueueUrl"]
    return sqs, queue, dead


@pytest.mark.parametrize("raw", [False, True])
def test_from_a_topic_through_a_queue(aws, raw):
    """SNS to SQS, with and without its envelope."""
    sqs, queue, _ = make_queues(aws, f"events-{raw}")
    sns = aws("sns")
    topic = sns.create_topic(Name="ses-events")["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn["QueueArn"],
        Attributes={"RawMessageDelivery": str(raw).lower()},
    )
    for number in range(3):
        sns.publish(TopicArn=topic, Message=delivery("a@x.org", message_id=f"m-{number}"))
    found, done = [], threading.Event()

    def on_event(event):
        found.append(event)
        if len(found) == 3:
            done.set()

    messages = open_queue(queue)
    consumer = SqsConsumer(
        messages, on_event, ConsumerOptions(wait_seconds=1), registry=Registry(autoload=False)
    )
    thread = threading.Thread(target=consumer.run)
    thread.start()
    assert done.wait(DEADLINE_SECONDS)
    consumer.stop()
    thread.join(DEADLINE_SECONDS)
    messages.close()

    assert {"m-0", "m-1", "m-2"} == {event.message_id for event in found}
    assert all(event.event_id and event.received_at for event in found)
    assert 3 == consumer.stats.deleted


@pytest.mark.slow
def test_poison_ends_in_the_dead_letter_queue(aws):
    """After two receipts SQS moves what fails, and what cannot be read."""
    sqs, queue, dead = make_queues(aws, "poison")
    for body in (delivery("bad@x.org"), "junk", delivery("good@x.org")):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    good = []

    def on_event(event):
        if event.recipient == "bad@x.org":
            raise RuntimeError("never works")
        good.append(event.recipient)

    messages = open_queue(queue)
    options = ConsumerOptions(wait_seconds=1, visibility_timeout_seconds=1)
    consumer = SqsConsumer(messages, on_event, options, registry=Registry(autoload=False))
    thread = threading.Thread(target=consumer.run)
    thread.start()
    poison = []
    for _ in range(DEADLINE_SECONDS):
        answer = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        poison += [message["Body"] for message in answer.get("Messages", [])]
        if len(poison) == 2:
            break
    consumer.stop()
    thread.join(DEADLINE_SECONDS)
    messages.close()

    assert (["good@x.org"], {delivery("bad@x.org"), "junk"}) == (good, set(poison))


CONSUMER = """
import os, sys
from mailcore_ses.intake.consumer import ConsumerOptions, consume

log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def on_event(event):
    # One write of less than PIPE_BUF to a file opened for appending is not torn.
    os.write(log, f"{event.message_id} {event.dedupe_key}\\n".encode())
    print("handled", flush=True)

options = ConsumerOptions(workers=8, wait_seconds=1, visibility_timeout_seconds=int(sys.argv[3]))
print(consume(sys.argv[1], on_event, options=options), flush=True)
"""


def start_consumer(queue, log, visibility_timeout_seconds, **streams):
    """A consumer process."""
    command = [sys.executable, "-c", CONSUMER, queue, str(log), str(visibility_timeout_seconds)]
    return subprocess.Popen(command, text=True, **streams)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_signals_stop_it(aws, tmp_path, number):
    """A clean end with the numbers, and an exit code of success."""
    sqs, queue, _ = make_queues(aws, f"signal-{number}")
    sqs.send_message(QueueUrl=queue, MessageBody=delivery("a@x.org"))
    process = start_consumer(queue, tmp_path / "log", 30, stdout=subprocess.PIPE)
    assert "handled\n" == process.stdout.readline()
    process.send_signal(number)
    output, _ = process.communicate(timeout=DEADLINE_SECONDS)

    assert 0 == process.returncode
    assert "received 1, handled 1, events 1, failed 0, unreadable 0, deleted 1" in output


def test_in_another_thread_signals_are_left_alone(aws):
    """Only the main thread can have handlers."""
    _, queue, _ = make_queues(aws, "thread")
    before = signal.getsignal(signal.SIGTERM)
    errors = []

    def run():
        try:
            consume(queue + "-missing", print)
        except ConfigurationError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(DEADLINE_SECONDS)

    assert 1 == len(errors)
    assert before is signal.getsignal(signal.SIGTERM)


ODD_ANSWERS = [
    *(
        {"Messages": messages}
        for messages in ("x", 5, {"a": 1}, [None], ["x"], [{}], [{"Body": "x"}])
    ),
    {"Messages": [{"MessageId": 5, "ReceiptHandle": "x"}]},
    {"Messages": [{"MessageId": "x", "ReceiptHandle": ["y"]}]},
    *([], None, 7, "text"),
]


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("body", ODD_ANSWERS)
def test_odd_answer_does_not_end_the_consumer(body, caplog):
    """An answer that nobody documented is logged, and the next one is read, from the first on."""
    sqs = Sqs(
        delivery("a@x.org"),
        faults=[("ReceiveMessage", AwsResponse(status_code=200, body=body))],
    )

    with Running(sqs, lambda _: None) as running:
        sqs.wait_for(lambda: sqs.deleted == ["id-0"])

    assert running.outcome.handled == 1


@pytest.mark.parametrize("attributes", [5, ["x"], {"ApproximateReceiveCount": "x"}])
def test_odd_attributes_of_a_message(attributes):
    """A message whose count cannot be read is handled."""
    sqs = Sqs(delivery("a@x.org"))
    sqs.visible[0]["Attributes"] = attributes

    with Running(sqs, lambda _: None):
        sqs.wait_for(lambda: sqs.deleted == ["id-0"])


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "failure", [None, "x", {}, {"Id": 5}, {"Id": "99"}, {"Id": ["0"], "Code": 5}]
)
def test_odd_failures_of_a_deletion(failure, caplog):
    """A deletion with an answer that cannot be read is made again."""
    answer = AwsResponse(status_code=200, body={"Failed": [failure]})
    sqs = Sqs(delivery("a@x.org"), faults=[("DeleteMessageBatch", answer)])

    with Running(sqs, lambda _: None):
        sqs.wait_for(lambda: sqs.deleted == ["id-0"])

    assert "trying again" in caplog.text


@pytest.mark.parametrize("policy", [5, ["x"], "[]", "7", "no JSON", "[" * 100_000])
def test_odd_redrive_policy(policy):
    """A policy that cannot be read does not end the consumer."""
    body = {"Attributes": {"RedrivePolicy": policy}}
    sqs = Sqs(
        delivery("a@x.org"),
        faults=[("GetQueueAttributes", AwsResponse(status_code=200, body=body))],
    )

    with Running(sqs, lambda _: None):
        sqs.wait_for(lambda: sqs.deleted == ["id-0"])


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("wait_seconds", [0, 20])
@pytest.mark.parametrize("body", [b"[]", b"<html>", b"", b'{"Messages": 5}', b"[" * 100_000])
def test_queue_behind_a_proxy_with_a_page(body, wait_seconds, caplog, monkeypatch):
    """Over HTTP: the consumer goes on, slower each time, until it is told to stop."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    asked = threading.Semaphore(0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # as http.server names it
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            asked.release()

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.002,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/123456789012/events"
        messages = open_queue(url, region_name="eu-west-1")
        consumer = SqsConsumer(messages, lambda _: None, ConsumerOptions(wait_seconds=wait_seconds))
        outcome = []
        thread = threading.Thread(target=lambda: outcome.append(consumer.run()))
        thread.start()
        got = [asked.acquire(timeout=DEADLINE_SECONDS) for _ in range(2)]
        consumer.stop()
        thread.join(DEADLINE_SECONDS)
        messages.close()
        server.shutdown()

    assert [True] * 2 == got
    assert [ConsumerStats] == [type(each) for each in outcome]
    # botocore takes what is no JSON for an answer without messages, for which nobody waited.
    silent = not wait_seconds and body in (b"", b"<html>")
    assert silent is not ("trying again" in caplog.text)
