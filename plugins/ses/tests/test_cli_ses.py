"""`mailcore ses`: tables, JSON and exit codes, against a local SES over HTTP."""

from __future__ import annotations

import json
import shlex

import pytest

from mailcore.cli import main
from mailcore.cli.parser import build_parser
from mailcore.registry import default_registry
from mailcore_local.ses import LocalSes


@pytest.fixture
def ses(invented_credentials):
    """A local SES in its sandbox."""
    with LocalSes(region_name="eu-west-1", sandbox=True) as running:
        yield running


@pytest.fixture
def run(ses, capsys):
    """Run a command; return its exit code, what it wrote, and what it noted."""

    def call(*arguments: str, where: bool = True) -> tuple[int, str, str]:
        options = ["--option", "region_name=eu-west-1", "--option", f"endpoint_url={ses.url}"]
        code = main(["ses", *arguments, *(options if where else [])])
        written = capsys.readouterr()
        return code, written.out, written.err

    return call


@pytest.fixture
def run_json(run):
    """Run a command with --json; return its exit code and what it wrote."""

    def call(*arguments: str) -> tuple[int, object]:
        code, written, _ = run(*arguments, "--json")
        return code, json.loads(written)

    return call


def test_extension_is_installed(capsys):
    """The command comes with the distribution, and is listed as an extension of its own."""
    assert 0 == main(["providers", "--json"])
    extensions = json.loads(capsys.readouterr().out)["extensions"]

    assert ("ses", "mailcore-ses", "loaded", "") in [
        (each["name"], each["distribution"], each["state"], each["error"]) for each in extensions
    ]


@pytest.mark.parametrize(
    "command",
    [
        "quota",
        "stats",
        "identities",
        "suppressions",
        "check",
        "setup-events",
        "setup-inbound",
        "consume",
    ],
)
def test_help(capsys, command: str):
    """Every command explains itself by examples that can be parsed."""
    assert 0 == main(["ses", command, "--help"])
    written = capsys.readouterr().out

    examples = [line.strip() for line in written.splitlines() if line.startswith("  mailcore ses")]
    assert examples
    assert "`mailcore --help` lists the exit codes." in written
    for example in examples:
        parsed = build_parser(default_registry()).parse_all(shlex.split(example)[1:])
        assert ("ses", command) == (parsed.command, parsed.ses_command)


def test_exit_codes_stand_once(capsys):
    """What is particular about them stands in the help of `mailcore ses`."""
    assert 0 == main(["ses", "--help"])

    assert "75 if AWS could not be reached" in " ".join(capsys.readouterr().out.split())


def test_without_a_command_it_shows_its_help(capsys):
    """Whoever types the name alone wants to know what there is."""
    assert 0 == main(["ses"])
    written = capsys.readouterr()

    assert "" == written.err
    assert "setup-events" in written.out


def test_quota(run, run_json):
    """The quota, as a table and as JSON."""
    code, table, _ = run("quota")
    json_code, value = run_json("quota")

    assert (0, 0) == (code, json_code)
    assert "recipients in 24 hours     200\n" in table
    assert "verified addresses only (sandbox)" in table
    assert {
        "region": "eu-west-1",
        "max_send_rate_per_second": 1.0,
        "max_24_hour_send": 200.0,
        "sent_last_24_hours": 0.0,
        "remaining_24_hours": 200.0,
        "sending_enabled": True,
        "enforcement_status": "HEALTHY",
        "production_access": False,
        "suppressed_reasons": ["BOUNCE", "COMPLAINT"],
    } == value


def test_url_and_environment(run, ses, monkeypatch):
    """The provider is chosen by --url, or by the environment if that names SES."""
    url = f"ses://?region_name=eu-west-1&endpoint_url={ses.url}"
    by_url = run("quota", "--url", url, where=False)
    monkeypatch.setenv("MAILCORE_URL", url)
    by_environment = run("quota", where=False)
    monkeypatch.setenv("MAILCORE_URL", "console://")
    not_by_environment = run("quota")

    assert 0 == by_url[0]
    assert by_url == by_environment == not_by_environment


