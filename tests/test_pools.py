"""Pools that ask another member where one fails: one flow, sync and async, on a virtual clock."""

from __future__ import annotations

import pickle
import threading

from concurrent.futures import ThreadPoolExecutor

import pytest

from mailcore import (
    AsyncMailer,
    AuthenticationFailed,
    CancelSend,
    ConfigurationError,
    FailoverError,
    Features,
    HttpResponse,
    InvalidMessage,
    Mailer,
    Message,
    MessageRejected,
    NetworkError,
    Provider,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    RecipientsRefused,
    RecipientStatus,
    Request,
    SendError,
    SendResult,
    SendStatus,
    SendTimeout,
    UnexpectedResponse,
    UnsupportedFeature,
    hookimpl,
)
from mailcore.features import YES, limited
from mailcore.middleware import Place, Policy, Throttle
from mailcore.pools import Failover, Member, RoundRobin, Route, Weighted
from mailcore.result import RecipientStatuses
from mailcore.testing.capturing import capture
from mailcore.testing.clock import VirtualClock, drive
from mailcore.testing.script import Script


MESSAGE = Message(from_email="f@x.org", to=["ada@x.org"], subject="s", text="t")
DOWN = ProviderUnavailable("down for maintenance")


class Toy(Provider[Request, object]):
    """Sends one request, and has its name from whoever makes it."""

    name = "toy"
    label = "Toy"
    features = Features(cc=YES, tags=limited(2))

    def __init__(self, name="toy", features=None):
        vars(self).update({"name": name, "features": features or Toy.features})

    def build(self, message):
        return [Request(recipients=message.recipients)]

    def parse(self, request, response):
        if isinstance(response, dict):
            return response
        status = RecipientStatus(SendStatus.QUEUED, message_id=str(response))
        return dict.fromkeys(request.recipients, status)


def fresh(step):
    """A failure is raised many times, and must not be one object then."""
    if not isinstance(step, Exception):
        return step
    return lambda request: (_ for _ in ()).throw(pickle.loads(pickle.dumps(step)))


def member(name, *steps, otherwise=None, **features):
    """A member that answers by a script."""
    script = Script([fresh(step) for step in steps], otherwise=fresh(otherwise))
    provider = Toy(name, Features(**features) if features else None)
    return Member(provider=provider, transport=script)


def count(each):
    """How many requests a member got."""
    return len(each.transport.requests)


def told(attempts):
    """Who failed, and how."""
    return [(error.provider, type(error).__name__) for error in attempts]


@pytest.fixture
def clock():
    """A clock that stands still."""
    return VirtualClock()


PROVIDER_FAULTS = [
    NetworkError("cannot connect"),
    SendTimeout("no connection in time"),
    ProviderUnavailable("down"),
    RateLimited("slow down"),
    RateLimited("slow down", retry_after_seconds=7),
    QuotaExceeded("nothing left"),
    AuthenticationFailed("account suspended", category="account_suspended"),
    UnexpectedResponse("what is this"),
    SendError("a fault", category="fault"),
]
MESSAGE_FAULTS = [
    MessageRejected("spam"),
    RecipientsRefused("all suppressed"),
    RecipientsRefused("all refused", errors=[MessageRejected("no")]),
]


@pytest.mark.parametrize("fault", PROVIDER_FAULTS, ids=lambda fault: f"{type(fault).__name__}")
def test_the_next_member_takes_over(send, registry, clock, fault):
    """Where a provider fails, the next one sends, and the result says what failed before."""
    first, second = member("a", fault), member("b", "id-1")

    result = send(Failover([first, second], clock=clock), MESSAGE, registry=registry)

    assert ("b", "id-1") == (result.provider, result.message_id)
    assert [("a", type(fault).__name__)] == told(result.attempts)


@pytest.mark.parametrize("fault", MESSAGE_FAULTS, ids=str)
def test_a_refused_message_is_refused(send, registry, clock, fault):
    """What is refused for what it is goes to nobody else, and hurts nobody's health."""
    first, second = member("a", otherwise=fault), member("b", otherwise="id")
    pool = Failover([first, second], clock=clock, faults_before_rest=1)

    for _ in range(3):
        with pytest.raises(type(fault)) as raised:
            send(pool, MESSAGE, registry=registry)

    assert () == raised.value.attempts
    assert (3, 0, ()) == (count(first), count(second), pool.resting)


@pytest.mark.parametrize("fault", MESSAGE_FAULTS, ids=str)
def test_a_refused_message_may_go_on(send, registry, clock, fault):
    """A pool that is told so tries the next member, and nobody's health is hurt either."""
    pool = Failover(
        [member("a", otherwise=fault), member("b", otherwise="id")],
        clock=clock,
        faults_before_rest=1,
        rejected="next",
    )

    result = send(pool, MESSAGE, registry=registry)

    assert ("b", [("a", type(fault).__name__)]) == (result.provider, told(result.attempts))
    assert () == pool.resting


