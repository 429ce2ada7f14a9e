"""``mailcore NAME quota``: one command for whatever a service tells of an account's quota."""

from __future__ import annotations

import asyncio
import json

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any, ClassVar

import pytest

from mailcore.account import Page, QuotaAccount, QuotaList, SuppressedAddress
from mailcore.builtin.memory import MemoryProvider
from mailcore.cli import main
from mailcore.cli.quota import add_quota
from mailcore.cli.suppressions import add_provider_command
from mailcore.flow import Flow
from mailcore.registry import Registry, hookimpl


@dataclass(frozen=True, kw_only=True)
class Used:
    """Of a period."""

    used: int
    limit: float | None = None
    start: datetime | date | None = None


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Of several periods."""

    day: Used | None
    status: str = ""


DAY = Used(used=7, limit=300.0, start=datetime(2026, 11, 30, tzinfo=timezone.utc))


class List(QuotaList[Any]):
    """A list that is empty, and a quota."""

    provider: ClassVar[str] = "counting"
    reasons: ClassVar[tuple[str, ...]] = ("BOUNCE",)
    put_reasons: ClassVar[tuple[str, ...]] = ()
    addresses_per_call: ClassVar[int] = 1
    told: ClassVar[object] = None

    def page(self, token: str, chosen: object, page_size: int) -> Flow[Page[SuppressedAddress]]:
        yield from ()
        return Page(items=(), next_token="")

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        yield from ()
        return None

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        yield from ()
        return {}

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        yield from ()
        return False

    def quota(self) -> Flow[Any]:
        yield from ()
        return self.told


class Counting(MemoryProvider):
    """A provider whose service counts."""

    name = "counting"

    def suppressions(self) -> List:
        return List()


class Extension:
    """Adds the command; once for a provider that has no quota."""

    @hookimpl
    def mailcore_register_commands(self, cli: Any) -> None:
        for name in ("counting", "memory"):
            add_quota(add_provider_command(cli, name, name.title(), List), name, "The counts.")


@pytest.fixture
def registry() -> Registry:
    """With the provider and the command."""
    registry = Registry(autoload=False)
    registry.register(Counting)
    registry.register(MemoryProvider)
    registry.register_extension(Extension())
    return registry


@pytest.mark.parametrize(
    ("told", "expected", "lines"),
    [
        (
            Quota(day=DAY, status="active"),
            {
                "day": {"used": 7, "limit": 300, "start": "2026-11-30T00:00:00+00:00"},
                "status": "active",
            },
            ["day.used 7", "day.limit 300", "day.start 2026-11-30T00:00:00+00:00", "status active"],
        ),
        (Quota(day=None), {"day": None, "status": ""}, ["day ?"]),
        (
            (Used(used=1, start=date(2026, 11, 1)), Used(used=2, limit=2.5)),
            [
                {"used": 1, "limit": None, "start": "2026-11-01"},
                {"used": 2, "limit": 2.5, "start": None},
            ],
            ["used limit start", "1 2026-11-01", "2 2.5"],
        ),
        ((), [], []),
        ((Used(used=0),), [{"used": 0, "limit": None, "start": None}], ["0"]),
    ],
)
def test_what_is_shown(
    registry: Registry,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    told: object,
    expected: object,
    lines: list[str],
) -> None:
    """Whatever it consists of, as a table and as JSON: a 0 too, and what is unknown."""
    monkeypatch.setattr(List, "told", told)

    assert 0 == main(["counting", "quota", "--json"], registry=registry)
    assert expected == json.loads(capsys.readouterr().out)
    assert 0 == main(["counting", "quota"], registry=registry)
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert set(lines) <= set(shown)


def test_a_provider_without_a_quota(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a usage error."""
    assert 2 == main(["memory", "quota"], registry=registry)
    assert "`mailcore memory quota` is not about this provider" in capsys.readouterr().err


def test_accounts_tell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in an event loop."""
    monkeypatch.setattr(List, "told", DAY)
    account: QuotaAccount[Used] = QuotaAccount(List(), Registry().transport_for(Counting()))

    assert DAY == account.quota() == asyncio.run(account.asynchronous.quota())
    assert [] == list(account.suppressed())
