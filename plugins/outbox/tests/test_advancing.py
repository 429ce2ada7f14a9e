"""Sends that end and begin in one step: what databases decide, and what they keep of all values."""

from __future__ import annotations

import threading
import time

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import product

import pytest

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.schema import CreateSchema

from mailcore import Message, RecipientStatus, SendStatus, StoreError
from mailcore.outbox import OutboxState, Revision, new_row
from mailcore.outbox.erasing import erased
from mailcore.outbox.machine import Rules, cancelled, given_back
from mailcore.outbox.policy import OutboxPolicy
from mailcore.outbox.rows import OutboxAttempt
from mailcore.result import RecipientStatuses, ResultStatus
from mailcore_outbox import Outbox
from mailcore_outbox.columns import as_text
from mailcore_outbox.writing import Writer


START = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=timezone.utc)
LEASE = timedelta(minutes=1)
LATER = START + 2 * LEASE
DEADLINE_SECONDS = 60
ADA, BOB = "ada@example.net", "bob@example.org"
MESSAGE = Message(from_email="me@example.com", to=[ADA, BOB], subject="Ho", text="Hi")
POLICY = OutboxPolicy(jitter=lambda: 1.0)
RULES = Rules(policy=POLICY, provider="toy")

pytestmark = pytest.mark.slow

DATABASES = pytest.mark.parametrize(
    "database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True
)
POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@pytest.fixture
def engine(database_kind, database_url):
    """An engine whose sessions are not in UTC."""
    arguments = {
        "sqlite": {"timeout": DEADLINE_SECONDS},
        "postgresql": {"options": "-c timezone=-4.5"},
        "mariadb": {"init_command": "SET time_zone = '-04:30'"},
    }
    engine = create_engine(database_url, connect_args=arguments[database_kind])
    if database_kind == "sqlite":
        event.listen(engine, "connect", lambda it, _: it.execute("PRAGMA synchronous = OFF"))
    yield engine
    engine.dispose()


def put(outbox, engine, count, **fields):
    """Keep so many rows; they are returned."""
    rows = [
        replace(
            new_row(MESSAGE, now=START + timedelta(microseconds=number)), due_at=START, **fields
        )
        for number in range(count)
    ]
    with engine.begin() as connection:
        for row in rows:
            Writer(outbox.tables).add(row, connection)
    return rows


def claimed(outbox, count, worker="w"):
    """Claim rows."""
    found = outbox.store.claim(worker, limit=count, now=START, until=START + LEASE)
    assert count == len(found)
    return [row.id for row in found]


def advance(
    store, ends=(), begin=(), *, worker="w", provider="toy", now=START, until=START + LEASE
):
    """Some sends end, others begin."""
    return store.advance(
        worker, conclusions=ends, begin=begin, provider=provider, now=now, until=until
    )


def sent(row):
    """A send that has ended: the row as it is to be, with its attempt."""
    status = RecipientStatus(SendStatus.QUEUED, message_id=f"id-{row.id}")
    statuses = RecipientStatuses(dict.fromkeys(row.recipients, status))
    attempt = OutboxAttempt(
        row_id=row.id,
        number=row.attempts,
        worker_id=row.claimed_by,
        provider="toy",
        began_at=row.began_at,
        ended_at=START,
        status=ResultStatus.ALL_ACCEPTED,
        message_ids=(f"id-{row.id}",),
    )
    over = replace(
        row,
        state=OutboxState.SENT,
        statuses=statuses,
        claimed_until=None,
        document=None,
        message_ids=attempt.message_ids,
    )
    return Revision(row=over, attempt=attempt)


def all_of(outbox, row_id):
    """Whatever an outbox has of a row."""
    store = outbox.store
    located = store.locate(row_id="", provider="toy", message_id=f"id-{row_id}")
    return store.get(row_id), list(store.attempts(row_id)), located


