"""
What the ``WebhookTrust`` of a service that signs nothing does: ask for a secret, know probes.

The secrets themselves are those of :mod:`mailcore.webhook.shared_secrets`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from mailcore.flow import Flow
from mailcore.webhook.request import Verdict, WebhookRequest
from mailcore.webhook.shared_secrets import SharedSecrets


_PROBE = Verdict("probe", handled=True)


class SecretTrust:
    """
    Verifies what is posted to a webhook, by HTTP Basic authentication or a secret in a header.

    A request needs one of the secrets; without any, nobody is believed.

    Args:
        webhook_secrets: Each ``user:password``; several while they are being changed.
        webhook_header_secrets: Each ``Name: value`` of a header; several while they are being
            changed.

    Raises:
        ConfigurationError: If a secret has another form. The text does not repeat it.
    """

    provider: ClassVar[str]
    """Name of the provider, for errors."""
    label: ClassVar[str]
    """What people call the service, for the hint of where the secrets belong."""
    empty_bodies: ClassVar[tuple[bytes, ...]] = ()
    """
    Bodies by which the service tries a webhook: they say nothing.

    A request that is proven and has one of these, or is empty by its header too, is a probe: it is
    answered with 200, and reaches no handler. Without any, no request is one.
    """

    def __init__(
        self,
        webhook_secrets: Iterable[str] | None = None,
        webhook_header_secrets: Iterable[str] | None = None,
    ) -> None:
        self._secrets = SharedSecrets(
            webhook_secrets,
            webhook_header_secrets,
            provider=self.provider,
            label=self.label,
        )

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed; needs nothing from outside.

        Raises:
            WebhookRejected: With status 401, if it does not bring one of the secrets.
        """
        yield from ()
        verdict = self._secrets.verify(request)
        return _PROBE if self.empty_bodies and self._says_nothing(request) else verdict

    def _says_nothing(self, request: WebhookRequest) -> bool:
        body = request.body.strip()
        # An empty body may be one that was cut off, unless its header says that it is all.
        is_empty = not body and request.header("content-length") == "0"
        return is_empty or body in self.empty_bodies

    def __repr__(self) -> str:
        return f"<WebhookTrust {self._secrets!r}>"
