"""
The options of New ESP, declared once: for every message by the provider, or for one message.

Constructor, URL, environment, ``esp_extra`` and the helper below follow from the two classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mailcore.registry import (
    ProviderOptions,
    base_url_option,
    key_option,
    message_options,
    option,
)


@dataclass(frozen=True, kw_only=True)
class NewEspMessageOptions(ProviderOptions):
    """
    Options that a message may bring, too; what it brings wins.

    Args:
        pool: The pool of addresses that mail is sent from.
    """

    provider = "new-esp"

    pool: str | None = option(None, parameter="pool")


@dataclass(frozen=True, kw_only=True)
class NewEspOptions(NewEspMessageOptions):
    """
    Options of the provider.

    Args:
        api_key: The API key of the account. Who only receives needs none.
        webhook_secrets: Secrets that webhooks are signed with: two while one replaces the other.
            Without any, every webhook request is refused.
        max_age_seconds: Refuse webhook requests that were made longer ago.
        api_url: Another address of the API, such as that of a test server.
        timeout_seconds: How many seconds connecting may take, and how many each wait for data may.
    """

    api_key: str | None = key_option()
    webhook_secrets: Sequence[str] = option(
        (),
        fits=all,
        must_be="a list of texts",
        secret=True,
    )
    max_age_seconds: float = option(300.0)
    api_url: str = base_url_option("https://api.new-esp.example")
    timeout_seconds: float = option(30.0)


@message_options(NewEspMessageOptions)
def new_esp_options(options: NewEspMessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of New ESP for one message.

    ``Message(..., esp_extra=new_esp_options(pool="a"))`` goes through another pool.

    Returns:
        A mapping for ``esp_extra``, with the names of the service's API.

    Raises:
        ConfigurationError: If one of them cannot be right.
    """
    return options.for_message()
