"""Policies of the settings: ``MAILCORE["POLICIES"]``, and ``policies`` of a mailer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.module_loading import import_string

from mailcore import ConfigurationError
from mailcore.middleware import Policies, Policy


__all__ = ["made_policies"]


def made_policies(given: str | Iterable[object] | None) -> Policies | None:
    """
    The policies of a mailer, as the core takes them.

    Args:
        given: The name of a stack (``production``); or a dotted path, or a list of policies and
            dotted paths. A path leads to a policy, a list of them, or a function without arguments
            that makes one of both, and is called once for each mailer.

    Raises:
        ConfigurationError: If a path cannot be imported, or leads to something else.
    """
    if given is None or (isinstance(given, str) and "." not in given):
        return given
    items = [given] if isinstance(given, str) else given
    return [policy for item in items for policy in _found(item)]


def _found(item: object) -> Iterator[Policy]:
    if isinstance(item, Policy):
        yield item
        return
    if not isinstance(item, str):
        raise ConfigurationError(
            f"policies has a {type(item).__name__}, which is neither a policy nor a dotted path"
        )
    if "." not in item:
        raise ConfigurationError(
            f"policies: {item!r} within a list must be a dotted path; the name of a stack stands "
            "alone, without the list"
        )
    found = _imported(item)
    if callable(found) and not isinstance(found, Policy):
        found = found()
    for each in found if isinstance(found, (list, tuple)) else (found,):
        if not isinstance(each, Policy):
            kind = type(each).__name__
            raise ConfigurationError(f"policies: {item!r} leads to a {kind}, which is no policy")
        yield each


def _imported(path: str) -> object:
    try:
        found: object = import_string(path)
    except ImportError as error:
        raise ConfigurationError(f"policy {path!r} cannot be imported: {error}") from error
    return found
