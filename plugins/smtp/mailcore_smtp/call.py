"""One mail as SMTP sends it, and what the server said to it: values, compared without mocks."""

from __future__ import annotations

import re

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mailcore.flow import Request
from mailcore.foundation import FrozenDict


Step: TypeAlias = Literal["greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "content"]
"""
Where a server can refuse a mail as a whole.

``content`` is what follows the final dot; what it says to single recipients is told apart.
"""

# RFC 3463, section 2: at the beginning of the text (RFC 2034, section 4).
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?!\d)")


@dataclass(frozen=True, kw_only=True)
class SmtpRequest(Request):
    """
    One mail with its envelope.

    Args:
        sender: The reverse path, without angle brackets.
        envelope: Whom to deliver to: each mailbox once, its domain encoded.
        content: The mail, with lines that end in CRLF.
        message_id: The Message-ID of the mail, without angle brackets.
        smtputf8: Whether an address of envelope or header has a local part outside ASCII, so that
            the server has to offer SMTPUTF8 and 8BITMIME (RFC 6531).
        mail_parameters: What MAIL takes beside the sender, of the extension DSN (RFC 3461).
        recipient_parameters: Parameters of the command RCPT, for each recipient of the envelope;
            empty if none has any.
    """

    sender: str = field(repr=False)
    envelope: tuple[str, ...] = field(repr=False)
    content: bytes = field(repr=False)
    message_id: str = field(repr=False)
    smtputf8: bool = False
    mail_parameters: tuple[str, ...] = field(default=(), repr=False)
    recipient_parameters: tuple[tuple[str, ...], ...] = field(default=(), repr=False)

    @property
    def wants_dsn(self) -> bool:
        """Whether it asks for what only a server with the extension DSN does."""
        return bool(self.mail_parameters or any(self.recipient_parameters))


@dataclass(frozen=True)
class Reply:
    """
    What a server said (RFC 5321, section 4.2).

    Args:
        code: Three digits; anything else is none that SMTP has.
        text: All lines of the reply, which may repeat addresses.
    """

    code: int
    text: str = field(default="", repr=False)

    @property
    def ok(self) -> bool:
        """Whether it is a positive completion."""
        return 200 <= self.code <= 299

    @property
    def transient(self) -> bool:
        """Whether the same may succeed later."""
        return 400 <= self.code <= 499

    @property
    def permanent(self) -> bool:
        """Whether the same will not succeed."""
        return 500 <= self.code <= 599

    @property
    def known(self) -> bool:
        """Whether it is an answer at all to what may be refused."""
        return self.ok or self.transient or self.permanent

    @property
    def enhanced(self) -> str:
        """
        The enhanced status code (RFC 3463), such as ``5.1.1``; empty if there is none.

        One of another class than the reply code says nothing, and counts as none.
        """
        match = _ENHANCED.match(self.text.lstrip())
        found = match[1] if match else ""
        return found if found[:1] == str(self.code)[:1] else ""


@dataclass(frozen=True, kw_only=True)
class SmtpResponse:
    """
    What came of a mail, refusals among them.

    Args:
        reply: The last word on the mail as a whole: what followed the final dot, or what ended it
            before; None if every recipient was refused, so that no content was sent.
        step: The step of the conversation that the reply answered.
        recipients: What RCPT was answered with, by recipient of the envelope.
    """

    reply: Reply | None
    step: Step = "content"
    recipients: Mapping[str, Reply] = field(default_factory=FrozenDict, repr=False)

    @property
    def ends_connection(self) -> bool:
        """Whether nothing more is to be said to the server: it closes, or is not understood."""
        replies = [reply for reply in (self.reply, *self.recipients.values()) if reply is not None]
        return any(reply.code == 421 or not reply.known for reply in replies)

    @property
    def ends_mail(self) -> bool:
        """Whether the server has done with the mail, so that the next may follow."""
        return self.step == "content" and self.reply is not None and self.reply.ok

    def json(self) -> object:
        """
        The answer as plain JSON, as that of a provider with an HTTP API reads.

        Returns:
            ``{"step", "code", "text", "recipients": {address: {"code", "text"}}}``.
        """
        reply = self.reply or Reply(0)
        found = {a: {"code": each.code, "text": each.text} for a, each in self.recipients.items()}
        return {"step": self.step, "code": reply.code, "text": reply.text, "recipients": found}
