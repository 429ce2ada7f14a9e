"""The conformance suite: a sound provider passes, and each check catches its fault."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import hmac
import inspect
import itertools
import json
import logging
import re
import secrets
import socket
import ssl
import unittest

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from mailcore import (
    AuthenticationFailed,
    ConfigurationError,
    Feature,
    Features,
    FetchError,
    HttpRequest,
    HttpResponse,
    MalformedWebhook,
    Message,
    MessageRejected,
    NetworkError,
    Problem,
    Provider,
    ProviderUnavailable,
    RateLimited,
    RecipientStatus,
    SendError,
    SendStatus,
    UnexpectedResponse,
    UnsupportedFeature,
    Verdict,
    WebhookRejected,
    WebhookRequest,
)
from mailcore.account import (
    BOUNCE,
    MANUAL,
    Page,
    SuppressedAddress,
    SuppressionFilter,
    SuppressionList,
)
from mailcore.events import EventType, InboundEvent, TrackingEvent, brought_by
from mailcore.features import NO, YES, limited, needs, partial
from mailcore.flow import Exchange
from mailcore.foundation import thaw
from mailcore.http import HttpTransport, ask, may_be_accepted, retry_after_seconds
from mailcore.inbound import ReceivedFile, compose_inbound
from mailcore.message import First, MergeSyntax, Remedy, Without, fills_in
from mailcore.mime import write_message
from mailcore.sending import Combined
from mailcore.testing import Notice, TransportFault
from mailcore.testing.canaries import Canary, token
from mailcore.testing.suite import ProviderSuite


MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)
API_KEY = "key-c2VjcmV0LWtleQ"
SIGNING_KEY = "sign-b3RoZXItc2VjcmV0"


class Acme(Provider[HttpRequest, HttpResponse]):
    """A sound provider: JSON over HTTP, batches of events signed with HMAC."""

    name = "acme"
    label = "Acme Mail"
    features = Features(
        cc=YES,
        bcc=YES,
        reply_to=limited(1),
        headers=YES,
        attachments=YES,
        inline_images=YES,
        envelope_sender=partial("its domain"),
        metadata=YES,
        tags=limited(3),
        track_opens=YES,
        send_at=YES,
        templates=YES,
        merge_data=needs(Feature.TEMPLATES),
        unsubscribe=YES,
        idempotency_key=YES,
        international_addresses=YES,
        recipients=limited(8),
        event_webhooks=YES,
        webhook_verification=YES,
        inbound=YES,
    )
    idempotency = "native"
    batch_size = 2
    max_messages_per_call = 100

    def __init__(self, *, api_key: str, signing_key: str = "") -> None:
        self._api_key = api_key
        self._signing_key = signing_key

    def payload(self, message: Message) -> dict[str, Any]:
        """The JSON document."""
        headers = dict(message.headers)
        if message.unsubscribe is not None:
            headers |= message.unsubscribe.headers
        optional = {
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "trackOpens": message.track_opens,
            "sendAt": message.send_at and int(message.send_at.timestamp()),
            "template": message.template_id,
            "perRecipient": thaw(message.merge_data),
            "bounceDomain": message.envelope_sender and message.envelope_sender.domain,
        }
        document = {
            "from": self.address(message.from_email),
            **{
                name: [self.address(each) for each in addresses]
                for name, addresses in self.deliveries(message).items()
            },
            "replyTo": [self.address(each) for each in message.reply_to],
            "headers": [{"name": name, "value": value} for name, value in headers.items()],
            "files": [
                {
                    "name": part.filename,
                    "cid": part.content_id,
                    "content": b64encode(part.content).decode(),
                }
                for part in message.attachments
            ],
            "metadata": thaw(message.metadata),
            "tags": list(message.tags),
            **{key: value for key, value in optional.items() if value is not None},
        }
        return {**document, **thaw(message.esp_extra.get(self.name, {}))}

    def deliveries(self, message: Message) -> Mapping[str, Sequence[Any]]:
        return message.deliveries._asdict()

    def address(self, address: Any) -> dict[str, str]:
        return {"email": address.addr_spec, "name": address.display_name}

    def http_headers(self, message: Message) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._api_key}", "Content-Type": "application/json"}
        if message.idempotency_key is not None:
            headers["Idempotency-Key"] = message.idempotency_key
        return headers

    def check(self, message: Message) -> Iterable[Problem]:
        if message.is_batch and (message.cc or message.bcc):
            yield Problem("cc", "a batch has no copies", feature="cc")

    def build(self, message: Message) -> Sequence[HttpRequest]:
        return [
            HttpRequest(
                method="POST",
                url="https://api.acme.example/v1/send",
                headers=self.http_headers(part),
                body=json.dumps(self.payload(part)).encode(),
                recipients=part.recipients,
            )
            for part in (self.parts(message) if message.is_batch else [message])
        ]

    def key_of_part(self, key: str, number: int) -> str:
        """The key of one of several calls."""
        return f"{key}-{number}"

    def parts(self, message: Message) -> list[Message]:
        """A batch, as the service takes it: for a few recipients at a time."""
        chunks = [
            message.to[start : start + self.batch_size]
            for start in range(0, len(message.to), self.batch_size)
        ]
        return [
            message.replace(
                to=chunk,
                merge_data={a.addr_spec: self.own_data(message, a.addr_spec) for a in chunk},
                idempotency_key=(
                    message.idempotency_key and self.key_of_part(message.idempotency_key, number)
                ),
            )
            for number, chunk in enumerate(chunks)
        ]

    def own_data(self, message: Message, address: str) -> Mapping[str, Any]:
        """What one recipient's mail says."""
        return (message.merge_data or {}).get(address, {})

    def combine(self, requests: Sequence[HttpRequest]) -> Sequence[Combined[HttpRequest]]:
        if len(requests) == 1:
            return super().combine(requests)
        return [Combined(self.together(requests), tuple(range(len(requests))))]

    def together(self, requests: Sequence[HttpRequest]) -> HttpRequest:
        """Several messages in one call."""
        return dataclasses.replace(
            requests[0],
            url="https://api.acme.example/v1/send-many",
            body=b'{"messages": [' + b", ".join(request.body for request in requests) + b"]}",
            recipients=tuple(to for request in requests for to in request.recipients),
        )

    def split(
        self, requests: Sequence[HttpRequest], response: HttpResponse
    ) -> Sequence[HttpResponse]:
        try:
            answers = json.loads(response.body)["answers"]
            return [
                dataclasses.replace(
                    response,
                    status_code=self.status_of_part(answers[number], response.status_code),
                    body=json.dumps(answers[number]).encode(),
                )
                for number, _ in enumerate(requests)
            ]
        except (ValueError, TypeError, KeyError, IndexError):
            return [response] * len(requests)

    def status_of_part(self, answer: Any, status_code: int) -> int:
        """A call of which some is refused has the status of that."""
        return 200 if status_code == 422 and "id" in answer else status_code

    def is_partly_accepted(self, document: object, status_code: int) -> bool:
        return status_code == 422 and isinstance(document, dict) and "refused" in document

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        accepted = response.status_code == 200
        document: object = None
        try:
            document = json.loads(response.body)
        except ValueError:
            if accepted:
                raise UnexpectedResponse("no JSON", maybe_accepted=True) from None
        if accepted:
            return self.statuses(request, document)
        if self.is_partly_accepted(document, response.status_code):
            refused = json.loads(response.body)["refused"]
            statuses = {**self.statuses(request, document)}
            failed = RecipientStatus(SendStatus.FAILED)
            return {**statuses, **{each: failed for each in statuses if each in refused}}
        if response.status_code == 409 and "Idempotency-Key" in request.headers:
            return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.QUEUED))
        raise self.refusal(response)

    def statuses(self, request: HttpRequest, document: object) -> Mapping[str, RecipientStatus]:
        message_id = document.get("id") if isinstance(document, dict) else None
        if not isinstance(message_id, str):
            raise UnexpectedResponse("no id", maybe_accepted=True)
        return dict.fromkeys(
            request.recipients, RecipientStatus(SendStatus.QUEUED, message_id=message_id)
        )

    def refusal(self, response: HttpResponse) -> SendError:
        kinds: dict[int, type[SendError]] = {401: AuthenticationFailed, 429: RateLimited}
        default = ProviderUnavailable if response.status_code >= 500 else MessageRejected
        if response.status_code < 400:
            maybe_accepted = may_be_accepted(response.status_code)
            return UnexpectedResponse(
                "no JSON",
                maybe_accepted=maybe_accepted,
                status_code=response.status_code,
                raw=response,
            )
        kind = kinds.get(response.status_code, default)
        return kind(
            f"HTTP {response.status_code}",
            status_code=response.status_code,
            retry_after_seconds=retry_after_seconds(response.headers),
            raw=response,
        )

    def verify_webhook(self, request: WebhookRequest) -> Any:
        expected = hmac.new(self._signing_key.encode(), request.body, hashlib.sha256).hexdigest()
        given = request.header("x-acme-signature") or ""
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise WebhookRejected("signature does not match", provider=self.name)
        return Verdict("hmac-sha256")
        yield

    def parse_webhook(self, request: WebhookRequest) -> tuple[TrackingEvent | InboundEvent, ...]:
        try:
            document = json.loads(request.body)
        except (ValueError, RecursionError):
            raise MalformedWebhook("no JSON", provider=self.name) from None
        if not isinstance(document, list):
            raise MalformedWebhook("no list", provider=self.name)
        return tuple(
            self.received(item) if item.get("type") == "received" else self.event(item)
            for item in document
            if isinstance(item, dict)
        )

    def received(self, item: dict[str, Any]) -> InboundEvent:
        """A mail, as raw MIME or taken apart."""
        raw, parsed, recipient = item.get("raw"), item.get("mail"), item.get("for")
        if isinstance(raw, str):
            content = raw.encode()
        elif isinstance(parsed, dict):
            content = compose_inbound(
                [pair for pair in listed(parsed, "headers") if pairlike(pair)],
                text=parsed.get("text"),
                html=parsed.get("html"),
                files=[self.file(each) for each in listed(parsed, "files")],
            )
        else:
            raise MalformedWebhook("no mail", provider=self.name)
        return InboundEvent(
            provider=self.name,
            dedupe_key=f"acme:{item.get('event')}",
            envelope_recipients=(recipient,) if isinstance(recipient, str) else (),
            content=content,
            esp_event=item,
        )

    def file(self, item: Any) -> ReceivedFile:
        held = item if isinstance(item, dict) else {}
        return ReceivedFile(
            content_base64=held.get("content"),
            filename=held.get("name"),
            content_type=held.get("type", ""),
            content_id=held.get("cid"),
            inline=bool(held.get("cid")),
        )

    def event(self, item: dict[str, Any]) -> TrackingEvent:
        def text(key: str) -> str:
            value = item.get(key)
            return value if isinstance(value, str) else ""

        metadata, tags = item.get("metadata"), item.get("tags")
        return TrackingEvent(
            provider=self.name,
            event_type=EVENT_TYPES.get(text("type"), EventType.UNKNOWN),
            recipient=text("email") or None,
            message_id=text("id") or None,
            event_id=text("event") or None,
            dedupe_key=f"acme:{text('event')}",
            metadata=metadata if isinstance(metadata, dict) else {},
            tags=tuple(tag for tag in tags if isinstance(tag, str))
            if isinstance(tags, list)
            else (),
            esp_event=item,
        )


