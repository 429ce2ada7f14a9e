"""
SendGrid as a face: its paths, its keys, its errors, its webhooks.
"""

from __future__ import annotations

import hmac
import json
import time
import uuid

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mailcore_local.documents import NotReadable, read_json
from mailcore_local.engine import EventKind, Fate, Fault
from mailcore_local.faces import CopyLine, Envelope, Face, FaceSettings, WebhookPost
from mailcore_local.hub import Hub, captured_request, common_fate
from mailcore_local.mailbox import CapturedMail, MailEvent
from mailcore_local.sendgrid.api import Sending
from mailcore_local.sendgrid.errors import Complaint, SendGridError, not_found
from mailcore_local.sendgrid.inbound import inbound_post
from mailcore_local.sendgrid.signing import Signer
from mailcore_local.sendgrid.suppressions import LISTS, Suppressions
from mailcore_local.sendgrid.templates import Templates
from mailcore_local.sendgrid.webhooks import body_of, documents


_MAX_BYTES = 30 * 1024 * 1024
_VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

_FAULTS = {
    "throttle": (429, "too many requests"),
    "error500": (500, "internal error"),
    "error503": (503, "The SendGrid v3 Web API is not available."),
}

# The list that each event puts an address on.
_LISTED = {
    EventKind.BOUNCED: "bounces",
    EventKind.SOFT_BOUNCED: "blocks",
    EventKind.COMPLAINED: "spam_reports",
    EventKind.UNSUBSCRIBED: "unsubscribes",
}

_Work = Callable[[Request, bytes], Response]


