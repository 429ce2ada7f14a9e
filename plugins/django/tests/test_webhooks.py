"""The addresses of webhooks: who is let in, what is answered, and what the receivers are told."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import os
import time

from base64 import b64encode
from io import BytesIO

import django
import pytest

from django.core import mail
from django.core.handlers.wsgi import WSGIRequest
from django.dispatch import receiver
from django.test import AsyncClient, Client
from django.urls import reverse

from mailcore import (
    ConfigurationError,
    EventType,
    MalformedWebhook,
    TrackingEvent,
    WebhookError,
    WebhookResponse,
)
from mailcore_django.signals import inbound, tracking
from mailcore_django.webhooks.configured import get_webhook
from mailcore_django.webhooks.views import webhook


POSTMARK = {"HTTP_AUTHORIZATION": f"Basic {b64encode(b'postmark:secret').decode()}"}
SIGNING_KEY = "key-invented"
WEBHOOKS = {
    "postmark": {"webhook_secrets": ["postmark:secret"]},
    "mailgun": {"webhook_signing_keys": [SIGNING_KEY]},
    "second": {"provider": "postmark", "webhook_secrets": ["postmark:second"]},
    "small": {"provider": "postmark", "webhook_secrets": ["postmark:secret"], "max_body_bytes": 99},
}
BOUNCE = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "TypeCode": 1,
    "ID": 42,
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "Email": "ada@example.net",
    "BouncedAt": "2026-11-30T10:00:00Z",
    "Description": "The server was unable to deliver your message.",
}
MAIL = {
    "From": "ada@example.net",
    "OriginalRecipient": "shop@inbound.example",
    "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
    "Subject": "A question",
    "TextBody": "x" * 3_000_000,
    "Headers": [],
}


class Webhooks:
    """Posts to the addresses, and keeps what the receivers were told."""

    def __init__(self, prefix="/mail"):
        self.prefix = prefix
        self.events = []
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)

    def __call__(self, document, provider="postmark", **extra):
        content = document if isinstance(document, bytes) else json.dumps(document)
        headers = {"content_type": "application/json", **POSTMARK, **extra}
        return self.client.post(f"{self.prefix}/{provider}/", content, **headers)


@pytest.fixture(params=["/mail", "/amail"])
def post(request, mailcore_settings, database):
    """Both views, called as a WSGI server does it."""
    mailcore_settings(WEBHOOKS=WEBHOOKS)
    webhooks = Webhooks(request.param)

    def keep(*, event, **named):
        webhooks.events.append(event)
        webhooks.named = named

    tracking.connect(keep)
    inbound.connect(keep)
    yield webhooks
    tracking.disconnect(keep)
    inbound.disconnect(keep)


@pytest.fixture
def connected():
    """Receivers of tracking events, gone after the test."""
    receivers = []

    def connect(function):
        tracking.connect(function)
        receivers.append(function)
        return function

    yield connect
    for each in receivers:
        tracking.disconnect(each)


def mailgun_signature(signing_key=SIGNING_KEY):
    """Fields that prove a request."""
    timestamp, token = str(int(time.time())), os.urandom(25).hex()
    signed = hmac.new(signing_key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256)
    return {"timestamp": timestamp, "token": token, "signature": signed.hexdigest()}


def mailgun_event(signing_key=SIGNING_KEY):
    """A signed event."""
    return {
        "signature": mailgun_signature(signing_key),
        "event-data": {
            "event": "delivered",
            "id": os.urandom(11).hex(),
            "timestamp": time.time(),
            "recipient": "ada@example.net",
            "message": {"headers": {"message-id": "2026@example.com"}},
        },
    }


def test_an_event_reaches_the_receivers(post):
    """Without a CSRF token; with the provider, and the name that people know it by."""
    answer = post(BOUNCE)

    assert (200, b"") == (answer.status_code, answer.content)
    (event,) = post.events
    assert (EventType.BOUNCED, "ada@example.net") == (event.event_type, event.recipient)
    assert ("postmark", "Postmark") == (post.named["provider"], post.named["esp_name"])
    assert "PostmarkProvider" == post.named["sender"].__name__
    assert tracking is post.named["signal"]


def test_a_signed_event(post):
    """A signature over what Mailgun signs; one under another key is refused."""
    assert 200 == post(mailgun_event(), "mailgun").status_code
    assert 403 == post(mailgun_event("another key"), "mailgun").status_code
    assert [EventType.DELIVERED] == [event.event_type for event in post.events]


def test_mail_beyond_the_memory_that_django_allows(post):
    """3 MB, where `request.body` refuses 2.5: a mail goes to `inbound`."""
    assert 200 == post(MAIL).status_code
    (event,) = post.events
    assert EventType.INBOUND == event.event_type
    assert inbound is post.named["signal"]


def test_multipart_is_left_alone(post):
    """A form of 3 MB with a mail in it: Django's own parser does not touch it."""
    content = b"From: ada@example.net\r\nSubject: Hi\r\n\r\n" + b"x" * 3_000_000
    fields = {
        **mailgun_signature(),
        "recipient": "shop@inbound.example",
        "sender": "ada@example.net",
        "body-mime": content.decode(),
    }
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )

    answer = post(body + b"--x--\r\n", "mailgun", content_type="multipart/form-data; boundary=x")

    assert 200 == answer.status_code
    assert [content] == [event.content for event in post.events]


