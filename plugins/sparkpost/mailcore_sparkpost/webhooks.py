"""
Whether to believe a webhook request: SparkPost signs nothing, so by a secret that both sides know.

https://github.com/SparkPost/support-docs, content/docs/tech-resources/webhook-authentication.md,
and https://developers.sparkpost.com/api/relay-webhooks/ (read 2026-11-30): HTTP Basic, headers of
one's own, for received mail also a token in ``X-MessageSystems-Webhook-Token``, and OAuth 2.0: then
SparkPost fetches a token from a server of yours, brings it as ``Bearer``, and fetches another when
a request is answered with 400 or 401.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from mailcore.errors import WebhookRejected
from mailcore.flow import Call, Flow
from mailcore.webhook import SecretTrust, Verdict, WebhookRequest


_BEARER = Verdict("bearer")
_SCHEME = "bearer "
_MAX_TOKEN_CHARACTERS = 8192


class WebhookTrust(SecretTrust):
    """
    Verifies what is posted to the webhook, by a secret or a token that it brings.

    Args:
        webhook_secrets: Each ``user:password``; several while they are being changed.
        webhook_header_secrets: Each ``Name: value`` of a header; several while they are being
            changed.
        accepts_bearer: Whether the token of a request is one that your OAuth 2.0 server gave. A
            request needs one of the three; without any, nobody is believed.

    Raises:
        ConfigurationError: If a secret has another form. The text does not repeat it.
    """

    provider: ClassVar[str] = "sparkpost"
    label: ClassVar[str] = "SparkPost"

    def __init__(
        self,
        webhook_secrets: Iterable[str] | None = None,
        webhook_header_secrets: Iterable[str] | None = None,
        *,
        accepts_bearer: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__(webhook_secrets, webhook_header_secrets)
        self._accepts_bearer = accepts_bearer

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed.

        What SparkPost posts to try a webhook brings the secret as well, and has no event in it:
        ``[{"msys": {}}]``. It wants exactly 200.

        Raises:
            WebhookRejected: With status 401, if it does not bring one of the secrets: SparkPost
                tries again for 8 hours, whatever the status, and fetches a new token after a 401.
        """
        accepts = self._accepts_bearer
        given = request.header("authorization") or ""
        if accepts is None or given[: len(_SCHEME)].lower() != _SCHEME:
            return self._secrets.verify(request)
        token = given[len(_SCHEME) :].strip()
        is_right = bool(token) and len(token) <= _MAX_TOKEN_CHARACTERS
        if is_right and (yield Call(lambda: accepts(token))) is True:
            return _BEARER
        raise WebhookRejected(
            "the bearer token is not accepted", provider=self.provider, status_code=401
        )
