"""What changed in the preferences of a contact of an SES contact list."""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.events import EventType


_OWN = "topicSubscriptionStatus"
_KEYS = ("topicDefaultSubscriptionStatus", _OWN)


def subscription_change(old: object, new: object) -> EventType:
    """
    Compare topic preferences.

    Args:
        old: `oldTopicPreferences` of a subscription event, or anything else.
        new: `newTopicPreferences`, or anything else.

    Returns:
        UNSUBSCRIBED if the contact left the list or any topic; SUBSCRIBED if it only joined;
        UNKNOWN if nothing changed that can be read.
    """
    if not isinstance(new, dict):
        return EventType.UNKNOWN
    before = old if isinstance(old, dict) else {}
    if new.get("unsubscribeAll") is True:
        return EventType.UNSUBSCRIBED
    old_choices, new_choices = _choices(before, *_KEYS), _choices(new, *_KEYS)
    own_choices = _choices(new, _OWN)
    # Defaults are the list's: one that is new says nothing about the contact.
    changed = {
        choice
        for topic, choice in new_choices.items()
        if old_choices.get(topic) != choice and (topic in old_choices or topic in own_choices)
    }
    if "OptOut" in changed:
        return EventType.UNSUBSCRIBED
    if "OptIn" in changed or before.get("unsubscribeAll") is True:
        return EventType.SUBSCRIBED
    return EventType.UNKNOWN


def _choices(preferences: Mapping[str, object], *keys: str) -> dict[str, str]:
    """The status of each topic; the last key that has one counts."""
    choices: dict[str, str] = {}
    for key in keys:
        entries = preferences.get(key)
        if not isinstance(entries, (list, tuple)):
            continue
        for entry in entries:
            if isinstance(entry, dict):
                topic, status = entry.get("topicName"), entry.get("subscriptionStatus")
                if isinstance(topic, str) and isinstance(status, str):
                    choices[topic] = status
    return choices
