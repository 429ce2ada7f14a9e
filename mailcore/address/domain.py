"""The one encoder of domains, wherever an address stands, and the comparison that rests on it."""

from __future__ import annotations

from functools import lru_cache

from mailcore.address.syntax import DOTS, MAX_ADDR_SPEC_OCTETS, addr_spec_fault


__all__ = ["address_key", "encode_domain"]


def encode_domain(domain: str) -> tuple[str, str]:
    """
    Encode a domain for DNS and SMTP: IDNA 2008 with UTS #46, not transitional.

    ASCII labels stay as they are: IDNA would refuse underscores, which do occur, and lower-case.

    Returns:
        The encoded domain, or else an empty text and the reason why there is none. A pair and no
        exception, so that the cache holds failures as well.
    """
    if len(domain) > MAX_ADDR_SPEC_OCTETS:
        return "", f"it is longer than {MAX_ADDR_SPEC_OCTETS} characters"
    return _encode(domain)


# Batches go to few domains, and encoding one takes some 50 µs (benchmarks/bulk.py). Bounded,
# because domains come from outside.
@lru_cache(maxsize=1024)
def _encode(domain: str) -> tuple[str, str]:
    import idna

    try:
        labels = [
            label if label.isascii() else idna.encode(label, uts46=True).decode("ascii")
            for label in DOTS.split(domain)
        ]
    except UnicodeError as error:  # the base of idna.IDNAError
        return "", f"IDNA 2008 does not allow it: {error}"
    encoded = ".".join(labels)
    reason = addr_spec_fault(f"x@{encoded}")
    return ("", reason) if reason else (encoded, "")


def address_key(address: str) -> str:
    """
    What two spellings of one address have in common: see :attr:`mailcore.Address.key`.

    Takes any text, as providers report it, and never fails.
    """
    if address.isascii() or "@" not in address:
        return address.lower()
    username, at, domain = address.rpartition("@")
    encoded, reason = encode_domain(domain)
    return f"{username}{at}{domain if reason else encoded}".lower()
