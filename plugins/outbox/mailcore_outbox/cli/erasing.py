"""``mailcore outbox erase``: an address that is to be forgotten."""

from __future__ import annotations

import argparse

from typing import Any

from mailcore.cli import exit_codes, output
from mailcore_outbox.cli.common import NOT_DONE, add_command, opened


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "erase",
        run,
        help="forget an address: bodies, recipients, receipts of all rows that went to it",
        description="Forget an address. Rows that went to it lose their bodies and subjects, and "
        "their recipients and receipts lose the address; a row that waits goes to the others only. "
        "Addresses in the text of mail to others stay, and so does the suppression list.",
    )
    parser.add_argument("address", metavar="ADDRESS", help="the address, in any spelling")


def run(arguments: argparse.Namespace) -> int:
    """
    Erase.

    Raises:
        InvalidAddress: If the argument is no email address, which no row can have.
    """
    from mailcore.address import Address
    from mailcore.outbox import erase

    address = Address.parse(arguments.address)
    with opened(arguments) as outbox:
        erasure = erase(outbox.store, address.addr_spec)
    told = {
        "erased": erasure.erased,
        "being_sent": erasure.being_sent,
        "newer": erasure.newer,
    }
    if arguments.json:
        output.write_json(told)
    else:
        rows = [
            ["erased", str(erasure.erased)],
            ["being sent just now: erase it again", str(erasure.being_sent)],
            ["of a newer release, which can erase it", str(erasure.newer)],
        ]
        output.write_table(["rows", ""], rows)
    return NOT_DONE if erasure.being_sent or erasure.newer else exit_codes.OK
