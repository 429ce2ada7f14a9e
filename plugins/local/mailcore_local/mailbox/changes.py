"""
What changed in the store, by number, for whoever waits for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal


ChangeKind = Literal["added", "updated", "deleted", "cleared"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One change of the store.

    Attributes:
        version: The number of the change; each has the next one.
        kind: ``added``, ``updated`` (an event, or what a webhook answered), ``deleted``, or
            ``cleared`` if all were deleted.
        mail_id: The id of the mail; empty if all were deleted.
    """

    version: int
    kind: ChangeKind
    mail_id: str = ""


class ChangeLog:
    """
    The last changes in order, and who is told of each; the store holds its lock meanwhile.

    Args:
        kept: How many changes are kept for those who ask later.

    Attributes:
        version: The number of the last change; 0 before the first one.
    """

    def __init__(self, kept: int = 10_000) -> None:
        self.version = 0
        self._changes: deque[Change] = deque(maxlen=kept)
        self._noted: list[tuple[ChangeKind, str]] = []
        self._listeners: list[Callable[[Change], None]] = []

    def note(self, kind: ChangeKind, mail_id: str = "") -> None:
        """
        Note a change that is about to be made.
        """
        self._noted.append((kind, mail_id))

    def forget(self) -> None:
        """
        Forget what was noted: it was not made.
        """
        self._noted = []

    def tell(self) -> None:
        """
        Number what was noted, and call the listeners: it was made.
        """
        noted, self._noted = self._noted, []
        for kind, mail_id in noted:
            self.version += 1
            change = Change(version=self.version, kind=kind, mail_id=mail_id)
            self._changes.append(change)
            for listener in self._listeners:
                listener(change)

    def since(self, version: int) -> Sequence[Change] | None:
        """
        What changed after a version, in order; `None` if some of it is forgotten.
        """
        if version > self.version or (
            self.version > version and (not self._changes or self._changes[0].version > version + 1)
        ):
            return None
        return [change for change in self._changes if change.version > version]

    def add_listener(self, listener: Callable[[Change], None]) -> None:
        """
        Have a function called with each change from now on.
        """
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[Change], None]) -> None:
        """
        Have it called no more.
        """
        self._listeners.remove(listener)
