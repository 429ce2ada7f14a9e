"""``mailcore send``: one message, or many from a file."""

from __future__ import annotations

import argparse

from typing import Any

from mailcore.cli import choosing, composing, dry_run, exit_codes, output
from mailcore.cli.batch import send_batch
from mailcore.cli.common import is_quiet
from mailcore.cli.failures import UsageError
from mailcore.cli.sending import open_mailer, send
from mailcore.errors import RecipientsRefused
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.result import SendResult


def add_parser(cli: argparse._SubParsersAction[Any], common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = cli.add_parser(
        "send",
        parents=[common],
        help="send a message",
        description="Send a message: from options, from a JSON file, or a file with options that "
        "replace some of its fields.",
        epilog=exit_codes.epilog(
            "send --provider console --from shop@example.com --to ada@example.net --text Hello",
            "send --url 'console://' --message message.json --dry-run",
            "send --messages messages.jsonl --json",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choosing.add_arguments(parser)
    source = parser.add_argument_group(
        "from a file", "FILE may be - for standard input."
    ).add_mutually_exclusive_group()
    source.add_argument(
        "--message", metavar="FILE", help="a message in JSON, as Message.to_dict() makes it"
    )
    source.add_argument(
        "--messages",
        metavar="FILE",
        help="many messages, one on each line (JSON Lines). A file with a line that is not JSON "
        "is refused as a whole; then each message succeeds or fails by itself. The outcomes come "
        "as JSON Lines, with the number of the message's line",
    )
    composing.add_arguments(parser)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="check the message and show the requests that would send it, but do not send",
    )
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Send what the arguments say."""
    if arguments.messages is not None and composing.has_fields(arguments):
        raise UsageError("--messages takes whole messages: leave out the options for fields")
    chosen = choosing.choose(arguments)
    if arguments.messages is not None:
        return send_batch(arguments, chosen)
    message = composing.compose(arguments)
    with open_mailer(arguments, chosen) as mailer:
        if arguments.dry_run:
            return _show(arguments, chosen, mailer, message)
        try:
            result = send(mailer, message, stdout_is_json=arguments.json)
        except RecipientsRefused as error:
            if error.result is not None and not arguments.json:
                _write_result(error.result)
            raise
    if arguments.json:
        output.write_json(result.to_dict())
    else:
        _write_result(result)
    if result.refused and is_quiet(arguments):
        what = f"{len(result.refused)} of {len(result.recipients)} recipients"
        output.note(f"error: {what} were not accepted", always=True)
    return exit_codes.of_result(result)


def _show(
    arguments: argparse.Namespace, chosen: choosing.Chosen, mailer: Mailer, message: Message
) -> int:
    described = dry_run.described(mailer, chosen, message)
    if arguments.json:
        output.write_json({"dry_run": True, **described.to_dict()})
    else:
        dry_run.show(described)
    return exit_codes.OK


def _write_result(result: SendResult) -> None:
    for attempt in result.attempts:
        output.note(f"before: {attempt}")
    rows = [
        [
            address,
            status.status.value,
            status.message_id or "",
            ": ".join(part for part in (status.code, status.detail) if part),
        ]
        for address, status in result.recipients.items()
    ]
    output.write_table(["recipient", "status", "message id", "detail"], rows)
