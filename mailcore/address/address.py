"""
Email addresses: one value, one parser, one encoder for their domains, and their redaction.

The parser accepts what people write (``Ada <ada@example.com>``, lists with commas, Unicode) and
says what is wrong with the rest. The grammar is in :mod:`mailcore.address.syntax`.
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mailcore.address.domain import address_key, encode_domain
from mailcore.address.encoded_words import encode_words, looks_encoded
from mailcore.address.reading import (
    LONGEST_PIECE,
    LONGEST_SOURCE,
    Located,
    read_item,
    report,
    source_text,
)
from mailcore.address.syntax import (
    ATEXT,
    MAX_ADDR_SPEC_OCTETS,
    Mailbox,
    addr_spec_fault,
    display_name_fault,
    read_one,
)
from mailcore.errors import InvalidAddress, Problem, raise_problems
from mailcore.foundation.redaction import redact, shown_name, shown_text
from mailcore.foundation.text_values import is_text, plain_text


__all__ = [
    "Address",
    "AddressInput",
    "address_key",
    "collect_addresses",
    "parse_address_list",
    "parse_addresses",
    "redact",
]

_UNQUOTED_NAME = re.compile(rf"{ATEXT}+(?: {ATEXT}+)*")
_TO_ESCAPE = re.compile(r'(["\\])')

_set = object.__setattr__


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Address:
    """
    An email address with its display name, valid by construction.

    Args:
        addr_spec: ``user@example.com``, kept as given: Unicode is not encoded, a quoted local part
            keeps its quotes. At most 254 characters, 64 octets before the @.
        display_name: The name in front of it, decoded and without quotes. None counts as empty.

    Raises:
        InvalidAddress: The address is not one (RFC 5321, RFC 5322, RFC 6532), or it or the name
            holds control, format or other invisible characters. Names may hold the joiners that
            Persian, Indic scripts and emoji are spelled with.
        InvalidAddressType: An argument is not a str.

    Example:
        >>> ada = Address("ada@example.com", "Lovelace, Ada")
        >>> str(ada)
        '"Lovelace, Ada" <ada@example.com>'
        >>> ada
        Address('a***@example.com')
    """

    addr_spec: str
    display_name: str = ""

    def __init__(self, addr_spec: str, display_name: str | None = "") -> None:
        problems: list[Problem] = []
        mailbox = _check(addr_spec, display_name, problems)
        if mailbox is None:
            raise_problems(problems, InvalidAddress)
        _set(self, "addr_spec", mailbox.addr_spec)
        _set(self, "display_name", mailbox.display_name)

    @classmethod
    def parse(cls, value: AddressInput, *, field: str = "address") -> Address:
        """
        Read exactly one address.

        Args:
            value: Text such as ``"Ada <ada@example.com>"``, a pair (display name, addr-spec) as in
                :func:`email.utils.formataddr`, or an Address.
            field: What to call it in an error.

        Raises:
            InvalidAddress: It is not an address, or there are several.
            InvalidAddressType: It is of none of these types.
        """
        if isinstance(value, Address):
            return value
        if isinstance(value, str):
            mailbox = read_one(plain_text(value))
            if mailbox is not None:
                return _trusted(mailbox)
        problems: list[Problem] = []
        found = _collect((value,), field, problems)
        if not problems and len(found) != 1:
            reason = (
                f"found {len(found)} email addresses in `{field}` parsed from "
                f"'{shown_text(source_text(value), LONGEST_SOURCE)}': only one may stand there"
            )
            problems.append(Problem(field, reason, is_address=True))
        if problems:
            raise_problems(problems, InvalidAddress)
        return found[0]

    @property
    def username(self) -> str:
        """What stands before the @, with its quotes if it is quoted."""
        return self.addr_spec.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """What stands after the @, as given."""
        return self.addr_spec.rpartition("@")[2]

    @property
    def uses_eai(self) -> bool:
        """Whether the local part is not ASCII, so that only SMTPUTF8 (RFC 6531) can carry it."""
        return not self.addr_spec.isascii() and not self.username.isascii()

    @property
    def ascii_domain(self) -> str:
        """
        The domain as DNS and SMTP want it: IDNA 2008 with UTS #46, not transitional.

        ASCII labels stay as they are, underscores and capitals included.

        Raises:
            InvalidAddress: IDNA 2008 does not allow the domain.
        """
        if self.addr_spec.isascii():
            return self.domain
        encoded, reason = encode_domain(self.domain)
        if reason:
            text = f"Invalid domain '{self.domain}': {reason}"
            raise InvalidAddress([Problem("domain", text, is_address=True)])
        return encoded

    @property
    def ascii_addr_spec(self) -> str:
        """
        The addr-spec with its domain encoded, for every protocol without SMTPUTF8.

        Raises:
            InvalidAddress: The domain cannot be encoded, or the local part is not ASCII: for that
                there is no encoding.
        """
        if self.addr_spec.isascii():
            return self.addr_spec
        if self.uses_eai:
            reason = (
                f"'{redact(self.addr_spec)}' is not ASCII before the @ and needs SMTPUTF8 (EAI)"
            )
            raise InvalidAddress([Problem("addr_spec", reason, feature="eai", is_address=True)])
        encoded = f"{self.username}@{self.ascii_domain}"
        if len(encoded) > MAX_ADDR_SPEC_OCTETS:
            reason = f"'{redact(encoded)}' is longer than {MAX_ADDR_SPEC_OCTETS} octets"
            raise InvalidAddress([Problem("addr_spec", reason, is_address=True)])
        return encoded

    @property
    def smtputf8_addr_spec(self) -> str:
        """
        The addr-spec as SMTPUTF8 (RFC 6531) takes it: any local part, the domain encoded.

        Raises:
            InvalidAddress: The domain cannot be encoded.
        """
        return f"{self.username}@{self.ascii_domain}" if self.uses_eai else self.ascii_addr_spec

    @property
    def key(self) -> str:
        """The addr-spec for comparing: lower-case, with its domain encoded if that is possible."""
        return address_key(self.addr_spec)

    def format(self) -> str:
        """The address as people read it: ``Name <user@example.com>``, quoted where needed."""
        if not self.display_name:
            return self.addr_spec
        return f"{_quoted(self.display_name)} <{self.addr_spec}>"

    def format_ascii(self) -> str:
        """
        The address as a header wants it: ASCII, on one line, with the domain encoded.

        A name that is not ASCII becomes RFC 2047 encoded-words of at most 75 characters. So does
        one that looks like an encoded-word itself, which readers would decode to another name.

        Raises:
            InvalidAddress: As for :attr:`ascii_addr_spec`.
        """
        return self._behind_name(self.ascii_addr_spec)

    def format_smtputf8(self) -> str:
        """
        The address as a header of RFC 6532 wants it: as `format_ascii`, but for the local part.

        Raises:
            InvalidAddress: As for :attr:`smtputf8_addr_spec`.
        """
        return self._behind_name(self.smtputf8_addr_spec)

    def _behind_name(self, addr_spec: str) -> str:
        name = self.display_name
        if not name:
            return addr_spec
        if name.isascii() and not looks_encoded(name):
            return f"{_quoted(name)} <{addr_spec}>"
        return f"{' '.join(encode_words(name))} <{addr_spec}>"

    def __str__(self) -> str:
        return self.format()

    def __repr__(self) -> str:
        return f"Address('{redact(self.addr_spec)}')"

    def to_dict(self) -> dict[str, str]:
        """Plain JSON, without the key ``display_name`` if it is empty."""
        if not self.display_name:
            return {"addr_spec": self.addr_spec}
        return {"addr_spec": self.addr_spec, "display_name": self.display_name}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Address:
        """
        Read what :meth:`to_dict` wrote.

        Raises:
            InvalidAddress: As for the constructor, or a key is missing or unknown.
            InvalidAddressType: A value is not a str, or *data* not a mapping.
        """
        problems: list[Problem] = []
        if not isinstance(data, Mapping):
            reason = f"an address must be a mapping, not {type(data).__name__}"
            problems.append(Problem("address", reason, kind="type", is_address=True))
            raise_problems(problems, InvalidAddress)
        unknown = [key for key in data if key not in ("addr_spec", "display_name")]
        if unknown:
            reason = f"an address has no key {shown_name(unknown[0])}"
            problems.append(Problem("address", reason, is_address=True))
        if "addr_spec" not in data:
            problems.append(Problem("address", "the key 'addr_spec' is missing", is_address=True))
            raise_problems(problems, InvalidAddress)
        mailbox = _check(data["addr_spec"], data.get("display_name", ""), problems)
        if mailbox is None or problems:
            raise_problems(problems, InvalidAddress)
        return _trusted(mailbox)


AddressInput: TypeAlias = str | tuple[str, str] | Address
"""What is accepted as an address; the pair is (display name, addr-spec)."""


def parse_addresses(values: Iterable[AddressInput] | None, *, field: str) -> tuple[Address, ...]:
    """
    Read a list of addresses.

    Args:
        values: Addresses as :meth:`Address.parse` takes them; a text may hold several, separated
            by commas. Items are read one by one, never joined. None stands for no addresses; as
            an item it is an error, because whoever was meant must not be forgotten.
        field: What to call it in an error.

    Raises:
        InvalidAddress: Some are not addresses; ``problems`` has each.
        InvalidMessageType: *values* is a str or no iterable.
        InvalidAddressType: An item is None or of another type.
    """
    problems: list[Problem] = []
    found = collect_addresses(values, field, problems)
    if problems:
        raise_problems(problems, InvalidAddress)
    return found


def parse_address_list(text: str, *, field: str) -> tuple[Address, ...]:
    """
    Read the value of an address header: one or more addresses with commas between them.

    Raises:
        InvalidAddress: Some are not addresses, or there is none; ``problems`` has each.
        InvalidMessageType: *text* is not a str.
    """
    problems: list[Problem] = []
    found: tuple[Address, ...] = ()
    if is_text(text):
        found = _collect((text,), field, problems)
    else:
        reason = f"`{field}` must be str, not {type(text).__name__}"
        problems.append(Problem(field, reason, kind="type"))
    if problems:
        raise_problems(problems, InvalidAddress)
    return found


def collect_addresses(
    values: Iterable[AddressInput] | None, field: str, problems: list[Problem]
) -> tuple[Address, ...]:
    """As :func:`parse_addresses`, but adds what is wrong to *problems* and returns the others."""
    if values is None:
        return ()
    if type(values) is list:
        # A list of texts that are plain addresses, which most callers give, takes half the time so
        # (benchmarks/build.py). Everything else is read by the code below.
        usual = [usual_address(value) for value in values]
        if None not in usual:
            return tuple(usual)  # type: ignore[arg-type]  # none of them is None
    given: object = values
    if is_text(given) or isinstance(given, bytes) or not isinstance(given, Iterable):
        reason = (
            f"`{field}` must be a list or other iterable of addresses, not {type(given).__name__}"
        )
        problems.append(Problem(field, reason, f"write {field}=[...]", kind="type"))
        return ()
    items = tuple(given)
    if any(item is None for item in items):
        problems.extend(_forgotten(items, field))
        items = tuple(item for item in items if item is not None)
    return _collect(items, field, problems)


def usual_address(value: object) -> Address | None:
    """The address in a str that has one and nothing else; None for all that takes more reading."""
    mailbox = read_one(value) if type(value) is str else None
    return None if mailbox is None else _trusted(mailbox)


def _forgotten(items: tuple[object, ...], field: str) -> Iterator[Problem]:
    for position, item in enumerate(items):
        if item is None:
            reason = f"`{field}[{position}]` is None, not an email address"
            hint = "give the address, or leave the item out"
            yield Problem(field, reason, hint, kind="type", is_address=True)


def _trusted(mailbox: Mailbox) -> Address:
    """An Address from what the parser has checked already."""
    address = Address.__new__(Address)
    _set(address, "addr_spec", mailbox.addr_spec)
    _set(address, "display_name", mailbox.display_name)
    return address


def _check(addr_spec: object, display_name: object, problems: list[Problem]) -> Mailbox | None:
    """Check the parts of an address that are not to be parsed."""
    name = "" if display_name is None else display_name
    if is_text(addr_spec) and is_text(name):
        addr_spec, name = plain_text(addr_spec), plain_text(name)
        reason = addr_spec_fault(addr_spec) or display_name_fault(name)
        if not reason:
            return Mailbox(addr_spec, name)
        hint = "use Address.parse() for a text with a name" if "<" in addr_spec else ""
        text = f"Invalid email address '{shown_text(addr_spec, LONGEST_PIECE)}': {reason}"
        problems.append(Problem("addr_spec", text, hint, is_address=True))
    for part, value in (("addr_spec", addr_spec), ("display_name", name)):
        if not is_text(value):
            reason = f"`{part}` must be str, not {type(value).__name__}"
            problems.append(Problem(part, reason, kind="type", is_address=True))
    return None


def _collect(
    values: tuple[object, ...], field: str, problems: list[Problem]
) -> tuple[Address, ...]:
    found: list[Address] = []
    faults: list[Located] = []
    for value in values:
        if isinstance(value, Address):
            found.append(value)
        elif isinstance(value, str) and (mailbox := read_one(plain_text(value))) is not None:
            found.append(_trusted(mailbox))
        else:
            found += map(_trusted, read_item(value, field, faults, problems))
    if faults:
        report(values, field, faults, problems)
    return tuple(found)


def _quoted(name: str) -> str:
    if _UNQUOTED_NAME.fullmatch(name) and "=?" not in name:
        return name
    return '"' + _TO_ESCAPE.sub(r"\\\1", name) + '"'
