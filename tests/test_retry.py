"""Sending again: what, when, to whom; on a virtual clock, blocking and in an event loop."""

from __future__ import annotations

import asyncio

from collections.abc import Iterator

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import hookimpl
from mailcore.errors import (
    AuthenticationFailed,
    CancelSend,
    ConfigurationError,
    MessageRejected,
    NetworkError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    RecipientsRefused,
    SendError,
    SendTimeout,
    UnexpectedResponse,
    UnsupportedFeature,
)
from mailcore.features import YES, Features
from mailcore.flow import arun
from mailcore.mailer import Mailer
from mailcore.message import Message
from mailcore.middleware import Retry, Sender
from mailcore.result import RecipientStatus, RecipientStatuses, SendResult, SendStatus
from mailcore.testing import VirtualClock, drive


MESSAGE = Message(from_email="a@example.com", to=["b@example.com"], subject="Hi", text="Hi")
THREE = MESSAGE.replace(to=["b@example.com", "c@example.com"], cc=["d@example.com"])
BATCH = MESSAGE.replace(
    to=["b@example.com", "c@example.com", "d@example.com"],
    cc=["copy@example.com"],
    merge_data={"b@example.com": {"n": 1}, "C@example.com": {"n": 2}},
    merge_metadata={"b@example.com": {"id": 1}, "c@example.com": {"id": 2}},
    merge_headers={"b@example.com": {"X-Id": "1"}, "c@example.com": {"X-Id": "2"}},
)
OK = RecipientStatus(SendStatus.QUEUED, message_id="1")
LATER = RecipientStatus(SendStatus.FAILED, code="later", retryable=True)
NEVER = RecipientStatus(SendStatus.REJECTED, code="never")
UNKNOWN = RecipientStatus(SendStatus.UNKNOWN, code="timeout", maybe_accepted=True)


class Observer:
    """Notes what hooks are told."""

    def __init__(self):
        self.failed = []

    @hookimpl
    def mailcore_message_failed(self, message, error, final):
        self.failed.append((message, error, final))


class Trial:
    """One message through a retry, with what each attempt comes to written down."""

    def __init__(self, provider, registry, driver):
        self.provider = provider
        self.registry = registry
        self.observer = Observer()
        registry.register_extension(self.observer)
        self.clock = VirtualClock()
        self.messages: list[Message] = []
        self._driver = driver

    def send(self, message, *outcomes, takes_seconds=0.0, **options):
        policy = Retry(clock=self.clock, **{"jitter": lambda: 1.0, **options})
        middleware = policy.attach(Sender(provider=self.provider, registry=self.registry))
        steps = list(outcomes)

        def once(message):
            self.messages.append(message)
            self.clock._now += takes_seconds
            outcome = steps.pop(0)
            if isinstance(outcome, BaseException):
                raise outcome
            if isinstance(outcome, SendResult):
                return outcome
            statuses = outcome
            if callable(outcome):
                statuses = outcome(message)
            if not isinstance(statuses, dict):
                statuses = dict.fromkeys(message.recipients, statuses)
            return SendResult(
                provider="chunked",
                recipients=RecipientStatuses(statuses),
                message_ids=tuple(s.message_id for s in statuses.values() if s.message_id),
                raw=(len(self.messages),),
            )
            yield

        try:
            return self._driver(middleware(message, once), clock=self.clock)
        finally:
            assert not steps


def in_a_loop(flow, clock):
    """Drive a flow by `arun`, with the loop's sleep replaced by the clock's."""

    async def sleep(seconds):
        clock.sleep(seconds)

    async def main():
        real, asyncio.sleep = asyncio.sleep, sleep
        try:
            return await arun(flow)
        finally:
            asyncio.sleep = real

    return asyncio.run(main())


@pytest.fixture(params=["sync", "async"])
def trial(request, chunked, registry) -> Trial:
    """A toy provider without idempotency, driven in both ways."""
    driver = (
        (lambda flow, clock: drive(flow, clock=clock)) if request.param == "sync" else in_a_loop
    )
    return Trial(chunked(), registry, driver)


@pytest.fixture
def native(trial, chunked) -> Trial:
    """The same with a provider that knows idempotency keys."""

    class Native(chunked):
        idempotency = "native"
        features = Features(cc=YES, idempotency_key=YES)

    trial.provider = Native()
    return trial


