"""Ids and addresses as webhooks spell them: never failing, because strangers write them too."""

from __future__ import annotations

from mailcore.address.address import Address
from mailcore.errors import InvalidAddress


def bracketed_id(message_id: str | None) -> str | None:
    """
    A Message-ID in angle brackets, which many services leave out of events; None for no id.

    Args:
        message_id: The id, with brackets or without.
    """
    bare = (message_id or "").strip().removeprefix("<").removesuffix(">").strip()
    if not bare:
        return None
    # RFC 5322, section 3.6.4: without an @ it is no Message-ID.
    return f"<{bare}>" if "@" in bare else bare


def addr_spec_in(text: str) -> str:
    """
    The addr-spec of ``a@example.com`` or ``"Name" <a@example.com>``, as it is spelled there.

    Args:
        text: An address; what is none stays as it is. Empty for the null address.
    """
    text = text.strip()
    if "<" not in text:
        return text
    try:
        return Address.parse(text).addr_spec
    except InvalidAddress:
        return text.rpartition("<")[2].partition(">")[0].strip()
