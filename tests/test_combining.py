"""Several messages in one call: each has its own outcome, and nothing is lost or sent twice."""

from __future__ import annotations

import asyncio
import logging
import traceback

from dataclasses import dataclass

import pytest

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    Features,
    InvalidMessageType,
    Mailer,
    Message,
    MessageRejected,
    NetworkError,
    Provider,
    RateLimited,
    RecipientStatus,
    Registry,
    Request,
    SendError,
    SendResult,
    SendStatus,
    SendTimeout,
    UnexpectedResponse,
    UnsupportedFeature,
)
from mailcore.features import YES
from mailcore.flow import Sleep
from mailcore.sending import Combined


@dataclass(frozen=True, kw_only=True)
class Letter(Request):
    """One message."""

    subject: str


@dataclass(frozen=True, kw_only=True)
class Bag(Request):
    """Several."""

    letters: tuple[Letter, ...]


class Post(Provider):
    """Takes up to three letters in a bag, but none whose subject says that it goes alone."""

    name = "post"
    label = "Post"
    features = Features(recipients=YES)
    max_messages_per_call = 3

    def build(self, message):
        return [Letter(subject=message.subject, recipients=message.recipients)]

    def parse(self, request, response):
        if response == "refused":
            raise MessageRejected("no")
        return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.QUEUED, response))

    def combine(self, requests):
        places = [place for place, each in enumerate(requests) if each.subject != "alone"]
        alone = [place for place, each in enumerate(requests) if each.subject == "alone"]
        bag = Bag(letters=tuple(requests[place] for place in places))
        return [Combined(bag, tuple(places)), *(Combined(requests[p], (p,)) for p in alone)]

    def split(self, requests, response):
        return response


class Counter:
    """The transport: keeps what it gets, and answers with the subjects, or fails."""

    def __init__(self, fault=None):
        self.calls = []
        self.fault = fault

    def exchange(self, request):
        bag = isinstance(request, Bag)
        self.calls.append([each.subject for each in request.letters] if bag else request.subject)
        if self.fault is not None:
            raise self.fault
        if bag:
            return [each.subject for each in request.letters]
        return request.subject

    def close(self):
        """Nothing is open."""


