"""The addresses of a project, and which of its webhooks one of them leads to."""

from __future__ import annotations

import inspect

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from mailcore_django.webhooks.views import awebhook, webhook


__all__ = ["Address", "addresses", "unreachable"]

_ARGUMENT = "provider"


@dataclass(frozen=True, kw_only=True)
class Address:
    """
    One pattern of ``ROOT_URLCONF``, with those that it stands within.

    Args:
        route: The patterns as they are written, one after the other.
        view: What Django calls, without what decorators put around it.
        captured: Names of the arguments that are taken out of the address.
        given: Arguments that stand beside the pattern.
    """

    route: str
    view: Callable[..., Any]
    captured: frozenset[str] = frozenset()
    given: Mapping[str, object] = field(default_factory=dict)


def addresses() -> Iterator[Address]:
    """All addresses of ``ROOT_URLCONF``; none if the project has no such setting."""
    if getattr(settings, "ROOT_URLCONF", ""):
        yield from _within(get_resolver().url_patterns, "", frozenset(), {})


def _within(
    patterns: Iterable[URLPattern | URLResolver],
    before: str,
    captured: frozenset[str],
    given: Mapping[str, object],
) -> Iterator[Address]:
    for each in patterns:
        route = f"{before}{each.pattern}"
        names = captured | frozenset(each.pattern.regex.groupindex)
        if isinstance(each, URLResolver):
            further = {**given, **each.default_kwargs}
            yield from _within(each.url_patterns, route, names, further)
        else:
            yield Address(
                route=route,
                view=_undecorated(each.callback),
                captured=names,
                given={**given, **each.default_args},
            )


def _undecorated(view: Callable[..., Any]) -> Callable[..., Any]:
    # A view of a class has the attributes of its method `dispatch`, `__wrapped__` among them.
    return view if hasattr(view, "view_class") else inspect.unwrap(view)


def unreachable(names: Iterable[str]) -> list[str]:
    """
    The webhooks that no address leads to.

    Args:
        names: The keys of ``MAILCORE["WEBHOOKS"]``.
    """
    views = {inspect.unwrap(webhook), inspect.unwrap(awebhook)}
    ours = [each for each in addresses() if each.view in views]
    if any(_ARGUMENT in each.captured for each in ours):
        return []
    reached = {each.given.get(_ARGUMENT) for each in ours}
    return [name for name in names if name not in reached]
