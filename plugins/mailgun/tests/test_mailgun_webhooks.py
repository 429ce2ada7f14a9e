"""Whom a webhook believes: signatures, ages, tokens, secrets; and receiving from end to end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time

from base64 import b64encode
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

from mailcore import ConfigurationError, EventType, MalformedWebhook, WebhookRejected, receive
from mailcore.events import InboundEvent
from mailcore.flow import arun, run
from mailcore.inbound import parse_inbound
from mailcore.registry import Registry
from mailcore.webhook import MemorySeenStore, Verdict, WebhookRequest
from mailcore_mailgun import MailgunProvider
from mailcore_mailgun.webhooks import DEFAULT_MAX_AGE_SECONDS, WebhookTrust


KEY = "signing-key"
OTHER_KEY = "other-key"
TOKEN = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123"
BELIEVED = Verdict("mailgun-signature")
DELIVERED = json.loads(
    (Path(__file__).parent / "fixtures" / "events" / "delivered.input.json").read_text("utf-8")
)["event-data"]
AUTHORIZED = {"Authorization": f"Basic {b64encode(b'me:secret').decode()}"}
FORM = "application/x-www-form-urlencoded"


def sign(timestamp, token, key=KEY):
    """Sign as Mailgun documents it."""
    return hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()


def signature(*, age_seconds=0.0, token=TOKEN, key=KEY, **changes):
    """The signed part of a webhook that was signed some time ago; None leaves a value out."""
    timestamp = str(int(time.time() - age_seconds))
    signed = {"timestamp": timestamp, "token": token, "signature": sign(timestamp, token, key)}
    return {name: value for name, value in {**signed, **changes}.items() if value is not None}


def webhook(signed=None, data=DELIVERED, headers=None):
    """A webhook of today: JSON."""
    body = {"signature": signature() if signed is None else signed, "event-data": data}
    return WebhookRequest(
        "POST", {"Content-Type": "application/json", **(headers or {})}, json.dumps(body).encode()
    )


def form(signed=None, *fields):
    """A legacy webhook, or the post of a route."""
    signed = signature() if signed is None else signed
    body = urlencode([*fields, *signed.items()]).encode()
    return WebhookRequest("POST", {"Content-Type": FORM}, body)


def upload(signed, *fields):
    """The post of a route, with a file."""
    file = ("attachment-1", ("a.txt", b"content", "text/plain"))
    prepared = requests.Request(
        "POST", "https://example.com/", data=[*fields, *signed.items()], files=[file]
    ).prepare()
    return WebhookRequest("POST", dict(prepared.headers), prepared.body)


MAIL = (
    ("sender", "bob@example.org"),
    ("recipient", "alice@in.example.com"),
    ("from", "bob@example.org"),
    ("subject", "Hi"),
    ("body-plain", "Hello"),
    ("message-headers", '[["From", "bob@example.org"]]'),
)


def trust(*keys, **options):
    """What believes the signing key, and others if they are given."""
    return WebhookTrust(keys or (KEY,), **options)


def verdict(trusting, request):
    """The verdict on a request."""
    return run(trusting.verify(request))


@pytest.mark.parametrize(
    "request_of",
    [webhook, form, lambda signed: form(signed, *MAIL), lambda signed: upload(signed, *MAIL)],
    ids=["JSON", "legacy form", "route", "route with a file"],
)
class TestSignature:
    """In each form of webhook."""

    def test_genuine(self, request_of):
        """What the key signed is believed."""
        assert BELIEVED == verdict(trust(), request_of(signature()))

    def test_rotation(self, request_of):
        """While one key replaces the other, both are believed."""
        both = trust(OTHER_KEY, f" {KEY}\n")

        assert BELIEVED == verdict(both, request_of(signature()))
        assert BELIEVED == verdict(both, request_of(signature(key=OTHER_KEY)))

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"key": OTHER_KEY}, id="another key"),
            pytest.param({"key": ""}, id="an empty key"),
            pytest.param({"signature": "0" * 64}, id="another signature"),
            pytest.param({"signature": ""}, id="an empty signature"),
            pytest.param({"signature": "x" * 10_000}, id="a long signature"),
            pytest.param({"signature": "ü"}, id="no hexadecimal digits"),
            pytest.param({"signature": None}, id="no signature"),
            pytest.param({"timestamp": None}, id="no timestamp"),
            pytest.param({"token": None}, id="no token"),
            pytest.param({"timestamp": "1770920772"}, id="another timestamp"),
            pytest.param({"timestamp": "-1"}, id="a negative timestamp"),
            pytest.param({"timestamp": "٣" * 10}, id="digits of another script"),
            pytest.param({"timestamp": "9" * 400}, id="a huge timestamp"),
            pytest.param({"timestamp": ""}, id="an empty timestamp"),
            pytest.param({"age_seconds": DEFAULT_MAX_AGE_SECONDS + 60}, id="stale"),
            pytest.param({"age_seconds": -600}, id="from the future"),
        ],
    )
    def test_forged(self, request_of, changes):
        """What the key did not sign, or too long ago, is refused."""
        with pytest.raises(WebhookRejected) as caught:
            verdict(trust(), request_of(signature(**changes)))

        assert 403 == caught.value.response.status_code
        assert "mailgun" == caught.value.provider
        assert KEY not in str(caught.value)
        assert TOKEN not in str(caught.value)

    @pytest.mark.parametrize("hours", [0.1, 4, 8, 9])
    def test_what_mailgun_sends_again_is_believed(self, request_of, hours):
        """It tries for 8 hours, with the signature of the first attempt as far as is known."""
        assert BELIEVED == verdict(trust(), request_of(signature(age_seconds=hours * 3600)))

    def test_a_shorter_window(self, request_of):
        """The age that is allowed can be chosen."""
        strict = trust(max_age_seconds=60)

        assert BELIEVED == verdict(strict, request_of(signature(age_seconds=30)))
        with pytest.raises(WebhookRejected):
            verdict(strict, request_of(signature(age_seconds=90)))

    def test_digits_cannot_move_between_timestamp_and_token(self, request_of):
        """The signature is over both as one text: no other cut of it is in time."""
        timestamp = str(int(time.time()))
        token = f"1{TOKEN[1:]}"
        signed = sign(timestamp, token)
        for shown in (timestamp + token[0], timestamp[:-1]):
            rest = f"{timestamp}{token}"[len(shown) :]
            moved = {"timestamp": shown, "token": rest, "signature": signed}
            with pytest.raises(WebhookRejected):
                verdict(trust(), request_of(moved))


def test_a_timestamp_may_be_a_number():
    """The documentation says int, and shows a text."""
    signed = signature()

    assert BELIEVED == verdict(trust(), webhook({**signed, "timestamp": int(signed["timestamp"])}))


@pytest.mark.parametrize("timestamp", [-1, 10**11, True, 1.5])
def test_numbers_that_are_no_timestamp(timestamp):
    """They are no signature, whatever was signed."""
    signed = {"timestamp": timestamp, "token": TOKEN, "signature": sign(timestamp, TOKEN)}

    with pytest.raises(WebhookRejected, match="it has no signature"):
        verdict(trust(), webhook(signed))


@pytest.mark.parametrize("timestamp", [0, 10**11 - 1])
def test_numbers_that_are_a_timestamp_of_another_time(timestamp):
    """They are read, and too old or too new."""
    signed = {"timestamp": timestamp, "token": TOKEN, "signature": sign(timestamp, TOKEN)}

    with pytest.raises(WebhookRejected) as caught:
        verdict(trust(), webhook(signed))

    assert "it has no signature" not in str(caught.value)


@pytest.mark.parametrize(
    ("token", "is_one"),
    [("x", True), ("x" * 128, True), ("x" * 129, False), ("ü", False), ("", False)],
)
@pytest.mark.parametrize("request_of", [webhook, form], ids=["JSON", "form"])
def test_tokens_that_are_signed(request_of, token, is_one):
    """A token is a short ASCII text; nothing else is remembered."""
    signed = signature(token=token)

    if is_one:
        assert BELIEVED == verdict(trust(), request_of(signed))
        return
    with pytest.raises(WebhookRejected, match="it has no signature"):
        verdict(trust(), request_of(signed))


def test_more_json_than_an_event_has_is_not_read():
    """Memory is not spent on what nobody signed: mails come as forms, events are small."""
    request = webhook()
    padding = b" " * (1024 * 1024 - len(request.body))

    assert BELIEVED == verdict(trust(), WebhookRequest("POST", {}, request.body + padding))
    with pytest.raises(MalformedWebhook, match="larger"):
        verdict(trust(), WebhookRequest("POST", {}, request.body + padding + b" "))


def test_events_of_a_subaccount():
    """They are signed with the parent's key as well, and that is enough."""
    signed = signature(key=OTHER_KEY)
    signed["parent-signature"] = sign(signed["timestamp"], signed["token"])

    assert BELIEVED == verdict(trust(), webhook(signed))


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_header_fields_with_the_names_of_the_signature(before):
    """A mail whose sender added such fields is Mailgun's all the same."""
    own = (("token", "mine"), ("timestamp", "1"), ("signature", "0" * 64), ("timestamp", "x"))
    genuine = tuple(signature().items())
    pairs = (*own, *genuine) if before else (*genuine, *own)

    assert BELIEVED == verdict(trust(), form({}, *MAIL, *pairs))


