from __future__ import annotations

import dataclasses
import logging

import pytest

from mailcore import (
    AuthenticationFailed,
    ConfigurationError,
    InvalidMessage,
    Message,
    MessageRejected,
    NetworkError,
    Problem,
    RateLimited,
    RecipientsRefused,
    RecipientStatus,
    SendError,
    SendStatus,
    SendTimeout,
    UnexpectedResponse,
    UnsupportedFeature,
    hookimpl,
)
from mailcore.flow import progress_of_exchange
from mailcore.sending.delivery import checked


TO = ["a@x.org", "b@x.org", "c@x.org"]
LOST = {"retryable": False, "maybe_accepted": True}
OK = SendStatus.QUEUED
FAILED = SendStatus.FAILED
UNKNOWN = SendStatus.UNKNOWN
REJECTED = SendStatus.REJECTED
REFUSED = RecipientStatus(REJECTED)
QUEUED = RecipientStatus(OK)


def message(**changes):
    """A message to three."""
    return Message(**{"from_email": "f@x.org", "to": TO, "subject": "s", **changes})


def statuses(result):
    """The status of each recipient."""
    return [status.status for status in result.recipients.values()]


def test_several_requests_make_one_result(send, chunked, scripted, registry):
    """Each recipient has its status and id, in the order of the message, spelled as there."""
    transport = scripted("1", "2")
    to = ["Ada@x.org", "b@FASS.example", "c@x.org"]

    result = send(chunked(size=2), message(to=to), transport=transport, registry=registry)

    assert to == list(result.recipients)
    assert ["1", "1", "2"] == [status.message_id for status in result.recipients.values()]
    assert (("1", "2"), None, ("1", "2")) == (result.message_ids, result.message_id, result.raw)
    assert [("Ada@x.org", "b@FASS.example"), ("c@x.org",)] == [
        request.recipients for request in transport.requests
    ]
    assert "chunked" == result.provider


@pytest.mark.parametrize(
    ("outcomes", "expected", "attempted"),
    [
        pytest.param(["1", RateLimited("x")], [OK, FAILED, FAILED], 2, id="first ok, then limited"),
        pytest.param(
            ["1", MessageRejected("x"), "3"], [OK, FAILED, OK], 3, id="a rejection is one request's"
        ),
        pytest.param(
            [MessageRejected("x"), "2", "3"], [FAILED, OK, OK], 3, id="rejected first, then ok"
        ),
        pytest.param(
            ["1", NetworkError("x", **LOST)], [OK, UNKNOWN, FAILED], 2, id="maybe accepted"
        ),
        pytest.param(
            ["1", AuthenticationFailed("x")], [OK, FAILED, FAILED], 2, id="not our message"
        ),
        pytest.param(["1", KeyError("x")], [OK, UNKNOWN, FAILED], 2, id="a fault of the transport"),
        pytest.param(["1", ConfigurationError("x")], [OK, UNKNOWN, FAILED], 2, id="of the set-up"),
        pytest.param(
            ["1", {"b@x.org": 5}], [OK, UNKNOWN, FAILED], 2, id="of the provider", marks=[]
        ),
    ],
)
def test_what_was_accepted_is_kept(
    send, chunked, scripted, registry, outcomes, expected, attempted
):
    """Case 112: a later failure loses nothing that was accepted, and nothing is sent twice."""
    transport = scripted(*outcomes)
    if outcomes[1] == {"b@x.org": 5}:

        class Broken(chunked):
            def parse(self, request, response):
                return super().parse(request, response) if response == "1" else response["no"]

        chunked = Broken

    result = send(chunked(), message(), transport=transport, registry=registry)

    assert expected == statuses(result)
    assert attempted == len(transport.requests)
    for status in result.recipients.values():
        assert (status.status is UNKNOWN) == status.maybe_accepted


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["1", "2", "3"], OK),
        ([MessageRejected("x"), "2", "3"], OK),
        (["1", MessageRejected("x"), NetworkError("x", **LOST)], OK),
        ([MessageRejected("x"), NetworkError("x", **LOST)], UNKNOWN),
        ([MessageRejected("x"), NetworkError("cannot connect")], FAILED),
        (["1", {}, {}], OK),
        ([MessageRejected("x"), {"b@x.org": REFUSED, "copy@x.org": REFUSED}, "3"], OK),
        ([{"a@x.org": QUEUED, "copy@x.org": REFUSED}, *[MessageRejected("x")] * 2], REJECTED),
        ([MessageRejected("x"), {"b@x.org": REFUSED, "?@x.org": QUEUED}, MessageRejected("x")], OK),
    ],
    ids=[
        *("all", "not the first", "the first", "perhaps one", "none"),
        *(
            "answers that say nothing",
            "the last",
            "told of the copy itself",
            "the likeliest of one",
        ),
    ],
)
def test_a_copy_that_any_request_got_accepted_counts(
    send, chunked, scripted, registry, outcomes, expected
):
    """Who gets a copy of each mail of a batch is not told to be failed while one is on its way."""

    class Copying(chunked):
        def build(self, message):
            requests = super().build(message.replace(cc=None))
            copied = tuple(address.addr_spec for address in message.cc)
            recipients = (*requests[0].recipients, *copied)
            return [
                dataclasses.replace(requests[0], recipients=recipients, copied=copied),
                *(dataclasses.replace(each, copied=copied) for each in requests[1:]),
            ]

    transport = scripted(*outcomes)
    mail = message(cc=["copy@x.org"])
    try:
        result = send(Copying(), mail, transport=transport, registry=registry)
    except RecipientsRefused as error:
        result = error.result

    assert expected == result.recipients["copy@x.org"].status


