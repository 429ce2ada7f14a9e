"""What a process that was forked must not share with its parent: locks that nobody releases."""

from __future__ import annotations

import os
import threading
import weakref


class ForkSafeLock:
    """
    A reentrant lock that the child of a fork finds free.

    Another thread of the parent may have held it when the process forked; it does not exist in the
    child, and would never release it.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _LOCKS.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def _renew(self) -> None:
        self._lock = threading.RLock()


_LOCKS: weakref.WeakSet[ForkSafeLock] = weakref.WeakSet()


def _renew_all() -> None:
    for lock in list(_LOCKS):
        lock._renew()  # of this module


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_all)
