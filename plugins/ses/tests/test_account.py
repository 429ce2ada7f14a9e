"""`provider.account` against a local SES over HTTP."""

from __future__ import annotations

import asyncio

from datetime import datetime, timedelta, timezone

import boto3
import pytest

from mailcore import get_provider
from mailcore.errors import ConfigurationError, InvalidAddress, MessageRejected
from mailcore_local.ses import LocalSes
from mailcore_ses.account.identities import DnsRecord
from mailcore_ses.account.status import AccountStatus, SendQuota


@pytest.fixture
def start(invented_credentials):
    """Start a local SES, and make a provider for it."""
    started = []

    def make(**settings: object):
        ses = LocalSes(region_name="eu-west-1", **settings)
        ses.start()
        provider = get_provider("ses", **ses.provider_options)
        started.append((ses, provider))
        return ses, provider

    yield make
    for ses, provider in started:
        provider.create_transport().close()
        ses.stop()


@pytest.fixture
def account(start):
    """The account of a local SES."""
    _, provider = start()
    return provider.account


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"sandbox": True},
            AccountStatus(
                quota=SendQuota(max_send_rate=1, max_24_hour_send=200, sent_last_24_hours=0),
                sending_enabled=True,
                enforcement_status="HEALTHY",
                production_access=False,
                suppressed_reasons=("BOUNCE", "COMPLAINT"),
            ),
        ),
        (
            {"max_send_rate": 14},
            AccountStatus(
                quota=SendQuota(max_send_rate=14, max_24_hour_send=None, sent_last_24_hours=0),
                sending_enabled=True,
                enforcement_status="HEALTHY",
                production_access=True,
                suppressed_reasons=("BOUNCE", "COMPLAINT"),
            ),
        ),
    ],
    ids=["sandbox", "production"],
)
def test_status(start, settings: dict[str, object], expected: AccountStatus):
    """The status tells quota, switch, reputation, and sandbox or production."""
    _, provider = start(**settings)

    assert expected == provider.account.status()
    assert expected.quota == provider.account.quota()
    assert expected.sandbox != expected.production_access


def test_client_of_version_1(start):
    """A client of version 1 of the API leads to the account of version 2 at the same place."""
    ses, _ = start(max_send_rate=14)
    client = boto3.client("ses", region_name="eu-west-1", endpoint_url=ses.url)
    provider = get_provider("ses", api_version="v1", client=client)

    assert 14 == provider.account.quota().max_send_rate
    provider.create_transport().close()


@pytest.mark.parametrize(
    ("most", "sent", "expected"),
    [(200.0, 0.0, 200.0), (200.0, 150.0, 50.0), (200.0, 250.0, 0.0), (None, 250.0, None)],
)
def test_rest_of_the_quota(most: float | None, sent: float, expected: float | None):
    """What is left is never below nothing, and unlimited stays unlimited."""
    quota = SendQuota(max_send_rate=1, max_24_hour_send=most, sent_last_24_hours=sent)

    assert expected == quota.remaining_24_hours


def test_life_of_a_domain(account):
    """A domain is created, has records to publish, is listed, and is gone once deleted."""
    created = account.create_identity("Shop.example", configuration_set_name="local")
    found = account.identity("Shop.example")
    (listed,) = account.identities()

    assert ("DOMAIN", True) == (created.kind, created.verified_for_sending)
    assert "local" == created.configuration_set_name == found.configuration_set_name
    assert 3 == len(found.dkim.tokens)
    assert [
        DnsRecord(
            kind="CNAME",
            name=f"{token}._domainkey.Shop.example",
            value=f"{token}.dkim.amazonses.com",
        )
        for token in created.dkim.tokens
    ] == list(found.dns_records)
    assert ("Shop.example", "DOMAIN", True, True) == (
        listed.name,
        listed.kind,
        listed.verified,
        listed.sending_enabled,
    )
    assert account.delete_identity("Shop.example") is True
    assert account.identity("Shop.example") is None
    assert account.delete_identity("Shop.example") is False


def test_address_has_no_records(account):
    """An address is verified by an e-mail, so there is nothing to publish."""
    created = account.create_identity("ada@example.net")

    assert ("EMAIL_ADDRESS", ()) == (created.kind, created.dns_records)


def test_identity_that_exists(account):
    """Creating an identity twice is refused, without its address in the text."""
    account.create_identity("ada@example.net")

    with pytest.raises(MessageRejected) as caught:
        account.create_identity("ada@example.net")

    assert ("ses", "AlreadyExistsException") == (caught.value.provider, caught.value.code)
    assert "ada@example.net" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a/../../x", "a b.example", "a\n.example"])
def test_name_that_is_none(account, name: str):
    """A name that would be another path of the API never gets there."""
    with pytest.raises(ConfigurationError):
        account.identity(name)