def test_a_refusal_for_now_goes_on(send, registry, clock):
    """A message that may be sent later goes through the next member now; nobody is to blame."""
    pool = Failover(
        [member("a", MessageRejected("later", retryable=True)), member("b", "id")],
        clock=clock,
        faults_before_rest=1,
    )

    assert "b" == send(pool, MESSAGE, registry=registry).provider
    assert () == pool.resting


@pytest.mark.parametrize(
    "fault",
    [
        SendTimeout("no answer", maybe_accepted=True),
        RecipientsRefused("unknown", maybe_accepted=True, errors=[NetworkError("lost")]),
    ],
    ids=str,
)
def test_what_may_be_accepted_is_not_sent_again(send, registry, clock, fault):
    """Sending it through another member could deliver twice: the error goes to the caller."""
    first, second, third = member("a", DOWN), member("b", fault), member("c", "id")

    with pytest.raises(type(fault)) as raised:
        send(Failover([first, second, third], clock=clock), MESSAGE, registry=registry)

    assert (True, 0) == (raised.value.maybe_accepted, count(third))
    assert [("a", "ProviderUnavailable")] == told(raised.value.attempts)


def test_duplicates_may_be_accepted(send, registry, clock):
    """Who prefers two mails to none gets the next member; a failure says what may be accepted."""
    lost = SendTimeout("no answer", maybe_accepted=True)
    pools = [
        Failover([member("a", lost), last], clock=clock, accept_duplicates=True)
        for last in (member("b", "id"), member("b", DOWN))
    ]

    assert "b" == send(pools[0], MESSAGE, registry=registry).provider
    with pytest.raises(FailoverError) as raised:
        send(pools[1], MESSAGE, registry=registry)
    assert raised.value.maybe_accepted


@pytest.mark.parametrize(
    "refusal",
    [MessageRejected("spam"), {"ada@x.org": RecipientStatus(SendStatus.REJECTED)}],
    ids=["message", "recipient"],
)
def test_an_open_attempt_is_not_forgotten(send, registry, clock, refusal):
    """What the last member says, says nothing of one before it that may have sent."""
    lost = SendTimeout("no answer", maybe_accepted=True)
    members = [member("a", lost), member("b", refusal)]
    pool = Failover(members, clock=clock, accept_duplicates=True)

    with pytest.raises((MessageRejected, RecipientsRefused)) as raised:
        send(pool, MESSAGE, registry=registry)

    assert (True, False) == (raised.value.maybe_accepted, raised.value.retryable)
    assert [("a", "SendTimeout")] == told(raised.value.attempts)


def test_the_result_shows_what_an_open_attempt_may_have_sent(send, registry, clock):
    """Whom a later member refuses, or leaves out, may have the mail of one before it."""
    message = MESSAGE.replace(to=["Ada@x.org", "bob@x.org"])
    lost = SendTimeout("no answer", maybe_accepted=True, code="T")
    refused = RecipientStatus(SendStatus.REJECTED, code="550")
    sent = RecipientStatus(SendStatus.SENT, message_id="1")
    both = {"Ada@x.org": refused, "bob@x.org": refused}
    ada_alone = RecipientsRefused(
        "some",
        result=SendResult(
            provider="a",
            recipients=RecipientStatuses(
                {**both, "ada@x.org": RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True)}
            ),
        ),
        errors=[NetworkError("lost")],
        maybe_accepted=True,
    )

    def statuses(*steps):
        members = [member(name, step) for name, step in zip("abc", steps, strict=False)]
        pool = Failover(members, clock=clock, accept_duplicates=True)
        found = send(pool, message, registry=registry, refused="return").recipients
        assert all(status.maybe_accepted for status in found.values() if status.code != "550")
        return [status.status for status in found.values()]

    unknown, rejected = SendStatus.UNKNOWN, SendStatus.REJECTED
    assert [unknown, unknown] == statuses(lost, both)
    assert [unknown, rejected] == statuses(ada_alone, both)
    assert [unknown, unknown] == statuses(lost, DOWN, both)
    assert [rejected, rejected] == statuses(DOWN, both)
    pool = Failover(
        [member("a", lost), member("b", {**both, "Ada@x.org": sent})],
        clock=clock,
        accept_duplicates=True,
    )
    found = send(pool, message, registry=registry)
    assert [SendStatus.SENT, unknown] == [each.status for each in found.recipients.values()]
    assert not found.retryable


