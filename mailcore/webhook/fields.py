"""
The fields of a webhook's JSON, read with what is wrong with them told in words.

A notification that is not quite as documented still says something: a field that cannot be read
becomes None, and a line in the event's `defects` says which and why. Nothing here raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from mailcore.foundation.frozen import FrozenDict, freeze
from mailcore.webhook.timestamps import parse_timestamp


_NOTHING: Mapping[str, Any] = FrozenDict()
_ONLY_TEXTS = {str}


class Fields:
    """
    The fields of a JSON object.

    What is missing and what is null are the same, and so is an empty text: None. Defects name the
    field with those that it stands in: ```Geo.IP` is not a string``.

    Args:
        document: The object, as :func:`~mailcore.webhook.json_reading.read_object` reads it.
        defects: What cannot be read is added here; the fields within share the list.
        place: What stands in front of the names in defects, such as ``Geo.``.

    Example:
        >>> fields = Fields({"Type": 5, "Geo": {"IP": "192.0.2.1"}, "Tags": ["a", None]})
        >>> fields.required("Recipient"), fields.text("Type"), fields.within("Geo").text("IP")
        (None, None, '192.0.2.1')
        >>> fields.texts("Tags")
        ('a',)
        >>> for defect in fields.defects:
        ...     print(defect)
        `Recipient` is missing
        `Type` is not a string
        `Tags` has an entry that is not a string
    """

    __slots__ = ("_place", "defects", "document")

    def __init__(
        self,
        document: Mapping[str, Any],
        defects: list[str] | None = None,
        place: str = "",
    ) -> None:
        self.document = document
        self.defects: list[str] = [] if defects is None else defects
        self._place = place

    def __contains__(self, name: str) -> bool:
        return name in self.document

    def __bool__(self) -> bool:
        return bool(self.document)

    def tell(self, name: str, what: str) -> None:
        """Add a defect: `what` follows the name, as in ``is missing``."""
        self.defects.append(f"`{self._place}{name}` {what}")

    def text(self, name: str) -> str | None:
        """A text; None if it is missing, null or empty."""
        value = self.document.get(name)
        if type(value) is str:
            return value or None
        if value is not None:
            self.tell(name, "is not a string")
        return None

    def required(self, name: str) -> str | None:
        """A text that has to be there: a defect if it is missing, null or empty."""
        value = self.document.get(name)
        if type(value) is str and value:
            return value
        self.tell(name, "is not a string" if value else "is missing")
        return None

    def number(self, name: str) -> str | None:
        """A whole number, or the text of one, as a text: ids are spelled both ways."""
        value = self.document.get(name)
        if type(value) is int:
            return str(value)
        if value is None or type(value) is str:
            return value or None
        self.tell(name, "is not a number")
        return None

    def flag(self, name: str) -> bool | None:
        """True or False."""
        value = self.document.get(name)
        if value is None or type(value) is bool:
            return value
        self.tell(name, "is not a boolean")
        return None

    def time(
        self, name: str, read: Callable[[object], datetime | None] = parse_timestamp
    ) -> datetime | None:
        """
        A time that has to be there: a defect if it is missing or cannot be read.

        Args:
            name: The name of the field that holds a time.
            read: Reads the value: :func:`~mailcore.webhook.timestamps.parse_timestamp` (ISO 8601),
                or :func:`~mailcore.webhook.timestamps.parse_epoch` (seconds since 1970).
        """
        found = read(self.document.get(name))
        if found is None:
            self.tell(name, "cannot be read")
        return found

    def within(self, name: str) -> Fields:
        """
        The fields of an object; none if it is missing.

        An empty array counts as an empty object: programs that have one type for both write that.
        """
        value = self.document.get(name)
        if type(value) is not dict:
            if value is not None and value != []:
                self.tell(name, "is not an object")
            value = _NOTHING
        return Fields(value, self.defects, f"{self._place}{name}.")

    def each(self, name: str) -> Iterator[Fields]:
        """The fields of each object in an array; what is no object is left out, and a defect."""
        items = self.document.get(name)
        if type(items) is not list:
            if items is not None:
                self.tell(name, "is not an array")
            return
        place = f"{self._place}{name}[]."
        for item in items:
            if type(item) is dict:
                yield Fields(item, self.defects, place)
            else:
                self.tell(name, "has what is no object")

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of an array; what is no text is left out, and a defect."""
        items = self.document.get(name)
        if type(items) is not list:
            if items is not None:
                self.tell(name, "is not an array")
            return ()
        if {*map(type, items)} <= _ONLY_TEXTS:
            return tuple(items)
        self.tell(name, "has an entry that is not a string")
        return tuple([item for item in items if type(item) is str])

    def mapping(self, name: str) -> Mapping[str, Any]:
        """An object as it is, for `metadata`: immutable at any depth; empty if it is missing."""
        value = self.document.get(name)
        if type(value) is dict:
            found: Mapping[str, Any] = freeze(value)
            return found
        if value is not None and value != []:
            self.tell(name, "is not an object")
        return _NOTHING

    def pairs(self) -> list[tuple[str, str]]:
        """
        Names and texts, as of header fields in JSON: an array has the texts of one name.

        What is no text is left out, and a defect.
        """
        found: list[tuple[str, str]] = []
        for name, value in self.document.items():
            for each in value if type(value) is list else (value,):
                if type(each) is str:
                    found.append((name, each))
                else:
                    self.tell(name, "is not a string")
        return found

    @property
    def distinct_defects(self) -> tuple[str, ...]:
        """The defects in their order, each once."""
        return tuple(dict.fromkeys(self.defects))
