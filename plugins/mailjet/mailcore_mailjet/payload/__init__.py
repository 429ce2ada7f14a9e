"""
Message → the calls that send it.

``provider.build(message)`` shows them without sending; a mailer's defaults are merged in before.

===========================================  =====================================================
The message                                  Mailjet
===========================================  =====================================================
is complete, or has a template_id            one call with one message to all recipients, filled in
                                             with merge_global_data
has merge_data, merge_metadata or            calls with a message for each address in ``to``, 50 in
merge_headers                                each; what all of them share stands there once
===========================================  =====================================================

A field counts as given even if it is empty: ``merge_data={}`` alone sends everybody an own mail.
Values are filled in where a text refers to one (:mod:`mailcore_mailjet.merge_syntax`), or where
there is a template.

In a batch, cc and bcc get a copy of every mail. Their status is that of a mail that was accepted,
if there is one. An address that is in ``to`` twice gets one mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailcore.flow import HttpRequest
from mailcore.http import JSON_HEADERS, basic_authorization, json_bytes
from mailcore.message import Message, extra_of, merged
from mailcore_mailjet.calls import Layout, SendRequest, call_with
from mailcore_mailjet.options import NAMESPACE, MailjetOptions, of_the_call, of_the_message
from mailcore_mailjet.payload.batch import batch_requests
from mailcore_mailjet.payload.fields import message_fields


__all__ = ["Call", "requests_for"]

_NOTHING: Mapping[str, Any] = {}

# send-0016 and send-0012. As options of the provider they are for messages that can have them.
NEEDED = {
    "TemplateErrorReporting": "TemplateLanguage",
    "TemplateErrorDeliver": "TemplateLanguage",
    "DeduplicateCampaign": "CustomCampaign",
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """
    What all calls of a provider have in common.

    Attributes:
        url: The URL that the requests go to.
        headers: The header fields of each request, which have the keys of the account.
        root: What the provider's options have for a call.
        always: What they have for each message.
        timeout_seconds: How long the exchange may take.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    root: Mapping[str, Any]
    always: Mapping[str, Any]
    timeout_seconds: float

    @classmethod
    def of(cls, options: MailjetOptions) -> Call:
        """Made once; without keys it is never used."""
        parameters = options.parameters()
        authorization = basic_authorization(options.api_key or "", options.secret_key or "")
        return cls(
            url=f"{options.base_url}/v3.1/send",
            headers={**JSON_HEADERS, "Authorization": authorization},
            root=of_the_call(parameters),
            always=of_the_message(parameters),
            timeout_seconds=options.timeout_seconds,
        )


def requests_for(message: Message, call: Call) -> Sequence[HttpRequest]:
    """
    The calls that send a message that was checked.

    Raises:
        MessageError: It cannot be written: nothing was sent.
    """
    extra = extra_of(message, NAMESPACE) if message.esp_extra else _NOTHING
    root = {**call.root, **of_the_call(extra)} if extra else call.root
    own = of_the_message(extra) if extra else _NOTHING
    deliveries = message.deliveries
    fields = message_fields(message, deliveries)
    if call.always:
        fields = {**_that_fit(call.always, {**call.always, **fields, **own}), **fields}
    if message.is_batch:
        return batch_requests(
            message,
            fields,
            own,
            root=root,
            url=call.url,
            headers=call.headers,
            timeout_seconds=call.timeout_seconds,
        )
    beside = json_bytes(root)[1:-1] if root else b""
    body = json_bytes(merged(fields, own) if own else fields)
    return [
        SendRequest(
            method="POST",
            url=call.url,
            headers=call.headers,
            body=call_with(beside).joined([body]),
            timeout_seconds=call.timeout_seconds,
            recipients=tuple([address.addr_spec for address in deliveries.everybody]),
            layout=Layout(beside, len(deliveries.to), len(deliveries.cc)),
        )
    ]


def _that_fit(always: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's options, but for those that Mailjet refuses without another one."""
    return {
        name: value
        for name, value in always.items()
        if name not in NEEDED or fields.get(NEEDED[name])
    }
