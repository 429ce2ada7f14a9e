"""The webhooks of ``MAILCORE["WEBHOOKS"]``: their providers, made once for each process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailcore import ConfigurationError, Provider
from mailcore import get_provider as provider_of
from mailcore.foundation import ForkSafeLock
from mailcore_django.conf import forget_with_settings, from_environment, get_settings


__all__ = ["Webhook", "get_webhook"]


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """
    One address, and whom it is for.

    Args:
        name: The key in ``MAILCORE["WEBHOOKS"]``, and the last part of the address.
        provider: The provider, made with the options that stand there.
        max_body_bytes: How many bytes a request may have.
    """

    name: str
    provider: Provider[Any, Any]
    max_body_bytes: int


def get_webhook(name: str) -> Webhook | None:
    """
    The webhook of a name; None if ``MAILCORE["WEBHOOKS"]`` has none.

    Raises:
        ConfigurationError: If its provider cannot be made.
    """
    given = get_settings().webhooks.get(name)
    if given is None:
        return None
    with _lock:
        if name not in _made:
            _made[name] = _make(name, given)
        return _made[name]


def _make(name: str, given: Mapping[str, object]) -> Webhook:
    place = f"MAILCORE['WEBHOOKS'][{name!r}]"
    options = from_environment(place, given)
    provider_name = options.pop("provider", name)
    if not isinstance(provider_name, str):
        kind = type(provider_name).__name__
        raise ConfigurationError(f"{place}['provider'] must be the name of one, not {kind}")
    limit = options.pop("max_body_bytes", None)
    provider = provider_of(provider_name, **options)
    if type(provider).verify_webhook is Provider.verify_webhook:
        raise ConfigurationError(
            f"{place}: {provider.name} has no webhooks; `mailcore features` says which ones do"
        )
    max_body_bytes = provider.max_webhook_body_bytes if limit is None else limit
    if type(max_body_bytes) is not int or max_body_bytes < 1:
        raise ConfigurationError(f"{place}['max_body_bytes'] must be a whole number of at least 1")
    return Webhook(name=name, provider=provider, max_body_bytes=max_body_bytes)


_lock = ForkSafeLock()
_made: dict[str, Webhook] = {}
forget_with_settings(_made.clear)
