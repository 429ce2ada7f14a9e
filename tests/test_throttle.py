"""Never too fast: turns, quotas, adapting; on a virtual clock, blocking and in an event loop."""

from __future__ import annotations

import asyncio
import math
import threading
import time

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.account import SendingQuota
from mailcore.errors import (
    AuthenticationFailed,
    ConfigurationError,
    MessageRejected,
    QuotaExceeded,
    RateLimited,
    RecipientsRefused,
)
from mailcore.flow import Exchange, Request, Sleep, arun
from mailcore.mailer import AsyncMailer, Mailer
from mailcore.message import Message
from mailcore.middleware import Limits, MemoryLimiter, Retry, Sender, Throttle, Turn
from mailcore.result import RecipientStatuses, SendResult
from mailcore.testing import VirtualClock, capture, drive


MESSAGE = Message(from_email="a@example.com", to=["b@example.com"], subject="Hi", text="Hi")
DAY = 24 * 3600


def to(count):
    """A message to so many."""
    return MESSAGE.replace(to=[f"r{number}@example.com" for number in range(count)])


class Told:
    """A transport that answers quotas and sends, and notes when each request came."""

    def __init__(self, clock, quota=None, outcomes=()):
        self.clock = clock
        self.quota = quota
        self.asked: list[float] = []
        self.sent: list[tuple[float, int]] = []
        self.outcomes = list(outcomes)

    def exchange(self, request):
        if not request.recipients:
            self.asked.append(self.clock())
            if isinstance(self.quota, BaseException):
                raise self.quota
            return self.quota
        self.sent.append((self.clock(), len(request.recipients)))
        outcome = self.outcomes.pop(0) if self.outcomes else "1"
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def close(self):
        pass


@pytest.fixture
def telling(chunked):
    """A provider that tells its quota."""

    class Telling(chunked):
        def sending_quota(self):
            return (yield Exchange(Request()))

    return Telling


def in_a_loop(flow, *, clock):
    """Drive a flow by `arun`, with the loop's sleep replaced by the clock's."""

    async def sleep(seconds):
        clock.sleep(seconds)

    async def main():
        real, asyncio.sleep = asyncio.sleep, sleep
        try:
            return await arun(flow)
        finally:
            asyncio.sleep = real

    return asyncio.run(main())


class Road:
    """A mailer with a throttle, whose flows are driven on a virtual clock."""

    def __init__(self, registry, driver):
        self.registry = registry
        self.driver = driver
        self.clock = VirtualClock(1_000_000.0)

    def open(self, provider, *, quota=None, outcomes=(), retry=False, **options):
        self.transport = Told(self.clock, quota, outcomes)
        self.throttle = Throttle(clock=self.clock, **options)
        policies = [self.throttle]
        if retry:
            policies.insert(0, Retry(clock=self.clock, jitter=lambda: 0.5, first_wait_seconds=0.1))
        self.mailer = Mailer(
            provider, transport=self.transport, middleware=policies, registry=self.registry
        )
        return self

    def send(self, message=MESSAGE):
        return self.driver(self.mailer._sending(message), clock=self.clock)

    @property
    def times(self):
        return [round(time - 1_000_000, 6) for time, _ in self.transport.sent]


@pytest.fixture(params=["sync", "async"])
def road(request, registry):
    """In both ways."""
    return Road(registry, drive if request.param == "sync" else in_a_loop)


def test_messages_wait_for_their_turn(road, chunked):
    """A second has as many recipients as the rate says."""
    road.open(chunked(size=50), per_second=10, outcomes="abcd")
    ids = [road.send().message_id for _ in range(4)]

    assert [0.0, 0.05, 0.15, 0.25] == road.times
    assert [*"abcd"] == ids
    road.clock.sleep(60)
    for _ in range(3):
        road.send()
    assert [0.0, 0.05, 0.15] == [round(time - 60.25, 6) for time in road.times[4:]]


