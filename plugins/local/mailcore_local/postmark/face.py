"""
Postmark as a face: its paths, its tokens, its errors, its webhooks.
"""

from __future__ import annotations

import hmac
import json

from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import quote, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mailcore_local.basic_auth import BasicCredentials
from mailcore_local.engine import EventKind, Fate, Fault
from mailcore_local.faces import CopyLine, Envelope, Face, FaceSettings, WebhookPost
from mailcore_local.hub import Hub, captured_request, common_fate
from mailcore_local.mailbox import CapturedMail, MailEvent
from mailcore_local.postmark import errors, fields
from mailcore_local.postmark.api import Sending
from mailcore_local.postmark.bounce_types import fate_of_address, type_of
from mailcore_local.postmark.errors import PostmarkError
from mailcore_local.postmark.inbound import inbound_post
from mailcore_local.postmark.suppressions import Suppressions
from mailcore_local.postmark.templates import Templates, validation
from mailcore_local.postmark.webhooks import posts


TEST_TOKEN = "POSTMARK_API_TEST"  # noqa: S105 - documented, no secret
_TOKEN = "X-Postmark-Server-Token"  # noqa: S105 - the name of a header
_ACCOUNT_TOKEN = "X-Postmark-Account-Token"  # noqa: S105 - the name of a header
_MAX_BYTES = 10 * 1024 * 1024
_MAX_BATCH_BYTES = 50 * 1024 * 1024

_FAULTS = {
    "throttle": (429, errors.RATE_LIMIT, "Rate limit exceeded. Slow down your requests."),
    "error500": (500, 0, "Internal server error."),
    "error503": (503, errors.MAINTENANCE, "The Postmark API is offline for maintenance."),
}

_Work = Callable[[Request, bytes], object]


