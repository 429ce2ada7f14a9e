"""What the command line reads: files, standard input, and values with a name."""

from __future__ import annotations

import argparse
import errno
import json
import sys

from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from mailcore.cli.failures import InputError, UsageError


STDIN = "-"


class NotJson(ValueError):
    """A text is not JSON; the text of this says where."""


def read_bytes(path: str) -> bytes:
    """
    Read a file, or standard input for ``-``.

    Raises:
        InputError: If it cannot be read, naming it.
    """
    try:
        return standard_input().read() if path == STDIN else Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def standard_input() -> BinaryIO:
    """
    Standard input as bytes.

    Raises:
        OSError: If it is closed.
    """
    if sys.stdin is None:
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdin.buffer


def unreadable(path: str, error: Exception) -> InputError:
    """What to raise for a file that cannot be read."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return InputError(f"cannot read {named(path)}: {reason or type(error).__name__}")


def read_text(path: str) -> str:
    """
    Read a file of UTF-8, with or without a byte order mark.

    Raises:
        InputError: If it cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{named(path)} is not UTF-8 (byte {error.start + 1})") from error


def named(path: str) -> str:
    """A file as an error calls it."""
    return "standard input" if path == STDIN else repr(path)


def parse_json(data: bytes) -> Any:
    """
    Read JSON in UTF-8.

    Raises:
        NotJson: Saying where it ends being JSON.
    """
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotJson(f"it is not UTF-8 (byte {error.start + 1})") from error
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise NotJson(f"{error.msg} ({line}column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, nesting of thousands of levels.
        raise NotJson("it is more than JSON readers take") from error


def require_one_stdin(paths: Iterable[str | None]) -> None:
    """
    Refuse to read standard input twice.

    Raises:
        UsageError: If several paths are ``-``.
    """
    if sum(path == STDIN for path in paths) > 1:
        raise UsageError("only one option can read standard input (-)")


def key_value(text: str) -> tuple[str, str]:
    """Read ``KEY=VALUE``; as the type of an argument, it does not repeat what may be a secret."""
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise argparse.ArgumentTypeError("write a key, '=' and a value")
    return key, value


def header(text: str) -> tuple[str, str]:
    """Read ``Name: value``."""
    name, separator, value = text.partition(":")
    if not separator or not name.strip():
        raise argparse.ArgumentTypeError("write 'Name: value'")
    return name.strip(), value.strip()


def unique(pairs: Iterable[tuple[str, str]], option: str) -> dict[str, str]:
    """
    Pairs as a mapping.

    Raises:
        UsageError: If a key is given twice.
    """
    mapping: dict[str, str] = {}
    for key, value in pairs:
        if key in mapping:
            raise UsageError(f"{option} {key!r} is given twice")
        mapping[key] = value
    return mapping
