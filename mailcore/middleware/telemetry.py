"""
Spans and metrics of OpenTelemetry: what was sent, to how many, how long it took.

OpenTelemetry has no convention for mail (its conventions for messaging are about queues), so names
are mailcore's own, and ``error.type`` is the general one.

=========================== ======================= ===========================================
Metric                      Kind, unit              Attributes
=========================== ======================= ===========================================
``mailcore.send.duration``  histogram, s            ``mailcore.provider``, ``mailcore.status``,
                                                    ``error.type``
``mailcore.send.attempts``  counter, {attempt}      ``mailcore.provider``
``mailcore.recipients``     counter, {recipient}    ``mailcore.provider``,
                                                    ``mailcore.recipient.status``
``mailcore.events``         counter, {event}        ``mailcore.provider``, ``mailcore.event.type``
=========================== ======================= ===========================================

Needs the extra ``mailcore-esp[opentelemetry]``.
"""

from __future__ import annotations

import time

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from mailcore._version import VERSION
from mailcore.errors import CancelSend, ConfigurationError, MailcoreError, SendError
from mailcore.flow import Flow
from mailcore.foundation.redaction import redact
from mailcore.middleware.policy import Place, Policy, Sender
from mailcore.registry.hookspecs import hookimpl
from mailcore.result import SendResult


if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from mailcore.events import Event
    from mailcore.message.message import Message
    from mailcore.sending.delivery import Middleware, Send

__all__ = ["EventMetrics", "Telemetry"]

Attributes: TypeAlias = "dict[str, str | int | bool | list[str]]"

_NAME = "mailcore"
_MOST_WORDS = 200


class Telemetry(Policy):
    """
    Makes a span of each send, with all of its attempts, and counts.

    The span is a child of the one that is current when the message is sent. It is not current
    itself while the message is: several messages may share one call, and one thread. Spans of an
    instrumented HTTP library stand beside it, therefore.

    No span and no metric has an address, a subject or what a message says.

    Args:
        tracer_provider: Where spans go; by default the global one.
        meter_provider: Where metrics go; by default the global one.
        clock: A function that gives the time in seconds, as :func:`time.monotonic` does.

    Raises:
        ConfigurationError: If the extra is not installed.
    """

    place: ClassVar[Place] = Place.TELEMETRY

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        trace, metrics = _opentelemetry("Telemetry")
        self._kind = trace.SpanKind.CLIENT
        self._error = trace.StatusCode.ERROR
        self._tracer = trace.get_tracer(_NAME, VERSION, tracer_provider)
        meter = metrics.get_meter(_NAME, VERSION, meter_provider)
        self._duration = meter.create_histogram(
            "mailcore.send.duration", unit="s", description="How long a send took, all in all"
        )
        self._attempts = meter.create_counter(
            "mailcore.send.attempts", unit="{attempt}", description="Attempts to send a message"
        )
        self._recipients = meter.create_counter(
            "mailcore.recipients", unit="{recipient}", description="What became of recipients"
        )
        self._clock = clock

    def attach(self, sender: Sender) -> Middleware:
        """Make the middleware for one mailer."""
        name = sender.provider.name

        def observing(message: Message, send: Send) -> Flow[SendResult]:
            span = self._tracer.start_span(
                f"send {name}", kind=self._kind, attributes=_of_message(name, message)
            )
            began = self._clock()
            try:
                result = yield from send(message)
            except BaseException as error:
                self._failed(span, name, message, error, self._clock() - began)
                raise
            else:
                self._sent(span, result, self._clock() - began)
                return result
            finally:
                span.end()

        return observing

    def describe(self) -> str:
        """Say in one line what it does."""
        return "a span and metrics of OpenTelemetry for each send"

    def _sent(self, span: Span, result: SendResult, seconds: float) -> None:
        status = result.status.value
        _note_attempts(span, result.attempts)
        span.set_attributes(
            {
                "mailcore.provider": result.provider,
                "mailcore.status": status,
                "mailcore.accepted": len(result.accepted),
                "mailcore.attempts": len(result.attempts) + 1,
                "mailcore.message_ids": list(result.message_ids[:10]),
            }
        )
        about: Attributes = {"mailcore.provider": result.provider}
        self._duration.record(seconds, {**about, "mailcore.status": status})
        self._attempts.add(len(result.attempts) + 1, about)
        counts = Counter(each.status.value for each in result.recipients.values())
        for of_recipient, count in counts.items():
            self._recipients.add(count, {**about, "mailcore.recipient.status": of_recipient})

    def _failed(
        self, span: Span, provider: str, message: Message, error: BaseException, seconds: float
    ) -> None:
        kind = type(error).__name__
        about: Attributes = {"mailcore.provider": getattr(error, "provider", "") or provider}
        attempts = 1
        span.set_attributes({**about, "error.type": kind})
        if isinstance(error, SendError):
            attempts = len(error.attempts) + 1
            _note_attempts(span, error.attempts)
            span.set_attributes(
                {
                    "mailcore.attempts": attempts,
                    "mailcore.error.category": error.category,
                    "mailcore.error.code": error.code,
                    "mailcore.error.retryable": error.retryable,
                    "mailcore.error.maybe_accepted": error.maybe_accepted,
                }
            )
        if not isinstance(error, CancelSend):
            # What neither mailcore nor a plugin raised on purpose may hold anything.
            told = redact(str(error))[:_MOST_WORDS] if isinstance(error, MailcoreError) else None
            span.set_status(self._error, told)
        maybe = isinstance(error, SendError) and error.maybe_accepted
        status = "unknown" if maybe else "failed"
        self._duration.record(seconds, {**about, "mailcore.status": status, "error.type": kind})
        self._attempts.add(attempts, about)
        count = len(message.deliveries.everybody)
        self._recipients.add(count, {**about, "mailcore.recipient.status": status})