@pytest.mark.parametrize(
    "signed",
    [None, [], "text", 5, {}, {"signature": {}}, {"timestamp": 1.5, "token": [], "signature": {}}],
)
def test_signatures_of_another_type(signed):
    """A signature that is none is refused, not stumbled over."""
    body = json.dumps({"signature": signed, "event-data": DELIVERED}).encode()

    with pytest.raises(WebhookRejected, match="it has no signature"):
        verdict(trust(), WebhookRequest("POST", {}, body))


@pytest.mark.parametrize(
    "request_",
    [
        WebhookRequest("POST", {}, b"hello"),
        WebhookRequest("POST", {"content-type": FORM}, b"hello"),
        WebhookRequest("POST", {"content-type": "multipart/form-data"}, b"hello"),
        WebhookRequest("GET", {}, webhook().body),
    ],
)
def test_nothing_that_mailgun_posts(request_):
    """What cannot be read is malformed."""
    with pytest.raises(MalformedWebhook):
        verdict(trust(), request_)


def test_only_posts_are_looked_at():
    """The error has the name of the provider."""
    with pytest.raises(MalformedWebhook) as caught:
        verdict(trust(), WebhookRequest("GET", {}, webhook().body))

    assert "mailgun" == caught.value.provider


def test_ages_of_a_second():
    """Any age above 0 is one."""
    assert BELIEVED == verdict(trust(max_age_seconds=1), webhook(signature(age_seconds=-1)))


