"""The members of a pool, of what people give: providers, names, URLs, pools."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mailcore.errors import ConfigurationError
from mailcore.pools.composite import CompositeProvider, Member, leaves, with_registry
from mailcore.pools.urls import is_pool_url
from mailcore.provider import AnyProvider, Provider
from mailcore.registry.options import create_provider, options_from_url
from mailcore.registry.registry import default_registry


if TYPE_CHECKING:
    from mailcore.registry.registry import Registry


MemberInput: TypeAlias = "AnyProvider | Member | str"
"""What is taken for a member: a provider, one with its own transport, a name, or a URL."""


class Collected(NamedTuple):
    """
    The members of a pool.

    Attributes:
        members: One for each that was given, in order.
        made: The providers that were made of names and URLs.
    """

    members: tuple[Member, ...]
    made: tuple[AnyProvider, ...]


def collected(
    pool: str,
    given: Collection[MemberInput],
    registry: Registry | None,
    *,
    may_repeat: bool = False,
) -> Collected:
    """
    Make the members of a pool.

    Args:
        pool: The name of the pool, for errors.
        given: What was given as its members.
        registry: Where names and URLs are looked up; None is the default one.
        may_repeat: Whether one provider may be there several times.

    Raises:
        ConfigurationError: With everything that is wrong with the members, or that there are none.
    """
    _require_some(pool, given)
    chosen = registry if registry is not None else default_registry()
    members: list[Member] = []
    made: list[AnyProvider] = []
    problems: list[str] = []
    for position, each in enumerate(given, 1):
        try:
            member = _member(each, chosen)
        except ConfigurationError as error:
            problems.append(f"member {position}: {error}")
            continue
        members.append(member)
        if isinstance(each, str):
            made.append(member.provider)
    if not may_repeat:
        problems += _repeated(list(given), members)
    if problems:
        raise ConfigurationError(f"{pool}: {'; '.join(problems)}")
    return Collected(tuple(members), tuple(made))


def _require_some(pool: str, given: object) -> None:
    if isinstance(given, (str, bytes)) or not isinstance(given, Collection):
        kind = type(given).__name__
        raise ConfigurationError(f"{pool}: members must be a list, not {kind}: write [...]")
    if not given:
        raise ConfigurationError(f"{pool}: a pool needs members, and none are given")


def _member(given: MemberInput, registry: Registry) -> Member:
    if isinstance(given, Member):
        _require_provider(given.provider)
        if given.transport is not None and isinstance(given.provider, CompositeProvider):
            raise ConfigurationError("a pool has no transport of its own: give it to its members")
        return given
    if isinstance(given, str):
        return Member(provider=_made(given, registry))
    _require_provider(given)
    return Member(provider=given)


def _made(text: str, registry: Registry) -> AnyProvider:
    is_url = is_pool_url(text) or "://" in text
    provider_class = registry.class_of_url(text) if is_url else registry.provider_class(text)
    options = options_from_url(provider_class, text) if is_url else {}
    return create_provider(
        provider_class,
        with_registry(provider_class, options, registry),
        names=registry.known_names(),
        options_of=registry.option_names,
        is_for_sending=True,
    )


def _require_provider(given: object) -> None:
    if isinstance(given, Provider):
        return
    if isinstance(given, type):
        own = given.__qualname__
        raise ConfigurationError(f"a provider is wanted, not the class {own}: write {own}(...)")
    kind = type(given).__name__
    raise ConfigurationError(f"a provider, its name or its URL is wanted, not {kind}")


def _repeated(given: Sequence[MemberInput], members: Sequence[Member]) -> Iterator[str]:
    """Members that are there twice, those of pools within the pool as well."""
    texts = [each for each in given if isinstance(each, str)]
    if len(set(texts)) < len(texts):
        # Not which: a URL may hold secrets, and their places are told by what was given.
        places = [
            str(position) for position, each in enumerate(given, 1) if texts.count(str(each)) > 1
        ]
        yield f"members {' and '.join(places)} are the same: name each once"
    seen: set[int] = set()
    for member in members:
        if isinstance(member.provider, CompositeProvider):
            found = {id(leaf.provider) for leaf in leaves(member.provider)}
        else:
            found = {id(member.provider)}
        if found & seen:
            yield f"{member.provider.name} is a member twice: name each provider once"
        seen |= found
