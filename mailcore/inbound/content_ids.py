"""
Which of a mail's files its HTML refers to, by which Content-ID, where a service tells it apart.

Some services give each file with its Content-ID: :func:`shown_content_ids` tells which of them are
shown. Others have a map beside the files.

That is a JSON object from Content-IDs to names of files, written by programs that do not look
whether a mail has one Content-ID twice: then the object has one name twice, of which JSON readers
keep the last.
"""

from __future__ import annotations

import json
import re

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from mailcore.inbound.composing import ReceivedFile


_SHOWN = re.compile(r"cid:([^\s\"'<>)]+)", re.IGNORECASE)


def shown_content_ids(html: str) -> frozenset[str]:
    """
    The Content-IDs that an HTML refers to, without angle brackets.

    Mail programs give a Content-ID to files that they do not show, too.
    """
    # RFC 2392: percent-encoded in the URL. One pass: there may be many files.
    return frozenset(unquote(reference) for reference in _SHOWN.findall(html))


class RepeatingObject(dict[str, Any]):
    """A JSON object that knows the pairs that it was made of, repeated names among them."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self.pairs = tuple(pairs)
        super().__init__(self.pairs)


def read_repeating_json(text: str | bytes) -> Any:
    """
    Read JSON, objects as :class:`RepeatingObject`.

    Raises:
        ValueError: If the text is not JSON.
        RecursionError: If it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=RepeatingObject)


def content_ids(
    given: object, names: Iterable[str], defects: list[str], *, field: str
) -> Mapping[str, str]:
    """
    The Content-ID of each file that has one.

    Args:
        given: The map, or its JSON, or None.
        names: What the map may call the files.
        defects: What cannot be read, or is ambiguous, is added here, in words.
        field: What the service calls the map.

    Returns:
        Content-IDs by the names of files; two files that have the same one are both there.
    """
    if isinstance(given, str):
        try:
            given = read_repeating_json(given)
        except (ValueError, RecursionError):
            given = ""
    if given is None:
        return {}
    if not isinstance(given, dict):
        defects.append(f"`{field}` is not a JSON object")
        return {}
    known = frozenset(names)
    found: dict[str, str] = {}
    seen: set[str] = set()
    for content_id, name in given.pairs if isinstance(given, RepeatingObject) else given.items():
        if content_id in seen:
            defects.append(f"`{field}` has a Content-ID more than once")
        seen.add(content_id)
        if not isinstance(name, str) or name not in known:
            defects.append(f"`{field}` names a file that is not there")
        elif name in found:
            defects.append(f"`{field}` has a file more than once")
        else:
            found[name] = content_id
    return found


def received_files(
    contents: Iterable[tuple[str, ReceivedFile]],
    content_id_map: object,
    defects: list[str],
    *,
    field: str,
) -> Iterator[ReceivedFile]:
    """
    Files of a mail, those that the HTML refers to with their Content-ID.

    Args:
        contents: Each file with what the map calls it.
        content_id_map: The map, from Content-IDs to names; or its JSON; or None.
        defects: What cannot be read is added here, in words.
        field: What the service calls the map.
    """
    files = list(contents)
    ids = content_ids(content_id_map, [name for name, _ in files], defects, field=field)
    for name, file in files:
        content_id = ids.get(name)
        yield ReceivedFile(
            content=file.content,
            filename=file.filename,
            content_type=file.content_type,
            content_id=content_id,
            inline=content_id is not None,
        )
