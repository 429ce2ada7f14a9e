"""Mails as the log of the wire shows them (:mod:`mailcore.http.wire`): without what is in them."""

from __future__ import annotations

from mailcore.foundation import redact, shown_text
from mailcore_smtp.call import SmtpRequest, SmtpResponse


_LONGEST_WORDS = 500


def request_text(request: SmtpRequest, place: str) -> str:
    """A mail in one line: where to, from whom, to whom, how large."""
    to = ", ".join(redact(address) for address in request.envelope)
    parameters = " ".join(request.mail_parameters)
    size = f"{len(request.content)} bytes"
    return f"SMTP {place} | from {redact(request.sender)} {parameters}| to {to} | {size}"


def response_text(response: SmtpResponse) -> str:
    """The replies in one line; what was said of credentials only by its code."""
    told = [f"{redact(a)}: {reply.code}" for a, reply in response.recipients.items()]
    reply = response.reply
    if reply is not None:
        words = "" if response.step == "auth" else f" {shown_text(reply.text, _LONGEST_WORDS)}"
        told.append(f"{response.step}: {reply.code}{words}")
    return " | ".join(told)
