"""
One event to the receivers of its signal, each on its own.

``Signal.send()`` stops at the first receiver that raises, and knows of no event that comes again.
Here every receiver has its turn, and with ``mailcore_django.seen`` among the installed apps those
that were done with an event are not called with it again: what the core's router does for handlers
(:class:`mailcore.webhook.EventRouter`), which is what does it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from asgiref.sync import async_to_sync
from django.apps import apps
from django.dispatch import Signal

from mailcore import Event, EventType, Provider
from mailcore.webhook import EventRouter
from mailcore_django.signals import inbound, tracking


__all__ = ["deliver"]


def deliver(event: Event, provider: Provider[Any, Any]) -> None:
    """
    Call the receivers of an event.

    Args:
        event: Sent as :data:`~mailcore_django.signals.inbound` if a mail has come, else as
            :data:`~mailcore_django.signals.tracking`.
        provider: The one that reports it; the sender of the signal is its class.

    Raises:
        HandlersFailed: If some of them failed; what each raised is logged.
    """
    signal = inbound if event.event_type is EventType.INBOUND else tracking
    named = {
        "signal": signal,
        "sender": type(provider),
        "event": event,
        "provider": provider.name,
        "esp_name": provider.label,
    }
    router = EventRouter()
    for name, receiver in _receivers(signal, type(provider)):
        router.add(_once(event, name, receiver, named), name=name)
    router(event)


def _receivers(signal: Signal, sender: object) -> Iterator[tuple[str, Callable[..., object]]]:
    """Each receiver with a name that is its own, and stays the same from event to event."""
    # Signals have no public way to ask for the receivers of a sender.
    plain, coroutines = signal._live_receivers(sender)  # as the comment says
    taken: dict[str, int] = {}
    for receiver in (*plain, *(async_to_sync(each) for each in coroutines)):
        name = _name_of(receiver)
        count = taken[name] = taken.get(name, 0) + 1
        yield (name if count == 1 else f"{name}#{count}"), receiver


def _name_of(receiver: Any) -> str:
    # What async_to_sync() makes has the function it was made of as `awaitable`.
    function = getattr(receiver, "awaitable", receiver)
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def _once(
    event: Event, name: str, receiver: Callable[..., object], named: dict[str, Any]
) -> Callable[[Event], object]:
    if not event.dedupe_key or not apps.is_installed("mailcore_django.seen"):
        return lambda _: receiver(**named)

    def call(_: Event) -> None:
        from mailcore_django.seen.store import DatabaseSeenStore

        # The same key that the core's router makes.
        with DatabaseSeenStore().claim(f"{event.dedupe_key}#{name}") as is_new:
            if is_new:
                receiver(**named)

    return call
