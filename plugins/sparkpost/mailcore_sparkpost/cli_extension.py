"""
The extension that adds ``mailcore sparkpost`` to the command line.

Extensions are loaded with every mailer, so this module imports nothing until a command is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailcore.registry import hookimpl


if TYPE_CHECKING:
    import argparse


@hookimpl
def mailcore_register_commands(cli: argparse._SubParsersAction[Any]) -> None:
    """Add ``mailcore sparkpost``."""
    from mailcore.cli.quota import add_quota
    from mailcore.cli.suppressions import add_provider_command
    from mailcore_sparkpost.suppressions import SparkPostSuppressions

    commands = add_provider_command(cli, "sparkpost", "SparkPost", SparkPostSuppressions)
    add_quota(
        commands, "sparkpost", "What is used and allowed in the day, the month and the sandbox."
    )
