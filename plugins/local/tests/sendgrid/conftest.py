"""The local SendGrid and a client of HTTP without an SDK."""

from __future__ import annotations

import json

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

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
    with LocalMail(faces=make_faces(["sendgrid"])) as started:
        yield started


@pytest.fixture
def ask(local: LocalMail) -> Callable[..., Answer]:
    """One request with a key."""
    return asker(local)


@pytest.fixture(scope="session")
def asking() -> Callable[[LocalMail], Callable[..., Answer]]:
    """Requests to a SendGrid that the test started itself."""
    return asker


def asker(local: LocalMail) -> Callable[..., Answer]:
    """What asks this one."""
    parts = urlsplit(local.face_url("sendgrid"))

    def ask(
        path: str,
        document: object = None,
        *,
        method: str = "",
        body: bytes | None = None,
        headers: dict[str, str | None] | None = None,
    ) -> Answer:
        given = {
            "Authorization": "Bearer SG.key",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        sent = {name: value for name, value in given.items() if value is not None}
        if body is None and document is not None:
            body = json.dumps(document).encode()
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        verb = method or ("GET" if body is None else "POST")
        connection.request(verb, f"{parts.path}/v3{path}", body, sent)
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, told, response.read())
        connection.close()
        return answer

    return ask
