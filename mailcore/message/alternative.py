"""Further forms of the body."""

from __future__ import annotations

import re

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailcore.errors import InvalidMessage, Problem, raise_problems
from mailcore.foundation.text_values import is_text, plain_text
from mailcore.message.calendar_method import CALENDAR, with_method
from mailcore.message.content_type import content_type_of, mime_type_of
from mailcore.message.documents import require_keys


_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """
    A further form of the body: a calendar invitation, AMP.

    Args:
        content: The body as text.
        content_type: ``type/subtype`` with parameters, such as ``text/calendar; method=REQUEST``.
            The charset is always UTF-8; the method of a calendar is that of its METHOD line.

    Raises:
        InvalidMessage: With everything that is wrong.
    """

    content: str = field(repr=False)
    content_type: str

    def __init__(self, content: str, content_type: str) -> None:
        problems: list[Problem] = []
        text = ""
        if not is_text(content):
            reason = f"content of an alternative must be str, not {type(content).__name__}"
            problems.append(Problem("alternatives", reason, kind="type"))
        else:
            text = plain_text(content)
            if _SURROGATE.search(text):
                problems.append(Problem("alternatives", "content holds a lone surrogate"))
        kind = content_type_of(content_type, problems)
        if mime_type_of(kind) == CALENDAR:
            kind = with_method(kind, text, problems)
        if problems:
            raise_problems(problems, InvalidMessage)
        vars(self).update(content=text, content_type=kind)

    @property
    def mime_type(self) -> str:
        """``type/subtype`` in lower case, without parameters."""
        return mime_type_of(self.content_type)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {"content": self.content, "content_type": self.content_type}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Alternative:
        """
        Read :meth:`to_dict`'s output.

        Raises:
            InvalidMessage: If a key is unknown or a value cannot be read.
        """
        require_keys(data, "an alternative", "alternatives", ("content", "content_type"))
        return cls(data.get("content", ""), data.get("content_type", ""))
