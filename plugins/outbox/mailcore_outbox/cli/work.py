"""``mailcore outbox work``: workers, one in this process or several in processes of their own."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import sys
import threading

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mailcore.cli import choosing, exit_codes, output
from mailcore.cli.argument_types import positive, positive_number
from mailcore.cli.failures import UsageError
from mailcore.cli.loading import load_named
from mailcore.errors import StoreError
from mailcore_outbox.cli.common import add_command, opened


if TYPE_CHECKING:
    from mailcore import Mailer
    from mailcore.outbox import OutboxPolicy, OutboxWorker, Worked
    from mailcore_outbox.outbox import Outbox

_HOUR_SECONDS = 3600.0


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "work",
        run,
        help="send what is due, and wait for more",
        description="Send what is due, and wait for more, until SIGTERM or Ctrl-C: then what is "
        "under way is finished, and the rest is given back. As many workers as you like may run, "
        "on one machine or several. A second signal ends them at once: what was being sent then is "
        "unknown.",
    )
    parser.add_argument(
        "mailer",
        metavar="MODULE:NAME",
        nargs="?",
        help="a Mailer of your program, or a function that makes one; otherwise one is made of a "
        "provider",
    )
    choosing.add_arguments(parser)
    parser.add_argument("--policies", metavar="NAME", help="a stack of policies: production")
    parser.add_argument(
        "--workers", metavar="N", type=positive, default=1, help="so many processes (%(default)s)"
    )
    parser.add_argument(
        "--concurrency",
        metavar="N",
        type=positive,
        default=4,
        help="calls of the provider under way at once, in each process (%(default)s)",
    )
    parser.add_argument(
        "--messages-per-call",
        metavar="N",
        type=positive,
        default=1,
        help="messages in one call, where the provider's API takes several (%(default)s)",
    )
    parser.add_argument(
        "--once", action="store_true", help="end as soon as nothing is due any more"
    )
    _add_times(parser)
    parser.add_argument(
        "--keep-bodies", action="store_true", help="keep messages that were sent, until `prune`"
    )
    parser.add_argument(
        "--accept-duplicates",
        action="store_true",
        help="send again what may be on its way: some get a mail twice",
    )
    parser.add_argument(
        "--stop-at-eof",
        action="store_true",
        help="stop when standard input ends too, for a program that starts workers",
    )


def _add_times(parser: argparse.ArgumentParser) -> None:
    for name, default, told in (
        ("poll", 1.0, "seconds between two looks, if nothing is due"),
        ("lease", 60.0, "seconds after which others take over from a worker that died"),
        ("grace", 30.0, "seconds to wait for what is under way, when it stops"),
    ):
        parser.add_argument(
            f"--{name}",
            metavar="SECONDS",
            type=positive_number,
            default=default,
            help=f"{told} (%(default)g)",
        )
    parser.add_argument(
        "--attempts", metavar="N", type=positive, help="sends of a message at most (12)"
    )
    parser.add_argument(
        "--max-age", metavar="HOURS", type=positive_number, help="hours to go on trying (48)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Work until told to stop."""
    if arguments.mailer and (arguments.provider or arguments.url or arguments.option):
        raise UsageError("MODULE:NAME is a mailer that is set up: leave the provider out")
    if arguments.mailer and arguments.policies:
        raise UsageError("MODULE:NAME is a mailer that is set up: leave --policies out")
    with opened(arguments) as outbox:
        _require_tables(outbox)
        if arguments.workers == 1:
            with _mailer(arguments) as mailer:
                worked = _work(arguments, _worker(arguments, outbox, mailer))
            _tell(arguments, worked)
            return exit_codes.OK
        with _mailer(arguments) as mailer:
            # What is wrong is told once, and not by each of them.
            _worker(arguments, outbox, mailer)
    from mailcore_outbox.cli.team import Team

    return Team(arguments).work()


def _require_tables(outbox: Outbox) -> None:
    # While the database is down, workers wait for it; without tables they would for ever.
    with contextlib.suppress(StoreError):
        outbox.store.next_due_at()


@contextlib.contextmanager
def _mailer(arguments: argparse.Namespace) -> Iterator[Mailer]:
    from mailcore import Mailer

    if not arguments.mailer:
        chosen = choosing.choose(arguments)
        registry = arguments.registry
        try:
            yield Mailer(chosen.provider, registry=registry, policies=arguments.policies)
        finally:
            registry.close(chosen.provider)
        return
    found = load_named(arguments.mailer, option="MODULE:NAME", example="shop.mail:mailer")
    if callable(found):
        found = found()
    if not isinstance(found, Mailer):
        raise UsageError(f"MODULE:NAME must be a Mailer, not {type(found).__name__}")
    yield found


def _worker(arguments: argparse.Namespace, outbox: Outbox, mailer: Mailer) -> OutboxWorker:
    from mailcore.outbox import OutboxWorker

    return OutboxWorker(
        outbox.store,
        mailer,
        policy=_policy(arguments),
        concurrency=arguments.concurrency,
        messages_per_call=arguments.messages_per_call,
        poll_seconds=arguments.poll,
        lease_seconds=arguments.lease,
        grace_seconds=arguments.grace,
    )


def _policy(arguments: argparse.Namespace) -> OutboxPolicy:
    from mailcore.outbox import OutboxPolicy

    policy = OutboxPolicy(
        keep_bodies=arguments.keep_bodies, accept_duplicates=arguments.accept_duplicates
    )
    if arguments.attempts:
        policy = dataclasses.replace(policy, attempts=arguments.attempts)
    if arguments.max_age:
        policy = dataclasses.replace(policy, max_age_seconds=arguments.max_age * _HOUR_SECONDS)
    return policy


def _work(arguments: argparse.Namespace, worker: OutboxWorker) -> Worked:
    if arguments.stop_at_eof:
        watch = threading.Thread(target=_stop_at_eof, args=(worker,), daemon=True)
        watch.start()
    # Providers that print do not write between results.
    with contextlib.redirect_stdout(sys.stderr if arguments.json else sys.stdout):
        return worker.run_once() if arguments.once else worker.run_forever()


def _stop_at_eof(worker: OutboxWorker) -> None:
    # Not sys.stdin itself: at its end the interpreter waits for the lock that a read of it holds.
    with contextlib.suppress(OSError, ValueError):
        number = -1 if sys.stdin is None else sys.stdin.fileno()
        while os.read(number, 1024):
            pass
    worker.stop()


def _tell(arguments: argparse.Namespace, worked: Worked) -> None:
    counts = dataclasses.asdict(worked)
    if arguments.json:
        output.write_json_line(counts)
        return
    output.write_table(["messages", ""], [[name, str(count)] for name, count in counts.items()])