def result_of(statuses, *errors, provider="chunked"):
    """A result without anything else."""
    recipients = RecipientStatuses(statuses)
    return SendResult(provider=provider, recipients=recipients, errors=errors)


TAKEN_LATER: list[SendError] = [
    RateLimited("slow down"),
    ProviderUnavailable("down"),
    NetworkError("cannot connect"),
    QuotaExceeded("for this hour", retryable=True),
]
FINAL: list[SendError] = [
    AuthenticationFailed("no"),
    QuotaExceeded("no more today"),
    MessageRejected("no"),
    UnexpectedResponse("what?", maybe_accepted=True),
    SendTimeout("no answer", retryable=False, maybe_accepted=True),
    NetworkError("lost", retryable=False, maybe_accepted=True),
    ProviderUnavailable("gateway", retryable=False, maybe_accepted=True),
]


@pytest.mark.parametrize("error", TAKEN_LATER, ids=repr)
def test_what_was_refused_for_now_is_sent_again(trial, error):
    """The same message, until it is taken; the result has what failed before."""
    result = trial.send(MESSAGE, error, error, OK)

    assert [MESSAGE] * 3 == trial.messages
    assert (error, error) == result.attempts
    assert [0.5, 1.0] == trial.clock.slept
    assert [(MESSAGE, error, False)] * 2 == trial.observer.failed


@pytest.mark.parametrize("error", FINAL, ids=repr)
def test_what_may_be_on_its_way_or_is_refused_for_good_is_not(trial, error):
    """The error is that of the provider, and observers hear of it from the mailer."""
    with pytest.raises(type(error)) as caught:
        trial.send(MESSAGE, error)

    assert caught.value is error
    assert () == error.attempts
    assert ([], []) == (trial.clock.slept, trial.observer.failed)


@pytest.mark.parametrize("error", FINAL[4:], ids=repr)
def test_what_may_be_on_its_way_is_sent_again_where_duplicates_are_accepted(trial, error):
    """Of any provider."""
    result = trial.send(MESSAGE, error, OK, accept_duplicates=True)

    assert (error,) == result.attempts


@pytest.mark.parametrize("error", FINAL[4:], ids=repr)
@pytest.mark.parametrize("key", [None, "order-7"])
def test_what_may_be_on_its_way_is_sent_again_with_the_same_key(native, error, key):
    """Of a provider that knows keys; a message without one is given one for all attempts."""
    native.send(MESSAGE.replace(idempotency_key=key), error, RateLimited("later"), OK)

    used = {message.idempotency_key for message in native.messages}
    assert 1 == len(used)
    assert {key} == used if key else None not in used


def test_each_message_without_a_key_is_given_its_own(native):
    """By one key of two messages, the service would drop the second."""
    native.send(MESSAGE, OK)
    native.send(MESSAGE, OK)

    assert 2 == len({message.idempotency_key for message in native.messages})


@pytest.mark.parametrize("error", FINAL[:4], ids=repr)
def test_native_keys_do_not_mend_the_rest(native, error):
    """A message that is refused for good, and answers that nobody understands."""
    with pytest.raises(type(error)):
        native.send(MESSAGE, error)


def test_an_open_attempt_is_not_forgotten(native):
    """After a time-out a clear refusal of the second attempt says nothing of the first."""
    lost = SendTimeout("no answer", retryable=False, maybe_accepted=True)
    with pytest.raises(MessageRejected) as caught:
        native.send(MESSAGE, lost, MessageRejected("no"))

    assert caught.value.maybe_accepted
    assert (lost,) == caught.value.attempts

    lost = SendTimeout("no answer", retryable=False, maybe_accepted=True)
    refused = RecipientsRefused("no", result=result_of({"b@example.com": NEVER}))
    with pytest.raises(RecipientsRefused) as caught:
        native.send(MESSAGE, lost, refused)
    assert caught.value.maybe_accepted
    assert caught.value.result.recipients["b@example.com"].maybe_accepted

    lost = SendTimeout("no answer", retryable=False, maybe_accepted=True)
    with pytest.raises(SendTimeout):
        native.send(MESSAGE, lost, CancelSend("enough"))

    lost = SendTimeout("no answer", retryable=False, maybe_accepted=True)
    with pytest.raises(RateLimited) as caught:
        native.send(MESSAGE, lost, RateLimited("slow down"), attempts=2)
    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)


