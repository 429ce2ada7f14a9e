"""
The extension that adds ``mailcore mandrill`` to the command line.

Extensions are loaded with every mailer, so this module imports nothing until a command is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailcore.registry import hookimpl


if TYPE_CHECKING:
    import argparse


@hookimpl
def mailcore_register_commands(cli: argparse._SubParsersAction[Any]) -> None:
    """Add ``mailcore mandrill``."""
    from mailcore.cli.quota import add_quota
    from mailcore.cli.suppressions import add_provider_command
    from mailcore_mandrill.suppressions import MandrillSuppressions

    commands = add_provider_command(cli, "mandrill", "Mandrill", MandrillSuppressions)
    add_quota(
        commands, "mandrill", "What is delivered in an hour, and how much waits because of that."
    )
