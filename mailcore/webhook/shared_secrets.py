"""
Webhooks of services that sign nothing: a secret that both sides know proves who posts.

The two ways in which services bring one, together: user and password in the webhook's URL (HTTP
Basic), or a header of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailcore.errors import ConfigurationError, WebhookRejected
from mailcore.webhook.basic_auth import BasicAuth
from mailcore.webhook.header_secrets import HeaderSecrets
from mailcore.webhook.request import Verdict, WebhookRequest


class SharedSecrets:
    """
    What the options ``webhook_secrets`` and ``webhook_header_secrets`` of a provider let in.

    A request needs one of these or of those; without any, nobody is believed. The answer to
    everybody else is 401: several services give up at 403, and what they had to say would be lost
    by the time that the secret has been put right.

    Args:
        webhook_secrets: Each ``user:password``; several while they are being changed.
        webhook_header_secrets: Each ``Name: value`` of a header; several while they are being
            changed.
        provider: Name of the provider, for errors.
        label: What people call the service, for the hint of where the secrets belong.

    Raises:
        ConfigurationError: If a secret has another form. The text does not repeat it.
    """

    def __init__(
        self,
        webhook_secrets: Iterable[str] | None = None,
        webhook_header_secrets: Iterable[str] | None = None,
        *,
        provider: str,
        label: str = "",
    ) -> None:
        what = "webhook_header_secrets is a list of 'Name: value'"
        headers = listed_secrets(webhook_header_secrets, what, provider)
        self._basic_auth = basic_auth_of(webhook_secrets, provider)
        self._headers = HeaderSecrets(headers, provider=provider) if headers else None
        self._provider = provider
        self._label = label or "the service"

    def verify(self, request: WebhookRequest) -> Verdict:
        """
        Prove a request, before anything in it is believed.

        Raises:
            WebhookRejected: With status 401, if it does not bring one of the secrets.
        """
        verdict = self._headers.verify(request) if self._headers is not None else None
        if verdict is not None:
            return verdict
        if self._basic_auth is not None:
            return self._basic_auth.verify(request)
        if self._headers is not None:
            reason = "no header brings one of webhook_header_secrets"
        else:
            reason = (
                "no webhook_secrets are configured: give the provider "
                f"webhook_secrets=['user:password'], and {self._label} the URL "
                "https://user:password@example.com/..."
            )
        raise WebhookRejected(reason, provider=self._provider, status_code=401)

    def __repr__(self) -> str:
        return f"<SharedSecrets {self._basic_auth!r} {self._headers!r}>"


def basic_auth_of(webhook_secrets: Iterable[str] | None, provider: str) -> BasicAuth | None:
    """
    The check of the option ``webhook_secrets``; None if none are given.

    Args:
        webhook_secrets: The texts ``user:password`` that are believed.
        provider: Name of the provider, for errors.

    Raises:
        ConfigurationError: If it is no list of such texts. The text does not repeat them.
    """
    what = "webhook_secrets is a list of user:password"
    secrets = listed_secrets(webhook_secrets, what, provider)
    return BasicAuth(secrets, provider=provider) if secrets else None


def listed_secrets(given: Iterable[str] | None, what: str, provider: str) -> str | tuple[str, ...]:
    """
    Secrets as a tuple; one text stays one, for which there is an error.

    Args:
        given: The value of the option, as it was given.
        what: What it has to be, for the error.
        provider: Name of the provider, for the error.

    Raises:
        ConfigurationError: If it cannot be gone through.
    """
    if not given:
        return ()
    if not isinstance(given, Iterable):
        raise ConfigurationError(f"{provider}: {what}")
    return given if isinstance(given, str) else tuple(given)
