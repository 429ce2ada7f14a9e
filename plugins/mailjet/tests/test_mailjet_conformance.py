"""The Mailjet provider passes the conformance suite."""

from __future__ import annotations

import base64
import itertools
import json

from collections.abc import Iterable, Sequence
from typing import Any

from mailcore import EventType, HttpRequest, HttpResponse, Message, WebhookRequest
from mailcore.http import basic_authorization
from mailcore.testing import Notice
from mailcore.testing.canaries import Canary
from mailcore.testing.suite import ProviderSuite
from mailcore_mailjet import MailjetProvider
from mailcore_mailjet.errors import ERRORS


API_KEY, SECRET_KEY = "pub1nvented0000000000000000000000", "pr1vate-1nvented00000000000000000"
USER, PASSWORD = "hook", "invented-webhook-password"


class TestMailjet(ProviderSuite):
    """``mailjet``."""

    secrets = (API_KEY, SECRET_KEY)
    webhook_body_is_signed = False
    event_types = (
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.REJECTED,
        EventType.COMPLAINED,
        EventType.OPENED,
        EventType.CLICKED,
        EventType.UNSUBSCRIBED,
    )

    def make_provider(self) -> MailjetProvider:
        return MailjetProvider(
            api_key=API_KEY,
            secret_key=SECRET_KEY,
            all_errors=True,
            custom_id="order-7",
            priority=2,
            url_tags="utm_source=shop",
            monitoring_category="orders",
            webhook_secrets=[f"{USER}:{PASSWORD}"],
        )

    def make_receiver(self) -> MailjetProvider:
        return MailjetProvider(webhook_secrets=[f"{USER}:{PASSWORD}"])

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        document = json.loads(request.body)
        shared = document.get("Globals", {})
        results = [
            accepted({**shared, **message}, 100 * at)
            for at, message in enumerate(document["Messages"])
        ]
        return answered(200, {"Messages": results})

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        count = len(json.loads(request.body)["Messages"])
        for code in (*ERRORS, "send-9999", ""):
            named = f"Refused for {request.recipients[0]}."
            error = {
                "ErrorIdentifier": "f987008f-251a-4dff-8ffc-40f1583ad7bc",
                "ErrorCode": code,
                "StatusCode": 400,
                "ErrorMessage": named,
                "ErrorRelatedTo": ["HTMLPart", "TemplateID"],
            }
            results = [{"Status": "error", "Errors": [error]}] * count
            yield answered(400, {"Messages": results})
            yield answered(200, {"Messages": results})
            yield answered(401 if code in ("mj-0001", "mj-0015") else 400, error)
            yield answered(400, {"Globals": {"Status": "error", "Errors": [error]}})
        yield answered(400, {"Messages": [{"Status": "error"}] * count})
        yield answered(500, {"ErrorIdentifier": "f987008f-251a", "StatusCode": 500})
        yield answered(429, {})

    def partly_refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        (accepting,) = [json.loads(self.accepting_response(request).body)]
        error = {"ErrorCode": "mj-0006", "StatusCode": 400, "ErrorMessage": "Too long."}
        refused = {"Status": "error", "Errors": [error]}
        for status_code in (400, 200, 403):
            yield answered(status_code, {"Messages": [refused, *accepting["Messages"][1:]]})

    def canary(self, name: str, count: int = 1) -> Canary:
        made = super().canary(name, count)
        if name in ("templates", "template_sender"):
            # A template is known by a number, and writes what the message does not.
            number = "8125549316"
            fields = {**made.fields, "template_id": number, "text": None, "html": None}
            return Canary(fields=fields, tokens=(number,))
        return made

    def is_filled_in(self, request: Any) -> bool:
        document = json.loads(request.body)
        return "TemplateLanguage" in str([document.get("Globals"), document["Messages"]])

    def refused_in_part(self) -> Iterable[Message]:
        to = ["ada@example.net", "bob@example.net"]
        plain = Message(from_email="shop@example.com", to=to, text="Hello")
        yield plain.replace(headers={"X-MJ-CustomID": "a", "X-Mailer": "b"})
        yield plain.replace(merge_headers={to[0]: {"X-Mailjet-Campaign": "a", "To": to[1]}})

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        """Grouped, as the setting says."""
        return [posted([record(notice) for notice in notices])]

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        return [posted(received(mail))]

    def unknown_webhook(self) -> WebhookRequest:
        return posted({"event": "teleport", "MessageID": 7, "email": "ada@example.net", "time": 9})


