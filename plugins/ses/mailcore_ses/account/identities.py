"""
Identities: the addresses and domains that the account may send from.

Sources: https://docs.aws.amazon.com/ses/latest/APIReference-V2/ (the operations named in the
code); https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html (read 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailcore.account import LARGEST_PAGE, Page
from mailcore.errors import ConfigurationError
from mailcore.flow import Flow
from mailcore.foundation import redact
from mailcore_ses.aws.asking import call, entries, find, require, structure, text, texts
from mailcore_ses.aws.call import SES


SUCCESS = "SUCCESS"
_EXTERNAL = "EXTERNAL"
_DEFAULT_HOSTED_ZONE = "dkim.amazonses.com"


@dataclass(frozen=True, kw_only=True)
class IdentitySummary:
    """
    An identity as lists have it.

    Args:
        name: The address or the domain.
        kind: What was verified: ``EMAIL_ADDRESS`` or ``DOMAIN``.
        sending_enabled: Whether the account may send from it.
        verification_status: ``SUCCESS``, ``PENDING``, ``FAILED``, ``TEMPORARY_FAILURE`` or
            ``NOT_STARTED``.
    """

    name: str = field(repr=False)
    kind: str
    sending_enabled: bool
    verification_status: str

    @property
    def verified(self) -> bool:
        """Whether SES believes that it is yours."""
        return self.verification_status == SUCCESS


@dataclass(frozen=True, kw_only=True)
class DnsRecord:
    """
    What to publish for a domain.

    Args:
        kind: The type of the record, such as ``CNAME``.
        name: The name that the record stands at.
        value: The value of the record.
    """

    kind: str
    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Dkim:
    """
    How SES signs mail of an identity.

    Args:
        signing_enabled: Whether SES signs mail from the identity.
        status: The state of the check of the DNS records, as `verification_status`.
        tokens: Easy DKIM: names of the CNAME records; BYODKIM: the selector.
        origin: Who made the key: ``AWS_SES``, ``EXTERNAL`` (BYODKIM), or ``AWS_SES_`` and a
            region.
        hosted_zone: Where SES publishes the keys; empty if it did not say.
    """

    signing_enabled: bool
    status: str
    tokens: tuple[str, ...] = ()
    origin: str = ""
    hosted_zone: str = ""

    @property
    def verified(self) -> bool:
        """Whether SES has found the DNS records."""
        return self.status == SUCCESS


@dataclass(frozen=True, kw_only=True)
class Identity:
    """
    All about an identity.

    Args:
        name: The address or the domain.
        kind: What was verified: ``EMAIL_ADDRESS`` or ``DOMAIN``.
        verified_for_sending: Whether the account may send from it.
        verification_status: The state of the verification, as in :class:`IdentitySummary`; empty
            where SES does not say, as right after it was created.
        dkim: How SES signs its mail.
        mail_from_domain: The custom MAIL FROM domain; empty without one.
        mail_from_status: The state of the check of that domain's DNS records; empty without one.
        configuration_set_name: The configuration set of messages that name none; empty without one.
    """

    name: str = field(repr=False)
    kind: str
    verified_for_sending: bool
    verification_status: str
    dkim: Dkim
    mail_from_domain: str = ""
    mail_from_status: str = ""
    configuration_set_name: str = ""

    @property
    def dns_records(self) -> tuple[DnsRecord, ...]:
        """
        The records that Easy DKIM needs; none for an address, nor for a key of your own.

        Source: https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
        (read 2026-11-21).
        """
        if "@" in self.name or self.dkim.origin == _EXTERNAL:
            return ()
        zone = self.dkim.hosted_zone or _DEFAULT_HOSTED_ZONE
        return tuple(
            DnsRecord(
                kind="CNAME",
                name=f"{token}._domainkey.{self.name}",
                value=f"{token}.{zone}",
            )
            for token in self.dkim.tokens
        )


def identities_page(
    token: str = "", *, page_size: int = LARGEST_PAGE
) -> Flow[Page[IdentitySummary]]:
    """
    Ask for some identities.

    Args:
        token: The token of the page; empty for the first.
        page_size: How many at most, up to 1000.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    parameters: dict[str, Any] = {"PageSize": page_size}
    if token:
        parameters["NextToken"] = token
    body = yield from call("ListEmailIdentities", parameters, service=SES)
    items = tuple(
        IdentitySummary(
            name=require(entry, "IdentityName", str),
            kind=text(entry, "IdentityType"),
            sending_enabled=bool(entry.get("SendingEnabled")),
            verification_status=text(entry, "VerificationStatus"),
        )
        for entry in entries(body, "EmailIdentities")
    )
    return Page(items=items, next_token=text(body, "NextToken"))


def get_identity(name: str) -> Flow[Identity | None]:
    """
    Ask for an identity.

    Returns:
        None if the account does not have it in this region.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    _check(name)
    body = yield from find("GetEmailIdentity", {"EmailIdentity": name}, service=SES)
    return None if body is None else _identity(name, body)


def create_identity(name: str, *, configuration_set_name: str | None = None) -> Flow[Identity]:
    """
    Begin to verify an address or a domain.

    SES writes to an address; for a domain, publish the `dns_records` of what is returned.

    Args:
        name: The address or the domain.
        configuration_set_name: The configuration set of messages from the identity that name none.

    Raises:
        SendError: If AWS refuses it, as it does if the identity exists already.
    """
    _check(name)
    parameters = {"EmailIdentity": name}
    if configuration_set_name is not None:
        parameters["ConfigurationSetName"] = configuration_set_name
    body = yield from call("CreateEmailIdentity", parameters, service=SES)
    return _identity(name, {"ConfigurationSetName": configuration_set_name or "", **body})


def delete_identity(name: str) -> Flow[bool]:
    """
    Remove an identity: the account can no longer send from it.

    Returns:
        Whether there was one.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    _check(name)
    body = yield from find("DeleteEmailIdentity", {"EmailIdentity": name}, service=SES)
    return body is not None


def _check(name: str) -> None:
    # An empty name, or one with a slash, would be another path of the API.
    if not name or "/" in name or not name.isprintable() or " " in name:
        raise ConfigurationError(
            f"ses: {redact(name)!r} is neither an address nor a domain to send from"
        )


def _identity(name: str, body: Mapping[str, Any]) -> Identity:
    dkim = structure(body, "DkimAttributes")
    mail_from = structure(body, "MailFromAttributes")
    return Identity(
        name=name,
        kind=text(body, "IdentityType"),
        verified_for_sending=bool(body.get("VerifiedForSendingStatus")),
        verification_status=text(body, "VerificationStatus"),
        dkim=Dkim(
            signing_enabled=bool(dkim.get("SigningEnabled")),
            status=text(dkim, "Status"),
            tokens=texts(dkim, "Tokens"),
            origin=text(dkim, "SigningAttributesOrigin"),
            hosted_zone=text(dkim, "SigningHostedZone"),
        ),
        mail_from_domain=text(mail_from, "MailFromDomain"),
        mail_from_status=text(mail_from, "MailFromDomainStatus"),
        configuration_set_name=text(body, "ConfigurationSetName"),
    )
