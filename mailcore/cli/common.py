"""Options that every command has, those of extensions too."""

from __future__ import annotations

import argparse

from mailcore.cli.failures import UsageError


__all__ = ["add_common", "is_quiet", "require_consistent"]


def add_common(parser: argparse.ArgumentParser) -> None:
    """
    Add ``--debug`` and ``--quiet`` to a command.

    They also stand before the command, so the extension whose command lacks them loses nothing.
    """
    parser.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show tracebacks and the log, which may hold addresses and secrets",
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        default=argparse.SUPPRESS,
        help="write nothing but errors: the exit code is the result",
    )


def require_consistent(arguments: argparse.Namespace) -> None:
    """
    Check that nobody asks for output and for none.

    Raises:
        UsageError: ``--quiet`` stands beside an option that asks for output.
    """
    if not is_quiet(arguments):
        return
    for name in ("json", "debug"):
        if getattr(arguments, name, False):
            raise UsageError(f"--quiet writes nothing but errors: leave it out, or --{name}")
    if getattr(arguments, "format", "table") != "table":
        raise UsageError("--quiet writes nothing but errors: leave it out, or --format and --json")


def is_quiet(arguments: argparse.Namespace) -> bool:
    """Whether only errors are to be written."""
    return bool(getattr(arguments, "quiet", False))
