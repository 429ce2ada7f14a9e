"""
SMTP as both transports speak it: what is said, and what follows from each reply.

A conversation is a generator that yields what to do and gets the server's reply to it, so it is
written once for threads and for event loops (RFC 5321; RFC 3207 STARTTLS; RFC 4954 AUTH; RFC 1870
SIZE; RFC 6152 8BITMIME; RFC 6531 SMTPUTF8; RFC 3461 DSN).
"""

from __future__ import annotations

import base64

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from mailcore.errors import AuthenticationFailed, MessageRejected, ProviderUnavailable
from mailcore_smtp.call import Reply, SmtpRequest, SmtpResponse, Step
from mailcore_smtp.options import SmtpOptions


T = TypeVar("T")

Extensions: TypeAlias = Mapping[str, str]
"""What a server offers: parameters by the name of the extension in capitals."""

TLS_READY = 220
"""RFC 3207, section 4: TLS begins after this reply to STARTTLS, and after no other."""
_GO_ON = 334
_START = 354
_CLOSING = 421
_AUTHENTICATION_REQUIRED = 530


@dataclass(frozen=True)
class Command:
    """Send a line, without its CRLF."""

    line: str


@dataclass(frozen=True)
class StartTls:
    """Send STARTTLS, and begin TLS if the server is ready."""


@dataclass(frozen=True)
class Content:
    """Send a mail and the final dot."""

    octets: bytes


Action: TypeAlias = Command | StartTls | Content
Conversation: TypeAlias = Generator[Action, Reply, T]


class Refused(Exception):
    """
    The server said no before there was anything to say of recipients.

    Args:
        step: The step of the conversation that was refused.
        reply: The reply of the server.
    """

    def __init__(self, step: Step, reply: Reply) -> None:
        super().__init__(step, reply)
        self.response = SmtpResponse(step=step, reply=reply)


def opened(
    greeting: Reply, options: SmtpOptions, client_name: str, secret: str | None
) -> Conversation[Extensions]:
    """
    Make a new connection ready for mails.

    Args:
        greeting: What the server began with.
        options: Whether to demand TLS, and how to authenticate.
        client_name: The name that EHLO gives.
        secret: The password or access token, if there is a username.

    Raises:
        Refused: The server does not want to.
        SendError: It cannot do what the options demand.
    """
    _require(greeting, "greeting")
    extensions = yield from _introduced(client_name)
    if options.security == "starttls":
        if "STARTTLS" not in extensions:
            # Somebody on the way may have taken it out: nothing is told in the clear.
            raise ProviderUnavailable(
                f"{options.place} offers no STARTTLS: nothing was sent; use security='tls' if the "
                "server begins with TLS",
                category="tls_unavailable",
                retryable=False,
            )
        reply = yield StartTls()
        if reply.code != TLS_READY:
            # Another success would go on without TLS.
            raise Refused("starttls", reply)
        # RFC 3207, section 4.2: what was said before TLS does not count.
        extensions = yield from _introduced(client_name)
    if options.username is not None and secret is not None:
        if options.security == "none" and not options.allow_insecure_auth:
            raise AuthenticationFailed("credentials without TLS are not allowed")
        yield from _authenticated(options, extensions, options.username, secret)
    return extensions


def _introduced(client_name: str) -> Conversation[Extensions]:
    reply = yield Command(f"EHLO {client_name}")
    _require(reply, "ehlo")
    extensions: dict[str, str] = {}
    for line in reply.text.splitlines()[1:]:
        # "AUTH=LOGIN" is what servers wrote before RFC 2554, for clients of that time.
        name, _, parameters = line.strip().replace("AUTH=", "AUTH ", 1).partition(" ")
        key = name.upper()
        extensions[key] = f"{extensions.get(key, '')} {parameters.strip()}".strip()
    return extensions


def _authenticated(
    options: SmtpOptions, extensions: Extensions, username: str, secret: str
) -> Conversation[None]:
    offered = extensions.get("AUTH", "").upper().split()
    mechanism = _mechanism(options, offered)
    if mechanism not in offered:
        raise AuthenticationFailed(
            f"{options.place} does not offer AUTH {mechanism}, but {' '.join(offered) or 'none'}",
            category="mechanism",
        )
    reply = yield from _MECHANISMS[mechanism](username, secret)
    if reply.code == _GO_ON:
        # An error of XOAUTH2, or a question that this mechanism does not have: taken back.
        reply = yield Command("" if mechanism == "XOAUTH2" else "*")
    _require(reply, "auth")


