"""The SES provider passes the conformance suite."""

from __future__ import annotations

import json

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from itertools import groupby
from typing import Any

from mailcore import (
    EventType,
    HttpRequest,
    HttpResponse,
    Message,
    WebhookRequest,
    get_provider,
    receive,
)
from mailcore.flow import Transport
from mailcore.mime import write_message
from mailcore.testing import Notice
from mailcore.testing.canaries import token
from mailcore.testing.inbound_checks import received_mail
from mailcore.testing.suite import ProviderSuite
from mailcore_local.ses.signing import Signer
from mailcore_ses.aws import AwsCall, AwsResponse
from mailcore_ses.payload import event_headers
from mailcore_ses.provider import SesProvider


TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
CERTIFICATE_URL = (
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-"
    "0123456789abcdef0123456789abcdef.pem"
)
CREDENTIALS = {
    "aws_access_key_id": "AKIAINVENTED00000000",
    "aws_secret_access_key": "invented+secret/access+key",
    "aws_session_token": "invented/session+token",
}
SIGNER = Signer()

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (read 2026-11-21), and
# ses.md's table of errors that the service model does not have.
REFUSALS = [
    (429, "TooManyRequestsException"),
    (400, "Throttling"),
    (400, "LimitExceededException"),
    (400, "AccountSuspendedException"),
    (400, "SendingPausedException"),
    (400, "MessageRejected"),
    (400, "MailFromDomainNotVerifiedException"),
    (400, "BadRequestException"),
    (404, "NotFoundException"),
    (403, "AccessDeniedException"),
    (403, "SignatureDoesNotMatch"),
    (500, "InternalFailure"),
    (503, "ServiceUnavailable"),
    (400, "SomethingNew"),
]


