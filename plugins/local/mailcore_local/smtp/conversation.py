"""
What the SMTP server answers, and what it makes of the mails that it takes.

The codes are those of RFC 5321, section 4.2.3, and the enhanced ones of RFC 3463 (read 2026-11-30).
"""

from __future__ import annotations

import asyncio
import socket
import struct

from collections.abc import Mapping

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailcore_local.engine import EventKind, Fate, Fault
from mailcore_local.faces import Envelope as InboundEnvelope
from mailcore_local.hub import Hub, described, slow_seconds
from mailcore_local.mailbox import NotKept
from mailcore_local.smtp.capturing import captured_mail, sender_of
from mailcore_local.smtp.face import SMTP_ERRORS, SmtpFace


MAX_RECIPIENTS = 1_000

# Fate -> what RCPT TO is answered with: there is no webhook that could tell later.
_REFUSALS: Mapping[Fate, tuple[EventKind, str]] = {
    Fate.BOUNCED: (EventKind.BOUNCED, "550 5.1.1 User unknown"),
    Fate.SOFT_BOUNCED: (EventKind.SOFT_BOUNCED, "452 4.2.2 The mailbox is full"),
    Fate.DEFERRED: (EventKind.DEFERRED, "450 4.2.1 Too much for this mailbox, try again later"),
    Fate.SUPPRESSED: (EventKind.REJECTED, "550 5.7.1 The recipient is on the suppression list"),
}

# SO_LINGER for zero seconds makes the kernel send RST instead of FIN.
_NO_LINGERING = struct.pack("ii", 1, 0)


class Conversation:
    """
    The handler of aiosmtpd.

    Args:
        hub: Keeps what is taken.
        face: The face of SMTP.
        inbound_domains: The domains whose mail is handed to a provider as inbound mail, in lower
            case, and the name of the provider.
    """

    def __init__(self, hub: Hub, face: SmtpFace, inbound_domains: Mapping[str, str]) -> None:
        self._hub = hub
        self._face = face
        self._inbound_domains = inbound_domains

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """
        RCPT TO: a test address is refused here.
        """
        refused: dict[str, EventKind] = vars(envelope).setdefault("refused", {})
        if len(envelope.rcpt_tos) + len(refused) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        domain = address.rpartition("@")[2].lower()
        if domain in self._inbound_domains:
            name = self._inbound_domains[domain]
            if not self._hub.inbound_webhooks(name):
                return f"550 5.7.1 No webhook for the inbound mail of {name}"
        else:
            fate = self._hub.fate_of(self._face, address)
            if fate is Fate.SLOW:
                await self._pause(slow_seconds(address, self._hub.slow_delivery_seconds))
            if fate in _REFUSALS:
                refused[address], answer = _REFUSALS[fate]
                return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """
        The end of a mail.
        """
        fault = self._hub.faults(self._face.name).for_request("send")
        if fault.name in SMTP_ERRORS:
            return SMTP_ERRORS[fault.name]
        await self._interrupt(server, fault, "hang", "reset")
        try:
            answer = self._take(session, envelope)
        except NotKept:
            return "452 4.3.1 The mailbox cannot take this message"
        await self._interrupt(server, fault, "hang_after_accept", "reset_after_accept")
        return _spoilt(server, fault, answer)

    def _take(self, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        inbound: dict[str, list[str]] = {}
        kept: list[str] = []
        for address in envelope.rcpt_tos:
            name = self._inbound_domains.get(address.rpartition("@")[2].lower())
            (kept if name is None else inbound.setdefault(name, [])).append(address)
        client = session.peer[0] if session.peer else ""
        helo = session.host_name or ""
        for name, recipients in inbound.items():
            received = InboundEnvelope(
                sender=sender_of(envelope),
                recipients=tuple(recipients),
                client=client,
                helo=helo,
            )
            self._hub.receive(content, received, face=name)
        if not kept:
            return "250 2.0.0 OK: handed over"
        refused: Mapping[str, EventKind] = vars(envelope).get("refused", {})
        mail = captured_mail(session, envelope, kept, tuple(refused), content)
        self._hub.accept(mail, beforehand=[described(k, a) for a, k in refused.items()])
        return f"250 2.0.0 OK: queued as {mail.recipients[0].message_id}"

    async def _interrupt(self, server: SMTP, fault: Fault, hang: str, reset: str) -> None:
        if fault.name == hang:
            await self._pause(fault.seconds)
        if fault.name == reset:
            transport = server.transport
            assert isinstance(transport, asyncio.WriteTransport)
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
            transport.abort()
            # The connection is lost now, which cancels this.
            await self._pause(None)

    async def _pause(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._hub.stopping.wait(), seconds)
        except asyncio.TimeoutError:
            return


def _spoilt(server: SMTP, fault: Fault, answer: str) -> str:
    """
    The answer as a fault leaves it.
    """
    if fault.name in ("garbage", "malformed_answer"):
        return "what you asked for"
    if fault.name == "half_answer":
        transport = server.transport
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(answer[:2].encode())
        transport.close()
    return answer
