"""
The stand-in of Brevo.

What is here: `/smtp/email` with batches, templates and keys of idempotency,
`/smtp/blockedContacts`, `/smtp/templates`, `/account`, and the files of received mail. A mail that
is scheduled goes out at once all the same, and files are not fetched from a URL. In sandbox mode a
mail is checked and not kept, as with Brevo.
"""

from __future__ import annotations

import json
import uuid

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mailcore_local.basic_auth import BasicAuthFace
from mailcore_local.brevo import webhooks
from mailcore_local.brevo.account import (
    BlockedContacts,
    Files,
    IdempotencyKeys,
    Templates,
    template_document,
)
from mailcore_local.brevo.calls import Call
from mailcore_local.brevo.captured import FACE, captured_letter
from mailcore_local.brevo.errors import BrevoError, not_found
from mailcore_local.brevo.models import Send, Template
from mailcore_local.brevo.sending import (
    IDEMPOTENCY_HEADER,
    SANDBOX_HEADER,
    check,
    checked_template,
    header,
    letters_of,
    versions_of,
)
from mailcore_local.engine import ArgumentRule, EventKind, Fate, Fault
from mailcore_local.faces import (
    COMMON_FAULTS,
    CopyLine,
    Envelope,
    FaceSettings,
    WebhookPost,
)
from mailcore_local.hub import captured_request
from mailcore_local.mailbox import CapturedMail, MailEvent


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

_CREDITS = 300
_REASONS = {
    EventKind.BOUNCED: "hardBounce",
    EventKind.COMPLAINED: "contactFlaggedAsSpam",
    EventKind.UNSUBSCRIBED: "unsubscribedViaEmail",
}
# https://developers.brevo.com/docs/limit-headers (read 2026-11-30): the last one is what is left of
# the period, in seconds.
_RATE_HEADERS = {
    "x-sib-ratelimit-limit": "1000",
    "x-sib-ratelimit-remaining": "999",
    "x-sib-ratelimit-reset": "1",
}
_FAULTS: Mapping[str, tuple[int, str, str]] = {
    "throttle": (429, "too_many_requests", "API rate limit exceeded"),
    "credits": (402, "not_enough_credits", "You have not enough credits to send the email"),
    "error500": (500, "internal_server_error", "Something went wrong"),
    "error503": (503, "service_unavailable", "The service is temporarily unavailable"),
}
_Handler = Callable[[Call], Response]


