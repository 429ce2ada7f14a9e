"""The SparkPost provider passes the conformance suite."""

from __future__ import annotations

import base64
import json

from collections.abc import Iterable, Sequence

from mailcore import EventType, HttpRequest, HttpResponse, Message, WebhookRequest
from mailcore.http import basic_authorization
from mailcore.mime import write_message
from mailcore.testing import Notice
from mailcore.testing.suite import ProviderSuite
from mailcore_sparkpost import SparkPostProvider


KEY = "14ac5499cfdd2bb2859e4476d2e5b1d2bad079bf"
USER, PASSWORD = "hook", "invented-webhook-password"
ID = "11668787484950529"

# content/docs/tech-resources/extended-error-codes.md in https://github.com/SparkPost/support-docs
# (read 2026-11-30).
REFUSALS = [
    *((400, code) for code in (1200, 1305, 1401, 1502, 1901, 1902, 1910, 2001, 7000, 7001)),
    *((422, code) for code in (1300, 1301, 1400, 1603, 2002, 2004, 2005, 2106)),
    *((422, code) for code in (3000, 3001, 3002, 3010, 3020, 3040, 3050)),
    (401, 1303),
    (401, 1304),
    (403, 1100),
    (403, 1601),
    (404, 1600),
    (409, 1602),
    (420, 2101),
    (420, 2102),
    (420, 2103),
    (420, 2105),
    (500, 1500),
    (503, 1900),
]


class TestSparkPost(ProviderSuite):
    """``sparkpost``."""

    secrets = (KEY,)
    webhook_body_is_signed = False
    event_types = (
        EventType.QUEUED,
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.COMPLAINED,
        EventType.OPENED,
        EventType.CLICKED,
        EventType.UNSUBSCRIBED,
    )

    def make_provider(self) -> SparkPostProvider:
        return SparkPostProvider(
            api_key=KEY,
            subaccount=12,
            ip_pool="pool",
            transactional=True,
            initial_open=True,
            webhook_secrets=[f"{USER}:{PASSWORD}"],
        )

    def make_receiver(self) -> SparkPostProvider:
        return SparkPostProvider(webhook_secrets=[f"{USER}:{PASSWORD}"])

    def accepting_response(self, request: HttpRequest) -> HttpResponse:
        return accepted(len(json.loads(request.body)["recipients"]))

    def refusing_responses(self, request: HttpRequest) -> Iterable[HttpResponse]:
        for status_code, code in REFUSALS:
            for spelled in (code, str(code)):
                yield refused(status_code, {"message": "No", "code": spelled})
        yield refused(401, {"message": "Unauthorized."})
        yield refused(403, {"message": "Forbidden."})
        yield refused(420, {"message": "Exceed Sending Limit"})
        yield refused(429, {"message": "Too many requests"})
        yield refused(400, {"message": "At least one valid recipient is required", "code": "5002"})
        suppressed = "recipient address suppressed due to customer policy"
        rejected = {"message": "Message generation rejected", "description": suppressed}
        yield refused(400, {**rejected, "code": "1902"})
        yield refused(200, {"message": "something", "code": "1300"})
        mails = len(json.loads(request.body)["recipients"])
        yield accepted(0, mails)

    def refused_in_part(self) -> Iterable[Message]:
        to = ["ada@example.net", "bob@example.net"]
        plain = Message(from_email="shop@example.com", to=to, text="Hello")
        yield plain.replace(headers={"X-MSYS-API": "{}"})
        yield plain.replace(merge_headers={to[0]: {"X-MSYS-API": "{}", "From": to[1]}})
        template = plain.replace(text=None, template_id="t")
        yield template.replace(headers={"X-A": "a"}, unsubscribe="https://example.com/u")
        yield template.replace(attachments=[("a.txt", b"a", "text/plain")])
        yield template.replace(merge_headers={to[0]: {"X-A": "a"}})
        braces = plain.replace(text="{{ not filled in }}")
        yield braces.replace(attachments=[("ä.txt", b"a", "text/plain")])
        yield braces.replace(attachments=[(None, b"a", "text/plain")])
        yield braces.replace(alternatives=[("BEGIN:VCALENDAR", "text/calendar")])

    def is_filled_in(self, request: HttpRequest) -> bool:
        options = json.loads(request.body).get("options", {})
        return options.get("perform_substitutions") is not False

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        return [posted([event(notice, at) for at, notice in enumerate(notices)])]

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        """As text, and in base64."""
        return [posted([relayed(mail, is_base64=each)]) for each in (False, True)]

    def unknown_webhook(self) -> WebhookRequest:
        named = {"type": "teleport", "event_id": "1", "timestamp": "1454442600"}
        return posted([{"msys": {"message_event": {**named, "rcpt_to": "ada@example.net"}}}])