def listed(document: dict[str, Any], key: str) -> list[Any]:
    """The list under a key, empty if it is none."""
    value = document.get(key)
    return value if isinstance(value, list) else []


def pairlike(value: object) -> bool:
    """Whether it is a list of two."""
    return isinstance(value, list) and len(value) == 2


EVENT_TYPES = {
    "delivery": EventType.DELIVERED,
    "bounce": EventType.BOUNCED,
    "complaint": EventType.COMPLAINED,
}
NAMES = {event_type: name for name, event_type in EVENT_TYPES.items()}


class AcmeSuite(ProviderSuite):
    """What is the same for the sound provider and all broken ones."""

    secrets = (API_KEY, SIGNING_KEY)
    provider_class: ClassVar[type[Provider[Any, Any]]] = Acme

    def make_provider(self) -> Provider[Any, Any]:
        return self.provider_class(api_key=API_KEY, signing_key=SIGNING_KEY)  # type: ignore[call-arg]

    def make_receiver(self) -> Provider[Any, Any]:
        return self.provider_class(api_key=None, signing_key=SIGNING_KEY)  # type: ignore[call-arg]

    def provider_module(self) -> str:
        return "mailcore.builtin.null"

    def canary(self, name: str, count: int = 1) -> Canary:
        if name == "envelope_sender":
            domain = f"{token('bounces')}.example"
            return Canary(fields={"envelope_sender": f"b@{domain}"}, tokens=(domain,))
        return super().canary(name, count)

    def is_filled_in(self, request: HttpRequest) -> bool:
        return b'"fillIn": true' in request.body

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        document: Any = {"id": "message-1"}
        if request.url.endswith("/send-many"):
            count = len(json.loads(request.body)["messages"])
            document = {"answers": [{"id": f"message-{number}"} for number in range(count)]}
        return HttpResponse(status_code=200, body=json.dumps(document).encode())

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        for status_code in (400, 401, 422, 429, 503):
            yield HttpResponse(status_code=status_code, body=b'{"message": "no"}')

    def partly_refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        document: Any = {"id": "message-1", "refused": request.recipients[:1]}
        if request.url.endswith("/send-many"):
            document = {"answers": [{"message": "no"}, {"id": "message-1"}]}
        yield HttpResponse(status_code=422, body=json.dumps(document).encode())

    def repeated_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        yield HttpResponse(status_code=409, body=b'{"message": "had it"}')

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        return [
            signed(
                [
                    {
                        "type": NAMES[notice.event_type],
                        "event": f"event-{number}",
                        "email": notice.recipient,
                        "at": 1_763_700_000,
                        "id": notice.message_id,
                        "metadata": dict(notice.metadata),
                        "tags": list(notice.tags),
                    }
                    for number, notice in enumerate(notices)
                ]
            )
        ]

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        raw = write_message(mail, boundary="b", date=MOMENT, message_id="1@example.com").decode()
        taken_apart = {
            "headers": [
                ["From", "" if mail.from_email is None else mail.from_email.format()],
                ["To", ", ".join(address.format() for address in mail.to)],
                ["Cc", ", ".join(address.format() for address in mail.cc)],
                ["Subject", mail.subject],
                *map(list, mail.headers.items()),
            ],
            "text": mail.text,
            "html": mail.html,
            "files": [
                {
                    "name": part.filename,
                    "type": part.content_type,
                    "cid": part.content_id,
                    "content": b64encode(part.content).decode(),
                }
                for part in mail.attachments
            ],
        }
        recipient = mail.to[0].addr_spec
        return [
            signed([{"type": "received", "event": "1", "for": recipient, **form}])
            for form in ({"raw": raw}, {"mail": taken_apart})
        ]

    def unknown_webhook(self) -> WebhookRequest:
        return signed([{"type": "teleported", "event": "e", "email": f"{token('to')}@example.net"}])


def signed(document: object) -> WebhookRequest:
    """An authentic request."""
    body = json.dumps(document).encode()
    signature = hmac.new(SIGNING_KEY.encode(), body, hashlib.sha256).hexdigest()
    return WebhookRequest("POST", {"X-Acme-Signature": signature}, body)


class TestAcme(AcmeSuite):
    """The sound provider passes every check."""


class AcmeSuppressions(SuppressionList):
    """A sound list: JSON over HTTP, in one page."""

    provider = "acme"
    reasons = (BOUNCE, MANUAL)
    put_reasons = (MANUAL,)
    addresses_per_call = 10

    def __init__(self, api_key: str) -> None:
        self.api_key = api_key

    def error_of(self, response):
        if response.status_code != 200:
            return MessageRejected("refused", status_code=response.status_code)
        try:
            document = json.loads(response.body)
        except (ValueError, RecursionError):
            document = None
        items = document.get("items") if isinstance(document, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            return UnexpectedResponse("not understood")
        return None

    def request(self, method="GET", url="https://api.acme.example/suppressions"):
        headers = {"Authorization": self.api_key}
        response = yield from ask(
            HttpRequest(method=method, url=url, headers=headers),
            provider="acme",
            error_of=self.error_of,
        )
        return json.loads(response.body)["items"]

    def page(self, token, chosen, page_size):
        items = yield from self.request()
        found = [SuppressedAddress(email_address=item, reason=BOUNCE) for item in items]
        return Page(items=tuple(found))

    def get(self, email_address):
        return next(iter((yield from self.page("", SuppressionFilter(), 1)).items), None)

    def put(self, email_addresses, reason):
        yield from self.request("POST")
        return {}

    def delete(self, email_address, reasons):
        return bool((yield from self.request("DELETE")))


class KeepsAddresses(Acme):
    """A sound provider with such a list."""

    kind: ClassVar[type[AcmeSuppressions]] = AcmeSuppressions

    def suppressions(self):
        return self.kind(API_KEY)


class LeavesListsOpen(KeepsAddresses):
    class Open(AcmeSuppressions):
        """It asks without looking at errors."""

        def request(self, method="GET", url="https://api.acme.example/"):
            yield Exchange(HttpRequest(method=method, url=url))

    kind = Open


class TrustsLists(KeepsAddresses):
    class Trusting(AcmeSuppressions):
        """It believes every answer."""

        def error_of(self, response):
            return None

    kind = Trusting


class PutsKeysIntoUrls(KeepsAddresses):
    class Careless(AcmeSuppressions):
        """Its key stands in URLs."""

        def request(self, method="GET", url="https://api.acme.example/"):
            return super().request(method, f"{url}?key={self.api_key}")

    kind = Careless


class ShowsListsKey(KeepsAddresses):
    class Shown(AcmeSuppressions):
        """It shows its key."""

        def __repr__(self) -> str:
            return f"<list {self.api_key}>"

    kind = Shown


class TestKeepsAddresses(AcmeSuite):
    """The sound provider with a list passes every check."""

    provider_class = KeepsAddresses


class OddlyNamed(Acme):
    name = "Acme Mail"


class DropsHtml(Acme):
    def payload(self, message):
        return {k: v for k, v in super().payload(message).items() if k != "html"}


class DropsDisplayNames(Acme):
    def address(self, address):
        return {"email": address.addr_spec}


class LosesCharacters(Acme):
    def build(self, message):
        text = message.text.encode("ascii", "replace").decode()
        return super().build(message.replace(text=text))


class DropsMetadata(Acme):
    def payload(self, message):
        return {**super().payload(message), "metadata": {}}


class KeepsOneFile(Acme):
    def payload(self, message):
        document = super().payload(message)
        return {**document, "files": document["files"][:1]}


class IgnoresFalse(Acme):
    def payload(self, message):
        document = super().payload(message)
        if message.track_opens is False:
            del document["trackOpens"]
        return document


class IgnoresTheTime(Acme):
    def payload(self, message):
        document = super().payload(message)
        return document if message.send_at is None else {**document, "sendAt": "later"}


class DropsContentIds(Acme):
    def payload(self, message):
        document = super().payload(message)
        return {**document, "files": [{**file, "cid": None} for file in document["files"]]}


class RefusesWhatItDeclares(Acme):
    def check(self, message):
        if message.unsubscribe is not None:
            yield Problem("unsubscribe", "not today")


class NeedsWhatItLacks(Acme):
    features = Features(
        **{f.value: s for f, s in Acme.features.items() if f is not Feature.TEMPLATES}
    )


class SendsToNobody(Acme):
    features = Features(cc=YES, recipients=NO("there is nobody"))


class SendsOnceWithoutAKey(Acme):
    features = Features(
        **{
            **{f.value: s for f, s in Acme.features.items()},
            "idempotency_key": NO("there is no such header"),
        }
    )


class RaisesForAll(Acme):
    def is_partly_accepted(self, document, status_code):
        return False


class AcceptsTheRefused(Acme):
    def parse(self, request, response):
        statuses = super().parse(request, response)
        return dict.fromkeys(statuses, RecipientStatus(SendStatus.QUEUED, message_id="1"))


class RefusesTheAccepted(Acme):
    def parse(self, request, response):
        statuses = super().parse(request, response)
        if response.status_code == 422:
            return dict.fromkeys(statuses, RecipientStatus(SendStatus.FAILED))
        return statuses


class RefusesTheWholeCall(Acme):
    def status_of_part(self, answer, status_code):
        return status_code


class AcceptsTheWholeCall(Acme):
    def split(self, requests, response):
        answer = HttpResponse(status_code=200, body=b'{"id": "message-1"}')
        return [answer] * len(requests)


class DoubtsTheWholeCall(Acme):
    def split(self, requests, response):
        return [dataclasses.replace(response, status_code=200, body=b"{}")] * len(requests)


class OneKeyForAllCalls(Acme):
    def key_of_part(self, key, number):
        return key


class NewKeyEachTime(Acme):
    def http_headers(self, message):
        headers = super().http_headers(message)
        if "Idempotency-Key" in headers:
            headers["Idempotency-Key"] += secrets.token_hex(4)
        return headers


class RefusesWhatItHad(Acme):
    def parse(self, request, response):
        if response.status_code == 409:
            raise self.refusal(response)
        return super().parse(request, response)


class LosesWhatItHad(Acme):
    def parse(self, request, response):
        if response.status_code == 409:
            return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.FAILED))
        return super().parse(request, response)


