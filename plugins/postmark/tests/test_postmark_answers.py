"""What became of each recipient: every form in which Postmark says it."""

from __future__ import annotations

import json

from collections import Counter

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    HttpResponse,
    Message,
    MessageRejected,
    ProviderUnavailable,
    RecipientsRefused,
    SendError,
    SendStatus,
    UnexpectedResponse,
)
from mailcore.mailer import Mailer
from mailcore.testing.script import Script
from mailcore_postmark import PostmarkProvider


PROVIDER = PostmarkProvider(server_token="token")
MAIL = {
    "from_email": "shop@example.com",
    "to": ["Ada@Example.net", "bob@example.net"],
    "cc": ["Jim.Bob@example.net"],
    "bcc": ["boss@Bücher.example"],
    "text": "Hello",
}
ADA, BOB, JIM, BOSS = "Ada@Example.net", "bob@example.net", "Jim.Bob@example.net", MAIL["bcc"][0]

OK = {
    "To": "Ada@Example.net, bob@example.net",
    "SubmittedAt": "2026-11-21T07:25:01.4178645-05:00",
    "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d",
    "ErrorCode": 0,
    "Message": "OK",
}
TAIL = (
    "Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual "
    "suppression."
)


def answer(document, status_code=200, **headers) -> HttpResponse:
    """An answer with a document, or with these bytes."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return HttpResponse(status_code=status_code, headers=headers, body=body)


def send(response, **fields):
    """A mailer's result for one answer."""
    message = Message(**{**MAIL, **fields})
    return Mailer(PROVIDER, transport=Script([response])).send(message)


def statuses(result):
    """The statuses as words."""
    return {address: str(status.status) for address, status in result.recipients.items()}


Q, R, I, F, U = "queued", "rejected", "invalid", "failed", "unknown"  # noqa: E741

# Forms of the text: postmark.js test/unit/ErrorHandler.test.ts, postmark-gem
# spec/unit/postmark/error_spec.rb, django-anymail tests/test_postmark_backend.py and issue 392,
# https://postmarkapp.com/developer/api/email-api for batches (as of 2026-11-21).
PARTIAL = "Message OK, but will not deliver to these inactive addresses: "
OLD = "You tried to send to a recipient that has been marked as inactive.\nFound inactive addresses"
NEW = (
    "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses"
)

