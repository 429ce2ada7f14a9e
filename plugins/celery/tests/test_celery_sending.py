"""Messages through an app whose tasks run where they are called."""

from __future__ import annotations

import json
import os

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from celery import Celery
from celery.exceptions import Reject

from mailcore import (
    AuthenticationFailed,
    CancelSend,
    ConfigurationError,
    InvalidMessage,
    Mailer,
    Message,
    MessageRejected,
    NetworkError,
    OutcomeUnknown,
    ProviderUnavailable,
    RateLimited,
    RecipientStatus,
    SendStatus,
    SendTimeout,
    SerializationError,
    StoreError,
    redact,
)
from mailcore.builtin import MemoryProvider
from mailcore.middleware import Idempotency
from mailcore.outbox import OutboxPolicy
from mailcore.result import RecipientStatuses, SendResult
from mailcore.stores import MemoryIdempotencyStore, SqliteIdempotencyStore
from mailcore_celery import MailcoreCelery, MailOutcome, SendTaskFailed, mailers, send_later
from mailcore_celery.app import _put_back
from mailcore_celery.course import NewerTask, read, written
from mailcore_celery.sending import Again, Sending
from mailcore_celery.turns import Turn, take


ADA, BOB = "ada@example.net", "bob@example.org"
NOW = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
POLICY = OutboxPolicy(attempts=5, first_wait_seconds=10, jitter=lambda: 1.0)


def message(**fields) -> Message:
    """A message to one person."""
    fields = {"to": [ADA], "text": "Hello", **fields}
    return Message(from_email="me@example.com", **fields)


class Scripted:
    """Middleware that answers by a script, and counts; what is None reaches the provider."""

    def __init__(self, *outcomes) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[Message] = []

    def __call__(self, message, send):
        self.sent.append(message)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, BaseException):
            raise outcome
        if outcome is not None:
            return outcome
        return (yield from send(message))


def mailer(*outcomes, store=None) -> tuple[Mailer, Scripted]:
    """A mailer with keys in memory."""
    script = Scripted(*outcomes)
    store = MemoryIdempotencyStore() if store is None else store
    keys = Idempotency(store, wait_seconds=0)
    return Mailer(MemoryProvider(), middleware=[keys, script]), script


def partly() -> SendResult:
    """Ada's is accepted, Bob's is refused for now."""
    return SendResult(
        provider="memory",
        recipients=RecipientStatuses(
            {
                ADA: RecipientStatus(SendStatus.QUEUED, message_id="m-1"),
                BOB: RecipientStatus(SendStatus.FAILED, code="busy", retryable=True),
            }
        ),
        message_ids=("m-1",),
    )


def test_a_message_is_sent(in_memory):
    """What became of it is plain JSON, and a value."""
    made, _script = mailer()
    mail = MailcoreCelery(in_memory, mailer=made)

    queued = mail.send_later(message(idempotency_key="order-17"))
    outcome = mail.outcome(queued)

    assert queued.get() == json.loads(json.dumps(queued.get()))
    assert ("sent", "memory", 1, "") == (
        *(outcome.state, outcome.provider, outcome.attempts, outcome.error_text),
    )
    assert "sent" == outcome.recipients[ADA].status
    assert outcome == mail.outcome(queued.id)
    assert 1 == len(made.provider.outbox)
    assert "sent through memory, after 1 attempt" == str(outcome)


def test_a_message_without_a_key_has_that_of_its_task(in_memory):
    """So a task that is handed out twice sends once."""
    made, _script = mailer()
    mail = MailcoreCelery(in_memory, mailer=made)
    first = mail.send_later(message(), task_id="task-1")
    mail.send.apply(kwargs={"message": message().to_dict()}, task_id="task-1")

    assert "task-1" == first.id
    assert 1 == len(made.provider.outbox)


