"""The Postmark provider passes the conformance suite."""

from __future__ import annotations

import base64
import json

from collections.abc import Iterable, Sequence

from mailcore import (
    Address,
    Attachment,
    EventType,
    HttpRequest,
    HttpResponse,
    Message,
    WebhookRequest,
)
from mailcore.http import basic_authorization
from mailcore.mime import write_message
from mailcore.testing import Notice
from mailcore.testing.canaries import Canary, token
from mailcore.testing.suite import ProviderSuite
from mailcore_postmark import PostmarkProvider


TOKEN = "5ec4e7b1-7a08-4b1f-a5d3-0d2c1f6e9a77"
USER, PASSWORD = "hook", "invented-webhook-password"

# https://postmarkapp.com/developer/api/overview#error-codes (as of 2026-11-21).
REFUSALS = [
    (401, 10),
    (422, 11),
    (503, 100),
    (422, 300),
    *((422, code) for code in (400, 401, 402, 403, 405, 406, 409, 410, 411, 412, 413, 422)),
    (429, 429),
    *((422, code) for code in (1101, 1109, 1120, 1121, 1122, 1123, 1235, 1236, 1480, 9999)),
    (500, 709),
    (200, 300),
    (200, 406),
]


class TestPostmark(ProviderSuite):
    """``postmark``."""

    secrets = (TOKEN,)
    webhook_body_is_signed = False
    event_types = (
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.COMPLAINED,
        EventType.OPENED,
        EventType.CLICKED,
    )

    def make_provider(self) -> PostmarkProvider:
        return PostmarkProvider(
            server_token=TOKEN,
            message_stream="outbound",
            inline_css=True,
            webhook_secrets=[f"{USER}:{PASSWORD}"],
        )

    def make_receiver(self) -> PostmarkProvider:
        return PostmarkProvider(webhook_secrets=[f"{USER}:{PASSWORD}"])

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        document = json.loads(request.body)
        is_batch = "/email/batch" in request.url
        if request.url.endswith("/batchWithTemplates"):
            document = document["Messages"]
        messages = document if is_batch else [document]
        results = [
            {
                "To": message.get("To", ""),
                "SubmittedAt": "2026-11-21T07:25:01.4178645-05:00",
                "MessageID": f"0a129aee-e1cd-480d-b08d-{position:012}",
                "ErrorCode": 0,
                "Message": "OK",
            }
            for position, message in enumerate(messages)
        ]
        return answered(200, results if is_batch else results[0])

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        named = ", ".join(request.recipients)
        for status_code, code in REFUSALS:
            words = f"Found inactive addresses: {named}. Inactive recipients are ones that ..."
            yield answered(status_code, {"ErrorCode": code, "Message": words})
        for field in ("To", "From"):
            words = f"Invalid '{field}' address: '{named}'."
            yield answered(422, {"ErrorCode": 300, "Message": words})

    def partly_refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        _, *others = json.loads(self.accepting_response(request).body)
        for code in (300, 406):
            yield answered(200, [{"ErrorCode": code, "Message": "refused"}, *others])

    def canary(self, name: str, count: int = 1) -> Canary:
        if name == "merge_data":
            # Postmark fills values into its own templates only.
            made = super().canary(name, count)
            template = {"template_id": token("template"), "subject": None}
            fields = {**made.fields, **template, "text": None, "html": None}
            return Canary(fields=fields, tokens=made.tokens)
        return super().canary(name, count)

    def refused_in_part(self) -> Iterable[Message]:
        to = ["ada@example.net", "bob@example.net"]
        plain = Message(from_email="shop@example.com", to=to, text="Hello")
        yield plain.replace(headers={"X-PM-Tag": "a", "Date": "Mon, 30 Nov 2026 08:00:00 +0000"})
        yield plain.replace(merge_headers={to[0]: {"X-PM-Message-Stream": "a", "To": to[1]}})
        yield plain.replace(
            attachments=[Attachment("a.png", b"a", "image/png", disposition="inline")]
        )
        yield plain.replace(metadata={"a": None, "b": "c"})
        yield plain.replace(merge_metadata={to[0]: {"a": None}, to[1]: {"a": "b"}})

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        return [posted(record(notice)) for notice in notices]

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        """Taken apart, and with the raw mail beside that, as the server's setting says."""
        parts = received(mail)
        return [posted(parts), posted({**parts, "RawEmail": raw(mail)})]

    def unknown_webhook(self) -> WebhookRequest:
        return posted({"RecordType": "Teleport", "MessageID": "m1", "Recipient": "ada@example.net"})


def answered(status_code: int, document: object) -> HttpResponse:
    """An answer as Postmark gives it."""
    return HttpResponse(
        status_code=status_code,
        headers={"content-type": "application/json"},
        body=json.dumps(document).encode(),
    )


