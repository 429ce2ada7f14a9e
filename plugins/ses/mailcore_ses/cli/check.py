"""``mailcore ses check``: what keeps the account from sending."""

from __future__ import annotations

import argparse

from dataclasses import asdict
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.common import is_quiet
from mailcore.cli.failures import UsageError
from mailcore.cli.suppressions import add_account_parser
from mailcore.flow import run as run_flow
from mailcore_ses.account.check import check
from mailcore_ses.cli.common import ABSENT, opened


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_account_parser(
        commands,
        "ses",
        "check",
        "say what is wrong, and what to do",
        "Look at credentials, region, account, sandbox, quota, identity, DKIM, configuration set "
        "and event destinations, and say what to do about what is wrong. The exit code is 0 only "
        "if all is well.",
        "ses check --from shop@example.com",
        "ses check --from shop@example.com --test-send",
    )
    parser.add_argument("--from", dest="sender", metavar="ADDRESS", help="whom you send from")
    parser.add_argument(
        "--sandbox-ok", action="store_true", help="an account in the sandbox is all right"
    )
    parser.add_argument(
        "--test-send",
        action="store_true",
        help="send a message to SES's mailbox simulator, which costs as much as any other; "
        "nothing else shows whether the credentials may send",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look at everything."""
    if arguments.test_send and arguments.sender is None:
        raise UsageError("--test-send needs --from")
    with opened(arguments) as use:
        flow = check(
            use.provider,
            sender=arguments.sender,
            sandbox_ok=arguments.sandbox_ok,
            test_send=arguments.test_send,
        )
        findings = run_flow(flow, use.transport)
    well = all(each.state == "ok" for each in findings)
    if arguments.json:
        output.write_json({"ok": well, "findings": [asdict(each) for each in findings]})
    elif is_quiet(arguments):
        for each in findings:
            if each.state != "ok":
                fix = f"; {each.fix}" if each.fix else ""
                output.note(f"error: {each.subject}: {each.text}{fix}", always=True)
    else:
        rows = [
            [each.subject, each.state, each.text + (f"; {each.fix}" if each.fix else "")]
            for each in findings
        ]
        output.write_table(["", "state", "what was found, and what to do"], rows)
    return exit_codes.OK if well else ABSENT
