"""
The life of a local SES: its server and its services.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp

from mailcore_local.serving import LocalServer
from mailcore_local.ses.service import Service, Settings
from mailcore_local.ses.sigv4 import Credentials
from mailcore_local.ses.web import application


class RunningServer:
    """
    A server that starts once and leaves no thread behind when it stops.

    Args:
        host: The address of the interface to listen on.
        port: Port; 0 takes a free one.
        public_url: Where others reach it; `None` is the interface and the port.
        credentials: The key pair that signatures are checked with.
        settings: How the services behave.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        public_url: str | None,
        credentials: Credentials | None,
        settings: Settings,
    ) -> None:
        self._credentials = credentials
        self._settings = settings
        self._server = LocalServer(host, port, public_url=public_url)
        self._service: Service | None = None

    @property
    def service(self) -> Service:
        """
        The services.

        Raises:
            RuntimeError: It was not started.
        """
        if self._service is None:
            raise RuntimeError("this local SES was not started")
        return self._service

    def start(self) -> None:
        """
        Listen and serve in the background.

        Raises:
            OSError: The port is taken, or the directory cannot be created.
            RuntimeError: It was started before.
        """
        if self._service is not None:
            raise RuntimeError("this local SES was started already; make another one")
        if self._settings.directory is not None:
            self._settings.directory.mkdir(parents=True, exist_ok=True)
        made: list[Service] = []

        def make(base_url: str, stopping: asyncio.Event) -> ASGIApp:
            made.append(Service(base_url, self._settings))
            made[0].publisher.start()
            return application(made[0], self._credentials, stopping)

        # Before the program ends, too: a thread of the publisher that is within cryptography then
        # takes the whole process down.
        self._server.start(make, at_stop=lambda: made[0].publisher.stop())  # noqa: PLW0108 - made later
        (self._service,) = made

    def stop(self) -> None:
        """
        Stop serving, release everything that hangs, and wait for all threads.
        """
        self._server.stop()
