"""
What more than one service cannot express, found in the same way and told in the same words.

For the ``check()`` of providers: each function yields problems, with the remedy where a mailer may
be told to let go of what they are about.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from mailcore.errors import Problem
from mailcore.features import AMP
from mailcore.foundation.redaction import shown_name
from mailcore.message.esp_extra import control_characters, place_in_extra
from mailcore.message.headers import collect_headers
from mailcore.message.message import Message
from mailcore.message.remedies import AsFiles, WithoutHeaders, WithoutItems, WithoutKeys


__all__ = [
    "HeaderRefusal",
    "batch_without_recipients",
    "bodies_beside_template",
    "control_characters_in",
    "inline_without_content_id",
    "metadata_without_values",
    "others_in_extra",
    "own_header_names",
    "recipients_in_extra",
    "refused_alternatives",
    "refused_extra_headers",
    "refused_headers",
    "refused_in_extra",
    "refused_metadata_names",
    "refused_own_headers",
    "without_body",
]

HeaderRefusal: TypeAlias = Callable[[str, str], tuple[str, str] | None]
"""Takes the name of a header, and what errors call its place: reason and hint if it is not sent."""

_RECIPIENTS = frozenset(["to", "cc", "bcc"])


def refused_headers(
    names: Iterable[str], field: Literal["headers", "merge_headers"], refusal: HeaderRefusal
) -> Iterator[Problem]:
    """
    Name the headers that the service writes itself, or obeys; all of them can be left out.

    Args:
        names: The names of the message's headers, in any case.
        field: The field of the message that they stand in, for the problems.
        refusal: Tells which are not sent.
    """
    for name in names:
        place = f"{field}[{name!r}]"
        refused = refusal(name, place)
        if refused is not None:
            remedy = WithoutHeaders((name,), field)
            yield Problem(place, *refused, feature=field, remedy=remedy)


def refused_own_headers(message: Message, refusal: HeaderRefusal) -> Iterator[Problem]:
    """
    Name the headers of single recipients that the service writes itself, or obeys.

    Where the service writes From and To of each mail, one of a recipient's own cannot be sent. To
    is what a reader sees, and can be left out; From is whose mail it is, and must not be another's.

    Args:
        message: The message, whose ``merge_headers`` are looked at.
        refusal: Tells which others are not sent.
    """
    names = own_header_names(message)
    for key in ("from", "to"):
        if key in names:
            place = f"merge_headers[{names[key]!r}]"
            remedy = WithoutHeaders((names[key],), "merge_headers") if key == "to" else None
            reason = f"{place}: it is written for you"
            yield Problem(place, reason, feature="merge_headers", remedy=remedy)
    yield from refused_headers(names.values(), "merge_headers", refusal)


def refused_extra_headers(given: object, place: str, refusal: HeaderRefusal) -> Iterator[Problem]:
    """
    Name what headers in ``esp_extra`` may not say, by the policy of the message's own.

    Args:
        given: The names and values of the headers, as pairs, as a mapping, or as mappings with a
            ``name`` and a ``value``, as services have them; in anything else there are none.
        place: What errors call the parameter that has them.
        refusal: Tells which are not sent.
    """
    pairs = list(_header_pairs(given))
    problems: list[Problem] = []
    collect_headers(pairs, place, problems)
    for problem in problems:
        yield Problem(place, f"{place}: {problem.reason}", problem.hint)
    for name, _ in pairs:
        own_place = f"{place}[{name!r}]"
        refused = refusal(name, own_place) if isinstance(name, str) else None
        if refused is not None:
            yield Problem(own_place, *refused)


def _header_pairs(given: object) -> Iterator[tuple[object, object]]:
    if isinstance(given, Mapping):
        yield from given.items()
        return
    for each in given if isinstance(given, (list, tuple)) else ():
        if isinstance(each, Mapping):
            named = {str(key).lower(): value for key, value in each.items()}
            yield named.get("name"), named.get("value")
        elif isinstance(each, tuple) and len(each) == 2:
            yield each


def own_header_names(message: Message) -> dict[str, str]:
    """The names in ``merge_headers`` of all recipients: in lower case, and as one is spelled."""
    own = (message.merge_headers or {}).values()
    return {name.lower(): name for headers in own for name in headers}


def batch_without_recipients(message: Message) -> Iterator[Problem]:
    """Name that a batch has nobody in ``to``."""
    if message.is_batch and not message.to:
        yield Problem("to", "no `to` recipients", "a batch makes a mail for each address in `to`")


def bodies_beside_template(message: Message, fields: Iterable[str], why: str) -> Iterator[Problem]:
    """
    Name subject and bodies beside a stored template, for services that have only one of them.

    Args:
        message: A message that has a template.
        fields: The fields that are refused, of ``subject``, ``text`` and ``html``.
        why: What the service does with them, which the problems give as the reason.
    """
    for field in fields:
        if getattr(message, field):
            reason = f"`{field}` beside `template_id`: {why}"
            yield Problem(field, reason, f"leave {field} out", feature="templates")


def refused_alternatives(message: Message, reason: str, hint: str = "") -> Iterator[Problem]:
    """
    Name bodies beyond text and HTML, where the service writes a message of those alone.

    They can be left out: those in AMP, and the others, each by the feature that they are.

    Args:
        message: The message that is looked at.
        reason: What the problems say; ``{feature}`` in it becomes the name of the feature.
        hint: What to do about it.
    """
    for feature, is_amp in (("alternatives", False), ("amp_html", True)):
        parts = enumerate(message.alternatives)
        found = tuple(at for at, part in parts if (part.mime_type == AMP) is is_amp)
        if found:
            told, remedy = reason.replace("{feature}", feature), WithoutItems("alternatives", found)
            yield Problem("alternatives", told, hint, feature=feature, remedy=remedy)


def inline_without_content_id(message: Message, label: str) -> Iterator[Problem]:
    """
    Name inline files without a Content-ID; they can go as files.

    Args:
        message: The message that is looked at.
        label: What people call the service.
    """
    for position, part in enumerate(message.attachments):
        if part.inline and part.content_id is None:
            place = f"attachments[{position}]"
            yield Problem(
                place,
                f"`{place}` is inline without a content_id, by which {label} knows such",
                "give a content_id",
                feature="inline_images",
                remedy=AsFiles((position,)),
            )


def metadata_without_values(message: Message, label: str) -> Iterator[Problem]:
    """
    Name None in metadata, for services that keep texts; the keys can be left out, for everybody.

    Args:
        message: The message that is looked at.
        label: What people call the service.
    """
    for field, keys in _metadata_keys(message, lambda _, value: value is None):
        reason = f"`{field}` has None for a value, and {label} keeps texts only"
        hint = "leave the key out, or give a text"
        remedy = WithoutKeys(keys, field)
        yield Problem(field, reason, hint, feature=field, remedy=remedy)


def refused_metadata_names(
    message: Message, is_refused: Callable[[str], bool], why: str
) -> Iterator[Problem]:
    """
    Name the keys of metadata that the service cannot have; they can be left out, for everybody.

    Args:
        message: The message that is looked at.
        is_refused: Whether a key is one of them.
        why: What follows "has names that".
    """
    for field, keys in _metadata_keys(message, lambda key, _: is_refused(key)):
        reason = f"`{field}` has names that {why}: {', '.join(map(shown_name, keys))}"
        remedy = WithoutKeys(keys, field)
        yield Problem(field, reason, "choose other names", feature=field, remedy=remedy)


def _metadata_keys(
    message: Message, is_wrong: Callable[[str, Any], bool]
) -> Iterator[tuple[Literal["metadata", "merge_metadata"], tuple[str, ...]]]:
    """The keys that are wrong, of everybody's metadata and of those of single recipients."""
    fields: tuple[
        tuple[Literal["metadata", "merge_metadata"], Iterable[Mapping[str, Any]]], ...
    ] = (
        ("metadata", [message.metadata]),
        ("merge_metadata", (message.merge_metadata or {}).values()),
    )
    for field, given in fields:
        keys = {key for each in given for key, value in each.items() if is_wrong(key, value)}
        if keys:
            yield field, tuple(sorted(keys))


