"""
Receiving: a web framework's request in, verified and normalised events out.

:func:`receive` authenticates first and parses after; whatever is wrong raises a
:class:`~mailcore.errors.WebhookError` whose ``response`` is ready to return.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mailcore.errors import ConfigurationError, MalformedWebhook
from mailcore.events import Event
from mailcore.flow import Flow, arun, run
from mailcore.frozen import FrozenDict


if TYPE_CHECKING:
    from mailcore.provider import Provider
    from mailcore.registry import Registry

DEFAULT_MAX_BODY_BYTES = 1024 * 1024
"""Several times what any provider posts for tracking events."""


@dataclass(frozen=True)
class WebhookRequest:
    """
    One HTTP request to a webhook, free of any framework.

    Args:
        method: ``POST``, usually.
        headers: A mapping or pairs, in any case; a repeated header keeps its first value.
        body: As received, undecoded: signatures are made over bytes. Text is taken as UTF-8.
        url: The full URL, for providers that sign it.
        remote_address: The peer's IP address, for the log.

    Raises:
        MalformedWebhook: If a part has a type that no request has.
    """

    method: str
    headers: Mapping[str, str] = field(default_factory=FrozenDict, repr=False)
    body: bytes = field(default=b"", repr=False)
    url: str = ""
    remote_address: str = ""

    def __post_init__(self) -> None:
        for name in ("method", "url", "remote_address"):
            value: object = getattr(self, name)
            if value is None and name != "method":
                # Frameworks know no peer behind a UNIX socket.
                object.__setattr__(self, name, "")
            elif not isinstance(value, str):
                raise MalformedWebhook(f"{name} must be str, not {type(value).__name__}")
        object.__setattr__(self, "method", self.method.upper())
        object.__setattr__(self, "headers", _lower_case(self.headers))
        body: object = self.body
        if isinstance(body, str):
            body = body.encode("utf-8", "surrogatepass")
        elif isinstance(body, (bytearray, memoryview)):
            body = bytes(body)
        elif not isinstance(body, bytes):
            raise MalformedWebhook(f"body must be bytes, not {type(body).__name__}")
        object.__setattr__(self, "body", body)

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case; None if it is absent."""
        return self.headers.get(name.lower())


def _lower_case(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> FrozenDict[str, str]:
    lowered: dict[str, str] = {}
    try:
        # Not every framework's headers are a Mapping: those of http.server are not.
        items = getattr(headers, "items", None)
        pairs = headers if items is None else items()
        for name, value in pairs:
            lowered.setdefault(_header_text(name).lower(), _header_text(value))
    except (TypeError, ValueError) as error:
        raise MalformedWebhook("headers must be a mapping or pairs of name and value") from error
    return FrozenDict(lowered)


def _header_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (str, int)):
        return str(value)
    raise TypeError(f"a header is text, not {type(value).__name__}")


@dataclass(frozen=True)
class WebhookResponse:
    """What to answer the sender."""

    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Verdict:
    """
    A request that was verified; one that was not raises instead.

    Args:
        verified_by: How it was proven, such as ``sns-signature-2`` or ``basic-auth``.
        handled: True if the request was about the webhook itself, a subscription say, and
            carries no events.
        detail: For the log.
    """

    verified_by: str
    handled: bool = False
    detail: str = ""


def receive(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    on_event: Callable[[Event], object] | None = None,
    *,
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    registry: Registry | None = None,
) -> tuple[Event, ...]:
    """
    Verify a webhook request, then parse it.

    Args:
        provider: From :func:`mailcore.get_provider`, with the options that say whom to trust.
        request: The request.
        on_event: Called with each event, in order. What it raises reaches the caller, so that
            the provider, answered with a 500, sends the request again.
        max_body_bytes: A larger body is answered with 413, unread.
        registry: Whose hooks observe the events; the default registry if None.

    Returns:
        The events, none if the request was about the webhook itself.

    Raises:
        WebhookRejected: If the request is not proven to come from the provider.
        MalformedWebhook: If it cannot be read.
    """
    from mailcore.registry import default_registry

    chosen = registry or default_registry()
    flow = _receiving(provider, request, chosen, max_body_bytes)
    events = run(flow, chosen.transport_for(provider))
    for event in events:
        if on_event is not None:
            outcome = on_event(event)
            if isinstance(outcome, Coroutine):
                outcome.close()
                raise ConfigurationError("on_event is a coroutine function: use areceive()")
        chosen.hooks.event_received(event)
    return events


async def areceive(
    provider: Provider[Any, Any],
    request: WebhookRequest,
    on_event: Callable[[Event], object] | None = None,
    *,
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    registry: Registry | None = None,
) -> tuple[Event, ...]:
    """Do as :func:`receive`, in an event loop; `on_event` may be a coroutine function."""
    import inspect

    from mailcore.registry import default_registry

    chosen = registry or default_registry()
    flow = _receiving(provider, request, chosen, max_body_bytes)
    events = await arun(flow, chosen.transport_for(provider))
    for event in events:
        if on_event is not None:
            outcome = on_event(event)
            if inspect.isawaitable(outcome):
                await outcome
        chosen.hooks.event_received(event)
    return events


def _receiving(
    provider: Provider[Any, Any], request: WebhookRequest, registry: Registry, max_body_bytes: int
) -> Flow[tuple[Event, ...]]:
    # A process that only receives never makes a mailer.
    registry.load_extensions()
    if len(request.body) > max_body_bytes:
        raise MalformedWebhook(
            f"body of {len(request.body)} bytes is larger than {max_body_bytes}",
            provider=provider.name,
            status_code=413,
        )
    verdict = yield from provider.verify_webhook(request)
    if verdict.handled:
        return ()
    return tuple(registry.hooks.parse_events(provider, request))
