"""``mailcore suppression``, and the files that it reads."""

from __future__ import annotations

import json

from datetime import datetime, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import ConfigurationError
from mailcore.account import BOUNCE, MANUAL
from mailcore.cli import main
from mailcore.stores import ALL_MAIL, SqliteSuppressionStore, SuppressionEntry
from mailcore.stores.address_files import UnreadableLine, read_entries


ADA, BOB = "ada@example.net", "bob@example.net"


@pytest.fixture
def path(tmp_path):
    """The file of a list."""
    return tmp_path / "list.db"


@pytest.fixture
def entries(path):
    """What the list has: address, reason and scope."""

    def read():
        with SqliteSuppressionStore(path) as store:
            return [(each.email_address, each.reason, each.scope) for each in store.entries()]

    return read


@pytest.fixture
def suppression(path, capsys, registry):
    """Run the command; returns exit code, output and errors."""

    def call(*arguments, store=True):
        given = ["suppression", *arguments, *(["--store", str(path)] if store else [])]
        code = main(given, registry=registry)
        return (code, *capsys.readouterr())

    return call


def test_a_list_from_beginning_to_end(suppression, entries):
    """Add, list, search, remove."""
    assert 0 == suppression("add", "Ada <ADA@Example.net>", BOB)[0]
    news = ("--reason", "unsubscribe", "--scope", "newsletter")
    assert 0 == suppression("add", BOB, *news)[0]
    assert [
        (ADA, MANUAL, ALL_MAIL),
        (BOB, MANUAL, ALL_MAIL),
        (BOB, "UNSUBSCRIBE", "newsletter"),
    ] == entries()
    code, out, _ = suppression("list", "--json", "--reason", "unsubscribe")
    (found,) = json.loads(out)["suppressed"]
    assert (0, BOB, "newsletter", "command line") == (
        code, found["email_address"], found["scope"], found["source"],
    )  # fmt: skip
    out = suppression("search", "ADA@")[1]
    assert (True, False) == (ADA in out, BOB in out)
    assert 2 == len(json.loads(suppression("list", "--limit", "2", "--json")[1])["suppressed"])
    assert 0 == suppression("remove", BOB, *news)[0]
    assert [(ADA, MANUAL, ALL_MAIL), (BOB, MANUAL, ALL_MAIL)] == entries()
    code, out, _ = suppression("remove", BOB, "eve@example.net", "--json")
    assert (1, {BOB: 1, "eve@example.net": 0}) == (code, json.loads(out)["removed"])


def test_the_file_may_stand_in_the_environment(suppression, path, monkeypatch):
    """Or with --store; one that does not exist is not looked at."""
    assert (2, "") == suppression("list")[:2]
    monkeypatch.setenv("MAILCORE_SUPPRESSIONS", str(path))

    assert 0 == suppression("add", ADA, store=False)[0]
    assert ADA in suppression("list", store=False)[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list", "x"], "`list` takes nothing behind it"),
        (["search"], "`search` takes one text"),
        (["add"], "`add` needs an email address"),
        (["add", "ada"], "address"),
        (["add", ADA, "--scope", "*x"], "a scope that begins with *"),
        (["add", ADA, "--limit", "3"], "--limit goes with `list`"),
        (["remove", ADA], "the file of --store does not exist"),
        (["import"], "`import` takes one file, or a provider"),
        (["import", "a", "b"], "`import` takes one file"),
        (["import", "no-such-file"], "cannot read 'no-such-file'"),
        (["import", "a", "--provider", "memory"], "`import` takes one file, or a provider"),
        (["export"], "`export` needs a provider"),
        (["list", "--provider", "memory"], "--provider and --url go with"),
    ],
)
def test_mistakes(suppression, arguments, told):
    """One line each."""
    code, out, errors = suppression(*arguments)

    assert (True, "") == (code in (2, 3), out)
    assert told in errors


def test_without_a_file(suppression, monkeypatch):
    """The error says how to give one."""
    monkeypatch.delenv("MAILCORE_SUPPRESSIONS", raising=False)

    assert "give its file with --store" in suppression("add", ADA, store=False)[2]


CSV = """\
Email,reason,scope,updated_at
Ada@example.net,bounce,,2026-11-30T12:00:00Z
bob@example.net,unsubscribe,newsletter,

no address,bounce,,
eve@example.net,gone,,
zoe@example.net,bounce,,yesterday
joe@example.net,bounce,,,more
"Kim, K" <kim@example.net>
"""


def test_a_file_with_lines_that_are_wrong(suppression, entries, tmp_path):
    """Each is told by its number, and nothing else is lost."""
    (tmp_path / "old.csv").write_text(CSV, encoding="utf-8-sig")
    code, out, errors = suppression("import", str(tmp_path / "old.csv"), "--json")

    assert (1, 2) == (code, json.loads(out)["done"])
    assert [5, 6, 7, 8, 9] == [each["line"] for each in json.loads(out)["left_out"]]
    for line, told in (
        (5, "Invalid email"),
        (6, "a reason is one of"),
        (7, "updated_at is no time in ISO 8601"),
        (8, "it has 5 fields, not 4"),
    ):
        (shown,) = [each for each in errors.splitlines() if f"line {line} was left out" in each]
        assert told.lower() in shown.lower()
    assert [(ADA, BOUNCE, ALL_MAIL), (BOB, "UNSUBSCRIBE", "newsletter")] == entries()


