"""Getting the mail of an inbound event, now or later in a worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from mailcore.errors import ConfigurationError
from mailcore.events import InboundEvent
from mailcore.flow import arun, run


if TYPE_CHECKING:
    from mailcore.inbound.message import InboundMessage
    from mailcore.provider import Provider
    from mailcore.registry.registry import Registry


def fetch_inbound(
    provider: Provider[Any, Any],
    event: InboundEvent,
    on_message: Callable[[InboundMessage], object] | None = None,
    *,
    delete_after: bool = False,
    registry: Registry | None = None,
) -> InboundMessage:
    """
    Get the mail of an event, from the event itself or from where the provider keeps it.

    This may take longer than a webhook has: answer it first, and fetch in a worker.

    Args:
        provider: That the event is from, with credentials to read the mail.
        event: The event that told of the mail.
        on_message: Called with the mail. What it raises reaches the caller, and nothing is deleted.
        delete_after: Whether to delete the mail where the provider keeps it, once it was fetched
            and `on_message` is done. Without `on_message` that is before you have looked at it.
        registry: Whose transport is used; the default registry if None.

    Returns:
        The mail, taken apart whatever it is; what is wrong with it stands in its `defects`.

    Raises:
        FetchError: If it cannot be fetched or deleted; then it is still there.
        ConfigurationError: If it is no provider or lacks something for it, the event is not one of
            received mail, or `on_message` cannot be called.
    """
    from mailcore.registry.registry import default_registry

    _check_arguments(provider, event, on_message, "fetch_inbound()")
    transport = (registry or default_registry()).transport_for(provider)
    message = run(provider.fetch_inbound(event), transport)
    if on_message is not None:
        outcome = on_message(message)
        if isinstance(outcome, Coroutine):
            outcome.close()
            raise ConfigurationError("on_message is a coroutine function: use afetch_inbound()")
    if delete_after:
        run(provider.delete_inbound(event), transport)
    return message


async def afetch_inbound(
    provider: Provider[Any, Any],
    event: InboundEvent,
    on_message: Callable[[InboundMessage], object] | None = None,
    *,
    delete_after: bool = False,
    registry: Registry | None = None,
) -> InboundMessage:
    """Do as :func:`fetch_inbound`, in an event loop; `on_message` may be a coroutine function."""
    from mailcore.registry.registry import default_registry

    _check_arguments(provider, event, on_message, "afetch_inbound()")
    transport = (registry or default_registry()).transport_for(provider)
    message = await arun(provider.fetch_inbound(event), transport)
    if on_message is not None:
        outcome = on_message(message)
        if isinstance(outcome, Awaitable):
            await outcome
    if delete_after:
        await arun(provider.delete_inbound(event), transport)
    return message


def _check_arguments(provider: object, event: object, on_message: object, what: str) -> None:
    from mailcore.pools.composite import require_receiver

    require_receiver(provider, what)
    if not isinstance(event, InboundEvent):
        kind = type(event).__name__
        raise ConfigurationError(f"{what} takes an InboundEvent, not {kind}: see event_type")
    if on_message is not None and not callable(on_message):
        kind = type(on_message).__name__
        raise ConfigurationError(f"{what}: on_message must be a function, not {kind}")
