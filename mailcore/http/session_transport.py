"""The transport for whoever has a session of requests that is to be used as it is."""

from __future__ import annotations

import os
import ssl
import time

from collections.abc import Iterator
from typing import Any

import requests

from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from urllib3.exceptions import TimeoutError as TimeoutOfUrllib3

from mailcore.errors import MailcoreError, SendTimeout, UnexpectedResponse
from mailcore.flow import HttpRequest, HttpResponse, progress_of_exchange
from mailcore.foundation.forking import ForkSafeLock
from mailcore.http import wire
from mailcore.http.answers import may_be_accepted
from mailcore.http.connection import ExchangeState
from mailcore.http.failures import Kind, failure_of, root_of


_CHUNK_BYTES = 64 * 1024


class RequestsTransport:
    """
    Sends :class:`~mailcore.flow.HttpRequest` through a :class:`requests.Session` of your own.

    It is used as it is, with its headers, adapters and retries; redirects are not followed. What
    its connections do is not known as well as with
    :class:`~mailcore.http.transport.HttpTransport`: of their failures, only those that surely came
    before the request was written are told as such, and an answer that drips is not bounded before
    its body. Connections belong to a process: the child of a fork makes its own.

    Args:
        session: The session that sends the requests.
    """

    def __init__(self, session: requests.Session) -> None:
        self._session = session
        self._process_id = os.getpid()
        self._lock = ForkSafeLock()
        self._inherited: list[Any] = []

    def exchange(self, request: HttpRequest) -> HttpResponse:
        """
        Send a request.

        Raises:
            NetworkError: If no connection was made, or it was lost (then ``maybe_accepted``).
            SendTimeout: If no answer came in time.
            UnexpectedResponse: If the answer is larger than the request allows, or ends in
                another protocol.
        """
        if wire.is_on():
            return wire.http_logged(request, self._noted)
        return self._noted(request)

    def _noted(self, request: HttpRequest) -> HttpResponse:
        """Send a request, and say what it means if that fails."""
        progress = progress_of_exchange()
        try:
            return self._exchange(request)
        except MailcoreError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told as one of ours
            progress.began = not _surely_before(error)
            state = ExchangeState(request.timeout_seconds, len(request.body), progress)
            failure, cause = failure_of(error, _kind(error), request, state), root_of(error)
        # Not while the other is handled, and without it: its text repeats the URL or a header.
        raise failure from cause

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        with self._own_session().request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body or None,
            timeout=(
                request.timeout_seconds
                if request.connect_timeout_seconds is None
                else (request.connect_timeout_seconds, request.timeout_seconds)
            ),
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.status_code < 200:
                # Whoever reads on would find another protocol, or an answer that comes later.
                raise UnexpectedResponse(
                    f"the answer does not end with status {response.status_code}",
                    status_code=response.status_code,
                    maybe_accepted=True,
                )
            return HttpResponse(
                status_code=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=_read(response, request, time.monotonic() + request.timeout_seconds),
            )

    def close(self) -> None:
        """Close all connections."""
        self._own_session().close()

    def _own_session(self) -> requests.Session:
        """The session, without the connections of another process, which goes on using them."""
        if self._process_id != os.getpid():
            with self._lock:
                if self._process_id != os.getpid():
                    # Kept: what is collected would be closed.
                    self._inherited += _pools(self._session)
                    _renew_pools(self._session)
                    self._process_id = os.getpid()
        return self._session


def _pools(session: requests.Session) -> Iterator[Any]:
    for adapter in session.adapters.values():
        yield getattr(adapter, "poolmanager", None)
        yield getattr(adapter, "proxy_manager", None)


def _renew_pools(session: requests.Session) -> None:
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            # As if it came out of a pickle: with the same settings, and no connection.
            adapter.__setstate__(adapter.__getstate__())  # type: ignore[attr-defined]  # of requests


def _read(response: requests.Response, request: HttpRequest, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    # What has arrived, and not what fills a buffer: else a body that drips meets no deadline.
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        size += len(chunk)
        if size > request.max_response_bytes:
            raise UnexpectedResponse(
                f"the answer is larger than {request.max_response_bytes} bytes",
                status_code=response.status_code,
                maybe_accepted=may_be_accepted(response.status_code),
            )
        if time.monotonic() > deadline:
            reason = "the answer did not end in time"
            raise SendTimeout(reason, retryable=False, maybe_accepted=True)
        chunks.append(chunk)
    return b"".join(chunks)


def _kind(error: Exception) -> Kind:
    """What an exception of requests is about, if nothing was written yet."""
    if isinstance(error, (requests.Timeout, TimeoutOfUrllib3)):
        return "time"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS"
    if isinstance(error, requests.exceptions.ProxyError):
        return "proxy"
    if isinstance(error, requests.ConnectionError):
        return "connection"
    if isinstance(error, (requests.RequestException, ValueError)):
        return "request"
    return "other"


def _surely_before(error: Exception) -> bool:
    """Whether this failure came before the request was written."""
    if isinstance(error, requests.ConnectionError):
        # urllib3 blames the proxy only until it has a connection through it.
        if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
            return True
        if isinstance(error, requests.exceptions.SSLError):
            return isinstance(root_of(error), ssl.SSLCertVerificationError)
        reason = getattr(error.args[0], "reason", None) if error.args else None
        return isinstance(reason, NewConnectionError)
    if isinstance(error, requests.exceptions.InvalidHeader):
        # One of ours is described; one of the answer's comes from urllib3.
        return not any(isinstance(each, Exception) for each in error.args)
    broken_url = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)
    return isinstance(error, (*broken_url, requests.exceptions.MissingSchema, UnicodeEncodeError))
