"""``mailcore ses setup-events``: the topic, queue and configuration set that events need."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex

from collections.abc import Mapping, Sequence
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore.flow import run as run_flow
from mailcore_ses.aws import AwsCall
from mailcore_ses.cli.common import new_parser, opened
from mailcore_ses.event_plan import plan
from mailcore_ses.event_setup import EVENT_TYPES, EventSetup, without_password
from mailcore_ses.event_setup_flow import apply, read_account_id, read_existing
from mailcore_ses.transport import AwsTransport


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "setup-events",
        "set up the topic, queue and configuration set for events",
        "Print the AWS calls that are missing for SES events, as commands of the AWS CLI: an SNS "
        "topic with signature version 2, a webhook or an SQS queue with a dead-letter queue that "
        "listen to it, their policies, a configuration set and its event destination. With "
        "--apply, make them. What is there stays; a second time there is nothing to do.",
        "ses setup-events --queue-name ses-events",
        "ses setup-events --https-endpoint https://example.com/webhooks/ses --apply",
    )
    parser.add_argument("--https-endpoint", metavar="URL", help="a webhook to subscribe")
    parser.add_argument("--queue-name", metavar="NAME", help="an SQS queue to subscribe")
    parser.add_argument(
        "--dead-letter-queue-name",
        metavar="NAME",
        help="where messages go that always fail (the queue's name with -dead)",
    )
    parser.add_argument("--topic-name", metavar="NAME", default="ses-events", help="(ses-events)")
    parser.add_argument(
        "--configuration-set", metavar="NAME", default="events", help="that publishes (events)"
    )
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
        "--account-id", metavar="DIGITS", help="the AWS account; asked of AWS otherwise"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--apply", action="store_true", help="make the calls")
    how.add_argument(
        "--offline",
        action="store_true",
        help="print all calls, as if nothing were there; needs --account-id, and asks AWS nothing",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what is missing, or make it."""
    if arguments.offline and arguments.account_id is None:
        raise UsageError("--offline needs --account-id")
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
    _write(arguments, wanted, calls, settings.endpoint_urls)
    return exit_codes.OK


def _wanted(arguments: argparse.Namespace, region_name: str, transport: AwsTransport) -> EventSetup:
    account_id = arguments.account_id
    if account_id is None:
        account_id = run_flow(read_account_id(region_name), transport)
    return EventSetup(
        account_id=account_id,
        region_name=region_name,
        topic_name=arguments.topic_name,
        https_endpoint=arguments.https_endpoint,
        queue_name=arguments.queue_name,
        dead_letter_queue_name=arguments.dead_letter_queue_name,
        configuration_set_name=arguments.configuration_set,
        event_destination_name=arguments.event_destination,
        event_types=tuple(arguments.event_type or EVENT_TYPES),
    )


def _write(
    arguments: argparse.Namespace,
    wanted: EventSetup,
    calls: Sequence[AwsCall],
    endpoint_urls: Mapping[str, str],
) -> None:
    if arguments.json:
        described = [
            {
                "service": call.service,
                "operation": call.operation,
                "region_name": call.region_name or wanted.region_name,
                "params": _shown(call),
            }
            for call in calls
        ]
        output.write_json({"applied": arguments.apply, "calls": described})
        return
    for call in calls:
        endpoint_url = endpoint_urls.get(call.service)
        output.write(as_command(call, wanted.region_name, endpoint_url))
    if not calls:
        output.note("all of it is there already")
    elif arguments.apply:
        output.note(f"made {len(calls)} calls")
    else:
        output.note(f"{len(calls)} calls to make; --apply makes them")
    if wanted.queue_name is not None:
        url = wanted.queue_url(wanted.queue_name)
        output.note(f"next: mailcore ses consume --queue-url {url} --handler app:on_event")
    if wanted.https_endpoint is not None:
        output.note(f'the webhook needs topic_arns=["{wanted.topic_arn}"] to confirm')
    output.note(f"send with configuration_set_name={wanted.configuration_set_name!r}")


def as_command(call: AwsCall, region_name: str, endpoint_url: str | None = None) -> str:
    """A call as a command of the AWS CLI, without the password of an endpoint."""
    from botocore import xform_name

    words = [
        "aws",
        call.service,
        xform_name(call.operation, "-"),
        "--region",
        call.region_name or region_name,
        *(["--endpoint-url", without_password(endpoint_url)] if endpoint_url else []),
        "--cli-input-json",
        json.dumps(_shown(call)),
    ]
    return shlex.join(words)


def _shown(call: AwsCall) -> dict[str, Any]:
    return {
        name: without_password(value) if name == "Endpoint" else value
        for name, value in call.params.items()
    }
