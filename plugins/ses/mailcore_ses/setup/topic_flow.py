"""Looking at topic, queues and subscriptions that are there, and making calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mailcore.errors import SendError
from mailcore.flow import Flow
from mailcore_ses.aws.asking import entries, exchange, settled, structure, text
from mailcore_ses.aws.call import AwsCall, AwsResponse
from mailcore_ses.errors import error_of
from mailcore_ses.setup.topic_plan import ExistingTopic, webhook_subscription
from mailcore_ses.setup.topic_setup import TopicSetup


_ABSENT = ("NotFound", "NonExistentQueue", "QueueDoesNotExist")


def read_account_id(region_name: str) -> Flow[str]:
    """
    The account of the credentials.

    Raises:
        SendError: If AWS cannot be asked, or refuses.
    """
    body = yield from ask("sts", "GetCallerIdentity", {}, region_name)
    return text(body or {}, "Account")


def read_topic(wanted: TopicSetup) -> Flow[ExistingTopic]:
    """
    Look at what is there of topic and listeners; changes nothing.

    Raises:
        SendError: If AWS cannot be asked, or refuses.
    """
    region = wanted.region_name
    topic = yield from ask("sns", "GetTopicAttributes", {"TopicArn": wanted.topic_arn}, region)
    subscriptions: tuple[Mapping[str, str], ...] = ()
    if topic is not None:
        subscriptions = yield from _read_subscriptions(wanted)
    webhook: Mapping[str, Any] | None = None
    arn = webhook_subscription(wanted, subscriptions)
    if arn is not None:
        params = {"SubscriptionArn": arn}
        webhook = yield from ask("sns", "GetSubscriptionAttributes", params, region)
    queues: dict[str, Mapping[str, str]] = {}
    for name in (wanted.queue_name, wanted.dead_letter_queue_name):
        if name is None:
            continue
        asked: dict[str, Any] = {"QueueUrl": wanted.queue_url(name), "AttributeNames": ["All"]}
        queue = yield from ask("sqs", "GetQueueAttributes", asked, region)
        if queue is not None:
            queues[name] = structure(queue, "Attributes")
    return ExistingTopic(
        topic=None if topic is None else structure(topic, "Attributes"),
        subscriptions=subscriptions,
        webhook_attributes=None if webhook is None else structure(webhook, "Attributes"),
        queues=queues,
    )


def make(calls: Iterable[AwsCall]) -> Flow[None]:
    """
    Make calls, one after the other.

    Raises:
        SendError: At the first call that fails; those before it are done.
    """
    for call in calls:
        response = yield from exchange(call)
        if not response.ok:
            raise _error(call, response)


def ask(
    service: str,
    operation: str,
    params: Mapping[str, Any],
    region_name: str | None,
    absent: tuple[str, ...] = _ABSENT,
) -> Flow[Mapping[str, Any] | None]:
    """
    Ask for something that need not be there.

    Args:
        service: The service, as boto3 names it.
        operation: The operation, as the service's API reference names it.
        params: The parameters of the operation.
        region_name: The region that is asked; None for the provider's own.
        absent: Parts of the error codes that say that it is not there.

    Returns:
        The answer; None if the thing is not there.

    Raises:
        SendError: If AWS cannot be asked, or refuses.
    """
    call = AwsCall(service=service, operation=operation, params=params, region_name=region_name)
    response = yield from exchange(call)
    if response.ok:
        return response.body
    if any(word in response.error_code for word in absent):
        return None
    raise _error(call, response)


def _read_subscriptions(wanted: TopicSetup) -> Flow[tuple[Mapping[str, str], ...]]:
    found: list[Mapping[str, str]] = []
    params: dict[str, Any] = {"TopicArn": wanted.topic_arn}
    while True:
        body = yield from ask("sns", "ListSubscriptionsByTopic", params, wanted.region_name)
        found += entries(body or {}, "Subscriptions")
        token = text(body or {}, "NextToken")
        if not token:
            return tuple(found)
        params = {**params, "NextToken": token}


def _error(call: AwsCall, response: AwsResponse) -> SendError:
    error = settled(error_of(response))
    error.args = (f"{call.service} {call.operation}: {error.args[0]}",)
    return error
