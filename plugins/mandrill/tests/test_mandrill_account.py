"""``provider.account``: denylist, allowlist and quota; requests and answers in pairs of files."""

from __future__ import annotations

import asyncio
import json

from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from mailcore import (
    AuthenticationFailed,
    ConfigurationError,
    HttpResponse,
    InvalidAddress,
    MessageRejected,
    ProviderUnavailable,
    RateLimited,
    UnexpectedResponse,
)
from mailcore.cli import main
from mailcore.testing import Script, VirtualClock, drive
from mailcore_mandrill import MandrillProvider
from mailcore_mandrill.account import AllowedAddress, MandrillAccount
from mailcore_mandrill.quota import AccountQuota, get_quota
from mailcore_mandrill.suppressions import MandrillSuppressions


FIXTURES = Path(__file__).parent / "fixtures" / "account"
ADA = "ada@example.net"


def account(*answers: HttpResponse, **options: Any) -> tuple[MandrillAccount, Script]:
    """An account whose calls are answered so, and what was asked."""
    provider = MandrillProvider(**{"api_key": "md-1nvented", **options})
    script = Script(answers)
    return MandrillAccount(provider.suppressions(), script), script


def pair(name: str) -> tuple[dict[str, Any], HttpResponse]:
    """What is asked, and what is answered."""
    document = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    body = json.dumps(document["answer"]).encode()
    headers = {"content-type": "application/json"}
    response = HttpResponse(status_code=document["status_code"], headers=headers, body=body)
    return document["request"], response


