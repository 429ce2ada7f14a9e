"""
The policy that asks the list, for ``MAILCORE["MIDDLEWARE"]``.

Which tags are lists says ``MAILCORE["SCOPES"]``, for messages and for events alike. A policy with
other settings is made of the same store::

    suppression = Suppression(DatabaseSuppressionStore(), scopes=lists_of, when_down="send")
"""

from __future__ import annotations

from collections.abc import Iterable

from mailcore.middleware import Suppression
from mailcore.stores import Labelled
from mailcore_django.conf import get_settings
from mailcore_django.suppression.store import DatabaseSuppressionStore


__all__ = ["lists_of", "suppression"]


def lists_of(given: Labelled) -> Iterable[str]:
    """Tags of a message, or of an event about one, that ``MAILCORE["SCOPES"]`` has."""
    scopes = get_settings().scopes
    return [tag for tag in given.tags if tag in scopes]


suppression = Suppression(DatabaseSuppressionStore(), scopes=lists_of)
"""Leaves out recipients that are on the list; nothing is sent while the database is down."""
