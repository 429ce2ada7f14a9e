"""
Recipient variables: how one call of Mailgun makes a mail for each of many recipients.

The form's field ``recipient-variables`` has values for each address, and ``%recipient.name%`` in
any other field stands for one of them. Its presence makes the call a batch: each recipient gets an
own mail and sees no other. At most 1,000 recipients to a call.
https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending (read
2026-11-21).

Metadata and headers of single recipients have no field of their own. They go through variables of
made-up names, and ``v:`` and ``h:`` fields that refer to them. What a text of the message happens
to refer to is never such a name: see :func:`made_up_prefix`.
"""

from __future__ import annotations

import json
import re

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mailcore.address import Address
from mailcore.errors import InvalidMessage, Problem
from mailcore.foundation import thaw
from mailcore.message import CONTROL, Message, place_in_extra, value_names
from mailcore.sending import Entry
from mailcore_mailgun.options import NAMESPACE, extra_of, texts_of


MAX_RECIPIENTS = 1000
PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]+")
"""Names of variables of which no reader of ``%recipient.name%`` can be in doubt."""


BODY_FIELDS = frozenset({"text", "html", "amp-html"})
"""Fields of the form in which a value may have several lines."""

_REFERRED = re.compile(r"%recipient\.(_*)", re.IGNORECASE)
_UNDERSCORES = re.compile(r"_*")


class Variables(NamedTuple):
    """
    Variables for the recipients of one call.

    Args:
        values: The values of each of them, as texts by name.
        metadata: The name of the variable for each key of their metadata.
        headers: The name of the variable for each of their headers.
    """

    values: list[dict[str, str]]
    metadata: Mapping[str, str]
    headers: Mapping[str, str]


def calls(entries: Iterable[Entry]) -> Iterator[Sequence[Entry]]:
    """
    The recipients of each call: alike in the names of their metadata and headers.

    A name that a call has, all of its mails have: with a recipient who lacks it in the same call,
    they would get an empty header, and their events an empty value.
    """
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        names: Any = None
        if entry.metadata or entry.headers:
            names = (frozenset(entry.metadata), frozenset(map(str.lower, entry.headers)))
        groups.setdefault(names, []).append(entry)
    for group in groups.values():
        for start in range(0, len(group), MAX_RECIPIENTS):
            yield group[start : start + MAX_RECIPIENTS]


def made_up_prefix(names: Iterable[str], texts: Iterable[str]) -> str:
    """
    How the names of variables begin that nobody else uses: with more underscores than theirs.

    Args:
        names: The names of the message's own variables.
        texts: Everything in the call in which Mailgun looks for references. What somebody wrote
            into one of them must not become another recipient's metadata.
    """
    own = (found[0] for name in names if (found := _UNDERSCORES.match(name)))
    theirs = (found for text in texts for found in _REFERRED.findall(text))
    return "_" * (1 + max((len(run) for run in (*own, *theirs)), default=0))


def variables_of(message: Message, entries: Sequence[Entry], prefix: str) -> Variables:
    """
    The variables of one call.

    A recipient who lacks a key of merge_data has that of merge_global_data, else an empty text.

    Args:
        message: The batch that is sent.
        entries: One of :func:`calls`.
        prefix: The prefix that :func:`made_up_prefix` returned.
    """
    names = value_names(message)
    defaults = dict.fromkeys(names, "")
    defaults.update((k, merge_text(v)) for k, v in (message.merge_global_data or {}).items())
    metadata = {key: f"{prefix}m{n}" for n, key in enumerate(entries[0].metadata)}
    headers = {name: f"{prefix}h{n}" for n, name in enumerate(entries[0].headers)}
    values = []
    for entry in entries:
        own = {**defaults, **{name: merge_text(value) for name, value in entry.data.items()}}
        for key, variable in metadata.items():
            own[variable] = metadata_text(entry.metadata[key])
        for name, variable in headers.items():
            own[variable] = entry.headers[name]
        values.append(own)
    return Variables(values, metadata, headers)


