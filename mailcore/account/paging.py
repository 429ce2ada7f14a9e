"""Lists that a provider gives page by page, fetched as they are wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mailcore.flow import Flow, Transport, arun, run


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """
    Some items of a list.

    Args:
        items: The entries of this page, in the order of the provider.
        next_token: What asks for the next page; empty for the last one.
    """

    items: tuple[T, ...] = field(repr=False)
    next_token: str = field(default="", repr=False)


def iterate(pages: Callable[[str], Flow[Page[T]]], transport: Transport) -> Iterator[T]:
    """
    Items of all pages; the next page is fetched when its first item is wanted.

    Args:
        pages: The flow that asks for a page, by its token; empty for the first.
        transport: The transport that makes the calls, one for each page.

    Raises:
        SendError: When a page is fetched: if the provider does not answer, or refuses to.
    """
    token, more = "", True
    while more:
        page = run(pages(token), transport)
        yield from page.items
        token = page.next_token
        more = bool(token)


async def aiterate(pages: Callable[[str], Flow[Page[T]]], transport: Transport) -> AsyncIterator[T]:
    """As :func:`iterate`, in an event loop."""
    token, more = "", True
    while more:
        page = await arun(pages(token), transport)
        for item in page.items:
            yield item
        token = page.next_token
        more = bool(token)
