"""Values as Mailgun writes them, read: never failing, because strangers write them too."""

from __future__ import annotations

from mailcore.address import Address
from mailcore.errors import InvalidAddress


def bracketed(message_id: str | None) -> str | None:
    """
    A Message-ID as the answer to a send has it: in angle brackets, which events leave out.

    None for no id.
    """
    message_id = (message_id or "").strip()
    if not message_id:
        return None
    if message_id.startswith("<") or "@" not in message_id:
        # RFC 5322, section 3.6.4: without an @ it is no Message-ID.
        return message_id
    return f"<{message_id}>"


def bare_address(text: str) -> str:
    """
    The addr-spec, as Mailgun spells it.

    What is no address stays as it is. Empty for the null address.
    """
    text = text.strip()
    if "<" not in text:
        return text
    try:
        return Address.parse(text).addr_spec
    except InvalidAddress:
        return text.rpartition("<")[2].partition(">")[0].strip()


def address_list(text: str) -> tuple[str, ...]:
    """The addr-specs of a list with commas, each once."""
    found = (bare_address(piece) for piece in text.split(","))
    return tuple(dict.fromkeys(address for address in found if address))
