"""
To whom a message is delivered: each mailbox once, however often the message names it.

The first of ``to``, ``cc`` and ``bcc`` wins, and within these the first. Mailboxes are compared by
:func:`~mailcore.address.address.address_key`, without regard to case or punycode: RFC 5321, section
2.4, lets a server tell ``Ada@`` from ``ada@``, but also says that hardly any should, and whoever
writes both means one person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mailcore.address.address import Address


class Deliveries(NamedTuple):
    """
    The recipients that a provider is asked to deliver to, each mailbox once.

    What readers see is another matter: a mail that is written here keeps the To and Cc lines of
    the message.
    """

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()

    @property
    def everybody(self) -> tuple[Address, ...]:
        """All recipients, those of to first, then cc and bcc: the envelope."""
        return (*self.to, *self.cc, *self.bcc)


def each_once(
    to: tuple[Address, ...], cc: tuple[Address, ...], bcc: tuple[Address, ...]
) -> Deliveries:
    """The recipients of a message without repetitions."""
    if len(to) == 1 and not cc and not bcc:
        return Deliveries(to)
    seen: set[str] = set()
    return Deliveries(*(tuple(_unseen(addresses, seen)) for addresses in (to, cc, bcc)))


def _unseen(addresses: Iterable[Address], seen: set[str]) -> Iterator[Address]:
    for address in addresses:
        key = address.key
        if key not in seen:
            seen.add(key)
            yield address
