"""What becomes of each recipient, by what Mailjet answers."""

from __future__ import annotations

import json

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore import HttpRequest, HttpResponse, Message, RecipientStatus, SendError, SendStatus
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    RateLimited,
    UnexpectedResponse,
)
from mailcore_mailjet import MailjetProvider


PROVIDER = MailjetProvider(api_key="public-key", secret_key="private-key")
PLAIN = Message(
    from_email="shop@example.com",
    to=["Ada@Example.net", "bob@example.net"],
    cc=["cy@example.net"],
    bcc=["dan@example.net"],
    text="Hello",
)
BATCH = PLAIN.replace(merge_data={})
ADA, BOB, CY, DAN = PLAIN.recipients
ID = 1152921504606846977


def answered(status_code, body, content_type="application/json", **headers):
    """An answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": content_type, **headers}
    return HttpResponse(status_code=status_code, headers=given, body=content)


def parsed(message, status_code, body, **more):
    """The statuses of a message's one request."""
    (request,) = PROVIDER.build(message)
    return PROVIDER.parse(request, answered(status_code, body, **more))


def error(code="mj-0004", words="Type mismatch.", related=(), status=400, **more):
    """One error."""
    return {
        "ErrorIdentifier": "f987008f-251a-4dff-8ffc-40f1583ad7bc",
        "ErrorCode": code,
        "StatusCode": status,
        "ErrorMessage": words,
        "ErrorRelatedTo": list(related),
        **more,
    }


def refused(*errors):
    """A result that is an error."""
    return {"Status": "error", "Errors": list(errors)}


def accepted(first=ID, **lists):
    """A result that is a success; each recipient has an id."""
    found, number = {"Status": "success", "CustomID": ""}, first
    for name, emails in lists.items():
        found[name] = []
        for email in emails:
            found[name].append({"Email": email, "MessageUUID": "u", "MessageID": number})
            number += 1
    return found


def all_of(first=ID):
    """The result of PLAIN; the service spells addresses in its own way."""
    return accepted(first, To=["ada@example.net", "bob@example.net"], Cc=[CY], Bcc=[DAN])


def test_everybody_has_an_id():
    """Numbers beyond 2^53 are what they were, whatever the case of the address."""
    statuses = parsed(PLAIN, 200, {"Messages": [all_of()]})

    assert [ADA, BOB, CY, DAN] == list(statuses)
    assert {SendStatus.QUEUED} == {status.status for status in statuses.values()}
    assert [str(ID + at) for at in range(4)] == [each.message_id for each in statuses.values()]


@pytest.mark.parametrize("given_id", [0, "", "0", None, 1.5, True, [7], {}])
def test_accepted_without_an_id(given_id):
    """The sandbox has none; the message is accepted all the same."""
    result = all_of()
    result["To"][0]["MessageID"] = given_id

    status = parsed(PLAIN, 200, {"Messages": [result]})[ADA]

    assert (SendStatus.QUEUED, None) == (status.status, status.message_id)


@pytest.mark.parametrize("listed", [None, [], "x", [5], [{"Email": 5}], [{"Email": "eve@x.org"}]])
def test_whom_a_success_does_not_name(listed):
    """Nobody knows about them: they may have the mail."""
    result = {**all_of(), "To": listed}

    statuses = parsed(PLAIN, 200, {"Messages": [result]})

    assert (SendStatus.UNKNOWN, True) == (statuses[ADA].status, statuses[ADA].maybe_accepted)
    assert [SendStatus.UNKNOWN, SendStatus.QUEUED] == [statuses[n].status for n in (BOB, CY)]


@pytest.mark.parametrize("status_code", [200, 400, 403])
def test_some_mails_of_a_batch_are_refused(status_code):
    """The others are sent, whatever the status of the call."""
    mails = [
        refused(error("mj-0006", "Too long.", ["Subject"])),
        accepted(To=["bob@example.net"], Cc=[CY], Bcc=[DAN]),
    ]

    statuses = parsed(BATCH, status_code, {"Messages": mails})

    assert (SendStatus.FAILED, "mj-0006") == (statuses[ADA].status, statuses[ADA].code)
    assert "Too long. (Subject)" in statuses[ADA].detail
    assert [str(ID), str(ID + 1), str(ID + 2)] == [statuses[n].message_id for n in (BOB, CY, DAN)]


