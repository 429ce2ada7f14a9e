"""What SendGrid answers, and what becomes of each recipient."""

from __future__ import annotations

import json

from typing import Any

import pytest

from mailcore import (
    AuthenticationFailed,
    HttpRequest,
    HttpResponse,
    Mailer,
    Message,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    RecipientStatus,
    SendError,
    SendStatus,
    UnexpectedResponse,
)
from mailcore_sendgrid import SendGridProvider
from mailcore_sendgrid.errors import error_of, faults_of


ADA, BOB, CAROL, DAVE = (f"{name}@example.net" for name in ("ada", "bob", "carol", "dave"))
PLAIN = Message(
    from_email="shop@example.com",
    to=[ADA, BOB],
    cc=[CAROL],
    bcc=[DAVE],
    subject="Hi",
    text="Hello",
)
BATCH = PLAIN.replace(merge_data={})
ACCEPTED = HttpResponse(status_code=202, headers={"x-message-id": "LRzXl_NHStOGhQ4kofSm_A"})


def errors(status_code: int, *faults: tuple[str, str | None], **headers: str) -> HttpResponse:
    """An answer with errors."""
    listed = [{"message": words, "field": field, "help": None} for words, field in faults]
    body = json.dumps({"errors": listed}).encode()
    return HttpResponse(status_code=status_code, headers=headers, body=body)


def statuses(message: Message, response: HttpResponse, **options: Any) -> Any:
    """What becomes of each recipient of the first call."""
    provider = SendGridProvider(api_key="SG.secret", **options)
    request = provider.build(message)[0]
    return request, provider.parse(request, response)


@pytest.mark.parametrize("message", [PLAIN, BATCH], ids=["plain", "batch"])
def test_accepted_recipients_have_the_ids_of_their_mails(message: Message) -> None:
    """One for all of a message; in a batch each its own, and those of the copies the first."""
    request, found = statuses(message, ACCEPTED)

    body = json.loads(request.body)
    ids = [each["custom_args"]["mailcore_id"] for each in body["personalizations"]]
    expected = [*ids, ids[0], ids[0]] if message is BATCH else ids * 4
    assert dict(zip([ADA, BOB, CAROL, DAVE], expected, strict=True)) == {
        address: status.message_id for address, status in found.items()
    }
    assert {SendStatus.QUEUED} == {status.status for status in found.values()}


@pytest.mark.parametrize("body", [b"", b"{}", b" \n", b"null", b'""'])
def test_sandbox_accepts_with_200(body: bytes) -> None:
    """No mail is on its way, and no id of SendGrid's comes along."""
    _, found = statuses(PLAIN, HttpResponse(status_code=200, body=body), sandbox=True)

    assert {SendStatus.QUEUED} == {status.status for status in found.values()}


NOT_UNDERSTOOD = {
    "no id": HttpResponse(status_code=202),
    "an empty id": HttpResponse(status_code=202, headers={"x-message-id": " "}),
    "200 where nothing is tried out": HttpResponse(
        status_code=200, headers={"x-message-id": "LRzXl"}
    ),
    "errors in a success": errors(202, ("Bad Request", None), **{"x-message-id": "LRzXl"}),
    "a page of somebody else's": HttpResponse(status_code=200, body=b"<html>Login</html>"),
}


@pytest.mark.parametrize("case", NOT_UNDERSTOOD)
def test_success_that_is_not_understood_leaves_doubt(case: str) -> None:
    """Nobody knows whether the mail is on its way."""
    with pytest.raises(UnexpectedResponse) as caught:
        statuses(PLAIN, NOT_UNDERSTOOD[case])

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)


@pytest.mark.parametrize("body", [b"<html>Login</html>", b'{"errors": [{}]}', b'{"id": "1"}'])
def test_sandbox_that_answers_oddly_leaves_doubt(body: bytes) -> None:
    """A proxy's page is no answer of the sandbox."""
    with pytest.raises(UnexpectedResponse):
        statuses(PLAIN, HttpResponse(status_code=200, body=body), sandbox=True)


INVALID: list[tuple[Message, str, str]] = [
    (PLAIN, "personalizations.0.to.0.email", ADA),
    (PLAIN, "personalizations.0.to.1.email", BOB),
    (PLAIN, "personalizations.0.cc.0.email", CAROL),
    (PLAIN, "personalizations.0.bcc.0.email", DAVE),
    (PLAIN, "personalizations.0.bcc.0", DAVE),
    (BATCH, "personalizations.0.to.0.email", ADA),
    (BATCH, "personalizations.1.to.0.email", BOB),
    (BATCH, "personalizations.1.cc.0.email", CAROL),
    (BATCH, "personalizations.0.bcc.0.email", DAVE),
]


