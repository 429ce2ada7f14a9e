"""
`/_local/…`: what was accepted and published, faults and events by hand; and the page for people.
"""

from __future__ import annotations

import base64
import html
import json

from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailcore_local.engine import set_faults
from mailcore_local.serving import read_body
from mailcore_local.ses.errors import ServiceError, bad_request, not_found
from mailcore_local.ses.model import Params
from mailcore_local.ses.records import MessageRecord, NotificationRecord, iso_timestamp
from mailcore_local.ses.service import DEFAULT_CONFIGURATION_SET, Service


_NOT_FOUND_TEXTS = {404: "Nothing lives at this path.", 405: "Not allowed here."}


def inspection(service: Service) -> Starlette:
    """
    The application behind `/_local/`; the package's docstring describes what it answers.
    """
    api = _Inspection(service)
    return Starlette(
        routes=[
            Route("/messages", api.messages, methods=["GET"]),
            Route("/messages", api.forget, methods=["DELETE"]),
            Route("/messages/{message_id}", api.message, methods=["GET"]),
            Route("/messages/{message_id}/raw", api.raw, methods=["GET"]),
            Route("/notifications", api.notifications, methods=["GET"]),
            Route("/faults", api.faults, methods=["GET"]),
            Route("/faults", api.add_faults, methods=["POST"]),
            Route("/faults", api.clear_faults, methods=["DELETE"]),
            Route("/events", api.emit, methods=["POST"]),
            Route("/subscriptions", api.subscribe, methods=["POST"]),
        ],
        exception_handlers={
            HTTPException: _http_error,
            ServiceError: _service_error,
            ValueError: _value_error,
        },
    )


def home(service: Service) -> Response:
    """
    A page that lists the accepted messages.
    """
    messages = service.messages.all()
    rows = "".join(map(_row, reversed(messages)))
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Local SES</title>"
        f"<h1>Local SES</h1><p>{_escaped(service.base_url)} · topic {_escaped(service.topic_arn)}"
        f" · configuration set {DEFAULT_CONFIGURATION_SET}"
        ' · <a href="_local/notifications">notifications</a></p>'
        "<table><tr><th>Accepted<th>From<th>To<th>Subject<th></tr>\n"
        f"{rows}</table><p>{len(messages)} messages</p></html>"
    )
    headers = {"Content-Security-Policy": "default-src 'none'"}
    return HTMLResponse(page.encode(errors="replace"), headers=headers)


def _row(message: MessageRecord) -> str:
    # Relative: the page may be below a path.
    link = f"_local/messages/{_escaped(message.message_id)}"
    subject = _escaped(message.subject)
    links = f'<a href="{link}">JSON</a> <a href="{link}/raw">.eml</a>'
    if message.rendering_error is not None:
        # SES accepted it, and sends nothing.
        subject = f"<strong>Rendering failure:</strong> {_escaped(message.rendering_error)}"
        links = f'<a href="{link}">JSON</a>'
    return (
        "<tr>"
        f"<td>{_escaped(iso_timestamp(message.accepted_at))}</td>"
        f"<td>{_escaped(message.from_email)}</td>"
        f"<td>{_escaped(', '.join(message.destination))}</td>"
        f"<td>{subject}</td>"
        f"<td>{links}</td>"
        "</tr>\n"
    )


def message_document(message: MessageRecord) -> Params:
    """
    A message as JSON.
    """
    return {
        "message_id": message.message_id,
        "operation": message.operation,
        "accepted_at": iso_timestamp(message.accepted_at),
        "from_email": message.from_email,
        "destination": list(message.destination),
        "to": list(message.to),
        "cc": list(message.cc),
        "bcc": list(message.bcc),
        "subject": message.subject,
        "headers": [{"name": name, "value": value} for name, value in message.headers],
        "configuration_set_name": message.configuration_set_name,
        "tags": {name: list(values) for name, values in message.tags.items()},
        "header_message_id": message.header_message_id,
        "header_date": message.header_date,
        "rendering_error": message.rendering_error,
        "size_bytes": len(message.raw),
        "parameters": message.parameters,
    }


