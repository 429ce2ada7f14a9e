"""
What every request goes through before an application sees it, and every answer on its way out.
"""

from __future__ import annotations

import logging

from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailcore_local.serving.bodies import read_body
from mailcore_local.serving.visitors import Visitors
from mailcore_local.serving.wire import ConnectionCut, Wire


logger = logging.getLogger("mailcore_local")


class Guard:
    """
    The ASGI application around all others.

    Whatever is asked for, requests of web sites get 403. A client that goes away is no news, and a
    fault of ours is logged and answered with 500, without a traceback.

    Args:
        application: The application that answers the requests.
        wire: The proxy that requests have to come through.
        visitors: Tells programs from web sites.
    """

    def __init__(self, application: ASGIApp, wire: Wire, visitors: Visitors) -> None:
        self._application = application
        self._wire = wire
        self._visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        One request.
        """
        if not self._wire.identify(scope):
            return await _refused("This port is the proxy's.", status_code=403)(
                scope, receive, send
            )
        # Paths hold addresses, so only the method goes into the log.
        logger.debug("%s", scope["method"])
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)["X-Content-Type-Options"] = "nosniff"
            await send(message)

        try:
            await self._answer(scope, receive, answer)
        except ClientDisconnect:
            logger.debug("connection ended")
        except ConnectionCut:
            await _until_disconnected(receive)
        except Exception:
            # A bug must not leave the client hanging or print a traceback into its answer.
            logger.exception("internal error")
            if not started:
                failure = _refused("Internal error; see the log.", status_code=500)
                await failure(scope, receive, answer)
        return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("Host")
        unknown = next((host for host in hosts if not self._visitors.serves(host)), None)
        refusal: Response | None = None
        if unknown is not None:
            refusal = _refused(
                f"The Host {unknown[:255]!r} is not this server's: it answers to loopback names and"
                " to the host of --host and --public-url.",
                status_code=403,
            )
        elif scope["http_version"] not in ("1.0", "1.1"):
            refusal = _refused("HTTP 1.1 is spoken here.", status_code=505)
        elif not self._visitors.is_own(headers.get("Origin"), headers.get("Sec-Fetch-Site"), hosts):
            refusal = _refused("Requests from other web sites are refused.", status_code=403)
        if refusal is None:
            await self._application(scope, receive, send)
            return
        try:
            await read_body(Request(scope, receive))
        except HTTPException:
            logger.debug("a large body was not read")
        await refusal(scope, receive, send)


def _refused(message: str, *, status_code: int) -> Response:
    content: dict[str, Any] = {"code": "RequestRefused", "message": message}
    return JSONResponse(content, status_code, {"Connection": "close"})


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
