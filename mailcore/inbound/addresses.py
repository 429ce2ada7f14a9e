"""
Addresses of received mail: whatever stands there, and whether it can be answered.

:class:`mailcore.Address` is valid by construction, and mail is not: ``MAILER-DAEMON``, group
syntax, names with commas and without quotes, two @. Nothing is dropped here that might be an
address; what is wrong becomes a defect.
"""

from __future__ import annotations

import re

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mailcore.address.address import Address
from mailcore.address.domain import address_key
from mailcore.address.syntax import read_one
from mailcore.errors import InvalidAddress
from mailcore.foundation.redaction import redact
from mailcore.inbound.address_list import read_list
from mailcore.inbound.words import clean, decode_words, unfolded


__all__ = ["AddressField", "InboundAddress", "read_addresses", "read_field"]

_UNQUOTED_NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]+")
_TO_ESCAPE = re.compile(r'(["\\])')
_MAX_DEFECTS = 10


@dataclass(frozen=True, slots=True)
class InboundAddress:
    """
    An address as a mail has it, which need not be one.

    Attributes:
        addr_spec: ``user@example.com``, without brackets; Punycode domains stay as they are.
        display_name: Decoded; empty if there is none.
    """

    addr_spec: str
    display_name: str = ""

    @property
    def address(self) -> Address | None:
        """The address in a form that can be written to; None if it is not valid."""
        try:
            return Address(self.addr_spec, self.display_name)
        except InvalidAddress:
            pass
        try:
            # The name only may be unfit.
            return Address(self.addr_spec)
        except InvalidAddress:
            return None

    @property
    def username(self) -> str:
        """What stands before the last @; all of it if there is none."""
        return self.addr_spec.rpartition("@")[0] or self.addr_spec

    @property
    def domain(self) -> str:
        """What stands after the last @; empty if there is none."""
        return self.addr_spec.rpartition("@")[2] if "@" in self.addr_spec else ""

    @property
    def key(self) -> str:
        """The address to compare by: in lower case, its domain encoded if that is possible."""
        return address_key(self.addr_spec)

    def __str__(self) -> str:
        name = self.display_name
        if not name:
            return self.addr_spec
        if not _UNQUOTED_NAME.fullmatch(name) or "=?" in name:
            name = '"' + _TO_ESCAPE.sub(r"\\\1", name) + '"'
        return f"{name} <{self.addr_spec}>"

    def __repr__(self) -> str:
        addr_spec = redact(self.addr_spec) if "@" in self.addr_spec else self.addr_spec
        return f"InboundAddress({addr_spec!r})"


class AddressField(NamedTuple):
    """The addresses of a header field, and what is wrong with them, without any in the text."""

    addresses: tuple[InboundAddress, ...]
    defects: tuple[str, ...]


def read_field(values: tuple[bytes, ...], field: str) -> AddressField:
    """Read the raw values of all fields of one name; some programs write one per recipient."""
    read: list[AddressField] = []
    for value in values:
        text, defect = unfolded(value)
        read.append(read_addresses(text, field))
        if defect:
            read.append(AddressField((), (f"{field}: {defect}",)))
    addresses = tuple(address for one in read for address in one.addresses)
    defects = dict.fromkeys(defect for one in read for defect in one.defects)
    return AddressField(addresses, tuple(defects))


def read_addresses(text: str, field: str) -> AddressField:
    """
    Read the unfolded value of an address field.

    Encoded-words are decoded in names, and only after the field has been taken apart: what they
    hold is not syntax (RFC 2047, section 6.2).
    """
    mailbox = read_one(text)
    found: Iterable[tuple[str, str]] = () if mailbox is None else (mailbox,)
    reasons: list[str] = []
    if mailbox is None:
        found, faults = read_list(text)
        reasons += (f"an address is faulty: {fault}" for fault in dict.fromkeys(faults))
    decoded: list[InboundAddress] = []
    for addr_spec, written in found:
        name, reason = decode_words(written) if "=?" in written else (written, "")
        reasons += [reason] if reason else []
        decoded.append(InboundAddress(addr_spec, clean(name).strip()))
    defects = dict.fromkeys(f"{field}: {reason}" for reason in reasons)
    return AddressField(tuple(decoded), tuple(defects)[:_MAX_DEFECTS])
