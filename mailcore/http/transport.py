"""The transport of HTTP providers: requests, with what could send twice or leak switched off."""

from __future__ import annotations

import importlib
import os
import time

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mailcore._version import VERSION
from mailcore.errors import MailcoreError, NetworkError, SendError, SendTimeout, UnexpectedResponse
from mailcore.flow import HttpRequest, HttpResponse, progress_of_exchange
from mailcore.foundation.forking import ForkSafeLock
from mailcore.http import wire
from mailcore.http.answers import may_be_accepted


if TYPE_CHECKING:
    import requests

    from mailcore.http.connection import ExchangeState

USER_AGENT = f"mailcore/{VERSION}"
"""The header field User-Agent of requests: mailcore and its version."""

_CHUNK_BYTES = 64 * 1024


def prepare() -> None:
    """Import all that an exchange needs: see :meth:`mailcore.provider.Provider.prepare`."""
    # The first is for looking a host up.
    for name in ("encodings.idna", "mailcore.http.adapter", "mailcore.http.connection"):
        importlib.import_module(name)


class RequestsTransport:
    """
    Sends :class:`~mailcore.flow.HttpRequest` through one :class:`requests.Session`.

    No retries, no redirects, no cookies, no credentials from ``~/.netrc``; proxies and
    certificate bundles from the environment as usual. Connections belong to a process: the child
    of a fork makes its own.

    Args:
        session: A session of your own, used as it is. What its connections do is not known as
            well: of their failures, only those that surely came before the request was written
            are told as such, and an answer that drips is not bounded before its body.
        pool_size: Connections kept open; the number of threads that send at once.
    """

    def __init__(self, session: requests.Session | None = None, *, pool_size: int = 10) -> None:
        self._pool_size = pool_size
        self._is_own = session is None
        self._session = session if session is not None else _new_session(pool_size)
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
        """Send a request, and know what it means if that fails."""
        from mailcore.http.connection import ExchangeState, following

        progress = progress_of_exchange()
        if self._is_own:
            progress.began = False
        state = ExchangeState(request.timeout_seconds, len(request.body), progress)
        try:
            with following(state):
                return self._exchange(request)
        except MailcoreError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the connection knows what it means
            if not self._is_own:
                progress.began = not _surely_before(error)
            failure, cause = _failure(error, request, state), _root(error)
        # Not while the other is handled, and without it: its text repeats the URL or a header.
        raise failure from cause

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        deadline: float | None = None
        with self._own_session().request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body or None,
            timeout=request.timeout_seconds,
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
            if not self._is_own:
                deadline = time.monotonic() + request.timeout_seconds
            return HttpResponse(
                status_code=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=_read(response, request, deadline),
            )

    def close(self) -> None:
        """Close all connections."""
        self._own_session().close()

    def _own_session(self) -> requests.Session:
        """The session of this process: its parent goes on using the connections it had."""
        if self._process_id != os.getpid():
            with self._lock:
                if self._process_id != os.getpid():
                    # Kept: what is collected would be closed.
                    self._inherited += [self._session, *_pools(self._session)]
                    if self._is_own:
                        self._session = _new_session(self._pool_size)
                    else:
                        _renew_pools(self._session)
                    self._process_id = os.getpid()
        return self._session


