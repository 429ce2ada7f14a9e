"""``Failover``: the first member sends, and the next where it fails."""

from __future__ import annotations

import time

from collections.abc import Callable, Sequence
from typing import Literal

from mailcore.pools.collecting import MemberInput, collected
from mailcore.pools.composite import Member
from mailcore.pools.failing_over import FailingOver
from mailcore.pools.health import Rules
from mailcore.registry.registry import Registry


class Failover(FailingOver):
    """
    Sends through its first member; through the next one where the provider fails.

    A *provider* fails that cannot be reached, is down, asks to wait, has no quota left, does not
    accept its credentials, or answers what nobody understands. A message that was refused for what
    it is says nothing against the provider, and is refused.

    A message that may be accepted (``maybe_accepted``) is not sent again, since that may deliver it
    twice: the error goes to the caller.

    Args:
        members: Providers, names or URLs, in the order in which they are asked; or
            :class:`~mailcore.pools.composite.Member` for one with a transport of its own.
        faults_before_rest: How many failures in a row make a member rest. One whose credentials
            are refused, whose quota is used up, or that says how long to wait, rests at once.
        rest_seconds: How long the first rest is, in seconds; a time that the provider names
            replaces it. Then one message tries the member. If it fails again, the next rest is
            twice as long.
        longest_rest_seconds: How long a rest may become, in seconds.
        accept_duplicates: Whether a message that may be accepted is sent through the next member
            all the same: for mail that had better come twice than not at all.
        rejected: What to do with a message that a member refuses for what it is, or to all
            recipients: ``raise``, or try the ``next`` member. Another provider does not know who is
            on the first one's suppression list, and would write to them.
        registry: Where names and URLs are looked up.
        clock: A function that returns the time in seconds, which never goes back.

    Raises:
        ConfigurationError: If there are no members, or something is wrong with one of them.

    Example:
        >>> from mailcore.builtin import MemoryProvider, NullProvider
        >>> Failover([MemoryProvider(), NullProvider()])
        <Failover 'failover' of memory, null>
    """

    name = "failover"
    label = "Failover"

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
        super().__init__(
            collected(self.name, members, registry),
            rules=Rules(
                faults_before_rest=faults_before_rest,
                rest_seconds=rest_seconds,
                longest_rest_seconds=longest_rest_seconds,
            ),
            accept_duplicates=accept_duplicates,
            rejected=rejected,
            clock=clock,
        )

    def _turn(self, awake: Sequence[Member]) -> Sequence[Member]:
        return awake

    def _next_turn(self, awake: Sequence[Member]) -> Sequence[Member]:
        return awake