class LimitsOneThing(Acme):
    features = Features(
        **{**{f.value: s for f, s in Acme.features.items()}, "track_opens": limited(1)}
    )


class PartlyNothing(Acme):
    features = Features(
        **{**{f.value: s for f, s in Acme.features.items()}, "track_opens": partial("no")}
    )

    def check(self, message):
        if message.track_opens is not None:
            yield Problem("track_opens", "no")


class OverwritesHeaders(Acme):
    def payload(self, message):
        document = super().payload(message)
        if message.unsubscribe is not None:
            fields = message.unsubscribe.headers.items()
            document["headers"] = [{"name": name, "value": value} for name, value in fields]
        return document


class IgnoresEspExtra(Acme):
    def payload(self, message):
        return super().payload(message.replace(esp_extra={}))


class ObeysStrangers(Acme):
    def payload(self, message):
        document = super().payload(message)
        for extra in message.esp_extra.values():
            document |= thaw(extra)
        return document


class SendsBccAsTo(Acme):
    def payload(self, message):
        document = super().payload(message)
        return {**document, "to": document["to"] + document["bcc"]}


class OneListOfRecipients(Acme):
    """All recipients stand in one list, and each says of which kind it is."""

    kinds: ClassVar[Mapping[str, str]] = {}

    def payload(self, message):
        document = super().payload(message)
        listed = [
            {**each, "type": self.kinds.get(kind, kind)}
            for kind in ("to", "cc", "bcc")
            for each in document.pop(kind)
        ]
        return {**document, "to": listed}


class MistakesBccForTo(OneListOfRecipients):
    kinds: ClassVar[Mapping[str, str]] = {"bcc": "to"}


class WritesBccHeader(Acme):
    def payload(self, message):
        document = super().payload(message)
        bcc = {"name": "Bcc", "value": ", ".join(a.addr_spec for a in message.bcc)}
        return {**document, "headers": [*document["headers"], bcc]}


class WritesBccIntoMime(Acme):
    def payload(self, message):
        bcc = ", ".join(a.addr_spec for a in message.bcc)
        mime = f"Subject: a\r\nBcc: {bcc}\r\n\r\ntext\r\n"
        return {**super().payload(message), "raw": b64encode(mime.encode()).decode()}


class MetadataInHttpHeader(Acme):
    def http_headers(self, message):
        extra = {f"X-Meta-{key}": str(value) for key, value in message.metadata.items()}
        return {**super().http_headers(message), **extra}


class MetadataInMimeHeader(Acme):
    def payload(self, message):
        lines = "".join(f"X-Meta: {value}\r\n" for value in message.metadata.values())
        mime = f"Subject: a\r\n{lines}\r\ntext\r\n"
        return {**super().payload(message), "raw": b64encode(mime.encode()).decode()}


class ForgetsLineFeeds(Acme):
    def payload(self, message):
        document = super().payload(message)
        values = [str(value).replace("\r\n", " ") for value in message.metadata.values()]
        extra = [{"name": "X-Meta", "value": value} for value in values]
        return {**document, "headers": [*document["headers"], *extra]}


class MetadataInJsonHeaders(Acme):
    def payload(self, message):
        document = super().payload(message)
        extra = [{"name": "X-Meta", "value": str(v)} for v in message.metadata.values()]
        return {**document, "headers": [*document["headers"], *extra]}


class LosesTheLastRecipient(Acme):
    def statuses(self, request, document):
        statuses = dict(super().statuses(request, document))
        statuses.popitem()
        return statuses


class InventsARecipient(Acme):
    def statuses(self, request, document):
        statuses = super().statuses(request, document)
        return {**statuses, "nobody@example.com": RecipientStatus(SendStatus.SENT, message_id="1")}


class ForgetsMessageIds(Acme):
    def statuses(self, request, document):
        return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.QUEUED))


class InventsMessageIds(Acme):
    def statuses(self, request, document):
        status = RecipientStatus(SendStatus.QUEUED, message_id=secrets.token_hex(8))
        return dict.fromkeys(request.recipients, status)


class TellsNobodyItsIds(InventsMessageIds):
    makes_message_ids = True


class HasOneIdForAll(Acme):
    makes_message_ids = True

    def payload(self, message: Message) -> dict[str, Any]:
        return {**super().payload(message), "ourId": "id-1"}

    def statuses(self, request, document):
        status = RecipientStatus(SendStatus.QUEUED, message_id="id-1")
        return dict.fromkeys(request.recipients, status)


class DeliversThrice(Acme):
    def deliveries(self, message: Message) -> Mapping[str, Sequence[Any]]:
        return {"to": message.to, "cc": message.cc, "bcc": message.bcc}


class NamesNobody(Acme):
    def build(self, message):
        return [dataclasses.replace(each, recipients=()) for each in super().build(message)]


class CountsAddressesTwice(Acme):
    def build(self, message):
        named = tuple(a.addr_spec for a in (*message.to, *message.cc, *message.bcc))
        return [dataclasses.replace(each, recipients=named) for each in super().build(message)]


class NamesEverybodyTwice(Acme):
    def build(self, message):
        return [*super().build(message), *super().build(message)]


class LowersCase(Acme):
    def build(self, message):
        lower = tuple(address.lower() for address in message.recipients)
        return [dataclasses.replace(each, recipients=lower) for each in super().build(message)]


class RaisesForeign(Acme):
    def refusal(self, response):
        return KeyError("message")


class BlamesSomebody(Acme):
    def refusal(self, response):
        return MessageRejected("no", provider="somebody")


class AcceptsAnything(Acme):
    def parse(self, request, response):
        status = RecipientStatus(SendStatus.QUEUED, message_id="1")
        return dict.fromkeys(request.recipients, status)


class CannotTravel(Acme):
    def refusal(self, response):
        return MessageRejected("no", raw=lambda: response)


class RetriesTooMuch(Acme):
    def refusal(self, response):
        return ProviderUnavailable("perhaps", maybe_accepted=True)


class TrustsJson(Acme):
    def parse(self, request, response):
        return self.statuses(request, json.loads(response.body))


class CertainAfterSuccess(Acme):
    def statuses(self, request, document):
        try:
            return super().statuses(request, document)
        except UnexpectedResponse:
            raise UnexpectedResponse("no id") from None


class BareSocketTransport(HttpTransport):
    def exchange(self, request):
        host, _, port = request.url.partition("//")[2].partition("/")[0].partition(":")
        with socket.create_connection((host, int(port)), timeout=0.4) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            if not connection.recv(1):
                raise NetworkError("the connection was lost")
            raise SendError("no HTTP")


class ForeignTransport(Acme):
    def create_transport(self):
        return BareSocketTransport()


class OptimisticTransport(HttpTransport):
    def exchange(self, request):
        try:
            return super().exchange(request)
        except NetworkError as error:
            raise NetworkError(str(error)) from None


