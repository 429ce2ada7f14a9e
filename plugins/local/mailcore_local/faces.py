"""
Face: what the stand-in of one provider is to the whole.

A face knows one provider, from the provider's documentation: its paths, its answers, its errors,
its webhooks. It keeps nothing and posts nothing itself; the hub does both::

    class AcmeFace(Face):
        name = "acme"
        label = "Acme Mail"

        def routes(self, hub: Hub) -> Sequence[BaseRoute]:
            return [Route("/email", hub.endpoint(self, self.send), methods=["POST"])]

        async def send(self, hub: Hub, request: Request, body: bytes) -> Response:
            mail = CapturedMail(face=self.name, ..., request=captured_request(request, body))
            hub.accept(mail)
            return JSONResponse({"id": mail.recipients[0].message_id})

        def webhook_posts(self, mail, events):
            return [WebhookPost(...) for event in events]
"""

from __future__ import annotations

import json

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from starlette.responses import Response

from mailcore_local.engine import ArgumentRule, Fate, Fault, Faults
from mailcore_local.mailbox import CapturedMail, MailEvent


if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from mailcore_local.hub import Hub


# The faults that every face has beside those of the wire; `error_answer` says what each looks like.
COMMON_FAULTS: Mapping[str, ArgumentRule | None] = MappingProxyType(
    {"throttle": None, "error500": None, "error503": None}
)

_STATUSES = {"throttle": 429, "error500": 500, "error503": 503}


@dataclass(frozen=True, kw_only=True, repr=False)
class WebhookPost:
    """
    One request to a webhook in the provider's form, signed as the provider signs.

    Attributes:
        event_type: The type of the event in the provider's words, such as ``HardBounce``; of a
            request with several, that of the first.
        headers: The header fields, ``Content-Type`` among them.
        body: The octets of the body.
        event_ids: The ids of the events that it tells of; their timeline entries get the outcome.
        method: The HTTP method in capitals: ``POST``, or ``HEAD`` of a trial without a body.
    """

    event_type: str
    headers: Mapping[str, str]
    body: bytes
    event_ids: tuple[str, ...] = ()
    method: str = "POST"

    def __repr__(self) -> str:
        return f"<WebhookPost {self.event_type}, {len(self.body)} bytes>"


@dataclass(frozen=True, kw_only=True, repr=False)
class Envelope:
    """
    The SMTP envelope of a mail that comes in (RFC 5321).

    Attributes:
        sender: The address in MAIL FROM; empty for the null sender of bounces.
        recipients: The addresses in RCPT TO.
        client: The IP address of the sending server.
        helo: The name that the sending server gave.
    """

    sender: str
    recipients: tuple[str, ...]
    client: str = "127.0.0.1"
    helo: str = "localhost"

    def __repr__(self) -> str:
        return f"<Envelope to {len(self.recipients)} recipients>"


@dataclass(frozen=True, kw_only=True)
class CopyLine:
    """
    A line to copy, for the command and the pages.

    Attributes:
        title: What it is for, such as ``For mailcore``.
        line: The line itself, as it is to be pasted into a shell or a program.
    """

    title: str
    line: str


@dataclass(frozen=True, kw_only=True)
class FaceSettings:
    """
    What a face was told, by the command or by a test.

    Attributes:
        webhook_secret: The key that webhooks are signed with; a face makes its own if it is `None`.
        api_key: The only API key that is accepted; any is if it is `None`.
        webhook_username: The user of HTTP Basic, where the provider's webhooks have one.
        webhook_password: The password that goes with it.
    """

    webhook_secret: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    webhook_username: str | None = None
    webhook_password: str | None = field(default=None, repr=False)