def test_what_counts_are_recipients(road, chunked):
    """A message to many takes the time of many."""
    road.open(chunked(size=50), per_second=10)
    for count in (20, 5, 1):
        road.send(to(count))

    assert [0.0, 1.95, 2.45] == road.times


def test_each_request_of_a_message_has_a_turn(road, chunked):
    """A message of many requests does not come in one burst."""
    road.open(chunked(size=2), per_second=4)
    road.send(to(6))

    assert [0.0, 0.45, 0.95] == road.times


def test_other_effects_pass(chunked, registry):
    """Pauses, and requests without recipients, as what asks an account for something makes them."""
    clock = VirtualClock()
    sender = Sender(provider=chunked(), registry=registry)
    middleware = Throttle(per_second=1, clock=clock).attach(sender)

    def sending(message):
        yield Sleep(1)
        answer = yield Exchange(Request(), Told(clock, "answer"))
        return SendResult(provider=answer, recipients=RecipientStatuses())

    assert "answer" == drive(middleware(MESSAGE, sending), clock=clock).provider
    assert [1] == clock.slept


def test_copies_of_a_batch_count():
    """Each mail of it goes to them as well; what sends nothing costs nothing."""
    from mailcore.middleware.throttle import cost_of

    copied = ("cc@example.com", "bcc@example.com")
    recipients = ("a@example.com", "b@example.com", *copied)
    assert 6 == cost_of(Request(recipients=recipients, copied=copied))
    assert 3 == cost_of(Request(recipients=("a@example.com",), copied=copied))
    assert 2 == cost_of(Request(recipients=recipients[:2]))
    assert [0, 0] == [cost_of(Request()), cost_of(object())]


def test_the_quota_of_the_provider_is_the_rate(road, telling):
    """Less a margin; asked for before the first request, and again when it is old."""
    quota = SendingQuota(per_second=10)
    road.open(telling(), quota=quota, margin=0.2, refresh_seconds=10)
    for _ in range(3):
        road.send()

    assert [0.0, 0.075, 0.2] == road.times
    assert 1 == len(road.transport.asked)

    road.transport.quota = SendingQuota(per_second=100)
    road.clock.sleep(10)
    for _ in range(3):
        road.send()
    assert 2 == len(road.transport.asked)
    steps = [road.times[at + 1] - road.times[at] for at in (3, 4)]
    assert max(steps) < 0.0126


@pytest.mark.parametrize(
    ("options", "rate"),
    [
        ({}, 9.0),
        ({"per_second": 5}, 5.0),
        ({"per_second": 50}, 9.0),
        ({"margin": 0}, 10.0),
        ({"share": 0.25}, 2.25),
        ({"per_second": 5, "share": 0.1}, 0.9),
    ],
)
def test_of_two_rates_the_smaller_one_counts(road, telling, options, rate):
    """A share is of the provider's."""
    road.open(telling(), quota=SendingQuota(per_second=10), **options)
    for _ in range(3):
        road.send()

    assert 1 / rate == pytest.approx(road.times[2] - road.times[1], abs=2e-6)


def test_a_provider_that_does_not_tell_lets_mail_through(road, telling, caplog):
    """It is said once, and asked again after a minute."""
    road.open(telling(), quota=AuthenticationFailed("no ses:GetAccount", provider="x"))
    for _ in range(3):
        road.send()

    assert [0.0] * 3 == road.times
    assert 1 == len(road.transport.asked)
    road.clock.sleep(60)
    road.send()
    assert 2 == len(road.transport.asked)
    warnings = ["cannot ask for the quota, and sends without: x: no ses:GetAccount"]
    assert warnings == [each.message for each in caplog.records if each.levelname == "WARNING"]

    road.transport.quota = SendingQuota(per_second=1)
    road.clock.sleep(61)
    road.send()
    road.transport.quota = AuthenticationFailed("no longer")
    road.clock.sleep(301)
    road.send()
    road.send()
    assert 4 == len(road.transport.asked)
    assert 1 < road.times[-1] - road.times[-2] < 1.2
    warnings.append("cannot ask for the quota, and goes on with the last one: no longer")
    assert warnings == [each.message for each in caplog.records if each.levelname == "WARNING"]


