"""Whom a webhook believes: signatures over the URL and every field, and shared secrets."""

from __future__ import annotations

import json

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import MalformedWebhook, WebhookError, WebhookRejected, WebhookRequest, receive
from mailcore.flow import run
from mailcore.http import basic_authorization
from mailcore.webhook import respond
from mailcore_mandrill import MandrillProvider
from mailcore_mandrill.webhooks import WebhookTrust


KEY, URL = "1nvented-webhook-key", "https://hooks.example.com/mandrill"
EVENT = {"event": "open", "_id": "m-1", "ts": 1448000000, "msg": {"email": "ada@example.net"}}
USER, PASSWORD = "hook", "pass/w:rd"
SECRET = {"authorization": basic_authorization(USER, PASSWORD)}


def mandrill(**options: object) -> MandrillProvider:
    """A provider that only receives."""
    return MandrillProvider(**{"webhook_signing_keys": [KEY], **options})


@pytest.mark.parametrize("path", ["", "/", "/a/?b=c&d=%20e", "/ü"])
def test_url_is_signed_as_it_stands(path, sign):
    """Query, last slash and escapes are part of what is signed."""
    url = f"https://hooks.example.com{path}"

    (event,) = receive(mandrill(), sign([EVENT], url=url, signed_url=url))

    assert ("opened", "m-1") == (event.event_type, event.message_id)


def test_every_field_is_signed_sorted_by_name(sign):
    """Mandrill posts one field; were it to post more, they would be signed too."""
    fields = {"a": "1", "zzz": "ü & =", "M": "2"}

    assert receive(mandrill(), sign([EVENT], fields=fields))


def test_escaped_slashes_are_signed_as_they_came(sign):
    """PHP writes them: what is signed is the text, and not what it says."""
    text = json.dumps([EVENT]).replace("ada@example.net", "ada\\/b@example.net")

    (event,) = receive(mandrill(), sign(text))

    assert "ada/b@example.net" == event.recipient


BEHIND_A_PROXY = "http://10.0.0.7:8000/mandrill"


def test_public_url_behind_a_proxy(sign):
    """The request has another URL than the one that Mandrill signs: webhook_urls has it."""
    request = sign([EVENT], url=BEHIND_A_PROXY)

    with pytest.raises(WebhookRejected, match="see webhook_urls"):
        receive(mandrill(), request)

    assert receive(mandrill(webhook_urls=["https://other.example.com", URL]), request)
    with pytest.raises(WebhookRejected, match="wrong, for webhook_urls"):
        receive(mandrill(webhook_urls=["https://other.example.com"]), request)


@pytest.mark.parametrize("user_info", [f"{USER}:{PASSWORD}", "hook:pass%2Fw%3Ard"])
def test_user_and_password_in_the_url_are_signed(user_info, sign):
    """They are in the URL at Mandrill, and in a header of the request: as written, or encoded."""
    signed_url = URL.replace("//", f"//{user_info}@")
    provider = mandrill(webhook_secrets=[f"{USER}:{PASSWORD}"])

    assert receive(provider, sign([EVENT], signed_url=signed_url, headers=SECRET))
    assert receive(provider, sign([EVENT], headers=SECRET))


def test_secrets_and_signatures_are_both_needed(sign):
    """If both are given; one alone is enough if the other is not."""
    both = mandrill(webhook_secrets=[f"{USER}:{PASSWORD}"])
    only_secrets = MandrillProvider(webhook_secrets=[f"{USER}:{PASSWORD}"])

    with pytest.raises(WebhookRejected) as caught:
        receive(both, sign([EVENT]))
    assert 401 == caught.value.response.status_code
    assert "www-authenticate" in caught.value.response.headers
    with pytest.raises(WebhookRejected) as caught:
        receive(both, sign([EVENT], key="other", headers=SECRET))
    assert 403 == caught.value.response.status_code

    assert receive(only_secrets, sign([EVENT], key="other", headers=SECRET))
    unsigned = WebhookRequest(
        "POST",
        {"content-type": "application/x-www-form-urlencoded", **SECRET},
        urlencode({"mandrill_events": json.dumps([EVENT])}),
    )
    assert receive(only_secrets, unsigned)
    with pytest.raises(WebhookRejected, match="has no X-Mandrill-Signature"):
        receive(both, unsigned)


