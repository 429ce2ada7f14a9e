"""The Amazon SES provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mailcore.errors import ConfigurationError, Problem
from mailcore.events import Event, InboundEvent
from mailcore.features import NO, YES, Features, advisory, partial, yes
from mailcore.flow import Flow
from mailcore.message import MergeSyntax, Message
from mailcore.provider import Provider
from mailcore.result import RecipientStatus
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_ses.answers import statuses_of
from mailcore_ses.aws.call import SES, SES_V1, AwsCall, AwsResponse
from mailcore_ses.aws.clients import load
from mailcore_ses.aws.credentials import with_credentials
from mailcore_ses.aws.endpoints import check_endpoints, check_instances, check_region
from mailcore_ses.aws.global_endpoint import check_global_endpoint
from mailcore_ses.aws.transport import AwsTransport, ClientSettings
from mailcore_ses.events.reading import parse_events
from mailcore_ses.inbound import MAX_INBOUND_BYTES, InboundSettings, delete, fetch
from mailcore_ses.payload import SendingSettings, calls_for
from mailcore_ses.payload.api_checks import unknown_overrides
from mailcore_ses.payload.checks import check
from mailcore_ses.payload.dkim import signer_from_options
from mailcore_ses.payload.extra import extra_of
from mailcore_ses.payload.merge_syntax import SYNTAX
from mailcore_ses.sns.envelope import READ_HEADERS
from mailcore_ses.sns.trust import SnsTrust
from mailcore_ses.webhooks import WebhookTrust


# What the flows that set up events and receiving call beside SES.
_SERVICES_OF_SETUP = ("s3", "sns", "sqs", "sts")

if TYPE_CHECKING:
    from mailcore.inbound import InboundMessage
    from mailcore_ses.account import SesAccount

_PARTS_ONLY = "complete messages only: SES's templates have text and HTML"
_TRACKING = "where the installed boto3 knows ConfigurationOverrides, not with api_version v1"


class SesProvider(Provider[AwsCall, AwsResponse]):
    """
    Amazon SES.

    Where an option has a parameter of SES's API, a message may bring its own in ``esp_extra``: see
    :func:`mailcore_ses.ses_options`. What wins, last to first: ``esp_extra``, the fields of the
    message, these options. The mailer's defaults are part of the message.

    Args:
        region_name: AWS region; boto3's own search order if None.
        configuration_set_name: The configuration set of every message; its event destination
            decides which events are published.
        tenant_name: The tenant on whose behalf messages are sent.
        endpoint_id: A global endpoint; needs ``botocore[crt]``, and no endpoint_url.
        from_identity_arn: ARN of the identity to send from, if another account shares it.
        source_identity_arn: With API v1, the same for the source, if it differs.
        feedback_identity_arn: ARN of the identity of the envelope sender, if another account
            shares it.
        contact_list_name, topic_name: SES's list that messages belong to: SES adds the headers
            to leave it, and refuses recipients who have. Not for batches from a template.
        email_tags: Message tags of every message, by name.
        message_tag_name: The name of the message tag that a message's one tag becomes, besides
            its header; then messages have one tag at most.
        content: How complete messages go: ``raw``, written here, or ``simple``, written by SES,
            which has neither alternatives nor a To header of your own.
        api_version: ``v1`` for credentials that may not call the other.
        dkim_domain, dkim_selector, dkim_private_key: Sign raw messages, by an RSA or Ed25519 key in
            PEM; see :class:`~mailcore.mime.dkim.DkimSigner`.
        dkim_headers: Headers to sign, in place of all but those that SES rewrites.
        topic_arns: SNS topics whose messages :func:`mailcore.receive` believes. Without any,
            every webhook request is refused: a signature proves only that *some* topic sent it.
        topic_account_ids: AWS accounts all of whose topics are believed, too.
        topic_arn_patterns: The same for ARNs with ``*`` in the region or the name, such as
            ``arn:aws:sns:*:123456789012:ses-*``.
        auto_confirm: Whether to confirm SNS subscriptions of these topics.
        webhook_secrets: ``user:password`` texts, one of which each webhook request must bring (HTTP
            Basic), beside the signature. Raw message delivery, which has no signature, is believed
            with it; without any topics it is all that events need.
        max_age_seconds: Refuse signed messages that were made longer ago; at least 3600.
        max_inbound_bytes: A larger received mail is not fetched from S3. SES takes 40 MB.
        kms_key_arn: The only key that fetched mails may be encrypted under by SES; the one that
            each names, if None.
        endpoint_url: Another SES endpoint, such as a local SES.
        sns_endpoint_url: Another SNS endpoint, for confirming subscriptions.
        s3_endpoint_url, kms_endpoint_url: Others for fetching received mail.
        certificate_base_urls: Further places that SNS signing certificates may come from: for a
            local SES. Whoever controls one of them can forge events.
        access_key_id, secret_access_key: Credentials, where boto3 is not to find them itself; in a
            URL they stand before the @. With ``session_token``, temporary ones.
        session: A ``boto3.session.Session`` to use.
        session_parameters: Else, arguments of the session to make, such as ``profile_name``.
        client: A client to use: ``sesv2``, or ``ses`` for API v1. Its retries are switched off:
            they can send twice. In a forked child it gets new connections.
        client_parameters: Else, arguments of the client to make; ``config`` may be a mapping.
        connect_timeout_seconds: For connecting to each address of the host, and for TLS.
        read_timeout_seconds: For the whole answer, from the last byte of the request on. Writing
            has a bound that grows with the size; finding the host and fetching credentials have
            those of the operating system and of boto3.
        max_pool_connections: Connections kept open: as many as threads that send at once.

    Raises:
        ConfigurationError: If an option is wrong, or two contradict each other.
    """

    name: ClassVar[str] = "ses"
    label: ClassVar[str] = "Amazon SES"
    features: ClassVar[Features] = Features(
        cc=YES,
        bcc=YES,
        reply_to=YES,
        headers=partial("not X-SES-*, Message-ID and Date, which SES obeys or replaces"),
        spoofed_to=partial("complete messages only: for templates, SES writes To itself"),
        multiple_from=partial("raw content only: elsewhere, SES has one FromEmailAddress"),
        alternatives=partial(_PARTS_ONLY),
        amp_html=partial(_PARTS_ONLY),
        attachments=yes("SES refuses some file types"),
        inline_images=YES,
        envelope_sender=yes("as FeedbackForwardingEmailAddress"),
        metadata=yes("in an X-Metadata header"),
        tags=yes("in X-Tag headers; one of them as a message tag, with message_tag_name"),
        track_opens=partial(_TRACKING),
        track_clicks=partial(_TRACKING),
        send_at=NO("SES sends at once"),
        templates=yes("by name or ARN, without a subject and bodies of the message's own"),
        template_sender=NO("SES's templates have a subject and bodies, and no sender"),
        merge_data=yes("for a template, or for {{…}} in the message's own subject and bodies"),
        merge_global_data=yes("for a template, or for {{…}} in the message's own"),
        merge_metadata=YES,
        merge_headers=yes("not From and To; not Reply-To with templates"),
        unsubscribe=YES,
        idempotency_key=NO("SES has no idempotency token"),
        international_addresses=NO("SES does not support SMTPUTF8: local parts must be ASCII"),
        recipients=advisory(50, "to, cc and bcc together"),
        event_webhooks=yes("through SNS"),
        webhook_verification=yes("SNS signatures 1 and 2, allowed topics only"),
        inbound=yes("through SNS, or kept in S3"),
    )
    notification_headers: ClassVar[frozenset[str]] = READ_HEADERS
    merge_syntax: ClassVar[MergeSyntax | None] = SYNTAX

    def __init__(
        self,
        *,
        region_name: str | None = None,
        configuration_set_name: str | None = None,
        tenant_name: str | None = None,
        endpoint_id: str | None = None,
        from_identity_arn: str | None = None,
        source_identity_arn: str | None = None,
        feedback_identity_arn: str | None = None,
        contact_list_name: str | None = None,
        topic_name: str | None = None,
        email_tags: Mapping[str, str] | None = None,
        message_tag_name: str | None = None,
        content: Literal["raw", "simple"] = "raw",
        api_version: Literal["v2", "v1"] = "v2",
        dkim_domain: str | None = None,
        dkim_selector: str | None = None,
        dkim_private_key: str | None = None,
        dkim_headers: Sequence[str] = (),
        topic_arns: Sequence[str] = (),
        topic_account_ids: Sequence[str] = (),
        topic_arn_patterns: Sequence[str] = (),
        auto_confirm: bool = True,
        webhook_secrets: Sequence[str] = (),
        max_age_seconds: float | None = None,
        max_inbound_bytes: int = MAX_INBOUND_BYTES,
        kms_key_arn: str | None = None,
        endpoint_url: str | None = None,
        sns_endpoint_url: str | None = None,
        s3_endpoint_url: str | None = None,
        kms_endpoint_url: str | None = None,
        certificate_base_urls: Sequence[str] = (),
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        session: object | None = None,
        session_parameters: Mapping[str, Any] | None = None,
        client: object | None = None,
        client_parameters: Mapping[str, Any] | None = None,
        connect_timeout_seconds: float = 5.0,
        read_timeout_seconds: float = 30.0,
        max_pool_connections: int = 50,
    ) -> None:
        if client is not None and (session, session_parameters, client_parameters) != (None,) * 3:
            raise ConfigurationError("ses: give either a client, or how to make one")
        if client is not None and endpoint_url is not None:
            raise ConfigurationError("ses: give endpoint_url to the client that you make")
        if session is not None and session_parameters is not None:
            raise ConfigurationError("ses: give either a session, or session_parameters")
        all_session_parameters = with_credentials(
            access_key_id,
            secret_access_key,
            session_token,
            session_parameters=session_parameters,
            made_elsewhere=(session, client) != (None, None),
        )
        check_instances(session, client)
        check_region(region_name)
        client_url = (client_parameters or {}).get("endpoint_url")
        check_endpoints(
            [
                ("endpoint_url", endpoint_url),
                ("sns_endpoint_url", sns_endpoint_url),
                ("s3_endpoint_url", s3_endpoint_url),
                ("kms_endpoint_url", kms_endpoint_url),
                ("client_parameters['endpoint_url']", client_url),
            ]
        )
        if min(connect_timeout_seconds, read_timeout_seconds, max_pool_connections) <= 0:
            raise ConfigurationError("ses: timeouts and max_pool_connections must be above 0")
        self._inbound = InboundSettings(max_bytes=max_inbound_bytes, kms_key_arn=kms_key_arn)
        self._settings = SendingSettings(
            api_version=api_version,
            content=content,
            configuration_set_name=configuration_set_name,
            tenant_name=tenant_name,
            endpoint_id=endpoint_id,
            from_identity_arn=from_identity_arn,
            source_identity_arn=source_identity_arn,
            feedback_identity_arn=feedback_identity_arn,
            contact_list_name=contact_list_name,
            topic_name=topic_name,
            email_tags=dict(email_tags or {}),
            message_tag_name=message_tag_name,
            sign=signer_from_options(dkim_domain, dkim_selector, dkim_private_key, dkim_headers),
        )

        def require_global_endpoint() -> None:
            check_global_endpoint(endpoint_url, client_parameters or {})

        # A function and no attributes: client_parameters may hold credentials.
        self._require_global_endpoint = require_global_endpoint
        if endpoint_id is not None:
            self._require_global_endpoint()
        self.configuration_set_name = configuration_set_name
        endpoints = {
            SES: endpoint_url,
            SES_V1: endpoint_url,
            "sns": sns_endpoint_url,
            "s3": s3_endpoint_url,
            "kms": kms_endpoint_url,
        }
        settings = ClientSettings(
            region_name=region_name,
            endpoint_urls={s: url for s, url in endpoints.items() if url is not None},
            session=session,
            session_parameters=all_session_parameters,
            client=client,
            client_parameters=client_parameters or {},
            connect_timeout_seconds=connect_timeout_seconds,
            read_timeout_seconds=read_timeout_seconds,
            max_pool_connections=max_pool_connections,
        )
        self._transport = AwsTransport(settings)

        def setup_settings() -> ClientSettings:
            if endpoint_url is None:
                return settings
            all_services = dict.fromkeys(_SERVICES_OF_SETUP, endpoint_url)
            return replace(settings, endpoint_urls={**all_services, **settings.endpoint_urls})

        # A function too, because URLs may hold a password.
        self._setup_settings = setup_settings
        trust = SnsTrust(
            topic_arns=topic_arns,
            topic_account_ids=topic_account_ids,
            topic_arn_patterns=topic_arn_patterns,
            certificate_base_urls=tuple(certificate_base_urls),
            auto_confirm=auto_confirm,
            max_age_seconds=max_age_seconds,
        )
        self.trusted_topics = trust.topics
        self._verifier = WebhookTrust(trust, secrets=webhook_secrets)

    @classmethod
    def options_from_url(
        cls, *, username: str, password: str, host: str, path: str
    ) -> Mapping[str, str]:
        """
        The credentials stand before the @.

        Raises:
            ConfigurationError: If there is a host or a path.
        """
        super().options_from_url(username="", password="", host=host, path=path)
        given = {"access_key_id": username, "secret_access_key": password}
        return {name: value for name, value in given.items() if value}

    @property
    def client(self) -> Any:
        """
        The boto3 client that sends, for whatever mailcore has no name for.

        Bulk calls go through a twin of it that does not validate parameters once more.
        """
        return self._transport.client(SES if self._settings.api_version == "v2" else SES_V1)

    def setup_clients(self) -> ClientSettings:
        """
        How to make the clients that set up events and receiving.

        An `endpoint_url` counts for all services then that have none of their own: what sets up an
        imitation of AWS must not make a topic at AWS itself.
        """
        return self._setup_settings()

    @property
    def account(self) -> SesAccount:
        """The account: quota, statistics, identities, suppression list."""
        from mailcore_ses.account import SesAccount

        return SesAccount(self._transport)

    def create_transport(self) -> AwsTransport:
        """The one transport of this provider."""
        return self._transport

    def prepare(self) -> None:
        """Import boto3 and what it will need; a client is made by the first call."""
        load()

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what SES, or this way of calling it, cannot express.

        The rules are in :mod:`mailcore_ses.payload.checks`.

        Raises:
            ConfigurationError: If the message asks for an endpoint that cannot be called.
        """
        if extra_of(message).get("EndpointId"):
            self._require_global_endpoint()
        problems = list(check(message, self._settings))
        if self._settings.api_version == "v2":
            problems += unknown_overrides(message)
        return problems

    def build(self, message: Message) -> Sequence[AwsCall]:
        """
        The calls that send a message: :mod:`mailcore_ses.payload` has the table.

        Each holds its parameters, so this shows what would be sent.
        """
        return calls_for(message, self._settings)

    def parse(self, request: AwsCall, response: AwsResponse) -> Mapping[str, RecipientStatus]:
        """One message id for all recipients of a message; of a bulk call, one for each entry."""
        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Verify an SNS message; confirm a subscription to an allowed topic."""
        return self._verifier.verify(request)

    def verify_envelope(self, fields: Mapping[str, Any]) -> Flow[Verdict]:
        """Verify an SNS message that came without HTTP: see :mod:`mailcore_ses.intake.doors`."""
        return self._verifier.verify_envelope(fields)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the SES events in an SNS message."""
        return parse_events(self.name, request)

    def fetch_inbound(self, event: InboundEvent) -> Flow[InboundMessage]:
        """
        Get a received mail: from the event, or from S3.

        See :mod:`mailcore_ses.inbound`.
        """
        if event.content is not None:
            return (yield from super().fetch_inbound(event))
        from mailcore.inbound import parse_inbound

        return parse_inbound((yield from fetch(event, self._inbound)))

    def delete_inbound(self, event: InboundEvent) -> Flow[None]:
        """Delete a received mail from S3, if it is there; one that is gone already is no error."""
        return delete(event)
