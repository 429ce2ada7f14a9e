"""The lists of suppressions and the credits, over a SendGrid that answers as it is documented."""

from __future__ import annotations

import asyncio
import json

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mailcore import (
    AuthenticationFailed,
    HttpRequest,
    HttpResponse,
    Registry,
    UnexpectedResponse,
)
from mailcore.account import QuotaAccount
from mailcore.cli import main
from mailcore.errors import ConfigurationError
from mailcore_sendgrid import SendGridProvider
from mailcore_sendgrid.suppressions import SendQuota


ADA, BOB = "ada@example.net", "bob+news@example.net"


@dataclass
class Lists:
    """
    SendGrid's lists.

    Attributes:
        entries: By the last step of the URL.
        unsubscribed: The addresses that are unsubscribed from all mail.
        asked: Method and path of each request.
    """

    entries: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    unsubscribed: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def exchange(self, request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        assert "https://api.sendgrid.com/v3/" == request.url[:28]
        assert "Bearer SG.secret" == request.headers["Authorization"]
        path = parts.path.removeprefix("/v3/")
        self.asked.append((request.method, f"{path}?{parts.query}".rstrip("?")))
        if path == "user/credits":
            return answer(200, {"remain": 200, "total": 300, "used": 100, "overage": 0})
        if path.startswith("asm/suppressions/global"):
            return self._global(request, path)
        _, name, *rest = path.split("/")
        listed = self.entries.get(name, [])
        if rest:
            found = [each for each in listed if each["email"] == unquote(rest[0])]
            if request.method == "DELETE":
                self.entries[name] = [each for each in listed if each not in found]
                return HttpResponse(status_code=204 if found else 404)
            return answer(200, found)
        query = {key: int(values[0]) for key, values in parse_qs(parts.query).items()}
        found = [
            each
            for each in listed
            if query.get("start_time", 0) <= each["created"] <= query.get("end_time", 10**12)
        ]
        return answer(200, found[query["offset"] :][: query["limit"]])

    def _global(self, request: HttpRequest, path: str) -> HttpResponse:
        if request.method == "POST":
            self.unsubscribed += json.loads(request.body)["recipient_emails"]
            return answer(201, {"recipient_emails": self.unsubscribed})
        address = unquote(path.rpartition("/")[2])
        if request.method == "DELETE":
            self.unsubscribed.remove(address)
            return HttpResponse(status_code=204)
        return answer(200, {"recipient_email": address} if address in self.unsubscribed else {})

    async def aexchange(self, request: HttpRequest) -> HttpResponse:
        return self.exchange(request)

    def close(self) -> None:
        """Nothing is open."""


def answer(status_code: int, document: object) -> HttpResponse:
    """An answer with a JSON body."""
    return HttpResponse(status_code=status_code, body=json.dumps(document).encode())


def account_of(transport: Any) -> QuotaAccount[SendQuota]:
    """The account behind a transport."""
    return QuotaAccount(SendGridProvider(api_key="SG.secret").suppressions(), transport)


def filled() -> Lists:
    """Some entries on each list."""
    bounce = {"created": 1764496800, "email": ADA, "reason": "550 no such user", "status": "5.1.1"}
    block = {"created": 1764496801, "email": ADA, "reason": "451 later", "status": "4.7.1"}
    return Lists(
        entries={
            "bounces": [bounce, {**bounce, "email": BOB, "created": 1764496900}],
            "blocks": [block],
            "spam_reports": [{"created": 1764496802, "email": BOB, "ip": "192.0.2.1"}],
            "invalid_emails": [
                {"created": 1764496803, "email": "x@invalid.example", "reason": "Mail domain"}
            ],
            "unsubscribes": [{"created": 1764496804, "email": "eve@example.org"}],
        }
    )


def test_all_lists_one_after_the_other() -> None:
    """Each address with its reason, time and what SendGrid says."""
    found = list(account_of(filled()).suppressed())

    assert [
        ("BOUNCE", ADA, "5.1.1 550 no such user"),
        ("BOUNCE", BOB, "5.1.1 550 no such user"),
        ("COMPLAINT", BOB, ""),
        ("UNSUBSCRIBE", "eve@example.org", ""),
        ("INVALID", "x@invalid.example", "Mail domain"),
        ("BLOCK", ADA, "4.7.1 451 later"),
    ] == [(each.reason, each.email_address, each.detail) for each in found]
    assert datetime(2025, 11, 30, 10, tzinfo=timezone.utc) == found[0].updated_at


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (4, 1), (5, 2), (12, 3)])
def test_lists_are_fetched_page_by_page(count: int, pages: int) -> None:
    """Until a page is not full."""
    entries = [{"created": n, "email": f"r{n}@example.net"} for n in range(count)]
    lists = Lists(entries={"blocks": entries})
    found = list(account_of(lists).suppressed(reasons=["BLOCK"], page_size=5))

    assert [each["email"] for each in entries] == [each.email_address for each in found]
    assert pages == len(lists.asked)
    assert all("limit=5" in path for _, path in lists.asked)


