"""``mailcore ses identities``: the addresses and domains that the account sends from."""

from __future__ import annotations

import argparse

from dataclasses import asdict
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.suppressions import add_account_parser
from mailcore_ses.account import SesAccount
from mailcore_ses.account.identities import Identity
from mailcore_ses.cli.common import ABSENT, opened, require_names


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_account_parser(
        commands,
        "ses",
        "identities",
        "list, show, create and delete identities",
        "List the addresses and domains that the account may send from in this region; show one "
        "with the DNS records that it needs; begin to verify one; delete one.",
        "ses identities create example.com",
        "ses identities show example.com --json",
    )
    parser.add_argument(
        "action", nargs="?", choices=["list", "show", "create", "delete"], default="list"
    )
    parser.add_argument("names", metavar="IDENTITY", nargs="*", help="an address or a domain")
    parser.add_argument(
        "--configuration-set",
        metavar="NAME",
        help="with create: of messages from it that name none",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says."""
    require_names(arguments, arguments.names, "an address or a domain")
    with opened(arguments) as use:
        if arguments.action == "list":
            return _list(arguments, use.account)
        if arguments.action == "delete":
            return _delete(arguments, use.account)
        return _show(arguments, use.account)


def _list(arguments: argparse.Namespace, account: SesAccount) -> int:
    identities = list(account.identities())
    if arguments.json:
        output.write_json({"identities": [asdict(each) for each in identities]})
        return exit_codes.OK
    rows = [
        [
            each.name,
            each.kind.lower().replace("_", " "),
            each.verification_status.lower().replace("_", " "),
            "enabled" if each.sending_enabled else "disabled",
        ]
        for each in identities
    ]
    output.write_table(["identity", "kind", "verification", "sending"], rows)
    return exit_codes.OK


def _show(arguments: argparse.Namespace, account: SesAccount) -> int:
    found: list[Identity] = []
    for name in arguments.names:
        if arguments.action == "create":
            chosen = arguments.configuration_set
            found.append(account.create_identity(name, configuration_set_name=chosen))
            continue
        identity = account.identity(name)
        if identity is None:
            output.note(f"{name} is no identity of the account in this region")
        else:
            found.append(identity)
    if arguments.json:
        output.write_json({"identities": [_described(each) for each in found]})
    else:
        for number, each in enumerate(found):
            if number:
                output.write("")
            _write(each)
    return exit_codes.OK if len(found) == len(arguments.names) else ABSENT


def _described(identity: Identity) -> dict[str, object]:
    described = asdict(identity)
    # Those of the records have it.
    del described["dkim"]["hosted_zone"]
    described["dns_records"] = [
        {"type": record.kind, "name": record.name, "value": record.value}
        for record in identity.dns_records
    ]
    return described


def _write(identity: Identity) -> None:
    dkim = identity.dkim
    rows = [
        ["kind", identity.kind.lower().replace("_", " ")],
        ["may send", "yes" if identity.verified_for_sending else "not yet"],
        ["verification", identity.verification_status.lower().replace("_", " ")],
        ["DKIM", f"{'on' if dkim.signing_enabled else 'off'}, {dkim.status.lower()}"],
        ["MAIL FROM domain", identity.mail_from_domain or "amazonses.com"],
        ["MAIL FROM status", identity.mail_from_status.lower()],
        ["configuration set", identity.configuration_set_name],
    ]
    output.write_table([identity.name, ""], [row for row in rows if row[1]])
    if identity.dns_records:
        records = [[each.kind, each.name, each.value] for each in identity.dns_records]
        output.write("")
        output.write_table(["DNS record", "name", "value"], records)


def _delete(arguments: argparse.Namespace, account: SesAccount) -> int:
    deleted = {name: account.delete_identity(name) for name in arguments.names}
    if arguments.json:
        output.write_json({"deleted": deleted})
    else:
        rows = [[name, "deleted" if done else "was not there"] for name, done in deleted.items()]
        output.write_table(["identity", "outcome"], rows)
    return exit_codes.OK if all(deleted.values()) else ABSENT
