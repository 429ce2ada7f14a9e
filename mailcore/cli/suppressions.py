"""
``mailcore NAME suppressions``: the list of a provider that keeps one, for its plugin to add.

A plugin's extension calls :func:`add_provider_command` in its hook `mailcore_register_commands`;
one that has more commands of its own calls ``add_suppressions()``.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from functools import partial
from typing import Any

from mailcore.account.suppression_account import SuppressionAccount
from mailcore.account.suppressions import (
    KeepsSuppressions,
    SuppressedAddress,
    SuppressionList,
    bare_address,
)
from mailcore.cli import choosing, exit_codes, output
from mailcore.cli.argument_types import point_in_time, positive
from mailcore.cli.common import add_common
from mailcore.cli.failures import UsageError
from mailcore.errors import ConfigurationError
from mailcore.mailer import URL_VARIABLE
from mailcore.provider import AnyProvider
from mailcore.registry.options import scheme_of
from mailcore.registry.registry import Registry


__all__ = ["add_account_parser", "add_provider_command", "add_suppressions", "opened_provider"]


ABSENT = 1
"""The exit code when an address is not on the list, or was refused."""

_SYNONYMS = {"add": "put", "remove": "delete"}
_ACTIONS = ("list", "get", "put", "delete", *_SYNONYMS)
_ACTIONS_WITHOUT_PUT = ("list", "get", "delete", "remove")


def add_provider_command(
    cli: argparse._SubParsersAction[Any],
    name: str,
    label: str,
    kind: type[SuppressionList[Any]],
    *options: str,
) -> argparse._SubParsersAction[Any]:
    """
    Add ``mailcore NAME``, with ``suppressions`` below it.

    Args:
        cli: The subparsers that the hook `mailcore_add_commands` gets.
        name: The name of the provider, which becomes that of the command.
        label: The provider's name for people.
        kind: The class of the provider's list, which says what reasons there are.
        options: Arguments that the examples in the help need.

    Returns:
        The subparsers of ``mailcore NAME``, for further commands.
    """
    parser = cli.add_parser(
        name,
        help=f"look after a {label} account",
        description=f"Look after a {label} account: whom it does not send to.",
        epilog="Exit codes are as for `mailcore --help`; 1 also if an address is not on the list, "
        f"and 75 if {label} could not be reached or is busy.",
    )
    commands: argparse._SubParsersAction[Any] = parser.add_subparsers(
        dest=f"{name}_command", metavar="COMMAND"
    )

    def show_help(_: argparse.Namespace) -> int:
        output.write(parser.format_help().rstrip("\n"))
        return exit_codes.OK

    parser.set_defaults(run=show_help)
    add_suppressions(commands, name, label, kind, "".join(f" {each}" for each in options))
    return commands


def add_suppressions(
    commands: argparse._SubParsersAction[Any],
    name: str,
    label: str,
    kind: type[SuppressionList[Any]],
    options: str = "",
) -> None:
    """
    Add ``suppressions``.

    Args:
        commands: The subparsers of ``mailcore NAME``, to which the command is added.
        name: The name of the provider whose lists the command is about.
        label: The provider's name for people.
        kind: The class of the provider's list, which says what reasons there are.
        options: What follows in the examples in the help.
    """
    reasons = [each.lower() for each in kind.reasons]
    settable = [each.lower() for each in kind.put_reasons]
    usual = next(iter(settable), "")
    if usual:
        verbs, told = "get, put and delete", "put them on the list (add) or take them off (remove)"
        reason_of = f"; with put: why, of {', '.join(settable)} ({usual})"
    else:
        verbs, told, reason_of = "get and delete", "or take them off the list (remove)", ""
    parser = add_account_parser(
        commands,
        name,
        "suppressions",
        f"list, {verbs} suppressed addresses",
        f"Addresses that {label} does not deliver to. List them; look at some, {told}.",
        f"{name} suppressions list --reason {reasons[0]} --since 2026-11-01{options}",
        f"{name} suppressions delete ada@example.net{options}",
        aliases=["suppression"],
    )
    actions = _ACTIONS if usual else _ACTIONS_WITHOUT_PUT
    parser.add_argument("action", nargs="?", choices=actions, default="list")
    parser.add_argument("addresses", metavar="ADDRESS", nargs="*", help="an email address")
    parser.add_argument(
        "--reason",
        choices=reasons,
        help=f"with list and delete: only those{reason_of}",
    )
    times = parser.add_argument_group("with list", "Times are UTC unless they have a zone.")
    times.add_argument("--since", metavar="TIME", type=point_in_time, help="put there since")
    times.add_argument("--until", metavar="TIME", type=point_in_time, help="put there until")
    times.add_argument("--limit", metavar="N", type=positive, help="only so many")
    parser.set_defaults(run=partial(_run, name=name, usual=usual))


def _run(arguments: argparse.Namespace, *, name: str, usual: str) -> int:
    action = _SYNONYMS.get(arguments.action, arguments.action)
    if action == "list" and arguments.addresses:
        raise UsageError("`list` takes no addresses: `get` does")
    if action != "list" and not arguments.addresses:
        raise UsageError(f"`{arguments.action}` needs an email address")
    if action != "list" and (arguments.since or arguments.until or arguments.limit):
        raise UsageError("--since, --until and --limit go with `list`")
    if action == "get" and arguments.reason:
        raise UsageError("--reason goes with `list`, `put` and `delete`")
    with opened_provider(arguments, name) as provider:
        if not isinstance(provider, KeepsSuppressions):
            raise UsageError(f"`mailcore {name}` is not about {provider.name}")
        registry: Registry = arguments.registry
        account = SuppressionAccount(provider.suppressions(), registry.transport_for(provider))
        if action == "list":
            return _list(arguments, account)
        if action == "get":
            return _get(arguments, account)
        if action == "put":
            return _put(arguments, account, arguments.reason or usual)
        return _delete(arguments, account)


def add_account_parser(
    commands: argparse._SubParsersAction[Any],
    provider: str,
    name: str,
    told: str,
    description: str,
    *examples: str,
    aliases: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """
    Add a command about a provider's account, with what chooses the provider, and ``--json``.

    Args:
        commands: The subparsers of ``mailcore NAME``, to which the command is added.
        provider: The name of the provider, as the usual example in the help has it.
        name: The name of the command, such as ``quota``.
        told: What the list of commands says of it.
        description: What the help of the command begins with.
        examples: The examples in its help, command lines without ``mailcore``; one if there are
            none.
        aliases: What may be typed instead of the name.

    Returns:
        The parser, for further arguments and the function that is run.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        aliases=aliases,
        help=told,
        description=description,
        epilog=exit_codes.epilog(*(examples or (f"{provider} {name} --json",))),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choosing.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="write JSON")
    add_common(parser)
    return parser


