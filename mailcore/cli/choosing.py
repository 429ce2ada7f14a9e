"""Which provider a command uses: ``--provider``, ``--url``, or the environment's."""

from __future__ import annotations

import argparse
import os
import re

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from mailcore.cli.failures import UsageError
from mailcore.cli.inputs import key_value
from mailcore.errors import ConfigurationError
from mailcore.mailer import URL_VARIABLE
from mailcore.pools.urls import is_pool_url, read_pool_url
from mailcore.provider import Provider
from mailcore.registry.option_variables import options_from_variables, variable_of
from mailcore.registry.options import option_types, options_from_url, scheme_of
from mailcore.registry.registry import Registry


__all__ = ["Chosen", "add_arguments", "choose"]

SECRET_NAME = re.compile(
    r"secret|token|passw|passphrase|(?:api|access|private|server|account)[-_ ]?key|^key$"
    r"|auth(?!ors?$)|credential|cookie|signature|session",
    re.IGNORECASE,
)
"""Names of options, headers and parameters whose values are not to be shown."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """
    A provider, and which texts in its output are secret.

    Args:
        provider: The provider, made but not used yet.
        secrets: Values of its options that must not be shown.
    """

    provider: Provider[Any, Any]
    secrets: tuple[str, ...] = field(default=(), repr=False)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a provider."""
    group = parser.add_argument_group(
        "provider",
        f"Without --provider and --url, the environment variable {URL_VARIABLE} is used. Keep "
        f"secrets there, or in {variable_of('name', 'option')}, a variable for each option of a "
        f"provider: other users of this machine can see command lines.",
    )
    one = group.add_mutually_exclusive_group()
    one.add_argument("--provider", metavar="NAME", help="name of a provider")
    one.add_argument(
        "--url",
        metavar="URL",
        help="provider://?option=value&…; of a pool, failover(provider://… provider://…)",
    )
    group.add_argument(
        "--option",
        metavar="KEY=VALUE",
        action="append",
        type=key_value,
        default=[],
        help="an option of the provider, repeatable; `mailcore providers NAME` lists them",
    )


def choose(arguments: argparse.Namespace) -> Chosen:
    """
    Make the provider that the arguments or the environment name.

    Raises:
        UsageError: If none is named.
        ConfigurationError: If it cannot be made.
    """
    registry: Registry = arguments.registry
    url: str = arguments.url or ""
    name: str = arguments.provider or ""
    source = "--url"
    if not name and not url:
        source, url = URL_VARIABLE, os.environ.get(URL_VARIABLE, "").strip()
    if not name and not url:
        raise UsageError(f"no provider: give --provider or --url, or set {URL_VARIABLE}")
    if "://" in name or is_pool_url(name):
        raise UsageError("--provider takes a name: give a URL to --url")
    if url and not is_pool_url(url):
        try:
            scheme_of(url)
        except ConfigurationError as error:
            raise UsageError(f"{source}: {error}") from error
    provider_class = registry.class_of_url(url) if url else registry.provider_class(name)
    names = [option for option, _ in arguments.option]
    options: dict[str, Any] = {}
    if url:
        options = options_from_url(provider_class, url, given=names)
    if arguments.option:
        # The conversion from text is that of URLs.
        given = f"{provider_class.name}://?{urlencode(arguments.option)}"
        options |= options_from_url(provider_class, given, given=options)
    provider = registry.get_provider(provider_class.name, **options)
    types = option_types(provider_class)
    of_environment, _ = options_from_variables(provider.name, types, given=options)
    members = [_of_member(registry, text) for text in _members_in(url)]
    return Chosen(provider=provider, secrets=_secrets({**of_environment, **options}, *members))


def _members_in(url: str) -> Iterator[str]:
    """Names and URLs of the members in the URL of a pool, those of pools within it as well."""
    if not is_pool_url(url):
        return
    for item in read_pool_url(url).items:
        if is_pool_url(item.member):
            yield from _members_in(item.member)
        else:
            yield item.member


def _of_member(registry: Registry, text: str) -> Mapping[str, Any]:
    """The options of a member of a pool, those of the environment as well."""
    is_url = "://" in text
    provider_class = registry.class_of_url(text) if is_url else registry.provider_class(text)
    options = options_from_url(provider_class, text) if is_url else {}
    types = option_types(provider_class)
    of_environment, _ = options_from_variables(provider_class.name, types, given=options)
    return {**of_environment, **options}


def _secrets(*options: Mapping[str, Any]) -> tuple[str, ...]:
    found = [
        text for each in options for name, value in each.items() for text in _texts(name, value)
    ]
    # The longest first, so that a secret within another leaves nothing of it.
    return tuple(sorted(found, key=len, reverse=True))


def _texts(name: str, value: object) -> Iterator[str]:
    """Texts under the name of a secret, in lists and mappings too."""
    if isinstance(value, str):
        if value and SECRET_NAME.search(name):
            yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(str(key), each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _texts(name, each)