def test_an_open_attempt_is_not_called_off(send, registry, clock):
    """A policy of the next member that ends the send does not say that nothing was sent."""

    def calls_off(message, send):
        raise CancelSend("enough")
        yield

    lost = SendTimeout("no answer", maybe_accepted=True)
    last = Member(provider=Toy("c"), middleware=[calls_off])
    members = [member("a", lost), member("b", otherwise=DOWN), last]
    pools = [Failover(each, clock=clock, accept_duplicates=True) for each in (members, members[1:])]

    with pytest.raises(SendTimeout) as raised:
        send(pools[0], MESSAGE, registry=registry)
    assert [("b", "ProviderUnavailable")] == told(raised.value.attempts)
    with pytest.raises(CancelSend):
        send(pools[1], MESSAGE, registry=registry)


def test_attempts_before_a_refusal(send, registry, clock):
    """The result of a refusal has what failed before, whether it is raised or returned."""
    refusal = {"ada@x.org": RecipientStatus(SendStatus.REJECTED)}
    pools = [Failover([member("a", DOWN), member("b", refusal)], clock=clock) for _ in range(2)]

    with pytest.raises(RecipientsRefused) as raised:
        send(pools[0], MESSAGE, registry=registry)
    returned = send(pools[1], MESSAGE, registry=registry, refused="return")

    for attempts in (
        raised.value.attempts,
        raised.value.result.attempts,
        returned.attempts,
    ):
        assert [("a", "ProviderUnavailable")] == told(attempts)


def test_nobody_takes_it(send, registry, clock):
    """The error has what each member said, those passed over too, and is small and redacted."""
    pool = Failover(
        [
            member("a", NetworkError("down", retryable=True)),
            member("b", tags=YES),
            member("c", AuthenticationFailed("bad key")),
        ],
        clock=clock,
    )

    with pytest.raises(FailoverError) as raised:
        send(pool, MESSAGE.replace(cc=["bea@x.org"]), registry=registry)

    error = pickle.loads(pickle.dumps(raised.value))
    expected = [("a", "NetworkError"), ("b", "UnsupportedFeature"), ("c", "AuthenticationFailed")]
    assert expected == told(error.attempts)
    assert (True, False, "failover") == (error.retryable, error.maybe_accepted, error.provider)
    assert (
        "failover: nobody took the message: a failed (network), b cannot express it, "
        "c failed (authentication)"
    ) == str(error)
    assert isinstance(raised.value.__cause__, AuthenticationFailed)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(7, 3, 3), (7, None, None), (None, None, None)],
)
def test_when_to_come_back(send, registry, clock, first, second, expected):
    """The soonest of the times that members ask for, if each of them names one."""
    faults = [RateLimited("slow down", retry_after_seconds=each) for each in (first, second)]
    pool = Failover([member("a", faults[0]), member("b", faults[1])], clock=clock)

    with pytest.raises(FailoverError) as raised:
        send(pool, MESSAGE, registry=registry)

    assert expected == raised.value.retry_after_seconds


def test_who_cannot_express_it_is_passed_over(send, registry, clock):
    """The reason is on the result, nothing is sent through it, and its health is as it was."""
    first = member("a", tags=limited(1))
    second = member("b", "id", tags=limited(2))
    pool = Failover([first, second], clock=clock, faults_before_rest=1)

    result = send(pool, MESSAGE.replace(tags=["x", "y"]), registry=registry)

    assert "b" == result.provider
    assert ["tags: 2 given, at most 1 possible"] == [
        problem.reason for error in result.attempts for problem in error.problems
    ]
    assert (0, ()) == (count(first), pool.resting)


def test_what_nobody_can_express(send, registry, clock):
    """It is the message's fault then: one error has all problems, and whose each is."""
    pool = Failover([member("a", tags=YES), member("b", cc=YES)], clock=clock)

    with pytest.raises(UnsupportedFeature) as raised:
        send(pool, MESSAGE.replace(tags=["x"], cc=["bea@x.org"]), registry=registry)

    assert "failover" == raised.value.provider
    assert [
        "a: cc is not supported: this plugin does not declare it",
        "b: tags is not supported: this plugin does not declare it",
    ] == [problem.reason for problem in raised.value.problems]


def test_the_policy_drops_for_each_member(send, registry, clock):
    """What a mailer may drop does not make it pass a member over, and the result tells."""
    pool = Failover([member("a", "id", cc=YES), member("b")], clock=clock)

    result = send(
        pool, MESSAGE.replace(tags=["x"]), registry=registry, unsupported={"tags": "drop"}
    )

    assert ("a", ["tags"]) == (result.provider, [problem.feature for problem in result.dropped])


def test_a_message_that_is_no_mail(send, registry, clock):
    """What is wrong for everybody is raised as by any mailer."""
    with pytest.raises(InvalidMessage):
        send(Failover([member("a")], clock=clock), Message(text="t"), registry=registry)


