"""Lists of suppressed addresses: what the core makes of any provider's."""

from __future__ import annotations

import asyncio
import json
import shlex

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import ClassVar

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import ConfigurationError, InvalidAddress, Registry
from mailcore.account import (
    BOUNCE,
    MANUAL,
    Page,
    SuppressedAddress,
    SuppressionAccount,
    SuppressionFilter,
    SuppressionList,
)
from mailcore.builtin.memory import MemoryProvider
from mailcore.cli import main
from mailcore.cli.parser import build_parser
from mailcore.cli.suppressions import add_provider_command
from mailcore.errors import (
    MessageRejected,
    NetworkError,
    RateLimited,
    SendError,
    SendTimeout,
    UnexpectedResponse,
)
from mailcore.flow import Exchange, HttpRequest, HttpResponse, Sleep, run
from mailcore.http import ask
from mailcore.registry import hookimpl


NOW = datetime(2026, 11, 30, tzinfo=timezone.utc)


@dataclass
class Listed(SuppressionList):
    """A list in memory, whose pages are asked for; it refuses addresses of refused.example."""

    provider: ClassVar[str] = "acme"
    reasons: ClassVar[tuple[str, ...]] = (BOUNCE, MANUAL)
    put_reasons: ClassVar[tuple[str, ...]] = (MANUAL,)
    addresses_per_call: ClassVar[int] = 2

    entries: dict[str, SuppressedAddress] = field(default_factory=dict)
    calls: list[object] = field(default_factory=list)

    def page(self, token, chosen, page_size):
        """Some of them."""
        yield Exchange(token)
        found = [each for each in self.entries.values() if chosen.takes(each)]
        begin = int(token or 0)
        after = begin + page_size
        more = str(after) if after < len(found) else ""
        return Page(items=tuple(found[begin:after]), next_token=more)

    def get(self, email_address):
        """One of them."""
        yield Exchange(email_address)
        return self.entries.get(email_address)

    def put(self, email_addresses, reason) -> Mapping[str, str]:
        """Put some there."""
        self.calls.append(email_addresses)
        yield Exchange(email_addresses)
        taken = [each for each in email_addresses if not each.endswith("refused.example")]
        for each in taken:
            self.entries[each] = SuppressedAddress(email_address=each, reason=reason)
        return {each: f"not {each}" for each in email_addresses if each not in taken}

    def delete(self, email_address, reasons):
        """Take one off."""
        yield Exchange(email_address)
        entry = self.entries.get(email_address)
        if entry is None or (reasons and entry.reason not in reasons):
            return False
        return self.entries.pop(email_address) is entry


class Silent:
    """A transport that answers nothing of interest, and counts."""

    def __init__(self):
        self.requests = []

    def exchange(self, request):
        self.requests.append(request)

    def close(self):
        pass


@pytest.fixture
def listed():
    """A list of three."""
    made = Listed()
    for number in range(3):
        address = f"user{number}@b.example"
        made.entries[address] = SuppressedAddress(
            email_address=address, reason=BOUNCE, updated_at=NOW + timedelta(days=number)
        )
    return made


@pytest.fixture
def account(listed):
    """Its account."""
    return SuppressionAccount(listed, Silent())


def addresses(entries):
    """The addresses of some entries."""
    return [each.email_address for each in entries]


def test_pages_are_fetched_as_they_are_wanted(account):
    """Not before."""
    found = account.suppressed(page_size=2)
    assert [] == account._transport.requests
    first = [next(found).email_address, next(found).email_address]

    assert (["user0@b.example", "user1@b.example"], [""]) == (first, account._transport.requests)
    assert ["user2@b.example"] == addresses(found)
    assert ["", "2"] == account._transport.requests


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, 3),
        ({"reasons": "bounce"}, 3),
        ({"reasons": ["MANUAL"]}, 0),
        ({"start": NOW + timedelta(days=1)}, 2),
        ({"end": NOW + timedelta(days=1)}, 2),
        ({"start": NOW + timedelta(days=1), "end": NOW + timedelta(days=1)}, 1),
    ],
)
def test_some_of_them(account, chosen, expected):
    """By reason and time, the ends included."""
    assert expected == len(list(account.suppressed(**chosen)))


def test_a_page_of_what_is_wanted(listed):
    """For services that tell more than they were asked for."""
    chosen = SuppressionFilter(end=NOW)

    page = chosen.page_of(listed.entries.values(), "more")

    assert (["user0@b.example"], "more") == (addresses(page.items), page.next_token)
    assert "" == chosen.page_of(()).next_token


@pytest.mark.parametrize(
    ("moment", "before", "after"),
    [
        (NOW, "2026-11-29", "2026-12-01"),
        (datetime.min.replace(tzinfo=timezone.utc), "0001-01-01", "0001-01-02"),
        (datetime.max.replace(tzinfo=timezone.utc), "9999-12-30", "9999-12-31"),
    ],
    ids=["now", "the first day", "the last day"],
)
def test_days_around(moment, before, after):
    """One more on both sides; there is none before the first day and after the last one."""
    assert (before, after) == SuppressionFilter(start=moment, end=moment).days
    assert (before, None) == SuppressionFilter(start=moment).days
    assert (None, after) == SuppressionFilter(end=moment).days


