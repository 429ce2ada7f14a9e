"""
`/_local/…`: what was accepted and published, faults and events by hand; and the page for people.
"""

from __future__ import annotations

import base64
import html
import json

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from mailcore_local.ses.errors import ServiceError, bad_request, not_found
from mailcore_local.ses.faults import Faults
from mailcore_local.ses.model import Params
from mailcore_local.ses.records import MessageRecord, NotificationRecord, iso_timestamp
from mailcore_local.ses.service import DEFAULT_CONFIGURATION_SET, Service


_NO_HEADERS: Mapping[str, str] = {}


class Answer(NamedTuple):
    """
    An HTTP response.
    """

    status_code: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = _NO_HEADERS


def answer(service: Service, method: str, path: str, body: bytes) -> Answer:
    """
    The answer to a request under `/_local/`; the package's docstring describes them.
    """
    segments = path.strip("/").split("/")[1:]
    try:
        return _dispatch(service, method, segments, body)
    except ServiceError as error:
        document = {"error": error.code, "message": error.message}
        return _json(document, status_code=error.status_code)
    except ValueError as error:
        return _json({"error": "BadRequestException", "message": str(error)}, status_code=400)


def home(service: Service) -> Answer:
    """
    A page that lists the accepted messages.
    """
    with service.lock:
        messages = list(service.messages.values())
    rows = "".join(map(_row, reversed(messages)))
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Local SES</title>"
        f"<h1>Local SES</h1><p>{_escaped(service.base_url)} · topic {_escaped(service.topic_arn)}"
        f" · configuration set {DEFAULT_CONFIGURATION_SET}"
        ' · <a href="/_local/notifications">notifications</a></p>'
        "<table><tr><th>Accepted<th>From<th>To<th>Subject<th></tr>\n"
        f"{rows}</table><p>{len(messages)} messages</p></html>"
    )
    headers = {"Content-Security-Policy": "default-src 'none'"}
    return Answer(200, "text/html; charset=utf-8", page.encode(errors="replace"), headers)


def _row(message: MessageRecord) -> str:
    link = f"/_local/messages/{_escaped(message.message_id)}"
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


def _dispatch(service: Service, method: str, segments: list[str], body: bytes) -> Answer:
    match segments:
        case ["messages", *rest]:
            return _messages(service, method, rest)
        case ["notifications"] if method == "GET":
            records = service.publisher.records
            return _json({"notifications": [notification_document(r) for r in records]})
        case ["faults"]:
            return _faults(service, method, body)
        case ["events"] if method == "POST":
            _emit(service, _object(body))
            return _json({}, status_code=202)
        case ["subscriptions"] if method == "POST":
            return _subscribe(service, _object(body))
        case ["notifications" | "events" | "subscriptions"]:
            raise _method_not_allowed()
    raise not_found("Nothing lives at this path.")


def _messages(service: Service, method: str, rest: list[str]) -> Answer:
    match (method, *rest):
        case ("GET",):
            with service.lock:
                messages = list(service.messages.values())
            return _json({"messages": [message_document(m) for m in messages]})
        case ("DELETE",):
            with service.lock:
                service.messages.clear()
            service.publisher.clear()
            return Answer(204, "application/json", b"")
        case ("GET", message_id):
            return _json(message_document(_message(service, message_id)))
        case ("GET", message_id, "raw"):
            message = _message(service, message_id)
            if message.rendering_error is not None:
                raise not_found(f"Nothing was sent: {message.rendering_error}")
            name = f'attachment; filename="{message.message_id}.eml"'
            return Answer(200, "message/rfc822", message.raw, {"Content-Disposition": name})
        case ("GET", *_):
            raise not_found("Nothing lives at this path.")
    raise _method_not_allowed()


def _faults(service: Service, method: str, body: bytes) -> Answer:
    if method == "DELETE":
        service.faults.clear()
        return Answer(204, "application/json", b"")
    if method == "POST":
        set_faults(service.faults, _object(body))
    elif method != "GET":
        raise _method_not_allowed()
    return _json(service.faults.snapshot())


def _method_not_allowed() -> ServiceError:
    return ServiceError("MethodNotAllowed", "Not allowed here.", status_code=405)


def set_faults(faults: Faults, document: Params) -> None:
    """
    Take over a document of faults, all of it or nothing.

    It is `{"script": […], "notifications": […], "rules": [{"fault", "rate", "operations"}],
    "seed": n, "operations": […]}`, every key optional, or one bare rule `{"fault": …, "rate": …}`.

    Raises:
        ValueError: Something in it is unknown or of the wrong kind.
    """
    _apply_faults(Faults(), document)
    _apply_faults(faults, document)


def _apply_faults(faults: Faults, document: Params) -> None:
    document = dict(document)
    if "fault" in document:
        keys = ("fault", "rate", "operations")
        rule = {key: document.pop(key) for key in keys if key in document}
        document["rules"] = [rule]
    known = ("script", "notifications", "rules", "seed", "operations")
    unknown = [key for key in document if key not in known]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; known are {', '.join(known)}")
    script = _strings(document, "script")
    notifications = _strings(document, "notifications")
    operations = _strings(document, "operations")
    rules = document.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ValueError("'rules' must be a list of objects")
    seed = document.get("seed")
    if seed is not None:
        if not isinstance(seed, int):
            raise ValueError("'seed' must be a whole number")
        faults.seed(seed)
    chosen: Params = {"operations": operations} if operations else {}
    faults.script(*script, **chosen)
    faults.script_notifications(*notifications)
    for rule in rules:
        if "fault" not in rule or "rate" not in rule:
            raise ValueError("a rule needs 'fault' and 'rate'")
        own = _strings(rule, "operations") or operations
        own_operations: Params = {"operations": own} if own else {}
        faults.add(rule["fault"], rate=rule["rate"], **own_operations)


def _emit(service: Service, document: Params) -> None:
    message_id, event_type = document.get("message_id"), document.get("type")
    if not isinstance(message_id, str) or not isinstance(event_type, str):
        raise bad_request("An event needs the strings 'message_id' and 'type'.")
    details = document.get("event", {})
    if not isinstance(details, dict):
        raise bad_request("'event' must be an object.")
    recipients = _strings(document, "recipients") if "recipients" in document else None
    service.emit(message_id, event_type, recipients=recipients, details=details)


def _subscribe(service: Service, document: Params) -> Answer:
    endpoint, raw = document.get("endpoint"), document.get("raw_message_delivery", False)
    if not isinstance(endpoint, str) or not isinstance(raw, bool):
        raise bad_request("A subscription needs the string 'endpoint'.")
    with service.lock:
        subscription = service.topics.subscribe(
            service.topic_arn, endpoint, raw_message_delivery=raw
        )
    return _json({"subscription_arn": subscription.arn}, status_code=202)


def _message(service: Service, message_id: str) -> MessageRecord:
    with service.lock:
        message = service.messages.get(message_id)
    if message is None:
        raise not_found("No message with this id was accepted.")
    return message


def _object(body: bytes) -> Params:
    try:
        document = json.loads(body)
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


def _json(document: Params, *, status_code: int = 200) -> Answer:
    body = json.dumps(document, default=_encode, indent=2).encode()
    return Answer(status_code, "application/json", body)


def _encode(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return iso_timestamp(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)
