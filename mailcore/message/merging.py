"""
Merge data: when values are filled into the texts of a message, and when a text is left as it is.

One rule for all providers. What is filled in is decided by what the message itself asks for:

* With a ``template_id``, the provider fills its stored template in. The template's text is not at
  hand, so its syntax and what it makes of a missing value are the provider's.
* Without one, the texts of the message are filled in if one of them refers to a value that the
  message has, in the syntax that the provider declares (:class:`MergeSyntax`). Values that no text
  refers to fill in nothing, and neither does an empty ``merge_data``, which only makes the message
  a batch: then every text arrives as it is, whatever it looks like.
* In a message that is filled in, or that has values in ``merge_data``, a reference to a value that
  nobody has is refused before anything is sent. One that some recipients have is empty for the
  others.
* A value that is filled into the header of the mail is one line.

A provider without a syntax fills in its stored templates only.
"""

from __future__ import annotations

import re

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mailcore.address.domain import address_key
from mailcore.errors import Problem
from mailcore.foundation.frozen import FrozenDict
from mailcore.foundation.redaction import shown_name
from mailcore.message.esp_extra import control_characters
from mailcore.message.message import Message


_STEP = re.compile(r"[./]")
# Fields that stand in the header of the mail, where a line that breaks begins another field.
_OF_ONE_LINE = ("subject", "headers[", "from_email", "other_authors", "reply_to", "tags")
_NOTHING: Mapping[str, Any] = FrozenDict()


class OwnText(NamedTuple):
    """A text of a message, and the field that it stands in."""

    field: str
    text: str


def subject_and_bodies(message: Message) -> Iterator[OwnText]:
    """The texts that most services fill in: subject, text and HTML."""
    for name in ("subject", "text", "html"):
        text = getattr(message, name)
        if text:
            yield OwnText(name, text)


@dataclass(frozen=True, kw_only=True)
class MergeSyntax:
    """
    How the texts of a message refer to merge values at one provider.

    Args:
        example: The reference to a value that is called ``name``, such as ``{{name}}``.
        pattern: Finds references in a text; its group ``name`` is the name. What the service would
            not leave as it is has to be found as well: with another name, or without one.
        texts: The texts of a message that the service, or the plugin, fills in.
        padding: Characters around the name that do not belong to it.
        note: What else is no reference, for the hint of an error.
        of_the_service: Names that the service fills in by itself, from no value of a message.
        has_paths: Whether ``user.city`` is the ``city`` of the value ``user``.
        ignores_case: Whether ``NAME`` is the value ``name``.
    """

    example: str
    pattern: re.Pattern[str]
    texts: Callable[[Message], Iterable[OwnText]] = field(default=subject_and_bodies)
    padding: str = ""
    note: str = ""
    of_the_service: frozenset[str] = frozenset()
    has_paths: bool = False
    ignores_case: bool = False

    def reference_to(self, name: str) -> str:
        """What a text has where the value of a name is to stand."""
        return self.example.replace("name", name)

    def references(self, text: str) -> Iterator[str]:
        """Every name that a text refers to, in its order."""
        for found in self.pattern.finditer(text):
            yield self.key((found["name"] or "").strip(self.padding))

    def key(self, name: str) -> str:
        """What is the same for two names that refer to one value."""
        return name.lower() if self.ignores_case else name

    def keys(self, names: Iterable[str]) -> Iterable[str]:
        """The :meth:`key` of each name."""
        return map(self.key, names) if self.ignores_case else names

    def head(self, reference: str) -> str:
        """The value that a reference begins at."""
        return _STEP.split(reference, maxsplit=1)[0] if self.has_paths else reference


def value_names(message: Message) -> list[str]:
    """The names of all values of a message, those for single recipients too, each once."""
    names = dict.fromkeys(message.merge_global_data or ())
    for own in (message.merge_data or {}).values():
        names.update(dict.fromkeys(own))
    return list(names)


def fills_in(message: Message, syntax: MergeSyntax | None) -> bool:
    """
    Whether values are to be filled in: into a stored template, or into the message's own texts.

    Args:
        message: The message, with its mailer's defaults merged in.
        syntax: The syntax in which the provider's texts refer to values; None if it fills in stored
            templates only.
    """
    if message.template_id is not None:
        return True
    return syntax is not None and _refers_to_a_value(message, syntax)