def test_the_day_is_a_limit(road, chunked):
    """What it has no room for is not sent, until recipients have left the 24 hours."""
    road.open(chunked(size=50), per_day=10)
    road.send(to(8))
    with pytest.raises(QuotaExceeded) as caught:
        road.send(to(3))
    assert ("own_daily_limit", "chunked") == (caught.value.category, caught.value.provider)
    assert (False, False) == (caught.value.retryable, caught.value.maybe_accepted)
    assert DAY <= caught.value.retry_after_seconds <= DAY + 900
    road.send(to(2))

    road.clock.sleep(caught.value.retry_after_seconds - 1)
    with pytest.raises(QuotaExceeded):
        road.send()
    road.clock.sleep(1)
    road.send(to(8))
    assert [8, 2, 8] == [count for _, count in road.transport.sent]


def test_the_day_of_the_provider_counts_what_others_sent(road, telling):
    """Of its quota what is left when it is asked, less what was sent since."""
    quota = SendingQuota(per_day=100, used_today=80)
    road.open(telling(size=50), quota=quota, refresh_seconds=10)
    road.send(to(6))
    with pytest.raises(QuotaExceeded):
        road.send(to(5))
    road.send(to(4))

    # What was sent from here is not counted twice.
    road.transport.quota = SendingQuota(per_day=100, used_today=89)
    road.clock.sleep(10)
    road.send(to(1))
    with pytest.raises(QuotaExceeded):
        road.send(to(1))


def test_a_refused_day_of_the_provider_has_it_asked_again(road, telling):
    """Somebody else used it up."""
    road.open(telling(), quota=SendingQuota(), outcomes=[QuotaExceeded("no more")])
    with pytest.raises(QuotaExceeded, match="no more"):
        road.send()
    road.send()

    assert 2 == len(road.transport.asked)


@pytest.mark.parametrize(
    ("used", "per_day", "room"),
    [(10, None, 0), (0, None, 10), (0, 5, 5), (5, 1000, 5), (5, 3, 3)],
)
def test_of_two_days_the_smaller_one_counts(road, telling, used, per_day, room):
    """Where others have used up the provider's, there is no room at all."""
    quota = SendingQuota(per_day=10, used_today=used)
    road.open(telling(size=50), quota=quota, per_day=per_day, margin=0)
    with pytest.raises(QuotaExceeded):
        road.send(to(room + 1))
    if room:
        road.send(to(room))

    assert room == sum(count for _, count in road.transport.sent)


def test_other_refusals_do_not_have_the_quota_asked_again(road, telling):
    """Nor what this policy has refused itself."""
    rejected = MessageRejected("spam")
    road.open(telling(), quota=SendingQuota(per_day=100), outcomes=[rejected], per_day=1)
    for refusal in (MessageRejected, QuotaExceeded, QuotaExceeded):
        with pytest.raises(refusal):
            road.send()

    assert 1 == len(road.transport.asked)


class Blocking(MemoryLimiter):
    """One that waits for something, as a database's do."""

    blocks = True


def test_a_limiter_that_blocks_is_asked_in_a_thread(road, telling):
    """For turns, for what was used, and when the provider throttles: all as if it did not."""
    times = []
    for kind in (MemoryLimiter, Blocking):
        began = road.clock.now
        road.open(
            telling(size=50),
            quota=SendingQuota(per_second=10, per_day=30, used_today=4),
            outcomes=["1", "2", RateLimited("too fast")],
            refresh_seconds=10,
            limiter=kind(clock=road.clock),
        )
        for count in (4, 1):
            road.send(to(count))
        with pytest.raises(RateLimited):
            road.send()
        road.clock.sleep(10)
        for count in (15, 2):
            road.send(to(count))
        with pytest.raises(QuotaExceeded):
            road.send(to(5))
        times.append([time - began for time, _ in road.transport.sent])

    assert 5 == len(times[0])
    assert times[0] == pytest.approx(times[1], abs=1e-6)


