"""Messages that a consumer holds: how many fit, and which are to be hidden again."""

from __future__ import annotations

import threading

import pytest

from mailcore_ses.intake.in_flight import InFlight
from mailcore_ses.intake.sqs_queue import QueueMessage


A, B, C = (QueueMessage(message_id=name, receipt_handle=f"handle-{name}") for name in "abc")
DEADLINE_SECONDS = 30


class Clock:
    """A time that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def never() -> bool:
    """It goes on."""
    return False


def test_room_is_what_is_left():
    """Of the capacity; a message that comes again with the same receipt is one."""
    held = InFlight(3, Clock())
    rooms = [held.wait_for_room(never)]
    for messages in ([A], [A], [B, C]):
        held.add(messages, 100.0)
        rooms.append(held.wait_for_room(lambda: len(held) == 3))
    held.drop([B])
    held.drop([B])

    assert [3, 2, 2, 0] == rooms
    assert (2, 1) == (len(held), held.wait_for_room(never))


def test_nothing_fits_when_it_is_over():
    """Even where there is room."""
    assert InFlight(3, Clock()).wait_for_room(lambda: True) == 0


@pytest.mark.parametrize("way", ["a message is dropped", "it is over"])
def test_whoever_waits_for_room_is_woken(way):
    """By room, or by the end."""
    held = InFlight(1, Clock())
    held.add([A], 100.0)
    over, asked = threading.Event(), threading.Event()
    found: list[int] = []

    def is_over() -> bool:
        asked.set()
        return over.is_set()

    waiting = threading.Thread(target=lambda: found.append(held.wait_for_room(is_over)))
    waiting.start()
    assert asked.wait(DEADLINE_SECONDS)
    if way == "it is over":
        over.set()
        held.wake()
    else:
        held.drop([A])
    waiting.join(DEADLINE_SECONDS)

    assert [0 if way == "it is over" else 1] == found


def test_which_are_hidden_again():
    """Those that were last hidden so long ago, to the moment; each has its own time."""
    clock = Clock()
    held = InFlight(3, clock)
    held.add([A, B], 100.0)
    held.add([C], 105.0)
    found = []
    for clock.now in (109.9, 110.0, 114.9, 115.0):
        found.append([message.message_id for message in held.hidden_longer_than(10.0)])
    held.hidden_again([A, C], 115.0)
    clock.now = 124.9
    found.append([message.message_id for message in held.hidden_longer_than(10.0)])

    assert [[], ["a", "b"], ["a", "b"], ["a", "b", "c"], ["b"]] == found


def test_what_was_dropped_is_not_held_again():
    """A call that hides messages may come back after one of them was done."""
    clock = Clock()
    held = InFlight(3, clock)
    held.add([A, B], 100.0)
    held.drop([A])
    held.hidden_again([A, B], 120.0)
    clock.now = 1000.0

    assert [B] == held.hidden_longer_than(10.0)
    assert 1 == len(held)