class SendGridFace(Face):
    """
    SendGrid's `/v3`: sending, templates, suppressions, unsubscribe groups, credits and scopes.

    Any key is taken, unless the settings name one. In sandbox mode a call is checked and nothing is
    sent. Addresses on a list are dropped; `bypass_…` settings are not looked at. The events of one
    call are posted together, signed with a key pair that is made at the start, or with the private
    key of the settings (PEM); its public key is the verification key that `lines` prints.
    """

    name = "sendgrid"
    label = "SendGrid"
    send_raw = False
    """Whether Inbound Parse posts the whole mail, and not its parts."""

    def __init__(self, settings: FaceSettings | None = None) -> None:
        super().__init__(settings)
        self.signer = Signer(self.settings.webhook_secret)
        self.templates = Templates()
        self.suppressions = Suppressions()

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """The paths of the API; what is not there is answered as SendGrid does."""
        sending = Sending(templates=self.templates, accept=hub.accept)
        routes: list[tuple[str, str, str, _Work]] = [
            ("POST", "/v3/mail/send", "send", lambda r, b: _send(sending, r, b)),
            ("POST", "/v3/mail/batch", "other", lambda _, __: _batch()),
            ("GET", "/v3/templates", "templates", self._list_templates),
            ("POST", "/v3/templates", "templates", self._add_template),
            ("GET", "/v3/templates/{id}", "templates", self._get_template),
            ("DELETE", "/v3/templates/{id}", "templates", self._delete_template),
            ("POST", "/v3/templates/{id}/versions", "templates", self._add_version),
            ("GET", "/v3/user/credits", "other", lambda _, __: _json(_CREDITS)),
            ("GET", "/v3/scopes", "other", lambda _, __: _json({"scopes": ["mail.send"]})),
            *self._suppression_routes(),
        ]
        made = [
            Route(path, hub.endpoint(self, self._handler(work), operation=name), methods=[verb])
            for verb, path, name, work in routes
        ]
        nowhere = hub.endpoint(self, self._handler(_not_found), operation="unknown")
        return [*made, Route("/{path:path}", nowhere, methods=_VERBS)]

    def webhook_posts(
        self, mail: CapturedMail, events: Sequence[MailEvent]
    ) -> Sequence[WebhookPost]:
        """One request with all events that SendGrid has."""
        told = documents(mail, events, self.suppressions.reason)
        if not told:
            return []
        body = body_of([document for _, document in told])
        return [
            WebhookPost(
                event_type=str(told[0][1]["event"]),
                headers={
                    "Content-Type": "application/json",
                    "User-Agent": "SendGrid Event API",
                    **self.signer.headers(body),
                },
                body=body,
                event_ids=tuple(event.id for event, _ in told),
            )
        ]

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """Bounces, blocks, complaints and unsubscriptions come on the lists."""
        for event in events:
            name = _LISTED.get(event.kind)
            group = mail.facts.get("group_id")
            if event.kind is EventKind.UNSUBSCRIBED and group is not None:
                name = f"group {group}"
            if name is not None:
                said = event.detail.removeprefix("smtp; ")
                self.suppressions.add(name, event.recipient, reason=said, status=event.status)

    def inbound_post(self, raw: bytes, envelope: Envelope) -> WebhookPost | None:
        """The form of Inbound Parse."""
        return inbound_post(raw, envelope, self.signer.headers, send_raw=self.send_raw)

    def fate_of(self, address: str) -> Fate | None:
        """Addresses on a list are dropped; test addresses do what they stand for each time."""
        if common_fate(address) is None and self.suppressions.reason(address) is not None:
            return Fate.SUPPRESSED
        return None

    def error_answer(self, fault: Fault) -> Response:
        """A status and a sentence; for too many requests, the headers that say when to go on."""
        status, message = _FAULTS.get(fault.name, _FAULTS["error500"])
        response = _error(SendGridError(Complaint(message), status_code=status))
        if status == 429:
            response.headers["X-RateLimit-Limit"] = "600"
            response.headers["X-RateLimit-Remaining"] = "0"
            response.headers["X-RateLimit-Reset"] = str(int(time.time()) + 1)
        return response

    def mailcore_url(self, base_url: str) -> str | None:
        """The URL with a key and the verification key of the webhooks."""
        key = quote(self.settings.api_key or "SG.local", safe="")
        public = quote(self.signer.verification_key, safe="")
        base = quote(base_url, safe="")
        return f"sendgrid://{key}@?base_url={base}&webhook_verification_keys={public}"

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """The base URLs of SendGrid's own clients, and the verification key."""
        key = self.settings.api_key or "SG.any"
        return [
            CopyLine(
                title="sendgrid-python",
                line=f'SendGridAPIClient("{key}", host="{base_url}")',
            ),
            CopyLine(
                title="@sendgrid/mail",
                line=f'client.setDefaultRequest("baseUrl", "{base_url}")',
            ),
            CopyLine(title="Verification key", line=self.signer.verification_key),
        ]

    def _handler(self, work: _Work) -> Callable[[Hub, Request, bytes], Awaitable[Response]]:
        async def answer(_: Hub, request: Request, body: bytes) -> Response:
            try:
                self._authenticate(request)
                return await run_in_threadpool(work, request, body)
            except SendGridError as error:
                return _error(error)

        return answer

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise SendGridError(Complaint("authorization required"), status_code=401)
        key = self.settings.api_key
        if key is not None and not hmac.compare_digest(token.strip().encode(), key.encode()):
            raise SendGridError(
                Complaint("The provided authorization grant is invalid, expired, or revoked"),
                status_code=401,
            )

    def _list_templates(self, request: Request, _: bytes) -> Response:
        wanted = request.query_params.get("generations", "legacy").split(",")
        found = [each.document() for each in self.templates.all()]
        return _json({"result": [each for each in found if each["generation"] in wanted]})

    def _add_template(self, _: Request, body: bytes) -> Response:
        return _json(self.templates.add(_object(body)).document(), 201)

    def _get_template(self, request: Request, _: bytes) -> Response:
        return _json(self.templates.get(request.path_params["id"]).document())

    def _delete_template(self, request: Request, _: bytes) -> Response:
        self.templates.delete(request.path_params["id"])
        return Response(status_code=204)

    def _add_version(self, request: Request, body: bytes) -> Response:
        version = self.templates.add_version(request.path_params["id"], _object(body))
        return _json(version.document(), 201)

    def _suppression_routes(self) -> list[tuple[str, str, str, _Work]]:
        routes: list[tuple[str, str, str, _Work]] = []
        for name in LISTS:
            path = f"/v3/suppression/{name}"
            routes += [
                ("GET", path, "suppressions", self._page_of(name)),
                ("DELETE", path, "suppressions", self._clearing(name)),
                ("GET", f"{path}/{{email}}", "suppressions", self._one_of(name)),
                ("DELETE", f"{path}/{{email}}", "suppressions", self._removing(name)),
            ]
        everywhere, group = "/v3/asm/suppressions/global", "/v3/asm/groups/{group}/suppressions"
        return [
            *routes,
            ("POST", everywhere, "suppressions", self._add_to_list),
            ("GET", f"{everywhere}/{{email}}", "suppressions", self._get_global),
            ("DELETE", f"{everywhere}/{{email}}", "suppressions", self._remove_from_list),
            ("POST", group, "suppressions", self._add_to_list),
            ("GET", group, "suppressions", self._list_group),
            ("DELETE", f"{group}/{{email}}", "suppressions", self._remove_from_list),
        ]

    def _page_of(self, name: str) -> _Work:
        return lambda request, _: _json(self.suppressions.page(name, request.query_params))

    def _one_of(self, name: str) -> _Work:
        def work(request: Request, _: bytes) -> Response:
            entry = self.suppressions.find(name, request.path_params["email"])
            return _json([] if entry is None else [entry.document(name)])

        return work

    def _removing(self, name: str) -> _Work:
        def work(request: Request, _: bytes) -> Response:
            if not self.suppressions.remove(name, request.path_params["email"]):
                raise not_found()
            return Response(status_code=204)

        return work

    def _clearing(self, name: str) -> _Work:
        def work(_: Request, body: bytes) -> Response:
            fields = _object(body) if body else {}
            emails = fields.get("emails", [])
            if fields.get("delete_all") is True:
                self.suppressions.clear(name)
            elif isinstance(emails, list) and emails and all(isinstance(e, str) for e in emails):
                for email in emails:
                    self.suppressions.remove(name, email)
            else:
                raise SendGridError(Complaint("either delete_all or emails is required", "emails"))
            return Response(status_code=204)

        return work

    def _add_to_list(self, request: Request, body: bytes) -> Response:
        emails = _object(body).get("recipient_emails")
        if not isinstance(emails, list) or not all(isinstance(each, str) for each in emails):
            raise SendGridError(Complaint("an array of addresses", "recipient_emails"))
        for email in emails:
            self.suppressions.add(_list_of(request), email)
        return _json({"recipient_emails": emails}, 201)

    def _get_global(self, request: Request, _: bytes) -> Response:
        email = request.path_params["email"]
        found = self.suppressions.find("unsubscribes", email)
        return _json({} if found is None else {"recipient_email": email})

    def _list_group(self, request: Request, _: bytes) -> Response:
        return _json([entry.email for entry in self.suppressions.all(_list_of(request))])

    def _remove_from_list(self, request: Request, _: bytes) -> Response:
        self.suppressions.remove(_list_of(request), request.path_params["email"])
        return Response(status_code=204)


