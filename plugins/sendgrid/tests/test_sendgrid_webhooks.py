"""Whom a webhook trusts: signatures made here, verified there; and by the vendor's own verifier."""

from __future__ import annotations

import base64
import dataclasses
import json
import time

from typing import Any

import pytest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sendgrid import EventWebhook

from mailcore import WebhookRejected, WebhookRequest, receive
from mailcore.errors import ConfigurationError, MalformedWebhook, WebhookError
from mailcore.flow import run
from mailcore_sendgrid import SendGridProvider
from mailcore_sendgrid.webhooks import DEFAULT_MAX_AGE_SECONDS, WebhookTrust


SIGNATURE = "x-twilio-email-event-webhook-signature"
TIME = "x-twilio-email-event-webhook-timestamp"
BODY = (
    json.dumps([{"event": "open", "email": "ada@example.net", "timestamp": 1}]).encode() + b"\r\n"
)
CREDENTIALS = "Basic " + base64.b64encode(b"sendgrid:secret").decode()

# A request that SendGrid signed, with its key: the vector in test/unit/test_eventwebhook.py of
# https://github.com/sendgrid/sendgrid-python (read 2026-11-30).
VECTOR_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+"
    "2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)


VECTOR_SIGNATURE = (
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM"
    "+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
)
VECTOR_TIME = "1600112502"
VECTOR_BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",'
    b'"timestamp":1600112492}]\r\n'
)


def receiver(signer: Any, **options: Any) -> SendGridProvider:
    """A provider that believes the signer."""
    return SendGridProvider(**{"webhook_verification_keys": [signer.public], **options})


def with_headers(request: WebhookRequest, **headers: str | None) -> WebhookRequest:
    """The request with other headers; None takes one away."""
    names = {"signature": SIGNATURE, "time": TIME, "authorization": "authorization"}
    changed = {**request.headers, **{names[name]: each for name, each in headers.items()}}
    given = {name: each for name, each in changed.items() if each is not None}
    return WebhookRequest(request.method, given, request.body)


def test_signed_requests_are_believed(signer: Any) -> None:
    """With the key alone, or among others."""
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = other.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    for keys in ([signer.public], [pem, signer.public], [f" {signer.public}\n"]):
        (event,) = receive(receiver(signer, webhook_verification_keys=keys), signer.signed(BODY))

        assert "opened" == event.event_type


def test_the_vendors_verifier_believes_what_the_tests_sign(signer: Any) -> None:
    """So that both ends of the signature are not of one mind only."""
    request = signer.signed(BODY)
    vendors = EventWebhook(signer.public)
    found = (request.body.decode(), request.header(SIGNATURE), request.header(TIME))

    assert vendors.verify_signature(*found)
    assert not vendors.verify_signature(found[0].strip(), *found[1:])


def test_a_pem_key_is_the_same_key(signer: Any) -> None:
    """With its lines and without."""
    pem = signer.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    assert receive(receiver(signer, webhook_verification_keys=[pem.decode()]), signer.signed(BODY))


def forged(signer: Any) -> dict[str, WebhookRequest]:
    """What somebody without the key makes of a request."""
    request = signer.signed(BODY)
    other = ec.generate_private_key(ec.SECP256R1())
    stranger = dataclasses.replace(signer, private=other)
    now = str(int(time.time()))
    return {
        "no signature": with_headers(request, signature=None),
        "an empty one": with_headers(request, signature=""),
        "no time": with_headers(request, time=None),
        "another time": with_headers(request, time=str(int(now) + 1)),
        "a time with a sign": with_headers(request, time=f"+{now}"),
        "a time with a space": with_headers(request, time=f" {now}"),
        "a long time": with_headers(request, time="9" * 4000),
        "a time of other digits": with_headers(request, time="١٧٦٤٤٩٦٨٠٠"),
        "another body": dataclasses.replace(request, body=BODY.replace(b"ada", b"bob")),
        "a body without its line end": dataclasses.replace(request, body=BODY.strip()),
        "no body": dataclasses.replace(request, body=b""),
        "another's signature": stranger.signed(BODY),
        "no base64": with_headers(request, signature="?" * 96),
        "no ASN.1": with_headers(request, signature=base64.b64encode(b"\0" * 70).decode()),
        "a signature of zeros": with_headers(request, signature="MAYCAQACAQA="),
        "an endless signature": with_headers(request, signature="A" * 100_000),
        "digits moved to the body": WebhookRequest(
            "POST",
            {SIGNATURE: request.headers[SIGNATURE], TIME: request.headers[TIME][:-1]},
            request.headers[TIME][-1:].encode() + BODY,
        ),
    }