class Face(ABC):
    """
    The stand-in of one provider.

    Args:
        settings: Keys, where the face is not to make its own.
    """

    name: ClassVar[str]
    """The provider's name in mailcore, which is its path below the server too."""
    label: ClassVar[str]
    """What people read."""
    speaks_http: ClassVar[bool] = True
    """Whether programs are told its URL."""
    operations: ClassVar[tuple[str, ...]] = ("send",)
    """The operations whose requests use up the steps of a script of faults, unless it says more."""
    own_faults: ClassVar[Mapping[str, ArgumentRule | None]] = COMMON_FAULTS
    """Faults of requests beside those of the wire, and what follows their colon."""

    def __init__(self, settings: FaceSettings | None = None) -> None:
        self.settings = settings or FaceSettings()

    @abstractmethod
    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """
        The routes below the path of the face; `Hub.endpoint` makes the endpoints.
        """

    def make_faults(self, *, seed: int) -> Faults:
        """
        What is going to go wrong with the face: nothing so far.

        Args:
            seed: The seed of the random numbers that faults by rate are drawn with.
        """
        return Faults(self.own_faults, self.operations, seed=seed)

    def webhook_posts(
        self, mail: CapturedMail, events: Sequence[MailEvent]
    ) -> Sequence[WebhookPost]:
        """
        What the provider posts to a webhook about these events, in its own form, signed.

        One post for each event, or one for several, as the provider does. An event that the
        provider has no webhook for is left out.

        Args:
            mail: The mail as it was kept.
            events: What happened, in order.
        """
        return []

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """
        Take note of events, such as for a suppression list; called before they are posted.

        It is called for all of them, whether there is a webhook or not, from any thread.

        Args:
            mail: The mail as it was kept.
            events: What happened, in order.
        """
        return

    def addressed(self, post: WebhookPost, url: str) -> WebhookPost:
        """
        A post as it goes to a URL: for providers whose signature covers the URL.

        Args:
            post: What `webhook_posts` or `inbound_post` made.
            url: The URL of the webhook as it was given.
        """
        return post

    def publish(self, hub: Hub, mail: CapturedMail, events: Sequence[MailEvent]) -> bool:
        """
        Tell of events in a way of the face's own, where one is not a post to each webhook.

        Returns:
            Whether that was done; by default the hub posts what `webhook_posts` makes.
        """
        return False

    def trials(self) -> Sequence[WebhookPost]:
        """
        What the provider tries the address of a webhook with before it takes it.

        They are sent when a webhook is set, and a refusal is said in the log. By default nothing is
        tried.
        """
        return []

    def webhooks_changed(self, hub: Hub) -> None:
        """
        The webhooks of the face are set or changed: `hub.webhooks(self.name)` has them.

        Called at the start too, when the server answers already.
        """
        return

    def asked_again(self) -> bool:
        """
        Ask webhooks once more that have to confirm something and did not: they may start later.

        Called every few seconds while the command runs.

        Returns:
            Whether it is to be called again; by default not, for nothing is to be confirmed.
        """
        return False

    def drain(self, timeout_seconds: float) -> None:
        """
        Wait until nothing of the face's own is on its way.

        Raises:
            TimeoutError: Something still is.
        """
        return

    def stopped(self) -> None:
        """
        The server has stopped: end what the face has started.
        """
        return

    def inbound_post(self, raw: bytes, envelope: Envelope) -> WebhookPost | None:
        """
        What the provider posts to the webhook of inbound mail; `None` if it takes none.
        """
        return None

    def inbound_posts(self, raw: bytes, envelope: Envelope) -> Sequence[WebhookPost]:
        """
        What a provider posts of one inbound mail, where that may be a post for each recipient.
        """
        post = self.inbound_post(raw, envelope)
        return [] if post is None else [post]

    def tampered(self, post: WebhookPost) -> WebhookPost:
        """
        A post whose signature does not fit, for the fault `tamper`.

        By default a space follows the body. A face whose signature does not cover the body changes
        what it covers.
        """
        return replace(post, body=post.body + b" ")

    def fate_of(self, address: str) -> Fate | None:
        """
        What becomes of a test address of the provider's own; `None` for all other addresses.
        """
        return None

    def error_answer(self, fault: Fault) -> Response:
        """
        The answer that a fault of `own_faults` stands for, in the provider's form.
        """
        body = json.dumps({"message": "Injected fault."})
        status = _STATUSES.get(fault.name, 500)
        return Response(body, status, {"Content-Type": "application/json"})

    def mailcore_url(self, base_url: str) -> str | None:
        """
        What `MAILCORE_URL` takes to send here and to believe these webhooks, or `None`.

        Args:
            base_url: The URL of the face, without a slash at its end.
        """
        return None

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """
        Further lines to copy: the SDKs of the provider, the key that webhooks are signed with.

        Args:
            base_url: The URL of the face, without a slash at its end.
        """
        return []
