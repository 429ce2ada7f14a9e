"""
Values that a template puts into the subject: what ends a line there begins a header, or is lost.

SES fills in templates with Handlebars, after mailcore has seen the message. Of a template in the
message itself the subject is at hand; where a stored one puts its values, nobody but SES knows.
https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html (read 2026-11-30).
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping

from mailcore.errors import Problem
from mailcore.foundation import shown_name
from mailcore.message import Message
from mailcore_ses.payload.merge_syntax import SYNTAX


# What mailcore refuses in a subject: RFC 5322, section 2.2, and what readers take for line ends.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
# A name may stand behind a helper, in a path, as an argument or within [brackets].
_NAME = re.compile(r"[^\s.{}#/^@!>&()\"'|=\[\]~]+")


def unfit_subject_values(message: Message) -> Iterator[Problem]:
    """Name each value of the template in a message that cannot stand where its subject puts it."""
    if message.template_id is not None or not message.subject or "{{" not in message.subject:
        return
    names = {name for tag in _TAG.findall(message.subject) for name in _NAME.findall(tag)}
    # Those that stand there by themselves, the core has looked at.
    names -= {SYNTAX.head(reference) for reference in SYNTAX.references(message.subject)}
    data = [("merge_global_data", message.merge_global_data or {})]
    data += [("merge_data", values) for values in (message.merge_data or {}).values()]
    seen: set[tuple[str, str]] = set()
    for field, values in data:
        for name in sorted(names & values.keys()):
            unfit = _control_in(values[name])
            if unfit and (field, name) not in seen:
                seen.add((field, name))
                place = f"{field}[{shown_name(name)}]"
                reason = f"`{place}` holds the character {unfit} and stands in the subject"
                yield Problem(place, reason, "a subject is one line of text", feature=field)


def _control_in(value: object) -> str:
    """The first character of a value, at whatever depth, that no line holds; empty if none is."""
    if isinstance(value, str):
        found = _CONTROL.search(value)
        return f"U+{ord(found.group()):04X}" if found else ""
    if isinstance(value, Mapping):
        # A block helper may write keys too ({{@key}}).
        return next(filter(None, map(_control_in, [*value.keys(), *value.values()])), "")
    if isinstance(value, (list, tuple)):
        return next(filter(None, map(_control_in, value)), "")
    return ""
