"""
What is looked for in the mailbox.
"""

from __future__ import annotations

import re

from dataclasses import dataclass, fields, replace

from mailcore_local.mailbox.states import RECIPIENT_STATES


_TERM = re.compile(r'(?:(\w+):)?(?:"([^"]*)"?|(\S+))')

# What people write -> the field.
_NAMES = {
    "from": "sender",
    "to": "recipient",
    "subject": "subject",
    "tag": "tag",
    "metadata": "metadata",
    "provider": "face",
    "face": "face",
    "state": "state",
    "is": "state",
}


@dataclass(frozen=True, kw_only=True)
class MailQuery:
    """
    All that is given has to fit; a text fits where its words begin words of the mail, in any case.

    Attributes:
        words: Words anywhere in sender, recipients, subject, tags and metadata.
        sender: Words of the From header.
        recipient: Words of a recipient's address or name: To, Cc and Bcc.
        subject: Words of the subject.
        tag: Words of a tag.
        metadata: Words of the names and values of the metadata.
        face: The name of the provider.
        state: A state that at least one recipient has.
    """

    words: str = ""
    sender: str = ""
    recipient: str = ""
    subject: str = ""
    tag: str = ""
    metadata: str = ""
    face: str = ""
    state: str = ""

    def __post_init__(self) -> None:
        if self.state and self.state not in RECIPIENT_STATES:
            known = ", ".join(RECIPIENT_STATES)
            raise ValueError(f"unknown state {self.state[:40]!r}; known are {known}")

    @classmethod
    def parse(cls, text: str) -> MailQuery:
        """
        Read what somebody typed: ``from:shop to:"ada lovelace" state:bounced invoice``.

        Args:
            text: Words, and words behind ``from:``, ``to:``, ``subject:``, ``tag:``, ``metadata:``,
                ``provider:`` and ``state:``; quotes hold words together. A name that is none of
                them is a word.

        Raises:
            ValueError: There is no such state.
        """
        found: dict[str, list[str]] = {}
        for name, quoted, bare in _TERM.findall(text[:1000]):
            value = quoted or bare
            field_name = _NAMES.get(name.lower())
            if field_name is None:
                found.setdefault("words", []).append(f"{name} {value}" if name else value)
            elif value:
                found.setdefault(field_name, []).append(value)
        query = cls()
        for field_name, values in found.items():
            value = " ".join(values)
            exact = field_name in ("face", "state")
            query = replace(query, **{field_name: value.lower() if exact else value})
        return query

    @property
    def is_empty(self) -> bool:
        """
        Whether nothing is asked for, so that every mail fits.
        """
        return not any(getattr(self, each.name) for each in fields(self))
