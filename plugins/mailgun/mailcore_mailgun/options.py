"""
Mailgun's options, declared once: for every message by the provider, or for one in ``esp_extra``.

The names of the fields, and their values:
https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (read
2026-11-21; its list of fields through clients that are generated from its OpenAPI document).
"""

from __future__ import annotations

import json

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mailcore.address import encode_domain
from mailcore.foundation import cached_property, thaw
from mailcore.http import basic_authorization
from mailcore.message import Message
from mailcore.message import extra_of as extra_for
from mailcore.registry import (
    ProviderOptions,
    base_url_option,
    is_one_line,
    message_options,
    option,
)
from mailcore_mailgun.webhooks import DEFAULT_MAX_AGE_SECONDS


if TYPE_CHECKING:
    from mailcore.webhook import SeenStore

NAMESPACE = "mailgun"
SENDER_DOMAIN = "sender_domain"
"""The key of ``esp_extra["mailgun"]`` that is no field of the form: it stands in the URL."""

# ``source/api-intro.rst`` in https://github.com/mailgun/documentation (read 2026-11-21).
BASE_URLS: Mapping[str, str] = {
    "us": "https://api.mailgun.net",
    "eu": "https://api.eu.mailgun.net",
}

Fields: TypeAlias = "list[tuple[str, str]]"
Tracking: TypeAlias = bool | Literal["htmlonly"]
"""Whether opens and clicks are tracked; ``htmlonly`` leaves the links in the text alone."""

# Their documented values are "yes" alone: to switch them off is to leave them out.
_YES_OR_NOTHING = frozenset(["t:text", "o:testmode"])


def domain_fault(domain: object) -> str:
    """
    Why a text is no domain that may stand in the URL; empty if it is one.

    Mailgun answers a domain that is not one with its welcome page, and a path such as ``..`` would
    lead elsewhere.
    """
    return encode_domain(domain)[1] if isinstance(domain, str) else "it is no text"


def _is_key(key: str) -> bool:
    return bool(key.strip()) and key.strip().isascii() and key.strip().isprintable()


@dataclass(frozen=True, kw_only=True)
class MailgunSendingOptions(ProviderOptions):
    """
    Options for every message, or for one: what a message brings wins, over its fields as well.

    Args:
        sender_domain: The domain that Mailgun sends through; that of each message's
            ``envelope_sender``, else of its ``from_email``, if None. As an option of the provider,
            the domain of a message's ``envelope_sender`` wins over it.
        template_text: Whether Mailgun makes a plain text part from stored templates.
        dkim: Whether Mailgun signs the mail with the domain's key; its own setting if None.
        secondary_dkim: A second key to sign with, as ``domain/selector``.
        secondary_dkim_public: The name under which that key is published.
        deliver_within: How long Mailgun tries, such as ``1h30m``: 5 minutes to 24 hours.
        deliverytime_optimize_period: The window for send time optimisation, ``24h`` to ``72h``.
        time_zone_localize: The recipients' local time to deliver at, ``16:00`` or ``04:00PM``.
        test_mode: Whether Mailgun accepts messages and does not send them (they cost as usual).
        tracking: Whether to track opens and clicks; ``htmlonly`` leaves links in the text alone.
        tracking_clicks: Whether to track clicks, as ``track_clicks`` of a message.
        tracking_opens: Whether to track opens, as ``track_opens`` of a message.
        tracking_pixel_location_top: Whether the tracking pixel stands first in the HTML.
        require_tls: Whether to give up rather than deliver without TLS.
        skip_verification: Whether to deliver whatever certificate the recipient's server has.
        sending_ip: The IP address of the account to send from.
        sending_ip_pool: The id of a pool of IP addresses, one of which Mailgun sends from.
        archive_to: A URL that Mailgun posts each delivered mail to, at the price of a mail.
        suppress_headers: Names of ``X-Mailgun-*`` headers to leave out of delivered mails;
            ``["all"]`` for all of them.
    """

    provider = NAMESPACE

    sender_domain: str | None = option(
        None,
        parameter=SENDER_DOMAIN,
        fits=lambda domain: not domain_fault(domain),
        must_be="a domain",
        settled=lambda domain: encode_domain(domain)[0],
    )
    template_text: bool | None = option(None, parameter="t:text")
    dkim: bool | None = option(None, parameter="o:dkim")
    secondary_dkim: str | None = option(None, parameter="o:secondary-dkim")
    secondary_dkim_public: str | None = option(None, parameter="o:secondary-dkim-public")
    deliver_within: str | None = option(None, parameter="o:deliver-within")
    deliverytime_optimize_period: str | None = option(
        None, parameter="o:deliverytime-optimize-period"
    )
    time_zone_localize: str | None = option(None, parameter="o:time-zone-localize")
    test_mode: bool | None = option(None, parameter="o:testmode")
    tracking: Tracking | None = option(None, parameter="o:tracking")
    tracking_clicks: Tracking | None = option(None, parameter="o:tracking-clicks")
    tracking_opens: bool | None = option(None, parameter="o:tracking-opens")
    tracking_pixel_location_top: bool | None = option(
        None, parameter="o:tracking-pixel-location-top"
    )
    require_tls: bool | None = option(None, parameter="o:require-tls")
    skip_verification: bool | None = option(None, parameter="o:skip-verification")
    sending_ip: str | None = option(None, parameter="o:sending-ip")
    sending_ip_pool: str | None = option(None, parameter="o:sending-ip-pool")
    archive_to: str | None = option(None, parameter="o:archive-to", secret=True)
    suppress_headers: Iterable[str] | None = option(
        None,
        parameter="o:suppress-headers",
        fits=lambda names: all(map(is_one_line, names)),
        must_be="a list of names",
        settled=lambda names: list(names) or None,
    )

    @cached_property
    def fields(self) -> Mapping[str, str | None]:
        """The fields of the form, by name; None for one that must not be sent."""
        return {
            name: None if value is False and name in _YES_OR_NOTHING else field_text(value)
            for name, value in self.parameters().items()
            if name != SENDER_DOMAIN
        }


