"""Metadata and tags of a message, from what an SES event repeats of its headers."""

from __future__ import annotations

import binascii
import re

from base64 import b64decode
from collections.abc import Mapping
from quopri import decodestring
from typing import Any

from mailcore.errors import MalformedWebhook
from mailcore.foundation import FrozenDict, freeze
from mailcore.webhook import read_object


_NOTHING: FrozenDict[str, Any] = FrozenDict()
_OWN_TAG = "ses:"
"""What the names of the message tags begin with that SES adds by itself."""

_FOLD = re.compile(r"\r?\n(?=[ \t])")
# RFC 2047, section 2. The sender writes UTF-8; the other charsets are those of hand-made headers.
# No open set: Python has codecs that take quadratic time.
_WORD = re.compile(
    r"=\?(utf-?8|us-ascii|iso-8859-\d{1,2}|windows-125\d)(?:\*[^?\s]*)?\?([bq])\?([^?\s]*)\?=",
    re.ASCII | re.IGNORECASE,
)


def metadata_and_tags(
    mail: Mapping[str, Any], defects: list[str]
) -> tuple[FrozenDict[str, Any], tuple[str, ...]]:
    """
    Read back what the sender gave to the message.

    Metadata stand in an ``X-Metadata`` header, tags in ``X-Tag`` headers. For a message without
    such a header, SES's message tags take its place, but for those that SES adds: their values
    as tags, and names with values (one text, or several in a tuple) as metadata.

    Args:
        mail: The object `mail` of the event; identity notifications may leave out its headers.
        defects: What cannot be read is added here, in words.
    """
    encoded_metadata, tags = _own_headers(mail.get("headers"), defects)
    if mail.get("headersTruncated") is True:
        # The last tags, where the metadata and some tags are there.
        defects.append("SES truncated the headers: metadata and tags may be missing")
    if encoded_metadata is not None and tags:
        return _metadata(encoded_metadata, defects), tags
    message_tags = _message_tags(mail.get("tags"), defects)
    if encoded_metadata is not None:
        metadata = _metadata(encoded_metadata, defects)
    else:
        metadata = FrozenDict(
            {name: v[0] if len(v) == 1 else v for name, v in message_tags.items()}
        )
    return metadata, tags or tuple(tag for values in message_tags.values() for tag in values)


def _own_headers(headers: object, defects: list[str]) -> tuple[str | None, tuple[str, ...]]:
    """The first X-Metadata header, and every X-Tag header decoded."""
    metadata: str | None = None
    tags: list[str] = []
    if headers is None:
        return None, ()
    if not isinstance(headers, (list, tuple)):
        defects.append("`mail.headers` is not an array")
        return None, ()
    for header in headers:
        try:
            key, value = header["name"].lower(), header["value"]
        except (TypeError, KeyError, AttributeError, IndexError):
            defects.append("`mail.headers` has an entry without name and value")
            continue
        if key == "x-tag" and isinstance(value, str):
            tags.append(decode_words(value))
        elif key == "x-metadata" and isinstance(value, str) and metadata is None:
            metadata = value
    return metadata, tuple(tags)


def decode_words(text: str) -> str:
    """
    Decode the RFC 2047 encoded-words in a header value, and unfold it.

    A word that is broken stays as it is. Words side by side are joined, and decoded together: a
    character may have been split between them.
    """
    if "\n" in text:
        text = _FOLD.sub("", text)
    if "=?" not in text:
        return text
    pieces: list[str] = []
    run: list[bytes] = []
    charset = ""
    end = 0
    for word in _WORD.finditer(text):
        octets = _octets(word[2], word[3])
        if octets is None:
            continue
        between = text[end : word.start()]
        if run and (between.strip(" \t") or charset != word[1].lower()):
            pieces.append(b"".join(run).decode(charset, "replace"))
            run = []
        if not run:
            charset = word[1].lower()
            if end == 0 or between.strip(" \t"):
                pieces.append(between)
        run.append(octets)
        end = word.end()
    if run:
        try:
            pieces.append(b"".join(run).decode(charset, "replace"))
        except LookupError:
            return text
    return "".join(pieces) + text[end:]


def _octets(encoding: str, encoded: str) -> bytes | None:
    try:
        if encoding in "bB":
            return b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        return decodestring(encoded.encode("ascii").replace(b"_", b" "), header=False)
    except (binascii.Error, ValueError):
        return None


def _metadata(encoded: str, defects: list[str]) -> FrozenDict[str, Any]:
    problem = ""
    for decode in (str, decode_words):
        try:
            metadata: FrozenDict[str, Any] = freeze(
                read_object(decode(encoded), "header X-Metadata")
            )
            return metadata
        except MalformedWebhook as error:
            problem = str(error)
    defects.append(problem)
    return _NOTHING


def _message_tags(tags: object, defects: list[str]) -> dict[str, tuple[str, ...]]:
    if tags is None:
        return {}
    if not isinstance(tags, dict):
        defects.append("`mail.tags` is not an object")
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, values in tags.items():
        if name.startswith(_OWN_TAG):
            continue
        if isinstance(values, (list, tuple)) and all(isinstance(v, str) for v in values):
            if values:
                found[name] = tuple(values)
        else:
            defects.append("`mail.tags` has a value that is not an array of strings")
    return found
