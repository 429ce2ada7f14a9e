"""A mailbox with a face of the tests' own, and whoever asks it for pages."""

from __future__ import annotations

import http.client
import json

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from starlette.routing import BaseRoute

from mailcore_local.app import LocalMail
from mailcore_local.engine import EventKind
from mailcore_local.faces import CopyLine, Envelope, Face, WebhookPost
from mailcore_local.hub import Hub
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest, MailEvent
from mailcore_local.mailbox.mail import new_id


class PlainFace(Face):
    """A provider whose webhooks are plain JSON, and which is sent to by `accept` alone."""

    name = "plain"
    label = "Plain Mail"

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """None: the tests give mails to the hub."""
        return []

    def webhook_posts(
        self, mail: CapturedMail, events: Sequence[MailEvent]
    ) -> Sequence[WebhookPost]:
        """One for each event, but for what was sent and deferred."""
        silent = (EventKind.SENT, EventKind.DEFERRED)
        return [
            WebhookPost(
                event_type=event.kind.value,
                headers={"Content-Type": "application/json"},
                body=json.dumps(
                    {"type": event.kind.value, "to": event.recipient, "url": event.url}
                ).encode(),
                event_ids=(event.id,),
            )
            for event in events
            if event.kind not in silent
        ]

    def inbound_post(self, raw: bytes, envelope: Envelope) -> WebhookPost | None:
        """The octets, with the envelope in header fields."""
        return WebhookPost(
            event_type="inbound",
            headers={
                "Content-Type": "message/rfc822",
                "X-From": envelope.sender,
                "X-To": ",".join(envelope.recipients),
            },
            body=raw,
        )

    def mailcore_url(self, base_url: str) -> str:
        """As of a plugin."""
        return f"plain://?base_url={base_url}"

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """One more."""
        return [CopyLine(title="The key of webhooks", line="whsec-plain")]


def written(
    *,
    sender: str = "Shop <shop@shop.example>",
    to: Sequence[str] = ("ada@example.net",),
    subject: str = "Hello",
    text: str | None = "Hello",
    html: str | None = None,
    headers: Mapping[str, str] | None = None,
    inline: Mapping[str, bytes] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> bytes:
    """A message as bytes."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    message["Date"] = "Mon, 30 Nov 2026 10:00:00 +0000"
    message["Message-ID"] = "<1@shop.example>"
    for name, value in (headers or {}).items():
        message[name] = value
    if text is not None:
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
    elif html is not None:
        message.set_content(html, subtype="html")
    for content_id, content in (inline or {}).items():
        body = message.get_body(("html",))
        assert body is not None
        body.add_related(content, "image", "png", cid=f"<{content_id}>")
    for name, content in (files or {}).items():
        message.add_attachment(content, "application", "octet-stream", filename=name)
    return message.as_bytes()


def captured(raw: bytes, **fields: Any) -> CapturedMail:
    """A mail as a face makes it; recipients are the addresses in `to`."""
    to = fields.pop("to", ("ada@example.net",))
    fields.setdefault("subject", "Hello")
    fields.setdefault("from_email", "Shop <shop@shop.example>")
    fields.setdefault(
        "request",
        CapturedRequest(
            method="POST",
            path="/send",
            headers=(("Content-Type", "application/json"), ("X-Key", "(hidden)")),
            body=b'{"subject":"Hello"}',
        ),
    )
    return CapturedMail(
        face="plain",
        envelope_sender="bounces@shop.example",
        to=tuple(to),
        raw=raw,
        recipients=tuple(CapturedRecipient(address=each, message_id=new_id()) for each in to),
        **fields,
    )


@pytest.fixture(scope="session")
def write() -> Callable[..., bytes]:
    """`written`, for tests of pure functions."""
    return written


@pytest.fixture
def make_captured() -> Callable[..., CapturedMail]:
    """A mail as a face makes it, with a short message."""
    raw = written()
    return lambda **fields: captured(raw, **fields)


@pytest.fixture
def mailbox(webhook: Any) -> Iterator[LocalMail]:
    """A running mailbox, whose webhooks listen."""
    with LocalMail(
        faces=[PlainFace()],
        webhooks={"plain": webhook.url},
        inbound_webhooks={"plain": webhook.url},
        retry_delays_seconds=(),
    ) as running:
        yield running


@pytest.fixture
def deliver(mailbox: LocalMail) -> Callable[..., CapturedMail]:
    """Give a mail to the mailbox; parts of the message and fields of the mail by name."""

    def give(*, raw: bytes | None = None, **fields: Any) -> CapturedMail:
        names = ("sender", "text", "html", "headers", "inline", "files")
        parts = {name: fields.pop(name) for name in names if name in fields}
        shared = {name: fields[name] for name in ("to", "subject") if name in fields}
        if "sender" in parts:
            fields.setdefault("from_email", parts["sender"])
        octets = written(**parts, **shared) if raw is None else raw
        mail = mailbox.hub.accept(captured(octets, **fields))
        mailbox.hub.drain(30)
        return mail

    return give


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@pytest.fixture
def ask(mailbox: LocalMail) -> Callable[..., Answer]:
    """Ask for a path; `form` posts the fields."""

    def request(
        path: str,
        method: str = "GET",
        *,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if form is not None:
            method, body = "POST", urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(urlsplit(mailbox.url).netloc, timeout=30)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    return request