def test_a_key_of_its_own_stands_for_one_message(in_memory):
    """Two tasks with it send once, and both have the result."""
    made, _script = mailer()
    mail = MailcoreCelery(in_memory, mailer=made)
    given = message(idempotency_key="order-17")
    first, second = (mail.outcome(mail.send_later(given)) for _ in range(2))

    assert first.message_ids == second.message_ids
    assert 1 == len(made.provider.outbox)


def test_others_put_messages_into_the_queue_by_name(in_memory):
    """They need no object of this package, and no more than the message."""
    made, _script = mailer()
    mail = MailcoreCelery(in_memory, mailer=made)
    found = in_memory.tasks["mailcore.send"].apply(kwargs={"message": message().to_dict()})

    assert "sent" == found.get()["state"]
    assert mail.send.name == "mailcore.send"


@pytest.mark.parametrize(
    ("outcomes", "state", "category", "sent"),
    [
        pytest.param([RateLimited("slow"), None], "sent", "", 2, id="throttled"),
        pytest.param([ProviderUnavailable("503")] * 4, "sent", "", 5, id="down for a while"),
        pytest.param(
            [ProviderUnavailable("503")] * 9, "failed", "provider_unavailable", 5, id="down"
        ),
        pytest.param([MessageRejected("no")], "failed", "message_rejected", 1, id="rejected"),
        pytest.param([AuthenticationFailed("who")] * 2, "sent", "", 3, id="credentials put right"),
        pytest.param(
            [SendTimeout("lost", maybe_accepted=True)], "unknown", "timeout", 1, id="answer lost"
        ),
        pytest.param([ZeroDivisionError()], "failed", "fault", 1, id="fault of middleware"),
        pytest.param([CancelSend("no")], "cancelled", "cancel_send", 1, id="called off"),
    ],
)
def test_outcomes(in_memory, outcomes, state, category, sent):
    """What may pass is tried again, and nothing that may have been accepted."""
    made, script = mailer(*outcomes)
    policy = OutboxPolicy(attempts=5, first_wait_seconds=0, longest_wait_seconds=0)
    mail = MailcoreCelery(in_memory, mailer=made, policy=policy)

    outcome = mail.outcome(mail.send_later(message()))

    assert (state, sent, sent) == (outcome.state, outcome.attempts, len(script.sent))
    if state != "sent":
        assert category == outcome.error_category


def test_a_failure_is_an_error_of_the_task(in_memory):
    """Celery keeps it as JSON; neither its text nor its repr has an address."""
    made, _script = mailer(MessageRejected(f"no {ADA}", provider="memory", code="X1"))
    mail = MailcoreCelery(in_memory, mailer=made)
    queued = mail.send_later(message())

    with pytest.raises(SendTaskFailed, match=r"not sent, after 1 attempt: memory: no a\*\*\*@exa"):
        queued.get()
    error = queued.result
    again = type(error)(*json.loads(json.dumps(error.args)))
    assert ("failed", "X1") == (again.outcome.state, again.outcome.error_code)
    assert again.outcome == error.outcome == mail.outcome(queued)
    assert ADA not in f"{error} {error!r} {error.outcome!r} {error.outcome}"


def test_those_that_are_left_are_tried_again(in_memory):
    """Of a message that was taken for some; with another key, since it is another message."""
    made, script = mailer(partly())
    policy = OutboxPolicy(first_wait_seconds=0)
    mail = MailcoreCelery(in_memory, mailer=made, policy=policy)

    outcome = mail.outcome(mail.send_later(message(to=[ADA, BOB], idempotency_key="order-17")))

    assert [[ADA, BOB], [BOB]] == [list(each.recipients) for each in script.sent]
    assert {ADA: "queued", BOB: "sent"} == {
        address: str(status.status) for address, status in outcome.recipients.items()
    }
    assert 2 == outcome.attempts


def attempted(made, row, **settings):
    """One attempt, at a time that stands still."""
    given = {"policy": POLICY, "lease_seconds": 300.0, "now": lambda: NOW, **settings}
    return Sending(mailer=lambda: made, **given).attempt(row)


