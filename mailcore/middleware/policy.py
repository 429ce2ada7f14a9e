"""
What every policy is: it is attached to a mailer once, and gives it a middleware.

A middleware is a function, and knows the message only. A policy is an object with options: it has a
:class:`Place` among the others, learns from its :class:`Sender` what it is attached to, and says in
one line what it does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from mailcore.errors import ConfigurationError


if TYPE_CHECKING:
    from mailcore.flow import Transport
    from mailcore.provider import AnyProvider
    from mailcore.registry.registry import Registry
    from mailcore.sending.delivery import Middleware

__all__ = ["Place", "Policy", "Sender"]


class Place(IntEnum):
    """Where a policy stands among the others: a smaller number is further out, and acts first."""

    REDIRECT = 10
    SUPPRESSION = 20
    IDEMPOTENCY = 30
    TELEMETRY = 40
    LOGGING = 50
    RETRY = 60
    THROTTLE = 70

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Sender:
    """
    What a policy is attached to: the provider of one mailer, and what belongs to it.

    Args:
        provider: The provider that the mailer sends through.
        registry: The registry whose hooks are told what happens.
        own_transport: The transport that the mailer was given instead of the provider's, if any.
    """

    provider: AnyProvider
    registry: Registry
    own_transport: Transport | None = field(default=None, repr=False)

    def transport(self) -> Transport:
        """The transport that the mailer sends through; it is made when it is first asked for."""
        return self.registry.transport_for(self.provider, self.own_transport)


class Policy(ABC):
    """
    One rule of how mail is sent, for the ``middleware`` of a mailer.

    One object may be attached to several mailers, and is used by several threads: what it counts,
    they share.
    """

    place: ClassVar[Place]
    """Where it stands among the policies of a mailer."""
    may_repeat: ClassVar[bool] = False
    """Whether a mailer may have two of its kind."""

    @abstractmethod
    def attach(self, sender: Sender) -> Middleware:
        """
        Make the middleware for one mailer: called once for each, when it is made, without I/O.

        Args:
            sender: The provider, transport and hooks of the mailer.
        """

    def conflicts(self, sender: Sender, others: Sequence[Policy]) -> Iterable[str]:
        """
        Say what contradicts this policy, and the way out, a sentence each: by default, nothing.

        Args:
            sender: The provider, transport and hooks of the mailer.
            others: The other policies of the mailer, the outermost first.
        """
        return ()

    def advice(self, sender: Sender) -> Iterable[str]:
        """
        Say what whoever runs the mailer should know of this policy with this provider.

        Args:
            sender: The provider, transport and hooks of the mailer.
        """
        return ()

    def describe(self) -> str:
        """Say in one line what it does, without secrets: what ``mailcore doctor`` prints."""
        return type(self).__name__


def attached(given: Sequence[Middleware | Policy], sender: Sender) -> list[Middleware]:
    """
    The middleware of a mailer, with policies attached to it.

    Args:
        given: Functions and policies, the outermost first.
        sender: The provider, transport and hooks of the mailer.

    Raises:
        ConfigurationError: If policies contradict each other; all contradictions are in its text.
    """
    policies = [each for each in given if isinstance(each, Policy)]
    found = [*_out_of_order(policies), *_repeated(policies)]
    for policy in policies:
        others = [each for each in policies if each is not policy]
        found += policy.conflicts(sender, others)
    if found:
        raise ConfigurationError(_told(found))
    return [each.attach(sender) if isinstance(each, Policy) else each for each in given]


def advice_of(given: Sequence[Middleware | Policy], sender: Sender) -> Iterable[str]:
    """What all policies of a mailer have to say, a sentence each."""
    for each in given:
        if isinstance(each, Policy):
            yield from each.advice(sender)


def _out_of_order(policies: Sequence[Policy]) -> Iterable[str]:
    for outer, inner in pairwise(policies):
        if outer.place > inner.place:
            first, second = type(inner).__name__, type(outer).__name__
            yield f"{first} must stand before {second}: the first of the list is the outermost"


def _repeated(policies: Sequence[Policy]) -> Iterable[str]:
    kinds = [type(policy) for policy in policies if not policy.may_repeat]
    for kind in dict.fromkeys(kinds):
        if kinds.count(kind) > 1:
            yield f"{kind.__name__} is there {kinds.count(kind)} times: keep one"


def _told(found: Sequence[str]) -> str:
    if len(found) == 1:
        return f"the policies contradict each other: {found[0]}"
    return "the policies contradict each other:" + "".join(f"\n  - {each}" for each in found)
