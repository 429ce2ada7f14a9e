r"""
The suppression list in a Redis server, for many machines.

Redis holds a sorted set whose members are ``address\0scope\0reason``, all with the same score, so
that they are in the order of their octets, and a hash that has the rest of each entry. Both names
have the same hash tag: in a cluster they are on one node
(https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/, read 2026-11-30).
"""

from __future__ import annotations

import json

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mailcore.address.domain import address_key
from mailcore.stores.redis_client import checked_prefix, connected, telling, text_of
from mailcore.stores.suppressions import (
    SuppressionEntry,
    asked_reasons,
    is_asked_for,
    placed,
    restored,
)


if TYPE_CHECKING:
    from redis import Redis

_PAGE = 1000
_AT_ONCE = 500


class RedisSuppressionStore:
    """
    Entries in a Redis server.

    Have Redis write what it holds to disk (``appendonly yes``), and evict nothing
    (``maxmemory-policy noeviction``): what it forgets is written to again.

    Args:
        redis: The URL of the server, or a client of redis-py.
        prefix: What the names of its keys in Redis begin with.

    Raises:
        ConfigurationError: If redis-py is not installed, or an argument is wrong.
    """

    def __init__(self, redis: str | Redis, *, prefix: str = "mailcore:suppressions") -> None:
        self._redis: Any = connected(redis)
        tag = f"{{{checked_prefix(prefix)}}}"
        self._index, self._rest = f"{tag}:index", f"{tag}:entries"

    def find(self, keys: Sequence[str]) -> Sequence[SuppressionEntry]:
        """
        All entries of some addresses.

        Raises:
            StoreError: If the server cannot be asked.
        """
        members: list[bytes | str] = []
        with telling():
            for begin in range(0, len(keys), _AT_ONCE):
                with self._redis.pipeline(transaction=False) as pipeline:
                    for key in keys[begin : begin + _AT_ONCE]:
                        pipeline.zrangebylex(self._index, *_range_of(key))
                    members += [member for found in pipeline.execute() for member in found]
        return self._read(members)

    def add(self, entries: Iterable[SuppressionEntry]) -> None:
        """
        Keep entries, all or none; of the same address, scope and reason, the last one given.

        Raises:
            StoreError: If the server cannot be asked.
        """
        rows = {_member(placed(entry)): _document(entry) for entry in entries}
        if not rows:
            return
        with telling(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.zadd(self._index, dict.fromkeys(rows, 0))
            pipeline.hset(self._rest, mapping=rows)
            pipeline.execute()

    def remove(
        self, email_address: str, *, reasons: Iterable[str] = (), scope: str | None = None
    ) -> int:
        """
        Forget the entries of an address, of any reason and scope unless told; how many.

        Raises:
            StoreError: If the server cannot be asked.
        """
        chosen = asked_reasons(reasons)
        found = self.find([address_key(email_address)])
        gone = [_member(placed(each)) for each in found if is_asked_for(each, "", chosen, scope)]
        if not gone:
            return 0
        with telling(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.zrem(self._index, *gone)
            pipeline.hdel(self._rest, *gone)
            return int(pipeline.execute()[0])

    def entries(
        self, *, containing: str = "", reasons: Iterable[str] = (), scope: str | None = None
    ) -> Iterator[SuppressionEntry]:
        """
        Entries in the order of their addresses, a thousand at a time.

        Raises:
            StoreError: If the server cannot be asked.
        """
        return self._pages(address_key(containing), asked_reasons(reasons), scope)

    def _pages(
        self, part: str, reasons: tuple[str, ...], scope: str | None
    ) -> Iterator[SuppressionEntry]:
        after = b"-"
        while True:
            with telling():
                members = self._redis.zrangebylex(self._index, after, b"+", start=0, num=_PAGE)
            if not members:
                return
            for entry in self._read(members):
                if is_asked_for(entry, part, reasons, scope):
                    yield entry
            after = b"(" + text_of(members[-1]).encode()

    def close(self) -> None:
        """Close the connections; the next use makes new ones."""
        self._redis.close()

    def _read(self, members: Sequence[bytes | str]) -> list[SuppressionEntry]:
        found: list[SuppressionEntry] = []
        for begin in range(0, len(members), _PAGE):
            some = members[begin : begin + _PAGE]
            with telling():
                documents = self._redis.hmget(self._rest, some)
            # One that was removed meanwhile has none.
            found += [
                _entry(member, document)
                for member, document in zip(some, documents, strict=True)
                if document is not None
            ]
        return found


def _range_of(key: str) -> tuple[bytes, bytes]:
    start = key.encode("utf-8", "replace")
    return b"[" + start + b"\0", b"(" + start + b"\x01"


def _member(place: tuple[str, str, str]) -> str:
    return "\0".join(place)


def _document(entry: SuppressionEntry) -> str:
    return json.dumps([entry.since.isoformat(), entry.source, entry.detail])


def _entry(member: bytes | str, document: bytes | str) -> SuppressionEntry:
    address, scope, reason = text_of(member).split("\0")
    since, source, detail = json.loads(document)
    return restored(
        (address, scope, reason),
        since=datetime.fromisoformat(since),
        source=source,
        detail=detail,
    )
