"""
Checks of names: what makes a sender look like another one.
"""

from __future__ import annotations

import re
import unicodedata

from collections.abc import Iterator

from mailcore.inbound import InboundAddress, InboundMessage
from mailcore_local.pages.checks.finding import Finding, listed


_ADDRESS = re.compile(r"[^\s<>\"(),;:@]+@([^\s<>\"(),;:@]+\.[^\s<>\"(),;:@]+)")
_DOMAIN = re.compile(
    r"\b((?:[a-z0-9-]{1,63}\.)+(?:com|org|net|de|uk|io|eu|gov|edu))\b", re.IGNORECASE
)
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
_LONGEST_NAME = 500
_JOINERS = "\u200c\u200d"


def check_names(mail: InboundMessage) -> Iterator[Finding]:
    """
    What makes the names of a mail look like those of somebody else.

    Args:
        mail: The mail as a recipient gets it.
    """
    addresses = [each for each in (mail.from_email, *mail.reply_to) if each is not None]
    if mail.from_email is None:
        yield Finding(
            level="problem",
            title="There is no sender",
            detail="RFC 5322 wants a From field with an address.",
            source="https://www.rfc-editor.org/rfc/rfc5322#section-3.6",
        )
    yield from _other_addresses(addresses)
    named = [("From", each.display_name) for each in addresses]
    named += [("To", each.display_name) for each in (*mail.to, *mail.cc)]
    named.append(("Subject", mail.subject or ""))
    invisible = [f"{field}: {readable(text)}" for field, text in named if hidden_in(text)]
    if invisible:
        yield Finding(
            level="warning",
            title="A name or the subject has characters that cannot be seen",
            detail="They turn or hide what stands around them: nobody can tell what it says.",
            found=listed(invisible),
            source="https://www.unicode.org/reports/tr36/",
        )
    mixed = [f"{field}: {text}" for field, text in named if has_mixed_scripts(text)]
    mixed += [f"From: {each.domain}" for each in addresses if has_mixed_scripts(_decoded(each))]
    if mixed:
        yield Finding(
            level="warning",
            title="A word mixes alphabets that look alike",
            detail="The Latin a and the Cyrillic one are two letters: filters call that forged.",
            found=listed(mixed),
            source="https://www.unicode.org/reports/tr39/",
        )


def _other_addresses(addresses: list[InboundAddress]) -> Iterator[Finding]:
    claimed = []
    for each in addresses:
        name = each.display_name[:_LONGEST_NAME]
        named = [*_ADDRESS.findall(name), *_DOMAIN.findall(name)]
        domain = each.domain.lower()
        if any(not _belongs(found.lower(), domain) for found in named):
            claimed.append(f"{name} <{each.addr_spec}>")
    if claimed:
        yield Finding(
            level="warning",
            title="A name looks like another address",
            detail="Mail programs show the name and hide the address, so filters treat a foreign"
            " domain in it as spoofing. Use a name without an address.",
            found=listed(claimed),
        )


def _belongs(name: str, domain: str) -> bool:
    return name == domain or domain.endswith(f".{name}") or name.endswith(f".{domain}")


def _decoded(address: InboundAddress) -> str:
    try:
        return address.domain.encode("ascii").decode("idna")
    except (UnicodeError, ValueError):
        return address.domain


def hidden_in(text: str) -> bool:
    """
    Whether a text has format or control characters, such as those that turn its direction.

    Joiners count only where nothing is joined: scripts and emoji need them.
    """
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if character in _JOINERS:
            if before.isascii() or after.isascii():
                return True
        elif unicodedata.category(character) in ("Cc", "Cf") and character != "\t":
            return True
    return False


def readable(text: str) -> str:
    r"""
    A text with its invisible characters written out, as in `\u202e`.
    """
    return "".join(
        f"\\u{ord(each):04x}" if unicodedata.category(each) in ("Cc", "Cf") else each
        for each in text
    )


def has_mixed_scripts(text: str) -> bool:
    """
    Whether a word has letters of two of the alphabets that share shapes.
    """
    return any(len(_scripts(word)) > 1 for word in re.split(r"[\s.@-]+", text))


def _scripts(word: str) -> set[str]:
    names = (unicodedata.name(each, "") for each in word if each.isalpha())
    return {script for name in names for script in _SCRIPTS if name.startswith(script)}
