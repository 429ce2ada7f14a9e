"""The arguments of a mailer: what is taken for a provider, a transport and middleware."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mailcore.errors import ConfigurationError, InvalidMessage, Problem, raise_problems
from mailcore.foundation.redaction import shown_name, shown_size
from mailcore.foundation.suggesting import shown_field, similar
from mailcore.middleware.policy import Policy, Sender, attached
from mailcore.pools.composite import (
    CompositeProvider,
    leaves,
    members_within,
    raise_for_transport,
    with_registry,
)
from mailcore.provider import Provider
from mailcore.registry.known_plugins import known_plugins
from mailcore.registry.options import create_provider


if TYPE_CHECKING:
    from mailcore.message.defaults import Defaults
    from mailcore.message.message import Message
    from mailcore.registry.registry import Registry
    from mailcore.sending.delivery import Middleware

_SETTINGS = (
    *("transport", "defaults", "middleware", "policies", "unsupported", "refused", "registry"),
)
# Two names of services are rather often alike.
_LEAST_SIMILARITY_OF_PROVIDERS = 0.75


def made_provider(given: object, options: Mapping[str, object], registry: Registry) -> Any:
    """
    The provider that a mailer was given, or that its name and options make.

    Raises:
        ProviderNotFound: If no provider has that name.
        ConfigurationError: If it is neither, or an option is wrong or misspelt.
    """
    if isinstance(given, str):
        provider_class = registry.provider_class(given)
        return create_provider(
            provider_class,
            with_registry(provider_class, options, registry),
            settings=_SETTINGS,
            names=registry.known_names(),
            options_of=registry.option_names,
            is_for_sending=True,
        )
    if not isinstance(given, Provider):
        raise ConfigurationError(f"the provider of a mailer {_no_provider(given)}")
    if options:
        misspelt = {name: similar(name, _SETTINGS) for name in options}
        told = ", ".join(
            f"{shown_field(name)} (did you mean '{meant}'?)" if meant else shown_field(name)
            for name, meant in misspelt.items()
        )
        raise ConfigurationError(f"give options to the provider, not the mailer: {told}")
    return given


def _no_provider(given: object) -> str:
    """What to say of something that is neither."""
    rule = "must be str, its name, or a mailcore.Provider"
    if isinstance(given, type) and issubclass(given, Provider):
        name, own = getattr(given, "name", ""), given.__qualname__
        return f"{rule}, not the class {own}: write {own}(...), or '{name}' with its options"
    if isinstance(given, type):
        return f"{rule}, not the class {given.__qualname__}"
    return f"{rule}, not {type(given).__name__}"


def checked_transport(transport: object, provider: Provider[Any, Any]) -> Any:
    """
    The transport given to a mailer; None is the provider's own.

    Raises:
        ConfigurationError: If it is no object with a method ``exchange``, or the provider is a
            pool, whose members have transports of their own.
    """
    if transport is None:
        return None
    if isinstance(transport, type) or not callable(getattr(transport, "exchange", None)):
        told = f"the class {transport.__qualname__}" if isinstance(transport, type) else ""
        raise ConfigurationError(
            "transport must be an object with the methods exchange and close, "
            f"not {told or type(transport).__name__}"
        )
    if isinstance(provider, CompositeProvider):
        raise_for_transport(provider)
    return transport


def middleware_of_members(
    provider: Provider[Any, Any], registry: Registry
) -> dict[int, list[Middleware]]:
    """
    What members of a pool have around a send of their own, attached to each; by the member's id.

    Raises:
        ConfigurationError: As for the middleware of a mailer, with the name of the member.
    """
    if not isinstance(provider, CompositeProvider):
        return {}
    found: dict[int, list[Middleware]] = {}
    for member in members_within(provider):
        if not member.middleware:
            continue
        own = Sender(provider=member.provider, registry=registry, own_transport=member.transport)
        try:
            given = checked_middleware(member.middleware, registry.hooks.register_middleware)
            found[id(member)] = attached(given, own)
        except ConfigurationError as error:
            name = member.provider.name
            raise ConfigurationError(f"{provider.name}: member {name}: {error}") from error
    return found


def require_reachable_defaults(defaults: Defaults, provider: Provider[Any, Any]) -> None:
    """
    Refuse defaults for single members of a pool: which member sends is not known in time.

    Raises:
        ConfigurationError: With the names of those members.
    """
    if not isinstance(provider, CompositeProvider):
        return
    within = {member.provider.name for member in leaves(provider)}
    names = sorted(within & defaults.providers - {provider.name})
    if names:
        raise ConfigurationError(
            f"{provider.name}: defaults of single members ({', '.join(names)}) are not possible, "
            f"because defaults are applied before it is known who sends: give them to all, or as "
            f"esp_extra, which has a part for each provider"
        )


def returns_refused(refused: object) -> bool:
    """
    Whether a mailer returns the result of a message that nobody is sent.

    Raises:
        ConfigurationError: If the argument is neither ``raise`` nor ``return``.
    """
    if not isinstance(refused, str) or refused not in ("raise", "return"):
        raise ConfigurationError("refused must be 'raise' or 'return'")
    return refused == "return"


def checked_middleware(
    given: object, factories: Callable[[], Mapping[str, Callable[[], Any]]]
) -> list[Middleware | Policy]:
    """
    The middleware given to a mailer, with names looked up.

    Args:
        given: A sequence of policies, functions and names.
        factories: A function that returns what extensions registered, by name.

    Raises:
        ConfigurationError: If it is no sequence, or an item is neither a policy nor callable nor
            known.
    """
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        kind = type(given).__name__
        raise ConfigurationError(f"middleware must be a list, not {kind}: write middleware=[...]")
    found: list[Middleware | Policy] = []
    for each in given:
        if isinstance(each, str):
            registered = factories()
            if each not in registered:
                known = ", ".join(sorted(registered)) or "none"
                meant = similar(each, registered)
                hint = f"; did you mean '{meant}'?" if meant else ""
                what = shown_name(each)
                raise ConfigurationError(f"no middleware {what}; registered: {known}{hint}")
            found.append(registered[each]())
        elif isinstance(each, Policy) or (callable(each) and not _is_policy_class(each)):
            found.append(each)
        elif isinstance(each, type):
            own = each.__qualname__
            raise ConfigurationError(f"middleware: write {own}(...), not the class {own}")
        else:
            kind = type(each).__name__
            raise ConfigurationError(f"middleware must be callable or a name, not {kind}")
    return found


def given_policies(given: object) -> Sequence[Policy]:
    """
    The policies given to a mailer, in their order.

    Raises:
        ConfigurationError: If something given is not a policy.
    """
    if given is None:
        return ()
    from mailcore.middleware.stacks import checked_policies

    return checked_policies(given)


def _is_policy_class(given: object) -> bool:
    return isinstance(given, type) and issubclass(given, Policy)


def require_namespaces(message: Message, provider: Provider[Any, Any], registry: Registry) -> None:
    """
    Refuse keys of esp_extra that no provider can have, or that are nearly one's name.

    Other names are left alone: a message may be for providers that are not installed here.

    Raises:
        InvalidMessage: With each key.
    """
    if not message.esp_extra or message.esp_extra.keys() <= {provider.name}:
        return
    names = {provider.name, *registry.names(), *known_plugins()}
    problems = list(_strays(message.esp_extra, names, provider.name))
    if problems:
        raise_problems(problems, InvalidMessage)


def _strays(keys: Iterable[str], names: set[str], own: str) -> Iterable[Problem]:
    for key in keys:
        if key in names:
            continue
        place = f"esp_extra[{shown_field(key)}]"
        meant = similar(key, sorted(names), least=_LEAST_SIMILARITY_OF_PROVIDERS)
        if meant:
            reason = f"`{place}` is for no provider: did you mean '{meant}'?"
            yield Problem(place, reason)
        elif not key.replace("-", "_").replace("_", "").isalnum() or key != key.lower():
            reason = f"`{place}` is the name of no provider (<{shown_size(key)}>)"
            hint = f'esp_extra is namespaced: {{"{own}": {{...}}}}'
            yield Problem(place, reason, hint)


def checked_concurrency(concurrency: object) -> int:
    """
    How many calls may be under way at once.

    Raises:
        ConfigurationError: If it is no whole number, or less than 1.
    """
    if not isinstance(concurrency, int) or isinstance(concurrency, bool):
        kind = type(concurrency).__name__
        raise ConfigurationError(f"concurrency must be a whole number, not {kind}")
    if concurrency < 1:
        raise ConfigurationError(f"concurrency must be at least 1, not {concurrency}")
    return concurrency
