"""
Exchanges without a proxy, over connections of urllib3: what most exchanges are.

urllib3 makes, keeps and replaces the connections; the request is written, and the answer read, as
:mod:`http.client` does it. The layers that urllib3 has above that (retries, redirects, bodies of
all kinds, answers as files) take as long as the rest, and nothing of them is used here. Where
something has replaced them in order to watch or to answer, exchanges go through them: see
:func:`urllib3_is_replaced`.
"""

from __future__ import annotations

import errno
import http.client
import io
import re
import ssl

from types import FunctionType
from typing import Any

import urllib3

from urllib3 import connectionpool, exceptions, poolmanager
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import HTTPResponse as Decoding

from mailcore.errors import UnexpectedResponse
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http.answers import may_be_accepted
from mailcore.http.connection import PIECE_BYTES
from mailcore.http.pools import DirectPools


CHUNK_BYTES = 64 * 1024
"""How much of an answer is read at a time, at most."""

# A server may answer, and close, before it has read the request.
_ANSWERED_EARLY = (errno.EPIPE, errno.ECONNRESET, errno.EPROTOTYPE)
_HAVE_BODIES = ("POST", "PUT", "PATCH")
_FOLD = re.compile(r"\r?\n[ \t]*")


def urllib3_is_replaced() -> bool:
    """Whether what sends in urllib3 is not what urllib3 brought: a mock, or instrumentation."""
    pool, manager = HTTPConnectionPool.urlopen, urllib3.PoolManager.urlopen
    return not (_is_of(pool, connectionpool) and _is_of(manager, poolmanager))


def _is_of(function: object, module: Any) -> bool:
    return type(function) is FunctionType and function.__code__.co_filename == module.__file__


def exchange(
    pools: DirectPools, request: HttpRequest, url: str, headers: dict[str, str]
) -> HttpResponse:
    """
    Send a request, and read the answer to its end.

    Args:
        pools: Have the connections.
        request: What is sent.
        url: Where to, as it was checked.
        headers: What is sent before its body, as it was checked.

    Raises:
        UnexpectedResponse: If the answer is larger than the request allows, or ends in another
            protocol.
        urllib3.exceptions.HTTPError, ValueError: As urllib3 says it.
    """
    pool, target = pools.place_of(url)
    seconds, connect_seconds = request.timeout_seconds, request.connect_timeout_seconds
    timeout = urllib3.Timeout(
        connect=seconds if connect_seconds is None else connect_seconds, read=seconds
    )
    connection = pool._get_conn()
    try:
        connection.timeout = timeout.connect_timeout
        if connection.is_closed:
            connection.connect()
        response = _answered(connection, request, target, headers)
    except BaseException as error:
        connection.close()
        pool._put_conn(None)
        # As urllib3's own layers tell them apart.
        if isinstance(error, ssl.SSLError):
            raise exceptions.SSLError(error) from error
        if isinstance(error, TimeoutError):
            raise exceptions.TimeoutError(error) from error
        if isinstance(error, (OSError, http.client.HTTPException)):
            raise exceptions.ProtocolError("Connection aborted.", error) from error
        raise
    pool._put_conn(connection)
    return response


def _answered(
    connection: Any, request: HttpRequest, target: str, headers: dict[str, str]
) -> HttpResponse:
    try:
        _write(connection, request, target, headers)
    except OSError as error:
        if error.errno not in _ANSWERED_EARLY:
            raise
    answer = http.client.HTTPConnection.getresponse(connection)
    try:
        return _read(answer, request.max_response_bytes)
    finally:
        answer.close()


def exchange_by_urllib3(
    manager: urllib3.PoolManager, request: HttpRequest, url: str, headers: dict[str, str]
) -> HttpResponse:
    """The same as :func:`exchange`, through a proxy if the manager has one, by all of urllib3."""
    seconds, connect_seconds = request.timeout_seconds, request.connect_timeout_seconds
    response = manager.urlopen(
        request.method,
        url,
        body=request.body or None,
        headers=headers,
        retries=False,
        redirect=False,
        timeout=urllib3.Timeout(
            connect=seconds if connect_seconds is None else connect_seconds, read=seconds
        ),
        preload_content=False,
    )
    try:
        _refuse_interim(response.status)
        return HttpResponse(
            status_code=response.status,
            headers={
                name.lower(): _on_one_line(value) for name, value in response.headers.itermerged()
            },
            body=read_bounded(response, request.max_response_bytes, response.status),
        )
    finally:
        # One that was read to its end has given its connection back.
        response.close()


def _on_one_line(text: str) -> str:
    """A header without the line folding of old (RFC 9112, section 5.2), which urllib3 2.7 keeps."""
    return _FOLD.sub(" ", text) if "\n" in text else text


def _refuse_interim(status: int) -> None:
    if status < 200:
        # Whoever reads on would find another protocol, or an answer that comes later.
        raise UnexpectedResponse(
            f"the answer does not end with status {status}", status_code=status, maybe_accepted=True
        )


def _write(connection: Any, request: HttpRequest, target: str, headers: dict[str, str]) -> None:
    body = request.body
    given = {name.lower() for name in headers}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    is_framed = "content-length" in given or "transfer-encoding" in given
    if not is_framed and (body or request.method in _HAVE_BODIES):
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines).encode("latin-1")
    connection.putrequest(
        request.method, target, skip_host="host" in given, skip_accept_encoding=True
    )
    # All at once: putheader() checks what was checked before, and takes 2 microseconds for each
    # (benchmarks/send.py).
    connection._output(head)
    connection.holds_next = 0 < len(body) <= PIECE_BYTES
    connection.endheaders(body or None)


def _read(answer: http.client.HTTPResponse, max_bytes: int) -> HttpResponse:
    status = answer.status
    _refuse_interim(status)
    headers: dict[str, str] = {}
    for spelled, text in answer.headers.raw_items():
        name, value = spelled.lower(), _on_one_line(text)
        known = headers.get(name)
        headers[name] = value if known is None else f"{known}, {value}"
    body = read_bounded(answer, max_bytes, status, answer.length)
    coding = headers.get("content-encoding")
    if coding and body:
        decoding = Decoding(
            io.BytesIO(body), {"content-encoding": coding}, status, preload_content=False
        )
        body = read_bounded(decoding, max_bytes, status)
    return HttpResponse(status_code=status, headers=headers, body=body)


def read_bounded(answer: Any, max_bytes: int, status: int, length: int | None = None) -> bytes:
    """
    Read an answer to its end.

    Args:
        answer: An answer of :mod:`http.client` or of urllib3.
        max_bytes: How large it may be.
        status: The status that it has.
        length: How many bytes it has, if that is known.

    Raises:
        UnexpectedResponse: If it is larger.
        http.client.IncompleteRead: If it ends before it should.
    """
    chunks: list[bytes] = []
    size = 0
    while length is None or size < length:
        # What has arrived, and not what fills a buffer: else a body that drips meets no deadline.
        chunk = answer.read1(CHUNK_BYTES)
        if not chunk:
            break
        size += len(chunk)
        if size > max_bytes:
            raise UnexpectedResponse(
                f"the answer is larger than {max_bytes} bytes",
                status_code=status,
                maybe_accepted=may_be_accepted(status),
            )
        chunks.append(chunk)
    if length is not None and size < length:
        raise http.client.IncompleteRead(b"", length - size)
    return b"".join(chunks)
