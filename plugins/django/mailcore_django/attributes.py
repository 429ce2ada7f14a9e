"""
What any message of Django's may have beside its own: the attributes that mailcore knows.

They are set on an ``EmailMessage`` of any class (``message.tags = ["welcome"]``), or given to
:class:`~mailcore_django.message.MailcoreMessage`. The names are those of
:class:`mailcore.Message`, which are django-anymail's as well. An attribute that is not there leaves
the default of the mailer as it is; None refuses it.

Lazy texts become texts; in metadata, merge data and headers so do numbers of ``decimal``, dates and
UUIDs, written as Django's JSON encoder writes them.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from django.core.mail import EmailMessage
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.functional import Promise
from django.utils.timezone import is_naive, make_aware

from mailcore.registry import default_registry


__all__ = ["ATTRIBUTES", "UNSET", "read_attributes"]


class Unset(Enum):
    """A member of an enumeration: the same object after pickle and deepcopy, too."""

    UNSET = "unset"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""The value of an attribute that was not given."""


def plain(value: object) -> object:
    """A value as JSON has it: lazy texts, decimal numbers, dates and UUIDs become texts."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, Mapping):
        return {_text(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, _WRITTEN):
        return _ENCODER.default(value)
    return value


_ENCODER = DjangoJSONEncoder()
_WRITTEN = (dt.date, dt.time, dt.timedelta, decimal.Decimal, uuid.UUID)


def _text(key: object) -> object:
    return str(key) if isinstance(key, Promise) else key


def aware(value: object) -> object:
    """
    A moment as mailcore takes it.

    A naive datetime is meant in Django's current time zone; a date is the midnight that begins it
    there; numbers are Unix seconds. What is none of these stays, and is refused with the reason.
    """
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001  # made aware
    if isinstance(value, dt.datetime) and is_naive(value):
        return make_aware(value)
    return value


def _tags(value: object) -> object:
    if isinstance(value, (list, tuple, set, frozenset)):
        return [str(each) if isinstance(each, Promise) else each for each in value]
    return value


def _same(value: object) -> object:
    return str(value) if isinstance(value, Promise) else value


ATTRIBUTES: dict[str, Callable[[Any], object]] = {
    "envelope_sender": _same,
    "esp_extra": plain,
    "idempotency_key": _same,
    "merge_data": plain,
    "merge_global_data": plain,
    "merge_headers": plain,
    "merge_metadata": plain,
    "metadata": plain,
    "send_at": aware,
    "tags": _tags,
    "template_id": _same,
    "track_clicks": _same,
    "track_opens": _same,
    "unsubscribe": plain,
}
"""The attributes by name, and how each becomes what mailcore takes."""


def read_attributes(message: EmailMessage, provider: str) -> dict[str, Any]:
    """
    The attributes of a message that were given, as fields of :class:`mailcore.Message`.

    Args:
        message: Any message of Django's.
        provider: The name of the provider that it goes through: ``esp_extra`` is for it, unless
            the names in it are those of providers.
    """
    fields: dict[str, Any] = {}
    for name, read in ATTRIBUTES.items():
        value = getattr(message, name, UNSET)
        if value is not UNSET:
            fields[name] = read(value)
    if fields.get("esp_extra"):
        fields["esp_extra"] = _namespaced(fields["esp_extra"], provider)
    return fields


def _namespaced(extra: object, provider: str) -> object:
    """Parameters by provider: those of django-anymail are for the one that is configured."""
    if not isinstance(extra, Mapping):
        return extra
    names = default_registry().known_names()
    if all(name in names and isinstance(each, Mapping) for name, each in extra.items()):
        return extra
    return {provider: extra}
