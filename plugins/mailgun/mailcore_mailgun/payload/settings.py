"""What the provider's options say about sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlsplit

from mailcore.address import encode_domain
from mailcore.errors import ConfigurationError, InvalidMessage, Problem
from mailcore.flow import HttpRequest
from mailcore.http import FormFile, form_request
from mailcore.message import Message
from mailcore_mailgun.extra import NAMESPACE, SENDER_DOMAIN, Fields, extra_of


# ``source/api-intro.rst`` in https://github.com/mailgun/documentation (read 2026-11-21).
BASE_URLS: Mapping[str, str] = {
    "us": "https://api.mailgun.net",
    "eu": "https://api.eu.mailgun.net",
}


@dataclass(frozen=True, kw_only=True)
class SendingSettings:
    """
    The provider's options for sending.

    Args:
        base_url: Of the API, without a path of its own: ``/v3`` follows.
        authorization: The header's value; a secret.
        sender_domain: Encoded; None for the domain of each ``from_email``.
        options: Fields of the form for every message.
        content: ``form``, or ``mime`` for whatever can be written here.
        timeout_seconds: Of each request.
    """

    base_url: str
    authorization: str = field(repr=False)
    sender_domain: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: Literal["form", "mime"] = "form"
    timeout_seconds: float = 30.0

    def request(
        self,
        message: Message,
        endpoint: Literal["messages", "messages.mime"],
        fields: Fields,
        files: list[FormFile],
        recipients: tuple[str, ...],
    ) -> HttpRequest:
        """A form for one of Mailgun's two endpoints that send."""
        return form_request(
            f"{self.base_url}/v3/{quote(self.domain_of(message), safe='')}/{endpoint}",
            fields,
            files,
            headers={"Authorization": self.authorization},
            recipients=recipients,
            timeout_seconds=self.timeout_seconds,
            multipart=True,
        )

    def domain_of(self, message: Message) -> str:
        """
        The domain that Mailgun sends through.

        That of ``esp_extra``, else of the envelope sender, else the provider's, else of the
        author. Mailgun makes the envelope sender's local part up, for its own bounces.
        """
        given = extra_of(message).get(SENDER_DOMAIN)
        if given is not None:
            return sender_domain(given)
        if message.envelope_sender is not None:
            return message.envelope_sender.ascii_domain
        if self.sender_domain is not None:
            return self.sender_domain
        if message.from_email is None:
            raise InvalidMessage([no_domain()])
        return message.from_email.ascii_domain

    def knows_domain_of(self, message: Message) -> bool:
        """Whether there is one: of a template's own sender, nobody here knows the address."""
        given = extra_of(message).get(SENDER_DOMAIN)
        known = (given, message.envelope_sender, self.sender_domain, message.from_email)
        return any(each is not None for each in known)


def no_domain() -> Problem:
    """The problem of a message whose sender only the template knows, and no domain is given."""
    reason = "`from_email` is left to the template, and no domain is given to send through"
    return Problem("from_email", reason, f"give the provider, or the message, a {SENDER_DOMAIN}")


def sender_domain(domain: object) -> str:
    """
    A domain as it may stand in the URL.

    Raises:
        ConfigurationError: If it is none. Mailgun answers a domain that is not one with its
            welcome page, and a path such as ``..`` would lead elsewhere.
    """
    encoded, reason = encode_domain(domain) if isinstance(domain, str) else ("", "it is no text")
    if reason:
        raise ConfigurationError(f"mailgun: {SENDER_DOMAIN} is not a domain: {reason}")
    return encoded


def sender_domain_problem(message: Message) -> Problem | None:
    """What is wrong with the domain that a message brings."""
    given = extra_of(message).get(SENDER_DOMAIN)
    if given is None:
        return None
    try:
        sender_domain(given)
    except ConfigurationError as error:
        return Problem(f"esp_extra[{NAMESPACE!r}][{SENDER_DOMAIN!r}]", str(error))
    return None


def checked_base_url(base_url: str) -> str:
    """
    The URL of an API, without its version.

    Raises:
        ConfigurationError: If it is no absolute URL. (Its text is not repeated: it may hold
            credentials.)
    """
    if not isinstance(base_url, str):
        raise ConfigurationError("mailgun: base_url must be a text")
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname)
        extra = parts.query or parts.fragment or parts.username or parts.password
    except ValueError:
        usable, extra = False, ""
    if not usable or extra or not base_url.isprintable() or " " in base_url:
        raise ConfigurationError(
            "mailgun: base_url must be a URL such as https://api.eu.mailgun.net"
        )
    return base_url.rstrip("/").removesuffix("/v3").rstrip("/")
