"""
The extension that adds ``mailcore outbox`` to the command line.

Extensions are loaded with every mailer, so this module imports nothing until a command is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailcore.registry import hookimpl


if TYPE_CHECKING:
    import argparse


@hookimpl
def mailcore_register_commands(cli: argparse._SubParsersAction[Any]) -> None:
    """Add ``mailcore outbox``."""
    from mailcore_outbox.cli import add_parser

    add_parser(cli)
