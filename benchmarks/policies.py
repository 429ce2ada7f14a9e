"""What policies cost: the CPU of a send with them, less that of the same send without."""

from __future__ import annotations

import itertools

from collections.abc import Callable, Sequence

from benchmarks.build import SHORT
from benchmarks.measure import best_of
from mailcore import Mailer, Message
from mailcore.middleware import (
    Idempotency,
    Policy,
    Redirect,
    Suppression,
    Throttle,
    production,
)
from mailcore.stores import MemoryIdempotencyStore, MemorySuppressionStore


LIMIT_SECONDS = 60e-6
"""For the whole stack, a message."""
_ANY_RATE = 1e9


def _whole() -> list[Policy]:
    """Everything but OpenTelemetry, whose SDK costs what it is told to do."""
    return production(
        redirect=Redirect("staging@example.com", allow=["example.net"]),
        suppression=Suppression(MemorySuppressionStore()),
        idempotency=Idempotency(MemoryIdempotencyStore(), life_seconds=60),
        throttle=Throttle(per_second=_ANY_RATE),
    )


def _sending(policies: Sequence[Policy]) -> Callable[[], object]:
    mailer = Mailer("null", policies=policies)
    numbers = itertools.count()
    message = Message(**SHORT)

    def send() -> object:
        return mailer.send(message.replace(idempotency_key=f"key {next(numbers)}"))

    return send


def main() -> bool:
    """Print what each policy costs, and whether the whole stack costs no more than is wanted."""
    whole = _whole()
    contenders = {"without": _sending(())}
    contenders |= {type(policy).__name__: _sending([policy]) for policy in _whole()}
    contenders |= {"production": _sending(production()), "the whole stack": _sending(whole)}
    seconds = best_of(contenders, number=300)
    bare = seconds.pop("without")
    print(f"\npolicies: a send without any takes {bare * 1e6:.1f} µs; each adds")
    for name, taken in seconds.items():
        print(f"  {name:<28}{(taken - bare) * 1e6:>9.1f} µs")
    holds = seconds["the whole stack"] - bare <= LIMIT_SECONDS
    missed = "" if holds else "  MISSED"
    print(f"  wanted of the whole stack <= {LIMIT_SECONDS * 1e6:.0f} µs{missed}")
    return holds
