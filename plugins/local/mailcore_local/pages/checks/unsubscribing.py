"""
Checks of how a recipient leaves: the header fields of RFC 2369 and RFC 8058.
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from dataclasses import dataclass

from mailcore.inbound import InboundMessage
from mailcore_local.pages.checks.finding import Finding
from mailcore_local.pages.html_facts import HtmlFacts


_TARGET = re.compile(r"<\s*([^<>]*?)\s*>")
_WORDS = re.compile(
    r"unsubscribe|opt.?out|abmelden|abbestellen|désinscri|désabonner", re.IGNORECASE
)
_BULK = ("bulk", "list")
_GUIDELINES = "https://support.google.com/a/answer/14229414"
_RFC = "https://www.rfc-editor.org/rfc/rfc8058#section-3.1"


@dataclass(frozen=True, kw_only=True)
class UnsubscribeTargets:
    """
    What the header fields say.

    Attributes:
        urls: The http and https addresses of List-Unsubscribe, in order, without white space.
        mailtos: The mailto addresses of it, in order.
        is_one_click: Whether List-Unsubscribe-Post says that a POST is enough.
    """

    urls: tuple[str, ...]
    mailtos: tuple[str, ...]
    is_one_click: bool

    @property
    def one_click_url(self) -> str | None:
        """
        The address that a mail program posts to, or `None` where one click cannot do it.
        """
        return self.urls[0] if self.is_one_click and self.urls else None


def unsubscribe_targets(mail: InboundMessage) -> UnsubscribeTargets:
    """
    How a recipient leaves, by the header fields of a mail.

    Args:
        mail: The mail as a recipient gets it.
    """
    field = mail["List-Unsubscribe"] or ""
    targets = [re.sub(r"\s+", "", target) for target in _TARGET.findall(field)]
    post = (mail["List-Unsubscribe-Post"] or "").replace(" ", "").lower()
    return UnsubscribeTargets(
        urls=tuple(each for each in targets if each.lower().startswith(("https:", "http:"))),
        mailtos=tuple(each for each in targets if each.lower().startswith("mailto:")),
        is_one_click=post == "list-unsubscribe=one-click",
    )


def check_unsubscribing(mail: InboundMessage, facts: HtmlFacts | None) -> Iterator[Finding]:
    """
    Whether a recipient can leave, and with one click.

    Args:
        mail: The mail as a recipient gets it.
        facts: What its HTML consists of; `None` where it has none.
    """
    targets = unsubscribe_targets(mail)
    words = " ".join(filter(None, (mail.text, facts.text if facts else "")))
    bulk = mail.is_list or (mail["Precedence"] or "").strip().lower() in _BULK
    if "List-Unsubscribe" not in mail:
        yield Finding(
            level="warning" if bulk or _WORDS.search(words[:200_000]) else "hint",
            title="There is no List-Unsubscribe field",
            detail="A newsletter needs one, with one click, for Gmail and Yahoo; an invoice or a"
            " password reset does not.",
            source=_GUIDELINES,
        )
        return
    if not targets.urls and not targets.mailtos:
        yield Finding(
            level="problem",
            title="List-Unsubscribe has no address that can be read",
            detail="Each address stands in angle brackets: <https://…>, <mailto:…>.",
            source="https://www.rfc-editor.org/rfc/rfc2369#section-2",
        )
    elif not targets.is_one_click:
        yield Finding(
            level="warning",
            title="Unsubscribing takes more than one click",
            detail="Add List-Unsubscribe-Post: List-Unsubscribe=One-Click, and take the POST.",
            source=_GUIDELINES,
        )
    elif not targets.urls:
        yield Finding(
            level="problem",
            title="One click needs an https address",
            detail="List-Unsubscribe-Post is there, and List-Unsubscribe has only mailto.",
            source=_RFC,
        )
    elif not targets.urls[0].lower().startswith("https:"):
        yield Finding(
            level="warning",
            title="The address for one click is not https",
            detail="Mail programs post to https only. On this machine http will do.",
            source=_RFC,
        )
