"""The policy that sends one of all messages with the same key."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys

from typing import ClassVar

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    IdempotencyKeyReused,
    Mailer,
    Message,
    MessageRejected,
    NetworkError,
    OutcomeUnknown,
    RecipientStatus,
    SendResult,
    SendStatus,
    SendTimeout,
    StoreError,
    StoreUnavailable,
    UnsupportedFeature,
)
from mailcore.features import YES, Features
from mailcore.flow import Sleep
from mailcore.middleware import Idempotency, Sender, Suppression
from mailcore.middleware.idempotency_records import Record, fingerprint
from mailcore.result import RecipientStatuses
from mailcore.stores import (
    MemoryIdempotencyStore,
    MemorySuppressionStore,
    SqliteIdempotencyStore,
    SuppressionEntry,
)
from mailcore.testing import VirtualClock, drive


ADA, BOB = "ada@example.net", "bob@example.net"
KEY = "order-17-shipped"
LOST = SendTimeout("no answer", maybe_accepted=True)
DEADLINE_SECONDS = 30


def message(**fields):
    """A message with a key."""
    fields = {"to": [ADA], "subject": "Hi", "text": "Hi", "idempotency_key": KEY, **fields}
    return Message(from_email="me@example.com", **fields)


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """An empty store: one that event loops ask themselves, and one that a thread asks."""
    if request.param == "memory":
        yield MemoryIdempotencyStore()
        return
    with SqliteIdempotencyStore(tmp_path / "keys.db") as made:
        yield made


@pytest.fixture
def native(chunked):
    """A provider that has idempotency of its own."""

    class Native(chunked):
        idempotency = "native"
        features: ClassVar = Features(idempotency_key=YES)
        keys: ClassVar[list[str]] = []

        def build(self, message):
            self.keys.append(message.idempotency_key)
            return super().build(message)

    Native.keys = []
    return Native


class Through:
    """Sends one message after the other past a store; each by a mailer of its own."""

    def __init__(self, send, make, store, transport, registry):
        self.send, self.make, self.transport = send, make, transport
        self.store, self.registry = store, registry

    def __call__(self, given, **options):
        options = {"wait_seconds": 0, **options}
        try:
            return self.send(
                self.make(),
                given,
                middleware=[Idempotency(self.store, **options)],
                transport=self.transport,
                registry=self.registry,
            )
        except Exception as error:
            return error

    @property
    def count(self):
        return len(self.transport.requests)


@pytest.fixture
def through(send, chunked, scripted, registry, store):
    """Makes a `Through`, with what the provider answers."""

    def make(*answers, provider=chunked, store=store):
        return Through(send, provider, store, scripted(*answers), registry)

    return make


def told(result):
    """Statuses by address."""
    return {address: str(status.status) for address, status in result.recipients.items()}


def test_the_second_gets_the_result_of_the_first(through):
    """In another mailer too; the provider is asked once, and without the key."""
    send = through("m-1", "m-2")
    first = send(message(to=[ADA, BOB]))
    again = send(message(to=[ADA, BOB]))

    assert ({ADA: "queued", BOB: "queued"}, ("m-1", "m-2")) == (told(first), first.message_ids)
    assert (first, 2) == (again, send.count)
    assert again.raw is None


def test_keys_tell_messages_apart(through):
    """Without a key, and with another one, each is sent."""
    send = through("m-1", "m-2", "m-3", "m-4")
    for key in ("a", "b", None, None):
        send(message(idempotency_key=key))

    assert 4 == send.count


OTHERS = [
    {"text": "Bye"},
    {"subject": "Bye"},
    {"to": [BOB]},
    {"to": [ADA, BOB]},
    {"to": [], "cc": [ADA]},
    {"to": ["Ada <ada@example.net>"]},
    {"attachments": [("a.txt", "a")]},
    {"metadata": {"a": 1}},
    {"merge_data": {}},
]


@pytest.mark.parametrize("fields", OTHERS, ids="-".join)
def test_another_message_is_an_error(through, fields):
    """It is not sent, and the error says why."""
    send = through("m-1", "m-2", "m-3")
    send(message())
    error = send(message(**fields))

    assert isinstance(error, IdempotencyKeyReused)
    assert ("idempotency_key", 1) == (error.problems[0].field, send.count)
    assert str(error).startswith("another message was sent with this idempotency_key, or is being")
    assert "a key of its own" in str(error)


def test_a_batch_with_other_values_is_another_message(through, chunked):
    """Those of one recipient count."""

    class Merging(chunked):
        features: ClassVar = Features(merge_data=YES)

    send = through("m-1", "m-2", "m-3", provider=Merging)
    send(message(to=[ADA, BOB], merge_data={ADA: {"n": 1}, BOB: {"n": 1}}))
    error = send(message(to=[ADA, BOB], merge_data={ADA: {"n": 1}, BOB: {"n": 2}}))

    assert isinstance(error, IdempotencyKeyReused)


def test_the_same_message_in_other_words(through):
    """Spelling of addresses and the order of names do not make another one."""
    send = through("m-1", "m-2")
    send(message(metadata={"a": 1, "b": 2}, to=["Ada@Example.net"]))

    again = message(metadata={"b": 2, "a": 1}, tags=[], attachments=[], headers={})
    assert {ADA: "queued"} == told(send(again))


def test_somebody_is_on_the_suppression_list_by_now(chunked, scripted, registry, store):
    """The rest has the first result; the policies stand in the documented order."""
    suppressions = MemorySuppressionStore()
    policies = [Suppression(suppressions), Idempotency(store)]
    transport = scripted("m-1", "m-2", "m-3")
    settings = {"middleware": policies, "transport": transport, "registry": registry}
    mailer = Mailer(chunked(), **settings)
    both = message(to=[ADA, BOB])
    mailer.send(both)
    suppressions.add([SuppressionEntry(email_address=ADA, reason="BOUNCE")])
    again = mailer.send(both)

    assert {ADA: "rejected", BOB: "queued"} == told(again)
    assert ("m-2", 2) == (again.recipients[BOB].message_id, len(transport.requests))


@pytest.mark.parametrize(
    "failure",
    [
        MessageRejected("no"),
        NetworkError("refused"),
        {ADA: RecipientStatus(SendStatus.INVALID)},
        ConfigurationError("no credentials"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_what_was_not_sent_is_sent(through, failure):
    """A failure that is certain gives the key free, for another message too."""
    send = through(failure, "m-1")
    assert isinstance(send(message()), Exception)

    assert {ADA: "queued"} == told(send(message(text="Corrected")))


def test_what_the_provider_cannot_express_is_not_sent(through):
    """The key is free afterwards."""
    send = through("m-1")
    assert isinstance(send(message(track_opens=True)), UnsupportedFeature)

    assert {ADA: "queued"} == told(send(message()))


def test_a_lost_answer(through):
    """Nobody knows: the second is told, and nothing is sent twice."""
    send = through(LOST, "m-2")
    assert send(message()) is LOST
    error = send(message(), wait_seconds=10)

    assert isinstance(error, OutcomeUnknown)
    assert (True, False, "chunked", 1) == (
        error.maybe_accepted, error.retryable, error.provider, send.count,
    )  # fmt: skip
    assert "was begun 0 s ago" in str(error)
    assert "its answer was lost" in str(error)
    assert error.under_way_seconds is None


def test_what_a_provider_does_not_say(through):
    """A result in which nothing is known is a result."""
    silent = {"somebody@example.net": RecipientStatus(SendStatus.QUEUED)}
    send = through(silent, "m-2")

    assert {ADA: "unknown"} == told(send(message())) == told(send(message()))


def test_partial_results_stay(through):
    """Those that were refused need another key."""
    refused = {BOB: RecipientStatus(SendStatus.INVALID, code="x", detail=f"no {BOB}")}
    send = through("m-1", refused, "m-3")
    first, again = send(message(to=[ADA, BOB])), send(message(to=[ADA, BOB]))

    assert {ADA: "queued", BOB: "invalid"} == told(first) == told(again)
    assert ("x", "no b***@example.net") == (
        again.recipients[BOB].code,
        again.recipients[BOB].detail,
    )


def test_a_fault_of_a_middleware(chunked, scripted, registry, store):
    """It may have sent before it failed: nobody knows."""

    def failing(message, send):
        yield from send(message)
        raise ZeroDivisionError

    middleware = [Idempotency(store), failing]
    settings = {"middleware": middleware, "transport": scripted("m-1"), "registry": registry}
    mailer = Mailer(chunked(), **settings)
    with pytest.raises(ZeroDivisionError):
        mailer.send(message())
    with pytest.raises(OutcomeUnknown):
        mailer.send(message())


def test_native_keys_are_passed_on(through, native):
    """Where the provider has them; its own repetition is asked for nothing."""
    send = through("m-1", provider=native)
    send(message())
    send(message())

    assert ([KEY], 1) == (native.keys, send.count)


def test_native_keys_make_the_unknown_known(through, native):
    """The provider drops what it has had: it is asked again, and the result is kept."""
    send = through(LOST, "m-1", provider=native)
    outcomes = [send(message()) for _ in range(3)]

    assert outcomes[0] is LOST
    assert [{ADA: "queued"}] * 2 == [told(each) for each in outcomes[1:]]
    assert (2, [KEY, KEY]) == (send.count, native.keys)


def test_a_key_that_is_forgotten_meanwhile_is_told(send, chunked, scripted, registry, caplog):
    """Another one may have sent the message as well; a key that stays is no news."""
    store = MemoryIdempotencyStore()

    def forgetting(given, send):
        if given.subject == "forgotten":
            assert store.forget("forgotten")
        return (yield from send(given))

    settings = {"middleware": [Idempotency(store), forgetting], "registry": registry}
    for name, warnings in (("kept", 0), ("forgotten", 1)):
        given = message(subject=name, idempotency_key=name)
        send(chunked(), given, transport=scripted("m-1"), **settings)
        assert warnings == caplog.text.count("an idempotency_key was forgotten, or taken")


def test_a_key_ends(chunked, scripted, registry):
    """After its life the message is sent again, and the key stands for another one."""
    clock = VirtualClock()
    policy = Idempotency(MemoryIdempotencyStore(now=clock), life_seconds=60, now=clock)
    transport = scripted("m-1", "m-2")
    settings = {"middleware": [policy], "transport": transport, "registry": registry}
    mailer = Mailer(chunked(), **settings)
    ids = []
    for seconds in (0, 59, 2):
        clock.sleep(seconds)
        ids.append(mailer.send(message()).message_id)

    assert ["m-1", "m-1", "m-2"] == ids


# One that is just being sent.


def flow_of(policy, chunked, registry, outcome):
    """The flow of a send past a policy, on a virtual clock."""
    middleware = policy.attach(Sender(provider=chunked(), registry=registry))

    def leaf(_):
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
        yield

    return middleware(message(), leaf)


@pytest.fixture
def begun(chunked, registry):
    """A policy, its clock, and the record of a send that somebody else began."""
    clock = VirtualClock(now=1000.0)
    store = MemoryIdempotencyStore(now=clock)
    record = Record.begun(fingerprint(message()), clock.now)
    store.claim(KEY, record.written(), 3600)
    return Idempotency(store, wait_seconds=30, now=clock), clock, store, record


def result_of(chunked, scripted, registry):
    """The result of such a message."""
    settings = {"transport": scripted("m-9"), "registry": registry}
    return Mailer(chunked(), **settings).send(message(idempotency_key=None))


def test_it_is_waited_for(begun, chunked, scripted, registry):
    """The waits grow, and the result comes as soon as it is there."""
    policy, _, store, record = begun
    result = result_of(chunked, scripted, registry)
    flow = flow_of(policy, chunked, registry, None)
    waits = [next(flow), *(flow.send(None) for _ in range(6))]
    store.replace(KEY, record.written(), record.done(result).written())
    with pytest.raises(StopIteration) as ended:
        flow.send(None)

    assert "m-9" == ended.value.value.message_id
    assert [Sleep(each) for each in (0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0)] == waits


def test_it_failed_meanwhile(begun, chunked, registry):
    """Then it is sent now."""
    policy, _, store, record = begun
    flow = flow_of(policy, chunked, registry, MessageRejected("mine"))
    next(flow)
    store.release(KEY, record.written())
    with pytest.raises(MessageRejected, match="mine"):
        flow.send(None)


def test_it_died_in_between(begun, chunked, registry):
    """After the wait, whoever sends it again is told that nobody knows."""
    policy, clock, _, _ = begun
    told = pytest.raises(OutcomeUnknown, match=r"begun 30 s ago, .* has died, or is still at it")
    with told as raised:
        drive(flow_of(policy, chunked, registry, None), clock=clock)

    assert 30 == pytest.approx(sum(clock.slept))
    assert 30 == pytest.approx(raised.value.under_way_seconds)


def test_it_died_in_between_and_the_key_is_native(begun, native, scripted, registry):
    """It is given to the provider again, which drops what it has had."""
    policy, clock, _, _ = begun
    result = result_of(native, scripted, registry)

    assert result is drive(flow_of(policy, native, registry, result), clock=clock)
    assert 30 == pytest.approx(sum(clock.slept))


def test_somebody_else_has_taken_it_over(native, scripted, registry):
    """Of those who waited, one gives it to the provider again; the others wait for that one."""

    class Contested(MemoryIdempotencyStore):
        others: ClassVar[list[str]] = []

        def replace(self, key, old, new):
            if self.others:
                super().replace(key, old, self.others.pop())
                return False
            return super().replace(key, old, new)

    clock = VirtualClock(now=1000.0)
    first, second = (Record.begun(fingerprint(message()), clock.now) for _ in range(2))
    store = Contested(now=clock)
    store.claim(KEY, first.written(), 3600)
    store.others.append(second.written())
    flow = flow_of(Idempotency(store, wait_seconds=1, now=clock), native, registry, None)
    waits = [next(flow).seconds, *(flow.send(None).seconds for _ in range(7))]
    result = result_of(native, scripted, registry)
    store.replace(KEY, second.written(), second.done(result).written())
    with pytest.raises(StopIteration) as ended:
        flow.send(None)

    assert [0.05, 0.1, 0.2, 0.4, 0.25, 0.05, 0.1, 0.2] == pytest.approx(waits)
    assert "m-9" == ended.value.value.message_id


def test_another_message_does_not_wait(begun, native, registry):
    """It is told at once, and is not given to a provider that would take it for the first."""
    policy, clock, _, record = begun
    other = Record.begun(fingerprint(message(text="Bye")), clock.now)
    policy._store.replace(KEY, record.written(), other.written())
    with pytest.raises(IdempotencyKeyReused):
        drive(flow_of(policy, native, registry, None), clock=clock)

    assert [] == clock.slept


def test_forgetting_is_the_way_out(begun, chunked, scripted, registry):
    """Who has asked the provider says so."""
    policy, _, store, _ = begun
    result = result_of(chunked, scripted, registry)
    assert store.forget(KEY)

    assert result is drive(flow_of(policy, chunked, registry, result))


def test_one_call_with_the_same_key_twice(chunked, scripted, registry, store):
    """The second of two messages in one call waits for the first."""
    transport = scripted("m-1", "m-2")
    settings = {"middleware": [Idempotency(store)], "transport": transport, "registry": registry}
    mailer = Mailer(chunked(), **settings)
    mailer.provider.max_messages_per_call = 10
    outcomes = list(mailer.send_many([message(), message()], messages_per_call=2))

    assert ["m-1", "m-1"] == [each.message_id for each in outcomes]


def test_many_tasks_with_the_same_key(chunked, scripted, registry, store):
    """Of an event loop: one sends, the others wait for it."""
    transport = scripted("m-1", "m-2")

    async def send_all():
        settings = {"middleware": [Idempotency(store)], "registry": registry}
        async with AsyncMailer(chunked(), transport=transport, **settings) as mailer:
            return await asyncio.gather(*(mailer.send(message()) for _ in range(8)))

    assert {"m-1"} == {each.message_id for each in asyncio.run(send_all())}
    assert 1 == len(transport.requests)


# A store that is down.


class Down:
    """A store that cannot be used, or from the second question on."""

    def __init__(self, answers=0):
        self._store, self._left = MemoryIdempotencyStore(), answers

    def __getattr__(self, name):
        if self._left:
            self._left -= 1
            return getattr(self._store, name)

        def fail(*arguments):
            raise StoreError("it is down")

        return fail


def test_a_store_that_is_down_refuses(through):
    """Nothing was sent, and the same may be sent again; what has no key is not concerned."""
    send = through("m-1", store=Down())
    error = send(message())

    assert isinstance(error, StoreUnavailable)
    assert (True, False, 0) == (error.retryable, error.maybe_accepted, send.count)
    assert "the store of idempotency keys cannot be asked: it is down" in str(error)
    assert "chunked" == error.provider
    assert {ADA: "queued"} == told(send(message(idempotency_key=None)))


def test_a_store_that_is_down_sends_if_it_is_told_to(through, caplog):
    """Perhaps twice, and the log says so."""
    send = through("m-1", "m-2", store=Down())

    assert {ADA: "queued"} == told(send(message(), when_down="send"))
    assert "the store of idempotency keys cannot be asked" in caplog.text
    assert "StoreError: it is down" in caplog.text


@pytest.mark.parametrize("answer", ["m-1", LOST, MessageRejected("no")], ids=repr)
def test_a_store_that_goes_down_meanwhile(through, answer, caplog):
    """The outcome is that of the send; who asks later is told that nobody knows."""
    store = Down(answers=4)
    send = through(answer, "m-2", store=store)
    store._left = 4  # three are looked at when the policy is made
    outcome = send(message())

    assert told(outcome) == {ADA: "queued"} if answer == "m-1" else outcome is answer
    assert "could not be written down" in caplog.text
    store._left = 10
    assert isinstance(send(message()), OutcomeUnknown)


NEWER = Record.begun(fingerprint(message()), 1.5).written().replace('"version": 1', '"version": 2')


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"version": 2}', '{"version": 1}', "no json", pytest.param(NEWER, id="newer")],
)
def test_records_of_others(through, text):
    """Those of a later version, or of another program, are not guessed at."""
    store = MemoryIdempotencyStore()
    store.claim(KEY, text, 60)

    assert isinstance(through("m-1", store=store)(message()), StoreUnavailable)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Idempotency(5), r"takes a store such as SqliteIdempotencyStore\(path\), not int"),
        (lambda: Idempotency(MemoryIdempotencyStore), r"write MemoryIdempotencyStore\(...\)"),
        (lambda: Idempotency(Down(9), when_down=None), "when_down must be 'refuse' or 'send'"),
        (lambda: Idempotency(Down(9), life_seconds=0), "life_seconds must be at least 1, not 0"),
        (lambda: Idempotency(Down(9), wait_seconds=-1), "wait_seconds must be at least 0"),
        (
            lambda: Idempotency(Down(9), life_seconds=5, wait_seconds=5),
            "must be less than life_seconds",
        ),
    ],
)
def test_wrong_settings(make, says):
    """They are told when the policy is made."""
    with pytest.raises(ConfigurationError, match=says):
        make()


def test_what_it_does():
    """In one line, for the doctor."""
    assert (
        "one send for each idempotency_key within 86400 s, by MemoryIdempotencyStore; refuses "
        "while it is down" == Idempotency(MemoryIdempotencyStore()).describe()
    )
    sends = Idempotency(MemoryIdempotencyStore(), when_down="send").describe()
    assert sends.endswith("; sends without asking while it is down")


# What is kept.

STATUSES = st.builds(
    RecipientStatus,
    st.sampled_from(SendStatus),
    message_id=st.none() | st.text(max_size=9),
    code=st.text("abc 123", max_size=9),
    retryable=st.booleans(),
    maybe_accepted=st.booleans(),
)


@given(count=st.integers(1, 30), data=st.data())
def test_results_survive_their_record(count, data):
    """Statuses stay with their recipients, and no address is kept."""
    addresses = [f"user{number}@example.net" for number in range(count)]
    given_message = message(to=addresses)
    statuses = {address: data.draw(STATUSES) for address in addresses}
    result = SendResult(provider="toy", recipients=RecipientStatuses(statuses))
    found = fingerprint(given_message)
    text = Record.begun(found, 1.5).done(result).written()

    assert result == Record.read(text).result_for(given_message, found)
    assert "example.net" not in json.dumps(text)


@pytest.mark.parametrize(
    ("fields", "content", "recipients"),
    [
        (
            {"cc": [BOB], "bcc": ["eve@example.net"]},
            "8d41d5cfb0df8550631dc86b539147d1",
            ("9c3d8a3dd37b1c51", "221e43afd7def167", "fac7fc7ba71be5e0"),
        ),
        (
            {"merge_data": {"ADA@example.net": {"n": 1}}},
            "75e689ca714b217b68b5005d182d0472",
            ("b1b6dc42776f91b2",),
        ),
    ],
    ids=["one mail", "batch"],
)
def test_fingerprints_stay(fields, content, recipients):
    """A later release, with more fields, knows the messages that an earlier one has sent."""
    given_message = message(
        to=["Ada <ada@example.net>"], tags=["news"], metadata={"order": 17}, **fields
    )

    found = fingerprint(given_message)
    assert (content, recipients) == (found.content, found.recipients)


def test_attempts_are_told_apart():
    """Of two that begin at one moment, neither takes the record of the other for its own."""
    one, other = (Record.begun(fingerprint(message()), 1.5) for _ in range(2))

    assert one.written() != other.written()
    assert (1, "pending", 1.5, {}) == tuple(
        json.loads(one.written())[name] for name in ("version", "state", "began_at", "result")
    )
    assert one.token == json.loads(one.unknown().written())["token"]
    assert one == Record.read(one.written())


@given(
    one=st.lists(st.sampled_from("abcd"), min_size=1, unique=True),
    other=st.lists(st.sampled_from("abcd"), min_size=1, unique=True),
)
def test_fewer_recipients_are_covered(one, other):
    """And no others."""
    first, second = (
        fingerprint(message(to=[f"{name}@example.net" for name in names])) for names in (one, other)
    )
    assert (set(other) <= set(one)) == first.covers(second)


# Real processes.

SENDER = """
import sys, time
from pathlib import Path
from mailcore import Mailer, MailcoreError, Message
from mailcore.middleware import Idempotency
from mailcore.stores import RedisIdempotencyStore, SqliteIdempotencyStore

