"""
Many mails in few calls: how they are packed, written when they are sent, and joined afterwards.

For services whose API takes an array of objects, one for each mail: bare, or as the value of one
name of an object.
"""

from __future__ import annotations

import json

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

from mailcore.flow import HttpRequest
from mailcore.sending.combining import Combined


RequestT = TypeVar("RequestT")


@dataclass(frozen=True, kw_only=True)
class JsonCall:
    """
    A call that takes several JSON objects.

    Args:
        max_items: How many of them, at most.
        max_bytes: How large its body may be.
        name: Under which they stand; empty for a bare array.
        beside: What else the object has that they stand in, without its braces:
            ``b'"dryRun": true'``.
    """

    max_items: int
    max_bytes: int
    name: str = ""
    beside: bytes = b""

    def joined(self, objects: Iterable[bytes]) -> bytes:
        """
        The body of a call.

        Args:
            objects: The JSON of each message.
        """
        before, after = self._frame
        return before + b",".join(objects) + after

    def within(self, body: bytes) -> bytes:
        """
        What of a body that this call made is the objects, which another call can take.

        Args:
            body: A body as :meth:`joined` returned it.
        """
        before, after = self._frame
        return body[len(before) : len(body) - len(after)]

    def packed(self, sizes: Iterable[int]) -> Iterator[range]:
        """
        Which objects go together: in their order, as many as there is room for.

        Args:
            sizes: The bytes of each; one that is too large for any call gets its own.

        Returns:
            The positions of each call; together they are all of them.
        """
        frame = sum(map(len, self._frame))
        start, end, size = 0, 0, frame
        for end, length in enumerate(sizes):  # how far it came is wanted below
            if end > start and (
                end - start == self.max_items or size + length + 1 > self.max_bytes
            ):
                yield range(start, end)
                start, size = end, frame
            size += length + 1
        if size > frame:
            yield range(start, end + 1)

    @property
    def _frame(self) -> tuple[bytes, bytes]:
        if not self.name:
            return b"[", b"]"
        head = b"{" + self.beside + (b"," if self.beside else b"")
        return head + json.dumps(self.name).encode("ascii") + b":[", b"]}"


class LazyRequests(Sequence[RequestT]):
    """
    Requests that are written when they are looked at.

    So a batch with attachments needs the memory of one call and not of all. Whatever could be
    wrong with one of them has to be found before: nothing may fail after the first call.

    Args:
        positions: What tells each of them; ``range(number)`` to begin with.
        write: Makes the request of a position; each time anew.
    """

    def __init__(self, positions: range, write: Callable[[int], RequestT]) -> None:
        self._positions = positions
        self._write = write

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, position: int) -> RequestT: ...

    @overload
    def __getitem__(self, position: slice) -> LazyRequests[RequestT]: ...

    def __getitem__(self, position: int | slice) -> RequestT | LazyRequests[RequestT]:
        if isinstance(position, slice):
            return LazyRequests(self._positions[position], self._write)
        return self._write(self._positions[position])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} requests>"


def combined_calls(
    requests: Sequence[HttpRequest],
    *,
    key_of: Callable[[HttpRequest], str | None],
    call_of: Callable[[str], JsonCall],
    join: Callable[[Sequence[HttpRequest]], HttpRequest],
) -> list[Combined[HttpRequest]]:
    """
    The fewest calls that carry the requests of several messages, for ``Provider.combine()``.

    Args:
        requests: The requests, each of one message.
        key_of: The same text for requests that may share a call; None for one that stays alone.
        call_of: What fits into a call, by that text.
        join: One request for several of the same text.

    Returns:
        In the order of the first request of each.
    """
    together: dict[str, list[int]] = {}
    calls: list[Combined[HttpRequest]] = []
    for position, request in enumerate(requests):
        key = key_of(request)
        if key is None:
            calls.append(Combined(request, (position,)))
        else:
            together.setdefault(key, []).append(position)
    for key, positions in together.items():
        for places in call_of(key).packed(len(requests[at].body) for at in positions):
            chosen = tuple(positions[place] for place in places)
            carried = [requests[at] for at in chosen]
            calls.append(Combined(carried[0] if len(carried) == 1 else join(carried), chosen))
    return sorted(calls, key=lambda call: call.positions)


def joined_request(url: str, requests: Sequence[HttpRequest], body: bytes) -> HttpRequest:
    """
    The request of one call for several: headers of the first, the longest wait, all recipients.

    Args:
        url: The URL of the call that takes several messages.
        requests: One or more, alike in what they may not differ in.
        body: The body of the call, with all messages.
    """
    return HttpRequest(
        method="POST",
        url=url,
        headers=requests[0].headers,
        body=body,
        timeout_seconds=max(request.timeout_seconds for request in requests),
        max_response_bytes=max(request.max_response_bytes for request in requests),
        recipients=tuple(address for request in requests for address in request.recipients),
    )
