"""
Providers that are made of others: what a mailer knows of a pool.

A pool has no requests of its own. A mailer hands it a message and a way to send through a member
(:class:`Via`), and the pool decides through which. So each member keeps its own transport, options
and features, and what a mailer does for one provider it does for each member: the checks, the
policy for unsupported features, the hooks.
"""

from __future__ import annotations

import dataclasses

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from mailcore.errors import (
    ConfigurationError,
    MailcoreError,
    UnsupportedFeature,
)
from mailcore.features import Feature, Features, Support
from mailcore.flow import Flow, Request, Transport
from mailcore.message.message import Message
from mailcore.pools.urls import PoolItem
from mailcore.provider import AnyProvider, Provider, require_provider
from mailcore.result import RecipientStatus, SendResult


if TYPE_CHECKING:
    from mailcore.middleware.policy import Policy
    from mailcore.sending.delivery import Middleware


__all__ = ["CompositeProvider", "Member", "Via"]


@dataclass(frozen=True, kw_only=True)
class Member:
    """
    One provider of a pool, with what only this pool has for it.

    Args:
        provider: The provider, which may be a pool again.
        transport: A transport in place of the provider's own, as a mailer takes one.
        middleware: Policies and flows around each send through this member, the outermost first,
            such as a throttle that goes by the quota of its account. A message is checked behind
            them.
    """

    provider: AnyProvider
    transport: Transport | None = field(default=None, repr=False)
    middleware: Sequence[Middleware | Policy | str] = field(default=(), repr=False, hash=False)


@dataclass(frozen=True, kw_only=True)
class Via:
    """
    How a pool sends, without knowing how sending is done.

    Args:
        send: A function that makes the flow which sends a message through a member: checked as the
            mailer checks it, raising what a mailer raises.
        failed: A function that is told of a failure which is not the last word on the message.
    """

    send: Callable[[Member, Message], Flow[SendResult]]
    failed: Callable[[Message, MailcoreError], None]


class CompositeProvider(Provider[Request, Any]):
    """
    A provider that sends through others: the base of all pools.

    Args:
        members: Through whom it sends.
        made: The members that the pool made itself, of names and URLs: a mailer that is closed
            closes these.

    Attributes:
        members: Through whom it sends, in the order in which they were given.
        features: What at least one member can express. What a message asks for is held against the
            features of the member that is asked to send it, never against these.
    """

    features = Features()
    of_members: ClassVar[str] = "members"
    """The option that the members of a URL are given as."""

    def __init__(self, members: Sequence[Member], *, made: Iterable[AnyProvider] = ()) -> None:
        self.members: tuple[Member, ...] = tuple(members)
        self.made: tuple[AnyProvider, ...] = tuple(made)
        # What a class says of every other provider depends on the members here.
        vars(self)["features"] = _united([member.provider.features for member in self.members])

    @abstractmethod
    def sending(self, message: Message, via: Via) -> Flow[SendResult]:
        """
        Send a message through one of the members, or several one after the other.

        Args:
            message: The message, with the mailer's defaults.
            via: How to send through a member.

        Raises:
            UnsupportedFeature: If no member that it asks can express the message.
            SendError: If nobody took it.
        """

    @abstractmethod
    def order(self, message: Message) -> Sequence[Member]:
        """
        Whom a send of the message would ask now, in this order, if each of them failed.

        Changes nothing: neither whose turn it is nor what is known of anybody's health.

        Raises:
            UnsupportedFeature: If there is nobody for this message.
        """

    @classmethod
    def members_from_url(cls, items: Sequence[PoolItem]) -> object:
        """
        Make the value of the option :attr:`of_members` of what a URL has in parentheses.

        Raises:
            ConfigurationError: If labels are missing, or there are some that mean nothing here.
        """
        if any(item.label for item in items):
            raise ConfigurationError(
                f"{cls.name}: members have no label here: write {cls.name}(name://… name://…)"
            )
        return tuple(item.member for item in items)

    def build(self, message: Message) -> Sequence[Request]:
        """
        The requests of a member, which a pool does not make.

        Raises:
            ConfigurationError: In any case: a mailer asks the member that sends.
        """
        raise self._of_members_only("makes no requests: send through a mailer")

    def parse(self, request: Request, response: Any) -> Mapping[str, RecipientStatus]:
        """
        The statuses in an answer, which a pool does not read.

        Raises:
            ConfigurationError: In any case: the member whose answer it is reads it.
        """
        raise self._of_members_only("reads no answers")

    def create_transport(self) -> Transport:
        """
        The transport, which a pool does not have.

        Raises:
            ConfigurationError: In any case: each member has one of its own.
        """
        raise self._of_members_only("has no transport of its own")

    def prepare(self) -> None:
        """Have every member import what its first exchange will need."""
        for member in self.members:
            member.provider.prepare()

    def _of_members_only(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self.name}: a pool {what}; its members do, each its own")

    def __repr__(self) -> str:
        names = ", ".join(member.provider.name for member in self.members)
        return f"<{type(self).__name__} {self.name!r} of {names}>"