def notification_document(record: NotificationRecord) -> Params:
    """
    A notification as JSON.
    """
    return {
        "message_id": record.message_id,
        "type": record.type,
        "topic_arn": record.topic_arn,
        "subscription_arn": record.subscription_arn,
        "endpoint": record.endpoint,
        "message": record.message,
        "event_type": record.event_type,
        "ses_message_id": record.ses_message_id,
        "body": record.body,
        "attempts": list(record.attempts),
        "state": record.state,
    }


class _Inspection:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def messages(self, request: Request) -> Response:
        messages = self._service.messages.all()
        return _json({"messages": [message_document(m) for m in messages]})

    async def forget(self, request: Request) -> Response:
        self._service.messages.clear()
        self._service.publisher.clear()
        return Response(status_code=204)

    async def message(self, request: Request) -> Response:
        return _json(message_document(self._message(request)))

    async def raw(self, request: Request) -> Response:
        message = self._message(request)
        if message.rendering_error is not None:
            raise not_found(f"Nothing was sent: {message.rendering_error}")
        name = f'attachment; filename="{message.message_id}.eml"'
        headers = {"Content-Type": "message/rfc822", "Content-Disposition": name}
        return Response(message.raw, headers=headers)

    async def notifications(self, request: Request) -> Response:
        records = self._service.publisher.records
        return _json({"notifications": [notification_document(r) for r in records]})

    async def faults(self, request: Request) -> Response:
        return _json(self._service.faults.snapshot())

    async def add_faults(self, request: Request) -> Response:
        set_faults(self._service.faults, await _object(request))
        return _json(self._service.faults.snapshot())

    async def clear_faults(self, request: Request) -> Response:
        self._service.faults.clear()
        return Response(status_code=204)

    async def emit(self, request: Request) -> Response:
        document = await _object(request)
        message_id, event_type = document.get("message_id"), document.get("type")
        if not isinstance(message_id, str) or not isinstance(event_type, str):
            raise bad_request("An event needs the strings 'message_id' and 'type'.")
        details = document.get("event", {})
        if not isinstance(details, dict):
            raise bad_request("'event' must be an object.")
        recipients = _strings(document, "recipients") if "recipients" in document else None
        self._service.emit(message_id, event_type, recipients=recipients, details=details)
        return _json({}, status_code=202)

    async def subscribe(self, request: Request) -> Response:
        document = await _object(request)
        endpoint, raw = document.get("endpoint"), document.get("raw_message_delivery", False)
        if not isinstance(endpoint, str) or not isinstance(raw, bool):
            raise bad_request("A subscription needs the string 'endpoint'.")
        subscription = self._service.subscribe(endpoint, raw_message_delivery=raw)
        return _json({"subscription_arn": subscription.arn}, status_code=202)

    def _message(self, request: Request) -> MessageRecord:
        message = self._service.messages.get(request.path_params["message_id"])
        if message is None:
            raise not_found("No message with this id was accepted.")
        return message


async def _object(request: Request) -> Params:
    try:
        document = json.loads(await read_body(request))
    except (ValueError, RecursionError):
        raise bad_request("The body is not valid JSON.") from None
    if not isinstance(document, dict):
        raise bad_request("The body is not a JSON object.")
    return document


def _strings(document: Params, key: str) -> list[str]:
    value = document.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{key!r} must be a list of strings")
    return value


def _json(document: Params, *, status_code: int = 200) -> Response:
    body = json.dumps(document, default=_encode, indent=2).encode()
    return Response(body, status_code, {"Content-Type": "application/json"})


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = _NOT_FOUND_TEXTS.get(error.status_code, error.detail)
    return _json({"error": "RequestRefused", "message": message}, status_code=error.status_code)


async def _service_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    document = {"error": error.code, "message": error.message}
    return _json(document, status_code=error.status_code)


async def _value_error(_: Request, error: Exception) -> Response:
    return _json({"error": "BadRequestException", "message": str(error)}, status_code=400)


def _encode(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return iso_timestamp(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)
