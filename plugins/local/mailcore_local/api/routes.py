"""
The paths below ``/api/v1``.
"""

from __future__ import annotations

import json

from collections.abc import Callable, Mapping
from typing import TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailcore_local.api import documents
from mailcore_local.api.waiting import wait_for
from mailcore_local.engine import EventKind, set_faults
from mailcore_local.faces import Envelope
from mailcore_local.hub import Hub
from mailcore_local.mailbox import CapturedMail, MailQuery, NotKept, links_in
from mailcore_local.serving import read_body


MAX_LIST = 500
MAX_WAIT_SECONDS = 300.0
_MAX_DOCUMENT_BYTES = 1_000_000

_Value = TypeVar("_Value")

# No browser makes anything of an answer.
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def api_application(hub: Hub) -> Starlette:
    """
    The application behind ``/api/v1``.
    """
    api = _Api(hub)
    return Starlette(
        routes=[
            Route("/messages", api.messages, methods=["GET"]),
            Route("/messages", api.clear, methods=["DELETE"]),
            Route("/messages/latest", api.latest, methods=["GET"]),
            Route("/messages/wait", api.wait, methods=["GET"]),
            Route("/messages/{id}", api.message, methods=["GET"]),
            Route("/messages/{id}", api.delete, methods=["DELETE"]),
            Route("/messages/{id}/raw", api.raw, methods=["GET"]),
            Route("/messages/{id}/links", api.links, methods=["GET"]),
            Route("/messages/{id}/events", api.make_event, methods=["POST"]),
            Route("/changes", api.changes, methods=["GET"]),
            Route("/posts", api.posts, methods=["GET"]),
            Route("/providers", api.providers, methods=["GET"]),
            Route("/providers/{name}", api.provider, methods=["GET"]),
            Route("/providers/{name}/webhooks", api.set_webhooks, methods=["PUT"]),
            Route("/providers/{name}/faults", api.faults, methods=["GET"]),
            Route("/providers/{name}/faults", api.add_faults, methods=["POST"]),
            Route("/providers/{name}/faults", api.clear_faults, methods=["DELETE"]),
            Route("/inbound", api.receive, methods=["POST"]),
        ],
        exception_handlers={
            HTTPException: _http_error,
            ValueError: _value_error,
            LookupError: _lookup_error,
            NotKept: _not_kept,
        },
    )


