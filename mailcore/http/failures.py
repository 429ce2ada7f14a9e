"""What it means that an exchange over HTTP ended with an exception."""

from __future__ import annotations

import ssl

from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from mailcore.errors import NetworkError, SendError, SendTimeout


if TYPE_CHECKING:
    from mailcore.flow import HttpRequest
    from mailcore.http.connection import ExchangeState

Kind: TypeAlias = Literal["time", "TLS", "connection", "proxy", "request", "other"]
"""What an exception of an HTTP library is about, if nothing was written yet."""


_HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError)
_LIBRARIES = ("requests.", "aiohttp.")


def failure_of(
    error: Exception, kind: Kind, request: HttpRequest, state: ExchangeState
) -> SendError:
    """
    Say what it means that an exchange ended with this exception.

    Args:
        error: The exception; its text stays out, since it repeats URLs and headers.
        kind: What it is about.
        request: What was to be sent.
        state: How far the exchange was.

    Returns:
        The error to raise; it may be accepted if anything was written.
    """
    timed_out = bool(state.timed_out) or kind == "time"
    if state.began and timed_out:
        reason = state.timed_out or "the answer did not end in time"
        return SendTimeout(reason, retryable=False, maybe_accepted=True)
    if state.began:
        reason = f"the connection was lost, or the answer is broken ({type(error).__name__})"
        return NetworkError(reason, retryable=False, maybe_accepted=True)
    if timed_out:
        return SendTimeout(f"no connection to {_where(request)} in time")
    root = root_of(error)
    if kind == "TLS":
        return _tls_failure(root, request)
    if kind in ("connection", "proxy"):
        why = getattr(root, "strerror", None)
        through = " through its proxy" if kind == "proxy" else ""
        where = f"{_where(request)}{through}"
        return NetworkError(f"cannot connect to {where}{f': {why}' if why else ''}")
    if kind == "request":
        reason = (
            f"not a request that can be sent ({type(error).__name__}): look for line breaks and "
            "other control characters in keys, URLs and headers"
        )
        return NetworkError(reason, retryable=False)
    # A bundle of certificates that is not there, a library that is missing or broken.
    return NetworkError(
        f"cannot connect to {_where(request)} ({type(error).__name__}): check the certificates "
        "that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names, and for SOCKS that PySocks is there",
        retryable=False,
    )


def _tls_failure(root: OSError | None, request: HttpRequest) -> NetworkError:
    if isinstance(root, ssl.SSLCertVerificationError):
        why = f"check the certificate: {root.verify_message}"
    elif isinstance(root, _HUNG_UP):
        return NetworkError(f"{_where(request)} ended the connection within the TLS handshake")
    else:
        why = getattr(root, "reason", None) or "no common ground"
    return NetworkError(f"no TLS with {_where(request)}: {why}", retryable=False)


def root_of(error: BaseException) -> OSError | None:
    """The error of the operating system or of TLS beneath those of the libraries."""
    waiting: list[Any] = [error]
    seen: list[Any] = []
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or any(each is other for other in seen):
            continue
        # Those of the libraries are such errors by name only.
        if isinstance(each, OSError) and not type(each).__module__.startswith(_LIBRARIES):
            return each
        seen.append(each)
        waiting += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
    return None


def _where(request: HttpRequest) -> str:
    if request.place:
        return request.place
    parts = urlsplit(request.url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
