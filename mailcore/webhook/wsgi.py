"""
A webhook as a WSGI application: mounted in Flask or Django, or served alone.

PEP 3333 (https://peps.python.org/pep-3333/, read 2026-11-21).
"""

from __future__ import annotations

import re

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias
from wsgiref.util import request_uri

from mailcore.errors import ConfigurationError, MalformedWebhook
from mailcore.webhook.handlers import Handler, blocking
from mailcore.webhook.request import WebhookRequest
from mailcore.webhook.responding import (
    answer,
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

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
WsgiApplication: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

_CHUNK_BYTES = 64 * 1024
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
# Nothing in it has to be quoted.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._~-]*", re.ASCII)


class WsgiWebhook:
    """
    A WSGI application that receives the events of one provider, whatever the path.

    Only POST is taken; HEAD and GET are answered with 200 where the provider's service tries
    addresses so (``webhook_probe_methods``). The body's size is limited while it is read; how long
    that may take is for the server to limit. What the handler raises is logged and answered with
    500, so that the provider sends the request again; what is wrong with a request is logged, and
    the sender sees nothing but the status.

    Args:
        provider: The provider that sends the events, with the options that say whom to trust.
        handler: Called with each event, in order. Coroutine functions run in an event loop in a
            thread of its own, the same for all requests.
        max_body_bytes: A larger body is answered with 413, unread; None: the provider's
            ``max_webhook_body_bytes``.
        seen: Remembers the events that the handler was done with.
        registry: Whose hooks observe the events; the default registry if None.

    Raises:
        ConfigurationError: If it is no provider with webhooks, the handler cannot be called, or the
            limit is not above 0.
    """

    def __init__(
        self,
        provider: Provider[Any, Any],
        handler: Handler,
        *,
        max_body_bytes: int | None = None,
        seen: SeenStore | None = None,
        registry: Registry | None = None,
    ) -> None:
        require_webhook(provider, handler, seen, "WsgiWebhook")
        if max_body_bytes is None:
            max_body_bytes = provider.max_webhook_body_bytes
        if max_body_bytes <= 0:
            raise ConfigurationError("max_body_bytes must be above 0")
        self._provider = provider
        self._on_event = blocking(handler)
        self._max_body_bytes = max_body_bytes
        self._seen = seen
        self._registry = registry

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        response = self._respond(environ)
        headers = [(name.title(), value) for name, value in response.headers.items()]
        # Checkers of PEP 3333 want a type even where there is no content.
        headers.append(("Content-Type", "text/plain; charset=utf-8"))
        headers.append(("Content-Length", str(len(response.body))))
        start_response(_STATUS_LINES[response.status_code], headers)
        return [response.body]

    def mounted_in(self, application: WsgiApplication, path: str) -> WsgiApplication:
        """
        An application that answers one path with this webhook, and leaves the rest to another.

        Args:
            application: The other one, such as Flask's ``app.wsgi_app``.
            path: The exact path that the webhook answers, such as ``/webhooks/acme``.

        Raises:
            ConfigurationError: If the path does not begin with a slash, or the other application
                cannot be called.
        """
        require_path(path, "mounted_in()")
        if not callable(application):
            kind = type(application).__name__
            raise ConfigurationError(f"mounted_in() takes an application, not {kind}")

        def dispatch(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            chosen = environ.get("PATH_INFO") == path
            return (self if chosen else application)(environ, start_response)

        return dispatch

    def _respond(self, environ: Environ) -> WebhookResponse:
        name = self._provider.name
        method = environ["REQUEST_METHOD"].upper()
        remote_address = environ.get("REMOTE_ADDR") or ""
        other = answer_other_method(self._provider, method)
        if other is not None:
            return other
        try:
            body = self._read(environ)
        except MalformedWebhook as error:
            return answer_error(self._provider, remote_address, error)
        except Exception as error:  # noqa: BLE001  # answered and logged
            return answer_error(self._provider, remote_address, unreadable_body(error))
        if body is None:
            return refuse_size(name, remote_address, self._max_body_bytes)
        request = WebhookRequest.assembled(
            method, _headers(environ), body, _url(environ), remote_address
        )
        return answer(
            self._provider,
            request,
            self._on_event,
            max_body_bytes=self._max_body_bytes,
            seen=self._seen,
            registry=self._registry,
        )

    def _read(self, environ: Environ) -> bytes | None:
        """
        The body; None as soon as it is clear that it is too large.

        Raises:
            MalformedWebhook: If its length is unknown, or it ends before its length.
        """
        given = str(environ.get("CONTENT_LENGTH") or "")
        length = int(given[:20]) if given.isdecimal() else None
        if length is None:
            # Most servers say whether reading to the end is safe; without it, it may never end.
            # https://peps.python.org/pep-3333/#input-and-error-streams
            if environ.get("wsgi.input_terminated"):
                length = self._max_body_bytes + 1
            elif given or environ.get("HTTP_TRANSFER_ENCODING"):
                raise MalformedWebhook("the body has no length", status_code=411)
            else:
                return b""
        elif length > self._max_body_bytes:
            return None
        body = _read_up_to(environ["wsgi.input"], length)
        if given and len(body) < length:
            raise MalformedWebhook("the body is shorter than its length")
        return body if len(body) <= self._max_body_bytes else None


def _read_up_to(stream: Any, length: int) -> bytes:
    chunks: list[bytes] = []
    missing = length
    while missing > 0:
        chunk = stream.read(min(missing, _CHUNK_BYTES))
        if not chunk:
            break
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)


def _url(environ: Environ) -> str:
    host = environ.get("HTTP_HOST")
    path = f"{environ.get('SCRIPT_NAME') or ''}{environ.get('PATH_INFO') or ''}"
    if not host or _PLAIN_PATH.fullmatch(path) is None:
        return request_uri(environ)
    query = environ.get("QUERY_STRING")
    # The same, in a fifth of the time (benchmarks/receive.py).
    url = f"{environ['wsgi.url_scheme']}://{host}{path}"
    return f"{url}?{query}" if query else url


def _headers(environ: Environ) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name[:5] == "HTTP_"
    }
    for name, header in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        value = environ.get(name)
        if value:
            headers[header] = value
    return headers