@pytest.mark.parametrize(
    ("body", "extra", "status"),
    [
        pytest.param(b"junk", {}, 400, id="junk"),
        pytest.param(b"", {}, 400, id="empty"),
        pytest.param(b"[" * 100_000, {}, 400, id="nested"),
        pytest.param(b"\xff\xfe{}", {}, 400, id="not UTF-8"),
        pytest.param(b"{}", {"HTTP_AUTHORIZATION": ""}, 401, id="no secret"),
        pytest.param(b"{}", {"HTTP_AUTHORIZATION": "Basic \xe9"}, 401, id="broken secret"),
        pytest.param(b" " * 2_000_000, {"HTTP_AUTHORIZATION": ""}, 401, id="large, no secret"),
    ],
)
def test_hostile_requests(post, caplog, body, extra, status):
    """A status and nothing else; one line in the log, without a traceback."""
    answer = post(body, **extra)

    assert (status, b"") == (answer.status_code, answer.content)
    assert "text/plain; charset=utf-8" == answer["Content-Type"]
    (record,) = [each for each in caplog.records if each.name == "mailcore.webhook"]
    assert (logging.WARNING, None) == (record.levelno, record.exc_info)
    assert [] == [each for each in caplog.records if each.name.startswith("django.request")]


def test_an_answer_of_a_provider_of_ones_own(post, monkeypatch):
    """Its status, its headers and its body reach the sender."""
    from mailcore_postmark import PostmarkProvider

    class Moved(WebhookError):
        response = WebhookResponse(410, {"X-Moved-To": "/mail/new/"}, b"moved")

    def refuse(self, request):
        raise Moved("another address by now")

    monkeypatch.setattr(PostmarkProvider, "verify_webhook", refuse)
    answer = post(BOUNCE)

    assert (410, b"moved") == (answer.status_code, answer.content)
    assert "/mail/new/" == answer["X-Moved-To"]


def test_a_body_that_is_too_large(post):
    """413 by the limit of the setting, whatever the provider's own is."""
    assert 413 == post(BOUNCE, "small").status_code
    assert 400 == post(b" " * 99, "small").status_code
    assert [] == post.events


@pytest.mark.parametrize(("method", "status"), [("get", 405), ("head", 405), ("put", 405)])
def test_other_methods(post, method, status):
    """As the core answers them: nothing is read."""
    answer = getattr(post.client, method)("/mail/postmark/")

    assert (status, "POST") == (answer.status_code, answer["Allow"])


def test_probes(post, monkeypatch):
    """Where a service tries an address, it is answered."""
    from mailcore_postmark import PostmarkProvider

    monkeypatch.setattr(PostmarkProvider, "webhook_probe_methods", frozenset({"HEAD", "GET"}))

    assert 200 == post.client.head("/mail/postmark/").status_code
    assert 405 == post.client.put("/mail/postmark/").status_code


