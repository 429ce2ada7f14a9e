"""
The extension that adds ``mailcore brevo`` to the command line.

Extensions are loaded with every mailer, so this module imports nothing until a command is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailcore.registry import hookimpl


if TYPE_CHECKING:
    import argparse


@hookimpl
def mailcore_register_commands(cli: argparse._SubParsersAction[Any]) -> None:
    """Add ``mailcore brevo``."""
    from mailcore.cli.quota import add_quota
    from mailcore.cli.suppressions import add_provider_command
    from mailcore_brevo.cli import add_domains
    from mailcore_brevo.suppressions import BrevoSuppressions

    commands = add_provider_command(cli, "brevo", "Brevo", BrevoSuppressions)
    add_quota(commands, "brevo", "What may still be sent, by plan.")
    add_domains(commands)
