"""Checks of the conformance suite: received mail."""

from __future__ import annotations

import asyncio
import dataclasses

from collections.abc import Iterator
from typing import Any

from mailcore.address.domain import address_key
from mailcore.errors import MailcoreError, WebhookError
from mailcore.events import InboundEvent
from mailcore.features import Feature
from mailcore.inbound.message import InboundMessage
from mailcore.message.attachment import Attachment
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.testing.canaries import RECIPIENT, SENDER, token
from mailcore.testing.mutations import mutations
from mailcore.testing.suite_hooks import report
from mailcore.testing.webhook_reading import WebhookReading
from mailcore.webhook.fetching import afetch_inbound, fetch_inbound
from mailcore.webhook.request import WebhookRequest


_CUTS = 32


def received_mail() -> Message:
    """The mail that the provider receives: two bodies, a file, an image, letters of any script."""
    content_id = f"{token('content id')}@inline"
    return Message(
        from_email=(f"Ünïcode Sender {token('from name')}", SENDER),
        to=[(f"Recipient {token('to name')}", RECIPIENT)],
        cc=[f"{token('cc')}@example.org"],
        subject=f"Grüße, 日本 {token('subject')} 🎉",
        text=f"Grüße, 日本 {token('text')} 🎉\n\n.second line\n",
        html=f'<p>Grüße {token("html")} 🎉</p><img src="cid:{content_id}">',
        headers={"X-Canary": token("header value"), "In-Reply-To": "<first@example.org>"},
        attachments=[
            Attachment(
                f"Übersicht {token('file')}.pdf",
                b"%PDF-1.7\n\xff\xfe\r\n" + token("file").encode(),
                "application/pdf",
            ),
            Attachment(
                "image.png",
                b"\x89PNG\r\n\x1a\n\xff" + token("image").encode(),
                "image/png",
                content_id=content_id,
            ),
        ],
    )


class InboundChecks(WebhookReading):
    """
    Whether received mail is read as it was sent.

    Of a provider that declares ``inbound`` NO, each of these checks that it has none: nothing is
    skipped.
    """

    def test_received_mail_comes_back(self) -> None:
        """Whatever form a mail is handed over in, all of it arrives: each body, file, header."""
        provider = self.make_provider()
        if self._receives_nothing(provider):
            return
        mail = received_mail()
        failures: list[str] = []
        for number, request in enumerate(self._handed_over(mail)):
            event = self._only_event(provider, request)
            failures += _missing_in_event(event, mail)
            if [event.dedupe_key] != [
                each.dedupe_key for each in self._received(provider, [request])
            ]:
                failures.append(f"form {number}: redelivered, it has another dedupe_key")
            fetched = fetch_inbound(provider, event, registry=self._webhook_registry)
            failures += [f"form {number}: {each}" for each in _missing_in_mail(fetched, mail)]
            flow = afetch_inbound(provider, event, registry=self._webhook_registry)
            if asyncio.run(flow).raw != fetched.raw:
                failures.append(f"form {number}: afetch_inbound() gives another mail")
        report("received mail is not complete", failures)

    def test_forged_mail_is_rejected(self) -> None:
        """Mail that somebody else hands over is not believed."""
        provider = self.make_provider()
        if self._receives_nothing(provider):
            return
        if provider.features[Feature.WEBHOOK_VERIFICATION].kind == "no":
            self._require_rejection_of_strangers(provider)
            return
        failures: list[str] = []
        for request in self._handed_over(received_mail()):
            genuine = self._received(provider, [request])
            for label, forged in self.forged_webhooks(request, RECIPIENT):
                failures += self._let_in(provider, label, forged, genuine)
        report("forged mail is let in", failures)

    def test_damaged_mail_is_survived(self) -> None:
        """A notification that is cut off, lacks a field or has another type gives typed errors."""
        provider = self.make_provider()
        if self._receives_nothing(provider):
            return
        failures = [
            failure
            for request in self._handed_over(received_mail())
            for label, body in _damaged(request)
            for failure in self._unreadable(
                provider, label, dataclasses.replace(request, body=body)
            )
        ]
        report("damaged mail raises", dict.fromkeys(failures))

    def _receives_nothing(self, provider: Provider[Any, Any]) -> bool:
        """
        Whether the provider declares that it receives no mail.

        Raises:
            AssertionError: If it declares so, and :meth:`inbound_webhooks` has requests.
        """
        if provider.features[Feature.INBOUND].kind != "no":
            return False
        try:
            requests = self.inbound_webhooks(received_mail())
        except NotImplementedError:
            return True
        if requests:
            raise AssertionError("inbound is declared NO, and inbound_webhooks() gives requests")
        return True

    def _handed_over(self, mail: Message) -> list[WebhookRequest]:
        requests = list(self.inbound_webhooks(mail))
        if not requests:
            raise AssertionError("inbound is declared supported, and inbound_webhooks() gives none")
        return requests

    def _only_event(self, provider: Provider[Any, Any], request: WebhookRequest) -> InboundEvent:
        events = self._received(provider, [request])
        if len(events) != 1 or not isinstance(events[0], InboundEvent):
            raise AssertionError(f"a received mail is no InboundEvent, but {events}")
        return events[0]

    def _unreadable(
        self, provider: Provider[Any, Any], label: str, request: WebhookRequest
    ) -> Iterator[str]:
        """Say if reading a notification or its mail raises what it must not."""
        try:
            for event in provider.parse_webhook(request):
                repr(event)
                if isinstance(event, InboundEvent):
                    _read_all(fetch_inbound(provider, event, registry=self._webhook_registry))
        except MailcoreError as error:
            if isinstance(error, WebhookError) and error.response.status_code >= 500:
                yield f"{label}: answered with {error.response.status_code}"
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001  # foreign ones are what is looked for
            yield f"{label}: foreign exception {type(error).__name__}: {error}"


