"""Dates of received mail, as RFC 5322 has them and as programs write them."""

from __future__ import annotations

import re
import time

from datetime import datetime, timedelta, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.inbound import parse_date, parse_inbound


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        # RFC 5322, 3.3 and A.1 to A.6.
        ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),
        (
            "Thu,\r\n  13\r\n  Feb\r\n  1969\r\n  23:32\r\n  -0330 (Newfoundland Time)",
            "1969-02-13T23:32:00-03:30",
        ),
        ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06+00:00"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"),
        ("Fri , 21 (a (b)) Nov\t1997 (\\)) 09:55 -0600 (c)", "1997-11-21T09:55:00-06:00"),
        ("(c) 21 Nov 1997 09:55 (EDT) -0400", "1997-11-21T09:55:00-04:00"),
        ("21 Nov 1997 09:55:60 -0000", "1997-11-21T09:55:59"),
        ("21 Nov 1997 24:00:00 +0000", "1997-11-22T00:00:00+00:00"),
        ("Mon, 21 Nov 1997 9:5:6 -0600", "1997-11-21T09:05:06-06:00"),
        # Years (4.3).
        ("1 Jul 49 10:52 +0000", "2049-07-01T10:52:00+00:00"),
        ("1 Jul 50 10:52 +0000", "1950-07-01T10:52:00+00:00"),
        ("1 Jul 103 10:52 +0000", "2003-07-01T10:52:00+00:00"),
        ("1 Jul 099 10:52 +0000", "1999-07-01T10:52:00+00:00"),
        # Zones.
        ("1 Jul 2003 10:52 EST", "2003-07-01T10:52:00-05:00"),
        ("1 Jul 2003 10:52 PDT", "2003-07-01T10:52:00-07:00"),
        ("1 Jul 2003 10:52 UT", "2003-07-01T10:52:00+00:00"),
        ("1 Jul 2003 10:52 Z", "2003-07-01T10:52:00+00:00"),
        ("1 Jul 2003 10:52 A", "2003-07-01T10:52:00"),
        ("1 Jul 2003 10:52 XYZ", "2003-07-01T10:52:00"),
        ("1 Jul 2003 10:52 -0000", "2003-07-01T10:52:00"),
        ("1 Jul 2003 10:52 (GMT)", "2003-07-01T10:52:00"),
        ("1 Jul 2003 10:52", "2003-07-01T10:52:00"),
        ("1 Jul 2003 10:52 CEST", "2003-07-01T10:52:00+02:00"),
        ("1 Jul 2003 10:52 +02:00", "2003-07-01T10:52:00+02:00"),
        ("1 Jul 2003 10:52 GMT+0200", "2003-07-01T10:52:00+02:00"),
        ("1 Jul 2003 10:52 UTC-5", "2003-07-01T10:52:00-05:00"),
        ("1 Jul 2003 10:52 +0530 IST", "2003-07-01T10:52:00+05:30"),
        ("1 Jul 2003 10:52 +530", "2003-07-01T10:52:00+05:30"),
        ("1 Jul 2003 10:52 - 0400", "2003-07-01T10:52:00-04:00"),
        ("1 Jul 2003 10:52 0200", "2003-07-01T10:52:00+02:00"),
        ('1 Jul 2003 10:52 "EDT"', "2003-07-01T10:52:00-04:00"),
        ("1 Jul 2003 10:52 +9900", "2003-07-01T10:52:00"),
        # Times.
        ("Wed 29 May 2019 06:09:22 PM EDT", "2019-05-29T18:09:22-04:00"),
        ("29 May 2019 12:09 a.m. +0000", "2019-05-29T00:09:00+00:00"),
        ("29 May 2019 12:09 pm +0000", "2019-05-29T12:09:00+00:00"),
        ("29 May 2019 18:09 PM +0000", "2019-05-29T18:09:00+00:00"),
        ("17 Jul 2012 22:23:35.882 +0000", "2012-07-17T22:23:35.882000+00:00"),
        ("17 Jul 2012 22:23:35,8820001 +0000", "2012-07-17T22:23:35.882000+00:00"),
        ("17 Jul 2012 22.23.35 +0000", "2012-07-17T22:23:35+00:00"),
        ("17 Jul 2012", "2012-07-17T00:00:00"),
        # Other orders.
        ("Mon Jun  1 12:00:00 2026", "2026-06-01T12:00:00"),
        ("Mon Jun  1 12:00:00 PDT 2026", "2026-06-01T12:00:00-07:00"),
        ("Mon Jun 1 12:00:00 2026 +0200", "2026-06-01T12:00:00+02:00"),
        ("Mon Jun 1 12:00:00 +0200 2026", "2026-06-01T12:00:00+02:00"),
        ("Monday, 01-Jun-26 12:00:00 GMT", "2026-06-01T12:00:00+00:00"),
        ("June 1st, 2026 3:04 PM +0000", "2026-06-01T15:04:00+00:00"),
        ("Sept. 1, 2026 at 12:00 GMT", "2026-09-01T12:00:00+00:00"),
        ("2026 Jun 1 12:00:00 GMT", "2026-06-01T12:00:00+00:00"),
        ("12:00:00 +0200 1 Jun 2026", "2026-06-01T12:00:00+02:00"),
        ("2026-06-01T12:00:00Z", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01 12:00:00.5 +02:00", "2026-06-01T12:00:00.500000+02:00"),
        ("20260601T120000Z", "2026-06-01T12:00:00+00:00"),
        ("2026/6/1 12:00", "2026-06-01T12:00:00"),
        ("1.6.2026 12:00", "2026-06-01T12:00:00"),
        # No dates.
        ("yesterday", None),
        ("", None),
        ("12:00", None),
        ("Jun 12:00 2026", None),
        ("31 Sep 2026 12:00 GMT", None),
        ("1 Jun 2026 25:00 GMT", None),
        ("01/02/2026 12:00 GMT", None),
        ("1 Jun 2026 12:00 +9999999999", None),
        ("1 Jun 10000 12:00 GMT", None),
    ],
)
def test_dates(date: str, expected: str | None):
    """The zone is kept where it is known; a date that could be two is none."""
    found = parse_date(date.encode())

    assert expected == (found and found.isoformat())


