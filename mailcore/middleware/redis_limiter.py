"""
Turns for processes and hosts that share an account, kept in Redis.

One script, run by Redis as a whole, is one turn: nobody can come between reading and writing. The
time is that of Redis, so that clocks of hosts may differ. The numbers are those of
:mod:`mailcore.middleware.limiter`.

Needs the extra ``mailcore-esp[redis]``.
"""

from __future__ import annotations

import logging
import time

from collections.abc import Callable
from typing import Any, Literal, Protocol

from mailcore.errors import ConfigurationError
from mailcore.foundation.forking import ForkSafeLock
from mailcore.middleware.limiter import (
    BUCKET_SECONDS,
    BURST_SECONDS,
    DAY_SECONDS,
    DECREASE,
    INCREASE_PER_SECOND,
    LEAST_PACE,
    ONE_EVENT_SECONDS,
    Limits,
    MemoryLimiter,
    Turn,
)


__all__ = ["RedisLimiter"]

logger = logging.getLogger("mailcore.throttle")

_PATIENCE_SECONDS = 1.0
"""How long Redis may take, where the client is made here."""
_REST_SECONDS = 5.0
"""How long Redis is not asked after it failed."""

# KEYS: state, days. Times are kept relative to none: seconds since 1970, with microseconds.
_COMMON = f"""
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local function num(field, otherwise)
  return tonumber(redis.call('HGET', KEYS[1], field)) or otherwise
end
local function put(field, value)
  redis.call('HSET', KEYS[1], field, string.format('%.6f', value))
end
local function pace_now()
  local since = num('paced_at', nil)
  if not since then return 1 end
  return math.min(1, num('pace', 1) + (now - since) * {INCREASE_PER_SECOND})
end
local function total()
  local sum, days = 0, redis.call('HGETALL', KEYS[2])
  for i = 1, #days, 2 do
    if tonumber(days[i]) <= now - {DAY_SECONDS + BUCKET_SECONDS} then
      redis.call('HDEL', KEYS[2], days[i])
    else
      sum = sum + tonumber(days[i + 1])
    end
  end
  return sum, days
end
"""
_TAKE = (
    _COMMON
    + f"""
local recipients, per_second = tonumber(ARGV[1]), tonumber(ARGV[2])
local per_day, longest = tonumber(ARGV[3]), tonumber(ARGV[4])
if per_day then
  local sum, days = total()
  if sum + recipients > per_day then
    local starts = {{}}
    for i = 1, #days, 2 do starts[#starts + 1] = {{tonumber(days[i]), tonumber(days[i + 1])}} end
    table.sort(starts, function(a, b) return a[1] < b[1] end)
    local left = sum
    for _, each in ipairs(starts) do
      if each[1] > now - {DAY_SECONDS + BUCKET_SECONDS} then
        left = left - each[2]
        if left + recipients <= per_day then
          local free = each[1] + {BUCKET_SECONDS + DAY_SECONDS}
          return {{string.format('%.6f', math.max(0, free - now)), 'day'}}
        end
      end
    end
    return {{'{DAY_SECONDS}', 'day'}}
  end
end
local rate = nil
local pace = pace_now()
if per_second then
  rate = per_second * pace
elseif pace < 1 then
  local learned = num('learned', nil)
  if learned then rate = learned * pace end
end
local start = now
if rate then start = math.max(now - {BURST_SECONDS}, num('next_turn', 0)) end
start = math.max(start, num('paused_until', 0))
local wait = math.max(0, start - now)
if longest and wait > longest then return {{string.format('%.6f', wait), 'wait'}} end
if rate then put('next_turn', start + recipients / rate) end
redis.call('HINCRBY', KEYS[2], now - now % {BUCKET_SECONDS}, recipients)
redis.call('EXPIRE', KEYS[2], {DAY_SECONDS + 2 * BUCKET_SECONDS})
local second = num('second', 0)
if now - second >= 1 then
  put('in_last_second', now - second < 2 and num('in_second', 0) or 0)
  put('second', now)
  put('in_second', recipients)
else
  put('in_second', num('in_second', 0) + recipients)
end
redis.call('EXPIRE', KEYS[1], {DAY_SECONDS})
return {{string.format('%.6f', wait), ''}}
"""
)
_THROTTLED = (
    _COMMON
    + f"""
put('paused_until', math.max(num('paused_until', 0), now + tonumber(ARGV[1])))
redis.call('EXPIRE', KEYS[1], {DAY_SECONDS})
if now - num('paced_at', 0) < {ONE_EVENT_SECONDS} then return 0 end
local pace = pace_now()
if pace >= 1 then
  put('learned', math.max(num('in_last_second', 0), num('in_second', 0), 1))
end
put('pace', math.max({LEAST_PACE}, pace * {DECREASE}))
put('paced_at', now)
return 0
"""
)
_USED = _COMMON + "local sum = total() return sum"


