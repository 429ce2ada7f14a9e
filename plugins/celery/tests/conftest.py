"""What tests with Celery share: a Redis, an app, and worker processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest


# Nothing large is loaded here: pytest-xdist's own process, which runs no test, waits for it.
if TYPE_CHECKING:
    from celery import Celery


PROJECT = Path(__file__).parent / "project"
DEADLINE_SECONDS = 60


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class RedisServer:
    """A Redis that can be stopped and started again; it loses nothing by that."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("Redis is not installed: `apt-get install redis-server`")
        self._folder = tempfile.mkdtemp(prefix="mailcore-redis-")
        self._port = free_port()
        self._command = [
            *(program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""),
            *("--appendonly", "yes", "--appendfsync", "always", "--dir", self._folder),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            else:
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(DEADLINE_SECONDS)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    """A Redis that runs for the tests of one module alone."""
    server = RedisServer()
    server.start()
    yield server
    server.remove()


class Workers:
    """Worker processes of the project's app; all are killed in the end."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment = environment
        self.log = log
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *options: str, concurrency: int = 1) -> subprocess.Popen[bytes]:
        command = [
            *(sys.executable, "-m", "celery", "-A", "shop_queue", "worker"),
            *("-c", str(concurrency), "-l", "info", "--without-gossip", "--without-mingle"),
            *("-n", f"w{len(self._running)}@shop", *options),
        ]
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(PROJECT)}
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self._running.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """As the kernel does it when memory runs out: without a word."""
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(DEADLINE_SECONDS)

    def kill_process(self, process_id: int) -> None:
        """One process alone, such as a child of a worker."""
        os.kill(process_id, signal.SIGKILL)

    def end(self, worker: subprocess.Popen[bytes]) -> int:
        """As systemd does it."""
        worker.terminate()
        return worker.wait(DEADLINE_SECONDS)

    def kill_all(self) -> None:
        for each in self._running:
            if each.poll() is None:
                self.kill(each)


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Waits until a function returns something true, and returns that."""

    def wait(function: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (found := function()):
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def shop(monkeypatch, redis_server) -> Iterator[Callable[..., tuple[Any, Workers]]]:
    """Imports the project with some settings, as a web process, and gives its workers too."""
    from kombu import pools

    made: list[Workers] = []
    folder = Path(tempfile.mkdtemp(prefix="mailcore-celery-"))

    def enter(mailer_url: str, **settings: object) -> tuple[Any, Workers]:
        environment = {
            "SHOP_REDIS_URL": redis_server.url,
            "SHOP_MAILER_URL": mailer_url,
            **{f"SHOP_{name.upper()}": str(value) for name, value in settings.items()},
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.syspath_prepend(PROJECT)
        sys.modules.pop("shop_queue", None)
        # Connections of apps before, which this process has kept.
        pools.reset()
        import shop_queue  # it stands there

        shop_queue.app.backend.client.flushall()
        made.append(Workers(environment, folder / "worker.log"))
        return shop_queue, made[-1]

    yield enter
    for each in made:
        each.kill_all()
    module = sys.modules.pop("shop_queue", None)
    if module is not None:
        # Celery leaves its connections to the garbage collector.
        module.app.backend.result_consumer.stop()
        module.app.backend.client.connection_pool.disconnect()
        module.app.close()
        pools.reset()
    shutil.rmtree(folder)


@pytest.fixture
def in_memory() -> Iterator[Celery]:
    """An app whose tasks run where they are called."""
    from celery import Celery

    app = Celery("tests", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.update(task_always_eager=True, task_store_eager_result=True)
    yield app
    app.close()
