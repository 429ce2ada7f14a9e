"""The view that `mailcore_django.urls` serves, and the one of `mailcore_django.async_urls`."""

from __future__ import annotations

import logging

from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from mailcore import Event, WebhookError, WebhookRequest, WebhookResponse
from mailcore.webhook import Handler, arespond, respond
from mailcore_django.webhooks.configured import Webhook, get_webhook
from mailcore_django.webhooks.reading import read_body, webhook_request
from mailcore_django.webhooks.receivers import deliver


__all__ = ["awebhook", "webhook"]

logger = logging.getLogger("mailcore.webhook")

ViewT = TypeVar("ViewT", bound=Callable[..., Any])


def _public(view: ViewT) -> ViewT:
    """
    A view for services: they have no session and no CSRF token, and prove themselves otherwise.

    Each receiver has a transaction of its own: one around all of them would undo what is done.
    """
    return csrf_exempt(login_not_required(transaction.non_atomic_requests(view)))


@_public
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """
    Take a request of a provider: what ``mailcore_django.urls`` serves, under WSGI and ASGI.

    Args:
        request: Any request: whatever comes is answered, and nothing but the status is told.
        provider: A key of ``MAILCORE["WEBHOOKS"]``; 404 for others.

    Raises:
        Http404: If there is no such webhook.
    """
    found = _found(provider)
    taken = _taken(request, found)
    if isinstance(taken, WebhookRequest):
        taken = respond(found.provider, taken, _handler(found), max_body_bytes=found.max_body_bytes)
    return _response(taken)


@_public
async def awebhook(request: HttpRequest, provider: str) -> HttpResponse:
    """
    Do as :func:`webhook`, in the event loop: certificates are fetched and secrets compared there.

    Receivers are called in a thread all the same, each with its transaction; those that are
    coroutine functions run in the loop.

    Raises:
        Http404: If there is no such webhook.
    """
    found = await sync_to_async(_found)(provider)
    # A body that is not small lies in a file.
    taken = await sync_to_async(_taken)(request, found)
    if isinstance(taken, WebhookRequest):
        # In the thread of this request, which has the connections to databases.
        handler = sync_to_async(_handler(found), thread_sensitive=True)
        taken = await arespond(found.provider, taken, handler, max_body_bytes=found.max_body_bytes)
    return _response(taken)


def _found(name: str) -> Webhook:
    found = get_webhook(name)
    if found is None:
        raise Http404
    return found


def _handler(webhook: Webhook) -> Handler:
    def handle(event: Event) -> None:
        deliver(event, webhook.provider)

    return handle


def _taken(request: HttpRequest, webhook: Webhook) -> WebhookRequest | WebhookResponse:
    """The request with its body, or the answer if that cannot be read."""
    try:
        if request.method != "POST":
            return webhook_request(request)
        return webhook_request(request, read_body(request, webhook.max_body_bytes))
    except WebhookError as error:
        answer = error.response
        if answer.status_code >= 500:
            # What passes: not each service tries again after the same status.
            answer = WebhookResponse(webhook.provider.webhook_failure_status)
        return _refused(webhook, request, error, answer)
    except SuspiciousOperation as error:
        # Its text has the host that a stranger asked for.
        return _refused(webhook, request, type(error).__name__, WebhookResponse(400))


def _refused(
    webhook: Webhook, request: HttpRequest, reason: object, answer: WebhookResponse
) -> WebhookResponse:
    logger.warning(
        "%s webhook: %d to %s: %s",
        webhook.provider.name,
        answer.status_code,
        request.META.get("REMOTE_ADDR") or "an unknown peer",
        reason,
    )
    return answer


def _response(answer: WebhookResponse) -> HttpResponse:
    response = HttpResponse(
        answer.body,
        status=answer.status_code,
        headers=dict(answer.headers),
        content_type="text/plain; charset=utf-8",
    )
    # The reason stands in the log of `mailcore.webhook`. Django's own line would be mailed to
    # ADMINS, and the events about that mail would fail and be mailed as well, without end.
    vars(response)["_has_been_logged"] = True
    return response