def posted(document: object) -> WebhookRequest:
    """A webhook request with the credentials."""
    headers = {
        "authorization": basic_authorization(USER, PASSWORD),
        "content-type": "application/json",
    }
    return WebhookRequest("POST", headers, json.dumps(document).encode())


def raw(mail: Message) -> str:
    """A mail as text: 7-bit clean, as most that arrive."""
    return write_message(mail).decode("ascii")


# https://postmarkapp.com/developer/webhooks/inbound-webhook (read 2026-11-21).
def received(mail: Message) -> dict[str, object]:
    """The webhook for a mail that arrived."""

    def full(address: Address) -> dict[str, str]:
        return {"Email": address.addr_spec, "Name": address.display_name, "MailboxHash": ""}

    headers = {
        "Received": "by p-pm-smtp-inbound01a-aws-useast2a.inbound.postmarkapp.com",
        "X-Spam-Status": "No",
        "X-Spam-Score": "-0.1",
        "MIME-Version": "1.0",
        "Message-ID": "<7@example.com>",
        **dict(mail.headers.items_as_given()),
    }
    return {
        "FromName": mail.from_email.display_name,
        "MessageStream": "inbound",
        "From": mail.from_email.addr_spec,
        "FromFull": full(mail.from_email),
        "To": ", ".join(address.format() for address in mail.to),
        "ToFull": [full(address) for address in mail.to],
        "Cc": ", ".join(address.format() for address in mail.cc),
        "CcFull": [full(address) for address in mail.cc],
        "Bcc": "",
        "BccFull": [],
        "OriginalRecipient": mail.to[0].addr_spec,
        "Subject": mail.subject,
        "MessageID": "73e6d360-66eb-11e1-8e72-a8904824019b",
        "ReplyTo": "",
        "MailboxHash": "",
        "Date": "Sat, 21 Nov 2026 07:25:01 +0000",
        "TextBody": mail.text,
        "HtmlBody": mail.html,
        "StrippedTextReply": "",
        "Tag": "",
        "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
        "Attachments": [
            {
                "Name": part.filename,
                "Content": base64.b64encode(part.content).decode(),
                "ContentType": part.content_type,
                "ContentLength": len(part.content),
                "ContentID": part.content_id or "",
            }
            for part in mail.attachments
        ],
    }


def record(notice: Notice) -> dict[str, object]:
    """The webhook for something that happened: one record each."""
    common = {
        "MessageID": notice.message_id,
        "MessageStream": "outbound",
        "ServerID": 23,
        "Tag": notice.tags[0] if notice.tags else "",
        "Metadata": dict(notice.metadata),
    }
    return {**common, **_RECORDS[notice.event_type](notice.recipient)}


_RECORDS = {
    EventType.DELIVERED: lambda recipient: {
        "RecordType": "Delivery",
        "Recipient": recipient,
        "DeliveredAt": "2026-11-21T12:41:01Z",
        "Details": "Test delivery webhook details",
    },
    EventType.BOUNCED: lambda recipient: {
        "RecordType": "Bounce",
        "ID": 4323372036854775807,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Description": "The server was unable to deliver your message",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "Email": recipient,
        "From": "shop@example.com",
        "BouncedAt": "2026-11-21T12:41:01Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Hi",
    },
    EventType.COMPLAINED: lambda recipient: {
        "RecordType": "SpamComplaint",
        "ID": 4323372036854775808,
        "Type": "SpamComplaint",
        "TypeCode": 100001,
        "Name": "Spam complaint",
        "Description": "The subscriber explicitly marked this message as spam.",
        "Details": "Test spam complaint details",
        "Email": recipient,
        "From": "shop@example.com",
        "BouncedAt": "2026-11-21T12:41:01Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": False,
        "Subject": "Hi",
    },
    EventType.OPENED: lambda recipient: {
        "RecordType": "Open",
        "FirstOpen": True,
        "Recipient": recipient,
        "ReceivedAt": "2026-11-21T12:41:01Z",
        "Platform": "WebMail",
        "UserAgent": "Mozilla/5.0",
        "Client": {"Name": "Chrome", "Company": "Google", "Family": "Chrome"},
        "OS": {"Name": "OS X", "Company": "Apple", "Family": "OS X"},
        "Geo": {"IP": "192.0.2.7"},
    },
    EventType.CLICKED: lambda recipient: {
        "RecordType": "Click",
        "ClickLocation": "HTML",
        "Recipient": recipient,
        "OriginalLink": "https://example.com/",
        "ReceivedAt": "2026-11-21T12:41:01Z",
        "Platform": "Desktop",
        "UserAgent": "Mozilla/5.0",
        "Client": {"Name": "Chrome", "Company": "Google", "Family": "Chrome"},
        "OS": {"Name": "OS X", "Company": "Apple", "Family": "OS X"},
        "Geo": {"IP": "192.0.2.7"},
    },
}
