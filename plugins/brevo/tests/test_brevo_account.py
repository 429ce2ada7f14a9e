"""`provider.account` and `mailcore brevo`, against a Brevo on the loopback interface."""

from __future__ import annotations

import asyncio
import json

from datetime import date, datetime, timezone

import pytest

from mailcore import ConfigurationError, InvalidAddress, Registry
from mailcore.account import KeepsSuppressions
from mailcore.cli import main
from mailcore.errors import AuthenticationFailed, SendError, UnexpectedResponse
from mailcore.registry import default_registry
from mailcore_brevo import BrevoProvider, cli_extension
from mailcore_brevo.account import BrevoAccount, PlanCredits


KEY = "xkeysib-0123456789abcdef-invented"


def contact(number, code="hardBounce", *, day=1):
    """A blocked contact."""
    return {
        "email": f"a{number}@example.net",
        "senderEmail": "shop@example.com",
        "reason": {"code": code, "message": "Some words"},
        "blockedAt": f"2026-11-{day:02}T12:30:00Z",
    }


@pytest.fixture
def provider(local_brevo):
    """A provider of that Brevo."""
    made = BrevoProvider(api_key=KEY, base_url=local_brevo.url)
    yield made
    default_registry().close(made)


def test_the_list(local_brevo, provider):
    """Page by page, in a hundred, with reasons in mailcore's words."""
    codes = ["hardBounce", "contactFlaggedAsSpam", "unsubscribedViaEmail", "adminBlocked", "new"]
    local_brevo.contacts = [contact(n, codes[n % 5]) for n in range(230)]

    found = list(provider.account.suppressed())

    assert [f"a{n}@example.net" for n in range(230)] == [each.email_address for each in found]
    assert ["BOUNCE", "COMPLAINT", "UNSUBSCRIBE", "MANUAL", "new"] == [
        each.reason for each in found[:5]
    ]
    assert datetime(2026, 11, 1, 12, 30, tzinfo=timezone.utc) == found[0].updated_at
    assert "sender shop@example.com" == found[0].detail
    assert 3 == len(local_brevo.seen)


def test_an_empty_list(provider):
    """Of which Brevo says that it counts 0, and no more."""
    assert [] == list(provider.account.suppressed())


def test_some_of_the_list(local_brevo, provider):
    """By reason and by time; Brevo is asked for the days, and one more on both sides."""
    local_brevo.contacts = [contact(1), contact(2, "adminBlocked"), contact(3, day=20)]
    start = datetime(2026, 11, 1, 12, 0, tzinfo=timezone.utc)
    end = datetime(2026, 11, 2, tzinfo=timezone.utc)

    found = provider.account.suppressed(reasons=["bounce"], start=start, end=end)

    assert ["a1@example.net"] == [each.email_address for each in found]
    assert "startDate=2026-10-31&endDate=2026-11-03" in local_brevo.seen[0][1]


@pytest.mark.parametrize("edge", ["start", "end"])
def test_one_time_is_two_for_brevo(local_brevo, provider, edge):
    """It wants both dates or none."""
    local_brevo.contacts = [contact(1)]
    moment = datetime(2026, 11, 1, 12, 30, tzinfo=timezone.utc)

    assert 1 == len(list(provider.account.suppressed(**{edge: moment})))


def test_lists_that_end_are_asked_for_from_the_beginning(local_brevo, provider):
    """Of an end alone, Brevo gets a first day that is before all of them."""
    list(provider.account.suppressed(end=datetime(2026, 11, 2, tzinfo=timezone.utc)))

    assert "startDate=2000-01-01&endDate=2026-11-03" in local_brevo.seen[0][1]


def test_one_address(local_brevo, provider):
    """It is looked for on every page."""
    local_brevo.contacts = [contact(n) for n in range(130)]

    assert "BOUNCE" == provider.account.get_suppressed("A129@example.net").reason
    assert provider.account.get_suppressed("b@example.net") is None


def test_putting_an_address_there(provider):
    """There is no such call, and nothing is asked."""
    with pytest.raises(ConfigurationError, match="by itself"):
        provider.account.put_suppressed("ada@example.net", "MANUAL")


def test_taking_off(local_brevo, provider):
    """With a reason, only if it is there for it."""
    local_brevo.contacts = [contact(1), contact(2)]
    account = provider.account

    assert account.delete_suppressed("a1@example.net")
    assert not account.delete_suppressed("a1@example.net")
    assert not account.delete_suppressed("a2@example.net", reasons=["complaint"])
    assert account.delete_suppressed("a2@example.net", reasons=["bounce"])


def test_domains(local_brevo, provider):
    """Blocked, listed, unblocked; in punycode."""
    account = provider.account

    account.block_domain("bücher.example")

    assert ("xn--bcher-kva.example",) == account.blocked_domains()
    assert account.unblock_domain("bücher.example")
    assert not account.unblock_domain("bücher.example")
    with pytest.raises(InvalidAddress):
        account.block_domain("no domain")


