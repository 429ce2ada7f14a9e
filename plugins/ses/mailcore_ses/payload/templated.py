"""
``SendEmail`` and ``SendBulkEmail`` with a template: a stored one, or the message's own bodies.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html,
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html (read 2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Mapping

from mailcore.foundation import FrozenDict
from mailcore.message import Message, value_names
from mailcore.mime import header_value
from mailcore.sending import Entry
from mailcore_ses.payload.fragments import Parameters, attachments, bare, destination, given, named
from mailcore_ses.payload.headers import METADATA_HEADER, api_headers, encode_metadata
from mailcore_ses.payload.names import ENTRIES


def template_email(message: Message) -> Parameters:
    """``SendEmail``: a template filled in once, as one message to all recipients."""
    return given(Destination=destination(message), Content={"Template": _template(message)})


def template_data(data: Mapping[str, object] | None) -> str:
    """Values for a template: always JSON, because SES finds a template without any invalid."""
    return json.dumps(data) if data else "{}"


def _template(message: Message) -> Parameters:
    template_id = message.template_id
    template: Parameters
    if template_id is not None:
        name = "TemplateArn" if template_id.startswith("arn:") else "TemplateName"
        template = {name: template_id}
    else:
        # An empty form beside another would be what readers show. One of them has to be there:
        # https://docs.aws.amazon.com/ses/latest/APIReference/API_CreateTemplate.html (read
        # 2026-11-30).
        text = message.text or (None if message.html else "")
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


class Bulk:
    """
    ``SendBulkEmail``: a template filled in for each recipient.

    Args:
        message: The batch that is sent.

    Attributes:
        name: Of the parameter that has the recipients.
        to_all: What the template says to all of them.
    """

    name = ENTRIES

    def __init__(self, message: Message) -> None:
        template = _template(message)
        self.to_all: Parameters = {"DefaultContent": {"Template": template}}
        default_headers = template.get("Headers", [])
        self._metadata = message.metadata
        self._has_headers = message.merge_headers is not None or message.merge_metadata is not None
        # SES replaces headers "of the same name": in our spelling there is no doubt of the same.
        self._spelling = {header["Name"].lower(): header["Name"] for header in default_headers}
        _, cc, bcc = message.deliveries
        self._copies = given(CcAddresses=named(cc), BccAddresses=bare(bcc))

    def destination(self, entry: Entry) -> Parameters:
        """What is a recipient's own, over what the template says to all."""
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
