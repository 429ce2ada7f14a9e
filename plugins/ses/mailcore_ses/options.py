"""
The options of Amazon SES, declared once: of a provider, and of single messages.

From a field of :class:`SesOptions` follow the argument of
:class:`~mailcore_ses.provider.SesProvider`, the option in URLs and in the environment, and the
check of its type. One that has a ``parameter`` goes under that name of ``SendEmail`` into every
call; for other operations, :mod:`mailcore_ses.payload.extra` translates it, and what API v1 has no
name for is refused with it. One that a message may bring anew stands in :class:`SharedOptions`, and
so is an argument of :func:`mailcore_ses.ses_options` too.
"""

from __future__ import annotations

import re

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from mailcore.errors import ConfigurationError
from mailcore.foundation import cached_property
from mailcore.mime import DkimSigner
from mailcore.registry import ProviderOptions, message_options, option
from mailcore_ses.aws.clients import ClientSettings
from mailcore_ses.aws.global_endpoint import check_global_endpoint
from mailcore_ses.client_options import check_clients, clients_of
from mailcore_ses.payload.dkim import signer_from_options
from mailcore_ses.payload.names import ENTRIES, LIST, OVERRIDES, V1_NAMES
from mailcore_ses.payload.tags import is_tag, tag_list
from mailcore_ses.sns.believed import SnsTrust


# 40 MB, the most that SES receives, and as much again as base64 may make of them.
_MAX_INBOUND_BYTES = 56 * 1024 * 1024
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (read 2026-11-21).
_CONFIGURATION_SET_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TAGS = "names with values, each of 1 to 256 letters, digits, '_' and '-'"


def _are_tags(tags: Mapping[str, str]) -> bool:
    return all(is_tag(name, value) for name, value in tags.items())


def _are_tags_of_some(tags: Mapping[str, Mapping[str, str]]) -> bool:
    return all(map(_are_tags, tags.values()))


def _anything(_: object) -> bool:
    return True  # it is looked at elsewhere


