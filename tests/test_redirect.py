"""Mail of a staging system: to one inbox."""

from __future__ import annotations

import pytest

from mailcore.errors import (
    CancelSend,
    ConfigurationError,
    InvalidMessage,
    MessageRejected,
    RateLimited,
    RecipientsRefused,
    SendError,
    SendTimeout,
)
from mailcore.features import YES, Features
from mailcore.message import Message
from mailcore.middleware import Redirect
from mailcore.result import RecipientStatus, SendStatus


MESSAGE = Message(
    from_email="shop@example.com",
    to=["Ada <ada@customers.example>", "dev@ours.example"],
    cc=["grace@customers.example"],
    bcc=["audit@customers.example", "friend@elsewhere.example"],
    subject="Hi",
    text="Hi",
)
BATCH = MESSAGE.replace(
    to=["ada@customers.example", "dev@ours.example", "eve@customers.example"],
    cc=["grace@customers.example"],
    bcc=["friend@elsewhere.example"],
    merge_data={"ADA@customers.example": {"n": 1}, "dev@ours.example": {"n": 2}},
    idempotency_key="k",
)
INBOX = "staging@ours.example"
ALLOWED = ["@Ours.example", "friend@elsewhere.example"]


@pytest.fixture
def whole(chunked):
    """A provider that makes one request of a message, and keeps messages."""

    class Whole(chunked):
        features = Features(
            cc=YES,
            bcc=YES,
            headers=YES,
            merge_data=YES,
            idempotency_key=YES,
            merge_metadata=YES,
            merge_headers=YES,
        )

        def build(self, message):
            self.seen.append(message)
            return super().build(message)

    return Whole(size=50)


def addresses(message):
    """To, cc and bcc of a message, bare."""
    return tuple(
        [each.addr_spec for each in field] for field in (message.to, message.cc, message.bcc)
    )


def test_strangers_are_replaced(send, whole, scripted, registry):
    """Each mailbox once; who is allowed stays; the result has those whom the message was for."""
    policy = Redirect(INBOX, allow=ALLOWED)
    result = send(whole, MESSAGE, middleware=[policy], transport=scripted("1"), registry=registry)

    (sent,) = whole.seen
    assert ([INBOX, "dev@ours.example"], [], ["friend@elsewhere.example"]) == addresses(sent)
    shown = "ada@customers.example, dev@ours.example, grace@customers.example"
    assert {"X-Original-To": shown} == dict(sent.headers)
    assert MESSAGE.recipients == tuple(result.recipients)
    assert {"1"} == {status.message_id for status in result.recipients.values()}


def test_nobody_else_is_written_to(send, whole, scripted, registry):
    """Without an allow-list; the inbox itself is no stranger."""
    policy = Redirect(f"Staging <{INBOX}>")
    message = MESSAGE.replace(to=[INBOX.upper(), *MESSAGE.to])
    send(whole, message, middleware=[policy], transport=scripted("1"), registry=registry)

    assert ([INBOX.upper()], [], []) == addresses(whole.seen[0])


def test_what_is_allowed_is_left_alone(send, whole, scripted, registry):
    """No header, no copy."""
    policy = Redirect(INBOX, allow=ALLOWED)
    message = MESSAGE.replace(to=["dev@ours.example"], cc=None, bcc=None)
    send(whole, message, middleware=[policy], transport=scripted("1"), registry=registry)

    assert message is whole.seen[0]


def test_a_domain_is_without_those_below_it():
    """Nor with those that only end like it."""
    allows = Redirect(INBOX, allow=["example.com"]).allows
    given = Message(
        to=[
            "a@EXAMPLE.com",
            '"a@b"@example.com',
            "a@sub.example.com",
            "a@anexample.com",
            '"a@example.com"@b.example',
        ]
    ).to

    assert [True, True, False, False, False] == [allows(each) for each in given]


def test_a_batch_becomes_a_mail_for_each(send, whole, scripted, registry):
    """With their own values: those who are allowed together, each stranger alone."""
    policy = Redirect(INBOX, allow=ALLOWED)
    transport = scripted("1", "2", "3")
    result = send(whole, BATCH, middleware=[policy], transport=transport, registry=registry)

    friend = ["friend@elsewhere.example"]
    assert [
        (["dev@ours.example"], [INBOX], friend),
        ([INBOX], [], friend),
        ([INBOX], [], friend),
    ] == [addresses(sent) for sent in whole.seen]
    assert [{INBOX: {"n": 1}}, {}] == [sent.merge_data for sent in whole.seen[1:]]
    assert [None, "ada@customers.example", "eve@customers.example"] == [
        sent.headers.get("X-Original-To") for sent in whole.seen
    ]
    assert 3 == len({sent.idempotency_key for sent in whole.seen})
    assert BATCH.recipients == tuple(result.recipients)
    assert ("2", "1", "3") == tuple(
        result.recipients[each.addr_spec].message_id for each in BATCH.to
    )