def test_too_long_a_wait_is_refused(road, chunked):
    """Before anything is sent, and nobody's turn is used up."""
    road.open(chunked(size=50), per_second=1, longest_wait_seconds=5)
    road.send(to(20))
    with pytest.raises(RateLimited) as caught:
        road.send()
    assert ("own_rate", True) == (caught.value.category, caught.value.retryable)
    assert "chunked" == caught.value.provider
    assert 14.95 == pytest.approx(caught.value.retry_after_seconds)
    assert [] == road.clock.slept

    road.clock.sleep(caught.value.retry_after_seconds)
    road.send()
    assert [0.0, 19.95] == road.times


def test_a_part_that_has_to_wait_too_long_is_reported(road, chunked):
    """What was sent before it is kept."""
    road.open(chunked(size=10), per_second=1, longest_wait_seconds=5)
    result = road.send(to(20))

    assert (10, 10) == (len(result.accepted), len(result.retryable))
    assert ["own_rate"] == [error.category for error in result.errors]


@pytest.mark.parametrize(
    "refusal",
    [
        RateLimited("too fast"),
        RecipientsRefused("nobody", errors=[RateLimited("too fast")]),
    ],
    ids=repr,
)
def test_when_throttled_the_rate_falls_by_half_and_rises_again(road, chunked, refusal):
    """Multiplicative decrease, additive increase, and nothing twice for one event."""
    road.open(chunked(), per_second=10, outcomes=[refusal, refusal])
    for _ in range(2):
        with pytest.raises(type(refusal)):
            road.send()
    road.send()
    road.send()
    assert 0.2 == pytest.approx(road.times[-1] - road.times[-2], abs=0.01)

    road.clock.sleep(12.5)
    for _ in range(3):
        road.send()
    assert 1 / 7.5 == pytest.approx(road.times[-1] - road.times[-2], abs=0.01)

    road.clock.sleep(60)
    for _ in range(3):
        road.send()
    assert 0.1 == pytest.approx(road.times[-1] - road.times[-2])


def test_part_of_a_message_that_is_throttled_counts(road, chunked):
    """The result has the error of the request."""
    road.open(chunked(), per_second=10, outcomes=["1", RateLimited("too fast")])
    road.send(to(2))
    road.send()
    road.send()

    assert 0.2 == pytest.approx(road.times[-1] - road.times[-2], abs=0.01)


def test_its_own_refusals_do_not_slow_it_down(road, chunked):
    """They are no news of the provider."""
    road.open(chunked(), per_second=1, longest_wait_seconds=0)
    road.send()
    with pytest.raises(RateLimited):
        road.send()
    road.clock.sleep(1)
    road.send()

    road.clock.sleep(1)
    road.send()
    assert [0.0, 1.0, 2.0] == road.times


def test_everybody_waits_as_long_as_the_provider_asks(road, chunked):
    """Retry-After is for the account, not for one message."""
    road.open(chunked(), per_second=10, outcomes=[RateLimited("stop", retry_after_seconds=30)])
    with pytest.raises(RateLimited):
        road.send()
    road.send()

    assert [0.0, 30.0] == road.times


def test_without_a_rate_one_is_learned_and_forgotten(road, chunked):
    """What was sent in the last second, halved; a while later there is no limit again."""
    road.open(chunked(), outcomes=["1"] * 8 + [RateLimited("too fast")])
    for _ in range(8):
        road.send()
    with pytest.raises(RateLimited):
        road.send()
    for _ in range(3):
        road.send()
    assert 1 / 4.5 == pytest.approx(road.times[-1] - road.times[-2], abs=0.01)

    road.clock.sleep(60)
    before = len(road.clock.slept)
    for _ in range(50):
        road.send()
    assert before == len(road.clock.slept)


