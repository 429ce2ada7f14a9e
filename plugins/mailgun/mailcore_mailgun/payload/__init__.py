"""
From a message to Mailgun's calls.

Which one is made:

====================================================  ============================================
Message                                               Call
====================================================  ============================================
one message, from its parts or a stored template      ``messages``
one message that the form cannot express: a To        ``messages.mime``, with the mail as it is
header of its own, no ``to``, no body, alternatives   written by :mod:`mailcore.mime.writing`
beyond one AMP; or that Mailgun would change: files
without a name, images whose name is not their
Content-ID, forwarded messages, some names of people
a batch                                               ``messages`` with ``recipient-variables``:
                                                      one for up to 1,000 recipients
a batch that these cannot express: with Cc or Bcc,    one of the first two for each recipient, with
beyond the form, with values that Mailgun could       the values filled in here
misread
====================================================  ============================================
"""

from __future__ import annotations

from collections.abc import Sequence

from mailcore.flow import HttpRequest
from mailcore.message import Message, value_names
from mailcore.sending import Entry, own_message, requests_for_each
from mailcore_mailgun.options import MailgunOptions
from mailcore_mailgun.payload.form import batch_requests, form_request_of
from mailcore_mailgun.payload.mime import mime_request
from mailcore_mailgun.payload.plan import Choice, Plan, plan
from mailcore_mailgun.recipient_variables import fill_in


__all__ = ["requests_for"]


def requests_for(message: Message, options: MailgunOptions, planned: Plan) -> Sequence[HttpRequest]:
    """
    The requests that send a message.

    Args:
        message: The message, which was checked.
        options: The options of the provider.
        planned: The plan of the message.

    Raises:
        MessageError: If it cannot be written.
    """
    if planned.choice is Choice.BATCH:
        return batch_requests(message, options)
    if planned.choice is Choice.INDIVIDUAL:
        return _individual_requests(message, options)
    return (_one(message, options, planned),)


def _individual_requests(message: Message, options: MailgunOptions) -> Sequence[HttpRequest]:
    """A call for each recipient of a batch, written when it is sent, with theirs filled in here."""
    names = value_names(message)

    def own(message: Message, entry: Entry) -> Message:
        data = {**(message.merge_global_data or {}), **entry.data}
        filled = fill_in(message, {**dict.fromkeys(names, ""), **data})
        # What a stored template needs, Mailgun fills in.
        rest = data if message.template_id is not None and data else None
        return own_message(filled, entry, merge_global_data=rest)

    return requests_for_each(message, lambda each: _one(each, options), own=own, attachments=None)


def _one(message: Message, options: MailgunOptions, planned: Plan | None = None) -> HttpRequest:
    if message.merge_global_data:
        message, planned = fill_in(message, message.merge_global_data), None
    planned = planned or plan(message, options.content)
    write = mime_request if planned.choice is Choice.MIME else form_request_of
    return write(message, options)
