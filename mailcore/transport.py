"""The transport of HTTP providers: requests, with what could send twice or leak switched off."""

from __future__ import annotations

import importlib
import time

from collections.abc import Iterator
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from mailcore._version import VERSION
from mailcore.errors import MailcoreError, NetworkError, SendTimeout, UnexpectedResponse
from mailcore.flow import HttpRequest, HttpResponse


if TYPE_CHECKING:
    import requests

USER_AGENT = f"mailcore/{VERSION}"


def prepare() -> None:
    """Import all that an exchange needs: see :meth:`mailcore.provider.Provider.prepare`."""
    for name in ("encodings.idna", "requests.adapters"):  # the first is for looking a host up
        importlib.import_module(name)


class RequestsTransport:
    """
    Sends :class:`~mailcore.flow.HttpRequest` through one :class:`requests.Session`.

    No retries, no redirects, no cookies, no credentials from ``~/.netrc``; proxies and
    certificate bundles from the environment as usual.

    Args:
        session: A session of your own, used as it is.
        pool_size: Connections kept open; the number of threads that send at once.
    """

    def __init__(self, session: requests.Session | None = None, *, pool_size: int = 10) -> None:
        self._session = session if session is not None else _new_session(pool_size)

    def exchange(self, request: HttpRequest) -> HttpResponse:
        """
        Send a request.

        Raises:
            NetworkError: If no connection was made, or it was lost (then ``maybe_accepted``).
            SendTimeout: If no answer came in time.
            UnexpectedResponse: If the answer is larger than the request allows.
        """
        import requests

        deadline = time.monotonic() + request.timeout_seconds
        try:
            with self._session.request(
                request.method,
                request.url,
                headers=dict(request.headers),
                data=request.body or None,
                timeout=request.timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                return HttpResponse(
                    status_code=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=_read(response, request, deadline),
                )
        except MailcoreError:
            raise
        except requests.ConnectTimeout as error:
            raise SendTimeout("no connection in time") from error
        except requests.ReadTimeout as error:
            raise SendTimeout("no answer in time", retryable=False, maybe_accepted=True) from error
        except requests.exceptions.SSLError as error:
            raise NetworkError("TLS failed: check the certificate", retryable=False) from error
        except requests.ConnectionError as error:
            if _never_connected(error):
                raise NetworkError("cannot connect") from error
            raise _lost() from error
        except (requests.RequestException, ValueError) as error:
            # Not chained: the cause repeats the header or URL, which may hold secrets.
            reason = f"not a request that can be sent ({type(error).__name__})"
            raise NetworkError(reason, retryable=False) from None
        except OSError as error:  # a bundle of certificates that is not there
            raise NetworkError("cannot connect", retryable=False) from error

    def close(self) -> None:
        """Close all connections."""
        self._session.close()


def _new_session(pool_size: int) -> requests.Session:
    from http.cookiejar import DefaultCookiePolicy

    import requests

    from requests.adapters import HTTPAdapter

    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=pool_size, pool_maxsize=pool_size, max_retries=0)
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


def _read(response: requests.Response, request: HttpRequest, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in _chunks(response.raw):
        size += len(chunk)
        if size > request.max_response_bytes:
            raise UnexpectedResponse(
                f"the answer is larger than {request.max_response_bytes} bytes",
                status_code=response.status_code,
                maybe_accepted=response.status_code < 300,
            )
        if time.monotonic() > deadline:
            raise SendTimeout(
                "the answer did not end in time", retryable=False, maybe_accepted=True
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _chunks(raw: Any) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    # What has arrived, and not what fills a buffer: else a body that drips would never meet the
    # deadline. urllib3 1.x can do so byte by byte only.
    if hasattr(raw, "read1"):
        chunks = iter(lambda: raw.read1(64 * 1024, decode_content=True), b"")
    else:
        chunks = raw.stream(1, decode_content=True)
    try:
        yield from chunks
        if getattr(raw, "length_remaining", None):
            # urllib3 1.x does not mind.
            raise _lost()
    except ReadTimeoutError as error:
        raise SendTimeout(
            "the answer did not end in time", retryable=False, maybe_accepted=True
        ) from error
    except (HTTPError, HTTPException, OSError) as error:
        raise _lost() from error


def _never_connected(error: requests.ConnectionError) -> bool:
    from requests.exceptions import ProxyError
    from urllib3.exceptions import NewConnectionError

    # urllib3 blames the proxy only until it has a connection through it.
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, ProxyError) or isinstance(reason, NewConnectionError)


def _lost() -> NetworkError:
    return NetworkError("the connection was lost", retryable=False, maybe_accepted=True)
