"""
Several messages in one call, for providers whose API takes them.

Each message is a flow of its own: hooks, middleware, checks and answers are as if it was sent
alone. Where all of them wait for an answer, :func:`together` has the provider combine their
requests, exchanges what comes out, and hands each flow its part of the answer.
"""

from __future__ import annotations

import logging

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mailcore.errors import MailcoreError, UnexpectedResponse
from mailcore.flow import Effect, Exchange, Flow, Sleep


if TYPE_CHECKING:
    from mailcore.provider import Provider

logger = logging.getLogger("mailcore.combining")

T = TypeVar("T")
RequestT_co = TypeVar("RequestT_co", covariant=True)


@dataclass(frozen=True)
class Combined(Generic[RequestT_co]):
    """
    One call for some of several requests.

    Args:
        request: The request that sends all of them.
        positions: Which of the requests it stands for, in the order of the parts of its answer.
    """

    request: RequestT_co
    positions: tuple[int, ...]


def groups_of(items: Iterable[T], size: int, failures: list[Exception]) -> Iterator[list[T]]:
    """
    Lists of up to *size* items.

    Args:
        items: What it gave before it raises comes all the same: those messages are to be sent.
        size: How many a list has at most.
        failures: Gets what *items* raised, to be raised again when the sends under way are done.
    """
    group: list[T] = []
    try:
        for item in items:
            group.append(item)
            if len(group) == size:
                yield group
                group = []
    except Exception as error:  # noqa: BLE001  # the caller raises it, after what came before it
        failures.append(error)
    if group:
        yield group


async def agroups_of(
    items: AsyncIterable[T], size: int, failures: list[Exception]
) -> AsyncIterator[list[T]]:
    """As :func:`groups_of`, for an asynchronous iterable."""
    group: list[T] = []
    try:
        async for item in items:
            group.append(item)
            if len(group) == size:
                yield group
                group = []
    except Exception as error:  # noqa: BLE001  # the caller raises it, after what came before it
        failures.append(error)
    if group:
        yield group


def together(flows: Sequence[Flow[T]], provider: Provider[Any, Any]) -> Flow[list[T | Exception]]:
    """
    Run flows side by side, and combine the requests that they make at the same time.

    Args:
        flows: The flows, one for each message.
        provider: Combines the requests, and splits the answers.

    Returns:
        What each flow returned or raised, in their order.
    """
    try:
        group = _Group(flows)
        while group.waiting:
            for positions, effect in _combined(group.waiting, provider):
                requests = [_request_of(group.waiting[position]) for position in positions]
                failure = None
                try:
                    try:
                        answer = yield effect
                    finally:
                        group.note_progress(positions, effect)
                    answers = _answers(provider, requests, effect, answer)
                except Exception as error:  # noqa: BLE001  # each flow handles it, or raises it
                    failure = error
                if failure is None:
                    group.send(positions, answers)
                else:
                    group.throw(positions, failure)
    finally:
        for flow in flows:
            flow.close()
    return [group.outcomes[position] for position in range(len(flows))]


class _Group(Generic[T]):
    """Flows by position: what each waits for, and what became of those that ended."""

    def __init__(self, flows: Sequence[Flow[T]]) -> None:
        self._flows = flows
        self.waiting: dict[int, Effect] = {}
        self.outcomes: dict[int, T | Exception] = {}
        for position, flow in enumerate(flows):
            self._advance(position, partial(next, flow))

    def note_progress(self, positions: Sequence[int], effect: Effect) -> None:
        """What a call that stands for several exchanges did, each of them did."""
        for position in positions:
            own = self.waiting[position]
            if isinstance(own, Exchange) and isinstance(effect, Exchange):
                own.progress.began = effect.progress.began
                own.progress.goes_on = effect.progress.goes_on

    def send(self, positions: Sequence[int], answers: Sequence[Any]) -> None:
        for position, answer in zip(positions, answers, strict=True):
            self._advance(position, partial(self._flows[position].send, answer))

    def throw(self, positions: Sequence[int], error: Exception) -> None:
        for position in positions:
            own = error if len(positions) == 1 else _copy_of(error)
            self._advance(position, partial(self._flows[position].throw, own))

    def _advance(self, position: int, step: Callable[[], Effect]) -> None:
        self.waiting.pop(position, None)
        try:
            self.waiting[position] = step()
        except StopIteration as stop:
            self.outcomes[position] = stop.value
        except Exception as error:  # noqa: BLE001  # it is this flow's outcome
            self.outcomes[position] = error


def _combined(
    waiting: dict[int, Effect], provider: Provider[Any, Any]
) -> list[tuple[tuple[int, ...], Effect]]:
    """What to do next, and which flows wait for it."""
    found: list[tuple[tuple[int, ...], Effect]] = []
    by_transport: dict[int, list[int]] = {}
    sleeps: dict[int, float] = {}
    for position, effect in waiting.items():
        if isinstance(effect, Exchange):
            by_transport.setdefault(id(effect.transport), []).append(position)
        elif isinstance(effect, Sleep):
            sleeps[position] = effect.seconds
        else:
            found.append(((position,), effect))
    for positions in by_transport.values():
        transport = getattr(waiting[positions[0]], "transport", None)
        requests = [_request_of(waiting[position]) for position in positions]
        for call in _calls(provider, requests):
            places = tuple(positions[place] for place in call.positions)
            found.append((places, Exchange(call.request, transport)))
    if sleeps:
        # At the same time, and last: all of them are known only when the last one is, and what
        # they send after it can share a call again.
        found.append((tuple(sleeps), Sleep(max(sleeps.values()))))
    return found


def _calls(provider: Provider[Any, Any], requests: Sequence[Any]) -> Sequence[Combined[Any]]:
    try:
        calls = provider.combine(requests)
        taken = sorted(place for call in calls for place in call.positions)
        if taken == list(range(len(requests))):
            return calls
        logger.error("%s combines requests so that one is lost or sent twice", provider.name)
    except Exception:
        logger.exception("%s cannot combine requests", provider.name)
    return [Combined(request, (place,)) for place, request in enumerate(requests)]


def _request_of(effect: Effect) -> Any:
    return effect.request if isinstance(effect, Exchange) else None


def _answers(
    provider: Provider[Any, Any], requests: Sequence[Any], effect: Effect, answer: Any
) -> Sequence[Any]:
    if not isinstance(effect, Exchange) or requests == [effect.request]:
        return [answer] * len(requests)
    answers = provider.split(requests, answer)
    if len(answers) != len(requests):
        raise UnexpectedResponse("the answer cannot be split", maybe_accepted=True, raw=answer)
    return answers


def _copy_of(error: Exception) -> Exception:
    """An exception of its own for each flow: they add to it, and raise it."""
    if not isinstance(error, MailcoreError):
        return error
    # copy.copy() calls the constructor, which may take something else in a plugin's own class.
    own = error.__new__(type(error), *error.args)
    vars(own).update(vars(error))
    own.__cause__ = error.__cause__
    return own.with_traceback(error.__traceback__)
