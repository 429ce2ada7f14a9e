"""Worker processes that are killed at random, and others that take their place."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from typing_extensions import Self

_END_SECONDS = 60.0


class Workers:
    """
    A number of worker processes, one of which is killed every now and then.

    What is killed, and when, is drawn by a seed; how far each process has come by then is not.

    Args:
        command: The command of a worker.
        environment: Its environment.
        log: The file that all of them write to.
        count: How many run at once.
        seed: The seed of the random numbers.
        pause_seconds: The shortest and the longest time between two kills.
        most: How many kills there are at most; None for no bound.
        children: Whether now and then only a child of the worker is killed.
        also: Called before every third kill, on average: breaks something else, if it can.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        count: int,
        seed: int,
        pause_seconds: tuple[float, float],
        most: int | None = None,
        children: bool = False,
        also: Callable[[], bool] | None = None,
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._log = log
        self._count = count
        self._random = random.Random(seed)  # noqa: S311 - kills are no secrets
        self._pause_seconds = pause_seconds
        self._most = most
        self._children = children
        self._also = also
        self._running: list[subprocess.Popen[bytes]] = []
        self._over = threading.Event()
        self._killer = threading.Thread(target=self._kill_at_random, name="killer")
        self.killed = 0
        self.killed_children = 0
        self.cuts = 0
        self.ended: list[int] = []

    def __enter__(self) -> Self:
        for _ in range(self._count):
            self._start()
        self._killer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop_killing()
        for each in self._running:
            each.send_signal(signal.SIGTERM)
        for each in self._running:
            try:
                self.ended.append(each.wait(_END_SECONDS))
            except subprocess.TimeoutExpired:
                os.killpg(each.pid, signal.SIGKILL)
                self.ended.append(each.wait())

    def __len__(self) -> int:
        return self._count

    @property
    def kills(self) -> int:
        """How many processes were killed so far."""
        return self.killed + self.killed_children

    def stop_killing(self) -> None:
        """Leave the workers alone from now on."""
        self._over.set()
        self._killer.join()

    def _start(self) -> None:
        with self._log.open("ab") as log:
            # A group of its own: a worker is killed with its children.
            process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)

    def _kill_at_random(self) -> None:
        while not self._over.wait(self._random.uniform(*self._pause_seconds)):
            self._replace_ended()
            if self._most is not None and self.kills >= self._most:
                continue
            if self._also is not None and self._random.random() < 1 / 3:
                self.cuts += self._also()
                self._replace_ended()
            victim = self._random.choice(self._running)
            if self._children and self._random.random() < 1 / 2 and self._kill_child(victim):
                self.killed_children += 1
                continue
            self._running.remove(victim)
            os.killpg(victim.pid, signal.SIGKILL)
            victim.wait()
            self.killed += 1
            self._start()

    def _replace_ended(self) -> None:
        for each in [each for each in self._running if each.poll() is not None]:
            self._running.remove(each)
            self._start()

    def _kill_child(self, worker: subprocess.Popen[bytes]) -> bool:
        listed = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
        try:
            children = [int(each) for each in listed.read_text(encoding="ascii").split()]
            if not children:
                return False
            os.kill(self._random.choice(children), signal.SIGKILL)
        except (OSError, ValueError):
            return False
        return True
