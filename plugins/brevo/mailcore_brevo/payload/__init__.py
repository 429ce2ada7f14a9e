"""
Message → the calls that send it.

Which call it is follows from the fields of the message, once a mailer's defaults are merged in;
``provider.build(message)`` shows it without sending. All of them are ``POST /v3/smtp/email``.

===========================================  =====================================================
The message                                  Brevo
===========================================  =====================================================
is complete, or has a template_id            one mail to all recipients; values in
                                             merge_global_data are its ``params``
has merge_data, merge_metadata or            ``messageVersions``, one for each address in ``to``:
merge_headers                                up to 1,000 in a call
===========================================  =====================================================

A field counts as given even if it is empty: ``merge_data={}`` alone sends everybody an own mail.
Without a template, values are given to Brevo only if the subject or a body refers to one.

In a batch, cc and bcc get a copy of every mail. An address that is in ``to`` twice gets one mail.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailcore.http import JSON_HEADERS, json_bytes
from mailcore.message import Message, merged
from mailcore_brevo.idempotency import KEY_HEADER, key_of_call
from mailcore_brevo.options import CONSENT, HEADERS, BrevoOptions, parameters_of
from mailcore_brevo.payload.batch import batch_requests
from mailcore_brevo.payload.call import BrevoRequest
from mailcore_brevo.payload.email import consent_of, email_payload, mailboxes


__all__ = ["requests_for"]


def requests_for(message: Message, options: BrevoOptions) -> Sequence[BrevoRequest]:
    """
    The calls that send a message that was checked.

    Raises:
        MessageError: It cannot be written: nothing was sent.
    """
    payload = email_payload(message, options)
    extra = parameters_of(message)
    if extra:
        payload = merged(payload, {name: extra[name] for name in extra if name != CONSENT})
    url = f"{options.api_url}/smtp/email"
    if message.is_batch:
        return batch_requests(message, options, payload, url=url, headers=options.authorization)
    consent = consent_of(message, options)
    to, cc, bcc = message.deliveries
    payload["to"] = mailboxes(to, consent=consent)
    if cc:
        payload["cc"] = mailboxes(cc, consent=consent)
    if bcc:
        payload["bcc"] = mailboxes(bcc, consent=consent)
    key = key_of_call(message)
    if key is not None:
        payload[HEADERS] = {**payload.get(HEADERS, {}), KEY_HEADER: key}
    return [
        BrevoRequest(
            method="POST",
            url=url,
            headers={**JSON_HEADERS, **options.authorization},
            body=json_bytes(payload),
            timeout_seconds=options.timeout_seconds,
            recipients=message.recipients,
            has_key=key is not None,
        )
    ]