def kept_as(outbox, engine, row_id):
    """What stands in the tables of a row, without the names of its own."""
    found = []
    tables = outbox.tables
    with engine.connect() as connection:
        for table in (tables.rows, tables.documents, tables.attempts, tables.message_ids):
            name = "id" if table is tables.rows else "row_id"
            columns = ", ".join(each.name for each in table.c if each.name not in (name, "key"))
            query = f"SELECT {columns} FROM {table.name} WHERE {name} = :id ORDER BY {columns}"
            found.append([tuple(each) for each in connection.execute(text(query), {"id": row_id})])
    return found


NASTY = ("", " ", "a ", "\\", "\\u0000", "\\x41", "'", '"', "{}", "[", "NULL", "%s", ":now", "?")
CHARACTERS = st.characters(exclude_categories=())
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(CHARACTERS, max_size=30))
NAMES = st.one_of(
    st.sampled_from([*NASTY, "\N{PARTY POPPER}" * 200]), st.text(CHARACTERS, max_size=200)
)
EARLIEST = datetime(1971, 1, 1, tzinfo=timezone.utc)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda it: timezone(timedelta(minutes=it)))
TIMES = st.builds(
    lambda seconds, zone: (EARLIEST + seconds).astimezone(zone),
    st.timedeltas(timedelta(0), timedelta(days=365 * 8000)),
    ZONES,
)
LISTS = st.lists(TEXTS, max_size=3, unique=True).map(tuple)
ROWS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(OutboxState),
        "priority": st.integers(-32_768, 32_767),
        "created_at": TIMES,
        "not_before": st.none() | TIMES,
        "due_at": TIMES,
        "changed_at": TIMES,
        "earlier_attempts": st.integers(0, 2**31 - 1),
        "tries_until": st.none() | TIMES,
        "claimed_by": NAMES,
        "claimed_until": st.none() | TIMES,
        "began_at": st.none() | TIMES,
        "unsure_since": st.none() | TIMES,
        "document": st.sampled_from([None, "kept"]),
        "recipients": LISTS,
        "remaining": st.none() | LISTS,
        "statuses": st.dictionaries(
            TEXTS, st.builds(RecipientStatus, st.sampled_from(SendStatus), detail=TEXTS), max_size=2
        ).map(RecipientStatuses),
        "subject": TEXTS,
        "tags": LISTS,
        "provider": NAMES,
        "message_ids": LISTS,
        "error_category": TEXTS,
        "error_code": TEXTS,
        "error_text": TEXTS,
    }
)
ATTEMPTS = st.none() | st.fixed_dictionaries(
    {
        "number": st.integers(0, 2**31 - 1),
        "worker_id": NAMES,
        "provider": NAMES,
        "began_at": TIMES,
        "ended_at": st.none() | TIMES,
        "status": st.sampled_from(ResultStatus),
        "message_ids": LISTS,
        "error_category": TEXTS,
        "error_code": TEXTS,
        "error_text": TEXTS,
    }
)


def as_kept(value):
    """A row or an attempt with the texts that every database keeps."""
    texts = {name: each for name, each in vars(value).items() if type(each) is str}
    return replace(value, **{name: as_text(each) for name, each in texts.items()})


BLOCKED = "datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
"""Which sessions of PostgreSQL wait for others."""


@DATABASES
def test_all_values(outbox, engine):
    """Whatever is in them comes back, and stands in the tables as SQLAlchemy would write it."""
    own, portable = outbox.store, Outbox(engine).store
    portable._own = None

    @settings(max_examples=25, phases=[Phase.generate])
    @given(worker=NAMES, provider=NAMES, until=TIMES, fields=ROWS, of_attempt=ATTEMPTS)
    def check(worker, provider, until, fields, of_attempt):
        found = []
        for store, row in zip((own, portable), put(outbox, engine, 2), strict=True):
            (claim,) = store.claim(worker, limit=1, now=START, until=until)
            assert row.id == claim.id
            begin = {"worker": worker, "provider": provider, "now": until, "until": until}
            assert {row.id} == advance(store, begin=[row.id], **begin).begun
            begun = store.get(row.id)
            assert (1, as_text(provider), as_text(worker), until, until) == (
                *(begun.attempts, begun.provider, begun.claimed_by),
                *(begun.began_at, begun.claimed_until),
            )
            attempt = None if of_attempt is None else OutboxAttempt(row_id=row.id, **of_attempt)
            document = fields["document"] and row.document
            over = replace(begun, **{**fields, "document": document})
            ended = Revision(row=over, attempt=attempt)
            assert {row.id} == advance(store, [ended], **begin).concluded
            assert as_kept(ended.row) == store.get(row.id)
            assert ([] if attempt is None else [as_kept(attempt)]) == store.attempts(row.id)
            for each in () if attempt is None else filter(None, attempt.message_ids):
                provider_of_it = as_text(attempt.provider)
                located = store.locate(row_id="", provider=provider_of_it, message_id=each)
                assert row.id == located
            found.append(kept_as(outbox, engine, row.id))
            with engine.begin() as connection:
                Writer(outbox.tables).delete([row.id], connection)
        assert found[0] == found[1]

    check()


