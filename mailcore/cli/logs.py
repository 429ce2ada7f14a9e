"""What mailcore logs while a command runs: warnings as lines, everything with ``--debug``."""

from __future__ import annotations

import contextlib
import logging
import sys

from collections.abc import Iterator

from mailcore.cli.output import note
from mailcore.foundation.terminal import lines


class _Escaping(logging.Formatter):
    """A log with its tracebacks, in which nothing steers the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return lines(super().format(record))


class _Lines(logging.Handler):
    """Warnings and errors as one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        # A broken provider is either listed as such or the error itself.
        if record.name == "mailcore.registry" and record.getMessage().startswith("provider "):
            return
        # Whatever ends a send is told by whoever sends.
        if record.name in ("mailcore.delivery", "mailcore.mailer"):
            return
        # What follows the first line is where it happened, which --debug shows.
        text = record.getMessage().partition("\n")[0]
        if record.exc_info and record.exc_info[0] is not None:
            text += f" ({record.exc_info[0].__name__}; --debug shows where)"
        is_error = record.levelno >= logging.ERROR
        note(f"{record.levelname.lower()}: {' '.join(text.split())}", always=is_error)


@contextlib.contextmanager
def shown(*, debug: bool, quiet: bool = False) -> Iterator[None]:
    """Show the log of mailcore on standard error for as long as a command runs."""
    logger = logging.getLogger("mailcore")
    handler: logging.Handler = _Lines(logging.ERROR if quiet else logging.WARNING)
    level = logger.level
    if debug:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Escaping("%(name)s: %(levelname)s: %(message)s"))
        logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