kind, place, folder, name, mode = sys.argv[1:]
store = {"sqlite": SqliteIdempotencyStore, "redis": RedisIdempotencyStore}[kind](place)


def noting(message, send):
    # What the provider would have got.
    Path(folder, f"{message.subject}-{name}").touch()
    if mode == "hang":
        print("sending", flush=True)
        time.sleep(600)
    return (yield from send(message))


wait = 0.2 if mode == "late" else 30
mailer = Mailer("null", middleware=[Idempotency(store, wait_seconds=wait), noting])
print("ready", flush=True)
sys.stdin.readline()
for number in range(20 if mode == "race" else 1):
    message = Message(
        from_email="a@example.com",
        to=["b@example.com"],
        subject=str(number),
        text="Hi",
        idempotency_key=f"key {number}",
    )
    try:
        print(mailer.send(message).message_id)
    except MailcoreError as error:
        print(type(error).__name__)
"""


class Processes:
    """Processes that send, with a store that they share."""

    def __init__(self, kind, place, folder):
        self.arguments, self.folder, self.all = (kind, place, str(folder)), folder, []

    def start(self, mode):
        """Start one, which waits until it may begin."""
        command = [sys.executable, "-W", "error", "-c", SENDER]
        process = subprocess.Popen(
            [*command, *self.arguments, f"p{len(self.all)}", mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.all.append(process)
        assert "ready\n" == process.stdout.readline()
        return process

    def go(self, process):
        """Let it begin."""
        process.stdin.write("\n")
        process.stdin.flush()

    def sent(self):
        """How many times each message was sent."""
        numbers = [path.name.partition("-")[0] for path in self.folder.iterdir()]
        return {number: numbers.count(number) for number in numbers}

    def end(self):
        """All of them."""
        for process in self.all:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


@pytest.fixture(params=["sqlite", "redis"])
def processes(request, tmp_path):
    """Processes that share a file, and a server."""
    (tmp_path / "sent").mkdir()
    sqlite = request.param == "sqlite"
    place = str(tmp_path / "keys.db") if sqlite else request.getfixturevalue("redis_url")
    if not sqlite:
        import redis

        with redis.Redis.from_url(place) as client:
            client.flushall()
    made = Processes(request.param, place, tmp_path / "sent")
    yield made
    made.end()


@pytest.mark.slow
def test_processes_that_race(processes):
    """Four send the same twenty messages at the same moment: each goes once, all get its result."""
    started = [processes.start("race") for _ in range(4)]
    for process in started:
        processes.go(process)
    outcomes = [process.communicate(timeout=DEADLINE_SECONDS)[0].split() for process in started]

    assert {str(number): 1 for number in range(20)} == processes.sent()
    assert 20 == len(set(outcomes[0]))
    assert [outcomes[0]] * 4 == outcomes


@pytest.mark.slow
def test_a_process_that_dies_in_between(processes):
    """The second is told that nobody knows, and sends nothing."""
    first = processes.start("hang")
    processes.go(first)
    assert "sending\n" == first.stdout.readline()
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = processes.start("late")
    processes.go(second)

    assert ["OutcomeUnknown"] == second.communicate(timeout=DEADLINE_SECONDS)[0].split()
    assert {"0": 1} == processes.sent()
