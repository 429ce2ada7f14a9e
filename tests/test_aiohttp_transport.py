"""HTTP in event loops: what belongs to a loop ends with it, and what aiohttp cannot, threads do."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import threading
import warnings

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest

from mailcore import (
    AsyncMailer,
    HttpRequest,
    Mailer,
    Message,
    Provider,
    RecipientStatus,
    SendStatus,
    SendTimeout,
)
from mailcore.features import Features
from mailcore.flow import Progress
from mailcore.http import AiohttpTransport, HttpTransport
from mailcore.http.async_requests import AsyncState
from mailcore.registry import Registry, hookimpl
from mailcore.testing.faults import faulty_server


WAIT_SECONDS = 10


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine takes part."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def post(url: str, **options: Any) -> HttpRequest:
    """A request as a provider makes it."""
    return HttpRequest(**{"method": "POST", "url": url, "body": b"{}", **options})


@pytest.fixture
def peers(site: Any) -> list[Any]:
    """Who asked the site, by request."""
    seen: list[Any] = []

    def page(page: Any) -> None:
        seen.append(page.client_address)
        page.answer(200, threading.current_thread().name.encode())

    site.pages["/"] = page
    return seen


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_a_loop_that_ends_closes_its_connections(site: Any, peers: list[Any]) -> None:
    """A program that runs a loop for each mail leaves nothing open, and shares nothing."""
    transport = AiohttpTransport()

    async def twice() -> None:
        for _ in range(2):
            assert 200 == (await transport.aexchange(post(f"{site.url}/"))).status_code

    for _ in range(3):
        asyncio.run(twice())
    transport.close()

    assert 6 == len(peers)
    assert 3 == len(set(peers))


def test_loops_at_once_have_connections_of_their_own(site: Any, peers: list[Any]) -> None:
    """One transport serves several loops, and code without one."""
    transport = AiohttpTransport()
    here = threading.Barrier(2, timeout=WAIT_SECONDS)
    found: list[int] = []

    async def some() -> None:
        for _ in range(3):
            found.append((await transport.aexchange(post(f"{site.url}/"))).status_code)
            await asyncio.to_thread(here.wait)

    threads = [threading.Thread(target=lambda: asyncio.run(some())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    found.append(transport.exchange(post(f"{site.url}/")).status_code)
    transport.close()

    assert [200] * 7 == found
    assert 3 == len(set(peers))


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def noticing() -> Iterator[tuple[str, threading.Semaphore]]:
    """A server of one connection after another; counts those that the client has closed."""
    left = threading.Semaphore(0)

    def talk(connection: socket.socket) -> None:
        connection.sendall(OK)
        if not connection.recv(1):
            left.release()

    with faulty_server(talk) as url:
        yield url, left


@pytest.mark.parametrize("closes", ["in the loop", "from a thread"])
def test_closing(closes: str) -> None:
    """It ends what is open in a loop that runs; the next request makes another connection."""
    transport = AiohttpTransport()

    async def main(url: str, left: threading.Semaphore) -> bool:
        await transport.aexchange(post(url))
        if closes == "in the loop":
            transport.close()
        else:
            await asyncio.to_thread(transport.close)
        transport.close()
        is_left = await asyncio.to_thread(left.acquire, timeout=WAIT_SECONDS)
        await transport.aexchange(post(url))
        return is_left

    with noticing() as (url, left):
        assert asyncio.run(main(url, left))
        assert left.acquire(timeout=WAIT_SECONDS)


def test_what_is_given_up_holds_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that reads nothing would keep what was not written, and its socket, for ever."""
    monkeypatch.setattr("mailcore.http.connection.LEAST_PATIENCE_SECONDS", 0.1)
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread = threading.Thread(target=lambda: held.append(listening.accept()[0]))
        thread.start()
        large = post(url, body=bytes(20_000_000), timeout_seconds=0.1, connect_timeout_seconds=10)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with pytest.raises(SendTimeout, match="could not be written"):
                asyncio.run(AiohttpTransport().aexchange(large))
            gc.collect()
        thread.join(WAIT_SECONDS)
        held[0].close()

    assert [] == [str(each.message) for each in told if each.category is ResourceWarning]


def test_closing_from_a_thread_waits(site: Any, peers: list[Any]) -> None:
    """What was open in the loop is closed when it returns."""
    transport = AiohttpTransport()
    returned = threading.Event()

    def close() -> None:
        transport.close()
        returned.set()

    async def main() -> tuple[bool, bool]:
        await transport.aexchange(post(f"{site.url}/"))
        threading.Thread(target=close).start()
        # This loop does nothing meanwhile, so nothing is closed.
        before = returned.wait(0.1)
        return before, await asyncio.to_thread(returned.wait, WAIT_SECONDS)

    assert (False, True) == asyncio.run(main())