def test_what_a_hook_is_told(send, registry, clock):
    """Failures before the last word are not final; a member passed over is none."""
    seen, told_of = [], []

    class Observer:
        @hookimpl
        def mailcore_message_failed(self, message, error, final):
            seen.append((error.provider, type(error).__name__, final))
            told_of.append(message)

        @hookimpl
        def mailcore_message_sent(self, message, result):
            seen.append((result.provider, "sent", True))
            told_of.append(message)

    registry.register_extension(Observer(), name="observer")
    pool = Failover(
        [member("a", DOWN, DOWN), member("b", cc=YES), member("c", "id", DOWN)], clock=clock
    )
    message = MESSAGE.replace(tags=["x"])

    send(pool, message, registry=registry)
    with pytest.raises(FailoverError):
        send(pool, message, registry=registry)

    assert [
        ("a", "ProviderUnavailable", False),
        ("c", "sent", True),
        ("a", "ProviderUnavailable", False),
        ("c", "ProviderUnavailable", False),
        ("failover", "FailoverError", True),
    ] == seen
    assert [message] * 5 == told_of


def test_a_member_rests_and_is_tried_again(send, registry, clock, caplog):
    """After several failures it is left out; when its rest is over, one message tries it."""
    caplog.set_level("INFO", "mailcore.pools")
    first = member("a", DOWN, DOWN, DOWN, "a-1", "a-2")
    pool = Failover([first, member("b", otherwise="b")], clock=clock, rest_seconds=30)
    through = []

    for seconds in (0, 0, 0, 0, 29.9, 0.2, 0):
        clock.sleep(seconds)
        through.append(send(pool, MESSAGE, registry=registry).provider)

    assert ["b", "b", "b", "b", "b", "a", "a"] == through
    assert 5 == count(first)
    assert ["a rests for 30 seconds: provider_unavailable", "a works again"] == caplog.messages


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (RateLimited("slow down", retry_after_seconds=7), 7),
        (RateLimited("slow down", retry_after_seconds=0), 0),
        (RateLimited("slow down", retry_after_seconds=1e9), 100),
        (QuotaExceeded("nothing left"), 10),
        (AuthenticationFailed("suspended"), 10),
    ],
    ids=str,
)
def test_what_lasts_makes_a_member_rest_at_once(send, registry, clock, fault, seconds):
    """Nothing is gained by three failures where one says that it lasts, or for how long."""
    first = member("a", fault, "id")
    pool = Failover(
        [first, member("b", otherwise="b")], clock=clock, rest_seconds=10, longest_rest_seconds=100
    )

    send(pool, MESSAGE, registry=registry)
    if seconds:
        clock.sleep(seconds - 0.1)
        assert "b" == send(pool, MESSAGE, registry=registry).provider
        clock.sleep(0.2)

    assert "a" == send(pool, MESSAGE, registry=registry).provider


def test_rests_grow(send, registry, clock):
    """Each probe that fails doubles the next rest, up to the longest; success starts anew."""
    first = member("a", DOWN, DOWN, DOWN, DOWN, "id", DOWN)
    pool = Failover(
        [first, member("b", otherwise="b")],
        clock=clock,
        faults_before_rest=1,
        rest_seconds=10,
        longest_rest_seconds=30,
    )
    rests = []

    for _ in range(6):
        send(pool, MESSAGE, registry=registry)
        began = clock()
        while pool.resting:
            clock.sleep(1)
        rests.append(clock() - began)

    assert [10, 20, 30, 30, 0, 10] == rests


def test_success_between_failures(send, registry, clock):
    """Only failures in a row count."""
    first = member("a", DOWN, DOWN, "id", DOWN, DOWN)
    pool = Failover([first, member("b", otherwise="b")], clock=clock)

    for _ in range(5):
        send(pool, MESSAGE, registry=registry)

    assert () == pool.resting


def test_a_refusal_shows_that_the_provider_works(send, registry, clock):
    """A probe that is refused for what it is ends the rest: somebody was there to refuse it."""
    first = member("a", DOWN, MessageRejected("spam"), "id")
    pool = Failover(
        [first, member("b", otherwise="b")], clock=clock, faults_before_rest=1, rest_seconds=10
    )
    send(pool, MESSAGE, registry=registry)
    clock.sleep(10)

    with pytest.raises(MessageRejected):
        send(pool, MESSAGE, registry=registry)

    assert "a" == send(pool, MESSAGE, registry=registry).provider


