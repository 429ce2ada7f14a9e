"""
Daily figures in an SQLite file, so that they outlive SES's fourteen days.

Saving again adds nothing twice: for each region and day the largest figures are kept. Those of a
day only grow while SES counts, and only shrink once SES begins to forget it, so the largest ones
are the complete ones.
"""

from __future__ import annotations

import contextlib
import sqlite3

from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields
from datetime import date
from pathlib import Path

from mailcore.errors import ConfigurationError
from mailcore_ses.account.statistics import DailyStatistics, SendCounts


_APPLICATION_ID = 0x4D43_5345
_COUNTS = tuple(field.name for field in fields(SendCounts))
"""The columns of figures, in the order of the statements below."""
_SCHEMA = """\
CREATE TABLE IF NOT EXISTS daily (
    region TEXT NOT NULL,
    day TEXT NOT NULL,
    delivery_attempts INTEGER NOT NULL,
    bounces INTEGER NOT NULL,
    complaints INTEGER NOT NULL,
    rejects INTEGER NOT NULL,
    PRIMARY KEY (region, day)
)"""
_SAVE = """\
INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (region, day) DO UPDATE SET
    delivery_attempts = max(delivery_attempts, excluded.delivery_attempts),
    bounces = max(bounces, excluded.bounces),
    complaints = max(complaints, excluded.complaints),
    rejects = max(rejects, excluded.rejects)"""
_LOAD = """\
SELECT day, sum(delivery_attempts), sum(bounces), sum(complaints), sum(rejects)
FROM daily WHERE region = ? OR ? IS NULL GROUP BY day ORDER BY day"""


class StatisticsStore:
    """
    An SQLite file of daily figures.

    Args:
        path: Where it is; made by the first save.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def save(self, region_name: str, figures: Iterable[DailyStatistics]) -> int:
        """
        Merge figures into the file.

        Args:
            region_name: The region that they are of.
            figures: The figures of each day, by the day.

        Returns:
            How many days the file has of this region now.

        Raises:
            ConfigurationError: If the file cannot be written, or is something else.
        """
        rows = [(region_name, each.day.isoformat(), *astuple(each.counts)) for each in figures]
        with self._opened("rwc") as connection, connection:
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(_SCHEMA)
            connection.executemany(_SAVE, rows)
            (days,) = connection.execute(
                "SELECT count(*) FROM daily WHERE region = ?", (region_name,)
            ).fetchone()
        return int(days)

    def load(self, region_name: str | None = None) -> tuple[DailyStatistics, ...]:
        """
        Figures by day, the oldest first.

        Args:
            region_name: The region whose figures are read; None adds up all regions.

        Raises:
            ConfigurationError: If the file does not exist, or is something else.
        """
        with self._opened("ro") as connection:
            rows = connection.execute(_LOAD, (region_name, region_name)).fetchall()
        return tuple(
            DailyStatistics(
                day=date.fromisoformat(day),
                counts=SendCounts(**dict(zip(_COUNTS, counts, strict=True))),
            )
            for day, *counts in rows
        )

    def regions(self) -> tuple[str, ...]:
        """
        The regions that it has figures of, sorted.

        Raises:
            ConfigurationError: As :meth:`load`.
        """
        with self._opened("ro") as connection:
            rows = connection.execute("SELECT DISTINCT region FROM daily ORDER BY 1").fetchall()
        return tuple(region for (region,) in rows)

    @contextlib.contextmanager
    def _opened(self, mode: str) -> Iterator[sqlite3.Connection]:
        uri = f"{self._path.absolute().as_uri()}?mode={mode}"
        try:
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
                (application_id,) = connection.execute("PRAGMA application_id").fetchone()
                (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                if tables and application_id != _APPLICATION_ID:
                    raise ConfigurationError(
                        f"ses: {str(self._path)!r} is an SQLite file of something else"
                    )
                yield connection
        except sqlite3.Error as error:
            raise ConfigurationError(f"ses: statistics in {str(self._path)!r}: {error}") from error
