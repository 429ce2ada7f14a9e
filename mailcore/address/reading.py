"""
Reading one item of whatever is accepted as addresses, and saying what is wrong with it.

Faults are collected over a whole field: nobody wants to correct forty recipients one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mailcore.address.syntax import (
    Fault,
    Mailbox,
    addr_spec_fault,
    display_name_fault,
    read_one,
    scan,
)
from mailcore.errors import Problem
from mailcore.foundation.redaction import shown_text
from mailcore.foundation.text_values import is_text, plain_text


# How much of the user's text an error shows, in characters.
LONGEST_PIECE = 100
LONGEST_SOURCE = 200
# One hostile text can hold millions of faults.
_MAX_FAULTS_PER_ITEM = 50


class Located(NamedTuple):
    """A fault and the item that has it."""

    source: str
    fault: Fault


def read_item(
    value: object, field: str, faults: list[Located], problems: list[Problem]
) -> Iterator[Mailbox]:
    """Read a text, which may hold several addresses, or a pair (display name, addr-spec)."""
    if is_text(value):
        yield from _read_text(plain_text(value), faults)
    elif isinstance(value, tuple) and len(value) == 2:
        yield from _read_pair(*value, field, faults, problems)
    else:
        reason = (
            f"`{field}` takes str, pairs (display name, address) and Address, "
            f"not {type(value).__name__}"
        )
        problems.append(Problem(field, reason, kind="type", is_address=True))


def _read_text(text: str, faults: list[Located]) -> Iterator[Mailbox]:
    mailbox = read_one(text.strip(" \t"))
    if mailbox is not None:
        yield mailbox
        return
    remaining = _MAX_FAULTS_PER_ITEM
    for read in scan(text):
        if isinstance(read, Mailbox):
            yield read
            continue
        faults.append(Located(text, read))
        remaining -= 1
        if not remaining:
            return


def _read_pair(
    name: object, addr_spec: object, field: str, faults: list[Located], problems: list[Problem]
) -> Iterator[Mailbox]:
    name = "" if name is None else name
    if not is_text(name) or not is_text(addr_spec):
        kinds = f"{type(name).__name__}, {type(addr_spec).__name__}"
        reason = f"`{field}` has a pair ({kinds}), not (display name, address)"
        problems.append(Problem(field, reason, kind="type", is_address=True))
        return
    mailbox = Mailbox(plain_text(addr_spec).strip(" \t"), plain_text(name))
    reason = addr_spec_fault(mailbox.addr_spec) or display_name_fault(mailbox.display_name)
    if not reason:
        yield mailbox
        return
    hint = "a pair is (display name, address)" if "@" in mailbox.display_name else ""
    faults.append(Located(mailbox.addr_spec, Fault(mailbox.addr_spec, reason, hint)))


def report(
    values: Iterable[object], field: str, faults: Iterable[Located], problems: list[Problem]
) -> None:
    """Turn faults into problems whose texts name the field and what was given for it."""
    everything = ", ".join(source_text(value) for value in values)
    shared = shown_text(everything, LONGEST_SOURCE) if len(everything) <= LONGEST_SOURCE else None
    for source, fault in faults:
        piece = shown_text(fault.piece, LONGEST_PIECE)
        given = shown_text(source, LONGEST_SOURCE) if shared is None else shared
        origin = f" parsed from '{given}'" if given != piece else ""
        reason = f"Invalid email address '{piece}' in `{field}`{origin}: {fault.reason}"
        problems.append(Problem(field, reason, fault.hint, is_address=True))


def source_text(value: object) -> str:
    """What was given, without the names of pairs and of addresses that were parsed before."""
    if isinstance(value, tuple) and len(value) == 2:
        return _as_text(value[1])
    return _as_text(getattr(value, "addr_spec", value))


def _as_text(value: object) -> str:
    return plain_text(value) if is_text(value) else str(value)