def test_a_file_of_addresses(suppression, entries, tmp_path):
    """One on each line, with what the command line says of all."""
    (tmp_path / "old.txt").write_text(f"{ADA}\r\n\r\n{BOB}\r\n")
    code = suppression("import", str(tmp_path / "old.txt"), "--reason", "complaint")[0]

    assert (0, [(ADA, "COMPLAINT", ALL_MAIL), (BOB, "COMPLAINT", ALL_MAIL)]) == (code, entries())


@pytest.mark.parametrize("heading", ["address,colour", "address,email"])
def test_headings_that_are_wrong(heading):
    """Nothing is read."""
    with pytest.raises(ConfigurationError, match="the first line names columns, each once, of"):
        list(read_entries(f"{heading}\n{ADA},red\n", reason=BOUNCE))


@given(text=st.text(st.sampled_from("a@b.c,\"'\n\r;\0ä <>")) | st.text())
def test_any_file(text):
    """Each line is an entry, or told."""
    try:
        found = list(read_entries(text, reason=BOUNCE))
    except ConfigurationError:
        return
    for each in found:
        assert isinstance(each, (SuppressionEntry, UnreadableLine))
        assert not isinstance(each, UnreadableLine) or each.line >= 1


def test_an_entry_with_all_columns():
    """As it stands there."""
    text = "detail,address,source,updated_at,scope,reason\nhard,Ada@example.net,old,2026-01-02,,b"
    (wrong,) = read_entries(text, reason=BOUNCE)
    (found,) = read_entries(text.replace(",,b", ",news,manual"), reason=BOUNCE)

    assert isinstance(wrong, UnreadableLine)
    assert (
        SuppressionEntry(
            email_address=ADA,
            reason=MANUAL,
            scope="news",
            source="old",
            detail="hard",
            updated_at=datetime(2026, 1, 2, tzinfo=timezone.utc),
        )
        == found
    )


@pytest.mark.slow
def test_a_provider_and_back(suppression, entries, monkeypatch, capsys, path):
    """From the list of one, and to it."""
    from mailcore_local.ses import LocalSes
    from mailcore_ses import SesProvider

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "invented")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "invented")
    with LocalSes() as local:
        account = SesProvider(**local.provider_options).account
        account.put_suppressed(ADA, "COMPLAINT")
        given_options = local.provider_options.items()
        options = [f"{name}={value}" for name, value in given_options if isinstance(value, str)]
        chosen = ["--provider", "ses", *(part for each in options for part in ("--option", each))]
        store = ["--store", str(path), "--json"]
        assert 0 == main(["suppression", "import", *chosen, *store])
        assert [(ADA, "COMPLAINT", ALL_MAIL)] == entries()
        suppression("add", BOB)
        capsys.readouterr()
        assert 0 == main(["suppression", "export", *chosen, *store])
        assert {"done": 1, "skipped": {"COMPLAINT": 1}, "refused": {}} == json.loads(
            capsys.readouterr().out
        )
        assert {ADA, BOB} == {each.email_address for each in account.suppressed()}


@pytest.mark.parametrize(
    "time", ["2026-11-30T12:00:00Z", "2026-11-30T14:00:00+02:00", "2026-11-30 12:00"]
)
def test_times_of_files(time):
    """Of any zone; UTC without one."""
    (found,) = read_entries(f"address,updated_at\n{ADA},{time}", reason=BOUNCE)

    assert datetime(2026, 11, 30, 12, tzinfo=timezone.utc) == found.updated_at


LONG = "x" * 140_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ADA}\r{BOB}", [(ADA, ""), (BOB, "")]),
        (f'address,detail\r\n{ADA},"one\r\ntwo"', [(ADA, "one\r\ntwo")]),
        (f"{LONG}\n{ADA}", [(1, "field larger than field limit (131072)"), (ADA, "")]),
        (
            f"address,reason\n,BOUNCE\n{ADA}",
            [(2, "Invalid email address '' in `address`: it is empty"), (ADA, "")],
        ),
    ],
    ids=["line ends", "several lines", "too long", "no address"],
)
def test_lines_of_files(text, expected):
    """As programs of all kinds write them; one that cannot be read does not lose the others."""
    found = [
        (each.line, each.reason)
        if isinstance(each, UnreadableLine)
        else (each.email_address, each.detail)
        for each in read_entries(text, reason=BOUNCE)
    ]

    assert expected == found
    entries = read_entries(ADA, reason=BOUNCE)
    assert [(ALL_MAIL, "")] == [(each.scope, each.source) for each in entries]
