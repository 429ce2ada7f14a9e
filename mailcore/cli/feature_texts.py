"""What the features are, for readers of the matrix."""

from __future__ import annotations

from mailcore.features import Feature
from mailcore.message.fields import FEATURES


LEGEND = {
    "yes": "supported",
    "no": "not supported; using it raises `UnsupportedFeature`",
    "at most *n*": "supported up to that number; more raises `UnsupportedFeature`",
    "with *feature*": "supported in messages that use the other feature too; else it raises",
    "partly": "supported in part; what is not raises `UnsupportedFeature`",
    "yes (limit *n*)": "supported; the provider has a limit of its own, which it may change, and "
    "which mailcore leaves to it",
}
"""Answers as :class:`~mailcore.features.Support` prints them, and what follows from them."""

_OF_RECEIVING = {
    Feature.EVENT_WEBHOOKS: "normalised events about sent mail",
    Feature.WEBHOOK_VERIFICATION: "proof that a webhook request comes from the provider",
    Feature.INBOUND: "received mail",
}

DESCRIPTIONS = {
    feature: _OF_RECEIVING.get(feature) or FEATURES[feature][1].about for feature in Feature
}
"""A phrase for each feature."""

_FIRST_OF_TOPIC = {
    Feature.CC: "Addresses and headers",
    Feature.ALTERNATIVES: "Content",
    Feature.ENVELOPE_SENDER: "Delivery and tracking",
    Feature.TEMPLATES: "Templates and batches",
    Feature.UNSUBSCRIBE: "Lists, retries and limits",
    Feature.EVENT_WEBHOOKS: "Receiving",
}
"""The feature that each topic begins with: a new one belongs to the topic that it is written in."""


def topics() -> dict[str, list[Feature]]:
    """Return the features of each topic, in the order of :class:`~mailcore.features.Feature`."""
    found: dict[str, list[Feature]] = {}
    topic = ""
    for feature in Feature:
        topic = _FIRST_OF_TOPIC.get(feature, topic)
        found.setdefault(topic, []).append(feature)
    return found
