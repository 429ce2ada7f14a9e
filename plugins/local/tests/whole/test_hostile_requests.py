"""Whatever is asked of a face over HTTP, it has an answer of its own: never an internal error."""

from __future__ import annotations

import base64
import json
import re

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from mailcore_local.app import LocalMail
from mailcore_local.known_faces import KNOWN_FACES, make_faces


pytestmark = pytest.mark.slow

# SES is spoken by botocore's models, and has hostile tests of its own.
NAMES = sorted(set(KNOWN_FACES) - {"ses"})

TEXTS = st.text(max_size=15) | st.sampled_from(
    ["ada@example.net", "a@b", "x", "0", "-1", "9" * 30, "%", "..", "é", "\0", "order", "outbound"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3)
KNOWN_TYPES = (
    "application/json|application/x-www-form-urlencoded|text/plain||a;b=c|é|multipart/form-data"
    "|multipart/form-data; boundary=b|application/json; charset=utf-9"
)
TYPES = st.sampled_from(KNOWN_TYPES.split("|"))
BODIES = (
    VALUES.map(lambda value: json.dumps(value).encode())
    | PAIRS.map(lambda pairs: urlencode(pairs).encode())
    | st.binary(max_size=40)
    | st.just(b"[" * 5000)
)
CREDENTIALS = st.sampled_from(
    ["Basic " + base64.b64encode(b"api:key").decode(), "Bearer key", "Basic ?", "é", ""]
)


@pytest.fixture(scope="module", params=NAMES)
def local(request: pytest.FixtureRequest) -> Iterator[tuple[LocalMail, list[Any]]]:
    """A face, and all of its routes with their methods."""
    with LocalMail(faces=make_faces([request.param])) as started:
        routes = started.hub.face(request.param).routes(started.hub)
        ways = [
            (method, route.path)
            for route in routes
            if isinstance(route, Route)
            for method in sorted(route.methods or {"GET", "POST"})
        ]
        yield started, ways


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_path_answers(local: tuple[LocalMail, list[Any]], data: st.DataObject) -> None:
    """With any method, path, query, type, credentials and body."""
    started, ways = local
    (face,) = started.hub.faces
    method, pattern = data.draw(st.sampled_from(ways))
    path = re.sub(r"\{[^}]*\}", lambda _: quote(data.draw(TEXTS), safe=""), pattern)
    query = urlencode(data.draw(PAIRS))
    parts = urlsplit(started.face_url(face))
    credentials = data.draw(CREDENTIALS)
    headers = {
        "Content-Type": data.draw(TYPES),
        "Authorization": credentials,
        "X-Postmark-Server-Token": "token",
        "api-key": "key",
    }
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request(
            method,
            f"{parts.path}{path}" + (f"?{query}" if query else ""),
            data.draw(BODIES),
            {name: value.encode() for name, value in headers.items() if value},  # type: ignore[misc]
        )
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()

    assert response.status < 500, (method, path)
