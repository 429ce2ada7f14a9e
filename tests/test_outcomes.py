"""Outcomes: type, reason and class of an event together."""

from __future__ import annotations

import pytest

from mailcore.bounces.outcome import (
    GENERAL_BOUNCES,
    HARD_BOUNCE,
    SOFT_BOUNCE,
    UNCLEAR_BOUNCE,
    Outcome,
)
from mailcore.events import BounceClass, EventType, RejectReason


@pytest.mark.parametrize("outcome", [HARD_BOUNCE, SOFT_BOUNCE, UNCLEAR_BOUNCE])
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"response": "550 5.1.1 user unknown"}, (RejectReason.BOUNCED, BounceClass.HARD)),
        ({"response": None, "status": "5.2.2"}, (RejectReason.OTHER, BounceClass.SOFT)),
        ({"response": None, "code": 551}, (RejectReason.BOUNCED, BounceClass.HARD)),
    ],
)
def test_what_the_server_said_decides(outcome, said, expected):
    """Over permanent and temporary."""
    judged = outcome.judged(**said)

    assert outcome in GENERAL_BOUNCES
    assert Outcome(EventType.BOUNCED, *expected) == judged


def test_what_the_service_says_decides_where_the_server_says_nothing():
    """Its class, or that of the outcome."""
    assert HARD_BOUNCE == HARD_BOUNCE.judged(None) == SOFT_BOUNCE.judged("", told=BounceClass.HARD)
    assert SOFT_BOUNCE == SOFT_BOUNCE.judged(None)
    assert UNCLEAR_BOUNCE == UNCLEAR_BOUNCE.judged("x")
