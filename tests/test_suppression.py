"""The policy that leaves out who is on the suppression list, and the events that fill the list."""

from __future__ import annotations

import asyncio

from datetime import datetime, timedelta, timezone

import pytest

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    EventType,
    Mailer,
    Message,
    RecipientsRefused,
    RecipientStatus,
    SendResult,
    SendStatus,
    StoreError,
    StoreUnavailable,
    TrackingEvent,
    WebhookRequest,
    areceive,
    receive,
)
from mailcore.account import BOUNCE, COMPLAINT, MANUAL, UNSUBSCRIBE
from mailcore.events import BounceClass, RejectReason
from mailcore.flow import Call
from mailcore.middleware import Place, Sender, Suppression
from mailcore.result import RecipientStatuses
from mailcore.stores import (
    ALL_LISTS,
    ALL_MAIL,
    MemorySuppressionStore,
    SqliteSuppressionStore,
    SuppressionEntry,
)
from mailcore.testing import drive
from mailcore.webhook import EventRouter, SuppressionFeed, respond


ADA, BOB, EVE = "ada@example.net", "bob@example.net", "eve@example.net"


def entry(address=ADA, reason=BOUNCE, scope=""):
    """An entry of the list."""
    return SuppressionEntry(email_address=address, reason=reason, scope=scope, source="toy")


def message(**fields):
    """A message to two."""
    return Message(
        **{
            "from_email": "me@example.com",
            "to": [ADA, BOB],
            "subject": "Hi",
            "text": "Hi",
            **fields,
        }
    )


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """An empty store: one that event loops ask themselves, and one that a thread asks."""
    if request.param == "memory":
        yield MemorySuppressionStore()
        return
    with SqliteSuppressionStore(tmp_path / "list.db") as made:
        yield made


@pytest.fixture
def sent(send, chunked, scripted, registry):
    """Send a message past a store; returns outcome and the requests that were made."""

    def through(given, store, *answers, **options):
        transport = scripted(*(answers or "1234567890"))
        policy = Suppression(store, **options)
        try:
            outcome = send(
                chunked(), given, middleware=[policy], transport=transport, registry=registry
            )
        except Exception as error:
            outcome = error
        return outcome, transport.requests

    return through


def told(result):
    """Statuses by address."""
    return {address: str(status.status) for address, status in result.recipients.items()}


def test_who_is_on_the_list_gets_nothing(sent, store):
    """Everybody has a status, in the order of the message; one in another spelling is known."""
    store.add([entry(ADA)])
    spelled = "Ada@EXAMPLE.net"
    result, requests = sent(message(to=[BOB, spelled], cc=[EVE]), store)

    assert {BOB: "queued", spelled: "rejected", EVE: "queued"} == told(result)
    assert [BOB, spelled, EVE] == list(result.recipients)
    assert [(BOB,), (EVE,)] == [each.recipients for each in requests]
    status = result.recipients[ADA]
    assert ("suppressed", False) == (status.code, status.retryable)
    assert "on the suppression list: bounce, 20" in status.detail
    assert status.detail.endswith(", for *, from toy")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": MANUAL}, "by hand, 2026-11-30, for *"),
        ({"reason": UNSUBSCRIBE, "source": "toy"}, "unsubscribe, 2026-11-30, for *lists, from toy"),
    ],
)
def test_why_nothing_is_sent(sent, fields, told):
    """The reason, since when, for which mail, and who has put it there."""
    when = datetime(2026, 11, 30, tzinfo=timezone.utc)
    store = MemorySuppressionStore([SuppressionEntry(email_address=ADA, updated_at=when, **fields)])
    result, _ = sent(message(**LINK), store)

    assert f"on the suppression list: {told}" == result.recipients[ADA].detail


def test_nobody_on_the_list(sent, store):
    """The message goes as it is."""
    result, requests = sent(message(), store)

    assert {ADA: "queued", BOB: "queued"} == told(result)
    assert 2 == len(requests)


