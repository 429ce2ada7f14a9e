"""
Parameters that a message brings for SES itself: ``esp_extra={"ses": {...}}``.

They have the names of ``SendEmail`` and are merged in last: mappings merge, everything else
replaces. ``ListManagementOptions`` that name a list replace those of the provider, because a topic
is one of its list. For the other operations, names that mean the same are translated.

``BulkEmailEntries`` is no list here but a mapping from a recipient's address to what is merged into
that recipient's entry, such as ``ReplacementTags``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mailcore.address import address_key
from mailcore.foundation import thaw
from mailcore.message import merged
from mailcore_ses.payload.fragments import Parameters
from mailcore_ses.payload.names import ENTRIES, LIST, names_in


if TYPE_CHECKING:
    from mailcore_ses.payload.plan import Plan


def asked_content(extra: Mapping[str, Any]) -> str | None:
    """Which kind of content a message asks for: ``raw``, ``simple`` or neither."""
    content = extra.get("Content")
    if isinstance(content, Mapping):
        for kind in ("Simple", "Raw"):
            if kind in content:
                return kind.lower()
    return None


def with_extra(parameters: Parameters, plan: Plan) -> Parameters:
    """The parameters of a call, with the message's own merged in."""
    for name, value in plan.extra.items():
        if name == ENTRIES:
            continue
        if name == "Content" and isinstance(value, Mapping):
            # An empty kind of content is a choice, and no content.
            value = {k: v for k, v in value.items() if v or k not in ("Raw", "Simple")}  # noqa: PLW2901
            if not value:
                continue
        if name == LIST and isinstance(value, Mapping):
            parameters = {**parameters, LIST: _list_options(parameters.get(LIST, {}), value)}
            continue
        parameters = merged(parameters, dict.fromkeys(names_in(plan.operation, name), value))
    return parameters


def _list_options(providers: Mapping[str, Any], messages: Mapping[str, Any]) -> Mapping[str, Any]:
    """A list with its topic; None is no topic, whatever the mailer's defaults say."""
    kept = {} if messages.get("ContactListName") else providers
    return {name: value for name, value in {**kept, **messages}.items() if value is not None}


def entry_extra(extra: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a message has for the entries of single recipients, by the key of their address."""
    entries = extra.get(ENTRIES)
    if not isinstance(entries, Mapping):
        return {}
    return {address_key(address): extra for address, extra in entries.items()}


def merged_tags(tags: Iterable[Parameters], own: Iterable[Parameters]) -> list[Parameters]:
    """Message tags with those of a recipient, which win by name."""
    return list({tag["Name"]: thaw(tag) for tag in (*tags, *own)}.values())
