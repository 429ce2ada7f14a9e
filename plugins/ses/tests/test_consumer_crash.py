"""Consumers that are killed: every event is handled at least once, none is lost."""

from __future__ import annotations

import faulthandler
import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from collections import defaultdict

import boto3
import pytest


EVENTS = 10_000
TWICE = 200
FALLS = 12
VISIBILITY_SECONDS = 4
DEADLINE_SECONDS = 400
BACKLOG = 80

CONSUMER = """
import os, sys
from mailcore_ses.intake.consumer import ConsumerOptions, consume

log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def on_event(event):
    # One write of less than PIPE_BUF to a file opened for appending is not torn.
    os.write(log, f"{event.message_id} {event.dedupe_key}\\n".encode())

options = ConsumerOptions(workers=4, wait_seconds=1, visibility_timeout_seconds=int(sys.argv[3]))
consume(sys.argv[1], on_event, options=options)
"""


@pytest.fixture
def moto(monkeypatch, tmp_path):
    """The URL of a moto server in a process of its own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (
        (tmp_path / "moto.log").open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as server,
    ):
        deadline = time.monotonic() + 60
        while not accepts(port):
            assert time.monotonic() < deadline
            with pytest.raises(subprocess.TimeoutExpired):
                server.wait(0.1)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def accepts(port):
    """Whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def body(number):
    """An SES event as SNS wraps it, with the number as its message id."""
    event = {
        "eventType": "Delivery",
        "mail": {"messageId": f"m-{number}", "destination": ["a@x.org"]},
        "delivery": {"timestamp": "2026-11-20T09:15:04.318Z", "recipients": ["a@x.org"]},
    }
    envelope = {
        "Type": "Notification",
        "MessageId": f"{number:032x}",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:ses-events",
        "Message": json.dumps(event),
        "Timestamp": "2026-11-20T09:15:06.001Z",
    }
    return json.dumps(envelope)


class Queue:
    """The queue, and what was done with it."""

    def __init__(self, endpoint_url, log):
        self._sqs = boto3.client("sqs", endpoint_url=endpoint_url, region_name="eu-west-1")
        self.url = self._sqs.create_queue(QueueName="events")["QueueUrl"]
        self.log = log
        log.touch()

    def fill(self, numbers, over):
        """Send events as they are consumed: moto takes longer the more there are."""
        for start in range(0, len(numbers), 10):
            entries = [
                {"Id": str(i), "MessageBody": body(number)}
                for i, number in enumerate(numbers[start : start + 10])
            ]
            while sum(self.backlog()) > BACKLOG:
                if over.wait(0.02):
                    return
            answer = self._sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
            assert not answer.get("Failed")

    def backlog(self):
        """How many messages are visible, and how many are not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return [int(answer["Attributes"][name]) for name in names]

    def handled(self):
        return self.log.read_bytes().count(b"\n")

    def close(self):
        self._sqs.close()


class Consumers:
    """Processes of which one falls now and then."""

    def __init__(self, queue, chance):
        self._queue = queue
        self._chance = chance
        self._processes = [self._start(), self._start()]
        # Each time so many events were handled.
        self._falls = sorted(chance.sample(range(1, EVENTS), FALLS))
        self.killed = self.stopped = 0

    def _start(self):
        code = [sys.executable, "-c", CONSUMER]
        return subprocess.Popen(
            [*code, self._queue.url, str(self._queue.log), str(VISIBILITY_SECONDS)]
        )

    def let_fall(self):
        """Kill one, or ask it to end; another takes its place."""
        while self._falls and self._queue.handled() >= self._falls[0]:
            self._falls.pop(0)
            victim = self._chance.randrange(len(self._processes))
            if len(self._falls) % 4:
                self._processes[victim].kill()
                self._processes[victim].wait(30)
                self.killed += 1
            else:
                self._processes[victim].terminate()
                # One that was just started knows of no signals yet.
                self.stopped += self._ended(victim) == 0
            self._processes[victim] = self._start()

    def wait(self, seconds):
        """Let them work; none of them ends by itself."""
        with pytest.raises(subprocess.TimeoutExpired):
            self._processes[0].wait(seconds)

    def end(self):
        for number, process in enumerate(self._processes):
            process.terminate()
            self._ended(number)

    def _ended(self, number):
        code = self._processes[number].wait(30)
        assert code in (0, -signal.SIGTERM)
        return code


@pytest.mark.slow
def test_nothing_is_lost(moto, tmp_path):
    """10,000 events, some of them twice; two consumers, killed or stopped at random."""
    # It has a deadline of its own, later than that of other tests.
    faulthandler.cancel_dump_traceback_later()
    queue = Queue(moto, tmp_path / "handled")
    consumers = Consumers(queue, random.Random(4))
    over = threading.Event()
    numbers = [*range(EVENTS), *range(TWICE)]
    producer = threading.Thread(target=queue.fill, args=(numbers, over))
    producer.start()

    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while producer.is_alive() or any(queue.backlog()):
            assert time.monotonic() < deadline, f"{queue.handled()} events handled in time"
            consumers.let_fall()
            consumers.wait(0.2)
    finally:
        over.set()
        producer.join()
        consumers.end()
        queue.close()

    keys = defaultdict(set)
    for line in queue.log.read_text("utf-8").splitlines():
        message_id, dedupe_key = line.split(" ", 1)
        keys[message_id].add(dedupe_key)
    assert {f"m-{number}" for number in range(EVENTS)} == set(keys)
    # Duplicates share theirs, and nobody else has it.
    assert EVENTS == len({key for found in keys.values() for key in found})
    assert EVENTS + TWICE <= queue.handled()
    assert FALLS - FALLS // 4 == consumers.killed
    assert 1 <= consumers.stopped
