"""
``POST /v3/{domain}/messages.mime``: a message that is written here.

Its ``to`` are the recipients of the envelope, Bcc among them, and its file ``message`` is the mail,
which has no Bcc. https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
(read 2026-11-21). It does not say that ``to`` is the envelope: public clients use it so, whose
tests have the addresses of Cc and Bcc there.
"""

from __future__ import annotations

from mailcore.flow import HttpRequest
from mailcore.http import FormFile
from mailcore.message import Message
from mailcore.mime import write_message
from mailcore_mailgun.options import MailgunOptions
from mailcore_mailgun.payload.call import call
from mailcore_mailgun.payload.fragments import bare, option_pairs
from mailcore_mailgun.recipient_variables import metadata_text


MIME_FIELDS = ("o:", "h:", "v:", "t:", "template", "to", "recipient-variables")
"""How the names of the fields begin that this endpoint takes beside the mail."""


def mime_request(message: Message, options: MailgunOptions) -> HttpRequest:
    """
    The call for one message to all of its recipients.

    Raises:
        MessageError: If the mail cannot be written.
    """
    fields = [("to", bare(address)) for address in message.deliveries.everybody]
    fields += option_pairs(message, options.given_fields)
    fields += [(f"v:{key}", metadata_text(value)) for key, value in message.metadata.items()]
    mail = FormFile(name="message", filename="message.mime", content=write_message(message))
    return call(message, options, "messages.mime", fields, [mail], recipients=message.recipients)
