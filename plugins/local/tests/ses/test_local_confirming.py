"""Webhooks that do not confirm their subscription: what is said, and when."""

from __future__ import annotations

import logging
import threading
import time

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailcore_local import LocalMail
from mailcore_local.ses import ConfirmationFailed, LocalSes
from mailcore_local.ses_face import SesFace


@contextmanager
def serving(status: int, location: str = "") -> Iterator[str]:
    """A webhook that always answers the same; its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def webhook() -> Iterator[Callable[..., str]]:
    """Start webhooks; they stop with the test."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(serving(*arguments))


@pytest.mark.parametrize(
    ("status", "location", "path", "said"),
    [
        (
            307,
            "/hook/",
            "/hook",
            "307 Temporary Redirect: the slash at the end is missing",
        ),
        (
            308,
            "/hook",
            "/hook/",
            "308 Permanent Redirect: the slash at the end is too many",
        ),
        (
            302,
            "/login?next=/hook",
            "/hook",
            "302 Found: it redirects to http://127.0.0.1:",
        ),
        (
            301,
            "",
            "/hook",
            "301 Moved Permanently: it redirects, which SNS does not follow",
        ),
        (
            405,
            "",
            "/hook",
            "405 Method Not Allowed: it takes no POST at this address: often",
        ),
        (404, "", "/hook", "answered 404 Not Found: nothing is at this path"),
        (403, "", "/hook", "answered 403 Forbidden: it did not believe the request"),
        (400, "", "/hook", "answered 400 Bad Request: it could not read the request"),
        (418, "", "/hook", "it did not take the request"),
        (599, "", "/hook", "answered 599: it failed; its log says why"),
    ],
)
def test_why_it_cannot_be_confirmed(
    start, webhook, caplog, status: int, location: str, path: str, said: str
):
    """At once, with the status, the address and the likely reason; the log has the same, once."""
    ses: LocalSes = start(retry_delays_seconds=(0.01, 0.01))
    base = webhook(status, location)
    began = time.monotonic()

    with pytest.raises(ConfirmationFailed) as caught:
        ses.subscribe(f"{base.replace('//', '//user:secret@')}{path}?token=1", timeout_seconds=30)

    assert time.monotonic() - began < 10
    assert str(caught.value).startswith(f"webhook {base}{path} answered ")
    assert said in str(caught.value)
    assert f"{base}{path}" == caught.value.endpoint
    assert str(status) == caught.value.outcome
    assert [str(caught.value)] == [record.getMessage() for record in caplog.records]
    assert "secret" not in caplog.text
    assert "token" not in caplog.text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/hook", "(ConnectionRefusedError): nothing listens there yet"),
        ("http://no.such.host.invalid/", "(gaierror): there is no such host"),
    ],
)
def test_nobody_there(start, url: str, said: str):
    """A network error is told by its name, and in words."""
    ses = start(retry_delays_seconds=(0.01,))

    with pytest.raises(ConfirmationFailed) as caught:
        ses.subscribe(url, timeout_seconds=30)

    assert said in str(caught.value)


def asked_again(local: LocalMail) -> bool:
    """What the command does from time to time, when what is on its way has arrived."""
    local.hub.drain(30)
    return local.hub.faces["ses"].asked_again()


def test_one_that_takes_the_request_and_does_nothing(webhook, caplog):
    """The command says so, and asks no more."""
    url = f"{webhook(200)}/hook"
    with LocalMail(faces=[SesFace()], webhooks={"ses": url}) as local:
        assert not asked_again(local)

    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert (
        f"webhook {url} answered 200 OK: it did not visit the SubscribeURL" in record.getMessage()
    )


def test_one_that_comes_later(endpoint, caplog):
    """The command asks again until it confirms, without saying the same again."""
    caplog.set_level(logging.INFO, "mailcore_local")
    endpoint.statuses = [404, 404]
    with LocalMail(faces=[SesFace()], webhooks={"ses": endpoint.url}) as local:
        assert asked_again(local)
        assert asked_again(local)
        assert not asked_again(local)

    address = endpoint.url.partition("?")[0]
    said = [record.getMessage() for record in caplog.records]
    refused, confirmed = (each for each in said if each.startswith("webhook "))
    assert refused.startswith(f"webhook {address} answered 404 Not Found: ")
    assert f"webhook {address} confirmed its subscription" == confirmed


def test_the_same_is_said_again_after_unsubscribing(start, endpoint, caplog):
    """What was said of a subscription counts for that one only."""
    ses = start(retry_delays_seconds=())
    arn = ses.subscribe(endpoint.url, timeout_seconds=30)
    ses.unsubscribe(arn)
    ses.drain(30)
    for _ in range(2):
        endpoint.statuses = [404]
        with pytest.raises(ConfirmationFailed):
            ses.subscribe(endpoint.url, timeout_seconds=30)
        ses.drain(30)

    refused = [record.getMessage() for record in caplog.records]
    assert refused
    assert {"404 Not Found"} == {each.partition("answered ")[2][:13] for each in refused}