@pytest.mark.parametrize(
    ("address", "reasons", "expected"),
    [
        ("user1@b.example", (), True),
        ("user1@b.example", (MANUAL, BOUNCE), True),
        ("user1@b.example", (MANUAL,), False),
        ("user9@b.example", (), False),
        ("user9@b.example", (BOUNCE,), False),
    ],
)
def test_whether_it_is_there_for_a_reason(listed, address, reasons, expected):
    """Any reason, if none is named."""
    assert expected is run(listed.is_there_for(address, reasons), Silent())


@pytest.mark.parametrize("spelling", ["user1@b.example", "USER1@B.example"])
def test_the_entry_of_an_address(listed, spelling):
    """However it is spelled; of another address there is none."""
    entries = listed.entries.values()

    assert listed.entries["user1@b.example"] is Listed.entry_of(spelling, entries)
    assert None is Listed.entry_of("user9@b.example", entries)


@given(st.datetimes(timezones=st.just(timezone.utc)), st.datetimes(timezones=st.just(timezone.utc)))
def test_what_has_no_time_is_always_taken(start, end):
    """Nobody knows that it was put there at another one."""
    chosen = SuppressionFilter(start=min(start, end), end=max(start, end))

    assert chosen.takes(SuppressedAddress(email_address="a@b.example", reason=BOUNCE))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda account: account.suppressed(reasons=["COMPLAINT"]),
        lambda account: account.suppressed(reasons=[None]),
        lambda account: account.suppressed(start=NOW.replace(tzinfo=None)),
        lambda account: account.suppressed(start=NOW, end=NOW - timedelta(days=1)),
        lambda account: account.suppressed(page_size=0),
        lambda account: account.suppressed(page_size="5"),
        lambda account: account.suppressed(page_size=True),
        lambda account: account.suppressed(reasons=5),
        lambda account: account.suppressed(start="2026-11-30"),
        lambda account: account.suppressed(end=NOW.date()),
        lambda account: account.put_suppressed("a@b.example", "BOUNCE"),
        lambda account: account.delete_suppressed("a@b.example", reasons=["X"]),
        lambda account: account.put_all_suppressed(["a@b.example", "nobody"], "MANUAL"),
        lambda account: account.get_suppressed("nobody"),
        lambda account: account.delete_suppressed("nobody"),
    ],
)
def test_what_cannot_be_asked(account, wrong):
    """It is refused before anything is asked."""
    with pytest.raises((ConfigurationError, InvalidAddress)):
        wrong(account)

    assert [] == account._transport.requests


def test_addresses_are_bare(account, listed):
    """Without names, with encoded domains, each once, and as many at once as the provider takes."""
    given_addresses = [
        "Ada <ada@bücher.example>",
        "ada@bücher.example",
        "b@c.example",
        "d@e.example",
    ]
    assert {} == account.put_all_suppressed(given_addresses, "manual")

    assert [("ada@xn--bcher-kva.example", "b@c.example"), ("d@e.example",)] == listed.calls
    assert account.get_suppressed("Ada <ada@bücher.example>").reason == "MANUAL"
    assert account.delete_suppressed("ada@bücher.example", reasons=["bounce"]) is False
    assert account.delete_suppressed("ada@bücher.example") is True
    assert account.delete_suppressed("ada@bücher.example") is False


def test_one_text_is_one_address(account, listed):
    """And not its letters."""
    assert {} == account.put_all_suppressed("a@b.example", "MANUAL")
    assert [("a@b.example",)] == listed.calls


def test_refusals(account):
    """Of several, it is told which; of one, it raises without the address."""
    refused = account.put_all_suppressed(["a@b.example", "ada@refused.example"], "MANUAL")
    assert {"ada@refused.example": "not ada@refused.example"} == refused
    with pytest.raises(MessageRejected) as caught:
        account.put_suppressed("ada@refused.example", "MANUAL")

    assert ("acme", "suppression_refused") == (caught.value.provider, caught.value.category)
    assert "ada@refused.example" not in str(caught.value)


def test_in_an_event_loop(account):
    """The same with await."""
    later = account.asynchronous

    async def use():
        await later.put_suppressed("a@b.example", "MANUAL")
        await later.put_all_suppressed(["c@b.example"], "MANUAL")
        found = [each.email_address async for each in later.suppressed(page_size=2)]
        entry = await later.get_suppressed("a@b.example")
        return found, entry.reason, await later.delete_suppressed("a@b.example")

    found, reason, deleted = asyncio.run(use())
    assert (5, "MANUAL", True) == (len(found), reason, deleted)


def test_addresses_stay_out_of_reprs(account, listed):
    """Of entries and pages."""
    (entry, *_) = listed.entries.values()

    assert "user0" not in repr(entry) + repr(Page(items=(entry,), next_token="user0@b.example"))


# --- requests that send nothing


REQUEST = HttpRequest(method="GET", url="https://acme.example/")