@pytest.mark.slow
def test_identities(run, run_json):
    """Identities are created with their records, listed, shown and deleted."""
    created, table, _ = run("identities", "create", "shop.example")
    _, shown = run_json("identities", "show", "shop.example")
    _, listed = run_json("identities")
    _, plain, _ = run("identities", "list")
    (identity,) = shown["identities"]

    assert 0 == created
    assert 3 == len(identity["dns_records"]) == len(identity["dkim"]["tokens"])
    for record in identity["dns_records"]:
        assert "CNAME" == record["type"]
        assert record["name"] in table
        assert record["value"] in table
    assert {
        "identities": [
            {
                "name": "shop.example",
                "kind": "DOMAIN",
                "verification_status": "SUCCESS",
                "sending_enabled": True,
            }
        ]
    } == listed
    assert "shop.example  domain  success       enabled" in plain
    assert (0, {"deleted": {"shop.example": True}}) == run_json(
        "identities", "delete", "shop.example"
    )
    assert (1, {"deleted": {"shop.example": False}}) == run_json(
        "identities", "delete", "shop.example"
    )


def test_identity_that_is_not_there(run):
    """Showing what is not there shows the rest, says so, and tells by the exit code."""
    run("identities", "create", "shop.example")

    code, table, noted = run("identities", "show", "other.example", "shop.example")

    assert 1 == code
    assert "shop.example" in table
    assert "other.example is no identity" in noted


@pytest.mark.slow
def test_suppression(run, run_json):
    """Addresses are put on the list, listed, looked up and taken off."""
    assert 0 == run("suppressions", "add", "ada@example.net", "bob@example.net")[0]
    assert 0 == run("suppression", "put", "eve@example.net", "--reason", "complaint")[0]
    _, listed = run_json("suppression")
    _, angry = run_json("suppression", "list", "--reason", "complaint")
    _, two = run_json("suppression", "list", "--limit", "2", "--since", "2026-01-01")
    _, none = run_json("suppression", "--until", "2020-01-01T00:00:00Z")
    code, found, noted = run("suppression", "get", "ada@example.net", "zoe@example.net")

    def addresses(value):
        return [each["email_address"] for each in value["suppressed"]]

    assert ["ada@example.net", "bob@example.net", "eve@example.net"] == addresses(listed)
    assert ["BOUNCE", "BOUNCE", "COMPLAINT"] == [each["reason"] for each in listed["suppressed"]]
    assert ["eve@example.net"] == addresses(angry)
    assert ["ada@example.net", "bob@example.net"] == addresses(two)
    assert [] == addresses(none)
    assert 1 == code
    assert "ada@example.net  bounce" in found
    assert "zoe@example.net is not on the suppression list" in noted
    assert (1, {"done": {"ada@example.net": True, "zoe@example.net": False}}) == run_json(
        "suppression", "delete", "ada@example.net", "zoe@example.net"
    )
    assert ["bob@example.net", "eve@example.net"] == addresses(run_json("suppression")[1])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["identities", "show"], "needs an address or a domain"),
        (["identities", "list", "shop.example"], "takes no names"),
        (["identities", "rename", "shop.example"], "invalid choice"),
        (["suppression", "put"], "needs an email address"),
        (["suppression", "get", "a@b.example", "--limit", "2"], "go with `list`"),
        (["suppression", "get", "a@b.example", "--reason", "bounce"], "goes with"),
        (["suppression", "list", "--limit", "0"], "above 0"),
        (["suppression", "list", "--since", "yesterday"], "write a date or time"),
        (["suppression", "list", "--since", "2026-01-02", "--until", "2026-01-01"], "end lies"),
        (["quota", "--provider", "null"], "`mailcore ses` is not about null"),
        (["quota", "--provider", "no-such"], "no-such"),
        (["check", "--test-send"], "--test-send needs --from"),
        (["nothing"], "invalid choice"),
    ],
    ids=" ".join,
)
def test_usage(invented_credentials, capsys, arguments: list[str], said: str):
    """A command line that cannot be meant is refused before AWS is asked."""
    code = main(["ses", *arguments])
    written = capsys.readouterr()

    assert (2, "") == (code, written.out)
    assert said in written.err


def test_errors(run, ses):
    """AWS's refusal is one line on standard error, an object with --json, and the exit code 1."""
    ses.faults.script(*["error:AccessDeniedException"] * 2, operations=["GetAccount"])

    code, written, noted = run("quota")
    json_code, described, _ = run("quota", "--json")

    assert (1, "") == (code, written)
    assert "ses: AccessDeniedException" in noted
    assert 1 == json_code
    assert "access_denied" == json.loads(described)["error"]["category"]


def test_nobody_there(run, ses):
    """If AWS cannot be reached the same may succeed later, and the exit code says so."""
    ses.stop()

    assert 75 == run("quota")[0]
