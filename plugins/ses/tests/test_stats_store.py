"""Daily figures in SQLite."""

from __future__ import annotations

import sqlite3

from contextlib import closing
from datetime import date, timedelta

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.errors import ConfigurationError
from mailcore_ses.account.statistics import DailyStatistics, SendCounts
from mailcore_ses.account.statistics_store import StatisticsStore


def figure(day: int, attempts: int, bounces: int = 0) -> DailyStatistics:
    """A day of November."""
    return DailyStatistics(
        day=date(2026, 11, 1) + timedelta(days=day - 1),
        counts=SendCounts(delivery_attempts=attempts, bounces=bounces),
    )


@pytest.fixture
def store(tmp_path):
    """A store without a file."""
    return StatisticsStore(tmp_path / "stats #1?.sqlite")


def test_what_was_saved_is_there(store):
    """Figures come back as they were, sorted by day."""
    saved = [figure(20, 7, 1), figure(19, 3)]

    assert 2 == store.save("eu-west-1", saved)
    assert (figure(19, 3), figure(20, 7, 1)) == store.load()
    assert ("eu-west-1",) == store.regions()


def test_saving_twice_counts_nothing_twice(store):
    """The same figures again change nothing."""
    for _ in range(3):
        store.save("eu-west-1", [figure(19, 3), figure(20, 7, 1)])

    assert (figure(19, 3), figure(20, 7, 1)) == store.load()


def test_window_that_moves(store):
    """Days grow while they last, shrink when SES forgets them, and stay when it has forgotten."""
    store.save("eu-west-1", [figure(1, 10, 2), figure(14, 5)])
    # Half of the first day has left the window, and the last day went on.
    store.save("eu-west-1", [figure(1, 4, 0), figure(14, 9, 1), figure(15, 1)])
    assert 4 == store.save("eu-west-1", [figure(15, 6), figure(16, 2)])

    assert (
        figure(1, 10, 2),
        figure(14, 9, 1),
        figure(15, 6),
        figure(16, 2),
    ) == store.load()


def test_regions_do_not_mix(store):
    """Each region has its own days; without a choice they are added up."""
    store.save("eu-west-1", [figure(19, 3), figure(20, 7)])
    store.save("us-east-1", [figure(20, 100, 1)])

    assert ("eu-west-1", "us-east-1") == store.regions()
    assert (figure(20, 100, 1),) == store.load("us-east-1")
    assert (figure(19, 3), figure(20, 107, 1)) == store.load()
    assert () == store.load("eu-north-1")


@pytest.mark.slow
@settings(max_examples=25)
@given(
    st.lists(
        st.lists(st.builds(figure, st.integers(1, 5), st.integers(0, 9), st.integers(0, 9))),
        max_size=4,
    )
)
def test_order_does_not_matter(tmp_path_factory, saves: list[list[DailyStatistics]]):
    """However often and in whatever order figures are saved, the largest of a day remain."""
    directory = tmp_path_factory.mktemp("stores")
    there, back = StatisticsStore(directory / "a"), StatisticsStore(directory / "b")
    there.save("r", [])
    back.save("r", [])
    for figures in saves:
        there.save("r", figures)
    for figures in reversed(saves):
        back.save("r", reversed(figures))

    largest: dict[date, SendCounts] = {}
    for each in (each for figures in saves for each in figures):
        known = largest.get(each.day, SendCounts())
        largest[each.day] = SendCounts(
            delivery_attempts=max(known.delivery_attempts, each.counts.delivery_attempts),
            bounces=max(known.bounces, each.counts.bounces),
        )
    assert largest == {each.day: each.counts for each in there.load()}
    assert there.load() == back.load()


def test_file_that_does_not_exist(store, tmp_path):
    """Loading makes no file."""
    with pytest.raises(ConfigurationError, match="unable to open"):
        store.load()

    assert [] == list(tmp_path.iterdir())


def test_file_of_something_else(tmp_path):
    """Neither a database of somebody else nor any other file is written to."""
    database, text = tmp_path / "other.sqlite", tmp_path / "notes.txt"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE daily (day TEXT)")
    text.write_text("no database at all, but long enough to be looked at as one\n" * 9)

    for path in (database, text):
        before = path.read_bytes()
        with pytest.raises(ConfigurationError):
            StatisticsStore(path).save("eu-west-1", [figure(20, 7)])
        assert before == path.read_bytes()
