"""``mailcore send-many``: many messages at once, and a record with which a later run goes on."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from mailcore.cli import choosing, exit_codes, output
from mailcore.cli.argument_types import positive, positive_number
from mailcore.cli.common import is_quiet
from mailcore.cli.failures import UsageError, describe
from mailcore.cli.inputs import STDIN, named, standard_input, unreadable
from mailcore.cli.many_inputs import CsvRows, JsonLines, Line
from mailcore.cli.progress import progress
from mailcore.cli.record import Record, State
from mailcore.cli.sending import open_mailer
from mailcore.errors import MailcoreError
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.middleware.policy import Policy
from mailcore.middleware.throttle import Throttle
from mailcore.result import SendResult


_OUTCOMES = ".outcomes"
_CSV = ".csv"
_CONCURRENCY = 10


def add_parser(cli: argparse._SubParsersAction[Any], common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = cli.add_parser(
        "send-many",
        parents=[common],
        help="send many messages from a file, and go on where an earlier run was interrupted",
        description="Send the messages of a file in JSON Lines, or of a template and CSV, several "
        "at once. What became of each stands in a record; the same command again goes on with "
        "those that have not begun, and sends none twice: what may have been accepted is listed.",
        epilog=exit_codes.epilog(
            "send-many messages.jsonl --url console:// --concurrency 20",
            "send-many people.csv --template newsletter.json",
            "send-many messages.jsonl --retry-failed",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "messages",
        metavar="FILE",
        help="one message on each line, as Message.to_dict() makes it, or CSV with --template; - "
        "is standard input",
    )
    choosing.add_arguments(parser)
    parser.add_argument(
        "--template",
        metavar="FILE",
        help="a message in JSON for each row of CSV: {{column}} stands for the value of a column, "
        "escaped in HTML",
    )
    parser.add_argument(
        "--record",
        metavar="FILE",
        help=f"where outcomes are kept (default: the name of the messages' file and {_OUTCOMES})",
    )
    parser.add_argument(
        "--concurrency",
        type=positive,
        default=_CONCURRENCY,
        metavar="N",
        help="how many messages are under way at once (default: %(default)s)",
    )
    parser.add_argument(
        "--rate",
        type=positive_number,
        metavar="N",
        help="how many recipients a second, at most; slower if the provider allows less",
    )
    parser.add_argument(
        "--retry-failed",
        action="store_true",
        help="send again what an earlier run could not send, and what was certainly not accepted",
    )
    parser.set_defaults(run=run)


@dataclass(frozen=True, kw_only=True)
class _Done:
    """What became of one line in this run."""

    line: int
    outcome: dict[str, object]
    code: int


def run(arguments: argparse.Namespace) -> int:
    """Send what the arguments say."""
    path: str = arguments.messages
    if arguments.record is None and path == STDIN:
        raise UsageError("standard input has no name: say where outcomes are kept, with --record")
    if arguments.template is None and path.lower().endswith(_CSV):
        raise UsageError(f"{named(path)} is CSV: --template says what message each row becomes")
    # It brings what event loops need, which no other command does.
    from mailcore.sending.concurrency import in_threads

    chosen = choosing.choose(arguments)
    stdout = sys.stdout
    with (
        _interrupted_by_sigterm(),
        _opened(path) as file,
        Record(arguments.record or f"{path}{_OUTCOMES}") as record,
        open_mailer(arguments, chosen, middleware=_policies(arguments)) as mailer,
        progress(_total(path), wanted=not is_quiet(arguments)) as bar,
        # Providers that print do not write between the outcomes.
        contextlib.redirect_stdout(sys.stderr),
    ):
        many = _Run(mailer, record, _source(arguments, file, path), again=arguments.retry_failed)
        sending = in_threads(many.work, many.lines(), arguments.concurrency, ordered=False)
        # Whatever ends the run, what is under way is finished before the record is closed.
        with contextlib.closing(sending) as done:
            for each in done:
                many.count(each)
                output.write_json_line({"line": each.line, **each.outcome}, stdout)
                bar.update()
    return many.tell()


class _Run:
    """
    One run over a file.

    Args:
        mailer: Sends the messages.
        record: What is known of each line.
        source: Where the lines come from.
        again: Whether what failed in an earlier run is sent again.
    """

    def __init__(
        self, mailer: Mailer, record: Record, source: JsonLines | CsvRows, *, again: bool
    ) -> None:
        self._mailer = mailer
        self._record = record
        self._source = source
        self._wanted = {State.NEW, *([State.FAILED, State.LATER] if again else [])}
        self._codes: Counter[int] = Counter()
        self._before: Counter[State] = Counter()
        self._unknown: list[int] = []

    def lines(self) -> Iterator[Line]:
        """
        The lines that are to be sent now.

        Raises:
            InputError: If a line is not the one that the record is about, or cannot be read.
        """
        for line in self._source:
            state = self._record.state_of(line.number, line.digest)
            if state in self._wanted:
                yield line
            else:
                self._before[state] += 1
                if state in (State.BEGUN, State.UNKNOWN):
                    self._unknown.append(line.number)

    def work(self, line: Line) -> list[_Done]:
        """
        Send one.

        Raises:
            InputError: If the record cannot be written: nothing is sent without it.
        """
        try:
            message = Message.from_dict(self._source.fields_of(line))
        except MailcoreError as error:
            return [self._ended(line, error)]
        self._record.begin(line.number, line.digest)
        try:
            return [self._ended(line, self._mailer.send(message))]
        except MailcoreError as error:
            return [self._ended(line, error)]

    def _ended(self, line: Line, outcome: SendResult | MailcoreError) -> _Done:
        if isinstance(outcome, SendResult):
            document: dict[str, object] = {"result": outcome.to_dict()}
            code = exit_codes.of_result(outcome)
        else:
            document = {"error": describe(outcome)}
            code = exit_codes.of_error(outcome)
        self._record.end(line.number, line.digest, document, _STATES.get(code, State.FAILED))
        return _Done(line=line.number, outcome=document, code=code)

    def count(self, done: _Done) -> None:
        """Count what became of a line."""
        self._codes[done.code] += 1
        if done.code == exit_codes.MAYBE_ACCEPTED:
            self._unknown.append(done.line)

    def tell(self) -> int:
        """Say what became of all, on standard error; returns the exit code."""
        codes = self._codes
        accepted, partly = codes[exit_codes.OK], codes[exit_codes.PARTIAL]
        unknown = codes[exit_codes.MAYBE_ACCEPTED]
        text = f"{codes.total()} messages: {accepted} accepted"
        if partly:
            text += f", {partly} in part"
        output.note(f"{text}, {codes.total() - accepted - partly - unknown} not, {unknown} unknown")
        before = self._before
        if before.total():
            failed = before[State.FAILED] + before[State.LATER]
            output.note(
                f"of earlier runs: {before[State.DONE]} done, {failed} failed, "
                f"{before[State.BEGUN] + before[State.UNKNOWN]} unknown"
            )
        if self._unknown:
            numbers = ", ".join(map(str, sorted(self._unknown)[:_SHOWN]))
            more = len(self._unknown) - _SHOWN
            output.note(
                f"error: may have been accepted, and are not sent again: lines {numbers}"
                f"{f' and {more} more' if more > 0 else ''}",
                always=True,
            )
        found = [code for code, count in codes.items() if count]
        if self._before[State.BEGUN] + self._before[State.UNKNOWN]:
            found.append(exit_codes.MAYBE_ACCEPTED)
        return exit_codes.of_several(found)


_SHOWN = 20
_LONGEST_WAIT_SECONDS = 24 * 3600.0

_STATES = {
    exit_codes.OK: State.DONE,
    exit_codes.PARTIAL: State.DONE,
    exit_codes.MAYBE_ACCEPTED: State.UNKNOWN,
    exit_codes.TRY_LATER: State.LATER,
}


def _policies(arguments: argparse.Namespace) -> list[Policy]:
    if arguments.rate is None:
        return []
    # Whoever asks for a rate waits for it.
    return [Throttle(per_second=arguments.rate, longest_wait_seconds=_LONGEST_WAIT_SECONDS)]


def _source(arguments: argparse.Namespace, file: IO[bytes], path: str) -> JsonLines | CsvRows:
    if arguments.template is None:
        return JsonLines(file, path)
    if arguments.template == STDIN == path:
        raise UsageError("only one of FILE and --template can be standard input")
    return CsvRows(file, path, arguments.template)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    with contextlib.ExitStack() as stack:
        try:
            plain = None if path == STDIN else stack.enter_context(Path(path).open("rb"))
            file: IO[bytes] = standard_input() if plain is None else plain
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error
        yield file


def _total(path: str) -> int | None:
    """How many lines there are, for the bar; None if that is not known before they are read."""
    if path == STDIN:
        return None
    with Path(path).open("rb") as file:
        return sum(1 for line in file if line.strip())


@contextlib.contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Have SIGTERM end a run as Ctrl-C does: what is under way is finished and recorded."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
