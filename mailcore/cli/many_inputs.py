"""What ``mailcore send-many`` reads: messages in JSON Lines, or rows of CSV for a template."""

from __future__ import annotations

import csv
import html
import json
import re

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from mailcore.cli.composing import message_fields
from mailcore.cli.failures import InputError, UsageError
from mailcore.cli.inputs import NotJson, named, parse_json, read_bytes
from mailcore.cli.record import digest_of
from mailcore.errors import InvalidMessage, Problem


_REFERENCE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_HTML_FIELDS = frozenset({"html"})


@dataclass(frozen=True, kw_only=True)
class Line:
    """
    One message that is to be sent.

    Args:
        number: The number of the line, from 1; of CSV, that of the row's last line.
        digest: What it is recognised by.
        data: The line, or the values of the row.
    """

    number: int
    digest: int
    data: bytes | Sequence[str]


class JsonLines:
    """
    Messages, one on each line.

    Args:
        file: Where they come from.
        path: The name of the file, for texts.
    """

    def __init__(self, file: IO[bytes], path: str) -> None:
        self._file = file
        self._path = path

    def __iter__(self) -> Iterator[Line]:
        for number, line in enumerate(self._file, 1):
            if stripped := line.strip():
                yield Line(number=number, digest=digest_of(stripped), data=stripped)

    def fields_of(self, line: Line) -> dict[str, Any]:
        """
        The fields of a message.

        Raises:
            InvalidMessage: If the line is no JSON object.
        """
        assert isinstance(line.data, bytes)
        return message_fields(line.data, f"line {line.number} of {named(self._path)}")


class CsvRows:
    """
    Rows whose values go into a template.

    Args:
        file: CSV in UTF-8 with a header.
        path: The name of the file, for texts.
        template: The name of a file with a message in JSON; ``{{column}}`` in any of its texts
            stands for the value of that column, escaped in HTML.

    Raises:
        InputError: If the template cannot be read, or the CSV has no header.
        UsageError: If the template refers to a column that is not there.
    """

    def __init__(self, file: IO[bytes], path: str, template: str) -> None:
        self._path = path
        data = read_bytes(template)
        try:
            self._template = parse_json(data)
        except NotJson as error:
            raise InputError(f"{named(template)} is no JSON: {error}") from error
        if not isinstance(self._template, dict):
            raise InputError(f"{named(template)} is no message: give a JSON object")
        self._salt = data
        self._rows = csv.reader(_text_lines(file, path), strict=True)
        self._columns = self._header()
        missing = sorted(set(_references(self._template)) - set(self._columns))
        if missing:
            raise UsageError(
                f"{named(template)} refers to {', '.join(map(repr, missing))}, and {named(path)} "
                f"has the columns {', '.join(map(repr, self._columns))}"
            )

    def _header(self) -> list[str]:
        try:
            columns = [name.strip() for name in next(self._rows)]
        except (StopIteration, csv.Error):
            columns = []
        if not any(columns) or len(set(columns)) < len(columns):
            raise InputError(
                f"{named(self._path)} has no header: its first line is to name each column once"
            )
        return columns

    def __iter__(self) -> Iterator[Line]:
        while True:
            try:
                row = next(self._rows)
            except StopIteration:
                return
            except csv.Error as error:
                raise InputError(
                    f"line {self._rows.line_num} of {named(self._path)} is no CSV: {error}"
                ) from error
            if any(value.strip() for value in row):
                text = json.dumps([self._columns, row], ensure_ascii=False).encode()
                digest = digest_of(self._salt + b"\0" + text)
                yield Line(number=self._rows.line_num, digest=digest, data=row)

    def fields_of(self, line: Line) -> dict[str, Any]:
        """
        The fields of a message.

        Raises:
            InvalidMessage: If the row has another number of values than the header.
        """
        row = line.data
        if len(row) != len(self._columns):
            reason = f"the row has {len(row)} values, and the header {len(self._columns)}"
            raise InvalidMessage([Problem(f"line {line.number} of {named(self._path)}", reason)])
        values = dict(zip(self._columns, map(str, row), strict=True))
        filled: dict[str, Any] = _filled(self._template, values, escapes=False)
        return filled


def _text_lines(file: IO[bytes], path: str) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"line {number} of {named(path)} is not UTF-8") from error


def _references(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from _REFERENCE.findall(value)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _references(name)
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _filled(value: Any, values: Mapping[str, str], *, escapes: bool) -> Any:
    if isinstance(value, str):

        def replaced(match: re.Match[str]) -> str:
            found = values[match[1]]
            return html.escape(found) if escapes else found

        return _REFERENCE.sub(replaced, value)
    if isinstance(value, Mapping):
        return {
            _filled(name, values, escapes=False): _filled(
                each, values, escapes=escapes or name in _HTML_FIELDS
            )
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_filled(each, values, escapes=escapes) for each in value]
    return value
