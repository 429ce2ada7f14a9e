"""
Email addresses: one value, one grammar, one encoder for their domains.

:class:`Address` is the value, :func:`parse_addresses` reads what people write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.address.address import Address, AddressInput, parse_address_list, parse_addresses
    from mailcore.address.domain import address_key, encode_domain
    from mailcore.address.encoded_words import encode_words, looks_encoded
    from mailcore.address.mentions import mentioned
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Address": "address.address",
            "AddressInput": "address.address",
            "parse_address_list": "address.address",
            "parse_addresses": "address.address",
            "address_key": "address.domain",
            "encode_domain": "address.domain",
            "encode_words": "address.encoded_words",
            "looks_encoded": "address.encoded_words",
            "mentioned": "address.mentions",
        },
    )

__all__ = [
    "Address",
    "AddressInput",
    "address_key",
    "encode_domain",
    "encode_words",
    "looks_encoded",
    "mentioned",
    "parse_address_list",
    "parse_addresses",
]
