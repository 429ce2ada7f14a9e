"""
The HTTP side: one handler per connection, HTTP/1.1 with keep-alive.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import struct
import sys
import threading

from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, NoReturn

from mailcore_local.ses import inspection
from mailcore_local.ses.errors import ServiceError, new_request_id
from mailcore_local.ses.faults import Fault
from mailcore_local.ses.inspection import Answer
from mailcore_local.ses.model import Route, Router, service_model
from mailcore_local.ses.service import Service, form_fields, injected_error
from mailcore_local.ses.sigv4 import Credentials, SignedRequest, authenticate
from mailcore_local.ses.sns_api import encode_error, encode_result
from mailcore_local.ses.visitors import Visitors


# 40 MB of raw message, base64 in JSON, with room for the rest of the request.
MAX_BODY_BYTES = 60 * 1024 * 1024

# SNS takes these without a signature: the token or the subscription's owner is known by other
# means.
_UNSIGNED_ACTIONS = ("ConfirmSubscription", "Unsubscribe")

logger = logging.getLogger("mailcore_local.ses")


class _ConnectionCut(ConnectionError):
    """
    The connection was reset on purpose: nothing more can be read or written.
    """


class Server(ThreadingHTTPServer):
    """
    The listening socket and what its handlers share.

    Args:
        host: Interface to listen on.
        port: Port, 0 for any.
        credentials: The key pair that signatures are checked with; `None` takes any signature.
    """

    daemon_threads = False
    # Elsewhere the option would let two servers share a port.
    allow_reuse_address = os.name == "posix"
    request_queue_size = 128
    service: Service
    visitors: Visitors

    def __init__(self, host: str, port: int, credentials: Credentials | None) -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)
        self.credentials = credentials
        self.router = Router(service_model("sesv2"))
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()

    @property
    def url(self) -> str:
        """
        The base URL, without a slash at the end.
        """
        host, port = str(self.server_address[0]), self.server_address[1]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not a bind
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def server_bind(self) -> None:
        """
        Bind without the reverse DNS look-up of `HTTPServer`, which can take seconds.
        """
        try:
            TCPServer.server_bind(self)
        except OSError as error:
            host, port = self.server_address[:2]
            reason = f"{error.strerror or error}: {host!s} port {port}"
            raise OSError(error.errno, reason) from None
        self.server_name, self.server_port = "localhost", int(self.server_address[1])

    def stop(self) -> None:
        """
        End the accept loop, break off every connection and wait for the handlers.
        """
        self.stopping.set()
        self.shutdown()
        with self._connections_lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """
        Remember the connection, so that `stop` can end it.
        """
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """
        Forget the connection.
        """
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """
        A client that went away is no news; anything else is a bug and is logged.
        """
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            logger.debug("connection ended: %s", type(error).__name__)
        else:
            logger.error("internal error", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_GET  # noqa: N815

    def handle_expect_100(self) -> bool:
        """
        Let the client send its body: the buffered writer has to be flushed for that.
        """
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def version_string(self) -> str:
        return "mailcore-local-ses"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        # Paths hold addresses, so only the method goes into the log.
        logger.debug("%s", getattr(self, "command", None))

    def _handle(self) -> None:
        body = self._read_body()
        if body is None:
            return
        hosts = self.headers.get_all("Host", [])
        unknown = next((host for host in hosts if not self.server.visitors.serves(host)), None)
        if unknown is not None:
            self._refuse(
                HTTPStatus.FORBIDDEN,
                f"The Host {unknown[:255]!r} is not this server's: it answers to loopback names and"
                " to the host of --host and --public-url.",
            )
            return
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site")
        if not self.server.visitors.is_own(origin, site, hosts):
            self._refuse(HTTPStatus.FORBIDDEN, "Requests from other web sites are refused.")
            return
        path, _, query = self.path.partition("?")
        if path.startswith("/_local/") or path == "/_local":
            self._answer(inspection.answer(self.server.service, self.command, path, body))
        elif path == f"/{self.server.service.signer.certificate_name}":
            pem = self.server.service.signer.certificate_pem
            self._answer(Answer(200, "application/x-pem-file", pem))
        elif path == "/" and self.command == "GET" and "Action=" not in query:
            self._answer(inspection.home(self.server.service))
        elif path == "/" and self.command in ("GET", "POST"):
            self._query(query, body)
        else:
            self._ses(path, query, body)

    def _ses(self, path: str, query: str, body: bytes) -> None:
        request_id = new_request_id()
        try:
            route = self._route(path)
            access_key_id = self._authenticate(path, query, body)
            fault = self.server.service.faults.for_request(route.operation.name)
            if self._interrupted(fault, "hang", "reset"):
                return
            error = injected_error(route.operation, fault)
            if error is not None:
                raise error
            result = self.server.service.call_ses(
                route,
                query,
                body,
                source_ip=str(self.client_address[0]),
                access_key_id=access_key_id,
                fault=fault,
            )
            if self._interrupted(fault, "hang_after_accept", "reset_after_accept"):
                return
        except _ConnectionCut:
            raise
        except ServiceError as error:
            self._answer(_json_error(error, request_id))
            return
        except Exception:
            # A bug must not leave the client hanging or print a traceback into its answer.
            logger.exception("internal error")
            failure = ServiceError(
                "InternalFailure", "Internal error; see the log.", status_code=500
            )
            self._answer(_json_error(failure, request_id))
            return
        payload = json.dumps(result, default=_encode).encode()
        if fault.name == "garbage":
            payload = b"<html>not what you asked for"
        self._answer(Answer(200, "application/json", payload, {"x-amzn-RequestId": request_id}))

    def _query(self, query: str, body: bytes) -> None:
        request_id = new_request_id()
        try:
            form = form_fields(query if self.command == "GET" else body.decode(errors="replace"))
            if form.get("Action") not in _UNSIGNED_ACTIONS or "Authorization" in self.headers:
                self._authenticate("/", query, body)
            operation, result = self.server.service.call_query(form)
            payload = encode_result(operation, result, request_id)
        except ServiceError as error:
            status, payload = error.status_code, encode_error(error, request_id)
        except Exception:
            logger.exception("internal error")
            failure = ServiceError("InternalError", "Internal error; see the log.", status_code=500)
            status, payload = 500, encode_error(failure, request_id)
        else:
            status = 200
        headers = {"x-amzn-RequestId": request_id}
        self._answer(Answer(status, "text/xml", payload, headers))

    def _route(self, path: str) -> Route:
        router = self.server.router
        route = router.find(self.command, path)
        if route is not None:
            return route
        if router.knows_path(path):
            raise ServiceError(
                "MethodNotAllowed", f"{self.command} is not allowed here.", status_code=405
            )
        raise ServiceError(
            "UnknownOperationException", "No operation of SES lives at this path.", status_code=404
        )

    def _authenticate(self, path: str, query: str, body: bytes) -> str:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = SignedRequest(
            method=self.command, path=path, query=query, headers=headers, body=body
        )
        return authenticate(request, self.server.credentials)

    def _interrupted(self, fault: Fault, hang: str, reset: str) -> bool:
        if fault.name == hang:
            stopped = self.server.stopping.wait(fault.seconds)
            if stopped:
                self.close_connection = True
            return stopped
        if fault.name == reset:
            self._reset()
        return False

    def _reset(self) -> NoReturn:
        # Lingering for zero seconds makes the kernel send RST instead of FIN.
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.wfile.close()
        self.rfile.close()
        self.connection.close()
        raise _ConnectionCut

    def _read_body(self) -> bytes | None:
        if "Transfer-Encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "Send a Content-Length, not chunks.")
            return None
        length = self.headers.get("Content-Length", "0").strip()
        if not length.isdecimal() or not length.isascii():
            self._refuse(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
            return None
        size = int(length)
        if size > MAX_BODY_BYTES:
            # Answering while the client still sends would reset the connection under the answer.
            while size > 0 and (chunk := self.rfile.read(min(size, 65536))):
                size -= len(chunk)
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
            return None
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return None
        return body

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        self.close_connection = True
        error = ServiceError("RequestRefused", message, status_code=status)
        self._answer(_json_error(error, new_request_id()))

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()


def _json_error(error: ServiceError, request_id: str) -> Answer:
    body = json.dumps({"message": error.message}).encode()
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code}
    return Answer(error.status_code, "application/json", body, headers)


def _encode(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no JSON form")