class _Api:
    """
    The handlers.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def messages(self, request: Request) -> Response:
        """
        Summaries, the last one first.
        """
        query = _query(request)
        limit = _number(request, "limit", 50, (1, MAX_LIST), int)
        before = request.query_params.get("before")
        found = self._hub.mails.list(query, before=before, limit=limit)
        return _json(
            {
                "messages": [documents.summary_document(mail) for mail in found],
                "before": found[-1].id if len(found) == limit else None,
                "total": len(self._hub.mails),
                "version": self._hub.mails.version,
            }
        )

    async def clear(self, request: Request) -> Response:
        """
        Forget all mails.
        """
        self._hub.mails.clear()
        return Response(status_code=204)

    async def latest(self, request: Request) -> Response:
        """
        The last one that fits.
        """
        mail = self._hub.mails.latest(_query(request))
        if mail is None:
            raise LookupError("no mail fits")
        return _json(documents.mail_document(mail))

    async def wait(self, request: Request) -> Response:
        """
        The last one that fits, as soon as there is one.
        """
        seconds = _number(request, "timeout_seconds", 10.0, (0, MAX_WAIT_SECONDS), float)
        mail = await wait_for(self._hub, _query(request), seconds)
        if mail is None:
            raise LookupError(f"no mail that fits came in {seconds:g} seconds")
        return _json(documents.mail_document(mail))

    async def message(self, request: Request) -> Response:
        """
        Answer with one mail.
        """
        return _json(documents.mail_document(self._mail(request)))

    async def delete(self, request: Request) -> Response:
        """
        Forget one mail.
        """
        if not self._hub.mails.delete(request.path_params["id"]):
            raise LookupError("no mail with this id is kept here")
        return Response(status_code=204)

    async def raw(self, request: Request) -> Response:
        """
        The octets, as a file.
        """
        mail = self._mail(request)
        name = f'attachment; filename="{mail.id}.eml"'
        headers = {**_HEADERS, "Content-Type": "message/rfc822", "Content-Disposition": name}
        return Response(mail.raw, headers=headers)

    async def links(self, request: Request) -> Response:
        """
        The links of one.
        """
        return _json({"links": documents.link_documents(links_in(self._mail(request)))})

    async def make_event(self, request: Request) -> Response:
        """
        Let something happen to a recipient.
        """
        mail = self._mail(request)
        given = _texts(await _document(request), "kind", "recipient", "detail", "status", "url")
        kinds = {kind.value: kind for kind in EventKind}
        kind = kinds.get(given.get("kind", ""))
        if kind is None:
            raise ValueError(f"'kind' is one of {', '.join(kinds)}")
        recipient = given.get("recipient", mail.recipients[0].address)
        event = self._hub.make_event(
            mail.id,
            recipient,
            kind,
            detail=given.get("detail", ""),
            status=given.get("status", ""),
            url=given.get("url", ""),
        )
        return _json(documents.event_document(event), status_code=202)

    async def changes(self, request: Request) -> Response:
        """
        What changed since a version.
        """
        mails = self._hub.mails
        since = _number(request, "since", 0, (0, 2**63 - 1), int)
        changes = mails.changes_since(since)
        known = None
        if changes is not None:
            known = [{"version": c.version, "kind": c.kind, "id": c.mail_id} for c in changes]
        return _json({"version": mails.version, "changes": known})

    async def posts(self, request: Request) -> Response:
        """
        The requests to webhooks.
        """
        posts = [documents.post_document(record) for record in self._hub.posts]
        return _json({"posts": posts})

    async def providers(self, request: Request) -> Response:
        """
        The providers that are spoken here.
        """
        hub = self._hub
        return _json({"providers": [documents.face_document(hub, name) for name in hub.faces]})

    async def provider(self, request: Request) -> Response:
        """
        Answer with one provider.
        """
        return _json(documents.face_document(self._hub, request.path_params["name"]))

    async def set_webhooks(self, request: Request) -> Response:
        """
        Where its events and its inbound mail are posted to.
        """
        name = request.path_params["name"]
        self._hub.face(name)
        document = await _document(request)
        unknown = [key for key in document if key not in ("webhooks", "inbound_webhooks")]
        if unknown:
            raise ValueError("known keys are 'webhooks' and 'inbound_webhooks'")
        urls = {key: _urls(document, key) for key in document}
        if "webhooks" in urls:
            self._hub.set_webhooks(name, urls["webhooks"])
        if "inbound_webhooks" in urls:
            self._hub.set_inbound_webhooks(name, urls["inbound_webhooks"])
        return _json(documents.face_document(self._hub, name))

    async def faults(self, request: Request) -> Response:
        """
        What is going to go wrong.
        """
        return _json({**self._hub.faults(request.path_params["name"]).snapshot()})

    async def add_faults(self, request: Request) -> Response:
        """
        Let something go wrong.
        """
        faults = self._hub.faults(request.path_params["name"])
        set_faults(faults, await _document(request))
        return _json({**faults.snapshot()})

    async def clear_faults(self, request: Request) -> Response:
        """
        Let nothing go wrong.
        """
        self._hub.faults(request.path_params["name"]).clear()
        return Response(status_code=204)

    async def receive(self, request: Request) -> Response:
        """
        Hand a mail to the webhooks of inbound mail.
        """
        raw = await read_body(request)
        recipients = tuple(request.query_params.getlist("to"))
        if not recipients:
            raise ValueError("'to' is missing: the address that the mail comes in at")
        envelope = Envelope(sender=request.query_params.get("from", ""), recipients=recipients)
        count = self._hub.receive(raw, envelope, face=request.query_params.get("provider"))
        return _json({"posted": count}, status_code=202)

    def _mail(self, request: Request) -> CapturedMail:
        mail = self._hub.mails.get(request.path_params["id"])
        if mail is None:
            raise LookupError("no mail with this id is kept here")
        return mail


def _query(request: Request) -> MailQuery:
    # `?to=a@example.com&state=bounced` is shorter in tests than a query that is to be quoted.
    text = [request.query_params.get("query", "")]
    for name in ("from", "to", "subject", "tag", "metadata", "provider", "state"):
        value = request.query_params.get(name)
        if value is not None:
            text.append(f'{name}:"{value}"')
    return MailQuery.parse(" ".join(text))


def _number(
    request: Request,
    name: str,
    default: _Value,
    between: tuple[float, float],
    read: Callable[[str], _Value],
) -> _Value:
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = read(text)
        fits = between[0] <= float(text) <= between[1]
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise ValueError(f"{name!r} is a number from {between[0]:g} to {between[1]:g}")
    return value


async def _document(request: Request) -> dict[str, object]:
    try:
        document = json.loads(await read_body(request, max_bytes=_MAX_DOCUMENT_BYTES))
    except (ValueError, RecursionError):
        raise ValueError("the body is not valid JSON") from None
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    return document


def _texts(document: Mapping[str, object], *names: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in document.items():
        if name not in names:
            raise ValueError(f"unknown key; known are {', '.join(names)}")
        if not isinstance(value, str):
            raise ValueError(f"{name!r} is a text")
        texts[name] = value
    return texts


def _urls(document: Mapping[str, object], key: str) -> list[str]:
    value = document[key]
    good = isinstance(value, list) and all(
        isinstance(url, str) and url.startswith(("http://", "https://")) for url in value
    )
    if not good:
        raise ValueError(f"{key!r} is a list of http:// and https:// URLs")
    assert isinstance(value, list)
    return value


def _json(document: documents.Document, *, status_code: int = 200) -> Response:
    body = json.dumps(document).encode()
    return Response(body, status_code, {**_HEADERS, "Content-Type": "application/json"})


def _error(code: str, message: str, status_code: int) -> Response:
    return _json({"error": code, "message": message}, status_code=status_code)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _error("request_refused", error.detail, error.status_code)


async def _value_error(_: Request, error: Exception) -> Response:
    return _error("bad_request", str(error), 400)


async def _lookup_error(_: Request, error: Exception) -> Response:
    return _error("not_found", str(error.args[0]) if error.args else "not found", 404)


async def _not_kept(_: Request, error: Exception) -> Response:
    return _error("not_kept", str(error), 409)
