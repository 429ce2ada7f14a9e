"""
Mailgun as a face: its paths, its keys, its errors, its webhooks.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mailcore.http import REPLACED_CREDENTIAL
from mailcore_local.documents import NotReadable, read_json
from mailcore_local.engine import EventKind, Fate, Fault
from mailcore_local.faces import CopyLine, Envelope, Face, FaceSettings, WebhookPost
from mailcore_local.hub import Hub, captured_request, common_fate
from mailcore_local.mailbox import CapturedMail, MailEvent
from mailcore_local.mailgun import inbound, webhooks
from mailcore_local.mailgun.api import Sending
from mailcore_local.mailgun.errors import MailgunError, not_found
from mailcore_local.mailgun.forms import Form, read_form
from mailcore_local.mailgun.inbound import RoutedPost
from mailcore_local.mailgun.suppressions import KINDS, Entry, Suppressions
from mailcore_local.mailgun.templates import Templates


_MAX_MESSAGE_BYTES = 25 * 1024 * 1024
# What mailcore sends in place of credentials when `MAILCORE_REDIRECT` has calls go here.
_REDIRECTED = REPLACED_CREDENTIAL.encode()
_VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_MIME_TYPE = "message/rfc2822"

_FAULTS = {
    "throttle": (
        429,
        "Domain is not allowed to send: account-requests-per-sec limit exceeded, try again later",
    ),
    "error500": (500, "Internal Server Error"),
    "error503": (503, "Service Unavailable"),
}

_LISTED = {
    EventKind.BOUNCED: "bounces",
    EventKind.COMPLAINED: "complaints",
    EventKind.UNSUBSCRIBED: "unsubscribes",
}

_Work = Callable[[Request, Form, bytes], Response]


class MailgunFace(Face):
    """
    Mailgun's `/v3`: messages, templates and suppressions of any domain.

    Any key is taken, unless the settings name one. Addresses on a list are accepted and then not
    delivered to, as Mailgun does; here the list of one domain counts for all. In test mode
    (`o:testmode`) everything happens as without it, and the events say so. Webhooks are signed with
    the key of the settings, or with one that is made at the start and that `lines` prints.
    """

    name = "mailgun"
    label = "Mailgun"

    def __init__(self, settings: FaceSettings | None = None) -> None:
        super().__init__(settings)
        self.signing_key = self.settings.webhook_secret or secrets.token_hex(16)
        self.templates = Templates()
        self.suppressions = Suppressions()
        self._base_url = ""

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """The paths of the API; what is not there is answered as Mailgun does."""
        self._base_url = hub.url_of(self.name)
        sending = Sending(templates=self.templates, accept=hub.accept)
        templates, template = "/v3/{domain}/templates", "/v3/{domain}/templates/{name}"
        routes: list[tuple[str, str, str, _Work]] = [
            ("POST", "/v3/{domain}/messages", "send", _send(sending, mime=False)),
            ("POST", "/v3/{domain}/messages.mime", "send", _send(sending, mime=True)),
            ("GET", "/v3/domains/{domain}/messages/{key}", "messages", _stored(hub)),
            ("GET", templates, "templates", self._list_templates),
            ("POST", templates, "templates", self._add_template),
            ("GET", template, "templates", self._get_template),
            ("DELETE", template, "templates", self._delete_template),
            ("POST", f"{template}/versions", "templates", self._add_version),
        ]
        for kind in KINDS:
            path = f"/v3/{{domain}}/{kind}"
            routes += [
                ("GET", path, "suppressions", self._page_of(kind)),
                ("POST", path, "suppressions", self._adding_to(kind)),
                ("DELETE", path, "suppressions", self._clearing(kind)),
                ("GET", f"{path}/{{address}}", "suppressions", self._one_of(kind)),
                ("DELETE", f"{path}/{{address}}", "suppressions", self._removing_from(kind)),
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
        """One request for each event that Mailgun has."""
        domain = mail.facts.get("domain", "")
        url = f"{self._base_url}/v3/domains/{domain}/messages/{mail.id}"
        made = (
            webhooks.post(
                mail,
                event,
                self.signing_key,
                listed_in=self.suppressions.listed_in,
                storage_url=url,
            )
            for event in events
        )
        return [each for each in made if each is not None]

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """Bounces, complaints and unsubscriptions come on the lists of the domain."""
        for event in events:
            kind = _LISTED.get(event.kind)
            if kind is not None:
                said = event.detail.removeprefix("smtp; ")
                entry = Entry(
                    address=event.recipient,
                    created_at=datetime.now(timezone.utc),
                    code=said[:3] if said[:3].isdecimal() else "550",
                    error=said,
                )
                self.suppressions.add(str(mail.facts.get("domain", "")), kind, entry)

    def inbound_post(self, raw: bytes, envelope: Envelope) -> WebhookPost | None:
        """The form of a route."""
        return inbound.inbound_post(raw, envelope, self.signing_key)

    def addressed(self, post: WebhookPost, url: str) -> WebhookPost:
        """Received mail goes as a whole to URLs that end with ``mime``."""
        if isinstance(post, RoutedPost):
            return inbound.addressed(post, url)
        return post

    def tampered(self, post: WebhookPost) -> WebhookPost:
        """A post with another token, since the signature does not cover the body."""
        if isinstance(post, RoutedPost):
            return inbound.tampered(post)
        return replace(post, body=webhooks.tampered(post.body))

    def fate_of(self, address: str) -> Fate | None:
        """Addresses on a list get nothing; test addresses do what they stand for each time."""
        if common_fate(address) is None and self.suppressions.listed_in(address) is not None:
            return Fate.SUPPRESSED
        return None

    def error_answer(self, fault: Fault) -> Response:
        """A status and a message, as Mailgun has them."""
        status, message = _FAULTS.get(fault.name, _FAULTS["error500"])
        return _json({"message": message}, status)

    def mailcore_url(self, base_url: str) -> str | None:
        """The URL with a key and the signing key of the webhooks."""
        key = quote(self.settings.api_key or "local-key", safe="")
        signing = quote(self.signing_key, safe="")
        base = quote(base_url, safe="")
        return f"mailgun://?api_key={key}&base_url={base}&webhook_signing_keys={signing}"

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """The base URLs of Mailgun's own clients, and the signing key."""
        key = self.settings.api_key or "any-key"
        return [
            CopyLine(
                title="mailgun (Python)",
                line=f'Client(auth=("api", "{key}"), api_url="{base_url}/")',
            ),
            CopyLine(
                title="mailgun.js",
                line=f'mailgun.client({{username: "api", key: "{key}", url: "{base_url}"}})',
            ),
            CopyLine(title="HTTP webhook signing key", line=self.signing_key),
        ]

    def _handler(self, work: _Work) -> Callable[[Hub, Request, bytes], Awaitable[Response]]:
        async def answer(_: Hub, request: Request, body: bytes) -> Response:
            try:
                if not self._is_authentic(request):
                    return Response("Forbidden", 401, {"Content-Type": "text/plain"})
                content_type = request.headers.get("content-type", "")
                form = Form() if _is_json(request) else await read_form(content_type, body)
                return await run_in_threadpool(work, request, form, body)
            except MailgunError as error:
                return _json({"message": error.message}, error.status_code)

        return answer

    def _is_authentic(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(token, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        if scheme.lower() != "basic" or user not in (b"api", _REDIRECTED) or not password:
            return False
        key = self.settings.api_key
        return key is None or hmac.compare_digest(password, key.encode())

    def _list_templates(self, request: Request, _: Form, __: bytes) -> Response:
        found = self.templates.all(_domain(request))
        return _json({"items": [each.document() for each in found], "paging": {}})

    def _add_template(self, request: Request, form: Form, _: bytes) -> Response:
        template = self.templates.add(_domain(request), form)
        document = template.document(template.version())
        return _json({"message": "template has been stored", "template": document})

    def _get_template(self, request: Request, _: Form, __: bytes) -> Response:
        template = self.templates.get(_domain(request), request.path_params["name"])
        with_version = request.query_params.get("active", "") in ("yes", "true")
        version = template.version() if with_version else None
        return _json({"template": template.document(version)})

    def _delete_template(self, request: Request, _: Form, __: bytes) -> Response:
        template = self.templates.delete(_domain(request), request.path_params["name"])
        told = {"message": "template has been deleted", "template": {"name": template.name}}
        return _json(told)

    def _add_version(self, request: Request, form: Form, _: bytes) -> Response:
        name = request.path_params["name"]
        template, version = self.templates.add_version(_domain(request), name, form)
        document = template.document(version)
        return _json(
            {"message": "new version of the template has been stored", "template": document}
        )

    def _page_of(self, kind: str) -> _Work:
        def work(request: Request, _: Form, __: bytes) -> Response:
            domain = _domain(request)
            url = f"{self._base_url}/v3/{quote(domain)}/{kind}"
            return _json(self.suppressions.page(domain, kind, request.query_params, url))

        return work

    def _adding_to(self, kind: str) -> _Work:
        def work(request: Request, form: Form, body: bytes) -> Response:
            items: object = [dict(form.fields)]
            if _is_json(request):
                try:
                    items = read_json(body)
                except NotReadable as error:
                    raise MailgunError(f"Invalid JSON: {error}") from None
                items = [items] if isinstance(items, dict) else items
            return _json(self.suppressions.create(_domain(request), kind, items))

        return work

    def _clearing(self, kind: str) -> _Work:
        return lambda request, _, __: _json(self.suppressions.clear(_domain(request), kind))

    def _one_of(self, kind: str) -> _Work:
        def work(request: Request, _: Form, __: bytes) -> Response:
            address = request.path_params["address"]
            return _json(self.suppressions.find(_domain(request), kind, address).document(kind))

        return work

    def _removing_from(self, kind: str) -> _Work:
        def work(request: Request, _: Form, __: bytes) -> Response:
            address = request.path_params["address"]
            return _json(self.suppressions.remove(_domain(request), kind, address))

        return work


def _is_json(request: Request) -> bool:
    content_type = request.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _domain(request: Request) -> str:
    return str(request.path_params["domain"])


def _send(sending: Sending, *, mime: bool) -> _Work:
    def work(request: Request, form: Form, body: bytes) -> Response:
        size = sum(len(value) for _, value in form.fields)
        size += sum(len(file.content) for file in form.files)
        if size > _MAX_MESSAGE_BYTES:
            raise MailgunError("Message is larger than 25 MB", status_code=413)
        kept = captured_request(request, body)
        return _json(sending.send(_domain(request), form, kept, mime=mime))

    return work


def _stored(hub: Hub) -> _Work:
    def work(request: Request, _: Form, __: bytes) -> Response:
        found = hub.mails.get(request.path_params["key"])
        if found is None or found.facts.get("domain") != _domain(request):
            raise not_found("Message not found")
        told: dict[str, object] = {
            "recipients": ", ".join(each.address for each in found.recipients),
            "sender": found.envelope_sender,
            "from": found.from_email,
            "subject": found.subject,
        }
        if request.headers.get("accept", "") == _MIME_TYPE:
            return _json({**told, "body-mime": found.raw.decode("utf-8", "replace")})
        told |= {"body-plain": found.text or "", "body-html": found.html or ""}
        told["message-headers"] = [list(pair) for pair in found.parsed.headers.pairs]
        return _json(told)

    return work


def _not_found(_: Request, __: Form, ___: bytes) -> Response:
    raise not_found()


def _json(document: object, status_code: int = 200) -> Response:
    return Response(json.dumps(document), status_code, {"Content-Type": "application/json"})
