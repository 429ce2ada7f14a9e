"""
What the page of one mail shows, gathered from the mail: plain values for the template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from mailcore.inbound import InboundMessage, InboundPart
from mailcore_local.mailbox import CapturedMail
from mailcore_local.pages.checks import Finding, check_mail
from mailcore_local.pages.html_facts import HtmlFacts, read_html, web_links
from mailcore_local.pages.preview import SHOWN_IMAGE_TYPES


View = Literal["html", "text", "headers", "source", "request", "files", "checks"]
"""What of a mail is shown."""

VIEWS: tuple[View, ...] = get_args(View)

MAX_SOURCE_BYTES = 200_000
"""What is shown of a source; all of it can be kept as a file."""

MAX_LINKS = 100
"""How many links can be chosen from."""


@dataclass(frozen=True, kw_only=True)
class ShownFile:
    """
    A file of a mail.

    Attributes:
        position: The number among the parts of the mail, by which it is asked for.
        name: The name to keep it by: without directories and control characters.
        declared_name: The name as the mail has it, where that is another; empty otherwise.
        content_type: The type as it is declared.
        size_bytes: About how many bytes the content has.
        content_id: What the HTML refers to it as, or an empty string.
        is_picture: Whether it can be shown.
        is_inline: Whether it is meant to be shown within the message.
    """

    position: int
    name: str
    declared_name: str
    content_type: str
    size_bytes: int
    content_id: str
    is_picture: bool
    is_inline: bool


@dataclass(frozen=True, kw_only=True)
class Preview:
    """
    How the HTML is shown.

    Attributes:
        phone: Whether in the width of a phone.
        dark: Whether as in dark mode.
        remote: Whether things are loaded from elsewhere.
    """

    phone: bool = False
    dark: bool = False
    remote: bool = False

    def query(self, **changes: bool) -> str:
        """
        The query of the same page with other settings.

        Args:
            changes: The settings that are other ones.
        """
        settings = {"phone": self.phone, "dark": self.dark, "remote": self.remote, **changes}
        return "&".join(["view=html", *(f"{name}=1" for name, on in settings.items() if on)])


def chosen_view(wanted: str, mail: CapturedMail) -> View:
    """
    What is shown first: what was asked for, or the HTML, or the text, or the request.

    Args:
        wanted: What stands in the address; anything.
        mail: The mail that is shown.
    """
    for view in VIEWS:
        if view == wanted:
            return view
    if mail.failure and not mail.raw:
        return "request"
    return "html" if mail.html is not None else "text"


def parts_of(mail: InboundMessage) -> Sequence[InboundPart]:
    """
    All parts that are no multiparts, in the order of the mail.

    Args:
        mail: The mail as a recipient gets it.
    """
    return tuple(part for part in mail.walk() if not part.is_multipart)


def files_of(mail: InboundMessage) -> Sequence[ShownFile]:
    """
    The attachments and the inline files of a mail.

    Args:
        mail: The mail as a recipient gets it.
    """
    files = {*mail.attachments, *mail.inlines}
    return tuple(
        _shown(position, part) for position, part in enumerate(parts_of(mail)) if part in files
    )


def _shown(position: int, part: InboundPart) -> ShownFile:
    name, declared = part.safe_filename(), part.filename or ""
    return ShownFile(
        position=position,
        name=name,
        declared_name="" if declared == name else declared,
        content_type=part.content_type,
        size_bytes=part.approximate_size,
        content_id=part.content_id or "",
        is_picture=part.content_type in SHOWN_IMAGE_TYPES,
        is_inline=part.inline,
    )


@dataclass(frozen=True, kw_only=True)
class Looked:
    """
    What a look at a mail found, which takes some milliseconds.

    Attributes:
        findings: What the checks have to say, the worst first.
        remote_count: How many pictures and stylesheets stand elsewhere.
        has_dark_styles: Whether the HTML says how it wants to look in dark mode.
        links: The web links, those of the HTML first, each once.
    """

    findings: Sequence[Finding]
    remote_count: int
    has_dark_styles: bool
    links: Sequence[str]


def look_at(mail: CapturedMail) -> Looked:
    """
    Look at a mail: its HTML, its links, and what its author may have forgotten.

    Args:
        mail: The mail that is shown.
    """
    facts = None if mail.html is None else read_html(mail.html)
    hrefs = [] if facts is None else [link.href for link in facts.links]
    in_html = [each for each in hrefs if each.lower().startswith(("http:", "https:"))]
    links = dict.fromkeys([*in_html, *web_links(mail.text or "")])
    return Looked(
        findings=check_mail(mail.parsed) if mail.raw else (),
        remote_count=0 if facts is None else _remote_count(facts),
        has_dark_styles=facts is not None and facts.has_dark_styles,
        links=tuple(links)[:MAX_LINKS],
    )


def _remote_count(facts: HtmlFacts) -> int:
    sources = [*(image.source for image in facts.images), *facts.stylesheets]
    return len({each for each in sources if each.lower().startswith(("http:", "https:", "//"))})