def test_with_retry_nothing_is_lost(road, telling):
    """A provider that throttles every third request: all are sent in the end, none twice."""
    outcomes = [("1" if number % 3 else RateLimited("too fast")) for number in range(60)]
    road.open(telling(), quota=SendingQuota(per_second=20), outcomes=outcomes, retry=True)
    results = [road.send() for _ in range(30)]

    assert all(result.accepted for result in results)
    throttled = sum(len(result.attempts) for result in results)
    assert 30 + throttled == len(road.transport.sent)


@given(
    rate=st.integers(1, 200),
    asked=st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 3)), min_size=1, max_size=80),
)
def test_no_second_has_more_than_the_rate_and_a_twentieth(rate, asked):
    """Whoever asks when: recipients of any second, but for one request that reaches into it."""
    clock = VirtualClock()
    limiter = MemoryLimiter(clock=clock)
    turns = []
    for pause, recipients in asked:
        clock.sleep(pause)
        turn = limiter.take("a", recipients, Limits(per_second=rate))
        turns.append((clock.now + turn.wait_seconds, recipients))

    starts = [start for start, _ in turns]
    assert sorted(starts) == starts
    for start, _ in turns:
        within = [count for time, count in turns if start <= time < start + 1]
        assert sum(within[:-1]) <= rate * 1.05 + 1e-6


def test_keys_have_nothing_to_do_with_each_other():
    """Nor have providers of mailers that share a throttle."""
    limiter = MemoryLimiter(clock=VirtualClock())
    limits = Limits(per_second=1)

    assert [Turn(), Turn()] == [limiter.take(key, 1, limits) for key in ("a", "b")]
    assert 0 < limiter.take("a", 1, limits).wait_seconds
    late = limiter.take("a", 1, Limits(per_second=1, longest_wait_seconds=0))
    assert "wait" == late.refused
    assert [2, 1, 0] == [limiter.used(key) for key in ("a", "b", "c")]


def test_mailers_share_what_they_are_given(chunked, registry):
    """One object is one rate."""
    clock = VirtualClock()
    throttle = Throttle(per_second=1, clock=clock)
    for _ in range(2):
        mailer = Mailer(chunked(), transport=Told(clock), middleware=[throttle], registry=registry)
        drive(mailer._sending(MESSAGE), clock=clock)

    assert [0.95] == pytest.approx(clock.slept)


@pytest.mark.parametrize(("other", "waits"), [("a", [0.95]), ("b", [])])
def test_accounts_share_a_limiter(chunked, registry, other, waits):
    """Those of one key share its rate."""
    clock = VirtualClock()
    limiter = MemoryLimiter(clock=clock)
    for key in ("a", other):
        throttle = Throttle(per_second=1, limiter=limiter, key=key, clock=clock)
        mailer = Mailer(chunked(), transport=Told(clock), middleware=[throttle], registry=registry)
        drive(mailer._sending(MESSAGE), clock=clock)

    assert waits == pytest.approx(clock.slept)


def test_each_part_of_the_day_leaves_by_itself():
    """A quarter of an hour late at most, and what is kept does not grow with what is sent."""
    clock = VirtualClock(900_000.0)
    limiter = MemoryLimiter(clock=clock)
    for _ in range(5):
        limiter.take("a", 1, Limits())
    clock.sleep(1000)
    limiter.take("a", 5, Limits())
    assert 2 == len(limiter._rates["a"].buckets)

    used = []
    for moment in (900_900 + DAY - 1, 900_900 + DAY, 901_800 + DAY - 1, 901_800 + DAY):
        clock.sleep(moment - clock.now)
        used.append(limiter.used("a"))
    assert [10, 5, 5, 0] == used


@pytest.mark.parametrize(
    ("takes", "learned"),
    [
        ([(0, 10), (0.5, 3)], 13),
        ([(0, 10), (1, 3)], 10),
        ([(0, 3), (1, 10)], 10),
        ([(0, 10), (1.5, 3)], 10),
        ([(0, 10), (2, 3)], 3),
        ([(0, 10), (2.5, 3)], 3),
        ([(0, 10), (10, 3), (0.5, 1)], 4),
        ([], 1),
    ],
    ids=str,
)
def test_what_is_learned_is_what_passed_in_a_second(takes, learned):
    """The last one that was over, or the one that is not, and nothing that was sent before."""
    clock = VirtualClock(1_000.0)
    limiter = MemoryLimiter(clock=clock)
    for pause, count in takes:
        clock.sleep(pause)
        limiter.take("a", count, Limits())
    limiter.throttled("a", 0)

    waits = [limiter.take("a", 1, Limits()).wait_seconds for _ in range(3)]
    assert 1 / (learned / 2) == pytest.approx(waits[2] - waits[1])


