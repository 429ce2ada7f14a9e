"""The parser of the command line: our commands, and those of extensions."""

from __future__ import annotations

import argparse
import re

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from mailcore._version import VERSION
from mailcore.cli import (
    doctor,
    exit_codes,
    features,
    new_provider,
    parse,
    providers,
    send,
    send_many,
    suppression_list,
)
from mailcore.cli.common import add_common
from mailcore.cli.failures import UsageError
from mailcore.cli.output import PROGRAM, note
from mailcore.foundation.redaction import shown_name
from mailcore.foundation.suggesting import similar
from mailcore.registry.known_plugins import command_hint


if TYPE_CHECKING:
    from mailcore.registry.registry import Registry

_COMMANDS = (providers, features, send, send_many, parse, suppression_list, doctor, new_provider)
_MAY_BE_SECRET = re.compile(r"(?<=://)[^\s'\"]+|(?<==)[^\s'\"]+|(?<=explicit argument ).*")


class Parser(argparse.ArgumentParser):
    """An argument parser that raises, and repeats nothing that may be a secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Abbreviations would make every new option a breaking change.
        super().__init__(*args, **{"allow_abbrev": False, **kwargs})

    def error(self, message: str) -> NoReturn:
        """
        Refuse the command line.

        Raises:
            UsageError: Always.
        """
        text = _MAY_BE_SECRET.sub("…", message)
        raise UsageError(f"{text}; see `{self.prog} --help`")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        commands = list(action.choices or ())
        if isinstance(action, argparse._SubParsersAction) and value not in commands:
            self.error(_no_command(value, commands))
        super()._check_value(action, value)

    def parse_all(self, arguments: Sequence[str]) -> argparse.Namespace:
        """
        Parse all arguments.

        Raises:
            UsageError: If they cannot be parsed, or some are left over. Only the names of options
                are repeated: a value in the wrong place may be a secret.
        """
        namespace, rest = self.parse_known_args(arguments)
        if rest:
            names = [_name_of(each) for each in rest if each.startswith("-")]
            values = len(rest) - len(names)
            self.error(
                f"unknown options: {', '.join(names)}"
                if names
                else f"{values} argument{'s' if values > 1 else ''} too many"
            )
        return namespace


def _no_command(name: str, commands: Sequence[str]) -> str:
    """What to say of a command that is not there: which ones are, or what adds it."""
    said = [f"invalid choice: {shown_name(name)}"]
    hint, meant = command_hint(name), similar(name, commands)
    if hint:
        said.append(f"to add this command: {hint}")
    elif meant:
        said.append(f"did you mean '{meant}'?")
    said.append(f"commands: {', '.join(commands)}")
    return "; ".join(said)


def _name_of(option: str) -> str:
    # Without the value: -xVALUE or --option=VALUE.
    return option.partition("=")[0] if option.startswith("--") else option[:2]


def build_parser(registry: Registry) -> Parser:
    """The parser, with the commands of all extensions that can be loaded."""
    common = argparse.ArgumentParser(add_help=False)
    add_common(common)
    parser = Parser(
        prog=PROGRAM,
        description="Every email service provider behind one command.",
        epilog=exit_codes.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {VERSION}")
    cli = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(cli, common)
    _add_extensions(cli, registry)
    return parser


def _add_extensions(cli: argparse._SubParsersAction[Any], registry: Registry) -> None:
    ours = dict(cli.choices or {})
    registry.load_extensions()
    for name, add in sorted(registry.hooks.register_commands(cli), key=lambda each: each[0]):
        try:
            add()
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a stranger's may raise anything
            # One extension must not take the command line, or the others' commands, down.
            what = f"{type(error).__name__}: {error}"
            note(f"warning: extension {name} cannot add its commands: {what}")
    # Python 3.10 lets a command of the same name replace ours.
    cli._name_parser_map.update(ours)
