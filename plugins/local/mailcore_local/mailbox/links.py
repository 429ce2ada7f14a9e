"""
The links of a mail, as tests and clicks want them.
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from mailcore_local.html_tree import read_tree
from mailcore_local.mailbox.mail import CapturedMail


if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_LINKS = 1_000

# What readers make links of in plain text: up to a space or an angle bracket, without the
# punctuation of the sentence around it.
_IN_TEXT = re.compile(r"https?://[^\s<>\"]{1,4000}")
_PUNCTUATION = ".,;:!?'"
# Links can stand within links, by tables: each would have the nodes of all others.
_MAX_NODES_OF_A_LINK = 1_000
_MAX_WORDS = 1_000


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

    Of the HTML the first 120,000 characters are read, so that none takes long: more than Gmail
    shows.
    """
    found = [*islice(_in_html(mail.html or ""), MAX_LINKS)]
    for match in islice(_IN_TEXT.finditer(mail.text or ""), MAX_LINKS - len(found)):
        url = _trimmed(match[0])
        found.append(Link(url=url, text=url, part="text"))
    return tuple(found)


def first_web_link(mail: CapturedMail) -> str:
    """
    What somebody would click first: the first link to the web; empty if there is none.
    """
    web = (link.url for link in links_in(mail) if link.url.startswith(("https://", "http://")))
    return next(web, "")


def _trimmed(url: str) -> str:
    trimmed = url.rstrip(_PUNCTUATION)
    unopened = trimmed.count(")") - trimmed.count("(")
    while trimmed.endswith(")") and unopened > 0:
        trimmed, unopened = trimmed[:-1].rstrip(_PUNCTUATION), unopened - 1
    return trimmed


def _in_html(html: str) -> Iterator[Link]:
    tree = read_tree(html)
    tree.strip_tags(["script", "style", "title"])
    for node in tree.css("a[href], area[href]"):
        url = (node.attributes["href"] or "").strip()
        if url:
            yield Link(url=url, text=_words(node), part="html")


def _words(link: LexborNode) -> str:
    """
    What stands within a link, pictures by what is said in their place.
    """
    inside = islice(link.traverse(include_text=True), _MAX_NODES_OF_A_LINK)
    words = "".join(
        (node.attributes.get("alt") or "")
        if node.tag in ("area", "img")
        else ((node.text_content or "") if node.is_text_node else "")
        for node in inside
    )
    return " ".join(words.split())[:_MAX_WORDS]
