"""
Decisions about a message, made once: ``check()`` and ``build()`` of a provider ask for one plan.

Which call a message takes may cost a look at every value of a batch. A mailer checks a message and
builds it right after: both get the same plan, if both ask the same :class:`Planner`.
"""

from __future__ import annotations

import weakref

from collections.abc import Callable
from typing import Generic, TypeVar

from mailcore.message.message import Message


PlanT = TypeVar("PlanT")


class Planner(Generic[PlanT]):
    """
    Makes the plan of a message, and keeps the latest one.

    Messages never change, so the plan of one stays right. It is kept by the message itself (the
    same object, not an equal one) and for as long as that lives; threads that share a planner may
    make a plan twice, and never get that of another message.

    Args:
        make: A pure function that makes the plan of a message.

    Example:
        >>> def decide(message: Message) -> str:
        ...     print("deciding")
        ...     return "batch" if message.is_batch else "one"
        >>> plan_of = Planner(decide)
        >>> message = Message(from_email="a@example.com", to=["b@example.net"], text="Hi")
        >>> plan_of(message), plan_of(message)
        deciding
        ('one', 'one')
    """

    def __init__(self, make: Callable[[Message], PlanT]) -> None:
        self._make = make
        self._latest: tuple[weakref.ref[Message], PlanT] | None = None

    def __call__(self, message: Message) -> PlanT:
        """The plan of a message."""
        latest = self._latest
        if latest is not None and latest[0]() is message:
            return latest[1]
        plan = self._make(message)
        self._latest = (weakref.ref(message, self._forget), plan)
        return plan

    def _forget(self, gone: weakref.ref[Message]) -> None:
        # A plan may hold what the message held.
        latest = self._latest
        if latest is not None and latest[0] is gone:
            self._latest = None

    def __reduce__(self) -> tuple[type[Planner[PlanT]], tuple[Callable[[Message], PlanT]]]:
        return type(self), (self._make,)
