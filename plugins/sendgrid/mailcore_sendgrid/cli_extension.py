"""
The extension that adds ``mailcore sendgrid`` to the command line.

Extensions are loaded with every mailer, so this module imports nothing until a command is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailcore.registry import hookimpl


if TYPE_CHECKING:
    import argparse


@hookimpl
def mailcore_register_commands(cli: argparse._SubParsersAction[Any]) -> None:
    """Add ``mailcore sendgrid``."""
    from mailcore.cli.quota import add_quota
    from mailcore.cli.suppressions import add_provider_command
    from mailcore_sendgrid.suppressions import SendGridSuppressions

    commands = add_provider_command(cli, "sendgrid", "SendGrid", SendGridSuppressions)
    add_quota(commands, "sendgrid", "The credits: one for each recipient of a mail.")
