"""The options of the provider, and those of single messages."""

from __future__ import annotations

import re
import ssl

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from mailcore.errors import ConfigurationError
from mailcore.message import Message
from mailcore.registry import ProviderOptions, is_one_line, message_options, option


NAMESPACE = "smtp"

Security: TypeAlias = Literal["starttls", "tls", "none"]
"""How a connection gets TLS."""
Auth: TypeAlias = Literal["auto", "plain", "login", "xoauth2"]
"""Mechanisms of AUTH (RFC 4954), and the choice among them."""
Notify: TypeAlias = Literal["never", "success", "failure", "delay"]
"""When to report (RFC 3461, section 4.1)."""
Return: TypeAlias = Literal["full", "headers"]
"""What of a mail a report has in it (RFC 3461, section 4.3)."""

# RFC 8314, section 3.3 (465), RFC 6409, section 3.1 (587).
_PORTS: Mapping[str, int] = {"starttls": 587, "tls": 465, "none": 587}
# A name, or an address literal's inside (RFC 5321, sections 4.1.2 and 4.1.3).
_HOST = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
)
_CLIENT_NAME = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Za-z:.]{2,80}\]"
)
# RFC 3461, section 4.4: 100 characters before they are encoded.
_MAX_ENVELOPE_ID = 100
_PRINTABLE = re.compile(r"[ -~]+")


def _is_notify(given: Sequence[str]) -> bool:
    """RFC 3461, section 4.1: NEVER alone, or any of the others."""
    return bool(given) and ("never" not in given or set(given) == {"never"})


def _is_envelope_id(text: str) -> bool:
    return len(text) <= _MAX_ENVELOPE_ID and _PRINTABLE.fullmatch(text) is not None


def _are_addresses(given: Mapping[object, object]) -> bool:
    return all(
        isinstance(key, str) and isinstance(text, str) and _PRINTABLE.fullmatch(text) is not None
        for key, text in given.items()
    )


def _are_texts(given: Mapping[object, object]) -> bool:
    return all(
        isinstance(each, str) and is_one_line(each) for pair in given.items() for each in pair
    )


@dataclass(frozen=True, kw_only=True)
class DsnOptions(ProviderOptions):
    """
    What is asked for in delivery reports (RFC 3461), for a provider and for single messages.

    Args:
        dsn_notify: When the servers on the way report by mail to the envelope sender: ``never``, or
            some of ``success``, ``failure`` and ``delay``. They decide themselves if None.
        dsn_return: What of the mail a report has in it: ``full`` or ``headers``.
    """

    provider: ClassVar[str] = NAMESPACE

    dsn_notify: Sequence[Notify] | None = option(
        None,
        parameter="NOTIFY",
        fits=_is_notify,
        must_be="'never', or some of 'success', 'failure' and 'delay'",
        settled=tuple,
    )
    dsn_return: Return | None = option(None, parameter="RET", must_be="'full' or 'headers'")


@dataclass(frozen=True, kw_only=True)
class MessageOptions(DsnOptions):
    """
    Options of one message.

    Args:
        dsn_envelope_id: What a report names the mail by (``ENVID``): up to 100 printable ASCII
            characters. Not the Message-ID, which a report has as well.
        dsn_original_recipients: Addresses that the recipients were first written to, by the
            address of the message that takes their place (``ORCPT``): a report names both.
    """

    dsn_envelope_id: str | None = option(
        None,
        parameter="ENVID",
        fits=_is_envelope_id,
        must_be="1 to 100 printable ASCII characters",
    )
    dsn_original_recipients: Mapping[str, str] | None = option(
        None,
        parameter="ORCPT",
        fits=_are_addresses,
        must_be="a mapping of recipients to the ASCII addresses first written to",
    )


