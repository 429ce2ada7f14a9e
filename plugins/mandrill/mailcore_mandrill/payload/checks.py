"""
What Mandrill cannot express of a message, found before anything is sent.

Headers, beyond what :mod:`mailcore.message.headers` says for every provider:

====================================  ==============================================================
Header                                What happens
====================================  ==============================================================
``X-MC-*``                            refused: instructions for Mandrill's SMTP server, for which
                                      the message and ``mandrill_options()`` have fields
``From``, ``To`` in merge_headers     refused: everybody gets an own To line, all the same sender
``Reply-To`` in merge_headers         that of the recipient's mail
====================================  ==============================================================

Mandrill's limits on numbers and sizes are its own to enforce, and to change. But metadata that is
too large is lost without a word, so it is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from mailcore.errors import Problem
from mailcore.http import json_bytes
from mailcore.message import (
    AsFiles,
    Message,
    WithoutKeys,
    extra_of,
    place_in_extra,
    value_names,
)
from mailcore.message.problems import (
    batch_without_recipients,
    bodies_beside_template,
    control_characters_in,
    inline_without_content_id,
    others_in_extra,
    recipients_in_extra,
    refused_extra_headers,
    refused_headers,
    refused_metadata_names,
    refused_own_headers,
)
from mailcore_mandrill.options import MESSAGE, NAMESPACE, template_of


MAX_METADATA_BYTES = 250
"""
https://mailchimp.com/developer/transactional/docs/tags-metadata/ (read 2026-11-30): of JSON, for
each message. What is larger vanishes: https://github.com/Wylio/meteor-mandrill/issues/19.
"""

_SMTP_INSTRUCTION = "x-mc-"
_RECIPIENTS = ("to", "bcc_address")
# They may have lines, or are no text that Mandrill writes into a header.
_NOT_OF_ONE_LINE = frozenset(
    ["text", "html", "headers", "attachments", "images", "merge_vars", "global_merge_vars"]
)


def check(message: Message) -> Iterator[Problem]:
    """Everything that cannot be sent as it is meant."""
    yield from refused_headers(message.headers, "headers", _header_refused)
    yield from batch_without_recipients(message)
    if message.merge_headers:
        yield from refused_own_headers(message, _header_refused)
    if template_of(message) is not None:
        why = "Mandrill takes it from the template"
        yield from bodies_beside_template(message, ("text", "html"), why)
    yield from inline_without_content_id(message, "Mandrill")
    yield from _no_images(message)
    if message.metadata or message.merge_metadata:
        # https://mandrill.zendesk.com/hc/en-us/articles/360038805254 (read 2026-11-30).
        why = "begin with an underscore, which Mandrill forbids"
        yield from refused_metadata_names(message, lambda name: name.startswith("_"), why)
        yield from _large_metadata(message)
    if message.merge_data or message.merge_global_data:
        yield from _value_names(message)
    if message.esp_extra:
        yield from _check_extra(message)


def _header_refused(name: str, place: str) -> tuple[str, str] | None:
    if not name.lower().startswith(_SMTP_INSTRUCTION):
        return None
    return (
        f"{place}: an instruction for Mandrill's SMTP server, not for its API",
        "use the message's field for it, or mailcore_mandrill.mandrill_options()",
    )


def _no_images(message: Message) -> Iterator[Problem]:
    for position, part in enumerate(message.attachments):
        if part.inline and part.content_id and not part.mime_type.startswith("image/"):
            place = f"attachments[{position}]"
            yield Problem(
                place,
                f"`{place}` is inline and no image: Mandrill shows nothing else",
                "attach it without a content_id",
                feature="inline_images",
                remedy=AsFiles((position,)),
            )


def _large_metadata(message: Message) -> Iterator[Problem]:
    if _size(message.metadata) > MAX_METADATA_BYTES:
        yield _too_large(message.metadata, "metadata")
        return
    for own in (message.merge_metadata or {}).values():
        together = {**message.metadata, **own}
        if own and _size(together) > MAX_METADATA_BYTES:
            keys = {key for each in (message.merge_metadata or {}).values() for key in each}
            yield _too_large(dict.fromkeys(sorted(keys)), "merge_metadata")
            return


def _size(metadata: Mapping[str, Any]) -> int:
    return len(json_bytes(dict(metadata))) if metadata else 0


def _too_large(
    metadata: Mapping[str, Any], field: Literal["metadata", "merge_metadata"]
) -> Problem:
    reason = f"`{field}` has more than {MAX_METADATA_BYTES} bytes of JSON: Mandrill loses all of it"
    remedy = WithoutKeys(tuple(metadata), field)
    return Problem(field, reason, "shorten it", feature=field, remedy=remedy)


def _value_names(message: Message) -> Iterator[Problem]:
    """Names of values are the same in any case, and begin with no underscore."""
    names = value_names(message)
    if any(name.startswith("_") for name in names):
        field = "merge_data" if message.merge_data else "merge_global_data"
        reason = f"`{field}` has a name that begins with an underscore, which Mandrill refuses"
        yield Problem(field, reason, "rename it", feature=field)
    if len({name.lower() for name in names}) == len(names):
        return
    for field, given in (
        ("merge_global_data", [message.merge_global_data or {}]),
        ("merge_data", list((message.merge_data or {}).values())),
    ):
        if any(len({name.lower() for name in each}) != len(each) for each in given):
            reason = f"`{field}` has names that differ in case only: at Mandrill they are the same"
            yield Problem(field, reason, "rename one of them", feature=field)


def _check_extra(message: Message) -> Iterator[Problem]:
    extra = extra_of(message, NAMESPACE)
    yield from recipients_in_extra(extra, NAMESPACE)
    if "key" in extra:
        place = place_in_extra(NAMESPACE, "key")
        yield Problem(place, f"{place} is the provider's", "give api_key to another provider")
    for name, value in extra.items():
        if name not in (MESSAGE, "template_content"):
            yield from control_characters_in(value, place_in_extra(NAMESPACE, name))
    content = extra.get(MESSAGE)
    inside = place_in_extra(NAMESPACE, MESSAGE)
    if content is not None and not isinstance(content, Mapping):
        yield Problem(inside, f"{inside} must be a mapping", "see mandrill_options()")
    if isinstance(content, Mapping):
        yield from _check_content(content, inside, message)


def _check_content(content: Mapping[str, Any], inside: str, message: Message) -> Iterator[Problem]:
    for name in _RECIPIENTS:
        if name in content:
            place = f"{inside}[{name!r}]"
            yield others_in_extra(place, "use to, cc and bcc of the message")
    place = f"{inside}['preserve_recipients']"
    if message.is_batch and content.get("preserve_recipients"):
        reason = f"{place}: the recipients of a batch would see each other"
        yield Problem(place, reason, "leave it out")
    place = f"{inside}['merge_language']"
    if "merge_language" in content and template_of(message) is None:
        # What a reference is and whether there are any was decided by the provider's.
        yield Problem(
            place, f"{place} is for stored templates", "give merge_language to a provider"
        )
    headers = content.get("headers")
    yield from refused_extra_headers(headers, f"{inside}['headers']", _header_refused)
    for name, value in content.items():
        if name not in _NOT_OF_ONE_LINE:
            yield from control_characters_in(value, f"{inside}[{name!r}]")
