"""
A password in front of an application.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Locked:
    """
    HTTP Basic (RFC 7617) with any user name, for an application that others in the network reach.

    Args:
        application: The application that answers those who know the password.
        password: The password, of which UTF-8 is asked.
    """

    def __init__(self, application: ASGIApp, password: str) -> None:
        self._application = application
        self._password = password.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        One request.
        """
        if self._knows(Headers(scope=scope).get("Authorization", "")):
            await self._application(scope, receive, send)
            return
        headers = {"WWW-Authenticate": 'Basic realm="mailcore local", charset="UTF-8"'}
        refused = PlainTextResponse("This mailbox has a password.\n", 401, headers)
        await refused(scope, receive, send)

    def _knows(self, authorization: str) -> bool:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            decoded = base64.b64decode(credentials.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(decoded.partition(b":")[2], self._password)
