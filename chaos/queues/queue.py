"""What a run wants of a queue."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from mailcore import Message


FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, ATTEMPTS = 0.2, 2.0, 60
"""How workers send again: soon, and so often that only what is wrong with a message ends it."""
LEASE_SECONDS = 8
"""How long a worker may be silent: longer than an answer is waited for."""


class Queue(ABC):
    """Keeps messages, has workers send them, and says what became of each."""

    children: ClassVar[bool] = False
    """Whether a worker has children that may be killed alone."""
    pause_seconds: ClassVar[tuple[float, float]] = (0.5, 3.0)
    """The shortest and the longest time between two kills: a worker has to come to send."""

    @property
    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command of a worker."""

    @property
    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """What a worker finds in its environment, beyond that of this process."""

    @abstractmethod
    def put(self, messages: Sequence[Message]) -> None:
        """Give messages to the queue, each with the key of its subject; all or none are there."""

    @abstractmethod
    def unfinished(self) -> int:
        """How many messages are on their way."""

    @abstractmethod
    def outcomes(self) -> Mapping[str, str]:
        """What became of each message, by its subject."""

    def cut(self) -> bool:
        """Cut the connections of workers to the server that keeps the queue; False without one."""
        return False

    def remind(self) -> int:
        """Give messages to the queue again that it has forgotten, with their keys; how many."""
        return 0