def row_of(given: Message | None = None, course=None):
    """A row as it comes out of a queue."""
    return read((given or message()).to_dict(), course, key="task-1")


def test_the_course_travels_as_json():
    """Whoever attempts it next knows what came before; the second wait is twice as long."""
    made, script = mailer(
        RateLimited("slow", retry_after_seconds=7), partly(), NetworkError("refused")
    )
    given = message(to=[ADA, BOB], metadata={"order": 17}, tags=["a"])
    carried, waits = {"message": given.to_dict(), "course": None}, []
    for _ in range(3):
        again = attempted(made, read(**carried, key="task-1"))
        assert isinstance(again, Again)
        carried = json.loads(json.dumps(written(again.row)))
        waits.append(again.wait_seconds)
    over = attempted(made, read(**carried, key="task-1"))

    assert carried["message"] == {**given.to_dict(), "idempotency_key": "task-1"}
    assert [17.0, 20.0, 40.0] == waits
    assert [[ADA, BOB], [ADA, BOB], [BOB], [BOB]] == [list(m.recipients) for m in script.sent]
    assert ("sent", 4, ("m-1",)) == (over.state, over.attempts, over.message_ids[:1])


def test_what_a_task_carries():
    """The version of its form, and all of a row that the message does not say or a table needs."""
    again = attempted(mailer(partly())[0], row_of(message(to=[ADA, BOB], tags=["a"])))
    row = replace(again.row, not_before=NOW, unsure_since=NOW, began_at=NOW)

    carried = json.loads(json.dumps(written(row)))
    found = read(**carried, key="task-2")

    assert 1 == carried["course"]["version"]
    unneeded = {"subject": "", "tags": (), "fingerprint": "", "claimed_by": ""}
    assert replace(row, document=found.document, **unneeded) == found
    assert row.message() == found.message()
    moments = [each for each in vars(found).values() if isinstance(each, datetime)]
    assert [timezone.utc] * 7 == [each.tzinfo for each in moments]
    assert all(each.tzinfo is timezone.utc for each in moments)


class Native(MemoryProvider):
    """A provider that drops what it has had."""

    name = "native"
    idempotency = "native"


class OtherNative(Native):
    """Another one of this kind."""

    name = "other"


@pytest.mark.parametrize(
    ("provider", "seconds", "state", "sent"),
    [
        (Native, 10, "sent", 1),
        (Native, 899, "sent", 1),
        (Native, 900, "unknown", 0),
        (OtherNative, 10, "unknown", 0),
        (MemoryProvider, 10, "unknown", 0),
    ],
)
def test_a_lost_answer_is_repeated_by_those_who_drop_what_they_have_had(
    provider, seconds, state, sent
):
    """As long as they remember it; a worker with another provider sends nothing."""
    store = MemoryIdempotencyStore()
    keys = Idempotency(store, wait_seconds=0)
    first = Mailer(Native(), middleware=[keys, Scripted(SendTimeout("lost", maybe_accepted=True))])
    again = attempted(first, row_of())
    assert isinstance(again, Again)
    script = Scripted()
    second = Mailer(provider(), middleware=[keys, script])

    later = NOW + timedelta(seconds=seconds)
    over = attempted(second, row_of(course=written(again.row)["course"]), now=lambda: later)

    assert (state, sent) == (over.state, len(script.sent))


def test_those_who_may_have_it_are_left_out():
    """Where another provider cannot know: the others are sent to."""
    statuses = {
        ADA: RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True),
        BOB: RecipientStatus(SendStatus.FAILED, code="busy", retryable=True),
    }
    half = SendResult(provider="native", recipients=RecipientStatuses(statuses))
    first = Mailer(
        Native(),
        middleware=[Idempotency(MemoryIdempotencyStore(), wait_seconds=0), Scripted(half)],
    )
    again = attempted(first, row_of(message(to=[ADA, BOB])))
    assert isinstance(again, Again)
    second, script = mailer()

    over = attempted(second, again.row)

    assert [(BOB,)] == [each.recipients for each in script.sent]
    assert ("unknown", "sent") == (over.state, over.recipients[BOB].status)


