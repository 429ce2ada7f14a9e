"""How a consumer works, and what it did: plain values."""

from __future__ import annotations

from dataclasses import dataclass, fields

from mailcore.errors import ConfigurationError
from mailcore_ses.intake.sqs_queue import MAX_BATCH, MAX_VISIBILITY_SECONDS, MAX_WAIT_SECONDS


@dataclass(frozen=True, kw_only=True)
class ConsumerOptions:
    """
    How a consumer works.

    Args:
        workers: Messages handled at the same time, each in a thread.
        batch_size: Messages received with one call, 1 to 10; as many wait for a worker at most.
        wait_seconds: How long SQS waits for a message, 0 to 20. Stopping takes that long when the
            queue is empty, so stay below the time that your system grants.
        visibility_timeout_seconds: How many seconds a message is hidden from other consumers. It is
            extended while its handler runs; a message that failed comes again when it is over.
        stats_interval_seconds: How often the numbers are logged.

    Raises:
        ConfigurationError: If a number is out of its range.
    """

    workers: int = 4
    batch_size: int = MAX_BATCH
    wait_seconds: int = 10
    visibility_timeout_seconds: int = 60
    stats_interval_seconds: float = 60.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("workers", 1, 1000),
            ("batch_size", 1, MAX_BATCH),
            ("wait_seconds", 0, MAX_WAIT_SECONDS),
            ("visibility_timeout_seconds", 1, MAX_VISIBILITY_SECONDS),
            ("stats_interval_seconds", 0.001, 86_400),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ConfigurationError(f"{name} must be a number")
            if not low <= value <= high:
                raise ConfigurationError(f"{name} must be from {low:g} to {high:g}")


@dataclass(frozen=True, kw_only=True)
class ConsumerStats:
    """
    What a consumer did.

    Attributes:
        received: Messages received, those that came again included.
        handled: Messages whose events were all handled.
        events: Events handed to the handler, with success.
        failed: How many messages stayed in the queue because their handler failed.
        unreadable: Messages that are nothing that SES publishes, or are not proven.
        deleted: How many messages were deleted from the queue.
        released: Messages given back unhandled when the consumer stopped.
    """

    received: int = 0
    handled: int = 0
    events: int = 0
    failed: int = 0
    unreadable: int = 0
    deleted: int = 0
    released: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{field.name} {getattr(self, field.name)}" for field in fields(self))