def letter(subject, **fields):
    """A message that the provider takes, unless further fields say otherwise."""
    return Message(from_email="a@x.example", to=["b@x.example"], subject=subject, **fields)


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Sends messages through a mailer of one kind, and returns the outcomes."""

    def send_sync(provider, transport, messages, **options):
        limit = options.pop("messages_per_call", 10)
        mailer = Mailer(provider, transport=transport, registry=Registry(autoload=False), **options)
        return list(mailer.send_many(messages, messages_per_call=limit))

    def send_async(provider, transport, messages, **options):
        limit = options.pop("messages_per_call", 10)

        async def go():
            mailer = AsyncMailer(
                provider, transport=transport, registry=Registry(autoload=False), **options
            )
            sending = mailer.send_many(messages, messages_per_call=limit, concurrency=1)
            return [outcome async for outcome in sending]

        return asyncio.run(go())

    return send_sync if request.param == "sync" else send_async


@pytest.mark.parametrize(
    ("subjects", "limit", "calls"),
    [
        ("abc", 3, [["a", "b", "c"]]),
        ("abcd", 3, [["a", "b", "c"], "d"]),
        ("abcd", 100, [["a", "b", "c"], "d"]),
        ("abcd", 2, [["a", "b"], ["c", "d"]]),
        ("ab", 1, ["a", "b"]),
        ("", 3, []),
    ],
)
def test_messages_share_calls(send, subjects, limit, calls):
    """As many as the caller allows and the provider can; each has its own id."""
    transport = Counter()

    outcomes = send(Post(), transport, map(letter, subjects), messages_per_call=limit)

    assert calls == transport.calls
    assert list(subjects) == [outcome.message_id for outcome in outcomes]


def test_one_by_one_unless_asked():
    """Without messages_per_call each message has a call of its own."""
    transport = Counter()
    mailer = Mailer(Post(), transport=transport, registry=Registry(autoload=False))

    list(mailer.send_many(map(letter, "ab")))

    assert ["a", "b"] == transport.calls


def test_what_cannot_share_a_call(send):
    """It goes alone, and its outcome stands where its message stood."""
    transport = Counter()

    outcomes = send(Post(), transport, map(letter, ["a", "alone", "c"]))

    assert [["a", "c"], "alone"] == transport.calls
    assert ["a", "alone", "c"] == [outcome.message_id for outcome in outcomes]


def test_a_message_that_is_wrong(send):
    """It is refused before the call, and the others are sent."""
    transport = Counter()
    messages = [letter("a"), letter("b", tags=["x"]), "no message", letter("d"), letter("refused")]

    outcomes = send(Post(), transport, messages)

    expected = [SendResult, UnsupportedFeature, InvalidMessageType, SendResult, MessageRejected]
    assert expected == [type(outcome) for outcome in outcomes]
    assert [["a"], ["d", "refused"]] == transport.calls


@pytest.mark.parametrize(
    ("fault", "kind", "maybe_accepted"),
    [
        (NetworkError("cannot connect"), NetworkError, False),
        (SendTimeout("no answer", maybe_accepted=True), SendTimeout, True),
        (KeyError("whoops"), SendError, True),
    ],
)
def test_a_call_that_fails(send, fault, kind, maybe_accepted):
    """Each message of it has an error of its own that says whether it may be on its way."""
    outcomes = send(Post(), Counter(fault), map(letter, "abc"))

    assert [kind] * 3 == [type(outcome) for outcome in outcomes]
    assert [maybe_accepted] * 3 == [outcome.maybe_accepted for outcome in outcomes]
    assert len({id(outcome) for outcome in outcomes}) == 3


def test_an_answer_that_is_too_short(send):
    """Nobody knows which message it is about: all of them may be on their way."""

    class Forgetful(Post):
        def split(self, requests, response):
            return response[:-1]

    outcomes = send(Forgetful(), Counter(), map(letter, "abc"))

    assert [(UnexpectedResponse, True)] * 3 == [(type(o), o.maybe_accepted) for o in outcomes]


@pytest.mark.parametrize("positions", [(0, 1), (0, 1, 2, 2), (0, 1, 5)])
def test_a_provider_that_combines_wrongly(send, positions, caplog):
    """Calls that lose or repeat a message are not made: each message goes alone, once."""

    class Careless(Post):
        def combine(self, requests):
            return [Combined(Bag(letters=tuple(requests)), positions)]

    transport = Counter()
    with caplog.at_level(logging.ERROR):
        outcomes = send(Careless(), transport, map(letter, "abc"))

    assert ["a", "b", "c"] == transport.calls == [outcome.message_id for outcome in outcomes]
    assert "post combines requests so that one is lost or sent twice" in caplog.text


def test_a_provider_that_fails_to_combine(send, caplog):
    """What it raises is logged, and each message goes alone."""

    class Broken(Post):
        def combine(self, requests):
            raise KeyError("whoops")

    transport = Counter()
    with caplog.at_level(logging.ERROR):
        send(Broken(), transport, map(letter, "ab"))

    assert ["a", "b"] == transport.calls
    assert "post cannot combine requests" in caplog.text


def test_middleware_runs_for_each_message(send):
    """It may wait and send again, while the others are long done."""
    transport = Counter()
    slept = []

    def retry_once(message, next_send):
        try:
            return (yield from next_send(message))
        except MessageRejected:
            slept.append(message.subject)
            yield Sleep(0)
            return (yield from next_send(message.replace(subject="again")))

    outcomes = send(Post(), transport, map(letter, ["a", "refused", "c"]), middleware=[retry_once])

    assert [["a", "refused", "c"], ["again"]] == transport.calls
    assert ["a", "again", "c"] == [outcome.message_id for outcome in outcomes]
    assert ["refused"] == slept


def test_waiting_is_not_added_up(send, monkeypatch):
    """Messages that wait before they are sent again wait side by side, and share a call again."""
    slept = []
    monkeypatch.setattr("mailcore.flow.time.sleep", slept.append)

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)

    class Busy(Counter):
        def exchange(self, request):
            self.fault = None if self.calls else RateLimited("later")
            return super().exchange(request)

    def wait_and_retry(message, next_send):
        try:
            return (yield from next_send(message))
        except RateLimited:
            yield Sleep({"a": 1, "b": 3, "c": 2}[message.subject])
            return (yield from next_send(message))

    transport = Busy()
    outcomes = send(Post(), transport, map(letter, "abc"), middleware=[wait_and_retry])

    assert [3] == slept
    assert [["a", "b", "c"]] * 2 == transport.calls
    assert ["a", "b", "c"] == [outcome.message_id for outcome in outcomes]


def test_an_error_that_cannot_be_made_anew(send):
    """Its constructor takes what only its maker knows: each message has one all the same."""

    class Refused(SendError):
        def __init__(self, reason, reference):
            super().__init__(reason, maybe_accepted=True)
            self.reference = reference

    outcomes = send(Post(), Counter(Refused("no", "r-1")), map(letter, "ab"))

    assert [(Refused, "r-1", "post: no", True)] * 2 == [
        (type(o), o.reference, str(o), o.maybe_accepted) for o in outcomes
    ]
    assert outcomes[0] is not outcomes[1]
    names = [{frame.name for frame in traceback.extract_tb(o.__traceback__)} for o in outcomes]
    assert all("exchange" in each for each in names)


def broken_messages():
    """Two messages, and then no more."""
    yield from map(letter, "ab")
    raise KeyError("the database is gone")


def test_an_iterable_that_breaks():
    """What it gave before is sent, and its exception reaches the caller."""
    transport = Counter()
    mailer = Mailer(Post(), transport=transport, registry=Registry(autoload=False))

    outcomes = []
    with pytest.raises(KeyError):
        outcomes.extend(mailer.send_many(broken_messages(), messages_per_call=3))

    assert [["a", "b"]] == transport.calls
    assert ["a", "b"] == [outcome.message_id for outcome in outcomes]


@pytest.mark.parametrize(("limit", "calls"), [(1, ["a", "b"]), (3, [["a", "b"]])])
def test_an_iterable_that_breaks_while_sends_are_under_way(limit, calls):
    """They are not cancelled: their outcomes come first, then the exception."""
    transport = Counter()
    outcomes = []

    async def main():
        mailer = AsyncMailer(Post(), transport=transport, registry=Registry(autoload=False))
        sending = mailer.send_many(broken_messages(), messages_per_call=limit, concurrency=10)
        async for outcome in sending:
            outcomes.append(outcome.message_id)  # noqa: PERF401  # it ends by raising

    with pytest.raises(KeyError, match="the database is gone"):
        asyncio.run(main())

    assert calls == sorted(transport.calls)
    assert ["a", "b"] == outcomes


def test_a_call_carries_at_least_one(send):
    """messages_per_call must be at least one."""
    with pytest.raises(ConfigurationError, match="messages_per_call"):
        send(Post(), Counter(), [letter("a")], messages_per_call=0)