def test_all_mails_of_a_batch_are_refused_alike():
    """That is an error of the message, and of different kinds it is one of each recipient."""
    with pytest.raises(MessageRejected, match="mj-0006"):
        parsed(BATCH, 400, {"Messages": [refused(error("mj-0006"))] * 2})

    statuses = parsed(
        BATCH, 400, {"Messages": [refused(error("mj-0006")), refused(error("send-0010"))]}
    )

    assert ["mj-0006", "send-0010"] == [statuses[each].code for each in (ADA, BOB)]
    assert {SendStatus.FAILED} == {status.status for status in statuses.values()}


@pytest.mark.parametrize("status_code", [200, 400])
@pytest.mark.parametrize(
    ("related", "who"),
    [
        (["To[1].Email"], BOB),
        (["To[1]"], BOB),
        (["Messages[0].Cc[0].Email"], CY),
        (["Bcc[0].Email"], DAN),
    ],
)
def test_an_address_that_is_refused(status_code, related, who):
    """That one is invalid, and the others can be sent to without it."""
    statuses = parsed(
        PLAIN, status_code, {"Messages": [refused(error("mj-0013", "Invalid.", related))]}
    )

    assert {who} == {n for n, each in statuses.items() if each.status is SendStatus.INVALID}
    others = [status for name, status in statuses.items() if name != who]
    assert {(SendStatus.FAILED, True)} == {(each.status, each.retryable) for each in others}


@pytest.mark.parametrize(
    "errors",
    [
        [error("mj-0013", related=["From.Email"])],
        [error("mj-0013", related=["ReplyTo[0]"])],
        [error("mj-0013", related=["To[7].Email"])],
        [error("mj-0013", related=[])],
        [error("mj-0013", related=["To[0].Email", "From.Email"])],
        [error("mj-0013", related=["To[0].Email"]), error("send-0010")],
        [error("mj-0003", related=["To[0].Email"])],
    ],
)
def test_other_errors_are_those_of_the_message(errors):
    """An address that cannot be told, or something else that is wrong, fails the message."""
    with pytest.raises(MessageRejected):
        parsed(PLAIN, 400, {"Messages": [refused(*errors)]})


def test_several_errors_are_all_told():
    """Of different kinds they have a category of their own; of one kind, theirs."""
    with pytest.raises(
        MessageRejected, match=r"mj-0006: Long\. \(Subject\); send-0010: None"
    ) as one:
        parsed(
            PLAIN,
            400,
            {
                "Messages": [
                    refused(error("mj-0006", "Long.", ["Subject"]), error("send-0010", "None."))
                ]
            },
        )
    with pytest.raises(MessageRejected) as other:
        parsed(PLAIN, 400, {"Messages": [refused(error("mj-0006"), error("mj-0006"))]})

    assert ("multiple_errors", "mj-0006") == (one.value.category, one.value.code)
    assert "too_long" == other.value.category


