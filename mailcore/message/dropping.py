"""
What of a message a provider lacks, what of that may be dropped, and how, and what must not be.

A provider's declaration says which features it lacks; here is what a mailer does about each if it
is told to drop them. What :mod:`mailcore.message.fields` does not say to be droppable never is: a
feature that ``Message`` gains one day is raised until somebody has thought about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from mailcore.errors import Problem
from mailcore.features import AMP, Feature, Features, Support
from mailcore.message.field_types import Field
from mailcore.message.fields import FEATURES, MESSAGE_FIELDS, USES
from mailcore.message.message import Message
from mailcore.message.remedies import (
    KEPT,
    AsFiles,
    BatchField,
    First,
    Remedy,
    SeparateBy,
    Without,
    WithoutHeaders,
    WithoutItems,
    WithoutKeys,
)


Supports: TypeAlias = Mapping[Feature, Support]


def unsupported(message: Message, features: Features) -> list[Problem]:
    """Everything in *message* that *features* declares impossible, with its remedy if any."""
    problems = []
    for feature, support in features.enforced:
        count = USES[feature](message)
        if count and (reason := _reason(feature, support, count, message)):
            field, use = FEATURES[feature]
            remedy = remedy_of(feature, support, message, features)
            place = use.place or field.name
            problems.append(Problem(place, reason, feature=feature.value, remedy=remedy))
    return problems


def _reason(feature: Feature, support: Support, count: int, message: Message) -> str:
    note = f": {support.note}" if support.note else ""
    if support.kind == "no":
        return f"{feature} is not supported{note}"
    if support.limit is not None and count > support.limit:
        return f"{feature}: {count} given, at most {support.limit} possible{note}"
    if support.needed is not None and not USES[support.needed](message):
        return f"{feature} is only supported together with {support.needed}{note}"
    return ""


class _Lack(NamedTuple):
    """What is asked for too much: by which message, how much may stay, of whom."""

    message: Message
    keep: int
    features: Supports


_Find: TypeAlias = Callable[[_Lack], "Remedy | None"]


def remedy_of(
    feature: Feature, support: Support, message: Message, features: Supports
) -> Remedy | None:
    """
    How a message goes without what *support* cannot express; None if it must not.

    A list that is too long keeps its first items, an inline image becomes a file where the provider
    takes files, everything else goes altogether.

    Args:
        feature: What is asked for too much.
        support: The provider's answer to it.
        message: The message that asks for it.
        features: What the provider says to each feature.
    """
    keep = support.limit if support.kind == "limited" and support.limit is not None else 0
    find = _REMEDIES.get(feature)
    return find(_Lack(message, keep, features)) if find is not None else None


def applied(remedy: Remedy, message: Message) -> Message | None:
    """
    The message with a remedy; None if it changes nothing, or what no remedy may change.

    Args:
        remedy: The remedy, one of the core's or of a plugin's.
        message: The message in which the problem was found.
    """
    changed = remedy.apply(message)
    if not differs(message, changed) or breaches(message, changed):
        return None
    return changed


def differs(before: Message, after: Message) -> bool:
    """Whether a change to a message changes what is sent: refusing a default alone does not."""
    return any(getattr(before, name) != getattr(after, name) for name in MESSAGE_FIELDS)


def breaches(before: Message, after: Message) -> list[str]:
    """Names of what a change to a message has touched although no remedy may."""
    found = [name for name in KEPT if getattr(before, name) != getattr(after, name)]
    if found == ["merge_data"] and before.merge_data is None and not after.merge_data:
        # An empty one in the place of another mapping: see SeparateBy.
        found = []
    if before.is_batch != after.is_batch and len(before.deliveries.to) > 1:
        found.append("separate mails")
    if _shows_recipients(before, after):
        found.append("To")
    return found


def _shows_recipients(before: Message, after: Message) -> bool:
    """Whether a To header goes that kept addresses of `to` from the other recipients."""
    if not after.to or not _has_own_to(before) or _has_own_to(after):
        return False
    beside = len(after.cc) + len(after.bcc) + (0 if after.is_batch else len(after.to) - 1)
    return beside > 0


def _has_own_to(message: Message) -> bool:
    return any("To" in each for each in (message.headers, *(message.merge_headers or {}).values()))


def _whole(field: Field) -> _Find:
    """What to do about a field without a way of its own: it goes, or its first items stay."""
    name: Any = field.name
    if isinstance(getattr(Message, name), tuple):
        return lambda lack: First(name, lack.keep) if lack.keep else Without(name)
    return lambda _lack: Without(name)


def _headers(lack: _Lack) -> Remedy:
    names = [name for name in lack.message.headers if name.lower() != "to"]
    return WithoutHeaders(tuple(names[lack.keep :]))


def _alternatives(lack: _Lack) -> Remedy:
    parts = enumerate(lack.message.alternatives)
    found = [at for at, part in parts if part.mime_type != AMP]
    return WithoutItems("alternatives", tuple(found[lack.keep :]))


def _amp_html(lack: _Lack) -> Remedy:
    parts = enumerate(lack.message.alternatives)
    found = [at for at, part in parts if part.mime_type == AMP]
    return WithoutItems("alternatives", tuple(found[lack.keep :]))


def _attachments(lack: _Lack) -> Remedy:
    found = [at for at, part in enumerate(lack.message.attachments) if not part.inline]
    return WithoutItems("attachments", tuple(found[lack.keep :]))


def _inline_images(lack: _Lack) -> Remedy:
    found = [at for at, part in enumerate(lack.message.attachments) if part.inline]
    positions = tuple(found[lack.keep :])
    if lack.features[Feature.ATTACHMENTS].kind == "no":
        return WithoutItems("attachments", positions)
    return AsFiles(positions)


def _metadata(lack: _Lack) -> Remedy:
    return WithoutKeys(tuple(list(lack.message.metadata)[lack.keep :]))


def _batch_field(name: BatchField, *others: BatchField | Literal["merge_data"]) -> _Find:
    """A mapping by recipient goes, and each of them gets a mail of their own all the same."""

    def find(lack: _Lack) -> Remedy | None:
        message = lack.message
        given = {each for each in (name, *others) if getattr(message, each) is not None}
        if len(given) > 1 or len(message.deliveries.to) < 2:
            return Without(name)
        for other in others:
            if lack.features[Feature(other)].kind not in ("no", "needs"):
                return SeparateBy(other, name)
        return None

    return find


_OWN: Mapping[Feature, _Find] = {
    Feature.HEADERS: _headers,
    Feature.SPOOFED_TO: lambda _lack: WithoutHeaders(("To",)),
    Feature.ALTERNATIVES: _alternatives,
    Feature.AMP_HTML: _amp_html,
    Feature.ATTACHMENTS: _attachments,
    Feature.INLINE_IMAGES: _inline_images,
    Feature.METADATA: _metadata,
    Feature.MERGE_METADATA: _batch_field("merge_metadata", "merge_headers", "merge_data"),
    Feature.MERGE_HEADERS: _batch_field("merge_headers", "merge_metadata", "merge_data"),
}
_REMEDIES: Mapping[Feature, _Find] = {
    feature: _OWN.get(feature) or _whole(field)
    for feature, (field, _) in FEATURES.items()
    if field.droppable
}

NEVER_DROPPED: frozenset[Feature] = frozenset(USES) - _REMEDIES.keys()
"""Features without which somebody gets no mail, or another one than was meant."""