ANSWERS = {
    # name: (status, ErrorCode, Message, statuses of Ada, Bob, Jim and the boss)
    "accepted": (200, 0, "OK", (Q, Q, Q, Q)),
    "accepted by the test token": (200, 0, "Test job accepted", (Q, Q, Q, Q)),
    "accepted with 202": (202, 0, "OK", (Q, Q, Q, Q)),
    "delayed": (200, None, "Message accepted, but delivery may be delayed.", (Q, Q, Q, Q)),
    "no words": (200, 0, None, (Q, Q, Q, Q)),
    "words of another type": (200, 0, ["OK"], (Q, Q, Q, Q)),
    "one is inactive": (200, 0, PARTIAL + "ada@example.net", (R, Q, Q, Q)),
    "one is inactive, full stop": (200, 0, PARTIAL + "ada@example.net.", (R, Q, Q, Q)),
    "a part of another address": (200, 0, PARTIAL + "bob@example.net.", (Q, R, Q, Q)),
    "an address with a part of another": (200, 0, PARTIAL + "jim.bob@example.net", (Q, Q, R, Q)),
    "two are inactive": (200, 0, PARTIAL + "ada@example.net, bob@example.net", (R, R, Q, Q)),
    "without spaces": (200, 0, PARTIAL + "ada@example.net,bob@example.net", (R, R, Q, Q)),
    "with the old explanation": (
        200,
        0,
        f"{PARTIAL}ada@example.net, jim.bob@example.net. {TAIL}",
        (R, Q, R, Q),
    ),
    "in punycode": (200, 0, PARTIAL + "boss@xn--bcher-kva.example.", (Q, Q, Q, R)),
    "in Unicode": (200, 0, PARTIAL + "boss@bücher.example.", (Q, Q, Q, R)),
    "a longer domain": (200, 0, PARTIAL + "bob@example.net.au", (Q, Q, Q, Q)),
    "somebody else is inactive": (200, 0, PARTIAL + "eve@example.net", (Q, Q, Q, Q)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_accepted_mail_has_a_status_for_each(name):
    """In the spelling of the message, with the id; those that Postmark names are rejected."""
    status_code, code, words, expected = ANSWERS[name]
    document = {**OK, "ErrorCode": code, "Message": words}
    document = {key: value for key, value in document.items() if value is not None}

    result = send(answer(document, status_code))

    assert dict(zip((ADA, BOB, JIM, BOSS), expected, strict=True)) == statuses(result)
    for status in result.recipients.values():
        accepted = status.status is SendStatus.QUEUED
        assert (OK["MessageID"] if accepted else None) == status.message_id
        assert ("" if accepted else "406") == status.code
        assert ("" if accepted else words) == status.detail
        assert not status.retryable


ALL = "ada@example.net, bob@example.net, jim.bob@example.net"
REFUSALS = {
    "all are inactive": (
        406,
        f"{NEW}: {ALL}, boss@xn--bcher-kva.example. {TAIL}",
        (R, R, R, R),
    ),
    "all are inactive, the old words": (
        406,
        f"{OLD}: {ALL}, boss@bücher.example.\n{TAIL} ",
        (R, R, R, R),
    ),
    "some are inactive": (406, f"{NEW}: bob@example.net. {TAIL}", (U, R, U, U)),
    "only the list": (406, "ada@example.net", (R, U, U, U)),
    "an invalid To": (300, "Invalid 'To' address: 'ada@example.net'.", (I, F, F, F)),
    "an illegal domain": (
        300,
        "Error parsing 'Cc': Illegal email domain 'net' in address 'jim.bob@example.net'.",
        (F, F, I, F),
    ),
    "an illegal address": (
        300,
        "Error parsing 'Bcc': Illegal email address 'Boss <boss@xn--bcher-kva.example>'.",
        (F, F, F, I),
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refused_recipients_are_told_apart(name):
    """Who was refused, who could be sent to without them, and of whom nobody knows."""
    code, words, expected = REFUSALS[name]
    response = answer({"ErrorCode": code, "Message": words}, 422)

    if U in expected:
        result = send(response)
    else:
        with pytest.raises(RecipientsRefused) as caught:
            send(response)
        result = caught.value.result
        assert not caught.value.retryable

    assert dict(zip((ADA, BOB, JIM, BOSS), expected, strict=True)) == statuses(result)
    for status in result.recipients.values():
        assert (str(code), words) == (status.code, status.detail)
        assert (status.status is SendStatus.UNKNOWN) is status.maybe_accepted
        assert (status.status is SendStatus.FAILED) is status.retryable


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        (406, f"{NEW}: someone@else.example. {TAIL}", R),
        (406, "words that nobody has seen yet", R),
        (406, "", R),
        (300, "Invalid 'To' address: 'x'.", I),
        (300, "Error parsing 'To': Unclosed quoted string", I),
    ],
)
def test_of_one_recipient_the_words_do_not_matter(code, words, expected):
    """Whom else could it be about?"""
    with pytest.raises(RecipientsRefused) as caught:
        send(answer({"ErrorCode": code, "Message": words}, 422), to=[ADA], cc=[], bcc=[])

    assert {ADA: expected} == statuses(caught.value.result)


@pytest.mark.parametrize(
    ("code", "words", "category"),
    [
        (406, "words that nobody has seen yet", "inactive_recipient"),
        (406, f"{NEW}: someone@else.example. {TAIL}", "inactive_recipient"),
        (300, "Invalid 'To' address: 'x'.", "invalid_request"),
        (300, "Zero recipients specified", "invalid_request"),
        (300, "Invalid 'From' address: 'ada@example.net'.", "sender_not_verified"),
        (
            300,
            "Error parsing 'Reply-To': Illegal email domain '+' in address 'x@+'.",
            "invalid_request",
        ),
        (300, "Invalid metadata content. Field names are limited to 20…", "invalid_request"),
    ],
)
def test_what_is_not_about_a_recipient_is_an_error(code, words, category):
    """Of the whole message; no full address is repeated."""
    with pytest.raises(MessageRejected) as caught:
        send(answer({"ErrorCode": code, "Message": words}, 422))

    assert (str(code), category) == (caught.value.code, caught.value.category)
    assert not caught.value.maybe_accepted
    assert "ada@example.net" not in str(caught.value)
    assert "someone@else" not in str(caught.value)


NOT_UNDERSTOOD = {
    "an empty object": {},
    "null": None,
    "a text": "OK",
    "a number": 0,
    "a boolean": True,
    "a list": [OK],
    "an empty list": [],
    "no id": {**OK, "MessageID": None},
    "an empty id": {**OK, "MessageID": ""},
    "an id of another type": {**OK, "MessageID": 7},
    "no id and no code": {"Message": "OK"},
    "a code that is a text": {**OK, "ErrorCode": "0"},
    "a code that is a boolean": {**OK, "ErrorCode": False},
    "a code that is null": {**OK, "ErrorCode": None},
    "a code that is a fraction": {**OK, "ErrorCode": 300.5},
    "truncated": b'{"ErrorCode": 0, "Message": "OK", "Mess',
    "html": b"<html><body>Log in</body></html>",
    "nothing": b"",
    "not UTF-8": b"\xff\xfe\x00",
    "nested deeply": b"[" * 100_000,
    "digits without end": b'{"ErrorCode": ' + b"1" * 5000 + b"}",
}


@pytest.mark.parametrize("batch", [{}, {"merge_data": {}}], ids=["one", "batch"])
@pytest.mark.parametrize("document", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_a_success_that_is_not_understood_may_have_been_one(document, batch):
    """Nobody knows, and no retry sends it twice."""
    with pytest.raises(UnexpectedResponse) as caught:
        send(answer(document), **batch)

    assert caught.value.maybe_accepted
    assert not caught.value.retryable


@pytest.mark.parametrize("batch", [{}, {"merge_data": {}}], ids=["one", "batch"])
@pytest.mark.parametrize("status_code", [200, 422])
def test_an_error_with_200_is_an_error(status_code, batch):
    """The code decides, not the status."""
    document = {"ErrorCode": 412, "Message": "While your account is pending approval, ..."}

    with pytest.raises(MessageRejected, match="account") as caught:
        send(answer(document, status_code), **batch)

    assert ("412", False) == (caught.value.code, caught.value.maybe_accepted)


def test_an_answer_without_success_accepts_nobody():
    """Even if its body looks like one."""
    for status_code, error in ((503, ProviderUnavailable), (422, MessageRejected)):
        with pytest.raises(error):
            send(answer(OK, status_code))


BATCH = {"to": [ADA, BOB, BOSS], "cc": [], "bcc": [], "merge_data": {}}


def items(*results):
    """An answer to a batch, from ids and errors."""
    return [
        {**OK, "MessageID": item}
        if isinstance(item, str)
        else {"ErrorCode": item[0], "Message": item[1]}
        for item in results
    ]


def test_each_mail_of_a_batch_has_its_own_result():
    """By position; Postmark does not name the recipient of an error."""
    document = items(
        "m1",
        (406, f"{NEW}: bob@example.net. {TAIL} "),
        (300, "Invalid 'To' address: 'boss@xn--bcher-kva.example'."),
    )

    result = send(answer(document), **BATCH)

    assert {ADA: Q, BOB: R, BOSS: I} == statuses(result)
    assert ["m1", None, None] == [status.message_id for status in result.recipients.values()]
    assert ["", "406", "300"] == [status.code for status in result.recipients.values()]


def test_items_that_fail_do_not_take_the_others_along():
    """A template that is missing, a service that pauses, an item that nobody understands."""
    document = items("m1", (1101, "not found"))
    for third, status, retryable in (
        ({"ErrorCode": 100, "Message": "maintenance"}, F, True),
        (None, U, False),
        ({"ErrorCode": 0, "Message": "OK"}, U, False),
        ([], U, False),
    ):
        result = send(answer([*document, third]), **BATCH)

        assert {ADA: Q, BOB: F, BOSS: status} == statuses(result)
        last = result.recipients[BOSS]
        assert (retryable, status == U) == (last.retryable, last.maybe_accepted)
        assert "1101" == result.recipients[BOB].code


def test_one_error_of_all_is_an_error_of_the_send():
    """With its class: the account is the same for all of them."""
    with pytest.raises(SendError) as caught:
        send(answer(items(*[(413, "This account is not approved to send email.")] * 3)), **BATCH)

    assert ("413", "account_not_approved") == (caught.value.code, caught.value.category)


def test_different_errors_are_told_for_each():
    """Nobody was accepted, for several reasons."""
    with pytest.raises(RecipientsRefused) as caught:
        send(answer(items((300, "Zero recipients"), (411, "type"), (411, "type"))), **BATCH)

    found = caught.value.result.recipients.values()
    assert ["300", "411", "411"] == [each.code for each in found]
    assert ["Zero recipients", "type", "type"] == [each.detail for each in found]


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_list_of_another_length_is_not_understood(count):
    """Whose results they are, nobody can tell."""
    document = items(*[f"m{n}" for n in range(count)])

    with pytest.raises(UnexpectedResponse) as caught:
        send(answer(document), **BATCH)

    assert caught.value.maybe_accepted
    assert 200 == caught.value.status_code
    assert "has not one result for each message" in str(caught.value)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (("m1", "m2"), (Q, Q, Q, Q, "m1")),
        (((300, "no body"), "m2"), (F, Q, Q, Q, "m2")),
        (({**OK, "MessageID": "m1", "Message": f"{PARTIAL}jim.bob@example.net."}, "m2"), None),
        (((406, f"{NEW}: ada@example.net. {TAIL}"), "m2"), (R, Q, Q, Q, "m2")),
    ],
)
def test_copies_have_the_status_of_the_first_mail_that_was_accepted(results, expected):
    """They get a copy of each."""
    document = [item if isinstance(item, dict) else items(item)[0] for item in results]

    result = send(answer(document), merge_data={})

    if expected is not None:
        *of_each, message_id = expected
        assert dict(zip((ADA, BOB, JIM, BOSS), of_each, strict=True)) == statuses(result)
        assert message_id == result.recipients[JIM].message_id
    else:
        assert {ADA: Q, BOB: Q, JIM: Q, BOSS: Q} == statuses(result)
        assert ("m2", "m1") == (
            result.recipients[JIM].message_id,
            result.recipients[BOSS].message_id,
        )


def told(sending):
    """The result, of a send that was refused too."""
    try:
        return sending()
    except RecipientsRefused as error:
        return error.result


INVALID_ADA = {"ErrorCode": 300, "Message": "Invalid 'To' address: 'ada@example.net'."}
INACTIVE_BOB = {"ErrorCode": 406, "Message": f"{NEW}: bob@example.net. {TAIL}"}


@pytest.mark.parametrize(
    "document", [[INVALID_ADA, INACTIVE_BOB], [{"ErrorCode": 300}, {"ErrorCode": 0}]]
)
def test_copies_that_may_be_on_their_way_are_not_sent_again(document):
    """One mail was not sent, and of the other nobody knows: neither does who has a copy of both."""
    result = told(lambda: send(answer(document), merge_data={}))

    for address in (JIM, BOSS):
        status = result.recipients[address]
        assert (SendStatus.UNKNOWN, True, False) == (
            status.status,
            status.maybe_accepted,
            status.retryable,
        )


MANY = [f"user{n}@example.net" for n in range(501)]


def send_two_calls(first, second):
    """The result of a batch with more mails than go into a call, and with a copy."""
    message = Message(**{**MAIL, "to": MANY, "cc": [JIM], "bcc": [], "merge_data": {}})
    return Mailer(PROVIDER, transport=Script([first, second])).send(message)


def invalid_mails(count):
    """Items that refuse as many mails, for their addresses."""
    words = "Invalid 'To' address: '{}'."
    return [{"ErrorCode": 300, "Message": words.format(address)} for address in MANY[:count]]


def test_copies_of_a_later_call_count():
    """Who has one of those is accepted, whatever became of the first call's."""
    result = send_two_calls(answer(invalid_mails(500)), answer([{**OK, "MessageID": "m"}]))

    status = result.recipients[JIM]
    assert (SendStatus.QUEUED, "m") == (status.status, status.message_id)
    assert {Q: 2, I: 500} == Counter(statuses(result).values())


@pytest.mark.parametrize(
    "second",
    [
        answer([{"ErrorCode": 406, "Message": f"{NEW}: {MANY[500]}. {TAIL}"}]),
        answer(b"<html>", 500),
    ],
    ids=["nobody says", "nobody knows"],
)
def test_copies_of_a_call_that_failed_are_not_sent_again(second):
    """A later call may have sent some."""
    result = told(lambda: send_two_calls(answer(invalid_mails(500)), second))

    status = result.recipients[JIM]
    assert (SendStatus.UNKNOWN, True, False) == (
        status.status,
        status.maybe_accepted,
        status.retryable,
    )


@pytest.mark.parametrize(
    "second", [answer(invalid_mails(1)), answer(b"<html>", 500)], ids=["refused", "nobody knows"]
)
def test_copies_of_the_first_call_stay_accepted(second):
    """A later call that fails does not take them away."""
    accepted = [{**OK, "MessageID": f"m{n}"} for n in range(500)]

    result = send_two_calls(answer(accepted), second)

    assert (SendStatus.QUEUED, "m0") == (
        result.recipients[JIM].status,
        result.recipients[JIM].message_id,
    )


WORDS = st.text(max_size=60) | st.sampled_from([NEW, PARTIAL, OLD, f"{PARTIAL}{ADA.lower()}"])
ITEM = st.fixed_dictionaries(
    {},
    optional={
        "ErrorCode": st.integers() | st.none() | st.text(max_size=3) | st.sampled_from([300, 406]),
        "Message": WORDS | st.none() | st.lists(st.text(max_size=3), max_size=2),
        "MessageID": st.text(max_size=5) | st.none() | st.integers(),
    },
)


@given(
    st.one_of(ITEM, st.lists(ITEM | st.none(), max_size=4), st.text(), st.binary(max_size=40)),
    st.sampled_from([200, 202, 401, 422, 429, 500, 503]),
    st.booleans(),
)
def test_whatever_it_says_is_a_result_or_a_send_error(document, status_code, batch):
    """And whoever is told to be accepted has an id."""
    fields = {"merge_data": {}, "cc": [], "bcc": []} if batch else {}
    try:
        outcome = send(answer(document, status_code), **fields)
    except SendError as error:
        outcome = error

    if isinstance(outcome, SendError):
        assert not (outcome.retryable and outcome.maybe_accepted)
    else:
        assert 200 <= status_code < 300 or not outcome.accepted
        assert all(outcome.recipients[address].message_id for address in outcome.accepted)


@pytest.mark.parametrize("status_code", [300, 304])
def test_a_redirect_is_no_success(status_code):
    """Whatever it says: the mail is not taken for accepted."""
    with pytest.raises(UnexpectedResponse) as caught:
        send(answer(OK, status_code))

    assert status_code == caught.value.status_code


@pytest.mark.parametrize("code", ["0", None, True, 1.5])
def test_a_code_that_is_no_number_keeps_the_answer(code):
    """It is there for whoever looks into it."""
    response = answer({**OK, "ErrorCode": code})

    with pytest.raises(UnexpectedResponse, match="has an ErrorCode that is no number") as caught:
        send(response)

    assert (200, response) == (caught.value.status_code, caught.value.raw)


def test_words_that_are_no_text_are_none():
    """The code alone tells, and nothing is quoted."""
    with pytest.raises(SendError) as caught:
        send(answer({"ErrorCode": 405, "Message": 5}, 422))

    assert "405" == caught.value.code
    assert "XX" not in str(caught.value)


def test_a_batch_that_is_answered_with_no_list():
    """The answer is kept for whoever looks into it."""
    response = answer({"a": 1})

    with pytest.raises(UnexpectedResponse, match="is no list of results") as caught:
        send(response, **BATCH)

    assert (200, response) == (caught.value.status_code, caught.value.raw)


def test_the_first_of_errors_that_mean_the_same_is_raised():
    """With its words."""
    with pytest.raises(SendError, match="first"):
        send(answer(items((413, "first"), (413, "second"), (413, "third"))), **BATCH)


def test_an_item_that_cannot_be_read_says_so():
    """What is wrong with it is the detail of its recipient."""
    result = send(answer([*items("m1", "m2"), None]), **BATCH)

    assert "is no result" in result.recipients[BOSS].detail