class RedisClient(Protocol):
    """What is used of ``redis.Redis``, of the package redis."""

    def register_script(self, script: Any) -> Any:
        """Prepare a script, which is called with ``keys=`` and ``args=`` then."""
        ...


class RedisLimiter:
    """
    Turns for all processes and hosts that use the same Redis with the same prefix.

    If Redis does not answer, mail is sent all the same: each process keeps to the rate by itself,
    says so in the log, and asks Redis again five seconds later. Until then several processes
    together may be too fast, and the provider throttles; the policy adapts to that.

    Args:
        redis: The URL of a Redis, such as ``redis://localhost:6379/0``, or a client of the
            package redis, which decides itself how long it waits.
        prefix: What the names of its keys begin with.
        clock: A function that gives the time in seconds, for the time without Redis.

    Raises:
        ConfigurationError: If the extra is not installed, or the URL is not one of Redis.
    """

    blocks: bool = True

    def __init__(
        self,
        redis: str | RedisClient,
        *,
        prefix: str = "mailcore",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._made: Any = None
        client: RedisClient
        if isinstance(redis, str):
            client = self._made = _client(redis)
        else:
            client = redis
        self._take = client.register_script(_TAKE)
        self._throttled = client.register_script(_THROTTLED)
        self._used = client.register_script(_USED)
        self._prefix = prefix
        self._clock = clock
        self._alone = MemoryLimiter(clock=clock)
        self._rests_until = 0.0
        self._lock = ForkSafeLock()

    def take(self, key: str, recipients: int, limits: Limits) -> Turn:
        """Take the next turn: see :meth:`mailcore.middleware.Limiter.take`."""
        numbers = (limits.per_second, limits.per_day, limits.longest_wait_seconds)
        given: list[object] = [recipients]
        given += ["" if each in (None, _FOR_EVER) else each for each in numbers]
        answer = self._ask(self._take, key, given)
        if answer is None:
            return self._alone.take(key, recipients, limits)
        wait, reason = (each.decode() if isinstance(each, bytes) else each for each in answer)
        return Turn(float(wait), _REASONS[reason])

    def throttled(self, key: str, pause_seconds: float) -> None:
        """Go slower: see :meth:`mailcore.middleware.Limiter.throttled`."""
        if self._ask(self._throttled, key, [pause_seconds]) is None:
            self._alone.throttled(key, pause_seconds)

    def used(self, key: str) -> int:
        """How many recipients had a turn in the past 24 hours."""
        answer = self._ask(self._used, key, [])
        return self._alone.used(key) if answer is None else int(answer)

    def close(self) -> None:
        """
        Close the connections of a client that was made here; the next turn makes new ones.

        A client that was given is closed by whoever made it.
        """
        if self._made is not None:
            self._made.close()

    def _ask(self, script: Any, key: str, arguments: list[object]) -> Any:
        """What the script returns; None if Redis is not there."""
        with self._lock:
            if self._clock() < self._rests_until:
                return None
        # Both in one slot of a cluster.
        name = f"{self._prefix}:{{{key}}}"
        try:
            return script(keys=[f"{name}:rate", f"{name}:days"], args=arguments)
        except _redis_errors() as error:
            with self._lock:
                self._rests_until = self._clock() + _REST_SECONDS
            # Its text may hold the address of the server, and no more.
            told = type(error).__name__
            logger.warning("Redis does not answer (%s): this process keeps to the rate alone", told)
            return None


_FOR_EVER = float("inf")
_REASONS: dict[str, Literal["", "wait", "day"]] = {"": "", "wait": "wait", "day": "day"}


def _client(url: str) -> Any:
    try:
        import redis
    except ImportError as error:
        raise ConfigurationError(
            "RedisLimiter needs the package redis: pip install 'mailcore-esp[redis]'"
        ) from error
    try:
        return redis.Redis.from_url(
            url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
        )
    except ValueError:
        # Not its text: the URL may hold a password.
        raise ConfigurationError(
            "RedisLimiter takes a URL such as redis://localhost:6379/0"
        ) from None


def _redis_errors() -> tuple[type[Exception], ...]:
    import redis

    return (redis.RedisError, OSError)
