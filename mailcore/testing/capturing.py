"""
Keeping what a program sends instead of sending it.

Everything up to the network happens as in production: defaults and hooks, the provider's
declaration and ``check()``, and ``build()``. So a message that the provider cannot express raises
in the test as it would at night.
"""

from __future__ import annotations

import itertools
import threading

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mailcore.registry.registry import Registry, default_registry
from mailcore.result import RecipientStatus, RecipientStatuses, SendResult, SendStatus
from mailcore.testing.outbox import Outbox


if TYPE_CHECKING:
    from mailcore.flow import Flow
    from mailcore.provider import Provider
    from mailcore.registry.hooks import Hooks
    from mailcore.sending.checking import Checked

_lock = threading.Lock()


@contextmanager
def capture(registry: Registry | None = None) -> Iterator[Outbox]:
    """
    Keep every message that is sent within the block.

    Concerns all mailers of the registry, those made before the block too, but not a mailer that
    was given a transport of its own. Every recipient of a kept message is reported as queued,
    with an invented message id. Blocks may be nested: the innermost keeps the message.

    Args:
        registry: Whose mailers; the default registry's if None.

    Yields:
        The outbox.
    """
    chosen = registry if registry is not None else default_registry()
    outbox = Outbox()
    numbers = itertools.count(1)

    def keep(provider: Provider[Any, Any], checked: Checked, hooks: Hooks) -> Flow[SendResult]:
        hooks.build_payload(provider, checked.message)
        with _lock:
            result = _queued(provider.name, checked, numbers)
            outbox.record(checked.message, result)
        return result
        yield  # it is a flow

    with _lock:
        before, chosen.outlet = chosen.outlet, keep
    try:
        yield outbox
    finally:
        with _lock:
            chosen.outlet = before


def _queued(provider: str, checked: Checked, numbers: Iterator[int]) -> SendResult:
    """A result as providers give it: in a batch each recipient's mail has an id of its own."""
    message = checked.message
    shared = None if message.is_batch else f"captured-{next(numbers)}"
    statuses = {
        recipient: RecipientStatus(
            SendStatus.QUEUED, message_id=shared or f"captured-{next(numbers)}"
        )
        for recipient in message.recipients
    }
    ids = dict.fromkeys(status.message_id for status in statuses.values() if status.message_id)
    return SendResult(
        provider=provider,
        recipients=RecipientStatuses(statuses),
        message_ids=tuple(ids),
        dropped=checked.dropped,
    )
