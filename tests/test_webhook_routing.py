"""Several handlers for one webhook: who gets what, and what a failure leaves alone."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
import pickle
import threading

import pytest

from mailcore import (
    ConfigurationError,
    EventType,
    HandlersFailed,
    TrackingEvent,
    WebhookRequest,
    areceive,
    hookimpl,
    receive,
)
from mailcore.webhook import EventRouter, MemorySeenStore, ahand_over, arespond, hand_over, respond


GOOD = {"X-Secret": "open sesame"}


def event(event_type=EventType.BOUNCED, key="e1"):
    """An event of that type."""
    return TrackingEvent(
        provider="toy", event_type=event_type, recipient="ada@example.net", dedupe_key=key
    )


@pytest.fixture(params=["in a thread", "in a loop"])
def ask(request):
    """Ask a router in each way."""
    if request.param == "in a thread":
        return lambda router, event: router(event)
    return lambda router, event: asyncio.run(router.handle(event))


@pytest.fixture
def asked():
    """Who was asked, in order."""
    return []


def handler(asked, name, error=None, *, is_async=False):
    """A handler that notes that it was asked; `error` is raised while it holds something."""

    def plain(event):
        asked.append(name)
        if error:
            raise error.pop()

    async def coroutine(event):
        plain(event)

    return coroutine if is_async else plain


def test_each_handler_gets_its_types(ask, asked):
    """By members or words; without a type, all of them; in the order in which they were added."""
    router = EventRouter()
    router.on(EventType.BOUNCED, "complained", name="gone")(handler(asked, "gone"))
    router.on(name="all")(handler(asked, "all", is_async=True))
    router.add(handler(asked, "opens"), EventType.OPENED, name="opens")

    for event_type in (EventType.BOUNCED, EventType.COMPLAINED, EventType.OPENED, EventType.SENT):
        ask(router, event(event_type))

    assert ["gone", "all", "gone", "all", "all", "opens", "all"] == asked


def test_an_event_that_nobody_is_for_is_done_with(ask, asked):
    """As one that a handler leaves alone."""
    router = EventRouter()
    router.on("opened")(handler(asked, "opens"))
    ask(router, event())

    assert [] == asked


def test_functions_stay_what_they_were():
    """The decorator gives back what it was given."""

    def bounced(event):
        return 5

    assert bounced is EventRouter().on("bounced")(bounced)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_failure_is_its_own(ask, asked, is_async, caplog):
    """The others run; the error names who failed, and the log has what each raised."""
    router = EventRouter()
    fails = handler(asked, "a", [RuntimeError("s3cret")], is_async=is_async)
    router.add(fails, name="first")
    router.add(handler(asked, "b", [KeyError("k")], is_async=not is_async), name="second")
    router.add(handler(asked, "c", is_async=is_async), name="third")

    with pytest.raises(HandlersFailed) as caught:
        ask(router, event())

    assert ["a", "b", "c"] == asked
    assert {"first": RuntimeError, "second": KeyError} == {
        name: type(error) for name, error in caught.value.failures.items()
    }
    assert "first (RuntimeError), second (KeyError)" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    records = [record for record in caplog.records if record.name == "mailcore.webhook"]
    assert ["first", "second"] == [record.args[1] for record in records]
    assert [RuntimeError, KeyError] == [record.exc_info[0] for record in records]
    assert "ada@" not in "".join(record.getMessage() for record in records)


def test_only_who_failed_is_asked_again(ask, asked):
    """With a store; without one everybody is, and so with an event that has no key."""
    for store, key, again in (
        (MemorySeenStore(), "e1", ["b"]),
        (None, "e1", ["a", "b", "c"]),
        (MemorySeenStore(), "", ["a", "b", "c"]),
    ):
        asked.clear()
        router = EventRouter(seen=store)
        router.add(handler(asked, "a"), name="a")
        router.add(handler(asked, "b", [RuntimeError()], is_async=True), name="b")
        router.add(handler(asked, "c", is_async=True), name="c")
        with pytest.raises(HandlersFailed):
            ask(router, event(key=key))
        ask(router, event(key=key))

        assert ["a", "b", "c", *again] == asked


def test_handlers_added_later_get_what_was_handled_before(ask, asked):
    """A store knows who was done with an event, not that it was seen."""
    store = MemorySeenStore()
    for names in ("a", "ab"):
        router = EventRouter(seen=store)
        for name in names:
            router.add(handler(asked, name), name=name)
        ask(router, event())

    assert ["a", "b"] == asked


def test_a_store_that_fails_is_a_failure(ask, asked):
    """Nobody knows whether the handler was done: the event comes again."""

    class Broken(MemorySeenStore):
        def seen(self, key):
            raise OSError("disk")

    router = EventRouter(seen=Broken())
    router.add(handler(asked, "a"), name="a")

    with pytest.raises(HandlersFailed, match=r"a \(OSError\)"):
        ask(router, event())
    assert [] == asked


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_process_is_no_failure(asked, error):
    """It goes on at once."""
    router = EventRouter()
    router.add(handler(asked, "a", [error()]), name="a")
    router.add(handler(asked, "b"), name="b")

    with pytest.raises(error):
        router(event())
    assert ["a"] == asked


def test_plain_functions_stay_in_their_thread_or_leave_the_loop():
    """Outside of a loop they run where the request is served; in one, in a thread."""
    threads = []
    router = EventRouter()
    router.add(lambda event: threads.append(threading.current_thread()), name="plain")

    async def in_loop():
        await router.handle(event())

    router(event())
    asyncio.run(in_loop())

    assert threading.current_thread() is threads[0]
    assert threading.current_thread() is not threads[1]


def test_coroutine_functions_run_in_the_loop_that_is_there():
    """So that connections which belong to it can be used."""
    loops = []
    router = EventRouter()

    @router.on()
    async def note(event):
        loops.append(asyncio.get_running_loop())

    async def in_loop():
        await router.handle(event())
        return asyncio.get_running_loop()

    assert [asyncio.run(in_loop())] == loops


@pytest.fixture(params=["respond", "arespond"])
def answer(request, registry):
    """Make the answer in each way."""
    if request.param == "respond":
        return functools.partial(respond, registry=registry)
    return lambda *arguments, **options: asyncio.run(
        arespond(*arguments, registry=registry, **options)
    )


@pytest.mark.parametrize("is_async", [False, True])
def test_the_answer_has_it_sent_again(answer, asked, chunked, is_async, caplog):
    """500 as long as anybody fails; each error once in the log."""

    class Keyed(chunked):
        def parse_webhook(self, request):
            return tuple(
                dataclasses.replace(event, dedupe_key=event.recipient)
                for event in super().parse_webhook(request)
            )

    router = EventRouter(seen=MemorySeenStore())
    router.add(handler(asked, "a", is_async=is_async), name="a")
    router.add(handler(asked, "b", [RuntimeError("down")], is_async=is_async), name="b")
    request = WebhookRequest("POST", GOOD, b"a@x.org")

    with caplog.at_level(logging.ERROR, "mailcore.webhook"):
        statuses = [answer(Keyed(), request, router).status_code for _ in range(2)]

    assert ([500, 200], ["a", "b", "b"]) == (statuses, asked)
    assert 1 == sum(bool(record.exc_info) for record in caplog.records)
    assert "will send it again" in caplog.records[-1].getMessage()


@pytest.mark.parametrize("function", [receive, areceive, hand_over, ahand_over])
def test_every_way_of_receiving_takes_one(function, asked, chunked, registry):
    """Observers are told once the handlers are done, not before."""
    told = []

    class Observer:
        @hookimpl
        def mailcore_event_received(self, event):
            told.append(event.recipient)

    registry.register_extension(Observer())
    router = EventRouter()
    router.add(handler(asked, "a", [RuntimeError()], is_async=True), name="a")
    router.add(handler(asked, "b"), name="b")

    def run():
        if function in (receive, areceive):
            arguments = (chunked(), WebhookRequest("POST", GOOD, b"ada@example.net"))
        else:
            arguments = ([event()],)
        outcome = function(*arguments, router, registry=registry)
        return asyncio.run(outcome) if asyncio.iscoroutine(outcome) else outcome

    with pytest.raises(HandlersFailed):
        run()
    assert (["a", "b"], []) == (asked, told)

    run()
    assert (["a", "b", "a", "b"], ["ada@example.net"]) == (asked, told)


@pytest.mark.parametrize("is_async", [False, True])
def test_an_event_that_fails_does_not_keep_the_others(answer, chunked, is_async):
    """All events of a request have their turn; what comes again goes to who failed alone."""

    class Keyed(chunked):
        def parse_webhook(self, request):
            return tuple(
                dataclasses.replace(event, dedupe_key=event.recipient)
                for event in super().parse_webhook(request)
            )

    handled, broken = [], {"a@x.org", "c@x.org"}
    router = EventRouter(seen=MemorySeenStore())

    def plain(event):
        if event.recipient in broken:
            broken.discard(event.recipient)
            raise RuntimeError("down")
        handled.append(event.recipient)

    async def coroutine(event):
        plain(event)

    router.add(coroutine if is_async else plain, name="handler")
    request = WebhookRequest("POST", GOOD, b"a@x.org\nb@x.org\nc@x.org")
    statuses = [answer(Keyed(), request, router).status_code for _ in range(2)]

    assert [500, 200] == statuses
    assert ["b@x.org", "a@x.org", "c@x.org"] == handled


def test_failures_of_several_events_are_one_error(registry):
    """It names the handlers, and how many events are to come again."""
    router = EventRouter()
    router.add(handler([], "a", [RuntimeError(), KeyError(), RuntimeError()]), name="a")

    with pytest.raises(HandlersFailed, match="failed with 3 events: a") as caught:
        hand_over([event(key=key) for key in "123"], router, registry=registry)
    assert {"a"} == caught.value.failures.keys()


class Nameless:
    """An object that can be called."""

    def __call__(self, event):
        """Do nothing."""


@pytest.mark.parametrize(
    ("add", "reason"),
    [
        (
            lambda router: router.on("bounce")(print),
            "'bounce' is no type of event; there are queued",
        ),
        (lambda router: router.on(TrackingEvent)(print), "type is no type of event"),
        (lambda router: router.on()(5), "a function that takes an event, not int"),
        (lambda router: router.on(print), r"write `@router.on\(\)`, with parentheses"),
        (lambda router: (router.on()(print), router.on()(print)), "print.* is there already"),
        (lambda router: router.add(Nameless()), "of type Nameless has no name: give name="),
        (lambda router: router.add(functools.partial(print, 1)), "of type partial has no name"),
        (lambda _: EventRouter(seen=5), "a store such as MemorySeenStore"),
    ],
)
def test_what_is_no_handler_is_told_at_once(add, reason):
    """When it is added, not when the first event comes."""
    with pytest.raises(ConfigurationError, match=reason):
        add(EventRouter())


def test_names_can_be_given():
    """To functions of one name, and to objects that have none."""
    router = EventRouter()
    router.on()(print)
    router.on("opened", name="opens")(print)
    router.add(Nameless(), name="nameless")

    assert "<EventRouter with 3 handlers>" == repr(router)


def test_the_error_travels():
    """Without what was raised, which may not."""
    error = HandlersFailed("a (X)", failures={"a": RuntimeError(threading.Lock())})
    copy = pickle.loads(pickle.dumps(error))

    assert ("a (X)", {}) == (str(copy), copy.failures)


def test_functions_with_yield_are_refused():
    """A call of one runs nothing: every event would be lost, and count as handled."""

    def generator(event):
        yield event

    async def stream(event):
        yield event

    class Callable:
        def __call__(self, event):
            yield event

    for each in (generator, stream, Callable(), functools.partial(generator)):
        with pytest.raises(ConfigurationError, match="yield"):
            EventRouter().add(each, name="x")


def test_a_class_is_no_store():
    """It would fail with every event."""
    with pytest.raises(ConfigurationError, match="not MemorySeenStore"):
        EventRouter(seen=MemorySeenStore)


def test_a_coroutine_that_exits_does_not_end_the_loop_of_all():
    """Else this request, and every one after it, would wait for ever."""
    router = EventRouter()

    @router.on(name="exits")
    async def exits(event):
        raise SystemExit(3)

    told = []

    def ask():
        try:
            router(event())
        except HandlersFailed as error:
            told.append(str(error))

    for _ in range(2):
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(10)
    assert len(told) == 2


def test_a_coroutine_that_would_wait_for_itself_fails():
    """Else it, and all handlers of the process that are coroutines, would wait for ever."""
    inner, outer = EventRouter(), EventRouter()

    @inner.on(name="inner")
    async def within(event):
        pass

    @outer.on(name="outer")
    async def around(event):
        inner(event)

    told = []

    def ask():
        try:
            outer(event())
        except HandlersFailed as error:
            (failure,) = error.failures.values()
            told.append(str(failure.failures["inner"]))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(10)
    assert "await it" in told[0]
