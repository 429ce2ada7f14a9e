"""
The stand-in of Mandrill, which Mailchimp calls Mailchimp Transactional.

What is here: `messages/send`, `send-template`, `send-raw` and `info`, the calls of `rejects`,
`allowlists` and `templates`, `users/info`, `ping` and `ping2`, and `inbound/send-raw`. A mail that
is sent at a later time is answered with `scheduled` and goes out at once all the same. Any other
call is answered with 404.
"""

from __future__ import annotations

import secrets

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, quote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mailcore_local.composing import is_address
from mailcore_local.documents import NotReadable, read_json
from mailcore_local.engine import EventKind, Fate, Fault
from mailcore_local.faces import CopyLine, Envelope, Face, FaceSettings, WebhookPost
from mailcore_local.hub import captured_request
from mailcore_local.jinja_subset import TemplateError
from mailcore_local.mailbox import CapturedMail, MailEvent
from mailcore_local.mandrill import models, webhooks
from mailcore_local.mandrill.account import Account
from mailcore_local.mandrill.addresses import AddressList
from mailcore_local.mandrill.calls import Call
from mailcore_local.mandrill.captured import FACE, captured_letter
from mailcore_local.mandrill.copies import copies_of
from mailcore_local.mandrill.errors import (
    MandrillError,
    invalid,
    invalid_key,
    unknown_message,
    unreadable,
)
from mailcore_local.mandrill.list_calls import ListCalls
from mailcore_local.mandrill.sending import Letter, letters_of, raw_letter
from mailcore_local.mandrill.template_calls import TemplateCalls
from mailcore_local.mandrill.templates import StoredTemplate, TemplateStore


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

# https://mandrill.zendesk.com/hc/en-us/articles/360038804654 (read 2026-11-30)
TEST_ADDRESSES: Mapping[str, Fate] = {
    "reject@test.mandrillapp.com": Fate.SUPPRESSED,
    "hard_bounce@test.mandrillapp.com": Fate.BOUNCED,
    "soft_bounce@test.mandrillapp.com": Fate.SOFT_BOUNCED,
    "spam@test.mandrillapp.com": Fate.COMPLAINED,
}

_REASONS = {
    EventKind.BOUNCED: "hard-bounce",
    EventKind.COMPLAINED: "spam",
    EventKind.UNSUBSCRIBED: "unsub",
}
_WITHOUT_EVENTS = "post without events"
_FAULTS = {
    "throttle": MandrillError(
        "RequestLimitExceeded", "Too Many Requests attempted recently", code=429, status_code=429
    ),
    "error500": MandrillError(
        "GeneralError",
        "An unknown error occurred processing your request. Please try again later.",
        code=-1,
        status_code=500,
    ),
    "error503": MandrillError(
        "ServiceUnavailable",
        "The service is temporarily unavailable.",
        code=-2,
        status_code=503,
    ),
}