def recipients_in_extra(names: Iterable[str], provider: str) -> Iterator[Problem]:
    """
    Name recipients in ``esp_extra``: who gets a message has a status, and these would have none.

    Args:
        names: The names of the service's parameters that take recipients.
        provider: The name of the provider, which is the key in ``esp_extra``.
    """
    for name in names:
        if name.lower() in _RECIPIENTS:
            place = place_in_extra(provider, name)
            yield others_in_extra(place, f"use {name.lower()}=[...] of the message")


def others_in_extra(place: str, hint: str) -> Problem:
    """
    The problem of a parameter in ``esp_extra`` that names recipients in the service's own way.

    Args:
        place: What errors call the parameter.
        hint: What to use instead.
    """
    reason = f"{place}: whom it names would get the message, and have no status"
    return Problem(place, reason, hint)


def refused_in_extra(
    extra: Mapping[str, Any],
    provider: str,
    *,
    refusal: HeaderRefusal,
    of_lines: Container[str],
    others: Container[str] = (),
) -> Iterator[Problem]:
    """
    Name what parameters in ``esp_extra`` may not say: recipients, headers, control characters.

    For services whose parameters stand side by side, headers under the name ``headers``.

    Args:
        extra: The parameters by their names, which are the same in any case.
        provider: The name of the provider, which is the key in ``esp_extra``.
        refusal: Tells which headers are not sent.
        of_lines: Names, in lower case, of parameters that may have lines, or that the service
            writes into no header.
        others: Names, in lower case, of parameters that name recipients otherwise than by a list.
    """
    yield from recipients_in_extra(extra, provider)
    for name, value in extra.items():
        place, key = place_in_extra(provider, name), name.lower()
        if key in others:
            yield others_in_extra(place, "use the fields of the message")
        elif key == "headers":
            yield from refused_extra_headers(value, place, refusal)
        elif key not in _RECIPIENTS and key not in of_lines:
            yield from control_characters_in(value, place)


def without_body(
    message: Message, label: str, extra: Mapping[str, Any], names: Iterable[str]
) -> Iterator[Problem]:
    """
    Name that a message has no body, for services that refuse such.

    Args:
        message: A message that no stored template writes.
        label: What people call the service.
        extra: What the message has for the provider in ``esp_extra``.
        names: The parameters there that are a body.
    """
    if not (message.text or message.html or any(extra.get(name) for name in names)):
        reason = f"no text, HTML or template: {label} refuses a message without a body"
        yield Problem("text", reason, "give text or html")


def control_characters_in(value: object, place: str) -> Iterator[Problem]:
    """
    Name a control character in a value that stands in one line.

    Args:
        value: A text, or texts at any depth.
        place: What the problems call the place of the text.
    """
    control = next(control_characters(value), None)
    if control is not None:
        reason = f"{place} holds the character U+{ord(control):04X}"
        yield Problem(place, reason, "give a text of one line")