class BrevoFace(BasicAuthFace):
    """
    Brevo.

    Args:
        settings: `webhook_username` and `webhook_password` are the credentials of webhooks, of
            which a password is made up here otherwise.
    """

    name: ClassVar[str] = FACE
    label: ClassVar[str] = "Brevo"
    own_faults: ClassVar[Mapping[str, ArgumentRule | None]] = {**COMMON_FAULTS, "credits": None}

    def __init__(self, settings: FaceSettings | None = None) -> None:
        super().__init__(settings)
        self.blocked = BlockedContacts()
        self.templates = Templates()
        self.files = Files()
        self.idempotency = IdempotencyKeys()
        self._sent = 0

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """
        The calls below `/v3`.
        """

        def route(path: str, operation: str = "account", **methods: _Handler) -> BaseRoute:
            endpoint = hub.endpoint(self, self._dispatch(methods), operation=operation)
            return Route(f"/v3{path}", endpoint)

        return [
            route("/smtp/email", "send", POST=self._send),
            route("/smtp/blockedContacts", GET=self._blocked),
            route("/smtp/blockedContacts/{email}", DELETE=self._unblock),
            route("/smtp/templates", GET=self._list_templates, POST=self._add_template),
            route(
                "/smtp/templates/{id}",
                GET=self._template,
                PUT=self._change_template,
                DELETE=self._delete_template,
            ),
            route("/account", GET=self._account),
            route("/inbound/attachments/{token}", GET=self._file),
        ]

    def _dispatch(self, methods: Mapping[str, _Handler]) -> Any:
        async def answer(hub: Hub, request: Request, body: bytes) -> Response:
            try:
                key = self._authenticated(request)
                handler = methods.get(request.method)
                if handler is None:
                    said = f"{request.method} Method is not allowed on this path"
                    raise BrevoError("method_not_allowed", said, status_code=405)
                found = handler(
                    Call(hub, request, body, captured_request(request, body, secrets=[key]))
                )
            except BrevoError as error:
                found = JSONResponse(error.document(), error.status_code)
            found.headers.update(_RATE_HEADERS)
            return found

        return answer

    def _authenticated(self, request: Request) -> str:
        key = request.headers.get("api-key", "")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not key and scheme.lower() == "bearer":
            key = token.strip()
        if not key:
            said = "authentication not found in headers"
            raise BrevoError("unauthorized", said, status_code=401)
        if self.settings.api_key not in (None, key):
            raise BrevoError("unauthorized", "Key not found", status_code=401)
        return key

    def _send(self, call: Call) -> Response:
        given = call.read(Send)
        check(given)
        templates = {
            number: checked_template(self.templates.get(number)) for number in _numbers(given)
        }
        key = header(given, IDEMPOTENCY_HEADER)
        if key is not None:
            self.idempotency.use(key)
        try:
            letters = letters_of(given, templates)
        except BrevoError:
            if key is not None:
                self.idempotency.release(key)
            raise
        if header(given, SANDBOX_HEADER) is None:
            for letter, part in zip(letters, call.parts(len(letters)), strict=True):
                call.hub.accept(captured_letter(letter, given, part))
        return _answer(given, [letter.message_id for letter in letters])

    def _blocked(self, call: Call) -> Response:
        return JSONResponse(self.blocked.page(call.request.query_params))

    def _unblock(self, call: Call) -> Response:
        self.blocked.unblock(call.request.path_params["email"])
        return Response(status_code=204)

    def _list_templates(self, call: Call) -> Response:
        found = [template_document(each) for each in self.templates.all()]
        return JSONResponse({"count": len(found), "templates": found})

    def _add_template(self, call: Call) -> Response:
        return JSONResponse({"id": self.templates.create(call.read(Template)).id}, 201)

    def _template(self, call: Call) -> Response:
        found = self.templates.get(call.number)
        if found is None:
            raise not_found("Template ID does not exist")
        return JSONResponse(template_document(found))

    def _change_template(self, call: Call) -> Response:
        self.templates.update(call.number, call.read(Template))
        return Response(status_code=204)

    def _delete_template(self, call: Call) -> Response:
        self.templates.delete(call.number)
        return Response(status_code=204)

    def _account(self, call: Call) -> Response:
        left = max(_CREDITS - self._sent, 0)
        return JSONResponse(
            {
                "email": "local@example.com",
                "firstName": "Local",
                "lastName": "Account",
                "companyName": "mailcore local",
                "address": {"street": "", "zipCode": "", "city": "", "country": ""},
                "plan": [{"type": "free", "credits": left, "creditsType": "sendLimit"}],
                "relay": {
                    "enabled": True,
                    "data": {"userName": "local@example.com", "relay": "127.0.0.1", "port": 1025},
                },
                "marketingAutomation": {"enabled": False},
            }
        )

    def _file(self, call: Call) -> Response:
        content, content_type = self.files.get(call.request.path_params["token"])
        return Response(content, headers={"Content-Type": content_type})

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """
        Count, and block an address that bounced, complained or unsubscribed by hand.

        Test addresses are never blocked: they do the same at every try.
        """
        for event in events:
            self._sent += event.kind is EventKind.SENT
            if event.by_hand and event.kind in _REASONS:
                self.blocked.block(event.recipient, mail.envelope_sender, _REASONS[event.kind])

    def fate_of(self, address: str) -> Fate | None:
        """
        What becomes of a blocked contact; Brevo has no test addresses.
        """
        return Fate.SUPPRESSED if self.blocked.has(address) else None

    def webhook_posts(
        self, mail: CapturedMail, events: Sequence[MailEvent]
    ) -> Sequence[WebhookPost]:
        """
        An object for each event, posted by itself.
        """
        return [
            self.json_post(document["event"], json.dumps(document).encode(), (event.id,))
            for event in events
            for document in webhooks.event_documents(mail, event)
        ]

    def inbound_post(self, raw: bytes, envelope: Envelope) -> WebhookPost | None:
        """
        The mail taken apart; its files are fetched from here.
        """
        item = webhooks.inbound_item(raw, envelope.recipients, self.files.keep, str(uuid.uuid4()))
        body = json.dumps({"items": [item]}).encode()
        return self.json_post("inboundEmailProcessed", body, ())

    def error_answer(self, fault: Fault) -> Response:
        """
        An error in Brevo's form.
        """
        status, code, message = _FAULTS.get(fault.name, _FAULTS["error500"])
        headers = {**_RATE_HEADERS, "x-sib-ratelimit-remaining": "0"}
        return JSONResponse({"code": code, "message": message}, status, headers)

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """
        How Brevo's clients are pointed here, and the credentials of webhooks.
        """
        return [
            CopyLine(
                title="brevo-python", line=f'Brevo(api_key="local", base_url="{base_url}/v3")'
            ),
            self.credentials_line(),
        ]


def _numbers(given: Send) -> set[int]:
    if given.template_id is None:
        return set()
    own = {each.template_id for each in versions_of(given) if each.template_id is not None}
    return {given.template_id, *own}


def _answer(given: Send, identifiers: Sequence[str]) -> Response:
    document: dict[str, Any]
    if given.versions is None:
        document = {"messageId": identifiers[0]}
    else:
        document = {"messageIds": list(identifiers)}
    if given.scheduled_at is None:
        return JSONResponse(document, 201)
    return JSONResponse({**document, "batchId": given.batch_id or str(uuid.uuid4())}, 202)
