"""Real HTTP to a Postmark on the loopback interface."""

from __future__ import annotations

import asyncio
import json

import pytest

from mailcore import (
    AsyncMailer,
    AuthenticationFailed,
    Mailer,
    Message,
    MessageRejected,
    RateLimited,
    RecipientsRefused,
    SendTimeout,
    UnexpectedResponse,
)
from mailcore_postmark import PostmarkProvider


TOKEN = "5ec4e7b1-7a08-4b1f-a5d3-0d2c1f6e9a77"
MAIL = {
    "from_email": "shop@example.com",
    "to": ["ada@example.net"],
    "subject": "Grüße",
    "text": "日本 🎉",
}


@pytest.fixture
def mailer(local_postmark):
    """A mailer that sends there."""
    provider = PostmarkProvider(
        server_token=TOKEN, base_url=local_postmark.url, timeout_seconds=10.0
    )
    with Mailer(provider) as made:
        yield made


def statuses(result):
    """The statuses as words."""
    return {address: str(status.status) for address, status in result.recipients.items()}


def test_several_sends_share_a_connection(mailer, local_postmark):
    """One session: what connecting costs is paid once."""
    for _ in range(4):
        result = mailer.send(Message(**MAIL))
        assert {"ada@example.net": "queued"} == statuses(result)
        assert 36 == len(result.message_id)

    assert 1 == local_postmark.connections
    assert ["/email"] * 4 == [path for path, _ in local_postmark.seen]
    assert {
        "From": "shop@example.com",
        "To": "ada@example.net",
        "Subject": "Grüße",
        "TextBody": "日本 🎉",
    } == local_postmark.seen[0][1]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "/email"),
        ({"merge_data": {}}, "/email/batch"),
        ({"template_id": "welcome", "subject": None, "text": None}, "/email/withTemplate"),
        (
            {"template_id": "7", "subject": None, "text": None, "merge_data": {}},
            "/email/batchWithTemplates",
        ),
    ],
)
def test_each_call_is_taken(mailer, local_postmark, fields, path):
    """All four of them, with an id for everybody."""
    result = mailer.send(
        Message(**{**MAIL, "to": ["Ada@example.net", "bob@example.net"], **fields})
    )

    assert [path] == [seen for seen, _ in local_postmark.seen]
    assert {"Ada@example.net": "queued", "bob@example.net": "queued"} == statuses(result)
    assert (2 if "batch" in path else 1) == len(result.message_ids)


@pytest.mark.slow
def test_large_batches_take_several_calls(mailer, local_postmark):
    """Of 500 mails each, through one connection; everybody has an id of their own."""
    to = [f"user{n}@example.net" for n in range(1201)]
    local_postmark.suppressed.add("user700@example.net")

    result = mailer.send(Message(**{**MAIL, "to": to, "merge_metadata": {}}))

    assert [500, 500, 201] == [len(document) for _, document in local_postmark.seen]
    assert 1 == local_postmark.connections
    assert 1200 == len(set(result.message_ids))
    assert ("user700@example.net",) == result.refused


def test_suppressed_recipients_are_rejected_by_name(mailer, local_postmark):
    """In the message's spelling, although Postmark answers in lower case."""
    local_postmark.suppressed.update({"hardbounce@example.net", "boss@xn--bcher-kva.example"})
    to = ["HardBounce@Example.net", "ada@example.net"]

    result = mailer.send(Message(**{**MAIL, "to": to, "cc": ["Boss@Bücher.example"]}))

    assert {
        "HardBounce@Example.net": "rejected",
        "ada@example.net": "queued",
        "Boss@Bücher.example": "rejected",
    } == statuses(result)
    with pytest.raises(RecipientsRefused) as caught:
        mailer.send(Message(**{**MAIL, "to": ["HardBounce@Example.net"]}))
    assert {"HardBounce@Example.net": "rejected"} == statuses(caught.value.result)
    assert not caught.value.retryable


def test_async_sending_is_the_same(local_postmark):
    """An AsyncMailer through the same transport."""

    async def send():
        provider = PostmarkProvider(server_token="POSTMARK_API_TEST", base_url=local_postmark.url)
        async with AsyncMailer(provider) as mailer:
            return await mailer.send(Message(**MAIL))

    assert {"ada@example.net": "queued"} == statuses(asyncio.run(send()))


