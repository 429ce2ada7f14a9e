"""
Content-IDs, and the URLs by which HTML shows the parts that have them (RFC 2392).

A part with a Content-ID that no HTML names would be hidden: mail clients take it for a picture of
the HTML and leave it out of the list of files.
"""

from __future__ import annotations

import dataclasses
import re

from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from mailcore.errors import Problem
from mailcore.foundation.redaction import shown_size
from mailcore.foundation.text_values import is_text, plain_text


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mailcore.message.attachment import Attachment
    from mailcore.message.message import Message

__all__ = ["attachments_as_shown", "content_id_of", "repeated_ids", "url_of"]

_CONTENT_ID = re.compile(r"[!-;=?-~]+")
_SCHEME = "cid:"
# It cannot be folded everywhere, and a line holds 998 octets (RFC 5322, section 2.1.1).
_MAX_CONTENT_ID = 900

_URL = re.compile(r"[cC][iI][dD]:([^\s<>\"]*)")
# A percent sign that begins no escape, and braces: the marks of what is filled in later.
_FILLED_IN = re.compile(r"%(?![0-9A-Fa-f]{2})|\{\{")
# What may stand behind the URL: the end of an attribute or of url(...) in a style sheet, and what
# separates the URLs of a srcset.
_MAY_FOLLOW = frozenset("'\"),;#?")


def content_id_of(content_id: object, problems: list[Problem]) -> str | None:
    """
    The id without what belongs to the header, its angle brackets, or to the URL, its scheme.

    Args:
        content_id: The id as it was given: ``logo@shop``, ``<logo@shop>`` or ``cid:logo%40shop``.
        problems: What is wrong is added here.
    """
    if not is_text(content_id):
        reason = f"content_id must be str, not {type(content_id).__name__}"
        problems.append(Problem("content_id", reason, kind="type"))
        return None
    bare = _without_brackets(plain_text(content_id))
    if bare[: len(_SCHEME)].lower() == _SCHEME:
        bare = _without_brackets(unquote(bare[len(_SCHEME) :]))
    if not _CONTENT_ID.fullmatch(bare) or len(bare) > _MAX_CONTENT_ID:
        reason = f"content_id <{shown_size(plain_text(content_id))}> is not an RFC 2392 id"
        hint = f"up to {_MAX_CONTENT_ID} characters of printable ASCII without spaces and < >"
        problems.append(Problem("content_id", reason, hint))
        return None
    return bare


def url_of(content_id: str) -> str:
    """
    The URL of a part, in which nothing has a meaning for HTML or style sheets.

    Example:
        >>> url_of("logo@shop"), url_of("a'b%c&d@shop")
        ('cid:logo@shop', 'cid:a%27b%25c%26d@shop')
    """
    return _SCHEME + quote(content_id, safe="@")


def _without_brackets(text: str) -> str:
    return text.removeprefix("<").removesuffix(">")


def repeated_ids(attachments: Iterable[Attachment]) -> Iterator[tuple[int, int]]:
    """Positions of two parts with one Content-ID: nobody knows which of them a URL means."""
    first: dict[str, int] = {}
    for position, part in enumerate(attachments):
        if part.content_id is not None:
            before = first.setdefault(part.content_id, position)
            if before != position:
                yield before, position


def attachments_as_shown(message: Message) -> Sequence[Attachment]:
    """
    The attachments of a message whose HTML is all there, each as it will be found.

    A part with a Content-ID that the HTML does not name becomes a plain attachment. What a provider
    will put into a URL nobody can say: then all of them stay. If all of the HTML is in a template
    of the provider, do not ask.
    """
    attachments = message.attachments
    if not any(part.content_id for part in attachments):
        return attachments
    texts = [message.html] if message.html else []
    texts += [part.content for part in message.alternatives if part.mime_type == "text/html"]
    urls = {url for text in texts for url in _URL.findall(text)}
    if any(map(_FILLED_IN.search, urls)):
        return attachments
    named = {unquote(unescape(url)).casefold() for url in urls} | {url.casefold() for url in urls}
    return [
        dataclasses.replace(part, content_id=None, disposition="attachment")
        if part.content_id and not _is_named(part.content_id.casefold(), named)
        else part
        for part in attachments
    ]


def _is_named(content_id: str, urls: Iterable[str]) -> bool:
    length = len(content_id)
    return any(
        url.startswith(content_id) and (len(url) == length or url[length] in _MAY_FOLLOW)
        for url in urls
    )