@DATABASES
def test_long_and_odd_values(outbox, engine):
    """Errors and lists may be long; what no database keeps is replaced wherever it stands."""
    store = outbox.store
    put(outbox, engine, 1)
    odd, kept = "p\0\ud800ü", "p\ufffd?ü"
    (row_id,) = claimed(outbox, 1, worker=odd)
    assert {row_id} == advance(store, begin=[row_id], worker=odd, provider=odd).begun
    assert (kept, kept) == (store.get(row_id).provider, store.get(row_id).claimed_by)
    end = sent(store.get(row_id))
    long = {"error_text": "\N{PARTY POPPER}é" * 100_000, "provider": odd}
    recipients = tuple(f"{number}@example.net" for number in range(10_000))
    over = replace(end.row, recipients=recipients, error_code="é" * 70_000, **long)
    end = Revision(row=over, attempt=replace(end.attempt, worker_id=odd, **long))

    assert {row_id} == advance(store, [end], worker=odd).concluded
    assert (as_kept(end.row), [as_kept(end.attempt)], row_id) == all_of(outbox, row_id)
    assert (kept, kept) == (store.get(row_id).provider, store.attempts(row_id)[0].worker_id)
    with engine.connect() as connection:
        ids = outbox.tables.message_ids
        assert [kept] == list(connection.execute(select(ids.c.provider)).scalars())


@DATABASES
def test_rows_that_are_not_being_sent(outbox, engine):
    """Whatever else is in them, no send of them ends or begins."""
    states = [state for state in OutboxState if state is not OutboxState.SENDING]
    store = outbox.store
    rows = []
    for state, began_at in product(states, (START, None)):
        claim = {"state": state, "claimed_by": "w", "claimed_until": START + LEASE}
        (row,) = put(outbox, engine, 1, attempts=1, began_at=began_at, **claim)
        rows.append(row)
    ends = [sent(row) for row in rows]
    advanced = advance(store, ends, [row.id for row in rows])

    assert (frozenset(), frozenset()) == (advanced.concluded, advanced.begun)
    assert [(row, [], None) for row in rows] == [all_of(outbox, row.id) for row in rows]


def nothing(*_):
    """Nothing changes."""


def lost(row, receipts):
    """The worker did not come back in time."""
    return given_back(row, receipts, now=LATER, rules=RULES)


def called_off(row, receipts):
    """A person calls it off."""
    return cancelled(row, receipts, now=START, policy=POLICY)


def forgotten(row, receipts):
    """The worker did not come back in time, and a recipient is forgotten."""
    revision = lost(row, receipts)
    return erased(revision.row, receipts, address=ADA, now=LATER)


def decided(decide):
    """Have a row become what somebody decides."""

    def change(store, row_id, connection):
        row = store._writer.read(row_id, connection, lock=True)
        store._decided(row, decide, connection)

    return change


def deleted(store, row_id, connection):
    """Delete a row."""
    store._writer.delete([row_id], connection)


def taken_over(store, row_id, connection):
    """The worker did not come back in time; another one sends what it had not begun."""
    decided(lost)(store, row_id, connection)
    until = LATER + LEASE
    for row in store._claimer.claim("v", 1, LATER, until, connection):
        begun = store._claimer.begin(
            "v", [row.id], connection, provider="other", now=LATER, until=until
        )
        assert {row_id} == begun


