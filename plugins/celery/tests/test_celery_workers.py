"""Worker processes on a real Redis, some of which are killed."""

from __future__ import annotations

import contextlib
import threading
import time

from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from pathlib import Path

import pytest
import redis

from mailcore import EventType, Message, TrackingEvent
from mailcore_celery import BrokerUnavailable
from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow

ADA = "ada@example.net"
DEADLINE_SECONDS = 60


def message(number: int = 1, **fields) -> Message:
    """One of several messages."""
    fields = {"to": [ADA], "subject": f"Order {number}", "text": "Hello", **fields}
    return Message(from_email="shop@example.com", **fields)


@pytest.fixture
def ses():
    """A local SES that goes wrong as it is told to."""
    with LocalSes(region_name="eu-west-1") as started:
        yield started


def url_of(ses: LocalSes, read_timeout_seconds: int = 30) -> str:
    """What workers make their mailer of."""
    return f"{ses.mailcore_url}&read_timeout_seconds={read_timeout_seconds}"


def subjects(ses: LocalSes) -> list[str]:
    """What it has accepted, in the order of the subjects."""
    return sorted(each.subject for each in ses.messages)


def test_mail_goes_through_workers(shop, tmp_path):
    """A message is sent, its outcome comes back as JSON, and the log has no address."""
    project, workers = shop(f"file://?directory={tmp_path}/mails")
    workers.start(concurrency=2)
    queued = [project.mail.send_later(message(number)) for number in range(10)]

    outcomes = [each.get(timeout=DEADLINE_SECONDS) for each in queued]
    written = [
        message_from_bytes(each.read_bytes()) for each in Path(tmp_path, "mails").glob("*.eml")
    ]

    assert ["sent"] * 10 == [each["state"] for each in outcomes]
    assert [f"Order {n}" for n in range(10)] == sorted(each["Subject"] for each in written)
    log = workers.log.read_text()
    assert "mailcore.send" in log
    assert "succeeded" in log
    assert ADA not in log


def test_what_celery_tells_monitors_has_no_address(shop, tmp_path, eventually):
    """Its events have arguments and results in words, which are left out here."""
    project, workers = shop(f"file://?directory={tmp_path}/mails")
    told: list[dict[str, object]] = []
    workers.start("-E")
    with project.app.connection() as connection:
        receiver = project.app.events.Receiver(connection, handlers={"*": told.append})

        def capture() -> None:
            while not receiver.should_stop:
                with contextlib.suppress(TimeoutError):
                    receiver.capture(limit=1, timeout=0.1, wakeup=False)

        thread = threading.Thread(target=capture)
        thread.start()

        def is_told() -> bool:
            # What is told before somebody listens is lost.
            project.mail.send_later(message()).get(timeout=DEADLINE_SECONDS)
            types = {each["type"] for each in told}
            return {"task-received", "task-succeeded"} <= types

        try:
            eventually(is_told)
        finally:
            receiver.should_stop = True
            thread.join()
    assert ADA not in repr(told)


def test_a_refused_message_and_one_that_is_throttled(shop, ses):
    """The one fails with the service's own code, the other is tried again."""
    project, workers = shop(url_of(ses))
    workers.start()
    ses.faults.script("error:MessageRejected", "throttle", "error503")
    rejected, throttled = (project.mail.send_later(message(n)) for n in (1, 2))

    throttled.get(timeout=DEADLINE_SECONDS)
    outcome = project.mail.outcome(rejected)
    assert ("failed", "MessageRejected") == (outcome.state, outcome.error_code)
    assert ("sent", 3) == tuple(
        vars(project.mail.outcome(throttled))[n] for n in ("state", "attempts")
    )
    assert ["Order 2"] == subjects(ses)
    assert ADA not in workers.log.read_text()


def test_a_lost_answer_is_unknown(shop, ses):
    """SES has accepted it, so it is not sent again."""
    project, workers = shop(url_of(ses))
    workers.start()
    ses.faults.script("reset_after_accept")
    queued = project.mail.send_later(message())

    queued.get(timeout=DEADLINE_SECONDS, propagate=False)
    outcome = project.mail.outcome(queued)
    assert ("unknown", 1) == (outcome.state, outcome.attempts)
    assert outcome.recipients[ADA].maybe_accepted
    assert ["Order 1"] == subjects(ses)


def test_a_whole_worker_that_is_killed(shop, ses, eventually):
    """Its task is handed out to another one, which finds that the send was begun."""
    project, workers = shop(url_of(ses), visibility_seconds=2, lease_seconds=1)
    first = workers.start()
    ses.faults.script("hang_after_accept:600")
    queued = project.mail.send_later(message())
    eventually(lambda: ses.messages)
    workers.kill(first)
    workers.start()

    queued.get(timeout=DEADLINE_SECONDS, propagate=False)
    assert "unknown" == project.mail.outcome(queued).state
    assert ["Order 1"] == subjects(ses)


def test_a_child_that_is_killed(shop, ses, eventually):
    """The worker puts its task back at once; it too ends as unknown."""
    project, workers = shop(url_of(ses), lease_seconds=1)
    worker = workers.start()
    ses.faults.script("hang_after_accept:600")
    queued = project.mail.send_later(message())
    eventually(lambda: ses.messages)
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    workers.kill_process(int(children[-1]))

    queued.get(timeout=DEADLINE_SECONDS, propagate=False)
    assert "unknown" == project.mail.outcome(queued).state
    assert ["Order 1"] == subjects(ses)
    assert "sent" == project.mail.send_later(message(2)).get(timeout=DEADLINE_SECONDS)["state"]


