"""
The same messages for SES API v1.

https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html,
https://docs.aws.amazon.com/ses/latest/APIReference/API_SendTemplatedEmail.html,
https://docs.aws.amazon.com/ses/latest/APIReference/API_SendBulkTemplatedEmail.html
(read 2026-11-21).
"""

from __future__ import annotations

from mailcore.message import Message
from mailcore.sending import Entry
from mailcore_ses.payload.fragments import Parameters, bare, destination, given, named
from mailcore_ses.payload.templated import template_data


def raw(message: Message, data: bytes) -> Parameters:
    """``SendRawEmail``: one MIME message to all recipients."""
    return {"Destinations": bare(message.deliveries.everybody), "RawMessage": {"Data": data}}


def templated(message: Message) -> Parameters:
    """``SendTemplatedEmail``: a template filled in once, as one message to all recipients."""
    return {
        "Destination": destination(message),
        **_template(message),
        "TemplateData": template_data(message.merge_global_data),
    }


class Bulk:
    """
    ``SendBulkTemplatedEmail``: a template filled in for each recipient.

    Args:
        message: The batch that is sent.

    Attributes:
        name: Of the parameter that has the recipients.
        to_all: What the template says to all of them.
    """

    name = "Destinations"

    def __init__(self, message: Message) -> None:
        self.to_all: Parameters = {
            **_template(message),
            "DefaultTemplateData": template_data(message.merge_global_data),
        }
        _, cc, bcc = message.deliveries
        self._copies = given(CcAddresses=named(cc), BccAddresses=bare(bcc))

    def destination(self, entry: Entry) -> Parameters:
        """What is a recipient's own, over what the template says to all."""
        return {
            "Destination": {"ToAddresses": [entry.address.format_ascii()], **self._copies},
            "ReplacementTemplateData": template_data(entry.data),
        }


def _template(message: Message) -> Parameters:
    template_id = message.template_id or ""
    if not template_id.startswith("arn:"):
        return {"Template": template_id}
    # The name is required, beside the ARN too.
    return {"Template": template_id.rpartition("/")[2], "TemplateArn": template_id}
