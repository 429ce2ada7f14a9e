"""Many messages from JSON Lines: each line sent by itself, each outcome a line."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import tempfile

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mailcore.cli import dry_run, exit_codes, output
from mailcore.cli.choosing import Chosen
from mailcore.cli.common import is_quiet
from mailcore.cli.composing import message_fields
from mailcore.cli.failures import describe
from mailcore.cli.inputs import STDIN, named, standard_input, unreadable
from mailcore.cli.sending import open_mailer, send
from mailcore.errors import MailcoreError
from mailcore.mailer import Mailer
from mailcore.message.message import Message


_SPOOL_BYTES = 16 * 1024 * 1024
"""How many bytes of standard input stay in memory; more goes to a file without a name."""


def send_batch(arguments: argparse.Namespace, chosen: Chosen) -> int:
    """
    Send every line of the file; write one line of JSON for each.

    Raises:
        InputError: If the file cannot be read; nothing was sent.
        InvalidMessage: If a line is no JSON object; nothing was sent.
    """
    path: str = arguments.messages
    codes: Counter[int] = Counter()
    with _opened(path) as file, open_mailer(arguments, chosen) as mailer:
        for number, line in _lines(file):
            message_fields(line, f"line {number} of {named(path)}")
        file.seek(0)
        for number, line in _lines(file):
            source = f"line {number} of {named(path)}"
            outcome, code = _outcome(arguments, chosen, mailer, line, source)
            output.write_json_line({"line": number, **outcome})
            codes[code] += 1
            if code != exit_codes.OK and is_quiet(arguments):
                output.note(f"error: {source}: {_failure(outcome)}", always=True)
    done = "checked" if arguments.dry_run else "accepted"
    accepted = codes[exit_codes.OK]
    text = f"{codes.total()} messages: {accepted} {done}"
    if codes[exit_codes.PARTIAL]:
        text += f", {codes[exit_codes.PARTIAL]} in part"
    output.note(f"{text}, {codes.total() - accepted - codes[exit_codes.PARTIAL]} not")
    return exit_codes.of_several(codes)


def _outcome(
    arguments: argparse.Namespace, chosen: Chosen, mailer: Mailer, line: bytes, source: str
) -> tuple[dict[str, object], int]:
    try:
        message = Message.from_dict(message_fields(line, source))
        if arguments.dry_run:
            described = dry_run.described(mailer, chosen, message)
            return {"dry_run": True, **described.to_dict()}, exit_codes.OK
        result = send(mailer, message, stdout_is_json=True)
    except MailcoreError as error:
        return {"error": describe(error)}, exit_codes.of_error(error)
    return {"result": result.to_dict()}, exit_codes.of_result(result)


def _failure(outcome: dict[str, object]) -> object:
    error = outcome.get("error")
    return error["message"] if isinstance(error, dict) else "not all recipients were accepted"


@contextlib.contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    """The file, or a copy of standard input: it is read twice."""
    with contextlib.ExitStack() as stack:
        file: IO[bytes]
        try:
            if path == STDIN:
                file = stack.enter_context(tempfile.SpooledTemporaryFile(_SPOOL_BYTES))
                shutil.copyfileobj(standard_input(), file)
                file.seek(0)
            else:
                file = stack.enter_context(Path(path).open("rb"))
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error
        yield file


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, without those that are empty."""
    return ((number, line) for number, line in enumerate(file, 1) if line.strip())
