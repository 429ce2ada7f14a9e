"""When a worker pauses, by a clock of the test."""

from __future__ import annotations

import pytest

from mailcore import (
    ConfigurationError,
    MessageRejected,
    NetworkError,
    RateLimited,
    RecipientStatus,
    SendResult,
    SendStatus,
)
from mailcore.outbox.pace import Pace
from mailcore.result import RecipientStatuses


OK = SendResult(
    provider="toy",
    recipients=RecipientStatuses({"ada@example.net": RecipientStatus(SendStatus.SENT)}),
)
DOWN = NetworkError("down")


def slow(seconds) -> RateLimited:
    """A provider that asks to wait."""
    return RateLimited("slow", retry_after_seconds=seconds)


def pace_after(*outcomes, jitter=1.0) -> Pace:
    """A pace that has noted these, at one moment."""
    pace = Pace(lambda: 1000.0, lambda: jitter)
    for outcome in outcomes:
        pace.note(outcome)
    return pace


@pytest.mark.parametrize(
    ("outcomes", "pause"),
    [
        ([], 0),
        ([OK], 0),
        ([DOWN] * 2, 0),
        ([DOWN] * 3, 1),
        ([DOWN] * 4, 2),
        ([DOWN] * 8, 32),
        ([DOWN] * 9, 60),
        ([DOWN] * 99, 60),
        # What is the message's fault is not the provider's; and what it took is a good sign.
        ([DOWN, DOWN, OK, DOWN, DOWN], 0),
        ([DOWN, DOWN, MessageRejected("no"), DOWN, DOWN], 0),
        # It was not asked.
        ([DOWN, DOWN, ConfigurationError("no region"), DOWN], 1),
        ([slow(7)], 7),
        ([slow(3600)], 60),
        ([slow(7), slow(3)], 7),
        ([slow(7), OK], 7),
        ([DOWN, DOWN, slow(7)], 7),
        ([DOWN, DOWN, slow(0.5)], 1),
    ],
)
def test_how_long_nothing_begins(outcomes, pause):
    """After three failures in a row, or as long as the provider asks; up to a minute."""
    assert pause == pace_after(*outcomes).pause_seconds()


def test_a_random_part_of_it():
    """Of what the provider asks for, all."""
    assert 0.25 == pace_after(DOWN, DOWN, DOWN, jitter=0.25).pause_seconds()
    assert 7 == pace_after(slow(7), jitter=0.25).pause_seconds()


def test_a_pause_ends():
    """With its time."""
    clock = [1000.0]
    pace = Pace(lambda: clock[0], lambda: 1.0)
    pace.note(slow(7))
    for now, left in ((1000, 7), (1006.5, 0.5), (1007, 0), (2000, 0)):
        clock[0] = now
        assert left == pace.pause_seconds()
