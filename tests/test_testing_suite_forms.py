"""The conformance suite with a provider of forms: what it sends, reports and hands over."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import pytest

from mailcore import (
    Features,
    HttpRequest,
    HttpResponse,
    MalformedWebhook,
    Message,
    Problem,
    Provider,
    RecipientStatus,
    SendStatus,
    UnexpectedResponse,
    Verdict,
    WebhookRejected,
    WebhookRequest,
)
from mailcore.events import EventType, InboundEvent, TrackingEvent
from mailcore.features import YES, limited
from mailcore.foundation import thaw
from mailcore.http import FormFile, basic_authorization, form_request, meaning_of_status, send_error
from mailcore.inbound import ReceivedFile, compose_inbound
from mailcore.testing import Notice
from mailcore.testing.form_data import FormPart, is_form_data, read_form_data, write_form_data
from mailcore.testing.suite import ProviderSuite


API_KEY = "key-Zm9ybXM"
SIGNING_KEY = "sign-Zm9ybXM"
FORM_DATA = "multipart/form-data; boundary=b"
EVENTS = {"delivered": EventType.DELIVERED, "failed": EventType.BOUNCED}
NAMES = {event_type: name for name, event_type in EVENTS.items()}


class Formal(Provider[HttpRequest, HttpResponse]):
    """Forms with files, variables of recipients in JSON, a signature over two of the fields."""

    name = "formal"
    label = "Formal Mail"
    features = Features(
        cc=YES,
        bcc=YES,
        reply_to=YES,
        headers=YES,
        attachments=YES,
        inline_images=YES,
        metadata=YES,
        tags=limited(3),
        track_opens=YES,
        send_at=YES,
        merge_data=YES,
        merge_metadata=YES,
        unsubscribe=YES,
        international_addresses=YES,
        recipients=YES,
        event_webhooks=YES,
        webhook_verification=YES,
        inbound=YES,
    )
    batch_size = 1_000

    def __init__(self, *, api_key: str, signing_key: str) -> None:
        self._api_key = api_key
        self._signing_key = signing_key

    def check(self, message: Message) -> Iterable[Problem]:
        if message.is_batch and (message.cc or message.bcc):
            yield Problem("cc", "a batch has no copies", feature="cc")

    def build(self, message: Message) -> Sequence[HttpRequest]:
        if not message.is_batch:
            return [self.request(message)]
        to = message.deliveries.to
        starts = range(0, len(to), self.batch_size)
        return [
            self.request(message.replace(to=to[start : start + self.batch_size]))
            for start in starts
        ]

    def request(self, message: Message) -> HttpRequest:
        return form_request(
            "https://api.formal.example/v3/messages",
            self.fields(message),
            self.files(message),
            headers={"Authorization": basic_authorization("api", self._api_key)},
            recipients=message.recipients,
        )

    def fields(self, message: Message) -> list[tuple[str, str]]:
        """The form."""
        headers = dict(message.headers)
        if message.unsubscribe is not None:
            headers |= message.unsubscribe.headers
        optional = {
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "o:tracking-opens": None if message.track_opens is None else str(message.track_opens),
            "o:deliverytime": message.send_at and str(message.send_at.timestamp()),
        }
        fields = [("from", "" if message.from_email is None else message.from_email.format())]
        for name in ("to", "cc", "bcc"):
            fields += [(name, address.format()) for address in getattr(message.deliveries, name)]
        if message.reply_to:
            fields.append(("h:Reply-To", ", ".join(each.format() for each in message.reply_to)))
        fields += [(f"h:{name}", value) for name, value in headers.items()]
        fields += [(f"v:{key}", str(value)) for key, value in message.metadata.items()]
        fields += [("o:tag", tag) for tag in message.tags]
        fields += [(key, value) for key, value in optional.items() if value is not None]
        if message.is_batch:
            fields.append(("recipient-variables", json.dumps(self.variables(message))))
        return fields + [(k, str(v)) for k, v in message.esp_extra.get(self.name, {}).items()]

    def variables(self, message: Message) -> dict[str, Any]:
        """What belongs to each recipient."""
        data, metadata = message.merge_data or {}, message.merge_metadata or {}
        return {
            a.addr_spec: {**thaw(data.get(a.addr_spec, {})), **thaw(metadata.get(a.addr_spec, {}))}
            for a in message.to
        }

    def files(self, message: Message) -> list[FormFile]:
        return [
            FormFile(
                name="inline" if part.content_id else "attachment",
                filename=part.content_id or part.filename or "file",
                content=part.content,
                content_type=part.content_type,
            )
            for part in message.attachments
        ]

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        if response.status_code != 200:
            raise send_error(
                meaning_of_status(response.status_code),
                "no",
                status_code=response.status_code,
                headers=response.headers,
                maybe_accepted=response.status_code < 300,
                raw=response,
            )
        try:
            document = json.loads(response.body)
        except ValueError:
            document = None
        message_id = document.get("id") if isinstance(document, dict) else None
        if not isinstance(message_id, str) or not message_id:
            raise UnexpectedResponse("no id", maybe_accepted=True)
        status = RecipientStatus(SendStatus.QUEUED, message_id=message_id)
        return dict.fromkeys(request.recipients, status)

    def verify_webhook(self, request: WebhookRequest) -> Any:
        form = self.form(request)
        signed = f"{form.get('timestamp', '')}{form.get('token', '')}".encode()
        expected = hmac.new(self._signing_key.encode(), signed, hashlib.sha256).hexdigest()
        given = form.get("signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(expected.encode(), given):
            raise WebhookRejected("signature does not match", provider=self.name)
        return Verdict("hmac-sha256")
        yield

    def form(self, request: WebhookRequest) -> dict[str, str]:
        """The fields."""
        content_type = request.header("content-type") or ""
        if is_form_data(content_type):
            return {part.name: part.content.decode("utf-8", "replace") for part in parts(request)}
        try:
            return dict(parse_qsl(request.body.decode("utf-8"), keep_blank_values=True))
        except ValueError:
            raise MalformedWebhook("no form", provider=self.name) from None

    def parse_webhook(self, request: WebhookRequest) -> tuple[TrackingEvent | InboundEvent, ...]:
        form = self.form(request)
        if is_form_data(request.header("content-type") or ""):
            return (self.received(form, parts(request)),)
        return (self.event(form),)

    def event(self, form: Mapping[str, str]) -> TrackingEvent:
        return TrackingEvent(
            provider=self.name,
            event_type=EVENTS.get(form.get("event", ""), EventType.UNKNOWN),
            recipient=form.get("recipient"),
            message_id=form.get("message-id"),
            dedupe_key=f"formal:{form.get('token')}",
            metadata=metadata_of(form),
            tags=tuple(json_list(form.get("tags"))),
        )

    def received(self, form: Mapping[str, str], given: Sequence[FormPart]) -> InboundEvent:
        return InboundEvent(
            provider=self.name,
            dedupe_key=f"formal:{form.get('token')}",
            envelope_recipients=(form.get("recipient", ""),),
            content=compose_inbound(
                [
                    (pair[0], pair[1])
                    for pair in json_list(form.get("message-headers"))
                    if isinstance(pair, list) and len(pair) == 2
                ],
                text=form.get("body-plain"),
                html=form.get("body-html"),
                files=[
                    ReceivedFile(
                        content=part.content,
                        filename=part.filename,
                        content_type=part.content_type,
                        content_id=part.name if "@" in part.name else None,
                        inline="@" in part.name,
                    )
                    for part in given
                    if part.filename is not None
                ],
            ),
        )


def parts(request: WebhookRequest) -> list[FormPart]:
    """The fields and files of a form."""
    return read_form_data(request.body, request.header("content-type") or "") or []


def json_list(text: str | None) -> list[Any]:
    """A list in a field."""
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) else []


def metadata_of(form: Mapping[str, str]) -> dict[str, Any]:
    """What the message had."""
    found = json_list(f"[{form.get('user-variables', '')}]")
    return found[0] if found and isinstance(found[0], dict) else {}


class FormalSuite(ProviderSuite):
    """What is the same for the sound provider and the broken ones."""

    secrets = (API_KEY, SIGNING_KEY)
    event_types = tuple(NAMES)
    webhook_body_is_signed = False
    provider_class: ClassVar[type[Formal]] = Formal

    def make_provider(self) -> Formal:
        return self.provider_class(api_key=API_KEY, signing_key=SIGNING_KEY)

    def provider_module(self) -> str:
        return "mailcore.builtin.null"

    def is_header_step(self, step: str) -> bool:
        return step.startswith("h:") or super().is_header_step(step)

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status_code=200, body=b'{"id": "<1@formal>", "message": "Queued"}')

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        for status_code in (400, 401, 429, 500):
            yield HttpResponse(status_code=status_code, body=b'{"message": "no"}')

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        return [
            posted(
                {
                    "event": NAMES[notice.event_type],
                    "recipient": notice.recipient,
                    "message-id": notice.message_id,
                    "user-variables": json.dumps(dict(notice.metadata)),
                    "tags": json.dumps(notice.tags),
                },
                number,
            )
            for number, notice in enumerate(notices)
        ]

    def unknown_webhook(self) -> WebhookRequest:
        return posted({"event": "teleported"}, 0)

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        headers = [
            ["From", "" if mail.from_email is None else mail.from_email.format()],
            ["To", ", ".join(address.format() for address in mail.to)],
            ["Cc", ", ".join(address.format() for address in mail.cc)],
            ["Subject", mail.subject],
            *map(list, mail.headers.items()),
        ]
        fields = {
            "recipient": mail.to[0].addr_spec,
            "message-headers": json.dumps(headers),
            "body-plain": mail.text or "",
            "body-html": mail.html or "",
            **signature(0),
        }
        form = [FormPart(name=name, content=text.encode()) for name, text in fields.items()]
        form += [
            FormPart(
                name=part.content_id or "attachment",
                filename=part.filename,
                content=part.content,
                content_type=part.content_type,
            )
            for part in mail.attachments
        ]
        body = write_form_data(form, FORM_DATA)
        return [WebhookRequest("POST", {"content-type": FORM_DATA}, body)]

    def forged_webhooks(
        self, request: WebhookRequest, recipient: str
    ) -> Iterable[tuple[str, WebhookRequest]]:
        for name, value in signature(0).items():
            other = "0" * len(value)
            changed = request.body.replace(value.encode(), other.encode())
            yield f"another {name}", dataclasses.replace(request, body=changed)


def signature(number: int) -> dict[str, str]:
    """Fields that prove where a form comes from."""
    fields = {"timestamp": "1763700000", "token": hashlib.sha256(b"%d" % number).hexdigest()}
    signed = "".join(fields.values()).encode()
    return {
        **fields,
        "signature": hmac.new(SIGNING_KEY.encode(), signed, hashlib.sha256).hexdigest(),
    }


def posted(fields: Mapping[str, str], number: int) -> WebhookRequest:
    """An authentic form."""
    # The signature last, so that a form that is cut off has none.
    body = urlencode({**fields, **signature(number)}).encode()
    return WebhookRequest("POST", {"content-type": "application/x-www-form-urlencoded"}, body)


class TestFormal(FormalSuite):
    """A sound provider of forms passes every check."""


class DropsFileNames(Formal):
    def files(self, message):
        return [dataclasses.replace(file, filename="file") for file in super().files(message)]


class DropsFiles(Formal):
    def files(self, message):
        return []


class EncodesFilesTwice(Formal):
    def files(self, message):
        return [
            dataclasses.replace(file, content=b64encode(b"\xff" + b64encode(file.content)[1:]))
            for file in super().files(message)
        ]


class DropsMetadata(Formal):
    def fields(self, message):
        return [pair for pair in super().fields(message) if not pair[0].startswith("v:")]


class WritesBccHeader(Formal):
    def fields(self, message):
        bcc = ", ".join(address.addr_spec for address in message.bcc)
        return [*super().fields(message), ("h:Bcc", bcc)]


class SendsBccAsTo(Formal):
    def fields(self, message):
        moved = {"bcc": "to"}
        return [(moved.get(name, name), value) for name, value in super().fields(message)]


class MetadataInHeaders(Formal):
    def fields(self, message):
        extra = [(f"h:X-{key}", str(value)) for key, value in message.metadata.items()]
        return [*super().fields(message), *extra]


class TellsEverybody(Formal):
    def variables(self, message):
        own = super().variables(message)
        return {"all": [value for each in own.values() for value in each.values()]}


class SwapsVariables(Formal):
    def variables(self, message):
        own = super().variables(message)
        return dict(zip(own, reversed(own.values()), strict=True))


class LosesTheRest(Formal):
    def build(self, message):
        return super().build(message)[:1]


class TrustsTheForm(Formal):
    def event(self, form):
        return dataclasses.replace(super().event(form), recipient=form["recipient"].lower())


class TrustsHeaders(Formal):
    def received(self, form, given):
        pairs = json.loads(form["message-headers"])
        return dataclasses.replace(super().received(form, given), subject=dict(pairs)["Subject"])


class LosesFilesOfMail(Formal):
    def received(self, form, given):
        return super().received(form, [part for part in given if part.filename is None])


class BelievesAnySignature(Formal):
    def verify_webhook(self, request):
        if "signature" in self.form(request):
            return Verdict("signed")
        raise WebhookRejected("no signature")
        yield


FAULTS = [
    ("test_features_are_as_declared", DropsFileNames, "attachments is silently dropped"),
    ("test_features_are_as_declared", DropsFiles, "inline_images is silently dropped"),
    ("test_features_are_as_declared", EncodesFilesTwice, "attachments is silently dropped"),
    ("test_features_are_as_declared", DropsMetadata, "metadata is silently dropped"),
    ("test_bcc_stays_hidden", WritesBccHeader, "in the message that recipients get"),
    ("test_bcc_stays_hidden", SendsBccAsTo, "stand wherever those of `to` do"),
    ("test_no_header_can_be_injected", MetadataInHeaders, "metadata with"),
    ("test_recipients_of_a_batch_are_kept_apart", TellsEverybody, "nothing says that it is"),
    ("test_recipients_of_a_batch_are_kept_apart", SwapsVariables, "nothing says that it is"),
    ("test_every_recipient_of_a_large_batch_has_a_status", LosesTheRest, "are unknown"),
    ("test_damaged_events_are_survived", TrustsTheForm, "recipient is missing: foreign"),
    ("test_damaged_mail_is_survived", TrustsHeaders, "message-headers is missing: foreign"),
    ("test_received_mail_comes_back", LosesFilesOfMail, "is lost"),
    ("test_forged_webhooks_are_rejected", BelievesAnySignature, "another token: believed"),
    ("test_forged_mail_is_rejected", BelievesAnySignature, "another token: believed"),
]


@pytest.mark.parametrize(
    ("check", "broken", "complaint"), FAULTS, ids=lambda value: getattr(value, "__name__", None)
)
def test_each_check_catches_its_fault_in_forms(check, broken, complaint) -> None:
    """A provider of forms with one fault fails the check that is about it."""
    suite = FormalSuite()
    suite.provider_class = broken  # type: ignore[misc]

    with pytest.raises(AssertionError) as failure:
        getattr(suite, check)()

    assert complaint in str(failure.value)
