"""A rate shared through Redis: a real server, and processes of their own."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import textwrap

from collections.abc import Iterator
from contextlib import closing

import pytest
import redis

from mailcore.errors import ConfigurationError
from mailcore.message import Message
from mailcore.middleware import Limits, RedisLimiter, Throttle, Turn, redis_limiter


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def server(redis_url: str) -> str:
    """The URL of a Redis."""
    return redis_url


@pytest.fixture
def client(server) -> Iterator[redis.Redis]:
    """A client of an empty Redis."""
    made = redis.Redis.from_url(server)
    made.flushall()
    yield made
    made.close()


pytestmark = pytest.mark.slow


def test_turns_are_those_of_one_process(client):
    """The same numbers as in memory, but for the time that passes."""
    limiter = RedisLimiter(client)
    limits = Limits(per_second=10, longest_wait_seconds=2)

    assert limiter.blocks
    waits = [limiter.take("a", count, limits).wait_seconds for count in (1, 1, 15)]
    assert [0.0, 0.05, 0.15] == pytest.approx(waits, abs=0.03)
    assert Turn(0.0) == limiter.take("b", 1, limits)
    assert 1.65 == pytest.approx(limiter.take("a", 10, limits).wait_seconds, abs=0.1)
    refused = limiter.take("a", 1, limits)
    assert "wait" == refused.refused
    assert 2.65 == pytest.approx(refused.wait_seconds, abs=0.1)
    assert (27, 1, 0) == tuple(map(limiter.used, ("a", "b", "c")))


def test_without_a_limit_there_is_no_wait(client):
    """Turns are counted all the same."""
    limiter = RedisLimiter(client)

    assert [Turn(0.0)] * 3 == [limiter.take("a", 5, Limits()) for _ in range(3)]
    assert 15 == limiter.used("a")


def test_the_day_is_shared(client):
    """What another client used is gone; what is older than a day is not counted."""
    first, second = RedisLimiter(client), RedisLimiter(client)
    limits = Limits(per_day=10)
    first.take("a", 8, limits)

    refused = second.take("a", 3, limits)
    assert "day" == refused.refused
    assert 24 * 3600 - 900 <= refused.wait_seconds <= 24 * 3600 + 900
    assert "" == second.take("a", 2, limits).refused

    (name,) = client.keys("*days")
    ((bucket, _),) = client.hgetall(name).items()
    client.hset(name, int(bucket) - 25 * 3600, 100)
    assert 10 == first.used("a")
    assert {bucket: b"10"} == client.hgetall(name)


def test_all_go_slower(client):
    """What one process learns, the others know; a pause is everybody's."""
    first, second = RedisLimiter(client), RedisLimiter(client)
    limits = Limits(per_second=100)
    first.throttled("a", 0)
    first.throttled("a", 0)
    waits = [second.take("a", 1, limits).wait_seconds for _ in range(30)]
    assert 0.02 == pytest.approx((waits[-1] - waits[10]) / 19, rel=0.15)

    first.throttled("a", 20)
    assert 20 == pytest.approx(second.take("a", 1, limits).wait_seconds, abs=0.5)


def test_without_a_rate_one_is_learned(client):
    """From what all of them sent in the last second."""
    first, second = RedisLimiter(client), RedisLimiter(client)
    for limiter in (first, second):
        for _ in range(10):
            limiter.take("a", 1, Limits())
    first.throttled("a", 0)
    waits = [second.take("a", 1, Limits()).wait_seconds for _ in range(10)]

    assert 0.1 == pytest.approx((waits[-1] - waits[-2]), rel=0.3)


CHILD = """
import sys, time
from mailcore.mailer import Mailer
from mailcore.message import Message
from mailcore.middleware import RedisLimiter, Throttle
from mailcore.builtin import MemoryProvider
from mailcore.flow import Exchange

class Noting:
    def exchange(self, request):
        print(time.time(), len(request.recipients), flush=True)
        return self.inner.exchange(request)
    def close(self):
        pass

provider = MemoryProvider()
noting = Noting()
noting.inner = provider.create_transport()
throttle = Throttle(per_second=float(sys.argv[2]), limiter=RedisLimiter(sys.argv[1]))
mailer = Mailer(provider, transport=noting, middleware=[throttle])
message = Message(from_email="a@example.com", to=["b@example.com"], subject="Hi", text="Hi")
print("ready", flush=True)
sys.stdin.readline()
end = time.time() + float(sys.argv[3])
while time.time() < end:
    mailer.send(message)
"""


