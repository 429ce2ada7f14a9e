"""Providers: what their authors are held to, and what is known of those that are installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from typing_extensions import assert_type

from mailcore import (
    Event,
    EventType,
    Features,
    Flow,
    HttpRequest,
    HttpResponse,
    Message,
    Problem,
    Provider,
    RecipientStatus,
    Registry,
    SendStatus,
    TrackingEvent,
    Verdict,
    WebhookRequest,
    get_provider,
)
from mailcore.account import SuppressedAddress, SuppressionAccount
from mailcore.builtin.memory import MemoryProvider
from mailcore.features import YES, Feature, limited, needs
from mailcore.http import json_request
from mailcore.provider import AnyProvider
from mailcore.registry import default_registry
from mailcore.testing import Outbox, capture
from mailcore_local.ses import LocalSes
from mailcore_mailgun import MailgunProvider
from mailcore_postmark import PostmarkProvider
from mailcore_ses import AwsCall, AwsResponse, SesProvider
from mailcore_ses.account import SesAccount


URL = "https://api.acme.example/send"


class Acme(Provider[HttpRequest, HttpResponse]):
    """What the author of a plugin writes."""

    name = "acme"
    label = "Acme Mail"
    features = Features(cc=YES, tags=limited(3), merge_global_data=needs(Feature.TEMPLATES))

    def __init__(self, *, api_key: str) -> None:
        self._api_key = api_key

    def check(self, message: Message) -> Iterable[Problem]:
        """Yield what cannot be said."""
        if message.template_id:
            yield Problem("subject", "not beside a template", "leave it out")

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """Make a request."""
        payload = {"to": list(message.recipients)}
        request = json_request(URL, payload, headers={}, recipients=message.recipients)
        assert_type(request, HttpRequest)
        return [request]

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        """Read the answer."""
        return {each: RecipientStatus(SendStatus.QUEUED) for each in request.recipients}

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Believe anybody."""
        return Verdict("nothing")
        yield

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read one event."""
        return (TrackingEvent(provider="acme", event_type=EventType.SENT),)


class OfAnotherService(Acme):
    """Requests have the type that was declared."""

    def build(self, message: Message) -> list[str]:  # E: override, reportIncompatibleMethodOverride
        """Make what this provider's transport does not take."""
        return []


class Unfinished(Provider[HttpRequest, HttpResponse]):
    """Neither `build` nor `parse`."""

    name = "unfinished"


def unfinished_providers_cannot_be_made() -> None:
    Acme(api_key="invented")
    Acme()  # E: call-arg, reportCallIssue
    Unfinished()  # E: abstract, reportAbstractUsage


def names_make_some_provider(registry: Registry) -> None:
    assert_type(get_provider("ses", region_name="eu-west-1"), AnyProvider)
    assert_type(registry.provider_class("ses"), type[AnyProvider])
    registry.register(Acme)
    registry.register(Acme(api_key="a"))  # E: arg-type, reportArgumentType
    assert_type(default_registry(), Registry)


def options_have_names_and_types() -> None:
    SesProvider(region_name="eu-west-1", content="simple", topic_arns=["arn:aws:sns:a:b:c"])
    SesProvider(region="eu-west-1")  # E: call-arg, reportCallIssue
    SesProvider(content="html")  # E: arg-type, reportArgumentType
    PostmarkProvider(server_token="invented", message_stream="outbound")
    PostmarkProvider(server_token=42)  # E: arg-type, reportArgumentType
    MailgunProvider(api_key="invented", region="eu")
    MailgunProvider(api_key="invented", region="mars")  # E: arg-type, reportArgumentType


def what_is_one_providers_own(ses: SesProvider, postmark: PostmarkProvider) -> None:
    assert_type(ses.account, SesAccount)
    assert_type(postmark.account, SuppressionAccount)
    for entry in postmark.account.suppressed(reasons=["BOUNCE"]):
        assert_type(entry, SuppressedAddress)
        assert_type(entry.email_address, str)
    assert_type(ses.account.delete_suppressed("ada@example.net"), bool)


def requests_are_plain_values(ses: SesProvider, message: Message) -> None:
    (call,) = ses.build(message)
    assert_type(call, AwsCall)
    assert_type(call.operation, str)
    ses.parse(call, AwsResponse(status_code=200, body={"MessageId": "1"}))
    ses.parse(call, HttpResponse(status_code=200, body=b""))  # E: arg-type, reportArgumentType


def providers_for_tests(message: Message) -> None:
    memory = MemoryProvider()
    assert_type(memory.outbox, list[Message])
    with capture() as outbox:
        assert_type(outbox, Outbox)
        assert_type(outbox.assert_sent(count=1, to="ada@example.net"), tuple[Message, ...])
    with LocalSes(region_name="eu-west-1") as local:
        SesProvider(**local.provider_options)
        assert_type(local.mailcore_url, str)