ANSWERS = {
    "keys": (401, error("mj-0015", status=401), AuthenticationFailed, "authentication", False),
    "suspended": (
        401,
        error("mj-0001", status=401),
        AuthenticationFailed,
        "account_suspended",
        False,
    ),
    "keys, without a code": (
        401,
        {"ErrorMessage": "no", "StatusCode": 401},
        AuthenticationFailed,
        "authentication",
        False,
    ),
    "a flat error": (400, error("mj-0002"), MessageRejected, "invalid_json", False),
    "Globals": (
        400,
        {"Globals": refused(error("mj-0012", related=["Attachments[0].Filename"]))},
        MessageRejected,
        "invalid_request",
        False,
    ),
    "the sender, 403": (
        403,
        {"Messages": [refused(error("send-0008", status=403))]},
        MessageRejected,
        "sender_not_verified",
        False,
    ),
    "an error without any": (
        400,
        {"Messages": [refused()]},
        MessageRejected,
        "message_rejected",
        False,
    ),
    "an error within a success": (
        200,
        {"Messages": [refused()]},
        MessageRejected,
        "message_rejected",
        False,
    ),
    "an unknown code": (
        400,
        {"Messages": [refused(error("mj-9999"))]},
        MessageRejected,
        "message_rejected",
        False,
    ),
    "an unknown code of the server": (
        400,
        {"Messages": [refused(error("x", status=500))]},
        ProviderUnavailable,
        "provider_unavailable",
        True,
    ),
    "errors of no type": (
        400,
        {"Messages": [{"Status": "error", "Errors": [5, None, {"ErrorCode": []}]}]},
        MessageRejected,
        "message_rejected",
        False,
    ),
    "an unknown Status": (
        200,
        {"Messages": [{"Status": "queued"}]},
        UnexpectedResponse,
        "unexpected_response",
        True,
    ),
    "an unknown Status, 400": (
        400,
        {"Messages": [{"Status": 5}]},
        UnexpectedResponse,
        "unexpected_response",
        True,
    ),
    "a result of no type": (
        200,
        {"Messages": [None]},
        UnexpectedResponse,
        "unexpected_response",
        True,
    ),
    "no results": (200, {"Messages": []}, UnexpectedResponse, "unexpected_response", True),
    "too many results": (
        200,
        {"Messages": [all_of(), all_of()]},
        UnexpectedResponse,
        "unexpected_response",
        True,
    ),
    "too many results, 400": (
        400,
        {"Messages": [all_of(), refused()]},
        UnexpectedResponse,
        "unexpected_response",
        True,
    ),
    "too many refusals, 400": (
        400,
        {"Messages": [refused(), refused()]},
        UnexpectedResponse,
        "unexpected_response",
        False,
    ),
    "results of no type": (200, {"Messages": "x"}, UnexpectedResponse, "unexpected_response", True),
    "an array": (200, [all_of()], UnexpectedResponse, "unexpected_response", True),
    "a number": (200, 5, UnexpectedResponse, "unexpected_response", True),
    "truncated": (200, b'{"Messages": [{"Sta', UnexpectedResponse, "unexpected_response", True),
    "truncated, 400": (400, b'{"Messages": [{"Sta', MessageRejected, "message_rejected", False),
    "nothing": (200, b"", UnexpectedResponse, "unexpected_response", True),
    "nothing, 500": (500, b"", ProviderUnavailable, "provider_unavailable", True),
    "an error, 500": (
        500,
        error("", status=500),
        ProviderUnavailable,
        "provider_unavailable",
        True,
    ),
    "results, 500": (
        500,
        {"Messages": [all_of()]},
        ProviderUnavailable,
        "provider_unavailable",
        True,
    ),
    "too deep": (200, b"[" * 100_000, UnexpectedResponse, "unexpected_response", True),
    "a redirect": (301, b"", UnexpectedResponse, "redirected", False),
    "see other": (303, b"", UnexpectedResponse, "redirected", True),
    "HTML, 200": (200, b"<html>Login</html>", UnexpectedResponse, "unexpected_response", True),
    "HTML, 401": (401, b"<html>No</html>", AuthenticationFailed, "authentication", False),
    "HTML, 404": (404, b"<html>No</html>", UnexpectedResponse, "not_found", False),
    "HTML, 413": (413, b"<html>No</html>", MessageRejected, "too_large", False),
    "HTML, 429": (429, b"<html>No</html>", RateLimited, "rate_limited", False),
    "HTML, 502": (502, b"<html>No</html>", ProviderUnavailable, "gateway", True),
    "HTML, 503": (503, b"<html>No</html>", ProviderUnavailable, "provider_unavailable", False),
}


@pytest.mark.parametrize(
    ("status_code", "body", "kind", "category", "maybe"), ANSWERS.values(), ids=ANSWERS
)
def test_answers_that_are_errors(status_code, body, kind, category, maybe):
    """Each form is the typed error that says whether the message may be on its way."""
    with pytest.raises(SendError) as caught:
        parsed(PLAIN, status_code, body)

    found = caught.value
    assert (kind, category, maybe) == (type(found), found.category, found.maybe_accepted)
    assert status_code == found.status_code


def test_an_address_that_is_refused_in_a_batch():
    """Copies stand in lists of their own in every mail."""
    result = refused(error("mj-0013", "Invalid.", ["Bcc[0].Email"]))

    statuses = parsed(BATCH, 400, {"Messages": [result, result]})

    assert {DAN} == {n for n, each in statuses.items() if each.status is SendStatus.INVALID}


def test_an_error_that_leaves_the_outcome_open_decides():
    """Wherever it stands among several; a status that is none says nothing."""
    both = [error("mj-0006"), error("new", status=500)]
    with pytest.raises(ProviderUnavailable) as unclear:
        parsed(PLAIN, 400, {"Messages": [refused(*both)]})
    with pytest.raises(MessageRejected):
        parsed(PLAIN, 400, error("new", status=0))

    assert unclear.value.maybe_accepted


def test_codes_of_more_than_a_line_are_none():
    """They stand in logs and in statuses."""
    with pytest.raises(MessageRejected) as caught:
        parsed(PLAIN, 400, error("mj\n0006"))

    assert "" == caught.value.code


