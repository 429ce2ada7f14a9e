"""
What the options of ``mailcore local`` say, where one names providers.
"""

from __future__ import annotations

import json

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mailcore_local.engine import set_faults


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

_PLACEHOLDER = "{provider}"


def pairs(option: str, given: Sequence[str], form: str) -> dict[str, str]:
    """
    The values of an option that is a name and a value.

    Args:
        option: The name of the option, for errors.
        given: The values as they were given.
        form: What they are to look like.

    Raises:
        ValueError: One has no `=`.
    """
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            # Not repeated: there may be a secret in it.
            raise ValueError(f"{option} takes {form}")
        found[name] = value
    return found


def by_provider(option: str, given: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
    """
    URLs by the provider that each is for.

    Args:
        option: The name of the option, for errors.
        given: The values: ``postmark=http://…``, a URL whose path ends with a name, or one with
            ``{provider}`` in it for all of them.
        names: The providers that are spoken.

    Raises:
        ValueError: One is no URL, or is not said to be for whom.
    """
    found: dict[str, list[str]] = {}
    for text in given:
        name, equals, url = text.partition("=")
        if equals and name.isidentifier():
            found.setdefault(name, []).append(_checked(option, url))
        elif _PLACEHOLDER in text:
            for each in names:
                url = _checked(option, text.replace(_PLACEHOLDER, each))
                found.setdefault(each, []).append(url)
        else:
            url = _checked(option, text)
            named = _path(url).rstrip("/").rpartition("/")[2]
            if named not in names:
                raise ValueError(
                    f"{option}: say whose events it takes, as in {option} postmark=http://…, or by"
                    " the end of its path"
                )
            found.setdefault(named, []).append(url)
    return found


def set_all_faults(hub: Hub, rates: Sequence[str], scripts: Sequence[str]) -> None:
    """
    Let things go wrong, as the command says.

    Args:
        hub: The hub with the faces.
        rates: Values such as ``throttle=0.1`` and ``ses:error:AccountSuspendedException=0.5``.
        scripts: Files, with the name of a provider and ``=`` before one that is for it only.

    Raises:
        ValueError: One is unknown to the provider that it names, or to all.
        OSError: A file cannot be read.
    """
    for text in scripts:
        name, equals, file = text.partition("=")
        chosen = [name] if equals and name in hub.faces else []
        path = Path(file if chosen else text)
        document = _script(path.read_text(encoding="utf-8"))
        _for_each(hub, chosen, document)
    for text in rates:
        what, equals, rate = text.rpartition("=")
        if not equals:
            example = "--fault takes [PROVIDER:]FAULT=RATE, as in throttle=0.1"
            raise ValueError(f"{example}, not {text!r}")
        name, colon, rest = what.partition(":")
        chosen, fault = ([name], rest) if colon and name in hub.faces else ([], what)
        try:
            rule = {"fault": fault, "rate": float(rate)}
        except ValueError:
            raise ValueError(f"--fault {what}: {rate!r} is not a rate") from None
        _for_each(hub, chosen, rule)


def _for_each(hub: Hub, chosen: Sequence[str], document: Mapping[str, Any]) -> None:
    """For those that are named; else for all that know it, of which there has to be one."""
    refusals = []
    names = chosen or list(hub.faces)
    for name in names:
        try:
            set_faults(hub.faults(name), dict(document))
        except ValueError as error:
            refusals.append(error)
    if refusals and (chosen or len(refusals) == len(names)):
        raise refusals[0]


def _script(text: str) -> dict[str, Any]:
    if text.lstrip()[:1] not in ("[", "{"):
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        return {"script": [line for line in lines if line]}
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the fault script is not valid JSON: {error}") from None
    return document if isinstance(document, dict) else {"script": document}


def _checked(option: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError(f"{option}: Endpoint must be an http:// or https:// URL")
    return url


def _path(url: str) -> str:
    return urlsplit(url).path
