"""What headers and parameters of ``esp_extra`` may not say: see :mod:`.checks` for the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.errors import Problem
from mailcore.message import place_in_extra
from mailcore.message.problems import (
    control_characters_in,
    recipients_in_extra,
    refused_extra_headers,
)
from mailcore_postmark.options import NAMESPACE
from mailcore_postmark.payload.headers import KEEP_ID


# https://postmarkapp.com/developer/user-guide/send-email-with-smtp for X-PM-* and
# https://postmarkapp.com/support/article/1239-how-to-test-bounces for the first exception; for the
# others, what Postmark's own postmark-gem never sends (lib/postmark/message_extensions/mail.rb;
# as of 2026-11-21).
_SMTP_INSTRUCTION = "x-pm-"
_ALLOWED = frozenset(["x-pm-bounce-type", KEEP_ID.lower()])
_WRITTEN_BY_POSTMARK = frozenset(["date", "sender"])

# They may have lines, or are no text that Postmark writes into a header.
_OF_LINES = frozenset(["textbody", "htmlbody", "templatemodel", "attachments"])
_NOT_OF_ONE_LINE = _OF_LINES | {"to", "cc", "bcc"}
_HEADERS = "headers"


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
    yield from recipients_in_extra(extra, NAMESPACE)
    for name, value in extra.items():
        place = place_in_extra(NAMESPACE, name)
        if name.lower() == _HEADERS:
            yield from refused_extra_headers(_pairs(value), place, header_refused)
        elif name.lower() not in _NOT_OF_ONE_LINE:
            yield from control_characters_in(value, place)


def _pairs(headers: object) -> Iterator[tuple[object, object]]:
    for item in headers if isinstance(headers, (list, tuple)) else ():
        if isinstance(item, Mapping):
            given = {key.lower(): each for key, each in item.items()}
            yield given.get("name"), given.get("value")