def test_nobody_is_left(sent, store):
    """As a provider's refusal of all does: nothing was sent, and the result says why."""
    store.add([entry(ADA), entry(BOB, COMPLAINT)])
    error, requests = sent(message(), store)

    assert isinstance(error, RecipientsRefused)
    assert ([], "chunked", "suppressed", False, False) == (
        requests, error.provider, error.category, error.retryable, error.maybe_accepted,
    )  # fmt: skip
    assert {ADA: "rejected", BOB: "rejected"} == told(error.result)
    assert "nothing was sent: 2 of 2 recipients are on the suppression list" in str(error)


def test_nobody_is_left_and_refusals_are_returned(chunked, scripted, registry):
    """With refused="return" the result comes back, as for a provider's refusal."""
    policy = Suppression(MemorySuppressionStore([entry(ADA)]))
    settings = {"middleware": [policy], "transport": scripted(), "registry": registry}
    mailer = Mailer(chunked(), refused="return", **settings)

    assert {ADA: "rejected"} == told(mailer.send(message(to=[ADA])))


def test_the_provider_refuses_the_others(sent, store):
    """The result has both refusals."""
    store.add([entry(ADA)])
    no = {BOB: RecipientStatus(SendStatus.INVALID), EVE: RecipientStatus(SendStatus.INVALID)}
    error, _ = sent(message(to=[ADA, BOB, EVE]), store, no, no)

    assert isinstance(error, RecipientsRefused)
    assert {ADA: "rejected", BOB: "invalid", EVE: "invalid"} == told(error.result)


# Which mail an entry blocks.

NEWS = {"tags": ["news", "2026-11"]}
LINK = {"headers": {"List-Unsubscribe": "<https://example.com/u>"}}


@pytest.mark.parametrize(
    ("on_list", "fields", "blocked"),
    [
        (entry(), {}, True),
        (entry(), NEWS, True),
        (entry(reason=COMPLAINT), {}, True),
        (entry(reason=MANUAL), {}, True),
        (entry(reason=UNSUBSCRIBE), {}, False),
        (entry(reason=UNSUBSCRIBE), {"tags": ["password-reset"]}, False),
        (entry(reason=UNSUBSCRIBE), NEWS, True),
        (entry(reason=UNSUBSCRIBE), LINK, True),
        (entry(reason=UNSUBSCRIBE, scope="news"), NEWS, True),
        (entry(reason=UNSUBSCRIBE, scope="news"), {"tags": ["offers"]}, False),
        (entry(reason=UNSUBSCRIBE, scope="news"), LINK, False),
        (entry(reason=UNSUBSCRIBE, scope="news"), {}, False),
        (entry(reason=UNSUBSCRIBE, scope="2026-11"), NEWS, False),
        (entry(reason=UNSUBSCRIBE, scope=ALL_MAIL), {}, True),
        (entry(reason=MANUAL, scope="offers"), {"tags": ["offers"]}, True),
    ],
)
def test_scopes(sent, on_list, fields, blocked):
    """An unsubscription blocks its own list, or all lists, and no password reset."""
    store = MemorySuppressionStore([on_list])
    result, _ = sent(message(**fields), store, scopes=["news", "offers"])

    assert ("rejected" if blocked else "queued") == told(result)[ADA]


def test_an_unsubscribe_link_makes_a_list():
    """The field as the header."""
    store = MemorySuppressionStore([entry(reason=UNSUBSCRIBE)])
    _, result = given_to_provider(message(unsubscribe="https://example.com/u"), store)

    assert {ADA: "rejected", BOB: "sent"} == told(result)


def test_scopes_by_a_function(sent):
    """By whatever the message has."""
    store = MemorySuppressionStore([entry(reason=UNSUBSCRIBE, scope="list 7")])

    def scopes(given):
        return [f"list {given.metadata['list']}"]

    outcomes = [
        told(sent(message(metadata={"list": number}), store, scopes=scopes)[0])[ADA]
        for number in (7, 8)
    ]
    assert ["rejected", "queued"] == outcomes


# Messages of many kinds.


def given_to_provider(given, store):
    """The message that is left."""
    mailer = Mailer("memory", middleware=[Suppression(store)])
    result = mailer.send(given)
    return mailer.provider.outbox[0], result


