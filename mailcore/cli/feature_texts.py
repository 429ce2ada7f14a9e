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
