"""
The life of a local SES: its socket and its threads.
"""

from __future__ import annotations

import threading

from mailcore_local.ses.server import Server
from mailcore_local.ses.service import Service, Settings
from mailcore_local.ses.sigv4 import Credentials
from mailcore_local.ses.visitors import Visitors


class RunningServer:
    """
    A server that starts once and leaves no thread behind when it stops.

    Args:
        host: Interface to listen on.
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
        self._host, self._port = host, port
        self._public_url = public_url
        self._credentials = credentials
        self._settings = settings
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def service(self) -> Service:
        """
        The services.

        Raises:
            RuntimeError: It was not started.
        """
        if self._server is None:
            raise RuntimeError("this local SES was not started")
        return self._server.service

    def start(self) -> None:
        """
        Listen and serve in the background.

        Raises:
            OSError: The port is taken, or the directory cannot be created.
            RuntimeError: It was started before.
        """
        if self._server is not None:
            raise RuntimeError("this local SES was started already; make another one")
        if self._settings.directory is not None:
            self._settings.directory.mkdir(parents=True, exist_ok=True)
        server = Server(self._host, self._port, self._credentials)
        try:
            base_url = (self._public_url or server.url).rstrip("/")
            server.visitors = Visitors(self._host, base_url)
            server.service = Service(base_url, self._settings)
        except BaseException:
            server.server_close()
            raise
        self._server = server
        server.service.publisher.start()
        self._thread = threading.Thread(
            target=server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="local-ses",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """
        Stop serving, release everything that hangs, and wait for all threads.
        """
        if self._server is None or self._thread is None:
            return
        thread, self._thread = self._thread, None
        self._server.stop()
        thread.join()
        self._server.service.publisher.stop()