def test_pages_are_no_larger_than_sendgrid_takes() -> None:
    """500, whatever is asked for."""
    lists = Lists()
    list(account_of(lists).suppressed(reasons=["BOUNCE"], page_size=1000))

    assert [("GET", "suppression/bounces?limit=500&offset=0")] == lists.asked


def test_times_are_asked_for() -> None:
    """In seconds, and looked at again here."""
    start = datetime(2025, 11, 30, 10, 0, 30, tzinfo=timezone.utc)
    lists = filled()
    found = list(
        account_of(lists).suppressed(reasons=["BOUNCE"], start=start, end=start.replace(hour=11))
    )

    assert [BOB] == [each.email_address for each in found]
    assert "start_time=1764496830&end_time=1764500431" in lists.asked[0][1]


def test_one_address_is_on_several_lists() -> None:
    """A complaint is told before a bounce; and it is taken off those that are named, or off all."""
    lists = filled()
    account = account_of(lists)

    found = account.get_suppressed(f"Bob <{BOB}>")
    assert found is not None
    assert "COMPLAINT" == found.reason
    assert account.delete_suppressed(BOB, reasons=["COMPLAINT"])
    found = account.get_suppressed(BOB)
    assert found is not None
    assert "BOUNCE" == found.reason
    assert account.delete_suppressed(BOB)
    assert not account.delete_suppressed(BOB)
    assert account.get_suppressed(BOB) is None
    assert ("GET", "suppression/bounces/bob%2Bnews%40example.net") in lists.asked


def test_unsubscribing_from_all_mail() -> None:
    """The one list that addresses can be put on, a thousand in a call."""
    lists = Lists()
    account = account_of(lists)
    addresses = [f"r{n}@example.net" for n in range(1001)]

    assert {} == account.put_all_suppressed(addresses, "unsubscribe")
    assert addresses == lists.unsubscribed
    assert [("POST", "asm/suppressions/global")] * 2 == lists.asked
    assert account.get_suppressed("r7@example.net") is not None
    assert account.delete_suppressed("r7@example.net", reasons=["UNSUBSCRIBE"])
    assert "r7@example.net" not in lists.unsubscribed
    with pytest.raises(ConfigurationError):
        account.put_suppressed(ADA, "BOUNCE")


def test_credits_in_both_kinds_of_code() -> None:
    """`quota()`, and its coroutine."""
    account = account_of(filled())
    expected = SendQuota(total=300, used=100, remaining=200)

    assert expected == account.quota()
    assert expected == asyncio.run(account.asynchronous.quota())
    assert account.asynchronous is not None


ODD: list[Any] = [None, "text", 7, [7], [{}], [{"email": 7}], {"errors": None}]


@pytest.mark.parametrize("document", ODD, ids=repr)
def test_odd_answers_are_one_error(document: Any) -> None:
    """Never `maybe_accepted`: asking again settles it."""

    class Odd:
        def exchange(self, request: HttpRequest) -> HttpResponse:
            return answer(200, document)

        def close(self) -> None:
            """Nothing is open."""

    account = account_of(Odd())
    with pytest.raises(UnexpectedResponse) as caught:
        list(account.suppressed())
    assert not caught.value.maybe_accepted
    if document in ([{}], None, "text", 7, {"errors": None}):
        # What is no entry of the first list is looked for on the next.
        return
    with pytest.raises(UnexpectedResponse):
        account.get_suppressed(ADA)


def test_a_key_that_may_not_is_told() -> None:
    """With what SendGrid says."""

    class Refusing:
        def exchange(self, request: HttpRequest) -> HttpResponse:
            return answer(403, {"errors": [{"field": None, "message": "access forbidden"}]})

        def close(self) -> None:
            """Nothing is open."""

    account = account_of(Refusing())
    for call in (account.quota, lambda: account.get_suppressed(ADA)):
        with pytest.raises(AuthenticationFailed) as caught:
            call()
        assert "sendgrid" == caught.value.provider


def test_who_only_receives_has_no_account() -> None:
    """An API key is needed."""
    with pytest.raises(ConfigurationError, match="api_key"):
        _ = SendGridProvider(webhook_secrets=["a:b"]).account
    assert isinstance(SendGridProvider(api_key="SG.secret").account, QuotaAccount)


@pytest.mark.parametrize(
    ("arguments", "shown"), [(["--json"], '"remaining": 200'), ([], "remaining  200")]
)
def test_credits_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    shown: str,
) -> None:
    """``mailcore sendgrid quota``, as a table or as JSON."""
    monkeypatch.setattr(Registry, "transport_for", lambda self, provider: filled())
    options = ["--option", "api_key=SG.secret"]

    assert 0 == main(["sendgrid", "quota", *options, *arguments])
    assert shown in capsys.readouterr().out
