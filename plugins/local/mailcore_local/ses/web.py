"""
The HTTP side of the local SES: an application of Starlette, at the root or mounted below a path.
"""

from __future__ import annotations

import asyncio
import json
import logging

from collections.abc import Awaitable, Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from mailcore_local.serving import ConnectionCut, Interruptions, read_body
from mailcore_local.ses.decoding import form_fields
from mailcore_local.ses.errors import ServiceError, new_request_id
from mailcore_local.ses.faults import injected_error
from mailcore_local.ses.inspection import home, inspection
from mailcore_local.ses.model import Route as Operation
from mailcore_local.ses.model import Router, service_model
from mailcore_local.ses.service import Service
from mailcore_local.ses.sigv4 import Credentials, SignedRequest, authenticate
from mailcore_local.ses.sns_api import encode_error, encode_result


# SNS takes these without a signature: the token or the subscription's owner is known by other
# means.
_UNSIGNED_ACTIONS = ("ConfirmSubscription", "Unsubscribe")

logger = logging.getLogger("mailcore_local.ses")


def application(
    service: Service, credentials: Credentials | None, stopping: asyncio.Event
) -> Starlette:
    """
    The application: sesv2, SNS, the certificate, and what `/_local/` tells.

    Below a path, SDKs need that path with a slash at its end for SNS: they post to the URL itself.

    Args:
        service: The service that answers the calls.
        credentials: The key pair that signatures are checked with; `None` takes any signature.
        stopping: Is set when requests that hang are to end.
    """
    api = _Api(service, credentials, stopping)
    certificate = f"/{service.signer.certificate_name}"
    return Starlette(
        routes=[
            Route("/", _Endpoint(api.root)),
            Route(certificate, _Endpoint(api.certificate)),
            Mount("/_local", inspection(service)),
            Route("/{path:path}", _Endpoint(api.ses)),
        ],
        exception_handlers={HTTPException: _http_error},
    )


class _Endpoint:
    """
    A handler for every method: Starlette gives a function only those that it is told.
    """

    def __init__(self, handler: Callable[[Request], Awaitable[Response]]) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handler(Request(scope, receive))
        await response(scope, receive, send)


class _Api:
    """
    The handlers.
    """

    def __init__(
        self, service: Service, credentials: Credentials | None, stopping: asyncio.Event
    ) -> None:
        self._service = service
        self._credentials = credentials
        self._interruptions = Interruptions(stopping)
        self._router = Router(service_model("sesv2"))

    async def root(self, request: Request) -> Response:
        """
        A page for people, or the query protocol.
        """
        body = await read_body(request)
        if request.method == "GET" and "Action=" not in request.url.query:
            return home(self._service)
        if request.method in ("GET", "POST"):
            return self._query(request, body)
        return await self._operation(request, body)

    async def certificate(self, request: Request) -> Response:
        """
        The certificate of the signatures.
        """
        pem = self._service.signer.certificate_pem
        return Response(pem, headers={"Content-Type": "application/x-pem-file"})

    async def ses(self, request: Request) -> Response:
        """
        An operation of sesv2.
        """
        return await self._operation(request, await read_body(request))

    async def _operation(self, request: Request, body: bytes) -> Response:
        request_id = new_request_id()
        try:
            payload = await self._answer(request, body)
        except ServiceError as error:
            return _json_error(error, request_id)
        except (ClientDisconnect, ConnectionCut):
            raise
        except Exception:
            # The SDK is told in its own terms; without a traceback.
            logger.exception("internal error")
            failure = ServiceError(
                "InternalFailure", "Internal error; see the log.", status_code=500
            )
            return _json_error(failure, request_id)
        return _response(200, "application/json", payload, {"x-amzn-RequestId": request_id})

    async def _answer(self, request: Request, body: bytes) -> bytes:
        operation = self._find(request.method, _path_below_mount(request.scope))
        access_key_id = self._authenticate(request, body)
        fault = self._service.faults.for_request(operation.operation.name)
        await self._interruptions.before_accepting(request, fault)
        error = injected_error(operation.operation, fault)
        if error is not None:
            raise error
        self._service.surroundings.asked(request, body)
        result = self._service.call_ses(
            operation,
            request.url.query,
            body,
            source_ip=request.client.host if request.client else "",
            access_key_id=access_key_id,
            fault=fault,
        )
        payload = json.dumps(result, default=_encode).encode()
        return await self._interruptions.after_accepting(request, fault, payload)

    def _query(self, request: Request, body: bytes) -> Response:
        request_id = new_request_id()
        try:
            text = request.url.query if request.method == "GET" else body.decode(errors="replace")
            form = form_fields(text)
            if form.get("Action") not in _UNSIGNED_ACTIONS or "Authorization" in request.headers:
                self._authenticate(request, body)
            operation, result = self._service.call_query(form)
            payload = encode_result(operation, result, request_id)
        except ServiceError as error:
            status, payload = error.status_code, encode_error(error, request_id)
        except Exception:
            logger.exception("internal error")
            failure = ServiceError("InternalError", "Internal error; see the log.", status_code=500)
            status, payload = 500, encode_error(failure, request_id)
        else:
            status = 200
        return _response(status, "text/xml", payload, {"x-amzn-RequestId": request_id})

    def _find(self, method: str, path: str) -> Operation:
        operation = self._router.find(method, path)
        if operation is not None:
            return operation
        if self._router.knows_path(path):
            raise ServiceError(
                "MethodNotAllowed", f"{method} is not allowed here.", status_code=405
            )
        raise ServiceError(
            "UnknownOperationException", "No operation of SES lives at this path.", status_code=404
        )

    def _authenticate(self, request: Request, body: bytes) -> str:
        signed = SignedRequest(
            method=request.method,
            path=_raw_path(request.scope),
            query=request.url.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
        )
        return authenticate(signed, self._credentials)


def _raw_path(scope: Scope) -> str:
    """
    The path as it stood in the request line, percent-encoded.
    """
    return str(scope["raw_path"].decode("ascii"))


def _path_below_mount(scope: Scope) -> str:
    return _raw_path(scope).removeprefix(scope.get("root_path", ""))


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refused = ServiceError("RequestRefused", error.detail, status_code=error.status_code)
    response = _json_error(refused, new_request_id())
    response.headers["Connection"] = "close"
    return response


def _json_error(error: ServiceError, request_id: str) -> Response:
    body = json.dumps({"message": error.message}).encode()
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code}
    return _response(error.status_code, "application/json", body, headers)


def _response(status: int, content_type: str, body: bytes, headers: dict[str, str]) -> Response:
    return Response(body, status, {"Content-Type": content_type, **headers})


def _encode(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no JSON form")
