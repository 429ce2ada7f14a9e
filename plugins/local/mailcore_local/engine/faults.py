"""
Fault injection: what goes wrong, by rate or by script.
"""

from __future__ import annotations

import random
import re
import threading

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class ArgumentRule(NamedTuple):
    """
    What follows the colon of a fault.

    Attributes:
        pattern: A regular expression that it matches as a whole.
        complaint: What it is to be, for the error.
        optional: Whether it may be missing.
    """

    pattern: str
    complaint: str
    optional: bool = False


def _seconds(name: str) -> ArgumentRule:
    return ArgumentRule(r"\d+(\.\d+)?", f"{name} takes seconds, as in '{name}:5'", optional=True)


# The faults of requests that need no provider, and what follows their colon.
WIRE_FAULTS: Mapping[str, ArgumentRule | None] = {
    "garbage": None,
    "half_answer": None,
    "malformed_answer": None,
    "hang": _seconds("hang"),
    "hang_after_accept": _seconds("hang_after_accept"),
    "reset": None,
    "reset_after_accept": None,
}

NOTIFICATION_FAULTS = ("ok", "duplicate", "out_of_order", "tamper", "drop")


class Fault(NamedTuple):
    """
    One thing that goes wrong.

    Attributes:
        name: The name of what goes wrong.
        argument: What follows the colon (`hang:5`), else empty.
    """

    name: str
    argument: str = ""

    @property
    def seconds(self) -> float | None:
        """
        The argument as seconds, `None` when there is none.
        """
        return float(self.argument) if self.argument else None


@dataclass(frozen=True, kw_only=True)
class FaultRule:
    """
    A fault that happens at random.

    Attributes:
        fault: The fault that happens instead of an answer.
        rate: How often, 0 to 1.
        operations: The operations it happens to; `("*",)` is all of them.
    """

    fault: Fault
    rate: float
    operations: tuple[str, ...]


