"""One record in the log for each send, and one for each event: without addresses and contents."""

from __future__ import annotations

import logging
import time

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from mailcore.errors import CancelSend, ConfigurationError, MailcoreError, MessageError, SendError
from mailcore.flow import Flow
from mailcore.foundation.redaction import redact
from mailcore.middleware.policy import Place, Policy, Sender
from mailcore.registry.hookspecs import hookimpl
from mailcore.result import ResultStatus, SendResult


if TYPE_CHECKING:
    from mailcore.events import Event
    from mailcore.message.message import Message
    from mailcore.sending.delivery import Middleware, Send

__all__ = ["EventLog", "Logging"]

KEY = "mailcore"
"""The attribute of a record that has its values, by name."""

_MOST_WORDS = 200
_LEVELS = {
    ResultStatus.ALL_ACCEPTED: logging.INFO,
    ResultStatus.SOME_ACCEPTED: logging.WARNING,
    ResultStatus.UNKNOWN: logging.WARNING,
    ResultStatus.ALL_REFUSED: logging.ERROR,
}
_LEVELS_OF_EVENTS = {
    "bounced": logging.WARNING,
    "complained": logging.WARNING,
    "failed": logging.WARNING,
    "rejected": logging.WARNING,
}


class Logging(Policy):
    """
    Writes one record for each send, when it is over, with all of its attempts.

    The text is for people. The attribute ``mailcore`` of the record is a dict for programs: a
    formatter that writes JSON takes it as it is. It has counts, ids and categories, and neither
    addresses nor subjects nor what the message says.

    Args:
        logger: The name of the logger that gets the records.
        clock: A function that gives the time in seconds, as :func:`time.monotonic` does.

    Raises:
        ConfigurationError: If the name is no text.
    """

    place: ClassVar[Place] = Place.LOGGING

    def __init__(
        self, *, logger: str = "mailcore.sent", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.logger: logging.Logger = _logger(logger)
        self._clock = clock

    def attach(self, sender: Sender) -> Middleware:
        """Make the middleware for one mailer."""
        name = sender.provider.name

        def logging_(message: Message, send: Send) -> Flow[SendResult]:
            began = self._clock()
            try:
                result = yield from send(message)
            except BaseException as error:
                self._failed(name, message, error, self._clock() - began)
                raise
            self._sent(message, result, self._clock() - began)
            return result

        return logging_

    def describe(self) -> str:
        """Say in one line what it does."""
        return f"one record for each send, to the logger {self.logger.name}"

    def _sent(self, message: Message, result: SendResult, seconds: float) -> None:
        status = result.status
        level = _LEVELS[status]
        if not self.logger.isEnabledFor(level):
            return
        accepted, total = len(result.accepted), len(result.recipients)
        attempts = len(result.attempts) + 1
        values: dict[str, object] = {
            "event": "message_sent",
            "provider": result.provider,
            "status": status.value,
            "recipients": total,
            "accepted": accepted,
            "message_ids": list(result.message_ids[:10]),
            "attempts": attempts,
            "dropped": [problem.feature for problem in result.dropped],
            "duration_seconds": round(seconds, 6),
            **_about(message),
        }
        self.logger.log(
            level,
            "%s: %d of %d recipients accepted in %.3f s%s",
            result.provider,
            accepted,
            total,
            seconds,
            f", {attempts} attempts" if attempts > 1 else "",
            extra={KEY: values},
        )

    def _failed(
        self, provider: str, message: Message, error: BaseException, seconds: float
    ) -> None:
        if isinstance(error, CancelSend):
            level, event, what = logging.INFO, "message_cancelled", "called off"
        elif isinstance(error, Exception):
            level, event, what = logging.ERROR, "message_failed", "not sent"
        else:
            level, event, what = logging.WARNING, "message_interrupted", "cut off"
        if not self.logger.isEnabledFor(level):
            return
        values: dict[str, object] = {
            "event": event,
            "provider": getattr(error, "provider", "") or provider,
            "error": type(error).__name__,
            "recipients": len(message.deliveries.everybody),
            "duration_seconds": round(seconds, 6),
            **_about(message),
        }
        # What neither mailcore nor a plugin raised on purpose may hold anything.
        told = redact(str(error))[:_MOST_WORDS] if isinstance(error, MailcoreError) else ""
        if isinstance(error, SendError):
            maybe = ", maybe accepted" if error.maybe_accepted else ""
            what = f"{what}{maybe}"
            values |= {
                "category": error.category,
                "code": error.code,
                "status_code": error.status_code,
                "retryable": error.retryable,
                "maybe_accepted": error.maybe_accepted,
                "attempts": len(error.attempts) + 1,
            }
        if isinstance(error, MessageError):
            values["problems"] = [problem.field for problem in error.problems[:10]]
        name = type(error).__name__
        text = f"{name}: {told}" if told else name
        self.logger.log(
            level, "%s: %s after %.3f s: %s", provider, what, seconds, text, extra={KEY: values}
        )


class EventLog:
    """
    Writes one record for each event of a webhook: a handler, and an extension.

    As a handler (``on_event`` of :func:`mailcore.receive`, an application, an
    :class:`~mailcore.webhook.EventRouter`) it writes what arrived. As an extension
    (``registry.register_extension(EventLog())``) it writes what the handler was done with.

    Args:
        logger: The name of the logger that gets the records.

    Raises:
        ConfigurationError: If the name is no text.
    """

    def __init__(self, *, logger: str = "mailcore.events") -> None:
        self.logger: logging.Logger = _logger(logger)

    def __call__(self, event: Event) -> None:
        """Write the record of an event."""
        kind = event.event_type.value
        level = _LEVELS_OF_EVENTS.get(kind, logging.INFO)
        if not self.logger.isEnabledFor(level):
            return
        values: dict[str, object] = {
            "event": "event_received",
            "event_type": kind,
            "provider": event.provider,
            "message_id": event.message_id,
            "event_id": event.event_id,
            "timestamp": event.timestamp.isoformat() if event.timestamp else None,
            "dedupe_key": event.dedupe_key,
        }
        for name in ("reject_reason", "bounce_class", "smtp_status"):
            value = getattr(event, name, None)
            if value is not None:
                values[name] = str(value)
        tags = getattr(event, "tags", ())
        if tags:
            values["tags"] = list(tags)
        recipient = getattr(event, "recipient", None)
        shown = redact(recipient) if recipient else "nobody known"
        self.logger.log(level, "%s: %s: %s", event.provider, kind, shown, extra={KEY: values})

    @hookimpl
    def mailcore_event_received(self, event: Event) -> None:
        """Write the record of an event that the handler was done with."""
        self(event)


def _about(message: Message) -> dict[str, object]:
    found: dict[str, object] = {}
    if message.tags:
        found["tags"] = list(message.tags)
    if message.template_id is not None:
        found["template_id"] = message.template_id
    if message.is_batch:
        found["batch"] = True
    return found


def _logger(name: object) -> logging.Logger:
    if not isinstance(name, str) or not name:
        raise ConfigurationError("logger must be the name of a logger")
    return logging.getLogger(name)