def accepted(count: int, rejected: int = 0) -> HttpResponse:
    """An answer that has made a transmission."""
    results = {
        "total_rejected_recipients": rejected,
        "total_accepted_recipients": count,
        "id": ID,
    }
    return answered(200, {"results": results})


def refused(status_code: int, *errors: dict[str, object]) -> HttpResponse:
    """An answer with errors."""
    return answered(status_code, {"errors": list(errors)})


def answered(status_code: int, document: object) -> HttpResponse:
    """An answer as SparkPost gives it."""
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
        "x-messagesystems-batch-id": "1-2-3",
    }
    return WebhookRequest("POST", headers, json.dumps(document).encode())


# https://developers.sparkpost.com/api/relay-webhooks/ (read 2026-11-30).
def relayed(mail: Message, *, is_base64: bool) -> dict[str, object]:
    """The item of a mail that arrived."""
    raw = write_message(mail)
    text = base64.b64encode(raw).decode() if is_base64 else raw.decode("ascii")
    return {
        "msys": {
            "relay_message": {
                "content": {
                    "email_rfc822": text,
                    "email_rfc822_is_base64": is_base64,
                    "headers": [{"Subject": mail.subject}],
                    "html": mail.html,
                    "text": mail.text,
                    "subject": mail.subject,
                    "to": [address.addr_spec for address in mail.to],
                },
                "customer_id": "1337",
                "friendly_from": mail.from_email.addr_spec,
                "msg_from": mail.from_email.addr_spec,
                "rcpt_to": mail.to[0].addr_spec,
                "webhook_id": "4839201967643219",
            }
        }
    }


_EVENTS = {
    EventType.QUEUED: ("message_event", {"type": "injection"}),
    EventType.DELIVERED: ("message_event", {"type": "delivery"}),
    EventType.BOUNCED: (
        "message_event",
        {
            "type": "bounce",
            "bounce_class": "10",
            "error_code": "550",
            "raw_reason": "550 5.1.1 No such user here",
            "reason": "550 5.1.1 No such user here",
        },
    ),
    EventType.COMPLAINED: (
        "message_event",
        {"type": "spam_complaint", "fbtype": "abuse", "report_by": "server.example.net"},
    ),
    EventType.OPENED: (
        "track_event",
        {"type": "open", "user_agent": "Mozilla/5.0", "ip_address": "192.0.2.7"},
    ),
    EventType.CLICKED: (
        "track_event",
        {
            "type": "click",
            "user_agent": "Mozilla/5.0",
            "ip_address": "192.0.2.7",
            "target_link_url": "https://example.com/",
            "target_link_name": "Raw URL",
        },
    ),
    EventType.UNSUBSCRIBED: (
        "unsubscribe_event",
        {"type": "list_unsubscribe", "mailfrom": "recipient@example.com"},
    ),
}


def event(notice: Notice, position: int) -> dict[str, object]:
    """The item of something that happened."""
    name, own = _EVENTS[notice.event_type]
    common = {
        "event_id": f"9235692769381385{position}",
        "timestamp": "1454442600",
        "transmission_id": notice.message_id,
        "message_id": "000443ee14578172be22",
        "rcpt_to": notice.recipient.lower(),
        "raw_rcpt_to": notice.recipient,
        "rcpt_meta": dict(notice.metadata),
        "rcpt_tags": [],
        "campaign_id": notice.tags[0] if notice.tags else "",
        "customer_id": "1",
        "friendly_from": "shop@example.com",
        "subject": "Hi",
        "sending_ip": "127.0.0.1",
    }
    return {"msys": {name: {**common, **own}}}