@pytest.mark.parametrize("key", ["0ld-key", "n3w-key"])
def test_several_keys_are_believed(key, sign):
    """Each webhook has its own; while one replaces the other, both."""
    assert receive(mandrill(webhook_signing_keys=["0ld-key", "n3w-key"]), sign([EVENT], key=key))


FORGED = [
    {"key": "other"},
    {"key": "test-webhook"},
    {"signed_url": "https://hooks.example.com/mandrill/"},
    {"signed_url": "http://hooks.example.com/mandrill"},
    {"headers": {"X-Mandrill-Signature": ""}},
    {"headers": {"X-Mandrill-Signature": "=" * 100_000}},
    {"headers": {"X-Mandrill-Signature": "ü"}},
    {"headers": {"X-Mandrill-Signature": "a" * 28}},
]


@pytest.mark.parametrize("forged", FORGED)
def test_forged_requests_are_refused(forged, sign):
    """With 403, by which Mandrill tries again later: the key may be put right until then."""
    with pytest.raises(WebhookRejected) as caught:
        receive(mandrill(), sign([EVENT], **forged))

    assert 403 == caught.value.response.status_code
    assert KEY not in str(caught.value)


def test_what_is_changed_is_refused(sign):
    """A further field, another event, a field that is renamed."""
    request = sign([EVENT])
    for body in (
        request.body + b"&x=1",
        request.body.replace(b"ada", b"eve"),
        request.body.replace(b"mandrill_events=", b"mandrill_event=s"),
    ):
        changed = WebhookRequest("POST", request.headers, body, URL)
        # The last one has the same text to sign: it has no events, and is no event either.
        with pytest.raises(WebhookError):
            receive(mandrill(), changed)


def test_a_replay_has_the_same_keys(sign):
    """Nothing in a request is a time: what was handled is told by the key of each event."""
    request = sign([EVENT])
    first, second = (receive(mandrill(), request) for _ in range(2))

    assert [event.dedupe_key for event in first] == [event.dedupe_key for event in second]


