"""``manage.py mailcore``: see :mod:`mailcore_django.command`."""

from __future__ import annotations

import argparse
import sys

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from mailcore import ConfigurationError
from mailcore_django.command import COMMANDS, run
from mailcore_django.configured import DEFAULT_ALIAS


class Command(BaseCommand):
    """The command line of mailcore, with the settings of this project."""

    help = (
        "The command line of mailcore for a mailer of the settings: `manage.py mailcore --using "
        "newsletter ses quota`. `manage.py mailcore` alone lists the commands; Django has "
        f"{', '.join(COMMANDS)} beside."
    )
    # Commands that repair the settings must run while they are wrong.
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django has it on the instance

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the alias; everything else is read by mailcore."""
        parser.add_argument("--using", default=DEFAULT_ALIAS, metavar="ALIAS", help="the mailer")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="…")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command; leave with its exit code."""
        arguments = [str(each) for each in options["arguments"]]
        own = COMMANDS.get(arguments[0]) if arguments else None
        try:
            if own is not None:
                code = own(arguments[1:], self.stdout)
            else:
                code = run(arguments or ["--help"], alias=options["using"])
        except ConfigurationError as error:
            raise CommandError(str(error), returncode=2) from error
        except DatabaseError as error:
            # Its own text may hold addresses.
            text = (
                f"the database cannot be used ({type(error).__name__}): if tables are missing, run "
                "`manage.py migrate`; --traceback before the command shows more"
            )
            raise CommandError(text, returncode=75) from error
        if code:
            sys.exit(code)