def _refers_to_a_value(message: Message, syntax: MergeSyntax) -> bool:
    if not message.merge_global_data and not message.merge_data:
        return False
    heads = {
        syntax.head(reference)
        for _, text in syntax.texts(message)
        for reference in syntax.references(text)
    } - {""}
    if not heads:
        return False
    given = (message.merge_global_data or {}, *(message.merge_data or {}).values())
    return any(not heads.isdisjoint(syntax.keys(values)) for values in given)


def unanswered(message: Message, syntax: MergeSyntax | None) -> Iterator[Problem]:
    """
    Name the references for which there is no value: the mail would be lost, or show them.

    Args:
        message: The message, with its mailer's defaults merged in.
        syntax: The syntax in which the provider's texts refer to values.
    """
    if syntax is None or message.template_id is not None:
        return
    has_own_values = any((message.merge_data or {}).values())
    if not has_own_values and not _refers_to_a_value(message, syntax):
        return
    names = set(syntax.keys(value_names(message)))
    seen: set[str] = set(syntax.keys(syntax.of_the_service))
    for place, text in syntax.texts(message):
        for reference in syntax.references(text):
            if reference in seen:
                continue
            seen.add(reference)
            if not reference or syntax.head(reference) not in names:
                missing = "neither merge_data nor merge_global_data has it"
            elif syntax.head(reference) == reference:
                continue
            else:
                count = sum(not _leads_somewhere(reference, each) for each in _all_data(message))
                if not count:
                    continue
                missing = f"it leads nowhere for {count} of the recipients"
            field_name = "merge_data" if message.merge_data is not None else "merge_global_data"
            yield Problem(
                place,
                f"`{place}` refers to {_shown(reference)}, and {missing}",
                "correct the name, or give the value; a text that is to stay as it is has to be a "
                f"value itself where others are filled in{syntax.note and '; '}{syntax.note}",
                feature=field_name,
            )


def broken_lines(message: Message, syntax: MergeSyntax | None) -> Iterator[Problem]:
    """
    Name the values with control characters that a subject or a header would be filled in with.

    Behind a line that ends, what follows is another header field (RFC 5322, section 2.2): no page
    of any service says what it makes of that in a value.

    Args:
        message: The message, with its mailer's defaults merged in.
        syntax: The syntax in which the provider's texts refer to values.
    """
    places = _header_places(message, syntax)
    if syntax is None or not places:
        return
    for field_name, given in (
        ("merge_global_data", [message.merge_global_data or _NOTHING]),
        ("merge_data", list((message.merge_data or _NOTHING).values())),
    ):
        found = [
            (character, name)
            for values in given
            for name, value in values.items()
            if syntax.key(name) in places
            for character in control_characters(value)
        ]
        for character, name in found[:1]:
            yield Problem(
                field_name,
                f"`{field_name}` has the character U+{ord(character):04X} in {_shown(name)}, which "
                f"`{places[syntax.key(name)]}` refers to",
                "give a text of one line",
                feature=field_name,
            )


def _header_places(message: Message, syntax: MergeSyntax | None) -> Mapping[str, str]:
    """The values that the header of the mail is filled in with, and one of the fields for each."""
    if syntax is None or message.template_id is not None:
        return _NOTHING
    if not message.merge_data and not message.merge_global_data:
        return _NOTHING
    return {
        syntax.head(reference): place
        for place, text in syntax.texts(message)
        if place.startswith(_OF_ONE_LINE)
        for reference in syntax.references(text)
    }


def _shown(reference: str) -> str:
    return f"the value {shown_name(reference)}" if reference else "a value without a name"


def _all_data(message: Message) -> Sequence[Mapping[str, Any]]:
    """What each recipient has: one of all, unless there is data for single ones."""
    everybodys = message.merge_global_data or _NOTHING
    if not message.merge_data:
        return [everybodys]
    own = {address_key(address): values for address, values in message.merge_data.items()}
    return [{**everybodys, **own.get(each.key, _NOTHING)} for each in message.deliveries.to]


def _leads_somewhere(reference: str, values: object) -> bool:
    for step in _STEP.split(reference):
        if isinstance(values, Mapping) and step in values:
            values = values[step]
        elif isinstance(values, (list, tuple)) and step.isdecimal() and int(step) < len(values):
            values = values[int(step)]
        else:
            return False
    return True