def test_attempts_are_bounded(trial):
    """The last error has all before it."""
    errors = [RateLimited(str(number)) for number in range(3)]
    with pytest.raises(RateLimited) as caught:
        trial.send(MESSAGE, *errors, attempts=3)

    assert errors[2] is caught.value
    assert tuple(errors[:2]) == caught.value.attempts
    assert [False, False] == [final for _, _, final in trial.observer.failed]


def test_total_time_is_bounded(trial):
    """A wait that would end too late is not begun; attempts count, the first one does not."""
    errors = [RateLimited(str(number)) for number in range(4)]
    with pytest.raises(RateLimited) as caught:
        trial.send(MESSAGE, *errors, total_seconds=10, takes_seconds=3)

    # 3 s, then waits of 0.5, 1 and 2 s with 3 s each; one of 4 s would end at 13.5 s.
    assert [0.5, 1.0, 2.0] == trial.clock.slept
    assert errors[3] is caught.value


@pytest.mark.parametrize(("asked", "slept"), [(7.0, [7.5]), (0.0, [0.5]), (59.5, [60.0])])
def test_the_provider_s_wish_is_kept(trial, asked, slept):
    """Retry-After and the headers of limits, and a random time on top."""
    trial.send(MESSAGE, RateLimited("slow", retry_after_seconds=asked), OK)

    assert slept == trial.clock.slept


def test_a_wish_beyond_the_bound_is_an_error_at_once(trial):
    """Whoever called can wait better."""
    with pytest.raises(RateLimited):
        trial.send(MESSAGE, RateLimited("slow", retry_after_seconds=60))

    assert [] == trial.clock.slept


@given(jitter=st.floats(0, 1, exclude_max=True), failed=st.integers(1, 2000))
def test_waits_are_random_below_a_doubling_bound(jitter, failed):
    """Full jitter: from nothing up to the bound, which is bounded itself."""
    policy = Retry(jitter=lambda: jitter)

    bound = 20.0 if failed > 6 else min(20.0, 0.5 * 2 ** (failed - 1))
    assert 0 <= policy.wait_seconds(failed) <= bound
    assert policy.wait_seconds(failed) == pytest.approx(jitter * bound)


def test_only_those_who_were_refused_for_now_are_sent_to_again(trial):
    """The result is joined: everybody has the status that they ended with."""
    first = {"b@example.com": OK, "c@example.com": LATER, "d@example.com": NEVER}
    second = RecipientStatus(SendStatus.QUEUED, message_id="2")
    result = trial.send(THREE, first, second)

    assert ("c@example.com",) == trial.messages[1].recipients
    assert {"b@example.com": OK, "c@example.com": second, "d@example.com": NEVER} == dict(
        result.recipients.items()
    )
    assert ("1", "2") == result.message_ids
    assert (1, 2) == result.raw
    (attempt,) = result.attempts
    assert isinstance(attempt, RecipientsRefused)
    assert ("c@example.com",) == tuple(attempt.result.recipients)
    assert [(THREE, attempt, False)] == trial.observer.failed


@pytest.mark.parametrize(
    ("asked", "slept"), [((), 0.5), ((None,), 0.5), ((3, None, 7, 2), 7.5)], ids=str
)
def test_the_wish_of_a_part_is_kept(trial, asked, slept):
    """The longest one, of all requests that failed."""
    errors = [RateLimited("slow", retry_after_seconds=each) for each in asked]
    first = {"b@example.com": OK, "c@example.com": LATER, "d@example.com": OK}
    result = trial.send(THREE, result_of(first, *errors), OK)

    assert [slept] == trial.clock.slept
    (attempt,) = result.attempts
    assert (tuple(errors), "chunked", "chunked") == (
        attempt.errors,
        attempt.provider,
        attempt.result.provider,
    )
    assert (True, False) == (attempt.retryable, attempt.maybe_accepted)


def test_the_to_header_stays_where_the_provider_lets_it(trial, chunked):
    """Who is sent to again sees the same recipients as the others."""
    first = {"b@example.com": OK, "c@example.com": OK, "d@example.com": LATER}
    trial.send(THREE, first, OK)
    assert ((), {}) == (trial.messages[1].to, dict(trial.messages[1].headers))

    class Spoofing(chunked):
        features = Features(cc=YES, spoofed_to=YES)

    trial.provider = Spoofing()
    trial.send(THREE, first, OK)
    assert "b@example.com, c@example.com" == trial.messages[3].headers["To"]
    assert ("d@example.com",) == trial.messages[3].recipients

    own = THREE.replace(headers={"To": "Everybody <all@example.com>"})
    trial.send(own, first, OK)
    assert "Everybody <all@example.com>" == trial.messages[5].headers["To"]
    nobody_shown = MESSAGE.replace(to=[], bcc=["b@example.com", "c@example.com"])
    trial.send(nobody_shown, {"b@example.com": OK, "c@example.com": LATER}, OK)
    assert {} == dict(trial.messages[7].headers)


