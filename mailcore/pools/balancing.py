"""``RoundRobin`` and ``Weighted``: members take turns, and stand in for those that fail."""

from __future__ import annotations

import math
import time

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

from mailcore.errors import ConfigurationError
from mailcore.pools.collecting import Collected, MemberInput, collected
from mailcore.pools.composite import Member
from mailcore.pools.failing_over import FailingOver
from mailcore.pools.health import Rules
from mailcore.pools.rotation import Rotation
from mailcore.pools.urls import PoolItem
from mailcore.registry.registry import Registry


class _Balancing(FailingOver):
    def __init__(
        self,
        found: Collected,
        weights: Sequence[float],
        *,
        rules: Rules,
        accept_duplicates: bool,
        rejected: Literal["raise", "next"],
        clock: Callable[[], float],
    ) -> None:
        super().__init__(
            found,
            rules=rules,
            accept_duplicates=accept_duplicates,
            rejected=rejected,
            clock=clock,
        )
        self._rotation = Rotation(list(zip(self.members, weights, strict=True)))

    def _turn(self, awake: Sequence[Member]) -> Sequence[Member]:
        return self._rotation.take(awake)

    def _next_turn(self, awake: Sequence[Member]) -> Sequence[Member]:
        return self._rotation.next(awake)


class RoundRobin(_Balancing):
    """
    Sends through its members in turn; where one fails, the next one takes the message.

    Members that rest are left out, and their share goes to the others. What a failure is, when a
    member rests, and what is never sent twice: as :class:`~mailcore.pools.failover.Failover` says.

    Args:
        members: Providers, names or URLs; or :class:`~mailcore.pools.composite.Member` for one with
            a transport of its own.
        faults_before_rest: How many failures in a row make a member rest.
        rest_seconds: How long the first rest is, in seconds.
        longest_rest_seconds: How long a rest may become, in seconds.
        accept_duplicates: Whether a message that may be accepted is sent through another member.
        rejected: What to do with a message that is refused for what it is: ``raise``, or try the
            ``next`` member.
        registry: Where names and URLs are looked up.
        clock: A function that returns the time in seconds, which never goes back.

    Raises:
        ConfigurationError: If there are no members, or something is wrong with one of them.
    """

    name = "roundrobin"
    label = "Round robin"

    def __init__(
        self,
        members: Sequence[MemberInput],
        *,
        faults_before_rest: int = 3,
        rest_seconds: float = 30.0,
        longest_rest_seconds: float = 600.0,
        accept_duplicates: bool = False,
        rejected: Literal["raise", "next"] = "raise",
        registry: Registry | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        found = collected(self.name, members, registry)
        super().__init__(
            found,
            [1.0] * len(found.members),
            rules=Rules(
                faults_before_rest=faults_before_rest,
                rest_seconds=rest_seconds,
                longest_rest_seconds=longest_rest_seconds,
            ),
            accept_duplicates=accept_duplicates,
            rejected=rejected,
            clock=clock,
        )


class Weighted(_Balancing):
    """
    Sends through its members in proportion to their weights; otherwise as :class:`RoundRobin`.

    Of weights 3 and 1 the first member gets three messages of four, evenly spread. To try a new
    service with a hundredth of the mail: weights 99 and 1.

    Args:
        members: The weight of each provider, name or URL, or
            :class:`~mailcore.pools.composite.Member`. In a URL it stands before the member:
            ``weighted(3=name://… 1=name://…)``.
        faults_before_rest: How many failures in a row make a member rest.
        rest_seconds: How long the first rest is, in seconds.
        longest_rest_seconds: How long a rest may become, in seconds.
        accept_duplicates: Whether a message that may be accepted is sent through another member.
        rejected: What to do with a message that is refused for what it is: ``raise``, or try the
            ``next`` member.
        registry: Where names and URLs are looked up.
        clock: A function that returns the time in seconds, which never goes back.

    Raises:
        ConfigurationError: If there are no members, something is wrong with one of them, or a
            weight is not above 0.
    """

    name: ClassVar[str] = "weighted"
    label: ClassVar[str] = "Weighted"

    def __init__(
        self,
        members: Mapping[MemberInput, float],
        *,
        faults_before_rest: int = 3,
        rest_seconds: float = 30.0,
        longest_rest_seconds: float = 600.0,
        accept_duplicates: bool = False,
        rejected: Literal["raise", "next"] = "raise",
        registry: Registry | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not isinstance(members, Mapping):
            kind = type(members).__name__
            raise ConfigurationError(
                f"{self.name}: members must be a mapping to weights, not {kind}: "
                f"write {{provider: weight, ...}}"
            )
        weights = list(members.values())
        for position, weight in enumerate(weights, 1):
            if not _is_weight(weight):
                raise ConfigurationError(
                    f"{self.name}: the weight of member {position} must be a number above 0"
                )
        super().__init__(
            collected(self.name, list(members), registry),
            weights,
            rules=Rules(
                faults_before_rest=faults_before_rest,
                rest_seconds=rest_seconds,
                longest_rest_seconds=longest_rest_seconds,
            ),
            accept_duplicates=accept_duplicates,
            rejected=rejected,
            clock=clock,
        )

    @classmethod
    def members_from_url(cls, items: Sequence[PoolItem]) -> object:
        """
        The members of a URL with their weights.

        Raises:
            ConfigurationError: If a weight is missing or no number, or a member is there twice.
        """
        weights: dict[str, float] = {}
        for position, item in enumerate(items, 1):
            try:
                weights[item.member] = float(item.label)
            except ValueError:
                raise ConfigurationError(
                    f"{cls.name}: member {position} has no weight: "
                    f"write {cls.name}(3=name://… 1=name://…)"
                ) from None
        if len(weights) < len(items):
            raise ConfigurationError(f"{cls.name}: a member is there twice: name each once")
        return weights


def _is_weight(weight: object) -> bool:
    if not isinstance(weight, (int, float)) or isinstance(weight, bool):
        return False
    return weight > 0 and math.isfinite(weight)
