"""
Checks of the bodies: the text part, the size, and HTML that mail programs take out.
"""

from __future__ import annotations

import re

from collections.abc import Iterator

from mailcore.inbound import InboundMessage
from mailcore_local.pages.checks.finding import Finding, listed
from mailcore_local.pages.html_facts import HtmlFacts


CLIPPED_BYTES = 102 * 1024
"""What Gmail shows of an HTML at most, measured by senders; Google has no page about it."""

_CLIPPING = "https://www.spamresource.com/2022/01/what-is-gmail-clipping-and-what-to-do.html"
_TAKEN_OUT = ("script", "iframe", "object", "embed", "applet", "form", "video", "audio", "canvas")
_PLACEHOLDER = re.compile(
    r"\{\{[^{}]{1,80}\}\}|\{%[^{}%]{1,80}%\}|<%[^%<>]{1,80}%>|\*\|[A-Z0-9_:]{1,40}\|\*"
    r"|%recipient\.[\w.-]{1,40}%|\[\[[\w: \"-]{1,60}\]\]|\$\{[^{}]{1,80}\}"
)
_MIN_TEXT_SHARE = 0.2
_MIN_WORDS = 40


def check_bodies(mail: InboundMessage, facts: HtmlFacts | None) -> Iterator[Finding]:
    """
    What is amiss with the text, the HTML and the subject.

    Args:
        mail: The mail as a recipient gets it.
        facts: What its HTML consists of; `None` where it has none.
    """
    if not (mail.subject or "").strip():
        yield Finding(
            level="problem",
            title="The subject is empty",
            detail="Lists of mails show nothing, and filters count it against the sender.",
        )
    text = mail.text
    if facts is None and not (text or "").strip():
        yield Finding(
            level="problem",
            title="There is nothing to read",
            detail="Neither a text nor an HTML part has words in it.",
        )
    if facts is not None:
        yield from _text_beside_html(text, facts)
        yield from _html(mail, facts)
    yield from _placeholders(mail, facts)
    if mail.defects:
        yield Finding(
            level="warning",
            title="The message is not well-formed",
            detail="Mail programs differ in what they make of it.",
            found=listed(list(mail.defects)),
            source="https://www.rfc-editor.org/rfc/rfc5322",
        )


def _text_beside_html(text: str | None, facts: HtmlFacts) -> Iterator[Finding]:
    if text is None:
        yield Finding(
            level="warning",
            title="There is no text part",
            detail="Watches, screen readers and text programs read it, and so do spam filters."
            " Send the same content as text beside the HTML.",
            source="https://www.rfc-editor.org/rfc/rfc2046#section-5.1.4",
        )
        return
    words, shown = len(text.split()), len(facts.text.split())
    if not words or (shown >= _MIN_WORDS and words < shown * _MIN_TEXT_SHARE):
        yield Finding(
            level="warning",
            title="The text part says less than the HTML",
            detail=f"{words} words beside {shown}. Whoever reads the text misses the rest.",
        )


def _html(mail: InboundMessage, facts: HtmlFacts) -> Iterator[Finding]:
    size = len((mail.html or "").encode("utf-8", "replace"))
    if size > CLIPPED_BYTES:
        yield Finding(
            level="problem",
            title=f"The HTML has {size / 1024:.0f} KB: Gmail clips it",
            detail="After about 102 KB Gmail cuts the message and shows a link to the rest; a link"
            " to unsubscribe or a pixel at the end is lost. Attachments and pictures do not count.",
            source=_CLIPPING,
        )
    taken_out = [f"<{name}>" for name in _TAKEN_OUT if name in facts.elements]
    if taken_out:
        yield Finding(
            level="warning",
            title="Mail programs take some elements out",
            detail="Scripts, forms, frames and players do nothing in most of them.",
            found=tuple(taken_out),
        )
    if facts.stylesheets:
        yield Finding(
            level="warning",
            title="Styles are loaded from elsewhere",
            detail="Most mail programs load no stylesheets: write the styles into the HTML.",
            found=listed(list(facts.stylesheets)),
        )
    if not facts.is_complete:
        yield Finding(
            level="hint",
            title="Only the beginning of the HTML was looked at",
            detail="The checks of links and pictures read the first 120,000 characters.",
        )


def _placeholders(mail: InboundMessage, facts: HtmlFacts | None) -> Iterator[Finding]:
    places = [mail.subject or "", (mail.text or "")[:200_000]]
    if facts is not None:
        places += [facts.text, *(link.href for link in facts.links)]
    left = [match[0] for place in places for match in _PLACEHOLDER.finditer(place)]
    if left:
        yield Finding(
            level="problem",
            title="A placeholder was not replaced",
            detail="The recipient reads it as it stands. A name in the template is misspelt, or the"
            " values for it were not given.",
            found=listed(left),
        )