def test_forged_requests_are_refused(signer: Any) -> None:
    """Each with 403, and nothing of them is read."""
    provider = receiver(signer)
    for what, request in forged(signer).items():
        if what == "digits moved to the body":
            # It is signed so: a body that begins with a digit is no array, and nothing else is.
            with pytest.raises(WebhookError):
                receive(provider, request)
            continue
        with pytest.raises(WebhookRejected) as caught:
            receive(provider, request)
        assert 403 == caught.value.response.status_code, what


@pytest.mark.parametrize("age_seconds", [DEFAULT_MAX_AGE_SECONDS + 60, -3600])
def test_a_request_that_was_kept_is_refused(signer: Any, age_seconds: float) -> None:
    """Or that comes from the future; within three days it may be one that is tried again."""
    request = signer.signed(BODY, made_at=time.time() - age_seconds)
    with pytest.raises(WebhookRejected):
        receive(receiver(signer), request)

    again = signer.signed(BODY, made_at=time.time() - 3 * 24 * 3600)
    assert receive(receiver(signer), again)
    with pytest.raises(WebhookRejected):
        receive(receiver(signer, max_age_seconds=60), again)


def test_a_replay_is_known_by_its_events(signer: Any) -> None:
    """All of it is signed: who repeats it gives the same event."""
    request = signer.signed(BODY)
    first, second = (receive(receiver(signer), request)[0].dedupe_key for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("authorization", "is_signed", "status_code"),
    [
        (CREDENTIALS, True, None),
        (CREDENTIALS, False, 403),
        (None, True, 401),
        ("Basic eDp5", True, 401),
    ],
)
def test_secret_and_signature_together(
    signer: Any, authorization: str | None, is_signed: bool, status_code: int | None
) -> None:
    """With both, both are needed; 401 asks for the secret."""
    provider = receiver(signer, webhook_secrets=["sendgrid:secret"])
    request = with_headers(signer.signed(BODY), authorization=authorization)
    if not is_signed:
        request = with_headers(request, signature=None)
    if status_code is None:
        assert receive(provider, request)
        return
    with pytest.raises(WebhookRejected) as caught:
        receive(provider, request)

    assert status_code == caught.value.response.status_code


def test_a_secret_alone_is_enough_where_no_key_is_given() -> None:
    """For received mail that nobody signs, say."""
    provider = SendGridProvider(webhook_secrets=["sendgrid:secret"])
    request = WebhookRequest("POST", {"authorization": CREDENTIALS}, BODY)

    assert receive(provider, request)
    with pytest.raises(WebhookRejected):
        receive(provider, WebhookRequest("POST", {}, BODY))


def test_nobody_is_believed_without_key_and_secret(signer: Any) -> None:
    """A provider that was given neither refuses every request."""
    with pytest.raises(WebhookRejected, match="no webhook_verification_keys"):
        receive(SendGridProvider(api_key="SG.secret"), signer.signed(BODY))


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_posts_are_looked_at(signer: Any, method: str) -> None:
    """SendGrid posts."""
    with pytest.raises(MalformedWebhook):
        receive(receiver(signer), dataclasses.replace(signer.signed(BODY), method=method))


