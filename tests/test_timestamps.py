"""Timestamps, however providers write them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.webhook import parse_timestamp


def utc(*parts: int) -> datetime:
    """A time in UTC."""
    return datetime(*parts, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T09:15:04.318Z", utc(2026, 11, 20, 9, 15, 4, 318000)),
        ("2026-11-20T09:15:04Z", utc(2026, 11, 20, 9, 15, 4)),
        ("2018-10-08T14:05:45 +0000", utc(2018, 10, 8, 14, 5, 45)),
        ("2026-11-20T23:57:40.822888+00:00", utc(2026, 11, 20, 23, 57, 40, 822888)),
        ("2026-11-20T10:15:04+01:00", utc(2026, 11, 20, 9, 15, 4)),
        ("2026-11-20T03:45:04.5-0530", utc(2026, 11, 20, 9, 15, 4, 500000)),
        ("2026-11-20T09:15:04.123456789Z", utc(2026, 11, 20, 9, 15, 4, 123456)),
        ("2026-11-20 09:15", utc(2026, 11, 20, 9, 15)),
        (" 2026-11-20t09:15:04z\n", utc(2026, 11, 20, 9, 15, 4)),
        ("2026-11-20", None),
        ("2026-13-20T09:15:04.318Z", None),
        ("2026-02-30T09:15:04Z", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("2026-W47-5T09:15:04.3180Z", None),
        ("٢٠٢٦-11-20T09:15:04.318Z", None),
        ("soon", None),
        ("", None),
        (None, None),
        (1763630104, None),
        (["2026-11-20T09:15:04Z"], None),
    ],
)
def test_timestamps(text: object, expected: datetime | None) -> None:
    """A timestamp is read as an aware time in UTC, or not at all."""
    assert expected == parse_timestamp(text)


@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_iso_timestamps_round_trip(time: datetime) -> None:
    """Every time that Python writes in ISO 8601 is read back."""
    assert time == parse_timestamp(time.isoformat())
    assert timezone.utc is parse_timestamp(time.isoformat()).tzinfo


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"))
def test_any_text(text: str) -> None:
    """No text raises."""
    time = parse_timestamp(text)

    assert time is None or time.utcoffset() is not None