def test_closing_does_not_wait_for_ever(
    site: Any, peers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that has no turn for it is given up, with an error that says so."""
    monkeypatch.setattr("mailcore.http.async_exchange._CLOSING_SECONDS", 0.05)
    transport = AiohttpTransport()
    raised = threading.Event()
    told: list[str] = []

    def close() -> None:
        try:
            transport.close()
        except TimeoutError as error:
            told.append(str(error))
            raised.set()

    async def main() -> bool:
        await transport.aexchange(post(f"{site.url}/"))
        threading.Thread(target=close).start()
        return raised.wait(WAIT_SECONDS)

    assert asyncio.run(main())
    assert "connections of 1 event loop are still open after 0.05 seconds" in told[0]
    assert "goes on" in told[0]


def test_closing_what_is_late_does_not_leave_the_others(
    in_a_loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two loops one is blocked: the connections of the other are closed all the same."""
    monkeypatch.setattr("mailcore.http.async_exchange._CLOSING_SECONDS", 0.2)
    transport = AiohttpTransport()
    goes_on = threading.Event()
    with noticing() as (url, blocked), noticing() as (other, left):
        first, second = in_a_loop(transport), in_a_loop(transport)
        first.exchange(post(url))
        second.exchange(post(other))
        first.loop.call_soon_threadsafe(goes_on.wait, WAIT_SECONDS)
        try:
            with pytest.raises(TimeoutError, match="goes on"):
                transport.close()
            assert left.acquire(timeout=WAIT_SECONDS)
        finally:
            goes_on.set()
        assert blocked.acquire(timeout=WAIT_SECONDS)


def test_closing_where_another_loop_stands_still(in_a_loop: Any) -> None:
    """What is open in that is closed with it; in one that runs, at once."""
    transport = AiohttpTransport()
    stands = asyncio.new_event_loop()
    with noticing() as (url, _), noticing() as (other, left):
        stands.run_until_complete(transport.aexchange(post(url)))
        running = in_a_loop(transport)
        running.exchange(post(other))
        transport.close()
        assert left.acquire(timeout=WAIT_SECONDS)
        stands.run_until_complete(stands.shutdown_asyncgens())
        stands.run_until_complete(stands.shutdown_default_executor())
        stands.close()


class Moments:
    """A clock that is set, and what a connection still holds of the request."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.left = 100
        for module in ("connection", "async_requests"):
            monkeypatch.setattr(f"mailcore.http.{module}.time", self)

    def monotonic(self) -> float:
        """What the clock shows."""
        return self.now

    def get_write_buffer_size(self) -> int:
        """How many bytes were not taken yet."""
        return self.left


def test_how_long_each_step_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer has its time again whenever it took something, and one for the whole request."""
    moments = Moments(monkeypatch)
    state = AsyncState(20.0, 40 * 16 * 1024, Progress())
    state.connect_seconds = 5.0
    assert (1005.0, "no connection in time") == state.deadline(1000.0)

    state.begins(moments)
    slow = "the request could not be written in time"
    for now, left, expected in (
        (1001.0, 100, 1021.0),
        (1015.0, 100, 1021.0),
        (1016.0, 50, 1036.0),
        (1035.0, 50, 1036.0),
        (1035.5, 49, 1055.5),
        (1050.0, 0, 1060.0),  # 20 seconds, and 40 for so many bytes
    ):
        moments.now, moments.left = now, left
        assert (expected, slow) == state.deadline(1000.0)

    moments.now = 1051.0
    state.is_written()
    moments.now = 1060.0
    # 5 seconds for what is in buffers on the way.
    assert (1076.0, "no answer in time") == state.deadline(1000.0)
    state.is_answered = True
    assert (1076.0, "the answer did not end in time") == state.deadline(1000.0)


@pytest.mark.parametrize(("awaited", "is_told"), [(1021.0, True), (1019.0, False)])
def test_who_waits_is_told_of_an_earlier_moment(
    monkeypatch: pytest.MonkeyPatch, awaited: float, is_told: bool
) -> None:
    """Once, however far the request comes before the waiting task has its turn."""
    moments = Moments(monkeypatch)

    async def main() -> bool:
        state = AsyncState(20.0, 0, Progress())
        future = state.awaits(awaited)
        state.begins(moments)
        state.is_written()
        return future.done()

    assert is_told is asyncio.run(main())


def test_no_other_time_bounds_an_exchange(in_a_loop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the five minutes that aiohttp allows by itself, nor its half a minute for connecting."""
    short = aiohttp.ClientTimeout(total=0.05, sock_connect=0.05)
    monkeypatch.setattr("aiohttp.client.DEFAULT_TIMEOUT", short)
    never = threading.Event()

    def late(connection: socket.socket) -> None:
        never.wait(0.2)
        connection.sendall(OK)

    transport = in_a_loop(AiohttpTransport())
    with faulty_server(late) as url:
        assert 200 == transport.exchange(post(url)).status_code
    transport.close()


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"X-Name": "Grün"}},
        {"body": bytes(3_000_000)},
        {"body": bytes(70_000)},
        {"body": b""},
        {"method": "GET", "body": b""},
        {"headers": {"Content-Type": "application/json", "user-agent": "mine"}},
    ],
    ids=["a header outside ASCII", "3 MB", "70 KB", "no body", "GET", "own headers"],
)
def test_the_same_stands_on_the_wire(site: Any, in_a_loop: Any, options: dict[str, Any]) -> None:
    """What urllib3 sends, aiohttp sends."""
    site.pages["/a%20b?q=%C3%BC"] = lambda page: page.answer(200)
    site.pages["/a%20b"] = lambda page: page.answer(200)
    request = post(**{"url": f"{site.url}/a b?q=ü", **options})
    both = HttpTransport(), in_a_loop(AiohttpTransport())

    for transport in both:
        transport.exchange(request)
        transport.close()

    one, other = site.seen
    for seen in one, other:
        seen["headers"] = {
            name: value for name, value in seen["headers"].items() if name != "connection"
        }
    assert one == other


def test_a_proxy_that_aiohttp_cannot_use(
    site: Any, in_a_loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that speaks SOCKS is left to urllib3, with its own errors."""
    monkeypatch.setenv("http_proxy", "socks5h://127.0.0.1:1")
    transport = in_a_loop(AiohttpTransport())

    with pytest.raises(Exception, match="cannot connect") as caught:
        transport.exchange(post("http://mail.test/"))

    assert not caught.value.maybe_accepted  # type: ignore[attr-defined]  # of ours


@pytest.mark.parametrize(
    ("proxy", "blocks"),
    [
        (None, False),
        ("http://127.0.0.1:1", False),
        ("HTTP://127.0.0.1:1", False),
        ("https://127.0.0.1:1", True),
        ("socks5h://127.0.0.1:1", True),
    ],
)
def test_which_proxies_need_threads(
    monkeypatch: pytest.MonkeyPatch, proxy: str | None, blocks: bool
) -> None:
    """Those that speak anything but HTTP."""
    if proxy is not None:
        monkeypatch.setenv("all_proxy", proxy)

    assert blocks is AiohttpTransport().blocks(post("http://mail.test/"))


@pytest.mark.parametrize(
    ("version", "blocks"), [("3.9.0", True), ("3.14.2", True), ("3.14.3", False), ("4.0", False)]
)
def test_an_aiohttp_with_known_holes_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, version: str, blocks: bool
) -> None:
    """Threads send as they do without it, and the log says why, once."""
    monkeypatch.setattr("importlib.metadata.version", lambda name: version)

    with caplog.at_level(logging.WARNING, "mailcore.http"):
        transport = AiohttpTransport()
        asked = [transport.blocks(post("http://127.0.0.1/")) for _ in range(2)]

    assert [blocks, blocks] == asked
    told = [record.getMessage() for record in caplog.records]
    assert int(blocks) == sum(f"aiohttp {version} has known" in each for each in told)


def test_the_log_of_the_wire(site: Any, peers: list[Any], in_a_loop: Any, caplog: Any) -> None:
    """Requests from a loop are in it, with their answers and failures."""
    transport = in_a_loop(AiohttpTransport())

    with caplog.at_level(logging.DEBUG, "mailcore.wire"):
        transport.exchange(post(f"{site.url}/", headers={"X-Key": "s3cret"}))
        with pytest.raises(Exception, match="cannot connect"):
            transport.exchange(post("http://127.0.0.1:1/"))

    texts = [record.getMessage() for record in caplog.records if record.name == "mailcore.wire"]
    assert 4 == len(texts)
    assert "POST http://127.0.0.1" in texts[0]
    assert "200" in texts[1]
    assert "NetworkError: cannot connect to 127.0.0.1:1" in texts[3]
    assert "s3cret" not in "".join(texts)


class Site(Provider[Any, Any]):
    """A provider that sends to a site."""

    name, label, features = "site", "Site", Features()

    def __init__(self, url: str) -> None:
        self._url = url

    def build(self, message: Message) -> list[HttpRequest]:
        return [post(self._url, recipients=message.recipients)]

    def parse(self, request: HttpRequest, response: Any) -> dict[str, RecipientStatus]:
        return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.SENT))


