"""
Which plugins are published beside the core, and what is said when a provider is not there.

``known_plugins.json`` is the only place where the core knows their names: ``make known-plugins``
writes it, from the plugins of the repository. A hint to install something names one of these and
nothing else: a package of an invented name is anybody's to publish.
"""

from __future__ import annotations

import json
import os

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

from mailcore.errors import ProviderNotFound
from mailcore.foundation.redaction import shown_name
from mailcore.registry.discovery import ENVIRONMENT_VARIABLE, is_installed


_FILE = Path(__file__).with_suffix(".json")
_MAX_SIMILAR = 3


@cache
def _read() -> Mapping[str, Mapping[str, str]]:
    known: dict[str, dict[str, str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return {kind: MappingProxyType(names) for kind, names in known.items()}


def known_plugins() -> Mapping[str, str]:
    """
    The distributions with a provider that are published with the core, by the provider's name.

    Where one of them also adds a command, the command has the provider's name.
    """
    return _read()["providers"]


def known_commands() -> Mapping[str, str]:
    """
    The distributions that add a command to the command line, by the command's name.
    """
    return {**_read()["commands"], **known_plugins()}


def install_hint(name: str) -> str:
    """
    How to install the plugin of a provider.

    Returns:
        A command line; empty if no such plugin is known, or it is installed already.
    """
    return _hint(known_plugins().get(name, ""))


def command_hint(name: str) -> str:
    """
    How to install what adds a command; as `install_hint`.
    """
    return _hint(known_commands().get(name, ""))


def _hint(distribution: str) -> str:
    return f"pip install {distribution}" if distribution and not is_installed(distribution) else ""


def provider_not_found(name: str, installed: Sequence[str]) -> ProviderNotFound:
    """
    The error for a name that no provider has.

    Args:
        name: The name that was asked for.
        installed: Names of the providers that are there.
    """
    similar = () if name in known_plugins() else tuple(_similar(name, installed))
    wanted = next(iter(similar), name)
    hint = "" if wanted in installed else install_hint(wanted)
    said = [f"no provider {shown_name(name)}", f"installed: {', '.join(installed) or 'none'}"]
    if similar:
        said.append(f"did you mean {' or '.join(map(_with_hint, similar))}?")
    elif hint:
        said.append(f"to add it: {hint}")
    elif missing := [d for d in known_plugins().values() if not is_installed(d)]:
        said.append(f"plugins that can be installed: {', '.join(missing)}")
    if os.environ.get(ENVIRONMENT_VARIABLE):
        said.append(f"{ENVIRONMENT_VARIABLE} limits what is found")
    return ProviderNotFound(
        "; ".join(said), name=name, installed=installed, similar=similar, install_hint=hint
    )


def _with_hint(name: str) -> str:
    hint = install_hint(name)
    return f"{name!r} ({hint})" if hint else repr(name)


def _similar(name: str, installed: Sequence[str]) -> Iterator[str]:
    import difflib

    candidates = dict.fromkeys([*installed, *known_plugins()])
    spelled = name.strip().lower().replace("_", "-").removeprefix("mailcore-")
    # With its maker, or a region: a provider's name is one of the words.
    words = spelled.replace("-", " ").split()
    found = [each for each in candidates if each == spelled or each in words]
    found += difflib.get_close_matches(spelled, candidates, n=_MAX_SIMILAR)
    yield from list(dict.fromkeys(found))[:_MAX_SIMILAR]
