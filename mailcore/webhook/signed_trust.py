"""
What the ``WebhookTrust`` of a service that signs does: keys, secrets beside them, ages.

What the signature is over, and how it is made, is the service's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from mailcore.errors import ConfigurationError, MalformedWebhook, WebhookRejected
from mailcore.flow import Flow
from mailcore.webhook.request import Verdict, WebhookRequest
from mailcore.webhook.shared_secrets import basic_auth_of
from mailcore.webhook.signatures import check_age


KeyT = TypeVar("KeyT")


class SignedTrust(ABC, Generic[KeyT]):
    """
    Verifies what is posted to a webhook: by its signature, by HTTP Basic authentication, or both.

    ============================  =========================  ====================================
    the request                   keys only                  with webhook secrets
    ============================  =========================  ====================================
    no or a wrong secret          not looked at              401 with a challenge
    signed, in time               believed                   believed
    no or a wrong signature       403                        403; believed by the secret alone if
                                                             there are no keys
    signed too long ago           403                        403, if there are keys
    ============================  =========================  ====================================

    Args:
        keys: What the service signs with, as it shows them; several while one replaces the other.
        max_age_seconds: How long ago a request may have been signed; `default_max_age_seconds` if
            None.
        webhook_secrets: Each ``user:password``; several while they are being changed.

    Raises:
        ConfigurationError: If a key or a secret cannot be read, or the age is not above 0. The text
            does not repeat them.
    """

    provider: ClassVar[str]
    """Name of the provider, for errors."""
    label: ClassVar[str]
    """What people call the service."""
    keys_option: ClassVar[str] = "webhook_signing_keys"
    """The provider's option that has the keys, for errors."""
    default_max_age_seconds: ClassVar[float] = 300.0

    def __init__(
        self,
        keys: Iterable[str],
        *,
        max_age_seconds: float | None = None,
        webhook_secrets: Iterable[str] | None = None,
    ) -> None:
        if isinstance(keys, str) or not isinstance(keys, Iterable):
            raise ConfigurationError(f"{self.provider}: {self._called}s are a list, not one text")
        if max_age_seconds is None:
            max_age_seconds = self.default_max_age_seconds
        if not max_age_seconds > 0:
            raise ConfigurationError(f"{self.provider}: max_age_seconds must be above 0")
        self.keys = tuple(map(self.read_key, keys))
        self._max_age_seconds = max_age_seconds
        self._basic_auth = basic_auth_of(webhook_secrets, self.provider)

    @abstractmethod
    def read_key(self, key: object) -> KeyT:
        """
        Make what signatures are verified with, of a key as the service shows it.

        Raises:
            ConfigurationError: If the key cannot be read.
        """

    @abstractmethod
    def prove(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Verify the signature of a request; called if there are keys.

        Raises:
            WebhookRejected: If it has none, or a wrong one, or was signed too long ago.
        """

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed.

        Raises:
            WebhookRejected: If it is not proven.
            MalformedWebhook: If it is nothing that the service posts.
        """
        if request.method != "POST":
            raise MalformedWebhook(f"{self.label} posts its webhooks", provider=self.provider)
        verdict = self._basic_auth.verify(request) if self._basic_auth is not None else None
        if self.keys:
            return (yield from self.prove(request))
        if verdict is None:
            raise self.rejected(f"no {self.keys_option} are configured")
        return verdict

    def check_age(self, signed_at: int) -> None:
        """
        Refuse a request that was signed too long ago.

        Args:
            signed_at: When, in seconds since 1970, by the signed part of the request.

        Raises:
            WebhookRejected: If it is older than `max_age_seconds`, or comes from the future.
        """
        check_age(signed_at, self._max_age_seconds, provider=self.provider)

    def rejected(self, reason: str) -> WebhookRejected:
        """The answer to a request that is not proven: 403."""
        return WebhookRejected(reason, provider=self.provider, status_code=403)

    @property
    def _called(self) -> str:
        return self.keys_option.removeprefix("webhook_").removesuffix("s").replace("_", " ")

    def __repr__(self) -> str:
        return f"<WebhookTrust with {len(self.keys)} {self._called}s>"
