"""
Mailjet's options, declared once: for every message by the provider, or for one in ``esp_extra``.

``esp_extra={"mailjet": {...}}`` has the names of Send API v3.1, such as ``CustomID``, and is merged
in last, into each message of a batch: mappings merge, everything else replaces. ``SandboxMode`` and
``AdvanceErrorHandling`` are parameters of the call; messages that differ in them go in calls of
their own. ``To``, ``Cc``, ``Bcc``, ``Messages`` and ``Globals`` are refused: who gets a message has
a status, and that takes the message's own fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailcore.address import Address
from mailcore.errors import MessageError
from mailcore.registry import (
    ProviderOptions,
    base_url_option,
    is_token,
    key_option,
    message_options,
    option,
)


NAMESPACE = "mailjet"
OF_THE_CALL = ("SandboxMode", "AdvanceErrorHandling")
"""Parameters that stand beside ``Messages``; within a message Mailjet ignores them, and sends."""

# Its range is known from others only: https://github.com/anymail/django-anymail (2026-11-30).
_HIGHEST_PRIORITY = 3
_OF_ADDRESSES = ("Sender", "TemplateErrorReporting")


def mailbox(address: Address) -> dict[str, str]:
    """An address as the API has it: the domain in punycode, and a name if it has one."""
    spec = address.addr_spec
    found = {"Email": spec if spec.isascii() else address.smtputf8_addr_spec}
    if address.display_name:
        found["Name"] = address.display_name
    return found


def _is_address(text: str) -> bool:
    try:
        mailbox(Address.parse(text))
    except MessageError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class MailjetMessageOptions(ProviderOptions):
    """
    Options that a message may bring, too: see :func:`~mailcore_mailjet.mailjet_options`.

    Args:
        sandbox: Whether Mailjet only checks messages, and sends nothing; then there are no message
            ids.
        all_errors: Whether Mailjet names every error of a message, and not only the first.
        custom_id: A text of yours, which events and answers to the mail bring back beside the
            metadata.
        priority: Where the message stands in Mailjet's queue; 3 is sent first.
        url_tags: What is added to the query of every link, as ``utm_source=shop``.
        monitoring_category: Name of a category of Mailjet's real-time monitoring, which must exist.
        deduplicate_campaign: Whether Mailjet blocks a second message of a campaign (the message's
            tag) to one address; as an option of the provider, of messages that have a tag.
        sender: An address for the Sender header, for which Mailjet has to permit the account.
        template_language: Whether Mailjet fills in values and obeys ``{{…}}`` and ``{%…%}``; if
            None, with a template, or if a text of the message refers to a value that it has.
        template_error_reporting: Who is told by mail that a template could not be filled in. As
            an option of the provider it is, as the next one, for messages that are filled in.
        template_error_deliver: Whether a message whose template has an error is sent all the same;
            Mailjet blocks it if None.
    """

    provider = NAMESPACE

    sandbox: bool | None = option(None, parameter="SandboxMode")
    all_errors: bool | None = option(None, parameter="AdvanceErrorHandling")
    custom_id: str | None = option(None, parameter="CustomID")
    priority: int | None = option(
        None,
        parameter="Priority",
        fits=lambda number: 0 <= number <= _HIGHEST_PRIORITY,
        must_be="0, 1, 2 or 3",
    )
    url_tags: str | None = option(
        None,
        parameter="URLTags",
        fits=lambda text: is_token(text) and len(text) <= 256,
        must_be="the query of a URL, percent-encoded, of up to 256 characters",
    )
    monitoring_category: str | None = option(None, parameter="MonitoringCategory")
    deduplicate_campaign: bool | None = option(None, parameter="DeduplicateCampaign")
    sender: str | None = option(
        None, parameter="Sender", fits=_is_address, must_be="one email address"
    )
    template_language: bool | None = option(None, parameter="TemplateLanguage")
    template_error_reporting: str | None = option(
        None, parameter="TemplateErrorReporting", fits=_is_address, must_be="one email address"
    )
    template_error_deliver: bool | None = option(None, parameter="TemplateErrorDeliver")

    def parameters(self) -> dict[str, Any]:
        """The options that are given, by their names in the API; addresses as it has them."""
        found = super().parameters()
        for name in _OF_ADDRESSES:
            if name in found:
                found[name] = mailbox(Address.parse(found[name]))
        return found


@dataclass(frozen=True, kw_only=True)
class MailjetOptions(MailjetMessageOptions):
    """
    Options of :class:`~mailcore_mailjet.MailjetProvider`.

    Args:
        api_key: The public API key; a subaccount has its own. Who only receives needs none.
        secret_key: The private key that belongs to it.
        base_url: The URL of the API, without a path: ``https://api.us.mailjet.com`` for accounts of
            the US site, a proxy, or a server for tests.
        webhook_secrets: ``user:password`` texts, one of which each webhook request must bring (HTTP
            Basic): Mailjet signs nothing. Without any, every webhook request is refused.
        timeout_seconds: How many seconds connecting may take, and how many each wait for data may.
    """

    api_key: str | None = key_option("the public API key: ASCII without spaces")
    secret_key: str | None = key_option(
        "the private API key: ASCII without spaces", in_url="password"
    )
    base_url: str = base_url_option("https://api.mailjet.com")
    webhook_secrets: Sequence[str] = option((), secret=True)
    timeout_seconds: float = option(30.0)


@message_options(MailjetMessageOptions)
def mailjet_options(options: MailjetMessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of Mailjet for one message.

    ``Message(..., esp_extra=mailjet_options(custom_id="order-7"))``: each wins over the provider's
    option of the same name; those that are not given leave it.

    Returns:
        A mapping for ``esp_extra``, with the names of Mailjet's API.

    Raises:
        ConfigurationError: If one of them cannot be right.
    """
    return options.for_message()


def of_the_call(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that stand beside ``Messages``."""
    return {name: parameters[name] for name in OF_THE_CALL if name in parameters}


def of_the_message(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that stand in a message, without those of the call."""
    return {name: value for name, value in parameters.items() if name not in OF_THE_CALL}
