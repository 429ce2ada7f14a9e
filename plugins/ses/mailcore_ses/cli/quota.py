"""``mailcore ses quota``: what the account may send."""

from __future__ import annotations

import argparse

from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.suppressions import add_account_parser
from mailcore_ses.account.status import AccountStatus
from mailcore_ses.cli.common import opened


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_account_parser(
        commands,
        "ses",
        "quota",
        "show what the account may send",
        "Show what the account may send in this region, and whether it may send at all.",
        'ses quota --url "ses://?region_name=eu-west-1"',
        "ses quota --json",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show it."""
    with opened(arguments) as use:
        status, region_name = use.account.status(), use.region_name
    if arguments.json:
        output.write_json(_described(status, region_name))
    else:
        output.write_table(["account", "value"], _rows(status, region_name))
    return exit_codes.OK


def _described(status: AccountStatus, region_name: str) -> dict[str, object]:
    quota = status.quota
    return {
        "region": region_name,
        "max_send_rate_per_second": quota.max_send_rate,
        "max_24_hour_send": quota.max_24_hour_send,
        "sent_last_24_hours": quota.sent_last_24_hours,
        "remaining_24_hours": quota.remaining_24_hours,
        "sending_enabled": status.sending_enabled,
        "enforcement_status": status.enforcement_status,
        "production_access": status.production_access,
        "suppressed_reasons": list(status.suppressed_reasons),
    }


def _rows(status: AccountStatus, region_name: str) -> list[list[str]]:
    quota = status.quota
    return [
        ["region", region_name],
        ["recipients per second", f"{quota.max_send_rate:g}"],
        ["recipients in 24 hours", _number(quota.max_24_hour_send)],
        ["sent in the last 24 hours", _number(quota.sent_last_24_hours)],
        ["left", _number(quota.remaining_24_hours)],
        ["sending", "enabled" if status.sending_enabled else "paused"],
        ["reputation", status.enforcement_status],
        ["writes to", "verified addresses only (sandbox)" if status.sandbox else "anybody"],
        ["suppresses after", ", ".join(status.suppressed_reasons) or "nothing"],
    ]


def _number(value: float | None) -> str:
    return "unlimited" if value is None else f"{value:,.0f}"
