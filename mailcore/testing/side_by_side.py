"""Functions of a check that run at the same moment, each in a thread."""

from __future__ import annotations

import threading

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager


def in_threads(
    surrounding: Callable[[], AbstractContextManager[None]],
    functions: Sequence[Callable[[], None]],
) -> None:
    """
    Run functions at once, and raise what the first one of them raised that failed.

    Args:
        surrounding: What makes the context that each function runs in, in its thread.
        functions: What runs, each in a thread of its own.
    """
    failures: list[BaseException] = []

    def run(function: Callable[[], None]) -> None:
        try:
            with surrounding():
                function()
        except BaseException as error:  # noqa: BLE001  # raised in the thread of the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