def test_a_message_that_has_been_begun_is_looked_at_again():
    """As long as whoever began it may be at it, and the row is as it was; then nobody knows."""
    store = MemoryIdempotencyStore()
    under_way = OutcomeUnknown("begun", under_way_seconds=297.5, maybe_accepted=True)
    for lease_seconds, wait in ((300.0, 2.5), (298.0, 1.0), (400.0, 10.0), (297.5, None)):
        row = row_of()
        made = Mailer(
            MemoryProvider(),
            middleware=[Scripted(under_way), Idempotency(store, wait_seconds=0)],
        )
        found = attempted(made, row, lease_seconds=lease_seconds)
        if wait is None:
            assert ("unknown", "outcome_unknown") == (found.state, found.error_category)
        else:
            assert Again(row=row, wait_seconds=wait) == found


class Forgetful(MemoryIdempotencyStore):
    """A store that is away when a turn ends."""

    is_away = True

    def replace(self, key, old, new):
        if self.is_away and key.startswith("mailcore-celery"):
            raise StoreError("away")
        return super().replace(key, old, new)


def test_a_last_word_that_cannot_be_left():
    """The task comes again, unchanged, and finds out what became of the message."""
    store = Forgetful()
    made, script = mailer(store=store)
    row = row_of()

    assert Again(row=row, wait_seconds=10.0) == attempted(made, row)
    store.is_away = False
    over = attempted(made, row, now=lambda: NOW + timedelta(seconds=301))
    assert ("sent", 1) == (over.state, len(script.sent))


@pytest.mark.parametrize(
    ("error", "state"),
    [(StoreError("away"), None), (SerializationError("damaged"), "failed")],
)
def test_what_fails_before_anything_is_sent(error, state):
    """Of an error that somebody has to see to the message waits; it counts as an attempt."""

    def broken():
        raise error

    sending = Sending(mailer=broken, policy=POLICY, lease_seconds=1.0, now=lambda: NOW)
    row = replace(row_of(), provider="native", attempts=1)

    found = sending.attempt(row)

    if state is None:
        assert 3600.0 == found.wait_seconds
        found = found.row
    else:
        assert isinstance(found, MailOutcome)
        assert state == found.state
    assert ("native", 2, error.args[0] if state is None else str(error)) == (
        *(found.provider, found.attempts, found.error_text),
    )


def test_a_worker_that_died_leaves_its_key():
    """Nobody knows; while it may still be at it, the task comes again, which is not counted."""
    store = MemoryIdempotencyStore()
    died, _script = mailer(KeyboardInterrupt(), store=store)
    with pytest.raises(KeyboardInterrupt):
        died.send(row_of().message())
    made, script = mailer(store=store)

    again = attempted(made, row_of())
    over = attempted(made, row_of(), lease_seconds=0.000001)

    assert isinstance(again, Again)
    assert (0, 10.0) == (again.row.attempts, again.wait_seconds)
    assert ("unknown", "outcome_unknown") == (over.state, over.error_category)
    assert [] == script.sent


def test_a_task_that_ended_and_was_not_acknowledged():
    """It has its first result when it is handed out again."""
    made, script = mailer()
    first, second = attempted(made, row_of()), attempted(made, row_of())

    assert first.message_ids == second.message_ids
    assert 1 == len(script.sent)


def test_a_mailer_that_cannot_be_made_is_waited_for():
    """Somebody has to see to it; the message is not to blame."""

    def broken():
        raise ConfigurationError("no region")

    sending = Sending(mailer=broken, policy=POLICY, lease_seconds=1.0, now=lambda: NOW)
    again = sending.attempt(row_of())

    assert isinstance(again, Again)
    assert 3600.0 == again.wait_seconds
    assert ("configuration_error", "no region") == (again.row.error_category, again.row.error_text)


