"""
Mailgun's sending options: for every message as options of the provider, or for one message.

The names of the fields, and their values:
https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (read
2026-11-21; its list of fields through clients that are generated from its OpenAPI document).
"""

from __future__ import annotations

import json

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from mailcore.errors import ConfigurationError
from mailcore.foundation import thaw, with_plain_texts
from mailcore.message import Message


NAMESPACE = "mailgun"
SENDER_DOMAIN = "sender_domain"
"""The key of ``esp_extra["mailgun"]`` that is no field of the form: it stands in the URL."""

Fields: TypeAlias = "list[tuple[str, str]]"
Tracking: TypeAlias = bool | Literal["htmlonly"]
"""Whether opens and clicks are tracked; ``htmlonly`` leaves the links in the text alone."""

FIELD_OF_OPTION: Mapping[str, str] = {
    "template_version": "t:version",
    "template_text": "t:text",
    "dkim": "o:dkim",
    "secondary_dkim": "o:secondary-dkim",
    "secondary_dkim_public": "o:secondary-dkim-public",
    "deliver_within": "o:deliver-within",
    "deliverytime_optimize_period": "o:deliverytime-optimize-period",
    "time_zone_localize": "o:time-zone-localize",
    "test_mode": "o:testmode",
    "tracking": "o:tracking",
    "tracking_clicks": "o:tracking-clicks",
    "tracking_opens": "o:tracking-opens",
    "tracking_pixel_location_top": "o:tracking-pixel-location-top",
    "require_tls": "o:require-tls",
    "skip_verification": "o:skip-verification",
    "sending_ip": "o:sending-ip",
    "sending_ip_pool": "o:sending-ip-pool",
    "archive_to": "o:archive-to",
    "suppress_headers": "o:suppress-headers",
}
"""The field of the form for each option."""

# Their documented values are "yes" alone: to switch them off is to leave them out.
_YES_OR_NOTHING = frozenset(["t:text", "o:testmode"])


def option_fields(options: Mapping[str, Any]) -> dict[str, str | None]:
    """
    The fields of the form for options by name; those that are None are left out.

    Returns:
        Values as Mailgun wants them, None for a field that must not be sent.

    Raises:
        ConfigurationError: If a text is empty or has several lines.
    """
    fields: dict[str, str | None] = {}
    for option, value in options.items():
        if value is None:
            continue
        name = FIELD_OF_OPTION[option]
        if value is False and name in _YES_OR_NOTHING:
            fields[name] = None
            continue
        text = _text(value)
        if not text.strip() or not text.isprintable():
            raise ConfigurationError(f"mailgun: option {option!r} must be a text of one line")
        fields[name] = text
    return fields


def extra_of(message: Message) -> Mapping[str, Any]:
    """The message's own fields, by the names of Mailgun's API."""
    extra: Mapping[str, Any] = message.esp_extra.get(NAMESPACE, {})
    return extra


def with_extra(fields: Fields, message: Message) -> Fields:
    """The fields with those of ``esp_extra``, which replace what has the same name."""
    extra = extra_of(message)
    if not extra:
        return fields
    replaced = {_key(name) for name in extra}
    kept = [(name, value) for name, value in fields if _key(name) not in replaced]
    for name, value in extra.items():
        if name == SENDER_DOMAIN or value is None:
            continue
        values = value if isinstance(value, (list, tuple)) else (value,)
        kept += [(name, _text(each)) for each in values if each is not None]
    return kept