def test_lists_are_fetched_page_by_page(start):
    """A list is lazy: a page is asked for when its first item is wanted, and no sooner."""
    ses, provider = start()
    for number in range(5):
        provider.account.put_suppressed(f"user{number}@example.net", "bounce")
        provider.account.create_identity(f"d{number}.example")
    suppressed = provider.account.suppressed(page_size=2)
    identities = provider.account.identities(page_size=2)
    first = [next(suppressed).email_address, next(suppressed).email_address]
    next(identities)
    # What is not asked for cannot fail.
    ses.faults.script("error:BadRequestException", operations=["*"])

    with pytest.raises(MessageRejected):
        next(suppressed)
    rest = [each.name for each in identities]
    assert ["user0@example.net", "user1@example.net"] == first
    assert [f"d{number}.example" for number in range(1, 5)] == rest


def test_life_of_a_suppressed_address(account):
    """An address is put on the list, found, listed, and taken off again."""
    before = datetime.now(timezone.utc) - timedelta(seconds=2)
    assert account.get_suppressed("ada@example.net") is None

    account.put_suppressed("Ada <ada@example.net>", "complaint")
    found = account.get_suppressed("ada@example.net")

    assert ("ada@example.net", "COMPLAINT") == (found.email_address, found.reason)
    assert timezone.utc == found.updated_at.tzinfo
    assert before <= found.updated_at
    assert "ada@example.net" not in repr(found)
    assert [found] == list(account.suppressed())
    assert account.delete_suppressed("ada@example.net", reasons=["bounce"]) is False
    assert account.delete_suppressed("ada@example.net") is True
    assert account.delete_suppressed("ada@example.net") is False
    assert [] == list(account.suppressed())


def test_international_domains(account):
    """Domains go to SES as punycode, as they do when mail is sent."""
    account.put_suppressed("ada@bücher.example", "BOUNCE")

    assert ["ada@xn--bcher-kva.example"] == [each.email_address for each in account.suppressed()]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, {"bounced@example.net", "angry@example.net"}),
        ({"reasons": ["BOUNCE"]}, {"bounced@example.net"}),
        ({"reasons": "complaint"}, {"angry@example.net"}),
        ({"start": -60}, {"bounced@example.net", "angry@example.net"}),
        ({"start": 60}, set()),
        ({"end": -60}, set()),
        ({"start": -60, "end": 60, "reasons": ["complaint"]}, {"angry@example.net"}),
    ],
)
def test_filters(account, chosen: dict[str, object], expected: set[str]):
    """The list can be narrowed by reason, and by time: here in seconds from now."""
    account.put_suppressed("bounced@example.net", "BOUNCE")
    account.put_suppressed("angry@example.net", "COMPLAINT")
    now = datetime.now(timezone.utc)
    given = {
        name: now + timedelta(seconds=value) if isinstance(value, int) else value
        for name, value in chosen.items()
    }

    assert expected == {each.email_address for each in account.suppressed(**given)}


@pytest.mark.parametrize(
    ("chosen", "error"),
    [
        ({"reasons": ["SPAM"]}, ConfigurationError),
        ({"start": datetime(2026, 11, 20)}, ConfigurationError),  # noqa: DTZ001  # it is refused
        (
            {
                "start": datetime(2026, 11, 20, tzinfo=timezone.utc),
                "end": datetime(2026, 11, 19, tzinfo=timezone.utc),
            },
            ConfigurationError,
        ),
    ],
)
def test_filters_that_are_none(account, chosen: dict[str, object], error: type[Exception]):
    """A filter that cannot be meant is refused when it is given."""
    with pytest.raises(error):
        account.suppressed(**chosen)


def test_many_addresses_at_once(account):
    """As with other providers: none is refused, and one is taken off only if the reason is that."""
    assert {} == account.put_all_suppressed(["a@example.net", "b@example.net"], "bounce")
    assert account.delete_suppressed("a@example.net", reasons=["BOUNCE"])
    assert ["b@example.net"] == [each.email_address for each in account.suppressed()]


def test_address_that_is_none(account):
    """What is no address is refused before SES is asked."""
    with pytest.raises(InvalidAddress):
        account.get_suppressed("nobody")


def test_in_an_event_loop(start):
    """Everything can be awaited, with the same results."""
    _, provider = start(sandbox=True)
    account, later = provider.account, provider.account.asynchronous

    async def use() -> None:
        assert account.status() == await later.status()
        assert account.quota() == await later.quota()
        assert account.statistics() == await later.statistics()
        created = await later.create_identity("shop.example")
        assert created.dkim == (await later.identity("shop.example")).dkim
        await later.create_identity("other.example")
        assert ["other.example", "shop.example"] == [
            each.name async for each in later.identities(page_size=1)
        ]
        assert await later.delete_identity("shop.example")
        for number in range(3):
            await later.put_suppressed(f"user{number}@example.net", "bounce")
        assert list(account.suppressed()) == [
            each async for each in later.suppressed(page_size=2, reasons=["BOUNCE"])
        ]
        found = await later.get_suppressed("user1@example.net")
        assert "BOUNCE" == found.reason
        assert await later.delete_suppressed("user1@example.net")

    asyncio.run(use())
