"""
Message → the calls that send it.

Which call it is follows from the fields of the message, once a mailer's defaults are merged in;
``provider.build(message)`` shows it without sending.

===========================================  =====================================================
The message                                  Mandrill
===========================================  =====================================================
is complete                                  one ``messages/send``: one mail, whose recipients see
                                             each other
has a template_id                            one ``messages/send-template``, the same
has merge_data or merge_metadata             one call with a copy for each address in ``to``, which
                                             sees no other; further calls beyond 10 MB
has merge_headers, or is a batch with cc or  a call for each address in ``to``: Mandrill has no
bcc                                          headers of one recipient, and cc and bcc of a batch
                                             would get a single copy, with nobody's values
===========================================  =====================================================

A field counts as given even if it is empty: ``merge_data={}`` alone sends everybody an own mail.
Values are filled in where a text of the message refers to them, or into the stored template;
without any, ``merge`` is false, and every text arrives as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailcore.flow import HttpRequest
from mailcore.http import json_request
from mailcore.message import MergeSyntax, Message
from mailcore.sending import copied
from mailcore_mandrill.options import MESSAGE, MandrillOptions, template_of
from mailcore_mandrill.payload.batch import batch_requests, individual_requests
from mailcore_mandrill.payload.email import call_of, recipient, url_of


__all__ = ["requests_for"]

_NO_HEADERS: Mapping[str, str] = {}


def requests_for(
    message: Message, options: MandrillOptions, syntax: MergeSyntax
) -> Sequence[HttpRequest]:
    """
    The calls that send a message that was checked.

    Args:
        message: The message, which was checked.
        options: The options of the provider.
        syntax: How texts refer to values, by the option `merge_language`.

    Raises:
        MessageError: It cannot be written: nothing was sent.
    """
    if not message.is_batch:
        return [_request(message, options, syntax)]
    if message.merge_headers or copied(message):
        return individual_requests(message, lambda own: _request(own, options, syntax))
    return batch_requests(message, options, syntax)


def _request(message: Message, options: MandrillOptions, syntax: MergeSyntax) -> HttpRequest:
    template = template_of(message)
    call = call_of(message, options, syntax, template)
    deliveries = message.deliveries
    people = [
        *[(address, "to") for address in deliveries.to],
        *[(address, "cc") for address in deliveries.cc],
        *[(address, "bcc") for address in deliveries.bcc],
    ]
    if len(people) > 1:
        # Else the account's setting decides whether each gets a copy of their own.
        call[MESSAGE].setdefault("preserve_recipients", True)
    call[MESSAGE]["to"] = [recipient(*each) for each in people]
    return json_request(
        url_of(template, options),
        call,
        headers=_NO_HEADERS,
        recipients=tuple([address.addr_spec for address, _ in people]),
        timeout_seconds=options.timeout_seconds,
    )
