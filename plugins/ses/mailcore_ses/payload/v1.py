"""
The same messages for SES API v1.

https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html,
https://docs.aws.amazon.com/ses/latest/APIReference/API_SendTemplatedEmail.html,
https://docs.aws.amazon.com/ses/latest/APIReference/API_SendBulkTemplatedEmail.html
(read 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterator

from mailcore.message import Message
from mailcore.sending import Entry, entries_of
from mailcore_ses.payload.complete import raw_data
from mailcore_ses.payload.fragments import (
    Parameters,
    bare,
    email_tags,
    feedback_address,
    given,
    named,
    sender,
)
from mailcore_ses.payload.settings import SendingSettings
from mailcore_ses.payload.templated import template_data


def send_raw_email(message: Message, settings: SendingSettings) -> Parameters:
    """``SendRawEmail``: one MIME message to all recipients."""
    return given(
        # Bounces go to Source; without it, to the From of the header.
        Source=feedback_address(message),
        Destinations=bare(message.deliveries.everybody),
        RawMessage={"Data": raw_data(message, settings)},
        FromArn=settings.from_identity_arn,
        SourceArn=_source_arn(settings),
        ReturnPathArn=settings.feedback_identity_arn,
        Tags=email_tags(message, settings),
        ConfigurationSetName=settings.configuration_set_name,
    )


def send_templated_email(message: Message, settings: SendingSettings) -> Parameters:
    """``SendTemplatedEmail``: a template filled in once, as one message to all recipients."""
    to, cc, bcc = message.deliveries
    return given(
        Source=sender(message),
        Destination=given(
            ToAddresses=named(to),
            CcAddresses=named(cc),
            BccAddresses=bare(bcc),
        ),
        ReplyToAddresses=named(message.reply_to),
        ReturnPath=feedback_address(message),
        SourceArn=_source_arn(settings),
        ReturnPathArn=settings.feedback_identity_arn,
        Tags=email_tags(message, settings),
        ConfigurationSetName=settings.configuration_set_name,
        **_template(message),
        TemplateData=template_data(message.merge_global_data),
    )


def send_bulk_templated_emails(
    message: Message, settings: SendingSettings, entries_per_call: int
) -> Iterator[tuple[list[Entry], Parameters]]:
    """``SendBulkTemplatedEmail``: a template filled in for each recipient."""
    _, cc, bcc = message.deliveries
    copies = given(CcAddresses=named(cc), BccAddresses=bare(bcc))
    entries = entries_of(message)
    for start in range(0, len(entries), entries_per_call):
        some = entries[start : start + entries_per_call]
        yield (
            some,
            given(
                Source=sender(message),
                SourceArn=_source_arn(settings),
                ReplyToAddresses=named(message.reply_to),
                ReturnPath=feedback_address(message),
                ReturnPathArn=settings.feedback_identity_arn,
                ConfigurationSetName=settings.configuration_set_name,
                DefaultTags=email_tags(message, settings),
                **_template(message),
                DefaultTemplateData=template_data(message.merge_global_data),
                Destinations=[
                    {
                        "Destination": {"ToAddresses": [entry.address.format_ascii()], **copies},
                        "ReplacementTemplateData": template_data(entry.data),
                    }
                    for entry in some
                ],
            ),
        )


def _source_arn(settings: SendingSettings) -> str | None:
    return settings.source_identity_arn or settings.from_identity_arn


def _template(message: Message) -> Parameters:
    template_id = message.template_id or ""
    if not template_id.startswith("arn:"):
        return {"Template": template_id}
    # The name is required, beside the ARN too.
    return {"Template": template_id.rpartition("/")[2], "TemplateArn": template_id}