def message(number: int = 0) -> Message:
    """A message to one."""
    return Message(from_email="a@x.org", to=[f"r{number}@x.org"], subject="s", text="t")


def test_providers_use_it_where_it_is_installed(site: Any, peers: list[Any]) -> None:
    """An AsyncMailer sends without a thread of its own, a Mailer by urllib3; each may be forced."""
    registry = Registry(autoload=False)
    provider = Site(f"{site.url}/")

    before = set(threading.enumerate())

    async def main(**options: Any) -> list[str]:
        async with AsyncMailer(provider, registry=registry, **options) as mailer:
            await mailer.send(message())
            new = set(threading.enumerate()) - before
            return [each.name for each in new if each.name.startswith("mailcore")]

    assert isinstance(provider.create_transport(), AiohttpTransport)
    assert [] == asyncio.run(main())
    assert 1 == len(asyncio.run(main(transport=HttpTransport())))
    assert Mailer(provider, registry=registry).send(message()).accepted
    registry.close(provider)


def test_without_it_there_are_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert type(Site("http://x/").create_transport()) is HttpTransport


@pytest.mark.parametrize(("concurrency", "expected"), [(5, 5), (130, 130)])
def test_what_is_asked_for_is_what_runs(site: Any, concurrency: int, expected: int) -> None:
    """Nothing within bounds the sends at once but what was asked for."""
    meeting = threading.Barrier(expected, timeout=WAIT_SECONDS)

    def page(page: Any) -> None:
        meeting.wait()
        page.answer(200)

    site.pages["/"] = page

    async def main() -> int:
        async with AsyncMailer(Site(f"{site.url}/"), registry=Registry(autoload=False)) as mailer:
            sending = mailer.send_many(map(message, range(concurrency)), concurrency=concurrency)
            return len([outcome async for outcome in sending if outcome.accepted])

    assert concurrency == asyncio.run(main())