def test_statuses_say_why(chunked, scripted, registry, send):
    """The refused one has the provider's code; those not attempted may be sent to again."""
    error = RateLimited("slow down", code="Throttling")

    result = send(chunked(), message(), transport=scripted("1", error), registry=registry)

    _, failed, left = result.recipients.values()
    assert ("Throttling", True, False) == (failed.code, failed.retryable, failed.maybe_accepted)
    assert "slow down" in failed.detail
    assert ("not_attempted", True, False) == (left.code, left.retryable, left.maybe_accepted)
    assert "not attempted after: chunked: slow down" == left.detail
    assert ("b@x.org", "c@x.org") == result.retryable
    assert "chunked" == error.provider


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("x", retry_after_seconds=3),
        MessageRejected("x"),
        SendTimeout("x", **LOST),
        UnexpectedResponse("x"),
        AuthenticationFailed("x"),
    ],
)
def test_a_single_request_raises_its_own_error(send, chunked, scripted, registry, error):
    """With one request there is nothing to sum up."""
    with pytest.raises(SendError) as caught:
        send(chunked(size=9), message(), transport=scripted(error), registry=registry)

    assert error is caught.value
    assert "chunked: x" == str(error)


@pytest.mark.parametrize(
    ("outcomes", "expected", "retryable", "maybe_accepted"),
    [
        ([MessageRejected("x")] * 3, [FAILED] * 3, False, False),
        ([MessageRejected("x"), RateLimited("x")], [FAILED] * 3, False, False),
        ([RateLimited("x")], [FAILED] * 3, True, False),
        ([AuthenticationFailed("x")], [FAILED] * 3, False, False),
        ([SendTimeout("x", **LOST)], [UNKNOWN, FAILED, FAILED], False, True),
        ([MessageRejected("x"), SendTimeout("x", **LOST)], [FAILED, UNKNOWN, FAILED], False, True),
    ],
)
def test_nobody_accepted(
    send, chunked, scripted, registry, outcomes, expected, retryable, maybe_accepted
):
    """Case 115: when nobody was accepted it is an error, and its result tells each recipient."""
    with pytest.raises(RecipientsRefused) as caught:
        send(chunked(), message(), transport=scripted(*outcomes), registry=registry)

    assert expected == statuses(caught.value.result)
    assert (retryable, maybe_accepted) == (caught.value.retryable, caught.value.maybe_accepted)
    assert isinstance(caught.value.__cause__, type(outcomes[0]))
    assert not any(address in str(caught.value) for address in TO)


def test_the_wait_asked_for_survives(send, chunked, scripted, registry):
    """A retry needs to know how long to wait, also if several requests failed."""
    error = RateLimited("x", retry_after_seconds=7.5, status_code=429, code="Throttling")

    with pytest.raises(RecipientsRefused) as caught:
        send(chunked(), message(), transport=scripted(error), registry=registry)

    assert (7.5, 429, "Throttling") == (
        caught.value.retry_after_seconds,
        caught.value.status_code,
        caught.value.code,
    )
    assert ("chunked", (error,)) == (caught.value.provider, caught.value.errors)
    counted = "1 failed (Throttling), 2 failed (not_attempted)"
    assert f"chunked: nobody was accepted: {counted}" == str(caught.value)


@pytest.mark.parametrize(("waits", "expected"), [([None, None], None), ([None, 0.5], 0.5)])
def test_the_longest_wait_counts(send, chunked, scripted, registry, waits, expected):
    """Whoever waits for less is refused again; nobody who was not asked to waits."""
    errors = [MessageRejected("x", retry_after_seconds=wait, code="C") for wait in waits]

    with pytest.raises(RecipientsRefused) as caught:
        send(chunked(), message(to=TO[:2]), transport=scripted(*errors), registry=registry)

    assert (expected, tuple(errors)) == (caught.value.retry_after_seconds, caught.value.errors)
    assert str(caught.value).endswith(": 2 failed (C)")