def test_quota(local_brevo, provider):
    """What is left, by plan."""
    local_brevo.plans = [
        {"type": "payAsYouGo", "credits": 5000, "creditsType": "sendLimit"},
        {
            "type": "subscription",
            "credits": 39983.5,
            "creditsType": "sendLimit",
            "startDate": "2026-11-11",
            "endDate": "2026-12-11",
        },
    ]

    assert (
        PlanCredits(plan="payAsYouGo", credits_type="sendLimit", remaining=5000.0),
        PlanCredits(
            plan="subscription",
            credits_type="sendLimit",
            remaining=39983.5,
            start=date(2026, 11, 11),
            end=date(2026, 12, 11),
        ),
    ) == provider.account.quota()


def test_in_an_event_loop(local_brevo, provider):
    """The same with await."""
    local_brevo.contacts = [contact(1)]
    local_brevo.plans = [{"type": "free", "credits": 300, "creditsType": "sendLimit"}]

    async def use():
        account = provider.account.asynchronous
        await account.block_domain("a.example")
        found = [each.email_address async for each in account.suppressed()]
        return (
            found,
            await account.blocked_domains(),
            await account.unblock_domain("a.example"),
            (await account.quota())[0].remaining,
        )

    assert (["a1@example.net"], ("a.example",), True, 300.0) == asyncio.run(use())


def test_a_key_is_needed():
    """And said so; a provider that only receives has no account."""
    provider = BrevoProvider()

    assert isinstance(provider, KeepsSuppressions)
    with pytest.raises(ConfigurationError, match="api_key"):
        _ = provider.account


ANSWERS = [
    (401, b'{"code": "unauthorized", "message": "Key not found"}', AuthenticationFailed),
    (200, b"<html>", UnexpectedResponse),
    (200, b"[]", UnexpectedResponse),
    (200, b'{"plan": 5}', UnexpectedResponse),
    (200, b'{"plan": [5]}', UnexpectedResponse),
    (200, b'{"plan": [{"type": "free"}]}', UnexpectedResponse),
    (200, b'{"plan": [{"type": "a", "creditsType": "b", "credits": true}]}', UnexpectedResponse),
    (
        200,
        b'{"plan": [{"type": "a", "creditsType": "b", "credits": Infinity}]}',
        UnexpectedResponse,
    ),
    (404, b"", UnexpectedResponse),
    (500, b"", SendError),
    (302, b"", UnexpectedResponse),
]


@pytest.mark.parametrize(("status", "body", "kind"), ANSWERS, ids=range(len(ANSWERS)))
def test_other_answers(local_brevo, provider, status, body, kind):
    """A typed error, which leaves nothing open."""
    local_brevo.forced = [(status, {"Content-Type": "application/json"}, body)]

    with pytest.raises(kind) as caught:
        provider.account.quota()

    assert not caught.value.maybe_accepted
    assert "brevo" == caught.value.provider


@pytest.mark.parametrize(
    "body", [b"{}", b'{"contacts": 5}', b'{"contacts": [{"email": 5}]}', b'{"count": 3}']
)
def test_lists_that_cannot_be_read(local_brevo, provider, body):
    """Never taken for an empty one."""
    local_brevo.forced = [(200, {"Content-Type": "application/json"}, body)]

    with pytest.raises(UnexpectedResponse):
        list(provider.account.suppressed())


@pytest.fixture
def run(local_brevo, capsys, monkeypatch):
    """Run `mailcore brevo ...`; returns exit code, output and errors."""
    monkeypatch.setenv("MAILCORE_BREVO_API_KEY", KEY)

    def call(*arguments):
        registry = Registry(autoload=False)
        registry.register(BrevoProvider)
        registry.register_extension(cli_extension)
        option = ["--option", f"base_url={local_brevo.url}"] if "--help" not in arguments else []
        code = main(["brevo", *arguments, *option], registry=registry)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_commands(local_brevo, run):
    """Suppressions, domains and credits, for people and as JSON."""
    local_brevo.contacts = [contact(1)]
    local_brevo.plans = [{"type": "free", "credits": 300, "creditsType": "sendLimit"}]

    assert "a1@example.net" in run("suppressions")[1]
    assert 0 == run("suppressions", "remove", "a1@example.net")[0]
    assert 1 == run("suppressions", "remove", "a1@example.net")[0]
    assert "300" in run("quota")[1]
    assert [
        {
            "plan": "free",
            "credits_type": "sendLimit",
            "remaining": 300,
            "start": None,
            "end": None,
        }
    ] == json.loads(run("quota", "--json")[1])
    assert 0 == run("domains", "block", "a.example", "b.example")[0]
    assert {"blocked": ["a.example", "b.example"]} == json.loads(run("domains", "--json")[1])
    assert "a.example" in run("domains")[1]
    assert (1, {"done": {"c.example": False}}) == (
        (answer := run("domains", "unblock", "c.example", "--json"))[0],
        json.loads(answer[1]),
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("domains", "block"), "needs a domain"),
        (("domains", "list", "a.example"), "takes no domains"),
        (("suppressions", "put", "a@example.net"), "invalid choice"),
        (("quota", "--provider", "memory"), "memory"),
    ],
)
def test_wrong_usage(run, capsys, arguments, said):
    """Exit code 64 or 2, and what was wrong."""
    try:
        code, _, errors = run(*arguments)
    except SystemExit as ended:
        code, errors = ended.code, capsys.readouterr().err

    assert code != 0
    assert said in errors


def test_account_is_typed(provider):
    """It has more than a list."""
    assert isinstance(provider.account, BrevoAccount)