def test_batches_are_never_put_together():
    """Not even such as say the same: who a result is for is told by its place."""
    requests = [request for _ in range(2) for request in PROVIDER.build(BATCH)]

    assert [(0,), (1,)] == [call.positions for call in PROVIDER.combine(requests)]


def test_addresses_in_errors_are_redacted():
    """What Mailjet says may repeat an address."""
    with pytest.raises(MessageRejected) as caught:
        parsed(PLAIN, 400, error("mj-0003", "ada@example.net is wrong"))

    assert "a***@example.net is wrong" in str(caught.value)


def test_when_to_try_again():
    """Mailjet documents no Retry-After; one that is there is read."""
    with pytest.raises(RateLimited) as caught:
        parsed(PLAIN, 429, {}, **{"retry-after": "7"})

    assert (7.0, True) == (caught.value.retry_after_seconds, caught.value.retryable)


def test_several_messages_of_a_call_have_answers_of_their_own():
    """One that is refused does not change the others'; an error of the call is everybody's."""
    messages = [PLAIN, PLAIN.replace(text="Other"), PLAIN.replace(text="Third")]
    requests = [request for message in messages for request in PROVIDER.build(message)]
    (combined,) = PROVIDER.combine(requests)
    results = [all_of(), refused(error("mj-0006")), {"Status": "later"}]

    parts = PROVIDER.split(requests, answered(400, {"Messages": results}))
    whole = PROVIDER.split(requests, answered(401, error("mj-0015")))
    short = PROVIDER.split(requests, answered(400, {"Messages": results[:1]}))

    assert 3 == len(json.loads(combined.request.body)["Messages"])
    assert str(ID) == PROVIDER.parse(requests[0], parts[0])[ADA].message_id
    with pytest.raises(MessageRejected, match="mj-0006"):
        PROVIDER.parse(requests[1], parts[1])
    with pytest.raises(UnexpectedResponse) as unclear:
        PROVIDER.parse(requests[2], parts[2])
    assert unclear.value.maybe_accepted
    for request, answer in zip(requests, whole, strict=True):
        with pytest.raises(AuthenticationFailed):
            PROVIDER.parse(request, answer)
    # It may be the result of any of them.
    assert str(ID) == PROVIDER.parse(requests[0], short[0])[ADA].message_id


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)
results = st.fixed_dictionaries(
    {},
    optional={
        "Status": st.sampled_from(["success", "error"]) | json_values,
        "To": json_values | st.lists(st.fixed_dictionaries({"Email": json_values})),
        "Errors": json_values | st.lists(st.fixed_dictionaries({"ErrorCode": json_values})),
    },
)


@given(
    st.sampled_from([200, 202, 301, 400, 403, 500]),
    json_values | st.fixed_dictionaries({"Messages": st.lists(results | json_values, max_size=3)}),
    st.sampled_from([PLAIN, BATCH]),
)
@settings(deadline=None)
def test_any_json_is_an_answer_or_an_error(status_code, document, message):
    """Nothing but a SendError is raised, and everybody has a status."""
    try:
        statuses = parsed(message, status_code, document)
    except SendError:
        return
    assert {ADA, BOB, CY, DAN} == statuses.keys()


def refusal(status_code, body, **more):
    """The exception for an answer to PLAIN."""
    with pytest.raises(SendError) as caught:
        parsed(PLAIN, status_code, body, **more)
    return caught.value


def test_a_refused_address_is_told_whole():
    """The code, what Mailjet says of it, and that the others are refused for its sake."""
    result = refused(error("mj-0013", "Invalid.", ["To[1].Email"]))

    statuses = parsed(PLAIN, 400, {"Messages": [result]})

    others = RecipientStatus(
        SendStatus.FAILED,
        code="mj-0013",
        detail="refused with another recipient's address",
        retryable=True,
    )
    invalid = RecipientStatus(SendStatus.INVALID, code="mj-0013", detail="Invalid. (To[1].Email)")
    assert {ADA: others, BOB: invalid, CY: others, DAN: others} == statuses


@pytest.mark.parametrize(("place", "who"), [("To[0].Email", [ADA, BOB]), ("Cc[0].Email", [CY])])
def test_places_in_a_batch(place, who):
    """Each mail has lists of its own."""
    refusing = refused(error("mj-0013", "Invalid.", [place]))

    statuses = parsed(BATCH, 400, {"Messages": [refusing, refusing]})

    assert who == [name for name, each in statuses.items() if each.status is SendStatus.INVALID]


