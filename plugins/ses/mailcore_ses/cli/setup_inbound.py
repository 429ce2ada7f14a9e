"""``mailcore ses setup-inbound``: the bucket, topic and receipt rule that receiving mail needs."""

from __future__ import annotations

import argparse
import contextlib

from collections.abc import Iterable
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.suppressions import add_account_parser
from mailcore.flow import run as run_flow
from mailcore_ses.aws.transport import AwsTransport
from mailcore_ses.cli.common import ABSENT, opened
from mailcore_ses.cli.planned_calls import (
    add_topic_arguments,
    notes_on_listeners,
    require_consistent,
    topic_of,
    write_calls,
)
from mailcore_ses.setup.inbound_flow import apply, read_existing
from mailcore_ses.setup.inbound_plan import ExistingInbound, is_inactive, plan
from mailcore_ses.setup.inbound_setup import InboundSetup


_REGIONS = "https://docs.aws.amazon.com/general/latest/gr/ses.html"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_account_parser(
        commands,
        "ses",
        "setup-inbound",
        "set up the bucket, topic and receipt rule for received mail",
        "Print the AWS calls that are missing for SES to receive mail, as commands of the AWS "
        "CLI: an S3 bucket that is closed to the public, an SNS topic with a webhook or an SQS "
        "queue that listen to it, their policies, a receipt rule set and a rule. With --apply, "
        "make them. What is there stays; a second time there is nothing to do. The MX record to "
        "add is named. Only one rule set is active in a region: another one that is stays so, and "
        "the command ends with 1.",
        "ses setup-inbound --recipient in.example.com --bucket example-mail --queue-name inbound",
        "ses setup-inbound --recipient in.example.com --bucket example-mail --queue-name inbound "
        "--rule-set default-rule-set --apply",
    )
    parser.add_argument(
        "--recipient",
        metavar="NAME",
        action="append",
        required=True,
        help="a domain, an address, or .example.com for all domains below it; repeatable",
    )
    parser.add_argument(
        "--bucket", metavar="NAME", required=True, help="the S3 bucket that mail is put into"
    )
    parser.add_argument(
        "--prefix",
        metavar="TEXT",
        default="",
        help="what the keys of the objects begin with (none)",
    )
    parser.add_argument(
        "--rule-set",
        metavar="NAME",
        default="mailcore",
        help="the receipt rule set; the active one, if there is one (mailcore)",
    )
    parser.add_argument(
        "--rule-name", metavar="NAME", default="mailcore-inbound", help="(mailcore-inbound)"
    )
    parser.add_argument(
        "--require-tls", action="store_true", help="refuse mail that comes without TLS"
    )
    parser.add_argument(
        "--replace-active",
        action="store_true",
        help="make the rule set the active one, even if another one is: mail then goes by this "
        "one, and by the other no more",
    )
    add_topic_arguments(parser, "ses-inbound")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what is missing, or make it."""
    require_consistent(arguments)
    existing = ExistingInbound()
    with opened(arguments) as use:
        settings = use.provider.setup_clients()
        with contextlib.closing(AwsTransport(settings)) as transport:
            wanted = _wanted(arguments, use.region_name, transport)
            if not arguments.offline:
                existing = run_flow(read_existing(wanted), transport)
            if arguments.apply:
                calls = run_flow(apply(wanted, existing), transport)
            else:
                calls = plan(wanted, existing)
    write_calls(arguments, calls, wanted.region_name, settings.endpoint_urls)
    inactive = is_inactive(wanted, existing)
    active = existing.active_rule_set_name
    if inactive and active:
        output.note(
            f"warning: the rule set {active!r} is active, so no mail comes by "
            f"{wanted.rule_set_name!r}: --rule-set {active} adds the rule there, --replace-active "
            f"makes {wanted.rule_set_name!r} the active one instead",
            always=True,
        )
    if not arguments.json:
        for note in _notes(wanted):
            output.note(note)
        if inactive and not active:
            output.note(
                "no rule set is made the active one, because AWS was not asked whether another is; "
                "--replace-active does it all the same"
            )
    return ABSENT if inactive and active else exit_codes.OK


def _wanted(
    arguments: argparse.Namespace, region_name: str, transport: AwsTransport
) -> InboundSetup:
    return InboundSetup(
        **topic_of(arguments, region_name, transport),
        recipients=tuple(arguments.recipient),
        bucket_name=arguments.bucket,
        object_key_prefix=arguments.prefix,
        rule_set_name=arguments.rule_set,
        rule_name=arguments.rule_name,
        require_tls=arguments.require_tls,
        replace_active=arguments.replace_active,
    )


def _notes(wanted: InboundSetup) -> Iterable[str]:
    for name in wanted.mx_names:
        yield f"MX record to add: {name}. MX 10 {wanted.mx_host}."
    yield (
        "mail for a name that has MX records today goes there until you replace them: a name of "
        "its own, such as in.example.com, leaves your other mail alone"
    )
    yield f"SES receives mail in some regions only ({_REGIONS}), and for verified domains only"
    yield from notes_on_listeners(wanted)