@pytest.mark.parametrize("status", ["rejected", "invalid", "failed"])
def test_an_answer_that_refuses_all(send, chunked, scripted, registry, status):
    """The provider answered, and took none."""
    answer = {address: RecipientStatus(SendStatus(status)) for address in TO}

    with pytest.raises(RecipientsRefused, match=f"nobody was accepted: 3 {status}$") as caught:
        send(chunked(size=9), message(), transport=scripted(answer), registry=registry)

    error = caught.value
    assert (None, "", None, ()) == (
        error.status_code,
        error.code,
        error.retry_after_seconds,
        error.errors,
    )


def test_an_answer_that_refuses_some(send, chunked, scripted, registry):
    """Case 59: mixed statuses are no error; they tell."""
    answer = {
        "A@X.org": RecipientStatus(OK, message_id="1"),
        "b@x.org": RecipientStatus(SendStatus.REJECTED),
        "c@x.org": RecipientStatus(SendStatus.INVALID),
    }

    result = send(chunked(size=9), message(), transport=scripted(answer), registry=registry)

    assert [OK, SendStatus.REJECTED, SendStatus.INVALID] == statuses(result)
    assert ("1", ("a@x.org",)) == (result.message_id, result.accepted)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({}, [UNKNOWN] * 3),
        ({"a@x.org": RecipientStatus(OK)}, [OK, UNKNOWN, UNKNOWN]),
        (
            {"b@x.org": RecipientStatus(SendStatus.REJECTED)},
            [UNKNOWN, SendStatus.REJECTED, UNKNOWN],
        ),
        ({"stranger@x.org": RecipientStatus(OK)}, [UNKNOWN] * 3),
    ],
)
def test_an_answer_that_does_not_say(send, chunked, scripted, registry, answer, expected):
    """Case 66: unknown is not refused; and nobody is added who is not in the message."""
    result = send(chunked(size=9), message(), transport=scripted(answer), registry=registry)

    assert expected == statuses(result)
    assert TO == list(result.recipients)
    for status in result.recipients.values():
        assert (status.status is UNKNOWN) == ("does not say" in status.detail)


def test_faults_of_the_transport_become_errors_of_ours(
    send, chunked, scripted, registry, caplog, observed
):
    """The mail may be on its way; text, log and traceback hold no value."""
    transport = scripted(KeyError("ada@example.net s3cret"))

    with caplog.at_level(logging.ERROR), pytest.raises(SendError) as caught:
        send(chunked(size=9), message(), transport=transport, registry=registry)

    error = caught.value
    assert (True, False, "fault") == (error.maybe_accepted, error.retryable, error.category)
    assert [error] == observed
    assert (None, None) == (error.__cause__, error.__context__)
    assert "the exchange raised KeyError in conftest.py:" in str(error)
    assert "in exchange" in caplog.text
    # Each frame of the traceback stands on lines of its own.
    assert caplog.text.count("\n  File ") == caplog.text.count("  File ") > 1
    assert "s3cret" not in str(error) + caplog.text
    assert "ada@" not in str(error) + caplog.text


def test_a_fault_before_the_request_was_written_sent_nothing(send, chunked, scripted, registry):
    """The transport said that nothing had left when it broke."""

    class Breaks(scripted):
        def exchange(self, request):
            progress_of_exchange().began = False
            return super().exchange(request)

    with pytest.raises(SendError) as caught:
        send(chunked(size=9), message(), transport=Breaks(KeyError("x")), registry=registry)

    assert (False, False) == (caught.value.maybe_accepted, caught.value.retryable)


def test_a_fault_of_the_set_up_is_named_in_the_status(send, chunked, scripted, registry):
    """By its class only: its text may hold what was configured."""
    transport = scripted("1", ConfigurationError("s3cret"))

    status = send(chunked(), message(), transport=transport, registry=registry).recipients[TO[1]]

    told = "chunked: ConfigurationError while sending: see the log of mailcore.delivery"
    assert told == status.detail


def test_faults_after_an_accepted_request_stand_in_the_result(
    send, chunked, scripted, registry, caplog
):
    """What was accepted is kept; the log says where the fault is, without its values."""
    transport = scripted("1", KeyError("s3cret"))

    with caplog.at_level(logging.ERROR):
        result = send(chunked(), message(), transport=transport, registry=registry)

    status = result.recipients["b@x.org"]
    assert (True, False, "fault") == (status.maybe_accepted, status.retryable, status.code)
    assert "the exchange raised KeyError" in caplog.text
    assert "s3cret" not in status.detail + caplog.text


