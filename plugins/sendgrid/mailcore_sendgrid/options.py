"""
SendGrid's options, declared once: for every message by the provider, or for one in ``esp_extra``.

``esp_extra={"sendgrid": {...}}`` has the names of the body of ``POST /v3/mail/send``, such as
``mail_settings``, and is merged in last: mappings merge, everything else replaces. One name is
mailcore's own: ``substitution`` says how a legacy template refers to values. ``personalizations``
are refused: who gets a message has a status, and that takes the message's own fields.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send (read 2026-11-30, its schema as
``tsg_mail_v3.json`` of https://github.com/twilio/sendgrid-oai).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mailcore.foundation import FrozenDict, cached_property
from mailcore.http import JSON_HEADERS
from mailcore.message import Message, extra_of
from mailcore.registry import (
    ProviderOptions,
    base_url_option,
    is_token,
    key_option,
    message_options,
    option,
)
from mailcore_sendgrid.webhooks import DEFAULT_MAX_AGE_SECONDS


NAMESPACE = "sendgrid"
SUBSTITUTION = "substitution"
"""The key of ``esp_extra["sendgrid"]`` that is no field of SendGrid's."""

# https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (read 2026-11-30).
BASE_URLS: Mapping[str, str] = {
    "global": "https://api.sendgrid.com",
    "eu": "https://api.eu.sendgrid.com",
}


def _has_name(text: str) -> bool:
    return text.isprintable() and text.count("name") == 1 and text != "name"


@dataclass(frozen=True, kw_only=True)
class SendGridSendingOptions(ProviderOptions):
    """
    Options for every message, or for one: what a message brings wins, over its fields as well.

    Args:
        ip_pool: Name of the pool of IP addresses that SendGrid sends from.
        unsubscribe_group: Number of the unsubscribe group (ASM) that the message belongs to.
        unsubscribe_groups_shown: Numbers of up to 25 groups that the page of preferences shows.
        sandbox: Whether SendGrid checks messages and does not send them; there are no events then.
        bypass_list_management: Whether to send to those on any list of suppressions too; SendGrid
            takes none of the next three beside it.
        bypass_bounce_management: Whether to send to those whose mail bounced too.
        bypass_spam_management: Whether to send to those who complained too.
        bypass_unsubscribe_management: Whether to send to those who unsubscribed from all mail too.
        subscription_tracking: Whether SendGrid adds its link to unsubscribe from all mail; the
            account's setting if None.
        substitution: How a legacy template refers to the value ``name``: text with that word in
            it, once. Dynamic templates (``d-…``) need none.
    """

    provider = NAMESPACE

    ip_pool: str | None = option(None, parameter="ip_pool_name")
    unsubscribe_group: int | None = option(None, parameter="asm.group_id")
    unsubscribe_groups_shown: Iterable[int] | None = option(
        None, parameter="asm.groups_to_display", settled=list
    )
    sandbox: bool | None = option(None, parameter="mail_settings.sandbox_mode.enable")
    bypass_list_management: bool | None = option(
        None, parameter="mail_settings.bypass_list_management.enable"
    )
    bypass_bounce_management: bool | None = option(
        None, parameter="mail_settings.bypass_bounce_management.enable"
    )
    bypass_spam_management: bool | None = option(
        None, parameter="mail_settings.bypass_spam_management.enable"
    )
    bypass_unsubscribe_management: bool | None = option(
        None, parameter="mail_settings.bypass_unsubscribe_management.enable"
    )
    subscription_tracking: bool | None = option(
        None, parameter="tracking_settings.subscription_tracking.enable"
    )
    substitution: str | None = option(
        None,
        parameter=SUBSTITUTION,
        fits=_has_name,
        must_be="the word `name`, once, with what stands around it in the template, as in -name-",
    )