def texts_of(extra: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The names of fields with each of their texts; other values are left out."""
    for name, value in extra.items():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, str):
                yield name, each


def _key(name: str) -> str:
    """What is the same for all spellings of a field: names of headers ignore case."""
    return name.lower() if name[:2] in ("h:", "H:") else name


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(v, str) for v in value):
        return ",".join(value)
    return json.dumps(thaw(value))


@with_plain_texts
def mailgun_options(
    *,
    sender_domain: str | None = None,
    template_version: str | None = None,
    template_text: bool | None = None,
    template_variables: Mapping[str, object] | None = None,
    dkim: bool | None = None,
    secondary_dkim: str | None = None,
    secondary_dkim_public: str | None = None,
    deliver_within: str | None = None,
    deliverytime_optimize_period: str | None = None,
    time_zone_localize: str | None = None,
    test_mode: bool | None = None,
    tracking: Tracking | None = None,
    tracking_clicks: Tracking | None = None,
    tracking_opens: bool | None = None,
    tracking_pixel_location_top: bool | None = None,
    require_tls: bool | None = None,
    skip_verification: bool | None = None,
    sending_ip: str | None = None,
    sending_ip_pool: str | None = None,
    archive_to: str | None = None,
    suppress_headers: Iterable[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """
    Options of Mailgun for one message: ``Message(..., esp_extra=mailgun_options(dkim=False))``.

    Each wins over the message's own field and over the provider's option of the same name; those
    that are not given leave them.

    Args:
        sender_domain: The domain that Mailgun is to send through, if it is not that of
            ``from_email``.
        template_version: A version of the stored template, by its tag.
        template_text: Whether Mailgun makes a plain text part from the template.
        template_variables: Values for the stored template, of any type, in place of
            ``merge_global_data``.
        dkim: Whether to sign.
        secondary_dkim: A second key to sign with, as ``domain/selector``.
        secondary_dkim_public: The name under which that key is published.
        deliver_within: How long Mailgun tries, such as ``1h30m``: 5 minutes to 24 hours.
        deliverytime_optimize_period: The window for send time optimisation, ``24h`` to ``72h``.
        time_zone_localize: The recipients' local time to deliver at, ``16:00`` or ``04:00PM``.
        test_mode: Whether Mailgun accepts the message and does not send it (it costs as usual).
        tracking: Whether to track opens and clicks; ``htmlonly`` leaves links in the text alone.
        tracking_clicks: The same for clicks, as ``track_clicks`` of a message.
        tracking_opens: The same for opens, as ``track_opens`` of a message.
        tracking_pixel_location_top: Whether the tracking pixel stands first in the HTML.
        require_tls: Whether to give up rather than deliver without TLS.
        skip_verification: Whether to deliver whatever certificate the recipient's server has.
        sending_ip: An address of the account to send from.
        sending_ip_pool: The id of a pool of them.
        archive_to: A URL that Mailgun posts each delivered mail to, at the price of a mail.
        suppress_headers: Names of ``X-Mailgun-*`` headers to leave out of the delivered mail;
            ``["all"]`` for all of them.

    Returns:
        A mapping for ``esp_extra``, with the names of Mailgun's API.

    Raises:
        ConfigurationError: If a text is empty or has several lines.
    """
    fields: dict[str, Any] = dict(
        option_fields(
            {
                "template_version": template_version,
                "template_text": template_text,
                "dkim": dkim,
                "secondary_dkim": secondary_dkim,
                "secondary_dkim_public": secondary_dkim_public,
                "deliver_within": deliver_within,
                "deliverytime_optimize_period": deliverytime_optimize_period,
                "time_zone_localize": time_zone_localize,
                "test_mode": test_mode,
                "tracking": tracking,
                "tracking_clicks": tracking_clicks,
                "tracking_opens": tracking_opens,
                "tracking_pixel_location_top": tracking_pixel_location_top,
                "require_tls": require_tls,
                "skip_verification": skip_verification,
                "sending_ip": sending_ip,
                "sending_ip_pool": sending_ip_pool,
                "archive_to": archive_to,
                "suppress_headers": header_names(suppress_headers),
            }
        )
    )
    if template_variables is not None:
        fields["t:variables"] = template_variables
    if sender_domain is not None:
        fields[SENDER_DOMAIN] = sender_domain
    return {NAMESPACE: fields}


def header_names(names: Iterable[str] | None) -> Sequence[str] | None:
    """
    The option ``suppress_headers`` as a list; an empty one counts as not given.

    Raises:
        ConfigurationError: If it is one text, which would be taken for a list of letters.
    """
    if names is None:
        return None
    if isinstance(names, str):
        raise ConfigurationError("mailgun: suppress_headers must be a list of names")
    return list(names) or None
