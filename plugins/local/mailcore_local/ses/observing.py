"""
What surrounds a local SES that is one of several stand-ins: who keeps its mails and tells of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request

from mailcore_local.engine import Fate, Happening
from mailcore_local.ses.records import MessageRecord


class Surroundings:
    """
    What a local SES asks and tells. By itself it is alone: nobody listens.

    Called with the services locked.
    """

    creates_configuration_sets = False
    """
    Whether a configuration set is made when a message names it: it publishes to the default topic.
    """
    max_messages: int | None = None
    """Of more accepted messages, the first one is forgotten; none if it is `None`."""

    def asked(self, request: Request, body: bytes) -> None:
        """
        An operation was asked for; what it accepts is accepted before the next one.
        """

    def fate_of(self, address: str) -> Fate | None:
        """
        What becomes of a test address that is not the simulator's.
        """
        return None

    def accepted(self, message: MessageRecord) -> None:
        """
        A message was accepted.
        """

    def happened(self, message: MessageRecord, happening: Happening) -> tuple[str, ...]:
        """
        Something happened to it.

        Returns:
            The ids that others know it by; the records of its notifications have them.
        """
        return ()

    def later(self, happening: Happening, tell: Callable[[], None]) -> None:
        """
        Call a function when a slow happening is due.
        """
        tell()


def slow_ones(
    happenings: Sequence[Happening],
) -> tuple[list[Happening], list[Happening]]:
    """
    What happens at once, and what takes a while.
    """
    at_once = [each for each in happenings if each.fate is not Fate.SLOW]
    return at_once, [each for each in happenings if each.fate is Fate.SLOW]
