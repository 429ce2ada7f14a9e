"""Who only sends does not load what receives, nor AWS's library; and the other way round."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow

SEND = """
from mailcore import Mailer, Message

mailer = Mailer("ses", region_name="eu-west-1", endpoint_url={url!r}, session_token="t",
                access_key_id="local", secret_access_key="local")
mailer.send(Message(from_email="a@x.org", to=["b@x.org"], subject="Hello", text="Hello"))
mailer.close()
"""
RECEIVE = """
import json
from mailcore import MailcoreError, WebhookRequest, get_provider, receive

event = {{"eventType": "Delivery", "mail": {{"messageId": "1", "timestamp": "2026-11-30T00:00:00Z",
         "destination": ["b@x.org"]}}, "delivery": {{"recipients": ["b@x.org"]}}}}
headers = {{"authorization": "Basic dXNlcjpwYXNzd29yZA==", "x-amz-sns-rawdelivery": "true",
           "x-amz-sns-topic-arn": "arn:aws:sns:eu-west-1:123456789012:events"}}
provider = get_provider("ses", webhook_secrets=["user:password"])
events = receive(provider, WebhookRequest("POST", headers, json.dumps(event).encode()))
assert len(events) == 1
"""
LIBRARIES = {"requests", "boto3", "botocore", "asyncio", "aiohttp", "cryptography", "dkim"}
NOT_FOR_SENDING = LIBRARIES | {
    *("mailcore.webhook.request", "mailcore.webhook.receiving", "mailcore.bounces"),
    *("mailcore.inbound", "mailcore_ses.webhooks", "mailcore_ses.events", "mailcore_ses.inbound"),
    *("mailcore_ses.sns.trust", "mailcore_ses.sns.envelope", "mailcore_ses.account"),
    *("mailcore.http.async_exchange", "mailcore.mime.reading", "mailcore.testing", "mailcore.cli"),
}
NOT_FOR_RECEIVING = LIBRARIES | {
    *("urllib3", "http.client", "ssl", "mailcore.mailer", "mailcore.http.transport"),
    *("mailcore.http.direct", "mailcore_ses.aws.transport", "mailcore_ses.aws.sigv4"),
    *("mailcore.sending.delivery", "mailcore.sending.many"),
}


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [(SEND, NOT_FOR_SENDING), (RECEIVE, NOT_FOR_RECEIVING)],
    ids=["a send", "an event"],
)
def test_only_what_is_needed(code, unwanted):
    """A fresh process, after the first of each."""
    with LocalSes(region_name="eu-west-1") as ses:
        finished = subprocess.run(
            [sys.executable, "-c", code.format(url=ses.url) + "\nimport sys; print(*sys.modules)"],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    assert "" == finished.stderr
    assert set() == unwanted & set(finished.stdout.split())
