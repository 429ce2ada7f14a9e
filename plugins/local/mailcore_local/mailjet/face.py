"""
The stand-in of Mailjet.

What is here: `POST /v3.1/send` with `Globals`, `SandboxMode` and templates, and the calls that
store a template (`/v3/REST/template`, `/v3/REST/template/{id}/detailcontent`). Messages go out at
once, whatever their priority is; reports of template errors are not mailed; a campaign that forbids
duplicates does not forbid them. Recipients that are blocked stay blocked until the server ends, as
Mailjet's API cannot free them either.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mailcore_local.basic_auth import BasicAuthFace
from mailcore_local.documents import NotReadable, read_json
from mailcore_local.engine import EventKind, Fate, Fault
from mailcore_local.faces import CopyLine, Envelope, FaceSettings, WebhookPost
from mailcore_local.hub import captured_request, part_of_request
from mailcore_local.mailbox import CapturedMail, CapturedRequest, MailEvent
from mailcore_local.mailjet import webhooks
from mailcore_local.mailjet.captured import FACE, captured_letter
from mailcore_local.mailjet.errors import (
    MALFORMED,
    UNAUTHORIZED,
    MailjetError,
    Problem,
    Refused,
)
from mailcore_local.mailjet.models import MAX_MESSAGES
from mailcore_local.mailjet.sending import (
    letter_of,
    read_message,
    read_shared,
)
from mailcore_local.mailjet.template_calls import Templates


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

_FAULTS: Mapping[str, MailjetError] = {
    "throttle": MailjetError(
        "Too many requests. Please review your integration to reduce the number of calls.",
        status_code=429,
    ),
    "error500": MailjetError("Internal Server Error", status_code=500),
    "error503": MailjetError("Service Unavailable", status_code=503),
}
_BLOCKS = (EventKind.BOUNCED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED)


class MailjetFace(BasicAuthFace):
    """
    Mailjet.

    Args:
        settings: `api_key` is the public key, or both as ``public:private``; `webhook_username` and
            `webhook_password` are the credentials of webhooks, of which a password is made up here
            otherwise.
        groups_events: Whether events come in an array, as of a webhook of version 2.
    """

    name: ClassVar[str] = FACE
    label: ClassVar[str] = "Mailjet"

    def __init__(
        self, settings: FaceSettings | None = None, *, groups_events: bool = False
    ) -> None:
        super().__init__(settings)
        self._groups_events = groups_events
        self._lock = threading.Lock()
        self._templates = Templates()
        self._blocked: set[str] = set()

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """
        The sending call, and those about templates.
        """

        def route(path: str, handler: _Handler, methods: list[str], operation: str) -> BaseRoute:
            endpoint = hub.endpoint(self, self._guarded(handler), operation=operation)
            return Route(path, endpoint, methods=methods)

        def stored(path: str, call: _TemplateCall, methods: list[str]) -> BaseRoute:
            def answer(_: Hub, request: Request, body: Any, _request: CapturedRequest) -> Response:
                return call(request, body)

            return route(f"/v3/REST/template{path}", answer, methods, "account")

        return [
            route("/v3.1/send", self._send, ["POST"], "send"),
            stored("", self._templates.add, ["POST"]),
            stored("/{id}", self._templates.show, ["GET"]),
            stored("/{id}/detailcontent", self._templates.show_content, ["GET"]),
            stored("/{id}/detailcontent", self._templates.store_content, ["POST", "PUT"]),
        ]

    def _guarded(self, handler: _Handler) -> Any:
        async def answer(hub: Hub, request: Request, body: bytes) -> Response:
            try:
                self._authenticate(request)
                document = None
                if request.method != "GET":
                    try:
                        document = read_json(body)
                    except NotReadable:
                        raise MailjetError(MALFORMED, code="mj-0002") from None
                return handler(hub, request, document, captured_request(request, body))
            except MailjetError as error:
                return JSONResponse(error.document(), error.status_code)

        return answer

    def _authenticate(self, request: Request) -> None:
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(rest, validate=True).decode()
        except (binascii.Error, ValueError):
            given = ""
        key, colon, secret = given.partition(":")
        expected = self.settings.api_key
        known = expected is None or expected in (key, given)
        if scheme.lower() != "basic" or not (key and colon and secret) or not known:
            raise MailjetError(UNAUTHORIZED, code="mj-0015", status_code=401)

    def _send(self, hub: Hub, request: Request, body: Any, captured: CapturedRequest) -> Response:
        if not isinstance(body, dict):
            raise MailjetError(MALFORMED, code="mj-0002")
        entries = body.get("Messages")
        sandbox, tells_all = body.get("SandboxMode", False), body.get("AdvanceErrorHandling", False)
        if entries is None:
            raise MailjetError('"Messages" is mandatory.', code="mj-0003")
        for name, value, kind in (
            ("Messages", entries, list),
            ("SandboxMode", sandbox, bool),
            ("AdvanceErrorHandling", tells_all, bool),
        ):
            if not isinstance(value, kind):
                said = f'Type mismatch. Expected type "{kind.__name__}" for "{name}".'
                raise MailjetError(said, code="mj-0004")
        if not entries:
            raise MailjetError('"Messages" must not be an empty array.', code="mj-0007")
        if len(entries) > MAX_MESSAGES:
            said = f"The number of messages is limited to {MAX_MESSAGES}."
            raise MailjetError(said, code="mj-0008")
        try:
            shared = read_shared(body.get("Globals"))
        except Refused as error:
            told = _told(error.problems, tells_all=tells_all)
            return JSONResponse({"Globals": {"Status": "error", "Errors": told}}, 400)
        parts = list(_parts(body, captured))
        return self._answer(hub, entries, shared, parts, sandbox=sandbox, tells_all=tells_all)

    def _answer(
        self,
        hub: Hub,
        entries: Sequence[object],
        shared: Mapping[str, Any],
        parts: Sequence[CapturedRequest],
        *,
        sandbox: bool,
        tells_all: bool,
    ) -> Response:
        items, status = [], 200
        templates = self._templates.all()
        for entry, part in zip(entries, parts, strict=True):
            try:
                message = read_message(entry, shared, templates)
            except Refused as error:
                told = _told(error.problems, tells_all=tells_all)
                items.append({"Status": "error", "Errors": told})
                status = error.problems[0].status_code if status == 200 else 400
                continue
            number = message.template_id
            letter = letter_of(message, None if number is None else templates[number])
            if not sandbox:
                hub.accept(captured_letter(letter, part))
            items.append(letter.item(sandbox=sandbox))
        return JSONResponse({"Messages": items}, status)

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """
        Block an address that bounced, complained or unsubscribed by hand.

        Test addresses are never blocked: they do the same at every try.
        """
        blocked = [e.recipient.lower() for e in events if e.by_hand and e.kind in _BLOCKS]
        with self._lock:
            self._blocked.update(blocked)

    def fate_of(self, address: str) -> Fate | None:
        """
        What becomes of an address that is blocked; Mailjet has no test addresses.
        """
        with self._lock:
            return Fate.SUPPRESSED if address.lower() in self._blocked else None

    def webhook_posts(
        self, mail: CapturedMail, events: Sequence[MailEvent]
    ) -> Sequence[WebhookPost]:
        """
        An object for each event, posted by itself, or all of them in one array.
        """
        told = [(event.id, webhooks.event_document(mail, event)) for event in events]
        found = [(identifier, document) for identifier, document in told if document is not None]
        if not self._groups_events:
            return [self._post(each["event"], each, (identifier,)) for identifier, each in found]
        if not found:
            return []
        identifiers = tuple(identifier for identifier, _ in found)
        return [self._post(found[0][1]["event"], [each for _, each in found], identifiers)]

    def inbound_posts(self, raw: bytes, envelope: Envelope) -> Sequence[WebhookPost]:
        """
        The mail taken apart, for each recipient.
        """
        return [
            self._post("parse", webhooks.inbound_document(raw, envelope.sender, address), ())
            for address in envelope.recipients
        ]

    def error_answer(self, fault: Fault) -> Response:
        """
        An error in Mailjet's form.
        """
        error = _FAULTS.get(fault.name, _FAULTS["error500"])
        return JSONResponse(error.document(), error.status_code)

    def user_of_url(self) -> str:
        """
        Both keys.
        """
        key, _, secret = (self.settings.api_key or "local").partition(":")
        return f"{quote(key, safe='')}:{quote(secret or 'local', safe='')}"

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """
        How Mailjet's client is pointed here, and the credentials of webhooks.
        """
        client = f'Client(auth=("local", "local"), version="v3.1", api_url="{base_url}/")'
        return [
            CopyLine(title="mailjet-rest (Python)", line=client),
            self.credentials_line(),
        ]

    def _post(self, event_type: str, document: object, event_ids: tuple[str, ...]) -> WebhookPost:
        return self.json_post(event_type, json.dumps(document).encode(), event_ids)


_Handler = Callable[["Hub", Request, Any, CapturedRequest], Response]
_TemplateCall = Callable[[Request, Any], Response]


def _parts(body: Mapping[str, Any], captured: CapturedRequest) -> Iterator[CapturedRequest]:
    """
    The call of each message; files that all of them share stand in the first one only.
    """
    entries, shared = body["Messages"], body.get("Globals")
    if len(entries) == 1:
        yield captured
        return
    bare = shared
    if isinstance(shared, dict):
        files = ("Attachments", "InlinedAttachments")
        bare = {name: value for name, value in shared.items() if name not in files}
    for number, entry in enumerate(entries):
        part = {**body, "Messages": [entry]}
        if number and shared is not None:
            part["Globals"] = bare
        yield part_of_request(captured, part)


def _told(problems: Sequence[Problem], *, tells_all: bool) -> list[dict[str, Any]]:
    return [problem.document() for problem in (problems if tells_all else problems[:1])]