@pytest.fixture
def while_it_waits(outbox, engine, database_kind):
    """Do something in a transaction, and commit it when a step of a worker waits for its locks."""
    is_asked = threading.Event()
    queries = {
        "postgresql": f"SELECT count(*) FROM pg_stat_activity WHERE {BLOCKED}",
        "mariadb": "SELECT count(*) FROM information_schema.innodb_trx "
        "WHERE trx_state = 'LOCK WAIT'",
    }

    def ask(_connection, _cursor, statement, *_):
        if statement == "BEGIN IMMEDIATE" and threading.current_thread() is not here:
            is_asked.set()

    def wait_for_it():
        if database_kind == "sqlite":
            assert is_asked.wait(DEADLINE_SECONDS)
            return
        deadline = time.monotonic() + DEADLINE_SECONDS
        looking = engine.execution_options(isolation_level="AUTOCOMMIT")
        with looking.connect() as connection:
            while not connection.execute(text(queries[database_kind])).scalar_one():
                assert time.monotonic() < deadline
                # MariaDB tells nothing new to who asks again within a tenth of a second.
                time.sleep(0.15)

    here = threading.current_thread()
    event.listen(engine, "before_cursor_execute", ask)

    def run(change, step, afterwards=nothing):
        def work(connection):
            change(connection)
            waiting = pool.submit(step)
            wait_for_it()
            afterwards(connection)
            return waiting

        with ThreadPoolExecutor(1) as pool:
            waiting = outbox._database.write("the outbox", work)
            return waiting.result(DEADLINE_SECONDS)

    yield run
    event.remove(engine, "before_cursor_execute", ask)


@DATABASES
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(decided(lost), id="lease"),
        pytest.param(decided(forgotten), id="erased"),
        pytest.param(deleted, id="deleted"),
        pytest.param(taken_over, id="taken over"),
    ],
)
def test_whoever_comes_first(outbox, engine, while_it_waits, change):
    """What others decided meanwhile stays, with all that belongs to it; the rest is written."""
    store = outbox.store
    rows = put(outbox, engine, 4)
    ended, going, next_one, last = claimed(outbox, 4)
    advance(store, begin=[ended, going])
    ends = [sent(store.get(each)) for each in (ended, going)]
    changed = {}

    def decide(connection):
        for row_id in (ended, next_one):
            change(store, row_id, connection)
            changed[row_id] = store._writer.read(row_id, connection)
        changed["attempts"] = store._writer.attempts(ended, connection)

    step = partial(advance, store, ends, [next_one, last])
    advanced = while_it_waits(decide, step)

    assert ({going}, {last}) == (advanced.concluded, advanced.begun)
    assert (changed[ended], changed["attempts"], None) == all_of(outbox, ended)
    assert (changed[next_one], []) == (store.get(next_one), store.attempts(next_one))
    assert (ends[1].row, [ends[1].attempt], going) == all_of(outbox, going)
    assert (1, "toy", START + LEASE) == (
        *(store.get(last).attempts, store.get(last).provider, store.get(last).claimed_until),
    )
    # What the rows have that are left: the documents of those that were not sent.
    with engine.connect() as connection:
        documents = set(connection.execute(select(outbox.tables.documents.c.row_id)).scalars())
    kept = [row.id for row in rows if (found := store.get(row.id)) is None or found.document]
    assert documents == {row_id for row_id in kept if store.get(row_id) is not None}


@DATABASES
def test_a_step_that_has_to_wait(outbox, engine, while_it_waits):
    """Somebody looked at the rows, and left them as they were; an attempt is replaced."""
    store = outbox.store
    put(outbox, engine, 2)
    ended, next_one = claimed(outbox, 2)
    advance(store, begin=[ended])
    end = sent(store.get(ended))
    before = replace(end.attempt, ended_at=None, error_text="lost", message_ids=())
    store.revise(ended, lambda row, _: Revision(row=row, attempt=before))

    def look(connection):
        for row_id in (ended, next_one):
            decided(nothing)(store, row_id, connection)

    advanced = while_it_waits(look, partial(advance, store, [end], [next_one]))

    assert ({ended}, {next_one}) == (advanced.concluded, advanced.begun)
    assert (end.row, [end.attempt], ended) == all_of(outbox, ended)


