"""
A webhook as an ASGI application: mounted in Starlette, FastAPI or Django, or served alone.

https://asgi.readthedocs.io/en/latest/specs/www.html (read 2026-11-21).
"""

from __future__ import annotations

import asyncio
import logging
import sys

from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from mailcore.errors import ConfigurationError, WebhookError
from mailcore.webhook.handlers import Handler, unblocking
from mailcore.webhook.request import WebhookRequest
from mailcore.webhook.responding import (
    aanswer,
    answer_error,
    answer_other_method,
    refuse_size,
    require_path,
    require_webhook,
    unreadable_body,
)
from mailcore.webhook.response import WebhookResponse


if TYPE_CHECKING:
    from mailcore.provider import Provider
    from mailcore.registry.registry import Registry
    from mailcore.webhook.dedupe import SeenStore

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger("mailcore.webhook")

# What is left of the body would be taken for the next request.
_CLOSES = {"connection": "close"}


class _Disconnected(Exception):
    """The sender hung up."""


class AsgiWebhook:
    """
    An ASGI application that receives the events of one provider, whatever the path.

    Only POST is taken; HEAD and GET are answered with 200 where the provider's service tries
    addresses so (``webhook_probe_methods``). The body's size and the time that it takes are limited
    while it is read. What the handler raises is logged and answered with 500, so that the provider
    sends the request again; what is wrong with a request is logged, and the sender sees nothing but
    the status.

    Args:
        provider: The provider that sends the events, with the options that say whom to trust.
        handler: Called with each event, in order. A coroutine function runs in the server's loop, a
            plain function in a thread.
        max_body_bytes: A larger body is answered with 413, unread; None: the provider's
            ``max_webhook_body_bytes``.
        body_timeout_seconds: A body that takes longer to arrive is answered with 503, or what makes
            the service try again instead.
        seen: Remembers the events that the handler was done with.
        registry: Whose hooks observe the events; the default registry if None.

    Raises:
        ConfigurationError: If it is no provider with webhooks, the handler cannot be called, or a
            limit is not above 0.
    """

    def __init__(
        self,
        provider: Provider[Any, Any],
        handler: Handler,
        *,
        max_body_bytes: int | None = None,
        body_timeout_seconds: float = 10.0,
        seen: SeenStore | None = None,
        registry: Registry | None = None,
    ) -> None:
        require_webhook(provider, handler, seen, "AsgiWebhook")
        if max_body_bytes is None:
            max_body_bytes = provider.max_webhook_body_bytes
        if min(max_body_bytes, body_timeout_seconds) <= 0:
            raise ConfigurationError("max_body_bytes and body_timeout_seconds must be above 0")
        self._provider = provider
        self._on_event = unblocking(handler)
        self._max_body_bytes = max_body_bytes
        self._body_timeout_seconds = body_timeout_seconds
        self._seen = seen
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Serve one connection.

        Raises:
            RuntimeError: If it is neither HTTP nor the server's start and end.
        """
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"a webhook has no {scope['type']} connections")
        try:
            response = await self._respond(scope, receive)
        except _Disconnected:
            logger.info("%s webhook: the sender hung up", self._provider.name)
            return
        try:
            await _send(scope, send, response)
        except OSError:
            # https://asgi.readthedocs.io/en/latest/specs/www.html, "Send" (read 2026-11-30)
            logger.info("%s webhook: the sender hung up before the answer", self._provider.name)

    def mounted_in(self, application: AsgiApplication, path: str) -> AsgiApplication:
        """
        An application that answers one path with this webhook, and leaves the rest to another.

        For frameworks that cannot mount ASGI applications, such as Django.

        Args:
            application: The other one; it also sees the server's start and end.
            path: The exact path that the webhook answers, such as ``/webhooks/acme``.

        Raises:
            ConfigurationError: If the path does not begin with a slash, or the other application
                cannot be called.
        """
        require_path(path, "mounted_in()")
        if not callable(application):
            kind = type(application).__name__
            raise ConfigurationError(f"mounted_in() takes an application, not {kind}")

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            chosen = scope["type"] == "http" and scope["path"] == path
            await (self if chosen else application)(scope, receive, send)

        return dispatch

    async def _respond(self, scope: Scope, receive: Receive) -> WebhookResponse:
        name = self._provider.name
        method = scope["method"].upper()
        remote_address = (scope.get("client") or ("",))[0] or ""
        other = answer_other_method(self._provider, method)
        if other is not None:
            return other
        headers = _headers(scope)
        try:
            body = await _within(self._body_timeout_seconds, self._read(headers, receive))
        except asyncio.TimeoutError:
            # Not 408, after which some services do not try again: the next time it may be quicker.
            reason = f"the body took longer than {self._body_timeout_seconds:g} seconds"
            late = WebhookError(reason, status_code=503, headers=_CLOSES)
            return answer_error(self._provider, remote_address, late)
        except _Disconnected:
            raise
        except Exception as error:  # noqa: BLE001  # answered and logged
            # Servers announce the end with a message; what is between them and this may raise.
            return answer_error(self._provider, remote_address, unreadable_body(error))
        if body is None:
            return refuse_size(name, remote_address, self._max_body_bytes)
        request = WebhookRequest.assembled(
            method, headers, body, _url(scope, headers.get("host", "")), remote_address
        )
        return await aanswer(
            self._provider,
            request,
            self._on_event,
            max_body_bytes=self._max_body_bytes,
            seen=self._seen,
            registry=self._registry,
        )

    async def _read(self, headers: Mapping[str, str], receive: Receive) -> bytes | None:
        """The body; None as soon as it is clear that it is too large."""
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self._max_body_bytes:
            return None
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Disconnected
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._max_body_bytes:
                return None
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


async def _within(seconds: float, body: Coroutine[Any, Any, bytes | None]) -> bytes | None:
    if sys.version_info < (3, 11):
        return await asyncio.wait_for(body, seconds)
    # Python 3.11's wait_for makes a task, which costs more than all else here
    # (benchmarks/receive.py).
    async with asyncio.timeout(seconds):
        return await body


def _headers(scope: Scope) -> dict[str, str]:
    # Backwards, because the first of two with one name counts.
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in reversed(list(scope["headers"]))
    }


def _url(scope: Scope, host: str) -> str:
    raw_path = scope.get("raw_path")
    path = raw_path.decode("latin-1") if raw_path else quote(scope["path"])
    query = scope.get("query_string", b"").decode("latin-1")
    return (
        f"{scope.get('scheme', 'http')}://{host}{path.partition('?')[0]}"
        f"{'?' if query else ''}{query}"
    )


async def _live(receive: Receive, send: Send) -> None:
    """Follow the server's start and end: there is nothing to prepare."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _send(scope: Scope, send: Send, response: WebhookResponse) -> None:
    headers = {**response.headers, "content-length": str(len(response.body))}
    if response.status_code == 413:
        headers |= _CLOSES
    if not scope.get("http_version", "1.1").startswith("1."):
        # RFC 9113, section 8.2.2: streams are ended otherwise.
        headers.pop("connection", None)
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in headers.items()
            ],
        }
    )
    await send({"type": "http.response.body", "body": response.body})
