"""
Addresses of received mail: whatever stands there, and whether it can be answered.

:class:`mailcore.Address` is valid by construction, and mail is not: ``MAILER-DAEMON``, group
syntax, names with commas and without quotes, two @. Nothing is dropped here that might be an
address; what is wrong becomes a defect.
"""

from __future__ import annotations

import re

from dataclasses import dataclass
from typing import NamedTuple

from mailcore.address import Address
from mailcore.address_syntax import Fault, Mailbox, read_one, scan
from mailcore.domain import address_key
from mailcore.errors import InvalidAddress
from mailcore.inbound_words import clean, decode_words, unfolded
from mailcore.redaction import redact


__all__ = ["AddressField", "InboundAddress", "read_addresses", "read_field"]

_UNQUOTED_NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]+")
_TO_ESCAPE = re.compile(r'(["\\])')
_GROUP = re.compile(r"[^:<>@\"]*:(?P<members>[^;]*);?[\s,]*")
_ANGLE = re.compile(r"<(?P<addr_spec>[^<>]*)>")
_WORD = re.compile(r"[^\s<>,;:()\"]+")
_SPACES = re.compile(r"\s+")

# A header field of half a megabyte can hold more.
_MAX_ADDRESSES = 10_000
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
        """To write to it; None if it is not valid."""
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
        """For comparing: lower-case, with the domain encoded if that is possible."""
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
    if mailbox is not None:
        found = [InboundAddress(mailbox.addr_spec, mailbox.display_name)]
        reasons: list[str] = []
    else:
        reader = _Reader()
        reader.read(text)
        found, reasons = reader.found, reader.reasons
    decoded: list[InboundAddress] = []
    for address in found:
        name = address.display_name
        if "=?" in name or not name.isprintable():
            name, reason = decode_words(name)
            reasons += [reason] if reason else []
            address = InboundAddress(address.addr_spec, clean(name).strip())  # noqa: PLW2901
        decoded.append(address)
    defects = dict.fromkeys(f"{field}: {reason}" for reason in reasons)
    return AddressField(tuple(decoded), tuple(defects)[:_MAX_DEFECTS])


class _Reader:
    def __init__(self) -> None:
        self.found: list[InboundAddress] = []
        self.reasons: list[str] = []
        self.pieces = 0
        # Pieces before a comma that are no addresses: part of a name, perhaps.
        self.pending: list[str] = []

    def read(self, text: str, *, is_within: bool = False) -> None:
        for read in scan(text):
            self.pieces += 1
            if self.pieces > _MAX_ADDRESSES:
                self.reasons.append(f"more than {_MAX_ADDRESSES} addresses, the first of them kept")
                break
            if isinstance(read, Mailbox):
                self.add(read.addr_spec, read.display_name)
            elif read.piece:
                self.recover(read, is_within=is_within)
        if not is_within:
            self.settle()

    def recover(self, fault: Fault, *, is_within: bool) -> None:
        """Make what can be made of a piece that is no address."""
        piece = fault.piece
        if not is_within and self.read_groups(piece):
            return
        self.reasons.append(f"an address is faulty: {fault.reason}")
        if not is_within and ";" in piece:
            for part in piece.split(";"):
                self.read(part, is_within=True)
            return
        if self.read_angles(piece) or not piece.strip("<> \t"):
            return
        bare = _with_at(piece)
        for addr_spec in bare:
            self.add(addr_spec, "")
        if not bare:
            self.pending.append(piece)

    def read_groups(self, piece: str) -> bool:
        """RFC 5322, 3.4: ``undisclosed-recipients:;`` is correct, and nobody."""
        group = _GROUP.match(piece)
        if group is None:
            return False
        while group is not None and group.end() > group.start():
            self.settle()
            self.read(group["members"], is_within=True)
            group = _GROUP.match(piece, group.end())
        return True

    def read_angles(self, piece: str) -> bool:
        done = len(self.found)
        position = 0
        for match in _ANGLE.finditer(piece):
            name = _plain(piece[position : match.start()])
            position = match.end()
            if match["addr_spec"].strip():
                self.add(clean(match["addr_spec"]).strip(), name)
        if len(self.found) == done:
            return False
        for word in _with_at(piece[position:]):
            self.add(word, "")
        return True

    def add(self, addr_spec: str, name: str) -> None:
        if self.pending and name:
            # "Doe, John <john@example.com>": the comma wants quotes.
            name = ", ".join([*map(_plain, self.pending), name])
            self.pending.clear()
        self.settle()
        self.found.append(InboundAddress(addr_spec, name))

    def settle(self) -> None:
        self.found += (InboundAddress(clean(piece).strip()) for piece in self.pending)
        self.pending.clear()


def _with_at(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if "@" in word[1:-1]]


def _plain(name: str) -> str:
    return _SPACES.sub(" ", name.replace("\\", "").replace('"', "")).strip()
