"""Sending over HTTP, to a Brevo on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib

from datetime import datetime, timezone

import pytest

from mailcore import AsyncMailer, AuthenticationFailed, Mailer, Message, SendStatus


KEY = "xkeysib-0123456789abcdef-invented"
PLAIN = {
    "from_email": "Shop <shop@example.com>",
    "to": ["ada@example.net", "bob@example.net"],
    "subject": "Hi",
    "html": "<p>Dear {{params.name}}</p>",
    "text": "Hello",
}


@pytest.fixture
def mailer(local_brevo):
    """A mailer that sends there."""
    with contextlib.closing(Mailer("brevo", api_key=KEY, base_url=local_brevo.url)) as made:
        yield made


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"template_id": "7", "text": None, "html": None, "from_email": None},
        {"merge_global_data": {"name": "you"}},
        {"send_at": datetime(2027, 1, 5, 9, 30, tzinfo=timezone.utc)},
    ],
)
def test_a_message_is_taken(mailer, fields):
    """One id for everybody."""
    result = mailer.send(Message(**{**PLAIN, **fields}))

    assert 1 == len({status.message_id for status in result.recipients.values()})
    assert {SendStatus.QUEUED} == {status.status for status in result.recipients.values()}


@pytest.mark.parametrize(
    "fields",
    [
        {"merge_data": {}},
        {"merge_data": {"ada@example.net": {"name": "Ada"}}},
        {"merge_metadata": {"ada@example.net": {"n": 1}}},
    ],
)
def test_a_batch_is_taken(mailer, local_brevo, fields):
    """An id for each, in one call."""
    result = mailer.send(Message(**{**PLAIN, **fields}))

    assert 2 == len({status.message_id for status in result.recipients.values()})
    assert 1 == len(local_brevo.seen)


@pytest.mark.parametrize("batch", [{}, {"merge_data": {}}])
def test_a_message_with_a_key_is_sent_once(mailer, local_brevo, batch):
    """The second send is accepted, and Brevo sends nothing."""
    message = Message(**{**PLAIN, **batch}, idempotency_key="order-42")

    first, second = mailer.send(message), mailer.send(message)

    assert {SendStatus.QUEUED} == {status.status for status in first.recipients.values()}
    assert {SendStatus.QUEUED} == {status.status for status in second.recipients.values()}
    assert {None} == {status.message_id for status in second.recipients.values()}
    assert 1 == len(local_brevo.keys)


def test_a_large_batch_with_a_key_is_sent_whole(mailer, local_brevo):
    """Each call has a key of its own, so that none is taken for a repetition."""
    to = [f"a{n}@example.net" for n in range(1500)]
    message = Message(**{**PLAIN, "to": to, "merge_data": {}, "idempotency_key": "order-42"})

    result = mailer.send(message)

    assert 1500 == len({status.message_id for status in result.recipients.values()} - {None})
    assert 2 == len(local_brevo.keys)


def test_a_wrong_key_says_so(local_brevo):
    """With what to look at."""
    with (
        contextlib.closing(Mailer("brevo", api_key="wrong", base_url=local_brevo.url)) as mailer,
        pytest.raises(AuthenticationFailed, match="check api_key"),
    ):
        mailer.send(Message(**PLAIN))


def test_async_sending_is_the_same(local_brevo):
    """In an event loop."""

    async def send():
        mailer = AsyncMailer("brevo", api_key=KEY, base_url=local_brevo.url)
        try:
            return await mailer.send(Message(**PLAIN))
        finally:
            await mailer.aclose()

    result = asyncio.run(send())

    assert {SendStatus.QUEUED} == {status.status for status in result.recipients.values()}