def test_a_wrong_token_says_so(local_postmark):
    """And which option it is; the token is not repeated."""
    provider = PostmarkProvider(server_token="wrong-token", base_url=local_postmark.url)
    with Mailer(provider) as mailer, pytest.raises(AuthenticationFailed) as caught:
        mailer.send(Message(**MAIL))

    assert "server_token" in str(caught.value)
    assert ("10", 401) == (caught.value.code, caught.value.status_code)
    assert "wrong-token" not in str(caught.value)


FORCED = [
    # status, headers, body → exception, maybe_accepted
    (429, {"Retry-After": "7"}, b'{"ErrorCode": 429, "Message": "slow down"}', RateLimited, False),
    (422, {}, b'{"ErrorCode": 300, "Message": "Zero recipients"}', MessageRejected, False),
    (302, {"Location": "/email"}, b"", UnexpectedResponse, True),
    (200, {"Content-Type": "text/html"}, b"<html>Log in</html>", UnexpectedResponse, True),
    (200, {}, b'{"ErrorCode": 0, "Mess', UnexpectedResponse, True),
]


@pytest.mark.parametrize(("status_code", "headers", "body", "error", "maybe"), FORCED)
def test_errors_are_typed_and_sent_once(
    mailer, local_postmark, status_code, headers, body, error, maybe
):
    """Nothing is repeated or followed by itself: the server counts."""
    local_postmark.forced.append((status_code, headers, body))

    with pytest.raises(error) as caught:
        mailer.send(Message(**MAIL))

    assert maybe is caught.value.maybe_accepted
    assert 1 == len(local_postmark.seen)
    assert (7.0 if status_code == 429 else None) == caught.value.retry_after_seconds


@pytest.mark.slow
def test_a_timeout_is_told_as_it_is(local_postmark):
    """The request arrived once, and nobody knows what became of it."""
    local_postmark.hangs = True
    provider = PostmarkProvider(
        server_token=TOKEN, base_url=local_postmark.url, timeout_seconds=0.3
    )
    with Mailer(provider) as mailer, pytest.raises(SendTimeout) as caught:
        mailer.send(Message(**MAIL))

    assert caught.value.maybe_accepted
    assert not caught.value.retryable
    assert 1 == len(local_postmark.seen)


def test_a_later_call_that_fails_loses_nothing(mailer, local_postmark):
    """What was accepted before it stays accepted, and the rest is told apart."""
    ok = [{"ErrorCode": 0, "Message": "OK", "MessageID": f"m{n}"} for n in range(500)]
    local_postmark.forced += [
        (200, {"Content-Type": "application/json"}, json.dumps(ok).encode()),
        (503, {}, b'{"ErrorCode": 100, "Message": "maintenance"}'),
    ]
    to = [f"user{n}@example.net" for n in range(1001)]

    result = mailer.send(Message(**{**MAIL, "to": to, "merge_data": {}}))

    assert 500 == len(result.accepted)
    assert ("100", "not_attempted") == (
        result.recipients["user500@example.net"].code,
        result.recipients["user1000@example.net"].code,
    )
    assert 501 == len(result.retryable)
    assert 2 == len(local_postmark.seen)


def test_several_messages_in_one_call(mailer, local_postmark):
    """Different messages share a call, and each has its own outcome."""
    local_postmark.suppressed.add("gone@example.net")
    messages = [
        Message(**{**MAIL, "subject": f"Nr. {number}", "to": [address]})
        for number, address in enumerate(["ada@example.net", "gone@example.net", "Eve@example.net"])
    ]

    first, second, third = mailer.send_many(messages, messages_per_call=500)

    ((path, sent),) = local_postmark.seen
    assert "/email/batch" == path
    assert ["Nr. 0", "Nr. 1", "Nr. 2"] == [message["Subject"] for message in sent]
    assert {"ada@example.net": "queued"} == statuses(first)
    assert isinstance(second, RecipientsRefused)
    assert {"Eve@example.net": "queued"} == statuses(third)
    assert first.message_id != third.message_id


def test_several_messages_and_one_timeout(local_postmark):
    """Nobody knows what became of any of them, and nothing is sent again."""
    local_postmark.hangs = True
    provider = PostmarkProvider(
        server_token=TOKEN, base_url=local_postmark.url, timeout_seconds=0.2
    )
    with Mailer(provider) as mailer:
        outcomes = list(mailer.send_many([Message(**MAIL)] * 3, messages_per_call=3))

    assert [(SendTimeout, True)] * 3 == [(type(each), each.maybe_accepted) for each in outcomes]
    assert 1 == len(local_postmark.seen)
