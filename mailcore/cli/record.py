"""
The record of ``mailcore send-many``: what became of each line, so that a later run goes on with it.

A file of JSON Lines, appended to. Before a message is sent, a line says that it begins; after it,
another says what became of it. So a run that was killed leaves three kinds of messages: those with
an outcome, those that began without one (nobody knows), and those that have not begun. Lines are
written to the operating system before anything is sent: they outlive the process, but not a loss of
power.
"""

from __future__ import annotations

import hashlib
import json
import threading

from array import array
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mailcore.cli.failures import InputError


if TYPE_CHECKING:
    from typing_extensions import Self


class State(IntEnum):
    """What is known of a line."""

    NEW = 0
    BEGUN = 1
    """It began and has no outcome: it may have been accepted."""
    DONE = 2
    """It was accepted for somebody, or is for nobody to send again."""
    UNKNOWN = 3
    """Its answer was lost: it may have been accepted."""
    FAILED = 4
    """It was certainly not accepted, and is not worth another try as it is."""
    LATER = 5
    """It was certainly not accepted, and the same may succeed later."""


def digest_of(data: bytes) -> int:
    """What a line is recognised by: 64 bits of its hash."""
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big")


class Record:
    """
    A record that is open.

    Args:
        path: The file; it is made if it is not there.

    Raises:
        InputError: If it cannot be opened, is none, or another run has it open.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._states = bytearray()
        self._digests: array[int] = array("Q")
        self._lock = threading.Lock()
        try:
            self._file: IO[bytes] = Path(path).open("a+b", buffering=0)  # noqa: SIM115  # closed by close()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise InputError(f"cannot write {path!r}: {reason}") from error
        try:
            _lock(self._file)
            self._read()
        except OSError as error:
            self._file.close()
            raise InputError(f"{path!r} is in use by another run") from error
        except BaseException:
            self._file.close()
            raise

    def state_of(self, number: int, digest: int) -> State:
        """
        What is known of a line.

        Args:
            number: The number of the line, from 1.
            digest: What it is recognised by.

        Raises:
            InputError: If the record is about another line of that number.
        """
        if number >= len(self._states) or self._states[number] == State.NEW:
            return State.NEW
        if self._digests[number] != digest:
            raise InputError(
                f"line {number} is another message than the one in {self._path!r}: give the file "
                f"that the record is of, or another --record"
            )
        return State(self._states[number])

    def begin(self, number: int, digest: int) -> None:
        """Note that a line is about to be sent."""
        self._write({"line": number, "digest": f"{digest:016x}", "begun": True})

    def end(self, number: int, digest: int, outcome: Mapping[str, object], state: State) -> None:
        """Note what became of a line."""
        document = {"line": number, "digest": f"{digest:016x}", "state": state.name.lower()}
        self._write({**document, **outcome})

    def close(self) -> None:
        """Close the file, for another run to go on with it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write(self, document: Mapping[str, object]) -> None:
        data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        rest = memoryview(data + b"\n")
        with self._lock:
            try:
                while rest:
                    rest = rest[self._file.write(rest) :]
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or type(error).__name__
                raise InputError(f"cannot write {self._path!r}: {reason}") from error

    def _read(self) -> None:
        self._file.seek(0)
        rest = b""
        with Path(self._path).open("rb") as file:
            for place, line in enumerate(file, 1):
                rest = line if not line.endswith(b"\n") else b""
                if rest:
                    break
                if line.strip():
                    self._note(line, place)
        if rest:
            # A run was killed while it wrote: what it meant to say is not known.
            self._file.write(b"\n")

    def _note(self, line: bytes, place: int) -> None:
        found = _entry(line)
        if found is None:
            if not _is_half(line):
                raise InputError(f"line {place} of {self._path!r} is none of a record")
            return
        number, digest, state = found
        missing = number + 1 - len(self._states)
        if missing > 0:
            self._states.extend(bytes(missing))
            self._digests.extend([0] * missing)
        self._states[number] = state
        self._digests[number] = digest


def _is_half(line: bytes) -> bool:
    """Whether it is what was left of a line, which another run has ended."""
    start = line.strip()[: len(_START)]
    if not _START.startswith(start):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False


_START = b'{"line":'
_MAX_LINES = 1_000_000_000


def _entry(line: bytes) -> tuple[int, int, State] | None:
    try:
        document: Any = json.loads(line)
        number = document["line"]
        digest = int(document["digest"], 16)
        state = State.BEGUN if document.get("begun") else State[str(document["state"]).upper()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(number, int) or not 0 < number < _MAX_LINES or not 0 <= digest < 1 << 64:
        return None
    return number, digest, state


def _lock(file: IO[bytes]) -> None:
    """
    Keep other runs away until the file is closed.

    Raises:
        OSError: If another one has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        return
    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
