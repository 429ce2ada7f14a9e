"""
The outbox against a plain table: messages per second of one worker, and claims of a full table.

The plain table is what people write first, with the driver alone: one row at a time is marked as
being sent, sent, and marked as sent, each in a commit. It survives the same crashes, and keeps no
attempts, no statuses, no priorities. Both send through the same mailer, to a provider that does
nothing. What is measured is time, since most of it is the disk's. The goal is one for a worker as
it is by default, with four calls under way.
"""

from __future__ import annotations

import gc
import json
import operator
import statistics
import sys
import time

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Engine, create_engine, insert, text

from benchmarks import databases
from benchmarks.build import SHORT
from mailcore import Mailer, Message
from mailcore.outbox import ROW_COLUMNS, OutboxState, OutboxWorker, new_row
from mailcore_outbox import Outbox


GOAL = 0.8
"""Of the messages per second of the plain table."""
CLAIM_GOAL = 2.0
"""A claim of a table of a million rows, as a multiple of one of a small table."""
MESSAGES = 60
ROUNDS = 15
MANY = 1_000_000
_DEFAULT = "the outbox, four calls at a time"
CLAIMS = 40
_MESSAGE = Message(**SHORT)

_PLAIN = """
CREATE TABLE plain (
    id INTEGER PRIMARY KEY, state VARCHAR(10) NOT NULL, due_at VARCHAR(40) NOT NULL,
    began_at VARCHAR(40), document TEXT NOT NULL
)
"""


def _connect(engine: Engine) -> Any:
    """A connection of the driver itself, in the mode in which it begins transactions by hand."""
    connection = engine.raw_connection()
    driver: Any = connection.driver_connection
    if engine.dialect.name == "sqlite":
        driver.isolation_level = None
    else:
        driver.autocommit = True
    return driver


class PlainTable:
    """
    A table of messages, and a loop that sends what is in it.

    Args:
        engine: Where the table is.
        mailer: What sends the messages.
    """

    def __init__(self, engine: Engine, mailer: Mailer[Any]) -> None:
        self._driver = _connect(engine)
        self._mailer = mailer
        self._is_sqlite = engine.dialect.name == "sqlite"
        with engine.begin() as connection:
            connection.execute(text(_PLAIN))
            connection.execute(text("CREATE INDEX plain_due ON plain (state, due_at)"))

    def fill(self, number: int) -> None:
        """Put messages in, in one transaction."""
        mark = "?" if self._is_sqlite else "%s"
        now = datetime.now(timezone.utc).isoformat()
        rows = [(each, "pending", now, json.dumps(_MESSAGE.to_dict())) for each in range(number)]
        with closing(self._driver.cursor()) as cursor:
            cursor.execute("BEGIN")
            cursor.execute("DELETE FROM plain")
            cursor.executemany(
                f"INSERT INTO plain (id, state, due_at, document)"  # noqa: S608  # of this module
                f" VALUES ({mark}, {mark}, {mark}, {mark})",
                rows,
            )
            cursor.execute("COMMIT")

    def send(self) -> int:
        """Send what is there, one by one; how many."""
        mark = "?" if self._is_sqlite else "%s"
        lock = "" if self._is_sqlite else "FOR UPDATE SKIP LOCKED"
        # Both are made of the marks of the driver, and of nothing from outside.
        take = (
            f"UPDATE plain SET state = 'sending', began_at = {mark} WHERE id = "  # noqa: S608
            f"(SELECT id FROM plain WHERE state = 'pending' AND due_at <= {mark} "
            f"ORDER BY due_at, id LIMIT 1 {lock}) RETURNING id, document"
        )
        done = f"UPDATE plain SET state = 'sent' WHERE id = {mark}"  # noqa: S608
        count = 0
        with closing(self._driver.cursor()) as cursor:
            while True:
                now = datetime.now(timezone.utc).isoformat()
                # The transactions of the plain table are single statements: the driver commits.
                found = cursor.execute(take, (now, now)).fetchall()
                if not found:
                    return count
                ((number, document),) = found
                self._mailer.send(Message.from_dict(json.loads(document)))
                cursor.execute(done, (number,))
                count += 1


class KeptTable:
    """
    The outbox with a worker.

    Args:
        url: The database.
        mailer: What sends the messages.
        concurrency: How many calls the worker has under way.
    """

    def __init__(self, url: str, mailer: Mailer[Any], concurrency: int) -> None:
        self._outbox = Outbox(url)
        self._outbox.create()
        self._engine = create_engine(url)
        self._worker = OutboxWorker(self._outbox.store, mailer, concurrency=concurrency)

    def fill(self, number: int) -> None:
        """Put messages in, in one transaction."""
        now = datetime.now(timezone.utc) + timedelta(days=1)
        for state in OutboxState:
            self._outbox.store.prune(before=now, states=[state], limit=10 * number)
        with self._engine.begin() as connection:
            for _ in range(number):
                self._outbox.add(connection, _MESSAGE)

    def send(self) -> int:
        """Send what is there; how many."""
        return self._worker.run_once().sent

    def close(self) -> None:
        """Close the connections."""
        self._outbox.close()
        self._engine.dispose()


