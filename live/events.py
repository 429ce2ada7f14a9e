"""
Where the event of a message comes from, without an address on the internet where that can be.

========  ==========================================================================================
ses       an SQS queue that the configuration set publishes to, by mailcore's own consumer
postmark  the Bounce API: what it returns of a bounce is what the webhook posts, but for
          ``RecordType`` (https://postmarkapp.com/developer/api/bounce-api,
          https://postmarkapp.com/developer/webhooks/bounce-webhook, read 2026-11-30)
mailgun   the Logs API, by `mailcore_mailgun.events.read_event`
          (https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/logs, read
          2026-11-30)
brevo     the report of events, whose names are not those of the webhook
          (https://developers.brevo.com/reference/getemaileventreport, as of 2026-11-30)
sparkpost the Events API: what it returns of an event is what the webhook posts in ``msys``, but for
          the envelope (https://developers.sparkpost.com/api/events, as of 2026-11-30)
any       the webhook itself, on a port of this machine that a tunnel leads to
========  ==========================================================================================
"""

from __future__ import annotations

import json
import queue
import threading
import time

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import requests

from live.accounts import Account
from mailcore import Event, EventType, Provider, SendResult, TrackingEvent, WebhookRequest
from mailcore.features import Feature


# Addresses that the services keep for tests.
# https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html,
# https://mandrill.zendesk.com/hc/en-us/articles/360038804654,
# https://postmarkapp.com/support/article/1239-how-to-test-bounces (read 2026-11-30). A soft bounce:
# after a hard one Postmark takes no further message to the address.
TEST_RECIPIENTS = {
    "ses": "success@simulator.amazonses.com",
    "mandrill": "soft_bounce@test.mandrillapp.com",
    "postmark": "softbounce@bounce-testing.postmarkapp.com",
}

_WebhookProvider = Provider[Any, Any]


class NoEvent(Exception):
    """Nothing came in time; the text says what was waited for."""


class CannotAsk(Exception):
    """The account has no source of events; the text says what to write into the file."""


def wait_for_event(account: Account, provider: _WebhookProvider, result: SendResult) -> Event:
    """
    Wait for an event about a message.

    Args:
        account: Whose message it is.
        provider: That sent it.
        result: What the send returned.

    Raises:
        CannotAsk: If the account has no source of events.
        NoEvent: If none came in time.
    """
    support = provider.features[Feature.EVENT_WEBHOOKS]
    if support.kind == "no":
        raise CannotAsk(f"{provider.name} has no events: {support.note}")
    if account.webhook_port:
        return _from_webhook(account, provider, result)
    source = _SOURCES.get(account.provider)
    if source is None:
        raise CannotAsk(f"[{account.provider}.events] needs webhook_port, and a tunnel to it")
    return source(account, provider, result)


def _from_queue(account: Account, _provider: _WebhookProvider, result: SendResult) -> Event:
    from mailcore_ses.intake.consumer import ConsumerOptions, SqsConsumer
    from mailcore_ses.intake.sqs_queue import open_queue

    if not account.queue_url:
        raise CannotAsk(
            "[ses.events] needs queue_url: `mailcore ses setup-events --queue-name ses-live "
            "--configuration-set ses-live --apply` makes a queue of its own"
        )
    found: list[Event] = []

    def keep(event: Event) -> None:
        if not _is_about(event, result):
            # Raising leaves it in the queue, for whom it is meant.
            raise LookupError("an event of another message")
        if event.event_type is not EventType.SENT:
            found.append(event)
            consumer.stop()

    messages = open_queue(account.queue_url, region_name=_text(account, "region_name"))
    wait_seconds = max(1, min(20, int(account.poll_seconds)))
    options = ConsumerOptions(workers=1, wait_seconds=wait_seconds)
    consumer = SqsConsumer(messages, keep, options)
    timer = threading.Timer(account.timeout_seconds, consumer.stop)
    timer.start()
    try:
        consumer.run()
    finally:
        timer.cancel()
        messages.close()
    return _first(found, account, "the queue")


def _from_bounces(account: Account, provider: _WebhookProvider, result: SendResult) -> Event:
    token = str(account.options.get("server_token", ""))
    if token == "POSTMARK_API_TEST":  # noqa: S105  # public: it has messages checked and not sent
        raise CannotAsk("POSTMARK_API_TEST sends nothing, so there are no events")
    base_url = _text(account, "base_url") or "https://api.postmarkapp.com"

    def ask() -> Iterable[Event]:
        answer = requests.get(
            f"{base_url}/bounces",
            params={"messageID": result.message_id or "", "count": "1", "offset": "0"},
            headers={"Accept": "application/json", "X-Postmark-Server-Token": token},
            timeout=30,
        )
        answer.raise_for_status()
        for bounce in answer.json()["Bounces"]:
            posted = json.dumps({**bounce, "RecordType": "Bounce"})
            yield from provider.parse_webhook(WebhookRequest("POST", {}, posted))

    return _poll(account, result, ask, "the Bounce API")


