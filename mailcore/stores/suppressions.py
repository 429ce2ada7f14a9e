"""
Your own list of addresses that are not written to: what an entry is, and what keeps entries.

Unlike :mod:`mailcore.account`, which is a service's list, this one is asked before a send and is
the same whichever service sends.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Protocol

from mailcore.account.suppressions import (
    BOUNCE,
    COMPLAINT,
    MANUAL,
    UNSUBSCRIBE,
    SuppressedAddress,
    known_reasons,
)
from mailcore.address.address import Address
from mailcore.address.domain import address_key
from mailcore.errors import ConfigurationError
from mailcore.foundation.forking import ForkSafeLock
from mailcore.foundation.redaction import redact, shown_size
from mailcore.stores.scopes import ALL_LISTS, ALL_MAIL, checked_scope


REASONS = (BOUNCE, COMPLAINT, UNSUBSCRIBE, MANUAL)
"""Why an address may be on the list."""
LONGEST_SOURCE = 100


@dataclass(frozen=True, kw_only=True, repr=False)
class SuppressionEntry(SuppressedAddress):
    """
    An address that some mail, or all, is not sent to.

    An address may have several entries: one for each scope and reason.

    Args:
        email_address: The address in any spelling; held as its key (lower case, domain in ASCII).
        reason: ``BOUNCE``, ``COMPLAINT``, ``UNSUBSCRIBE`` or ``MANUAL``, in any case.
        updated_at: When it was put on the list, with time zone; now if None. Held in UTC.
        detail: More about it, such as the words of the bounce; may be empty.
        scope: What it blocks: ``ALL_MAIL``, ``ALL_LISTS``, or the name of one list. If empty, all
            mail, but for an ``UNSUBSCRIBE``, which then blocks all lists.
        source: Who put it there: the name of a provider, or whatever you like; up to 100
            characters.

    Raises:
        InvalidAddress: If it is no address.
        ConfigurationError: If the reason, the scope, the source or the time is wrong.
    """

    scope: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        (reason,) = known_reasons([self.reason], REASONS, "the suppression list")
        usual = ALL_LISTS if reason == UNSUBSCRIBE else ALL_MAIL
        time = self.updated_at if self.updated_at is not None else datetime.now(timezone.utc)
        if not _has_zone(time):
            raise ConfigurationError("updated_at must be a datetime with time zone")
        source: object = self.source
        if not _is_plain(source):
            raise ConfigurationError(
                f"source must be a printable text of at most {LONGEST_SOURCE} characters, "
                f"not {shown_size(source)}"
            )
        held = {
            "email_address": Address.parse(self.email_address).key,
            "reason": reason,
            "updated_at": time.astimezone(timezone.utc),
            "scope": checked_scope(self.scope or usual),
        }
        for name, value in held.items():
            object.__setattr__(self, name, value)

    @property
    def since(self) -> datetime:
        """When it was put on the list, in UTC: ``updated_at``, which is never None here."""
        assert self.updated_at is not None
        return self.updated_at

    def __repr__(self) -> str:
        return (
            f"SuppressionEntry({redact(self.email_address)!r}, reason={self.reason!r}, "
            f"scope={self.scope!r}, source={self.source!r})"
        )


class SuppressionStore(Protocol):
    """
    What keeps entries; used by several threads at once.

    Every method raises :class:`~mailcore.errors.StoreError` if the store cannot be used. One that
    answers from the memory of this process has an attribute ``blocks`` that is False: then event
    loops ask it without a thread.
    """

    def find(self, keys: Sequence[str]) -> Sequence[SuppressionEntry]:
        """All entries of some addresses, in any order; `keys` are :attr:`mailcore.Address.key`."""
        ...

    def add(self, entries: Iterable[SuppressionEntry]) -> None:
        """Keep entries, all or none; of the same address, scope and reason, the last one given."""
        ...

    def remove(
        self, email_address: str, *, reasons: Iterable[str] = (), scope: str | None = None
    ) -> int:
        """Forget the entries of an address, of any reason and scope unless told; how many."""
        ...

    def entries(
        self, *, containing: str = "", reasons: Iterable[str] = (), scope: str | None = None
    ) -> Iterator[SuppressionEntry]:
        """Entries in the order of their addresses; those whose address has a text in it."""
        ...


def placed(entry: SuppressionEntry) -> tuple[str, str, str]:
    """What an entry is kept under, and sorted by."""
    return (entry.email_address, entry.scope, entry.reason)


def asked_reasons(reasons: Iterable[str]) -> tuple[str, ...]:
    """
    Reasons that a caller asks for, in upper case.

    Raises:
        ConfigurationError: If something given is not a reason.
    """
    return known_reasons(reasons, REASONS, "the suppression list")


def is_asked_for(
    entry: SuppressionEntry, containing: str, reasons: Sequence[str], scope: str | None
) -> bool:
    """Whether an entry is among those that a caller asks for; `containing` is a key's part."""
    return (
        containing in entry.email_address
        and (not reasons or entry.reason in reasons)
        and (scope is None or entry.scope == scope)
    )


