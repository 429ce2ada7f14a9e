"""An SNS post with a bounce → events, verified and not."""

from __future__ import annotations

import base64
import json

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from benchmarks import peers
from benchmarks.measure import Row, best_of
from mailcore import WebhookRequest, get_provider
from mailcore.flow import HttpRequest, HttpResponse, run
from mailcore.webhook import json_reading
from mailcore_local.ses.signing import Signer, string_to_sign


TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
EVENT = Path(__file__).with_name("bounce.json")


class _Certificates:
    """A transport that has the certificate."""

    def __init__(self, pem: bytes) -> None:
        self._pem = pem

    def exchange(self, request: HttpRequest) -> HttpResponse:
        """Answer with the certificate, whatever is asked."""
        return HttpResponse(status_code=200, body=self._pem)

    def close(self) -> None:
        """Nothing is open."""


def signed_post(signer: Signer) -> tuple[dict[str, str], bytes]:
    """Headers and body as SNS posts them."""
    envelope = {
        "Type": "Notification",
        "MessageId": "6ac24e75-f03f-4c31-ba2b-929e8730f976",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": json.dumps(json.loads(EVENT.read_text("utf-8"))) + "\n",
        "Timestamp": "2026-11-20T09:15:06.001Z",
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/" + signer.certificate_name,
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    }
    envelope["Signature"] = signer.sign(envelope)
    headers = {
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": envelope["MessageId"],
        "x-amz-sns-topic-arn": TOPIC,
        "content-type": "text/plain; charset=UTF-8",
    }
    return headers, json.dumps(envelope).encode()


def notifications() -> Iterator[Row]:
    """Mailcore against what nothing can do without, and against anymail's webhook core."""
    signer = Signer()
    headers, body = signed_post(signer)
    ses = get_provider("ses", topic_arns=[TOPIC])
    certificates = _Certificates(signer.certificate_pem)
    key: Any = load_pem_x509_certificate(signer.certificate_pem).public_key()
    envelope = json.loads(body)
    signature = base64.b64decode(envelope["Signature"])
    signed = string_to_sign(envelope)

    def ours() -> object:
        request = WebhookRequest("POST", headers, body)
        run(ses.verify_webhook(request), certificates)
        return ses.parse_webhook(request)

    def ours_unverified() -> object:
        return ses.parse_webhook(WebhookRequest("POST", headers, body))

    def floor() -> object:
        message = json.loads(json.loads(body)["Message"])
        key.verify(signature, signed, PKCS1v15(), SHA256())
        return message

    contenders = {"mailcore": ours, "RSA + json.loads twice": floor}
    wanted = {"RSA + json.loads twice": ("<=", 1.25)}
    yield Row("receive: bounce, verified", best_of(contenders, number=500, rounds=9), wanted)

    with without_fast_json():
        yield Row("… without mailcore-esp[fast]", best_of(contenders, number=500, rounds=9), {})

    anymail = peers.anymail_webhook(_view(), body, headers.pop("content-type"), headers)
    contenders = {"mailcore": ours_unverified, "django-anymail": anymail}
    wanted = {"django-anymail": (">=", 3.0)}
    yield Row("receive: bounce, not verified", best_of(contenders, number=300, rounds=9), wanted)


@contextmanager
def without_fast_json() -> Iterator[None]:
    """Read JSON as if the extra were not installed."""
    installed = json_reading.fast_loads
    json_reading.fast_loads = lambda: None  # type: ignore[assignment]  # as without it
    try:
        yield
    finally:
        json_reading.fast_loads = installed


def _view() -> Any:
    from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView

    return AmazonSESTrackingWebhookView()