class TestSes(ProviderSuite):
    """``ses``."""

    secrets = tuple(CREDENTIALS.values())[1:]
    event_types = (
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.COMPLAINED,
        EventType.DEFERRED,
    )

    def make_provider(self) -> SesProvider:
        return SesProvider(
            region_name="eu-west-1",
            configuration_set_name="tracking",
            topic_arns=[TOPIC],
            client_parameters=CREDENTIALS,
        )

    def provider_at(self, base_url: str, timeout_seconds: float) -> SesProvider:
        return SesProvider(
            region_name="eu-west-1",
            endpoint_url=base_url,
            client_parameters=CREDENTIALS,
            connect_timeout_seconds=timeout_seconds,
            read_timeout_seconds=timeout_seconds,
        )

    def is_filled_in(self, request: AwsCall) -> bool:
        return "Template" in request.params.get("Content", request.params.get("DefaultContent"))

    def accepting_response(self, request: AwsCall) -> AwsResponse:
        if request.operation != "SendBulkEmail":
            return AwsResponse(status_code=200, body={"MessageId": "0107019aa1d0731e-000000"})
        results = [
            {"Status": "SUCCESS", "MessageId": f"0107019aa1d0731e-{position:06}"}
            for position, _ in enumerate(request.params["BulkEmailEntries"])
        ]
        return AwsResponse(status_code=200, body={"BulkEmailEntryResults": results})

    def refusing_responses(self, request: AwsCall) -> Iterable[AwsResponse]:
        words = f"Address {' '.join(request.recipients)} is not verified"
        for status_code, code in REFUSALS:
            yield AwsResponse(status_code=status_code, error_code=code, error_message=words)

    def broken_responses(self, request: AwsCall) -> Iterable[AwsResponse]:
        for body in ({}, {"MessageId": None}, {"MessageId": ""}, {"MessageId": 7}):
            yield AwsResponse(status_code=200, body=body)
        for status_code in (301, 400, 403, 413, 429, 500, 502):
            yield AwsResponse(status_code=status_code, error_code=str(status_code))

    def suppression_answers(self) -> Iterable[AwsResponse]:
        """Members of every wrong type, and errors with and without a name."""
        odd: tuple[Any, ...] = (None, 1, "a", True, [], {}, [1], [{}], {"a": 1})
        for name in ("SuppressedDestination", "SuppressedDestinationSummaries", "NextToken"):
            yield from (AwsResponse(status_code=200, body={name: value}) for value in odd)
        for status_code in (200, 302, 400, 403, 404, 413, 429, 500, 502, 503):
            for code in ("", "NotFoundException", "x#TooManyRequestsException", str(status_code)):
                yield AwsResponse(status_code=status_code, error_code=code)

    def refused_in_part(self) -> Iterable[Message]:
        to = ["ada@example.net", "bob@example.net"]
        plain = Message(from_email="shop@example.com", to=to, text="Hello")
        yield plain.replace(headers={"X-SES-Message-Tags": "a=b", "Message-ID": "<a@b.example>"})
        yield plain.replace(
            headers={"X-Metadata": "{}", "X-Tag": "a"}, metadata={"a": 1}, tags=["b"]
        )
        yield plain.replace(merge_headers={to[0]: {"Date": "a", "To": "friends@example.org"}})
        yield plain.replace(metadata={"a": "b" * 1_000})
        yield plain.replace(merge_metadata={to[1]: {"a": "b" * 1_000}})
        yield plain.replace(tags=["a", "b" * 1_000])
        stored = plain.replace(text=None, template_id="t", merge_global_data={"name": "Ada"})
        yield stored.replace(headers={"To": "friends@example.org", "X-A": " ", "X-B": "b " * 600})
        yield stored.replace(headers={f"X-{n}": "a" for n in range(20)}, metadata={"a": 1})
        yield stored.replace(tags=[f"tag{n}" for n in range(20)])
        yield stored.replace(alternatives=[("a", "text/calendar"), ("b", "text/x-amp-html")])
        yield stored.replace(
            attachments=[(None, b"a", "image/png"), ("b", b"b", f"text/{'x' * 80}")]
        )
        batch = stored.replace(merge_data={to[0]: {"name": "Ada"}})
        yield batch.replace(merge_headers={to[0]: {f"X-{n}": "a" for n in range(16)}})
        yield batch.replace(merge_headers={to[1]: {"X-A": " ", "X-B": "b " * 600}})

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        def shared(notice: Notice) -> tuple[Any, ...]:
            metadata = tuple(notice.metadata.items())
            return notice.event_type.value, notice.message_id, metadata, notice.tags

        groups = groupby(sorted(notices, key=shared), key=shared)
        return [posted(ses_event(list(group))) for _, group in groups]

    def unknown_webhook(self) -> WebhookRequest:
        mail = {"messageId": "0107", "destination": [f"{token('to')}@example.net"]}
        return posted({"eventType": "Teleport", "teleport": {"to": "Mars"}, "mail": mail})

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        raw = written(mail)
        place = {"type": "S3", "topicArn": TOPIC, "bucketName": "inbound", "objectKey": "in/1"}
        sns = {"type": "SNS", "topicArn": TOPIC}
        return [
            posted(received({**sns, "encoding": "UTF-8"}, mail, content=raw.decode("ascii"))),
            posted(received({**sns, "encoding": "BASE64"}, mail, content=b64encode(raw).decode())),
            posted(received(place, mail)),
        ]

    def webhook_transport(self) -> Transport:
        return Aws()


class Aws:
    """Where SNS keeps its signing certificate, and S3 the mail that SES received."""

    def exchange(self, request: HttpRequest | AwsCall) -> HttpResponse | AwsResponse:
        if isinstance(request, AwsCall):
            return AwsResponse(status_code=200, body={"Body": written(received_mail())})
        if request.url == CERTIFICATE_URL:
            return HttpResponse(status_code=200, body=SIGNER.certificate_pem)
        return HttpResponse(status_code=404)

    def close(self) -> None:
        """Nothing is open."""


def written(mail: Message) -> bytes:
    """The mail as SES received it: the same each time."""
    return write_message(
        mail,
        boundary="b",
        date=datetime(2026, 11, 20, 9, 15, tzinfo=timezone.utc),
        message_id="1@example.com",
    )


