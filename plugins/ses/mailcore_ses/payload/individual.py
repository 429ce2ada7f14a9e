"""A complete message to each recipient of a batch, with their own To line, metadata and headers."""

from __future__ import annotations

import dataclasses

from collections.abc import Callable, Sequence
from typing import TypeAlias

from mailcore.message import Message
from mailcore.sending import Entry, IndividualRequests, own_message, with_copies_once
from mailcore_ses.aws.call import AwsCall, LateParameters
from mailcore_ses.payload.fragments import Parameters
from mailcore_ses.payload.settings import SendingSettings


Write: TypeAlias = Callable[[Message, SendingSettings, Entry], Parameters]


def individual_calls(
    message: Message,
    settings: SendingSettings,
    *,
    service: str,
    operation: str,
    write: Write,
) -> Sequence[AwsCall]:
    """
    One call for each recipient, written when it is sent.

    Whatever could be wrong with one of them is found here: nothing may fail after the first call.

    Args:
        message: A batch.
        settings: The provider's.
        service: What is called, as boto3 names it.
        operation: Of the service.
        write: Makes the parameters of one recipient's message.

    Raises:
        MessageError: Some recipient's message cannot be written.
    """
    message = with_copies_once(message)

    def call_for(entry: Entry) -> AwsCall:
        return AwsCall(
            service=service,
            operation=operation,
            params=LateParameters(lambda: write(own_message(message, entry), settings, entry)),
        )

    calls = IndividualRequests(message, call_for)
    header_only = message.replace(text=None, html=None, alternatives=None, attachments=None)
    unsigned = dataclasses.replace(settings, sign=None)
    for entry in calls.entries:
        write(own_message(header_only, entry), unsigned, entry)
    return calls
