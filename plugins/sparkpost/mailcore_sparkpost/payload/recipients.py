"""
``recipients`` of a transmission: an entry for each mail, whoever sees it how.

There is no cc and no bcc: each person is an entry, ``email`` is who gets the mail, ``header_to``
what its To line says, and the Cc line is a header
(https://github.com/SparkPost/support-docs, content/docs/faq/cc-bcc-with-rest-api.md, read
2026-11-30).
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mailcore.address import Address
from mailcore.message import Deliveries, Message
from mailcore.sending import Entry
from mailcore_sparkpost.payload.content import (
    Payload,
    header_text,
    mailbox,
    mailboxes,
    plain,
)
from mailcore_sparkpost.payload.plan import TO, Plan
from mailcore_sparkpost.payload.variables import shadowed


# SparkPost quotes names itself, and does not say how it treats these.
_UNSAFE_NAME = re.compile(r'["\\]')


def of_message(message: Message, plan: Plan, deliveries: Deliveries) -> list[Payload]:
    """The entries of a message that is one mail, with all recipients in one To line."""
    to, cc, bcc = deliveries
    if len(to) == 1 and not cc and not bcc and not plan.is_mime and TO not in message.headers:
        return [{"address": _address(to[0])}]
    # A whole mail has its own To line.
    header_to = "" if plan.is_mime else _spoofed(message) or mailboxes(to)
    return [{"address": _shown(address, header_to)} for address in (*to, *cc, *bcc)]


def of_batch(
    message: Message, plan: Plan, entries: Iterable[Entry], own: Mapping[str, str]
) -> Iterator[list[Payload]]:
    """
    The entries of each mail of a batch: its recipient, and who gets copies.

    Args:
        message: The batch that is sent.
        plan: How it goes.
        entries: Recipients with the same names of headers.
        own: The names of the headers that each mail has a value of its own for, with the variables
            that bring these values.
    """
    copies = (*message.deliveries.cc, *message.deliveries.bcc)
    spoofed = _spoofed(message)
    always = shadowed(message) if plan.filled_in else {}
    for entry in entries:
        rest = _rest(entry, plan, own, always)
        to = entry.headers.get("To", spoofed)
        if not copies:
            shown = _shown(entry.address, to) if to else _address(entry.address)
            yield [{"address": shown, **rest}]
            continue
        to = to or mailbox(entry.address)
        yield [{"address": _shown(each, to), **rest} for each in (entry.address, *copies)]


def _rest(entry: Entry, plan: Plan, own: Mapping[str, str], always: Mapping[str, Any]) -> Payload:
    rest: Payload = {}
    if entry.metadata:
        rest["metadata"] = plain(entry.metadata)
    values: Payload = {**plain(always), **plain(entry.data)} if plan.filled_in else {}
    for name, variable in own.items():
        values[variable] = header_text(name, entry.headers[name])
    if values:
        rest["substitution_data"] = values
    return rest


def _spoofed(message: Message) -> str:
    return header_text("To", message.headers.get("To", ""))


def _shown(address: Address, header_to: str) -> dict[str, str]:
    # A name beside `header_to` would stand before it: https://github.com/Stampie/Stampie/issues/83
    # (read 2026-11-30).
    entry = {"email": address.smtputf8_addr_spec}
    return {**entry, "header_to": header_to} if header_to else entry


def _address(address: Address) -> dict[str, str]:
    """An address that stands alone in To: templates have the name as ``address.name``."""
    if _UNSAFE_NAME.search(address.display_name):
        return _shown(address, mailbox(address))
    entry = {"email": address.smtputf8_addr_spec}
    return {**entry, "name": address.display_name} if address.display_name else entry
