"""When to send: a moment, however it is given."""

from __future__ import annotations

import re

from datetime import date, datetime, timedelta, timezone

from mailcore.errors import Problem
from mailcore.message.coercion import wrong_type


_ACCEPTED = "a datetime with time zone or Unix seconds"
_HINT = "for example datetime.now(timezone.utc) + timedelta(hours=1)"
_NAIVE_HINT = (
    "give it the zone that it is meant in: send_at.replace(tzinfo=timezone.utc) if that is UTC, "
    "send_at.astimezone() if it is this machine's"
)
_FRACTION = re.compile(r"(\.\d{1,6})\d*")
# 2001-09-09, long before any message of ours: what is less is a delay, or a mistake.
_FIRST_SECOND = 1_000_000_000
# The end of 9999, the last year that a datetime has. In milliseconds it would be in 1978.
_LAST_SECOND = 253_402_300_799


def send_time(value: object, field: str, problems: list[Problem]) -> datetime | None:
    """
    The moment that is meant, as a datetime with a fixed offset.

    Args:
        value: An aware datetime; or Unix seconds, whole or with a fraction, which become UTC.
        field: What to call it in an error.
        problems: Is told what is wrong. A date and a naive datetime are refused: each is a
            different moment in each time zone, and nobody says in which one it is meant.
    """
    if isinstance(value, datetime):
        return _aware(value, field, problems)
    if isinstance(value, date):
        hint = (
            f"give a time and its zone too, for example datetime({value.year}, {value.month}, "
            f"{value.day}, 9, tzinfo=timezone.utc)"
        )
        problems.append(wrong_type(field, _ACCEPTED, value, hint))
        return None
    kind = type(value)
    if isinstance(value, (int, float)) and issubclass(kind, (int, float)) and kind is not bool:
        return _of_seconds(value, field, problems)
    problems.append(wrong_type(field, _ACCEPTED, value, _HINT))
    return None


def _aware(value: datetime, field: str, problems: list[Problem]) -> datetime | None:
    offset = value.utcoffset()
    if offset is None:
        problems.append(Problem(field, f"`{field}` has no time zone", _NAIVE_HINT))
        return None
    # The offset instead of rules for a place: those do not travel, and in the hour that autumn
    # repeats, times with such rules do not even equal their copies.
    return value.replace(tzinfo=timezone(offset), fold=0)


def _of_seconds(value: float, field: str, problems: list[Problem]) -> datetime | None:
    # Written so that no comparison with NaN lets it pass.
    if not _FIRST_SECOND <= value <= _LAST_SECOND:
        reason = f"`{field}` is no time in Unix seconds, which count from 1970 in UTC"
        milliseconds = "milliseconds are to be divided by 1000"
        hint = milliseconds if value > _LAST_SECOND else f"a delay is to be added: {_HINT}"
        problems.append(Problem(field, reason, hint))
        return None
    # Not fromtimestamp(): whether it rounds a fraction or cuts it depends on its size.
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=value)


def time_of_text(text: str) -> datetime:
    """
    Read a time in ISO 8601, as in documents: it may still lack its zone.

    Raises:
        ValueError: It is none.
    """
    # Python 3.10 takes neither Z nor other fractions than of three or six digits.
    text = _FRACTION.sub(lambda found: found[1].ljust(7, "0"), text.replace("Z", "+00:00"))
    return datetime.fromisoformat(text)