def test_if_all_rest_the_longest_resting_is_tried(send, registry, clock):
    """One member, and only one: it rests anew, so the next message tries the other."""
    first, second = member("a", otherwise=DOWN), member("b", otherwise=DOWN)
    pool = Failover([first, second], clock=clock, faults_before_rest=1, rest_seconds=100)
    with pytest.raises(FailoverError):
        send(pool, MESSAGE, registry=registry)
    tried = []

    for _ in range(3):
        clock.sleep(1)
        with pytest.raises(FailoverError) as raised:
            send(pool, MESSAGE, registry=registry)
        tried += [error.provider for error in raised.value.attempts]

    assert ["a", "b", "a"] == tried


def test_one_that_rests_is_tried_when_the_others_fail(send, registry, clock):
    """A message is not given up while somebody was not asked."""
    first = member("a", AuthenticationFailed("suspended"), "id")
    second = member("b", "id", DOWN)
    pool = Failover([first, second], clock=clock)
    send(pool, MESSAGE, registry=registry)

    result = send(pool, MESSAGE, registry=registry)

    assert ("a", [("b", "ProviderUnavailable")]) == (result.provider, told(result.attempts))


def test_one_that_rests_and_cannot_express_it(send, registry, clock):
    """The longest-resting of those that can express the message is tried."""
    pool = Failover(
        [member("a", DOWN, cc=YES), member("b", DOWN, "id", tags=YES)],
        clock=clock,
        faults_before_rest=1,
    )
    with pytest.raises(FailoverError):
        send(pool, MESSAGE, registry=registry)

    result = send(pool, MESSAGE.replace(tags=["x"]), registry=registry)

    assert ("b", [("a", "UnsupportedFeature")]) == (result.provider, told(result.attempts))


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), ConfigurationError("no region")], ids=repr)
def test_a_probe_that_tells_nothing(send, registry, clock, fault):
    """A send that ends without a word on the provider leaves the probe to the next one."""
    first = member("a", DOWN, "id")
    pool = Failover(
        [first, member("b", otherwise="b")], clock=clock, faults_before_rest=1, rest_seconds=10
    )
    send(pool, MESSAGE, registry=registry)
    clock.sleep(10)
    first.transport._steps.insert(1, fault)

    with pytest.raises(type(fault)):
        send(pool, MESSAGE, registry=registry)

    assert "a" == send(pool, MESSAGE, registry=registry).provider


def test_one_probe_at_a_time(registry, clock):
    """While a message tries a member, threads beside it go to the next one."""
    entered, over = threading.Event(), threading.Event()

    def wait(request):
        entered.set()
        assert over.wait(10)
        return "a"

    first = member("a", DOWN, wait, otherwise="a")
    pool = Failover(
        [first, member("b", otherwise="b")], clock=clock, faults_before_rest=1, rest_seconds=10
    )
    mailer = Mailer(pool, registry=registry)
    mailer.send(MESSAGE)
    clock.sleep(10)

    with ThreadPoolExecutor(1) as threads:
        probe = threads.submit(mailer.send, MESSAGE)
        assert entered.wait(10)
        beside = [mailer.send(MESSAGE).provider for _ in range(3)]
        over.set()

    assert (["b"] * 3, "a") == (beside, probe.result().provider)
    assert "a" == mailer.send(MESSAGE).provider


def test_health_is_shared_by_threads(registry, clock):
    """Of many threads at once, each message is taken once, and a member that fails rests."""
    first, second = member("a", otherwise=DOWN), member("b", otherwise="b")
    pool = Failover([first, second], clock=clock)

    outcomes = list(Mailer(pool, registry=registry).send_many([MESSAGE] * 200, concurrency=16))

    assert {"b"} == {outcome.provider for outcome in outcomes}
    assert (200, (first,)) == (count(second), pool.resting)
    assert 3 <= count(first) <= 3 + 16


KINDS = {
    "failover": Failover,
    "roundrobin": RoundRobin,
    "weighted": lambda members, **options: Weighted(dict.fromkeys(members, 1), **options),
}


@pytest.fixture(params=KINDS)
def kind(request):
    """Makes a pool of members, of each kind that asks another one where one fails."""
    return KINDS[request.param]


def test_every_pool_goes_on_as_it_is_told(send, registry, clock, kind):
    """What may be accepted, or was refused, goes to another member where that is wanted alone."""
    lost = SendTimeout("no answer", maybe_accepted=True)
    spam = MessageRejected("spam")
    for fault, option in ((lost, {"accept_duplicates": True}), (spam, {"rejected": "next"})):
        members = [[member("a", fault), member("b", "id")] for _ in range(2)]
        with pytest.raises(type(fault)):
            send(kind(members[0], clock=clock), MESSAGE, registry=registry)
        result = send(kind(members[1], clock=clock, **option), MESSAGE, registry=registry)

        assert (0, "b") == (count(members[0][1]), result.provider)