class PostmarkFace(Face):
    """
    The sending of Postmark, the templates and the suppressions of one server.

    Any server token is taken, unless the settings name one; `POSTMARK_API_TEST` has messages
    checked and not sent. Addresses at `bounce-testing.postmarkapp.com` bounce as they say.

    Args:
        settings: `webhook_username` and `webhook_password` are the credentials of webhooks, of
            which a password is made up here otherwise. Postmark signs nothing.
    """

    name = "postmark"
    label = "Postmark"

    def __init__(self, settings: FaceSettings | None = None) -> None:
        super().__init__(settings)
        self.credentials = BasicCredentials.of(self.settings)
        self.templates = Templates()
        self.suppressions = Suppressions()

    def routes(self, hub: Hub) -> Sequence[BaseRoute]:
        """The paths of the API; what is not there is answered as Postmark does."""
        sending = Sending(
            templates=self.templates,
            suppressions=self.suppressions,
            fate_of=lambda address: self.fate_of(address) or common_fate(address),
            accept=hub.accept,
        )

        def send(work: Callable[..., object], limit: int = _MAX_BYTES) -> _Work:
            return lambda request, body: work(
                _read(request, body, limit),
                captured_request(request, body),
                test=request.headers.get(_TOKEN) == TEST_TOKEN,
            )

        templates = self.templates
        routes: list[tuple[str, str, str, _Work]] = [
            ("POST", "/email", "send", send(sending.email)),
            ("POST", "/email/batch", "send", send(sending.batch, _MAX_BATCH_BYTES)),
            ("POST", "/email/withTemplate", "send", send(sending.with_template)),
            (
                "POST",
                "/email/batchWithTemplates",
                "send",
                send(sending.batch_with_templates, _MAX_BATCH_BYTES),
            ),
            ("GET", "/templates", "templates", self._list_templates),
            (
                "POST",
                "/templates",
                "templates",
                lambda r, b: templates.add(_object(r, b)).document(whole=False),
            ),
            ("POST", "/templates/validate", "templates", lambda r, b: validation(_object(r, b))),
            (
                "GET",
                "/templates/{key}",
                "templates",
                lambda r, _: templates.get(_key(r)).document(),
            ),
            (
                "PUT",
                "/templates/{key}",
                "templates",
                lambda r, b: templates.edit(_key(r), _object(r, b)).document(whole=False),
            ),
            ("DELETE", "/templates/{key}", "templates", self._delete_template),
            (
                "GET",
                "/message-streams/{stream}/suppressions/dump",
                "suppressions",
                lambda r, _: self.suppressions.dump(
                    r.path_params["stream"], {k.lower(): v for k, v in r.query_params.items()}
                ),
            ),
            (
                "POST",
                "/message-streams/{stream}/suppressions",
                "suppressions",
                lambda r, b: self.suppressions.create(r.path_params["stream"], _read(r, b)),
            ),
            (
                "POST",
                "/message-streams/{stream}/suppressions/delete",
                "suppressions",
                lambda r, b: self.suppressions.delete(r.path_params["stream"], _read(r, b)),
            ),
        ]
        made = [
            Route(each, hub.endpoint(self, self._handler(work), operation=name), methods=[verb])
            for verb, path, name, work in routes
            # postmark.js asks for ``/templates/``.
            for each in (path, f"{path}/")
        ]
        nowhere = hub.endpoint(self, self._handler(_not_found), operation="unknown")
        verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return [*made, Route("/{path:path}", nowhere, methods=verbs)]

    def webhook_posts(
        self, mail: CapturedMail, events: Sequence[MailEvent]
    ) -> Sequence[WebhookPost]:
        """One request for each event, and one for each change of the suppression list."""
        return [post for event in events for post in posts(mail, event, self._authorization)]

    def happened(self, mail: CapturedMail, events: Sequence[MailEvent]) -> None:
        """Hard bounces, complaints and unsubscriptions come on the list of the stream."""
        stream = str(mail.facts.get("stream", "outbound"))
        for event in events:
            bounce = type_of(event.kind, event.recipient, str(mail.facts.get("bounce_type", "")))
            if bounce is not None and bounce.name in ("HardBounce", "SpamComplaint"):
                self.suppressions.add(stream, event.recipient, bounce.name, "Recipient")
            elif event.kind is EventKind.UNSUBSCRIBED:
                self.suppressions.add(stream, event.recipient, "ManualSuppression", "Recipient")

    def inbound_post(self, raw: bytes, envelope: Envelope) -> WebhookPost | None:
        """The mail taken apart, as JSON."""
        return inbound_post(raw, envelope, self._authorization)

    def tampered(self, post: WebhookPost) -> WebhookPost:
        """A post with a wrong password, since there is no signature to break."""
        headers = {**post.headers, "Authorization": self.credentials.header[:-4] + "AAA="}
        return WebhookPost(
            event_type=post.event_type, headers=headers, body=post.body, event_ids=post.event_ids
        )

    def fate_of(self, address: str) -> Fate | None:
        """Addresses of Postmark's testing domain, and its black hole."""
        return fate_of_address(address)

    def error_answer(self, fault: Fault) -> Response:
        """A status, a code and a message, as Postmark has them."""
        status, code, message = _FAULTS.get(fault.name, _FAULTS["error500"])
        return _error(PostmarkError(code, message, status_code=status))

    def mailcore_url(self, base_url: str) -> str | None:
        """The URL with a token, and with user and password of the webhooks."""
        token = quote(self.settings.api_key or "local-token", safe="")
        options = {"base_url": base_url, "webhook_secrets": self.credentials.text}
        return f"postmark://{token}@?{urlencode(options, quote_via=quote, safe=':/')}"

    def lines(self, base_url: str) -> Sequence[CopyLine]:
        """The base URLs of Postmark's own clients, and the credentials of webhooks."""
        token = self.settings.api_key or "any-token"
        host = urlsplit(base_url).netloc + urlsplit(base_url).path
        return [
            CopyLine(
                title="postmark-python", line=f'ServerClient("{token}", base_url="{base_url}")'
            ),
            CopyLine(
                title="postmark.js",
                line=f'new ServerClient("{token}", {{useHttps: false, requestHost: "{host}"}})',
            ),
            CopyLine(title="Credentials of the webhook", line=self.credentials.text),
        ]

    @property
    def _authorization(self) -> Mapping[str, str]:
        return {"Authorization": self.credentials.header}

    def _handler(self, work: _Work) -> Callable[[Hub, Request, bytes], Awaitable[Response]]:
        async def answer(_: Hub, request: Request, body: bytes) -> Response:
            try:
                self._authenticate(request)
                return _json(await run_in_threadpool(work, request, body))
            except PostmarkError as error:
                return _error(error)

        return answer

    def _authenticate(self, request: Request) -> None:
        token = request.headers.get(_TOKEN, "")
        if not token:
            raise PostmarkError(
                errors.BAD_TOKEN,
                "No Account or Server API tokens were supplied in the HTTP headers. Please add a"
                f" header for either {_TOKEN} or {_ACCOUNT_TOKEN}.",
                status_code=401,
            )
        key = self.settings.api_key
        if (
            key is not None
            and token != TEST_TOKEN
            and not hmac.compare_digest(token.lower().encode(), key.lower().encode())
        ):
            raise PostmarkError(
                errors.BAD_TOKEN,
                f"The Server Token you provided in the {_TOKEN} request header was invalid."
                " Please verify that you are using a valid token.",
                status_code=401,
            )

    def _list_templates(self, request: Request, _: bytes) -> object:
        templates = self.templates.all()
        offset, count = (_number(request, name) for name in ("offset", "count"))
        return {
            "TotalCount": len(templates),
            "Templates": [t.document(whole=False) for t in templates[offset : offset + count]],
        }

    def _delete_template(self, request: Request, _: bytes) -> object:
        template = self.templates.delete(_key(request))
        return {"ErrorCode": 0, "Message": f"Template {template.number} removed."}


def _read(request: Request, body: bytes, limit: int = _MAX_BYTES) -> object:
    """
    The document of a request.

    Raises:
        PostmarkError: It is too large, not said to be JSON, or none.
    """
    if len(body) > limit:
        raise PostmarkError(
            errors.INVALID_REQUEST,
            f"The request is larger than {limit // 1024 // 1024} MB.",
            status_code=413,
        )
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise PostmarkError(
            errors.JSON_REQUIRED,
            "Your HTTP request does not have the Content-Type header set to application/json.",
            status_code=415,
        )
    return fields.read(body)


def _object(request: Request, body: bytes) -> fields.Fields:
    return fields.as_object(_read(request, body))


def _key(request: Request) -> str:
    return str(request.path_params["key"])


def _number(request: Request, name: str) -> int:
    text = next((v for k, v in request.query_params.items() if k.lower() == name), "")
    if not text:
        return 0 if name == "offset" else 100
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise PostmarkError(errors.INVALID_REQUEST, f"'{name}' is a number from 0 on.")
    return int(text)


def _not_found(_: Request, __: bytes) -> object:
    raise PostmarkError(0, "The requested resource does not exist.", status_code=404)


def _json(document: object, status_code: int = 200) -> Response:
    return Response(json.dumps(document), status_code, {"Content-Type": "application/json"})


def _error(error: PostmarkError) -> Response:
    response = _json(error.document(), error.status_code)
    response.headers["X-PM-ApiErrorCode"] = str(error.code)
    return response