@pytest.mark.parametrize(("pause", "pace"), [(0.5, 0.5 + 0.01), (1.0, 0.26)], ids=str)
def test_refusals_within_a_second_are_one(pause, pace):
    """Those of messages that were under way together; a later one counts by itself."""
    clock = VirtualClock(1_000.0)
    limiter = MemoryLimiter(clock=clock)
    limiter.throttled("a", 0)
    clock.sleep(pause)
    limiter.throttled("a", 0)

    limits = Limits(per_second=100)
    waits = [limiter.take("a", 50, limits).wait_seconds for _ in range(3)]
    assert 50 / (100 * pace) == pytest.approx(waits[2] - waits[1])


@pytest.mark.parametrize(
    ("recipients", "wait"),
    [(5, 86_400), (6, 86_400), (7, 87_300), (10, 87_300), (11, 86_400)],
)
def test_when_the_day_has_room(recipients, wait):
    """As soon as enough of it has left; for more than the limit there never is."""
    clock = VirtualClock(900_000.0)
    limiter = MemoryLimiter(clock=clock)
    limits = Limits(per_day=10)
    for pause in (0, 900):
        clock.sleep(pause)
        limiter.take("a", 4, limits)

    assert Turn(float(wait), "day") == limiter.take("a", recipients, limits)
    clock.sleep(wait - 0.5)
    if recipients <= 10:
        assert Turn(0.5, "day") == limiter.take("a", recipients, limits)
        clock.sleep(0.5)
        assert Turn() == limiter.take("a", recipients, limits)


def test_threads_share_a_rate(chunked, registry):
    """Turns are taken one after the other, whoever asks."""
    limiter = MemoryLimiter(clock=lambda: 0.0)
    limits = Limits(per_second=100)
    waits = []

    def take():
        waits.extend([limiter.take("a", 1, limits).wait_seconds for _ in range(50)])

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    expected = [max(0.0, number / 100 - 0.05) for number in range(400)]
    assert expected == pytest.approx(sorted(waits))


def test_waiting_does_not_block_the_loop(chunked, registry, monkeypatch):
    """All wait at the same time: nobody's wait is over before the last one's has begun."""
    clock = VirtualClock()
    waits = []

    async def main():
        all_wait = asyncio.Event()

        async def sleep(seconds):
            waits.append(seconds)
            if len(waits) == 24:
                all_wait.set()
            await all_wait.wait()

        monkeypatch.setattr(asyncio, "sleep", sleep)
        throttle = Throttle(per_second=10, clock=clock)
        async with AsyncMailer(
            chunked(), transport=Told(clock), middleware=[throttle], registry=registry
        ) as mailer:
            sends = asyncio.gather(*(mailer.send(MESSAGE) for _ in range(25)))
            await asyncio.wait_for(sends, 30)

    asyncio.run(main())
    assert [0.1 * number - 0.05 for number in range(1, 25)] == pytest.approx(sorted(waits))


def test_only_one_asks_for_the_quota(telling, registry):
    """Those who come at the same time wait for its answer."""

    async def main():
        transport = Told(time.monotonic, quota=SendingQuota(per_second=1000))
        answer = transport.exchange

        async def slowly(request):
            await asyncio.sleep(0.01)
            return answer(request)

        transport.aexchange = slowly
        async with AsyncMailer(
            telling(), transport=transport, middleware=[Throttle()], registry=registry
        ) as mailer:
            await asyncio.gather(*(mailer.send(MESSAGE) for _ in range(10)))
        return transport

    transport = asyncio.run(main())
    assert (1, 10) == (len(transport.asked), len(transport.sent))
    assert transport.sent[0][0] >= transport.asked[0]