def test_of_a_batch_the_mails_that_are_missing_are_sent(trial):
    """With their own values, and with copies, which are of each mail."""
    first = {
        "b@example.com": OK,
        "c@example.com": LATER,
        "d@example.com": UNKNOWN,
        "copy@example.com": OK,
    }
    result = trial.send(BATCH, first, OK)

    again = trial.messages[1]
    assert ("c@example.com", "copy@example.com") == again.recipients
    assert {"C@example.com": {"n": 2}} == again.merge_data
    assert {"c@example.com": {"id": 2}} == again.merge_metadata
    assert {"c@example.com": BATCH.merge_headers["c@example.com"]} == again.merge_headers
    assert UNKNOWN == result.recipients["d@example.com"]
    assert ["d@example.com"] == list(result.refused)


def test_a_batch_of_which_nothing_was_tried_goes_again_as_it_is(trial):
    """The first request was refused, so that the others were not attempted."""
    statuses = dict.fromkeys(BATCH.recipients, LATER)
    refused = RecipientsRefused(
        "no", result=result_of(statuses), retryable=True, retry_after_seconds=3
    )
    result = trial.send(BATCH, refused, OK)

    assert [BATCH, BATCH] == trial.messages
    assert [3.5] == trial.clock.slept
    assert (refused,) == result.attempts


@pytest.mark.parametrize(
    ("first", "second", "provider"),
    [(OK, OK, "second"), (OK, NEVER, "first"), (NEVER, OK, "second"), (NEVER, NEVER, "first")],
)
def test_who_of_a_pool_has_sent(trial, first, second, provider):
    """The last member that took somebody; the first one if none did."""
    statuses = {"b@example.com": first, "c@example.com": LATER, "d@example.com": first}
    outcomes = [
        result_of(statuses, provider="first"),
        result_of({"c@example.com": second}, provider="second"),
    ]
    try:
        result = trial.send(THREE, *outcomes)
    except RecipientsRefused as error:
        result = error.result

    assert provider == result.provider


def test_whom_no_answer_names_is_unknown(trial):
    """Also in the result of several attempts."""
    result = trial.send(THREE, result_of({"b@example.com": OK, "c@example.com": LATER}), OK)

    status = result.recipients["d@example.com"]
    assert (SendStatus.UNKNOWN, "the provider's answer does not say") == (
        status.status,
        status.detail,
    )


def test_what_is_left_in_the_end_is_told(trial):
    """Somebody was accepted: the result says who was not, and why."""
    first = {"b@example.com": OK, "c@example.com": LATER, "d@example.com": LATER}
    slow = RateLimited("slow down", code="429")
    result = trial.send(THREE, first, slow, attempts=2)

    assert ("b@example.com",) == result.accepted
    assert "429" == result.recipients["c@example.com"].code
    assert ("c@example.com", "d@example.com") == result.retryable
    assert slow is result.attempts[1]
    assert (slow,) == result.errors


def test_nobody_in_the_end_is_an_error_with_each_status(trial):
    """That of all attempts, also if the last one was about one recipient only."""
    statuses = {"b@example.com": NEVER, "c@example.com": LATER, "d@example.com": NEVER}
    refused = RecipientsRefused("nobody", result=result_of(statuses))
    last = MessageRejected("no", code="550")
    with pytest.raises(RecipientsRefused) as caught:
        trial.send(THREE, refused, last)

    found = {address: status.code for address, status in caught.value.result.recipients.items()}
    assert {"b@example.com": "never", "c@example.com": "550", "d@example.com": "never"} == found
    assert (refused,) == caught.value.attempts
    assert (last,) == caught.value.errors
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("status", "attempts"), [(NEVER, 5), (UNKNOWN, 5), (LATER, 1)], ids=["never", "lost", "later"]
)
def test_a_refusal_for_good_stays_as_it_was(trial, status, attempts):
    """Nothing is wrapped where nothing was tried again."""
    refused = RecipientsRefused("nobody", result=result_of({"b@example.com": status}))
    with pytest.raises(RecipientsRefused) as caught:
        trial.send(MESSAGE, refused, attempts=attempts)

    assert refused is caught.value