def _damaged(request: WebhookRequest) -> Iterator[tuple[str, bytes]]:
    size = len(request.body)
    for cut in sorted({size * n // _CUTS for n in range(_CUTS)} | {size - 1}):
        yield f"cut off after {cut} of {size} bytes", request.body[:cut]
    yield from mutations(request.body, request.header("content-type") or "")


def _read_all(mail: InboundMessage) -> None:
    for part in (*mail.attachments, *mail.inlines):
        len(part.content)
    repr((mail.headers, mail.from_email, mail.to, mail.text, mail.html, mail.defects))


def _missing_in_event(event: InboundEvent, mail: Message) -> Iterator[str]:
    recipients = {address_key(address) for address in event.envelope_recipients}
    if address_key(RECIPIENT) not in recipients:
        yield f"envelope_recipients of {event!r} lack the recipient"
    if event.subject not in (None, mail.subject):
        yield f"subject of the event: given {mail.subject!r}, came back as {event.subject!r}"
    if not event.dedupe_key:
        yield "the event has no dedupe_key"


def _missing_in_mail(received: InboundMessage, mail: Message) -> Iterator[str]:
    sender = received.from_email
    pairs: list[tuple[str, Any, Any]] = [
        (
            "from_email",
            _pairs([mail.from_email]),
            [] if sender is None else _pairs([sender]),
        ),
        ("to", _pairs(mail.to), _pairs(received.to)),
        ("cc", _pairs(mail.cc), _pairs(received.cc)),
        ("subject", mail.subject, received.subject),
        # Some providers take away or add the line ends at the end of a body.
        ("text", (mail.text or "").rstrip(), (received.text or "").rstrip()),
        ("html", (mail.html or "").rstrip(), (received.html or "").rstrip()),
        *((name, value, received.headers.get(name)) for name, value in mail.headers.items()),
    ]
    for name, given, came in pairs:
        if given != came:
            yield f"{name}: given {given!r}, came back as {came!r}"
    yield from _missing_files(received, mail)


def _pairs(addresses: Any) -> list[tuple[str, str]]:
    return [(address_key(each.addr_spec), each.display_name) for each in addresses]


def _missing_files(received: InboundMessage, mail: Message) -> Iterator[str]:
    files = {part.filename: part for part in (*received.attachments, *received.inlines)}
    for given in mail.attachments:
        part = files.pop(given.filename, None)
        if part is None:
            yield f"the file {given.filename!r} is lost"
            continue
        if part.content != given.content:
            yield f"the file {given.filename!r} has other content"
        if part.content_type != given.content_type:
            yield f"the file {given.filename!r} is said to be {part.content_type}"
        if part.content_id != given.content_id:
            yield f"the file {given.filename!r} has the content_id {part.content_id!r}"
    for filename in files:
        yield f"there is a file {filename!r} that was not given"
