"""``mailcore ses consume``: hand the events of an SQS queue to a function."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.common import is_quiet
from mailcore.cli.failures import UsageError
from mailcore.cli.loading import load_named
from mailcore.cli.suppressions import add_account_parser
from mailcore.webhook import Handler, SqliteSeenStore
from mailcore_ses.cli.common import opened
from mailcore_ses.intake.consumer import ConsumerOptions, consume


_DEFAULTS = ConsumerOptions()


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_account_parser(
        commands,
        "ses",
        "consume",
        "hand the events of an SQS queue to a function",
        "Receive SES events from an SQS queue and call a function with each of them, until told to "
        "stop by SIGTERM or Ctrl-C. A message is deleted after the function returned; if it "
        "raises, the message comes again, and goes to the queue's dead-letter queue in the end.",
        "ses consume --queue-url https://sqs.eu-west-1.amazonaws.com/123456789012/ses-events "
        "--handler app:on_event",
    )
    parser.add_argument("--queue-url", metavar="URL", required=True, help="as SQS gives it")
    parser.add_argument(
        "--handler",
        metavar="MODULE:FUNCTION",
        required=True,
        help="what to call, such as app:on_event; looked for in this directory first; it may be a "
        "coroutine function",
    )
    parser.add_argument("--region", metavar="NAME", help="if the URL does not tell it")
    for name, what in (
        ("workers", "messages handled at the same time"),
        ("batch-size", "messages received at once, 1 to 10"),
        ("wait-seconds", "how long SQS waits for a message, 0 to 20"),
        ("visibility-timeout-seconds", "when a message that failed comes again"),
    ):
        default = getattr(_DEFAULTS, name.replace("-", "_"))
        parser.add_argument(
            f"--{name}", metavar="N", type=int, default=default, help=f"{what} ({default})"
        )
    parser.add_argument(
        "--seen",
        metavar="FILE",
        help="remember in an SQLite file which events were handled, and do not handle them again",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="believe only what SNS signed for a topic of the provider's topic_arns; otherwise "
        "the queue's policy says who may write to it",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Consume until told to stop."""
    options = ConsumerOptions(
        workers=arguments.workers,
        batch_size=arguments.batch_size,
        wait_seconds=arguments.wait_seconds,
        visibility_timeout_seconds=arguments.visibility_timeout_seconds,
    )
    handler = load_handler(arguments.handler)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_log_shown(quiet=is_quiet(arguments)))
        verify = stack.enter_context(opened(arguments)).provider if arguments.verify else None
        seen = None
        if arguments.seen is not None:
            seen = stack.enter_context(SqliteSeenStore(Path(arguments.seen)))
        stats = consume(
            arguments.queue_url,
            handler,
            options=options,
            region_name=arguments.region,
            seen=seen,
            verify=verify,
            registry=arguments.registry,
        )
    if arguments.json:
        output.write_json(asdict(stats))
    return exit_codes.OK


def load_handler(name: str) -> Handler:
    """
    The function that a text such as ``app:on_event`` or ``shop.mail:Handlers.on_event`` names.

    Raises:
        UsageError: If there is none.
    """
    found: Any = load_named(name, option="--handler", example="app:on_event")
    if not callable(found):
        raise UsageError(f"--handler: {name!r} is no function")
    handler: Handler = found
    return handler


@contextlib.contextmanager
def _log_shown(*, quiet: bool) -> Iterator[None]:
    """Show the consumer's log on standard error, unless the application shows it itself."""
    logger = logging.getLogger("mailcore_ses")
    if logger.hasHandlers():
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR if quiet else logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
