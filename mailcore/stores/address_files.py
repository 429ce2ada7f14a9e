"""Files of addresses that are not to be written to: one on each line, or CSV with a heading."""

from __future__ import annotations

import csv
import io

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from mailcore.errors import ConfigurationError, MailcoreError
from mailcore.stores.suppressions import SuppressionEntry


_ADDRESS_COLUMNS = ("address", "email", "email_address")
_COLUMNS = ("reason", "scope", "source", "detail", "updated_at")


@dataclass(frozen=True, kw_only=True)
class UnreadableLine:
    """
    A line that is no entry.

    Args:
        line: The number of the line in the file, from 1 on.
        reason: What is wrong with it, without addresses.
    """

    line: int
    reason: str


def read_entries(
    text: str, *, reason: str, scope: str = "", source: str = ""
) -> Iterator[SuppressionEntry | UnreadableLine]:
    """
    Read a file, line by line: one that is wrong does not keep the others from being read.

    Args:
        text: Addresses, one on each line; or CSV whose first line names columns: ``address`` (or
            ``email``, ``email_address``), and any of ``reason``, ``scope``, ``source``, ``detail``
            and ``updated_at`` (ISO 8601, UTC if it has no zone). Empty lines are left out.
        reason: Why an address is on the list, where the file does not say.
        scope: What it blocks, where the file does not say.
        source: Where the entries come from, where the file does not say.

    Raises:
        ConfigurationError: If a heading names a column that does not exist, or one twice.
    """
    usual = {"reason": reason, "scope": scope, "source": source}
    rows = csv.reader(io.StringIO(text, newline=""))
    columns: list[str] | None = None
    is_first = True
    while True:
        try:
            cells = [cell.strip() for cell in next(rows)]
        except StopIteration:
            return
        except csv.Error as error:
            yield UnreadableLine(line=rows.line_num, reason=str(error))
            continue
        if not any(cells):
            continue
        if is_first:
            is_first = False
            columns = _heading(cells)
            if columns is not None:
                continue
        yield _entry(cells, columns or ["address"], usual, rows.line_num)


def _heading(cells: list[str]) -> list[str] | None:
    """The names of the columns; None if the line is an address."""
    names = [cell.lower() for cell in cells]
    if not set(names) & set(_ADDRESS_COLUMNS):
        return None
    names = ["address" if name in _ADDRESS_COLUMNS else name for name in names]
    unknown = [name for name in names if name not in ("address", *_COLUMNS)]
    if unknown or len(set(names)) < len(names):
        raise ConfigurationError(
            "the first line names columns, each once, of: "
            f"{', '.join((*_ADDRESS_COLUMNS, *_COLUMNS))}"
        )
    return names


def _entry(
    cells: list[str], columns: list[str], usual: Mapping[str, str], line: int
) -> SuppressionEntry | UnreadableLine:
    if len(cells) > len(columns):
        told = f"it has {len(cells)} fields, not {len(columns)}"
        return UnreadableLine(line=line, reason=told)
    given = {**usual, **{name: cell for name, cell in zip(columns, cells) if cell}}  # noqa: B905  # cells at the end may be left out
    try:
        return SuppressionEntry(
            email_address=given.get("address", ""),
            reason=given["reason"],
            scope=given["scope"],
            source=given["source"],
            detail=given.get("detail", ""),
            updated_at=_time(given.get("updated_at", "")),
        )
    except MailcoreError as error:
        return UnreadableLine(line=line, reason=" ".join(str(error).split()))


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        # Python 3.10 does not take the Z.
        time = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError:
        raise ConfigurationError("updated_at is no time in ISO 8601") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)
