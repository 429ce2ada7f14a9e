"""
Checks of links and pictures: where they lead, and what does not come along.
"""

from __future__ import annotations

import ipaddress
import re

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from urllib.parse import unquote, urlsplit

from mailcore.inbound import InboundMessage
from mailcore_local.pages.checks.finding import Finding, Level, listed
from mailcore_local.pages.html_facts import HtmlFacts, Image, Link
from mailcore_local.pages.preview import is_referred_to


_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SHOWN_ADDRESS = re.compile(
    r"(?:https?://)?((?:[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\.)+[a-z]{2,24})(?:[/?#:]\S*)?",
    re.IGNORECASE,
)
_TARGET_FAULTS: Mapping[str, tuple[Level, str, str]] = {
    "no host": (
        "problem",
        "A link has no host",
        "A mail has no address that it could be read from: write the address in full.",
    ),
    "local": (
        "warning",
        "A link leads to this machine",
        "It works here, and for no recipient. In production the host must be another.",
    ),
    "not opened": (
        "warning",
        "A link has an address that mail programs do not open",
        "They open http, https, mailto and tel, and take others out.",
    ),
    "plain": (
        "hint",
        "A link is not encrypted",
        "http: whoever stands between can read and change what is asked for.",
    ),
}
_PICTURE_FAULTS: Mapping[str, tuple[Level, str, str, str]] = {
    "missing": (
        "problem",
        "A picture is missing",
        "No part of the mail has this Content-ID: attach it inline.",
        "https://www.rfc-editor.org/rfc/rfc2392",
    ),
    "unreachable": (
        "problem",
        "A picture cannot be loaded by recipients",
        "Its address is empty, relative, or leads to this machine.",
        "",
    ),
    "encoded": (
        "warning",
        "A picture stands in the HTML itself",
        "Many mail programs show no data: addresses. Attach it inline, and refer to it by cid:.",
        "",
    ),
    "silent": (
        "hint",
        "A picture has no text in its place",
        'Screen readers read its alt text, and so do all who block pictures. Ornaments: alt="".',
        "",
    ),
}
_LINKS = {"http", "https", "mailto", "tel", "sms", "cid"}


def check_links(mail: InboundMessage, facts: HtmlFacts) -> Iterator[Finding]:
    """
    What is amiss with the links and the pictures of an HTML.

    Args:
        mail: The mail as a recipient gets it.
        facts: What its HTML consists of.
    """
    yield from _anchors(facts)
    yield from _targets(facts)
    yield from _misleading(facts)
    yield from _pictures(mail, facts)


def _anchors(facts: HtmlFacts) -> Iterator[Finding]:
    broken = [
        _place(link)
        for link in facts.links
        if link.href.startswith("#")
        and link.href not in ("#", "#top")
        and not {link.href[1:], unquote(link.href[1:])} & facts.anchors
    ]
    if broken:
        yield Finding(
            level="problem",
            title="A link leads to a place that the mail does not have",
            detail="No element has this id, and no anchor this name.",
            found=listed(broken),
        )
    nowhere = [_place(link) for link in facts.links if link.href in ("", "#")]
    if nowhere:
        yield Finding(
            level="problem",
            title="A link leads nowhere",
            detail="Its address is empty.",
            found=listed(nowhere),
        )


def _targets(facts: HtmlFacts) -> Iterator[Finding]:
    by_fault: dict[str, list[str]] = {}
    for link in facts.links:
        by_fault.setdefault(_fault_of(link.href), []).append(_place(link))
    for fault, (level, title, detail) in _TARGET_FAULTS.items():
        if fault in by_fault:
            yield Finding(level=level, title=title, detail=detail, found=listed(by_fault[fault]))


def _fault_of(href: str) -> str:
    scheme = scheme_of(href)
    if href.startswith("#") or not href:
        return ""
    if not scheme:
        return "no host"
    if is_local(href):
        return "local"
    if scheme not in _LINKS:
        return "not opened"
    return "plain" if scheme == "http" else ""


def _misleading(facts: HtmlFacts) -> Iterator[Finding]:
    misleading = []
    for link in facts.links:
        shown = _SHOWN_ADDRESS.fullmatch(link.text)
        host = _host(link.href)
        if shown and host and not _related(shown[1].lower(), host):
            misleading.append(f"{link.text} → {link.href}")
    if misleading:
        yield Finding(
            level="warning",
            title="A link shows another host than it leads to",
            detail="That is what phishing looks like; filters and mail programs warn of it. Show"
            " words, or the host that it leads to.",
            found=listed(misleading),
        )


def _pictures(mail: InboundMessage, facts: HtmlFacts) -> Iterator[Finding]:
    known = {part.content_id for part in (*mail.inlines, *mail.attachments)}
    by_fault: dict[str, list[str]] = {}
    for image in facts.images:
        by_fault.setdefault(_fault_of_picture(image, known), []).append(_source(image))
        if image.alt is None:
            by_fault.setdefault("silent", []).append(_source(image))
    for fault, (level, title, detail, source) in _PICTURE_FAULTS.items():
        if fault in by_fault:
            found = listed(by_fault[fault])
            yield Finding(level=level, title=title, detail=detail, found=found, source=source)
    shown = is_referred_to(mail)
    unused = sorted(
        f"cid:{part.content_id}"
        for part in mail.inlines
        if part.content_id and part.content_id not in shown
    )
    if unused:
        yield Finding(
            level="hint",
            title="A file is inline, and the HTML does not show it",
            detail="Mail programs show it at the end, as an attachment, or not at all.",
            found=listed(unused),
        )


def _fault_of_picture(image: Image, known: AbstractSet[str | None]) -> str:
    scheme = scheme_of(image.source)
    if scheme == "cid":
        return "" if unquote(image.source[4:]) in known else "missing"
    if scheme == "data":
        return "encoded"
    if scheme not in ("http", "https") or is_local(image.source):
        return "unreachable"
    return ""


def scheme_of(address: str) -> str:
    """
    The scheme of an address in lower case, without its colon; empty where there is none.
    """
    found = _SCHEME.match(address)
    return found[0][:-1].lower() if found else ""


def is_local(address: str) -> bool:
    """
    Whether an address leads to this machine, or to a network that is not the Internet.
    """
    host = _host(address)
    if not host:
        return False
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".test")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _host(address: str) -> str:
    if scheme_of(address) not in ("http", "https"):
        return ""
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _related(shown: str, host: str) -> bool:
    # Counting and redirecting hosts of the sender's own stand below its domain, or beside.
    return shown == host or shown.split(".")[-2:] == host.split(".")[-2:]


def _place(link: Link) -> str:
    return f"{link.href or '(empty)'} at “{link.text[:80] or 'no words'}”"


def _source(image: Image) -> str:
    shown = image.source if scheme_of(image.source) != "data" else f"{image.source[:40]}…"
    return shown[:200] or "(empty)"