@contextlib.contextmanager
def opened_provider(arguments: argparse.Namespace, name: str) -> Iterator[AnyProvider]:
    """
    The provider that the arguments choose; by default that of the command. Closed afterwards.

    Args:
        arguments: The arguments of the command, among them those that
            :func:`mailcore.cli.choosing.add_arguments` adds.
        name: The name of the provider that the command is about.

    Raises:
        UsageError: If it is another provider.
        ConfigurationError: If it cannot be made.
    """
    if not arguments.provider and not arguments.url and not _named_by_environment(name):
        arguments.provider = name
    registry: Registry = arguments.registry
    provider = choosing.choose(arguments).provider
    if provider.name != name:
        raise UsageError(f"`mailcore {name}` is not about {provider.name}")
    try:
        yield provider
    finally:
        registry.close(provider)


def _named_by_environment(name: str) -> bool:
    # A default provider other than this one does not concern these commands.
    try:
        return scheme_of(os.environ.get(URL_VARIABLE, "").strip()) == name
    except ConfigurationError:
        return False


def _list(arguments: argparse.Namespace, account: SuppressionAccount) -> int:
    found = account.suppressed(
        reasons=[arguments.reason] if arguments.reason else [],
        start=arguments.since,
        end=arguments.until,
    )
    _write(arguments, list(itertools.islice(found, arguments.limit)))
    return exit_codes.OK


def _get(arguments: argparse.Namespace, account: SuppressionAccount) -> int:
    found = []
    for address in arguments.addresses:
        entry = account.get_suppressed(address)
        if entry is None:
            output.note(f"{address} is not on the suppression list")
        else:
            found.append(entry)
    if found or arguments.json:
        _write(arguments, found)
    return exit_codes.OK if len(found) == len(arguments.addresses) else ABSENT


def _write(arguments: argparse.Namespace, entries: list[SuppressedAddress]) -> None:
    if arguments.json:
        output.write_json({"suppressed": [_described(each) for each in entries]})
        return
    # What some plugins' entries tell more, where one of these has it.
    more = [field.name for field in fields(entries[0])[4:]] if entries else []
    more = ["detail", *(name for name in more if any(getattr(each, name) for each in entries))]
    rows = [
        [
            each.email_address,
            each.reason.lower(),
            each.updated_at.isoformat(timespec="seconds") if each.updated_at else "",
            *(str(getattr(each, name)) for name in more),
        ]
        for each in entries
    ]
    headings = ["address", "reason", "since", *(name.replace("_", " ") for name in more)]
    output.write_table(headings, rows)


def _described(entry: SuppressedAddress) -> dict[str, object]:
    since = entry.updated_at.isoformat() if entry.updated_at else None
    return {**asdict(entry), "updated_at": since}


def _put(arguments: argparse.Namespace, account: SuppressionAccount, reason: str) -> int:
    refused = account.put_all_suppressed(arguments.addresses, reason)
    addresses = dict.fromkeys(map(bare_address, arguments.addresses))
    done = [address for address in addresses if address not in refused]
    outcomes = {**dict.fromkeys(done, "put on the list"), **refused}
    if arguments.json:
        output.write_json({"done": dict.fromkeys(done, True), "refused": dict(refused)})
    else:
        output.write_table(["address", "outcome"], [list(each) for each in outcomes.items()])
    return ABSENT if refused else exit_codes.OK


def _delete(arguments: argparse.Namespace, account: SuppressionAccount) -> int:
    reasons = [arguments.reason] if arguments.reason else []
    outcomes = {
        address: account.delete_suppressed(address, reasons=reasons)
        for address in arguments.addresses
    }
    if arguments.json:
        output.write_json({"done": outcomes})
    else:
        done = {True: "taken off the list", False: "was not on it"}
        rows = [[address, done[ok]] for address, ok in outcomes.items()]
        output.write_table(["address", "outcome"], rows)
    return exit_codes.OK if all(outcomes.values()) else ABSENT