def test_copies_of_a_batch_go_to_no_stranger(send, whole, scripted, registry):
    """Neither those in cc nor those in bcc, of none of its mails; what is for one goes with it."""
    stranger, allowed = "ada@customers.example", "dev@ours.example"
    batch = BATCH.replace(
        to=[stranger, allowed],
        cc=["grace@customers.example", "qa@ours.example"],
        bcc=["audit@customers.example", "friend@elsewhere.example"],
        merge_metadata={stranger: {"id": 1}, allowed: {"id": 2}},
        merge_headers={stranger: {"X-Id": "1"}, allowed: {"X-Id": "2"}},
    )
    settings = {"middleware": [Redirect(INBOX, allow=ALLOWED)], "registry": registry}
    send(whole, batch, transport=scripted("1", "2"), **settings)

    friend = ["friend@elsewhere.example"]
    assert [
        ([allowed], [INBOX, "qa@ours.example"], friend),
        ([INBOX], ["qa@ours.example"], friend),
    ] == [addresses(sent) for sent in whole.seen]
    assert [{allowed: {"id": 2}}, {INBOX: {"id": 1}}] == [
        sent.merge_metadata for sent in whole.seen
    ]
    assert [
        {allowed: batch.merge_headers[allowed]},
        {INBOX: batch.merge_headers[stranger]},
    ] == [sent.merge_headers for sent in whole.seen]


def test_who_is_allowed_has_a_status_of_its_own(send, whole, scripted, registry):
    """The others have that of the inbox."""
    message = MESSAGE.replace(to=["ada@customers.example", "dev@ours.example"], cc=None, bcc=None)
    queued, refused = RecipientStatus(SendStatus.QUEUED), RecipientStatus(SendStatus.REJECTED)
    settings = {"middleware": [Redirect(INBOX, allow=ALLOWED)], "registry": registry}
    answer = {INBOX: queued, "dev@ours.example": refused}
    result = send(whole, message, transport=scripted(answer), **settings)

    assert {"ada@customers.example": queued, "dev@ours.example": refused} == dict(
        result.recipients.items()
    )


def test_a_batch_to_nobody(send, whole, scripted, registry):
    """Whoever has it in cc is replaced, and the provider says what becomes of it."""
    batch = MESSAGE.replace(to=None, bcc=None, merge_data={})
    settings = {"middleware": [Redirect(INBOX)], "registry": registry}
    result = send(whole, batch, transport=scripted("1"), **settings)

    assert ([], [INBOX], []) == addresses(whole.seen[0])
    assert ("grace@customers.example",) == result.accepted


def test_of_a_batch_what_failed_is_told(send, whole, scripted, registry):
    """And what was accepted is kept."""
    transport = scripted("1", RateLimited("slow"), MessageRejected("no"))
    policy = Redirect(INBOX, allow=ALLOWED)
    result = send(whole, BATCH, middleware=[policy], transport=transport, registry=registry)

    assert ("ada@customers.example",) == result.retryable
    assert "message_rejected" == result.recipients["eve@customers.example"].code

    transport = scripted(RateLimited("slow"), RateLimited("slow"))
    batch = BATCH.replace(to=["ada@customers.example", "eve@customers.example"], cc=None)
    with pytest.raises(RecipientsRefused) as caught:
        send(whole, batch, middleware=[policy], transport=transport, registry=registry)
    assert batch.recipients == tuple(caught.value.result.recipients)
    assert (True, "chunked") == (caught.value.retryable, caught.value.provider)


def test_a_mail_of_a_batch_that_is_refused(send, whole, scripted, registry):
    """By the provider, with a status, or by a policy that names nobody."""

    def refusing(message, send):
        if message.merge_data == {}:
            raise RecipientsRefused("nobody")
        return (yield from send(message))

    settings = {"middleware": [Redirect(INBOX, allow=ALLOWED), refusing], "registry": registry}
    refused = {INBOX: RecipientStatus(SendStatus.REJECTED, code="no")}
    batch = BATCH.replace(cc=None, bcc=None)
    result = send(whole, batch, transport=scripted("1", refused), **settings)

    codes = {each: result.recipients[f"{each}@customers.example"].code for each in ("ada", "eve")}
    assert {"ada": "no", "eve": "recipients_refused"} == codes
    strangers = batch.replace(to=["ada@customers.example", "eve@customers.example"])
    with pytest.raises(RecipientsRefused) as caught:
        send(whole, strangers, transport=scripted(refused), **settings)
    assert [RecipientsRefused] * 2 == [type(each) for each in caught.value.errors]


def test_a_mail_of_a_batch_that_is_wrong_does_not_lose_the_others(send, whole, scripted, registry):
    """The first one that is wrong raises, a later one is reported."""
    policy = Redirect(INBOX, allow=ALLOWED)

    def refusing(message, send):
        if message.merge_data == wrong:
            raise InvalidMessage("it is wrong")
        return (yield from send(message))

    wrong = {INBOX: {"n": 1}}
    middleware = [policy, refusing]
    transport = scripted("1", "2")
    result = send(whole, BATCH, middleware=middleware, transport=transport, registry=registry)
    status = result.recipients["ada@customers.example"]
    assert ("message", "it is wrong") == (status.code, status.detail)
    assert "ada@customers.example" in result.refused

    wrong = {"dev@ours.example": {"n": 2}}
    with pytest.raises(InvalidMessage):
        send(whole, BATCH, middleware=middleware, transport=scripted(), registry=registry)


