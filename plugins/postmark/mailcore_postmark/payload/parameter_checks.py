"""What headers and parameters of ``esp_extra`` may not say: see :mod:`.checks` for the table."""

from __future__ import annotations

import re

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from mailcore.errors import Problem
from mailcore.message import WithoutHeaders, collect_headers
from mailcore_postmark.options import NAMESPACE
from mailcore_postmark.payload.headers import KEEP_ID


# https://postmarkapp.com/developer/user-guide/send-email-with-smtp for X-PM-* and
# https://postmarkapp.com/support/article/1239-how-to-test-bounces for the first exception; for the
# others, what Postmark's own postmark-gem never sends (lib/postmark/message_extensions/mail.rb;
# as of 2026-11-21).
_SMTP_INSTRUCTION = "x-pm-"
_ALLOWED = frozenset(["x-pm-bounce-type", KEEP_ID.lower()])
_WRITTEN_BY_POSTMARK = frozenset(["date", "sender"])

Place: TypeAlias = Literal["headers", "merge_headers"]
"""Fields of a message that have headers."""

_RECIPIENTS = frozenset(["to", "cc", "bcc"])
# They may have lines, or are no text that Postmark writes into a header.
_OF_LINES = frozenset(["textbody", "htmlbody", "templatemodel", "attachments"])
_HEADERS = "headers"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def check_headers(names: Iterable[str], field: Place) -> Iterator[Problem]:
    """Name the headers that Postmark writes itself, or obeys; all of them can be left out."""
    for name in names:
        place = f"{field}[{name!r}]"
        refused = header_refused(name, place)
        if refused is not None:
            remedy = WithoutHeaders((name,), field)
            yield Problem(place, *refused, feature=field, remedy=remedy)


def header_refused(name: str, place: str) -> tuple[str, str] | None:
    """Reason and hint, if a header of that name is not sent."""
    key = name.lower()
    if key in _WRITTEN_BY_POSTMARK:
        return f"{place}: Postmark writes it", "leave it out"
    if key.startswith(_SMTP_INSTRUCTION) and key not in _ALLOWED:
        return (
            f"{place}: an instruction for Postmark's SMTP server, not for its API",
            "use the message's field for it, or mailcore_postmark.postmark_options()",
        )
    return None


def check_parameters(extra: Mapping[str, Any]) -> Iterator[Problem]:
    """Name the parameters that cannot be sent as they are."""
    for name, value in extra.items():
        place = f"esp_extra[{NAMESPACE!r}][{name!r}]"
        if name.lower() in _RECIPIENTS:
            reason = f"{place}: whom it names would get the message, and have no status"
            yield Problem(place, reason, f"use {name.lower()}=[...]")
        elif name.lower() == _HEADERS:
            yield from _of_headers(value, place)
        elif name.lower() not in _OF_LINES:
            control = next(_controls(value), None)
            if control is not None:
                reason = f"{place} holds the character U+{ord(control):04X}"
                yield Problem(place, reason, "give a text of one line")


def _of_headers(value: object, place: str) -> Iterator[Problem]:
    """Headers, by the policy of the message's own."""
    pairs = []
    for item in value if isinstance(value, (list, tuple)) else ():
        if isinstance(item, Mapping):
            given = {key.lower(): each for key, each in item.items()}
            pairs.append((given.get("name"), given.get("value")))
    problems: list[Problem] = []
    collect_headers(pairs, place, problems)
    for problem in problems:
        yield Problem(place, f"{place}: {problem.reason}", problem.hint)
    for name, _ in pairs:
        refused = header_refused(name, f"{place}[{name!r}]") if isinstance(name, str) else None
        if refused is not None:
            yield Problem(f"{place}[{name!r}]", *refused)


def _controls(value: object) -> Iterator[str]:
    if isinstance(value, str):
        found = _CONTROL.search(value)
        if found is not None:
            yield found[0]
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _controls(key)
            yield from _controls(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _controls(each)