class TellsNoDoubt(Acme):
    def create_transport(self):
        return OptimisticTransport()


class TransportByClass(HttpTransport):
    """Decides by the class of an exception, as if TLS could fail in a handshake only."""

    def exchange(self, request):
        try:
            return super().exchange(request)
        except NetworkError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise NetworkError("check the certificate", retryable=False) from None
            raise


class BlamesTheCertificate(Acme):
    def create_transport(self):
        return TransportByClass()


class TransportByHeader(HttpTransport):
    """Takes the answer's lengths for a header of ours that cannot be written."""

    def exchange(self, request):
        try:
            return super().exchange(request)
        except NetworkError as error:
            if "answer is broken" in str(error) and error.__cause__ is None:
                raise NetworkError("not a request that can be sent", retryable=False) from None
            raise


class BlamesTheRequest(Acme):
    def create_transport(self):
        return TransportByHeader()


class DoubtingTransport(HttpTransport):
    def exchange(self, request):
        try:
            return super().exchange(request)
        except NetworkError as error:
            raise NetworkError(str(error), retryable=False, maybe_accepted=True) from None


class DoubtsEverything(Acme):
    def create_transport(self):
        return DoubtingTransport()


class PlainTransport(HttpTransport):
    """http.client as it is: of interim answers it knows 100, and bounds each wait for data."""

    def exchange(self, request):
        parts = urlsplit(request.url)
        kind = {"http": HTTPConnection, "https": HTTPSConnection}[parts.scheme]
        connection = kind(parts.hostname, parts.port, timeout=request.timeout_seconds)
        try:
            connection.connect()
        except OSError:
            raise NetworkError("cannot connect") from None
        try:
            connection.request("POST", parts.path, request.body)
            answer = connection.getresponse()
            return HttpResponse(status_code=answer.status, body=answer.read())
        except (OSError, HTTPException, ValueError):
            raise NetworkError("lost", retryable=False, maybe_accepted=True) from None
        finally:
            connection.close()


class TakesHintsForAnswers(Acme):
    def create_transport(self):
        return PlainTransport()

    def refusal(self, response):
        if response.status_code < 200:
            return MessageRejected("no success")
        return super().refusal(response)


class WaitsForEachByte(Acme):
    def create_transport(self):
        return PlainTransport()


class TakesRedirectsForDoubt(Acme):
    def refusal(self, response):
        if response.status_code < 400:
            return UnexpectedResponse("moved", maybe_accepted=True)
        return super().refusal(response)


class TakesRedirectsForRefusals(Acme):
    def refusal(self, response):
        if response.status_code < 400:
            return UnexpectedResponse("moved", maybe_accepted=False)
        return super().refusal(response)


class SwallowingTransport(HttpTransport):
    def exchange(self, request):
        try:
            return super().exchange(request)
        except SendError:
            return HttpResponse(status_code=200, body=b'{"id": "invented"}')


class InventsAnswers(Acme):
    def create_transport(self):
        return SwallowingTransport()


class WorksInSyncOnly(Acme):
    def parse(self, request, response):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return super().parse(request, response)
        raise MessageRejected("I do not like event loops")


class ShowsItsKey(Acme):
    def __repr__(self):
        return f"Acme({self._api_key!r})"


class KeyInUrl(Acme):
    def build(self, message):
        url = f"https://api.acme.example/send?key={self._api_key}"
        return [dataclasses.replace(each, url=url) for each in super().build(message)]


class LogsRequests(Acme):
    def parse(self, request, response):
        logging.getLogger("acme").debug("sent %s", request.headers)
        return super().parse(request, response)


class LogsAddresses(Acme):
    def parse(self, request, response):
        logging.getLogger("acme").info("sent to %s", ", ".join(request.recipients))
        return super().parse(request, response)


class QuotesAddresses(Acme):
    def parse(self, request, response):
        try:
            return super().parse(request, response)
        except MessageRejected:
            raise MessageRejected(f"{request.recipients[0]} is unknown") from None


class QuotesSecretsInTheCause(Acme):
    def refusal(self, response):
        error = MessageRejected("no")
        error.__cause__ = ValueError(f"Bearer {self._api_key}")
        return error


class LogsSigningKey(Acme):
    def verify_webhook(self, request):
        logging.getLogger("acme").debug("expecting %s", self._signing_key)
        return super().verify_webhook(request)


class TakesPositions(Acme):
    def __init__(self, api_key: str, signing_key: str = "") -> None:
        super().__init__(api_key=api_key, signing_key=signing_key)


class TakesAnything(Acme):
    def __init__(self, *, api_key, signing_key="") -> None:
        super().__init__(api_key=api_key, signing_key=signing_key)


class KnowsNoComplaints(Acme):
    def event(self, item):
        known = {k: v for k, v in item.items() if v != "complaint"}
        return super().event(known)


class ReadsTheFirstEvent(Acme):
    def parse_webhook(self, request):
        return super().parse_webhook(request)[:1]


class RefusesABatchForOneEvent(Acme):
    def parse_webhook(self, request):
        for item in json.loads(request.body):
            if not isinstance(item.get("email"), str):
                raise MalformedWebhook("an event has no email", provider=self.name)
        return super().parse_webhook(request)


class RefusesABatchForAStranger(Acme):
    def parse_webhook(self, request):
        if any(not {"event", "email"} & item.keys() for item in json.loads(request.body)):
            raise MalformedWebhook("an item is no event", provider=self.name)
        return super().parse_webhook(request)


class StopsAtADamagedEvent(Acme):
    def parse_webhook(self, request):
        events = super().parse_webhook(request)
        good = itertools.takewhile(lambda event: event.recipient, events)
        return tuple(good)


class ReadsEventsTwice(Acme):
    def parse_webhook(self, request):
        return super().parse_webhook(request) * 2


class PutsWhatIsNoJsonIntoEvents(Acme):
    def event(self, item):
        event = super().event(item)
        return dataclasses.replace(event, metadata={"when": {1, 2}})


class RenamesMessages(Acme):
    def statuses(self, request, document):
        return {
            address: dataclasses.replace(status, message_id=f"<{status.message_id}@acme>")
            for address, status in super().statuses(request, document).items()
        }

    def event(self, item):
        event = super().event(item)
        name = event.message_id or ""
        return dataclasses.replace(event, message_id=name.strip("<>").partition("@")[0])


class LosesMetadata(Acme):
    def event(self, item):
        return super().event({**item, "metadata": {}})


class LosesTags(Acme):
    def event(self, item):
        return super().event({**item, "tags": []})


class ChokesOnNews(Acme):
    def event(self, item):
        return dataclasses.replace(super().event(item), event_type=EVENT_TYPES[item["type"]])


class GuessesNews(Acme):
    def event(self, item):
        event = super().event(item)
        unknown = event.event_type is EventType.UNKNOWN
        return dataclasses.replace(event, event_type=EventType.DELIVERED) if unknown else event


class SkipsNews(Acme):
    def parse_webhook(self, request):
        events = super().parse_webhook(request)
        return tuple(event for event in events if event.event_type is not EventType.UNKNOWN)


class InventsKeys(Acme):
    def event(self, item):
        return dataclasses.replace(super().event(item), dedupe_key=secrets.token_hex())


class OneKeyForAll(Acme):
    def event(self, item):
        return dataclasses.replace(super().event(item), dedupe_key="acme")


class BelievesEverybody(Acme):
    def verify_webhook(self, request):
        return Verdict("trust")
        yield


class TriesByDelete(Acme):
    webhook_probe_methods = frozenset(["HEAD", "DELETE"])


class ReadsHeadersUnsaid(Acme):
    def parse_webhook(self, request):
        described = request.header("x-acme-signature")
        return tuple(
            dataclasses.replace(event, description=described)
            for event in super().parse_webhook(request)
        )


class KeepsCredentials(Acme):
    notification_headers = frozenset(["authorization"])

    def parse_webhook(self, request):
        # Its suite's requests have no such field; a mailcore that kept it would show it.
        credentials = WebhookRequest("POST", {"Authorization": "Basic …"}, request.body)
        return brought_by(credentials, super().parse_webhook(request))


class BelievesTheUnsigned(Acme):
    def verify_webhook(self, request):
        if request.header("x-acme-signature") is None:
            return Verdict("nothing to verify")
        return (yield from super().verify_webhook(request))


class SignsTheBeginning(Acme):
    """Compares no more of the body than what was cut off at its end."""

    def verify_webhook(self, request):
        if not (request.header("x-acme-signature") or "").isalnum():
            raise WebhookRejected("no signature")
        return Verdict("a signature is there")
        yield

    def parse_webhook(self, request):
        body = request.body
        try:
            return super().parse_webhook(request)
        except MalformedWebhook:
            closed = body[: body.rfind(b",")] + b"}]"
            return super().parse_webhook(dataclasses.replace(request, body=closed))


class FaultsInVerification(Acme):
    def verify_webhook(self, request):
        if request.header("x-acme-signature") is None:
            raise KeyError("x-acme-signature")
        return (yield from super().verify_webhook(request))


class RecursesForever(Acme):
    def parse_webhook(self, request):
        try:
            json.loads(request.body)
        except ValueError:
            raise MalformedWebhook("no JSON") from None
        return super().parse_webhook(request)


class TrustsFields(Acme):
    def event(self, item):
        return dataclasses.replace(super().event(item), recipient=item["email"].lower())


