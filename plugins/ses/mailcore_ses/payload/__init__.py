"""
Message → the calls that send it.

Which call it is follows from the fields of the message, once a mailer's defaults are merged in;
``provider.build(message)`` shows it without sending.

===========================================  =====================================================
The message                                  SES
===========================================  =====================================================
is complete                                  one ``SendEmail`` with raw content to all recipients;
                                             with simple content if ``content="simple"``
is complete, and has merge_data,             one such ``SendEmail`` for each address in ``to``,
merge_metadata or merge_headers              with a To line, metadata and headers of their own
has a template_id                            one ``SendEmail`` with the template to all recipients,
                                             filled in with merge_global_data
has a template_id and merge_data,            ``SendBulkEmail`` with an entry for each address in
merge_metadata or merge_headers              ``to``, 50 destinations in a call
has no template_id, but refers to a value    the same as with a template_id: its own subject, text
of merge_data or merge_global_data           and html are the template
===========================================  =====================================================

A field counts as given even if it is empty, but for ``merge_global_data``: ``merge_data={}`` or
``merge_metadata={}`` alone sends everybody an own copy of a complete message. What makes its
subject and bodies a template is said in :mod:`mailcore.message.merging`: a ``{{name}}`` for which
it has a value.

In a batch, cc and bcc get a copy of every mail. They count among the 50 destinations of a call, and
their status is that of one that was accepted, if any was. An address that is in ``to`` twice gets
one mail.

With ``api_version="v1"`` the same choices are made between ``SendRawEmail``, ``SendTemplatedEmail``
and ``SendBulkTemplatedEmail``; what these cannot express is refused.
"""

from __future__ import annotations

from mailcore_ses.payload.calls import requests_for
from mailcore_ses.payload.checks import check
from mailcore_ses.payload.headers import METADATA_HEADER, TAG_HEADER, encode_tag, event_headers
from mailcore_ses.payload.plan import Choice, Plan, plan_of


__all__ = [
    "METADATA_HEADER",
    "TAG_HEADER",
    "Choice",
    "Plan",
    "check",
    "encode_tag",
    "event_headers",
    "plan_of",
    "requests_for",
]