def test_copies_of_a_batch_alone_are_not_sent_again(trial):
    """No message can be made for them, so that the result is the last word."""
    first = {**dict.fromkeys(BATCH.recipients, OK), "copy@example.com": LATER}
    result = trial.send(BATCH, first)

    assert (("copy@example.com",), ()) == (result.retryable, result.attempts)


def test_what_stops_a_later_attempt_is_told(trial):
    """A part that the provider cannot express is among the attempts, or what is raised has it."""
    first = {"b@example.com": OK, "c@example.com": LATER, "d@example.com": OK}
    cannot = UnsupportedFeature("no To header without recipients")
    assert cannot is trial.send(THREE, first, cannot).attempts[-1]

    refused = RecipientsRefused("nobody", result=result_of({"b@example.com": LATER}))
    with pytest.raises(RecipientsRefused) as caught:
        trial.send(MESSAGE, refused, cannot)
    assert cannot is caught.value.__cause__


@pytest.mark.parametrize("fault", [CancelSend("enough"), RuntimeError("a fault"), KeyError("b@")])
def test_what_was_accepted_is_not_lost_to_a_fault(trial, fault, caplog):
    """Of a policy or a plugin within, in a later attempt."""
    first = {"b@example.com": OK, "c@example.com": LATER, "d@example.com": OK}
    result = trial.send(THREE, first, fault)

    assert ("b@example.com", "d@example.com") == result.accepted
    known = isinstance(fault, CancelSend)
    assert known is not result.recipients["c@example.com"].maybe_accepted
    assert known or ("chunked", "fault") == (result.errors[0].provider, result.errors[0].category)

    with pytest.raises(type(fault)):
        trial.send(THREE, fault)


def test_of_several_requests_a_lost_answer_is_repeated_with_its_key(native):
    """The service tells the mails that it has; nothing of an acceptance is taken back."""
    first = {"b@example.com": OK, "c@example.com": UNKNOWN, "d@example.com": LATER}
    again = RecipientStatus(SendStatus.QUEUED)
    result = native.send(THREE, first, {"b@example.com": NEVER, "c@example.com": again})

    assert native.messages[0] == native.messages[1]
    (attempt,) = result.attempts
    assert (False, True) == (attempt.retryable, attempt.maybe_accepted)
    assert {"b@example.com": OK, "c@example.com": again, "d@example.com": LATER} == dict(
        result.recipients.items()
    )


def test_an_acceptance_keeps_its_first_id(native):
    """The answer to a repetition has none."""
    first = {"b@example.com": OK, "c@example.com": UNKNOWN, "d@example.com": OK}
    result = native.send(THREE, first, RecipientStatus(SendStatus.QUEUED))

    assert ("1",) == result.message_ids
    assert OK == result.recipients["b@example.com"]


def test_a_part_has_a_key_of_its_own(native):
    """Under the first the service would send nothing; the same part has the same key."""
    first = {"b@example.com": OK, "c@example.com": LATER, "d@example.com": OK}
    message = THREE.replace(idempotency_key="order-7")
    native.send(message, first, OK)
    native.send(message, first, OK)

    keys = [message.idempotency_key for message in native.messages]
    assert ["order-7", keys[1], "order-7", keys[1]] == keys
    assert "order-7" != keys[1]
    others = {"b@example.com": LATER, "c@example.com": OK, "d@example.com": OK}
    native.send(message, others, OK)
    native.send(message.replace(idempotency_key="order-8"), first, OK)
    assert 3 == len({native.messages[at].idempotency_key for at in (1, 5, 7)})


def test_a_part_has_the_same_key_however_its_recipients_are_spelled(native):
    """Nor does their order matter: a later process must not send it twice."""
    parts = []
    for to in (["b@example.com", "c@example.com"], ["C@EXAMPLE.com", "B@example.com"]):
        message = MESSAGE.replace(to=[*to, "d@example.com"], idempotency_key="order-7")
        native.send(message, {to[0]: LATER, to[1]: LATER, "d@example.com": OK}, OK)
        parts.append(native.messages[-1].idempotency_key)

    assert parts[0] == parts[1]