@dataclass(frozen=True, kw_only=True)
class MailgunMessageOptions(MailgunSendingOptions):
    """
    Options of one message: see :func:`~mailcore_mailgun.mailgun_options`.

    Args:
        template_version: A version of the stored template, by its tag.
        template_variables: Values for the stored template, of any type, in place of
            ``merge_global_data``.
    """

    template_version: str | None = option(None, parameter="t:version")
    template_variables: Mapping[str, object] | None = option(None, parameter="t:variables")


@dataclass(frozen=True, kw_only=True)
class MailgunOptions(MailgunSendingOptions):
    """
    Options of :class:`~mailcore_mailgun.MailgunProvider`.

    Args:
        api_key: A sending key of one domain, or the key of the account. Who only receives needs
            none, but for mail that Mailgun stores.
        region: The region of Mailgun that the domain was made in, ``us`` or ``eu``.
        base_url: Another API, such as a proxy or a server for tests, instead of the region's.
        content: ``mime`` to write every message here, as far as that is possible, instead of
            leaving it to Mailgun: all but batches and stored templates.
        timeout_seconds: How many seconds connecting may take, and how many each wait for data may.
        webhook_signing_keys: The *HTTP webhook signing key* of the account; several while one
            replaces the other. Without any, webhook requests need `webhook_secrets`.
        webhook_secrets: ``user:password`` texts, one of which each webhook request must bring
            (HTTP Basic), beside the signature.
        max_age_seconds: Refuse webhook requests that were signed longer ago. Less than 8 hours
            refuses what Mailgun tries again.
        seen_tokens: Remembers the tokens of webhook requests, so that none is believed again with
            another content.
        max_inbound_bytes: A larger received mail is not fetched. Mailgun receives 25 MB, to which
            base64 adds a third.
    """

    api_key: str | None = option(
        None, fits=_is_key, must_be="a key: ASCII, on one line", settled=str.strip, secret=True
    )
    region: Literal["us", "eu"] = option("us")
    base_url: str | None = base_url_option(None, version="/v3", in_url="")
    content: Literal["form", "mime"] = option("form")
    timeout_seconds: float = option(30.0)
    webhook_signing_keys: Sequence[str] = option((), secret=True)
    webhook_secrets: Sequence[str] = option((), secret=True)
    max_age_seconds: float = option(DEFAULT_MAX_AGE_SECONDS)
    seen_tokens: SeenStore | None = None
    max_inbound_bytes: int = option(40 * 1024 * 1024)

    @cached_property
    def api_url(self) -> str:
        """The API's, without its version."""
        return BASE_URLS[self.region] if self.base_url is None else self.base_url

    @cached_property
    def authorization(self) -> str:
        """The value of the header; a secret."""
        return basic_authorization("api", self.api_key or "")

    @cached_property
    def given_fields(self) -> Mapping[str, str]:
        """The fields of the form that every message has."""
        return {name: value for name, value in self.fields.items() if value is not None}


@message_options(MailgunMessageOptions)
def mailgun_options(options: MailgunMessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of Mailgun for one message: ``Message(..., esp_extra=mailgun_options(dkim=False))``.

    Each wins over the message's own field and over the provider's option of the same name; those
    that are not given leave them.

    Returns:
        A mapping for ``esp_extra``, with the names of Mailgun's API.

    Raises:
        ConfigurationError: If a text is empty or has several lines, or is not of its option's type.
    """
    fields: dict[str, Any] = dict(options.fields)
    if options.template_variables is not None:
        fields["t:variables"] = options.template_variables
    if options.sender_domain is not None:
        fields[SENDER_DOMAIN] = options.sender_domain
    return {NAMESPACE: fields}


def extra_of(message: Message) -> Mapping[str, Any]:
    """The message's own fields, by the names of Mailgun's API."""
    return extra_for(message, NAMESPACE)


def with_extra(fields: Fields, message: Message) -> Fields:
    """The fields with those of ``esp_extra``, which replace what has the same name."""
    extra = extra_of(message)
    if not extra:
        return fields
    replaced = {_key(name) for name in extra}
    kept = [(name, value) for name, value in fields if _key(name) not in replaced]
    for name, value in extra.items():
        if name == SENDER_DOMAIN or value is None:
            continue
        values = value if isinstance(value, (list, tuple)) else (value,)
        kept += [(name, field_text(each)) for each in values if each is not None]
    return kept


def texts_of(extra: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The names of fields with each of their texts; other values are left out."""
    for name, value in extra.items():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, str):
                yield name, each


def _key(name: str) -> str:
    """What is the same for all spellings of a field: names of headers ignore case."""
    return name.lower() if name[:2] in ("h:", "H:") else name


def field_text(value: Any) -> str:
    """A value as a field of the form has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(v, str) for v in value):
        return ",".join(value)
    return json.dumps(thaw(value))
