"""Parts of the form that the two endpoints of Mailgun share."""

from __future__ import annotations

import re

from collections.abc import Iterable, Mapping
from datetime import timezone
from email.utils import format_datetime

from mailcore.address import Address, encode_words, parse_address_list
from mailcore.message import ADDRESS_HEADERS, Message
from mailcore_mailgun.options import Fields


# Mailgun writes an invalid header of such a name: https://github.com/anymail/django-anymail/
# issues/270 (read 2026-11-21; its author tested the API).
_MISQUOTED = re.compile(r'[(),"]')


def is_misquoted(address: Address) -> bool:
    """Whether Mailgun would write the name of this person wrongly."""
    name = address.display_name
    return not name.isascii() and _MISQUOTED.search(name) is not None


def bare(address: Address) -> str:
    """The addr-spec with its domain encoded; a local part outside ASCII stays."""
    if address.addr_spec.isascii():
        return address.addr_spec
    return f"{address.username}@{address.ascii_domain}"


def named(address: Address) -> str:
    """The address with its name, which Mailgun encodes, but for those that it would misquote."""
    if not address.display_name:
        return bare(address)
    if is_misquoted(address):
        return f"{' '.join(encode_words(address.display_name))} <{bare(address)}>"
    if address.addr_spec.isascii():
        return address.format()
    return Address(bare(address), address.display_name).format()


def joined(addresses: Iterable[Address]) -> str:
    """The value of an address header."""
    return ", ".join(map(named, addresses))


def header_text(name: str, value: str) -> str:
    """The value of a header: the domains of addresses are encoded."""
    if value.isascii() or name.lower() not in ADDRESS_HEADERS:
        return value
    return joined(parse_address_list(value, field=f"headers[{name!r}]"))


def headers_of(message: Message) -> dict[str, str]:
    """The headers for ``h:`` fields, by name; those of the message win over those made here."""
    fields: dict[str, str] = {}
    if message.other_authors and "Sender" not in message.headers:
        # RFC 5322, section 3.6.2
        fields["Sender"] = joined(message.authors[:1])
    if message.reply_to:
        fields["Reply-To"] = joined(message.reply_to)
    if message.unsubscribe is not None:
        fields.update(
            (name, value)
            for name, value in message.unsubscribe.headers.items()
            if name not in message.headers
        )
    if message.headers:
        fields.update(
            (name, header_text(name, value)) for name, value in message.headers.items_as_given()
        )
    return fields


def option_pairs(message: Message, options: Mapping[str, str]) -> Fields:
    """``o:`` and ``t:`` fields: the provider's, and what the message says in their place."""
    fields: Fields = [("o:tag", tag) for tag in message.tags]
    chosen = dict(options)
    if message.template_id is None:
        # They describe a template that there is none of.
        chosen.pop("t:version", None)
        chosen.pop("t:text", None)
    if message.send_at is not None:
        # RFC 2822, says the API's reference of this field (read 2026-11-21).
        chosen["o:deliverytime"] = format_datetime(message.send_at.astimezone(timezone.utc))
    if message.track_opens is not None or message.track_clicks is not None:
        _track(message, chosen)
    fields += chosen.items()
    return fields


def _track(message: Message, chosen: dict[str, str]) -> None:
    # o:tracking is both switches in one, and nobody says which wins when they differ.
    both = chosen.pop("o:tracking", None)
    if both is not None:
        chosen.setdefault("o:tracking-clicks", both)
        chosen.setdefault("o:tracking-opens", "no" if both == "no" else "yes")
    if message.track_clicks is not None:
        chosen["o:tracking-clicks"] = "yes" if message.track_clicks else "no"
    if message.track_opens is not None:
        chosen["o:tracking-opens"] = "yes" if message.track_opens else "no"
