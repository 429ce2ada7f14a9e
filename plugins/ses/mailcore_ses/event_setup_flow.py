"""Looking at what is there, and making the calls that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.errors import SendError
from mailcore.flow import Exchange, Flow
from mailcore_ses.account.calls import entries, settled, structure, text
from mailcore_ses.aws import AwsCall, AwsResponse
from mailcore_ses.errors import error_of
from mailcore_ses.event_plan import Existing, plan
from mailcore_ses.event_setup import EventSetup


_ABSENT = ("NotFound", "NonExistentQueue", "QueueDoesNotExist")


def read_account_id(region_name: str) -> Flow[str]:
    """
    The account of the credentials.

    Raises:
        SendError: If AWS cannot be asked, or refuses.
    """
    body = yield from _ask("sts", "GetCallerIdentity", {}, region_name)
    return text(body or {}, "Account")


def read_existing(wanted: EventSetup) -> Flow[Existing]:
    """
    Look at what is there; changes nothing.

    Raises:
        SendError: If AWS cannot be asked, or refuses.
    """
    region = wanted.region_name
    topic = yield from _ask("sns", "GetTopicAttributes", {"TopicArn": wanted.topic_arn}, region)
    subscriptions: tuple[Mapping[str, str], ...] = ()
    if topic is not None:
        subscriptions = yield from _read_subscriptions(wanted)
    queues: dict[str, Mapping[str, str]] = {}
    for name in (wanted.queue_name, wanted.dead_letter_queue_name):
        if name is None:
            continue
        params = {"QueueUrl": wanted.queue_url(name), "AttributeNames": ["All"]}
        queue = yield from _ask("sqs", "GetQueueAttributes", params, region)
        if queue is not None:
            queues[name] = structure(queue, "Attributes")
    named = {"ConfigurationSetName": wanted.configuration_set_name}
    destinations = yield from _ask("sesv2", "GetConfigurationSetEventDestinations", named, None)
    found = entries(destinations or {}, "EventDestinations")
    return Existing(
        topic=None if topic is None else structure(topic, "Attributes"),
        subscriptions=subscriptions,
        queues=queues,
        has_configuration_set=destinations is not None,
        destination=next(
            (each for each in found if each.get("Name") == wanted.event_destination_name), None
        ),
    )


def apply(wanted: EventSetup) -> Flow[tuple[AwsCall, ...]]:
    """
    Make the calls that are missing; a second time there are none.

    Returns:
        The calls that were made.

    Raises:
        SendError: At the first call that fails; those before it are done, and not repeated the next
            time.
    """
    existing = yield from read_existing(wanted)
    calls = plan(wanted, existing)
    for call in calls:
        response = yield from _exchange(call)
        if not response.ok:
            raise _error(call, response)
    return calls


def _read_subscriptions(wanted: EventSetup) -> Flow[tuple[Mapping[str, str], ...]]:
    found: list[Mapping[str, str]] = []
    params: dict[str, Any] = {"TopicArn": wanted.topic_arn}
    while True:
        body = yield from _ask("sns", "ListSubscriptionsByTopic", params, wanted.region_name)
        found += entries(body or {}, "Subscriptions")
        token = text(body or {}, "NextToken")
        if not token:
            return tuple(found)
        params = {**params, "NextToken": token}


def _ask(
    service: str, operation: str, params: Mapping[str, Any], region_name: str | None
) -> Flow[Mapping[str, Any] | None]:
    call = AwsCall(service=service, operation=operation, params=params, region_name=region_name)
    response = yield from _exchange(call)
    if response.ok:
        return response.body
    if any(word in response.error_code for word in _ABSENT):
        return None
    raise _error(call, response)


def _exchange(call: AwsCall) -> Flow[AwsResponse]:
    try:
        response: AwsResponse = yield Exchange(call)
    except SendError as error:
        settled(error)
        raise
    return response


def _error(call: AwsCall, response: AwsResponse) -> SendError:
    error = settled(error_of(response))
    error.args = (f"{call.service} {call.operation}: {error.args[0]}",)
    return error