@pytest.mark.parametrize(
    ("options", "failures", "rests"),
    [
        ({}, 3, [30, 60, 120, 240, 480, 600]),
        ({"faults_before_rest": 2, "rest_seconds": 4, "longest_rest_seconds": 6}, 2, [4, 6]),
    ],
    ids=["usual", "given"],
)
def test_every_pool_has_members_rest_as_it_is_told(
    send, registry, clock, kind, options, failures, rests
):
    """The number of failures, the first rest and the longest one are those that are documented."""
    pool = kind([member("a", otherwise=DOWN)], clock=clock, **options)
    made, rested = 0, []

    for _ in rests:
        while not pool.resting:
            with pytest.raises(FailoverError):
                send(pool, MESSAGE, registry=registry)
            made += not rested
        began = clock()
        while pool.resting:
            clock.sleep(1)
        rested.append(clock() - began)

    assert (failures, rests) == (made, rested)


def test_members_take_turns(send, registry, clock):
    """Each message begins with the next member; one that rests is left out."""
    members = [member(name, otherwise=name) for name in "abc"]
    members[1] = member("b", "b", AuthenticationFailed("suspended"), otherwise="b")
    pool = RoundRobin(members, clock=clock, rest_seconds=10)

    through = [send(pool, MESSAGE, registry=registry).provider for _ in range(8)]
    clock.sleep(10)
    through += [send(pool, MESSAGE, registry=registry).provider for _ in range(4)]

    assert ["a", "b", "c", "a", "c"] == through[:5]
    assert "b" not in through[5:8]
    assert "b" in through[8:]


def test_members_are_weighted(send, registry, clock):
    """The example of nginx: 5, 1 and 1 are spread evenly."""
    a, b, c = (member(name, otherwise=name) for name in "abc")
    pool = Weighted({a: 5, b: 1, c: 1}, clock=clock)

    through = [send(pool, MESSAGE, registry=registry).provider for _ in range(14)]

    assert "aabacaa" * 2 == "".join(through)


def test_the_others_stand_in_for_a_weighted_member(send, registry, clock):
    """The share of a member that rests goes to those that work."""
    a, b, c = member("a", otherwise=DOWN), member("b", otherwise="b"), member("c", otherwise="c")
    pool = Weighted({a: 98, b: 1, c: 1}, clock=clock)

    through = [send(pool, MESSAGE, registry=registry).provider for _ in range(20)]

    assert (3, (a,)) == (count(a), pool.resting)
    assert 8 <= through.count("b") <= 12


def test_a_preview_asks_nobody(registry, clock):
    """It shows the requests of the member that would be asked, and takes nobody's turn."""
    first, second = member("a", cc=YES), member("b", otherwise="b", tags=YES)
    mailer = Mailer(RoundRobin([first, second], clock=clock), registry=registry)
    message = MESSAGE.replace(tags=["x"])

    previews = [mailer.preview(message) for _ in range(2)]

    for preview in previews:
        assert ("b", ["a"]) == (preview.provider, [e.provider for e in preview.passed_over])
        assert [("ada@x.org",)] == [request.recipients for request in preview.requests]
    assert 0 == count(second)
    with pytest.raises(UnsupportedFeature):
        mailer.preview(message.replace(cc=["bea@x.org"]))


def test_a_preview_knows_who_rests(registry, clock):
    """Whoever rests is asked last."""
    first, second = member("a", QuotaExceeded("nothing left")), member("b", "id")
    mailer = Mailer(Failover([first, second], clock=clock), registry=registry)

    assert "a" == mailer.preview(MESSAGE).provider
    mailer.send(MESSAGE)
    assert "b" == mailer.preview(MESSAGE).provider
    assert (second, first) == tuple(mailer.provider.order(MESSAGE))
    alone = RoundRobin([member("a", DOWN)], clock=clock, faults_before_rest=1)
    with pytest.raises(FailoverError):
        Mailer(alone, registry=registry).send(MESSAGE)
    assert alone.members == alone.resting == tuple(alone.order(MESSAGE))


def test_pools_within_pools(send, registry, clock):
    """A pool is a provider: its failure is that of a member, and its attempts come along."""
    inner = RoundRobin([member("a", DOWN), member("b", DOWN)], clock=clock)
    refusing = Failover([member("c", cc=YES)], clock=clock)
    pool = Failover([inner, refusing, member("d", "id", tags=YES)], clock=clock)

    result = send(pool, MESSAGE.replace(tags=["x"]), registry=registry)

    assert "d" == result.provider
    assert [("roundrobin", "FailoverError"), ("failover", "UnsupportedFeature")] == told(
        result.attempts
    )
    assert [("a", "ProviderUnavailable"), ("b", "ProviderUnavailable")] == told(
        result.attempts[0].attempts
    )


