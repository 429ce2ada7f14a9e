"""
URLs of pools: ``failover(acme://… zenith://…)?rest_seconds=60``, read into their parts.

Members stand in parentheses, separated by spaces; each is a URL, the name of a provider, or a pool
again. ``label=`` before a member is what a pool asks of it, such as its weight. What stands behind
the parentheses are options of the pool.

No error repeats any of it: the members' URLs hold secrets.
"""

from __future__ import annotations

import re

from typing import NamedTuple

from mailcore.errors import ConfigurationError


_POOL = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\(")
_LABEL = re.compile(r"([^\s=()?&:/]+)=(?=\S)")


class PoolItem(NamedTuple):
    """
    A member as a URL of a pool has it.

    Attributes:
        label: The text before the ``=`` that stands before the member; empty if there is none.
        member: The URL of the member, its name, or the URL of a pool.
    """

    label: str
    member: str


class PoolUrl(NamedTuple):
    """
    The parts of a URL of a pool.

    Attributes:
        pool: The name of the pool, such as ``failover``.
        items: The members, in order, each with its label.
        query: The options of the pool, as the query of a URL has them.
    """

    pool: str
    items: tuple[PoolItem, ...]
    query: str


def is_pool_url(url: object) -> bool:
    """Whether a text is meant as the URL of a pool: a name, then a parenthesis."""
    return isinstance(url, str) and _POOL.match(url) is not None


def pool_named(url: str) -> str:
    """The name of the pool that a URL is for: call it with what :func:`is_pool_url` takes."""
    found = _POOL.match(url)
    return found[1] if found else ""


def read_pool_url(url: str) -> PoolUrl:
    """
    Take the URL of a pool apart.

    Raises:
        ConfigurationError: If its parentheses do not match, or something stands behind them that
            is no query.
    """
    name = pool_named(url)
    start = url.index("(")
    end = _closing(url, start, name)
    rest = url[end + 1 :].strip()
    if rest and not rest.startswith("?"):
        raise ConfigurationError(
            f"{name}(...): something stands behind the closing parenthesis: options of the pool "
            f"begin with ?, and members are separated by spaces"
        )
    items = tuple(_items(url[start + 1 : end], name))
    return PoolUrl(name, items, rest[1:])


def _closing(url: str, start: int, name: str) -> int:
    depth = 0
    for position in range(start, len(url)):
        depth += {"(": 1, ")": -1}.get(url[position], 0)
        if depth == 0:
            return position
    raise ConfigurationError(
        f"{name}(...): a closing parenthesis is missing; write %28 and %29 for parentheses within "
        f"the URL of a member"
    )


def _items(text: str, name: str) -> list[PoolItem]:
    """The members: separated by spaces that stand in no parentheses."""
    pieces, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character.isspace() and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    return [_item(piece, name) for piece in pieces if piece]


def _item(text: str, name: str) -> PoolItem:
    found = _LABEL.match(text)
    label = found[1] if found else ""
    member = text[found.end() :] if found else text
    if member.startswith(("(", "?", "=")):
        raise ConfigurationError(
            f"{name}(...): what stands in the parentheses are URLs, separated by spaces"
        )
    return PoolItem(label, member)