class Seen:
    """A store of keys."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    def seen(self, key: str) -> bool:
        return key in self.keys

    def mark(self, key: str) -> None:
        self.keys.add(key)


def test_a_replay_reaches_no_handler_with_a_store(sign):
    """As for every service."""
    seen, handled = Seen(), []

    for _ in range(2):
        receive(mandrill(), sign([EVENT]), handled.append, seen=seen)

    assert 1 == len(handled)


def test_webhook_is_tried_before_it_has_a_key(sign):
    """By HEAD, then by a signed request without events; both are answered with 200."""
    request = sign("[]", key="test-webhook")
    handled: list[object] = []

    for provider in (MandrillProvider(), mandrill(), MandrillProvider(webhook_urls=[URL])):
        assert () == receive(provider, request, handled.append)
        assert 200 == respond(provider, request, handled.append).status_code
    assert frozenset({"HEAD"}) == MandrillProvider.webhook_probe_methods
    assert not handled


@pytest.mark.parametrize("events", ["[ ]", "", "{}", "[{}]"])
def test_key_of_tests_is_for_nothing_else(events, sign):
    """Everybody knows it."""
    with pytest.raises(WebhookRejected):
        receive(mandrill(), sign(events, key="test-webhook"))
    with pytest.raises(WebhookRejected):
        receive(mandrill(), sign("[]", key="test-webhook", fields={"a": "b"}))


def test_nobody_is_believed_without_a_key(sign):
    """A provider that was given none refuses every request, and says what to configure."""
    with pytest.raises(WebhookRejected, match="webhook_signing_keys"):
        receive(MandrillProvider(), sign([EVENT]))
    with pytest.raises(WebhookRejected):
        receive(MandrillProvider(), sign([EVENT], key=""))


NO_FORM = [
    ({}, b"mandrill_events=[]"),
    ({"content-type": "application/json"}, b"[]"),
    ({"content-type": "multipart/form-data; boundary=a"}, b"--a--"),
    ({"content-type": "application/x-www-form-urlencoded"}, b"no form"),
    ({"content-type": "application/x-www-form-urlencoded"}, b"%" * 5_000),
    ({"content-type": "application/x-www-form-urlencoded"}, b"&" * 5_000),
]


@pytest.mark.parametrize(("headers", "body"), NO_FORM)
def test_what_is_no_form_is_refused(headers: Mapping[str, str], body):
    """With 400 and never a traceback; without a signature with 403."""
    signed = {**headers, "X-Mandrill-Signature": "a" * 28}
    for given_headers, error in ((signed, MalformedWebhook), (headers, WebhookRejected)):
        with pytest.raises(error):
            receive(mandrill(), WebhookRequest("POST", given_headers, body, URL))


@given(st.binary(max_size=60), st.text(max_size=40), st.text(max_size=30))
def test_any_request_is_refused_and_nothing_else(body, signature, url):
    """Whatever strangers post."""
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-mandrill-signature": signature,
    }

    with pytest.raises(WebhookError):
        receive(mandrill(), WebhookRequest("POST", headers, body, url))


def test_repr_has_no_secret():
    """Nor an URL with a password in it."""
    trust = WebhookTrust([KEY], ["https://hook:secret@example.com"], ["hook:secret"])

    assert not any(text in repr(trust) for text in (KEY, "secret"))


@pytest.mark.parametrize(
    "url",
    ["https://hooks.example.com/to/ada@example.net", "https://hooks.example.com/?to=http://x.org"],
)
def test_urls_in_which_signs_of_a_url_stand_again(url, sign):
    """User and password belong before the host."""
    signed_url = url.replace("//hooks", f"//{USER}:{PASSWORD}@hooks")
    provider = mandrill(webhook_secrets=[f"{USER}:{PASSWORD}"])

    assert receive(provider, sign([EVENT], url=url, signed_url=signed_url, headers=SECRET))


def test_a_url_that_cannot_be_encoded(sign):
    """Is nothing that Mandrill signed."""
    request = sign([EVENT])
    odd = WebhookRequest(request.method, request.headers, request.body, url=f"{URL}?\ud800")

    with pytest.raises(WebhookRejected, match="wrong"):
        receive(mandrill(), odd)


@pytest.mark.parametrize("fields", [{"a": "1"}, {"zzz": "1"}])
def test_two_fields_are_signed_sorted(fields, sign):
    """Whichever stands first."""
    assert receive(mandrill(), sign([EVENT], fields=fields))


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded; charset=utf-8",
        "Application/X-WWW-Form-Urlencoded",
        "APPLICATION/x-www-form-urlencoded ;a=b; c=d",
    ],
)
def test_other_spellings_of_a_form(kind, sign):
    """What comes through a proxy is a form all the same."""
    assert receive(mandrill(), sign([EVENT], headers={"Content-Type": kind}))


@pytest.mark.parametrize(
    "options",
    [
        {"signing_keys": [KEY]},
        {"signing_keys": [], "webhook_secrets": ["user:password"]},
    ],
)
def test_rejections_name_the_provider(options):
    """Also where the door is not that of receive()."""
    trust = WebhookTrust(**options)
    with pytest.raises(WebhookRejected) as caught:
        run(trust.verify(WebhookRequest("POST", {}, b"mandrill_events=[]")))

    assert "mandrill" == caught.value.provider
