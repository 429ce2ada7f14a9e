"""
Send defaults: what every message of a mailer has unless it says otherwise.

Each field of a message has three states. *Not given*: the default applies. *None*: the default is
refused. *A value*: mappings merge, the message's entries winning; lists follow upon the default's;
anything else replaces the default.

The message wins in whatever way it says something: recipients, tags and parts that it has itself
are not added again, addresses are the same in any case and in punycode, and a default of
``unsubscribe`` or of ``List-Unsubscribe`` among the headers gives way to either.

A default of ``merge_global_data`` is for messages that ask for values: with a template, or with
merge data of their own. It makes a template of no other message.

A provider's own defaults replace the general ones, field by field: they do not merge with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.errors import ConfigurationError, MessageError
from mailcore.message.fields import FIELDS, MESSAGE_FIELDS, unknown_field
from mailcore.message.message import Message, MessageFields
from mailcore.message.unsubscribe import POST


_JOIN = {each.name: each.join for each in FIELDS}


class Defaults:
    """
    Defaults for all providers, and for single ones.

    Args:
        fields: The fields of :class:`~mailcore.message.message.Message`; copied, so that changing
            them later changes nothing.
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
        fields: MessageFields | None = None,
        *,
        by_provider: Mapping[str, MessageFields] | None = None,
    ) -> None:
        self._general = _message("defaults", _given("defaults", fields or {}))
        self._by_provider = {
            provider: self._of_provider(provider, own)
            for provider, own in (by_provider or {}).items()
        }

    def _of_provider(self, provider: str, fields: Mapping[str, Any]) -> Message:
        place = f"defaults of {provider}"
        own = _given(provider, fields)
        general = dict(self._general.given())
        _yield_to_author(general, own)
        _yield_to_unsubscribe(general, _message(place, own))
        return _message(place, {**general, **own})

    @property
    def providers(self) -> frozenset[str]:
        """The names of the providers that have defaults of their own."""
        return frozenset(self._by_provider)

    def apply(self, message: Message, provider: str) -> Message:
        """The message with the defaults for a provider; the one given is left as it is."""
        given = self._by_provider.get(provider, self._general).given()
        if not given:
            return message
        defaults = dict(given)
        fields: dict[str, Any] = dict(message.given())
        _yield_to_author(defaults, fields)
        _yield_to_unsubscribe(defaults, message)
        _leave_out_what_is_there(defaults, message)
        if not _asks_for_values(fields, defaults):
            defaults.pop("merge_global_data", None)
        changed = False
        for name, default in defaults.items():
            if name in message.declined or default is None:
                continue
            if name in fields:
                join = _JOIN[name]
                if join is None:
                    continue
                fields[name] = join(default, fields[name])
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


def _yield_to_unsubscribe(defaults: dict[str, Any], message: Message) -> None:
    """Take away what would contradict how a message lets people unsubscribe."""
    if "List-Unsubscribe" in message.headers:
        defaults.pop("unsubscribe", None)
    elif message.unsubscribe is not None and "headers" in defaults:
        defaults["headers"] = defaults["headers"].without("List-Unsubscribe", POST)


def _yield_to_author(defaults: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Who gives the author gives all of them."""
    if "from_email" in given:
        defaults.pop("other_authors", None)


def _asks_for_values(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    """Whether a message has a template or merge data, its own or by default."""
    either = {**defaults, **fields}
    by_recipient = [either.get("merge_data")]
    if by_recipient != [None]:
        by_recipient.append(defaults.get("merge_data"))
    return (
        bool(either.get("template_id"))
        or bool(fields.get("merge_global_data"))
        or any(values for each in by_recipient if each for values in each.values())
    )


def _leave_out_what_is_there(defaults: dict[str, Any], message: Message) -> None:
    """Take away of lists what the message has itself, in its own spelling."""
    recipients = {address.key for address in (*message.to, *message.cc, *message.bcc)}
    answered = {address.key for address in message.reply_to}
    shown = {part.content_id for part in message.attachments if part.content_id}
    for name, is_there in (
        ("to", lambda address: address.key in recipients),
        ("cc", lambda address: address.key in recipients),
        ("bcc", lambda address: address.key in recipients),
        ("reply_to", lambda address: address.key in answered),
        ("attachments", lambda part: part.content_id in shown),
        ("tags", message.tags.__contains__),
    ):
        if defaults.get(name):
            defaults[name] = tuple(item for item in defaults[name] if not is_there(item))
