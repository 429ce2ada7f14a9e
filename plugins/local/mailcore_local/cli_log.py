"""
The log of the server on standard error, while the command runs.
"""

from __future__ import annotations

import logging
import sys

from collections.abc import Iterator
from contextlib import contextmanager

from mailcore.cli import output


class _Notes(logging.Handler):
    """What the server has to say, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write it to standard error."""
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        always = record.levelno >= logging.ERROR
        output.note(f"{level}{record.getMessage()}", always=always)


@contextmanager
def told(*, debug: bool) -> Iterator[None]:
    """Show the log of the server for as long as it runs; with tracebacks and requests if asked."""
    logger = logging.getLogger("mailcore_local")
    handler: logging.Handler = _Notes()
    if debug:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