def _mechanism(options: SmtpOptions, offered: Iterable[str]) -> str:
    if options.auth != "auto":
        return options.auth.upper()
    if options.access_token is not None:
        return "XOAUTH2"
    return "LOGIN" if "LOGIN" in offered and "PLAIN" not in offered else "PLAIN"


def _plain(username: str, secret: str) -> Conversation[Reply]:
    """RFC 4616."""
    return (yield Command(f"AUTH PLAIN {_encoded(f'{chr(0)}{username}{chr(0)}{secret}')}"))


def _login(username: str, secret: str) -> Conversation[Reply]:
    """draft-murchison-sasl-login-00: two questions."""
    reply = yield Command("AUTH LOGIN")
    for answer in (username, secret):
        if reply.code != _GO_ON:
            return reply
        reply = yield Command(_encoded(answer))
    return reply


def _xoauth2(username: str, secret: str) -> Conversation[Reply]:
    """https://developers.google.com/workspace/gmail/imap/xoauth2-protocol (read 2026-11-30)."""
    response = f"user={username}\x01auth=Bearer {secret}\x01\x01"
    return (yield Command(f"AUTH XOAUTH2 {_encoded(response)}"))


_MECHANISMS: Mapping[str, Callable[[str, str], Conversation[Reply]]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "XOAUTH2": _xoauth2,
}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def refreshed(*, is_clean: bool) -> Conversation[bool]:
    """
    Find out whether a connection that was used before can be used again.

    Args:
        is_clean: Whether the last mail was sent to its end; else the server is told to forget it.
    """
    reply = yield Command("NOOP" if is_clean else "RSET")
    return reply.ok


def sent(request: SmtpRequest, extensions: Extensions) -> Conversation[SmtpResponse]:
    """
    Send one mail over a connection that is ready.

    Raises:
        MessageRejected: The server lacks an extension that the mail needs: nothing was sent.
    """
    _require_extensions(request, extensions)
    parameters = [f"SIZE={len(request.content)}"] if "SIZE" in extensions else []
    if request.smtputf8:
        parameters += ["BODY=8BITMIME", "SMTPUTF8"]
    reply = yield Command(
        _line("MAIL FROM", request.sender, [*parameters, *request.mail_parameters])
    )
    if not reply.ok:
        return SmtpResponse(step="mail", reply=reply)
    replies: dict[str, Reply] = {}
    own = request.recipient_parameters or ((),) * len(request.envelope)
    for address, of_recipient in zip(request.envelope, own, strict=True):
        reply = yield Command(_line("RCPT TO", address, of_recipient))
        if reply.code in (_CLOSING, _AUTHENTICATION_REQUIRED) or not reply.known:
            return SmtpResponse(step="rcpt", reply=reply)
        replies[address] = reply
    if not any(each.ok for each in replies.values()):
        return SmtpResponse(reply=None, recipients=replies)
    reply = yield Command("DATA")
    if reply.code != _START:
        return SmtpResponse(step="data", reply=reply, recipients=replies)
    reply = yield Content(request.content)
    return SmtpResponse(reply=reply, recipients=replies)


def _line(command: str, address: str, parameters: Iterable[str]) -> str:
    return " ".join([f"{command}:<{address}>", *parameters])


def _require_extensions(request: SmtpRequest, extensions: Extensions) -> None:
    needed = ["SMTPUTF8", "8BITMIME"] if request.smtputf8 else []
    missing = [name for name in needed if name not in extensions]
    if missing:
        raise MessageRejected(
            f"an address is not ASCII before the @, and the server lacks {' and '.join(missing)}",
            category="smtputf8_unavailable",
        )
    if request.wants_dsn and "DSN" not in extensions:
        raise MessageRejected(
            "the message or the provider has options of delivery reports (dsn_…), and the server "
            "lacks DSN: leave them out",
            category="dsn_unavailable",
        )


def _require(reply: Reply, step: Step) -> None:
    if not reply.ok:
        raise Refused(step, reply)
