"""Which call sends a message: see :mod:`mailcore_ses.payload` for the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum

from mailcore.message import Message, fills_in
from mailcore.sending import Entry, copied
from mailcore_ses.aws.call import SES, SES_V1, AwsCall
from mailcore_ses.payload import complete, templated, v1
from mailcore_ses.payload.extra import (
    asked_content,
    entry_extra,
    extra_of,
    merge,
    merged_tags,
    with_extra,
)
from mailcore_ses.payload.fragments import Parameters
from mailcore_ses.payload.individual import individual_calls
from mailcore_ses.payload.merge_syntax import SYNTAX
from mailcore_ses.payload.settings import SendingSettings


# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html and, for cc and bcc,
# https://docs.aws.amazon.com/ses/latest/APIReference/API_SendBulkTemplatedEmail.html: 50 recipients
# "across the To:, CC: and BCC: fields" (read 2026-11-21).
MAX_DESTINATIONS = 50


class Choice(Enum):
    """What a message becomes."""

    RAW = "one message, written here"
    SIMPLE = "one message, written by SES from its parts"
    TEMPLATE = "a template filled in once"
    BULK = "a template filled in for each recipient"
    INDIVIDUAL = "a message written for each recipient"


def choose(message: Message, settings: SendingSettings) -> Choice:
    """Decide by what the message asks for; :mod:`mailcore.message.merging` tells a template."""
    if fills_in(message, SYNTAX):
        return Choice.BULK if message.is_batch else Choice.TEMPLATE
    if message.is_batch:
        return Choice.INDIVIDUAL
    return Choice.SIMPLE if wants_simple(message, settings) else Choice.RAW


def wants_simple(message: Message, settings: SendingSettings) -> bool:
    """Whether a complete message goes as simple content."""
    return (asked_content(message) or settings.content) == "simple"


def calls_for(message: Message, settings: SendingSettings) -> Sequence[AwsCall]:
    """
    The calls that send a message that was checked.

    Raises:
        MessageError: It cannot be written: nothing was sent.
    """
    service = SES if settings.api_version == "v2" else SES_V1
    choice = choose(message, settings)
    if choice is Choice.BULK:
        return list(_bulk_calls(message, settings, service))
    operation, write = _operation(message, settings, choice)
    if choice is Choice.INDIVIDUAL:
        return individual_calls(
            message,
            settings,
            service=service,
            operation=operation,
            write=_for_one(operation, write, message),
        )
    parameters = with_extra(write(message, settings), message, operation)
    return [
        AwsCall(
            service=service, operation=operation, params=parameters, recipients=message.recipients
        )
    ]


def _operation(
    message: Message, settings: SendingSettings, choice: Choice
) -> tuple[str, Callable[[Message, SendingSettings], Parameters]]:
    if settings.api_version == "v1":
        if choice is Choice.TEMPLATE:
            return "SendTemplatedEmail", v1.send_templated_email
        return "SendRawEmail", v1.send_raw_email
    if choice is Choice.TEMPLATE:
        return "SendEmail", templated.template_email
    if wants_simple(message, settings):
        return "SendEmail", complete.simple_email
    return "SendEmail", complete.raw_email


def _for_one(
    operation: str, write: Callable[[Message, SendingSettings], Parameters], message: Message
) -> Callable[[Message, SendingSettings, Entry], Parameters]:
    """Write one recipient's message, with what esp_extra has for that recipient."""
    own = entry_extra(message)
    tags_name = "EmailTags" if operation == "SendEmail" else "Tags"

    def write_one(message: Message, settings: SendingSettings, entry: Entry) -> Parameters:
        parameters = with_extra(write(message, settings), message, operation)
        extra = dict(own.get(entry.address.key, {}))
        tags = extra.pop("ReplacementTags", ())
        if tags:
            parameters[tags_name] = merged_tags(parameters.get(tags_name, ()), tags)
        merge(parameters, extra)
        return parameters

    return write_one


def _bulk_calls(message: Message, settings: SendingSettings, service: str) -> Iterator[AwsCall]:
    each = 1 + len(copied(message))
    size = max(1, MAX_DESTINATIONS // each)
    own = entry_extra(message)
    if settings.api_version == "v1":
        operation, entries_name = "SendBulkTemplatedEmail", "Destinations"
        calls = v1.send_bulk_templated_emails(message, settings, size)
    else:
        operation, entries_name = "SendBulkEmail", "BulkEmailEntries"
        calls = templated.bulk_emails(message, settings, size)
    others = all_others = copied(message)
    for entries, parameters in calls:
        if own:
            for entry, entry_parameters in zip(entries, parameters[entries_name], strict=True):
                merge(entry_parameters, own.get(entry.address.key, {}))
        yield AwsCall(
            service=service,
            operation=operation,
            params=with_extra(parameters, message, operation),
            recipients=(*[entry.address.addr_spec for entry in entries], *others),
            copied=all_others,
            is_valid=not extra_of(message),
        )
        others = ()