def test_what_is_not_configured(post):
    """404, with a slash and without."""
    assert 404 == post(BOUNCE, "sendgrid").status_code
    assert 404 == post.client.post("/mail/sendgrid", b"", "text/plain").status_code


def test_addresses(post):
    """One for each key of the setting, reversible; without its slash it is no redirect."""
    assert "/mail/postmark/" == reverse("mailcore_django:webhook", args=["postmark"])
    second = f"Basic {b64encode(b'postmark:second').decode()}"
    assert 401 == post(BOUNCE, "second").status_code
    assert 200 == post(BOUNCE, "second", HTTP_AUTHORIZATION=second).status_code
    without = post.client.post(
        f"{post.prefix}/postmark", json.dumps(BOUNCE), "text/json", **POSTMARK
    )
    assert 200 == without.status_code


def test_a_receiver_that_fails(post, connected, caplog, django_settings, outbox):
    """500, the others had their turn; the log says why once, and no mail goes to the admins."""
    locmem = "django.core.mail.backends.locmem.EmailBackend"
    by_version = (
        {"EMAIL_BACKEND": locmem}
        if django.VERSION < (6, 1)
        else {"MAILERS": {"default": {"BACKEND": locmem}}}
    )
    admin = ("Ada", "ada@example.com") if django.VERSION < (6, 0) else "ada@example.com"
    django_settings(ADMINS=[admin], **by_version)

    @connected
    def fail(**named):
        raise RuntimeError("the ticket system is down")

    @connected
    def later(event, **named):
        later.event = event

    answer = post(BOUNCE)

    assert 500 == answer.status_code
    assert later.event == post.events[0]
    assert [True] == [bool(each.exc_info) for each in caplog.records if ".fail " in each.message]
    # An event about a mail to the admins would fail as well, and make the next mail.
    assert [] == mail.outbox


def test_an_event_comes_again_after_a_failure(post, connected):
    """Only the receiver that failed gets it again; and nobody a third time."""
    calls = []

    @connected
    def fail_once(**named):
        calls.append("fail_once")
        if len(calls) == 1:
            raise RuntimeError

    assert [500, 200, 200] == [post(BOUNCE).status_code for _ in range(3)]
    assert ["fail_once"] * 2 == calls
    assert 1 == len(post.events)


def test_without_the_app_every_receiver_gets_it_again(post, settings_without_seen):
    """De-duplication needs a table; without it an event that comes twice is handled twice."""
    assert [200, 200] == [post(BOUNCE).status_code for _ in range(2)]
    assert 2 == len(post.events)


@pytest.fixture
def settings_without_seen(django_settings):
    """INSTALLED_APPS without `mailcore_django.seen`."""
    from django.conf import settings

    apps = [app for app in settings.INSTALLED_APPS if app != "mailcore_django.seen"]
    django_settings(INSTALLED_APPS=apps)


def test_coroutine_functions_receive(post, connected, caplog):
    """Beside plain functions, and what they raise is a 500 too."""
    told = []

    @connected
    async def keep(event, **named):
        await asyncio.sleep(0)
        told.append(event)

    assert 200 == post(BOUNCE).status_code

    @connected
    async def fail(**named):
        await asyncio.sleep(0)
        raise RuntimeError

    assert 500 == post({**BOUNCE, "ID": 43}).status_code
    assert 2 == len(told) == len(post.events)
    assert [True] == [".fail " in each.message for each in caplog.records if each.exc_info]


def test_objects_receive(post, connected, caplog):
    """What is called is known by its class."""

    class Failing:
        def __call__(self, **named):
            raise RuntimeError

    failing = Failing()
    connected(failing)
    assert 500 == post(BOUNCE).status_code
    assert [True] == [".Failing " in each.message for each in caplog.records if each.exc_info]


