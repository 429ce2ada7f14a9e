"""
One SQS queue: what a consumer needs of it, as plain calls.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ (read 2026-11-21).
"""

from __future__ import annotations

import json
import logging
import re

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from mailcore.errors import ConfigurationError, MailcoreError, UnexpectedResponse
from mailcore.flow import Transport
from mailcore.http import REDIRECT_VARIABLE, redirect_target
from mailcore_ses.aws.call import AwsCall, AwsResponse
from mailcore_ses.aws.transport import AwsTransport, ClientSettings


SQS = "sqs"
MAX_BATCH = 10
"""Messages in one call."""
MAX_WAIT_SECONDS = 20
MAX_VISIBILITY_SECONDS = 12 * 3600

logger = logging.getLogger("mailcore_ses.consumer")

_COUNT = re.compile(r"[0-9]{1,9}")
_REGION = re.compile(r"(?:^|\.)sqs\.([a-z0-9-]+)\.|^([a-z0-9-]+)\.queue\.", re.ASCII)
_AWS_HOST = re.compile(r"\.(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws)\Z", re.ASCII)
_PRIVATE_HOST = re.compile(r"\Avpce-", re.ASCII)
# What will not go away by trying again.
_FINAL_STATUS_CODES = frozenset({400, 401, 403, 404})
_PASSING_CODES = ("Throttl", "OverLimit", "RequestLimitExceeded", "KmsThrottled", "Expired")


class QueueError(MailcoreError):
    """
    SQS refused a call.

    Attributes:
        code: AWS's name of the error.
        is_final: Whether trying again is of no use.
    """

    def __init__(self, operation: str, response: AwsResponse) -> None:
        self.code = response.error_code or str(response.status_code)
        super().__init__(f"SQS refused {operation}: {self.code}")
        passing = any(word in self.code for word in _PASSING_CODES)
        self.is_final = response.status_code in _FINAL_STATUS_CODES and not passing


@dataclass(frozen=True, kw_only=True)
class QueueMessage:
    """
    A message that was received, and is hidden from others for a while.

    Args:
        message_id: The id of the message, the same each time it is received.
        receipt_handle: What this receipt of it is deleted or extended with.
        receive_count: How often it was received, this time included.
        fields: The fields of the message, as SQS returned it.
    """

    message_id: str
    receipt_handle: str = field(repr=False)
    receive_count: int = 1
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class MessageFailure:
    """
    Why one message of several could not be deleted or hidden.

    ``BatchResultErrorEntry`` in the reference of the API, as the SDK for Kotlin has it:
    https://sdk.amazonaws.com/kotlin/api/latest/sqs/ (read 2026-11-30).

    Args:
        code: AWS's name of the error.
        is_final: Whether trying again is of no use: the caller is to blame, and not SQS.
    """

    code: str
    is_final: bool = True