def reference(variable: str) -> str:
    """What stands for a recipient's value in another field."""
    return f"%recipient.{variable}%"


def merge_text(value: Any) -> str:
    """A value as it stands in a mail: nothing for None, JSON for what is neither text nor None."""
    return "" if value is None else metadata_text(value)


def metadata_text(value: Any) -> str:
    """
    A value of metadata: Mailgun keeps texts, and its events bring texts back.

    What is no text becomes JSON.
    """
    if type(value) is str:
        return value
    return str(value) if type(value) is int else json.dumps(thaw(value), ensure_ascii=False)


def fill_in(message: Message, values: Mapping[str, Any]) -> Message:
    """
    The message with its ``%recipient.name%`` replaced, as Mailgun would do it in a batch.

    Values are not read again: what looks like a reference in them stays as it is.

    Args:
        message: Changed are subject, bodies, alternatives, headers, unsubscribe URL, texts in
            metadata; names and local parts of the author and in Reply-To, tags, and the texts of
            ``esp_extra``.
        values: The values by name; references to other names stay.

    Raises:
        MessageError: If a value cannot stand where it is referred to.
    """
    if not values:
        return message
    names = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
    pattern = re.compile(rf"%recipient\.({names})%")

    def filled(text: str) -> str:
        return pattern.sub(lambda match: merge_text(values[match[1]]), text)

    changes: dict[str, Any] = {}
    for name in ("subject", "text", "html"):
        text = getattr(message, name)
        if text is not None:
            changes[name] = filled(text)
    if message.alternatives:
        changes["alternatives"] = [
            (filled(part.content), part.content_type) for part in message.alternatives
        ]
    if message.headers:
        changes["headers"] = [(k, filled(v)) for k, v in message.headers.items_as_given()]
    if message.metadata:
        changes["metadata"] = {
            key: filled(value) if isinstance(value, str) else value
            for key, value in message.metadata.items()
        }
    if message.unsubscribe is not None and message.unsubscribe.url is not None:
        unsubscribe = message.unsubscribe.to_dict()
        changes["unsubscribe"] = {**unsubscribe, "url": filled(message.unsubscribe.url)}
    changes.update(_around(message, filled))
    return message.replace(**changes)


def _around(message: Message, filled: Callable[[str], str]) -> dict[str, Any]:
    """What changes of the tags, the people and ``esp_extra``."""
    changes: dict[str, Any] = {}
    if message.tags:
        # One that was nothing but a value that is missing is none.
        changes["tags"] = [tag for tag in map(filled, message.tags) if tag]
    if any(map(_refers, message.authors)):
        changes["from_email"] = [_filled_address(each, filled) for each in message.authors]
    if any(map(_refers, message.reply_to)):
        changes["reply_to"] = [_filled_address(each, filled) for each in message.reply_to]
    extra = extra_of(message)
    if any("%recipient." in text for _, text in texts_of(extra)):
        own = {name: _filled_field(name, value, filled) for name, value in extra.items()}
        changes["esp_extra"] = {**message.esp_extra, NAMESPACE: own}
    return changes


def _refers(address: Address) -> bool:
    return "%recipient." in address.display_name or "%recipient." in address.addr_spec


def _filled_address(address: Address, filled: Callable[[str], str]) -> Address:
    return Address(filled(address.addr_spec), filled(address.display_name))


def _filled_field(name: str, value: Any, filled: Callable[[str], str]) -> Any:
    """A field of ``esp_extra``."""
    if isinstance(value, (list, tuple)):
        return [_filled_field(name, each, filled) for each in value]
    if not isinstance(value, str):
        return value
    text = filled(value)
    control = None if name in BODY_FIELDS or text == value else CONTROL.search(text)
    if control is not None:
        place = place_in_extra(NAMESPACE, name)
        reason = f"{place} would hold the character U+{ord(control[0]):04X} of a value"
        raise InvalidMessage([Problem(place, reason, "give values of one line")])
    return text