def test_two_receivers_of_one_name(post, connected):
    """Functions made in a loop are told apart by their order."""
    told = []

    def make(number):
        def receive(**named):
            told.append(number)

        return receive

    for number in range(3):
        connected(make(number))
    assert [200, 200] == [post(BOUNCE).status_code for _ in range(2)]
    assert [0, 1, 2] == told


def test_receivers_of_a_sender(post):
    """`sender` of a receiver is the provider's class."""
    from mailcore_mailgun import MailgunProvider
    from mailcore_postmark import PostmarkProvider

    told = []

    def of_mailgun(**named):
        told.append("mailgun")

    def of_postmark(**named):
        told.append("postmark")

    tracking.connect(of_mailgun, sender=MailgunProvider)
    tracking.connect(of_postmark, sender=PostmarkProvider)
    try:
        post(BOUNCE)
    finally:
        tracking.disconnect(of_mailgun, sender=MailgunProvider)
        tracking.disconnect(of_postmark, sender=PostmarkProvider)
    assert ["postmark"] == told


@pytest.mark.parametrize("prefix", ["/mail", "/amail"])
def test_an_asgi_request(mailcore_settings, transactional_database, connected, prefix):
    """Both views, called as an ASGI server does it; a chunked body has no length."""
    mailcore_settings(WEBHOOKS=WEBHOOKS)
    told = []

    @connected
    def keep(event, **named):
        told.append(event)

    @connected
    async def akeep(event, **named):
        told.append(event)

    async def post(content):
        return await AsyncClient(enforce_csrf_checks=True).post(
            f"{prefix}/postmark/",
            content,
            content_type="application/json",
            headers={"authorization": POSTMARK["HTTP_AUTHORIZATION"]},
        )

    assert 200 == asyncio.run(post(json.dumps(BOUNCE))).status_code
    assert 400 == asyncio.run(post("junk")).status_code
    assert 2 == len(told)


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        pytest.param({"HTTP_TRANSFER_ENCODING": "chunked"}, 411, id="no end"),
        pytest.param(
            {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}, 200, id="chunked"
        ),
        pytest.param({"CONTENT_LENGTH": "9999"}, 400, id="hung up"),
        pytest.param({"CONTENT_LENGTH": "9" * 5000}, 400, id="absurd length"),
        pytest.param({"CONTENT_LENGTH": "-1"}, 400, id="negative length"),
    ],
)
def test_lengths(mailcore_settings, database, caplog, environ, status):
    """What WSGI servers let through, and what senders do to them."""
    mailcore_settings(WEBHOOKS=WEBHOOKS)
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/mail/postmark/",
            "SERVER_NAME": "shop.example",
            "SERVER_PORT": "443",
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(json.dumps(BOUNCE).encode()),
            **POSTMARK,
            **environ,
        }
    )

    assert status == webhook(request, "postmark").status_code


class Broken:
    """What a server gives a program to read from, when nothing comes any more."""

    def __init__(self, error):
        self.error = error

    def read(self, *size):
        raise self.error

    readline = read


LATE, GONE = TimeoutError("timed out"), ConnectionResetError(104, "reset")
UWSGI = OSError("timeout during read(57344) on wsgi.input")


@pytest.mark.parametrize(
    ("error", "failure_status", "status"),
    [
        (LATE, 500, 500),
        (LATE, 429, 429),
        (GONE, 429, 429),
        (UWSGI, 500, 500),
        (UWSGI, 429, 429),
        (ValueError("no chunk"), 429, 400),
    ],
    ids=["late", "late 429", "gone", "uwsgi", "uwsgi 429", "no chunk"],
)
@pytest.mark.parametrize(
    "length",
    [
        {"CONTENT_LENGTH": "10"},
        {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
    ],
)
def test_bodies_that_break_off(
    mailcore_settings, database, caplog, monkeypatch, error, failure_status, status, length
):
    """What the network does to it may not happen the next time: the service is to try again."""
    mailcore_settings(WEBHOOKS=WEBHOOKS)
    provider = get_webhook("postmark").provider
    monkeypatch.setattr(type(provider), "webhook_failure_status", failure_status)
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/mail/postmark/",
            "SERVER_NAME": "shop.example",
            "SERVER_PORT": "443",
            "wsgi.url_scheme": "https",
            "wsgi.input": Broken(error),
            **POSTMARK,
            **length,
        }
    )

    assert status == webhook(request, "postmark").status_code
    assert f"postmark webhook: {status} to an unknown peer: the body cannot be read" in caplog.text


