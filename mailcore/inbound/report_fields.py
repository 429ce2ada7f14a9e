"""
The fields of reports that come as mail (RFC 3464, 5965), sorted by what they tell about.

Groups of fields end at blank lines, but not in all reports: some have none, some have one behind
each line, some put foreign groups first. So each field is known by its name, and a new recipient
begins where the address of one does.
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from datetime import datetime

from mailcore.inbound.addresses import read_addresses
from mailcore.inbound.comments import without_comments
from mailcore.inbound.date import parse_date
from mailcore.inbound.part import InboundPart
from mailcore.inbound.words import header_text


__all__ = ["ReportFields", "bare_address", "feedback_fields", "fields_by_recipient"]

_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t]+[^\s][^\n]*){0,1000})", re.MULTILINE)
_GROUP_END = re.compile(rb"\n[ \t]*\n")

_ADDRESSES = ("original-recipient", "final-recipient")
_OF_RECIPIENT = {
    *_ADDRESSES,
    *("action", "status", "remote-mta", "diagnostic-code", "last-attempt-date"),
    *("final-log-id", "will-retry-until"),
}
# RFC 6533, section 3.
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_NOT_OF_MAIL = ("x400", "x500")

# Reports are small; what is longer is something else.
_MAX_REPORT_BYTES = 1024 * 1024
_MAX_RECIPIENTS = 10_000


class ReportFields:
    """Fields that tell about one thing; of two with one name, the first."""

    def __init__(self) -> None:
        self._raw: dict[str, bytes] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def add(self, name: str, value: bytes) -> None:
        """Keep it, unless there is one."""
        self._raw.setdefault(name, value)

    def take(self, others: ReportFields) -> None:
        """Keep what others have and these do not."""
        for name, value in others._raw.items():
            self.add(name, value)

    @property
    def is_empty(self) -> bool:
        """Whether there is none."""
        return not self._raw

    @property
    def is_past_addresses(self) -> bool:
        """Whether what came last tells about a recipient that has an address already."""
        last = next(reversed(self._raw), "")
        return last not in _ADDRESSES and any(name in self._raw for name in _ADDRESSES)

    def text(self, name: str) -> str | None:
        """The decoded value, comments included; None if there is none."""
        raw = self._raw.get(name)
        return None if raw is None else header_text(raw)[0]

    def typed(self, name: str) -> str | None:
        """The value of ``type; value`` (RFC 3464, section 2.1.2); all of it without a type."""
        return self._typed(name)[1]

    def name(self, name: str) -> str | None:
        """The value of ``type; value`` without comments."""
        value = self.typed(name)
        return None if value is None else without_comments(value).strip() or None

    def address(self, name: str) -> str | None:
        """The address in ``type; address``, without what stands around it."""
        kind, value = self._typed(name)
        if value is None or kind in _NOT_OF_MAIL:
            return value
        return bare_address(value)

    def date(self, name: str) -> datetime | None:
        """A date; None if there is none."""
        raw = self._raw.get(name)
        return None if raw is None else parse_date(raw)

    def _typed(self, name: str) -> tuple[str, str | None]:
        value = self.text(name)
        if value is None:
            return "", None
        kind, semicolon, rest = value.partition(";")
        kind = without_comments(kind).strip().lower()
        if semicolon and kind and " " not in kind and "@" not in kind:
            return kind, rest.strip() or None
        return "", value.strip() or None


def bare_address(text: str) -> str | None:
    """An address as reports have it: in brackets, with comments, escaped (RFC 6533, 3461)."""
    text = _EMBEDDED.sub(_character, text)
    if "@" not in text and "+40" in text:
        text = _XTEXT.sub(lambda match: chr(int(match[1], 16)), text)
    found = (address.addr_spec for address in read_addresses(text, "").addresses)
    first = next((addr_spec for addr_spec in found if "@" in addr_spec), None)
    return first or without_comments(text).strip(" <>\t") or None


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    is_character = number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return chr(number) if is_character else match.group()


def fields_by_recipient(part: InboundPart) -> tuple[ReportFields, list[ReportFields]]:
    """What a delivery report tells about the message, and about each of its recipients."""
    message, defaults = ReportFields(), ReportFields()
    recipients: list[ReportFields] = []
    for group in _groups(part):
        for name, value in _with_addresses_first(group):
            if name not in _OF_RECIPIENT:
                message.add(name, value)
                continue
            current = recipients[-1] if recipients else None
            if name not in _ADDRESSES:
                (current or defaults).add(name, value)
                continue
            if current is None or name in current or current.is_past_addresses:
                if len(recipients) == _MAX_RECIPIENTS:
                    return message, recipients
                current = ReportFields()
                recipients.append(current)
            current.add(name, value)
    if not recipients and not defaults.is_empty:
        return message, [defaults]
    for recipient in recipients:
        recipient.take(defaults)
    return message, recipients


def feedback_fields(part: InboundPart) -> tuple[ReportFields, dict[str, list[str]]]:
    """The fields of a complaint, and all values of those that may be repeated."""
    fields = ReportFields()
    repeated: dict[str, list[str]] = {}
    for group in _groups(part):
        for name, value in group:
            fields.add(name, value)
            repeated.setdefault(name, []).append(header_text(value)[0])
    return fields, repeated


def _groups(part: InboundPart) -> Iterator[list[tuple[str, bytes]]]:
    data = part.content[:_MAX_REPORT_BYTES]
    if part.charset not in (None, "utf-8", "us-ascii"):
        data = part.text().encode("utf-8")[:_MAX_REPORT_BYTES]
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for group in _GROUP_END.split(data.strip()):
        yield [(match[1].decode("ascii").lower(), match[2]) for match in _FIELD.finditer(group)]


def _with_addresses_first(group: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """A group of one recipient, whose address need not be its first field."""
    names = [name for name, _ in group]
    if any(names.count(name) > 1 for name in _ADDRESSES):
        return group
    return sorted(group, key=lambda field: field[0] not in _ADDRESSES)
