"""
The links of a mail, as tests and clicks want them.
"""

from __future__ import annotations

import re

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal

from mailcore_local.mailbox.mail import CapturedMail


MAX_LINKS = 1_000

# What readers make links of in plain text: up to a space or an angle bracket, without the
# punctuation of the sentence around it.
_IN_TEXT = re.compile(r"https?://[^\s<>\"]{1,4000}")
_PUNCTUATION = ".,;:!?'"


@dataclass(frozen=True, kw_only=True)
class Link:
    """
    One link.

    Attributes:
        url: The address as it stands in the mail, without what HTML escapes.
        text: The words of the link, on one line; in plain text the address itself.
        part: Whether it stands in the ``html`` or in the ``text``.
    """

    url: str
    text: str
    part: Literal["html", "text"]


def links_in(mail: CapturedMail) -> tuple[Link, ...]:
    """
    The links of a mail in order, those of the HTML first; at most a thousand.
    """
    found: list[Link] = []
    if mail.html:
        reader = _Reader()
        reader.feed(mail.html)
        reader.close()
        found += reader.links
    for match in _IN_TEXT.finditer(mail.text or ""):
        url = _trimmed(match[0])
        found.append(Link(url=url, text=url, part="text"))
    return tuple(found[:MAX_LINKS])


def first_web_link(mail: CapturedMail) -> str:
    """
    What somebody would click first: the first link to the web; empty if there is none.
    """
    web = (link.url for link in links_in(mail) if link.url.startswith(("https://", "http://")))
    return next(web, "")


def _trimmed(url: str) -> str:
    trimmed = url.rstrip(_PUNCTUATION)
    while trimmed.endswith(")") and trimmed.count(")") > trimmed.count("("):
        trimmed = trimmed[:-1].rstrip(_PUNCTUATION)
    return trimmed


class _Reader(HTMLParser):
    """
    Collects `a` and `area`.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[Link] = []
        self._url: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("a", "area"):
            if self._url is not None and tag == "img":
                self._words.append(dict(attrs).get("alt") or "")
            return
        self._end()
        url = (dict(attrs).get("href") or "").strip()
        if url and len(self.links) < MAX_LINKS:
            self._url = url
            if tag == "area":
                self._words.append(dict(attrs).get("alt") or "")
                self._end()

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end()

    def handle_data(self, data: str) -> None:
        if self._url is not None:
            self._words.append(data)

    def close(self) -> None:
        super().close()
        self._end()

    def _end(self) -> None:
        if self._url is not None:
            text = " ".join("".join(self._words).split())[:1_000]
            self.links.append(Link(url=self._url, text=text, part="html"))
        self._url, self._words = None, []