class OneByOne(BytesIO):
    """A body whose octets come one at a time."""

    def read(self, size):
        return super().read(min(size, 1))


@pytest.mark.parametrize(
    ("length", "body", "expected"),
    [
        (None, 9, 9),
        (None, 10, 10),
        # One more than is allowed, so that it is seen to be too large.
        (None, 99, 11),
        (10, 10, 10),
        (99, 99, 11),
        (10, 9, "shorter than its length"),
        (99, 10, "shorter than its length"),
    ],
)
def test_how_much_of_a_body_is_read(length, body, expected):
    """What is allowed, and what was announced."""
    from mailcore_django.webhooks.reading import read_body

    request = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "wsgi.input": OneByOne(b"x" * body),
            **(
                {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
                if length is None
                else {"CONTENT_LENGTH": str(length)}
            ),
        }
    )
    if isinstance(expected, int):
        assert expected == len(read_body(request, 10))
        return
    with pytest.raises(MalformedWebhook, match=expected):
        read_body(request, 10)


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (LATE, WebhookError, 503),
        (GONE, WebhookError, 503),
        (UWSGI, WebhookError, 503),
        (ValueError("no chunk"), MalformedWebhook, 400),
    ],
    ids=["late", "gone", "uwsgi", "no chunk"],
)
def test_a_body_that_breaks_off(error, kind, status):
    """Whatever the server raises: the reason says what it was, and the status whether it passes."""
    from mailcore_django.webhooks.reading import read_body

    request = WSGIRequest(
        {"REQUEST_METHOD": "POST", "wsgi.input": Broken(error), "CONTENT_LENGTH": "10"}
    )
    with pytest.raises(WebhookError, match=r"the body cannot be read \(.*Error\)") as raised:
        read_body(request, 10)
    assert (kind, status) == (type(raised.value), raised.value.status_code)


