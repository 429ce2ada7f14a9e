"""
A transport that answers what a test wrote down.

::

    script = Script([NetworkError("cannot connect"), HttpResponse(status_code=200, body=b"{}")])
    mailer = Mailer(provider, transport=script)
    ...
    assert "api.example.com" in script.requests[0].url
    script.assert_done()
"""

from __future__ import annotations

import threading

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias


if TYPE_CHECKING:
    from typing_extensions import Self


Step: TypeAlias = Any
"""A response, an exception to raise, or a function from the request to a response."""


class Script:
    """
    A transport with prepared answers; works for sync and async mailers, and for threads.

    Args:
        steps: One for each request, in order: a response to return, an exception to raise, or a
            function that is called with the request and returns a response (or raises).
        otherwise: What to do once the steps are used up; without it, a further request fails.

    Attributes:
        requests: Every request so far, those that were answered with an exception included.
        closed: Whether the transport was closed.

    As a context manager it calls :meth:`assert_done` at the end of a block that did not raise.
    """

    def __init__(self, steps: Iterable[Step] = (), *, otherwise: Step = None) -> None:
        self.requests: list[Any] = []
        self.closed: bool = False
        self._steps = list(steps)
        self._otherwise = otherwise
        self._lock = threading.Lock()

    @property
    def remaining(self) -> int:
        """How many steps were not asked for yet."""
        return max(0, len(self._steps) - len(self.requests))

    def exchange(self, request: Any) -> Any:
        """
        Answer with the next step.

        Raises:
            AssertionError: If there is none.
        """
        with self._lock:
            position = len(self.requests)
            self.requests.append(request)
        if position < len(self._steps):
            step = self._steps[position]
        elif self._otherwise is not None:
            step = self._otherwise
        else:
            # No SendError: a mailer must not take it for an answer of the provider's.
            raise AssertionError(
                f"the script has {len(self._steps)} steps, and this is request {position + 1}: "
                f"{request!r}"
            )
        return _perform(step, request)

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def assert_done(self) -> None:
        """
        Check that every step was asked for.

        Raises:
            AssertionError: If some are left, naming them.
        """
        left = self._steps[len(self.requests) :]
        if left:
            steps = "".join(f"\n  - {step!r}" for step in left)
            raise AssertionError(
                f"{len(self.requests)} requests came; of the script's {len(self._steps)} steps "
                f"these are left:{steps}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.assert_done()

    def __repr__(self) -> str:
        return f"<Script: {len(self.requests)} requests, {self.remaining} steps left>"


def _perform(step: Step, request: Any) -> Any:
    if isinstance(step, BaseException):
        raise step
    if callable(step):
        answer: Callable[[Any], Any] = step
        return answer(request)
    return step
