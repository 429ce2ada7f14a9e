"""
The hub: what all faces do alike, each in its own form.
"""

from __future__ import annotations

from mailcore_local.hub.capturing import HIDDEN, captured_request, part_of_request
from mailcore_local.hub.fates import common_fate, described, slow_seconds
from mailcore_local.hub.hub import Hub, UnknownFace
from mailcore_local.hub.posting import WebhookRecord, outcome_of


__all__ = [
    "HIDDEN",
    "Hub",
    "UnknownFace",
    "WebhookRecord",
    "captured_request",
    "common_fate",
    "described",
    "outcome_of",
    "part_of_request",
    "slow_seconds",
]
