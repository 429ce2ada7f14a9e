"""
The endpoints of faces: a request goes through the faults in force before its face sees it.
"""

from __future__ import annotations

import logging

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mailcore_local.engine import Fault
from mailcore_local.faces import Face
from mailcore_local.serving import ConnectionCut, Interruptions, read_body


if TYPE_CHECKING:
    from mailcore_local.hub.hub import Hub

Handler = Callable[["Hub", Request, bytes], Awaitable[Response]]

logger = logging.getLogger("mailcore_local")


class FaceEndpoint:
    """
    An ASGI endpoint of a face.

    Args:
        hub: The hub that the face belongs to.
        face: The face, which answers in the provider's form when something is to go wrong.
        handler: Answers a request whose body was read.
        operation: The name by which faults are told to apply to it.
        interruptions: What cuts connections and lets requests hang.
    """

    def __init__(
        self, hub: Hub, face: Face, handler: Handler, operation: str, interruptions: Interruptions
    ) -> None:
        self._hub = hub
        self._face = face
        self._handler = handler
        self._operation = operation
        self._interruptions = interruptions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        One request.
        """
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        body = await read_body(request)
        fault = self._hub.faults(self._face.name).for_request(self._operation)
        await self._interruptions.before_accepting(request, fault)
        if fault.name in self._face.own_faults:
            return self._face.error_answer(fault)
        try:
            response = await self._handler(self._hub, request, body)
        except (ClientDisconnect, ConnectionCut, HTTPException):
            raise
        except Exception:
            # The SDK is told in its own terms, without a traceback.
            logger.exception("internal error of the %s face", self._face.name)
            return self._face.error_answer(Fault("error500"))
        spoilt = await self._interruptions.after_accepting(request, fault, bytes(response.body))
        if spoilt != bytes(response.body):
            return Response(spoilt, response.status_code, {"Content-Type": "text/html"})
        return response
