"""
Dates as programs write them into mail.

RFC 5322 (3.3, and 4.3 for what is obsolete) decides what a date means; beyond it are read what
``date``, ``ctime()``, ISO 8601, HTTP and clocks with AM and PM write.
"""

from __future__ import annotations

import re

from datetime import datetime, timedelta, timezone

from mailcore.inbound.comments import without_comments
from mailcore.inbound.words import unfolded


__all__ = ["parse_date"]

# RFC 5322 dates have at most 31 characters without their comments.
_MAX_DATE = 200
_MAX_WITH_COMMENTS = 2_000

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
# RFC 5322, 4.3, and abbreviations that stand for one offset only. All others, military letters
# among them, say no more than -0000.
_ZONE_HOURS = {
    "UT": 0,
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "WET": 0,
    "WEST": 1,
    "CET": 1,
    "CEST": 2,
    "MET": 1,
    "MEST": 2,
    "MEZ": 1,
    "MESZ": 2,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "MSD": 4,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "AKST": -9,
    "AKDT": -8,
    "HST": -10,
    "AST": -4,
    "ADT": -3,
    "NST": -3.5,
    "NDT": -2.5,
    "BRT": -3,
    "ART": -3,
    "SAST": 2,
    "JST": 9,
    "KST": 9,
    "HKT": 8,
    "SGT": 8,
    "AWST": 8,
    "ACST": 9.5,
    "ACDT": 10.5,
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
}

# Mon, 30 Nov 2026 10:00:00 +0100
_USUAL = re.compile(
    r"(?:[A-Za-z]{3},? +)?(\d{1,2}) +([A-Za-z]{3}) +(\d{4}) +(\d\d):(\d\d)(?::(\d\d))? +([+-]\d{4})"
    r" *",
    re.ASCII,
)
_MONTH = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DAY = r"(?<![\d:])(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"'?(?P<year>\d{2,4})(?![\d:]|\.\d)"
_DATES = [
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        rf"{_DAY}[\s.,/-]*{_MONTH}[\s.,/-]*{_YEAR}",
        rf"\b{_MONTH}[\s.,-]+{_DAY}[\s,-]+{_YEAR}",
        r"(?<!\d)(?P<year>\d{4})(?P<apart>[-/.])(?P<month>\d{1,2})(?P=apart)(?P<day>\d{1,2})(?!\d)",
        rf"(?<!\d)(?P<year>\d{{4}})[\s.,/-]*{_MONTH}[\s.,/-]+{_DAY}(?![\d:])",
        r"(?<!\d)(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?=T\d|\Z)",
        r"(?<!\d)(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?!\d)",
    )
]
# As ctime() has it: the year stands behind the time.
_YEARLESS_DATES = [
    re.compile(pattern + r"(?=\s+\d{1,2}\s*:)", re.ASCII | re.IGNORECASE)
    for pattern in (rf"\b{_MONTH}[\s.,-]+{_DAY}", rf"{_DAY}[\s.,/-]*{_MONTH}")
]
_LAST_YEAR = re.compile(r"(?<![\d:+-])\d{4}(?!\d)", re.ASCII)

_TIMES = [
    re.compile(
        rf"(?<![\d{apart}])(?P<hour>\d{{1,2}})\s*{apart}\s*(?P<minute>\d{{1,2}})(?!\d)"
        rf"(?:\s*{apart}\s*(?P<second>\d{{1,2}})(?:[.,](?P<fraction>\d{{1,9}}))?(?!\d))?"
        r"\s*(?:(?P<half>[ap])\.?m\b\.?)?",
        re.ASCII | re.IGNORECASE,
    )
    for apart in (":", r"\.")
]
_BASIC_TIME = re.compile(
    r"T(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?P<fraction>)(?P<half>)(?!\d)", re.ASCII
)
_OFFSET = re.compile(
    r"(?P<sign>[+-])\s*(?:(?P<hours>\d{1,2})[:\s]?(?P<minutes>\d\d)|(?P<only>\d{1,2}))(?!\d)",
    re.ASCII,
)
_UNSIGNED_OFFSET = re.compile(r"\s*(\d\d)(\d\d)(?!\d)", re.ASCII)
_TOO_LONG = re.compile(r"\d{5}", re.ASCII)
_WORD = re.compile(r"[A-Za-z]+")


