"""``mailcore ses suppression``: addresses that SES does not deliver to."""

from __future__ import annotations

import argparse
import itertools

from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore_ses.account import SesAccount
from mailcore_ses.account.suppression import SuppressedAddress
from mailcore_ses.cli.common import (
    ABSENT,
    new_parser,
    opened,
    point_in_time,
    positive,
    require_names,
)


_SYNONYMS = {"add": "put", "remove": "delete"}
"""What other providers' commands of the kind call it too."""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "suppression",
        "list, get, put and delete suppressed addresses",
        "The account's suppression list: addresses that bounced or complained, and that SES does "
        "not deliver to. List it; look at addresses, put them on it (add), take them off (remove).",
        "ses suppression list --reason bounce --since 2026-11-01",
        "ses suppression delete ada@example.net",
        aliases=["suppressions"],
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=["list", "get", "put", "delete", *_SYNONYMS],
        default="list",
    )
    parser.add_argument("addresses", metavar="ADDRESS", nargs="*", help="an email address")
    parser.add_argument(
        "--reason",
        choices=["bounce", "complaint"],
        help="with list: only those; with put: why (bounce)",
    )
    times = parser.add_argument_group("with list", "Times are UTC unless they have a zone.")
    times.add_argument("--since", metavar="TIME", type=point_in_time, help="put there since")
    times.add_argument("--until", metavar="TIME", type=point_in_time, help="put there until")
    times.add_argument("--limit", metavar="N", type=positive, help="only so many")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says."""
    require_names(arguments, arguments.addresses, "an email address")
    arguments.action = _SYNONYMS.get(arguments.action, arguments.action)
    if arguments.action != "list" and (arguments.since or arguments.until or arguments.limit):
        raise UsageError("--since, --until and --limit go with `list`")
    if arguments.action in ("get", "delete") and arguments.reason:
        raise UsageError("--reason goes with `list` and `put`")
    with opened(arguments) as use:
        if arguments.action == "list":
            return _list(arguments, use.account)
        if arguments.action == "get":
            return _get(arguments, use.account)
        return _change(arguments, use.account)


def _list(arguments: argparse.Namespace, account: SesAccount) -> int:
    found = account.suppressed(
        reasons=[arguments.reason] if arguments.reason else [],
        start=arguments.since,
        end=arguments.until,
    )
    _write(arguments, list(itertools.islice(found, arguments.limit)))
    return exit_codes.OK


def _get(arguments: argparse.Namespace, account: SesAccount) -> int:
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
    rows = [
        [
            each.email_address,
            each.reason.lower(),
            each.updated_at.isoformat(timespec="seconds"),
            each.message_id,
        ]
        for each in entries
    ]
    output.write_table(["address", "reason", "since", "message id"], rows)


def _described(entry: SuppressedAddress) -> dict[str, object]:
    return {
        "email_address": entry.email_address,
        "reason": entry.reason,
        "updated_at": entry.updated_at.isoformat(),
        "message_id": entry.message_id,
        "feedback_id": entry.feedback_id,
    }


def _change(arguments: argparse.Namespace, account: SesAccount) -> int:
    outcomes: dict[str, bool] = {}
    for address in arguments.addresses:
        if arguments.action == "put":
            account.put_suppressed(address, arguments.reason or "bounce")
            outcomes[address] = True
        else:
            outcomes[address] = account.delete_suppressed(address)
    done = "put on the list" if arguments.action == "put" else "taken off the list"
    if arguments.json:
        output.write_json({"done": outcomes})
    else:
        rows = [[address, done if ok else "was not on it"] for address, ok in outcomes.items()]
        output.write_table(["address", "outcome"], rows)
    return exit_codes.OK if all(outcomes.values()) else ABSENT
