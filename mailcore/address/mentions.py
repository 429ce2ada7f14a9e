"""Addresses in what a service says to people: the only place where some name whom they refuse."""

from __future__ import annotations

import re

from collections.abc import Iterable

from mailcore.address.domain import address_key


__all__ = ["mentioned"]


def mentioned(addresses: Iterable[str], text: str) -> list[str]:
    """
    Which addresses stand in a text, in any case, and not within a longer one.

    Args:
        addresses: Bare addresses, as they were sent; a domain may stand in the text in punycode.
        text: What a service says about some of them.

    Example:
        >>> mentioned(["Ada@example.net", "da@example.net"], "unknown: ada@example.net.")
        ['Ada@example.net']
    """
    lowered = text.lower()
    return [address for address in addresses if _is_mentioned(address, lowered)]


def _is_mentioned(address: str, text: str) -> bool:
    for spelling in {address.lower(), address_key(address)}:
        if spelling in text and re.search(
            rf"(?<![\w.!#$%&*+/=?^`{{|}}~-]){re.escape(spelling)}(?!\.?[\w-])", text
        ):
            return True
    return False
