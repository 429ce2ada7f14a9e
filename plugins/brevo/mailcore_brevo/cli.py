"""``mailcore brevo domains``."""

from __future__ import annotations

import argparse

from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore.cli.suppressions import add_account_parser, opened_provider
from mailcore.registry import Registry
from mailcore_brevo.account import BrevoAccount
from mailcore_brevo.provider import BrevoProvider


_NAME = "brevo"
# As that of ``suppressions``: a domain was not there.
_ABSENT = 1


def add_domains(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``domains``."""
    parser = add_account_parser(
        commands,
        _NAME,
        "domains",
        "list, block and unblock domains",
        "Domains that Brevo sends nothing to: list them, block or unblock some.",
    )
    parser.add_argument("action", nargs="?", choices=("list", "block", "unblock"), default="list")
    parser.add_argument("domains", metavar="DOMAIN", nargs="*", help="such as example.com")
    parser.set_defaults(run=_domains)


def _domains(arguments: argparse.Namespace) -> int:
    if arguments.action == "list" and arguments.domains:
        raise UsageError("`list` takes no domains")
    if arguments.action != "list" and not arguments.domains:
        raise UsageError(f"`{arguments.action}` needs a domain")
    outcomes: dict[str, bool] = {}
    with opened_provider(arguments, _NAME) as provider:
        account = _account(arguments, provider)
        if arguments.action == "list":
            _write(arguments, account.blocked_domains())
        for domain in arguments.domains:
            if arguments.action == "block":
                account.block_domain(domain)
            outcomes[domain] = arguments.action == "block" or account.unblock_domain(domain)
    if outcomes and arguments.json:
        output.write_json({"done": outcomes})
    elif outcomes:
        told = "blocked" if arguments.action == "block" else "unblocked"
        rows = [[domain, told if ok else "was not blocked"] for domain, ok in outcomes.items()]
        output.write_table(["domain", "outcome"], rows)
    return exit_codes.OK if all(outcomes.values()) else _ABSENT


def _write(arguments: argparse.Namespace, domains: tuple[str, ...]) -> None:
    if arguments.json:
        output.write_json({"blocked": list(domains)})
    else:
        output.write_table(["domain"], [[each] for each in domains])


def _account(arguments: argparse.Namespace, provider: object) -> BrevoAccount:
    if not isinstance(provider, BrevoProvider):
        raise UsageError(f"`mailcore {_NAME}` is not about this provider")
    registry: Registry = arguments.registry
    return BrevoAccount(provider.suppressions(), registry.transport_for(provider))
