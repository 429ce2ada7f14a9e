"""
LocalMail: every provider on one port, with a mailbox that shows what they were given.
"""

from __future__ import annotations

import asyncio
import os

from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mailcore_local.api import api_application
from mailcore_local.faces import Face
from mailcore_local.hub import Hub
from mailcore_local.known_faces import make_faces
from mailcore_local.mailbox import CapturedMail, Change, MailQuery, MailStore
from mailcore_local.pages import pages_routes
from mailcore_local.serving import LocalServer, Locked


if TYPE_CHECKING:
    from typing_extensions import Self

    from mailcore_local.smtp.server import SmtpServer


class LocalMail:
    """
    Every provider of this distribution on one loopback port.

    It starts with `start()` or on entering the `with` block, and leaves no thread behind when it
    stops. It may be started once.

    Args:
        host: The address of the interface to listen on.
        port: The port; 0 takes a free one.
        public_url: Where others reach the server, when that is not the loopback address and port.
        faces: The providers that are spoken; all that are known by default.
        webhooks: The URL that events are posted to, or several, by the name of the provider.
        inbound_webhooks: The URL that inbound mail is posted to, or several, by the name of the
            provider.
        store: Where the mails are kept; by default in memory, 1,000 of them. It is closed when the
            server stops.
        directory: Where accepted mails are also written as `.eml` files; it is created when
            missing. What could not be rendered is not written.
        password: What the mailbox and its API ask for, by HTTP Basic with any user name; nothing by
            default. The providers' own paths take whatever keys they take.
        smtp_port: The port of SMTP, if that is among the faces; 0 takes a free one, `None` is no
            server.
        inbound_domains: The domains whose mail is handed to a provider as inbound mail when it
            comes by SMTP, and the name of the provider.
        retry_delays_seconds: The pauses before the retries of a post to a webhook.
        delivery_timeout_seconds: How many seconds one attempt of a post may take.
        slow_delivery_seconds: After how many seconds a slow address is delivered to.
        seed: The seed of the random numbers that faults by rate are drawn with.

    Raises:
        OSError: From `start()`: the port is taken.
        UnknownFace: From `start()`: webhooks or domains are given of a provider that is not spoken.
        ValueError: The interface is not loopback, and there is no password.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
        faces: Iterable[Face] | None = None,
        webhooks: Mapping[str, str | Sequence[str]] | None = None,
        inbound_webhooks: Mapping[str, str | Sequence[str]] | None = None,
        store: MailStore | None = None,
        directory: str | os.PathLike[str] | None = None,
        password: str | None = None,
        smtp_port: int | None = 0,
        inbound_domains: Mapping[str, str] | None = None,
        retry_delays_seconds: Sequence[float] = (0.1, 0.2, 0.4),
        delivery_timeout_seconds: float = 5.0,
        slow_delivery_seconds: float = 3.0,
        seed: int = 0,
    ) -> None:
        if not password and not _is_loopback(host):
            raise ValueError(
                f"host {host!r} lets others in the network read the mails: give a password as well"
            )
        for given in (port, smtp_port):
            if given is not None and (isinstance(given, bool) or not 0 <= given <= 65535):
                raise ValueError(f"port is a number from 0 to 65535, not {given!r}")
        self._host = host
        self._password = password
        self._smtp_port = smtp_port
        self._inbound_domains = {
            domain.lower(): name for domain, name in (inbound_domains or {}).items()
        }
        self._smtp: SmtpServer | None = None
        self._faces = make_faces() if faces is None else list(faces)
        self._webhooks = _lists(webhooks)
        self._inbound_webhooks = _lists(inbound_webhooks)
        self._store = MailStore() if store is None else store
        self._directory = None if directory is None else Path(directory)
        self._retry_delays_seconds = tuple(retry_delays_seconds)
        self._delivery_timeout_seconds = delivery_timeout_seconds
        self._slow_delivery_seconds = slow_delivery_seconds
        self._seed = seed
        self._server = LocalServer(host, port, public_url=public_url)
        self._hub: Hub | None = None

    def start(self) -> None:
        """
        Listen and serve in the background.
        """
        if self._hub is not None:
            raise RuntimeError("this mailbox was started already; make another one")
        made: list[Hub] = []

        def make(base_url: str, stopping: asyncio.Event) -> ASGIApp:
            made.append(self._make_hub(base_url, stopping))
            return application(made[0], self._password)

        def stop() -> None:
            if self._smtp is not None:
                self._smtp.stop()
            made[0].stop()
            self._store.close()

        try:
            if self._directory is not None:
                self._directory.mkdir(parents=True, exist_ok=True)
                self._store.listen(self._write)
            self._server.start(make, at_stop=stop)
        except BaseException:
            self._store.close()
            raise
        (self._hub,) = made
        try:
            self._start_smtp(self._hub)
            self._hub.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """
        Stop serving, release everything that hangs, and wait for all threads.

        Stopping twice is fine.
        """
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def hub(self) -> Hub:
        """
        What the faces share: faults, webhooks, events by hand.

        Raises:
            RuntimeError: It was not started.
        """
        if self._hub is None:
            raise RuntimeError("this mailbox was not started")
        return self._hub

    @property
    def url(self) -> str:
        """
        Where the mailbox is, without a slash at its end.
        """
        return self.hub.base_url

    @property
    def smtp_address(self) -> tuple[str, int]:
        """
        Host and port of SMTP.

        Raises:
            LookupError: There is no such server.
        """
        if self._smtp is None:
            raise LookupError("this mailbox takes no SMTP")
        return self._smtp.address

    @property
    def mails(self) -> MailStore:
        """
        The mails that were accepted.
        """
        return self._store

    def face_url(self, name: str) -> str:
        """
        Where a provider is spoken, without a slash at its end.

        Raises:
            UnknownFace: There is no such provider.
        """
        return self.hub.url_of(self.hub.face(name).name)

    def mailcore_url(self, name: str) -> str:
        """
        What `MAILCORE_URL` takes to send by a provider here and to believe its webhooks.

        Raises:
            UnknownFace: There is no such provider, or mailcore has none.
        """
        url = self.hub.face(name).mailcore_url(self.face_url(name))
        if url is None:
            raise LookupError(f"mailcore has no URL for {name}")
        return url

    def wait_for(
        self,
        query: str | MailQuery | Callable[[CapturedMail], bool] = "",
        *,
        timeout_seconds: float = 10.0,
    ) -> CapturedMail:
        """
        Wait for a mail, which may be there already.

        Args:
            query: What people type into the search box, such as ``to:ada@example.com``, or a
                function that says of a mail whether it is the one.
            timeout_seconds: How long to wait.

        Raises:
            TimeoutError: None came in time.
        """
        wanted = MailQuery.parse(query) if isinstance(query, str) else query
        return self._store.wait_for(wanted, timeout_seconds)

    def latest(self, query: str | MailQuery = "") -> CapturedMail | None:
        """
        The last mail that fits, or `None`.

        Args:
            query: What people type into the search box, such as ``to:ada@example.com``.
        """
        return self._store.latest(MailQuery.parse(query) if isinstance(query, str) else query)

    def _start_smtp(self, hub: Hub) -> None:
        face = hub.faces.get("smtp")
        if face is None or self._smtp_port is None:
            return
        # Neither is needed where no SMTP is spoken.
        from mailcore_local.smtp import SmtpFace
        from mailcore_local.smtp.conversation import Conversation
        from mailcore_local.smtp.server import SmtpServer

        assert isinstance(face, SmtpFace)
        conversation = Conversation(hub, face, self._inbound_domains)
        self._smtp = SmtpServer(self._host, self._smtp_port, conversation)
        self._smtp.start()
        face.address = self._smtp.address

    def _write(self, change: Change) -> None:
        mail = self._store.get(change.mail_id) if change.kind == "added" else None
        if mail is not None and not mail.failure:
            assert self._directory is not None
            moment = f"{mail.accepted_at:%Y%m%d-%H%M%S-%f}"[:-3]
            name = f"{moment}-{mail.face}-{mail.id}.eml"
            (self._directory / name).write_bytes(mail.raw)

    def _make_hub(self, base_url: str, stopping: asyncio.Event) -> Hub:
        hub = Hub(
            base_url=base_url,
            store=self._store,
            faces=self._faces,
            webhooks=self._webhooks,
            inbound_webhooks=self._inbound_webhooks,
            stopping=stopping,
            retry_delays_seconds=self._retry_delays_seconds,
            delivery_timeout_seconds=self._delivery_timeout_seconds,
            slow_delivery_seconds=self._slow_delivery_seconds,
            seed=self._seed,
            has_password=self._password is not None,
        )
        named = (*self._webhooks, *self._inbound_webhooks, *self._inbound_domains.values())
        for name in named:
            hub.face(name)
        return hub


def application(hub: Hub, password: str | None = None) -> Starlette:
    """
    The application of the whole: each face below its name, the API, and the mailbox.

    Args:
        hub: The hub behind all of them.
        password: What the API and the mailbox ask for; nothing if it is `None`.
    """
    routes: list[BaseRoute] = []
    for face in hub.faces.values():
        below = Starlette(routes=face.routes(hub))
        routes += [Route(f"/{face.name}", _Root(below)), Mount(f"/{face.name}", below)]
    mailbox: ASGIApp = Starlette(
        routes=[Mount("/api/v1", api_application(hub)), *pages_routes(hub)]
    )
    if password is not None:
        mailbox = Locked(mailbox, password)
    return Starlette(routes=[*routes, Mount("", mailbox)])


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Root:
    """
    The root of a face without the slash at its end: some SDKs post to the URL that they are given.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        below = {**scope, "path": f"{path}/", "root_path": scope.get("root_path", "") + path}
        await self._application(below, receive, send)


def _lists(urls: Mapping[str, str | Sequence[str]] | None) -> dict[str, Sequence[str]]:
    given = (urls or {}).items()
    return {name: [url] if isinstance(url, str) else list(url) for name, url in given}
