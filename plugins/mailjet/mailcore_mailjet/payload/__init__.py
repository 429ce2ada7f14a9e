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

from collections.abc import Sequence

from mailcore.flow import HttpRequest
from mailcore.http import JSON_HEADERS, basic_authorization, json_bytes
from mailcore.message import Message, extra_of, merged
from mailcore_mailjet.calls import SendRequest, call_with
from mailcore_mailjet.options import NAMESPACE, MailjetOptions, of_the_call, of_the_message
from mailcore_mailjet.payload.batch import batch_requests
from mailcore_mailjet.payload.fields import message_fields


__all__ = ["requests_for"]


def requests_for(message: Message, options: MailjetOptions) -> Sequence[HttpRequest]:
    """
    The calls that send a message that was checked.

    Raises:
        MessageError: It cannot be written: nothing was sent.
    """
    url = f"{options.base_url}/v3.1/send"
    # The provider has refused to send without them.
    authorization = basic_authorization(options.api_key or "", options.secret_key or "")
    headers = {**JSON_HEADERS, "Authorization": authorization}
    extra = extra_of(message, NAMESPACE)
    always = options.parameters()
    root = of_the_call(merged(always, extra)) if extra else of_the_call(always)
    fields = {**of_the_message(always), **message_fields(message)}
    own = of_the_message(extra)
    if message.is_batch:
        return batch_requests(
            message,
            fields,
            own,
            root=root,
            url=url,
            headers=headers,
            timeout_seconds=options.timeout_seconds,
        )
    to, cc, _ = message.deliveries
    beside = json_bytes(root)[1:-1]
    body = json_bytes(merged(fields, own) if own else fields)
    return [
        SendRequest(
            method="POST",
            url=url,
            headers=headers,
            body=call_with(beside).joined([body]),
            timeout_seconds=options.timeout_seconds,
            recipients=message.recipients,
            beside=beside,
            to=len(to),
            cc=len(cc),
        )
    ]