def leaves(pool: CompositeProvider) -> Iterator[Member]:
    """The members of a pool that are no pools themselves, those of pools within it as well."""
    for member in pool.members:
        if isinstance(member.provider, CompositeProvider):
            yield from leaves(member.provider)
        else:
            yield member


def members_within(pool: CompositeProvider) -> Iterator[Member]:
    """The members of a pool, and those of pools within it."""
    for member in pool.members:
        yield member
        if isinstance(member.provider, CompositeProvider):
            yield from members_within(member.provider)


def made_by(pool: CompositeProvider) -> Iterator[AnyProvider]:
    """The providers that a pool and those within it made of names and URLs, but for pools."""
    for provider in pool.made:
        if not isinstance(provider, CompositeProvider):
            yield provider
    for member in pool.members:
        if isinstance(member.provider, CompositeProvider):
            yield from made_by(member.provider)


def nobody_can(
    pool: CompositeProvider, refusals: Sequence[UnsupportedFeature]
) -> UnsupportedFeature:
    """
    The error of a message that no member can express: all problems, and whose each is.

    Args:
        pool: The pool that was asked.
        refusals: What each member said.
    """
    problems = [
        dataclasses.replace(problem, reason=f"{refusal.provider}: {problem.reason}")
        for refusal in refusals
        for problem in refusal.problems
    ]
    return UnsupportedFeature(problems, provider=pool.name)


def require_receiver(given: object, what: str) -> None:
    """
    Refuse what receives nothing where a provider is wanted that does.

    Args:
        given: What was given as the provider.
        what: Who wants it, for the error.

    Raises:
        ConfigurationError: If it is a pool, or no provider at all.
    """
    require_provider(given, what)
    if isinstance(given, CompositeProvider):
        names = ", ".join(dict.fromkeys(leaf.provider.name for leaf in leaves(given)))
        raise ConfigurationError(
            f"{what} takes the provider that a request is from, not a pool: give each member of "
            f"{given.name} an address of its own, and this one of its members: {names}"
        )


def raise_for_transport(pool: CompositeProvider) -> NoReturn:
    """
    Refuse a transport that a mailer was given for a whole pool.

    Raises:
        ConfigurationError: In any case.
    """
    raise ConfigurationError(
        f"{pool.name}: a mailer's transport is for one provider, and the members of a pool have "
        f"one each: give a member its own with Member(provider=..., transport=...)"
    )


_FROM_WORST_TO_BEST = ("no", "needs", "partial", "limited", "advisory", "yes")


def _united(declared: Sequence[Features]) -> Features:
    """Of each feature the best that anybody says of it."""
    return Features(
        **{
            feature.value: max((each[feature] for each in declared), key=_worth)
            for feature in Feature
            if declared
        }
    )


def _worth(support: Support) -> tuple[int, int]:
    return _FROM_WORST_TO_BEST.index(support.kind), support.limit or 0


def with_registry(
    provider_class: type[AnyProvider], options: Mapping[str, Any], registry: object
) -> Mapping[str, Any]:
    """
    The options of a provider; for a pool with the registry where it looks its members up.

    Args:
        provider_class: The class of the provider.
        options: The options that were given.
        registry: The registry of whoever makes the provider.
    """
    if issubclass(provider_class, CompositeProvider):
        return {"registry": registry, **options}
    return options
