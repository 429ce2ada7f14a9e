"""How far a run is, on standard error: a bar with the rate and the time that remains."""

from __future__ import annotations

import sys

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Is told of each message that is done."""

    def update(self, count: int = 1) -> object:
        """Count further messages."""
        ...


class _Silent:
    def update(self, count: int = 1) -> object:
        return None


@contextmanager
def progress(total: int | None, *, wanted: bool) -> Iterator[Progress]:
    """
    Show a bar for as long as it takes, where somebody looks at it.

    That is a terminal, and needs tqdm (``mailcore-esp[progress]``); elsewhere nothing is shown.

    Args:
        total: How many messages there are, if that is known.
        wanted: Whether it may be shown at all.
    """
    if not wanted or sys.stderr is None or not sys.stderr.isatty():
        yield _Silent()
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield _Silent()
        return
    with tqdm(total=total, unit=" messages", file=sys.stderr, dynamic_ncols=True) as bar:
        yield bar