class TrustsTimes(Acme):
    def event(self, item):
        moment = datetime.fromtimestamp(item.get("at", 0), timezone.utc)
        return dataclasses.replace(super().event(item), timestamp=moment)


class FillsIn(Acme):
    """A sound provider whose service fills in the texts of a message, where it is told to."""

    merge_syntax = MergeSyntax(example="[name]", pattern=re.compile(r"\[(?P<name>\w+)\]"))
    features = Features(
        **{
            **{feature.value: support for feature, support in Acme.features.items()},
            "merge_data": YES,
            "merge_global_data": YES,
        }
    )

    def payload(self, message):
        values = thaw(message.merge_global_data or {})
        asks = {"fillIn": True, "values": values} if self.asks(message) else {}
        return {**super().payload(message), **asks}

    def asks(self, message):
        return fills_in(message, self.merge_syntax)


class FillsInWhateverHasTheField(FillsIn):
    def asks(self, message):
        return message.merge_data is not None or bool(message.merge_global_data)


class FillsInNothing(FillsIn):
    def asks(self, message):
        return False


class NeedsAKeyToReceive(Acme):
    sending_options = ("api_key",)

    def verify_webhook(self, request):
        if self._api_key is None:
            raise WebhookRejected("no api_key", provider=self.name)
        return (yield from super().verify_webhook(request))


class SendsWithoutAKey(Acme):
    sending_options = ("api_key",)


class SaysNoVariable(Acme):
    sending_options = ("api_key",)

    def build(self, message):
        if self._api_key is None:
            raise ConfigurationError("acme: no api_key")
        return super().build(message)


class GivesEverybodyAllData(Acme):
    """One set of data for all recipients of a request."""

    def payload(self, message):
        document = super().payload(message)
        data = {k: v for own in document.get("perRecipient", {}).values() for k, v in own.items()}
        values = [v for own in document.get("perRecipient", {}).values() for v in own.values()]
        return {**document, "perRecipient": data, "all": values}


class RepeatsAllDataInEachRequest(Acme):
    def parts(self, message):
        parts = super().parts(message)
        return [part.replace(merge_data=message.merge_data) for part in parts]


class SwapsData(Acme):
    def payload(self, message):
        document = super().payload(message)
        own = document.get("perRecipient", {})
        swapped = dict(zip(own, reversed(own.values()), strict=True))
        return {**document, "perRecipient": swapped}


class ForgetsTheSecondOnesData(Acme):
    def payload(self, message):
        document = super().payload(message)
        own = document.get("perRecipient", {})
        return {**document, "perRecipient": dict(list(own.items())[:1])}


class ShowsTheOthers(Acme):
    batch_size = 1

    def parts(self, message):
        note = ", ".join(address.addr_spec for address in message.to)
        return [part.replace(headers={"X-To": note}) for part in super().parts(message)]


class NamesTheNextOnes(Acme):
    def build(self, message):
        requests = super().build(message)
        names = [request.recipients for request in requests]
        moved = zip(requests, [*names[1:], names[0]], strict=True)
        return [dataclasses.replace(request, recipients=each) for request, each in moved]


class SendsTheFirstPart(Acme):
    def build(self, message):
        return super().build(message)[:1]


class ForgetsToWait(Acme):
    def refusal(self, response):
        error = super().refusal(response)
        error.retry_after_seconds = None
        return error


class FindsAnId(Acme):
    """Believes whatever has an id in it."""

    def parse(self, request, response):
        if response.status_code == 200 and b'"id": "' in response.body:
            return self.statuses(request, {"id": "found"})
        return super().parse(request, response)


class CertainThatItIsCutOff(Acme):
    def parse(self, request, response):
        try:
            return super().parse(request, response)
        except UnexpectedResponse as error:
            raise MessageRejected(str(error)) from None


class BelievesBodies(Acme):
    """Looks at what the answer says before it looks at its status."""

    def parse(self, request, response):
        if b'"id": "' in response.body and response.status_code >= 300:
            return self.statuses(request, json.loads(response.body))
        return super().parse(request, response)


class CertainOfBatches(Acme):
    """Knows what became of one message, and guesses what became of several."""

    def parse(self, request, response):
        try:
            return super().parse(request, response)
        except UnexpectedResponse as error:
            if b'"perRecipient"' in request.body:
                raise MessageRejected(str(error)) from None
            raise


class TrustsWords(Acme):
    def refusal(self, response):
        words = json.loads(response.body)["message"].upper()
        return MessageRejected(words, status_code=response.status_code)


class LosesTheAnswer(Acme):
    def refusal(self, response):
        return MessageRejected(json.loads(response.body)["message"])


class FollowingTransport(HttpTransport):
    def exchange(self, request):
        import requests

        try:
            answer = requests.post(request.url, data=request.body, timeout=request.timeout_seconds)
        except requests.RequestException:
            raise NetworkError("lost", retryable=False, maybe_accepted=True) from None
        return HttpResponse(status_code=answer.status_code, body=answer.content)


class FollowsRedirects(Acme):
    def create_transport(self):
        return FollowingTransport()


class WritesBccInItsOwnWay(Acme):
    def payload(self, message):
        bcc = ", ".join(address.addr_spec for address in message.bcc)
        return {**super().payload(message), "h:Bcc": bcc}


class LosesFiles(Acme):
    def file(self, item):
        return ReceivedFile(filename=item["name"], content_type=item["type"], content=b"")


class LosesContentIds(Acme):
    def file(self, item):
        return dataclasses.replace(super().file(item), content_id=None, inline=False)


class LosesTheHtml(Acme):
    def received(self, item):
        if isinstance(item.get("mail"), dict):
            item["mail"].pop("html", None)
        return super().received(item)


class LosesTheEnvelope(Acme):
    def received(self, item):
        return dataclasses.replace(super().received(item), envelope_recipients=())


class InventsInboundKeys(Acme):
    def received(self, item):
        return dataclasses.replace(super().received(item), dedupe_key=secrets.token_hex())


class FindsMailInEspEvent(Acme):
    def fetch_inbound(self, event):
        if event.esp_event is None:
            raise FetchError("where is it?", provider=self.name)
        return (yield from super().fetch_inbound(event))


class MixesKeys(Acme):
    def event(self, item):
        return dataclasses.replace(super().event(item), metadata={1: "a", "1": "b"})


class WritesTimesAsText(Acme):
    def event(self, item):
        return dataclasses.replace(super().event(item), timestamp="yesterday")


class KeepsNoMail(Acme):
    def fetch_inbound(self, event):
        return (yield from super().fetch_inbound(dataclasses.replace(event, content=b"")))


class CallsMailAnEvent(Acme):
    def received(self, item):
        return self.event(item)


class BelievesAnyMail(Acme):
    def verify_webhook(self, request):
        if b"received" in request.body:
            return Verdict("mail is harmless")
        return (yield from super().verify_webhook(request))


class TrustsMail(Acme):
    def file(self, item):
        content = b64decode(item["content"])
        return ReceivedFile(filename=item["name"], content_type=item["type"], content=content)


class LosesTheLastMessage(Acme):
    def together(self, requests):
        return super().together(requests[:-1])


class SendsMessagesTwice(Acme):
    def combine(self, requests):
        twice = Combined(self.together(requests), (0, 1))
        return [twice, Combined(self.together(requests), (2,))]


class CombinesNothing(Acme):
    def combine(self, requests):
        return [Combined(request, (position,)) for position, request in enumerate(requests)]


class OneAnswerForAll(Acme):
    def split(self, requests, response):
        return [super().split(requests, response)[0]] * len(requests)


class BelievesRefusedCalls(Acme):
    def split(self, requests, response):
        if b"answers" in response.body:
            return super().split(requests, response)
        return [HttpResponse(status_code=200, body=b'{"id": "who knows"}')] * len(requests)


class CertainOfCalls(Acme):
    def split(self, requests, response):
        if b"answers" in response.body:
            return super().split(requests, response)
        return [HttpResponse(status_code=400, body=b"{}")] * len(requests)


class TalkativeEvent(InboundEvent):
    def __repr__(self):
        return f"mail from {self.content!r}"


class ShowsTheSender(Acme):
    def received(self, item):
        event = super().received(item)
        return TalkativeEvent(provider=event.provider, content=event.content)


class DeniesItsMail(Acme):
    features = Features(
        **{f.value: s for f, s in Acme.features.items() if f is not Feature.INBOUND}
    )


class VerifiesInSyncOnly(Acme):
    def verify_webhook(self, request):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return (yield from super().verify_webhook(request))
        raise WebhookRejected("I do not like event loops")


WITHOUT_WEBHOOKS = Features(
    **{
        feature.value: support
        for feature, support in Acme.features.items()
        if feature not in (Feature.EVENT_WEBHOOKS, Feature.WEBHOOK_VERIFICATION, Feature.INBOUND)
    }
)


class DeniesItsWebhooks(Acme):
    features = WITHOUT_WEBHOOKS

    def verify_webhook(self, request):
        return Verdict("trust")
        yield


class DeniesItsEvents(Acme):
    features = WITHOUT_WEBHOOKS

    def verify_webhook(self, request):
        raise WebhookRejected("none")
        yield

    def parse_webhook(self, request):
        return ()


class DropsCopies(Acme):
    def check(self, message):
        for problem in super().check(message):
            yield dataclasses.replace(problem, remedy=OtherRecipients())


class OtherRecipients(Remedy):
    def apply(self, message):
        return message.replace(cc=None, bcc=None)

    def __str__(self):
        return "nobody gets a copy"


