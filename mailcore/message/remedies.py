"""
Remedies: how a message goes without what its provider cannot express.

A :class:`~mailcore.errors.Problem` that is found in a message may bring one. A mailer that is told
to drop the problem's feature (``unsupported={"tags": "drop"}``) applies it, has the message checked
again, and says on the result and in the log what was done. A problem without a remedy is raised.

What a remedy may touch is bounded: see :data:`KEPT`. Whoever writes a plugin takes one of the
remedies below::

    def check(self, message):
        for name in message.headers:
            if name.lower().startswith("x-acme-"):
                reason = f"headers[{name!r}]: Acme obeys it"
                yield Problem("headers", reason, feature="headers", remedy=WithoutHeaders((name,)))

or makes a subclass of :class:`Remedy` with what its service needs.
"""

from __future__ import annotations

import dataclasses

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from mailcore.foundation.redaction import shown_name
from mailcore.message.attachment import Attachment
from mailcore.message.fields import FIELDS
from mailcore.message.message import Message


KEPT: Final = tuple(each.name for each in FIELDS if not each.droppable)
"""
Fields that no remedy may change: without these, somebody gets no mail, or another one than was
meant, or at another time. Nor may a remedy make one mail of several, or take out a To header that
keeps addresses of `to` from other recipients: both would show recipients to each other. An empty
mapping may take the place of another one (see :class:`SeparateBy`).
"""

BatchField: TypeAlias = Literal["merge_metadata", "merge_headers"]
"""What is one recipient's, and no reason to send another mail."""

OneField: TypeAlias = Literal[
    "other_authors",
    "reply_to",
    "alternatives",
    "attachments",
    "envelope_sender",
    "metadata",
    "tags",
    "track_opens",
    "track_clicks",
    "merge_metadata",
    "merge_headers",
    "unsubscribe",
]
"""A field of a message that it may go without, whatever else it says."""


class Remedy(ABC):
    """
    One change to a message, small enough to travel with an exception.

    A subclass is a frozen dataclass in a module, so that it can be pickled. Its text says what is
    done, with neither addresses nor values.
    """

    @abstractmethod
    def apply(self, message: Message) -> Message:
        """The message without it; the same if there is nothing to do."""

    @abstractmethod
    def __str__(self) -> str:
        """What is done: "`unsubscribe` is left out"."""

    def __repr__(self) -> str:
        # The values may be anybody's: names of headers, keys of metadata.
        return f"<{type(self).__name__}: {self}>"


@dataclass(frozen=True, repr=False)
class Without(Remedy):
    """A field goes altogether."""

    field: OneField

    def apply(self, message: Message) -> Message:
        """The message without the field."""
        return _replaced(message, self.field, None)

    def __str__(self) -> str:
        return f"`{self.field}` is left out"


@dataclass(frozen=True, repr=False)
class First(Remedy):
    """Keeps only the first items of a list."""

    field: Literal["other_authors", "reply_to", "tags", "alternatives", "attachments"]
    count: int

    def apply(self, message: Message) -> Message:
        """The message with that many of them."""
        return _replaced(message, self.field, getattr(message, self.field)[: self.count])

    def __str__(self) -> str:
        stays = "stays" if self.count == 1 else "stay"
        return f"the first {self.count} of `{self.field}` {stays}"


@dataclass(frozen=True, repr=False)
class WithoutItems(Remedy):
    """Takes some items out of a list."""

    field: Literal["reply_to", "tags", "alternatives", "attachments"]
    positions: tuple[int, ...]

    def apply(self, message: Message) -> Message:
        """The message with the others."""
        items = enumerate(getattr(message, self.field))
        return _replaced(
            message, self.field, [item for at, item in items if at not in self.positions]
        )

    def __str__(self) -> str:
        return _told(self.field, self.positions, "left out")


