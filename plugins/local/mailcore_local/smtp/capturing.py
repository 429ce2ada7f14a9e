"""
A mail that came by SMTP, as the mailbox keeps it.
"""

from __future__ import annotations

import secrets

from collections.abc import Sequence

from aiosmtpd.smtp import Envelope, Session

from mailcore.inbound import InboundAddress, InboundMessage, parse_inbound
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest


def captured_mail(
    session: Session,
    envelope: Envelope,
    recipients: Sequence[str],
    refused: Sequence[str],
    content: bytes,
) -> CapturedMail:
    """
    The mail of an envelope.

    Args:
        session: The connection that it came by, with what the client said of itself.
        envelope: The addresses in MAIL FROM and RCPT TO, and what else was said before the content.
        recipients: The recipients that were taken and are not handed over as inbound mail.
        refused: The recipients that RCPT TO was refused for; they stand in the mailbox beside the
            others.
        content: The octets of the mail.
    """
    parsed = parse_inbound(content)
    queue_id = secrets.token_hex(5).upper()
    everybody = tuple(dict.fromkeys([*recipients, *refused]))
    commands = [("EHLO" if session.extended_smtp else "HELO", session.host_name or "")]
    if session.authenticated:
        commands.append(("AUTH", "(hidden)"))
    commands.append(("MAIL FROM", " ".join([f"<{sender_of(envelope)}>", *envelope.mail_options])))
    commands += [("RCPT TO", f"<{address}>") for address in everybody]
    return CapturedMail(
        face="smtp",
        envelope_sender=sender_of(envelope),
        from_email=_shown(parsed.from_email) if parsed.from_email else "",
        to=tuple(map(_shown, parsed.to)),
        cc=tuple(map(_shown, parsed.cc)),
        bcc=tuple(address for address in everybody if address.lower() not in _named(parsed)),
        subject=parsed.subject or "",
        raw=content,
        recipients=tuple(
            CapturedRecipient(address=address, message_id=queue_id) for address in everybody
        ),
        request=CapturedRequest(method="SMTP", path="", headers=tuple(commands)),
    )


def sender_of(envelope: Envelope) -> str:
    """
    The address in MAIL FROM; empty for the null sender, which aiosmtpd keeps in its brackets.
    """
    sender = envelope.mail_from or ""
    return "" if sender == "<>" else sender


def _named(parsed: InboundMessage) -> set[str]:
    return {each.addr_spec.lower() for each in (*parsed.to, *parsed.cc)}


def _shown(address: InboundAddress) -> str:
    name = address.display_name
    return f"{name} <{address.addr_spec}>" if name else address.addr_spec