@pytest.mark.parametrize("around", [1, 2])
def test_a_signature_in_the_midst_of_many_is_not_looked_for(around):
    """Of fields with the names of a signature, the first two and the last two are tried."""
    own = (("token", "mine"), ("timestamp", "1"), ("signature", "0" * 64)) * around
    request = form({}, *MAIL, *own, *signature().items(), *own)

    if around == 1:
        assert BELIEVED == verdict(trust(), request)
        return
    with pytest.raises(WebhookRejected, match="the signature is wrong"):
        verdict(trust(), request)


class TestSecrets:
    """HTTP Basic beside the signature, or instead of it."""

    def test_both_are_needed(self):
        """With signing keys and secrets, a request needs a signature and a secret."""
        both = trust(webhook_secrets=["me:secret"])

        assert BELIEVED == verdict(both, webhook(headers=AUTHORIZED))
        with pytest.raises(WebhookRejected) as caught:
            verdict(both, webhook())
        assert 401 == caught.value.response.status_code
        assert "mailgun" == caught.value.provider
        assert "www-authenticate" in caught.value.response.headers
        with pytest.raises(WebhookRejected, match="the signature is wrong"):
            verdict(both, webhook(signature(key=OTHER_KEY), headers=AUTHORIZED))

    def test_a_secret_alone(self):
        """Without signing keys the secret is enough."""
        alone = WebhookTrust((), webhook_secrets=["me:secret"])

        assert Verdict("basic-auth") == verdict(alone, webhook({}, headers=AUTHORIZED))

    def test_neither(self):
        """Without keys and secrets nobody is believed."""
        with pytest.raises(WebhookRejected, match="no webhook_signing_keys"):
            verdict(WebhookTrust(()), webhook())


