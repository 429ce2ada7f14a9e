"""The Amazon SES provider."""

from __future__ import annotations

import functools

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mailcore.errors import Problem
from mailcore.events import Event, InboundEvent
from mailcore.features import NO, YES, Features, advisory, partial, yes
from mailcore.flow import Flow
from mailcore.foundation import cached_property
from mailcore.http import redirect_target
from mailcore.message import MergeSyntax, Message
from mailcore.provider import Provider
from mailcore.registry import takes_options
from mailcore.result import RecipientStatus
from mailcore_ses.aws.call import SES, SES_V1, AwsCall, AwsResponse
from mailcore_ses.aws.clients import ClientSettings
from mailcore_ses.client_options import clients_of_setup
from mailcore_ses.options import SesOptions
from mailcore_ses.payload.merge_syntax import SYNTAX
from mailcore_ses.sns.believed import READ_HEADERS


if TYPE_CHECKING:
    from mailcore.account import SendingQuota
    from mailcore.inbound import InboundMessage
    from mailcore.sending import Planner
    from mailcore.webhook import Verdict, WebhookRequest
    from mailcore_ses.account import SesAccount
    from mailcore_ses.account.suppression import SesSuppressions
    from mailcore_ses.aws.transport import AwsTransport
    from mailcore_ses.aws.way import Way
    from mailcore_ses.payload.plan import Plan
    from mailcore_ses.webhooks import WebhookTrust

_PARTS_ONLY = "complete messages only: SES's templates have text and HTML"
_TRACKING = "where the installed boto3 knows ConfigurationOverrides, not with api_version v1"