@pytest.mark.parametrize("change", [{"document_version": 99}, {"version": 99}])
def test_a_task_of_a_newer_release(in_memory, change, caplog):
    """It waits for a worker that can read it, and is told of in the end; nothing is sent."""
    made, script = mailer()
    policy = OutboxPolicy(attempts=2, first_wait_seconds=0, longest_wait_seconds=0)
    mail = MailcoreCelery(in_memory, mailer=made, policy=policy)
    carried = written(row_of())
    given = {**carried, "course": {**carried["course"], **change}}

    with pytest.raises(NewerTask, match="newer release"):
        mail.send.apply(kwargs=given).get()
    assert 2 == caplog.text.count("waits for another worker")
    assert [] == script.sent


@pytest.mark.parametrize(
    ("given", "course"),
    [
        (None, None),
        ("text", None),
        ({"to": 5}, None),
        ({"from_email": "me@example.com", "text": "x"}, None),
        (message().to_dict(), "course"),
        (message().to_dict(), {"version": 1}),
        (message().to_dict(), {**written(row_of())["course"], "due_at": "soon"}),
        (message().to_dict(), {**written(row_of())["course"], "statuses": "{"}),
        (message().to_dict(), {**written(row_of())["course"], "state": "lost"}),
    ],
)
def test_damaged_tasks(given, course):
    """One clear error, and no traceback of something else."""
    with pytest.raises((SerializationError, InvalidMessage)):
        read(given, course, key="task-1")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mailer": 5}, "must be a Mailer, a function that makes one, or a URL, not int"),
        ({"mailer": Mailer("null"), "store": MemoryIdempotencyStore()}, "in its policy"),
        ({"policy": OutboxPolicy(accept_duplicates=True)}, "changes nothing here"),
        ({"lease_seconds": 0}, "lease_seconds must be"),
        ({"lease_seconds": True}, "lease_seconds must be"),
        ({"name": ""}, "name must be a text"),
    ],
)
def test_wrong_settings(in_memory, settings, said):
    """They are told of when the object is made."""
    with pytest.raises(ConfigurationError, match=said):
        MailcoreCelery(in_memory, **settings)


def test_an_app_has_the_tasks_once(in_memory):
    """A second mailer of the same app has tasks of another name."""
    MailcoreCelery(in_memory)
    with pytest.raises(ConfigurationError, match="has the tasks of 'mailcore' already"):
        MailcoreCelery(in_memory)
    other = MailcoreCelery(in_memory, name="newsletter")

    assert "newsletter.send" == other.send.name
    with pytest.raises(ConfigurationError, match="app must be a Celery app, not str"):
        MailcoreCelery("app")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (lambda: Mailer("null"), "would send its message twice: give its mailer Idempotency"),
        (lambda: mailer()[0], "MemoryIdempotencyStore is the memory of one process"),
        (lambda: 17, "returned int, not a Mailer"),
        ("null://", "needs store="),
    ],
)
def test_keys_that_all_processes_share_are_required(in_memory, source, said):
    """Without them a task that is handed out twice would send twice: nothing is sent."""
    in_memory.conf.task_always_eager = False
    mail = MailcoreCelery(in_memory, mailer=source)
    found = mail._sending.attempt(row_of())

    assert isinstance(found, Again)
    assert said in found.row.error_text


def test_a_mailer_is_made_of_a_url(in_memory, tmp_path, monkeypatch):
    """With the policies of production, but for one that waits in the process of the worker."""
    monkeypatch.setenv("MAILCORE_URL", "null://")
    with SqliteIdempotencyStore(tmp_path / "keys.db") as store:
        of_env = MailcoreCelery(in_memory, store=store)._mailer()
        of_url = MailcoreCelery(in_memory, mailer="null://", store=store, name="b")._mailer()

    for made in (of_env, of_url):
        assert ["Idempotency", "Logging", "Throttle"] == [
            type(each).__name__ for each in made.middleware
        ]
        keys = made.middleware[0]
        assert (604_800, 1) == (keys._life_seconds, keys._wait_seconds)


