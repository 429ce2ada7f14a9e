"""The SMTP provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from mailcore.errors import ConfigurationError, Problem
from mailcore.features import NO, YES, Features, partial, yes
from mailcore.http import redirect_target
from mailcore.message import Message
from mailcore.mime import DkimSigner
from mailcore.provider import Provider
from mailcore.registry import takes_options
from mailcore.result import RecipientStatus
from mailcore_smtp.answers import statuses_of
from mailcore_smtp.call import SmtpRequest, SmtpResponse
from mailcore_smtp.options import SmtpOptions
from mailcore_smtp.payload import check, requests_for


if TYPE_CHECKING:
    from mailcore_smtp.redirecting import RedirectedSmtpTransport
    from mailcore_smtp.transport import SmtpTransport

_NO_FIELD = "SMTP has no field for it; a service behind it may read a header of its own"
_NO_EVENTS = "SMTP has no webhooks; delivery reports come as mail, which the core reads"


class SmtpProvider(Provider[SmtpRequest, SmtpResponse]):
    """
    Any mail server that takes mail by SMTP.

    Options of delivery reports may stand in ``esp_extra`` of a message as well: see
    :func:`mailcore_smtp.smtp_options`.

    Raises:
        ConfigurationError: If an option is wrong, or two contradict each other.
    """

    name: ClassVar[str] = "smtp"
    label: ClassVar[str] = "SMTP"
    url_schemes: ClassVar[Mapping[str, Mapping[str, str]]] = {"smtps": {"security": "tls"}}
    features: ClassVar[Features] = Features(
        cc=YES,
        bcc=YES,
        reply_to=YES,
        headers=YES,
        spoofed_to=YES,
        multiple_from=YES,
        alternatives=YES,
        amp_html=YES,
        attachments=YES,
        inline_images=YES,
        envelope_sender=yes("as the reverse path"),
        metadata=NO(_NO_FIELD),
        tags=NO(_NO_FIELD),
        track_opens=NO(_NO_FIELD),
        track_clicks=NO(_NO_FIELD),
        send_at=NO("SMTP sends at once"),
        templates=NO("SMTP takes finished mails"),
        template_sender=NO("SMTP takes finished mails"),
        merge_data=NO("SMTP fills in nothing; merge_headers makes a batch"),
        merge_global_data=NO("SMTP fills in nothing"),
        merge_metadata=NO(_NO_FIELD),
        merge_headers=partial("not From, To and Message-ID"),
        unsubscribe=YES,
        idempotency_key=NO("SMTP has no idempotency key"),
        international_addresses=yes("where the server offers SMTPUTF8"),
        recipients=YES,
        event_webhooks=NO(_NO_EVENTS),
        webhook_verification=NO(_NO_EVENTS),
        inbound=NO(_NO_EVENTS),
    )

    @takes_options(SmtpOptions)
    def __init__(self, options: SmtpOptions) -> None:
        """Take the options."""
        self._options = options
        self._sign = _signer(options)

    @classmethod
    def options_from_url(
        cls, *, username: str, password: str, host: str, path: str
    ) -> Mapping[str, str]:
        """
        Server and credentials: ``smtp://user:password@host:587``, ``smtps://`` for TLS at once.

        Raises:
            ConfigurationError: If there is a path, or the port is none.
        """
        if path.strip("/"):
            raise ConfigurationError("an smtp URL has no path: smtp://user:password@host:port")
        given = {"username": username, "password": password}
        if host.startswith("["):
            given["host"], _, port = host[1:].partition("]")
            given["port"] = port.removeprefix(":")
        else:
            given["host"], _, given["port"] = host.partition(":")
        return {name: text for name, text in given.items() if text}

    def create_transport(self) -> SmtpTransport:
        """Connections to the server."""
        from mailcore_smtp.transport import SmtpTransport

        return SmtpTransport(self._options)

    def redirected(self, target: str) -> RedirectedSmtpTransport:
        """Connections to the mailbox of ``MAILCORE_REDIRECT``."""
        from mailcore_smtp.redirecting import RedirectedSmtpTransport

        return RedirectedSmtpTransport(target, self._options)

    def prepare(self) -> None:
        """Import smtplib, and aiosmtplib where asyncio is in use."""
        from mailcore_smtp.transport import prepare

        prepare()

    def check(self, message: Message) -> Iterable[Problem]:
        """Name what cannot be sent: see :mod:`mailcore_smtp.payload`."""
        return check(message)

    def build(self, message: Message) -> Sequence[SmtpRequest]:
        """The mails that send a message: :mod:`mailcore_smtp.payload` has the table."""
        # What is redirected has no signature that anybody would believe.
        sign = self._sign if redirect_target() is None else None
        return requests_for(message, self._options, sign)

    def parse(self, request: SmtpRequest, response: SmtpResponse) -> Mapping[str, RecipientStatus]:
        """The Message-ID for all who were accepted; the others as RCPT was answered."""
        return statuses_of(request, response)


def _signer(options: SmtpOptions) -> DkimSigner | None:
    domain, selector, key = options.dkim_domain, options.dkim_selector, options.dkim_private_key
    if domain is None or selector is None or key is None:
        return None
    try:
        return DkimSigner(domain=domain, selector=selector, private_key=key)
    except ConfigurationError as error:
        raise ConfigurationError(f"smtp: {error}") from None
