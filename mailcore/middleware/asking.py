"""How policies ask a store: in a thread where it may block, and what happens if it is down."""

from __future__ import annotations

import logging

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias, TypeVar

from mailcore.errors import ConfigurationError, StoreError, StoreUnavailable
from mailcore.flow import Call, Flow


T = TypeVar("T")

logger = logging.getLogger("mailcore.policies")

WhenDown: TypeAlias = Literal["refuse", "send"]
"""What becomes of a message while a store is down: it is refused, or sent without asking."""


def checked_when_down(when_down: object) -> bool:
    """
    Whether a message is sent without asking while the store is down.

    Raises:
        ConfigurationError: If the argument is neither ``refuse`` nor ``send``.
    """
    if not isinstance(when_down, str) or when_down not in ("refuse", "send"):
        raise ConfigurationError("when_down must be 'refuse' or 'send'")
    return when_down == "send"


def require_store(store: object, what: str, methods: Iterable[str], hint: str) -> None:
    """
    Refuse what cannot be asked, before the first message.

    Args:
        store: What was given as a store.
        what: Who wants it, for the error.
        methods: What it must have.
        hint: Which store one may give.

    Raises:
        ConfigurationError: If it lacks one of the methods, or is a class.
    """
    if isinstance(store, type):
        raise ConfigurationError(f"{what}: write {store.__qualname__}(...), not the class")
    # A path, too, has a method `find`.
    if isinstance(store, str) or not all(callable(getattr(store, name, None)) for name in methods):
        raise ConfigurationError(f"{what} takes a store such as {hint}, not {type(store).__name__}")


def asked(store: object, question: Callable[[], T]) -> Flow[T]:
    """
    The answer of a store; in an event loop a thread asks it, if it says not that it never blocks.

    Args:
        store: The store that the question is for.
        question: A function that asks it.
    """
    if getattr(store, "blocks", True):
        answer: T = yield Call(question)
        return answer
    return question()


def unavailable(what: str, provider: str, error: Exception) -> StoreUnavailable:
    """What is raised instead of sending: with what went wrong, which is its cause."""
    # The text of another error may hold anything.
    why = str(error) if isinstance(error, StoreError) else type(error).__name__
    reason = f"nothing was sent: the store of {what} cannot be asked: {why}"
    return StoreUnavailable(reason, provider=provider)


def told_down(what: str, error: Exception) -> None:
    """Log that a store cannot be asked, and that the message is sent without its answer."""
    logger.error("the store of %s cannot be asked; it is sent all the same", what, exc_info=error)