def drive(flow, answers):
    """Drive a flow; answers that are exceptions are thrown. Returns its value and its pauses."""
    pauses = []
    answers = iter(answers)
    try:
        effect = next(flow)
        while True:
            if isinstance(effect, Sleep):
                pauses.append(effect.seconds)
                effect = flow.send(None)
                continue
            answer = next(answers)
            effect = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration as done:
        return done.value, pauses
    except SendError as error:
        return error, pauses


def busy(seconds=None):
    """The error of a provider that was asked too often."""
    return RateLimited("slow down", retry_after_seconds=seconds)


@pytest.mark.parametrize(
    ("outcomes", "pauses", "succeeds"),
    [
        ([None], [], True),
        ([busy(), None], [1.0], True),
        ([busy(7), busy(), None], [7.0, 2.0], True),
        ([busy(), busy(), busy(), None], [1.0, 2.0, 4.0], True),
        ([busy(), busy(), busy(), busy()], [1.0, 2.0, 4.0], False),
        ([busy(61)], [], False),
        ([UnexpectedResponse("what?")], [], False),
    ],
)
def test_asking_again(outcomes, pauses, succeeds):
    """After a pause, where the provider was busy; not for longer than a minute, nor for ever."""
    errors = iter(outcomes)
    flow = ask(REQUEST, provider="acme", error_of=lambda _: next(errors))
    value, made = drive(flow, [HttpResponse(status_code=200)] * len(outcomes))

    assert pauses == made
    assert succeeds == isinstance(value, HttpResponse)
    if not succeeds:
        assert "acme" == value.provider


@pytest.mark.parametrize(
    "error",
    [NetworkError("lost", maybe_accepted=True), SendTimeout("late", maybe_accepted=True)],
)
def test_nothing_is_left_open(error):
    """A mail may be on its way; a list is asked for again."""
    flow = ask(REQUEST, provider="acme", error_of=lambda _: None)
    raised, _ = drive(flow, [error])

    assert (raised, False, True, "acme") == (
        error,
        error.maybe_accepted,
        error.retryable,
        error.provider,
    )


# --- the command


class Acme(MemoryProvider):
    """A provider with such a list."""

    name = "acme"
    label = "Acme Mail"
    kept = Listed()

    def create_transport(self):
        """One that answers nothing."""
        return Silent()

    def suppressions(self):
        """The list."""
        return self.kept


@pytest.fixture
def registry():
    """One with that provider, and its command."""

    def register(cli):
        add_provider_command(cli, "acme", "Acme Mail", Listed, "--option x=y")

    extension = SimpleNamespace(mailcore_register_commands=hookimpl(register))
    extension.__name__ = "acme"
    made = Registry(autoload=False)
    made.register(Acme)
    made.register(MemoryProvider)
    made.register_extension(extension, name="acme")
    Acme.kept = Listed()
    return made


def test_the_command(registry, capsys, monkeypatch):
    """Put, list, get and delete; 1 if something was refused or not there."""
    monkeypatch.setenv("MAILCORE_URL", "memory://")

    def run(*words):
        code = main(["acme", "suppressions", *words], registry=registry)
        written = capsys.readouterr()
        return code, written.out, written.err

    assert 0 == run("put", "Ada <a@b.example>", "c@b.example")[0]
    code, out, _ = run("add", "d@b.example", "e@refused.example", "--json")
    assert (1, ["d@b.example"], ["e@refused.example"]) == (
        code,
        list(json.loads(out)["done"]),
        list(json.loads(out)["refused"]),
    )
    code, out, _ = run("--json")
    assert (0, ["a@b.example", "c@b.example", "d@b.example"], None) == (
        code,
        [each["email_address"] for each in json.loads(out)["suppressed"]],
        json.loads(out)["suppressed"][0]["updated_at"],
    )
    code, out, noted = run("get", "x@b.example")
    assert (1, "", True) == (code, out, "x@b.example is not on the suppression list" in noted)
    assert 1 == run("delete", "a@b.example", "--reason", "bounce")[0]
    code, out, _ = run("remove", "a@b.example", "x@b.example", "--json")
    assert (1, {"a@b.example": True, "x@b.example": False}) == (code, json.loads(out)["done"])


def test_its_help(registry, capsys):
    """The examples can be parsed; alone, the command lists what is below it."""
    assert 0 == main(["acme", "suppressions", "--help"], registry=registry)
    written = capsys.readouterr().out
    examples = [line.strip() for line in written.splitlines() if line.startswith("  mailcore acme")]
    assert 2 == len(examples)
    for example in examples:
        parsed = build_parser(registry).parse_all(shlex.split(example)[1:])
        assert ("acme", [("x", "y")]) == (parsed.command, parsed.option)
    assert 0 == main(["acme"], registry=registry)
    assert "suppressions" in capsys.readouterr().out


def test_another_provider(registry, capsys):
    """The command is about its own."""
    assert 2 == main(["acme", "suppressions", "--provider", "memory"], registry=registry)
    assert "`mailcore acme` is not about memory" in capsys.readouterr().err
