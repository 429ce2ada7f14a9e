"""The ``account`` of a provider that keeps a list of suppressions."""

from __future__ import annotations

from mailcore.account.suppression_account import SuppressionAccount
from mailcore.account.suppressions import KeepsSuppressions
from mailcore.errors import ConfigurationError
from mailcore.provider import AnyProvider
from mailcore.registry.registry import default_registry


def account_of(provider: AnyProvider) -> SuppressionAccount:
    """
    What a provider's property ``account`` returns: its list, and the transport that asks.

    Args:
        provider: Its ``suppressions()`` says what it can do.

    Raises:
        ConfigurationError: If it has no such list, or lacks an option that it needs.
    """
    if not isinstance(provider, KeepsSuppressions):
        raise ConfigurationError(f"{provider.name} keeps no suppressions")
    return SuppressionAccount(provider.suppressions(), default_registry().transport_for(provider))
