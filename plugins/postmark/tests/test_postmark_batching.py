"""Requests of different messages share a call, and get their answers back."""

from __future__ import annotations

import dataclasses
import json

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import HttpResponse, Message, SendError, SendStatus, UnexpectedResponse
from mailcore_postmark import PostmarkProvider, postmark_options
from mailcore_postmark.batching import MAX_BYTES, calls_for, combinable, combine, split


PROVIDER = PostmarkProvider(server_token="token-1")
URL = "https://api.postmarkapp.com/email"


def request(**fields):
    """The one request of a message."""
    base = {"from_email": "shop@example.com", "to": ["ada@example.net"], "text": "Hello"}
    (built,) = PROVIDER.build(Message(**{**base, **fields}))
    return built


def template(**fields):
    """The one request of a message from a template."""
    return request(**{"template_id": "7", "text": None, **fields})


def answer(document, status_code=200) -> HttpResponse:
    """An answer with a document, or with these bytes."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return HttpResponse(status_code=status_code, headers={"x": "1"}, body=body)


def ok(message_id: str) -> dict:
    """The result of a message that was accepted."""
    return {"ErrorCode": 0, "Message": "OK", "MessageID": message_id, "To": "x@example.net"}


def test_requests_are_joined():
    """Plain messages make an array, those from templates an object with it."""
    plain = [request(), request(to=["bob@example.net", "eve@example.net"])]
    templates = [template(), template(template_id="8")]

    combined, from_templates = combine(plain), combine(templates)

    assert (f"{URL}/batch", "POST") == (combined.url, combined.method)
    assert [json.loads(one.body) for one in plain] == json.loads(combined.body)
    assert plain[0].headers == combined.headers
    assert ("ada@example.net", "bob@example.net", "eve@example.net") == combined.recipients
    assert f"{URL}/batchWithTemplates" == from_templates.url
    assert {"Messages": [json.loads(one.body) for one in templates]} == json.loads(
        from_templates.body
    )


def test_what_can_share_a_call():
    """Messages of one kind, of one server; not those that are a batch themselves."""
    other_server = request(esp_extra=postmark_options(server_token="token-2"))

    assert combinable(request()) == combinable(request(to=["bob@example.net"]))
    assert combinable(request()).startswith(f"{URL}/batch#")
    assert combinable(template()).startswith(f"{URL}/batchWithTemplates#")
    assert combinable(request()) != combinable(other_server)
    assert combinable(request(merge_data={})) is None
    assert combinable(template(merge_data={})) is None
    assert combinable(dataclasses.replace(request(), method="GET")) is None
    assert combinable(dataclasses.replace(request(), url=f"{URL}/bulk")) is None
    assert "token-1" not in combinable(request())


def test_what_cannot_share_a_call_is_not_combined():
    """Nor is nothing."""
    for requests in ([], [request(), template()], [request(merge_data={})]):
        with pytest.raises(ValueError, match="cannot"):
            combine(requests)


def test_calls_are_as_few_as_can_be():
    """One for each kind of message, in the order of the first of each; alone what cannot share."""
    requests = [template(), request(), request(merge_data={}), template(), request(), request()]

    calls = calls_for(requests)

    assert [(0, 3), (1, 4, 5), (2,)] == [call.positions for call in calls]
    assert requests[2] is calls[2].request
    assert combine([requests[1], *requests[4:]]) == calls[1].request


def test_a_message_with_nobody_to_share_stays_as_it_is():
    """It goes to the endpoint for one."""
    alone = request()

    (call,) = calls_for([alone])

    assert alone is call.request


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (500, 100, [500]),
        (501, 100, [500, 1]),
        (1100, 100, [500, 500, 100]),
        (4, MAX_BYTES // 2 - 9, [2, 2]),
        (4, MAX_BYTES // 2 - 8, [1, 1, 1, 1]),
        (2, MAX_BYTES + 1, [1, 1]),
    ],
)
def test_calls_have_limits(count, size, expected):
    """500 messages, 50 MB; what is too large by itself goes alone, for Postmark to refuse."""
    body = b" " * size
    large = dataclasses.replace(request(), body=body)

    calls = calls_for([large] * count)

    assert expected == [len(call.positions) for call in calls]
    assert all(len(call.request.body) <= max(MAX_BYTES, size) for call in calls)


def test_the_longest_wait_counts():
    """A call takes as long as the most patient of its messages."""
    patient = dataclasses.replace(request(), timeout_seconds=90.0)

    assert 90.0 == combine([request(), patient]).timeout_seconds


def test_answers_are_split_by_position():
    """Each request gets its item, with the status that it would have had alone."""
    requests = [request(), request(to=["bob@example.net"]), request()]
    error = {"ErrorCode": 300, "Message": "Invalid 'From' address: 'x'."}
    delayed = {"Message": "Message accepted, but delivery may be delayed.", "MessageID": "m3"}

    answers = split(requests, answer([ok("m1"), error, delayed]))

    assert [200, 422, 200] == [one.status_code for one in answers]
    assert [ok("m1"), error, delayed] == [json.loads(one.body) for one in answers]
    assert [{"x": "1"}] * 3 == [one.headers for one in answers]
    status = PROVIDER.parse(requests[0], answers[0])["ada@example.net"]
    assert ("m1", SendStatus.QUEUED) == (status.message_id, status.status)
    with pytest.raises(SendError, match="300"):
        PROVIDER.parse(requests[1], answers[1])
    assert "m3" == PROVIDER.parse(requests[2], answers[2])["ada@example.net"].message_id


@pytest.mark.parametrize(
    "response",
    [
        answer({"ErrorCode": 10, "Message": "no token"}, 401),
        answer({"ErrorCode": 410, "Message": "too many"}, 422),
        answer({"ErrorCode": 410, "Message": "too many"}),
        answer(b"<html>", 503),
        answer([], 503),
    ],
    ids=["token", "too many", "an error with 200", "html", "a list that is no success"],
)
def test_an_answer_to_the_call_is_an_answer_to_each(response):
    """Whoever was in the call was refused with it."""
    requests = [request(), request()]

    answers = split(requests, response)

    assert [response] * 2 == answers
    for one, its_answer in zip(requests, answers, strict=True):
        with pytest.raises(SendError) as caught:
            PROVIDER.parse(one, its_answer)
        assert not caught.value.maybe_accepted


@pytest.mark.parametrize(
    "document",
    [
        [],
        [ok("m1")],
        [ok("m1")] * 3,
        [None, None],
        ["OK", 7],
        [{**ok("m1"), "ErrorCode": "300"}, {**ok("m2"), "ErrorCode": "0"}],
        [{**ok("m1"), "ErrorCode": True}, {**ok("m2"), "ErrorCode": [1]}],
        ok("m1"),
        {},
        None,
        "OK",
        7,
        True,
        b"[{",
        b"",
        b"\xff",
        b"[" * 100_000,
    ],
    ids=lambda each: repr(each)[:60],
)
def test_an_answer_that_is_not_understood_accepts_nobody(document):
    """Nor does it say that nobody was accepted."""
    requests = [request(), request()]

    for one, its_answer in zip(requests, split(requests, answer(document)), strict=True):
        with pytest.raises(UnexpectedResponse) as caught:
            PROVIDER.parse(one, its_answer)
        assert caught.value.maybe_accepted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ErrorCode", "Message", "MessageID", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=4), st.integers(1, 4), st.sampled_from([200, 422, 500]))
def test_every_request_gets_an_answer(items, count, status_code):
    """Whatever the service says: as many answers as requests, each parsed or a SendError."""
    requests = [request()] * count

    answers = split(requests, answer(items, status_code))

    assert count == len(answers)
    for one, its_answer in zip(requests, answers, strict=True):
        try:
            statuses = PROVIDER.parse(one, its_answer)
        except SendError:
            continue
        assert {"ada@example.net"} == statuses.keys()
