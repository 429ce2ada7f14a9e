"""Whose turn it is: members take turns by weight, evenly spread."""

from __future__ import annotations

from collections.abc import Sequence

from mailcore.foundation.forking import ForkSafeLock
from mailcore.pools.composite import Member


class Rotation:
    """
    Smooth weighted round robin: of weights 5, 1, 1 come a a b a c a a, not five times a at once.

    The algorithm is nginx's: each turn adds to every member its weight, takes the one that has
    most, and takes the sum of the weights off it. The commit "Upstream: smooth weighted
    round-robin balancing" has it with this example (read in a mirror of nginx's history,
    2026-11-30).

    Args:
        weights: How often each member is to be taken, in proportion to the others.
    """

    def __init__(self, weights: Sequence[tuple[Member, float]]) -> None:
        self._weights = {id(member): weight for member, weight in weights}
        self._have = dict.fromkeys(self._weights, 0.0)
        self._lock = ForkSafeLock()

    def next(self, members: Sequence[Member]) -> list[Member]:
        """The members, beginning with the one whose turn it would be: nobody's turn is over."""
        with self._lock:
            return self._from(self._first(members), members)

    def take(self, members: Sequence[Member]) -> list[Member]:
        """
        The members, beginning with the one whose turn it is now.

        Args:
            members: The members to choose from, in the order of the pool.
        """
        if not members:
            return []
        with self._lock:
            first = self._first(members)
            for member in members:
                self._have[id(member)] += self._weights[id(member)]
            self._have[id(first)] -= sum(self._weights[id(member)] for member in members)
            return self._from(first, members)

    def _first(self, members: Sequence[Member]) -> Member | None:
        def has(member: Member) -> float:
            return self._have[id(member)] + self._weights[id(member)]

        return max(members, key=has, default=None)

    def _from(self, first: Member | None, members: Sequence[Member]) -> list[Member]:
        if first is None:
            return []
        at = members.index(first)
        return [*members[at:], *members[:at]]