@DATABASES
def test_a_row_that_was_called_off(outbox, engine, while_it_waits):
    """Its send does not begin."""
    store = outbox.store
    put(outbox, engine, 1)
    (row_id,) = claimed(outbox, 1)
    change = partial(decided(called_off), store, row_id)
    advanced = while_it_waits(change, partial(advance, store, (), [row_id]))

    assert not advanced.begun
    found = store.get(row_id)
    assert (OutboxState.CANCELLED, 0, None) == (found.state, found.attempts, found.began_at)


@DATABASES
def test_all_of_it_or_nothing(outbox, engine):
    """An attempt that cannot be kept undoes the step."""
    store = outbox.store
    put(outbox, engine, 3)
    ended, going, next_one = claimed(outbox, 3)
    advance(store, begin=[ended, going])
    before = [store.get(each) for each in (ended, going, next_one)]
    ends = [sent(each) for each in before[:2]]
    broken = replace(ends[1], attempt=replace(ends[1].attempt, worker_id=None))
    with pytest.raises(StoreError):
        advance(store, [ends[0], broken], [next_one])

    assert before == [store.get(each) for each in (ended, going, next_one)]
    assert (before[0], [], None) == all_of(outbox, ended)
    advanced = advance(store, ends, [next_one])
    assert ({ended, going}, {next_one}) == (advanced.concluded, advanced.begun)


@POSTGRESQL
def test_a_deadlock_is_done_again(outbox, engine, while_it_waits):
    """It undoes the step, and says so; whoever else was in it goes on."""
    store = outbox.store
    put(outbox, engine, 2)
    ended, next_one = claimed(outbox, 2)
    advance(store, begin=[ended])
    end = sent(store.get(ended))

    def look_at(row_id, connection):
        # The other one finds out that both wait for each other.
        connection.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        decided(nothing)(store, row_id, connection)

    # The conclusion is written first, and the row that begins is waited for.
    advanced = while_it_waits(
        partial(look_at, next_one),
        partial(advance, store, [end], [next_one]),
        partial(look_at, ended),
    )

    assert ({ended}, {next_one}) == (advanced.concluded, advanced.begun)


@POSTGRESQL
def test_a_lost_answer_is_not_asked_for_again(outbox, engine, while_it_waits):
    """Nobody knows then whether it was written; the next step is on another connection."""
    store = outbox.store
    put(outbox, engine, 1)
    (row_id,) = claimed(outbox, 1)
    cut = text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {BLOCKED}")

    def step():
        with pytest.raises(StoreError):
            advance(store, begin=[row_id])
        return store.get(row_id)

    look = partial(decided(nothing), store, row_id)
    found = while_it_waits(look, step, lambda it: it.execute(cut).all())

    assert (0, None) == (found.attempts, found.began_at)
    assert {row_id} == advance(store, begin=[row_id]).begun


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
def test_tables_in_a_schema_of_another_name(engine, tmp_path):
    """Whatever the name of the schema is, a step goes into its tables."""
    if engine.dialect.name == "sqlite":
        place = f"ATTACH '{tmp_path / 'other.db'}' AS \"Post %s :now\""
        event.listen(engine, "connect", lambda it, _: it.execute(place).close())
    else:
        with engine.begin() as connection:
            connection.execute(CreateSchema("Post %s :now"))
    outbox = Outbox(engine, schema="Post %s :now", prefix="own_")
    outbox.create()
    store = outbox.store
    put(outbox, engine, 2)
    ended, next_one = claimed(outbox, 2)
    assert {ended} == advance(store, begin=[ended]).begun
    end = sent(store.get(ended))
    advanced = advance(store, [end], [next_one])

    assert ({ended}, {next_one}) == (advanced.concluded, advanced.begun)
    assert (end.row, [end.attempt], ended) == all_of(outbox, ended)
