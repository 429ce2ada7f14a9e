"""The command line with several providers in one URL."""

from __future__ import annotations

import json
import sys
import types

import pytest

from mailcore import (
    Features,
    HttpRequest,
    Mailer,
    Provider,
    ProviderUnavailable,
    RecipientStatus,
    Registry,
    SendStatus,
    hookimpl,
)
from mailcore.cli import main
from mailcore.features import YES
from mailcore.middleware import Throttle
from mailcore.pools import Failover, Member, RoundRobin


KEYS = ("sk-invented-0815", "sk-invented-4711", "sk-invented-1234")
MAIL = ["--from", "shop@example.com", "--to", "ada@example.net", "--text", "Hello"]


class Acme(Provider):
    """Puts its key wherever one may end up."""

    name = "acme"
    label = "Acme"
    features = Features(cc=YES)

    def __init__(self, *, api_key: str = "") -> None:
        self.api_key = api_key

    def build(self, message):
        url = f"https://api.example.com/{self.name}?key={self.api_key}"
        body = json.dumps({"raw": f"{self.api_key} of {self.name}"}).encode()
        headers = {"Content-Type": "application/json"}
        recipients = message.recipients
        return [
            HttpRequest(method="POST", url=url, headers=headers, body=body, recipients=recipients)
        ]

    def parse(self, request, response):
        return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.SENT))


class Zenith(Acme):
    """The same, with tags."""

    name = "zenith"
    label = "Zenith"
    features = Features(cc=YES, tags=YES)


class Down:
    """A transport to a service that is down."""

    def exchange(self, request):
        raise ProviderUnavailable("down for maintenance")

    def close(self):
        """Nothing is open."""


class Up(Down):
    """A transport to one that is not."""

    def exchange(self, request):
        return "ok"


class Extension:
    """Gives the providers their transports: acme is down."""

    @hookimpl
    def mailcore_create_transport(self, provider):
        return Down() if provider.name == "acme" else Up()


@pytest.fixture
def registry(monkeypatch):
    """The providers and the pools, and a key in the environment."""
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    monkeypatch.setenv("MAILCORE_ZENITH_API_KEY", KEYS[2])
    registry = Registry()
    registry.register(Acme)
    registry.register(Zenith)
    registry.register_extension(Extension())
    return registry


URL = f"failover(acme://?api_key={KEYS[0]} roundrobin(zenith acme://?api_key={KEYS[1]}))"


def test_sending(registry, capsys):
    """Who failed before is told beside the outcome."""
    assert 0 == main(["send", "--url", URL, *MAIL], registry=registry)

    out, err = capsys.readouterr()
    assert "sent" in out
    assert "mailcore: before: acme: down for maintenance\n" == err


def test_sending_as_json(registry, capsys):
    """The result has the member that sent, and what failed before."""
    assert 0 == main(["send", "--url", URL, *MAIL, "--json"], registry=registry)

    document = json.loads(capsys.readouterr().out)
    assert ("zenith", ["acme: down for maintenance"]) == (
        document["provider"],
        document["attempts"],
    )


def test_nobody_takes_it(registry, capsys):
    """The error has what each member said, and its exit code says that it may succeed later."""
    url = "failover(acme)"

    assert 75 == main(["send", "--url", url, *MAIL, "--json"], registry=registry)

    error = json.loads(capsys.readouterr().out)["error"]
    assert ("FailoverError", ["acme: down for maintenance"]) == (error["type"], error["attempts"])


@pytest.mark.parametrize("form", [["--json"], []])
@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_dry_run_shows_no_secret_of_any_member(registry, capsys, monkeypatch, form, by):
    """It shows the member that would be asked, and why others would be passed over."""
    arguments = ["send", *MAIL, "--tag", "news", "--dry-run", *form]
    if by == "option":
        arguments += ["--url", URL]
    else:
        monkeypatch.setenv("MAILCORE_URL", URL)

    assert 0 == main(arguments, registry=registry)

    out, err = capsys.readouterr()
    assert not [key for key in KEYS if key in out + err]
    assert "of zenith" in out
    reason = "acme cannot send this message: tags is not supported"
    if form:
        document = json.loads(out)
        assert ("zenith", ["acme"]) == (document["provider"], list(document["passed_over"]))
        assert document["passed_over"]["acme"].startswith(reason)
    else:
        assert "request 1 of 1 to zenith" in out
        assert f"passed over: {reason}" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--url", f"failover(acme://?api_key={KEYS[0]}"],
        ["--url", f"failover(acme://?api_key={KEYS[0]} acme://?api_kye={KEYS[1]})"],
        ["--provider", URL],
        ["--url", URL, "--option", f"rest_seconds={KEYS[0]}"],
    ],
)
def test_what_is_wrong_is_told_without_secrets(registry, capsys, arguments):
    """A mistake in the URL is one of usage: 2."""
    assert 2 == main(["send", *arguments, *MAIL], registry=registry)

    out, err = capsys.readouterr()
    assert not [key for key in KEYS if key in out + err]


def test_options_of_the_pool(registry, capsys):
    """They may be given beside the URL, converted as those of a URL."""
    arguments = ["send", "--url", URL, "--option", "rest_seconds=5", *MAIL]

    assert 0 == main(arguments, registry=registry)


def test_the_options_of_a_pool(registry, capsys):
    """Who asks for a pool by name sees its options; what it can express is what its members can."""
    assert 0 == main(["providers", "failover"], registry=registry)
    assert "rest_seconds" in capsys.readouterr().out

    assert 2 == main(["features", "failover"], registry=registry)
    assert "failover is a pool" in capsys.readouterr().err


def throttled():
    """A mailer of a program: a pool within a pool, and a member with a policy of its own."""
    own = Member(provider=Zenith(api_key=KEYS[0]), middleware=[Throttle(per_second=5)])
    return Mailer(Failover([own, RoundRobin([Acme(), Zenith(api_key=KEYS[1])])]))


@pytest.mark.parametrize("form", [["--json"], []])
def test_doctor_shows_the_members(registry, capsys, monkeypatch, form):
    """Each with the policies that only it has, those of pools within the pool as well."""
    shop = types.ModuleType("shop_of_pools")
    shop.throttled = throttled
    monkeypatch.setitem(sys.modules, "shop_of_pools", shop)

    assert 0 == main(["doctor", "shop_of_pools:throttled", *form], registry=registry)

    out, _ = capsys.readouterr()
    assert not [key for key in KEYS if key in out]
    if form:
        zenith, inner = json.loads(out)["members"]
        assert ("zenith", ["Throttle"]) == (
            zenith["provider"],
            [policy["name"] for policy in zenith["policies"]],
        )
        assert ["acme", "zenith"] == [member["provider"] for member in inner["members"]]
    else:
        rows = [line.split() for line in out.splitlines() if "(" in line]
        assert ["Zenith", "(zenith)", "no", "Throttle"] in rows
        inner = ["Round", "robin:", "Acme", "(acme)", "no", "none", "of", "its", "own"]
        assert inner in rows