class Shared:
    """A store of somebody else's, of which nothing is known but that it keeps keys."""

    def __init__(self):
        self.claim = self.replace = self.release = self.forget = lambda *_: None


def test_a_mailer_is_made_once_in_each_process(monkeypatch):
    """And keys that a store of one's own keeps are taken to be shared."""
    made = []

    def make():
        made.append(Mailer("null", middleware=[Idempotency(Shared())]))
        return made[-1]

    found = mailers.Mailers(make, None)
    first = found.get(one_process=False)
    assert first is found.get(one_process=False)
    monkeypatch.setattr(mailers, "os", SimpleNamespace(getpid=lambda: os.getpid() + 1))
    second = found.get(one_process=False)
    assert second is found.get(one_process=False)

    assert [first, second] == made


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"countdown": 1, "eta": NOW}, "countdown or eta, not both"),
        ({"eta": NOW.replace(tzinfo=None)}, "eta must be a datetime with time zone"),
        ({"eta": "tomorrow"}, "eta must be a datetime with time zone"),
        ({"countdown": -1}, "countdown must be a number of seconds"),
        ({"countdown": "5"}, "countdown must be a number of seconds"),
        ({"countdown": float("nan")}, "countdown must be a number of seconds"),
        ({"countdown": float("inf")}, "countdown must be a number of seconds"),
    ],
)
def test_wrong_times(in_memory, arguments, said):
    """Nothing is queued."""
    mail = MailcoreCelery(in_memory, mailer=mailer()[0])
    with pytest.raises(ConfigurationError, match=said):
        mail.send_later(message(), **arguments)


def test_wrong_messages_are_not_queued(in_memory):
    """What no worker could send, or no JSON hold, is told of at once."""
    mail = MailcoreCelery(in_memory, mailer=mailer()[0])
    with pytest.raises(InvalidMessage, match="no recipients"):
        mail.send_later(message(to=[]))
    with pytest.raises(InvalidMessage, match=r"takes a mailcore\.Message, not str"):
        mail.send_later("Hello")


def test_workers_that_do_not_take_json(in_memory):
    """They would throw the task away."""
    in_memory.conf.accept_content = ["pickle"]
    mail = MailcoreCelery(in_memory, mailer=mailer()[0])
    with pytest.raises(ConfigurationError, match="add 'json' to its setting accept_content"):
        mail.send_later(message())


def test_outcomes_need_a_result_backend(in_memory):
    """The error says which setting."""
    mail = MailcoreCelery(in_memory, mailer=mailer()[0])
    assert mail.outcome("unknown-id") is None
    in_memory.conf.result_backend = None
    with pytest.raises(ConfigurationError, match="no result_backend"):
        mail.outcome("unknown-id")


def test_what_celery_ends_itself(in_memory):
    """Of a task that a time limit ended nobody knows; one that was revoked is called off."""
    from celery.exceptions import TimeLimitExceeded

    mail = MailcoreCelery(in_memory, mailer=mailer()[0])
    in_memory.backend.mark_as_failure("a", TimeLimitExceeded(5))
    in_memory.backend.mark_as_revoked("b", "revoked")

    ended, revoked = mail.outcome("a"), mail.outcome("b")
    assert ("unknown", "task_failed", "TimeLimitExceeded in its task") == (
        *(ended.state, ended.error_category, ended.error_text),
    )
    assert ("cancelled", "revoked") == (revoked.state, revoked.error_category)


def test_mailers_put_mail_into_the_queue(in_memory):
    """For backends and programs that have a mailer; the workers have another one."""
    made, script = mailer()
    mail = MailcoreCelery(in_memory, mailer=made)
    web = Mailer("null", middleware=[mail.middleware], defaults={"tags": ["shop"]})

    result = web.send(message())

    assert ("celery", "queued") == (result.provider, result.recipients[ADA].status)
    assert "in the queue of Celery" == result.recipients[ADA].detail
    assert "sent" == mail.outcome(result.raw).state
    assert [("shop",)] == [each.tags for each in script.sent]


