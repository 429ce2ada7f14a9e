"""
What servers say when they refuse a mail: phrases, and the cause that each tells.

A phrase stands for words as :func:`mailcore.bounces.judging.judge` compares them: in lower case,
between single spaces, without punctuation, codes and addresses. It matches where a word begins;
``…`` stands for up to 60 characters, and ``$`` for the end of a word. The first cause with a phrase
that matches decides, so the order of the causes is part of the table: who was refused (the sender,
the address, the mail) is told apart before why. Collected from the documentation and the answers of
Postfix, Exim, Sendmail, qmail, Exchange, Gmail, Yahoo, Proofpoint, Mimecast and others
(2026-11-30).

The phrases stand in modules by what they are about, one a line; ``order`` puts them in order. They
are loaded for the first non-delivery that is judged.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias


class Cause(str, Enum):
    """Why a mail was not delivered."""

    # Equal to its text, so hashed like it; and Enum's own, in Python, takes as long as a look-up
    # (benchmarks/webhooks.py).
    __hash__ = str.__hash__

    NO_MAILBOX = "no_mailbox"
    """Nobody has this address."""
    MOVED = "moved"
    """The person has another address now."""
    NO_DOMAIN = "no_domain"
    """The address's domain does not exist, or cannot be routed to."""
    ACCEPTS_NO_MAIL = "accepts_no_mail"
    """The domain or its host declares that it takes no mail at all."""
    DISABLED = "disabled"
    """The mailbox exists and is switched off, perhaps for a time."""
    FULL = "full"
    TOO_LARGE = "too_large"
    RATE = "rate"
    """Too many mails, connections or recipients; greylisting."""
    BLOCKED = "blocked"
    """The sending host or its reputation."""
    SPAM = "spam"
    """The mail looks like spam."""
    CONTENT = "content"
    """The mail holds what is not accepted: a virus, an attachment, a malformed header."""
    POLICY = "policy"
    """A rule of the receiving side, authentication of mail among them."""
    SENDER = "sender"
    """The sender's address is not accepted."""
    RELAYING = "relaying"
    """The server that was asked is not in charge of the domain."""
    EXPIRED = "expired"
    """It was tried for too long."""
    NETWORK = "network"
    """No server could be reached."""
    SYSTEM = "system"
    """The receiving side is out of order."""
    TEMPORARY = "temporary"
    """A 4yz answer that says no more."""
    UNCLEAR = "unclear"

    def __str__(self) -> str:
        return str(self.value)


Table: TypeAlias = "tuple[tuple[Cause, tuple[tuple[str, ...], ...]], ...]"
"""Causes in the order of precedence, each with phrases in the parts that are looked for."""
