"""Several handlers for one webhook: each gets the events that it is for, and fails on its own."""

from __future__ import annotations

import logging

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mailcore.errors import ConfigurationError, HandlersFailed
from mailcore.events import Event, EventType
from mailcore.foundation.redaction import shown_name
from mailcore.webhook.handlers import LoopHandler, blocking, require_handler, unblocking


if TYPE_CHECKING:
    from mailcore.webhook.dedupe import SeenStore

logger = logging.getLogger("mailcore.webhook")

HandlerT = TypeVar("HandlerT", bound=Callable[..., object])


class _Entry(NamedTuple):
    """A handler, with what it is for."""

    name: str
    event_types: frozenset[EventType]
    in_thread: Callable[[Event], None]
    in_loop: Callable[[Event], Awaitable[None]]


class EventRouter(LoopHandler):
    """
    Several handlers, given as one: to an application, to ``respond()``, to a consumer of a queue.

    Each event goes to every handler that is for its type, in the order in which they were added.
    What one of them raises is logged and does not keep the others from running, nor the other
    events of the request; when all of them were asked, :class:`~mailcore.errors.HandlersFailed` is
    raised, so that the answer is 500 and the provider sends the request again. An event that no
    handler is for is done with.

    Handlers are functions and coroutine functions, mixed as you like. In an event loop plain
    functions run in threads; elsewhere coroutine functions run in one loop in a thread of its own.

    Args:
        seen: Remembers which handler was done with which event: an event that comes again goes to
            those only that failed. Without it, it goes to all of them again. It cannot help where
            an event has no ``dedupe_key``, where a process ends between the end of a handler and
            the note of it, or where two processes get one event at the same moment.

    Example:
        >>> from mailcore import Event, EventType, TrackingEvent
        >>> router = EventRouter()
        >>> gone: set[str | None] = set()
        >>> @router.on(EventType.BOUNCED, EventType.COMPLAINED)
        ... def suppress(event: Event) -> None:
        ...     if isinstance(event, TrackingEvent) and event.may_write_again is False:
        ...         gone.add(event.recipient)
        >>> complained = EventType.COMPLAINED
        >>> router(TrackingEvent(provider="toy", event_type=complained, recipient="a@b.c"))
        >>> gone
        {'a@b.c'}
    """

    def __init__(self, *, seen: SeenStore | None = None) -> None:
        is_store = callable(getattr(seen, "mark", None)) and not isinstance(seen, type)
        if seen is not None and not is_store:
            kind = seen.__qualname__ if isinstance(seen, type) else type(seen).__name__
            raise ConfigurationError(f"seen= takes a store such as MemorySeenStore(), not {kind}")
        self._seen = seen
        self._entries: dict[str, _Entry] = {}

    def on(
        self, *event_types: EventType | str, name: str | None = None
    ) -> Callable[[HandlerT], HandlerT]:
        """
        Add the function below as a handler of events of these types, or of all without any.

        Args:
            event_types: Members of :class:`~mailcore.events.EventType`, or their values.
            name: What the log and the store call it; by default module and name of the function.
                With a store it must stay the same, or events that come again are handled again.

        Raises:
            ConfigurationError: If a type does not exist, the handler cannot be called or has no
                name, or the name is taken.
        """
        types = tuple(map(_event_type, event_types))

        def added(handler: HandlerT) -> HandlerT:
            self.add(handler, *types, name=name)
            return handler

        return added

    def add(
        self,
        handler: Callable[..., object],
        *event_types: EventType | str,
        name: str | None = None,
    ) -> None:
        """Do as :meth:`on`, with a handler that is there already."""
        require_handler(handler, "EventRouter")
        called = _name_of(handler) if name is None else name
        if not called:
            raise ConfigurationError(
                f"EventRouter: a handler of type {type(handler).__name__} has no name: give name="
            )
        if called in self._entries:
            raise ConfigurationError(
                f"EventRouter: a handler named {called!r} is there already: give name=, "
                "or all its types at once"
            )
        types = frozenset(map(_event_type, event_types)) or frozenset(EventType)
        self._entries[called] = _Entry(called, types, blocking(handler), unblocking(handler))

    def __call__(self, event: Event) -> None:
        """
        Ask the handlers, in this thread.

        Raises:
            HandlersFailed: If any of them failed.
        """
        failures: dict[str, Exception] = {}
        for entry in self._for(event):
            try:
                if self._seen is not None and self._seen.seen(_key(event, entry)):
                    continue
                entry.in_thread(event)
                if self._seen is not None and event.dedupe_key:
                    self._seen.mark(_key(event, entry))
            except Exception as error:  # noqa: BLE001  # logged, and told when all were asked
                failures[entry.name] = error
                _log(event, entry, error)
        _raise(event, failures)

    async def handle(self, event: Event) -> None:
        """Do as a call, in an event loop; the store is asked in a thread."""
        import asyncio

        failures: dict[str, Exception] = {}
        for entry in self._for(event):
            try:
                key = _key(event, entry)
                if self._seen is not None and await asyncio.to_thread(self._seen.seen, key):
                    continue
                await entry.in_loop(event)
                if self._seen is not None and event.dedupe_key:
                    await asyncio.to_thread(self._seen.mark, key)
            except Exception as error:  # noqa: BLE001  # logged, and told when all were asked
                failures[entry.name] = error
                _log(event, entry, error)
        _raise(event, failures)

    def _for(self, event: Event) -> Iterator[_Entry]:
        for entry in tuple(self._entries.values()):
            if event.event_type in entry.event_types:
                yield entry

    def __repr__(self) -> str:
        return f"<EventRouter with {len(self._entries)} handlers>"


def _event_type(given: object) -> EventType:
    try:
        return EventType(given)
    except ValueError:
        shown = shown_name(given) if isinstance(given, str) else type(given).__name__
        known = f"there are {', '.join(EventType)}"
        hint = "write `@router.on()`, with parentheses" if callable(given) else known
        raise ConfigurationError(f"EventRouter: {shown} is no type of event; {hint}") from None


def _name_of(handler: object) -> str:
    name = getattr(handler, "__qualname__", None)
    return f"{getattr(handler, '__module__', '')}.{name}" if isinstance(name, str) else ""


def _key(event: Event, entry: _Entry) -> str:
    # An event without a key has no key with a handler's name, either: nothing marks it.
    return f"{event.dedupe_key}#{entry.name}"


def _log(event: Event, entry: _Entry, error: Exception) -> None:
    logger.error(
        "%s: handler %s failed with an event of type %s",
        event.provider,
        entry.name,
        event.event_type,
        exc_info=error,
    )


def _raise(event: Event, failures: Mapping[str, Any]) -> None:
    if failures:
        raise HandlersFailed(
            f"{len(failures)} of the handlers of {event.event_type} failed: "
            + ", ".join(f"{name} ({type(error).__name__})" for name, error in failures.items()),
            failures=failures,
        )