MOMENTS = st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2049, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
OFFSETS = st.integers(min_value=-14 * 60, max_value=14 * 60).filter(bool)
FORMATS = st.sampled_from(
    [
        "%a, %d %b %Y %H:%M:%S %z",
        "%d %b %y %H:%M:%S %z",
        "%a %b %d %H:%M:%S %Y %z",
        "%Y-%m-%dT%H:%M:%S%z",
        "%A, %d-%b-%Y %H:%M:%S %z",
        "%B %d, %Y %I:%M:%S %p %z",
    ]
)
COMMENTS = st.lists(
    st.sampled_from(["", "(c)", " (Mon, 1 Jan 1990 (01:02:03) +0300) ", "\r\n "]), min_size=12
)


@given(MOMENTS, OFFSETS, FORMATS, COMMENTS)
def test_dates_with_comments(moment: datetime, minutes: int, form: str, comments: list[str]):
    """In every format, a comment may stand between any two words (RFC 5322, 4.3)."""
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    pieces = re.split("( )", zoned.strftime(form))
    text = "".join(
        piece if piece != " " else f" {comments.pop()}" if comments else " " for piece in pieces
    )

    assert zoned == parse_date(text.encode())


@given(st.text("0123456789:+-./ ,TZAPMJunMon()", max_size=60))
def test_every_text_is_a_date_or_none(text: str):
    """Nothing raises."""
    found = parse_date(text.encode())

    assert found is None or isinstance(found, datetime)


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "1:", "1 Jun ", "(", "(1)", "Jun", "+1", "20", "1-", "."]
)
def test_hostile_dates_take_linear_time(piece: str):
    """300 KB of whatever makes patterns explode."""
    raw = b"From: a@example.com\nDate: " + (piece * (300_000 // len(piece))).encode() + b"\n\n"
    start = time.process_time()
    assert parse_inbound(raw).date is None
    parse_date((piece * (1_900 // len(piece))).encode())

    assert time.process_time() - start < 1