@pytest.mark.parametrize(
    "lost",
    [
        {"b@example.com": OK, "c@example.com": UNKNOWN, "d@example.com": LATER},
        SendTimeout("no answer", retryable=False, maybe_accepted=True),
    ],
    ids=["one of several", "all"],
)
def test_a_key_stays_until_it_is_known_what_became_of_its_first_call(native, lost):
    """A later refusal of the same call says nothing of the first, which may be on its way."""
    message = THREE.replace(idempotency_key="order-7")
    refused = {"b@example.com": OK, "c@example.com": LATER, "d@example.com": LATER}
    result = native.send(message, lost, refused, RecipientStatus(SendStatus.QUEUED))

    assert [message] * 3 == native.messages
    assert {"b@example.com", "c@example.com", "d@example.com"} == set(result.accepted)


@pytest.mark.parametrize("said", [LATER, UNKNOWN], ids=["refused", "lost"])
def test_who_was_accepted_is_not_sent_to_again(native, said):
    """What becomes of a repetition takes no acceptance back, and gives it no new key."""
    first = {"b@example.com": OK, "c@example.com": UNKNOWN, "d@example.com": OK}
    second = RecipientStatus(SendStatus.QUEUED, message_id="2")
    result = native.send(
        THREE, first, {"b@example.com": said, "c@example.com": second, "d@example.com": OK}
    )

    assert {"b@example.com": OK, "c@example.com": second, "d@example.com": OK} == dict(
        result.recipients.items()
    )


def test_through_a_mailer(send, chunked, scripted, registry):
    """Requests of one message fail one by one: nobody gets it twice, nobody is forgotten."""
    observer = Observer()
    registry.register_extension(observer)
    slow = RateLimited("slow down", retry_after_seconds=0.001)
    transport = scripted("1", slow, "2", "3")
    policy = Retry(first_wait_seconds=0)
    result = send(chunked(), THREE, middleware=[policy], transport=transport, registry=registry)

    assert ("1", "2", "3") == result.message_ids
    assert [("b@example.com",), ("c@example.com",), ("c@example.com",), ("d@example.com",)] == [
        request.recipients for request in transport.requests
    ]
    assert [False] == [final for _, _, final in observer.failed]
    assert slow is result.attempts[0].errors[0]
    assert result.to_dict()["attempts"] == ["chunked: 2 of 3 recipients refused for now"]


def test_an_attempt_that_fails_for_good_is_final_once(send, chunked, scripted, registry):
    """Observers hear of each attempt once, and of the end once."""
    observer = Observer()
    registry.register_extension(observer)
    errors = [RateLimited("slow"), MessageRejected("no")]
    policy = Retry(first_wait_seconds=0)
    with pytest.raises(MessageRejected):
        send(
            chunked(),
            MESSAGE,
            middleware=[policy],
            transport=scripted(*errors),
            registry=registry,
        )

    assert [(errors[0], False), (errors[1], True)] == [each[1:] for each in observer.failed]


def wrong() -> Iterator[tuple[dict[str, object], str]]:
    """Arguments that are refused, and what is said of them."""
    yield {"attempts": 0}, "attempts must be at least 1, not 0"
    yield {"attempts": 2.5}, "attempts must be a whole number, not float"
    yield {"attempts": True}, "attempts must be a whole number, not bool"
    yield {"total_seconds": float("nan")}, "total_seconds must be at least 0, not nan"
    yield {"first_wait_seconds": -1}, "first_wait_seconds must be at least 0, not -1"
    yield {"longest_wait_seconds": "5"}, "longest_wait_seconds must be a number, not str"
    yield {"first_wait_seconds": 30}, "first_wait_seconds is larger than longest_wait_seconds"


@pytest.mark.parametrize(("arguments", "told"), list(wrong()))
def test_wrong_arguments(arguments, told):
    """Each names itself."""
    with pytest.raises(ConfigurationError, match=told):
        Retry(**arguments)


def test_two_retries_contradict_each_other(chunked, registry):
    """They would multiply."""
    with pytest.raises(ConfigurationError, match="Retry is there 2 times"):
        Mailer(chunked(), middleware=[Retry(), Retry()], registry=registry)


def test_it_says_what_it_does():
    """In one line."""
    assert "up to 5 attempts within 60 s, waits of up to 20 s" == Retry().describe()
    assert "waits of up to 9 s" in Retry(first_wait_seconds=9, longest_wait_seconds=9).describe()
    assert Retry(accept_duplicates=True).describe().endswith("also what may be on its way")
