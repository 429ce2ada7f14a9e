"""
What the HTML of a mail consists of, as far as the checks and the preview want to know.

The browser reads the HTML itself when a mail is shown; nothing here is a security boundary.
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailcore_local.html_tree import MAX_CHARACTERS, read_tree


if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode


MAX_FOUND = 1_000
"""How many links and pictures are looked at."""

_CSS_URL = re.compile(r"url\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"')]*))\s*\)", re.IGNORECASE)
_DARK = re.compile(r"prefers-color-scheme|color-scheme|data-ogsc", re.IGNORECASE)
_WEB_LINK = re.compile(r"\bhttps?://[^\s<>\"'`{}|\\^]+", re.IGNORECASE)
_NOT_SHOWN = ["style", "script", "title", "template", "noscript"]


@dataclass(frozen=True, kw_only=True)
class Link:
    """
    One link.

    Attributes:
        href: The address as the HTML has it, without white space around it.
        text: The words of the link, on one line; the text of its picture where it has no words.
    """

    href: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Image:
    """
    One image.

    Attributes:
        source: The address as the HTML has it, without white space around it.
        alt: The text in its place, or `None` where it has no such attribute.
    """

    source: str
    alt: str | None


@dataclass(frozen=True, kw_only=True)
class HtmlFacts:
    """
    What an HTML consists of.

    Attributes:
        links: Every element `a` and `area` that has the attribute `href`.
        images: Every image, those of styles among them.
        anchors: Every `id`, and every `name` of an `a`: where links within the mail lead to.
        elements: The names of all elements, in lower case.
        stylesheets: The addresses of stylesheets that are not in the mail.
        has_dark_styles: Whether it says how it wants to look in dark mode.
        text: The words that are shown, on one line.
        is_complete: Whether all of it was read: see `MAX_CHARACTERS`.
    """

    links: Sequence[Link]
    images: Sequence[Image]
    anchors: frozenset[str]
    elements: frozenset[str]
    stylesheets: Sequence[str]
    has_dark_styles: bool
    text: str
    is_complete: bool


def read_html(html: str) -> HtmlFacts:
    """
    Read the HTML of a mail as browsers do, however broken it is.

    Args:
        html: The HTML as the sender wrote it.
    """
    tree = read_tree(html)
    nodes = tree.css("*")
    styles = [_attributes(node).get("style", "") for node in nodes]
    styles += [node.text() for node in tree.css("style")]
    elements = frozenset(node.tag or "" for node in nodes)
    images = [*_images(tree), *_backgrounds(tree, styles)]
    anchors = {value for node in tree.css("[id]") for value in [_attributes(node)["id"]]}
    anchors |= {value for node in tree.css("a[name]") for value in [_attributes(node)["name"]]}
    stylesheets = [
        _attributes(node).get("href", "") for node in tree.css("link[rel~=stylesheet i]")
    ]
    tree.strip_tags(_NOT_SHOWN)
    return HtmlFacts(
        links=tuple(_links(tree)),
        images=tuple(images[:MAX_FOUND]),
        anchors=frozenset(anchors),
        elements=elements,
        stylesheets=tuple(stylesheets[:MAX_FOUND]),
        has_dark_styles=_DARK.search(html) is not None,
        text=_one_line(tree.body.text(separator=" ") if tree.body else ""),
        is_complete=len(html) <= MAX_CHARACTERS,
    )


def web_links(text: str) -> list[str]:
    """
    The web links in a plain text, without the punctuation of the sentence around them.
    """
    return [match[0].rstrip(".,;:!?)]*_") for match in _WEB_LINK.finditer(text)]


def _links(tree: LexborHTMLParser) -> Iterator[Link]:
    for node in tree.css("a[href], area[href]")[:MAX_FOUND]:
        attributes = _attributes(node)
        picture = node.css_first("img[alt]")
        words = node.text() or attributes.get("alt", "")
        if not words.strip() and picture is not None:
            words = _attributes(picture).get("alt", "")
        yield Link(href=attributes["href"], text=_one_line(words))


def _images(tree: LexborHTMLParser) -> Iterator[Image]:
    for node in tree.css("img")[:MAX_FOUND]:
        attributes = _attributes(node)
        yield Image(source=attributes.get("src", ""), alt=attributes.get("alt"))


def _backgrounds(tree: LexborHTMLParser, styles: Sequence[str]) -> Iterator[Image]:
    for node in tree.css("[background]")[:MAX_FOUND]:
        yield Image(source=_attributes(node)["background"], alt="")
    for style in styles:
        for match in _CSS_URL.finditer(style):
            yield Image(source=next(filter(None, match.groups()), ""), alt="")


def _attributes(node: LexborNode) -> Mapping[str, str]:
    return {name: (value or "").strip() for name, value in node.attributes.items()}


def _one_line(text: str) -> str:
    return " ".join(text.split())
