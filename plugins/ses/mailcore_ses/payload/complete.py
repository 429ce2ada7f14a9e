"""
``SendEmail`` with a complete message: raw or simple content.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (read 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Callable

from mailcore.message import Message
from mailcore.mime import write_message
from mailcore_ses.payload.fragments import Parameters, attachments, bare, destination, given
from mailcore_ses.payload.headers import api_headers, event_headers


def raw_data(message: Message, sign: Callable[[bytes], bytes] | None = None) -> bytes:
    """
    The mail itself.

    Args:
        message: The complete message that is written.
        sign: Puts a DKIM signature in front of it.
    """
    data = write_message(message, extra_headers=event_headers(message))
    return data if sign is None else sign(data)


def raw_email(message: Message, data: bytes) -> Parameters:
    """``SendEmail``: one MIME message to all recipients. The sender stands in its header."""
    to, cc, bcc = message.deliveries
    return given(
        Destination=given(ToAddresses=bare(to), CcAddresses=bare(cc), BccAddresses=bare(bcc)),
        Content={"Raw": {"Data": data}},
    )


def simple_email(message: Message) -> Parameters:
    """``SendEmail``: one message to all recipients, which SES writes from its parts."""
    return given(
        Destination=destination(message),
        Content={
            "Simple": {
                "Subject": _text(message.subject or ""),
                "Body": _body(message),
                **given(Headers=api_headers(message), Attachments=attachments(message)),
            }
        },
    )


def _body(message: Message) -> Parameters:
    # SES wants a body; a message without one is an empty text, as in the raw form.
    # An empty form beside another would be what readers show.
    text = message.text or (None if message.html else "")
    return {
        **({} if text is None else {"Text": _text(text)}),
        **({"Html": _text(message.html)} if message.html else {}),
    }


def _text(data: str) -> Parameters:
    return {"Data": data, "Charset": "UTF-8"}
