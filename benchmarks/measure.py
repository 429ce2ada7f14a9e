"""How things are timed: CPU of this process, contenders in turn, the best round of each."""

from __future__ import annotations

import gc
import time
import tracemalloc

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """
    One line of the table.

    Args:
        what: What is done.
        seconds: CPU time of one run, by contender; mailcore's is among them.
        wanted: What the ratio to a contender should be: contender to (``<=`` or ``>=``, number).
    """

    what: str
    seconds: Mapping[str, float]
    wanted: Mapping[str, tuple[str, float]]


def best_of(
    contenders: Mapping[str, Callable[[], object]], *, number: int, rounds: int = 7
) -> dict[str, float]:
    """
    CPU seconds of one call of each contender.

    They take turns within a round, so that a machine that slows down slows all of them; the
    minimum over the rounds is what the code costs without its neighbours.
    """
    best = dict.fromkeys(contenders, float("inf"))
    for contender in contenders.values():
        contender()
    for _ in range(rounds):
        for name, contender in contenders.items():
            gc.collect()
            start = time.process_time()
            for _ in range(number):
                contender()
            best[name] = min(best[name], (time.process_time() - start) / number)
    return best


def peak_bytes(function: Callable[[], object]) -> int:
    """Most bytes that Python held at once during a call, beyond those held before it."""
    function()
    gc.collect()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def readable(seconds: float) -> str:
    """Seconds with a unit that suits them."""
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            return f"{seconds * factor:.3g} {unit}"
    raise AssertionError


def print_row(row: Row) -> bool:
    """Print a line for each contender: CPU, ratio, goal, met; returns whether all goals are."""
    ours = row.seconds["mailcore"]
    print(f"\n{row.what}\n  {'mailcore':<28}{readable(ours):>12}")
    good = True
    for name, seconds in row.seconds.items():
        if name == "mailcore":
            continue
        line = f"  {name:<28}{readable(seconds):>12}"
        if name in row.wanted:
            sign, limit = row.wanted[name]
            ratio = ours / seconds if sign == "<=" else seconds / ours
            holds = ratio <= limit if sign == "<=" else ratio >= limit
            good = good and holds
            meaning = "of its time" if sign == "<=" else "times faster"
            line += (
                f"{ratio:>9.2f}{f'{sign} {limit}':>12}{'yes' if holds else 'MISSED':>8}   {meaning}"
            )
        else:
            line += f"{seconds / ours:>9.2f}{'':>20}   times ours"
        print(line)
    return good
