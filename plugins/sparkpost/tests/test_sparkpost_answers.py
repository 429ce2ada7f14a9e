"""What becomes of each recipient, by SparkPost's answers: statuses, and every documented error."""

from __future__ import annotations

import contextlib
import json

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import HttpRequest, HttpResponse, Message, SendStatus
from mailcore.errors import (
    AuthenticationFailed,
    MailcoreError,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.testing.mutations import mutations
from mailcore_sparkpost import SparkPostProvider
from mailcore_sparkpost.errors import BY_CODE


KEY = "14ac5499cfdd2bb2859e4476d2e5b1d2bad079bf"
ID = "11668787484950529"
ADA, BOB = "Ada@example.net", "bob@example.net"
PROVIDER = SparkPostProvider(api_key=KEY)
BASE = {"from_email": "shop@example.com", "to": [ADA, BOB], "subject": "Hi", "text": "Hello"}


def request(**fields: object):
    """The one request of a message to two."""
    (made,) = PROVIDER.build(Message(**{**BASE, **fields}))
    return made


def answered(document: object, status_code: int = 200, **headers: str):
    """An answer with JSON, or with octets as they are."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return HttpResponse(status_code=status_code, headers=headers, body=body)


def counted(accepted: object, rejected: object, told=(), **more: object):
    """An answer that has made a transmission."""
    results = {
        "total_accepted_recipients": accepted,
        "total_rejected_recipients": rejected,
        "id": ID,
        **({"rcpt_to_errors": list(told)} if told else {}),
        **more,
    }
    errors = [{"message": "transmission created, but with validation errors", "code": "2000"}]
    return {**({"errors": errors} if told else {}), "results": results}


def statuses(document: object, status_code: int = 200, **fields: object):
    """Status, code and id of each recipient."""
    found = PROVIDER.parse(request(**fields), answered(document, status_code))
    return {
        address: (str(each.status), each.code, each.message_id) for address, each in found.items()
    }


def error(document: object, status_code: int, **headers: str) -> SendError:
    """What an answer raises."""
    with pytest.raises(SendError) as caught:
        PROVIDER.parse(request(), answered(document, status_code, **headers))
    return caught.value


def told(words: str, code: object = "1300"):
    """An error about a recipient."""
    return {"message": "invalid", "description": words, "code": code}


def test_all_are_accepted():
    """Each is queued, with the id that events name as transmission_id; a number is one too."""
    assert {ADA: ("queued", "", ID), BOB: ("queued", "", ID)} == statuses(counted(2, 0))
    assert ("queued", "", "7") == statuses(counted(2, 0, id=7))[ADA]


def test_all_are_rejected():
    """An answer with 200 that counts nobody accepted refuses everybody, with its words."""
    assert {ADA: ("rejected", "1300", None), BOB: ("rejected", "1300", None)} == statuses(
        counted(0, 2, [told("no")])
    )


def test_who_is_named_is_rejected():
    """Named in the words, in any case; the others are accepted if the numbers agree."""
    assert {ADA: ("rejected", "1300", None), BOB: ("queued", "", ID)} == statuses(
        counted(1, 1, [told("ada@example.net is no address")])
    )


@pytest.mark.parametrize(
    "document",
    [
        counted(1, 1),
        counted(1, 1, [told("address.email is required for each recipient", 1400)]),
        counted(1, 1, [told("xbob@example.net and bob@example.net.au are none")]),
        counted(1, 0),
        counted(0, 0),
        counted(3, 0),
        counted(0, 1),
        counted(2, 1),
        counted(-1, 3),
    ],
    ids=lambda document: json.dumps(document)[:60],
)
def test_who_is_who_may_stay_unknown(document):
    """Numbers that are not those of the call, and nobody named: nothing is claimed of anybody."""
    found = PROVIDER.parse(request(), answered(document))

    assert {"unknown"} == {str(each.status) for each in found.values()}
    assert all(each.maybe_accepted and each.message_id == ID for each in found.values())


def test_named_and_numbers_that_do_not_agree():
    """Who is named is rejected; of the others nothing is known."""
    found = statuses(counted(2, 1, [told("bob@example.net")]))

    assert (("unknown", "1300", ID), ("rejected", "1300", None)) == (found[ADA], found[BOB])


def test_copies_of_a_batch_are_counted():
    """Two mails with a copy of each are four entries."""
    fields = {"merge_data": {}, "bcc": ["di@example.net"]}

    assert {"queued"} == {each[0] for each in statuses(counted(4, 0), **fields).values()}
    assert {"unknown"} == {each[0] for each in statuses(counted(2, 0), **fields).values()}
    mixed = statuses(counted(3, 1, [told("bob@example.net")]), **fields)
    assert {"unknown"} == {each[0] for each in mixed.values()}


def test_a_suppressed_address():
    """Of one recipient SparkPost says so at once: a status, not an error of the message."""
    words = "recipient address suppressed due to customer policy"
    document = {"errors": [{"message": "Message generation rejected", "description": words}]}
    document["errors"][0]["code"] = "1902"

    assert {ADA: ("rejected", "1902", None)} == statuses(document, 400, to=[ADA])
    assert "generation_rejected" == error(document, 400).category


def test_no_valid_recipient():
    """All addresses are invalid, and nothing else is wrong."""
    document = {"errors": [{"message": "At least one valid recipient is required", "code": 5002}]}

    assert {ADA: ("invalid", "5002", None), BOB: ("invalid", "5002", None)} == statuses(
        document, 400
    )
    document["errors"].append({"message": "Invalid domain", "code": "7001"})
    assert "invalid_recipient" == error(document, 400).category


ERRORS = [
    (403, 1100, AuthenticationFailed, "access_denied", False),
    (404, 1101, UnexpectedResponse, "wrong_url", False),
    (405, 1102, UnexpectedResponse, "wrong_url", False),
    (404, 1103, UnexpectedResponse, "wrong_url", False),
    (400, 1200, MessageRejected, "invalid_request", False),
    (422, 1300, MessageRejected, "invalid_request", False),
    (422, 1301, MessageRejected, "invalid_combination", False),
    (401, 1303, AuthenticationFailed, "authentication", False),
    (401, 1304, AuthenticationFailed, "authentication", False),
    (400, 1305, MessageRejected, "invalid_request", False),
    (422, 1400, MessageRejected, "invalid_request", False),
    (400, 1401, MessageRejected, "invalid_request", False),
    (500, 1500, ProviderUnavailable, "provider_unavailable", True),
    (500, 1501, ProviderUnavailable, "provider_unavailable", True),
    (400, 1502, ProviderUnavailable, "provider_unavailable", True),
    (404, 1600, MessageRejected, "not_found", False),
    (403, 1601, AuthenticationFailed, "no_license", False),
    (409, 1602, MessageRejected, "in_use", True),
    (422, 1603, MessageRejected, "not_found", False),
    (415, 1700, MessageRejected, "invalid_request", False),
    (406, 1800, MessageRejected, "invalid_request", False),
    (503, 1900, ProviderUnavailable, "provider_unavailable", True),
    (400, 1901, MessageRejected, "generation_failed", False),
    (400, 1902, MessageRejected, "generation_rejected", False),
    (400, 1910, MessageRejected, "generation_failed", False),
    (400, 2001, MessageRejected, "not_an_error_of_sending", False),
    (422, 2002, MessageRejected, "too_large", False),
    (409, 2003, MessageRejected, "not_an_error_of_sending", False),
    (422, 2004, MessageRejected, "template_not_found", False),
    (422, 2005, MessageRejected, "template_not_found", False),
    (409, 2006, MessageRejected, "not_an_error_of_sending", False),
    (422, 2007, MessageRejected, "invalid_request", False),
    (400, 2008, MessageRejected, "invalid_request", False),
    (420, 2101, RateLimited, "hourly_limit", True),
    (420, 2102, QuotaExceeded, "daily_limit", False),
    (420, 2103, QuotaExceeded, "sandbox_limit", False),
    (420, 2105, QuotaExceeded, "monthly_limit", False),
    (422, 2106, MessageRejected, "sandbox_template", False),
    (422, 3000, MessageRejected, "invalid_content", False),
    (422, 3001, MessageRejected, "invalid_content", False),
    (422, 3002, MessageRejected, "invalid_header", False),
    *((422, c, MessageRejected, "invalid_content", False) for c in (3010, 3020, 3040, 3050, 3051)),
    (400, 3030, MessageRejected, "not_an_error_of_sending", False),
    (200, 5000, MessageRejected, "not_an_error_of_sending", False),
    (400, 5001, MessageRejected, "not_an_error_of_sending", False),
    (400, 6100, MessageRejected, "not_an_error_of_sending", False),
    (404, 6200, MessageRejected, "not_an_error_of_sending", False),
    (400, 7000, MessageRejected, "sender_blocked", False),
    (400, 7001, MessageRejected, "sender_not_verified", False),
    (422, 10000, MessageRejected, "not_an_error_of_sending", False),
    (413, 10001, MessageRejected, "not_an_error_of_sending", False),
    (422, 10002, MessageRejected, "not_an_error_of_sending", False),
]


@pytest.mark.parametrize(("status_code", "code", "kind", "category", "retryable"), ERRORS)
def test_codes(status_code, code, kind, category, retryable):
    """Each documented code, as a text or as a number, in an answer of any status."""
    for spelled in (code, str(code)):
        for status in (status_code, 200):
            document = {"errors": [{"message": "No", "description": "why", "code": spelled}]}
            found = error(document, status)

            assert (kind, category, retryable) == (type(found), found.category, found.retryable)
            assert (str(code), False) == (found.code, found.maybe_accepted)
            assert "No: why" in str(found)


def test_every_code_is_in_the_table():
    """But for that of nobody, which becomes statuses."""
    assert {5002, *(code for _, code, *_ in ERRORS)} == set(BY_CODE)


STATUSES = [
    (301, UnexpectedResponse, "redirected", False, False),
    (303, UnexpectedResponse, "redirected", False, True),
    (400, MessageRejected, "message_rejected", False, False),
    (401, AuthenticationFailed, "authentication", False, False),
    (403, AuthenticationFailed, "access_denied", False, False),
    (404, UnexpectedResponse, "wrong_url", False, False),
    (408, ProviderUnavailable, "provider_unavailable", True, False),
    (413, MessageRejected, "too_large", False, False),
    (420, QuotaExceeded, "sending_limit", False, False),
    (429, RateLimited, "rate_limited", True, False),
    (500, ProviderUnavailable, "provider_unavailable", True, False),
    (502, ProviderUnavailable, "gateway", False, True),
    (503, ProviderUnavailable, "provider_unavailable", True, False),
    (504, ProviderUnavailable, "gateway", False, True),
]
BODIES = [
    {"errors": [{"message": "Unauthorized."}]},
    {"errors": [{"message": "No", "code": "99999"}]},
    {"errors": [{"message": "No", "code": True}, "No", None, 5]},
    {"errors": {"message": "No"}},
    {"results": {"id": ID}},
    {},
    [],
    "No",
    None,
    b"",
    b'{"errors": [{"message": "No", "co',
    b"<html><h1>Not here</h1></html>",
    b"\xff\xfe",
    b"[" * 100_000,
]


@pytest.mark.parametrize(("status_code", "kind", "category", "retryable", "maybe"), STATUSES)
def test_answers_without_a_code(status_code, kind, category, retryable, maybe):
    """The status decides: of JSON with other things in it, of half of it, and of HTML."""
    for body in BODIES:
        found = error(body, status_code)

        assert (kind, category, retryable, maybe) == (
            type(found),
            found.category,
            found.retryable,
            found.maybe_accepted,
        ), body


@pytest.mark.parametrize(
    "body",
    [
        *(body for body in BODIES if not isinstance(body, dict) or not body.get("errors")),
        {"results": None},
        {"results": []},
        counted("2", 0),
        counted(True, 0),
        counted(2, None),
        counted(2, 0, id=None),
        counted(2, 0, id=""),
        counted(2, 0, id=["a"]),
    ],
    ids=lambda body: str(body)[:50],
)
def test_a_success_that_is_not_understood(body):
    """It leaves open whether the message was taken."""
    found = error(body, 200)

    assert (UnexpectedResponse, True) == (type(found), found.maybe_accepted)


def test_a_success_with_an_error_inside():
    """Without results, nothing was taken, whatever the status."""
    found = error({"errors": [{"message": "No", "code": "99999"}]}, 200)

    assert (MessageRejected, False, "99999") == (type(found), found.maybe_accepted, found.code)


def test_the_first_code_that_is_known_decides():
    """All words are in the text, redacted."""
    document = {
        "errors": [
            {"message": "odd", "code": "99999"},
            {
                "message": "Invalid domain",
                "description": "of ada.lovelace@example.com",
                "code": 7001,
            },
        ]
    }
    found = error(document, 400)

    assert ("sender_not_verified", "7001") == (found.category, found.code)
    assert "odd; Invalid domain: of" in str(found)
    assert "ada.lovelace" not in str(found)


def test_when_to_try_again_is_told():
    """Should SparkPost say so, which it does not document."""
    found = error({"errors": [{"message": "Too many requests"}]}, 429, **{"retry-after": "3"})

    assert 3.0 == found.retry_after_seconds


@pytest.mark.parametrize("document", [counted(1, 1, [told("bob@example.net")]), BODIES[1]])
def test_damaged_answers_are_survived(document):
    """With each field missing or of another type, there are statuses or one of our errors."""
    for status_code in (200, 400):
        for _, body in mutations(json.dumps(document).encode(), "application/json"):
            try:
                found = PROVIDER.parse(request(), answered(body, status_code))
            except SendError:
                continue
            assert {ADA, BOB} == set(found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(results=JSON, errors=JSON, status_code=st.sampled_from([200, 202, 400, 420, 500]))
def test_any_json_is_survived(results, errors, status_code):
    """Whatever stands in an answer, no foreign exception comes of it."""
    with contextlib.suppress(MailcoreError):
        PROVIDER.parse(request(), answered({"results": results, "errors": errors}, status_code))


def test_statuses_say_why():
    """Code and words of the errors; empty where there are none."""
    nobody = {"errors": [{"message": "At least one", "description": "valid", "code": 5002}]}
    suppressed = {"errors": [told("suppressed due to customer policy", 1902)]}
    cases = (
        (answered(nobody, 400), {}, SendStatus.INVALID, "5002", "At least one: valid"),
        (
            *(answered(suppressed, 400), {"to": [ADA]}, SendStatus.REJECTED, "1902"),
            "invalid: suppressed due to customer policy",
        ),
        (answered(counted(0, 2)), {}, SendStatus.REJECTED, "", ""),
        (
            answered(counted(0, 2, [told("a"), told("b")])),
            *({}, SendStatus.REJECTED, "1300", "invalid: a; invalid: b"),
        ),
        (answered(counted(1, 1)), {}, SendStatus.UNKNOWN, "", ""),
        (
            answered(counted(1, 1, [told("a"), told("b")])),
            *({}, SendStatus.UNKNOWN, "1300", "invalid: a; invalid: b"),
        ),
    )
    for answer, fields, *expected in cases:
        found = PROVIDER.parse(request(**fields), answer)[ADA]

        assert expected == [found.status, found.code, found.detail]


def test_a_call_of_ones_own_counts_its_recipients():
    """Whoever makes a request has no number of mails in it."""
    own = HttpRequest(method="POST", url="https://api.sparkpost.com/", recipients=(ADA, BOB))

    found = PROVIDER.parse(own, answered(counted(2, 0)))

    assert {SendStatus.QUEUED} == {each.status for each in found.values()}


@pytest.mark.parametrize(
    "document",
    [
        {"errors": ["No"]},
        {"errors": [{"message": "No", "code": "x"}]},
        {"errors": [{"message": "No"}]},
    ],
)
def test_errors_without_a_code(document):
    """Have none, and the status decides."""
    for status_code, kind in ((400, MessageRejected), (300, UnexpectedResponse)):
        found = error(document, status_code)

        assert (kind, "") == (type(found), found.code)


def test_no_status_beyond_200_is_a_success():
    """Whatever is counted in the answer."""
    assert isinstance(error(counted(2, 0), 300), UnexpectedResponse)
