"""
``SendEmail`` with a complete message: raw or simple content.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (read 2026-11-21).
"""

from __future__ import annotations

from mailcore.message import Message
from mailcore.mime import write_message
from mailcore_ses.payload.fragments import (
    Parameters,
    attachments,
    bare,
    email_tags,
    feedback_address,
    given,
    list_management,
    named,
    overrides,
    sender,
)
from mailcore_ses.payload.headers import api_headers, event_headers
from mailcore_ses.payload.settings import SendingSettings


def raw_data(message: Message, settings: SendingSettings) -> bytes:
    """The mail itself, signed if there is a key."""
    data = write_message(message, extra_headers=event_headers(message))
    return data if settings.sign is None else settings.sign(data)


def raw_email(message: Message, settings: SendingSettings) -> Parameters:
    """``SendEmail``: one MIME message to all recipients. The sender stands in its header."""
    to, cc, bcc = message.deliveries
    return given(
        FromEmailAddressIdentityArn=settings.from_identity_arn,
        Destination=given(
            ToAddresses=bare(to),
            CcAddresses=bare(cc),
            BccAddresses=bare(bcc),
        ),
        FeedbackForwardingEmailAddress=feedback_address(message),
        FeedbackForwardingEmailAddressIdentityArn=settings.feedback_identity_arn,
        Content={"Raw": {"Data": raw_data(message, settings)}},
        EmailTags=email_tags(message, settings),
        ConfigurationSetName=settings.configuration_set_name,
        EndpointId=settings.endpoint_id,
        TenantName=settings.tenant_name,
        ListManagementOptions=list_management(settings),
        ConfigurationOverrides=overrides(message),
    )


def simple_email(message: Message, settings: SendingSettings) -> Parameters:
    """``SendEmail``: one message to all recipients, which SES writes from its parts."""
    to, cc, bcc = message.deliveries
    return given(
        FromEmailAddress=sender(message),
        FromEmailAddressIdentityArn=settings.from_identity_arn,
        Destination=given(
            ToAddresses=named(to),
            CcAddresses=named(cc),
            BccAddresses=bare(bcc),
        ),
        ReplyToAddresses=named(message.reply_to),
        FeedbackForwardingEmailAddress=feedback_address(message),
        FeedbackForwardingEmailAddressIdentityArn=settings.feedback_identity_arn,
        Content={
            "Simple": {
                "Subject": _text(message.subject or ""),
                "Body": _body(message),
                **given(Headers=api_headers(message), Attachments=attachments(message)),
            }
        },
        EmailTags=email_tags(message, settings),
        ConfigurationSetName=settings.configuration_set_name,
        EndpointId=settings.endpoint_id,
        TenantName=settings.tenant_name,
        ListManagementOptions=list_management(settings),
        ConfigurationOverrides=overrides(message),
    )


def _body(message: Message) -> Parameters:
    # SES wants a body; a message without one is an empty text, as in the raw form.
    # An empty form beside another would be what readers show.
    text = message.text or (None if message.html else "")
    return {
        **({} if text is None else {"Text": _text(text)}),
        **({"Html": _text(message.html)} if message.html else {}),
    }


def _text(data: str) -> Parameters:
    return {"Data": data, "Charset": "UTF-8"}
