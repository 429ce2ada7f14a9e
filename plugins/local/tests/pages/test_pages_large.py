"""A mailbox with a hundred thousand mails."""

from __future__ import annotations

import time

import pytest


pytestmark = pytest.mark.slow

FEW, MANY = 1_000, 100_000
PATHS = ("/", "/?q=subject:500", "/?q=to:a500", "/?q=provider:plain")
# The ids of all that are in a state are collected first.
STATES = ("/?q=state:accepted", "/?q=state:bounced")


def steps(mailbox, ask, path: str) -> int:
    """How many hundreds of instructions SQLite carries out for a page: the same on any machine."""
    counted = []

    def count() -> None:
        counted.append(1)

    database = mailbox.mails._database
    database.set_progress_handler(count, 100)
    assert 200 == ask(path).status
    database.set_progress_handler(None, 0)
    return len(counted)


def quickest(ask, path: str) -> float:
    """The seconds of the quickest of some requests: what others do on this machine is left out."""
    seconds = []
    for _ in range(15):
        begun = time.perf_counter()
        assert 200 == ask(path).status
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def test_the_list_is_read_and_not_the_mailbox(mailbox, ask, make_captured):
    """First page, last page and searches take no more work than they take of a thousand mails."""
    store = mailbox.mails
    store.max_messages = MANY

    def add(first: int, end: int) -> None:
        for number in range(first, end):
            store.add(make_captured(subject=f"Order {number}", to=[f"a{number}@example.net"]))

    add(0, FEW)
    few = [steps(mailbox, ask, path) for path in PATHS]
    add(FEW, MANY)
    many = [steps(mailbox, ask, path) for path in PATHS]
    last = store.list(limit=MANY)[-60].id

    assert MANY == len(store)
    assert [] == [path for path, a, b in zip(PATHS, few, many, strict=True) if b > 2 * a + 10]
    assert steps(mailbox, ask, f"/?before={last}") <= 2 * few[0] + 10
    # A few milliseconds, here and in 2026.
    assert [] == [path for path in (*PATHS, *STATES) if quickest(ask, path) >= 0.1]