def test_the_current_app(in_memory):
    """For code that should not import the project's."""
    in_memory.set_current()
    with pytest.raises(ConfigurationError, match="the current Celery app has no mail"):
        send_later(message())
    mail = MailcoreCelery(in_memory, mailer=mailer()[0])

    assert "sent" == mail.outcome(send_later(message())).state


def test_later_is_later(in_memory):
    """Celery keeps the time, and the row has it too."""
    made, _script = mailer()
    mail = MailcoreCelery(in_memory, mailer=made)
    seen = []
    mail.send.apply_async = lambda **options: seen.append(options)
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    mail.send_later(message(), eta=tomorrow, priority=3)
    mail.send_later(message(), countdown=60)

    first, second = seen
    assert (tomorrow, 3) == (first["eta"], first["priority"])
    assert tomorrow.isoformat() == first["kwargs"]["course"]["due_at"]
    assert 60 == second["countdown"]
    assert "<not shown>" == second["argsrepr"] == second["kwargsrepr"]
    assert "eta" not in second


def test_a_task_that_cannot_be_put_back_stays_with_the_broker():
    """Celery would throw it away, and the mail with it."""
    # The discard port of this machine.
    app = Celery("tests", broker="redis://127.0.0.1:9/0", set_as_current=False)
    app.conf.task_publish_retry = False
    # Kombu would try to connect for six seconds otherwise, whatever the line above says.
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
    mail = MailcoreCelery(app, mailer="null://", store=MemoryIdempotencyStore())
    mail.send.push_request(id="task-1", args=(), kwargs={}, called_directly=False, delivery_info={})
    try:
        found = _put_back(mail.send, written(row_of()), 5.0)
    finally:
        mail.send.pop_request()
        app.close()

    assert isinstance(found, Reject)
    assert isinstance(found.reason, Reject)
    assert found.requeue


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        pytest.param(MessageRejected(f"no {ADA}", code="X1"), "failed", id="refused"),
        pytest.param(SendTimeout("lost", maybe_accepted=True), "unknown", id="lost"),
        pytest.param(CancelSend("no"), "cancelled", id="called off"),
        pytest.param(None, "sent", id="sent"),
    ],
)
def test_a_copy_of_a_task_has_the_last_word(outcome, state):
    """Also of a message that was refused, whose key is free again: nothing is sent by a copy."""
    store = MemoryIdempotencyStore()
    made, script = mailer(outcome, store=store)
    given = message(to=[ADA, BOB])
    first, copy = attempted(made, row_of(given)), attempted(made, row_of(given))

    assert state == first.state
    assert 1 == len(script.sent)
    assert [str(each.status) for each in first.recipients.values()] == [
        str(each.status) for each in copy.recipients.values()
    ]
    assert set(first.recipients) == set(copy.recipients)
    assert (first.state, first.error_text, first.message_ids, first.attempts) == (
        *(copy.state, copy.error_text, copy.message_ids, copy.attempts),
    )
    assert ADA not in repr(store._kept)
    assert [redact(each.detail) for each in first.recipients.values()] == [
        each.detail for each in copy.recipients.values()
    ]


def test_copies_of_a_task_have_their_turns():
    """While one is at it, the other is put back; a turn that was given up is taken over."""
    store = MemoryIdempotencyStore()
    made, script = mailer(store=store)
    turn = take(store, row_of(), now=NOW.timestamp(), lease_seconds=300)
    again = attempted(made, row_of())
    assert isinstance(again, Again)
    assert (10.0, 0) == (again.wait_seconds, again.row.attempts)
    assert [] == script.sent

    over = attempted(made, row_of(), now=lambda: NOW + timedelta(seconds=301))
    assert "sent" == over.state
    assert not turn.end(None)
    assert not turn.end(over)