class SqsQueue:
    """
    A queue, by its URL.

    Args:
        queue_url: The URL of the queue, as SQS gives it.
        transport: The transport that makes the calls. None of them reaches a queue of AWS while
            ``MAILCORE_REDIRECT`` is set: whoever reads events from a queue takes them from others.
    """

    def __init__(self, queue_url: str, transport: Transport) -> None:
        self._queue_url = queue_url
        self._transport = transport

    def receive(
        self, *, max_messages: int, wait_seconds: int, visibility_timeout_seconds: int
    ) -> list[QueueMessage]:
        """
        Wait for messages.

        Args:
            max_messages: How many messages to ask for, 1 to 10.
            wait_seconds: How many seconds SQS waits for a message, 0 to 20; it answers as soon as
                there is one.
            visibility_timeout_seconds: How many seconds nobody else sees them.

        Raises:
            QueueError: If SQS refuses.
            SendError: If there is no answer, or none that can be read.
            ConfigurationError: If the queue is AWS's, and calls are redirected.
        """
        body = self._call(
            "ReceiveMessage",
            MaxNumberOfMessages=max_messages,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=visibility_timeout_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return [
            message
            for fields in _list_of(body, "Messages")
            if (message := _message_of(fields)) is not None
        ]

    def delete(self, messages: Sequence[QueueMessage]) -> dict[str, MessageFailure]:
        """
        Delete messages that were handled.

        Returns:
            What is wrong with each that could not be deleted, by its receipt handle.

        Raises:
            QueueError: If SQS refuses.
            SendError: If there is no answer, or none that can be read.
        """
        return self._batches("DeleteMessageBatch", messages, {})

    def set_visibility(
        self, messages: Sequence[QueueMessage], visibility_timeout_seconds: int
    ) -> dict[str, MessageFailure]:
        """
        Hide messages for so long from now on; with 0, others see them at once.

        Returns:
            What is wrong with each that could not be changed, by its receipt handle.

        Raises:
            QueueError: If SQS refuses.
            SendError: If there is no answer, or none that can be read.
        """
        parameters = {"VisibilityTimeout": visibility_timeout_seconds}
        return self._batches("ChangeMessageVisibilityBatch", messages, parameters)

    def has_dead_letter_queue(self) -> bool:
        """
        Whether messages that fail too often go to another queue.

        Raises:
            QueueError: If SQS refuses to say.
            SendError: If there is no answer, or none that can be read.
        """
        body = self._call("GetQueueAttributes", AttributeNames=["RedrivePolicy"])
        attributes = body.get("Attributes") or {}
        try:
            policy = attributes.get("RedrivePolicy")
            return bool(policy and json.loads(policy).get("deadLetterTargetArn"))
        except (AttributeError, TypeError, ValueError, RecursionError):
            raise _unexpected("GetQueueAttributes", "RedrivePolicy") from None

    def close(self) -> None:
        """Release connections."""
        self._transport.close()

    def _batches(
        self, operation: str, messages: Sequence[QueueMessage], parameters: Mapping[str, Any]
    ) -> dict[str, MessageFailure]:
        failed: dict[str, MessageFailure] = {}
        for batch in _chunks(messages):
            entries = [
                {"Id": str(i), "ReceiptHandle": message.receipt_handle, **parameters}
                for i, message in enumerate(batch)
            ]
            handles = {str(i): message.receipt_handle for i, message in enumerate(batch)}
            for failure in _list_of(self._call(operation, Entries=entries), "Failed"):
                handle = handles.get(_id_of(failure))
                if handle is None:
                    raise _unexpected(operation, "Failed")
                failed[handle] = _failure_of(failure)
        return failed

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        _require_reachable(self._queue_url)
        call = AwsCall(
            service=SQS,
            operation=operation,
            params={"QueueUrl": self._queue_url, **parameters},
        )
        response: AwsResponse = self._transport.exchange(call)
        if not response.ok:
            raise QueueError(operation, response)
        return response.body


def _require_reachable(queue_url: str) -> None:
    target = redirect_target()
    if target is not None and _AWS_HOST.search(urlsplit(queue_url).hostname or ""):
        raise ConfigurationError(
            f"{REDIRECT_VARIABLE} is set, and the queue is one of AWS: its events would be taken"
            " from who waits for them. Give the URL of a queue elsewhere, such as one of moto, or"
            f" unset {REDIRECT_VARIABLE}"
        )


def _unexpected(operation: str, name: str) -> UnexpectedResponse:
    return UnexpectedResponse(f"SQS's answer to {operation} has an unreadable {name}")


def _list_of(body: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UnexpectedResponse(f"SQS's answer has an unreadable {name}")
    return value


def _message_of(fields: Any) -> QueueMessage | None:
    """A message; None for one without the handle that it is deleted with, which comes again."""
    known: Mapping[str, Any] = fields if isinstance(fields, Mapping) else {}
    handle, message_id = known.get("ReceiptHandle"), known.get("MessageId")
    if not isinstance(handle, str) or not isinstance(message_id, str):
        logger.error("SQS gave a message without MessageId and ReceiptHandle: left to the queue")
        return None
    attributes = known.get("Attributes")
    count = attributes.get("ApproximateReceiveCount") if isinstance(attributes, Mapping) else None
    return QueueMessage(
        message_id=message_id,
        receipt_handle=handle,
        receive_count=int(count) if isinstance(count, str) and _COUNT.fullmatch(count) else 1,
        fields=known,
    )


def _id_of(entry: Any) -> str:
    return str(entry.get("Id")) if isinstance(entry, Mapping) else ""


def _failure_of(entry: Mapping[str, Any]) -> MessageFailure:
    code = entry.get("Code")
    return MessageFailure(
        code=code if isinstance(code, str) else "Unknown",
        is_final=entry.get("SenderFault") is not False,
    )


def _chunks(messages: Sequence[QueueMessage]) -> Iterator[Sequence[QueueMessage]]:
    for start in range(0, len(messages), MAX_BATCH):
        yield messages[start : start + MAX_BATCH]


def open_queue(
    queue_url: str,
    *,
    region_name: str | None = None,
    wait_seconds: float = MAX_WAIT_SECONDS,
    max_pool_connections: int = 10,
) -> SqsQueue:
    """
    A queue by its URL, which also tells its region, and the endpoint where that is not AWS's own.

    Args:
        queue_url: The URL of the queue, such as
            ``https://sqs.eu-west-1.amazonaws.com/123456789012/ses-events``.
        region_name: The region of the queue, if the URL does not tell it.
        wait_seconds: The longest that SQS will be asked to wait.
        max_pool_connections: How many connections are kept open.

    Raises:
        ConfigurationError: If the URL is not one of a queue, or is that of a queue of AWS while
            ``MAILCORE_REDIRECT`` is set.
    """
    try:
        parts = urlsplit(queue_url)
        host = parts.hostname or ""
        valid = parts.scheme in ("http", "https") and bool(host) and parts.path.count("/") >= 1
    except ValueError:
        valid = False
    if not valid:
        raise ConfigurationError(
            "queue_url must be the URL of an SQS queue, "
            "such as https://sqs.eu-west-1.amazonaws.com/123456789012/ses-events"
        )
    _require_reachable(queue_url)
    found = _REGION.search(host)
    region = region_name or (found and (found[1] or found[2])) or None
    is_public = _AWS_HOST.search(host) and not _PRIVATE_HOST.match(host)
    endpoint_urls = {} if is_public else {SQS: f"{parts.scheme}://{parts.netloc}"}
    return SqsQueue(
        queue_url,
        AwsTransport(
            ClientSettings(
                region_name=region,
                endpoint_urls=endpoint_urls,
                read_timeout_seconds=wait_seconds + 10,
                max_pool_connections=max_pool_connections,
            )
        ),
    )