class Faults:
    """
    The faults in force. Steps of a script go first, one for each request; then the rules are drawn.

    Requests and notifications have separate scripts: a step for requests is used up by one send
    request (or by any API request when `operations` says so), one for notifications by all the
    events of one accepted message.

    Faults of requests that are known everywhere: `garbage`, `half_answer`, `malformed_answer`,
    `hang[:seconds]`, `hang_after_accept[:seconds]`, `reset`, `reset_after_accept`, and `ok` for
    none; of notifications: `duplicate`, `out_of_order`, `tamper`, `drop`.

    Args:
        own: Further faults of requests, of one provider, and what follows their colon.
        operations: Whose requests use up steps, unless it is said otherwise.
        seed: The seed of the random numbers, which makes rates reproducible.
    """

    def __init__(
        self, own: Mapping[str, ArgumentRule | None], operations: Iterable[str], *, seed: int = 0
    ) -> None:
        self._own = dict(own)
        self._operations = tuple(operations)
        self._of_requests: dict[str, ArgumentRule | None] = {"ok": None, **own, **WIRE_FAULTS}
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - faults are no secrets
        self._requests: deque[tuple[Fault, tuple[str, ...]]] = deque()
        self._notifications: deque[Fault] = deque()
        self._rules: list[FaultRule] = []

    def blank(self) -> Faults:
        """
        Others that know the same, with nothing to come.
        """
        return Faults(self._own, self._operations)

    def parse(self, text: str) -> Fault:
        """
        Read one step of a script, such as `throttle` or `hang:5`.

        Raises:
            ValueError: An unknown name, or an argument that does not fit.
        """
        if not isinstance(text, str):
            raise ValueError(f"a fault is a string, not {type(text).__name__}")
        name, _, argument = text.partition(":")
        if name not in self._of_requests and name not in NOTIFICATION_FAULTS:
            known = ", ".join([*self._of_requests, *NOTIFICATION_FAULTS[1:]])
            raise ValueError(f"unknown fault {name!r}; known are {known}")
        rule = self._of_requests.get(name)
        if rule is None:
            if argument:
                raise ValueError(f"{name} takes no argument")
        elif not (rule.optional and not argument) and not re.fullmatch(rule.pattern, argument):
            raise ValueError(f"{rule.complaint}, not {argument!r}")
        return Fault(name, argument)

    def script(self, *steps: str, operations: Iterable[str] | None = None) -> None:
        """
        Append steps to the scripts.

        Faults of requests and of notifications may be mixed: each goes to its own script.

        Args:
            steps: What happens, one after the other.
            operations: The operations whose requests use up steps; `"*"` is all of them, `None`
                those that send.

        Raises:
            ValueError: A step is unknown; nothing was appended.
        """
        faults = [self.parse(step) for step in steps]
        chosen = self._operations if operations is None else tuple(operations)
        with self._lock:
            for fault in faults:
                if fault.name in self._of_requests:
                    self._requests.append((fault, chosen))
                else:
                    self._notifications.append(fault)

    def script_notifications(self, *steps: str) -> None:
        """
        Append steps for notifications only, where `ok` leaves the events of one message alone.

        Raises:
            ValueError: A step is unknown or about requests; nothing was appended.
        """
        faults = [self.parse(step) for step in steps]
        for fault in faults:
            if fault.name not in NOTIFICATION_FAULTS:
                raise ValueError(f"{fault.name!r} is a fault of requests, not of notifications")
        with self._lock:
            self._notifications.extend(faults)

    def add(self, fault: str, *, rate: float, operations: Iterable[str] | None = None) -> None:
        """
        Let `fault` happen at random.

        Args:
            fault: The fault that happens instead of an answer.
            rate: How often, from 0 to 1.
            operations: The operations that it happens to, as with `script`.

        Raises:
            ValueError: An unknown fault or a rate outside 0 to 1.
        """
        given: object = rate  # It may come from JSON.
        number = isinstance(given, (int, float)) and not isinstance(given, bool)
        if not number or not 0 <= rate <= 1:
            raise ValueError(f"a rate is a number from 0 to 1, not {rate!r}")
        chosen = self._operations if operations is None else tuple(operations)
        rule = FaultRule(fault=self.parse(fault), rate=rate, operations=chosen)
        with self._lock:
            self._rules.append(rule)

    def seed(self, seed: int) -> None:
        """
        Start the random sequence over.
        """
        with self._lock:
            self._random = random.Random(seed)  # noqa: S311 - as above

    def clear(self) -> None:
        """
        Forget all scripts and rules.
        """
        with self._lock:
            self._requests.clear()
            self._notifications.clear()
            self._rules.clear()

    def for_request(self, operation: str) -> Fault:
        """
        The fault of the next request of `operation`; `Fault("ok")` for none.
        """
        with self._lock:
            if self._requests and _covers(self._requests[0][1], operation):
                return self._requests.popleft()[0]
            return self._draw(operation, about_requests=True)

    def for_notifications(self) -> Fault:
        """
        The fault of the next message's events.
        """
        with self._lock:
            if self._notifications:
                return self._notifications.popleft()
            return self._draw("", about_requests=False)

    def snapshot(self) -> dict[str, list[str]]:
        """
        What is still to come, as text.
        """
        with self._lock:
            return {
                "requests": [_text(fault) for fault, _ in self._requests],
                "notifications": [_text(fault) for fault in self._notifications],
                "rules": [f"{_text(rule.fault)}={rule.rate:g}" for rule in self._rules],
            }

    def _draw(self, operation: str, *, about_requests: bool) -> Fault:
        for rule in self._rules:
            if (rule.fault.name in self._of_requests) != about_requests:
                continue
            if about_requests and not _covers(rule.operations, operation):
                continue
            if self._random.random() < rule.rate:
                return rule.fault
        return Fault("ok")


def _covers(operations: Iterable[str], operation: str) -> bool:
    return any(name in ("*", operation) for name in operations)


def _text(fault: Fault) -> str:
    return f"{fault.name}:{fault.argument}" if fault.argument else fault.name