@pytest.mark.parametrize(
    "parse",
    [
        lambda: {}["s3cret"],
        lambda: None,
        lambda: 5,
        lambda: {"a@x.org": "queued"},
        lambda: [("a@x.org",)],
        lambda: next(iter(())),
        lambda: int("s3cret"),
    ],
)
def test_faults_of_parse_become_errors_of_ours(send, chunked, scripted, registry, observed, parse):
    """There was an answer, and nobody knows what it says."""

    class Broken(chunked):
        def parse(self, request, response):
            return parse()

    with pytest.raises(UnexpectedResponse) as caught:
        send(Broken(size=9), message(), transport=scripted("the answer"), registry=registry)

    error = caught.value
    assert (True, False, "fault") == (error.maybe_accepted, error.retryable, error.category)
    assert ("the answer", "chunked") == (error.raw, error.provider)
    assert [error] == observed
    assert "s3cret" not in str(error)


def test_faults_of_the_set_up_are_raised_as_they_are(send, chunked, scripted, registry):
    """They are errors of ours already."""
    with pytest.raises(ConfigurationError):
        send(chunked(), message(), transport=scripted(ConfigurationError("x")), registry=registry)


@pytest.mark.parametrize("where", ["hook", "middleware", "build"])
def test_what_stands_above_raises_what_it_likes(send, chunked, scripted, registry, where):
    """Hooks and middleware are the caller's own: their exceptions pass unchanged."""
    fault = KeyError("mine")

    def fail(*_):
        raise fault

    class Broken(chunked):
        build = fail if where == "build" else chunked.build

    class Extension:
        @hookimpl
        def mailcore_before_send(self, message):
            if where == "hook":
                fail()

    def middleware(message, send):
        result = yield from send(message)
        return fail() if where == "middleware" else result

    registry.register_extension(Extension())
    with pytest.raises(KeyError) as caught:
        send(
            Broken(size=9),
            message(),
            transport=scripted("1"),
            middleware=[middleware],
            registry=registry,
        )

    assert fault is caught.value


@pytest.fixture
def observed(registry):
    """What `mailcore_message_failed` was told."""
    seen = []

    class Extension:
        @hookimpl
        def mailcore_message_failed(self, error):
            seen.append(error)

    registry.register_extension(Extension())
    return seen


@pytest.mark.parametrize("requests", [[], (), None])
def test_a_message_without_requests_is_not_sent(send, chunked, scripted, registry, requests):
    """Case 114: a result without a request would claim what nobody did."""

    class Empty(chunked):
        def build(self, message):
            return requests

    with pytest.raises(SendError, match="nothing was sent") as caught:
        send(Empty(), message(), transport=scripted(), registry=registry)

    assert not caught.value.maybe_accepted
    assert ("chunked", "no_request") == (caught.value.provider, caught.value.category)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"from_email": None}, ["from_email"]),
        ({"from_email": None, "headers": {"Sender": "s@x.org"}}, ["from_email"]),
        ({"to": []}, ["to"]),
        ({"from_email": None, "to": None}, ["from_email", "to"]),
        ({"to": [], "cc": ["c@x.org"]}, None),
        ({"to": [], "bcc": ["c@x.org"]}, None),
    ],
)
def test_a_message_needs_a_sender_and_recipients(
    send, chunked, scripted, registry, changes, fields
):
    """Case 119: it may be incomplete until it is sent, and not then."""
    if fields is None:
        assert send(
            chunked(), message(**changes), transport=scripted("1"), registry=registry
        ).accepted
        return
    with pytest.raises(InvalidMessage) as caught:
        send(chunked(), message(**changes), transport=scripted(), registry=registry)

    assert fields == [problem.field for problem in caught.value.problems]


def test_requests_of_an_extension_are_sent(send, chunked, scripted, registry):
    """A wrapper of the payload decides what leaves."""

    class Fewer:
        @hookimpl(wrapper=True)
        def mailcore_build_payload(self, provider, message):
            requests = yield
            return requests[:1]

    registry.register_extension(Fewer())
    transport = scripted("1")

    result = send(chunked(), message(), transport=transport, registry=registry)

    assert [OK, UNKNOWN, UNKNOWN] == statuses(result)
    assert 1 == len(transport.requests)


def test_a_message_is_checked_by_itself(chunked, registry):
    """As a send checks it: by the provider, the hooks and the policy."""
    mail = message(tags=["a", "b", "c"])

    with pytest.raises(UnsupportedFeature):
        checked(chunked(), mail, registry.hooks, {})
    assert ("a", "b") == checked(chunked(), mail, registry.hooks, {"tags": "drop"}).tags


def test_a_check_asks_the_hooks(chunked, registry):
    """What an extension finds is a problem as well."""

    class Strict:
        @hookimpl
        def mailcore_check_features(self, provider, message):
            return [Problem("subject", "too plain", feature="tags")]

    registry.register_extension(Strict())
    with pytest.raises(UnsupportedFeature, match="too plain"):
        checked(chunked(), message(), registry.hooks, {})
