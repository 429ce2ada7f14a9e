"""
A local SES, for development and tests: bounce handling tried out without an AWS account.

It speaks sesv2 and SNS over HTTP to an unmodified boto3 client, checks every request against
botocore's service model and SES's documented limits with SES's own error codes, keeps what it
accepts, knows the mailbox simulator, and publishes the events of a configuration set as signed SNS
messages. It listens on loopback, sends no mail and talks to nobody but the endpoints that are
subscribed.

In a shell::

    mailcore local --webhook http://127.0.0.1:8000/webhooks/ses

In a test::

    with LocalSes(signature_version="2", region_name="eu-west-1") as ses:
        client = boto3.client("sesv2", region_name="eu-west-1", endpoint_url=ses.url)
        ses.subscribe("http://127.0.0.1:8000/webhooks/ses", timeout_seconds=5)
        client.send_email(..., ConfigurationSetName="local")
        ses.wait_for_deliveries(2, timeout_seconds=5)

What is there
    * SendEmail (simple, raw, template, inline template) and SendBulkEmail; GetAccount and its
      switches; identities (verified as soon as they are created); the suppression list;
      templates; configuration sets with event destinations; GetSendStatistics of version 1 of the
      API. Any other operation answers
      501 `NotImplementedByLocalSes`. Contact lists and tenants are not modelled:
      `ListManagementOptions` and `TenantName` are accepted and recorded.
    * SNS topics, subscriptions over HTTP(S), raw message delivery, Publish.
    * The configuration set `local` publishes every event to the topic `ses-events`. As with SES, a
      message without a configuration set publishes nothing.
    * Recipients `success@`, `bounce@`, `ooto@`, `complaint@` and `suppressionlist@` of
      simulator.amazonses.com, with `+label`; addresses on the suppression list; the EICAR file as
      an attachment (Reject); every other recipient gets a Delivery.
    * Any credentials will do, unless a key pair is given: then signatures are checked.

Inspection over HTTP, JSON unless said otherwise
    * `GET /`: a page for people. Whatever is asked for, a `Host` that is not this server's and an
      `Origin` that is another's are refused with 403: web sites cannot read or write here.
    * `GET /_local/messages`: `{"messages": [{"message_id", "operation", "accepted_at",
      "from_email", "destination", "to", "cc", "bcc", "subject", "headers": [{"name", "value"}],
      "configuration_set_name", "tags": {name: [value]}, "header_message_id", "header_date",
      "rendering_error", "size_bytes", "parameters"}]}`; blobs in `parameters` are base64.
    * `GET /_local/messages/{id}`: one of them. `GET /_local/messages/{id}/raw`: the `.eml`; 404 if
      its template could not be rendered, since then nothing is sent.
    * `DELETE /_local/messages`: forget messages and finished notifications.
    * `GET /_local/notifications`: `{"notifications": [{"message_id", "type", "topic_arn",
      "subscription_arn", "endpoint", "message", "event_type", "ses_message_id", "body", "attempts",
      "state"}]}`.
    * `POST /_local/subscriptions`: `{"endpoint": url, "raw_message_delivery": false}`.
    * `POST /_local/events`: `{"message_id", "type", "recipients": [...], "event": {...}}` publishes
      an event by hand, such as `Open`, `Click`, `DeliveryDelay`, `Subscription`; `recipients` and
      `event` are optional.
    * `POST /_local/faults`: `{"script": ["throttle", "ok", "reset", "hang:5"],
      "notifications": ["duplicate"], "rules": [{"fault": "error500", "rate": 0.1}], "seed": 7}`,
      every key optional, or one bare rule. `GET` shows what is to come, `DELETE` forgets it.

Faults of requests
    `throttle` (429), `sending_rate` and `quota` (400), `error500`, `error503`, `error:<Code>`,
    `garbage` (accepted, but the answer is no JSON), `half_answer` (accepted, but the answer breaks
    off), `malformed_answer` (accepted, but the answer is no HTTP), `entries:<Status>,…` (of a bulk
    send),
    `hang[:seconds]` (held back before it is accepted; without seconds until the server stops),
    `hang_after_accept[:seconds]`, `reset` (RST before it is accepted) and `reset_after_accept`
    (accepted, then RST: the client cannot know).

Faults of notifications, for all events of one message
    `duplicate`, `out_of_order` (last event first), `tamper` (the signature does not fit), `drop`.
"""

from __future__ import annotations

from mailcore_local.engine import Fault, FaultRule
from mailcore_local.ses.confirming import ConfirmationFailed
from mailcore_local.ses.errors import ServiceError
from mailcore_local.ses.faults import Faults
from mailcore_local.ses.local_ses import LocalSes
from mailcore_local.ses.records import MessageRecord, NotificationRecord


__all__ = [
    "ConfirmationFailed",
    "Fault",
    "FaultRule",
    "Faults",
    "LocalSes",
    "MessageRecord",
    "NotificationRecord",
    "ServiceError",
]