@dataclass(frozen=True, repr=False)
class WithoutHeaders(Remedy):
    """
    Some headers go, in any case of their names.

    Args:
        names: The names of the headers that are left out.
        field: ``headers``, or ``merge_headers`` for those of every recipient.
    """

    names: tuple[str, ...]
    field: Literal["headers", "merge_headers"] = "headers"

    def apply(self, message: Message) -> Message:
        """The message with the others."""
        if self.field == "headers":
            return _replaced(message, "headers", message.headers.without(*self.names))
        own = message.merge_headers or {}
        kept = {address: headers.without(*self.names) for address, headers in own.items()}
        return _replaced(message, "merge_headers", kept)

    def __str__(self) -> str:
        names = ", ".join(map(shown_name, self.names[:3]))
        more = f" and {len(self.names) - 3} more" if len(self.names) > 3 else ""
        is_are = "is" if len(self.names) == 1 else "are"
        return f"of `{self.field}`, {names}{more} {is_are} left out"


@dataclass(frozen=True, repr=False)
class WithoutKeys(Remedy):
    """
    Takes some keys out of the metadata.

    Args:
        keys: The keys that are left out.
        field: ``metadata``, or ``merge_metadata`` for those of every recipient.
    """

    keys: tuple[str, ...]
    field: Literal["metadata", "merge_metadata"] = "metadata"

    def apply(self, message: Message) -> Message:
        """The message with the others."""
        if self.field == "metadata":
            return _replaced(message, "metadata", self._kept(message.metadata))
        own = message.merge_metadata or {}
        kept = {address: self._kept(metadata) for address, metadata in own.items()}
        return _replaced(message, "merge_metadata", kept)

    def _kept(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in metadata.items() if key not in self.keys}

    def __str__(self) -> str:
        entries = "1 entry is" if len(self.keys) == 1 else f"{len(self.keys)} entries are"
        return f"of `{self.field}`, {entries} left out"


@dataclass(frozen=True, repr=False)
class Emptied(Remedy):
    """What single recipients have goes; each of them gets a mail of their own all the same."""

    field: BatchField

    def apply(self, message: Message) -> Message:
        """The message with an empty mapping."""
        return _replaced(message, self.field, {})

    def __str__(self) -> str:
        return f"what `{self.field}` has is left out"


@dataclass(frozen=True, repr=False)
class SeparateBy(Remedy):
    """
    A field that alone makes a batch of the message goes, and another one does so in its place.

    Args:
        other: The field that is given as an empty mapping instead.
        field: The field that is left out.
    """

    other: BatchField | Literal["merge_data"]
    field: BatchField

    def apply(self, message: Message) -> Message:
        """The message, each of whose recipients still gets a mail of their own."""
        changes: Any = {self.field: None, self.other: {}}
        return message.replace(**changes)

    def __str__(self) -> str:
        return f"`{self.field}` is left out; the mails stay separate by an empty `{self.other}`"


@dataclass(frozen=True, repr=False)
class AsFiles(Remedy):
    """Inline images become plain attachments: not in the HTML, but in the list of files."""

    positions: tuple[int, ...]

    def apply(self, message: Message) -> Message:
        """The message with files in their places."""
        files = [
            dataclasses.replace(part, content_id=None, disposition="attachment")
            if at in self.positions
            else part
            for at, part in enumerate(message.attachments)
        ]
        return _replaced(message, "attachments", files)

    def __str__(self) -> str:
        return _told("attachments", self.positions, "a plain attachment", "plain attachments")


@dataclass(frozen=True, repr=False)
class Named(Remedy):
    """A file without a name gets one."""

    position: int

    def apply(self, message: Message) -> Message:
        """The message with a file called ``attachment``, and what its type ends in."""
        files = [
            dataclasses.replace(part, filename=_name_of(part)) if at == self.position else part
            for at, part in enumerate(message.attachments)
        ]
        return _replaced(message, "attachments", files)

    def __str__(self) -> str:
        return f"`attachments[{self.position}]` gets a name"


def _name_of(part: Attachment) -> str:
    if part.filename:
        return part.filename
    from mailcore.message.file_types import extension_of

    return f"attachment{extension_of(part.mime_type)}"


def _replaced(message: Message, field: str, value: object) -> Message:
    changes: Any = {field: value}
    return message.replace(**changes)


def _told(field: str, positions: Sequence[int], one: str, many: str = "") -> str:
    places = ", ".join(f"`{field}[{at}]`" for at in positions[:3])
    more = f" and {len(positions) - 3} more" if len(positions) > 3 else ""
    return f"{places}{more} {'is ' + one if len(positions) == 1 else 'are ' + (many or one)}"
