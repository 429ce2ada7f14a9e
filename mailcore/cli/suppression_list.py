"""``mailcore suppression``: a suppression list of your own, in an SQLite file."""

from __future__ import annotations

import argparse
import itertools
import os

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mailcore.account.suppression_account import account_of
from mailcore.account.suppressions import MANUAL, KeepsSuppressions
from mailcore.cli import choosing, exit_codes, output
from mailcore.cli.argument_types import positive
from mailcore.cli.failures import UsageError
from mailcore.cli.inputs import read_text
from mailcore.registry.registry import Registry
from mailcore.stores.address_files import UnreadableLine, read_entries
from mailcore.stores.scopes import ALL_LISTS, ALL_MAIL
from mailcore.stores.sqlite_suppressions import SqliteSuppressionStore
from mailcore.stores.suppressions import REASONS, SuppressionEntry
from mailcore.stores.transfer import Transferred, export_suppressions, import_suppressions


STORE_VARIABLE = "MAILCORE_SUPPRESSIONS"
"""The environment variable that has the path of the file."""
SOURCE = "command line"
ABSENT = 1
"""The exit code when an address was not on the list, or a line could not be read."""

_ACTIONS = ("list", "search", "add", "remove", "import", "export")
_CHUNK = 1000


def add_parser(cli: argparse._SubParsersAction[Any], common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = cli.add_parser(
        "suppression",
        parents=[common],
        help="look after a suppression list of your own",
        description="List and search addresses that nothing is sent to; add, remove, import and "
        "export some. The list is the file that your program gives SqliteSuppressionStore().",
        epilog=exit_codes.epilog(
            "suppression list --reason complaint --limit 20",
            "suppression add ada@example.net --reason unsubscribe --scope newsletter",
            "suppression import old.csv --reason bounce",
            "suppression import --provider acme",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=_ACTIONS)
    parser.add_argument(
        "items",
        metavar="ITEM",
        nargs="*",
        help="addresses to add or remove; what to search for; a file to import, - for standard "
        "input: one address on a line, or CSV with a heading",
    )
    parser.add_argument(
        "--store",
        metavar="FILE",
        default=os.environ.get(STORE_VARIABLE, ""),
        help=f"the file of the list; without it, the environment variable {STORE_VARIABLE}",
    )
    parser.add_argument(
        "--reason",
        choices=[each.lower() for each in REASONS],
        help="with list, search and remove: only those; with add and import: why, manual if "
        "nothing says it",
    )
    parser.add_argument(
        "--scope",
        default="",
        metavar="SCOPE",
        help=f"the same: {ALL_MAIL} for all mail, {ALL_LISTS} for all lists, else one list",
    )
    parser.add_argument("--detail", default="", metavar="TEXT", help="with add: more about it")
    parser.add_argument("--limit", metavar="N", type=positive, help="list or search only so many")
    choosing.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say."""
    _require_consistent(arguments)
    if not arguments.store:
        raise UsageError(f"no list: give its file with --store, or in {STORE_VARIABLE}")
    if arguments.action not in ("add", "import") and not Path(arguments.store).exists():
        # One that is misspelt would be made, and be empty.
        raise UsageError("the file of --store does not exist: `add` and `import` make it")
    with SqliteSuppressionStore(arguments.store) as store:
        if arguments.action in ("list", "search"):
            return _list(arguments, store)
        if arguments.action == "add":
            return _add(arguments, store)
        if arguments.action == "remove":
            return _remove(arguments, store)
        if arguments.action == "export":
            return _export(arguments, store)
        return _import(arguments, store)


def _require_consistent(arguments: argparse.Namespace) -> None:
    action, count = arguments.action, len(arguments.items)
    names_provider = bool(arguments.provider or arguments.url)
    if action in ("list", "export") and count:
        raise UsageError(f"`{action}` takes nothing behind it: `search` does")
    if action == "search" and count != 1:
        raise UsageError("`search` takes one text: a part of an address")
    if action in ("add", "remove") and not count:
        raise UsageError(f"`{action}` needs an email address")
    if action == "import" and (count != 1 if not names_provider else count):
        raise UsageError("`import` takes one file, or a provider: --provider or --url")
    if action == "export" and not names_provider:
        raise UsageError("`export` needs a provider: --provider or --url")
    if action not in ("import", "export") and names_provider:
        raise UsageError("--provider and --url go with `import` and `export`")
    if arguments.limit and action not in ("list", "search"):
        raise UsageError("--limit goes with `list` and `search`")


def _list(arguments: argparse.Namespace, store: SqliteSuppressionStore) -> int:
    found = store.entries(
        containing=arguments.items[0] if arguments.items else "",
        reasons=_reasons(arguments),
        scope=arguments.scope or None,
    )
    entries = list(itertools.islice(found, arguments.limit))
    if arguments.json:
        output.write_json({"suppressed": [_described(each) for each in entries]})
        return exit_codes.OK
    rows = [
        [
            each.email_address,
            each.reason.lower(),
            each.scope,
            f"{each.since:%Y-%m-%d %H:%M}",
            each.source,
            each.detail,
        ]
        for each in entries
    ]
    output.write_table(["address", "reason", "scope", "since (UTC)", "source", "detail"], rows)
    return exit_codes.OK


def _reasons(arguments: argparse.Namespace) -> list[str]:
    return [arguments.reason] if arguments.reason else []


def _described(entry: SuppressionEntry) -> dict[str, str]:
    return {
        "email_address": entry.email_address,
        "reason": entry.reason,
        "scope": entry.scope,
        "updated_at": entry.since.isoformat(),
        "source": entry.source,
        "detail": entry.detail,
    }


def _add(arguments: argparse.Namespace, store: SqliteSuppressionStore) -> int:
    entries = [
        SuppressionEntry(
            email_address=address,
            reason=arguments.reason or MANUAL,
            scope=arguments.scope,
            source=SOURCE,
            detail=arguments.detail,
        )
        for address in arguments.items
    ]
    store.add(entries)
    if arguments.json:
        output.write_json({"suppressed": [_described(each) for each in entries]})
    else:
        rows = [[each.email_address, f"on the list, for {each.scope}"] for each in entries]
        output.write_table(["address", "outcome"], rows)
    return exit_codes.OK


def _remove(arguments: argparse.Namespace, store: SqliteSuppressionStore) -> int:
    removed = {
        address: store.remove(address, reasons=_reasons(arguments), scope=arguments.scope or None)
        for address in arguments.items
    }
    if arguments.json:
        output.write_json({"removed": removed})
    else:
        rows = [[address, f"{count} entries removed"] for address, count in removed.items()]
        output.write_table(["address", "outcome"], rows)
    return exit_codes.OK if all(removed.values()) else ABSENT


def _import(arguments: argparse.Namespace, store: SqliteSuppressionStore) -> int:
    if not arguments.items:
        return _import_from_provider(arguments, store)
    (path,) = arguments.items
    read = read_entries(
        read_text(path),
        reason=arguments.reason or MANUAL,
        scope=arguments.scope,
        source=SOURCE,
    )
    wrong: list[UnreadableLine] = []
    entries = _readable(read, wrong)
    done = 0
    while some := list(itertools.islice(entries, _CHUNK)):
        store.add(some)
        done += len(some)
    for each in wrong:
        output.note(f"line {each.line} was left out: {each.reason}", always=True)
    if arguments.json:
        told = [{"line": each.line, "reason": each.reason} for each in wrong]
        output.write_json({"done": done, "left_out": told})
    else:
        output.write_table(["lines", ""], [["imported", str(done)], ["left out", str(len(wrong))]])
    return ABSENT if wrong else exit_codes.OK


def _readable(
    read: Iterable[SuppressionEntry | UnreadableLine], wrong: list[UnreadableLine]
) -> Iterator[SuppressionEntry]:
    for each in read:
        if isinstance(each, UnreadableLine):
            wrong.append(each)
        else:
            yield each


def _import_from_provider(arguments: argparse.Namespace, store: SqliteSuppressionStore) -> int:
    registry: Registry = arguments.registry
    provider = choosing.choose(arguments).provider
    try:
        suppressed = account_of(provider).suppressed(reasons=_reasons(arguments))
        done = import_suppressions(store, suppressed, source=provider.name, scope=arguments.scope)
    finally:
        registry.close(provider)
    return _told(arguments, done)


def _export(arguments: argparse.Namespace, store: SqliteSuppressionStore) -> int:
    registry: Registry = arguments.registry
    provider = choosing.choose(arguments).provider
    try:
        account = account_of(provider)
        assert isinstance(provider, KeepsSuppressions)  # or there would be no account
        done = export_suppressions(
            store,
            account,
            put_reasons=provider.suppressions().put_reasons,
            source=str(provider.name),
        )
    finally:
        registry.close(provider)
    return _told(arguments, done)


def _told(arguments: argparse.Namespace, done: Transferred) -> int:
    if arguments.json:
        output.write_json(
            {"done": done.done, "skipped": dict(done.skipped), "refused": dict(done.refused)}
        )
    else:
        rows = [["taken over", str(done.done)]]
        rows += [[f"left out: {why.lower()}", str(count)] for why, count in done.skipped.items()]
        rows += [[f"refused: {address}", words] for address, words in done.refused.items()]
        output.write_table(["entries", ""], rows)
    return ABSENT if done.refused else exit_codes.OK