def test_who_comes_while_somebody_asks(telling, registry):
    """Waits if nothing is known yet, and goes on with the last answer otherwise."""
    clock = VirtualClock()
    sender = Sender(provider=telling(), registry=registry, own_transport=Told(clock))
    middleware = Throttle(clock=clock, refresh_seconds=10).attach(sender)

    def sending(message):
        yield Exchange(Request(recipients=message.recipients))

    first, second, third, fourth = (middleware(MESSAGE, sending) for _ in range(4))
    assert () == next(first).request.recipients
    assert Sleep(0.05) == next(second)
    assert MESSAGE.recipients == first.send(SendingQuota(per_second=1000)).request.recipients
    assert MESSAGE.recipients == second.send(None).request.recipients
    clock.sleep(10)
    assert () == next(third).request.recipients
    assert MESSAGE.recipients == next(fourth).request.recipients


def test_who_tells_the_quota_may_have_a_way_of_its_own(road, chunked):
    """Another transport than that of mail, and pauses."""
    own = Told(road.clock, SendingQuota(per_second=10))

    class Telling(chunked):
        def sending_quota(self):
            yield Sleep(1)
            return (yield Exchange(Request(), own))

    road.open(Telling())
    road.send()

    assert ([1_000_001.0], []) == (own.asked, road.transport.asked)


def test_who_gives_up_asking_leaves_it_to_the_next(telling, registry):
    """A task that is cancelled while it asks does not stop the others."""
    sender = Sender(provider=telling(), registry=registry, own_transport=Told(VirtualClock()))
    middleware = Throttle().attach(sender)

    def sending(message):
        yield Exchange(Request(recipients=message.recipients))

    first = middleware(MESSAGE, sending)
    assert () == next(first).request.recipients
    first.close()
    second = middleware(MESSAGE, sending)
    assert () == next(second).request.recipients


def test_captured_mail_is_not_throttled(telling):
    """It makes no request, and the provider is not asked for its quota."""
    from mailcore.registry import Registry

    registry = Registry(autoload=False)
    registry.register(telling)
    with capture(registry=registry) as outbox:
        mailer = Mailer(telling(), middleware=[Throttle(per_second=0.001)], registry=registry)
        for _ in range(3):
            mailer.send(MESSAGE)

    assert 3 == len(outbox)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"per_second": 0}, "per_second must be above 0"),
        ({"per_second": "5"}, "per_second must be a number, not str"),
        ({"per_day": -1}, "per_day must be at least 0, not -1"),
        ({"margin": 1}, "margin is a part of the quota"),
        ({"margin": "1"}, "margin must be a number, not str"),
        ({"share": "1"}, "share must be a number, not str"),
        ({"share": 0}, "share is a part of the rate"),
        ({"share": 2}, "share is a part of the rate"),
        ({"refresh_seconds": 0}, "refresh_seconds must be at least 1, not 0"),
        ({"longest_wait_seconds": math.inf}, "longest_wait_seconds must be at least 0, not inf"),
    ],
)
def test_wrong_arguments(arguments, told):
    """Each names itself."""
    with pytest.raises(ConfigurationError, match=told):
        Throttle(**arguments)


def test_where_the_provider_tells_its_quota_nothing_has_to_be_learned(telling, registry):
    """What other processes do is not known to it all the same."""
    sender = Sender(provider=telling(), registry=registry)

    (advice,) = Throttle().advice(sender)
    assert advice.startswith("Throttle counts in this process alone")


def test_it_says_what_it_does():
    """In one line."""
    assert "the provider's own quota less 10%, where it tells one" == Throttle().describe()
    told = Throttle(per_second=5, per_day=100, share=0.5, margin=0.2).describe()
    assert (
        "at most 5 recipients per second, at most 100 in 24 hours, the provider's own quota less "
        "20%, where it tells one, of the rate a share of 50%" == told
    )
