"""From a request to events that were handled: authenticate, parse, hand over."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from mailcore.errors import ConfigurationError, HandlersFailed, MalformedWebhook
from mailcore.events import Event, brought_by
from mailcore.flow import Flow, arun, run
from mailcore.pools.composite import require_receiver
from mailcore.registry.registry import default_registry
from mailcore.webhook.handlers import in_loop, require_handler
from mailcore.webhook.request import WebhookRequest


if TYPE_CHECKING:
    from mailcore.provider import Provider
    from mailcore.registry.registry import Registry
    from mailcore.webhook.dedupe import SeenStore


def receive(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    on_event: Callable[[Event], object] | None = None,
    *,
    max_body_bytes: int | None = None,
    seen: SeenStore | None = None,
    registry: Registry | None = None,
) -> tuple[Event, ...]:
    """
    Verify a webhook request, then parse it.

    Args:
        provider: The provider that sends the events, from :func:`mailcore.get_provider`, with the
            options that say whom to trust.
        request: The webhook request, with the body as it came.
        on_event: Called with each event, in order. What it raises reaches the caller, so that
            the provider, answered with a 500, sends the request again.
        max_body_bytes: A larger body is answered with 413, unread; None: the provider's
            ``max_webhook_body_bytes``.
        seen: Remembers the events that `on_event` was done with; they are not handed to it again.
        registry: Whose hooks observe the events; the default registry if None.

    Returns:
        The events, none if the request was about the webhook itself or tried its address (see
        ``Provider.webhook_probe_methods``); without those seen before.

    Raises:
        WebhookRejected: If the request is not proven to come from the provider.
        MalformedWebhook: If it cannot be read.
        ConfigurationError: If it is no provider (its name, for example), `on_event` cannot be
            called, or `seen` is given without `on_event`: nobody would know what was done; if the
            request is another object, such as the framework's own.
    """
    require_request(request, "receive()")
    _check_arguments(provider, on_event, "receive()")
    check_store(on_event, seen)
    chosen = registry or default_registry()
    events = read_events(provider, request, max_body_bytes=max_body_bytes, registry=chosen)
    return handed_over(events, on_event, seen, chosen)


def read_events(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    *,
    max_body_bytes: int | None,
    registry: Registry,
) -> tuple[Event, ...]:
    """Verify and read a request: what :func:`receive` begins with."""
    flow = _receiving(provider, request, registry, max_body_bytes)
    return run(flow, _TransportOf(provider, registry))


async def areceive(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    on_event: Callable[[Event], object] | None = None,
    *,
    max_body_bytes: int | None = None,
    seen: SeenStore | None = None,
    registry: Registry | None = None,
) -> tuple[Event, ...]:
    """Do as :func:`receive`, in an event loop; `on_event` may be a coroutine function."""
    require_request(request, "areceive()")
    _check_arguments(provider, on_event, "areceive()")
    check_store(on_event, seen)
    chosen = registry or default_registry()
    events = await aread_events(provider, request, max_body_bytes=max_body_bytes, registry=chosen)
    return await ahanded_over(events, on_event, seen, chosen)


async def aread_events(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    *,
    max_body_bytes: int | None,
    registry: Registry,
) -> tuple[Event, ...]:
    """Do as :func:`read_events`, in an event loop."""
    flow = _receiving(provider, request, registry, max_body_bytes)
    return await arun(flow, _TransportOf(provider, registry))


def hand_over(
    events: Iterable[Event],
    on_event: Callable[[Event], object] | None = None,
    *,
    seen: SeenStore | None = None,
    registry: Registry | None = None,
) -> tuple[Event, ...]:
    """
    Hand parsed events to a handler, then to the observers: what every way of receiving ends with.

    An event is marked as seen only after its handler succeeded, so that one that fails, or a
    process that dies, has it come again.

    Args:
        events: The events, in the order in which they are handed over.
        on_event: What it raises ends the work and reaches the caller; but for HandlersFailed, which
            a router raises when it has asked all of its handlers: then the other events have their
            turn, and it is raised at the end.
        seen: Remembers the events that `on_event` was done with.
        registry: Whose hooks observe the events; the default registry if None.

    Returns:
        The events that were not seen before.

    Raises:
        ConfigurationError: If `seen` is given without `on_event`, or `on_event` is a coroutine
            function.
    """
    chosen = registry or default_registry()
    # Queues and functions come here without receive().
    chosen.load_extensions()
    check_store(on_event, seen)
    return handed_over(events, on_event, seen, chosen)


def handed_over(
    events: Iterable[Event],
    on_event: Callable[[Event], object] | None,
    seen: SeenStore | None,
    registry: Registry,
) -> tuple[Event, ...]:
    """Do as :func:`hand_over`, for callers that have looked at everything before."""
    new: list[Event] = []
    failed: list[HandlersFailed] = []
    for event in events:
        if seen is not None and event.dedupe_key and seen.seen(event.dedupe_key):
            continue
        if on_event is not None:
            try:
                outcome = on_event(event)
            except HandlersFailed as error:
                failed.append(error)
                continue
            # What is None need not be asked: asking takes as long as the rest of this loop
            # (benchmarks/receive.py).
            if outcome is not None and isinstance(outcome, Coroutine):
                outcome.close()
                raise ConfigurationError("on_event is a coroutine function: use areceive()")
        if seen is not None and event.dedupe_key:
            seen.mark(event.dedupe_key)
        registry.hooks.event_received(event)
        new.append(event)
    _raise_together(failed)
    return tuple(new)


async def ahand_over(
    events: Iterable[Event],
    on_event: Callable[[Event], object] | None = None,
    *,
    seen: SeenStore | None = None,
    registry: Registry | None = None,
) -> tuple[Event, ...]:
    """Do as :func:`hand_over`, in an event loop; the store is asked in a thread."""
    chosen = registry or default_registry()
    # Queues and functions come here without areceive().
    chosen.load_extensions()
    check_store(on_event, seen)
    return await ahanded_over(events, on_event, seen, chosen)


async def ahanded_over(
    events: Iterable[Event],
    on_event: Callable[[Event], object] | None,
    seen: SeenStore | None,
    registry: Registry,
) -> tuple[Event, ...]:
    """Do as :func:`ahand_over`, for callers that have looked at everything before."""
    import asyncio
    import inspect

    on_event = in_loop(on_event) or on_event
    new: list[Event] = []
    failed: list[HandlersFailed] = []
    for event in events:
        key = event.dedupe_key
        if seen is not None and key and await asyncio.to_thread(seen.seen, key):
            continue
        if on_event is not None:
            try:
                outcome = on_event(event)
                if inspect.isawaitable(outcome):
                    await outcome
            except HandlersFailed as error:
                failed.append(error)
                continue
        if seen is not None and key:
            await asyncio.to_thread(seen.mark, key)
        registry.hooks.event_received(event)
        new.append(event)
    _raise_together(failed)
    return tuple(new)


class _TransportOf:
    """The transport of a provider, looked up once anything is fetched: mostly nothing is."""

    def __init__(self, provider: Provider[Any, Any], registry: Registry) -> None:
        self._provider = provider
        self._registry = registry

    def exchange(self, request: Any) -> Any:
        return self._registry.transport_for(self._provider).exchange(request)

    def close(self) -> None:
        """Do nothing: the registry closes the transport."""

    def __getattr__(self, name: str) -> Any:
        # What only some transports have: `aexchange` and `blocks`.
        return getattr(self._registry.transport_for(self._provider), name)


def _raise_together(failed: list[HandlersFailed]) -> None:
    if len(failed) == 1:
        raise failed[0]
    if failed:
        failures = {name: each for error in failed for name, each in error.failures.items()}
        raise HandlersFailed(
            f"handlers failed with {len(failed)} events: {', '.join(failures)}", failures=failures
        )


def _check_arguments(provider: object, on_event: object, what: str) -> None:
    require_receiver(provider, what)
    if on_event is not None:
        require_handler(on_event, what)


def require_request(request: object, what: str) -> None:
    """
    Refuse what is no webhook request: those of frameworks differ, and may look alike.

    Args:
        request: What was given as a request.
        what: Who wants it, for the error.

    Raises:
        ConfigurationError: If it is anything else, with what to make of it.
    """
    if not isinstance(request, WebhookRequest):
        raise ConfigurationError(
            f"{what} takes a mailcore.WebhookRequest(method, headers, body), not "
            f"{type(request).__name__}: make one of your framework's request"
        )


def check_store(on_event: object, seen: object) -> None:
    """Refuse what is no store of seen events, and one without a handler."""
    if seen is not None and on_event is None:
        raise ConfigurationError("seen= needs on_event=: it is marked once the handler is done")
    if seen is None:
        return
    if isinstance(seen, type) or not callable(getattr(seen, "mark", None)):
        kind = seen.__qualname__ if isinstance(seen, type) else type(seen).__name__
        raise ConfigurationError(f"seen= takes a store such as MemorySeenStore(), not {kind}")


def _receiving(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    registry: Registry,
    max_body_bytes: int | None,
) -> Flow[tuple[Event, ...]]:
    # A process that only receives never makes a mailer.
    registry.load_extensions()
    if request.method in provider.webhook_probe_methods:
        return ()
    if max_body_bytes is None:
        max_body_bytes = provider.max_webhook_body_bytes
    if len(request.body) > max_body_bytes:
        raise MalformedWebhook(
            f"body of {len(request.body)} bytes is larger than {max_body_bytes}",
            provider=provider.name,
            status_code=413,
        )
    verdict = yield from provider.verify_webhook(request)
    if verdict.handled:
        return ()
    events = registry.hooks.parse_events(provider, request)
    return brought_by(_kept(provider, request), events) if events else ()


def _kept(provider: Provider[Any, Any], request: WebhookRequest) -> WebhookRequest:
    """The request without its address and without header fields that are secrets."""
    return request.reduced_to(provider.notification_headers)