class DropsTheBatch(Acme):
    def check(self, message):
        if message.merge_headers is not None:
            remedy = Without("merge_headers")
            yield Problem("merge_headers", "no", feature="merge_headers", remedy=remedy)

    features = Features(**{**{f.value: s for f, s in Acme.features.items()}, "merge_headers": YES})


class DropsInVain(Acme):
    def check(self, message):
        if message.tags:
            yield Problem("tags", "no", feature="tags", remedy=First("tags", 1))


class DropsSomethingElse(Acme):
    def check(self, message):
        if message.tags:
            yield Problem("tags", "no", feature="tags", remedy=Without("track_opens"))


class CannotBuildTheRest(Acme):
    def check(self, message):
        if message.metadata:
            remedy = Without("metadata")
            yield Problem("metadata", "no", feature="metadata", remedy=remedy)

    def build(self, message):
        if "metadata" in message.declined:
            raise UnsupportedFeature("there must be metadata")
        return super().build(message)


DECLARED = "test_features_are_as_declared"
KNOWN_IDS = "test_message_ids_are_known_to_the_service"
OWN_IDS = "test_message_ids_that_are_made_here_tell_mails_apart"
TOGETHER = "test_messages_in_one_call_stay_apart"
APART = "test_recipients_of_a_batch_are_kept_apart"
MAIL = "test_received_mail_comes_back"
KEYS = "test_each_call_has_a_key_of_its_own"
PARTLY = "test_a_refused_mail_of_a_batch_is_told_apart"
PART_OF_CALL = "test_a_refused_message_of_a_call_is_told_apart"
FAULTS = [
    ("test_suppressions_leave_nothing_open", LeavesListsOpen, "get: maybe_accepted"),
    ("test_suppressions_survive_any_answer", TrustsLists, "KeyError"),
    ("test_suppressions_tell_no_secrets", PutsKeysIntoUrls, "a secret is in the URL"),
    ("test_suppressions_tell_no_secrets", ShowsListsKey, "a secret is in the repr of the list"),
    ("test_it_introduces_itself", OddlyNamed, "lower-case letters"),
    ("test_it_introduces_itself", SendsToNobody, "refuses every recipient"),
    ("test_it_introduces_itself", SendsOnceWithoutAKey, "features has no idempotency_key"),
    (PARTLY, RaisesForAll, "it raises MessageRejected, and 1 were accepted"),
    (PARTLY, AcceptsTheRefused, "who was refused is queued"),
    (PARTLY, RefusesTheAccepted, "who was accepted is failed"),
    (PART_OF_CALL, RefusesTheWholeCall, "the message that was accepted is not: MessageRejected"),
    (PART_OF_CALL, AcceptsTheWholeCall, "the message that was refused is accepted"),
    (PART_OF_CALL, DoubtsTheWholeCall, "the message that was refused may be accepted"),
    (KEYS, OneKeyForAllCalls, "several calls of one message have the same key"),
    (KEYS, NewKeyEachTime, "no place has the same for the same key"),
    ("test_what_the_service_had_is_no_refusal", RefusesWhatItHad, "raises MessageRejected"),
    ("test_what_the_service_had_is_no_refusal", LosesWhatItHad, "nobody was accepted: 1 failed"),
    ("test_plain_fields_are_sent", DropsHtml, "html is silently dropped"),
    ("test_plain_fields_are_sent", DropsDisplayNames, "to is silently dropped"),
    ("test_plain_fields_are_sent", LosesCharacters, "text is silently dropped"),
    (DECLARED, DropsMetadata, "metadata is silently dropped"),
    (DECLARED, KeepsOneFile, "attachments is silently dropped"),
    (DECLARED, IgnoresFalse, "track_opens=False makes the same request as not given"),
    (DECLARED, IgnoresTheTime, "send_at is silently dropped"),
    (DECLARED, DropsContentIds, "inline_images is silently dropped"),
    (DECLARED, RefusesWhatItDeclares, "declared supported, and refused"),
    (DECLARED, NeedsWhatItLacks, "needs templates, which is declared NO"),
    (DECLARED, LimitsOneThing, "there is only one of it"),
    (DECLARED, PartlyNothing, "track_opens is declared"),
    ("test_what_must_not_be_dropped_is_not", DropsCopies, "changes what no remedy may: cc"),
    ("test_what_must_not_be_dropped_is_not", DropsCopies, "cc is never dropped, and has a remedy"),
    ("test_what_must_not_be_dropped_is_not", DropsTheBatch, "no remedy may: separate mails"),
    ("test_what_must_not_be_dropped_is_not", DropsSomethingElse, "changes nothing"),
    ("test_what_can_be_dropped_is_sent_without", DropsInVain, "does not help: no"),
    ("test_what_can_be_dropped_is_sent_without", CannotBuildTheRest, "cannot be built after"),
    ("test_features_are_sent_together", OverwritesHeaders, "is lost beside other features"),
    ("test_esp_extra_is_its_own", IgnoresEspExtra, "esp_extra is silently dropped"),
    ("test_esp_extra_is_its_own", ObeysStrangers, "of another provider is sent"),
    ("test_bcc_stays_hidden", SendsBccAsTo, "stand wherever those of `to` do"),
    ("test_bcc_stays_hidden", WritesBccHeader, "in the message that recipients get"),
    ("test_bcc_stays_hidden", WritesBccIntoMime, "in the message that recipients get"),
    ("test_no_header_can_be_injected", MetadataInHttpHeader, "metadata with"),
    ("test_no_header_can_be_injected", MetadataInMimeHeader, "metadata with"),
    ("test_no_header_can_be_injected", ForgetsLineFeeds, r"metadata with '\n' begins"),
    ("test_no_header_can_be_injected", MetadataInJsonHeaders, "metadata with"),
    (
        "test_texts_arrive_as_they_are_unless_values_are_asked_for",
        FillsInWhateverHasTheField,
        "merge_data: the service is told to fill it in",
    ),
    (
        "test_values_are_filled_in_where_a_text_refers_to_them",
        FillsInNothing,
        "merge_global_data: the text is sent as it is",
    ),
    ("test_receiving_needs_no_secret_for_sending", NeedsAKeyToReceive, "an event is refused"),
    ("test_receiving_needs_no_secret_for_sending", SendsWithoutAKey, "a send goes out"),
    ("test_receiving_needs_no_secret_for_sending", SaysNoVariable, "does not name api_key"),
    ("test_every_recipient_has_a_status", LosesTheLastRecipient, "gives no status for"),
    ("test_every_recipient_has_a_status", InventsARecipient, "invents the recipient"),
    ("test_every_recipient_has_a_status", ForgetsMessageIds, "no message_id"),
    ("test_every_recipient_is_in_one_request", NamesNobody, "named by 0 requests"),
    ("test_every_recipient_is_in_one_request", NamesEverybodyTwice, "named by 2 requests"),
    ("test_every_recipient_is_in_one_request", CountsAddressesTwice, "which the message lacks"),
    ("test_every_recipient_is_in_one_request", LowersCase, "which the message lacks"),
    ("test_a_mailbox_is_delivered_to_once", DeliversThrice, "is named 4 times"),
    ("test_refusals_are_send_errors", RaisesForeign, "foreign exception KeyError"),
    ("test_refusals_are_send_errors", AcceptsAnything, "no error"),
    ("test_refusals_are_send_errors", BlamesSomebody, "names the provider 'somebody'"),
    ("test_refusals_are_send_errors", CannotTravel, "cannot be pickled"),
    ("test_refusals_are_send_errors", RetriesTooMuch, "a retry could send twice"),
    ("test_broken_answers_are_send_errors", TrustsJson, "foreign exception JSONDecodeError"),
    ("test_broken_answers_are_send_errors", CertainAfterSuccess, "maybe_accepted is False"),
    ("test_transport_faults_are_send_errors", ForeignTransport, "foreign exception Connection"),
    ("test_transport_faults_are_send_errors", TellsNoDoubt, "maybe_accepted is False"),
    ("test_transport_faults_are_send_errors", InventsAnswers, "no error"),
    (
        "test_transport_faults_are_send_errors",
        BlamesTheCertificate,
        "goes on without TLS: maybe_accepted is False",
    ),
    (
        "test_transport_faults_are_send_errors",
        BlamesTheRequest,
        "two different lengths: maybe_accepted is False",
    ),
    (
        "test_transport_faults_are_send_errors",
        DoubtsEverything,
        "is nobody's: maybe_accepted is True",
    ),
    (
        "test_transport_faults_are_send_errors",
        TakesHintsForAnswers,
        "an interim answer: maybe_accepted is False",
    ),
    ("test_transport_faults_are_send_errors", WaitsForEachByte, "takes as long as it likes"),
    (
        "test_transport_faults_are_send_errors",
        TakesRedirectsForDoubt,
        "redirects with 301: maybe_accepted is True",
    ),
    (
        "test_transport_faults_are_send_errors",
        TakesRedirectsForRefusals,
        "redirects with 303: maybe_accepted is False",
    ),
    ("test_async_sending_is_the_same", WorksInSyncOnly, "in async code"),
    (KNOWN_IDS, InventsMessageIds, "not in the answer: makes_message_ids is not set"),
    (KNOWN_IDS, TellsNobodyItsIds, "made here is not in the request"),
    (OWN_IDS, HasOneIdForAll, "message: two sends have the same"),
    (OWN_IDS, HasOneIdForAll, "batch: two recipients have the same"),
    ("test_secrets_and_addresses_stay_inside", ShowsItsKey, "a secret is in the provider's repr"),
    ("test_secrets_and_addresses_stay_inside", KeyInUrl, "a secret is in the request's URL"),
    ("test_secrets_and_addresses_stay_inside", LogsRequests, "a secret is in a log record of acme"),
    ("test_secrets_and_addresses_stay_inside", LogsAddresses, "a full address is in a log record"),
    ("test_secrets_and_addresses_stay_inside", LogsSigningKey, "a secret is in a log record"),
    ("test_secrets_and_addresses_stay_inside", QuotesAddresses, "in the text of MessageRejected"),
    ("test_secrets_and_addresses_stay_inside", QuotesSecretsInTheCause, "the text of ValueError"),
    ("test_redirected_requests_hold_no_secret", KeyInUrl, "override without_credentials()"),
    ("test_options_are_named_and_typed", TakesPositions, "is not keyword-only"),
    ("test_options_are_named_and_typed", TakesAnything, "has no type"),
    ("test_every_event_type_is_read", KnowsNoComplaints, "1 of complained"),
    ("test_every_event_type_is_read", PutsWhatIsNoJsonIntoEvents, "is no JSON"),
    ("test_no_event_of_a_batch_is_lost", ReadsTheFirstEvent, "did not arrive"),
    (
        "test_a_damaged_event_takes_no_other_with_it",
        RefusesABatchForOneEvent,
        "the batch is refused: an event has no email",
    ),
    (
        "test_a_damaged_event_takes_no_other_with_it",
        RefusesABatchForAStranger,
        "body[0] is an empty object: the batch is refused: an item is no event",
    ),
    (
        "test_a_damaged_event_takes_no_other_with_it",
        StopsAtADamagedEvent,
        "other events are lost",
    ),
    ("test_no_event_of_a_batch_is_lost", ReadsEventsTwice, "too many"),
    ("test_events_name_the_message_that_was_sent", RenamesMessages, "did not arrive"),
    ("test_events_name_the_message_that_was_sent", ForgetsMessageIds, "has no message_id"),
    ("test_events_carry_metadata_and_tags", LosesMetadata, "metadata: given"),
    ("test_events_carry_metadata_and_tags", LosesTags, "tags: given"),
    ("test_unknown_events_are_reported", GuessesNews, "reported as delivered"),
    ("test_unknown_events_are_reported", SkipsNews, "it is lost"),
    ("test_redelivery_has_the_same_key", InventsKeys, "became"),
    ("test_redelivery_has_the_same_key", OneKeyForAll, "not one key for each event"),
    ("test_forged_webhooks_are_rejected", BelievesEverybody, "another recipient: believed"),
    ("test_forged_webhooks_are_rejected", BelievesTheUnsigned, "without headers: believed"),
    ("test_forged_webhooks_are_rejected", FaultsInVerification, "KeyError"),
    ("test_truncated_webhooks_are_refused", SignsTheBeginning, "bytes: believed"),
    ("test_garbage_is_refused", BelievesEverybody, "an empty list: believed"),
    ("test_garbage_is_refused", RecursesForever, "deep nesting: foreign exception RecursionError"),
    ("test_damaged_events_are_survived", TrustsFields, "foreign exception KeyError"),
    ("test_damaged_events_are_survived", TrustsTimes, "foreign exception TypeError"),
    ("test_notifications_are_kept", ReadsHeadersUnsaid, "lacks a header field"),
    ("test_notifications_are_kept", KeepsCredentials, "header field Authorization"),
    ("test_events_travel_through_queues", FindsMailInEspEvent, "is not found any more"),
    ("test_events_travel_through_queues", MixesKeys, "has a key that is no text"),
    ("test_events_travel_through_queues", WritesTimesAsText, "`timestamp` is no time"),
    ("test_only_post_brings_events", TriesByDelete, "webhook_probe_methods has DELETE"),
    ("test_async_receiving_is_the_same", VerifiesInSyncOnly, "in async code"),
    ("test_forged_webhooks_are_rejected", DeniesItsWebhooks, "from anybody is let in"),
    ("test_every_event_type_is_read", DeniesItsEvents, "parse_webhook() gives ()"),
    (APART, GivesEverybodyAllData, "nothing says that it is"),
    (APART, SwapsData, "nothing says that it is"),
    (APART, RepeatsAllDataInEachRequest, "in a request for others"),
    (APART, NamesTheNextOnes, "in a request for others"),
    (APART, ForgetsTheSecondOnesData, "alone was given is silently dropped"),
    (APART, ShowsTheOthers, "another recipient stands in a request for one"),
    ("test_every_recipient_of_a_large_batch_has_a_status", SendsTheFirstPart, "6 of 8 are unknown"),
    (TOGETHER, LosesTheLastMessage, "is silently dropped"),
    (TOGETHER, SendsMessagesTwice, "stands in 2 calls"),
    (TOGETHER, CombinesNothing, "max_messages_per_call says less"),
    (TOGETHER, OneAnswerForAll, "one id for several messages"),
    ("test_a_call_that_is_refused_accepts_nobody", BelievesRefusedCalls, "accepted"),
    ("test_a_call_that_is_refused_accepts_nobody", CertainOfCalls, "maybe_accepted is False"),
    ("test_waiting_times_are_told", ForgetsToWait, "retry_after_seconds=None"),
    ("test_cut_off_answers_leave_doubt", FindsAnId, "bytes: SendResult"),
    ("test_cut_off_answers_leave_doubt", CertainThatItIsCutOff, "maybe_accepted is False"),
    ("test_cut_off_answers_leave_doubt", CertainOfBatches, "batch, cut off after 0 of"),
    ("test_broken_answers_are_send_errors", CertainOfBatches, "batch answered with"),
    ("test_only_success_is_success", BelievesBodies, "batch: 302 is taken for a success"),
    ("test_errors_hold_the_answer", LosesTheAnswer, "status_code is None"),
    ("test_errors_hold_the_answer", LosesTheAnswer, "raw is None"),
    ("test_damaged_answers_are_survived", TrustsWords, "foreign exception KeyError"),
    ("test_transport_faults_are_send_errors", FollowsRedirects, "was followed: ['GET']"),
    ("test_secrets_and_addresses_stay_inside", ShowsTheSender, "is in the event's repr"),
    (MAIL, LosesFiles, "has other content"),
    (MAIL, LosesContentIds, "has the content_id None"),
    (MAIL, LosesTheHtml, "html: given"),
    (MAIL, LosesTheEnvelope, "lack the recipient"),
    (MAIL, InventsInboundKeys, "it has another dedupe_key"),
    (MAIL, KeepsNoMail, "subject: given"),
    (MAIL, CallsMailAnEvent, "is no InboundEvent"),
    (MAIL, DeniesItsMail, "inbound is declared NO"),
    ("test_forged_mail_is_rejected", BelievesAnyMail, "another recipient: believed"),
    ("test_damaged_mail_is_survived", TrustsMail, "foreign exception KeyError"),
]

