"""
``SendEmail`` and ``SendBulkEmail`` with a template: a stored one, or the message's own bodies.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html,
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html (read 2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping

from mailcore.foundation import FrozenDict
from mailcore.message import Message, value_names
from mailcore.mime.headers import header_value
from mailcore.sending import Entry, entries_of
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
from mailcore_ses.payload.headers import METADATA_HEADER, api_headers, encode_metadata
from mailcore_ses.payload.settings import SendingSettings


def template_email(message: Message, settings: SendingSettings) -> Parameters:
    """``SendEmail``: a template filled in once, as one message to all recipients."""
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
        Content={"Template": _template(message)},
        EmailTags=email_tags(message, settings),
        ConfigurationSetName=settings.configuration_set_name,
        EndpointId=settings.endpoint_id,
        TenantName=settings.tenant_name,
        ListManagementOptions=list_management(settings),
        ConfigurationOverrides=overrides(message),
    )


def bulk_emails(
    message: Message, settings: SendingSettings, entries_per_call: int
) -> Iterator[tuple[list[Entry], Parameters]]:
    """``SendBulkEmail``: a template filled in for each recipient, some recipients in each call."""
    default_template = _template(message)
    replacement = _Replacement(message, default_template.get("Headers", []))
    entries = entries_of(message)
    for start in range(0, len(entries), entries_per_call):
        some = entries[start : start + entries_per_call]
        yield (
            some,
            given(
                FromEmailAddress=sender(message),
                FromEmailAddressIdentityArn=settings.from_identity_arn,
                ReplyToAddresses=named(message.reply_to),
                FeedbackForwardingEmailAddress=feedback_address(message),
                FeedbackForwardingEmailAddressIdentityArn=settings.feedback_identity_arn,
                DefaultEmailTags=email_tags(message, settings),
                DefaultContent={"Template": default_template},
                BulkEmailEntries=[replacement.entry(entry) for entry in some],
                ConfigurationSetName=settings.configuration_set_name,
                EndpointId=settings.endpoint_id,
                TenantName=settings.tenant_name,
                ConfigurationOverrides=overrides(message),
            ),
        )


def template_reference(template_id: str) -> Parameters:
    """A stored template by its name or its ARN."""
    if template_id.startswith("arn:"):
        return {"TemplateArn": template_id}
    return {"TemplateName": template_id}


def template_data(data: Mapping[str, object] | None) -> str:
    """Values for a template: always JSON, because SES finds a template without any invalid."""
    return json.dumps(data) if data else "{}"


def _template(message: Message) -> Parameters:
    if message.template_id is not None:
        template = template_reference(message.template_id)
    else:
        # An empty form beside another would be what readers show.
        text = message.text or (None if message.html else message.text)
        content = {"Subject": message.subject, "Text": text, "Html": message.html or None}
        template = {"TemplateContent": {k: v for k, v in content.items() if v is not None}}
    # SES merges a recipient's data over these key by key. Its documents read as if it took one or
    # the other; what it does was tried out in github.com/domdomegg/aws-ses-v2-local/pull/103
    # (read 2026-11-21).
    template["TemplateData"] = template_data(_values_of_all(message))
    template.update(given(Headers=api_headers(message), Attachments=attachments(message)))
    return template


def _values_of_all(message: Message) -> Mapping[str, object] | None:
    """What a recipient without an own value has: in the message's own texts, nothing is missing."""
    if message.template_id is not None or not message.merge_data:
        return message.merge_global_data
    return {**dict.fromkeys(value_names(message), ""), **(message.merge_global_data or {})}


class _Replacement:
    """What is a recipient's own, over what the template says to all."""

    def __init__(self, message: Message, default_headers: list[Parameters]) -> None:
        self._metadata = message.metadata
        self._has_headers = message.merge_headers is not None or message.merge_metadata is not None
        # SES replaces headers "of the same name": in our spelling there is no doubt of the same.
        self._spelling = {header["Name"].lower(): header["Name"] for header in default_headers}
        _, cc, bcc = message.deliveries
        self._copies = given(CcAddresses=named(cc), BccAddresses=bare(bcc))

    def entry(self, entry: Entry) -> Parameters:
        """One of ``BulkEmailEntries``."""
        address, data = entry.address, entry.data
        plain = not address.display_name and address.addr_spec.isascii()
        parameters: Parameters = {
            "Destination": {
                "ToAddresses": [address.addr_spec if plain else address.format_ascii()],
                **self._copies,
            },
            "ReplacementEmailContent": {
                "ReplacementTemplate": {
                    "ReplacementTemplateData": json.dumps(data) if data else "{}"
                }
            },
        }
        if self._has_headers:
            headers = self._headers(entry)
            if headers:
                parameters["ReplacementHeaders"] = headers
        return parameters

    def _headers(self, entry: Entry) -> list[Parameters]:
        headers = [
            {
                "Name": self._spelling.get(name.lower(), name),
                "Value": header_value(name, value),
            }
            for name, value in entry.headers.items_as_given()
        ]
        if entry.metadata:
            merged = FrozenDict({**self._metadata, **entry.metadata})
            headers.append({"Name": METADATA_HEADER, "Value": encode_metadata(merged)})
        return headers
