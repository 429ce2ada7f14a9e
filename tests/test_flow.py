from __future__ import annotations

import asyncio
import threading

import pytest

from mailcore import HttpRequest, HttpResponse, Request, arun, run
from mailcore.flow import Call, Exchange, Sleep


@pytest.fixture(params=["run", "arun"])
def drive(request):
    """Drive a flow with each driver."""
    if request.param == "run":
        return run
    return lambda flow, transport=None: asyncio.run(arun(flow, transport))


class Echo:
    """A transport that returns its request."""

    def exchange(self, request):
        return request

    def close(self):
        pass


def test_effects_are_answered(drive):
    """Each effect's outcome comes back from yield, and the flow's value is returned."""

    def flow():
        first = yield Exchange("request")
        second = yield Call(lambda: "called")
        third = yield Sleep(0)
        return first, second, third

    assert ("request", "called", None) == drive(flow(), Echo())


@pytest.mark.parametrize("seconds", [0, -1, 0.0, -0.5])
def test_sleeping_for_no_time_is_no_error(drive, seconds):
    """A wait that was over before it began is not one."""

    def flow():
        yield Sleep(seconds)
        return "done"

    assert "done" == drive(flow())


def test_named_transport_wins(drive):
    """An exchange may name its own transport, also one that counts as false."""

    class Empty(Echo):
        def __len__(self):
            return 0

        def exchange(self, request):
            return "own"

    def flow():
        return (yield Exchange("request", Empty()))

    assert "own" == drive(flow(), Echo())
    assert "own" == drive(flow())


def test_without_a_transport_nothing_is_exchanged(drive):
    """The error says what is missing."""

    def flow():
        yield Exchange("request")

    with pytest.raises(RuntimeError, match="transport"):
        drive(flow())


def test_failures_are_thrown_into_the_flow(drive):
    """A flow may catch what went wrong, go on, and yield further effects."""

    def fail():
        raise ValueError("no")

    def flow():
        caught = []
        for _ in range(2):
            try:
                yield Call(fail)
            except ValueError as error:
                caught.append(str(error))
        return caught, (yield Call(lambda: "after"))

    assert (["no", "no"], "after") == drive(flow())


def test_failures_that_are_not_caught_leave_it(drive):
    """The exception itself arrives at the caller, and the flow was cleaned up."""
    error = ValueError("no")
    closed = []

    def fail():
        raise error

    def flow():
        try:
            yield Call(fail)
        finally:
            closed.append(True)

    with pytest.raises(ValueError) as caught:
        drive(flow())

    assert error is caught.value
    assert [True] == closed


def test_stop_iteration_of_a_call_is_no_return(drive):
    """A call that leaks StopIteration fails loudly instead of ending the flow with a value."""

    def flow():
        yield Call(lambda: next(iter([])))
        return "never"

    with pytest.raises(RuntimeError):
        drive(flow())


def test_flows_are_nested(drive):
    """`yield from` runs one flow within another."""

    def inner():
        return (yield Call(lambda: 1)) + 1

    def outer():
        return (yield from inner()) + (yield from inner())

    assert 4 == drive(outer())


def test_a_flow_without_effects(drive):
    """It may return at once."""

    def flow():
        return "value"
        yield

    assert "value" == drive(flow())


class Interrupt(BaseException):
    """Such as KeyboardInterrupt: not for flows to handle."""


def test_interrupts_close_the_flow():
    """An interrupt is not thrown into the flow, but its cleanup runs."""
    seen = []

    def interrupt():
        raise Interrupt

    def flow():
        try:
            yield Call(interrupt)
        except Exception:
            seen.append("caught")
        finally:
            seen.append("closed")

    # Held, so that it is not closed for want of a reference.
    held = flow()
    with pytest.raises(Interrupt):
        run(held)

    assert ["closed"] == seen


def test_arun_runs_blocking_work_in_threads():
    """The event loop goes on while a transport or a call blocks."""
    release = threading.Event()

    def flow():
        return (yield Call(lambda: (release.wait(10), threading.current_thread())))

    async def main():
        task = asyncio.create_task(arun(flow()))
        await asyncio.sleep(0)
        release.set()
        return await task

    released, thread = asyncio.run(main())
    assert released
    assert threading.main_thread() is not thread


def test_arun_prefers_aexchange():
    """A transport with a coroutine of its own is awaited."""

    class Both(Echo):
        async def aexchange(self, request):
            await asyncio.sleep(0)
            return f"async {request}"

    def flow():
        return (yield Exchange("request"))

    assert "async request" == asyncio.run(arun(flow(), Both()))
    assert "request" == run(flow(), Both())


@pytest.mark.parametrize("effect", [Sleep(60), Exchange("x")])
def test_cancelling_arun_ends_the_flow(effect):
    """The flow's cleanup runs, and the cancellation reaches the caller."""
    events = []

    class Waiting(Echo):
        async def aexchange(self, request):
            started.set()
            await asyncio.Event().wait()

    def flow():
        events.append("started")
        try:
            yield effect
        except Exception:
            events.append("caught")
        finally:
            events.append("closed")

    async def main():
        task = asyncio.create_task(arun(flow(), Waiting()))
        if isinstance(effect, Exchange):
            await asyncio.wait_for(started.wait(), 10)
        else:
            await asyncio.sleep(0)
        task.cancel()
        await task

    started = asyncio.Event()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())

    assert ["started", "closed"] == events


def test_requests_and_responses_hide_what_may_be_secret():
    """Headers and bodies stay out of reprs, and URLs but for their host."""
    url = "https://u:s3cret@x/s3cret?to=s3cret%40example.net"
    request = HttpRequest(method="GET", url=url, headers={"A": "s3cret"}, body=b"s3cret")
    response = HttpResponse(status_code=200, headers={"A": "s3cret"}, body=b"s3cret")

    assert "s3cret" not in repr(request) + repr(response)
    assert "https://x/…" in repr(request)
    assert request == HttpRequest(method="GET", url=url, headers={"A": "s3cret"}, body=b"s3cret")
    assert () == Request().recipients
