"""
HTTP Basic, which webhooks of providers bring that sign nothing.
"""

from __future__ import annotations

import base64
import secrets

from typing import NamedTuple

from mailcore_local.faces import FaceSettings


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
