"""Policies that belong together, what switches them on, and the command that prints them."""

from __future__ import annotations

import json
import sys

import pytest

from mailcore.builtin import MemoryProvider
from mailcore.cli import main
from mailcore.errors import ConfigurationError
from mailcore.mailer import AsyncMailer, Mailer
from mailcore.message import Message
from mailcore.middleware import (
    Idempotency,
    Logging,
    MemoryLimiter,
    Place,
    Policy,
    Redirect,
    Retry,
    Suppression,
    Throttle,
    production,
)
from mailcore.registry import Registry
from mailcore.stores import MemoryIdempotencyStore, MemorySuppressionStore


MESSAGE = Message(from_email="a@example.com", to=["b@example.com"], subject="Hi", text="Hi")


def kinds(policies):
    """Names of the classes."""
    return [type(policy).__name__ for policy in policies]


def everything():
    """The stack with all that it can have."""
    return production(
        redirect=Redirect("staging@example.com"),
        suppression=Suppression(MemorySuppressionStore()),
        idempotency=Idempotency(MemoryIdempotencyStore()),
    )


def test_production_in_its_order():
    """What needs a store or an inbox is there once it has one."""
    assert ["Logging", "Retry", "Throttle"] == kinds(production())
    order = ["Redirect", "Suppression", "Idempotency", "Logging", "Retry", "Throttle"]
    assert order == kinds(everything())


def test_parts_are_replaced():
    """By another of their kind, or by nothing."""
    retry, throttle = Retry(attempts=2), Throttle(per_second=1)
    assert [retry, throttle] == production(logging=None, retry=retry, throttle=throttle)
    assert [] == production(logging=None, retry=None, throttle=None)


class Own(Policy):
    """Of a program."""

    place = Place.SUPPRESSION

    def attach(self, sender):
        return lambda message, send: send(message)

    def advice(self, sender):
        return [f"{sender.provider.name} is watched."]


def test_others_find_their_place():
    """Before those of a later place."""
    assert ["Own", "Logging", "Retry", "Throttle"] == kinds(production(others=[Own()]))


@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
def test_a_mailer_takes_a_name_or_policies_in_any_order(kind):
    """They are around the middleware."""

    def function(message, send):
        return send(message)

    named = kind("memory", policies="production", middleware=[function])
    assert ["Logging", "Retry", "Throttle", "function"] == kinds(named.middleware)
    assert function is named.middleware[-1]
    shuffled = kind("memory", policies=[Throttle(), Logging(), Retry()])
    assert ["Logging", "Retry", "Throttle"] == kinds(shuffled.middleware)
    assert () == kind("memory").middleware


def test_the_whole_stack_sends(send):
    """Everything at once, in both ways."""
    provider = MemoryProvider()
    result = send(provider, MESSAGE.replace(idempotency_key="k"), policies=everything())

    assert ("b@example.com",) == result.accepted
    assert [("staging@example.com",)] == [each.recipients for each in provider.outbox]


@pytest.mark.parametrize(
    ("policies", "told"),
    [
        (
            "produktion",
            "'produktion'; there are: production; did you mean 'production'",
        ),
        ("zzz", "no policies 'zzz'; there are: production$"),
        (Retry(), r"policies must be a list: write policies=\[...\]"),
        (5, "policies must be a list or the name of a stack, not int"),
        ([Retry], r"write Retry\(...\), not the class Retry"),
        ([print], "policies has a builtin_function_or_method, which is no policy"),
        ([Retry(), Retry()], "Retry is there 2 times: keep one"),
        ([Retry(), Throttle(), Throttle()], "Throttle is there 2 times: keep one"),
    ],
)
def test_wrong_policies(policies, told):
    """One error, when the mailer is made."""
    with pytest.raises(ConfigurationError, match=told):
        Mailer("memory", policies=policies)


def test_policies_contradict_middleware():
    """The order is that of both."""
    with pytest.raises(ConfigurationError, match="Logging must stand before Retry"):
        Mailer("memory", policies=[Retry()], middleware=[Logging()])


def test_a_misspelt_argument_is_told():
    """As the other arguments of a mailer."""
    with pytest.raises(ConfigurationError, match="did you mean 'policies'"):
        Mailer("memory", policys="production")


def test_advice():
    """What should be known of a policy with this provider."""
    told = Mailer("memory", policies=production(others=[Own()])).advice()
    assert ["memory is watched.", "memory knows no", "memory does not", "Throttle counts"] == [
        each
        if each.endswith("watched.")
        else " ".join(each.split()[: 3 if "memory" in each else 2])
        for each in told
    ]

    class Shared(MemoryLimiter):
        blocks = True

    class Native(MemoryProvider):
        idempotency = "native"

    throttle = Throttle(per_second=1, limiter=Shared())
    assert () == Mailer(Native(), policies=production(throttle=throttle)).advice()
    throttle = Throttle(per_second=1, share=0.5)
    silent = production(retry=Retry(accept_duplicates=True), throttle=throttle)
    assert () == Mailer("memory", policies=silent).advice()


def test_doctor_prints_the_order(capsys):
    """And what should be known."""
    assert 0 == main(["doctor", "--provider", "memory", "--policies", "production"])

    out = capsys.readouterr().out
    assert ["1      Logging", "2      Retry", "3      Throttle"] == [
        line[: line.index(" ", 7)] for line in out.splitlines() if line[:1].isdigit()
    ]
    assert 3 == out.count("Note: ")


def test_doctor_without_policies(capsys):
    """It says so."""
    assert 0 == main(["doctor", "--provider", "memory"])

    assert "No policies: each message is sent once, and at once." in capsys.readouterr().out


PROGRAM = """
from mailcore import AsyncMailer, Mailer
from mailcore.middleware import Retry

def stamping(message, send):
    return send(message)

mailer = Mailer("memory", middleware=[Retry(), stamping])
other = 5

def make():
    return AsyncMailer("memory", policies="production")
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A program with mailers, in the current directory."""
    (tmp_path / "shop_doctor.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("shop_doctor", None)


def test_doctor_looks_at_a_mailer_of_a_program(program, capsys):
    """Or has a function make one."""
    assert 0 == main(["doctor", "shop_doctor:mailer", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert ("memory", "none", False) == (
        told["provider"],
        told["idempotency"],
        told["tells_quota"],
    )
    assert [
        {"name": "Retry", "place": "retry", "does": Retry().describe()},
        {"name": "stamping", "place": "", "does": "a function of shop_doctor"},
    ] == told["policies"]
    assert 1 == len(told["advice"])

    assert 0 == main(["doctor", "shop_doctor:make"])
    assert "Throttle" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shop_doctor:other"], "must be a Mailer or an AsyncMailer, not int"),
        (["shop_doctor:nothing"], "'shop_doctor' has no 'nothing'"),
        (["shop_doctor"], "MODULE:NAME is MODULE:NAME, such as shop.mail:mailer"),
        (["no_such_shop:mailer"], "there is no module 'no_such_shop'"),
        (["shop_doctor:mailer", "--policies", "production"], "leave the other options out"),
        (["--provider", "memory", "--policies", "prod"], "no policies 'prod'"),
        ([], "no provider"),
    ],
)
def test_doctor_refuses(program, capsys, monkeypatch, arguments, told):
    """With one line, and the code for usage."""
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    assert 2 == main(["doctor", *arguments], registry=Registry())

    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
