"""An SNS post with a bounce → events, as users are called: `receive()`, WSGI and ASGI."""

from __future__ import annotations

import asyncio
import base64
import functools
import io
import json

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from benchmarks import peers
from benchmarks.measure import Row, best_of
from mailcore import Event, WebhookRequest, get_provider, receive
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.provider import AnyProvider
from mailcore.webhook import AsgiWebhook, WsgiWebhook, json_reading
from mailcore_local.ses.signing import Signer, string_to_sign


TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
HOST = "shop.example.com"
PATH = "/amazon_ses/tracking/"
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
    """Mailcore against what nothing can do without, and against anymail's view."""
    from django.core.handlers.wsgi import WSGIRequest

    signer = Signer()
    headers, body = signed_post(signer)
    ses = get_provider("ses", topic_arns=[TOPIC])
    certificates = _Certificates(signer.certificate_pem)
    key: Any = load_pem_x509_certificate(signer.certificate_pem).public_key()
    envelope = json.loads(body)
    signature = base64.b64decode(envelope["Signature"])
    signed = string_to_sign(envelope)
    ses.create_transport = lambda: certificates  # type: ignore[method-assign]  # no network here
    application: Any = WsgiWebhook(ses, _ignore)
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": PATH,
        "QUERY_STRING": "",
        "CONTENT_TYPE": headers["content-type"],
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": HOST,
        "SERVER_PORT": "443",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": HOST,
        "HTTP_AUTHORIZATION": f"Basic {base64.b64encode(peers.WEBHOOK_SECRET.encode()).decode()}",
        "wsgi.url_scheme": "https",
        **{f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()},
    }

    def received() -> object:
        return receive(ses, WebhookRequest("POST", headers, body), _ignore)

    def served() -> object:
        return application({**environ, "wsgi.input": io.BytesIO(body)}, _start)

    def parsed() -> object:
        return ses.parse_webhook(WebhookRequest("POST", headers, body))

    def floor(loads: Callable[[str | bytes], Any]) -> object:
        message = loads(loads(body)["Message"])
        key.verify(signature, signed, PKCS1v15(), SHA256())
        return message

    def rows(what: str, loads: Callable[[str | bytes], Any]) -> Iterator[Row]:
        least = f"RSA + {loads.__module__}.loads twice"
        bare = functools.partial(floor, loads)
        for name, ours, limit in (("receive()", received, 1.6), ("WSGI", served, 2.0)):
            seconds = best_of({"mailcore": ours, least: bare}, number=500, rounds=9)
            yield Row(f"{name}: bounce, verified, {what}", seconds, {least: ("<=", limit)})
        seconds = _asgi(ses, headers, body, bare, least)
        yield Row(f"ASGI: bounce, verified, {what}", seconds, {least: ("<=", 2.0)})

    yield from rows("orjson", orjson.loads)
    with without_fast_json():
        yield from rows("json", json.loads)

    anymail = peers.anymail_view(PATH)

    def theirs() -> object:
        return anymail(WSGIRequest({**environ, "wsgi.input": io.BytesIO(body)}))

    contenders = {"mailcore": received, "django-anymail": theirs}
    seconds = best_of(contenders, number=300, rounds=9)
    yield Row("receive(): bounce; anymail does not verify", seconds, {})
    view = anymail.view_class()

    def theirs_parsed() -> object:
        return view.parse_events(WSGIRequest({**environ, "wsgi.input": io.BytesIO(body)}))

    contenders = {"mailcore": parsed, "django-anymail": theirs_parsed}
    seconds = best_of(contenders, number=300, rounds=9)
    yield Row("parsed: bounce, by neither verified", seconds, {})


def _asgi(
    ses: AnyProvider, headers: dict[str, str], body: bytes, floor: Callable[[], object], least: str
) -> dict[str, float]:
    """A hundred requests at a time: starting a loop's work costs more than a request."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": [
            (b"host", HOST.encode()),
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), text.encode()) for name, text in headers.items()),
        ],
        "client": ("192.0.2.1", 4711),
    }
    application = AsgiWebhook(ses, _handle)

    async def get() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: object) -> None:
        """The server's part."""

    async def hundred() -> None:
        for _ in range(100):
            await application(scope, get, send)

    loop = asyncio.new_event_loop()
    contenders: dict[str, Callable[[], object]] = {
        "mailcore": lambda: loop.run_until_complete(hundred()),
        least: lambda: [floor() for _ in range(100)],
    }
    seconds = best_of(contenders, number=5, rounds=9)
    loop.close()
    return {name: each / 100 for name, each in seconds.items()}


def _ignore(event: Event) -> None:
    """The handler, which anymail has a receiver of its signal for."""


async def _handle(event: Event) -> None:
    """The handler in an event loop."""


def _start(status: str, _: object) -> None:
    if not status.startswith("200"):
        raise RuntimeError(f"it was answered with {status}")


@contextmanager
def without_fast_json() -> Iterator[None]:
    """Read JSON as if the extra were not installed."""
    installed = json_reading.fast_loads
    json_reading.fast_loads = lambda: None  # type: ignore[assignment]  # as without it
    try:
        yield
    finally:
        json_reading.fast_loads = installed
