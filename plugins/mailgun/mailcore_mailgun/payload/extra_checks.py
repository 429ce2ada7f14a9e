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
from mailcore.message import CONTROL, Message, collect_headers, place_in_extra
from mailcore_mailgun.options import NAMESPACE, with_extra
from mailcore_mailgun.recipient_variables import BODY_FIELDS


_INSTRUCTION = "x-mailgun-"
_HEADER = "h:"
_METADATA = "v:"
_RECIPIENTS = frozenset({"to", "cc", "bcc"})
_VARIABLES = "recipient-variables"
# Bodies, and JSON that the user wrote: both may have lines.
_OF_LINES = BODY_FIELDS | {"t:variables", _VARIABLES}
_LINES = re.compile(r"[\t\r\n]")


def is_instruction(header: str) -> bool:
    """Whether Mailgun obeys a header of that name."""
    return header.strip().lower().startswith(_INSTRUCTION)


def instruction_refused(place: str) -> tuple[str, str]:
    """Reason and hint for such a header."""
    return (
        f"{place}: an instruction for Mailgun, which it obeys and does not send",
        "use the message's field for it, or mailcore_mailgun.mailgun_options()",
    )


def check_fields(message: Message, extra: Mapping[str, Any]) -> Iterator[Problem]:
    """Name the fields that cannot be sent as they are."""
    for name in extra:
        place = place_in_extra(NAMESPACE, name)
        if name.lower() in _RECIPIENTS:
            reason = f"{place}: these recipients would have no status"
            yield Problem(place, reason, f"give them as `{name.lower()}` of the message")
        elif name.lower() == _VARIABLES and message.is_batch:
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
        if is_instruction(header):
            yield Problem(place, *instruction_refused(place))
            return
        # The policy of the message's own headers.
        problems: list[Problem] = []
        collect_headers([(header, text)], place, problems)
        for problem in problems:
            yield Problem(place, f"{place}: {problem.reason}", problem.hint)
        return
    if name in _OF_LINES:
        return
    searched = _LINES.sub("", text) if name.startswith(_METADATA) else text
    control = CONTROL.search(searched)
    if control is not None:
        reason = f"{place} holds the character U+{ord(control[0]):04X}"
        yield Problem(place, reason, "give a text of one line")