@dataclass(frozen=True, kw_only=True)
class SharedOptions(ProviderOptions):
    """
    What is said for all messages, or for one.

    Args:
        configuration_set_name: The configuration set that messages go through; its event
            destination decides which events are published.
        tenant_name: The tenant on whose behalf messages are sent.
        endpoint_id: The id of a global endpoint, which sends from two regions; needs
            ``botocore[crt]``, and no endpoint_url.
        from_identity_arn: ARN of the identity to send from, if another account shares it.
        feedback_identity_arn: ARN of the identity of the envelope sender, if another account
            shares it.
        contact_list_name: SES's list that messages belong to: SES adds the headers to leave it, and
            refuses recipients who have. Not for batches from a template. Of one message, it is for
            its own `topic_name` or none, whatever the provider's options and the mailer's defaults
            say.
        topic_name: The topic of that list that messages are about: SES refuses recipients who left
            it.
        email_tags: Message tags by name; those of a message are all that it has.
    """

    provider: ClassVar[str] = "ses"

    configuration_set_name: str | None = option(
        None,
        parameter="ConfigurationSetName",
        fits=lambda name: _CONFIGURATION_SET_NAME.fullmatch(name) is not None,
        must_be="1 to 64 letters, digits, '_' and '-'",
    )
    tenant_name: str | None = option(None, parameter="TenantName")
    endpoint_id: str | None = option(None, parameter="EndpointId")
    from_identity_arn: str | None = option(None, parameter="FromEmailAddressIdentityArn")
    feedback_identity_arn: str | None = option(
        None, parameter="FeedbackForwardingEmailAddressIdentityArn"
    )
    contact_list_name: str | None = option(None)
    topic_name: str | None = option(None)
    email_tags: Mapping[str, str] | None = option(None, fits=_are_tags, must_be=_TAGS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.topic_name is not None and self.contact_list_name is None:
            raise ConfigurationError("ses: topic_name needs the contact_list_name of its list")

    def parameters(self) -> dict[str, Any]:
        """What is given, by the names of ``SendEmail``."""
        found = super().parameters()
        if self.contact_list_name is not None:
            # None takes away the topic of another list, which a default may name.
            found[LIST] = {"ContactListName": self.contact_list_name, "TopicName": self.topic_name}
        if self.email_tags is not None:
            found["EmailTags"] = tag_list(self.email_tags.items())
        return found


@dataclass(frozen=True, kw_only=True)
class MessageOptions(SharedOptions):
    """
    What is said for one message.

    Args:
        recipient_tags: Message tags for single recipients of a batch, by address; they win over the
            others by name.
        content: Who writes a complete message: mailcore if ``raw``, SES if ``simple``.
    """

    recipient_tags: Mapping[str, Mapping[str, str]] | None = option(
        None, fits=_are_tags_of_some, must_be=f"addresses with tags: {_TAGS}"
    )
    content: Literal["raw", "simple"] | None = option(None)

    def parameters(self) -> dict[str, Any]:
        """What is given, by the names of ``SendEmail``."""
        found = super().parameters()
        if self.content is not None:
            found["Content"] = {self.content.capitalize(): {}}
        if self.recipient_tags:
            found[ENTRIES] = {
                address: {"ReplacementTags": tag_list(tags.items())}
                for address, tags in self.recipient_tags.items()
            }
        return found


@message_options(MessageOptions)
def ses_options(options: MessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of SES for one message: ``Message(..., esp_extra=ses_options(tenant_name="acme"))``.

    Each wins over the provider's option of the same name; those that are not given leave it.

    Returns:
        A mapping for ``esp_extra``, with the names of SES's API.

    Raises:
        ConfigurationError: If a tag has characters that SES does not take, or a topic no list.
    """
    return options.for_message()


@dataclass(frozen=True, kw_only=True)
class SesOptions(SharedOptions):
    """
    The options of a provider.

    Args:
        source_identity_arn: The identity of the source, with API v1, if it differs from that of the
            sender.
        message_tag_name: The name of the message tag that a message's one tag becomes, besides its
            header; then messages have one tag at most.
        content: How complete messages go: ``raw``, written here, or ``simple``, written by SES,
            which has neither alternatives nor a To header of your own.
        api_version: The version of SES's API to send by: ``v1`` for credentials that may not call
            ``v2``.
        dkim_domain, dkim_selector, dkim_private_key: Sign raw messages, by an RSA or Ed25519 key in
            PEM; see :class:`~mailcore.mime.dkim.DkimSigner`.
        dkim_headers: Headers to sign, in place of all but those that SES rewrites.
        topic_arns: SNS topics whose messages :func:`mailcore.receive` believes. Without any, every
            webhook request is refused: a signature proves only that *some* topic sent it.
        topic_account_ids: AWS accounts all of whose topics are believed, too.
        topic_arn_patterns: Topics that are believed too, as ARNs with ``*`` in the region or the
            name, such as ``arn:aws:sns:*:123456789012:ses-*``.
        auto_confirm: Whether to confirm SNS subscriptions of these topics.
        webhook_secrets: ``user:password`` texts, one of which each webhook request must bring (HTTP
            Basic), beside the signature. Raw message delivery, which has no signature, is believed
            with it; without any topics it is all that events need.
        max_age_seconds: Refuse signed messages that were made longer ago; at least 3600.
        max_inbound_bytes: A larger received mail is not fetched from S3. SES takes 40 MB.
        kms_key_arn: The only key that fetched mails may be encrypted under by SES; the one that
            each names, if None.
        region_name: AWS region; boto3's own search order if None.
        endpoint_url: Another SES endpoint, such as a local SES.
        sns_endpoint_url: Another SNS endpoint, for confirming subscriptions.
        s3_endpoint_url, kms_endpoint_url: Other S3 and KMS endpoints, for fetching received mail.
        certificate_base_urls: Further places that SNS signing certificates may come from: for a
            local SES. Whoever controls one of them can forge events.
        access_key_id, secret_access_key, session_token: Credentials, where boto3 is not to find
            them itself; in a URL the first two stand before the @. Temporary ones have a token.
        session: The ``boto3.session.Session`` to make the clients with; a new one if None.
        session_parameters: Without `session`, the arguments of the session to make, such as
            ``profile_name``.
        client: A client to use: ``sesv2``, or ``ses`` for API v1. Its retries are switched off:
            they can send twice. In a forked child it gets new connections.
        client_parameters: Without `client`, the arguments of the client to make; ``config`` may be
            a mapping.
        send_with: Who makes the calls that send: ``http``, mailcore's own HTTP, signed here;
            ``boto3``; or ``auto``, the former unless something asks for boto3, which
            :attr:`~mailcore_ses.provider.SesProvider.sends_with` tells.
        connect_timeout_seconds: How many seconds connecting may take, to each address of the host,
            and for TLS.
        read_timeout_seconds: How many seconds the whole answer may take, from the last byte of the
            request on. Writing has a bound that grows with the size; finding the host and fetching
            credentials have those of the operating system and of boto3.
        max_pool_connections: Connections kept open: as many as threads that send at once.
    """

    source_identity_arn: str | None = option(None, parameter="SourceArn")
    message_tag_name: str | None = option(
        None, fits=lambda name: is_tag(name, "x"), must_be="the name of a message tag"
    )
    content: Literal["raw", "simple"] = option("raw")
    api_version: Literal["v2", "v1"] = option("v2")
    dkim_domain: str | None = option(None, fits=_anything)
    dkim_selector: str | None = option(None, fits=_anything)
    dkim_private_key: str | None = option(None, fits=_anything, secret=True)
    dkim_headers: Sequence[str] = option(())
    topic_arns: Sequence[str] = option(())
    topic_account_ids: Sequence[str] = option(())
    topic_arn_patterns: Sequence[str] = option(())
    auto_confirm: bool = option(default=True)
    webhook_secrets: Sequence[str] = option((), secret=True)
    max_age_seconds: float | None = option(None)
    max_inbound_bytes: int = option(_MAX_INBOUND_BYTES)
    kms_key_arn: str | None = option(None, fits=_anything)
    region_name: str | None = option(None, fits=_anything)
    # URLs may hold a password.
    endpoint_url: str | None = option(None, fits=_anything, secret=True)
    sns_endpoint_url: str | None = option(None, fits=_anything, secret=True)
    s3_endpoint_url: str | None = option(None, fits=_anything, secret=True)
    kms_endpoint_url: str | None = option(None, fits=_anything, secret=True)
    certificate_base_urls: Sequence[str] = option((), secret=True)
    access_key_id: str | None = option(None, fits=_anything, in_url="username", secret=True)
    secret_access_key: str | None = option(None, fits=_anything, in_url="password", secret=True)
    session_token: str | None = option(None, fits=_anything, secret=True)
    session: object | None = option(None, secret=True)
    session_parameters: Mapping[str, Any] | None = option(None, secret=True)
    client: object | None = option(None, secret=True)
    client_parameters: Mapping[str, Any] | None = option(None, secret=True)
    send_with: Literal["auto", "http", "boto3"] = option("auto")
    connect_timeout_seconds: float = option(5.0)
    read_timeout_seconds: float = option(30.0)
    max_pool_connections: int = option(50)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_clients(self)
        if self.endpoint_id is not None:
            self.check_global_endpoint()
        self._check_sending()
        # Made now, so that what is wrong with them is found now.
        _ = self.clients, self.trust, self.signer

    def _check_sending(self) -> None:
        is_simple = self.content == "simple"
        if is_simple and self.signer is not None:
            raise ConfigurationError("ses: content='simple' cannot be signed with dkim_private_key")
        if self.api_version == "v2":
            if self.source_identity_arn is not None:
                raise ConfigurationError(
                    "ses: source_identity_arn is of api_version 'v1'; v2 has from_identity_arn"
                )
            return
        missing = [name for name in self.parameters() if name not in V1_NAMES]
        if missing:
            raise ConfigurationError(
                f"ses: SES API v1 has no {', '.join(missing)}: use api_version='v2'"
            )
        if is_simple:
            raise ConfigurationError("ses: content='simple' needs api_version='v2'")

    def check_global_endpoint(self) -> None:
        """
        Make sure that calls with an ``EndpointId`` go to that endpoint.

        Raises:
            ConfigurationError: If something stands in their way.
        """
        check_global_endpoint(self.endpoint_url, self.client_parameters or {})

    @property
    def only_in_v2(self) -> frozenset[str]:
        """Parameters that API v1 has no name for, of those that a message may bring."""
        own = {self.parameter_of(field.name) for field in fields(SharedOptions)}
        return frozenset({*own, LIST, OVERRIDES} - {"", *V1_NAMES})

    @cached_property
    def of_every_message(self) -> Mapping[str, Any]:
        """Parameters of ``SendEmail`` that every message has; those that are empty are left out."""
        found = {name: value for name, value in self.parameters().items() if value}
        if LIST in found:
            found[LIST] = {name: value for name, value in found[LIST].items() if value}
        return found

    @cached_property
    def signer(self) -> DkimSigner | None:
        """What puts a DKIM signature in front of a raw message."""
        return signer_from_options(
            self.dkim_domain, self.dkim_selector, self.dkim_private_key, self.dkim_headers
        )

    @cached_property
    def trust(self) -> SnsTrust:
        """Which SNS messages are believed by their signature."""
        return SnsTrust(
            topic_arns=self.topic_arns,
            topic_account_ids=self.topic_account_ids,
            topic_arn_patterns=self.topic_arn_patterns,
            certificate_base_urls=self.certificate_base_urls,
            auto_confirm=self.auto_confirm,
            max_age_seconds=self.max_age_seconds,
        )

    @cached_property
    def clients(self) -> ClientSettings:
        """How to make the clients that send, and that fetch received mail."""
        return clients_of(self)