class EventMetrics:
    """
    Counts the events of webhooks: a handler, and an extension.

    As a handler it counts what arrived, as an extension (``registry.register_extension(…)``) what a
    handler was done with.

    Args:
        meter_provider: Where metrics go; by default the global one.

    Raises:
        ConfigurationError: If the extra is not installed.
    """

    def __init__(self, *, meter_provider: MeterProvider | None = None) -> None:
        _, metrics = _opentelemetry("EventMetrics")
        meter = metrics.get_meter(_NAME, VERSION, meter_provider)
        self._events = meter.create_counter(
            "mailcore.events", unit="{event}", description="Events of webhooks"
        )

    def __call__(self, event: Event) -> None:
        """Count an event."""
        kind = event.event_type.value
        self._events.add(1, {"mailcore.provider": event.provider, "mailcore.event.type": kind})

    @hookimpl
    def mailcore_event_received(self, event: Event) -> None:
        """Count an event that the handler was done with."""
        self(event)


def _of_message(provider: str, message: Message) -> Attributes:
    found: Attributes = {
        "mailcore.provider": provider,
        "mailcore.recipients": len(message.deliveries.everybody),
    }
    if message.is_batch:
        found["mailcore.batch"] = True
    if message.tags:
        found["mailcore.tags"] = list(message.tags)
    if message.template_id is not None:
        found["mailcore.template_id"] = message.template_id
    return found


def _note_attempts(span: Span, attempts: tuple[MailcoreError, ...]) -> None:
    for attempt in attempts:
        found: Attributes = {
            "error.type": type(attempt).__name__,
            "mailcore.provider": getattr(attempt, "provider", ""),
        }
        if isinstance(attempt, SendError):
            found["mailcore.error.category"] = attempt.category
            found["mailcore.error.maybe_accepted"] = attempt.maybe_accepted
        span.add_event("mailcore.attempt_failed", found)


def _opentelemetry(what: str) -> tuple[Any, Any]:
    try:
        from opentelemetry import metrics, trace
    except ImportError as error:
        raise ConfigurationError(
            f"{what} needs OpenTelemetry: pip install 'mailcore-esp[opentelemetry]'"
        ) from error
    return trace, metrics
