"""Ids of messages, in one spelling."""

from __future__ import annotations


def bracketed(message_id: str | None) -> str | None:
    """
    A Message-ID in angle brackets, as the answer to a send has it; None for no id.

    Events have it with and without them.
    """
    bare = (message_id or "").strip().removeprefix("<").removesuffix(">").strip()
    if not bare:
        return None
    # RFC 5322, section 3.6.4: without an @ it is no Message-ID.
    return f"<{bare}>" if "@" in bare else bare
