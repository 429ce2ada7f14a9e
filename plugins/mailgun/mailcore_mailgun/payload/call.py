"""The two endpoints of Mailgun that send, and the domain in their URL."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from mailcore.address import encode_domain
from mailcore.errors import ConfigurationError, InvalidMessage, Problem
from mailcore.flow import HttpRequest
from mailcore.http import FormFile, form_request
from mailcore.message import Message
from mailcore_mailgun.options import (
    SENDER_DOMAIN,
    Fields,
    MailgunOptions,
    domain_fault,
    extra_of,
    with_extra,
)


def call(
    message: Message,
    options: MailgunOptions,
    endpoint: Literal["messages", "messages.mime"],
    fields: Fields,
    files: list[FormFile],
    *,
    recipients: tuple[str, ...],
) -> HttpRequest:
    """A form for one of the endpoints; fields of ``esp_extra`` replace those of the same name."""
    return form_request(
        f"{options.api_url}/v3/{quote(domain_of(message, options), safe='')}/{endpoint}",
        with_extra(fields, message),
        files,
        headers={"Authorization": options.authorization},
        recipients=recipients,
        timeout_seconds=options.timeout_seconds,
        multipart=True,
    )


def domain_of(message: Message, options: MailgunOptions) -> str:
    """
    The domain that Mailgun sends through.

    That of ``esp_extra``, else of the envelope sender, else the provider's, else of the author.
    Mailgun makes the envelope sender's local part up, for its own bounces.

    Raises:
        ConfigurationError: If that of ``esp_extra`` is none.
        InvalidMessage: If there is no author and no other domain.
    """
    given = extra_of(message).get(SENDER_DOMAIN)
    if given is not None:
        fault = domain_fault_of(message)
        if fault:
            raise ConfigurationError(fault)
        return encode_domain(given)[0]
    if message.envelope_sender is not None:
        return message.envelope_sender.ascii_domain
    if options.sender_domain is not None:
        return options.sender_domain
    if message.from_email is None:
        raise InvalidMessage([no_domain()])
    return message.from_email.ascii_domain


def knows_domain_of(message: Message, options: MailgunOptions) -> bool:
    """Whether it is known which domain to send through."""
    given = extra_of(message).get(SENDER_DOMAIN)
    known = (given, message.envelope_sender, options.sender_domain, message.from_email)
    return any(each is not None for each in known)


def no_domain() -> Problem:
    """The problem of a message whose sender only the template knows, and no domain is given."""
    reason = "`from_email` is left to the template, and no domain is given to send through"
    return Problem("from_email", reason, f"give the provider, or the message, a {SENDER_DOMAIN}")


def domain_fault_of(message: Message) -> str:
    """What is wrong with the domain that a message brings; empty if nothing, or it brings none."""
    given = extra_of(message).get(SENDER_DOMAIN)
    fault = "" if given is None else domain_fault(given)
    return fault and f"mailgun: {SENDER_DOMAIN} is not a domain: {fault}"
