"""
Driving flows in a test: real logic, no waiting.

::

    clock = VirtualClock()
    result = drive(retrying(message, send), transport=script, clock=clock)
    assert clock.slept == [1.0, 2.0]
"""

from __future__ import annotations

from typing import Any, TypeVar

from mailcore.flow import Call, Effect, Exchange, Flow, Sleep, Transport


T = TypeVar("T")


class VirtualClock:
    """
    A clock that stands still but when somebody sleeps.

    Calling it returns the time, so it stands in wherever :func:`time.monotonic` is expected.

    Args:
        now: The time at the beginning, in seconds.

    Attributes:
        slept: Every wait so far, in seconds.
    """

    def __init__(self, now: float = 0.0) -> None:
        self._now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Return the time, in seconds."""
        return self._now

    @property
    def now(self) -> float:
        """The time, in seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """
        Let time pass.

        Raises:
            AssertionError: If `seconds` is negative: :func:`time.sleep` would refuse it too.
        """
        if not seconds >= 0:
            raise AssertionError(f"a flow wants to sleep {seconds} seconds")
        self.slept.append(seconds)
        self._now += seconds

    def __repr__(self) -> str:
        return f"<VirtualClock: {self._now} s after {len(self.slept)} sleeps>"


def drive(
    flow: Flow[T], transport: Transport | None = None, clock: VirtualClock | None = None
) -> T:
    """
    Drive a flow to its end, as :func:`mailcore.run` does, on a virtual clock.

    Args:
        flow: The flow to run to its end.
        transport: The transport that makes the exchanges which do not name their own.
        clock: Which clock its sleeps advance; one of its own if None.

    Returns:
        What the flow returns.

    Raises:
        AssertionError: If it exchanges requests and there is no transport, or yields what is no
            effect.
    """
    chosen = clock if clock is not None else VirtualClock()
    try:
        effect = next(flow)
        while True:
            try:
                outcome = _perform(effect, transport, chosen)
            except AssertionError:
                # The test's own complaint: no flow may handle it.
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, the flow decides
                effect = flow.throw(error)
            else:
                effect = flow.send(outcome)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()


def _perform(effect: Effect, transport: Transport | None, clock: VirtualClock) -> Any:
    if isinstance(effect, Exchange):
        chosen = effect.transport or transport
        if chosen is None:
            raise AssertionError(f"the flow exchanges {effect.request!r}: give drive() a transport")
        return chosen.exchange(effect.request)
    if isinstance(effect, Sleep):
        return clock.sleep(effect.seconds)
    if isinstance(effect, Call):
        return effect.function()
    raise AssertionError(f"the flow yields {effect!r}, which is no effect")
