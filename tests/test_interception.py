"""Tests of users that replace requests: nothing of theirs leaves the process."""

from __future__ import annotations

import io
import socket
import sys

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
import requests
import requests_mock
import responses

from mailcore import HttpRequest, NetworkError
from mailcore.http import AiohttpTransport, HttpTransport
from mailcore.http.interception import requests_is_replaced


URL = "http://api.mail.test/send"


@contextmanager
def by_responses() -> Iterator[None]:
    """The package responses."""
    with responses.RequestsMock() as mock:
        mock.add(responses.POST, URL, json={"id": "made up"}, status=202)
        yield


@contextmanager
def by_requests_mock() -> Iterator[None]:
    """The package requests-mock."""
    with requests_mock.Mocker() as mock:
        mock.post(URL, json={"id": "made up"}, status_code=202)
        yield


def _answer() -> requests.Response:
    answer = requests.Response()
    answer.status_code = 202
    answer.raw = requests.packages.urllib3.HTTPResponse(  # type: ignore[attr-defined]  # an alias
        io.BytesIO(b'{"id": "made up"}'), status=202, preload_content=False
    )
    return answer


def by_patch(name: str) -> Callable[[], AbstractContextManager[Any]]:
    """A mock in place of a method."""
    return lambda: patch(name, autospec=True, side_effect=lambda *args, **named: _answer())


REPLACED = {
    "responses": by_responses,
    "requests-mock": by_requests_mock,
    "Session.request": by_patch("requests.Session.request"),
    "Session.send": by_patch("requests.sessions.Session.send"),
    "HTTPAdapter.send": by_patch("requests.adapters.HTTPAdapter.send"),
}


@pytest.fixture(autouse=True)
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked up, nothing is connected to."""

    def refuse(*args: Any, **named: Any) -> Any:
        raise OSError("this test leaves the process")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("kind", ["urllib3", "aiohttp"])
@pytest.mark.parametrize("replaced", REPLACED.values(), ids=REPLACED)
def test_what_replaces_requests_gets_our_requests(
    replaced: Callable[[], AbstractContextManager[None]], kind: str, in_a_loop: Any
) -> None:
    """As long as it is in force; before and after, requests go their own way."""
    transport = HttpTransport() if kind == "urllib3" else in_a_loop(AiohttpTransport())
    request = HttpRequest(method="POST", url=URL, body=b"{}", headers={"X-Key": "k"})

    with pytest.raises(NetworkError, match="cannot connect"):
        transport.exchange(request)
    with replaced():
        answer = transport.exchange(request)
    with pytest.raises(NetworkError, match="cannot connect"):
        transport.exchange(request)
    transport.close()

    assert (202, b'{"id": "made up"}') == (answer.status_code, answer.body)


@pytest.mark.parametrize("autospec", [None, True])
@pytest.mark.parametrize("name", ["requests.Session", "requests.sessions.Session"])
def test_a_class_in_place_of_the_session(name: str, autospec: bool | None) -> None:
    """Whoever replaces the class gets the call too, whichever of its two names is replaced."""
    request = HttpRequest(method="POST", url=URL, body=b"{}", headers={"X-Key": "k"})
    with patch(name, autospec=autospec) as session:
        session.return_value.request.side_effect = requests.ConnectTimeout
        with pytest.raises(Exception, match="no connection"):
            HttpTransport().exchange(request)

    called = session.return_value.request.call_args
    assert ("POST", URL) == called.args
    assert "k" == called.kwargs["headers"]["X-Key"]
    assert called.kwargs["headers"]["User-Agent"].startswith("mailcore/")
    assert called.kwargs["allow_redirects"] is False


@pytest.mark.parametrize("name", ["requests.Session", "requests.sessions.Session"])
def test_a_class_of_ones_own(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is made, and not the one that it extends."""
    asked: list[str] = []

    class Session(requests.Session):
        def request(self, method: Any, url: Any, *args: Any, **named: Any) -> Any:
            asked.append(url)
            return _answer()

    monkeypatch.setattr(name, Session)
    answer = HttpTransport().exchange(HttpRequest(method="POST", url=URL))

    assert 202 == answer.status_code
    assert [URL] == asked


def test_a_class_of_adapters_without_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands there, it is not what requests brought."""
    monkeypatch.setattr("requests.adapters.HTTPAdapter", type("Adapter", (), {}))

    assert requests_is_replaced()


@pytest.mark.parametrize(
    ("modules", "replaced"),
    [
        ({"requests": None, "requests.sessions": None}, False),
        ({"requests": ModuleType("requests"), "requests.sessions": None}, False),
        ({"requests": ModuleType("requests")}, False),
        ({"requests": SimpleNamespace(Session=requests.Session), "requests.sessions": None}, True),
    ],
    ids=["not imported", "begins to be imported", "is being imported", "another module"],
)
def test_what_was_not_imported_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, modules: dict[str, Any], replaced: bool
) -> None:
    """A thread may send while another one imports requests."""
    for name, module in modules.items():
        if module is None:
            monkeypatch.delitem(sys.modules, name)
        else:
            monkeypatch.setitem(sys.modules, name, module)

    assert replaced is requests_is_replaced()


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer ours"}])
def test_netrc_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str]
) -> None:
    """Credentials of this machine's user are neither added nor put in place of ours."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.mail.test login eve password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(URL) is not None

    with responses.RequestsMock() as mock:
        mock.add(responses.POST, URL)
        HttpTransport().exchange(HttpRequest(method="POST", url=URL, headers=given))
        sent = mock.calls[0].request.headers

    assert given.get("Authorization") == sent.get("Authorization")
