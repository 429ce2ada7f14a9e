"""
SparkPost's options, declared once: for every message by the provider, or for one in ``esp_extra``.

``esp_extra={"sparkpost": {...}}`` has the shape of a transmission, such as ``{"options":
{"ip_pool": "a"}}``, and is merged in last: mappings merge, everything else replaces. One name is
mailcore's own: ``subaccount`` sends this message for another subaccount. ``recipients`` are
refused: who gets a message has a status, and that takes the message's own fields.

https://developers.sparkpost.com/api/transmissions/ and https://developers.sparkpost.com/api/ (read
2026-11-30, in https://github.com/SparkPost/developers.sparkpost.com).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mailcore.foundation import FrozenDict, cached_property
from mailcore.http import JSON_HEADERS
from mailcore.message import Message, extra_of
from mailcore.registry import (
    ProviderOptions,
    base_url_option,
    key_option,
    message_options,
    option,
)


NAMESPACE = "sparkpost"
SUBACCOUNT = "subaccount"
"""The key of ``esp_extra["sparkpost"]`` that is no part of a transmission: it is a header."""

BASE_URLS: Mapping[str, str] = {
    "us": "https://api.sparkpost.com",
    "eu": "https://api.eu.sparkpost.com",
}
_VERSION = "/api/v1"
_LARGEST = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class SparkPostMessageOptions(ProviderOptions):
    """
    Options that a message may bring, too: see :func:`~mailcore_sparkpost.sparkpost_options`.

    Args:
        subaccount: Number of the subaccount that messages are sent for, by a key of the primary
            account; 0 is the primary account itself.
        ip_pool: ID of the pool of IP addresses to send from; the account's default one if None.
        dkim_key: The DKIM key to sign with, of several that the sending domain has.
        transactional: Whether messages are transactional: which suppressions count, and whether
            SparkPost leaves the message's own List-Unsubscribe in place; the account's setting, or
            False, if None.
        initial_open: Whether a second picture, at the top of the HTML, tracks opens; the account's
            setting if None.
        inline_css: Whether styles in the head of the HTML are written into its elements.
        skip_suppression: Whether to send to suppressed addresses too: Enterprise accounts only.
        sandbox: Whether to send from SparkPost's sandbox domain: five mails in all.
        use_draft_template: Whether a stored template's draft is sent instead of what is published.
        tracking_domain: The domain that tracked links lead to.
        description: What SparkPost's lists of transmissions say of this one.
    """

    provider = NAMESPACE

    subaccount: int | None = option(
        None,
        parameter=SUBACCOUNT,
        fits=lambda number: 0 <= number <= _LARGEST,
        must_be="the number of a subaccount, or 0",
    )
    ip_pool: str | None = option(None, parameter="options.ip_pool")
    dkim_key: str | None = option(None, parameter="options.dkim_key")
    transactional: bool | None = option(None, parameter="options.transactional")
    initial_open: bool | None = option(None, parameter="options.initial_open")
    inline_css: bool | None = option(None, parameter="options.inline_css")
    skip_suppression: bool | None = option(None, parameter="options.skip_suppression")
    sandbox: bool | None = option(None, parameter="options.sandbox")
    use_draft_template: bool | None = option(None, parameter="content.use_draft_template")
    tracking_domain: str | None = option(None, parameter="tracking_domain")
    description: str | None = option(None, parameter="description")


@dataclass(frozen=True, kw_only=True)
class SparkPostOptions(SparkPostMessageOptions):
    """
    Options of :class:`~mailcore_sparkpost.SparkPostProvider`.

    Args:
        api_key: API key, of the region that the account is in. Who only receives needs none.
        region: The region of the account, ``us`` or ``eu``.
        base_url: Another API, such as an Enterprise host, a proxy or a server for tests, instead
            of the region's.
        webhook_secrets: ``user:password`` texts, one of which a webhook request may bring (HTTP
            Basic): SparkPost signs nothing. Without any of these, the next and `accepts_bearer`,
            every webhook request is refused.
        webhook_header_secrets: ``Name: value`` texts, the header of one of which a webhook request
            may bring instead: ``custom_headers`` of a webhook, or the ``auth_token`` of a relay
            webhook as ``X-MessageSystems-Webhook-Token: …``.
        accepts_bearer: Whether a token that SparkPost fetched from your OAuth 2.0 server is one
            that it gave: called with the token of a request, in a thread.
        counts_initial_opens: Whether ``initial_open`` is an open, too. The second picture is loaded
            together with the first, mostly: then there are two events.
        timeout_seconds: How many seconds connecting may take, and how many each wait for data may.
            SparkPost advises 300 for large batches.
    """

    api_key: str | None = key_option()
    region: Literal["us", "eu"] = option("us")
    base_url: str | None = base_url_option(None, version=_VERSION)
    webhook_secrets: Sequence[str] = option((), secret=True)
    webhook_header_secrets: Sequence[str] = option((), secret=True)
    accepts_bearer: Callable[[str], bool] | None = None
    counts_initial_opens: bool = option(False)  # noqa: FBT003  # the default
    timeout_seconds: float = option(60.0)

    @cached_property
    def api_url(self) -> str:
        """The API's, with its version."""
        return (self.base_url or BASE_URLS[self.region]) + _VERSION

    @cached_property
    def url(self) -> str:
        """Where transmissions are posted to."""
        return f"{self.api_url}/transmissions"

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The header fields of every request, of which the API key is a secret."""
        return FrozenDict(self.headers_for())

    def headers_for(self, subaccount: int | None = None) -> dict[str, str]:
        """
        Who asks, and for whom; a secret.

        Args:
            subaccount: The number that the message brings; the provider's if None.
        """
        number = self.subaccount if subaccount is None else subaccount
        # The key as it is: there is no "Bearer".
        headers = {**JSON_HEADERS, "Authorization": self.api_key or ""}
        return headers if number is None else {**headers, "X-MSYS-SUBACCOUNT": str(number)}

    @cached_property
    def transmission(self) -> Mapping[str, Any]:
        """What every transmission has."""
        return {name: each for name, each in self.nested_parameters().items() if name != SUBACCOUNT}


@message_options(SparkPostMessageOptions)
def sparkpost_options(options: SparkPostMessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of SparkPost for one message: ``Message(..., esp_extra=sparkpost_options(...))``.

    Each wins over the provider's option of the same name; those that are not given leave it.

    Returns:
        A mapping for ``esp_extra``, in the shape of a transmission.

    Raises:
        ConfigurationError: If one of them cannot be right.
    """
    return {NAMESPACE: options.nested_parameters()}


def transmission_of(message: Message) -> Mapping[str, Any]:
    """What the message has for SparkPost and is a part of the transmission."""
    return extra_of(message, NAMESPACE, without=SUBACCOUNT)


def subaccount_of(message: Message) -> int | None:
    """
    The subaccount that the message is sent for, if it brings one.

    Raises:
        ConfigurationError: If it cannot be one.
    """
    number = extra_of(message, NAMESPACE).get(SUBACCOUNT)
    return None if number is None else SparkPostMessageOptions(subaccount=number).subaccount


def within(extra: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object of a name; empty if there is none."""
    value = extra.get(name)
    return value if isinstance(value, Mapping) else {}
