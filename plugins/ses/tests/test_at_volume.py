"""A thousand messages to an SES that throttles: none lost, none twice, none too fast."""

from __future__ import annotations

import asyncio

from collections import Counter

import pytest

from mailcore import AsyncMailer, Mailer, Message, RateLimited
from mailcore.middleware import Retry, Throttle, production
from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    """Any will do for the local SES."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


def messages(count):
    """Messages that can be told apart."""
    for number in range(count):
        yield Message(
            from_email="shop@example.com",
            to=[f"customer{number}@example.net"],
            subject=f"Order {number}",
            text="It is on its way.",
        )


def settings(local):
    """The options of a mailer, with a retry that does not wait long."""
    retry = Retry(attempts=12, first_wait_seconds=0.002, longest_wait_seconds=0.05)
    return {**local.provider_options, "policies": production(retry=retry, throttle=None)}


def delivered(local):
    """How many mails each customer got."""
    return Counter(tuple(mail.to) for mail in local.messages)


def test_throttled_messages_do_not_come_back_to_the_caller():
    """At 20 % throttling all are sent, each once; without policies one in five comes back."""
    with LocalSes() as local:
        local.faults.seed(7)
        local.faults.add("throttle", rate=0.2)
        with Mailer("ses", **local.provider_options) as bare:
            outcomes = list(bare.send_many(messages(200)))
        refused = [each for each in outcomes if isinstance(each, RateLimited)]
        assert 20 < len(refused) < 70
        local.clear()
        with Mailer("ses", **settings(local)) as mailer:
            results = list(mailer.send_many(messages(1000), concurrency=4))

        assert [] == [result for result in results if not result.accepted]
        found = delivered(local)
        assert (1000, {1}) == (len(found), set(found.values()))
        assert 150 < sum(len(result.attempts) for result in results) < 350


def test_in_an_event_loop():
    """The same, with mails that are in flight together."""

    async def main(local):
        async with AsyncMailer("ses", **settings(local)) as mailer:
            return [each async for each in mailer.send_many(messages(300), concurrency=16)]

    with LocalSes() as local:
        local.faults.seed(7)
        local.faults.add("throttle", rate=0.2)
        results = asyncio.run(main(local))

        assert [] == [result for result in results if not result.accepted]
        found = delivered(local)
        assert (300, {1}) == (len(found), set(found.values()))


def test_what_may_have_been_taken_is_not_sent_again():
    """Answers that are lost after SES took the mail: the error says so, and nobody gets two."""
    with LocalSes() as local:
        local.faults.seed(7)
        local.faults.add("reset_after_accept", rate=0.2)
        with Mailer("ses", **settings(local)) as mailer:
            outcomes = list(mailer.send_many(messages(100), concurrency=4))

        lost = [each for each in outcomes if isinstance(each, Exception)]
        assert 5 < len(lost) < 40
        assert all(each.maybe_accepted for each in lost)
        found = delivered(local)
        assert (100, {1}) == (len(found), set(found.values()))


def test_the_quota_of_the_account_is_kept():
    """SES throttles nobody; the day's quota is told before SES has to refuse."""
    with LocalSes(max_send_rate=150, max_24_hour_send=220) as local:
        policies = [Throttle()]
        with Mailer("ses", policies=policies, **local.provider_options) as mailer:
            outcomes = list(mailer.send_many(messages(220), concurrency=8))

        assert [] == [each for each in outcomes if isinstance(each, RateLimited)]
        refused = [each for each in outcomes if isinstance(each, Exception)]
        assert {"own_daily_limit"} == {each.category for each in refused}
        assert 198 == len(local.messages)
