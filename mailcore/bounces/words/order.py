"""
The order in which causes are looked for: the first with a phrase that matches decides.

Who was refused (the sender, the address, the mail) is told apart before why; each module of phrases
says what else has to come before what.
"""

from __future__ import annotations

from mailcore.bounces.words import (
    Cause,
    Table,
    domain,
    gone,
    mail,
    mailbox,
    network,
    nobody,
    refusal,
    sender,
)


__all__ = ["fallback_words", "words"]


def words() -> Table:
    """What a server says and means, whatever codes stand before it."""
    return _table(
        (Cause.TEMPORARY, network.TEMPORARY),
        (Cause.SENDER, sender.SENDER),
        (Cause.POLICY, sender.AUTHENTICATION),
        (Cause.BLOCKED, sender.SENDING_HOST),
        (Cause.TOO_LARGE, mail.TOO_LARGE),
        (Cause.FULL, mailbox.FULL),
        (Cause.RELAYING, domain.RELAYING),
        (Cause.RATE, sender.RATE),
        (Cause.MOVED, mailbox.MOVED),
        (Cause.ACCEPTS_NO_MAIL, domain.ACCEPTS_NO_MAIL),
        (Cause.NO_DOMAIN, domain.NO_DOMAIN),
        (Cause.DISABLED, mailbox.DISABLED_NOT_GONE),
        (Cause.NO_MAILBOX, gone.MAILBOX_GONE + nobody.NOBODY_THERE),
        (Cause.NETWORK, network.NETWORK),
        (Cause.DISABLED, mailbox.DISABLED),
        (Cause.EXPIRED, network.EXPIRED),
        (Cause.SPAM, mail.SPAM),
        (Cause.CONTENT, mail.CONTENT),
        (Cause.BLOCKED, sender.BLOCKED),
        (Cause.SYSTEM, network.SYSTEM),
        (Cause.POLICY, refusal.POLICY),
    )


def fallback_words() -> Table:
    """What counts only where no status says more."""
    return _table(
        (Cause.TEMPORARY, refusal.TRY_AGAIN),
        (Cause.NO_MAILBOX, refusal.MAILBOX_REFUSED),
        (Cause.POLICY, refusal.REFUSED),
        (Cause.SYSTEM, refusal.UNAVAILABLE),
        (Cause.POLICY, refusal.IN_REPLY),
    )


def _table(*rows: tuple[Cause, str]) -> Table:
    """Phrases, one a line, in the parts that are looked for."""
    return tuple(
        (
            cause,
            tuple(
                tuple(f" {part}" for part in line.strip().replace("$", " ").split("…"))
                for line in phrases.split("\n")
                if line.strip()
            ),
        )
        for cause, phrases in rows
    )