class SesProvider(Provider[AwsCall, AwsResponse]):
    """
    Amazon SES.

    The options are those of :class:`~mailcore_ses.options.SesOptions`. Where one has a parameter of
    SES's API, a message may bring its own in ``esp_extra``: see :func:`mailcore_ses.ses_options`.
    What wins, last to first: ``esp_extra``, the fields of the message, the options. The mailer's
    defaults are part of the message.

    A URL has the credentials before the @.
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

    @takes_options(SesOptions)
    def __init__(self, options: SesOptions) -> None:
        """
        Make a provider; nothing is asked of AWS.

        Raises:
            ConfigurationError: If an option is wrong, or two contradict each other.
        """
        self._options = options
        self._redirected: dict[str, AwsTransport] = {}
        # What is wrong with them is told now. Otherwise, who only sends loads nothing that
        # receives, and who only receives nothing that sends.
        if options.webhook_secrets:
            _ = self._verifier
        if options.send_with == "http":
            _ = self._transport
        self.configuration_set_name = options.configuration_set_name
        self.trusted_topics = options.trust.topics

    # Made when they are used first.
    @cached_property
    def _plan_of(self) -> Planner[Plan]:
        from mailcore.sending import Planner
        from mailcore_ses.payload import plan_of

        return Planner(functools.partial(plan_of, options=self._options))

    @cached_property
    def _verifier(self) -> WebhookTrust:
        from mailcore_ses.webhooks import WebhookTrust

        return WebhookTrust(self._options.trust, secrets=self._options.webhook_secrets)

    @cached_property
    def _own_transport(self) -> AwsTransport:
        from mailcore_ses.aws.transport import AwsTransport

        return AwsTransport(self._options.clients, self._options.send_with)

    @property
    def _transport(self) -> AwsTransport:
        target = redirect_target()
        return self._own_transport if target is None else self._redirected_transport(target)

    def _redirected_transport(self, target: str) -> AwsTransport:
        found = self._redirected.get(target)
        if found is not None:
            return found
        from mailcore_ses.aws.redirecting import redirected_clients
        from mailcore_ses.aws.transport import AwsTransport

        # Over our own HTTP where boto3 is not asked for: a client or a session is given up.
        way: Way = "boto3" if self._options.send_with == "boto3" else "auto"
        settings = redirected_clients(self._options, f"{target}/{self.name}")
        # Threads that make it at once agree on one.
        return self._redirected.setdefault(target, AwsTransport(settings, way))

    @property
    def client(self) -> Any:
        """
        The boto3 client, for whatever mailcore has no name for.

        From then on it makes the calls that send, unless ``send_with`` is ``http``: what is hooked
        into its events sees them.
        """
        return self._transport.client(SES if self._options.api_version == "v2" else SES_V1)

    def setup_clients(self) -> ClientSettings:
        """How to make the clients that set up events and receiving."""
        return clients_of_setup(self._options)

    @property
    def account(self) -> SesAccount:
        """The account: quota, statistics, identities, suppression list."""
        from mailcore_ses.account import SesAccount

        return SesAccount(self._transport)

    def suppressions(self) -> SesSuppressions:
        """What `account` and the command line ask of the suppression list."""
        from mailcore_ses.account.suppression import SesSuppressions

        return SesSuppressions()

    def sending_quota(self) -> Flow[SendingQuota]:
        """
        Ask for the quota of the account in its region: what the policy that throttles goes by.

        It needs the permission ``ses:GetAccount``.
        """
        from mailcore_ses.account.status import sending_quota

        return sending_quota()

    def create_transport(self) -> AwsTransport:
        """The one transport of this provider."""
        return self._transport

    def redirected(self, target: str) -> AwsTransport:
        """The one that calls the mailbox of ``MAILCORE_REDIRECT``, with invented credentials."""
        return self._transport

    @property
    def sends_with(self) -> str:
        """
        Who makes the calls that send at this moment, for people.

        ``http``, or ``boto3`` with the reason: a client is given, a setting of AWS's own, something
        that is hooked into boto3.
        """
        reason = self._transport.direct.reason()
        return f"boto3, since {reason}" if reason else "http"

    def prepare(self) -> None:
        """Import what the first call will need: boto3 only if that makes it."""
        from mailcore_ses import answers  # noqa: F401  # parse() needs it

        _ = self._plan_of
        self._transport.prepare()

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what SES, or this way of calling it, cannot express.

        The rules are in :mod:`mailcore_ses.payload.checks`.

        Raises:
            ConfigurationError: If the message asks for an endpoint that cannot be called.
        """
        plan = self._plan_of(message)
        if plan.extra.get("EndpointId"):
            self._options.check_global_endpoint()
        from mailcore_ses.payload import check

        return list(check(message, plan))

    def build(self, message: Message) -> Sequence[AwsCall]:
        """
        The calls that send a message: :mod:`mailcore_ses.payload` has the table.

        Each holds its parameters, so this shows what would be sent.
        """
        from mailcore_ses.payload import requests_for

        return requests_for(message, self._plan_of(message))

    def parse(self, request: AwsCall, response: AwsResponse) -> Mapping[str, RecipientStatus]:
        """One message id for all recipients of a message; of a bulk call, one for each entry."""
        from mailcore_ses.answers import statuses_of

        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Verify an SNS message; confirm a subscription to an allowed topic."""
        return self._verifier.verify(request)

    def verify_envelope(self, fields: Mapping[str, Any]) -> Flow[Verdict]:
        """Verify an SNS message that came without HTTP: see :mod:`mailcore_ses.intake.doors`."""
        return self._verifier.verify_envelope(fields)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the SES events in an SNS message."""
        from mailcore_ses.events import parse_events

        return parse_events(self.name, request)

    def fetch_inbound(self, event: InboundEvent) -> Flow[InboundMessage]:
        """
        Get a received mail: from the event, or from S3.

        See :mod:`mailcore_ses.inbound`.
        """
        if event.content is not None:
            return (yield from super().fetch_inbound(event))
        from mailcore.inbound import parse_inbound
        from mailcore_ses.inbound import fetch

        return parse_inbound((yield from fetch(event, self._options)))

    def delete_inbound(self, event: InboundEvent) -> Flow[None]:
        """Delete a received mail from S3, if it is there; one that is gone already is no error."""
        from mailcore_ses.inbound import delete

        return delete(event)
