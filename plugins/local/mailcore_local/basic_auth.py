"""
HTTP Basic, which webhooks of providers bring that sign nothing.
"""

from __future__ import annotations

import base64
import secrets

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote, urlencode

from mailcore_local.faces import CopyLine, Face, FaceSettings, WebhookPost


_USERNAME = "mailcore"


class BasicCredentials(NamedTuple):
    """
    A user and a password.

    Attributes:
        username: The name of the user.
        password: The password, a secret.
    """

    username: str
    password: str

    @classmethod
    def of(cls, settings: FaceSettings) -> BasicCredentials:
        """
        The user and the password of the settings; what they lack is made up once.
        """
        return cls(
            settings.webhook_username or _USERNAME,
            settings.webhook_password or settings.webhook_secret or secrets.token_urlsafe(16),
        )

    @property
    def text(self) -> str:
        """
        User and password as an option of a provider has them, ``user:password``.
        """
        return f"{self.username}:{self.password}"

    @property
    def header(self) -> str:
        """
        The value of the header Authorization.
        """
        return "Basic " + base64.b64encode(self.text.encode()).decode("ascii")

    def __repr__(self) -> str:
        return f"<BasicCredentials of {self.username}>"


class BasicAuthFace(Face):
    """
    A face whose provider signs no webhook, and gives each the credentials of its URL instead.

    Args:
        settings: `webhook_username` and `webhook_password` are these credentials, of which a
            password is made up here otherwise.
    """

    def __init__(self, settings: FaceSettings | None = None) -> None:
        super().__init__(settings)
        self.credentials = BasicCredentials.of(self.settings)

    def tampered(self, post: WebhookPost) -> WebhookPost:
        """
        A post with another password: there is no signature.
        """
        headers = {**post.headers, "Authorization": f"Basic {secrets.token_urlsafe(12)}"}
        return replace(post, headers=headers)

    def mailcore_url(self, base_url: str) -> str | None:
        """
        What `MAILCORE_URL` takes to send here, with the credentials of webhooks.
        """
        options = {"base_url": base_url, "webhook_secrets": self.credentials.text}
        query = urlencode(options, quote_via=quote, safe=":/")
        return f"{self.name}://{self.user_of_url()}@?{query}"

    def user_of_url(self) -> str:
        """
        What stands before the ``@`` of that URL, quoted: the key of the API.
        """
        return quote(self.settings.api_key or "local", safe="")

    def credentials_line(self) -> CopyLine:
        """
        The credentials of webhooks, to copy.
        """
        return CopyLine(title="Credentials of the webhook", line=self.credentials.text)

    def json_post(
        self,
        event_type: str,
        body: bytes,
        event_ids: tuple[str, ...],
        headers: Mapping[str, str] | None = None,
    ) -> WebhookPost:
        """
        A request with JSON and the credentials.

        Args:
            event_type: The type of the event in the provider's words.
            body: The JSON as octets.
            event_ids: The ids of the events that it tells of.
            headers: Further header fields.
        """
        own = {"Content-Type": "application/json", "Authorization": self.credentials.header}
        return WebhookPost(
            event_type=event_type,
            headers={**own, **(headers or {})},
            body=body,
            event_ids=event_ids,
        )
