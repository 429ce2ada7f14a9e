"""Tasks as they stand in a broker, what Celery is told of them, and brokers that take none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest

from celery import Celery
from celery.exceptions import Retry
from kombu.exceptions import OperationalError

from mailcore import ConfigurationError, EventType, Mailer, Message, RateLimited, TrackingEvent
from mailcore.middleware import Idempotency
from mailcore.outbox import OutboxPolicy
from mailcore.stores import MemoryIdempotencyStore, SqliteIdempotencyStore
from mailcore_celery import (
    BrokerUnavailable,
    MailcoreCelery,
    SendTaskFailed,
    handle_later,
    send_later,
)
from mailcore_celery.app import _put_back
from mailcore_celery.publishing import _retries


MESSAGE = Message(from_email="me@example.com", to=["ada@example.net"], text="Hello")
EVENT = TrackingEvent(provider="toy", event_type=EventType.DELIVERED, recipient="ada@example.net")
SHOWN = "<not shown>"


def mail_on(app, **settings):
    """The tasks of an app; its workers would send to nobody."""
    return MailcoreCelery(app, mailer="null://", store=MemoryIdempotencyStore(), **settings)


@pytest.fixture
def queue():
    """The name of a queue of this test alone: all brokers in memory are one."""
    return f"mail-{uuid4().hex}"


@pytest.fixture
def app(queue):
    """An app whose broker is in memory, and that no worker works for."""
    app = Celery("tests", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.task_default_queue = queue
    yield app
    app.close()


@pytest.fixture
def taken(app, queue):
    """Takes the next task out of the queue: its headers, its properties and its arguments."""

    def take(name=queue):
        with app.connection_for_read() as connection, connection.SimpleQueue(name) as simple:
            found = simple.get(block=False)
            found.ack()
            assert "application/json" == found.content_type
            args, kwargs, _embedded = found.payload
            assert [] == args
            return found.headers, found.properties, kwargs

    return take


def seconds_left(headers):
    """In how many seconds a task is to run."""
    return (datetime.fromisoformat(headers["eta"]) - datetime.now(timezone.utc)).total_seconds()


def test_what_celery_is_told_of_the_tasks(app, taken):
    """What dies with its worker is handed out again; nothing of a message is shown."""
    app.conf.task_serializer = "yaml"
    mail, other = mail_on(app), Celery("other", set_as_current=False)

    for task, name in ((mail.send, "send"), (mail.handle_event, "handle_event")):
        assert f"mailcore.{name}" == task.name
        assert task == app.tasks[task.name]
        assert task.name not in other.tasks
        assert (True, True, None, "json", 1) == (
            *(task.acks_late, task.reject_on_worker_lost, task.max_retries),
            *(task.serializer, task.resultrepr_maxsize),
        )
    assert (False, True) == (mail.send.ignore_result, mail.handle_event.ignore_result)
    other.close()
    mail.send_later(MESSAGE)
    assert mail.send.name == taken()[0]["task"]


def test_a_message_in_the_broker(app, taken):
    """Its key is the id of its task, and its arguments are JSON that no log shows."""
    mail = mail_on(app)
    result = mail.send_later(MESSAGE, task_id="task-1", priority=3)
    headers, properties, arguments = taken()

    assert "task-1" == result.id == headers["id"] == arguments["message"]["idempotency_key"]
    assert ("mailcore.send", None, 3) == (headers["task"], headers["eta"], properties["priority"])
    assert (SHOWN, SHOWN, False) == (
        *(headers["argsrepr"], headers["kwargsrepr"], headers["ignore_result"]),
    )
    first, second = mail.send_later(MESSAGE), mail.send_later(MESSAGE)
    assert len({first.id, second.id, result.id}) == 3
    assert first.id == taken()[2]["message"]["idempotency_key"]


@pytest.mark.parametrize("of_module", [False, True])
def test_a_message_that_is_sent_later(app, taken, of_module):
    """Celery has the time, and the course of the message as well."""
    mail = mail_on(app)
    app.set_current()
    send = send_later if of_module else mail.send_later
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    send(MESSAGE, countdown=600, task_id="task-1", priority=4)
    send(MESSAGE, eta=tomorrow)
    (first, properties, arguments), (second, _, others) = taken(), taken()

    assert ("task-1", 4) == (first["id"], properties["priority"])
    assert 500 < seconds_left(first) <= 600
    due_at = datetime.fromisoformat(arguments["course"]["due_at"])
    assert 500 < (due_at - datetime.now(timezone.utc)).total_seconds() <= 600
    assert tomorrow == datetime.fromisoformat(second["eta"])
    assert tomorrow == datetime.fromisoformat(others["course"]["due_at"])


def test_an_event_in_the_broker(app, taken):
    """Nobody waits for what becomes of it."""
    mail_on(app)
    app.set_current()
    first, second = handle_later(EVENT), handle_later(EVENT)
    headers, _, arguments = taken()

    assert first.id != second.id
    assert (first.id, "mailcore.handle_event", True) == (
        *(headers["id"], headers["task"], headers["ignore_result"]),
    )
    assert (SHOWN, SHOWN) == (headers["argsrepr"], headers["kwargsrepr"])
    assert {"event": EVENT.to_dict()} == arguments


def test_a_queue_of_its_own(app, queue, taken):
    """Both tasks go there."""
    mail = mail_on(app, queue=f"{queue}-own")
    mail.send_later(MESSAGE)
    mail.handle_later(EVENT)

    assert ["mailcore.send", "mailcore.handle_event"] == [
        taken(f"{queue}-own")[0]["task"] for _ in range(2)
    ]


def test_a_task_that_is_put_back(app, taken):
    """With other arguments, a time, and one more try; its worker has done with it."""
    mail = mail_on(app)
    mail.send_later(MESSAGE, task_id="task-1")
    headers, properties, _ = taken()
    request = {**headers, "delivery_info": properties["delivery_info"]}
    # As somebody else has put it there.
    request |= {"args": [{"a": 1}], "kwargs": {}}
    mail.send.push_request(request, called_directly=False)
    try:
        raised = _put_back(mail.send, {"message": {"a": 1}}, 600.0)
    finally:
        mail.send.pop_request()
    again, _, arguments = taken()

    assert "Retry" == type(raised).__name__
    assert ("task-1", 1, SHOWN, SHOWN) == (
        *(again["id"], again["retries"], again["argsrepr"], again["kwargsrepr"]),
    )
    assert {"message": {"a": 1}} == arguments
    assert 500 < seconds_left(again) <= 600


def worked_on(task, taken):
    """Work on the next task as a worker does, until it is put back; with which headers it was."""
    headers, properties, arguments = taken()
    request = {**headers, "delivery_info": properties["delivery_info"], "args": []}
    task.push_request({**request, "kwargs": arguments}, called_directly=False)
    try:
        with pytest.raises(Retry):
            task.run(**arguments)
    finally:
        task.pop_request()
    return taken()[0]


def test_waits_of_tasks(app, taken, tmp_path):
    """As long as the service asks for, and some more."""

    def refuse(*_):
        raise RateLimited("slow", retry_after_seconds=600)

    with SqliteIdempotencyStore(tmp_path / "keys.db") as store:
        made = Mailer("null", middleware=[Idempotency(store), refuse])
        mail = MailcoreCelery(app, mailer=made, on_event=refuse)
        mail.send_later(MESSAGE)
        assert 500 < seconds_left(worked_on(mail.send, taken)) <= 660
        mail.handle_later(EVENT)
        assert 500 < seconds_left(worked_on(mail.handle_event, taken)) <= 660


def test_the_wait_of_a_task_of_a_newer_release(app, taken):
    """The longest one, for a worker that can read it."""
    mail = mail_on(app, policy=OutboxPolicy(longest_wait_seconds=7200))
    newer = {"message": MESSAGE.to_dict(), "course": {"version": 99}}
    mail.send.apply_async(kwargs=newer)

    assert 7100 < seconds_left(worked_on(mail.send, taken)) <= 7200


@pytest.mark.parametrize(
    ("backend", "is_asked"), [("cache+memory://", False), ("rpc://", True), (None, False)]
)
def test_who_waits_for_results(queue, taken, monkeypatch, backend, is_asked):
    """Nobody yet, but for a backend that makes the queue of the results beforehand."""
    app = Celery("tests", broker="memory://", backend=backend, set_as_current=False)
    app.conf.task_default_queue = queue
    mail = mail_on(app)
    asked = []
    monkeypatch.setattr(app.backend, "on_task_call", lambda _, task_id: asked.append(task_id))
    result = mail.send_later(MESSAGE)
    app.close()

    assert ([result.id] if is_asked else []) == asked
    assert False is taken()[0]["ignore_result"]


@pytest.mark.parametrize("content", ["json", "application/json"])
@pytest.mark.parametrize("countdown", [0, 0.5])
def test_what_may_be_asked_for(app, taken, content, countdown):
    """Workers that take JSON by either name, and a wait of nothing."""
    app.conf.accept_content = [content]
    mail_on(app).send_later(MESSAGE, countdown=countdown)

    assert "mailcore.send" == taken()[0]["task"]


def test_a_broker_that_is_down():
    """Nothing was queued, and the key is told with which the message is handed over again."""
    # The discard port of this machine.
    app = Celery("tests", broker="redis://127.0.0.1:9/0", set_as_current=False)
    app.conf.task_publish_retry = False
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
    mail = mail_on(app)
    with pytest.raises(BrokerUnavailable, match=r"\(\w+\): nothing was queued") as caught:
        mail.send_later(MESSAGE, task_id="task-1")
    with pytest.raises(BrokerUnavailable) as of_event:
        mail.handle_later(EVENT)
    app.close()

    error = caught.value
    assert ("task-1", False, True) == (
        *(error.idempotency_key, error.maybe_accepted, error.retryable),
    )
    assert "" == of_event.value.idempotency_key
    assert "127.0.0.1" not in str(error)
    other = BrokerUnavailable("no", maybe_accepted=True)
    assert ("", True) == (other.idempotency_key, other.maybe_accepted)


def test_a_broker_that_does_not_answer(app, monkeypatch):
    """It may have taken the task all the same; handed over again with its key it is sent once."""
    mail = mail_on(app)

    def lose(**_):
        raise OperationalError("connection lost to redis://:secret@example.net")

    monkeypatch.setattr(mail.send, "apply_async", lose)
    with pytest.raises(BrokerUnavailable, match=r"\(OperationalError\): it may have") as caught:
        mail.send_later(MESSAGE, task_id="task-1")

    assert ("task-1", True) == (caught.value.idempotency_key, caught.value.maybe_accepted)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("retry", "policy", "expected"),
    [
        (True, None, {"max_retries": 3}),
        (False, {"max_retries": 9}, {"max_retries": 1}),
        (True, {"max_retries": None, "interval_max": None}, {"max_retries": 3}),
        (True, {"max_retries": 0}, {"max_retries": 1}),
        (
            True,
            {"max_retries": 7, "interval_start": 0, "interval_step": 0.5, "interval_max": 2},
            {"max_retries": 7, "interval_start": 0, "interval_step": 0.5, "interval_max": 2},
        ),
    ],
)
def test_how_often_a_broker_is_tried(app, retry, policy, expected):
    """As often as Celery tries to publish, but not for ever."""
    app.conf.task_publish_retry = retry
    app.conf.task_publish_retry_policy = policy

    assert expected == _retries(app)


def test_a_failure_without_an_outcome():
    """As somebody else may make it, or a release that keeps other outcomes."""
    for error, said in (
        (SendTaskFailed("lost"), "lost"),
        (SendTaskFailed("lost", {"state": "odd"}), "lost"),
    ):
        assert (None, said) == (error.outcome, str(error))
        assert f"SendTaskFailed('{said}')" == repr(error)
    bare = SendTaskFailed.__new__(SendTaskFailed)
    assert (None, "") == (bare.outcome, str(bare))


def test_leases(app):
    """A part of a second is one as well; none is without end."""
    assert 0.5 == mail_on(app, lease_seconds=0.5)._sending.lease_seconds
    for wrong in (0, float("inf"), float("nan"), True, "5"):
        with pytest.raises(ConfigurationError, match="lease_seconds must be a number of seconds"):
            mail_on(app, lease_seconds=wrong, name="other")