@pytest.mark.parametrize("fault", [InvalidMessage("it is wrong"), CancelSend("enough")], ids=repr)
@pytest.mark.parametrize(
    "first", [SendTimeout("no answer", maybe_accepted=True), "1"], ids=["lost", "accepted"]
)
def test_what_is_on_its_way_is_not_lost_to_a_later_mail(
    send, whole, scripted, registry, fault, first
):
    """Nor what may be: of a batch, an error that says that nothing was sent is raised at first."""

    def refusing(message, send):
        if message.merge_data == {INBOX: {"n": 1}}:
            raise fault
        return (yield from send(message))

    settings = {"middleware": [Redirect(INBOX, allow=ALLOWED), refusing], "registry": registry}
    batch = BATCH.replace(to=["dev@ours.example", "ada@customers.example"], cc=None, bcc=None)
    transport = scripted(first)
    if first == "1":
        result = send(whole, batch, transport=transport, **settings)
        assert ("dev@ours.example",) == result.accepted
    else:
        with pytest.raises(RecipientsRefused) as caught:
            send(whole, batch, transport=transport, **settings)
        assert caught.value.maybe_accepted
        assert [SendTimeout, SendError] == [type(each) for each in caught.value.errors]
        result = caught.value.result
    status = result.recipients["ada@customers.example"]
    assert ("message" if isinstance(fault, InvalidMessage) else "failed") == status.code
    assert (SendStatus.FAILED, False, False) == (
        status.status,
        status.maybe_accepted,
        status.retryable,
    )

    with pytest.raises(type(fault)):
        send(whole, batch, transport=scripted(MessageRejected("no")), **settings)


def test_a_refusal_names_those_whom_the_message_was_for(send, whole, scripted, registry):
    """As they would have been without it."""
    never = RecipientStatus(SendStatus.REJECTED)
    message = MESSAGE.replace(to=["ada@customers.example"], cc=None, bcc=None)
    with pytest.raises(RecipientsRefused) as caught:
        send(
            whole,
            message,
            middleware=[Redirect(INBOX)],
            transport=scripted({INBOX: never}),
            registry=registry,
        )

    assert ["ada@customers.example"] == list(caught.value.result.recipients)


def test_without_headers_nothing_is_added(send, chunked, scripted, registry):
    """A provider that takes none of a message's own sends it all the same."""

    class Plain(chunked):
        features = Features()

    message = MESSAGE.replace(cc=None, bcc=None)
    transport = scripted("1")
    send(Plain(), message, middleware=[Redirect(INBOX)], transport=transport, registry=registry)

    assert [(INBOX,)] == [request.recipients for request in transport.requests]


@pytest.mark.parametrize(
    ("count", "end"),
    [
        (20, ", c19@customers.example"),
        (21, ", c19@customers.example and 1 more"),
        (30, ", c19@customers.example and 10 more"),
    ],
)
def test_many_originals_are_not_all_named(send, whole, scripted, registry, count, end):
    """A header of a few lines is enough."""
    to = [f"c{n}@customers.example" for n in range(count)]
    message = MESSAGE.replace(to=to, cc=None, bcc=None)
    send(whole, message, middleware=[Redirect(INBOX)], transport=scripted("1"), registry=registry)

    assert whole.seen[0].headers["X-Original-To"].endswith(end)


def test_who_is_hidden_stays_hidden(send, whole, scripted, registry):
    """A message to people in bcc alone has nobody to name."""
    message = MESSAGE.replace(to=None, cc=None)
    send(whole, message, middleware=[Redirect(INBOX)], transport=scripted("1"), registry=registry)

    assert {} == dict(whole.seen[0].headers)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"to": "nobody"}, "takes one address"),
        ({"to": "a@x.example, b@x.example"}, "takes one address"),
        ({"to": None}, "takes one address"),
        ({"to": INBOX, "allow": "ours.example"}, "allow must be a list"),
        ({"to": INBOX, "allow": [""]}, "allow takes addresses and domains"),
        ({"to": INBOX, "allow": [5]}, "allow takes addresses and domains"),
        ({"to": INBOX, "allow": ["not a domain"]}, "no address and no domain"),
    ],
)
def test_wrong_arguments(arguments, told):
    """Without repeating an address."""
    with pytest.raises(ConfigurationError, match=told):
        Redirect(**arguments)


def test_it_says_what_it_does():
    """Without the whole address."""
    told = Redirect(INBOX, allow=ALLOWED).describe()
    expected = "everything to s***@ours.example, but for 2 addresses and domains that are allowed"
    assert expected == told
    assert "everything to s***@ours.example" == Redirect(INBOX).describe()
