"""``mailcore ses setup-events``: the topic, queue and configuration set that events need."""

from __future__ import annotations

import argparse
import contextlib

from collections.abc import Iterable
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.suppressions import add_account_parser
from mailcore.flow import run as run_flow
from mailcore_ses.aws.transport import AwsTransport
from mailcore_ses.cli.common import opened
from mailcore_ses.cli.planned_calls import (
    add_topic_arguments,
    notes_on_listeners,
    require_consistent,
    topic_of,
    write_calls,
)
from mailcore_ses.setup.event_flow import apply, read_existing
from mailcore_ses.setup.event_plan import plan
from mailcore_ses.setup.event_setup import EVENT_TYPES, EventSetup


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_account_parser(
        commands,
        "ses",
        "setup-events",
        "set up the topic, queue and configuration set for events",
        "Print the AWS calls that are missing for SES events, as commands of the AWS CLI: an SNS "
        "topic with signature version 2, a webhook or an SQS queue with a dead-letter queue that "
        "listen to it, their policies, a configuration set and its event destination, and the "
        "notifications of identities. With --apply, make them. What is there stays; a second time "
        "there is nothing to do.",
        "ses setup-events --queue-name ses-events",
        "ses setup-events --https-endpoint https://sns@example.com/webhooks/ses --apply",
        "ses setup-events --queue-name ses-events --identity example.com --feedback-forwarding off",
    )
    add_topic_arguments(parser, "ses-events")
    sets = parser.add_mutually_exclusive_group()
    sets.add_argument(
        "--configuration-set", metavar="NAME", default="events", help="that publishes (events)"
    )
    sets.add_argument("--no-configuration-set", action="store_true", help="none: identities notify")
    parser.add_argument(
        "--event-destination", metavar="NAME", default="mailcore", help="of the set (mailcore)"
    )
    parser.add_argument(
        "--event-type",
        metavar="TYPE",
        action="append",
        choices=EVENT_TYPES,
        help=f"what to publish, repeatable (all): {', '.join(EVENT_TYPES)}",
    )
    parser.add_argument(
        "--identity",
        metavar="NAME",
        action="append",
        help="an address or a domain that is to notify of bounces, complaints and deliveries, with "
        "the headers of the messages; repeatable",
    )
    parser.add_argument(
        "--feedback-forwarding",
        choices=["on", "off"],
        help="whether these identities also report bounces and complaints by email (as it is)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what is missing, or make it."""
    require_consistent(arguments)
    with opened(arguments) as use:
        settings = use.provider.setup_clients()
        with contextlib.closing(AwsTransport(settings)) as transport:
            wanted = _wanted(arguments, use.region_name, transport)
            if arguments.offline:
                calls = plan(wanted)
            elif arguments.apply:
                calls = run_flow(apply(wanted), transport)
            else:
                calls = plan(wanted, run_flow(read_existing(wanted), transport))
    write_calls(arguments, calls, wanted.region_name, settings.endpoint_urls)
    if not arguments.json:
        for note in _notes(wanted):
            output.note(note)
    return exit_codes.OK


def _wanted(arguments: argparse.Namespace, region_name: str, transport: AwsTransport) -> EventSetup:
    forwarding = arguments.feedback_forwarding
    return EventSetup(
        **topic_of(arguments, region_name, transport),
        configuration_set_name=(
            None if arguments.no_configuration_set else arguments.configuration_set
        ),
        event_destination_name=arguments.event_destination,
        event_types=tuple(arguments.event_type or EVENT_TYPES),
        identities=tuple(arguments.identity or ()),
        feedback_forwarding=None if forwarding is None else forwarding == "on",
    )


def _notes(wanted: EventSetup) -> Iterable[str]:
    yield from notes_on_listeners(wanted)
    if wanted.configuration_set_name is not None:
        yield f"send with configuration_set_name={wanted.configuration_set_name!r}"
    if wanted.identities and wanted.configuration_set_name is not None:
        yield (
            "bounces, complaints and deliveries of messages with that set come twice, from the "
            "identity too: --no-configuration-set leaves the set out"
        )
    if wanted.identities and wanted.feedback_forwarding is None:
        yield (
            "feedback forwarding stays as it is: if it is on, bounces and complaints also come by "
            "email; --feedback-forwarding off ends that"
        )
