"""What services post → events: as users are called, and taken apart alone; both prove alike."""

from __future__ import annotations

import functools
import hashlib
import hmac
import io
import json
import time

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks import peers
from benchmarks.measure import Row, best_of
from mailcore import Event, WebhookRequest, get_provider, receive
from mailcore.webhook import WsgiWebhook


FIXTURES = Path(__file__).parent.parent / "plugins"
WANTED = {"django-anymail": (">=", 3.0)}
HOST = "shop.example.com"
BASIC = {"webhook_secrets": [peers.WEBHOOK_SECRET]}
SIGNED = {**BASIC, "webhook_signing_keys": [peers.SIGNING_KEY]}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Post(NamedTuple):
    """
    The notifications of a service, and how they are proven.

    Attributes:
        provider: The name of the provider; anymail has it in its URL, too.
        options: The options of the provider, which say whom to trust.
        delivered: The file with the body of a delivery, from the tests of the plugin.
        bounced: The same of a bounce: only mailcore reads what the server said.
    """

    provider: str
    options: dict[str, Any]
    delivered: str
    bounced: str


POSTS = (
    Post("brevo", BASIC, "delivered.input", "hard_bounce.input"),
    Post("postmark", BASIC, "delivery.input", "bounce.input"),
    Post("mailgun", SIGNED, "delivered.input", "failed_permanent_bounce.input"),
    Post("mailjet", BASIC, "sent.input", "bounce_hard.input"),
    Post("sendgrid", BASIC, "delivered.input", "bounce.input"),
    Post("sparkpost", BASIC, "delivery.input", "bounce.input"),
    Post(
        "mandrill",
        {**SIGNED, "webhook_urls": [peers.MANDRILL_URL]},
        "delivered.webhook",
        "hard_bounce.webhook",
    ),
)


def receiving() -> Iterator[Row]:
    """
    Three rows for each notification, Basic authentication and signatures checked in the first two.

    *served* is from the server's call to the end of the answer; Django has no middleware, and
    anymail's own URLs. *received* is `receive()` against anymail's view, *parsed* what is left
    without proof and handing over; each has a new request of its own kind.
    """
    for post in POSTS:
        for what, name in (("delivered", post.delivered), ("bounced", post.bounced)):
            content = json.loads(
                (FIXTURES / post.provider / "tests/fixtures/events" / f"{name}.json").read_text()
            )
            environ, body = _posted(post.provider, content)
            for how, contenders, wanted in _contests(post, environ, body):
                seconds = best_of(contenders, number=200)
                yield Row(f"{post.provider}: {what}, {how}", seconds, wanted)


def _contests(
    post: Post, environ: dict[str, Any], body: bytes
) -> Iterator[tuple[str, dict[str, Callable[[], object]], dict[str, tuple[str, float]]]]:
    from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

    provider = get_provider(post.provider, **post.options)
    application: Any = WsgiWebhook(provider, _ignore)
    view = peers.anymail_view(environ["PATH_INFO"])
    headers = {
        name.removeprefix("HTTP_").replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith(("HTTP_", "CONTENT_"))
    }
    url = f"https://{HOST}{environ['PATH_INFO']}"

    def ours() -> WebhookRequest:
        return WebhookRequest("POST", headers, body, url)

    def theirs() -> Any:
        return WSGIRequest({**environ, "wsgi.input": io.BytesIO(body)})

    yield (
        "served",
        {
            "mailcore": functools.partial(_serve, application, environ, body),
            "django-anymail": functools.partial(_serve, WSGIHandler(), environ, body),
        },
        WANTED,
    )
    yield (
        "received",
        {
            "mailcore": lambda: receive(provider, ours(), _ignore),
            "django-anymail": lambda: view(theirs()),
        },
        {},
    )
    parse = view.view_class().parse_events
    yield (
        "parsed",
        {
            "mailcore": lambda: provider.parse_webhook(ours()),
            "django-anymail": lambda: parse(theirs()),
        },
        {},
    )


def _ignore(event: Event) -> None:
    """The handler, which anymail has a receiver of its signal for."""


def _serve(application: Any, environ: dict[str, Any], body: bytes) -> None:
    answered: list[str] = []

    def start(status: str, _: object) -> None:
        answered.append(status)

    pieces: Iterable[bytes] = application({**environ, "wsgi.input": io.BytesIO(body)}, start)
    b"".join(pieces)
    if hasattr(pieces, "close"):
        pieces.close()
    if not answered[0].startswith("200"):
        raise RuntimeError(f"{environ['PATH_INFO']} was answered with {answered[0]}")


def _posted(provider: str, content: Any) -> tuple[dict[str, Any], bytes]:
    """The request of a service as servers describe it, and its body."""
    headers, kind = {}, JSON
    if provider == "mailgun":
        signature = content["signature"]
        signature["timestamp"] = str(int(time.time()))
        signed = signature["timestamp"] + signature["token"]
        signature["signature"] = _hmac(signed, hashlib.sha256).hex()
    body = json.dumps(content).encode()
    if provider == "mandrill":
        signature = _hmac(f"{peers.MANDRILL_URL}mandrill_events{body.decode()}", hashlib.sha1)
        headers["HTTP_X_MANDRILL_SIGNATURE"] = b64encode(signature).decode()
        body, kind = urlencode({"mandrill_events": body}).encode(), FORM
    path = f"/{provider}/" if provider == "mandrill" else f"/{provider}/tracking/"
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": HOST,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": HOST,
        "HTTP_USER_AGENT": "Service",
        "HTTP_ACCEPT": "*/*",
        "HTTP_AUTHORIZATION": f"Basic {b64encode(peers.WEBHOOK_SECRET.encode()).decode()}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **headers,
    }, body


def _hmac(text: str, digest: Callable[[], Any]) -> bytes:
    return hmac.new(peers.SIGNING_KEY.encode(), text.encode(), digest).digest()