def test_a_call_of_ones_own():
    """Whoever makes a request has its recipients in To; other places are nobody's."""
    request = HttpRequest(
        method="POST", url="https://api.mailjet.com/v3.1/send", recipients=(ADA, BOB)
    )

    def parse(place):
        result = refused(error("mj-0013", "Invalid.", [place]))
        return PROVIDER.parse(request, answered(400, {"Messages": [result]}))

    assert SendStatus.INVALID is parse("To[1].Email")[BOB].status
    for place in ("Cc[0].Email", "To[2].Email"):
        with pytest.raises(MessageRejected):
            parse(place)


@pytest.mark.parametrize(
    ("result", "status", "retryable", "maybe"),
    [
        (refused(error("new", status=429)), SendStatus.FAILED, True, False),
        (refused(error("mj-0006")), SendStatus.FAILED, False, False),
        ({"Status": "later"}, SendStatus.UNKNOWN, False, True),
    ],
)
def test_what_a_failed_mail_of_a_batch_says(result, status, retryable, maybe):
    """Whether to try again, and whether it may be on its way."""
    statuses = parsed(BATCH, 400, {"Messages": [result, accepted(To=[BOB], Cc=[CY], Bcc=[DAN])]})

    told = statuses[ADA]
    assert (status, retryable, maybe) == (told.status, told.retryable, told.maybe_accepted)


def test_an_id_may_be_a_text():
    """It is an id all the same; of whom there is none, the status says so."""
    result = {**all_of(), "Cc": []}
    result["To"][0]["MessageID"] = "7"

    statuses = parsed(PLAIN, 200, {"Messages": [result]})

    assert "7" == statuses[ADA].message_id
    assert "the answer does not name this recipient" == statuses[CY].detail


@pytest.mark.parametrize("name", ["ErrorCode", "ErrorIdentifier", "ErrorMessage"])
def test_one_field_makes_an_error(name):
    """Of the call, whatever else of it is missing."""
    assert isinstance(refusal(200, {name: "x"}), MessageRejected)


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ([error("mj-0006", "Long.")], "mj-0006: Long. (shorten the field"),
        ([error("mj-0006", 5)], "mj-0006: no message (shorten the field"),
        ([error("", "Long."), error("mj-0002", "Bad.")], "400: Long.; mj-0002: Bad."),
    ],
)
def test_words_of_errors(errors, words):
    """They stand in the text as Mailjet said them, and nothing is put in their place."""
    told = str(refusal(400, {"Messages": [refused(*errors)]}))

    assert told.startswith(words)


def test_the_length_of_a_code():
    """It stands in logs."""
    assert "x" * 40 == refusal(400, error("x" * 50)).code


@pytest.mark.parametrize(
    ("status_code", "body", "category", "words"),
    [
        (300, b"<html></html>", "unexpected_response", "300: an answer without Mailjet's errors"),
        (300, {}, "unexpected_response", "300: an answer without Mailjet's errors"),
        (400, error("new", status=300), "unexpected_response", "new: "),
        (429, {"Globals": {"Errors": [{"ErrorCode": "new"}]}}, "rate_limited", "new: "),
        (
            400,
            {"Messages": [{"Status": "error", "Errors": 5}]},
            "message_rejected",
            "400: an answer",
        ),
    ],
)
def test_statuses_at_the_edges(status_code, body, category, words):
    """From 300 on they are errors; one without a status has that of the answer."""
    found = refusal(status_code, body)

    assert category == found.category
    assert str(found).startswith(words)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("text/html; charset=utf-8", " (text/html)"),
        ("", ""),
        (f"text/{'x' * 60}", f" (text/{'x' * 55})"),
    ],
)
def test_the_kind_of_an_answer_is_told(kind, told):
    """As far as it is short, and without its parameters."""
    text = str(refusal(500, b"<html></html>", content_type=kind))

    assert f"an answer without Mailjet's errors{told}" in text
    assert text.count("(") == text.count("text/")


def test_an_answer_of_no_kind():
    """Has none in its text."""
    (request,) = PROVIDER.build(PLAIN)
    with pytest.raises(SendError) as caught:
        PROVIDER.parse(request, HttpResponse(status_code=500, headers={}, body=b""))

    assert "500: an answer without Mailjet's errors" == str(caught.value).partition(" (the ")[0]
