"""
The routes of the pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from mailcore_local.pages.actions import Actions
from mailcore_local.pages.places import Places
from mailcore_local.pages.reading import Reading
from mailcore_local.pages.rendering import STATIC_DIRECTORY


if TYPE_CHECKING:
    from mailcore_local.hub import Hub


Handler = Callable[[Request], Awaitable[Response]]


def pages_routes(hub: Hub) -> Sequence[BaseRoute]:
    """
    The routes of the mailbox, for the root of a server whose guard refuses other sites.

    Args:
        hub: What has the mails and makes events.
    """
    places = Places(hub)
    reading, actions = Reading(hub, places), Actions(hub, places)

    def get(path: str, handler: Handler) -> Route:
        return Route(path, partial(_answered, places, handler), methods=["GET"])

    def post(path: str, handler: Handler) -> Route:
        return Route(path, partial(_answered, places, handler), methods=["POST"])

    return [
        get("/", _in_thread(reading.mailbox)),
        get("/connect", _in_thread(reading.connect)),
        get("/live", reading.live),
        get("/messages/{mail_id}", _in_thread(reading.message)),
        get("/messages/{mail_id}/html", _in_thread(reading.html)),
        get("/messages/{mail_id}/source", _in_thread(reading.source)),
        get("/messages/{mail_id}/files/{position:int}/{name}", _in_thread(reading.file)),
        post("/messages/{mail_id}/events", actions.make_event),
        post("/messages/{mail_id}/unsubscribe", actions.unsubscribe),
        post("/messages/{mail_id}/delete", actions.delete),
        post("/delete", actions.clear),
        get("/inbound", _in_thread(reading.inbound)),
        post("/inbound", actions.receive),
        Mount("/static", StaticFiles(directory=STATIC_DIRECTORY)),
    ]


def _in_thread(handler: Callable[[Request], Response]) -> Handler:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(handler, request)

    return endpoint


async def _answered(places: Places, handler: Handler, request: Request) -> Response:
    try:
        return await handler(request)
    except HTTPException as error:
        return places.answer(
            request, "problem.html", status_code=error.status_code, problem=error.detail
        )
