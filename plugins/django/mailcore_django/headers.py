"""
Header fields that a message of Django's brings, as mailcore takes them.

====================================  ==============================================================
Header                                What becomes of it
====================================  ==============================================================
``From``                              the author; ``from_email`` is the envelope sender then, as
                                      with Django's own backends
``Reply-To``                          ``reply_to``; an empty one is left out
``To``                                as it is: what readers see instead of the recipients, where
                                      the provider can; left out if it names ``to`` and nobody else
``Cc``                                decides whom of the recipients readers see as ``cc``; one
                                      that gets no mail is refused
``Return-Path``                       ``envelope_sender``, unless that is given
``Message-ID``, ``Date``              left out where the provider writes its own
``X-SES-CONFIGURATION-SET``, …        the parameters that they stand for, where the provider is
                                      ``ses``
``Bcc``, ``Subject``, ``Content-*``   refused, with what to use instead
anything else                         sent as it is
====================================  ==============================================================

Names are the same in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise

from mailcore import Address, InvalidMessage, Message, Problem, Provider
from mailcore.address import parse_addresses
from mailcore.message import merged


__all__ = ["read_headers", "without_rewritten"]

_REWRITTEN = ("message-id", "date")
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html#event-publishing-using-ses-headers
# and https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-delegate-sender-tasks-email.html
_OF_SES = {
    "x-ses-configuration-set": "ConfigurationSetName",
    "x-ses-from-arn": "FromEmailAddressIdentityArn",
    "x-ses-source-arn": "FromEmailAddressIdentityArn",
    "x-ses-return-path-arn": "FeedbackForwardingEmailAddressIdentityArn",
}
_TAGS_OF_SES = "x-ses-message-tags"


def read_headers(headers: Mapping[str, object], fields: dict[str, Any], provider: str) -> None:
    """
    Read ``extra_headers``.

    Args:
        headers: The header fields by their names.
        fields: The fields of the message that is made; they are changed.
        provider: The name of the provider.

    Raises:
        InvalidMessage: If a Cc names somebody who is no recipient.
    """
    kept: list[tuple[str, object]] = []
    for name, given in headers.items():
        value = str(given) if isinstance(given, Promise) else given
        key = str(name).lower()
        if key == "cc":
            _show_as_cc(str(value), fields)
        elif key == "return-path":
            fields.setdefault("envelope_sender", value)
        elif (key == "to" and _names_the_same(str(value), fields["to"])) or (
            key == "reply-to" and not value
        ):
            continue
        elif provider == "ses" and (key in _OF_SES or key == _TAGS_OF_SES):
            _for_ses(key, str(value), fields)
        else:
            kept.append((str(name), value))
    if kept:
        fields["headers"] = kept


def _names_the_same(value: str, to: Any) -> bool:
    shown = parse_addresses([value], field="headers['To']")
    recipients = parse_addresses(to, field="to")
    return [each.key for each in shown] == [each.key for each in recipients]


def _show_as_cc(value: str, fields: dict[str, Any]) -> None:
    """Readers see in Cc whom the header names, and nobody else."""
    shown = parse_addresses([value], field="headers['Cc']")
    by_key: dict[str, Address] = {}
    for field in ("cc", "bcc"):
        given = fields.get(field) or ()
        by_key |= {each.key: each for each in parse_addresses(given, field=field)}
    to = {each.key for each in parse_addresses(fields["to"], field="to")}
    names = {each.key: each for each in shown}
    if names.keys() - by_key.keys() - to:
        reason = "headers['Cc'] names an address that is no recipient"
        raise InvalidMessage([Problem("headers['Cc']", reason, "give it in cc=[...]")])
    fields["cc"] = [each for key, each in names.items() if key in by_key]
    fields["bcc"] = [each for key, each in by_key.items() if key not in names]


def _for_ses(key: str, value: str, fields: dict[str, Any]) -> None:
    extra: dict[str, object]
    if key == _TAGS_OF_SES:
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        extra = {"EmailTags": [{"Name": n.strip(), "Value": v.strip()} for n, _, v in pairs]}
    else:
        extra = {_OF_SES[key]: value}
    own = fields.get("esp_extra") or {}
    if not isinstance(own, Mapping):
        return  # it is refused with the reason
    # What the attribute says wins over the header.
    fields["esp_extra"] = {**own, "ses": merged(extra, own.get("ses") or {})}


def without_rewritten(message: Message, provider: Provider[Any, Any]) -> Message:
    """The message without ``Message-ID`` and ``Date``, as far as the provider refuses them."""
    given = {name.lower(): name for name in message.headers}
    if not any(name in given for name in _REWRITTEN):
        return message
    refused = {problem.field for problem in provider.check(message)}
    names = [
        given[name]
        for name in _REWRITTEN
        if name in given and f"headers[{given[name]!r}]" in refused
    ]
    return message.replace(headers=message.headers.without(*names)) if names else message
