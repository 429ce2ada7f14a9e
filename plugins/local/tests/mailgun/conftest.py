"""The local Mailgun and a client of HTTP without an SDK."""

from __future__ import annotations

import base64
import json

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from urllib3.filepost import encode_multipart_formdata

from mailcore_local.app import LocalMail
from mailcore_local.known_faces import make_faces


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalMail]:
    """One for all tests of a module."""
    with LocalMail(faces=make_faces(["mailgun"])) as started:
        yield started


@pytest.fixture
def ask(local: LocalMail) -> Callable[..., Answer]:
    """One request with a key."""
    return asker(local)


@pytest.fixture(scope="session")
def asking() -> Callable[[LocalMail], Callable[..., Answer]]:
    """Requests to a Mailgun that the test started itself."""
    return asker


def basic(user: str, password: str) -> str:
    """The header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def asker(local: LocalMail) -> Callable[..., Answer]:
    """What asks this one."""
    parts = urlsplit(local.face_url("mailgun"))

    def ask(
        path: str,
        fields: Sequence[tuple[str, Any]] | None = None,
        *,
        method: str = "",
        body: bytes | None = None,
        content_type: str = "",
        urlencoded: bool = False,
        headers: dict[str, str | None] | None = None,
    ) -> Answer:
        if fields is not None and urlencoded:
            body, content_type = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        elif fields is not None:
            body, content_type = encode_multipart_formdata(list(fields))
        given = {
            "Authorization": basic("api", "key"),
            "Content-Type": content_type or None,
            **(headers or {}),
        }
        sent = {name: value for name, value in given.items() if value is not None}
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        verb = method or ("GET" if body is None else "POST")
        connection.request(verb, f"{parts.path}/v3{path}", body, sent)
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, told, response.read())
        connection.close()
        return answer

    return ask