@dataclass(frozen=True, kw_only=True)
class SendGridMessageOptions(SendGridSendingOptions):
    """
    Options of one message: see :func:`~mailcore_sendgrid.sendgrid_options`.

    Args:
        batch_id: An id from ``POST /v3/mail/batch``, by which messages with ``send_at`` can be
            cancelled.
    """

    batch_id: str | None = option(None, parameter="batch_id")


@dataclass(frozen=True, kw_only=True)
class SendGridOptions(SendGridSendingOptions):
    """
    Options of :class:`~mailcore_sendgrid.SendGridProvider`.

    Args:
        api_key: An API key, ``SG.…``; that of a subuser to send as the subuser. Who only receives
            needs none.
        region: ``eu`` for a subuser of the EU region, whose key works nowhere else.
        base_url: Another API, such as a proxy or a server for tests, instead of the region's.
        timeout_seconds: How many seconds connecting may take, and how many each wait for data may.
        id_argument: Name of the custom argument by which events bring the ``message_id`` back:
            SendGrid itself has no id for each recipient.
        webhook_verification_keys: Verification keys, as SendGrid shows them: of the event webhook,
            and of the security policy of received mail. Without any, webhook requests need
            `webhook_secrets`.
        webhook_secrets: ``user:password`` texts, one of which each webhook request must bring
            (HTTP Basic), beside the signature.
        max_age_seconds: Refuse webhook requests that were signed longer ago. Less than three days
            may refuse what SendGrid tries again.
    """

    api_key: str | None = key_option()
    region: Literal["global", "eu"] = option("global")
    base_url: str | None = base_url_option(None, version="/v3")
    timeout_seconds: float = option(30.0)
    id_argument: str = option(
        "mailcore_id", fits=is_token, must_be="the name of a custom argument: ASCII without spaces"
    )
    webhook_verification_keys: Sequence[str] = option(())
    webhook_secrets: Sequence[str] = option((), secret=True)
    max_age_seconds: float = option(DEFAULT_MAX_AGE_SECONDS)

    @cached_property
    def api_url(self) -> str:
        """The API's, with its version."""
        return f"{BASE_URLS[self.region] if self.base_url is None else self.base_url}/v3"

    @cached_property
    def send_url(self) -> str:
        """The URL of ``mail/send``."""
        return f"{self.api_url}/mail/send"

    @cached_property
    def json_headers(self) -> Mapping[str, str]:
        """The headers of a call with JSON; a secret among them."""
        return FrozenDict({**JSON_HEADERS, **self.authorization})

    @cached_property
    def authorization(self) -> Mapping[str, str]:
        """The header with the key; a secret."""
        return {"Authorization": f"Bearer {self.api_key or ''}"}

    @cached_property
    def sent(self) -> Mapping[str, Any]:
        """What of the options stands in the body of every call."""
        return {
            name: each for name, each in self.nested_parameters().items() if name != SUBSTITUTION
        }


@message_options(SendGridMessageOptions)
def sendgrid_options(options: SendGridMessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of SendGrid for one message: ``Message(..., esp_extra=sendgrid_options(sandbox=True))``.

    Each wins over the message's own field and over the provider's option of the same name; those
    that are not given leave them.

    Returns:
        A mapping for ``esp_extra``, with the names of SendGrid's API.

    Raises:
        ConfigurationError: If one of them cannot be right.
    """
    return {NAMESPACE: options.nested_parameters()}


def extra_body(message: Message) -> Mapping[str, Any]:
    """What the message has for SendGrid and is a field of its API."""
    return extra_of(message, NAMESPACE, without=SUBSTITUTION)


def substitution_of(message: Message, options: SendGridOptions) -> str:
    """
    How a legacy template refers to the value ``name``.

    Raises:
        ConfigurationError: If the message brings one that cannot be right.
    """
    given = extra_of(message, NAMESPACE).get(SUBSTITUTION)
    if given is not None:
        return SendGridMessageOptions(substitution=given).substitution or ""
    # As in the examples of SendGrid's documentation.
    return options.substitution or "-name-"