def test_attempts_of_a_pool_within_a_pool(send, registry, clock):
    """All that failed before is on the result, in the order of the tries."""
    inner = Failover([member("b", DOWN), member("c", "id")], clock=clock)

    result = send(Failover([member("a", DOWN), inner], clock=clock), MESSAGE, registry=registry)

    assert ["a", "b"] == [error.provider for error in result.attempts]


def tagged(*tags):
    """The message with tags."""
    return MESSAGE.replace(tags=tags)


def to(*addresses):
    """The message to others."""
    return MESSAGE.replace(to=addresses)


@pytest.mark.parametrize(
    ("by", "message", "expected"),
    [
        ("tag", tagged("one"), "a"),
        ("tag", tagged("none", "two"), "b"),
        ("tag", tagged("none"), "c"),
        ("tag", MESSAGE, "c"),
        ("recipient_domain", to("ada@ONE"), "a"),
        ("recipient_domain", to("ada@one", "bea@one"), "a"),
        ("recipient_domain", to("ada@one", "bea@two"), "c"),
        ("recipient_domain", to("ada@one", "bea@x.org"), "c"),
        ("recipient_domain", to("ada@xn--fuss-6oa"), "c"),
        ("sender_domain", MESSAGE.replace(from_email="f@two"), "b"),
        ("sender_domain", MESSAGE, "c"),
        (lambda message: "one", MESSAGE, "a"),
        (lambda message: None, MESSAGE, "c"),
        (lambda message: ["none", "two"], MESSAGE, "b"),
        (lambda message: message.metadata.get("kind"), MESSAGE.replace(metadata={}), "c"),
    ],
)
def test_routes(send, registry, by, message, expected):
    """What a message is decides who sends it."""
    everything = {"tags": YES, "metadata": YES}
    a, b, c = (member(name, otherwise=name, **everything) for name in "abc")

    result = send(Route({"one": a, "two": b, "*": c}, by=by), message, registry=registry)

    assert expected == result.provider


def test_domains_of_routes_are_compared_as_domains(send, registry):
    """Case and punycode make no difference."""
    pool = Route({"BÜCHER.example": member("a", "id")}, by="recipient_domain")

    assert "a" == send(pool, to("ada@xn--bcher-kva.example"), registry=registry).provider


def test_no_route(send, registry, clock):
    """A message that no route is for is not sent; in a pool, the next member may take it."""
    route = Route({"one": member("a")}, by="tag")

    with pytest.raises(UnsupportedFeature) as raised:
        send(route, MESSAGE, registry=registry)
    assert "message" == raised.value.problems[0].field
    assert (
        "route cannot send this message: no route is for it (add a route, or '*' for all that "
        "have none)"
    ) == str(raised.value)
    with pytest.raises(UnsupportedFeature, match="no route is for it"):
        Mailer(route, registry=registry).preview(MESSAGE)
    pool = Failover([route, member("b", "id")], clock=clock)
    assert "b" == send(pool, MESSAGE, registry=registry).provider


def test_a_message_without_sender_has_no_domain(send, registry):
    """A template may have it: such a message is among all others."""
    others = member("b", "id")
    pool = Route({"x.org": member("a"), "*": others}, by="sender_domain")
    assert (others,) == pool.order(MESSAGE.replace(from_email=None))


def test_a_route_does_not_fail_over(send, registry):
    """Its member's error is the caller's, and several routes may lead to one provider."""
    a = member("a", otherwise=DOWN)

    with pytest.raises(ProviderUnavailable):
        send(Route({"x": a, "*": a}, by="tag"), MESSAGE, registry=registry)


def test_a_function_that_names_no_route(send, registry):
    """It returns texts: anything else is a mistake of the program."""
    pool = Route({"*": member("a")}, by=lambda message: 5)

    with pytest.raises(ConfigurationError, match="returned int, not str"):
        send(pool, MESSAGE, registry=registry)


def test_features_are_what_at_least_one_can(clock):
    """Of each feature the best that a member says of it; each member is held against its own."""
    pool = Failover([member("a", tags=limited(1)), member("b", tags=limited(3), cc=YES)])

    assert limited(3) == pool.features["tags"]
    assert YES == pool.features["cc"]
    assert "no" == pool.features["send_at"].kind
    assert "no" == Failover.features["cc"].kind


def test_capturing_keeps_what_a_member_would_send(registry, clock):
    """In a test of a program everything but the network happens."""
    pool = Failover([Toy("a", Features(cc=YES)), Toy("b")], clock=clock)

    with capture(registry) as outbox:
        result = Mailer(pool, registry=registry).send(MESSAGE.replace(tags=["x"]))

    assert ("b", 1) == (result.provider, len(outbox))


