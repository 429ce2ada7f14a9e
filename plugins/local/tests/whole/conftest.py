"""A face of the tests' own, in the shape of all others."""

from __future__ import annotations

import hashlib
import hmac
import json

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mailcore_local.engine import EventKind, Fate, Fault
from mailcore_local.faces import Envelope, Face, WebhookPost
from mailcore_local.hub import Hub, captured_request
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, MailEvent
from mailcore_local.mailbox.mail import new_id


class AcmeFace(Face):
    """Acme Mail: one path, JSON, webhooks signed by HMAC."""

    name = "acme"
    label = "Acme Mail"

    def __init__(self) -> None:
        super().__init__()
        self.bounced: list[str] = []

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """One."""
        return [Route("/send", hub.endpoint(self, self.send), methods=["POST"])]

    async def send(self, hub: Hub, request: Request, body: bytes) -> Response:
        """Take a mail."""
        document = json.loads(body)
        recipients = tuple(
            CapturedRecipient(address=address, message_id=new_id()) for address in document["to"]
        )
        raw = (
            f"From: {document['from']}\r\nTo: {', '.join(document['to'])}\r\n"
            f"Subject: {document['subject']}\r\n\r\n{document['text']}\r\n"
        )
        mail = CapturedMail(
            face=self.name,
            envelope_sender=document["from"],
            from_email=document["from"],
            to=tuple(document["to"]),
            subject=document["subject"],
            raw=raw.encode(),
            recipients=recipients,
            request=captured_request(request, body, secrets=[document.get("key", "")]),
            tags=tuple(document.get("tags", ())),
            metadata=document.get("metadata", {}),
            facts={"stream": "outbound"},
        )
        hub.accept(mail)
        return JSONResponse({"ids": [each.message_id for each in recipients]})

    def webhook_posts(
        self, mail: CapturedMail, events: Sequence[MailEvent]
    ) -> Sequence[WebhookPost]:
        """One for each event, but for what was sent."""
        return [self._post(mail, event) for event in events if event.kind is not EventKind.SENT]

    def _post(self, mail: CapturedMail, event: MailEvent) -> WebhookPost:
        recipient = mail.recipient(event.recipient)
        assert recipient
        document = {"type": event.kind.value, "id": recipient.message_id, "stream": mail.facts}
        body = json.dumps(document).encode()
        signature = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
        return WebhookPost(
            event_type=event.kind.value,
            headers={"Content-Type": "application/json", "X-Acme-Signature": signature},
            body=body,
            event_ids=(event.id,),
        )

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """Remember who bounced."""
        self.bounced += [e.recipient for e in events if e.kind is EventKind.BOUNCED]

    def addressed(self, post: WebhookPost, url: str) -> WebhookPost:
        """Say where it goes."""
        return replace(post, headers={**post.headers, "X-Acme-Url": url})

    def inbound_post(self, raw: bytes, envelope: Envelope) -> WebhookPost | None:
        """The octets."""
        return WebhookPost(
            event_type="inbound", headers={"Content-Type": "message/rfc822"}, body=raw
        )

    def fate_of(self, address: str) -> Fate | None:
        """Its own test address."""
        return Fate.COMPLAINED if address == "grumpy@acme.example" else None

    def error_answer(self, fault: Fault) -> Response:
        """In Acme's words."""
        return JSONResponse({"acme": fault.name}, 429 if fault.name == "throttle" else 500)

    def mailcore_url(self, base_url: str) -> str:
        """As of a plugin."""
        return f"acme://?base_url={base_url}"


def signed_by_acme(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether Acme's signature fits."""
    expected = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    return headers["X-Acme-Signature"] == expected


@pytest.fixture
def is_signed():
    """``is_signed(received)``: whether Acme's signature of a request fits."""
    return lambda received: signed_by_acme(received.headers, received.body)


@pytest.fixture
def acme() -> AcmeFace:
    """The face."""
    return AcmeFace()
