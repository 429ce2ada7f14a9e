"""Files of this machine that a message takes along: reading one, and saying why it cannot be."""

from __future__ import annotations

import os
import re

from typing import TYPE_CHECKING

from mailcore.errors import InvalidMessage, InvalidMessageType, Problem
from mailcore.foundation.redaction import shown_text
from mailcore.foundation.text_values import is_text, plain_text


if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["names_the_file", "read_file"]

# How much of a path an error shows.
_LONGEST_PATH = 300


def read_file(path: str | os.PathLike[str]) -> tuple[str, bytes]:
    """
    The name and the content of a file.

    Raises:
        InvalidMessage: If it cannot be read, naming the file.
        InvalidMessageType: If it is no path.
    """
    from pathlib import Path

    try:
        file = Path(plain_text(path) if is_text(path) else path)
    except TypeError:
        reason = f"path of an attachment must be str or PathLike, not {type(path).__name__}"
        raise InvalidMessageType([Problem("attachments", reason, kind="type")]) from None
    try:
        content = file.read_bytes()
    except (OSError, ValueError) as error:
        # Not chained: the cause repeats the path, with whatever stands in it.
        why = getattr(error, "strerror", None) or "it is no path"
        path_shown = file.name or str(file) if file.is_absolute() else str(file)
        reason = f"cannot read attachment '{_shown_path(path_shown)}': {why}"
        raise InvalidMessage([Problem("attachments", reason, _path_hint(file))]) from None
    return file.name, content


def names_the_file(content: str, filename: str | None) -> bool:
    """Whether a text is a path of that name: nobody attaches a file that says its own name."""
    if not filename:
        return False
    return len(content) <= _LONGEST_PATH and re.split(r"[/\\]", content.strip())[-1] == filename


def _path_hint(file: Path) -> str:
    """Where it was looked for, if that is not what the path says."""
    from pathlib import Path

    try:
        return "" if file.is_absolute() else f"looked for in {_shown_path(str(Path.cwd()))}"
    except OSError:
        return "the directory of this process is gone"


def _shown_path(path: str) -> str:
    return shown_text(path, _LONGEST_PATH)
