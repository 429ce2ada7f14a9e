"""The Amazon SES provider."""

from __future__ import annotations

import re

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from mailcore.errors import ConfigurationError, Problem, UnexpectedResponse
from mailcore.events import Event
from mailcore.features import NO, YES, Features, advisory, partial, yes
from mailcore.flow import Flow
from mailcore.headers import MAX_LINE_OCTETS
from mailcore.message import Message
from mailcore.provider import Provider
from mailcore.result import RecipientStatus, SendStatus
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_ses.aws import AwsCall, AwsResponse
from mailcore_ses.errors import error_of
from mailcore_ses.events import parse_events
from mailcore_ses.payload import (
    METADATA_HEADER,
    TAG_HEADER,
    event_headers,
    send_email_parameters,
)
from mailcore_ses.sns import SnsTrust, SnsVerifier
from mailcore_ses.transport import SES, AwsTransport, ClientSettings


_NO_TEMPLATES = "this version of mailcore-ses sends complete messages only"
_NO_TRACKING = "SES tracks by configuration set: choose one with configuration_set_name"

# SES reads these from the header of a raw message; each has an option or a parameter instead.
_CONTROL_HEADER = "x-ses-"
_REPLACED = {
    # https://docs.aws.amazon.com/ses/latest/dg/header-fields.html (read 2026-11-21)
    "message-id": "SES replaces it; the result has SES's own id",
    "date": "SES replaces it with the time of acceptance",
}
_CONFIGURATION_SET_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SesProvider(Provider[AwsCall, AwsResponse]):
    """
    Amazon SES, API version 2.

    Args:
        region_name: AWS region; boto3's own search order if None.
        configuration_set_name: The configuration set of every message; its event destination
            decides which events are published.
        topic_arns: SNS topics whose messages :func:`mailcore.receive` believes. Without any,
            every webhook request is refused: a signature proves only that *some* topic sent it.
        auto_confirm: Whether to confirm SNS subscriptions of these topics.
        endpoint_url: Another SES endpoint, such as a local SES.
        sns_endpoint_url: Another SNS endpoint, for confirming subscriptions.
        certificate_base_urls: Further places that SNS signing certificates may come from: for a
            local SES. Whoever controls one of them can forge events.
        session: A ``boto3.session.Session`` to use.
        session_parameters: Else, arguments of the session to make, such as ``profile_name``.
        client: A ``sesv2`` client to use. Its retries are switched off: they can send twice.
        client_parameters: Else, arguments of the client to make; ``config`` may be a mapping.
        connect_timeout_seconds, read_timeout_seconds: For each call.
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
        headers=partial("not X-SES-*, Message-ID and Date, which SES replaces or obeys"),
        spoofed_to=YES,
        alternatives=YES,
        amp_html=YES,
        attachments=yes("SES refuses some file types"),
        inline_images=YES,
        envelope_sender=yes("as FeedbackForwardingEmailAddress"),
        metadata=yes("in an X-Metadata header"),
        tags=yes("in X-Tag headers"),
        track_opens=NO(_NO_TRACKING),
        track_clicks=NO(_NO_TRACKING),
        send_at=NO("SES sends at once"),
        templates=NO(_NO_TEMPLATES),
        merge_data=NO(_NO_TEMPLATES),
        merge_global_data=NO(_NO_TEMPLATES),
        merge_metadata=NO(_NO_TEMPLATES),
        merge_headers=NO(_NO_TEMPLATES),
        unsubscribe=YES,
        idempotency_key=NO("SES has no idempotency token"),
        international_addresses=NO("SES does not support SMTPUTF8: local parts must be ASCII"),
        recipients=advisory(50, "to, cc and bcc together"),
        event_webhooks=yes("through SNS"),
        webhook_verification=yes("SNS signatures 1 and 2, allowed topics only"),
        inbound=partial("notifications; the content when SNS brings it along"),
    )

    def __init__(
        self,
        *,
        region_name: str | None = None,
        configuration_set_name: str | None = None,
        topic_arns: Sequence[str] = (),
        auto_confirm: bool = True,
        endpoint_url: str | None = None,
        sns_endpoint_url: str | None = None,
        certificate_base_urls: Sequence[str] = (),
        session: object | None = None,
        session_parameters: Mapping[str, Any] | None = None,
        client: object | None = None,
        client_parameters: Mapping[str, Any] | None = None,
        connect_timeout_seconds: float = 5.0,
        read_timeout_seconds: float = 30.0,
        max_pool_connections: int = 50,
    ) -> None:
        if configuration_set_name is not None and not _CONFIGURATION_SET_NAME.fullmatch(
            configuration_set_name
        ):
            raise ConfigurationError(
                "ses: configuration_set_name must be 1 to 64 letters, digits, '_' and '-'"
            )
        if client is not None and (session, session_parameters, client_parameters) != (None,) * 3:
            raise ConfigurationError("ses: give either a client, or how to make one")
        if client is not None and endpoint_url is not None:
            raise ConfigurationError("ses: give endpoint_url to the client that you make")
        if session is not None and session_parameters is not None:
            raise ConfigurationError("ses: give either a session, or session_parameters")
        if min(connect_timeout_seconds, read_timeout_seconds, max_pool_connections) <= 0:
            raise ConfigurationError("ses: timeouts and max_pool_connections must be above 0")
        endpoints = {SES: endpoint_url, "sns": sns_endpoint_url}
        self.configuration_set_name = configuration_set_name
        self._transport = AwsTransport(
            ClientSettings(
                region_name=region_name,
                endpoint_urls={s: url for s, url in endpoints.items() if url is not None},
                session=session,
                session_parameters=session_parameters or {},
                client=client,
                client_parameters=client_parameters or {},
                connect_timeout_seconds=connect_timeout_seconds,
                read_timeout_seconds=read_timeout_seconds,
                max_pool_connections=max_pool_connections,
            )
        )
        self._verifier = SnsVerifier(
            SnsTrust(
                topic_arns=frozenset(topic_arns),
                certificate_base_urls=tuple(certificate_base_urls),
                auto_confirm=auto_confirm,
            )
        )

    @property
    def client(self) -> Any:
        """The boto3 ``sesv2`` client, for whatever mailcore has no name for."""
        return self._transport.client()

    def create_transport(self) -> AwsTransport:
        """The one transport of this provider."""
        return self._transport

    def check(self, message: Message) -> Iterable[Problem]:
        """Name headers that SES obeys or replaces, and values that no header line can hold."""
        for name in message.headers:
            place, key = f"headers[{name!r}]", name.lower()
            if key in _REPLACED:
                yield Problem(place, f"{place}: {_REPLACED[key]}", "leave it out")
            elif key.startswith(_CONTROL_HEADER):
                hint = 'use configuration_set_name, or esp_extra={"ses": {...}}'
                yield Problem(place, f"{place}: SES would obey it and remove it", hint)
            elif key == METADATA_HEADER.lower() and message.metadata:
                yield Problem(place, f"{place} and `metadata` are both given", "give one of them")
            elif key == TAG_HEADER.lower() and message.tags:
                yield Problem(place, f"{place} and `tags` are both given", "give one of them")
        for name, value in event_headers(message):
            if len(value) > 900 and len(name) + 2 + max(map(len, value.split(" "))) > (
                MAX_LINE_OCTETS
            ):
                field = "metadata" if name == METADATA_HEADER else "tags"
                yield Problem(
                    field,
                    f"`{field}` has a value of more than {MAX_LINE_OCTETS} characters without a "
                    f"space, which no header line can hold",
                    "keep it in your database, and a key to it here",
                )

    def build(self, message: Message) -> Sequence[AwsCall]:
        """One ``SendEmail`` with the complete message."""
        parameters = send_email_parameters(message, self.configuration_set_name)
        return [
            AwsCall(
                service=SES,
                operation="SendEmail",
                params=parameters,
                recipients=message.recipients,
            )
        ]

    def parse(self, request: AwsCall, response: AwsResponse) -> Mapping[str, RecipientStatus]:
        """SES gives one message id for all recipients."""
        if not response.ok:
            raise error_of(response)
        message_id = response.body.get("MessageId")
        if not isinstance(message_id, str) or not message_id:
            raise UnexpectedResponse(
                "SES accepted the request but gave no MessageId",
                maybe_accepted=True,
                status_code=response.status_code,
                raw=response,
            )
        status = RecipientStatus(SendStatus.QUEUED, message_id=message_id)
        return dict.fromkeys(request.recipients, status)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Verify an SNS message; confirm a subscription to an allowed topic."""
        return self._verifier.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the SES events in an SNS message."""
        return parse_events(self.name, request)
