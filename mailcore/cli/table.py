"""Plain tables for terminals and files, aligned by what characters take in columns."""

from __future__ import annotations

import unicodedata

from collections.abc import Sequence


_GAP = "  "
_NARROWEST = 6


def display_width(text: str) -> int:
    """
    Columns that a text takes (Unicode Standard Annex #11).

    Example:
        >>> display_width("Grüße"), display_width("日本"), display_width("e\u0301")
        (5, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most *width* columns: between words, else within."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if display_width(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        rest = word
        while display_width(rest) > width:
            lines[-1] = _fitting(rest, width)
            rest = rest[len(lines[-1]) :]
            lines.append("")
        lines[-1] = rest
    return lines


def _fitting(text: str, width: int) -> str:
    used = 0
    for position, char in enumerate(text):
        used += _char_width(char)
        if used > width and position:
            return text[:position]
    return text


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None = None
) -> str:
    """
    Lay out a table.

    Args:
        headings: The heading of each column.
        rows: The cells of each row, each one line.
        width: Columns to fit into by wrapping cells; None leaves every cell on its line. A table
            of many columns may be wider than asked for.

    Returns:
        Lines without trailing spaces.
    """
    columns = list(zip(headings, *rows, strict=True))
    widths = [max(map(display_width, column)) for column in columns]
    if width is not None:
        widths = _shrunk(widths, width)
    lines = _laid_out(headings, widths)
    lines.append(_GAP.join("-" * each for each in widths))
    for row in rows:
        lines += _laid_out(row, widths)
    return "\n".join(lines)


def parts_side_by_side(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None = None
) -> str:
    """
    Lay out a table whose columns are compared, in parts if it is too wide.

    Args:
        headings: The heading of each column; the first one names the rows, and stands in each part.
        rows: The cells of each row, each one line.
        width: Columns that each part fits into, if one column beside the first does; None leaves
            the table whole.

    Returns:
        Lines without trailing spaces, an empty one between two parts.
    """
    if width is None:
        return table(headings, rows)
    widths = [max(map(display_width, column)) for column in zip(headings, *rows, strict=True)]
    parts: list[list[int]] = []
    used = width
    for column in range(1, len(headings)):
        used += len(_GAP) + widths[column]
        if used > width:
            parts.append([])
            used = widths[0] + len(_GAP) + widths[column]
        parts[-1].append(column)
    return "\n\n".join(
        table(*_chosen(headings, rows, [0, *part]), width=width) for part in parts or [[]]
    )


def _chosen(
    headings: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int]
) -> tuple[list[str], list[list[str]]]:
    return [headings[i] for i in columns], [[row[i] for i in columns] for row in rows]


def _shrunk(widths: Sequence[int], width: int) -> list[int]:
    shrunk = [min(each, width) for each in widths]
    while sum(shrunk) + len(_GAP) * (len(shrunk) - 1) > width and max(shrunk) > _NARROWEST:
        shrunk[shrunk.index(max(shrunk))] -= 1
    return shrunk


def _laid_out(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [wrap(cell, each) for cell, each in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped))
    return [
        _GAP.join(
            _padded(lines[i] if i < len(lines) else "", each)
            for lines, each in zip(wrapped, widths, strict=True)
        ).rstrip()
        for i in range(height)
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))