# What issue 5 names, each with providers that have that fault.
NAMED_IN_THE_ISSUE = {
    "a dropped field": [DropsHtml, DropsMetadata, DropsContentIds],
    "a Bcc leak": [SendsBccAsTo, WritesBccHeader, WritesBccIntoMime],
    "a foreign exception": [RaisesForeign, TrustsJson, ForeignTransport, TrustsFields],
    "a lost recipient status": [LosesTheLastRecipient, SendsTheFirstPart],
    "a forged webhook let in": [BelievesEverybody, BelievesTheUnsigned, BelievesAnyMail],
    "a secret in a repr": [ShowsItsKey, KeyInUrl],
    "an event of a batch lost": [ReadsTheFirstEvent],
}


# What shows these to catch something is not a broken provider, so it has a test of its own.
SHOWN_ON_THEIR_OWN = {
    "test_import_is_cheap",
    "test_the_wire_log_tells_no_secrets",
    "test_what_it_refuses_in_part_has_a_remedy",
}


def suite_of(broken: type[Provider[Any, Any]]) -> AcmeSuite:
    """The suite, of a broken provider."""
    suite = AcmeSuite()
    suite.provider_class = broken  # type: ignore[misc]
    vars(suite)["makes_message_ids"] = getattr(broken, "makes_message_ids", False)
    return suite


@pytest.mark.parametrize(
    ("check", "broken", "complaint"), FAULTS, ids=lambda value: getattr(value, "__name__", None)
)
def test_each_check_catches_its_fault(check, broken, complaint) -> None:
    """A provider with one fault fails the check that is about it, with a text that says so."""
    with pytest.raises(AssertionError) as failure:
        getattr(suite_of(broken), check)()

    assert complaint in str(failure.value)


@pytest.mark.parametrize("fault", NAMED_IN_THE_ISSUE)
def test_faults_that_must_be_caught_are(fault) -> None:
    """Each kind of fault that a plugin must never have is shown to be caught."""
    shown = {broken for _, broken, _ in FAULTS}

    assert shown >= set(NAMED_IN_THE_ISSUE[fault])


@pytest.mark.parametrize(
    "check",
    [
        "test_features_are_as_declared",
        "test_recipients_of_a_batch_are_kept_apart",
        "test_texts_arrive_as_they_are_unless_values_are_asked_for",
        "test_values_are_filled_in_where_a_text_refers_to_them",
    ],
)
def test_sound_provider_that_fills_in_texts(check) -> None:
    """What has a merge syntax, and keeps to the rule, passes."""
    getattr(suite_of(FillsIn), check)()


