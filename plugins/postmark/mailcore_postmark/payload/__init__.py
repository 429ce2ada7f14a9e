"""
Message → the calls that send it.

Which call it is follows from the fields of the message, once a mailer's defaults are merged in;
``provider.build(message)`` shows it without sending.

===========================================  =====================================================
The message                                  Postmark
===========================================  =====================================================
is complete                                  one ``/email`` to all recipients
has a template_id                            one ``/email/withTemplate`` to all recipients, filled
                                             in with merge_global_data
has merge_data, merge_metadata or            ``/email/batch`` with a mail for each address in
merge_headers                                ``to``, 500 mails in a call
has these and a template_id                  ``/email/batchWithTemplates``, the same
===========================================  =====================================================

A field counts as given even if it is empty: ``merge_data={}`` alone sends everybody an own mail.
Without a template, Postmark fills in nothing: values in merge_data or merge_global_data are
refused.

In a batch, cc and bcc get a copy of every mail. Their status is that of a mail that was accepted,
if there is one. An address that is in ``to`` twice gets one mail. Calls stay below 50 MB.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailcore.flow import HttpRequest
from mailcore.http import json_request
from mailcore.message import Message, merged
from mailcore_postmark.batching import BATCH, SINGLE, TEMPLATE, TEMPLATE_BATCH
from mailcore_postmark.options import TOKEN_HEADER, PostmarkOptions, parameters_of, token_of
from mailcore_postmark.payload.batch import batch_requests
from mailcore_postmark.payload.email import email_payload, uses_template


__all__ = ["requests_for"]


def requests_for(message: Message, options: PostmarkOptions) -> Sequence[HttpRequest]:
    """
    The calls that send a message that was checked.

    Raises:
        MessageError: It cannot be written: nothing was sent.
    """
    is_template = uses_template(message)
    extra = parameters_of(message)
    # The provider has refused a message without any.
    headers = {TOKEN_HEADER: token_of(message) or options.server_token or ""}
    if message.is_batch:
        path = TEMPLATE_BATCH if is_template else BATCH
        return batch_requests(message, options, url=options.base_url + path, headers=headers)
    payload = email_payload(message, options)
    return [
        json_request(
            options.base_url + (TEMPLATE if is_template else SINGLE),
            merged(payload, extra) if extra else payload,
            headers=headers,
            recipients=message.recipients,
            timeout_seconds=options.timeout_seconds,
        )
    ]