@pytest.mark.parametrize(("message", "field", "address"), INVALID)
def test_an_address_that_is_named_is_invalid(message: Message, field: str, address: str) -> None:
    """Nothing was sent: the others may be sent to without it."""
    response = errors(400, ("Does not contain a valid address.", field))
    _, found = statuses(message, response)

    assert SendStatus.INVALID == found[address].status
    others = [status for each, status in found.items() if each != address]
    assert {(SendStatus.FAILED, True, False)} == {
        (status.status, status.retryable, status.maybe_accepted) for status in others
    }
    assert 4 == len(found)


@pytest.mark.parametrize(
    "faults",
    [
        [("Does not contain a valid address.", "personalizations.0.to.7.email")],
        [("Does not contain a valid address.", "personalizations.0.cc.1.email")],
        [("Does not contain a valid address.", "personalizations.7.bcc.7.email")],
        [("Does not contain a valid address.", "personalizations.0.to")],
        [("No.", "personalizations.0.to.0.email"), ("No.", "subject")],
        [
            ("No.", f"personalizations.0.{place}.email")
            for place in ("to.0", "to.1", "cc.0", "bcc.0")
        ],
    ],
)
def test_a_call_that_is_refused_altogether(faults: list[tuple[str, str]]) -> None:
    """Something else is wrong too, nobody is left, or what is named is not there."""
    with pytest.raises(MessageRejected):
        statuses(PLAIN, errors(400, *faults))


def test_recipients_are_told_apart_by_a_mailer(local_sendgrid: Any) -> None:
    """Over HTTP: the mailer raises what nobody was accepted for, with all statuses."""
    mailer = Mailer("sendgrid", api_key="SG.secret", base_url=local_sendgrid.url)
    with mailer:
        accepted = mailer.send(PLAIN)
        with pytest.raises(SendError) as caught:
            mailer.send(PLAIN.replace(to=[ADA, "invalid@example.net"]))

    result = caught.value.result
    assert result is not None
    assert SendStatus.INVALID == result.recipients["invalid@example.net"].status
    assert SendStatus.FAILED == result.recipients[ADA].status
    (answer, _) = (accepted.raw[0], accepted)
    assert "LRzXl_NHStOGhQ4kofSm_A" == answer.headers["x-message-id"]
    document = local_sendgrid.seen[0][1]
    assert accepted.message_id == document["personalizations"][0]["custom_args"]["mailcore_id"]


def test_wrong_key_and_sandbox_over_http(local_sendgrid: Any) -> None:
    """The answers of a server, through the transport."""
    url = local_sendgrid.url
    with (
        Mailer("sendgrid", api_key="SG.wrong", base_url=url) as wrong,
        Mailer("sendgrid", api_key="SG.secret", base_url=url, sandbox=True) as sandbox,
    ):
        with pytest.raises(AuthenticationFailed):
            wrong.send(PLAIN)
        assert sandbox.send(PLAIN).accepted


