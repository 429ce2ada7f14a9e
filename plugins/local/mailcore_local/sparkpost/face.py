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
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mailcore.inbound import parse_inbound
from mailcore_local.basic_auth import BasicCredentials
from mailcore_local.documents import NotReadable, read_json
from mailcore_local.engine import ArgumentRule, EventKind, Fate, Fault
from mailcore_local.faces import COMMON_FAULTS, CopyLine, Envelope, Face, FaceSettings, WebhookPost
from mailcore_local.hub import captured_request, part_of_request
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest, MailEvent
from mailcore_local.sparkpost import webhooks
from mailcore_local.sparkpost.errors import PlainError, SparkPostError, refused
from mailcore_local.sparkpost.models import Suppression, Transmission, parsed_time, read
from mailcore_local.sparkpost.suppressions import SuppressionList, checked_type
from mailcore_local.sparkpost.templates import TemplateStore
from mailcore_local.sparkpost.transmissions import (
    MAX_RECIPIENTS,
    SANDBOX_TEMPLATE,
    Letter,
    Source,
    check_inline,
    letters_of,
    new_transmission_id,
    read_content,
    read_people,
    shown_to,
)


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

_BATCH_HEADER = "X-MessageSystems-Batch-ID"
_MAX_DAYS_AHEAD = 3
_DAY_LIMIT, _MONTH_LIMIT = 100_000, 1_000_000
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
_Handler = Callable[["Hub", Request, Any, CapturedRequest], Response]

# Which messages are being accepted: an address may be suppressed for one type alone.
_ACCEPTING: ContextVar[str | None] = ContextVar("sparkpost_accepting", default=None)