@message_options(MessageOptions)
def smtp_options(options: MessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of SMTP for one message: ``Message(..., esp_extra=smtp_options(dsn_notify=["never"]))``.

    Each wins over the provider's option of the same name; those that are not given leave it.

    Returns:
        A mapping for ``esp_extra``, with the names of RFC 3461.

    Raises:
        ConfigurationError: If one of them cannot be right.
    """
    return options.for_message()


PARAMETERS = ("NOTIFY", "RET", "ENVID", "ORCPT")
"""What ``esp_extra["smtp"]`` may have in it (RFC 3461)."""


def extra_of(message: Message) -> Mapping[str, Any]:
    """What the message has for SMTP, and for no other provider."""
    return message.esp_extra.get(NAMESPACE) or {}


@dataclass(frozen=True, kw_only=True)
class SmtpOptions(DsnOptions):
    """
    Options of the provider.

    Args:
        host: Name or address of the server.
        port: The port of the server; if None 587, or 465 with ``security="tls"``.
        security: ``starttls`` demands TLS before anything is told of the mail, and gives up where
            the server has none; ``tls`` begins with it; ``none`` is for a server of this machine.
        username: The user name to authenticate with; None to send without credentials.
        password: The password to authenticate with.
        access_token: Returns a fresh OAuth 2.0 access token; called for each connection, and may
            block. In place of a password, for ``XOAUTH2``.
        auth: The mechanism. ``auto`` takes ``XOAUTH2`` with an `access_token`, else ``PLAIN``, or
            ``LOGIN`` where the server has only that.
        allow_insecure_auth: Whether credentials may go over a connection without TLS, where
            everybody on the way can read them.
        client_name: How to call oneself (``EHLO``); the name of this machine if that has a domain,
            else ``[127.0.0.1]``.
        ssl_context: What TLS uses, such as one with client certificates. By default one that checks
            the server's certificate and name.
        ca_file: Path of certificates to believe, in place of the system's.
        headers: Fields that each mail gets which lacks them, for a server that reads some: see
            :mod:`mailcore_smtp.presets`.
        dkim_domain, dkim_selector, dkim_private_key: Sign mails, by an RSA or Ed25519 key in PEM;
            see :class:`~mailcore.mime.dkim.DkimSigner`.
        timeout_seconds: How many seconds connecting may take, and how many each answer may, from
            the last byte of the command to the last byte of the answer. The content and the answer
            after it have ten times that, because servers look into mails before they answer (RFC
            5321, section 4.5.3.2).
        max_idle_seconds: A connection that nobody used for longer is not used again.
        max_idle_connections: Connections kept open for the next mails: as many as threads that
            send at once.
    """

    host: str = option("localhost", fits=lambda t: _HOST.fullmatch(t) is not None, must_be="a host")
    port: int | None = option(None, fits=lambda n: 0 < n < 65536, must_be="1 to 65535")
    security: Security = option("starttls", must_be="'starttls', 'tls' or 'none'")
    username: str | None = option(None, fits=lambda t: bool(t) and "\0" not in t)
    password: str | None = option(None, fits=lambda t: bool(t) and "\0" not in t, secret=True)
    access_token: Callable[[], str] | None = option(None, must_be="callable", secret=True)
    auth: Auth = option("auto", must_be=" or ".join(map(repr, get_args(Auth))))
    allow_insecure_auth: bool = option(default=False)
    client_name: str | None = option(
        None,
        fits=lambda t: _CLIENT_NAME.fullmatch(t) is not None,
        must_be="a domain, or an address in brackets",
    )
    ssl_context: ssl.SSLContext | None = option(None, must_be="an ssl.SSLContext", secret=True)
    ca_file: str | None = option(None)
    headers: Mapping[str, str] | None = option(None, fits=_are_texts, must_be="a mapping of texts")
    dkim_domain: str | None = option(None)
    dkim_selector: str | None = option(None)
    dkim_private_key: str | None = option(None, fits=bool, must_be="a key in PEM", secret=True)
    timeout_seconds: float = option(30.0)
    max_idle_seconds: float = option(30.0)
    max_idle_connections: int = option(10)

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = list(self._contradictions())
        if problems:
            raise ConfigurationError(f"{self.provider}: {'; '.join(problems)}")

    def _contradictions(self) -> list[str]:
        problems = []
        if self.password is not None and self.access_token is not None:
            problems.append("give either password or access_token")
        has_secret = self.password is not None or self.access_token is not None
        if has_secret != (self.username is not None):
            problems.append("username and its password or access_token go together")
        if self.auth == "xoauth2" and self.password is not None:
            problems.append("auth='xoauth2' needs access_token in place of password")
        if self.auth in ("plain", "login") and self.access_token is not None:
            problems.append(f"auth={self.auth!r} needs password in place of access_token")
        if has_secret and self.security == "none" and not self.allow_insecure_auth:
            problems.append(
                "security='none' would send the credentials readably: use 'starttls' or 'tls', or "
                "allow_insecure_auth=True for a server of this machine"
            )
        if self.ssl_context is not None and self.ca_file is not None:
            problems.append("give either ssl_context or ca_file")
        dkim = (self.dkim_domain, self.dkim_selector, self.dkim_private_key)
        if any(dkim) and not all(dkim):
            problems.append("DKIM needs dkim_domain, dkim_selector and dkim_private_key")
        return problems

    @property
    def chosen_port(self) -> int:
        """The port, or the usual one."""
        return _PORTS[self.security] if self.port is None else self.port

    @property
    def place(self) -> str:
        """Where to, for errors."""
        return f"{self.host}:{self.chosen_port}"
