"""A large table: what is over, and what is due later, is not looked at by a claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from sqlalchemy import event, insert, text

from mailcore import Message
from mailcore.outbox import OutboxState, Revision, new_row
from mailcore_outbox.claiming import Claimer


pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
EACH = 4_000


@pytest.fixture
def filled(outbox, engine):
    """Rows of which one in four is due, in two priorities."""
    message = Message(from_email="shop@example.com", to=["ada@example.net"], text="Hi")
    kinds = (
        {"state": OutboxState.SENT.value},
        {"state": OutboxState.FAILED.value},
        {"due_at": NOW + timedelta(days=30)},
        {"priority": 1, "due_at": NOW + timedelta(days=30)},
        {},
    )
    row = new_row(message, now=NOW).to_columns()
    del row["document"]
    rows = [
        {**row, **kind, "id": f"{number:016x}{place:016x}"}
        for number in range(EACH)
        for place, kind in enumerate(kinds)
    ]
    with engine.begin() as connection:
        for begin in range(0, len(rows), 1000):
            connection.execute(insert(outbox.tables.rows), rows[begin : begin + 1000])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        analyze = "ANALYZE TABLE" if engine.dialect.name == "mysql" else "ANALYZE"
        connection.execute(text(f"{analyze} mailcore_outbox"))
    return outbox


def plans(statements, connection):
    """What the database says of how it executes statements, in one text."""
    explain = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN ", "mysql": "EXPLAIN "}
    given = {"of_priority": 0, "now": NOW, "most": 50, "below": 1}
    found = []
    for each in statements:
        statement = each.params({name: given[name] for name in names_in(each) & set(given)})
        compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
        query = explain[connection.dialect.name] + str(compiled).replace("%%", "%")
        found += [" ".join(map(str, line)) for line in connection.exec_driver_sql(query)]
    return found


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True)
def test_claims_use_the_index(filled, engine):
    """Each statement that looks for rows does so in the index of their state, in its order."""
    claimer = Claimer(filled.tables)
    with engine.connect() as connection:
        of_due = plans(
            [claimer._highest, claimer._next_lower, claimer._due, claimer._next_due], connection
        )
        of_claims = plans([claimer._expired, claimer._next_end], connection)
    about_rows = [each for each in (*of_due, *of_claims) if "mailcore_outbox" in each]

    assert 6 == len(about_rows)
    assert all("_due" in each or "_claimed" in each for each in about_rows)
    for sign in ("Seq Scan", "SCAN", "Sort", "TEMP B-TREE", "filesort"):
        assert sign not in "\n".join(of_due)


def names_in(statement):
    """The names of the values that a statement takes."""
    return set(statement.compile().params)


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True)
def test_claims_of_a_large_table(filled):
    """They have the rows that are due, in order, and nothing else."""
    until = NOW + timedelta(minutes=1)
    first = filled.store.claim("a", limit=3, now=NOW, until=until)
    second = filled.store.claim("b", limit=3, now=NOW, until=until)

    expected = [f"{number:016x}{4:016x}" for number in range(6)]
    assert expected == [row.id for row in (*first, *second)]
    assert NOW == filled.store.next_due_at()


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True)
def test_sends_of_a_large_table(filled, engine):
    """What a worker writes of its rows looks at no others."""
    until = NOW + timedelta(minutes=1)
    ids = [row.id for row in filled.store.claim("w", limit=3, now=NOW, until=until)]
    begin = {"provider": "toy", "now": NOW, "until": until}
    assert set(ids[:2]) == filled.store.advance("w", conclusions=[], begin=ids[:2], **begin).begun
    ends = [
        Revision(row=replace(filled.store.get(row_id), state=OutboxState.SENT))
        for row_id in ids[:2]
    ]
    asked = []

    def note(_connection, _cursor, statement, values, *_):
        if "UPDATE" in statement:
            asked.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        advanced = filled.store.advance("w", conclusions=ends, begin=ids[2:], **begin)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert (set(ids[:2]), set(ids[2:])) == (advanced.concluded, advanced.begun)

    plan = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    found = []
    with engine.connect() as connection:
        for statement, values in asked:
            each = values[0] if isinstance(values, list) else values
            found += connection.exec_driver_sql(f"{plan} {statement}", each).all()
    told = "\n".join(" ".join(map(str, line)) for line in found)
    assert "mailcore_outbox" in told
    for sign in ("Seq Scan on mailcore_outbox", "SCAN mailcore_outbox", " ALL "):
        assert sign not in told
