"""
The stand-in of SparkPost, which is Bird Email now.

What is here: `POST /transmissions` with content, templates and whole mails, the suppression list,
templates, and `/account`. A transmission with a `start_time` goes out at once all the same; stored
recipient lists and A/B tests are not there: they are answered as if they did not exist.
"""

from __future__ import annotations

import base64
import binascii
import uuid

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mailcore_local.basic_auth import BasicAuthFace
from mailcore_local.engine import ArgumentRule, EventKind, Fate, Fault
from mailcore_local.faces import COMMON_FAULTS, CopyLine, Envelope, FaceSettings, WebhookPost
from mailcore_local.hub import captured_request
from mailcore_local.mailbox import CapturedMail, MailEvent
from mailcore_local.sparkpost import webhooks
from mailcore_local.sparkpost.account import Account
from mailcore_local.sparkpost.calls import Call, read_document
from mailcore_local.sparkpost.captured import FACE, captured_letter, part_of_call
from mailcore_local.sparkpost.contents import (
    SANDBOX_TEMPLATE,
    Source,
    check_inline,
    read_content,
)
from mailcore_local.sparkpost.errors import PlainError, SparkPostError, refused
from mailcore_local.sparkpost.letters import letters_of, new_transmission_id
from mailcore_local.sparkpost.models import Transmission, parsed_time, read
from mailcore_local.sparkpost.recipients import read_people
from mailcore_local.sparkpost.suppression_calls import SuppressionCalls
from mailcore_local.sparkpost.suppressions import SuppressionList
from mailcore_local.sparkpost.template_calls import TemplateCalls
from mailcore_local.sparkpost.templates import TemplateStore


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

_BATCH_HEADER = "X-MessageSystems-Batch-ID"
_MAX_DAYS_AHEAD = 3
_SOURCES = {
    EventKind.BOUNCED: "Bounce Rule",
    EventKind.COMPLAINED: "Spam Complaint",
    EventKind.UNSUBSCRIBED: "List Unsubscribe",
}
_FAULTS: Mapping[str, tuple[int, dict[str, str]]] = {
    "throttle": (429, {"message": "Too many requests"}),
    "quota": (420, {"message": "Exceed Sending Limit (hourly)", "code": "2101"}),
    "error500": (500, {"message": "Failed to update database", "code": "1500"}),
    "error503": (503, {"message": "Message generation module not available", "code": "1900"}),
}
_Handler = Callable[[Call], Response]

# Which messages are being accepted: an address may be suppressed for one type alone.
_ACCEPTING: ContextVar[str | None] = ContextVar("sparkpost_accepting", default=None)