@pytest.mark.parametrize(
    ("settings", "extra", "expected"),
    [
        pytest.param({}, {}, "http://testserver/mail/seen/?a=b%20c", id="plain"),
        pytest.param(
            {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
            {"HTTP_X_FORWARDED_PROTO": "https"},
            "https://testserver/mail/seen/?a=b%20c",
            id="TLS ends at a proxy",
        ),
        pytest.param(
            {"USE_X_FORWARDED_HOST": True},
            {"HTTP_X_FORWARDED_HOST": "shop.example"},
            "http://shop.example/mail/seen/?a=b%20c",
            id="a proxy with another host",
        ),
        pytest.param(
            {},
            {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "evil.example"},
            "http://testserver/mail/seen/?a=b%20c",
            id="a stranger who says so",
        ),
    ],
)
def test_the_url_behind_a_proxy(rf_request, django_settings, settings, extra, expected):
    """The one that was asked for, as far as the settings believe the proxy."""
    from mailcore_django.webhooks.reading import webhook_request

    django_settings(**settings)
    request = rf_request("/mail/seen/?a=b%20c", HTTP_HOST="testserver", **extra)
    made = webhook_request(request)
    assert (expected, b"", "127.0.0.1") == (made.url, made.body, made.remote_address)


@pytest.fixture
def rf_request():
    """Requests without a client."""
    from django.test import RequestFactory

    return RequestFactory().post


def test_another_host(rf_request, mailcore_settings, django_settings, caplog):
    """One that is not in ALLOWED_HOSTS: 400, and the log does not say what a stranger wrote."""
    mailcore_settings(WEBHOOKS=WEBHOOKS)
    django_settings(ALLOWED_HOSTS=["shop.example"])
    request = rf_request("/", b"{}", "text/plain", HTTP_HOST="evil.example")

    assert 400 == webhook(request, "postmark").status_code
    assert ["postmark webhook: 400 to 127.0.0.1: DisallowedHost"] == caplog.messages


def test_a_middleware_that_has_read_the_body(rf_request, mailcore_settings, database):
    """`request.body` can be read again; a multipart `request.POST` cannot, and the log says so."""
    mailcore_settings(WEBHOOKS=WEBHOOKS)
    read = rf_request("/", json.dumps(BOUNCE), "application/json", **POSTMARK)
    assert read.body
    assert 200 == webhook(read, "postmark").status_code

    form = rf_request("/", {"a": "b"}, **POSTMARK)
    assert form.POST
    assert 400 == webhook(form, "postmark").status_code


@pytest.mark.parametrize(
    ("webhooks", "told"),
    [
        ({"provider": 1}, r"\['acme'\]\['provider'\] must be the name of one, not int"),
        ({"provider": "memory"}, r"\['acme'\]: memory has no webhooks"),
        ({"provider": "postmrk"}, "postmark"),
        ({"provider": "postmark", "webhok_secrets": []}, "webhook_secrets"),
        ({"provider": "postmark", "max_body_bytes": 0}, r"\['max_body_bytes'\] must be a whole"),
        ({"provider": "postmark", "max_body_bytes": "9"}, r"\['max_body_bytes'\] must be a whole"),
        ({"provider": "postmark", "max_body_bytes": True}, r"\['max_body_bytes'\] must be a whole"),
        (
            {"provider": "postmark", "webhook_secrets": {"env": "NOT_SET"}},
            r"\['acme'\].*NOT_SET is not set",
        ),
    ],
)
def test_misconfigured(mailcore_settings, webhooks, told):
    """One sentence that names the key."""
    from mailcore_django.webhooks.configured import get_webhook

    mailcore_settings(WEBHOOKS={"acme": webhooks})
    with pytest.raises(ConfigurationError, match=told):
        get_webhook("acme")


@pytest.mark.parametrize("limit", [1, 2, 10**9])
def test_what_a_webhook_is_made_of(mailcore_settings, limit):
    """The name of the address, whose provider may have another; any whole number from 1 on."""
    mailcore_settings(WEBHOOKS={"acme": {**WEBHOOKS["second"], "max_body_bytes": limit}})
    found = get_webhook("acme")

    assert ("acme", "postmark") == (found.name, found.provider.name)
    assert limit == found.max_body_bytes


def test_the_setting_is_read_anew(mailcore_settings, database):
    """A test that changes it gets other webhooks."""
    from mailcore_django.webhooks.configured import get_webhook

    mailcore_settings(WEBHOOKS=WEBHOOKS)
    first = get_webhook("postmark")
    assert first is get_webhook("postmark")
    assert first.provider.max_webhook_body_bytes == first.max_body_bytes
    mailcore_settings(WEBHOOKS={})
    assert get_webhook("postmark") is None


def test_login_and_atomic_requests(post, django_settings):
    """Neither LoginRequiredMiddleware nor ATOMIC_REQUESTS stands in the way of a service."""
    from django.conf import settings
    from django.db import connection

    django_settings(
        MIDDLEWARE=[
            *settings.MIDDLEWARE,
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
        ]
    )
    before = connection.settings_dict["ATOMIC_REQUESTS"]
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        assert 200 == post(BOUNCE).status_code
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = before


def test_events_are_tracking_events(post):
    """What a receiver gets is the core's own event, with all that it says."""
    post(BOUNCE)

    (event,) = post.events
    assert isinstance(event, TrackingEvent)
    assert event.may_write_again is False


def test_receivers_by_the_decorator(post):
    """The usual way to connect one."""
    told = []

    @receiver(tracking)
    def decorated(sender, event, esp_name, **kwargs):
        told.append((event.message_id, esp_name))

    try:
        post(BOUNCE)
    finally:
        tracking.disconnect(decorated)
    assert [(BOUNCE["MessageID"], "Postmark")] == told
