"""
What a field of ``esp_extra`` may not say: it would be lost, be seen by others, or be obeyed.

Headers that Mailgun obeys (``X-Mailgun-Variables``, ``X-Mailgun-Recipient-Variables``,
``X-Mailgun-Drop-Message`` and others) are for its SMTP server:
https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp (read
2026-11-30). In a message they would say something beside its fields, or against them.
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.errors import Problem
from mailcore.message import Message, place_in_extra
from mailcore.message.problems import (
    control_characters_in,
    recipients_in_extra,
    refused_extra_headers,
)
from mailcore_mailgun.options import NAMESPACE, with_extra
from mailcore_mailgun.recipient_variables import BODY_FIELDS


_INSTRUCTION = "x-mailgun-"
_HEADER = "h:"
_METADATA = "v:"
_VARIABLES = "recipient-variables"
# Bodies, and JSON that the user wrote: both may have lines.
_OF_LINES = BODY_FIELDS | {"t:variables", _VARIABLES}
_LINES = re.compile(r"[\t\r\n]")


def header_refused(name: str, place: str) -> tuple[str, str] | None:
    """Reason and hint, if Mailgun obeys a header of that name."""
    if not name.strip().lower().startswith(_INSTRUCTION):
        return None
    return (
        f"{place}: an instruction for Mailgun, which it obeys and does not send",
        "use the message's field for it, or mailcore_mailgun.mailgun_options()",
    )


def check_fields(message: Message, extra: Mapping[str, Any]) -> Iterator[Problem]:
    """Name the fields that cannot be sent as they are."""
    yield from recipients_in_extra(extra, NAMESPACE)
    for name in extra:
        place = place_in_extra(NAMESPACE, name)
        if name.lower() == _VARIABLES and message.is_batch:
            reason = f"{place}: without the batch's own, all recipients would see each other"
            yield Problem(place, reason, "give merge_data")
        elif not name.strip() or name != name.strip() or not name.isprintable():
            place = f"esp_extra[{NAMESPACE!r}]"
            yield Problem(place, f"{place}: the name of a field is empty or no plain word")
    found: dict[str, Problem] = {}
    for name, text in with_extra([], message):
        for problem in _of_text(name, text):
            found.setdefault(name, problem)
    yield from found.values()


def _of_text(name: str, text: str) -> Iterator[Problem]:
    place = place_in_extra(NAMESPACE, name)
    if name[: len(_HEADER)].lower() == _HEADER:
        header = name[len(_HEADER) :]
        refused = header_refused(header, place)
        if refused is not None:
            yield Problem(place, *refused)
        else:
            yield from refused_extra_headers([(header, text)], place, header_refused)
    elif name not in _OF_LINES:
        searched = _LINES.sub("", text) if name.startswith(_METADATA) else text
        yield from control_characters_in(searched, place)