def _from_logs(account: Account, provider: _WebhookProvider, result: SendResult) -> Event:
    from mailcore_mailgun.events import read_event

    host = "api.eu.mailgun.net" if account.options.get("region") == "eu" else "api.mailgun.net"
    base_url = _text(account, "base_url") or f"https://{host}"
    domain = _text(account, "sender_domain") or account.from_email.rpartition("@")[2].rstrip("> ")
    key = account.logs_api_key or str(account.options.get("api_key", ""))
    wanted = [{"label": domain, "value": domain}]
    question = {
        "filter": {"AND": [{"attribute": "domain", "comparator": "=", "values": wanted}]},
        "pagination": {"sort": "timestamp:desc", "limit": 100},
    }

    def ask() -> Iterable[Event]:
        answer = requests.post(
            f"{base_url}/v1/analytics/logs", json=question, auth=("api", key), timeout=30
        )
        if answer.status_code in (401, 403):
            raise CannotAsk("[mailgun.events] needs logs_api_key: api_key may not read the logs")
        answer.raise_for_status()
        for item in answer.json()["items"]:
            yield read_event(provider.name, item)

    return _poll(account, result, ask, "the Logs API")


# The report's names, and the webhook's.
_REPORTED = {
    "requests": "request",
    "hardBounces": "hard_bounce",
    "softBounces": "soft_bounce",
    "clicks": "click",
    "invalid": "invalid_email",
    "loadedByProxy": "proxy_open",
}


def _from_report(account: Account, provider: _WebhookProvider, result: SendResult) -> Event:
    base_url = _text(account, "base_url") or "https://api.brevo.com"

    def ask() -> Iterable[Event]:
        answer = requests.get(
            f"{base_url}/v3/smtp/statistics/events",
            params={"messageId": result.message_id or "", "days": "1", "limit": "100"},
            headers={"Accept": "application/json", "api-key": _text(account, "api_key")},
            timeout=30,
        )
        answer.raise_for_status()
        # Without any, the array is missing.
        for item in answer.json().get("events", []):
            posted = {
                "event": _REPORTED.get(item["event"], item["event"]),
                "email": item["email"],
                "message-id": item["messageId"],
                "ts_event": int(datetime.fromisoformat(item["date"][:19] + "+00:00").timestamp()),
                **{name: item[name] for name in ("reason", "link", "tag") if item.get(name)},
            }
            yield from provider.parse_webhook(WebhookRequest("POST", {}, json.dumps(posted)))

    return _poll(account, result, ask, "the report of events")


def _from_message_events(account: Account, provider: _WebhookProvider, result: SendResult) -> Event:
    region = "api.eu" if account.options.get("region") == "eu" else "api"
    base_url = _text(account, "base_url") or f"https://{region}.sparkpost.com"

    def ask() -> Iterable[Event]:
        answer = requests.get(
            f"{base_url.removesuffix('/api/v1')}/api/v1/events/message",
            params={"recipients": ",".join(result.recipients), "per_page": "100"},
            headers={"Accept": "application/json", "Authorization": _text(account, "api_key")},
            timeout=30,
        )
        if answer.status_code == 403:
            raise CannotAsk("api_key may not read events: give it that permission, or webhook_port")
        answer.raise_for_status()
        # The part of the envelope only names the kind; the event has its type of its own.
        posted = [{"msys": {"message_event": each}} for each in answer.json()["results"]]
        yield from provider.parse_webhook(WebhookRequest("POST", {}, json.dumps(posted)))

    return _poll(account, result, ask, "the Events API")


_SOURCES: dict[str, Callable[[Account, _WebhookProvider, SendResult], Event]] = {
    "ses": _from_queue,
    "postmark": _from_bounces,
    "mailgun": _from_logs,
    "brevo": _from_report,
    "sparkpost": _from_message_events,
}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing about requests."""


def _from_webhook(account: Account, provider: _WebhookProvider, result: SendResult) -> Event:
    from mailcore.webhook.wsgi import WsgiWebhook

    arrived: queue.Queue[Event] = queue.Queue()
    webhook = WsgiWebhook(provider, arrived.put)
    deadline = time.monotonic() + account.timeout_seconds
    with make_server("127.0.0.1", account.webhook_port, webhook, handler_class=_Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            while True:
                event = arrived.get(timeout=max(0.0, deadline - time.monotonic()))
                if _is_about(event, result):
                    return event
        except queue.Empty:
            raise NoEvent(_nothing_came(account, "the webhook")) from None
        finally:
            server.shutdown()


def _poll(
    account: Account, result: SendResult, ask: Callable[[], Iterable[Event]], where: str
) -> Event:
    deadline = time.monotonic() + account.timeout_seconds
    while True:
        for event in ask():
            if _is_about(event, result):
                return event
        if time.monotonic() >= deadline:
            raise NoEvent(_nothing_came(account, where))
        # Nobody tells when there is something new; the services limit how often one may ask.
        time.sleep(account.poll_seconds)


def _first(found: list[Event], account: Account, where: str) -> Event:
    if not found:
        raise NoEvent(_nothing_came(account, where))
    return found[0]


def _is_about(event: Event, result: SendResult) -> bool:
    return isinstance(event, TrackingEvent) and event.message_id in result.message_ids


def _nothing_came(account: Account, where: str) -> str:
    return (
        f"nothing about the message came from {where} in {account.timeout_seconds:g} seconds; "
        "see docs/how-to/troubleshooting.md"
    )


def _text(account: Account, option: str) -> str:
    value = account.options.get(option, "")
    return value.rstrip("/") if isinstance(value, str) else ""
