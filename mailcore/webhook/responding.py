"""
Receiving with an answer for everything: what servers, functions and frameworks' views call.

Whatever happens becomes a response without a body; the operator finds the reason in the log of
``mailcore.webhook``, once.
"""

from __future__ import annotations

import logging

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mailcore.errors import ConfigurationError, HandlersFailed, MalformedWebhook, WebhookError
from mailcore.foundation.frozen import FrozenDict
from mailcore.foundation.redaction import redact
from mailcore.pools.composite import require_receiver
from mailcore.registry.registry import default_registry
from mailcore.webhook.handlers import Handler, blocking, require_handler, unblocking
from mailcore.webhook.receiving import (
    ahanded_over,
    aread_events,
    check_store,
    handed_over,
    read_events,
    require_request,
)
from mailcore.webhook.request import WebhookRequest
from mailcore.webhook.response import WebhookResponse


if TYPE_CHECKING:
    from mailcore.events import Event
    from mailcore.provider import Provider
    from mailcore.registry.registry import Registry
    from mailcore.webhook.dedupe import SeenStore

__all__ = ["arespond", "respond", "unreadable_body"]

logger = logging.getLogger("mailcore.webhook")

_TAKEN_METHOD = "POST"
_DONE = WebhookResponse(200, FrozenDict())


def respond(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    handler: Handler,
    *,
    max_body_bytes: int | None = None,
    seen: SeenStore | None = None,
    registry: Registry | None = None,
) -> WebhookResponse:
    """
    Receive a request and make the answer to it, whatever happens.

    Args:
        provider: The provider that sends the events, with the options that say whom to trust.
        request: The webhook request, with the body as it came.
        handler: Called with each event, in order; a function or a coroutine function. If it fails,
            the answer is 500, or what the service wants instead
            (:attr:`~mailcore.Provider.webhook_failure_status`), so that it sends the request again.
        max_body_bytes: A larger body is answered with 413; None: the provider's
            ``max_webhook_body_bytes``.
        seen: Remembers the events that the handler was done with.
        registry: Whose hooks observe the events; the default registry if None.

    Raises:
        ConfigurationError: If it is no provider, the handler cannot be called, or the request is
            another object, such as the framework's own.
    """
    require_request(request, "respond()")
    _check_arguments(provider, handler, "respond()")
    other = answer_other_method(provider, request.method)
    if other is not None:
        return other
    return answer(
        provider,
        request,
        blocking(handler),
        max_body_bytes=max_body_bytes,
        seen=seen,
        registry=registry,
    )


def answer(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    on_event: Callable[[Event], object],
    *,
    max_body_bytes: int | None,
    seen: SeenStore | None,
    registry: Registry | None,
) -> WebhookResponse:
    """
    Answer a POST as :func:`respond` does: for applications, which looked at all else before.

    Args:
        provider: The provider that sends the events, with the options that say whom to trust.
        request: The webhook request, with the body as it came.
        on_event: What :func:`mailcore.webhook.handlers.blocking` made of the handler.
        max_body_bytes: A larger body is answered with 413.
        seen: Remembers the events that the handler was done with.
        registry: Whose hooks observe the events.
    """
    chosen = registry or default_registry()
    try:
        check_store(on_event, seen)
        events = read_events(provider, request, max_body_bytes=max_body_bytes, registry=chosen)
    except Exception as error:  # noqa: BLE001  # logged, and answered
        return answer_error(provider, request.remote_address, error)
    try:
        handed_over(events, on_event, seen, chosen)
    except Exception as error:  # noqa: BLE001  # logged; the provider sends it again
        return _answer_failure(provider, error)
    return _DONE


async def arespond(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    handler: Handler,
    *,
    max_body_bytes: int | None = None,
    seen: SeenStore | None = None,
    registry: Registry | None = None,
) -> WebhookResponse:
    """Do as :func:`respond`, in an event loop; a handler that is no coroutine gets a thread."""
    require_request(request, "arespond()")
    _check_arguments(provider, handler, "arespond()")
    other = answer_other_method(provider, request.method)
    if other is not None:
        return other
    return await aanswer(
        provider,
        request,
        unblocking(handler),
        max_body_bytes=max_body_bytes,
        seen=seen,
        registry=registry,
    )


async def aanswer(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    on_event: Callable[[Event], object],
    *,
    max_body_bytes: int | None,
    seen: SeenStore | None,
    registry: Registry | None,
) -> WebhookResponse:
    """Do as :func:`answer`, in an event loop; `on_event` is what `unblocking` made."""
    chosen = registry or default_registry()
    try:
        check_store(on_event, seen)
        events = await aread_events(
            provider, request, max_body_bytes=max_body_bytes, registry=chosen
        )
    except Exception as error:  # noqa: BLE001  # logged, and answered
        return answer_error(provider, request.remote_address, error)
    try:
        await ahanded_over(events, on_event, seen, chosen)
    except Exception as error:  # noqa: BLE001  # logged; the provider sends it again
        return _answer_failure(provider, error)
    return _DONE