def _new_session(pool_size: int) -> requests.Session:
    from http.cookiejar import DefaultCookiePolicy

    import requests

    from mailcore.http.adapter import NotingAdapter

    session = requests.Session()
    adapter = NotingAdapter(pool_connections=pool_size, pool_maxsize=pool_size, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = USER_AGENT
    # With any auth set, requests leaves ~/.netrc alone; without, it would replace our header.
    session.auth = lambda prepared: prepared
    # Even when told not to follow redirects, requests would look at where one leads, and read its
    # body whole, however large.
    session.get_redirect_target = _no_target  # type: ignore[method-assign]  # on one session
    return session


def _no_target(resp: requests.Response) -> None:  # noqa: ARG001  # as requests calls it
    return None


def _pools(session: requests.Session) -> Iterator[Any]:
    for adapter in session.adapters.values():
        yield getattr(adapter, "poolmanager", None)
        yield getattr(adapter, "proxy_manager", None)


def _renew_pools(session: requests.Session) -> None:
    from requests.adapters import HTTPAdapter

    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            # As if it came out of a pickle: with the same settings, and no connection.
            adapter.__setstate__(adapter.__getstate__())  # type: ignore[attr-defined]  # of requests


def _read(response: requests.Response, request: HttpRequest, deadline: float | None) -> bytes:
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
        if deadline is not None and time.monotonic() > deadline:
            reason = "the answer did not end in time"
            raise SendTimeout(reason, retryable=False, maybe_accepted=True)
        chunks.append(chunk)
    return b"".join(chunks)


def _failure(error: Exception, request: HttpRequest, state: ExchangeState) -> SendError:
    """What it means that an exchange ended with this exception."""
    import requests

    from urllib3.exceptions import TimeoutError as TimeoutOfUrllib3

    timed_out = state.timed_out or isinstance(error, (requests.Timeout, TimeoutOfUrllib3))
    if state.began and timed_out:
        reason = state.timed_out or "the answer did not end in time"
        return SendTimeout(reason, retryable=False, maybe_accepted=True)
    if state.began:
        reason = f"the connection was lost, or the answer is broken ({type(error).__name__})"
        return NetworkError(reason, retryable=False, maybe_accepted=True)
    root = _root(error)
    if timed_out:
        return SendTimeout(f"no connection to {_where(request)} in time")
    if isinstance(error, requests.exceptions.SSLError):
        return _tls_failure(root, request)
    if isinstance(error, requests.ConnectionError):
        why = getattr(root, "strerror", None)
        through = " through its proxy" if isinstance(error, requests.exceptions.ProxyError) else ""
        where = f"{_where(request)}{through}"
        return NetworkError(f"cannot connect to {where}{f': {why}' if why else ''}")
    if isinstance(error, (requests.RequestException, ValueError)):
        reason = f"not a request that can be sent ({type(error).__name__})"
        return NetworkError(reason, retryable=False)
    # A bundle of certificates that is not there, an adapter that is broken.
    return NetworkError(f"cannot connect ({type(error).__name__})", retryable=False)


def _tls_failure(root: OSError | None, request: HttpRequest) -> NetworkError:
    import ssl

    if isinstance(root, ssl.SSLCertVerificationError):
        why = f"check the certificate: {root.verify_message}"
    elif isinstance(root, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return NetworkError(f"{_where(request)} ended the connection within the TLS handshake")
    else:
        why = getattr(root, "reason", None) or "no common ground"
    return NetworkError(f"no TLS with {_where(request)}: {why}", retryable=False)


def _surely_before(error: Exception) -> bool:
    """Whether this failure of a session that is not ours came before the request was written."""
    import ssl

    import requests

    from urllib3.exceptions import NewConnectionError

    if isinstance(error, requests.ConnectionError):
        # urllib3 blames the proxy only until it has a connection through it.
        if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
            return True
        if isinstance(error, requests.exceptions.SSLError):
            return isinstance(_root(error), ssl.SSLCertVerificationError)
        reason = getattr(error.args[0], "reason", None) if error.args else None
        return isinstance(reason, NewConnectionError)
    if isinstance(error, requests.exceptions.InvalidHeader):
        # One of ours is described; one of the answer's comes from urllib3.
        return not any(isinstance(each, Exception) for each in error.args)
    broken_url = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)
    return isinstance(error, (*broken_url, requests.exceptions.MissingSchema, UnicodeEncodeError))


def _root(error: BaseException) -> OSError | None:
    """The error of the operating system or of TLS beneath those of requests and urllib3."""
    import requests

    waiting: list[Any] = [error]
    seen: list[Any] = []
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or any(each is other for other in seen):
            continue
        if isinstance(each, OSError) and not isinstance(each, requests.RequestException):
            return each
        seen.append(each)
        waiting += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
    return None


def _where(request: HttpRequest) -> str:
    parts = urlsplit(request.url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
