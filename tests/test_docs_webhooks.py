"""The snippets of docs/how-to/serve-webhooks.md on real servers, with events of a local SES."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sys
import threading

from pathlib import Path

import pytest
import uvicorn

from werkzeug.serving import make_server

import mailcore

from mailcore import Mailer, Message
from mailcore_local.ses import LocalSes


PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "serve-webhooks.md"
DEADLINE_SECONDS = 20

sys.path.insert(0, str(PAGE.parents[2] / "plugins" / "django" / "tests" / "project"))

import shop_project  # noqa: E402  # it stands there


shop_project.configure()


class Uvicorn(uvicorn.Server):
    """Says where it serves, and ends at once: uvicorn looks ten times a second."""

    def __init__(self, application):
        super().__init__(uvicorn.Config(application, port=0, log_config=None, ws="none"))
        self.serving = threading.Event()
        self.end = None

    async def main_loop(self):
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        self.end = lambda: loop.call_soon_threadsafe(ended.set)
        await self.on_tick(0)
        self.serving.set()
        await ended.wait()


@contextlib.contextmanager
def asgi(application):
    """An ASGI application on a port."""
    server = Uvicorn(application)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.serving.wait(DEADLINE_SECONDS)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.end()
        thread.join(DEADLINE_SECONDS)


@contextlib.contextmanager
def wsgi(application):
    """A WSGI application on a port."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(DEADLINE_SECONDS)


def snippet(heading):
    """The first Python block below a heading."""
    section = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")[2]
    return re.search(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("heading", "name", "serve", "path"),
    [
        ("Starlette and FastAPI", "app", asgi, "/webhooks/ses/"),
        ("Flask", "application", wsgi, "/webhooks/ses"),
        ("Django", "application", wsgi, "/webhooks/ses"),
    ],
)
def test_snippets_serve(heading, name, serve, path, monkeypatch):
    """Each framework's few lines confirm a subscription and hand the bounce to the handler."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    get_provider = mailcore.get_provider
    with LocalSes() as local:
        monkeypatch.setattr(
            mailcore, "get_provider", lambda name, **_: get_provider(name, **local.provider_options)
        )
        page = {}
        exec(snippet("The handler"), page)
        if name != "app":
            exec("import flask\nfrom mailcore.webhook.wsgi import WsgiWebhook", page)
        exec(snippet(heading), page)
        with (
            serve(page[name]) as port,
            Mailer("ses", **local.provider_options, configuration_set_name="local") as mailer,
        ):
            url = f"http://127.0.0.1:{port}{path}"
            local.subscribe(url, timeout_seconds=DEADLINE_SECONDS)
            mailer.send(
                Message(
                    from_email="shop@example.com",
                    to=["bounce@simulator.amazonses.com"],
                    subject="News",
                    text="There is news.",
                )
            )
            local.wait_for_deliveries(2, DEADLINE_SECONDS)

    assert ["bounce@simulator.amazonses.com"] == page["bounced"]