def other_curve() -> str:
    """A key that no SendGrid shows."""
    public = ec.generate_private_key(ec.SECP384R1()).public_key()
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


@pytest.mark.parametrize(
    "keys", ["MFkw", None, 7, [""], [None], [b"MFkw"], ["MFkw"], ["no base64"], [other_curve()]]
)
def test_what_is_no_key_is_refused_at_once(keys: Any) -> None:
    """When the provider is made, not with the first request."""
    with pytest.raises(ConfigurationError):
        WebhookTrust(keys)


def test_a_point_that_is_on_no_curve_is_a_wrong_configuration(signer: Any) -> None:
    """That only cryptography can tell, which is loaded with the first request."""
    der = base64.b64decode(signer.public)
    broken = base64.b64encode(der[:-64] + b"\x01" * 64).decode()
    with pytest.raises(ConfigurationError):
        receive(SendGridProvider(webhook_verification_keys=[broken]), signer.signed(BODY))


def test_the_repr_has_no_keys(signer: Any) -> None:
    """They are public, and nobody needs them in a log."""
    assert signer.public not in repr(WebhookTrust([signer.public]))


@pytest.mark.parametrize(("body", "is_believed"), [(VECTOR_BODY, True), (VECTOR_BODY[:-2], False)])
def test_what_sendgrid_signed_itself_is_believed(body: bytes, is_believed: bool) -> None:
    """If no byte is missing, and if it may be as old as that."""
    headers = {SIGNATURE: VECTOR_SIGNATURE, TIME: VECTOR_TIME}
    request = WebhookRequest("POST", headers, body)
    provider = SendGridProvider(webhook_verification_keys=[VECTOR_KEY], max_age_seconds=1e10)
    if is_believed:
        (event,) = receive(provider, request)
        assert ("rejected", "LRzXl_NHStOGhQ4kofSm_A") == (event.event_type, event.message_id)
    else:
        with pytest.raises(WebhookRejected):
            receive(provider, request)


def test_nothing_but_base64_is_a_signature(signer: Any) -> None:
    """Not even where a lenient reader would find it."""
    request = signer.signed(BODY)
    found = request.headers[SIGNATURE]

    for odd in (f"{found[:9]}!{found[9:]}", f"{found[:9]}\t{found[9:]}"):
        with pytest.raises(WebhookRejected):
            receive(receiver(signer), with_headers(request, signature=odd))


def test_nothing_but_a_whole_key_is_a_key(signer: Any) -> None:
    """Of its curve, of its length, and in base64."""
    der = base64.b64decode(signer.public)
    shorter, other = der[:-1], der[:1] + b"\x00" + der[2:]

    for odd in (
        f"{signer.public[:9]}!{signer.public[9:]}",
        base64.b64encode(shorter).decode(),
        base64.b64encode(other).decode(),
    ):
        with pytest.raises(ConfigurationError):
            WebhookTrust([odd])


@pytest.mark.parametrize("age_seconds", [0, -1, float("nan")])
def test_an_age_is_above_zero(age_seconds: float) -> None:
    """Any that is will do."""
    with pytest.raises(ConfigurationError):
        WebhookTrust([], max_age_seconds=age_seconds)
    WebhookTrust([], max_age_seconds=0.5)


def test_errors_name_the_provider(signer: Any) -> None:
    """Also where the door is not that of receive()."""
    request = signer.signed(BODY)
    for trust, refused in (
        (WebhookTrust([signer.public]), WebhookRequest("POST", {}, BODY)),
        (WebhookTrust([signer.public]), WebhookRequest("GET", {}, b"")),
        (WebhookTrust([signer.public]), signer.signed(BODY, made_at=time.time() - 10**6)),
        (WebhookTrust([], webhook_secrets=["a:b"]), request),
    ):
        with pytest.raises(WebhookError) as caught:
            run(trust.verify(refused))
        assert "sendgrid" == caught.value.provider