class MemorySuppressionStore:
    """
    Entries in the memory of this process: for tests, and for a list that is read at the start.

    Args:
        entries: What is on the list from the beginning.
    """

    blocks = False

    def __init__(self, entries: Iterable[SuppressionEntry] = ()) -> None:
        self._lock = ForkSafeLock()
        self._by_key: dict[str, dict[tuple[str, str], SuppressionEntry]] = {}
        self.add(entries)

    def find(self, keys: Sequence[str]) -> Sequence[SuppressionEntry]:
        """All entries of some addresses."""
        if not self._by_key:
            return ()
        with self._lock:
            return [
                entry for key in keys if key in self._by_key for entry in self._by_key[key].values()
            ]

    def add(self, entries: Iterable[SuppressionEntry]) -> None:
        """Keep entries; of the same address, scope and reason, the last one given."""
        found = list(entries)
        with self._lock:
            for entry in found:
                own = self._by_key.setdefault(entry.email_address, {})
                own[entry.scope, entry.reason] = entry

    def remove(
        self, email_address: str, *, reasons: Iterable[str] = (), scope: str | None = None
    ) -> int:
        """Forget the entries of an address, of any reason and scope unless told; how many."""
        chosen = asked_reasons(reasons)
        key = address_key(email_address)
        with self._lock:
            own = self._by_key.get(key, {})
            gone = [at for at, entry in own.items() if is_asked_for(entry, "", chosen, scope)]
            for at in gone:
                del own[at]
            if not own:
                self._by_key.pop(key, None)
        return len(gone)

    def entries(
        self, *, containing: str = "", reasons: Iterable[str] = (), scope: str | None = None
    ) -> Iterator[SuppressionEntry]:
        """Entries in the order of their addresses, as they are now."""
        chosen, part = asked_reasons(reasons), address_key(containing)
        with self._lock:
            found = [entry for own in self._by_key.values() for entry in own.values()]
        return iter(
            sorted((each for each in found if is_asked_for(each, part, chosen, scope)), key=placed)
        )

    def __len__(self) -> int:
        return sum(map(len, self._by_key.values()))


def restored(
    place: tuple[str, str, str], *, since: datetime, source: str, detail: str
) -> SuppressionEntry:
    """
    An entry as a store kept it: nothing of it is checked again.

    Args:
        place: What it was kept under: key of the address, scope and reason.
        since: When it was put on the list, in UTC.
        source: Who put it there; may be empty.
        detail: More about it, such as the words of the bounce; may be empty.
    """
    address, scope, reason = place
    entry = object.__new__(SuppressionEntry)
    fields = (address, reason, since, detail, scope, source)
    for field, value in zip(dataclasses.fields(SuppressionEntry), fields, strict=True):
        object.__setattr__(entry, field.name, value)
    return entry


def _is_plain(text: object) -> bool:
    return (
        isinstance(text, str)
        and len(text) <= LONGEST_SOURCE
        and text.isprintable()
        and text == text.strip()
    )


def _has_zone(time: object) -> bool:
    return isinstance(time, datetime) and time.utcoffset() is not None
