"""Everything that the command line writes."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sys
import traceback

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from mailcore.cli.table import table
from mailcore.foundation.terminal import lines
from mailcore.foundation.terminal import one_line as printable


__all__ = [
    "Unwritable",
    "flush",
    "note",
    "printable",
    "write",
    "write_json",
    "write_json_line",
    "write_table",
]

PROGRAM = "mailcore"


_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)


@contextlib.contextmanager
def notes_off(*, quiet: bool) -> Iterator[None]:
    """Leave out notes that are no errors, for as long as a command runs."""
    token = _QUIET.set(quiet)
    try:
        yield
    finally:
        _QUIET.reset(token)


@contextlib.contextmanager
def results_off() -> Iterator[None]:
    """Lead nowhere what anybody writes to standard output, providers that print among them."""
    with (
        Path(os.devnull).open("w", encoding="utf-8", errors="replace") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        yield


class Unwritable(Exception):
    """Standard output cannot be written to."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"cannot write the output: {error.strerror or type(error).__name__}")
        self.reader_gone = isinstance(error, BrokenPipeError)


def write(text: str, stream: IO[str] | None = None) -> None:
    """
    Write a text and a line end to standard output.

    What its encoding lacks is written as an escape, so that no result is lost for one character.

    Args:
        text: The text that is written.
        stream: What was standard output before it was led elsewhere.

    Raises:
        Unwritable: If that fails.
    """
    chosen: IO[str] | None = stream if stream is not None else sys.stdout
    if chosen is None:
        raise Unwritable(OSError(errno.EBADF, "standard output is closed"))
    encoding: str = getattr(chosen, "encoding", None) or "utf-8"
    try:
        chosen.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    except OSError as error:
        raise Unwritable(error) from error


def write_json(value: object) -> None:
    """Write JSON for people and scripts: indented, ASCII."""
    write(json.dumps(value, indent=2))


def write_json_line(value: object, stream: IO[str] | None = None) -> None:
    """Write JSON on one line, and let it be seen now."""
    write(json.dumps(value), stream)
    flush(stream)


def write_table(
    headings: list[str], rows: list[list[str]], *, layout: Callable[..., str] = table
) -> None:
    """
    Write a table, as wide as the terminal if it is one, else as wide as it gets.

    Args:
        headings: The heading of each column.
        rows: The cells of each row, as many as there are headings.
        layout: One of the functions of :mod:`mailcore.cli.table`.
    """
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    columns = shutil.get_terminal_size().columns if on_terminal else None
    cells = [[printable(cell) for cell in row] for row in [headings, *rows]]
    write(layout(cells[0], cells[1:], width=columns))


def note(text: str, *, always: bool = False) -> None:
    """
    Write lines for the operator to standard error; failing that, there is nobody to tell.

    Args:
        text: The lines that are written to standard error.
        always: Whether it is an error, which is told with ``--quiet`` too.
    """
    if _QUIET.get() and not always:
        return
    first, *rest = text.split("\n")
    lines = [f"{PROGRAM}: {printable(first)}", *map(printable, rest)]
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):
        sys.stderr.write("\n".join([*lines, ""]))
        sys.stderr.flush()


def write_traceback(error: BaseException) -> None:
    """Write where an error comes from to standard error; its texts may be anybody's."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):
        sys.stderr.write(lines("".join(traceback.format_exception(error))))
        sys.stderr.flush()


def flush(stream: IO[str] | None = None) -> None:
    """
    Write what is still held back.

    Raises:
        Unwritable: If that fails.
    """
    stream = stream if stream is not None else sys.stdout
    try:
        if stream is not None:
            stream.flush()
    except OSError as error:
        raise Unwritable(error) from error


def silence() -> None:
    """Lead standard output nowhere, so that the interpreter does not fail on it at its end."""
    if sys.stdout is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        # It was replaced by something that is no file.
        return
    finally:
        os.close(nowhere)
