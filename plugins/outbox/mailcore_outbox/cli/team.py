"""Several workers, each in a process of its own, that are stopped together and replaced singly."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time

from collections.abc import Iterator
from queue import SimpleQueue
from types import FrameType
from typing import Any, Final

from mailcore.cli import exit_codes, output
from mailcore.mailer import URL_VARIABLE
from mailcore_outbox.cli.common import DATABASE_VARIABLE


_SHORT_LIFE_SECONDS: Final = 10.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
_SIGNAL: Final = -1
_VALUES: Final = (
    "outbox",
    "schema",
    "prefix",
    "provider",
    "policies",
    "concurrency",
    "messages_per_call",
    "poll",
    "lease",
    "grace",
    "attempts",
    "max_age",
)
_SWITCHES: Final = ("once", "keep_bodies", "accept_duplicates", "json", "debug", "quiet")


class Team:
    """
    Workers in processes.

    One that is killed or fails is replaced, at once or, if it did not live long, after a pause. On
    a signal all are told to stop. Should this process be killed itself, they stop as well: they
    read from a pipe that nobody writes to, which ends then.

    Args:
        arguments: What the command line says.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._command = [sys.executable, "-m", "mailcore", *_arguments_of(arguments)]
        self._environment = {**os.environ}
        # Not on the command line, where others could read them.
        if arguments.database:
            self._environment[DATABASE_VARIABLE] = arguments.database
        if arguments.url:
            self._environment[URL_VARIABLE] = arguments.url
        self._happened: SimpleQueue[tuple[int, int]] = SimpleQueue()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._began: dict[int, float] = {}
        self._short_lives: dict[int, int] = {}
        self._waiting: dict[int, threading.Timer] = {}
        self._is_stopping = False
        self._code = exit_codes.OK

    def work(self) -> int:
        """
        Start them, and wait until all have ended.

        Returns:
            0 if all of them ended well; otherwise the code of the first that did not.
        """
        before = {each: signal.signal(each, self._on_signal) for each in _signals()}
        try:
            for number in range(1, self._arguments.workers + 1):
                self._start(number)
            while self._running or self._waiting:
                number, code = self._happened.get()
                if number == _SIGNAL:
                    self._stop()
                elif number in self._waiting:
                    del self._waiting[number]
                    self._start(number)
                elif number in self._running:
                    self._ended(number, code)
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
            self._stop()
        return self._code

    def _start(self, number: int) -> None:
        if self._is_stopping:
            return
        # Ctrl-C in a terminal is told to this process alone.
        process = subprocess.Popen(  # noqa: S603  # our own command, without a shell
            self._command,
            stdin=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )
        self._running[number], self._began[number] = process, time.monotonic()
        threading.Thread(target=self._wait_for, args=(number, process), daemon=True).start()

    def _wait_for(self, number: int, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        self._happened.put((number, code))

    def _ended(self, number: int, code: int) -> None:
        process = self._running.pop(number)
        if process.stdin is not None:
            process.stdin.close()
        if code == exit_codes.OK or self._is_stopping:
            # One that was told to stop while it was being started has done nothing.
            self._note_code(exit_codes.OK if code == -signal.SIGTERM else code)
            return
        if code == exit_codes.USAGE:
            # It said what is wrong, and would say it again.
            self._note_code(code)
            self._stop()
            return
        self._replace(number, code)

    def _replace(self, number: int, code: int) -> None:
        lived_long = time.monotonic() - self._began[number] > _SHORT_LIFE_SECONDS
        short = 0 if lived_long else self._short_lives.get(number, 0) + 1
        self._short_lives[number] = short
        pause = 0.0 if short <= 1 else min(_LONGEST_PAUSE_SECONDS, 2.0 ** (short - 2))
        how = f"was killed by signal {-code}" if code < 0 else f"ended with the exit code {code}"
        when = f"in {pause:g} s" if pause else "now"
        output.note(f"worker {number} {how}: another one is started {when}", always=True)
        timer = threading.Timer(pause, self._happened.put, args=((number, 0),))
        timer.daemon = True
        self._waiting[number] = timer
        timer.start()

    def _stop(self) -> None:
        self._is_stopping = True
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        for process in self._running.values():
            process.terminate()

    def _note_code(self, code: int) -> None:
        if self._code == exit_codes.OK and code != exit_codes.OK:
            self._code = code if code > 0 else exit_codes.INTERNAL

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._happened.put((_SIGNAL, 0))


def _signals() -> Iterator[signal.Signals]:
    yield signal.SIGTERM
    yield signal.SIGINT


def _arguments_of(arguments: argparse.Namespace) -> Iterator[str]:
    """The command line of one worker."""
    yield from ("outbox", "work", "--stop-at-eof")
    if arguments.mailer:
        yield arguments.mailer
    values: dict[str, Any] = {"debug": False, "quiet": False, **vars(arguments)}
    for name in _VALUES:
        if values[name]:
            yield from (f"--{name.replace('_', '-')}", str(values[name]))
    for key, value in arguments.option:
        yield from ("--option", f"{key}={value}")
    for name in _SWITCHES:
        if values[name]:
            yield f"--{name.replace('_', '-')}"
