"""
Message → the calls that send it, all of them ``POST /v3/mail/send``.

===========================================  =====================================================
The message                                  SendGrid
===========================================  =====================================================
is no batch                                  one call with one personalization, for all recipients
is a batch (merge_data, merge_metadata,      a personalization for each address in ``to``, with
merge_headers)                               everybody in cc and bcc: as many in a call as make
                                             1,000 recipients and 30 MB
is a batch with several ``Reply-To``         the same, and a call for each of them: no
                                             personalization has one
has a dynamic template (``d-…``)             values are ``dynamic_template_data``
has a legacy template, or refers to values   values are ``substitutions``, texts by texts
by ``{{name}}``
===========================================  =====================================================

Each personalization has the message's id in its ``custom_args``: SendGrid answers with one id for
the whole call, and events bring this one back.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailcore.message import Message, merged
from mailcore_sendgrid.options import SendGridOptions, extra_body
from mailcore_sendgrid.payload.batch import batch_requests
from mailcore_sendgrid.payload.call import MailRequest, is_sandbox, new_message_id, request_of
from mailcore_sendgrid.payload.checks import check
from mailcore_sendgrid.payload.mail import mail_body, people_of
from mailcore_sendgrid.payload.merge import filling_of


__all__ = ["check", "requests_for"]


def requests_for(message: Message, options: SendGridOptions) -> Sequence[MailRequest]:
    """
    The calls that send a message that was checked.

    Raises:
        MessageError: It cannot be written: nothing was sent.
    """
    message, filling = filling_of(message, options)
    body = merged(options.sent, mail_body(message)) if options.sent else mail_body(message)
    extra = extra_body(message)
    if extra:
        body = merged(body, extra)
    if message.is_batch:
        return batch_requests(message, options, body, filling)
    message_id = new_message_id()
    deliveries = message.deliveries
    to, cc, bcc = deliveries
    personal = {
        **people_of(to, cc, bcc),
        **filling(message.merge_global_data or {}),
        "custom_args": {options.id_argument: message_id},
    }
    return [
        request_of(
            {"personalizations": [personal], **body},
            options,
            recipients=tuple([address.addr_spec for address in deliveries.everybody]),
            message_ids=(message_id,),
            to_count=len(to),
            cc_count=len(cc),
            is_sandbox=is_sandbox(body),
        )
    ]