def test_a_header_by_another_name_is_a_header() -> None:
    """What a suite calls a header field is visible to recipients."""
    suite = suite_of(WritesBccInItsOwnWay)
    suite.test_bcc_stays_hidden()
    suite.is_header_step = lambda step: step.startswith("h:")  # type: ignore[method-assign]

    with pytest.raises(AssertionError, match="in the message that recipients get"):
        suite.test_bcc_stays_hidden()


def test_one_list_of_recipients_tells_them_apart() -> None:
    """Where a suite says which field tells the kind, that has to be right; else the list leaks."""
    sound, broken = suite_of(OneListOfRecipients), suite_of(MistakesBccForTo)
    with pytest.raises(AssertionError, match="stand wherever those of `to` do"):
        sound.test_bcc_stays_hidden()
    for suite in (sound, broken):
        suite.recipient_kind = "type"  # type: ignore[misc]
    sound.test_bcc_stays_hidden()

    with pytest.raises(AssertionError, match="an address of `bcc` is told to be `to`"):
        broken.test_bcc_stays_hidden()


def test_unknown_events_must_not_raise() -> None:
    """A provider that raises at a type of event it does not know fails, with its own exception."""
    with pytest.raises(KeyError):
        suite_of(ChokesOnNews).test_unknown_events_are_reported()


def test_every_check_is_shown_to_catch_something() -> None:
    """No check of the suite lacks a broken provider that it catches."""
    checks = {name for name, _ in inspect.getmembers(ProviderSuite) if name.startswith("test_")}
    shown = {check for check, _, _ in FAULTS}

    assert SHOWN_ON_THEIR_OWN == checks - shown


def test_remedies_that_are_promised_are_there() -> None:
    """A message that is named as refused in part is refused, and each problem has a remedy."""
    plain = Message(from_email="ada@example.com", to=["bo@example.net"], text="Hello")
    refused = plain.replace(unsubscribe="https://example.com/leave")

    class PromisesRemedies(AcmeSuite):
        provider_class = RefusesWhatItDeclares

        def refused_in_part(self):
            return [plain, refused]

    with pytest.raises(AssertionError) as failure:
        PromisesRemedies().test_what_it_refuses_in_part_has_a_remedy()

    assert "message 0 is not refused" in str(failure.value)
    assert "message 1: no remedy for unsubscribe" in str(failure.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import requests\n", "it loads requests"),
        ("raise RuntimeError('broken on its own')\n", "broken on its own"),
    ],
)
def test_expensive_imports_are_caught(tmp_path, monkeypatch, source, complaint) -> None:
    """A module that loads somebody else's package fails the import check."""
    (tmp_path / "mailcore_expensive.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    suite = AcmeSuite()
    suite.provider_module = lambda: "mailcore_expensive"  # type: ignore[method-assign]

    with pytest.raises(AssertionError, match=complaint):
        suite.test_import_is_cheap()


@pytest.mark.slow
def test_expected_imports_are_allowed(tmp_path, monkeypatch) -> None:
    """What import_may_load names may be loaded, with the standard library."""
    source = "import xml.dom.minidom\nimport mailcore_cheap_dependency\n"
    (tmp_path / "mailcore_cheap.py").write_text(source, encoding="utf-8")
    (tmp_path / "mailcore_cheap_dependency.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    suite = AcmeSuite()
    suite.provider_module = lambda: "mailcore_cheap"  # type: ignore[method-assign]
    suite.import_may_load = frozenset(["mailcore_cheap_dependency"])  # type: ignore[misc]

    suite.test_import_is_cheap()


class TestWithoutWebhooks(AcmeSuite):
    """A provider that declares no webhooks, and believes nobody, passes every check."""

    class Silent(Acme):
        """It has Provider's own refusals."""

        features = WITHOUT_WEBHOOKS
        verify_webhook = Provider.verify_webhook
        parse_webhook = Provider.parse_webhook

    provider_class = Silent

    def inbound_webhooks(self, mail):
        return ()


class TestBasicAuthentication(AcmeSuite):
    """A provider that proves itself with a password, and signs nothing, passes every check."""

    webhook_body_is_signed = False

    class WithPassword(Acme):
        """Its password is the signing key."""

        def verify_webhook(self, request):
            expected = f"Basic {b64encode(self._signing_key.encode()).decode()}"
            given = request.header("authorization") or ""
            if not hmac.compare_digest(given.encode(), expected.encode()):
                raise WebhookRejected("wrong password", status_code=401)
            return Verdict("basic-auth")
            yield

    provider_class = WithPassword

    def signed_webhooks(self, notices):
        return [self.with_password(each) for each in super().signed_webhooks(notices)]

    def inbound_webhooks(self, mail):
        return [self.with_password(each) for each in super().inbound_webhooks(mail)]

    def unknown_webhook(self):
        return self.with_password(super().unknown_webhook())

    def with_password(self, request: WebhookRequest) -> WebhookRequest:
        credentials = b64encode(SIGNING_KEY.encode()).decode()
        return dataclasses.replace(request, headers={"authorization": f"Basic {credentials}"})


def test_password_that_is_not_asked_for_is_noticed() -> None:
    """Of a provider with basic authentication, a request without it must be rejected."""
    suite = TestBasicAuthentication()
    suite.provider_class = BelievesEverybody  # type: ignore[misc]

    with pytest.raises(AssertionError, match="header authorization missing: believed"):
        suite.test_forged_webhooks_are_rejected()


def incomplete(**attributes: Any) -> AcmeSuite:
    """A suite whose author forgot or mistook something."""
    return type("Incomplete", (AcmeSuite,), attributes)()


@pytest.mark.parametrize(
    ("check", "attributes", "complaint"),
    [
        (
            "test_refusals_are_send_errors",
            {"refusing_responses": lambda self, request: ()},
            "refusing_responses() gives none",
        ),
        (
            "test_transport_faults_are_send_errors",
            {"transport_faults": lambda self: ()},
            "transport_cannot_fail is not set",
        ),
        (
            "test_transport_faults_are_send_errors",
            {
                "transport_faults": lambda self: [
                    TransportFault(name="nothing happens", send=lambda: "fine")
                ]
            },
            "nothing happens: no error, but 'fine'",
        ),
        (
            "test_secrets_and_addresses_stay_inside",
            {"secrets": ("never-given",)},
            "does not give the provider one of `secrets`",
        ),
        (
            "test_forged_webhooks_are_rejected",
            {"webhook_body_is_signed": False},
            "override forged_webhooks()",
        ),
        (
            "test_forged_mail_is_rejected",
            {"webhook_body_is_signed": False},
            "override forged_webhooks()",
        ),
        (MAIL, {"inbound_webhooks": lambda self, mail: ()}, "inbound_webhooks() gives none"),
        (
            DECLARED,
            {"canary": lambda self, name, count=1: Canary(fields={})},
            "does not use",
        ),
    ],
)
def test_careless_suites_are_noticed(check, attributes, complaint) -> None:
    """A suite that proves nothing fails, instead of passing quietly."""
    with pytest.raises(AssertionError) as failure:
        getattr(incomplete(**attributes), check)()

    assert complaint in str(failure.value)


@pytest.mark.parametrize(
    "hook",
    [
        *("make_provider", "accepting_response", "refusing_responses"),
        *("signed_webhooks", "inbound_webhooks"),
    ],
)
def test_hooks_that_are_needed_say_so(hook) -> None:
    """A hook that was not overridden says which one."""
    arguments = [None] * (len(inspect.signature(getattr(ProviderSuite, hook)).parameters) - 1)

    with pytest.raises(NotImplementedError, match=f"override {hook}"):
        list(getattr(ProviderSuite(), hook)(*arguments))


@pytest.mark.slow
def test_unittest_runs_the_suite() -> None:
    """The suite is a mix-in for unittest as well: each check is one test."""

    class WithUnittest(AcmeSuite, unittest.TestCase):
        def test_import_is_cheap(self) -> None:
            """Left out here, because it starts an interpreter."""

    outcome = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(WithUnittest).run(outcome)
    checks = [name for name in dir(ProviderSuite) if name.startswith("test_")]

    assert outcome.wasSuccessful(), outcome.failures + outcome.errors
    assert len(checks) == outcome.testsRun


def test_several_faults_are_reported_at_once() -> None:
    """A check that finds several faults lists all of them."""

    class Careless(DropsMetadata, DropsContentIds, IgnoresFalse):
        pass

    with pytest.raises(AssertionError) as failure:
        suite_of(Careless).test_features_are_as_declared()

    text = str(failure.value)
    assert [True] * 3 == [name in text for name in ("metadata", "inline_images", "track_opens")]


def test_the_log_of_the_wire_is_looked_at(monkeypatch) -> None:
    """A log that shows addresses, or secrets, fails its check."""
    suite = suite_of(Acme)
    suite.test_the_wire_log_tells_no_secrets()
    monkeypatch.setattr("mailcore.http.wire_text.redact", lambda text: text)
    monkeypatch.setattr("mailcore.http.wire_text._TOKEN", re.compile("(?!)"))

    with pytest.raises(AssertionError, match="a full address is in: #"):
        suite.test_the_wire_log_tells_no_secrets()

    monkeypatch.setattr("mailcore.http.wire_http._SHOWN_HEADERS", re.compile(".*"))
    with pytest.raises(AssertionError, match="a secret is in: #"):
        suite.test_the_wire_log_tells_no_secrets()
