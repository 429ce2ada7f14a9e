"""
Calls of AWS that a command would make, or has made: as commands of the AWS CLI, or as JSON.

The password of a webhook does not appear: a shell variable stands in its place, so that what is
printed works when it is pasted, and may still be kept in a file or a ticket.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from mailcore.cli import output
from mailcore.cli.failures import UsageError
from mailcore.flow import run as run_flow
from mailcore_ses.aws.call import AwsCall
from mailcore_ses.aws.transport import AwsTransport
from mailcore_ses.setup.delivery_policy import LONGEST_MINUTES, SHORTEST_MINUTES
from mailcore_ses.setup.topic_flow import read_account_id
from mailcore_ses.setup.topic_setup import TopicSetup
from mailcore_ses.setup.webhook_endpoint import (
    PASSWORD_VARIABLE,
    lacks_password,
    user_of,
    with_password,
    with_password_replaced,
    without_password,
)


# In place of the password until the text is quoted: no URL that is taken has such a character.
_MARK = "\ue000"
# An unset variable ends the command before anything is subscribed with an empty password.
_REFERENCE = f'"${{{PASSWORD_VARIABLE}:?set it to the password of the webhook}}"'
_COMMANDS = {"s3": "s3api"}


def add_topic_arguments(parser: argparse.ArgumentParser, topic_name: str) -> None:
    """Add the options for topic and listeners, and how to go about it."""
    parser.add_argument(
        "--https-endpoint",
        metavar="URL",
        help=f"a webhook to subscribe; with a user in it (https://user@…), the password is that of "
        f"the environment variable {PASSWORD_VARIABLE}",
    )
    parser.add_argument("--queue-name", metavar="NAME", help="an SQS queue to subscribe")
    dead = parser.add_mutually_exclusive_group()
    dead.add_argument(
        "--dead-letter-queue-name",
        metavar="NAME",
        help="the queue for messages that always fail, or that the webhook did not take for an "
        "hour (the name of the queue, or of the topic, with -dead)",
    )
    dead.add_argument(
        "--no-dead-letter-queue",
        action="store_true",
        help="have none: such messages are lost",
    )
    parser.add_argument("--topic-name", metavar="NAME", default=topic_name, help=f"({topic_name})")
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


def require_consistent(arguments: argparse.Namespace) -> None:
    """
    Check the options that :func:`add_topic_arguments` adds.

    Raises:
        UsageError: If AWS would have to be asked and must not be.
    """
    if arguments.offline and arguments.account_id is None:
        raise UsageError("--offline needs --account-id")


class OfTopic(TypedDict):
    """What :func:`add_topic_arguments` says of a :class:`TopicSetup`, by its names."""

    account_id: str
    region_name: str
    topic_name: str
    https_endpoint: str | None
    queue_name: str | None
    dead_letter_queue: bool
    dead_letter_queue_name: str | None


def topic_of(arguments: argparse.Namespace, region_name: str, transport: AwsTransport) -> OfTopic:
    """
    The topic that the arguments describe; asks for the account unless they name it.

    Raises:
        UsageError: If calls are to be made, and nothing says the webhook's password.
        SendError: If AWS cannot be asked.
    """
    endpoint, account_id = _endpoint_of(arguments), arguments.account_id
    if account_id is None:
        account_id = run_flow(read_account_id(region_name), transport)
    return {
        "account_id": account_id,
        "region_name": region_name,
        "topic_name": arguments.topic_name,
        "https_endpoint": endpoint,
        "queue_name": arguments.queue_name,
        "dead_letter_queue": not arguments.no_dead_letter_queue,
        "dead_letter_queue_name": arguments.dead_letter_queue_name,
    }


def _endpoint_of(arguments: argparse.Namespace) -> str | None:
    """
    The webhook's URL, with a password if it names a user.

    Raises:
        UsageError: If calls are to be made, and nothing says the password.
    """
    url: str | None = arguments.https_endpoint
    if url is None or not lacks_password(url):
        return url
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if not password and arguments.apply:
        raise UsageError(
            f"--https-endpoint names a user without a password: set {PASSWORD_VARIABLE} to it"
        )
    # What is only printed has a variable in its place.
    return with_password(url, password or "not-set")


def write_calls(
    arguments: argparse.Namespace,
    calls: Sequence[AwsCall],
    region_name: str,
    endpoint_urls: Mapping[str, str],
) -> None:
    """
    Write the calls as commands, or as JSON.

    Args:
        arguments: The arguments of the command, of which `json` and `apply` count.
        calls: The calls, in the order in which they are made.
        region_name: The region of the calls that name none.
        endpoint_urls: Other endpoints than AWS's, by service.
    """
    if arguments.json:
        described = [
            {
                "service": call.service,
                "operation": call.operation,
                "region_name": call.region_name or region_name,
                "params": _shown(call, f"${{{PASSWORD_VARIABLE}}}"),
            }
            for call in calls
        ]
        output.write_json({"applied": arguments.apply, "calls": described})
        return
    for call in calls:
        output.write(as_command(call, region_name, endpoint_urls.get(call.service)))
    if not calls:
        output.note("all of it is there already")
    elif arguments.apply:
        output.note(f"made {len(calls)} calls")
    else:
        output.note(f"{len(calls)} calls to make; --apply makes them")
    if not arguments.apply and _have_password(calls):
        output.note(
            f"the commands take the webhook's password from the variable {PASSWORD_VARIABLE}, in "
            f"which characters other than letters, digits and -._~ are written as %XX. To set it "
            f"unseen, in bash: read -rs {PASSWORD_VARIABLE}"
        )


def notes_on_listeners(wanted: TopicSetup) -> Iterable[str]:
    """What there is to do at the other end of the topic."""
    url = wanted.https_endpoint
    if wanted.queue_name is not None:
        queue_url = wanted.queue_url(wanted.queue_name)
        yield f"next: mailcore ses consume --queue-url {queue_url} --handler app:on_event"
    if url is None:
        return
    user = user_of(url)
    secret = "" if user is None else f' and webhook_secrets=["{user}:…"], with the password,'
    yield f'the webhook needs topic_arns=["{wanted.topic_arn}"]{secret} to confirm'
    tries = f"a webhook that is down is tried for {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes"
    if wanted.dead_letter_queue_name is None:
        yield f"{tries}; then SNS discards the message"
        return
    queue_url = wanted.queue_url(wanted.dead_letter_queue_name)
    yield (
        f"{tries}; then the message waits in {wanted.dead_letter_queue_name!r} for 14 days: "
        f"mailcore ses consume --queue-url {queue_url} --handler app:on_event"
    )


def as_command(call: AwsCall, region_name: str, endpoint_url: str | None = None) -> str:
    """
    A call as a command of the AWS CLI, for a POSIX shell.

    The password of a webhook is read from the environment variable
    :data:`~mailcore_ses.setup.webhook_endpoint.PASSWORD_VARIABLE` when the command runs.
    """
    from botocore import xform_name

    words = [
        "aws",
        _COMMANDS.get(call.service, call.service),
        xform_name(call.operation, "-"),
        "--region",
        call.region_name or region_name,
        *(["--endpoint-url", without_password(endpoint_url)] if endpoint_url else []),
        "--cli-input-json",
    ]
    text = json.dumps(_shown(call, _MARK), ensure_ascii=False)
    quoted = _REFERENCE.join(map(shlex.quote, text.split(_MARK)))
    return f"{shlex.join(words)} {quoted}"


def _shown(call: AwsCall, password: str) -> dict[str, Any]:
    return {
        name: with_password_replaced(value, password) if name == "Endpoint" else value
        for name, value in call.params.items()
    }


def _have_password(calls: Iterable[AwsCall]) -> bool:
    return any(user_of(str(call.params.get("Endpoint", ""))) is not None for call in calls)
