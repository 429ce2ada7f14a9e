"""Suppressions from a provider's account into your own list, and the other way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, TypeVar

from mailcore.account.suppressions import BOUNCE, SuppressedAddress
from mailcore.errors import InvalidAddress
from mailcore.stores.scopes import ALL_MAIL
from mailcore.stores.suppressions import (
    REASONS,
    SuppressionEntry,
    SuppressionStore,
    asked_reasons,
)


T = TypeVar("T")

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Transferred:
    """
    What became of a transfer.

    Args:
        done: How many entries were taken over.
        skipped: How many entries were not, by the reason for which they were on the list.
        refused: What was said about each address that was refused, by the address.
    """

    done: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict, repr=False)


class _TakesSuppressions(Protocol):
    def put_all_suppressed(
        self, email_addresses: Iterable[str], reason: str
    ) -> Mapping[str, str]: ...


def import_suppressions(
    store: SuppressionStore,
    suppressed: Iterable[SuppressedAddress],
    *,
    source: str,
    scope: str = "",
    reasons: Mapping[str, str] | None = None,
) -> Transferred:
    """
    Take a provider's list over into your own: ``provider.account.suppressed()``.

    It may be repeated: what is there already stays, with the time that the provider says.

    Args:
        store: Where the entries are kept.
        suppressed: The provider's entries; taken as they are needed, 500 at a time.
        source: What their source is to be: the provider's name.
        scope: What they block, instead of what follows from each reason: all mail, or all lists
            where somebody unsubscribed.
        reasons: What reasons of the provider's own are here, such as ``{"INVALID": "BOUNCE"}``; an
            entry with a reason that is neither here nor known is left out, and counted.

    Returns:
        How many were taken over, how many not, and whose address could not be read.

    Raises:
        ConfigurationError: If the source, the scope or a reason is wrong.
        SendError: If the provider cannot be asked for the next page. What came before is kept.
        StoreError: If the store cannot be written.
    """
    named = {**dict(zip(REASONS, REASONS, strict=True)), **(reasons or {})}
    # A scope or source that is wrong is so before the first page is asked for.
    SuppressionEntry(email_address="any@example.com", reason=BOUNCE, scope=scope, source=source)
    asked_reasons(named.values())
    skipped: Counter[str] = Counter()
    refused: dict[str, str] = {}
    done = 0
    for some in _chunks(suppressed):
        entries: list[SuppressionEntry] = []
        for each in some:
            reason = named.get(each.reason)
            if reason is None:
                skipped[each.reason] += 1
                continue
            try:
                entries.append(
                    SuppressionEntry(
                        email_address=each.email_address,
                        reason=reason,
                        updated_at=each.updated_at,
                        detail=each.detail,
                        scope=scope,
                        source=source,
                    )
                )
            except InvalidAddress as error:
                refused[each.email_address] = str(error)
        store.add(entries)
        done += len(entries)
    return Transferred(done=done, skipped=dict(skipped), refused=refused)


def export_suppressions(
    store: SuppressionStore,
    account: _TakesSuppressions,
    *,
    put_reasons: Iterable[str],
    source: str | None = None,
) -> Transferred:
    """
    Put your own entries onto a provider's list: ``provider.account``.

    Only what blocks all mail goes there, since a provider's list blocks all: somebody who left one
    newsletter would get no password reset any more.

    Args:
        store: Where the entries are.
        account: The account of the provider.
        put_reasons: The reasons that the provider's list takes
            (``provider.suppressions().put_reasons``); an entry for another reason is put there with
            the first of them.
        source: Entries of this source are left out: the provider's name, whose own they are.

    Returns:
        How many were put there, how many not, and which addresses the provider refused.

    Raises:
        ConfigurationError: If the provider lets nobody put an address there.
        SendError: If a call fails. Those before it are done; it may all be repeated.
        StoreError: If the store cannot be read.
    """
    taken = tuple(put_reasons)
    skipped: Counter[str] = Counter()
    refused: dict[str, str] = {}
    done = 0
    for some in _chunks(store.entries()):
        by_reason: dict[str, list[str]] = {}
        for entry in some:
            if entry.scope != ALL_MAIL or entry.source == source:
                skipped[entry.reason] += 1
                continue
            reason = entry.reason if entry.reason in taken else next(iter(taken), entry.reason)
            by_reason.setdefault(reason, []).append(entry.email_address)
        for reason, addresses in by_reason.items():
            answer = account.put_all_suppressed(addresses, reason)
            refused.update(answer)
            done += len(addresses) - len(answer)
    return Transferred(done=done, skipped=dict(skipped), refused=refused)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