def parse_date(value: bytes) -> datetime | None:
    """
    Read a date.

    Returns:
        With time zone, but for ``-0000`` and names of zones that are not known, which say that
        the zone is unknown; None for no date.
    """
    text = unfolded(value)[0]
    if len(text) > _MAX_WITH_COMMENTS:
        return None
    usual = _USUAL.fullmatch(text)
    try:
        if usual is not None:
            day, month, year, hour, minute, second, offset = usual.groups()
            return _moment(
                (int(year), _MONTHS[month.lower()], int(day)),
                (int(hour), int(minute), int(second or 0), 0),
                None if offset == "-0000" else _zone(offset[0], offset[1:3], offset[3:]),
            )
        text = without_comments(text).strip()
        return None if len(text) > _MAX_DATE else _read(text)
    except (ValueError, OverflowError, KeyError):
        return None


def _read(text: str) -> datetime | None:
    found = _first_match(_DATES, text)
    if found is None:
        found = _first_match(_YEARLESS_DATES, text)
        year = _LAST_YEAR.search(text, found.end()) if found is not None else None
        if found is None or year is None:
            return None
        years = year.group()
        rest = f"{text[found.end() : year.start()]} {text[year.end() :]}"
    else:
        years = found["year"]
        rest = f"{text[: found.start()]} {text[found.end() :]}"
    fields = found.groupdict()
    month = int(fields["month"]) if fields.get("month") else _MONTHS[found["name"].lower()]
    date = (_year(years), month, int(found["day"]))
    time = _first_match([*_TIMES, _BASIC_TIME], rest)
    if time is None:
        return _moment(date, (0, 0, 0, 0), None)
    return _moment(date, _clock(time), _zone_of(rest[time.end() :]))


def _first_match(patterns: list[re.Pattern[str]], text: str) -> re.Match[str] | None:
    return next((match for pattern in patterns if (match := pattern.search(text))), None)


def _year(digits: str) -> int:
    """RFC 5322, 4.3."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _clock(time: re.Match[str]) -> tuple[int, int, int, int]:
    """Hour, minute, second, microsecond."""
    hour = int(time["hour"])
    half = (time["half"] or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    microsecond = int((time["fraction"] or "0")[:6].ljust(6, "0"))
    return hour, int(time["minute"]), int(time["second"] or 0), microsecond


def _zone_of(text: str) -> timezone | None:
    offset = _OFFSET.search(text)
    if offset is not None:
        hours, minutes = offset["hours"] or offset["only"], offset["minutes"] or "00"
        is_unknown = offset["sign"] == "-" and not int(hours + minutes)
        return None if is_unknown else _zone(offset["sign"], hours, minutes)
    unsigned = _UNSIGNED_OFFSET.match(text)
    if unsigned is not None:
        return _zone("+", *unsigned.groups())
    for word in _WORD.findall(text):
        hours_east = _ZONE_HOURS.get(word.upper())
        if hours_east is not None:
            return timezone(timedelta(hours=hours_east))
    if _TOO_LONG.search(text):
        raise ValueError("the zone is none")
    return None


def _zone(sign: str, hours: str, minutes: str) -> timezone | None:
    if int(hours) > 23 or int(minutes) > 59:
        return None
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


def _moment(
    date: tuple[int, int, int], clock: tuple[int, int, int, int], zone: timezone | None
) -> datetime:
    hour, minute, second, microsecond = clock
    # ISO 8601 has 24:00 for the end of a day; RFC 5322 (3.3) has second 60, which datetime lacks.
    is_end_of_day = (hour, minute, second) == (24, 0, 0)
    if is_end_of_day:
        hour = 0
    second = 59 if second == 60 else second
    moment = datetime(*date, hour, minute, second, microsecond, zone)  # noqa: DTZ001 - -0000
    return moment + timedelta(days=1) if is_end_of_day else moment
