"""
Mandrill's options, declared once: for every message by the provider, or for one in ``esp_extra``.

``esp_extra={"mandrill": {...}}`` has the names and the two levels of Mandrill's API: ``ip_pool``
stands at the top, ``subaccount`` within ``message``. It is merged in last: mappings merge,
everything else replaces. Who gets a message has a status, so recipients there are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mailcore.foundation import cached_property
from mailcore.message import Message, extra_of
from mailcore.registry import (
    ProviderOptions,
    base_url_option,
    key_option,
    message_options,
    option,
)


NAMESPACE = "mandrill"
MESSAGE = "message"

MergeLanguage: TypeAlias = Literal["mailchimp", "handlebars"]
"""
https://mandrill.zendesk.com/hc/en-us/articles/360038786414 and 360039278653 (read 2026-11-30).
"""

# Beside `message`, in which everything else stands: OpenAPI description of Mailchimp Transactional
# 1.4.0, MessagesSendRequest (read 2026-11-30).
TOP_LEVEL = ("async", "ip_pool", "send_at", "template_content", "template_name")


@dataclass(frozen=True, kw_only=True)
class MandrillMessageOptions(ProviderOptions):
    """
    Options that a message may bring, too: see :func:`~mailcore_mandrill.mandrill_options`.

    Mandrill's account has a default of most of them, which applies where one is None.

    Args:
        subaccount: ID of the subaccount that the message is sent for; it must be there.
        ip_pool: Name of the pool of dedicated addresses that mail is sent from. Of a name that is
            not there Mandrill says nothing, and takes the default pool.
        background: Whether Mandrill only takes the message and looks at it later (``async``): then
            every recipient is ``queued``, and events tell who was refused. It does so in any case
            for more than 10 recipients.
        important: Whether the message is delivered ahead of others.
        merge: Whether Mandrill evaluates merge tags in a message that has no values for them, such
            as ``*|UNSUB:https://example.com/|*``; False if None.
        preserve_recipients: Whether the recipients of a message see each other: of one that is no
            batch, True if None. If False, each gets a copy with their own address in To.
        auto_text: Whether Mandrill makes a text of the HTML where there is none.
        auto_html: Whether Mandrill makes HTML of the text where there is none.
        inline_css: Whether styles of the HTML are written into its elements.
        url_strip_qs: Whether clicks are counted without the query of their URLs.
        view_content_link: False keeps the content out of Mandrill's log.
        tracking_domain: Domain of the links that opens and clicks are tracked by.
        signing_domain: Domain to sign with, instead of that of the sender.
        return_path_domain: Domain of the Return-Path, to which bounces go.
        google_analytics_domains: Domains whose links get parameters for Google Analytics.
        google_analytics_campaign: Value of ``utm_campaign`` in these links.
    """

    provider = NAMESPACE

    subaccount: str | None = option(None, parameter="subaccount")
    ip_pool: str | None = option(None, parameter="ip_pool")
    background: bool | None = option(None, parameter="async")
    important: bool | None = option(None, parameter="important")
    merge: bool | None = option(None, parameter="merge")
    preserve_recipients: bool | None = option(None, parameter="preserve_recipients")
    auto_text: bool | None = option(None, parameter="auto_text")
    auto_html: bool | None = option(None, parameter="auto_html")
    inline_css: bool | None = option(None, parameter="inline_css")
    url_strip_qs: bool | None = option(None, parameter="url_strip_qs")
    view_content_link: bool | None = option(None, parameter="view_content_link")
    tracking_domain: str | None = option(None, parameter="tracking_domain")
    signing_domain: str | None = option(None, parameter="signing_domain")
    return_path_domain: str | None = option(None, parameter="return_path_domain")
    google_analytics_domains: Sequence[str] | None = option(
        None, parameter="google_analytics_domains", settled=list
    )
    google_analytics_campaign: str | None = option(None, parameter="google_analytics_campaign")


@dataclass(frozen=True, kw_only=True)
class MandrillOptions(MandrillMessageOptions):
    """
    Options of :class:`~mailcore_mandrill.MandrillProvider`.

    Args:
        api_key: API key of the account; a test key has messages checked and not sent. Who only
            receives needs none.
        merge_language: How texts refer to values: ``mailchimp`` (``*|NAME|*``) or ``handlebars``
            (``{{name}}``). If None, stored templates are read as the account says, and the texts
            of messages as ``mailchimp``.
        webhook_signing_keys: The key of each webhook, by which Mandrill signs; several for several
            webhooks, or while one replaces the other. Without any of these and of
            `webhook_secrets`, every webhook request is refused.
        webhook_urls: The URLs of the webhooks exactly as they stand at Mandrill, which signs them:
            with user and password, query and last slash. If empty, the URL of the request, which is
            another one behind most proxies.
        webhook_secrets: ``user:password`` texts, one of which each webhook request must bring (HTTP
            Basic), beside the signature if there are keys.
        base_url: The URL of the API with its version, to which ``/messages/send.json`` is added:
            another one is a later version, a proxy or a server for tests.
        timeout_seconds: How many seconds connecting may take, and how many each wait for data may.
    """

    api_key: str | None = key_option("the account's API key: ASCII without spaces")
    merge_language: MergeLanguage | None = option(None)
    webhook_signing_keys: Sequence[str] = option(
        (), fits=all, must_be="a list of texts that are not empty", secret=True
    )
    webhook_urls: Sequence[str] = option(
        (), fits=all, must_be="a list of URLs as they stand at Mandrill", secret=True
    )
    webhook_secrets: Sequence[str] = option((), secret=True)
    base_url: str = base_url_option("https://mandrillapp.com/api/1.0")
    timeout_seconds: float = option(30.0)

    @cached_property
    def placed(self) -> Mapping[str, Any]:
        """What the options say of every message, at the levels of the API: do not change it."""
        return placed(self.parameters())


@message_options(MandrillMessageOptions)
def mandrill_options(options: MandrillMessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of Mandrill for one message.

    ``Message(..., esp_extra=mandrill_options(subaccount="shop"))``: each wins over the provider's
    option of the same name; those that are not given leave it.

    Returns:
        A mapping for ``esp_extra``, with the names and levels of Mandrill's API.

    Raises:
        ConfigurationError: If one of them cannot be right.
    """
    return {NAMESPACE: placed(options.parameters())}


def placed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters at the levels of the API where they belong."""
    found = {name: value for name, value in parameters.items() if name in TOP_LEVEL}
    within = {name: value for name, value in parameters.items() if name not in TOP_LEVEL}
    return {**found, MESSAGE: within} if within else found


def template_of(message: Message) -> str | None:
    """The slug of the stored template that writes the message; that of ``esp_extra`` wins."""
    named = extra_of(message, NAMESPACE).get("template_name")
    return named if isinstance(named, str) and named else message.template_id
