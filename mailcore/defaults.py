"""
Send defaults: what every message of a mailer has unless it says otherwise.

Each field of a message has three states. *Not given*: the default applies. *None*: the default is
refused. *A value*: mappings merge, the message's entries winning; lists follow upon the default's;
anything else replaces the default.

A provider's own defaults replace the general ones, field by field: they do not merge with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mailcore.errors import ConfigurationError, MessageError
from mailcore.frozen import FrozenDict
from mailcore.headers import Headers
from mailcore.message import MESSAGE_FIELDS, Message, MessageFields, unknown_field


class Defaults:
    """
    Defaults for all providers, and for single ones.

    Args:
        fields: As for :class:`~mailcore.message.Message`; copied, so that changing them later
            changes nothing.
        by_provider: Such fields by provider name; each replaces the general default of the same
            field, and None takes it away.

    Raises:
        ConfigurationError: If a field is unknown, or its value is one that no message can have.

    Example:
        >>> defaults = Defaults({"tags": ["shop"], "from_email": "shop@example.com"})
        >>> message = defaults.apply(Message(to=["ada@example.net"], tags=["welcome"]), "console")
        >>> message.tags
        ('shop', 'welcome')
    """

    def __init__(
        self,
        fields: MessageFields | Mapping[str, Any] | None = None,
        *,
        by_provider: Mapping[str, MessageFields | Mapping[str, Any]] | None = None,
    ) -> None:
        general = _given("defaults", fields or {})
        self._general = _message("defaults", general)
        self._by_provider = {
            provider: _message(f"defaults of {provider}", {**general, **_given(provider, own)})
            for provider, own in (by_provider or {}).items()
        }

    def apply(self, message: Message, provider: str) -> Message:
        """The message with the defaults for a provider; the one given is left as it is."""
        defaults = self._by_provider.get(provider, self._general).given()
        if not defaults:
            return message
        fields: dict[str, Any] = dict(message.given())
        changed = False
        for name, default in defaults.items():
            if name in message.declined or default is None:
                continue
            if name in fields:
                merge = _MERGE.get(name)
                if merge is None:
                    continue
                fields[name] = merge(default, fields[name])
            else:
                fields[name] = default
            changed = True
        return Message(**fields) if changed else message

    def __repr__(self) -> str:
        names = sorted(self._general.given())
        return f"Defaults({', '.join(names)}; by provider: {', '.join(self._by_provider) or '-'})"


def _given(place: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(fields, Mapping):
        raise ConfigurationError(f"{place}: defaults must be a mapping of the fields of a message")
    unknown = [unknown_field(name).reason for name in fields if name not in MESSAGE_FIELDS]
    if unknown:
        raise ConfigurationError(f"{place}: {'; '.join(unknown)}")
    return dict(fields)


def _message(place: str, fields: Mapping[str, Any]) -> Message:
    try:
        return Message(**{name: value for name, value in fields.items() if value is not None})
    except MessageError as error:
        raise ConfigurationError(f"{place}: {error}") from error


def _concatenated(default: tuple[Any, ...], given: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*default, *given)


def _merged(default: Mapping[str, Any], given: Mapping[str, Any]) -> FrozenDict[str, Any]:
    return FrozenDict({**default, **given})


def _deeply_merged(default: Mapping[str, Any], given: Mapping[str, Any]) -> FrozenDict[str, Any]:
    merged = dict(default)
    for key, value in given.items():
        known = merged.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[key] = _deeply_merged(known, value) if both else value  # type: ignore[arg-type]  # both are mappings
    return FrozenDict(merged)


def _headers(default: Headers, given: Headers) -> Headers:
    return default.merged(given)


def _headers_each(
    default: Mapping[str, Headers], given: Mapping[str, Headers]
) -> FrozenDict[str, Headers]:
    merged = dict(default)
    for address, headers in given.items():
        merged[address] = merged[address].merged(headers) if address in merged else headers
    return FrozenDict(merged)


_MERGE: dict[str, Callable[[Any, Any], Any]] = {
    "to": _concatenated,
    "cc": _concatenated,
    "bcc": _concatenated,
    "reply_to": _concatenated,
    "alternatives": _concatenated,
    "attachments": _concatenated,
    "tags": _concatenated,
    "headers": _headers,
    "metadata": _merged,
    "merge_global_data": _merged,
    "merge_data": _deeply_merged,
    "merge_metadata": _deeply_merged,
    "merge_headers": _headers_each,
    "esp_extra": _deeply_merged,
}