@contextmanager
def _contenders(url: str) -> Iterator[dict[str, PlainTable | KeptTable]]:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        # As the outbox has it; the mode stays in the file, the other is the driver's default.
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    one, four = (KeptTable(url, Mailer("null"), concurrency) for concurrency in (1, 4))
    try:
        yield {
            "a plain table": PlainTable(engine, Mailer("null")),
            "the outbox, one call at a time": one,
            _DEFAULT: four,
        }
    finally:
        one.close()
        four.close()
        engine.dispose()


def throughput(url: str) -> dict[str, list[float]]:
    """Messages per second by contender, a figure for each round, in which they take turns."""
    rates: dict[str, list[float]] = {}
    with _contenders(url) as contenders:
        for _ in range(ROUNDS):
            for name, contender in contenders.items():
                contender.fill(MESSAGES)
                gc.collect()
                start = time.perf_counter()
                sent = contender.send()
                taken = time.perf_counter() - start
                if sent != MESSAGES:
                    raise SystemExit(f"{name} has sent {sent} of {MESSAGES}")
                rates.setdefault(name, []).append(MESSAGES / taken)
    return rates


def fill_up(outbox: Outbox, url: str, state: OutboxState, number: int, due: timedelta) -> None:
    """Copy one row many times, with ids of their own, in the database itself."""
    now = datetime.now(timezone.utc)
    row = new_row(_MESSAGE, now=now - timedelta(days=1))
    values = {**row.to_columns(), "state": state.value, "due_at": now + due, "document": None}
    table = outbox.tables.rows
    engine = create_engine(url)
    pad = "printf('%032x', n)" if engine.dialect.name == "sqlite" else "lpad(to_hex(n), 32, '0')"
    kept = {
        name: value for name, value in values.items() if name in ROW_COLUMNS and name in table.c
    }
    with engine.begin() as connection:
        connection.execute(insert(table).values(**kept))
        names = [name for name in kept if name not in ("id", "key")]
        listed = ", ".join(names)
        copy = text(
            f"INSERT INTO {table.name} (id, {listed}) "  # noqa: S608  # names of the tables
            "WITH RECURSIVE counted(n) AS "
            "(SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :number) "
            f"SELECT {pad}, {listed} FROM {table.name}, counted WHERE id = :copied"
        )
        connection.execute(copy, {"number": number, "copied": row.id})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def claim_seconds(outbox: Outbox) -> float:
    """The median time of claims of ten rows, each given back again."""
    taken = []
    for number in range(CLAIMS):
        now = datetime.now(timezone.utc)
        start = time.perf_counter()
        rows = outbox.store.claim(f"w{number}", limit=10, now=now, until=now + timedelta(minutes=1))
        taken.append(time.perf_counter() - start)
        if len(rows) != 10:
            raise SystemExit(f"a claim of 10 rows found {len(rows)}")
        outbox.store.release(f"w{number}", row_ids=None, now=now)
    return statistics.median(taken)


_TABLES: dict[str, tuple[OutboxState, timedelta] | None] = {
    "of a hundred rows": None,
    "with a million that were sent": (OutboxState.SENT, timedelta(0)),
    "with a million that are due later": (OutboxState.PENDING, timedelta(days=9)),
    "with a million that are due": (OutboxState.PENDING, timedelta(hours=-1)),
}


def claims(server: Callable[[], Any], number: int = MANY) -> dict[str, float]:
    """Seconds of a claim, by what else is in the table."""
    found = {}
    for name, others in _TABLES.items():
        with server() as url, Outbox(url) as outbox:
            outbox.create()
            if others is not None:
                fill_up(outbox, url, others[0], number, others[1])
            engine = create_engine(url)
            with engine.begin() as connection:
                for _ in range(100):
                    outbox.add(connection, _MESSAGE)
            engine.dispose()
            found[name] = claim_seconds(outbox)
    return found


def main() -> bool:
    """Print both, and whether the goals are met."""
    good = True
    for name, server in (("SQLite", databases.sqlite), ("PostgreSQL", databases.postgresql)):
        with server() as url:
            rates = throughput(url)
        plain = rates.pop("a plain table")
        print(f"\noutbox on {name}: messages per second of one worker, median of {ROUNDS} rounds")
        print(f"  {'a plain table':<36}{statistics.median(plain):>9.0f}")
        for contender, found in rates.items():
            # Of the same round: the disk is not as fast in another.
            ratio = statistics.median(map(operator.truediv, found, plain))
            has_goal = contender == _DEFAULT
            met = ratio >= GOAL or not has_goal
            good &= met
            goal = f", goal >= {GOAL}" if has_goal else ""
            print(
                f"  {contender:<36}{statistics.median(found):>9.0f}  {ratio:.2f} of it"
                f"{goal}{'' if met else '  MISSED'}"
            )
        seconds = claims(server)
        small = seconds["of a hundred rows"]
        print(f"\noutbox on {name}: a claim of ten rows of a table")
        for table, taken in seconds.items():
            met = taken <= CLAIM_GOAL * small
            good &= met
            print(
                f"  {table:<36}{taken * 1e3:>9.2f} ms  {taken / small:.2f} times, "
                f"goal <= {CLAIM_GOAL:g}{'' if met else '  MISSED'}"
            )
    return good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
