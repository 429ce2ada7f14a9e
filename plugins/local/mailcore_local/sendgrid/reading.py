"""
Values of a body: read leniently, with a complaint for each that is not as it has to be.
"""

from __future__ import annotations

import re

from collections.abc import Mapping, Sequence
from typing import Any

from mailcore.address import Address
from mailcore.errors import InvalidAddress
from mailcore_local.composing import Mailbox
from mailcore_local.sendgrid.errors import Complaint


_HEADER_NAME = re.compile(r"[!-9;-~]+")
_RESERVED = frozenset(
    {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "to", "from"}
    | {"content-transfer-encoding", "subject", "reply-to", "cc", "bcc"}
)


class Reader:
    """
    Reads values, and collects what is wrong with them.
    """

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []

    def complain(self, message: str, place: str) -> None:
        """
        Note a complaint about a place.
        """
        self.complaints.append(Complaint(message, place))

    def mapping(self, value: object, place: str) -> Mapping[str, Any]:
        """
        An object; an empty one for nothing and for anything else.
        """
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.complain("Invalid type. Expected: object.", place)
        return {}

    def items(self, value: object, place: str) -> Sequence[Any]:
        """
        An array; an empty one for nothing and for anything else.
        """
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self.complain("Invalid type. Expected: array.", place)
        return []

    def text(self, value: object, place: str) -> str:
        """
        A text; an empty one for nothing and for anything else.
        """
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        self.complain("Invalid type. Expected: string.", place)
        return ""

    def texts(self, value: object, place: str) -> dict[str, str]:
        """
        An object whose values are texts.
        """
        found: dict[str, str] = {}
        for name, item in self.mapping(value, place).items():
            if isinstance(item, str):
                found[name] = item
            else:
                self.complain("The value must be a string.", f"{place}.{name}")
        return found

    def mailbox(self, value: object, place: str) -> Mailbox | None:
        """
        An object with an address and perhaps a name.
        """
        fields = self.mapping(value, place)
        email = self.text(fields.get("email"), f"{place}.email")
        name = self.text(fields.get("name"), f"{place}.name")
        try:
            Address(email)
        except InvalidAddress:
            self.complain("Does not contain a valid address.", f"{place}.email")
            return None
        return Mailbox(email, name)

    def mailboxes(self, value: object, place: str) -> tuple[Mailbox, ...]:
        """
        An array of those.
        """
        found = (
            self.mailbox(item, f"{place}.{n}") for n, item in enumerate(self.items(value, place))
        )
        return tuple(each for each in found if each is not None)

    def headers(self, value: object, place: str) -> dict[str, str]:
        """
        Header fields that a caller may set.
        """
        found = self.texts(value, place)
        for name, text in found.items():
            if name.lower() in _RESERVED or not _HEADER_NAME.fullmatch(name):
                self.complain("This header may not be set, or is none.", f"{place}.{name}")
            elif any(c in text for c in "\r\n\0"):
                self.complain("A header value has a line break in it.", f"{place}.{name}")
        return found
