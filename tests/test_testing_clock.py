"""Driving flows on a virtual clock."""

from __future__ import annotations

import time

import pytest

from mailcore.errors import NetworkError
from mailcore.flow import Call, Exchange, Flow, Sleep
from mailcore.testing.clock import VirtualClock, drive
from mailcore.testing.script import Script


def patient(attempts: int) -> Flow[str]:
    """Try until it works, waiting longer each time."""
    for attempt in range(attempts):
        try:
            return (yield Exchange("request"))
        except NetworkError:
            yield Sleep(2.0**attempt)
    return "given up"


def test_sleeps_are_recorded_and_take_no_time() -> None:
    """A flow that waits for hours ends at once, and its waits are known."""
    clock = VirtualClock(now=1000.0)
    fault = NetworkError("cannot connect")
    script = Script([fault] * 14 + ["fine"])
    started = time.monotonic()

    assert "fine" == drive(patient(20), transport=script, clock=clock)
    assert [2.0**n for n in range(14)] == clock.slept
    assert 1000.0 + 2**14 - 1 == clock.now == clock()
    assert time.monotonic() - started < 5
    script.assert_done()


def test_calls_are_performed() -> None:
    """A Call is answered with what its function returns."""

    def flow() -> Flow[int]:
        return (yield Call(lambda: 42)) + 1

    assert 43 == drive(flow())


def test_exceptions_of_effects_reach_the_flow() -> None:
    """What a function raises is raised at its yield."""

    def flow() -> Flow[str]:
        try:
            yield Call(lambda: 1 / 0)
        except ZeroDivisionError:
            return "handled"
        return "not raised"

    assert "handled" == drive(flow())


def test_exceptions_of_the_flow_reach_the_test() -> None:
    """What the flow raises comes out."""

    def flow() -> Flow[None]:
        yield Sleep(1)
        raise KeyError("x")

    with pytest.raises(KeyError):
        drive(flow())


def test_no_flow_can_handle_the_complaint_of_a_test() -> None:
    """An AssertionError ends the test, even if the flow catches everything; the flow is closed."""
    closed = []

    def flow() -> Flow[str]:
        try:
            yield Exchange("request")
        except Exception:
            return "swallowed"
        finally:
            closed.append(True)
        return "never asked"

    with pytest.raises(AssertionError, match="has 0 steps"):
        drive(flow(), transport=Script())
    assert [True] == closed


def test_transport_of_an_exchange_wins() -> None:
    """An exchange that names its transport uses that one."""

    def flow() -> Flow[str]:
        return (yield Exchange("request", Script(["own"])))

    assert "own" == drive(flow(), transport=Script(["default"]))


@pytest.mark.parametrize(
    ("effect", "complaint"),
    [
        (Exchange("request"), "give drive\\(\\) a transport"),
        (Sleep(-1.0), "wants to sleep -1.0 seconds"),
        (Sleep(float("nan")), "wants to sleep nan seconds"),
        ("something", "is no effect"),
    ],
)
def test_impossible_effects_fail_the_test(effect, complaint) -> None:
    """What cannot be performed is said, not ignored."""

    def flow():
        yield effect

    with pytest.raises(AssertionError, match=complaint):
        drive(flow())


def test_a_clock_says_what_it_went_through() -> None:
    """The repr of a clock has its time and the number of waits."""
    clock = VirtualClock()
    clock.sleep(1.5)

    assert "<VirtualClock: 1.5 s after 1 sleeps>" == repr(clock)