def test_what_is_only_for_them_goes_with_them():
    """Values, metadata and headers of the recipients of a batch."""
    batch = message(
        merge_data={"Ada@example.net": {"n": 1}, BOB: {"n": 2}},
        merge_metadata={ADA: {"id": 1}, BOB: {"id": 2}},
        merge_headers={ADA: {"X-A": "1"}},
    )
    left, _ = given_to_provider(batch, MemorySuppressionStore([entry(ADA)]))

    assert ([BOB], {BOB: {"n": 2}}, {BOB: {"id": 2}}, {}) == (
        [each.addr_spec for each in left.to],
        left.merge_data,
        left.merge_metadata,
        left.merge_headers,
    )
    assert left.is_batch


def test_a_batch_without_anybody_in_to():
    """Those in cc would get copies of mail that nobody gets."""
    batch = message(to=[ADA], cc=[EVE], merge_data={})
    with pytest.raises(RecipientsRefused) as caught:
        given_to_provider(batch, MemorySuppressionStore([entry(ADA)]))

    assert {ADA: "rejected", EVE: "rejected"} == told(caught.value.result)
    assert "nobody of `to` is left" in caught.value.result.recipients[EVE].detail
    assert "on the suppression list" in caught.value.result.recipients[ADA].detail
    assert "memory" == caught.value.result.provider


def test_everybody_in_to_is_on_the_list():
    """Of one mail to all, those in cc get theirs."""
    left, result = given_to_provider(
        message(to=[ADA], cc=[EVE], bcc=[BOB]), MemorySuppressionStore([entry(ADA), entry(BOB)])
    )

    assert ((), [EVE], ()) == (left.to, [each.addr_spec for each in left.cc], left.bcc)
    assert {ADA: "rejected", EVE: "sent", BOB: "rejected"} == told(result)


def test_many_messages(chunked, scripted, registry):
    """Each has its own outcome, in one call too."""
    policy = Suppression(MemorySuppressionStore([entry(ADA)]))
    settings = {"middleware": [policy], "transport": scripted("1"), "registry": registry}
    mailer = Mailer(chunked(), **settings)
    first, second = mailer.send_many([message(to=[ADA]), message(to=[BOB])], messages_per_call=2)

    assert isinstance(first, RecipientsRefused)
    assert {BOB: "queued"} == told(second)


# A store that is down.


class Down:
    """A store that cannot be asked."""

    def find(self, keys):
        raise StoreError("the store 'x' cannot be used: it is down")

    def add(self, entries):
        raise StoreError("the store 'x' cannot be used: it is down")


def test_whom_the_answer_does_not_name(chunked, registry):
    """Nobody knows what became of those; of who is on the list it is known."""
    policy = Suppression(MemorySuppressionStore([entry(ADA)]))
    sending = policy.attach(Sender(provider=chunked(), registry=registry))

    def leaf(_):
        queued = {EVE: RecipientStatus(SendStatus.QUEUED)}
        return SendResult(provider="chunked", recipients=RecipientStatuses(queued))
        yield

    result = drive(sending(message(to=[ADA, BOB, EVE]), leaf))
    assert {ADA: "rejected", BOB: "unknown", EVE: "queued"} == told(result)
    assert "what sent the message does not say" == result.recipients[BOB].detail


def test_a_store_in_memory_is_asked_without_a_thread(chunked, registry):
    """So that an event loop has nothing to wait for."""
    policy = Suppression(MemorySuppressionStore([entry(EVE)]))
    sending = policy.attach(Sender(provider=chunked(), registry=registry))

    def leaf(_):
        return "sent"
        yield

    with pytest.raises(StopIteration, match="sent"):
        next(sending(message(), leaf))


def test_a_store_that_does_not_say_is_asked_in_a_thread(chunked, registry):
    """It may wait for something."""

    class Own:
        def find(self, keys):
            return ()

    policy = Suppression(Own())
    sending = policy.attach(Sender(provider=chunked(), registry=registry))

    assert isinstance(next(sending(message(), None)), Call)


def test_what_a_store_of_your_own_raises_is_not_told(sent):
    """Its text may hold an address: the name of the error is."""

    class Own:
        def find(self, keys):
            raise ValueError(f"no row for {ADA}")

    error, _ = sent(message(), Own())
    assert str(error).endswith("the store of suppressions cannot be asked: ValueError")