class SparkPostFace(Face):
    """
    SparkPost.

    Args:
        settings: `webhook_username` and `webhook_password` are the credentials of webhooks, of
            which a password is made up here otherwise.
    """

    name: ClassVar[str] = "sparkpost"
    label: ClassVar[str] = "SparkPost"
    own_faults: ClassVar[Mapping[str, ArgumentRule | None]] = {**COMMON_FAULTS, "quota": None}

    def __init__(self, settings: FaceSettings | None = None) -> None:
        super().__init__(settings)
        self.credentials = BasicCredentials.of(self.settings)
        self.suppressions = SuppressionList()
        self.templates = TemplateStore()
        self._sent = 0

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """
        The calls below `/api/v1`.
        """

        def route(path: str, methods: Mapping[str, _Handler], operation: str) -> BaseRoute:
            endpoint = hub.endpoint(self, self._dispatch(methods), operation=operation)
            return Route(f"/api/v1{path}", endpoint)

        account = "account"
        one = {"GET": self._suppressed, "PUT": self._suppress, "DELETE": self._unsuppress}
        template = {
            "GET": self._template,
            "PUT": self._change_template,
            "DELETE": self._delete_template,
        }
        suppressions = {"GET": self._search, "PUT": self._suppress_many}
        return [
            route("/transmissions", {"POST": self._transmit, "DELETE": self._cancel}, "send"),
            route("/transmissions/", {"POST": self._transmit, "DELETE": self._cancel}, "send"),
            route(
                "/transmissions/{id}",
                {"GET": self._transmission, "DELETE": self._transmission},
                account,
            ),
            route("/suppression-list", suppressions, account),
            route("/suppression-list/", suppressions, account),
            route("/suppression-list/summary", {"GET": self._summary}, account),
            route("/suppression-list/{recipient}", one, account),
            route("/templates", {"GET": self._list_templates, "POST": self._add_template}, account),
            route("/templates/{id}", template, account),
            route("/account", {"GET": self._account}, account),
        ]

    def _dispatch(self, methods: Mapping[str, _Handler]) -> Any:
        async def answer(hub: Hub, request: Request, body: bytes) -> Response:
            try:
                key = self._authenticated(request)
                method = "GET" if request.method == "HEAD" else request.method
                handler = methods.get(method)
                if handler is None:
                    raise PlainError("Invalid HTTP method", 405)
                document = _document(request, body)
                captured = captured_request(request, body, secrets=[key])
                return handler(hub, request, document, captured)
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

    def _transmit(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        if not isinstance(body, dict):
            raise refused(1300, "the body must be a JSON object")
        transmission: Transmission = read(Transmission, body, "")
        _check_time(transmission.options.start_time)
        source, template_id = self._source(body.get("content"), transmission)
        people, problems, rejected = read_people(
            body.get("recipients"), transmission, max_errors=_max_errors(request)
        )
        identifier = new_transmission_id()
        kind = "transactional" if transmission.options.transactional else "non_transactional"
        facts = {
            "transmission_id": identifier,
            "campaign_id": transmission.campaign_id,
            "template_id": template_id or f"template_{identifier}",
            "transactional": kind == "transactional",
            "ip_pool": transmission.options.ip_pool,
            "subaccount": request.headers.get("X-MSYS-SUBACCOUNT"),
        }
        token = _ACCEPTING.set(kind)
        try:
            letters = letters_of(source, people, transmission)
            for number, letter in enumerate(letters):
                part = captured if len(letters) == 1 else _part(captured, body, letter, number)
                hub.accept(_captured(letter, part, transmission, identifier, facts))
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

    def _transmission(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        identifier = str(request.path_params["id"])[:100]
        raise refused(1600, f"Resource not found:transmission id {identifier}")

    def _cancel(self, hub: Hub, request: Request, body: Any, captured: CapturedRequest) -> Response:
        if not request.query_params.get("campaign_id"):
            raise refused(1200, "campaign_id is required")
        return Response(status_code=204)

    def _search(self, hub: Hub, request: Request, body: Any, captured: CapturedRequest) -> Response:
        entries, count, cursor = self.suppressions.search(request.query_params)
        links = []
        if cursor:
            query = urlencode({**request.query_params, "cursor": cursor})
            links = [{"href": f"/api/v1/suppression-list?{query}", "rel": "next"}]
        results = [entry.document() for entry in entries]
        return JSONResponse({"results": results, "links": links, "total_count": count})

    def _summary(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        return JSONResponse({"results": self.suppressions.summary()})

    def _suppressed(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        entries = self.suppressions.of(request.path_params["recipient"])
        if not entries:
            raise PlainError("Recipient could not be found", 404)
        results = [entry.document() for entry in entries]
        return JSONResponse({"results": results, "links": [], "total_count": len(results)})

    def _suppress_many(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        given = body.get("recipients") if isinstance(body, dict) else None
        if not isinstance(given, list) or not given:
            raise PlainError("PUT body must have an array of recipients", 400)
        if len(given) > MAX_RECIPIENTS:
            raise PlainError(f"PUT body may have up to {MAX_RECIPIENTS} recipients", 400)
        entries: list[Suppression] = [read(Suppression, each, "recipients") for each in given]
        malformed = [entry.recipient for entry in entries if "@" not in entry.recipient]
        if malformed:
            listed = ", ".join(malformed[:20])
            message = f"PUT body contains {len(malformed)} invalid or malformed recipient(s): "
            raise PlainError(message + listed, 400)
        for kind in [entry.type for entry in entries]:
            checked_type(kind)
        for entry in entries:
            self.suppressions.put(
                entry.recipient, str(entry.type), "Manually Added", entry.description or ""
            )
        return JSONResponse({"results": {"message": "Suppression List successfully updated"}})

    def _suppress(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        recipient = request.path_params["recipient"]
        fields = body if isinstance(body, dict) else {}
        kind = checked_type(fields.get("type"))
        if "@" not in recipient:
            raise PlainError(f"Recipient is invalid or malformed: {recipient[:100]}", 400)
        description = str(fields.get("description") or "")
        self.suppressions.put(recipient, kind, "Manually Added", description)
        return JSONResponse({"results": {"message": "Suppression list successfully updated"}})

    def _unsuppress(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        given = body.get("type") if isinstance(body, dict) else None
        kind = None if given is None else checked_type(given)
        self.suppressions.delete(request.path_params["recipient"], kind)
        return Response(status_code=204)

    def _list_templates(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        found = [each.document(with_content=False) for each in self.templates.all()]
        return JSONResponse({"results": found})

    def _add_template(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        made = self.templates.create(_object(body))
        return JSONResponse({"results": {"id": made.id}})

    def _template(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        found = self.templates.get(request.path_params["id"])
        return JSONResponse({"results": found.document()})

    def _change_template(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        changed = self.templates.update(request.path_params["id"], _object(body))
        return JSONResponse({"results": {"id": changed.id}})

    def _delete_template(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        self.templates.delete(request.path_params["id"])
        return JSONResponse({})

    def _account(
        self, hub: Hub, request: Request, body: Any, captured: CapturedRequest
    ) -> Response:
        now = datetime.now(timezone.utc)
        results: dict[str, Any] = {
            "customer_id": int(webhooks.CUSTOMER_ID),
            "company_name": "mailcore local",
            "country_code": "US",
            "status": "active",
            "status_reason_category": "",
            "tfa_required": False,
            "service_level": "standard",
            "subscription": {"code": "local", "name": "local", "type": "default"},
            "options": {"rest_tracking_default": True},
        }
        if request.query_params.get("include") == "usage":
            day = now.replace(hour=0, minute=0, second=0, microsecond=0)
            month = day.replace(day=1)
            results["usage"] = {
                "timestamp": _iso(now),
                "day": _usage(self._sent, _DAY_LIMIT, day, day + timedelta(days=1)),
                "month": _usage(self._sent, _MONTH_LIMIT, month, month + timedelta(days=31)),
                "sandbox": {"used": 0, "limit": 5},
            }
        return JSONResponse({"results": results})

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """
        Count, and suppress an address that bounced, complained or unsubscribed by hand.

        Test addresses are never suppressed: they do the same at every try.
        """
        for event in events:
            self._sent += event.kind is EventKind.SENT
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

    def tampered(self, post: WebhookPost) -> WebhookPost:
        """
        A post with another password: there is no signature.
        """
        headers = {**post.headers, "Authorization": self.credentials.header[:-4] + "AAA="}
        return WebhookPost(
            event_type=post.event_type, headers=headers, body=post.body, event_ids=post.event_ids
        )

    def error_answer(self, fault: Fault) -> Response:
        """
        An error in SparkPost's form.
        """
        status, error = _FAULTS.get(fault.name, _FAULTS["error500"])
        return JSONResponse({"errors": [error]}, status)

    def mailcore_url(self, base_url: str) -> str | None:
        """
        What `MAILCORE_URL` takes to send here, with the credentials of webhooks.
        """
        options = {"base_url": base_url, "webhook_secrets": self.credentials.text}
        key = quote(self.settings.api_key or "local", safe="")
        return f"sparkpost://{key}@?{urlencode(options, quote_via=quote, safe=':/')}"

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """
        How SparkPost's clients are pointed here, and the credentials of webhooks.
        """
        return [
            CopyLine(
                title="sparkpost (Node)", line=f'new SparkPost(key, {{origin: "{base_url}"}})'
            ),
            CopyLine(title="Credentials of the webhook", line=self.credentials.text),
        ]

    def _post(
        self, event_type: str, documents: Sequence[Mapping[str, Any]], event_ids: tuple[str, ...]
    ) -> WebhookPost:
        headers = {
            "Content-Type": "application/json",
            "Authorization": self.credentials.header,
            _BATCH_HEADER: str(uuid.uuid4()),
        }
        return WebhookPost(
            event_type=event_type,
            headers=headers,
            body=webhooks.body_of(documents),
            event_ids=event_ids,
        )


def _document(request: Request, body: bytes) -> Any:
    if not body:
        return None
    content_type = request.headers.get("Content-Type", "application/json")
    if "json" not in content_type.lower():
        raise refused(1700, "Content-Type must be application/json")
    try:
        return read_json(body)
    except NotReadable as error:
        raise refused(1300, f"Problems parsing request as JSON: {error}") from None


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise refused(1300, "the body must be a JSON object")
    return body


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


def _part(
    captured: CapturedRequest, body: Mapping[str, Any], letter: Letter, number: int
) -> CapturedRequest:
    """
    The transmission as if it had the recipients of one mail; files stand in the first one only.
    """
    content = body["content"]
    if number:
        files = ("attachments", "inline_images")
        content = {name: value for name, value in content.items() if name not in files}
    recipients = [body["recipients"][each.place] for each in letter.people]
    return part_of_request(captured, {**body, "content": content, "recipients": recipients})


def _captured(
    letter: Letter,
    request: CapturedRequest,
    transmission: Transmission,
    identifier: str,
    facts: Mapping[str, object],
) -> CapturedMail:
    to, sender, subject, cc = shown_to(letter), letter.sender, letter.subject, letter.cc
    if letter.raw and not sender:
        # A whole mail: its headers say who it is from.
        parsed = parse_inbound(letter.raw)
        author = parsed.from_email
        sender = str(author) if author else ""
        subject = parsed.subject or ""
        to = tuple(map(str, parsed.to)) or to
        cc = tuple(map(str, parsed.cc))
    seen = " ".join([*to, *cc]).lower()
    bcc = tuple(each.email for each in letter.people if each.email.lower() not in seen)
    shown = " ".join(cc).lower()
    people = {
        each.email: {
            "message_id": each.message_id,
            "metadata": dict(each.metadata),
            "tags": list(each.tags),
            "data": dict(each.data) if letter.failure else None,
            "rcpt_type": _kind(each.email, bcc, shown),
        }
        for each in letter.people
    }
    address = sender.rpartition("<")[2].rstrip(">")
    campaign = transmission.campaign_id
    return CapturedMail(
        face=SparkPostFace.name,
        envelope_sender=transmission.return_path or address,
        from_email=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        subject=subject,
        raw=letter.raw,
        recipients=tuple(
            CapturedRecipient(address=email, message_id=identifier) for email in people
        ),
        request=request,
        tags=(campaign,) if campaign else (),
        metadata={name: str(value) for name, value in letter.people[0].metadata.items()},
        facts={**facts, "friendly_from": address, "people": people},
        failure=letter.failure,
    )


def _kind(email: str, bcc: Sequence[str], shown_in_cc: str) -> str | None:
    if email in bcc:
        return "bcc"
    return "cc" if email.lower() in shown_in_cc else None


def _usage(used: int, limit: int, start: datetime, end: datetime) -> dict[str, Any]:
    return {"used": used, "limit": limit, "start": _iso(start), "end": _iso(end)}


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