def accepted(message: dict[str, Any], first: int) -> dict[str, Any]:
    """The result of a message that is accepted: each recipient has an id."""
    ids = itertools.count(1152921504606846976 + first)
    lists = {
        name: [
            {
                "Email": mailbox["Email"],
                "MessageUUID": f"cb927469-36fd-4c02-bce4-{message_id % 1000:012}",
                "MessageID": message_id,
                "MessageHref": f"https://api.mailjet.com/v3/REST/message/{message_id}",
            }
            for mailbox, message_id in zip(message.get(name, []), ids, strict=False)
        ]
        for name in ("To", "Cc", "Bcc")
    }
    return {"Status": "success", "CustomID": message.get("CustomID", ""), **lists}


def answered(status_code: int, document: object) -> HttpResponse:
    """An answer as Mailjet gives it."""
    return HttpResponse(
        status_code=status_code,
        headers={"content-type": "application/json; charset=UTF-8"},
        body=json.dumps(document).encode(),
    )


def posted(document: object) -> WebhookRequest:
    """A webhook request with the credentials."""
    headers = {
        "authorization": basic_authorization(USER, PASSWORD),
        "content-type": "application/json",
    }
    return WebhookRequest("POST", headers, json.dumps(document).encode())


def received(mail: Message) -> dict[str, object]:
    """The webhook for a mail that arrived, taken apart."""
    headers: dict[str, object] = {
        "Received": ["from mx.example.com by parse.mailjet.com"],
        "MIME-Version": ["1.0"],
        "Message-ID": "<7@example.com>",
        "Date": "Mon, 30 Nov 2026 09:25:01 +0100",
        "From": mail.from_email.format() if mail.from_email else "",
        "To": ", ".join(address.format() for address in mail.to),
        "Subject": mail.subject or "",
        **{name: [value] for name, value in mail.headers.items_as_given()},
    }
    if mail.cc:
        headers["Cc"] = ", ".join(address.format() for address in mail.cc)
    document: dict[str, object] = {
        "Sender": mail.from_email.addr_spec if mail.from_email else "",
        "Recipient": mail.to[0].addr_spec,
        "Date": "20261130T082501",
        "From": headers["From"],
        "Subject": mail.subject,
        "Headers": headers,
        "SpamAssassinScore": "0.602",
        "CustomID": "",
        "Payload": "",
    }
    parts: list[dict[str, object]] = [{"Headers": {"Content-Type": "multipart/mixed; boundary=a"}}]
    for name, kind, body in (("Text-part", "plain", mail.text), ("Html-part", "html", mail.html)):
        if body is not None:
            document[name] = body
            described = {"Content-Type": f"text/{kind}; charset=utf-8"}
            parts.append({"Headers": described, "ContentRef": name})
    counts = {"Attachment": 0, "InlineAttachment": 0}
    for part in mail.attachments:
        kind = "InlineAttachment" if part.inline else "Attachment"
        counts[kind] += 1
        name = f"{kind}{counts[kind]}"
        described = {
            "Content-Type": f'{part.content_type}; name="{part.filename}"',
            "Content-Disposition": f'{part.disposition}; filename="{part.filename}"',
            "Content-Transfer-Encoding": "base64",
        }
        if part.content_id:
            described["Content-ID"] = f"<{part.content_id}>"
        parts.append({"Headers": described, "ContentRef": name})
        document[name] = base64.b64encode(part.content).decode()
    return {**document, "Parts": parts}


def record(notice: Notice) -> dict[str, object]:
    """One event."""
    return {
        "time": 1796027101,
        "MessageID": int(notice.message_id) if notice.message_id.isdigit() else notice.message_id,
        "Message_GUID": "cb927469-36fd-4c02-bce4-0d199929a207",
        "email": notice.recipient,
        "mj_campaign_id": 7272,
        "mj_contact_id": 4,
        "customcampaign": notice.tags[0] if notice.tags else "",
        "CustomID": "order-7",
        "Payload": json.dumps(dict(notice.metadata)) if notice.metadata else "",
        **_RECORDS[notice.event_type],
    }


_VISIT = {"ip": "192.0.2.7", "geo": "FR", "agent": "Mozilla/5.0"}
_RECORDS: dict[EventType, dict[str, object]] = {
    EventType.DELIVERED: {
        "event": "sent",
        "smtp_reply": "sent (250 2.0.0 OK 1796027100 fa5si855896wjc.199)",
    },
    EventType.BOUNCED: {
        "event": "bounce",
        "blocked": False,
        "hard_bounce": True,
        "error_related_to": "recipient",
        "error": "user unknown",
        "comment": "550 5.1.1 No such user here",
    },
    EventType.REJECTED: {
        "event": "blocked",
        "error_related_to": "mailjet",
        "error": "preblocked",
    },
    EventType.COMPLAINED: {"event": "spam", "source": "JMRPP"},
    EventType.OPENED: {"event": "open", **_VISIT},
    EventType.CLICKED: {"event": "click", "url": "https://example.com/", **_VISIT},
    EventType.UNSUBSCRIBED: {"event": "unsub", "mj_list_id": 1, **_VISIT},
}