def test_a_store_that_is_down_refuses(sent):
    """Nothing was sent, and the same may be sent again."""
    error, requests = sent(message(), Down())

    assert isinstance(error, StoreUnavailable)
    assert ([], True, False) == (requests, error.retryable, error.maybe_accepted)
    told = "chunked: nothing was sent: the store of suppressions cannot be asked: the store 'x' "
    assert str(error).startswith(told)
    assert isinstance(error.__cause__, StoreError)


def test_a_store_that_is_down_sends_if_it_is_told_to(sent, caplog):
    """To everybody, and the log says so."""
    result, requests = sent(message(), Down(), when_down="send")

    assert ({ADA: "queued", BOB: "queued"}, 2) == (told(result), len(requests))
    assert "the store of suppressions cannot be asked; it is sent all the same" in caplog.text
    assert "StoreError: the store 'x' cannot be used: it is down" in caplog.text


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: Suppression(5),
            r"Suppression takes a store such as SqliteSuppressionStore\(path\), not int",
        ),
        (
            lambda: Suppression("suppressions.db"),
            r"Suppression takes a store such as SqliteSuppressionStore\(path\), not str",
        ),
        (lambda: Suppression(MemorySuppressionStore), r"write MemorySuppressionStore\(...\)"),
        (lambda: Suppression(Down(), when_down="wait"), "when_down must be 'refuse' or 'send'"),
        (lambda: Suppression(Down(), scopes="news"), "scopes must be a list of tags, .* not str"),
        (lambda: Suppression(Down(), scopes=["*"]), r"'\*' is the name of no list"),
        (lambda: Suppression(Down(), scopes=[""]), "a scope is a printable text"),
        (lambda: SuppressionFeed(MemorySuppressionStore), "not MemorySuppressionStore"),
        (lambda: SuppressionFeed(5), "takes a store such as .* not int"),
    ],
)
def test_wrong_settings(make, says):
    """They are told when the policy is made."""
    with pytest.raises(ConfigurationError, match=says):
        make()


def test_its_place():
    """Before idempotency, retry and throttle; the doctor says what it does."""
    policy = Suppression(Down())

    assert Place.SUPPRESSION == policy.place
    assert "rejects recipients on the list of Down; refuses while it is down" == policy.describe()
    sends = Suppression(Down(), when_down="send").describe()
    assert sends.endswith("; sends without asking while it is down")


# Events.


def event(kind, **fields):
    """An event about Ada."""
    return TrackingEvent(
        **{
            "provider": "toy",
            "event_type": EventType(kind),
            "recipient": "Ada@example.net",
            **fields,
        }
    )


HARD, SOFT, NOBODY_KNOWS = BounceClass.HARD, BounceClass.SOFT, BounceClass.UNDETERMINED


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (event("bounced", bounce_class=HARD), [(BOUNCE, ALL_MAIL)]),
        (event("failed", bounce_class=HARD), [(BOUNCE, ALL_MAIL)]),
        (event("bounced", bounce_class=SOFT), []),
        (event("bounced", bounce_class=NOBODY_KNOWS), []),
        (event("bounced", bounce_class=HARD, recipient_certain=False), []),
        (event("complained", recipient_certain=False), []),
        (event("complained", recipient=None), []),
        (event("complained", recipient="undisclosed"), []),
        (event("complained"), [(COMPLAINT, ALL_MAIL)]),
        (event("rejected", reject_reason=RejectReason.BOUNCED), [(BOUNCE, ALL_MAIL)]),
        (event("rejected", reject_reason=RejectReason.INVALID), [(BOUNCE, ALL_MAIL)]),
        (event("rejected", reject_reason=RejectReason.SPAM), [(COMPLAINT, ALL_MAIL)]),
        (event("rejected", reject_reason=RejectReason.UNSUBSCRIBED), [(UNSUBSCRIBE, ALL_LISTS)]),
        (event("rejected", reject_reason=RejectReason.BLOCKED), []),
        (event("unsubscribed"), [(UNSUBSCRIBE, ALL_LISTS)]),
        (event("unsubscribed", tags=["2026-11"]), [(UNSUBSCRIBE, ALL_LISTS)]),
        (event("unsubscribed", tags=["news", "2026-11"]), [(UNSUBSCRIBE, "news")]),
        (
            event("unsubscribed", tags=["offers", "news"]),
            [(UNSUBSCRIBE, "news"), (UNSUBSCRIBE, "offers")],
        ),
        (event("unsubscribed", reject_reason=RejectReason.BLOCKED), [(MANUAL, ALL_MAIL)]),
        *((event(kind), []) for kind in ("delivered", "opened", "deferred", "sent", "unknown")),
    ],
)
def test_what_events_put_on_the_list(given, expected):
    """Hard bounces, complaints and unsubscriptions, where the recipient is certain."""
    store = MemorySuppressionStore()
    SuppressionFeed(store, scopes=["news", "offers"])(given)

    assert expected == [(each.reason, each.scope) for each in store.entries()]
    assert {ADA} >= {each.email_address for each in store.entries()}