def test_each_member_keeps_its_transport(registry, clock):
    """A pool has no transport: neither of its own nor of the mailer's."""
    pool = Failover([member("a")], clock=clock)

    for wrong in (
        lambda: Mailer(pool, transport=Script(), registry=registry),
        pool.create_transport,
        lambda: pool.build(MESSAGE),
        lambda: pool.parse(Request(), HttpResponse(status_code=200)),
        lambda: Failover([Member(provider=pool, transport=Script())]),
    ):
        with pytest.raises(ConfigurationError, match=r"transport|members do"):
            wrong()


def test_event_loops_have_threads_for_the_widest_member(registry, clock):
    """Each member may be the one that takes all the mail."""
    narrow, wide = member("a"), member("b")
    narrow.transport.connections, wide.transport.connections = 3, 50

    assert 50 == AsyncMailer(Failover([narrow, wide], clock=clock), registry=registry)._width()


def test_a_member_has_middleware_of_its_own(send, registry, clock):
    """It runs around each send through this member, and knows its provider and transport."""
    seen = []

    class Noting(Policy):
        place = Place.THROTTLE

        def attach(self, sender):
            def noting(message, send):
                seen.append((sender.provider.name, sender.transport()))
                return (yield from send(message))

            return noting

    first, second = member("a", DOWN), member("b", "id")
    throttled = [
        Member(provider=each.provider, transport=each.transport, middleware=[Noting()])
        for each in (first, second)
    ]

    result = send(
        Failover([throttled[0], Failover([throttled[1]])], clock=clock), MESSAGE, registry=registry
    )

    assert "b" == result.provider
    assert [("a", first.transport), ("b", second.transport)] == seen


def test_a_member_is_throttled_by_itself(registry, clock):
    """The pace of one account is not that of the pool."""
    slow = member("a", otherwise="a")
    slow = Member(
        provider=slow.provider,
        transport=slow.transport,
        middleware=[Throttle(per_second=1, clock=clock)],
    )
    pool = Weighted({slow: 1, member("b", otherwise="b"): 3}, clock=clock)
    mailer = Mailer(pool, registry=registry)

    for _ in range(12):
        drive(mailer._sending(MESSAGE), clock=clock)

    assert 3 == count(slow)
    assert 2 == pytest.approx(clock.now, abs=0.5)


def test_middleware_of_a_member_that_is_wrong(registry):
    """It is refused as that of a mailer, when the mailer is made, with the member's name."""
    pool = Failover([Member(provider=Toy("a"), middleware="retry")])

    with pytest.raises(ConfigurationError, match="failover: member a: middleware must be a list"):
        Mailer(pool, registry=registry)


def test_a_probe_that_fails_rests_again_at_once(send, registry, clock):
    """Whatever it fails with: one failure is enough, where the member has just rested."""
    first = member("a", QuotaExceeded("nothing left"), DOWN, "id")
    pool = Failover([first, member("b", otherwise="b")], clock=clock, rest_seconds=10)
    send(pool, MESSAGE, registry=registry)
    clock.sleep(10)

    send(pool, MESSAGE, registry=registry)

    clock.sleep(19)
    assert (first,) == pool.resting
    clock.sleep(1)
    assert "a" == send(pool, MESSAGE, registry=registry).provider


def test_recipients_refused_for_now(send, registry, clock):
    """Another member may take the message; the provider works, and is not to blame."""
    greylisted = {"ada@x.org": RecipientStatus(SendStatus.FAILED, retryable=True)}
    pool = Failover([member("a", greylisted), member("b", "id")], clock=clock, faults_before_rest=1)

    assert "b" == send(pool, MESSAGE, registry=registry).provider
    assert () == pool.resting


class OneByOne(Toy):
    """A request for each recipient."""

    def build(self, message):
        return [Request(recipients=(each,)) for each in message.recipients]


@pytest.mark.parametrize(
    ("steps", "who", "rests"),
    [
        # The first request is refused, the second fails: nobody is sent to.
        ([MessageRejected("no"), DOWN], "b", True),
        # The first is accepted: its recipient must not get the message twice.
        (["id", DOWN], "a", True),
        # What is refused for what it is says nothing against the provider.
        (["id", MessageRejected("no")], "a", False),
    ],
)
def test_requests_that_fail_hurt_the_provider(send, registry, clock, steps, who, rests):
    """One of several requests that fails as a whole does, whatever became of the others."""
    script = Script([fresh(step) for step in steps])
    first = Member(provider=OneByOne("a"), transport=script)
    pool = Failover([first, member("b", otherwise="id")], clock=clock, faults_before_rest=1)

    result = send(pool, to("ada@x.org", "bea@x.org"), registry=registry)

    assert (who, (first,) if rests else ()) == (result.provider, pool.resting)