def test_others_wait_for_their_turn(site: Any, peers: list[Any]) -> None:
    """A transport has as many connections in a loop as it was told, and waiting is no failure."""
    transport = AiohttpTransport(pool_size=2)

    async def main() -> list[int]:
        requests = [transport.aexchange(post(f"{site.url}/")) for _ in range(20)]
        return [answer.status_code for answer in await asyncio.gather(*requests)]

    assert [200] * 20 == asyncio.run(main())
    assert 2 == len(set(peers))


def test_who_is_first_at_once(site: Any, peers: list[Any]) -> None:
    """Two that find nothing made share what is made then."""
    transport = AiohttpTransport(pool_size=1)

    async def main() -> list[int]:
        # Each makes it in a thread, which waits here until both have begun.
        with transport._lock:
            tasks = [
                asyncio.create_task(transport.aexchange(post(f"{site.url}/"))) for _ in range(2)
            ]
            for _ in range(3):
                await asyncio.sleep(0)
        return [answer.status_code for answer in await asyncio.gather(*tasks)]

    assert [200, 200] == asyncio.run(main())
    assert 1 == len(set(peers))


@pytest.mark.parametrize("is_written", [False, True])
def test_cancelling(site: Any, is_written: bool) -> None:
    """The connection is closed, and the mail is open only if something of it was written."""
    arrived, over = threading.Event(), threading.Event()

    def page(page: Any) -> None:
        arrived.set()
        over.wait(WAIT_SECONDS)
        page.answer(200)

    site.pages["/"] = page
    told: list[bool] = []

    class Extension:
        @hookimpl
        def mailcore_message_failed(self, error: Any) -> None:
            told.append(error.maybe_accepted)

    registry = Registry(autoload=False)
    registry.register_extension(Extension())

    async def main() -> None:
        pool_size = 2 if is_written else 1
        transport = AiohttpTransport(pool_size=pool_size)
        first = asyncio.create_task(transport.aexchange(post(f"{site.url}/")))
        await asyncio.to_thread(arrived.wait, WAIT_SECONDS)
        arrived.clear()
        mailer = AsyncMailer(Site(f"{site.url}/"), transport=transport, registry=registry)
        task = asyncio.create_task(mailer.send(message()))
        if is_written:
            await asyncio.to_thread(arrived.wait, WAIT_SECONDS)
        else:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        over.set()
        await first
        transport.close()

    asyncio.run(main())

    assert [is_written] == told


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_the_child_of_a_fork(site: Any, peers: list[Any], in_a_loop: Any) -> None:
    """It makes connections of its own while its parent's loop goes on with the others."""
    transport = AiohttpTransport()
    awaited = in_a_loop(transport)
    awaited.exchange(post(f"{site.url}/"))

    child = os.fork()
    if child == 0:
        try:
            asyncio.run(transport.aexchange(post(f"{site.url}/")))
            transport.close()
        except BaseException:  # whatever it is, the parent sees that it failed
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    awaited.exchange(post(f"{site.url}/"))

    assert 0 == status
    assert peers[0] == peers[2] != peers[1]
