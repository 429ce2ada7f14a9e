"""A message with an ``idempotency_key`` is sent once, whoever sends it how many times."""

from __future__ import annotations

import logging
import time

from collections.abc import Callable
from functools import partial
from typing import ClassVar, TypeVar

from mailcore.errors import (
    ConfigurationError,
    IdempotencyKeyReused,
    MailcoreError,
    OutcomeUnknown,
    Problem,
    SendError,
)
from mailcore.flow import Flow, Sleep
from mailcore.message.message import Message
from mailcore.middleware.asking import (
    WhenDown,
    asked,
    checked_when_down,
    require_store,
    told_down,
    unavailable,
)
from mailcore.middleware.idempotency_records import DONE, UNKNOWN, Record, fingerprint
from mailcore.middleware.policy import Place, Policy, Sender
from mailcore.middleware.settings import checked_number
from mailcore.provider import AnyProvider
from mailcore.result import SendResult
from mailcore.sending.delivery import Middleware, Send
from mailcore.stores.idempotency import IdempotencyStore


__all__ = ["Idempotency"]

T = TypeVar("T")

logger = logging.getLogger("mailcore.policies")

_SHORTEST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_DAY_SECONDS = 86_400.0


class Idempotency(Policy):
    """
    Sends one of all messages with the same ``idempotency_key``, and gives each its result.

    ========================================  ====================================================
    If a message with the key                 then
    ========================================  ====================================================
    is new, or failed and was not sent        it is sent
    was sent                                  the first result is returned, without raw answers
    was sent, and was another message         :class:`~mailcore.errors.IdempotencyKeyReused`
    is just being sent                        it is waited for
    was begun, and nobody knows more          :class:`~mailcore.errors.OutcomeUnknown`; but a
                                              provider that has idempotency of its own is given it
                                              again
    ========================================  ====================================================

    A message without a key passes. One with a key reaches the provider with it if the provider's
    ``idempotency`` is ``native``, and without it else. Of a message that was taken for some
    recipients only, the result is the first one too: those that were refused need another key.

    Args:
        store: Where the keys are kept: a :class:`~mailcore.stores.idempotency.IdempotencyStore`.
        life_seconds: How many seconds a key stands for its message, from the first send on.
        wait_seconds: How many seconds to wait for one that is just being sent.
        when_down: What becomes of a message while the store cannot be asked: ``refuse``
            (:class:`~mailcore.errors.StoreUnavailable` is raised, and nothing was sent), or
            ``send``, which is logged; it may be sent twice then.
        now: A function that returns the time, in seconds since 1970.

    Raises:
        ConfigurationError: If an argument is wrong.

    Example:
        >>> from mailcore import Mailer, Message
        >>> from mailcore.stores import MemoryIdempotencyStore
        >>> from mailcore.builtin import MemoryProvider
        >>> mailer = Mailer(MemoryProvider(), middleware=[Idempotency(MemoryIdempotencyStore())])
        >>> message = Message(
        ...     from_email="me@example.com",
        ...     to=["ada@example.net"],
        ...     text="Order 17 is on its way.",
        ...     idempotency_key="order-17-shipped",
        ... )
        >>> first, second = mailer.send(message), mailer.send(message)
        >>> first.message_id == second.message_id, len(mailer.provider.outbox)
        (True, 1)
    """

    place: ClassVar[Place] = Place.IDEMPOTENCY

    def __init__(
        self,
        store: IdempotencyStore,
        *,
        life_seconds: float = _DAY_SECONDS,
        wait_seconds: float = 30.0,
        when_down: WhenDown = "refuse",
        now: Callable[[], float] = time.time,
    ) -> None:
        methods = ("claim", "replace", "release")
        require_store(store, "Idempotency", methods, "SqliteIdempotencyStore(path)")
        self._store = store
        self._life_seconds = checked_number("life_seconds", life_seconds, least=1)
        self._wait_seconds = checked_number("wait_seconds", wait_seconds)
        if self._wait_seconds >= self._life_seconds:
            raise ConfigurationError("wait_seconds must be less than life_seconds")
        self._sends_when_down = checked_when_down(when_down)
        self._now = now

    @property
    def store(self) -> IdempotencyStore:
        """Where the keys are kept."""
        return self._store

    def attach(self, sender: Sender) -> Middleware:
        """Make the middleware for one mailer."""
        return partial(self._sending, sender.provider)

    def describe(self) -> str:
        """Say which store it asks, for how long a key lives, and what happens if that is down."""
        down = "sends without asking" if self._sends_when_down else "refuses"
        return (
            f"one send for each idempotency_key within {self._life_seconds:g} s, by "
            f"{type(self._store).__name__}; {down} while it is down"
        )

    def _sending(self, provider: AnyProvider, message: Message, send: Send) -> Flow[SendResult]:
        key = message.idempotency_key
        if key is None:
            return (yield from send(message))
        native = provider.idempotency == "native"
        passed_on = message if native else message.replace(idempotency_key=None)
        mine = Record.begun(fingerprint(message), self._now())
        text = mine.written()
        try:
            found = yield from self._claimed(key, mine, text, may_repeat=native)
        except Exception as error:
            if not self._sends_when_down:
                raise unavailable("idempotency keys", provider.name, error) from error
            told_down("idempotency keys", error)
            return (yield from send(passed_on))
        if found is not None:
            return _first_result(found, mine, message, provider.name, self._now())
        return (yield from self._sent(key, mine, text, passed_on, send))

    def _claimed(
        self, key: str, mine: Record, own: str, *, may_repeat: bool
    ) -> Flow[Record | None]:
        """
        None if the message is to be sent now; else what is known of the one that was begun.

        Args:
            key: The message's key.
            mine: The record of this send.
            own: The record as it is written.
            may_repeat: Whether the provider drops what it has had.
        """
        waited, pause = 0.0, _SHORTEST_PAUSE_SECONDS
        while True:
            text = yield from self._asked(partial(self._store.claim, key, own, self._life_seconds))
            if text is None:
                return None
            found = Record.read(text)
            if found.state == DONE or not found.fingerprint.covers(mine.fingerprint):
                return found
            if found.state == UNKNOWN or waited >= self._wait_seconds:
                if not may_repeat:
                    return found
                # The provider knows the key, and drops what it has had.
                took_over = yield from self._asked(partial(self._store.replace, key, text, own))
                if took_over:
                    return None
                # Somebody else did, or the first one has come back.
                waited, pause = 0.0, _SHORTEST_PAUSE_SECONDS
                continue
            pause = min(pause, self._wait_seconds - waited)
            yield Sleep(pause)
            waited += pause
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _sent(
        self, key: str, mine: Record, text: str, message: Message, send: Send
    ) -> Flow[SendResult]:
        try:
            result = yield from send(message)
        except MailcoreError as error:
            if isinstance(error, SendError) and error.maybe_accepted:
                yield from self._noted(
                    partial(self._store.replace, key, text, mine.unknown().written())
                )
            else:
                yield from self._noted(partial(self._store.release, key, text))
            raise
        except Exception:
            # Of a function among the middleware: it may have sent before it failed.
            yield from self._noted(
                partial(self._store.replace, key, text, mine.unknown().written())
            )
            raise
        yield from self._noted(partial(self._store.replace, key, text, mine.done(result).written()))
        return result

    def _noted(self, note: Callable[[], bool]) -> Flow[None]:
        """Write down what became of a message; if that fails, its outcome counts as unknown."""
        try:
            noted = yield from self._asked(note)
        except Exception:
            logger.exception(
                "what became of a message with an idempotency_key could not be written down: "
                "who sends it again is told that nobody knows"
            )
            return
        if not noted:
            logger.warning(
                "an idempotency_key was forgotten, or taken over, while its message was being sent"
            )

    def _asked(self, question: Callable[[], T]) -> Flow[T]:
        return (yield from asked(self._store, question))


def _first_result(
    found: Record, mine: Record, message: Message, provider: str, now: float
) -> SendResult:
    """The result of the message that was sent first, or why there is none."""
    if not found.fingerprint.covers(mine.fingerprint):
        reason = "another message was sent with this idempotency_key, or is being sent"
        hint = "a key stands for one message: give this one a key of its own"
        raise IdempotencyKeyReused([Problem("idempotency_key", reason, hint)])
    if found.state == DONE:
        return found.result_for(message, mine.fingerprint)
    age = max(0.0, now - found.began_at)
    under_way = found.state != UNKNOWN
    knows = "whoever began it has died, or is still at it" if under_way else "its answer was lost"
    raise OutcomeUnknown(
        f"nothing was sent: a message with this idempotency_key was begun {age:.0f} s ago, and "
        f"nobody knows what became of it: {knows}",
        provider=provider,
        maybe_accepted=True,
        under_way_seconds=age if under_way else None,
    )
