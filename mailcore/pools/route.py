"""``Route``: what a message is decides through whom it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Literal, TypeAlias

from mailcore.address.domain import encode_domain
from mailcore.errors import ConfigurationError, Problem, UnsupportedFeature
from mailcore.flow import Flow
from mailcore.message.message import Message
from mailcore.pools.collecting import MemberInput, collected
from mailcore.pools.composite import CompositeProvider, Member, Via
from mailcore.pools.urls import PoolItem
from mailcore.registry.registry import Registry
from mailcore.result import SendResult


__all__ = ["Chooser", "Route"]

Chooser: TypeAlias = Callable[[Message], "str | Iterable[str] | None"]
"""Names the routes of a message: one, several of which the first that exists counts, or None."""

ALL_OTHERS = "*"


class Route(CompositeProvider):
    """
    Sends each message through the member that its tag, its domain or anything else of it names.

    A member that fails is not replaced: where another one may take the message, the route leads to
    a pool, such as :class:`~mailcore.pools.failover.Failover`. A message is never split.

    Args:
        routes: Providers, names or URLs by route; ``*`` is for all messages that no other route is
            for. In a URL the route stands before the member: ``route(bulk=name://… *=name://…)``.
        by: What names the route: ``tag``, the first tag of the message that is a route;
            ``sender_domain``; ``recipient_domain``, if all recipients have one, or their domains
            lead to one member; or a function that is called with the message and returns the name,
            several names of which the first that is a route counts, or None.
        registry: Where names and URLs are looked up.

    Raises:
        ConfigurationError: If there are no routes, or something is wrong with a member.

    Example:
        >>> from mailcore.builtin import MemoryProvider, NullProvider
        >>> Route({"newsletter": NullProvider(), "*": MemoryProvider()}, by="tag")
        <Route 'route' of null, memory>
    """

    name = "route"
    label = "Route"
    of_members: ClassVar[str] = "routes"

    def __init__(
        self,
        routes: Mapping[str, MemberInput],
        *,
        by: Chooser | Literal["tag", "recipient_domain", "sender_domain"],
        registry: Registry | None = None,
    ) -> None:
        if not isinstance(routes, Mapping):
            kind = type(routes).__name__
            raise ConfigurationError(f"route: routes must be a mapping of names, not {kind}")
        if not all(map(_is_name, routes)):
            raise ConfigurationError("route: the names of routes must be texts, and not empty")
        found = collected(self.name, list(routes.values()), registry, may_repeat=True)
        super().__init__(found.members, made=found.made)
        if by in ("recipient_domain", "sender_domain"):
            routes = {_domain_key(name): member for name, member in routes.items()}
        if len(routes) < len(found.members):
            raise ConfigurationError("route: two routes are for one domain: name each once")
        self._routes = dict(zip(routes, self.members, strict=True))
        self._find = self._finder(by)

    def _finder(self, by: object) -> Callable[[Message], Member | None]:
        ways = {
            "tag": lambda message: self._first(message.tags),
            "sender_domain": lambda message: self._first(_sender_domain(message)),
            "recipient_domain": self._of_all_recipients,
        }
        if isinstance(by, str) and by in ways:
            return ways[by]
        if not callable(by):
            names = ", ".join(repr(name) for name in ways)
            raise ConfigurationError(f"route: by must be a function, or one of {names}")
        chooser: Chooser = by
        return lambda message: self._first(_names(chooser(message)))

    def order(self, message: Message) -> Sequence[Member]:
        """The one member that the message is for."""
        return (self._of(message),)

    def sending(self, message: Message, via: Via) -> Flow[SendResult]:
        """
        Send through the member that the message is for.

        Raises:
            UnsupportedFeature: If there is no route for it, or the member cannot express it.
            SendError: If the member did not take it.
        """
        return via.send(self._of(message), message)

    @classmethod
    def members_from_url(cls, items: Sequence[PoolItem]) -> object:
        """
        The members of a URL by their routes.

        Raises:
            ConfigurationError: If a member has no route, or two have the same.
        """
        routes = {item.label: item.member for item in items}
        if len(routes) < len(items) or "" in routes:
            raise ConfigurationError(
                "route: each member needs a route of its own: write route(bulk=name://… *=name://…)"
            )
        return routes

    def _of(self, message: Message) -> Member:
        member = self._find(message) or self._routes.get(ALL_OTHERS)
        if member is None:
            problem = Problem(
                "message", "no route is for it", "add a route, or '*' for all that have none"
            )
            raise UnsupportedFeature([problem], provider=self.name)
        return member

    def _first(self, names: Iterable[str]) -> Member | None:
        return next((self._routes[name] for name in names if name in self._routes), None)

    def _of_all_recipients(self, message: Message) -> Member | None:
        addresses = (*message.to, *message.cc, *message.bcc)
        domains = dict.fromkeys(_domain_key(address.domain) for address in addresses)
        found = [self._routes.get(domain) for domain in domains]
        return found[0] if found and all(each is found[0] for each in found) else None


def _is_name(name: object) -> bool:
    return isinstance(name, str) and bool(name)


def _names(chosen: object) -> Iterable[str]:
    if chosen is None:
        return ()
    if isinstance(chosen, str):
        return (chosen,)
    if isinstance(chosen, Iterable):
        return (name for name in chosen if isinstance(name, str))
    kind = type(chosen).__name__
    raise ConfigurationError(f"route: the function that names the route returned {kind}, not str")


def _sender_domain(message: Message) -> tuple[str, ...]:
    sender = message.from_email
    return () if sender is None else (_domain_key(sender.domain),)


def _domain_key(domain: str) -> str:
    return (encode_domain(domain)[0] or domain).lower()