class SparkPostFace(BasicAuthFace):
    """
    SparkPost.

    Args:
        settings: `webhook_username` and `webhook_password` are the credentials of webhooks, of
            which a password is made up here otherwise.
    """

    name: ClassVar[str] = FACE
    label: ClassVar[str] = "SparkPost"
    own_faults: ClassVar[Mapping[str, ArgumentRule | None]] = {**COMMON_FAULTS, "quota": None}

    def __init__(self, settings: FaceSettings | None = None) -> None:
        super().__init__(settings)
        self.suppressions = SuppressionList()
        self.templates = TemplateStore()
        self.account = Account()

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """
        The calls below `/api/v1`.
        """

        def route(path: str, methods: Mapping[str, _Handler], operation: str) -> BaseRoute:
            endpoint = hub.endpoint(self, self._dispatch(methods), operation=operation)
            return Route(f"/api/v1{path}", endpoint)

        entries, templates = SuppressionCalls(self.suppressions), TemplateCalls(self.templates)
        account = "account"
        transmissions = {"POST": self._transmit, "DELETE": self._cancel}
        transmission = {"GET": self._transmission, "DELETE": self._transmission}
        many = {"GET": entries.search, "PUT": entries.put_many}
        one = {"GET": entries.show, "PUT": entries.put, "DELETE": entries.delete}
        stored = {"GET": templates.show, "PUT": templates.change, "DELETE": templates.delete}
        return [
            route("/transmissions", transmissions, "send"),
            route("/transmissions/", transmissions, "send"),
            route("/transmissions/{id}", transmission, account),
            route("/suppression-list", many, account),
            route("/suppression-list/", many, account),
            route("/suppression-list/summary", {"GET": entries.summary}, account),
            route("/suppression-list/{recipient}", one, account),
            route("/templates", {"GET": templates.show_all, "POST": templates.add}, account),
            route("/templates/{id}", stored, account),
            route("/account", {"GET": self.account.show}, account),
        ]

    def _dispatch(self, methods: Mapping[str, _Handler]) -> Any:
        async def answer(hub: Hub, request: Request, body: bytes) -> Response:
            try:
                key = self._authenticated(request)
                method = "GET" if request.method == "HEAD" else request.method
                handler = methods.get(method)
                if handler is None:
                    raise PlainError("Invalid HTTP method", 405)
                document = read_document(request, body)
                captured = captured_request(request, body, secrets=[key])
                return handler(Call(hub=hub, request=request, body=document, captured=captured))
            except (SparkPostError, PlainError) as error:
                return JSONResponse(error.document(), error.status_code)

        return answer

    def _authenticated(self, request: Request) -> str:
        given = request.headers.get("Authorization", "")
        scheme, _, rest = given.partition(" ")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(rest, validate=True).decode().partition(":")[0]
            except (binascii.Error, ValueError):
                given = ""
        if not given:
            raise PlainError("Unauthorized.", 401)
        if self.settings.api_key not in (None, given):
            raise PlainError("Forbidden.", 403)
        return given

    def _transmit(self, call: Call) -> Response:
        body = call.fields()
        transmission: Transmission = read(Transmission, body, "")
        _check_time(transmission.options.start_time)
        source, template_id = self._source(body.get("content"), transmission)
        people, problems, rejected = read_people(
            body.get("recipients"), transmission, max_errors=_max_errors(call.request)
        )
        identifier = new_transmission_id()
        kind = "transactional" if transmission.options.transactional else "non_transactional"
        facts = {
            "transmission_id": identifier,
            "campaign_id": transmission.campaign_id,
            "template_id": template_id or f"template_{identifier}",
            "transactional": kind == "transactional",
            "ip_pool": transmission.options.ip_pool,
            "subaccount": call.request.headers.get("X-MSYS-SUBACCOUNT"),
        }
        token = _ACCEPTING.set(kind)
        try:
            letters = letters_of(source, people, transmission)
            for number, letter in enumerate(letters):
                part = call.captured
                if len(letters) > 1:
                    part = part_of_call(part, body, letter, number)
                call.hub.accept(captured_letter(letter, part, transmission, identifier, facts))
        finally:
            _ACCEPTING.reset(token)
        results: dict[str, Any] = {
            "total_rejected_recipients": rejected,
            "total_accepted_recipients": len(people),
            "id": identifier,
        }
        answer: dict[str, Any] = {"results": results}
        if rejected:
            results["rcpt_to_errors"] = [problem.document() for problem in problems]
            message = "transmission created, but with validation errors"
            answer["errors"] = [{"message": message, "code": "2000"}]
        return JSONResponse(answer)

    def _source(self, content: object, transmission: Transmission) -> tuple[Source, str | None]:
        source = read_content(content)
        template_id = source.content.template_id
        if transmission.options.sandbox and template_id != SANDBOX_TEMPLATE:
            raise refused(2106, f"only '{SANDBOX_TEMPLATE}' may be sent from the sandbox domain")
        if source.content.ab_test_id is not None:
            raise refused(1600, f"Resource not found:ab test id {source.content.ab_test_id[:100]}")
        if template_id is None:
            check_inline(source)
            return source, None
        given = source.content
        if any(text is not None for text in (given.subject, given.text, given.html)):
            description = "both content object and template_id are specified"
            raise refused(1301, description)
        draft = bool(given.use_draft_template)
        return self.templates.to_send(template_id, draft=draft).source, template_id

    def _transmission(self, call: Call) -> Response:
        identifier = str(call.request.path_params["id"])[:100]
        raise refused(1600, f"Resource not found:transmission id {identifier}")

    def _cancel(self, call: Call) -> Response:
        if not call.request.query_params.get("campaign_id"):
            raise refused(1200, "campaign_id is required")
        return Response(status_code=204)

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """
        Count, and suppress an address that bounced, complained or unsubscribed by hand.

        Test addresses are never suppressed: they do the same at every try.
        """
        for event in events:
            self.account.sent += event.kind is EventKind.SENT
            source = _SOURCES.get(event.kind)
            if source is not None and event.by_hand:
                bounced = event.kind is EventKind.BOUNCED
                transactional = bounced and bool(mail.facts.get("transactional"))
                kind = "transactional" if transactional else "non_transactional"
                self.suppressions.put(event.recipient, kind, source, event.detail)

    def fate_of(self, address: str) -> Fate | None:
        """
        What becomes of an address that is on the suppression list.

        The sink, `*.sink.sparkpostmail.com`, takes all mail: the part before the `@` decides there
        as everywhere.
        """
        kind = _ACCEPTING.get()
        entries = self.suppressions.of(address)
        if any(kind is None or entry.type == kind for entry in entries):
            return Fate.SUPPRESSED
        return None

    def webhook_posts(
        self, mail: CapturedMail, events: Sequence[MailEvent]
    ) -> Sequence[WebhookPost]:
        """
        All events in one batch.
        """
        told = [(event, webhooks.event_documents(mail, event)) for event in events]
        documents = [document for _, found in told for document in found]
        if not documents:
            return []
        ids = tuple(event.id for event, found in told if found)
        (first,) = documents[0]["msys"].values()
        return [self._post(first["type"], documents, ids)]

    def trials(self) -> Sequence[WebhookPost]:
        """
        A batch without an event.
        """
        return [self._post("batch without an event", [{"msys": {}}], ())]

    def inbound_post(self, raw: bytes, envelope: Envelope) -> WebhookPost | None:
        """
        An object for each recipient in one batch.
        """
        documents = [
            webhooks.relay_document(raw, envelope.sender, address)
            for address in envelope.recipients
        ]
        return self._post("relay_message", documents, ()) if documents else None

    def error_answer(self, fault: Fault) -> Response:
        """
        An error in SparkPost's form.
        """
        status, error = _FAULTS.get(fault.name, _FAULTS["error500"])
        return JSONResponse({"errors": [error]}, status)

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """
        How SparkPost's clients are pointed here, and the credentials of webhooks.
        """
        return [
            CopyLine(
                title="sparkpost (Node)", line=f'new SparkPost(key, {{origin: "{base_url}"}})'
            ),
            self.credentials_line(),
        ]

    def _post(
        self, event_type: str, documents: Sequence[Mapping[str, Any]], event_ids: tuple[str, ...]
    ) -> WebhookPost:
        batch = {_BATCH_HEADER: str(uuid.uuid4())}
        return self.json_post(event_type, webhooks.body_of(documents), event_ids, batch)


def _max_errors(request: Request) -> int | None:
    text = request.query_params.get("num_rcpt_errors", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _check_time(text: str | None) -> None:
    if text is None:
        return
    moment = parsed_time(text)
    if moment is None:
        raise refused(1300, "options.start_time: is no time")
    if moment > datetime.now(timezone.utc) + timedelta(days=_MAX_DAYS_AHEAD):
        raise refused(1300, f"options.start_time: may be up to {_MAX_DAYS_AHEAD} days ahead")