def test_processes_share_a_rate(server, client):
    """Three of them together: no second has more than 5 % above the rate, and none is wasted."""
    rate, seconds = 100, 3
    command = [sys.executable, "-c", textwrap.dedent(CHILD), server, str(rate), str(seconds)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert ["ready\n"] * 3 == [child.stdout.readline() for child in children]
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    told = [child.communicate(timeout=60)[0].splitlines() for child in children]

    assert all(len(lines) > 10 for lines in told)
    times = sorted(float(line.split()[0]) for lines in told for line in lines)
    # What a scheduler that wakes a process late puts together is not the limiter's.
    late = 0.02
    most = max(sum(1 for other in times if time <= other < time + 1 - late) for time in times)
    assert most <= rate * 1.05 + 1
    assert len(times) >= rate * (seconds - 1) * 0.9


def test_a_redis_that_is_not_there_does_not_stop_mail(caplog):
    """Each process keeps to the rate alone, and asks again after a while."""
    now = [0.0]
    limiter = RedisLimiter(f"redis://127.0.0.1:{free_port()}", clock=lambda: now[0])
    limits = Limits(per_second=10)
    with caplog.at_level(logging.WARNING):
        waits = [limiter.take("a", 1, limits).wait_seconds for _ in range(3)]
        limiter.throttled("a", 20)

    assert [0.0, 0.05, 0.15] == pytest.approx(waits)
    assert 3 == limiter.used("a")
    assert 20 == pytest.approx(limiter.take("a", 1, limits).wait_seconds)
    assert 0 == limiter.take("b", 1, limits).wait_seconds
    (record,) = caplog.records
    expected = "Redis does not answer (ConnectionError): this process keeps to the rate alone"
    assert expected == record.getMessage()
    now[0] += 6
    with caplog.at_level(logging.WARNING):
        limiter.take("a", 1, limits)
    assert 2 == len(caplog.records)


def test_a_redis_that_hangs_does_not_stop_mail(monkeypatch):
    """It takes connections and answers nobody: it is waited for, and not for ever."""
    monkeypatch.setattr(redis_limiter, "_PATIENCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"redis://127.0.0.1:{hanging.getsockname()[1]}"
        limiter = RedisLimiter(url)
        assert Turn(0.0) == limiter.take("a", 1, Limits())
        limiter.close()
    assert 1 == limiter.used("a")
    # A host that drops packets, which no test has at hand, is waited for as long.
    with redis_limiter._client(url) as client:
        given = client.get_connection_kwargs()
        assert (0.1, 0.1) == (given["socket_timeout"], given["socket_connect_timeout"])


def test_names_of_keys(server, client):
    """They are the same in each release, so that hosts with different ones share a rate."""
    RedisLimiter(client).take("a", 1, Limits())
    assert [b"mailcore:{a}:days", b"mailcore:{a}:rate"] == sorted(client.keys())

    other = RedisLimiter(client, prefix="shop")
    assert 0 == other.used("a")
    with redis.Redis.from_url(server, decode_responses=True) as decoding:
        assert Turn(0.0) == RedisLimiter(decoding, prefix="shop").take("a", 2, Limits())
    assert 2 == other.used("a")


def test_a_redis_that_comes_back_is_used(client):
    """Five seconds later."""
    now = [0.0]
    limiter = RedisLimiter(client, clock=lambda: now[0])
    client.script_flush()
    working, limiter._take = limiter._take, _raises
    limiter.take("a", 1, Limits())
    limiter._take = working
    limiter.take("a", 1, Limits())
    assert [] == client.keys()
    now[0] += 5
    limiter.take("a", 1, Limits())
    assert 2 == len(client.keys())


def _raises(**_: object) -> None:
    raise redis.TimeoutError("no")


def test_what_is_no_url_is_refused():
    """Without repeating it: it may hold a password."""
    with pytest.raises(ConfigurationError) as caught:
        RedisLimiter("http://:secret@host")

    assert "secret" not in str(caught.value)


def test_an_event_loop_goes_on_while_redis_answers(server, client):
    """The limiter is asked in a thread; here, that a mailer with it sends."""
    import asyncio

    from mailcore.builtin import MemoryProvider
    from mailcore.mailer import AsyncMailer

    async def main(limiter):
        throttle = Throttle(per_second=500, limiter=limiter)
        message = Message(from_email="a@example.com", to=["b@example.com"], subject="1", text="1")
        async with AsyncMailer(MemoryProvider(), middleware=[throttle]) as mailer:
            await asyncio.gather(*(mailer.send(message) for _ in range(20)))
            return len(mailer.provider.outbox)

    with closing(RedisLimiter(server)) as limiter:
        assert 20 == asyncio.run(main(limiter))
        assert 20 == limiter.used("default:memory")


def test_closing(server, client):
    """Connections of its own are closed, and made again by the next turn; others stay open."""
    own, given = RedisLimiter(server), RedisLimiter(client)
    with closing(own):
        for limiter in (own, given):
            limiter.take("a", 1, Limits())
        both = len(client.client_list())
        for limiter in (own, given):
            limiter.close()
        assert (2, 1) == (both, len(client.client_list()))
        assert 2 == own.used("a")