class TestTokens:
    """A token belongs to the content that it came with first."""

    @pytest.mark.parametrize("asynchronous", [True, False])
    def test_another_content_is_refused(self, asynchronous):
        """Who saw a request cannot send another body with its signature."""
        careful = trust(seen_tokens=MemorySeenStore())
        signed = signature()
        forged = webhook(signed, {**DELIVERED, "recipient": "victim@example.com"})
        drive = (lambda flow: asyncio.run(arun(flow))) if asynchronous else run

        assert BELIEVED == drive(careful.verify(webhook(signed)))
        with pytest.raises(WebhookRejected, match="token"):
            drive(careful.verify(forged))
        assert BELIEVED == verdict(trust(), forged)

    def test_the_same_content_again_is_let_through(self):
        """Mailgun tries again, perhaps writing the body in another way."""
        careful = trust(seen_tokens=MemorySeenStore())
        signed = signature()
        rewritten = json.dumps(
            {"event-data": dict(reversed(DELIVERED.items())), "signature": signed}, indent=1
        )

        assert BELIEVED == verdict(careful, webhook(signed))
        assert BELIEVED == verdict(careful, webhook(signed))
        assert BELIEVED == verdict(careful, WebhookRequest("POST", {}, rewritten.encode()))

    def test_forms(self):
        """The same for forms: another boundary is the same content, another file is not."""
        careful = trust(seen_tokens=MemorySeenStore())
        signed = signature()
        first, again = upload(signed, *MAIL), upload(signed, *MAIL)
        changed = WebhookRequest(
            "POST", first.headers, first.body.replace(b"content\r", b"CONTENT\r")
        )

        assert first.body != again.body
        assert BELIEVED == verdict(careful, first)
        assert BELIEVED == verdict(careful, again)
        with pytest.raises(WebhookRejected, match="token"):
            verdict(careful, changed)
        with pytest.raises(WebhookRejected, match="token"):
            verdict(careful, form(signed, *MAIL))

    @pytest.mark.parametrize("name", ["timestamp", "token", "signature"])
    @pytest.mark.parametrize("is_first", [True, False])
    def test_a_further_field_of_the_signature_is_another_content(self, name, is_first):
        """It is not signed, and an event is read from some of them."""
        careful = trust(seen_tokens=MemorySeenStore())
        signed = signature()
        added = str(int(time.time()) - 60)
        event = ("event", "delivered")
        verdict(careful, form(signed, event))

        again = form(signed, event, (name, added))
        if not is_first:
            body = urlencode([event, *signed.items(), (name, added)]).encode()
            again = WebhookRequest("POST", {"Content-Type": FORM}, body)
        with pytest.raises(WebhookRejected):
            verdict(careful, again)
        assert BELIEVED == verdict(careful, form(signed, event))

    @pytest.mark.parametrize("request_of", [webhook, form], ids=["JSON", "form"])
    def test_the_signature_is_no_part_of_the_content(self, request_of):
        """While one key replaces the other, the same content may come with either."""
        careful = trust(KEY, OTHER_KEY, seen_tokens=MemorySeenStore())
        first = signature()
        again = {**first, "signature": sign(first["timestamp"], TOKEN, OTHER_KEY)}

        assert BELIEVED == verdict(careful, request_of(first))
        assert BELIEVED == verdict(careful, request_of(again))

    def test_a_refused_request_takes_no_token(self):
        """A forgery that comes first does not keep the genuine request out."""
        careful = trust(seen_tokens=MemorySeenStore())
        genuine = signature()
        unsigned = {**genuine, "signature": "0" * 64}

        with pytest.raises(WebhookRejected):
            verdict(careful, webhook(unsigned, {}))
        assert BELIEVED == verdict(careful, webhook(genuine))


@pytest.mark.parametrize(
    ("keys", "options"),
    [
        (KEY, {}),
        (None, {}),
        (7, {}),
        ([""], {}),
        ([" "], {}),
        ([None], {}),
        ([KEY, b"bytes"], {}),
        ([KEY], {"max_age_seconds": 0}),
        ([KEY], {"max_age_seconds": float("nan")}),
        ([KEY], {"webhook_secrets": "me:secret"}),
        ([KEY], {"webhook_secrets": ["nothing"]}),
    ],
)
def test_options_are_checked(keys, options):
    """What would believe the wrong people is refused, without repeating it."""
    with pytest.raises(ConfigurationError) as caught:
        WebhookTrust(keys, **options)

    assert KEY not in str(caught.value)


def test_keys_do_not_show():
    """Neither in the repr."""
    assert "<WebhookTrust with 1 signing keys>" == repr(trust())


class TestReceiving:
    """From the request to the handler."""

    def receive(self, request, handler, **options):
        provider = MailgunProvider(
            api_key="key-secret", webhook_signing_keys=[KEY], seen_tokens=options.get("seen")
        )
        return receive(provider, request, handler, registry=Registry(autoload=False), **options)

    def test_events_and_mails(self):
        """One endpoint takes events, legacy events, and mails with files."""
        handled = []
        legacy = (("event", "opened"), ("recipient", "alice@example.com"))
        for request in (webhook(), form(None, *legacy), upload(signature(), *MAIL)):
            self.receive(request, handled.append)

        delivered, opened, mail = handled
        assert (EventType.DELIVERED, EventType.OPENED) == (delivered.event_type, opened.event_type)
        assert isinstance(mail, InboundEvent)
        (file,) = parse_inbound(mail.content).attachments
        assert ("a.txt", b"content") == (file.filename, file.content)

    def test_a_failed_handler_gets_the_event_again(self):
        """The token of a request whose handler failed does not lose the event; a replay does."""
        seen = MemorySeenStore()
        request = webhook()
        handled = []

        def fail(event):
            raise OSError("the database is away")

        with pytest.raises(OSError, match="away"):
            self.receive(request, fail, seen=seen)
        self.receive(request, handled.append, seen=seen)
        self.receive(request, handled.append, seen=seen)

        assert 1 == len(handled)

    def test_mails_of_25_mb_are_taken(self):
        """The provider's own limit for bodies has room for the largest mail."""
        assert MailgunProvider.max_webhook_body_bytes >= 50 * 1024 * 1024