def test_an_entry_has_what_the_event_says():
    """Its time, its words, and who reports it."""
    when = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
    store = MemorySuppressionStore()
    SuppressionFeed(store)(
        event("bounced", bounce_class=HARD, timestamp=when, mta_response="550 no such user")
    )
    (found,) = store.find([ADA])

    assert (when, "550 no such user", "toy") == (found.updated_at, found.detail, found.source)


def test_subscribing_again():
    """Older unsubscriptions of the same list are forgotten; bounces and later ones stay."""
    when = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
    before, after = when - timedelta(hours=1), when + timedelta(hours=1)
    kept = {"email_address": ADA, "reason": UNSUBSCRIBE}
    entries = [
        SuppressionEntry(**kept, scope="news", updated_at=before),
        SuppressionEntry(**kept, scope="offers", updated_at=before),
        SuppressionEntry(**kept, scope=ALL_LISTS, updated_at=after),
        SuppressionEntry(email_address=ADA, reason=BOUNCE, updated_at=before),
    ]
    store = MemorySuppressionStore(entries)
    feed = SuppressionFeed(store, scopes=["news", "offers"])
    feed(event("subscribed", timestamp=when, tags=["news"]))
    assert [ALL_MAIL, ALL_LISTS, "offers"] == [each.scope for each in store.entries()]
    feed(event("subscribed", timestamp=when))
    assert [ALL_MAIL, ALL_LISTS] == [each.scope for each in store.entries()]


class Complaining:
    """Mixed into a provider: each request reports that Ada complained."""

    def parse_webhook(self, request):
        return (event("complained", dedupe_key="toy:1"),)


@pytest.mark.parametrize("takes", ["receive", "areceive", "router"])
def test_a_webhook_fills_the_list(store, takes, chunked, registry):
    """In the way of the handler, in an event loop too."""
    provider = type("Toy", (Complaining, chunked), {})()
    request = WebhookRequest("POST", {"x-secret": "open sesame"}, b"x")
    feed = SuppressionFeed(store)
    if takes == "receive":
        receive(provider, request, feed, registry=registry)
    elif takes == "areceive":
        asyncio.run(areceive(provider, request, feed, registry=registry))
    else:
        router = EventRouter()
        router.add(feed, EventType.COMPLAINED, name="suppressions")
        receive(provider, request, router, registry=registry)

    assert [COMPLAINT] == [each.reason for each in store.find([ADA])]


def test_a_list_that_cannot_be_written(chunked, registry):
    """The webhook answers 500, so that the event comes again; then it is there."""
    provider = type("Toy", (Complaining, chunked), {})()
    request = WebhookRequest("POST", {"x-secret": "open sesame"}, b"x")
    router = EventRouter()
    router.add(SuppressionFeed(Down()), name="suppressions")

    assert 500 == respond(provider, request, router, registry=registry).status_code


def test_event_loops_do_not_wait(store, scripted, chunked, registry):
    """Many sends at once, through one store."""
    store.add([entry(ADA)])

    async def send_all():
        settings = {"middleware": [Suppression(store)], "registry": registry}
        async with AsyncMailer(chunked(), transport=scripted(*"1234567890"), **settings) as mailer:
            messages = [message(to=[ADA, BOB]) for _ in range(10)]
            return [outcome async for outcome in mailer.send_many(messages, concurrency=5)]

    assert [{ADA: "rejected", BOB: "queued"}] * 10 == list(map(told, asyncio.run(send_all())))