def test_who_has_lost_its_turn_asks_again():
    """The other one has the last word."""
    store = MemoryIdempotencyStore()

    def slow(message, send):
        result = yield from send(message)
        store.forget("mailcore-celery task-1")
        return result

    made = Mailer("memory", middleware=[Idempotency(store, wait_seconds=0), slow])
    row = row_of()

    assert Again(row=row, wait_seconds=10.0) == attempted(made, row)
    assert "sent" == attempted(made, row_of()).state
    assert 1 == len(made.provider.outbox)


@pytest.mark.parametrize(
    "record",
    [
        "[]",
        "{",
        "{}",
        '{"turn": "a"}',
        '{"turn": "a", "began_at": "noon"}',
        '{"turn": "a", "began_at": null}',
        '{"recipients": 5}',
        '{"version": 0, "recipients": []}',
        '{"version": 1, "recipients": []}',
    ],
)
def test_what_is_no_turn(record):
    """Of something else under the key nobody knows what it says of the message; none is sent."""
    store = MemoryIdempotencyStore()
    store.claim("mailcore-celery task-1", record, 100)
    made, script = mailer(store=store)
    over = attempted(made, row_of())

    assert isinstance(over, MailOutcome)
    assert ("unknown", "outcome_unknown") == (over.state, over.error_category)
    assert "look at the provider" in over.error_text
    assert [] == script.sent


def test_a_last_word_of_a_newer_release(in_memory, caplog):
    """The task waits for a worker that can read it; in the end nobody here knows."""
    store = MemoryIdempotencyStore()
    store.claim("mailcore-celery task-1", '{"version": 2, "verdict": "sent"}', 100)
    made, script = mailer(store=store)
    policy = OutboxPolicy(attempts=2, first_wait_seconds=0, longest_wait_seconds=0)
    mail = MailcoreCelery(in_memory, mailer=made, policy=policy)

    ended = mail.send.apply(kwargs=written(row_of()))

    assert "FAILURE" == ended.state
    assert isinstance(ended.result, NewerTask)
    assert 2 == caplog.text.count("waits for another worker")
    assert [] == script.sent


class Overtaken(MemoryIdempotencyStore):
    """A store in which somebody else is faster just when a turn is taken over."""

    def replace(self, key, old, new):
        super().replace(key, old, old.replace("turn", "turn "))
        return super().replace(key, old, new)


@pytest.mark.parametrize(
    ("seconds", "left"),
    [(0, 300.0), (299.5, 0.5), (299.999, 0.001), (300, None), (301, None)],
)
def test_when_a_turn_is_taken_over(seconds, left):
    """When it has lasted for as long as it may."""
    store, row = MemoryIdempotencyStore(), row_of()
    first = take(store, row, now=1000.0, lease_seconds=300)

    found = take(store, row, now=1000.0 + seconds, lease_seconds=300)

    if left is None:
        assert isinstance(found, Turn)
        assert not first.end(None)
        assert found.end(None)
    else:
        assert left == pytest.approx(found)
        assert first.end(None)


def test_of_two_that_take_a_turn_over_one_has_it():
    """The other one asks again, at once."""
    store, row = Overtaken(), row_of()
    take(store, row, now=1000.0, lease_seconds=300)

    assert 0.0 == take(store, row, now=2000.0, lease_seconds=300)


def test_a_copy_does_not_count_those_whom_the_defaults_added():
    """Nor miss anybody: of each recipient of the message it says what became of it."""
    store = MemoryIdempotencyStore()
    keys = Idempotency(store, wait_seconds=0)
    made = Mailer(MemoryProvider(), middleware=[keys], defaults={"bcc": ["archive@example.com"]})
    first, copy = attempted(made, row_of()), attempted(made, row_of())

    assert {ADA, "archive@example.com"} == set(first.recipients)
    assert {ADA: first.recipients[ADA]} == dict(copy.recipients)


def test_a_wait_is_not_below_none():
    """If the next attempt has become due meanwhile."""
    moments = [NOW, NOW, NOW, NOW + timedelta(seconds=11)]
    again = attempted(mailer(NetworkError("refused"))[0], row_of(), now=lambda: moments.pop(0))

    assert 0.0 == again.wait_seconds