_CREDITS = {
    "remain": 1_000_000,
    "total": 1_000_000,
    "overage": 0,
    "used": 0,
    "last_reset": "2026-11-01",
    "next_reset": "2026-12-01",
    "reset_frequency": "monthly",
}


def _list_of(request: Request) -> str:
    group = request.path_params.get("group")
    return "unsubscribes" if group is None else f"group {group}"


def _send(sending: Sending, request: Request, body: bytes) -> Response:
    if len(body) > _MAX_BYTES:
        # As the web server in front of the API answers.
        page = "<html><head><title>413 Request Entity Too Large</title></head></html>"
        return Response(page, 413, {"Content-Type": "text/html"})
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise SendGridError(Complaint("Content-Type should be application/json."), status_code=415)
    message_id = sending.send(_document(body), captured_request(request, body))
    if message_id is None:
        return Response(status_code=200)
    return Response(status_code=202, headers={"X-Message-Id": message_id})


def _batch() -> Response:
    return _json({"batch_id": uuid.uuid4().hex}, 201)


def _document(body: bytes) -> object:
    try:
        value: object = read_json(body)
    except NotReadable:
        raise SendGridError(Complaint("Bad Request")) from None
    return value


def _object(body: bytes) -> Mapping[str, Any]:
    value = _document(body)
    if not isinstance(value, dict):
        raise SendGridError(Complaint("Bad Request"))
    return value


def _not_found(_: Request, __: bytes) -> Response:
    raise not_found()


def _json(document: object, status_code: int = 200) -> Response:
    return Response(json.dumps(document), status_code, {"Content-Type": "application/json"})


def _error(error: SendGridError) -> Response:
    return _json(error.document(), error.status_code)
