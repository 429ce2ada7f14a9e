"""The requests that would send a message, shown without sending and without secrets."""

from __future__ import annotations

import base64
import dataclasses
import json

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from mailcore.cli import output
from mailcore.cli.choosing import SECRET_NAME, Chosen
from mailcore.flow import HttpRequest
from mailcore.mailer import Mailer
from mailcore.message.message import Message


HIDDEN = "(hidden)"

# The rest may authenticate, whatever the ESP calls it.
_SHOWN_HEADERS = frozenset(["accept", "content-length", "content-type", "host", "user-agent"])


class Described(NamedTuple):
    """
    What a send would do, as plain JSON.

    Attributes:
        provider: The name of the provider that would send; of a pool, that of the member.
        requests: An object for each request.
        passed_over: Why members of a pool would be passed over, by their names.
    """

    provider: str
    requests: list[dict[str, Any]]
    passed_over: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; members that are passed over only if there are some."""
        document: dict[str, object] = {"provider": self.provider, "requests": self.requests}
        return {**document, "passed_over": self.passed_over} if self.passed_over else document


def described(mailer: Mailer, chosen: Chosen, message: Message) -> Described:
    """
    Check a message as a send does, and describe the requests that would send it.

    Fields of a request that keep their default are left out, and those that make no difference to
    two requests (``compare=False``): they are between a provider and its transport.

    Raises:
        MessageError: If the message is wrong for the provider.
        CancelSend: If an extension calls the send off.
    """
    preview = mailer.preview(message)
    requests = [_described(request, chosen.secrets) for request in preview.requests]
    passed_over = {error.provider: str(error) for error in preview.passed_over}
    return Described(preview.provider, requests, passed_over)


def show(described: Described) -> None:
    """Write the requests for people."""
    provider, requests = described.provider, described.requests
    for reason in described.passed_over.values():
        output.note(f"passed over: {reason}")
    for position, request in enumerate(requests, 1):
        title = f"request {position} of {len(requests)} to {provider}: {request['type']}"
        output.write(output.printable(title))
        for name, value in request.items():
            if name != "type":
                for line in _lines(name, value):
                    output.write(f"  {line}".rstrip())
    output.note("dry run: nothing was sent")


def _described(request: object, secrets: Sequence[str]) -> dict[str, Any]:
    described: dict[str, Any] = {"type": type(request).__name__}
    if isinstance(request, HttpRequest):
        described |= {
            "method": request.method,
            "url": _url(request.url),
            "headers": {
                name: value if name.lower() in _SHOWN_HEADERS else HIDDEN
                for name, value in request.headers.items()
            },
            "body": _body(request),
            "recipients": list(request.recipients),
        }
    elif dataclasses.is_dataclass(request):
        for field in dataclasses.fields(request):
            value = getattr(request, field.name)
            if field.compare and value != _default_of(field):
                described[field.name] = value
    else:
        described["request"] = request
    shown: dict[str, Any] = _plain(described, secrets)
    return shown


def _default_of(field: dataclasses.Field[Any]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _url(url: str) -> str:
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={HIDDEN}" for name, _ in parse_qsl(parts.query, keep_blank_values=True)
    )
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return f"{place}?{query}" if query else place


def _body(request: HttpRequest) -> object:
    headers = {name.lower(): value for name, value in request.headers.items()}
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if content_type == "application/json" or content_type.endswith("+json"):
            return json.loads(request.body)
        if content_type == "application/x-www-form-urlencoded":
            # Pairs, because a form may name a field more than once.
            pairs = parse_qsl(request.body.decode("utf-8"), keep_blank_values=True)
            return [{name: value} for name, value in pairs]
    except ValueError:
        return request.body
    return request.body


def _plain(value: object, secrets: Sequence[str]) -> Any:
    """Plain JSON of any value, with what is or looks secret taken out."""
    if isinstance(value, Mapping):
        return {
            str(key): HIDDEN if SECRET_NAME.search(str(key)) else _plain(item, secrets)
            for key, item in value.items()
        }
    if isinstance(value, str) and not isinstance(value, Enum):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
        return value
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value), secrets)
    if isinstance(value, Enum):
        return _plain(value.value, secrets)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, secrets) for item in value]
    to_dict = getattr(value, "to_dict", None)
    if callable(to_dict):
        return _plain(to_dict(), secrets)
    return f"<{type(value).__name__}>"


def _text(data: bytes, secrets: Sequence[str]) -> Any:
    try:
        return _plain(data.decode("utf-8"), secrets)
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _lines(path: str, value: object) -> Iterator[str]:
    """One line for each value, after its path; a text of several lines becomes a block."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _lines(f"{path}.{key}", item)
    elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        for position, item in enumerate(value):
            yield from _lines(f"{path}[{position}]", item)
    elif isinstance(value, list):
        yield output.printable(f"{path}: {', '.join(map(str, value))}")
    elif isinstance(value, str) and "\n" in value:
        yield output.printable(f"{path}:")
        for line in value.replace("\r\n", "\n").removesuffix("\n").split("\n"):
            yield f"  {output.printable(line)}".rstrip()
    else:
        text = value if isinstance(value, str) else json.dumps(value)
        yield output.printable(f"{path}: {text}")
