"""``mailcore outbox``: what each command does, prints and refuses."""

from __future__ import annotations

import json

from datetime import datetime, timedelta, timezone
from functools import partial

import pytest

from sqlalchemy import create_engine, text, update

from mailcore import EventType, Mailer, Message, TrackingEvent
from mailcore.builtin import MemoryProvider
from mailcore.cli import main
from mailcore.outbox import OutboxEvents, OutboxFilter, OutboxState, OutboxWorker
from mailcore.stores import SuppressionEntry
from mailcore_outbox import Outbox


ADA, BOB = "ada@example.net", "bob@example.org"


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    """No variable of the environment says anything."""
    for name in ("MAILCORE_OUTBOX_URL", "MAILCORE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mailcore(capsys, database_url, outbox):
    """`mailcore outbox …` on a database with the tables: its exit code and its output."""

    def run(*arguments):
        code = main(["outbox", arguments[0], "--database", database_url, *arguments[1:]])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def add(outbox, engine):
    """Puts a message into the outbox; its row."""

    def put(to=ADA, subject="Hello", tags=(), **arguments):
        message = Message(
            from_email="shop@example.com", to=[to], subject=subject, text="Hi", tags=list(tags)
        )
        with engine.begin() as connection:
            return outbox.add(connection, message, **arguments)

    return put


def states(outbox):
    """The states of all rows."""
    return [str(row.state) for row in outbox.store.find(OutboxFilter(), limit=100)]


def json_of(mailcore, *arguments):
    """What a command prints as JSON."""
    code, printed, _ = mailcore(*arguments, "--json")
    assert 0 == code
    return json.loads(printed)


class FailingProvider(MemoryProvider):
    """Whose mail is refused for good."""

    def build(self, message):
        from mailcore.errors import MessageRejected

        raise MessageRejected("the domain is not verified", provider=self.name)


def fail_all(outbox):
    """Have everything fail that is due."""
    OutboxWorker(outbox.store, Mailer(FailingProvider())).run_once()


def test_from_the_tables_to_the_mail(capsys, tmp_path, monkeypatch):
    """Create, add, work, status: the URLs of the environment will do."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("MAILCORE_OUTBOX_URL", url)
    monkeypatch.setenv("MAILCORE_URL", "console://")
    assert 0 == main(["outbox", "create"])
    assert "tables of the outbox are there" in capsys.readouterr().err
    engine = create_engine(url)
    with engine.begin() as connection:
        message = Message(from_email="a@example.com", to=[ADA], subject="Hello", text="Hi")
        Outbox(engine).add(connection, message)
    engine.dispose()
    assert 0 == main(["outbox", "work", "--once"])
    printed = capsys.readouterr().out
    assert "subject: Hello" in printed
    assert ["sent", "1"] in [line.split() for line in printed.splitlines()]
    assert 0 == main(["outbox", "status"])

    assert ["sent", "1"] in [line.split() for line in capsys.readouterr().out.splitlines()]


def test_migrate(capsys, tmp_path):
    """The same tables, by Alembic."""
    place = ["--database", f"sqlite:///{tmp_path / 'shop.db'}", "--prefix", "post_"]
    assert 0 == main(["outbox", "migrate", *place])
    assert "of this release" in capsys.readouterr().err
    assert 0 == main(["outbox", "status", *place])
    assert 2 == main(["outbox", "migrate", "--outbox", "shop.mail:outbox"])


def test_work_prints_json(mailcore, add):
    """On one line, though the provider prints."""
    add()
    add(not_before=timedelta(days=1))
    code, printed, _ = mailcore("work", "--once", "--provider", "console", "--json")

    assert (0, 1) == (code, len(printed.splitlines()))
    assert {"sent": 1, "failed": 0, "unknown": 0, "cancelled": 0} == {
        name: count
        for name, count in json.loads(printed).items()
        if name not in ("postponed", "recovered")
    }


def test_work_keeps_bodies(mailcore, add, outbox):
    """If it is told; otherwise they go with the send."""
    kept, gone = add(), add()
    mailcore("work", "--once", "--provider", "null")
    assert outbox.store.get(gone.id).document is None
    later = add()
    mailcore("work", "--once", "--provider", "null", "--keep-bodies", "--attempts", "3")

    assert outbox.store.get(kept.id).document is None
    assert outbox.store.get(later.id).document is not None


@pytest.mark.slow
def test_work_takes_a_mailer_of_the_program(mailcore, add, tmp_path, monkeypatch, outbox):
    """Made once, or by a function; and the outbox of the program as well."""
    (tmp_path / "own_shop.py").write_text(
        "from mailcore import Mailer\n"
        "from mailcore_outbox import Outbox\n"
        "from mailcore.builtin import MemoryProvider\n"
        "mailer = Mailer(MemoryProvider())\n"
        f"outbox = Outbox({str(outbox._database.engine.url)!r})\n"
        "def made():\n    return Mailer(MemoryProvider())\n"
        "other = 17\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("mailer", "made"):
        add()
        assert 0 == mailcore("work", f"own_shop:{name}", "--once")[0]
    add()
    box = ["--outbox", "own_shop:outbox", "--once"]
    assert 0 == main(["outbox", "work", "own_shop:mailer", *box])
    for wrong, told in (
        (["work", "own_shop:other"], "must be a Mailer, not int"),
        (["work", "own_shop:mailer", "--provider", "null"], "leave the provider out"),
        (["work", "own_shop:mailer", "--policies", "production"], "leave --policies out"),
    ):
        code, _, errors = mailcore(*wrong)
        assert (2, True) == (code, told in errors)
    assert 2 == main(["outbox", "status", "--outbox", "own_shop:other"])
    assert 2 == main(["outbox", "status", "--outbox", "own_shop:outbox", "--schema", "a"])
    import own_shop

    own_shop.outbox.close()
    assert ["sent"] * 3 == states(outbox)


def test_status(mailcore, add):
    """Counts of each state, and how late what is due is."""
    add()
    add(not_before=timedelta(days=1))
    told = json_of(mailcore, "status")

    assert {"pending": 2, "sent": 0} == {name: told["states"][name] for name in ("pending", "sent")}
    assert (1, 0, 0) == (told["due"], told["expired"], told["newer"])
    assert told["late_seconds"] >= 0
    assert 1 == mailcore("status", "--late", "1e-9")[0]
    assert 0 == mailcore("status", "--late", "3600")[0]


def test_rows_of_a_newer_release_are_counted(mailcore, add, engine, outbox):
    """No worker of this one sends them, and status says so."""
    add()
    with engine.begin() as connection:
        connection.execute(text("UPDATE mailcore_outbox SET document_version = 99"))
    assert 0 == mailcore("work", "--once", "--provider", "null")[0]

    assert 1 == json_of(mailcore, "status")["newer"]
    assert "newer release" in mailcore("status")[1]


def test_rows_of_a_newer_release_are_told_of(mailcore, add, engine, outbox):
    """What can be read is shown, called off and erased; of the rest it says that it is there."""
    newer, plain = add(), add()
    with engine.begin() as connection:
        change = text("UPDATE mailcore_outbox SET document_version = 99 WHERE id = :id")
        connection.execute(change, {"id": newer.id})

    told = json_of(mailcore, "show", "--to", ADA)
    assert ([plain.id], 1) == ([row["id"] for row in told["rows"]], told["newer"])
    _, printed, errors = mailcore("show")
    assert (True, False) == (plain.id in printed, newer.id in printed)
    assert "1 more row was kept by a newer release" in errors
    code, printed, errors = mailcore("show", newer.id, plain.id)
    assert (1, True) == (code, plain.id in printed)
    assert f"{newer.id}: " in errors
    assert "newer release" in errors
    code, printed, _ = mailcore("cancel", newer.id, plain.id)
    assert (1, True, True) == (code, "newer release" in printed, "called off" in printed)
    code, _, errors = mailcore("retry", "--state", "cancelled", "--to", BOB)
    assert (0, "") == (code, errors)
    code, printed, errors = mailcore("retry", "--to", ADA)
    assert (1, True) == (code, "1 more row was kept" in errors)
    code, printed, _ = mailcore("erase", ADA, "--json")
    assert (1, {"erased": 1, "being_sent": 0, "newer": 1}) == (code, json.loads(printed))
    kept = outbox.store.get(plain.id)
    assert ("erased-0",) == kept.recipients


@pytest.mark.slow
def test_show_lists(mailcore, add):
    """Rows by what they have in common."""
    first = add(subject="First", tags=["news"])
    second = add(BOB, subject="Second", key="order-17")

    def ids(*arguments):
        return [row["id"] for row in json_of(mailcore, "show", *arguments)["rows"]]

    assert [first.id, second.id] == ids()
    assert [second.id] == ids("--to", "BOB@example.org") == ids("--key", "order-17")
    assert [first.id] == ids("--tag", "news") == ids("--limit", "1")
    assert [] == ids("--state", "sent") == ids("--through", "x") == ids("--error", "x")
    assert [] == ids("--changed-since", "2099-01-01") == ids("--changed-before", "1999-01-01")
    _, printed, _ = mailcore("show")
    assert all(word in printed for word in (first.id, "pending", ADA, BOB, "Second"))


def test_show_one(mailcore, add, outbox):
    """With attempts and receipts; the message if it is asked for."""
    row = add()
    mailcore("work", "--once", "--provider", "memory", "--keep-bodies")
    OutboxEvents(outbox.store)(
        TrackingEvent(
            provider="memory",
            event_type=EventType.BOUNCED,
            recipient=ADA,
            metadata={"mailcore_outbox_id": row.id},
            mta_response="550 no",
        )
    )
    (told,) = json_of(mailcore, "show", row.id, "--body")["rows"]

    assert ("sent", 1, "memory") == (told["state"], told["attempts"], told["provider"])
    assert [ADA] == [each["address"] for each in told["recipients"]]
    assert [(1, "memory")] == [(each["number"], each["provider"]) for each in told["attempts_made"]]
    assert [("bounced", ADA)] == [(each["event"], each["recipient"]) for each in told["receipts"]]
    assert "Hello" == told["message"]["subject"]
    code, printed, errors = mailcore("show", row.id, "nobody", "--body")
    assert (1, True) == (code, "there is no row nobody" in errors)
    assert all(word in printed for word in (row.id, "bounced", "550 no", '"subject": "Hello"'))
    assert '"subject"' not in mailcore("show", row.id)[1]


def test_show_what_cannot_be_read(mailcore, add, engine):
    """A body that is damaged, or of a field that nobody knows, is shown as it is."""
    strange, broken = add(), add()
    with engine.begin() as connection:
        change = text("UPDATE mailcore_outbox_documents SET document = :text WHERE row_id = :id")
        connection.execute(change, {"text": '{"holograms": 3}', "id": strange.id})
        connection.execute(change, {"text": "{", "id": broken.id})
    told = json_of(mailcore, "show", strange.id, broken.id, "--body")["rows"]

    assert [{"holograms": 3}, "{"] == [each["message"] for each in told]
    assert 0 == mailcore("work", "--once", "--provider", "null")[0]
    assert "failed" in mailcore("show", broken.id, "--body")[1]


def test_retry(mailcore, add, outbox):
    """By id, or by what rows have in common; each that cannot be is told."""
    first, second, waiting = add(), add(BOB), add(not_before=timedelta(days=1))
    fail_all(outbox)
    assert ["failed", "failed", "pending"] == states(outbox)
    told = json_of(mailcore, "retry", first.id)
    assert {"changed": [first.id], "left_alone": [], "newer": 0} == told
    code, printed, _ = mailcore("retry", waiting.id, "nobody")
    assert (1, 2) == (code, printed.count("left alone"))
    assert [second.id] == json_of(mailcore, "retry", "--state", "failed")["changed"]

    assert ["pending"] * 3 == states(outbox)
    assert 0 == mailcore("work", "--once", "--provider", "null")[0]
    assert ["sent", "sent", "pending"] == states(outbox)


def test_cancel(mailcore, add, outbox):
    """What waits is called off, and can be had again."""
    first, second = add(), add(BOB)
    assert [second.id] == json_of(mailcore, "cancel", "--to", BOB)["changed"]
    assert 0 == mailcore("work", "--once", "--provider", "null")[0]
    assert ["sent", "cancelled"] == states(outbox)

    code, printed, _ = mailcore("cancel", first.id)
    assert (1, True) == (code, "left alone" in printed)


@pytest.mark.slow
def test_prune(mailcore, add, engine, outbox):
    """What is over, and old: bodies alone, or all of it, with old keys."""
    oldest, *_ = [add() for _ in range(3)]
    mailcore("work", "--once", "--provider", "null", "--keep-bodies")
    waiting = add()
    for life_seconds in (60, 1e-6):
        outbox.idempotency.claim(f"{life_seconds}", "b", life_seconds)
    outbox.seen.mark("c")
    with engine.begin() as connection:
        rows = outbox.tables.rows
        old = datetime.now(timezone.utc) - timedelta(days=40)
        connection.execute(update(rows).where(rows.c.id == oldest.id).values(changed_at=old))

    assert {"bodies": 1} == json_of(mailcore, "prune", "--older-than", "30", "--bodies")["deleted"]
    assert {"bodies": 0} == json_of(mailcore, "prune", "--older-than", "30", "--bodies")["deleted"]
    deleted = json_of(mailcore, "prune", "--older-than", "30", "--state", "failed")["deleted"]
    assert {"rows": 0, "idempotency_keys": 1, "seen_events": 0} == deleted
    code, printed, _ = mailcore("prune", "--older-than", "30")
    assert (0, ["rows", "1"]) == (code, printed.splitlines()[2].split())
    assert ["sent", "sent", "pending"] == states(outbox)
    assert outbox.store.get(waiting.id).document is not None


def test_erase(mailcore, add, outbox):
    """An address is forgotten, but for the suppression list."""
    outbox.suppressions.add([SuppressionEntry(email_address=ADA, reason="COMPLAINT")])
    row, other = add(), add(BOB)
    mailcore("work", "--once", "--provider", "null", "--keep-bodies")

    assert {"erased": 1, "being_sent": 0, "newer": 0} == json_of(
        mailcore, "erase", "ADA@example.net"
    )
    assert 0 == mailcore("erase", f"Ada <{ADA}>")[0]
    assert ADA not in mailcore("show", row.id, "--body")[1]
    assert BOB in mailcore("show", other.id, "--body")[1]
    assert 1 == len(outbox.suppressions.find([ADA]))


def test_erase_what_is_no_address(mailcore):
    """Refused: that there are no such rows would be taken for an address that is gone."""
    code, _, told = mailcore("erase", "ada")

    assert 3 == code
    assert "it has no @" in told


@pytest.mark.slow
def test_figures(mailcore, add, outbox):
    """What was sent and what came of it, told apart by what is asked for."""
    row = add(tags=["news"])
    add(BOB)
    mailcore("work", "--once", "--provider", "memory")
    OutboxEvents(outbox.store)(
        TrackingEvent(
            provider="memory",
            event_type=EventType.DELIVERED,
            recipient=ADA,
            metadata={"mailcore_outbox_id": row.id},
        )
    )
    told = json_of(mailcore, "figures", "--by", "tag")["figures"]

    assert [("", 1, 0), ("news", 1, 1)] == [
        (each["tag"], each["sent"], each["delivered"]) for each in told
    ]
    (whole,) = json_of(mailcore, "figures")["figures"]
    assert ("memory", 2) == (whole["provider"], whole["sent"])
    assert [] == json_of(mailcore, "figures", "--until", "2020-01-01")["figures"]
    assert [] == json_of(mailcore, "figures", "--since", "2099-01-01")["figures"]
    assert "example.org" in mailcore("figures", "--by", "domain", "--days", "1")[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["retry"], "needs the ids of rows"),
        (["cancel", "a", "--key", "b"], "needs the ids of rows"),
        (["show", "a", "--key", "b"], "not both"),
        (["show", "--body"], "--body goes with ids"),
        (["figures", "--days", "2", "--since", "2026-01-01"], "leave one out"),
        (["prune"], "--older-than"),
        (["retry", "--state", "sent"], "invalid choice"),
        (["work", "--workers", "0"], "above 0"),
        (["work"], "no provider"),
    ],
)
def test_command_lines_that_are_wrong(mailcore, arguments, told):
    """Each with what is wrong with it."""
    code, printed, errors = mailcore(*arguments)

    assert (2, "") == (code, printed)
    assert told in errors


@pytest.mark.parametrize("action", ["status", "work", "show", "figures"])
def test_databases_that_cannot_be_used(capsys, tmp_path, action):
    """No outbox named; no tables in it; no file there."""
    run = partial(_told, capsys)
    more = ["--provider", "null", "--once"] if action == "work" else []
    url = f"sqlite:///{tmp_path / 'shop.db'}"

    assert (2, True) == run([action, *more], "MAILCORE_OUTBOX_URL")
    assert (2, True) == run([action, "--database", url, *more], "`mailcore outbox create`")
    assert (75, True) == run(
        [action, "--database", f"sqlite:///{tmp_path / 'none' / 'shop.db'}", *more],
        "what it said is the cause of this error; --debug shows it",
    )


def _told(capsys, arguments, expected):
    code = main(["outbox", *arguments])
    printed = capsys.readouterr()
    return code, printed.out == "" and expected in printed.err


def test_help(capsys):
    """Without a command, all of them."""
    assert 0 == main(["outbox"])
    printed = capsys.readouterr().out

    names = "work status show retry cancel prune erase figures create migrate"
    assert all(f"\n    {name} " in printed for name in names.split())


def test_states_are_those_of_the_core():
    """The command knows them without loading the core's outbox."""
    from mailcore_outbox.cli import common, counting, pruning

    assert common.STATES == tuple(map(str, OutboxState))
    assert pruning._OVER == tuple(str(each) for each in OutboxState if each.is_over)
    from mailcore.outbox import DIMENSIONS

    assert counting._BY == DIMENSIONS