BODIES: dict[bytes, list[tuple[str, str]]] = {
    b"": [],
    b"null": [],
    b"[]": [],
    b'"text"': [],
    b"{}": [],
    b"<html>413</html>": [],
    b'{"errors": [{"message": "a"': [],
    b"[" * 100_000: [],
    b'{"errors": null}': [],
    b'{"errors": []}': [],
    b'{"errors": 7}': [("", "")],
    b'{"errors": "Bad Request"}': [("Bad Request", "")],
    b'{"errors": ["a", "b"]}': [("a", ""), ("b", "")],
    b'{"errors": [{"message": "a", "field": null, "help": null}]}': [("a", "")],
    b'{"errors": [{"message": ["a"], "field": 7}]}': [("", "")],
    b'{"errors": {"message": "a", "field": "b"}}': [("a", "b")],
    b'{"error": {"message": "a"}}': [("a", "")],
    b'{"error": "a"}': [("a", "")],
    b'{"errors": [null, {"message": "a"}], "id": "1"}': [("a", "")],
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("status_code", [400, 401, 403, 413, 429, 500, 503])
def test_every_form_of_an_error_is_read(status_code: int, body: bytes) -> None:
    """A text, one object, null, HTML, what is cut off or nested: always one SendError."""
    response = HttpResponse(status_code=status_code, body=body)

    assert BODIES[body] == [(fault.words, fault.field) for fault in faults_of(response)]
    with pytest.raises(SendError) as caught:
        statuses(PLAIN, response)
    assert status_code == caught.value.status_code
    assert not (caught.value.retryable and caught.value.maybe_accepted)


def test_addresses_stay_out_of_the_text() -> None:
    """SendGrid repeats them in its words; `raw` has all of it."""
    response = errors(
        400, (f"We found the first duplicate instance of [{ADA}]", "personalizations")
    )
    error = error_of(response)

    assert ADA not in str(error)
    assert response is error.raw


def test_many_errors_are_one_exception() -> None:
    """With the words of each and their fields, up to a bound."""
    error = error_of(errors(400, *((f"wrong-{n}", f"headers.{n}") for n in range(1000))))

    assert "invalid_headers" == error.category
    assert "headers.1: wrong-1" in str(error)
    assert len(str(error)) < 700


STATUSES: list[tuple[int, type[SendError], str, bool, bool]] = [
    (301, UnexpectedResponse, "redirected", False, False),
    (302, UnexpectedResponse, "redirected", False, True),
    (307, UnexpectedResponse, "redirected", False, False),
    (400, MessageRejected, "message_rejected", False, False),
    (401, AuthenticationFailed, "credentials", False, False),
    (403, AuthenticationFailed, "access_denied", False, False),
    (404, UnexpectedResponse, "wrong_url", False, False),
    (405, UnexpectedResponse, "wrong_url", False, False),
    (406, UnexpectedResponse, "wrong_url", False, False),
    (408, ProviderUnavailable, "provider_unavailable", True, False),
    (413, MessageRejected, "too_large", False, False),
    (415, MessageRejected, "message_rejected", False, False),
    (429, RateLimited, "rate_limited", True, False),
    (500, ProviderUnavailable, "provider_unavailable", False, True),
    (502, ProviderUnavailable, "gateway", False, True),
    (503, ProviderUnavailable, "provider_unavailable", True, False),
    (521, ProviderUnavailable, "gateway", True, False),
]


@pytest.mark.parametrize("body", [b"", b"<html>nginx</html>", b'{"errors": [{"message": "x"}]}'])
@pytest.mark.parametrize(
    ("status_code", "kind", "category", "retryable", "maybe_accepted"), STATUSES
)
def test_statuses_by_themselves(
    status_code: int,
    kind: type[SendError],
    category: str,
    retryable: bool,
    maybe_accepted: bool,
    body: bytes,
) -> None:
    """Whatever the body is."""
    error = error_of(HttpResponse(status_code=status_code, body=body))

    assert kind is type(error)
    found = (error.category, error.retryable, error.maybe_accepted)
    assert (category, retryable, maybe_accepted) == found


def test_credits_are_a_quota_and_no_wrong_key() -> None:
    """SendGrid answers both with 401."""
    error = error_of(errors(401, ("Maximum credits exceeded", None)))

    assert (QuotaExceeded, "no_credits") == (type(error), error.category)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"x-ratelimit-reset": "30"}, 30.0),
        ({"retry-after": "7", "x-ratelimit-reset": "30"}, 7.0),
        ({"x-ratelimit-reset": "soon"}, None),
        ({}, None),
    ],
)
def test_waiting_times(headers: dict[str, str], seconds: float | None) -> None:
    """From either header."""
    error = error_of(errors(429, ("too many requests", None), **headers))

    assert seconds == error.retry_after_seconds


def test_waiting_times_as_a_moment() -> None:
    """SendGrid says when the limit is lifted, in seconds since 1970; that moment is past."""
    error = error_of(
        errors(429, ("too many requests", None), **{"x-ratelimit-reset": "1600000000"})
    )

    assert 0.0 == error.retry_after_seconds


def test_the_reset_of_a_success_is_no_waiting_time() -> None:
    """SendGrid tells its limits with each answer."""
    error = error_of(errors(400, ("No.", None), **{"x-ratelimit-reset": "30"}))

    assert error.retry_after_seconds is None


def test_a_request_of_another_provider_is_not_understood() -> None:
    """Nothing is guessed about whose it is."""
    provider = SendGridProvider(api_key="SG.secret")
    with pytest.raises(UnexpectedResponse):
        provider.parse(HttpRequest(method="POST", url="https://example.com/"), ACCEPTED)


def test_an_invalid_address_is_told_whole() -> None:
    """What SendGrid says of it, and that the others are refused for its sake."""
    _, found = statuses(PLAIN, errors(400, ("No.", "personalizations.0.to.1.email")))

    others = RecipientStatus(
        SendStatus.FAILED,
        code="invalid_recipient",
        detail="the call was refused for the address of another recipient",
        retryable=True,
    )
    invalid = RecipientStatus(SendStatus.INVALID, code="invalid_recipient", detail="No.")
    assert {ADA: others, BOB: invalid, CAROL: others, DAVE: others} == found


@pytest.mark.parametrize(
    ("response", "category", "text"),
    [
        (
            HttpResponse(status_code=300, headers={"x-message-id": "LRzXl"}),
            "unexpected_response",
            "300: no message",
        ),
        (errors(400, ("No.", None)), "message_rejected", "400: No."),
        (errors(400, ("No.", "x"), ("Nor.", None)), "multiple_errors", "400: x: No.; Nor."),
        (errors(400, ("No.", "personalizations.0.custom_args")), "invalid_metadata", "400: "),
        (errors(400, ("No.", "personalizations.0.to.2.email")), "invalid_recipient", "400: "),
    ],
)
def test_what_refused_calls_are(response: HttpResponse, category: str, text: str) -> None:
    """The kind is that of the field, if all are of one; words and fields stand in the text."""
    with pytest.raises(SendError) as caught:
        statuses(PLAIN, response)

    assert category == caught.value.category
    assert text in str(caught.value)
    assert ": :" not in str(caught.value)
    assert str(caught.value)[:3].isdecimal()