def received(action: Mapping[str, Any], mail: Message, **content: str) -> Mapping[str, Any]:
    """A notification of a mail that SES received."""
    recipients = [address.addr_spec for address in mail.to]
    passed = {"status": "PASS"}
    return {
        "notificationType": "Received",
        "mail": {
            "timestamp": "2026-11-20T09:15:01.902Z",
            "source": "bounces@example.com",
            "messageId": "3k9v1example",
            "destination": [*recipients, *(address.addr_spec for address in mail.cc)],
            "commonHeaders": {"subject": mail.subject},
        },
        "receipt": {
            "timestamp": "2026-11-20T09:15:02.318Z",
            "recipients": recipients,
            "spamVerdict": passed,
            "virusVerdict": passed,
            "spfVerdict": passed,
            "dkimVerdict": passed,
            "dmarcVerdict": passed,
            "action": action,
        },
        **content,
    }


def ses_event(notices: Sequence[Notice]) -> Mapping[str, Any]:
    """One event of event publishing, about all these recipients."""
    first, recipients = notices[0], [notice.recipient for notice in notices]
    event_type, key, details = DETAILS[first.event_type](recipients)
    headers = event_headers(Message(metadata=first.metadata, tags=first.tags))
    return {
        "eventType": event_type,
        key: {"timestamp": "2026-11-20T09:15:04.318Z", **details},
        "mail": {
            "timestamp": "2026-11-20T09:15:01.902Z",
            "messageId": first.message_id,
            "source": "shop@example.com",
            "destination": recipients,
            "headersTruncated": False,
            "headers": [{"name": name, "value": value} for name, value in headers],
        },
    }


DETAILS = {
    EventType.DELIVERED: lambda recipients: (
        "Delivery",
        "delivery",
        {"recipients": recipients, "smtpResponse": "250 ok"},
    ),
    EventType.BOUNCED: lambda recipients: (
        "Bounce",
        "bounce",
        {
            "bounceType": "Permanent",
            "bounceSubType": "NoEmail",
            "feedbackId": "0107-bounce",
            "bouncedRecipients": [
                {"emailAddress": address, "status": "5.1.1", "action": "failed"}
                for address in recipients
            ],
        },
    ),
    EventType.COMPLAINED: lambda recipients: (
        "Complaint",
        "complaint",
        {
            "feedbackId": "0107-complaint",
            "complaintFeedbackType": "abuse",
            "complainedRecipients": [{"emailAddress": address} for address in recipients],
        },
    ),
    EventType.DEFERRED: lambda recipients: (
        "DeliveryDelay",
        "deliveryDelay",
        {
            "delayType": "MailboxFull",
            "delayedRecipients": [
                {"emailAddress": address, "status": "4.2.2"} for address in recipients
            ],
        },
    ),
}


def posted(event: Mapping[str, Any]) -> WebhookRequest:
    """The event as SNS posts it, signed."""
    envelope = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": json.dumps(event),
        "Timestamp": "2026-11-20T09:15:04.901Z",
        "SignatureVersion": "2",
    }
    signed = {
        **envelope,
        "Signature": SIGNER.sign(envelope),
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    }
    headers = {
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": envelope["MessageId"],
        "x-amz-sns-topic-arn": TOPIC,
        "content-type": "text/plain; charset=UTF-8",
    }
    return WebhookRequest("POST", headers, json.dumps(signed).encode())


def test_receiving_needs_no_credentials_of_aws(monkeypatch):
    """Verifying and reading events takes a certificate, which anybody may fetch."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "no-such-file")
    monkeypatch.setenv("AWS_CONFIG_FILE", "no-such-file")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("MAILCORE_SES_TOPIC_ARNS", TOPIC)
    suite, address = TestSes(), f"{token('to')}@example.net"
    notice = Notice(event_type=EventType.DELIVERED, recipient=address, message_id="0107")

    (event,) = receive(
        get_provider("ses"), posted(ses_event([notice])), registry=suite._webhook_registry
    )

    assert (EventType.DELIVERED, address) == (event.event_type, event.recipient)