CALLS = {
    "rejects_list": lambda it: [
        (each.email_address, each.reason, each.detail) for each in it.suppressed()
    ],
    "rejects_list_of_a_reason": lambda it: [
        each.email_address for each in it.suppressed(reasons=["COMPLAINT"])
    ],
    "rejects_list_one": lambda it: it.get_suppressed("Ada <ADA@example.net>").reason,
    "rejects_list_none": lambda it: it.get_suppressed(ADA),
    "rejects_add": lambda it: it.put_suppressed(ADA, "MANUAL"),
    "rejects_delete": lambda it: it.delete_suppressed(ADA),
    "rejects_delete_absent": lambda it: it.delete_suppressed(ADA),
    "rejects_of_a_subaccount": lambda it: it.delete_suppressed(ADA),
    "allowlists_list": lambda it: [(each.email_address, each.detail) for each in it.allowed()],
    "allowlists_add": lambda it: it.put_allowed("Ada <ada@bücher.example>", "our own"),
    "allowlists_delete": lambda it: it.delete_allowed(ADA),
    "users_info": lambda it: vars(it.quota()),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_as_documented(name):
    """Path and JSON of the call, and what is made of the answer."""
    document = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    request, response = pair(name)
    it, script = account(response, **document.get("options", {}))

    result = CALLS[name](it)

    (asked,) = script.requests
    assert f"https://mandrillapp.com/api/1.0/{request['path']}.json" == asked.url
    assert {"key": "md-1nvented", **request["json"]} == json.loads(asked.body)
    assert document["result"] == json.loads(json.dumps(result))
    assert CALLS.keys() == {path.stem for path in FIXTURES.glob("*.json")}


def test_times_are_utc():
    """Mandrill writes them without a zone."""
    _, response = pair("rejects_list")
    it, _ = account(response)

    entry = next(it.suppressed())

    assert datetime(2026, 11, 30, 8, 0, tzinfo=timezone.utc) == entry.updated_at


def test_list_that_is_cut_off_says_so():
    """Mandrill gives 1000 entries: a longer list must not look like a whole one."""
    entry = {"email": ADA, "reason": "spam"}
    body = json.dumps([{**entry, "email": f"r{number}@example.net"} for number in range(1_000)])
    it, script = account(HttpResponse(status_code=200, headers={}, body=body.encode()))
    entries = it.suppressed()

    assert 1_000 == len(list(islice(entries, 1_000)))
    with pytest.raises(MessageRejected, match="and no more") as caught:
        next(entries)
    assert ("list_cut_off", 1) == (caught.value.category, len(script.requests))


def test_delete_for_a_reason_looks_first():
    """Only if the address is there for it."""
    _, listed = pair("rejects_list_one")
    _, deleted = pair("rejects_delete")
    it, script = account(listed, listed, deleted)

    assert not it.delete_suppressed(ADA, reasons=["COMPLAINT"])
    assert it.delete_suppressed(ADA, reasons=["BOUNCE"])
    assert ["list", "list", "delete"] == [
        request.url.rpartition("/")[2].removesuffix(".json") for request in script.requests
    ]


@pytest.mark.parametrize(
    "entry", [{}, {"email": ADA}, {"email": 7, "reason": "spam"}, {"reason": "spam"}]
)
def test_entries_that_cannot_be_read(entry, answer):
    """An address that nobody can tell must not be passed over."""
    it, _ = account(answer(200, [entry]))

    with pytest.raises(UnexpectedResponse, match="unreadable entry"):
        list(it.suppressed())


def test_what_is_not_added_is_refused(answer):
    """With words of ours: Mandrill says no more than false."""
    it, _ = account(answer(200, {"email": ADA, "added": False}))

    with pytest.raises(MessageRejected, match="not added"):
        it.put_suppressed(ADA, "MANUAL")


def error(name: str) -> dict[str, Any]:
    """An error of that name."""
    return {"status": "error", "code": -1, "name": name, "message": "No."}


ERRORS = [
    (401, error("Invalid_Key"), AuthenticationFailed, "authentication", False),
    (404, error("Unknown_Subaccount"), MessageRejected, "subaccount_not_found", False),
    (422, error("ValidationError"), MessageRejected, "invalid_request", False),
    (200, error("ValidationError"), MessageRejected, "invalid_request", False),
    (500, error("GeneralError"), ProviderUnavailable, "failed", True),
    (502, "<html>", ProviderUnavailable, "gateway", True),
    (200, {}, UnexpectedResponse, "unexpected_response", False),
    (200, None, UnexpectedResponse, "unexpected_response", False),
    (200, [7], UnexpectedResponse, "unexpected_response", False),
    (200, [{"added": None}], UnexpectedResponse, "unexpected_response", False),
]


@pytest.mark.parametrize(("status_code", "document", "kind", "category", "retryable"), ERRORS)
def test_errors_leave_nothing_open(status_code, document, kind, category, retryable, answer):
    """Nothing is on its way here, so that every call may be repeated."""
    for call in ("suppressed", "quota", "allowed", "delete_suppressed"):
        it, _ = account(answer(status_code, document))
        arguments = [ADA] if call == "delete_suppressed" else []

        with pytest.raises(kind) as caught:
            list(getattr(it, call)(*arguments) or ())

        found = caught.value
        assert (category, retryable) == (found.category, found.retryable)
        assert not found.maybe_accepted
        assert "mandrill" == found.provider


def test_no_json_is_told_apart(answer):
    """A page of something in between, with status 200."""
    it, _ = account(HttpResponse(status_code=200, headers={}, body=b"<html>"))

    with pytest.raises(UnexpectedResponse, match="is not JSON") as caught:
        it.quota()

    assert not caught.value.maybe_accepted


def test_asked_too_often_waits(answer):
    """And asks again, as for every service."""
    _, response = pair("users_info")
    calls = MandrillProvider(api_key="md-1nvented").suppressions().calls
    script, clock = Script([answer(429, error("RequestLimitExceeded")), response]), VirtualClock()

    quota = drive(get_quota(calls), script, clock)

    assert (2000, 2, [1.0]) == (quota.hourly_quota, len(script.requests), clock.slept)


def test_asked_too_often_for_too_long(answer):
    """Is an error that says how long to wait."""
    it, _ = account(answer(429, error("RequestLimitExceeded"), **{"retry-after": "3600"}))

    with pytest.raises(RateLimited) as caught:
        it.quota()

    assert 3600 == caught.value.retry_after_seconds


def test_the_same_in_an_event_loop():
    """With ``await``."""

    async def ask() -> tuple[AccountQuota, tuple[AllowedAddress, ...], bool, list[str]]:
        names = ("users_info", "allowlists_list", "allowlists_add", "allowlists_delete")
        it, _ = account(*(pair(name)[1] for name in (*names, "rejects_list")))
        other = it.asynchronous
        quota, allowed = await other.quota(), await other.allowed()
        await other.put_allowed(ADA)
        gone = await other.delete_allowed(ADA)
        return quota, allowed, gone, [each.reason async for each in other.suppressed()]

    quota, allowed, gone, reasons = asyncio.run(ask())

    assert (2000, 1, True) == (quota.hourly_quota, len(allowed), gone)
    assert ["BOUNCE", "BOUNCE", "COMPLAINT", "UNSUBSCRIBE", "MANUAL", "new-reason"] == reasons


def test_addresses_are_checked_before_a_call():
    """For the allowlist as for the denylist."""
    it, script = account()

    for call in (it.put_allowed, it.delete_allowed, it.delete_suppressed):
        with pytest.raises(InvalidAddress):
            call("no address")
    assert not script.requests


def test_account_of_the_provider():
    """Is this one; without a key there is none."""
    assert isinstance(MandrillProvider(api_key="md-1nvented").account, MandrillAccount)
    with pytest.raises(ConfigurationError, match="api_key"):
        _ = MandrillProvider().account
    assert ("MANUAL",) == MandrillSuppressions.put_reasons


def test_addresses_stay_out_of_reprs():
    """As everywhere."""
    _, response = pair("allowlists_list")
    it, _ = account(response)

    assert "@" not in repr(it.allowed())


def test_command_line_has_the_list(capsys):
    """``mailcore mandrill suppressions``."""
    assert 0 == main(["mandrill", "suppressions", "--help"])

    assert "suppressions" in capsys.readouterr().out