def test_a_worker_that_is_killed_before_it_sends(shop, ses, eventually):
    """What it held in reserve, and had not begun, is sent by another one."""
    project, workers = shop(url_of(ses), visibility_seconds=2, lease_seconds=1)
    first = workers.start()
    ses.faults.script("hang_after_accept:600")
    queued = [project.mail.send_later(message(number)) for number in (1, 2, 3)]
    eventually(lambda: ses.messages)
    workers.kill(first)
    workers.start()

    for each in queued:
        each.get(timeout=DEADLINE_SECONDS, propagate=False)
    assert ["unknown", "sent", "sent"] == [project.mail.outcome(each).state for each in queued]
    assert ["Order 1", "Order 2", "Order 3"] == subjects(ses)


def test_two_workers_with_one_task(shop, ses, eventually):
    """The second puts it back while the first may still be at it, and sends nothing."""
    project, workers = shop(url_of(ses, read_timeout_seconds=600), visibility_seconds=1)
    workers.start()
    ses.faults.script("hang_after_accept:600")
    queued = project.mail.send_later(message())
    eventually(lambda: ses.messages)
    workers.start()

    eventually(lambda: "retry: Retry in" in workers.log.read_text())
    assert project.mail.outcome(queued) is None
    assert ["Order 1"] == subjects(ses)


def test_a_clean_stop(shop, ses, eventually):
    """SIGTERM: what is being sent is waited for, what is not is left in the queue."""
    project, workers = shop(url_of(ses))
    first = workers.start()
    ses.faults.script("hang_after_accept:1")
    queued = [project.mail.send_later(message(number)) for number in (1, 2, 3)]
    eventually(lambda: ses.messages)
    assert 0 == workers.end(first)
    workers.start()

    for each in queued:
        each.get(timeout=DEADLINE_SECONDS, propagate=False)
    assert ["Order 1", "Order 2", "Order 3"] == subjects(ses)


def test_later(shop, tmp_path):
    """A message with an eta or a countdown waits for it."""
    project, workers = shop(f"file://?directory={tmp_path}/mails")
    workers.start()
    begun = datetime.now(timezone.utc)
    queued = [
        project.mail.send_later(message(1), countdown=1.5),
        project.mail.send_later(message(2), eta=begun + timedelta(seconds=1.5)),
    ]
    for each in queued:
        assert "sent" == each.get(timeout=DEADLINE_SECONDS)["state"]
        assert each.date_done.replace(tzinfo=timezone.utc) >= begun + timedelta(seconds=1.5)


def test_events_go_through_workers(shop, eventually):
    """They are handled there, and again if the handler says so."""
    project, workers = shop("null://")
    workers.start()
    for event_id, description in (("e-1", ""), ("e-2", "later")):
        project.mail.handle_later(
            TrackingEvent(
                provider="ses",
                event_type=EventType.DELIVERED,
                recipient=ADA,
                event_id=event_id,
                message_id="m-1",
                description=description,
            )
        )
    client = project.app.backend.client

    eventually(lambda: client.llen("events e-2") == 2)
    assert [b"m-1"] == client.lrange("events e-1", 0, -1)
    assert ADA not in workers.log.read_text()


def test_the_broker_is_down(shop, redis_server, tmp_path):
    """One clear error within seconds, and nothing is queued; afterwards the message can be sent."""
    project, workers = shop(f"file://?directory={tmp_path}/mails")
    redis_server.stop()
    began = time.monotonic()
    try:
        with pytest.raises(BrokerUnavailable, match="nothing was queued") as raised:
            project.mail.send_later(message())
        took = time.monotonic() - began
        with pytest.raises(BrokerUnavailable):
            project.mail.handle_later(
                TrackingEvent(provider="ses", event_type=EventType.DELIVERED, recipient=ADA)
            )
    finally:
        redis_server.start()
    error = raised.value
    assert (True, False) == (error.retryable, error.maybe_accepted)
    assert took < 15
    assert "127.0.0.1" not in str(error)

    workers.start()
    again = message().replace(idempotency_key=error.idempotency_key)
    assert "sent" == project.mail.send_later(again).get(timeout=DEADLINE_SECONDS)["state"]
    assert 1 == len(list(Path(tmp_path, "mails").glob("*.eml")))


def test_the_broker_goes_away_from_who_has_a_connection(shop, redis_server):
    """Then it may have taken the task: the message is handed over again with its key."""
    project, _workers = shop("null://")
    project.mail.send_later(message())
    redis_server.stop()
    try:
        with pytest.raises(BrokerUnavailable, match="may have taken it all the same") as raised:
            project.mail.send_later(message(2, idempotency_key="order-2"))
    finally:
        redis_server.start()

    assert (True, "order-2") == (raised.value.maybe_accepted, raised.value.idempotency_key)


def test_the_broker_goes_away_while_workers_run(shop, redis_server, ses, eventually):
    """They wait for it; the task that could not be put back meanwhile is handed out again."""
    project, workers = shop(url_of(ses), visibility_seconds=2, lease_seconds=1)
    workers.start()
    ses.faults.script("hang:1")
    queued = project.mail.send_later(message())
    eventually(lambda: not ses.faults.snapshot()["requests"])
    redis_server.stop()
    redis_server.start()

    def outcome():
        try:
            return project.mail.outcome(queued)
        except redis.exceptions.RedisError:
            return None

    found = eventually(outcome)
    assert found.state in ("sent", "unknown")
    assert len(subjects(ses)) <= 1