def _check_arguments(provider: object, handler: object, what: str) -> None:
    require_receiver(provider, what)
    require_handler(handler, what)


def require_webhook(provider: object, handler: object, seen: object, what: str) -> None:
    """
    Refuse what could never receive an event, when an application is made of it.

    Args:
        provider: The provider that the application is made for.
        handler: The handler that the application is made with.
        seen: The store of seen events, or None.
        what: Name of the application's class.

    Raises:
        ConfigurationError: If it is no provider, it has no webhooks, the handler cannot be called,
            or *seen* is no store.
    """
    from mailcore.provider import Provider

    _check_arguments(provider, handler, what)
    check_store(handler, seen)
    if type(provider).verify_webhook is Provider.verify_webhook:  # type: ignore[attr-defined]  # it is one
        name = provider.name  # type: ignore[attr-defined]  # it is a provider
        raise ConfigurationError(
            f"{what}: {name} has no webhooks; `mailcore features` says which providers do"
        )


def require_path(path: object, what: str) -> None:
    """
    Refuse a path that no request could have.

    Raises:
        ConfigurationError: If it is no text, or does not begin with a slash.
    """
    if not isinstance(path, str):
        raise ConfigurationError(f"{what}: path must be str, not {type(path).__name__}")
    if "://" in path:
        raise ConfigurationError(f"{what}: path is a URL: give what follows the host, '/…'")
    if not path.startswith("/"):
        raise ConfigurationError(f"{what}: path must begin with a slash, as in '/webhooks/…'")


def answer_other_method(provider: Provider[Any, Any], method: str) -> WebhookResponse | None:
    """
    The answer to another method than POST; None to a POST.

    200 where the provider says that its service tries addresses so, else 405: RFC 9110, section
    15.5.6. Nothing but the method is looked at.
    """
    if method == _TAKEN_METHOD:
        return None
    probes = provider.webhook_probe_methods
    status_code = 200 if method in probes else 405
    # Browsers and scanners do that all day: not worth a warning.
    shown = _printable(method, 16)
    logger.info("%s webhook: %d to a %s", provider.name, status_code, shown)
    if status_code == 200:
        return WebhookResponse()
    return WebhookResponse(405, {"allow": ", ".join([_TAKEN_METHOD, *sorted(probes)])})


def unreadable_body(error: Exception) -> WebhookError:
    """
    What an exception means that a server or framework raised while a body was read.

    The network's fault, or a time limit of the server, passes: the service is to send the request
    again. uWSGI raises a plain ``OSError`` for both, *timeout during read(…) on wsgi.input*. What
    is wrong with the body itself has no common class; gunicorn's is an ``OSError`` of its own.

    Args:
        error: What was raised.

    Returns:
        An error to raise or to answer with, with status 503 for the first, else 400. It names the
        class of the exception only, whose text may hold anything.
    """
    reason = f"the body cannot be read ({type(error).__name__})"
    is_own = type(error).__module__ not in ("builtins", "ssl", "socket")
    if isinstance(error, OSError) and not (is_own and error.errno is None):
        return WebhookError(reason, status_code=503)
    return MalformedWebhook(reason)


def refuse_size(provider_name: str, remote_address: str, max_body_bytes: int) -> WebhookResponse:
    """The answer to a body that was not read to its end: RFC 9110, section 15.5.14."""
    logger.warning(
        "%s webhook: 413 to %s: the body is larger than %d bytes",
        provider_name,
        _peer(remote_address),
        max_body_bytes,
    )
    return WebhookResponse(413)


def answer_error(
    provider: Provider[Any, Any], remote_address: str, error: Exception
) -> WebhookResponse:
    """
    Log why a request was not read, and make the answer that says no more than its status.

    What passes has a status by which the service tries again, and that is not the same for all:
    none of 5xx is for those whose `webhook_failure_status` is another.
    """
    if not isinstance(error, WebhookError):
        return _answer_failure(provider, error)
    response = error.response
    if response.status_code >= 500 > provider.webhook_failure_status:
        response = WebhookResponse(provider.webhook_failure_status, response.headers)
    logger.warning(
        "%s webhook: %d to %s: %s",
        provider.name,
        response.status_code,
        _peer(remote_address),
        _printable(redact(str(error)), 1000),
    )
    return response


def _answer_failure(provider: Provider[Any, Any], error: Exception) -> WebhookResponse:
    # Whatever it was, a refusal by another webhook that a handler asked among it: what failed is
    # this machine, and the request was right.
    logger.error(
        "%s webhook: %d: handling an event failed; the provider will send it again",
        provider.name,
        provider.webhook_failure_status,
        # A router has logged what each handler raised.
        exc_info=None if isinstance(error, HandlersFailed) else error,
    )
    return WebhookResponse(provider.webhook_failure_status)


def _peer(remote_address: str) -> str:
    return _printable(remote_address, 64) or "an unknown peer"


def _printable(text: str, length: int) -> str:
    """One line of a log: what a stranger sends must not look like another record."""
    shown = text[:length]
    return shown if shown.isprintable() else ascii(shown)[1:-1]