class MandrillFace(Face):
    """
    Mandrill.

    Args:
        settings: `webhook_secret` is the key of the webhook, which is made here otherwise.
    """

    name: ClassVar[str] = FACE
    label: ClassVar[str] = "Mandrill"

    def __init__(self, settings: FaceSettings | None = None) -> None:
        super().__init__(settings)
        self.webhook_key = self.settings.webhook_secret or secrets.token_urlsafe(16)
        self.denylist = AddressList()
        self.allowlist = AddressList()
        self.templates = TemplateStore()
        self._account = Account()
        self._calls: Mapping[str, Callable[[Call], Any]] = {
            "messages/send": self._send,
            "messages/send-template": self._send_template,
            "messages/send-raw": self._send_raw,
            "messages/info": self._message_info,
            "users/ping": lambda _: "PONG!",
            "users/ping2": lambda _: {"PING": "PONG!"},
            "users/info": self._account.info,
            **ListCalls(self.denylist, self.allowlist).by_name(),
            **TemplateCalls(self.templates).by_name(),
            "inbound/send-raw": self._inbound,
        }

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """
        All calls of the API, whatever its version is.
        """
        sending = hub.endpoint(self, self._answer)
        other = hub.endpoint(self, self._answer, operation="account")
        return [
            Route("/api/{version}/messages/{call}", sending, methods=["POST"]),
            Route("/api/{version}/{group}/{call}", other, methods=["POST"]),
        ]

    async def _answer(self, hub: Hub, request: Request, body: bytes) -> Response:
        try:
            return JSONResponse(self._result(hub, request, body))
        except MandrillError as error:
            return JSONResponse(error.document(), error.status_code)

    def _result(self, hub: Hub, request: Request, body: bytes) -> Any:
        try:
            fields = read_json(body)
        except NotReadable:
            raise unreadable() from None
        if not isinstance(fields, dict):
            raise unreadable()
        key = fields.get("key")
        if not isinstance(key, str) or not key or self.settings.api_key not in (None, key):
            raise invalid_key()
        group = request.path_params.get("group", "messages")
        name = f"{group}/{request.path_params['call'].removesuffix('.json')}"
        call = self._calls.get(name)
        if call is None:
            message = f'Unknown method "{name}"'
            raise MandrillError("Unknown_Method", message, code=-1, status_code=404)
        return call(Call(hub, fields, captured_request(request, body, secrets=[key])))

    def _send(self, call: Call) -> object:
        given = call.read(models.Send)
        return self._sent(call, given, None, [])

    def _send_template(self, call: Call) -> object:
        given = call.read(models.SendTemplate)
        template = self.templates.get(given.template_name)
        return self._sent(call, given, template, given.template_content)

    def _sent(
        self,
        call: Call,
        given: models.Send,
        template: StoredTemplate | None,
        contents: list[models.Content],
    ) -> object:
        message = given.message
        sender = message.from_email or (template.from_email if template else None)
        if sender and not is_address(sender):
            problem = {"from_email": "An email address must contain a single @"}
            raise invalid({"message": problem})
        copies = copies_of(
            message,
            send_async=given.send_async,
            send_at=given.send_at,
            rejected=self._rejected(call.hub, [each.email for each in message.to]),
            invalid_sender=not sender,
        )
        try:
            letters = letters_of(
                message,
                copies,
                template=template,
                contents=contents,
                preserves_recipients=False,
            )
        except TemplateError as error:
            raise invalid({"message": {"merge_vars": str(error)}}) from None
        facts = {"template": template.slug if template else None, "subaccount": message.subaccount}
        for letter, part in zip(letters, call.parts(letters), strict=True):
            call.hub.accept(captured_letter(letter, part, tags=message.tags or [], facts=facts))
        return [copy.result() for copy in copies]

    def _send_raw(self, call: Call) -> object:
        given = call.read(models.SendRaw)
        to, sender, subject = raw_letter(given)
        message = models.Message(
            to=[models.Recipient(email=each.email, name=each.name) for each in to]
        )
        copies = copies_of(
            message,
            send_async=given.send_async,
            send_at=given.send_at,
            rejected=self._rejected(call.hub, [each.email for each in to]),
            invalid_sender=not is_address(sender.email),
        )
        kept = tuple(copy for copy in copies if copy.is_mail)
        if kept:
            raw = given.raw_message.encode("utf-8", "surrogateescape")
            letter = Letter(sender=sender, copies=kept, subject=subject, raw=raw)
            call.hub.accept(captured_letter(letter, call.request, tags=[], facts={}))
        return [copy.result() for copy in copies]

    def _rejected(self, hub: Hub, addresses: Sequence[str]) -> dict[str, str]:
        found = {}
        for address in addresses:
            if self.allowlist.get(address) is not None:
                continue
            entry = self.denylist.get(address)
            if entry is not None:
                found[address] = entry.reason
            elif hub.fate_of(self, address) is Fate.SUPPRESSED:
                found[address] = "hard-bounce"
        return found

    def _message_info(self, call: Call) -> object:
        identifier = call.read(models.OneMessage).id
        mail = call.hub.mails.by_message_id(identifier, face=self.name)
        if mail is None:
            raise unknown_message(identifier)
        return webhooks.message_info(mail, identifier)

    def _inbound(self, call: Call) -> object:
        given = call.read(models.SendInbound)
        raw = given.raw_message.encode("utf-8", "surrogateescape")
        to, _, _ = raw_letter(models.SendRaw(raw_message=given.raw_message, to=given.to))
        recipients = tuple(each.email for each in to)
        envelope = Envelope(sender=given.mail_from or "", recipients=recipients)
        call.hub.receive(raw, envelope, face=self.name)
        return [{"email": address, "pattern": "*", "url": ""} for address in recipients]

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """
        Count, and put an address on the denylist that bounced or complained by hand.

        Test addresses never get there: they do the same at every try.
        """
        self._account.count(events)
        for event in events:
            if event.by_hand and event.kind in _REASONS:
                self.denylist.add(event.recipient, _REASONS[event.kind], event.detail)

    def fate_of(self, address: str) -> Fate | None:
        """
        What becomes of Mandrill's test addresses, and of those on the denylist.
        """
        if self.allowlist.get(address) is not None:
            return Fate.DELIVERED
        if self.denylist.get(address) is not None:
            return Fate.SUPPRESSED
        return TEST_ADDRESSES.get(address.lower())

    def webhook_posts(
        self, mail: CapturedMail, events: Sequence[MailEvent]
    ) -> Sequence[WebhookPost]:
        """
        A form for each event; the signature is that of `addressed`.
        """
        posts = []
        for event in events:
            found = webhooks.event_document(mail, event)
            if found is not None:
                posts.append(_post(found["event"], [found], (event.id,)))
        return posts

    def inbound_post(self, raw: bytes, envelope: Envelope) -> WebhookPost | None:
        """
        A form with an event for each recipient.
        """
        moment = int(datetime.now(timezone.utc).timestamp())
        documents = [
            webhooks.inbound_document(raw, envelope.sender, address, moment)
            for address in envelope.recipients
        ]
        return _post("inbound", documents, ()) if documents else None

    def trials(self) -> Sequence[WebhookPost]:
        """
        A request by HEAD, and a form without events, signed before there is a key.
        """
        head = WebhookPost(event_type="request by HEAD", headers={}, body=b"", method="HEAD")
        return [head, _post(_WITHOUT_EVENTS, [], ())]

    def addressed(self, post: WebhookPost, url: str) -> WebhookPost:
        """
        The post signed for a URL, over which the signature goes too.
        """
        if post.method == "HEAD":
            return post
        key = webhooks.TRIAL_KEY if post.event_type == _WITHOUT_EVENTS else self.webhook_key
        fields = {name: values[0] for name, values in parse_qs(post.body.decode()).items()}
        signature = webhooks.signature(key, url, fields)
        return replace(post, headers={**post.headers, "X-Mandrill-Signature": signature})

    def tampered(self, post: WebhookPost) -> WebhookPost:
        """
        A post with a field that was not there when it was signed.
        """
        return replace(post, body=post.body + b"&tampered=1")

    def error_answer(self, fault: Fault) -> Response:
        """
        An error in Mandrill's form.
        """
        error = _FAULTS.get(fault.name, _FAULTS["error500"])
        return JSONResponse(error.document(), error.status_code)

    def mailcore_url(self, base_url: str) -> str | None:
        """
        What `MAILCORE_URL` takes to send here, with the key of the webhook.

        Behind a proxy the provider has to know the webhook's URL, `webhook_urls`, too.
        """
        options = {
            "base_url": f"{base_url}/api/1.0",
            "webhook_signing_keys": self.webhook_key,
        }
        key = quote(self.settings.api_key or "local", safe="")
        return f"mandrill://{key}@?{urlencode(options, quote_via=quote, safe=':/')}"

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """
        How Mailchimp's client is pointed here, and the key of the webhook.
        """
        return [
            CopyLine(
                title="mailchimp-transactional (Python)",
                line=f'client.api_client.host = "{base_url}/api/1.0"',
            ),
            CopyLine(title="Key of the webhook", line=self.webhook_key),
        ]


def _post(
    event_type: str, documents: Sequence[Mapping[str, Any]], event_ids: tuple[str, ...]
) -> WebhookPost:
    return WebhookPost(
        event_type=event_type,
        headers={"Content-Type": webhooks.FORM_TYPE, "User-Agent": "Mandrill-Webhook/1.0"},
        body=webhooks.body_of(documents),
        event_ids=event_ids,
    )
